"""Dispatch as each mechanism has it: who passes what to whom, alone or together, at once or in a batch."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import ChangeLead, Dispatch, Sign
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.first_contact import AnswerOnTheSpot
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import Reclassify
from node.domain.ticket.state import State
from node.services import queries
from node.services.dispatches import dispatch_batch
from node.services.problem_list import batch
from node.services.registry import actor_of
from node.storage import schema
from tests.clauses.given import (
    COUNTY,
    FINANCE,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    clock_of,
    kinds_of,
    listed,
    page_of,
    refuses,
    registered,
    the,
)
from tests.support.node import Hands

FENGJIE, FENGJIE_2023, XIANGSHAN, HAIMEN = "fengjie-2025", "fengjie-2023", "xiangshan-2025", "haimen-2020"


def with_town(county: Hands) -> Hands:
    """A town with one account."""
    county.act("office", g.OpenUnit("town", "康乐镇", "town"), COUNTY)
    county.act("office", g.OpenAccount("d-town", ("department",), f"{COUNTY}-town"), COUNTY)
    return county


def inbox(county: Hands, account: str) -> list[str]:
    """What waits for an account."""
    with county.node.store.read() as view:
        actor = actor_of(view.connection, COUNTY, account)
        calendar = county.node.policies.bare(view).calendar
        return [line.row.id for line in queries.list_tickets(view, queries.Wanted(mine=(actor.role, actor.unit)), calendar, county.now)]


def notices_to(county: Hands, unit: str) -> int:
    """How many notices are queued for a unit."""
    table = schema.notices
    with county.node.store.read() as view:
        query = select(func.count(table.c.entry.distinct())).where(table.c.audience == f"unit:{unit}")
        return int(view.connection.execute(query).scalar_one())


def xiangshan_ticket(county: Hands, category: str, complexity: str = "simple", lead: str = HOUSING, **fields: Any) -> str:
    """A ticket of Xiangshan that its lead has signed."""
    ticket = registered(county, "centre_offline", **fields)
    county.act("office", Form(category, complexity), ticket)
    county.act("office", Dispatch(lead), ticket)
    unit = lead.removeprefix(f"{COUNTY}-")
    county.act("department", Sign(f"d-{unit}"), ticket, unit)
    return ticket


def countersigned(county: Hands, ticket: str, unit: str = "housing") -> str:
    """A reply that a leader of the unit has signed."""
    draft = county.act("department", DraftReply(Text("答复如下")), ticket, unit).entries[0].header.id
    county.act("department_leader", CountersignReply(draft), ticket, unit)
    return draft


class TestFengjie:
    """奉节: to a department or a town; direct handling of what is general."""

    @pytest.mark.clause("FJ25-3.7.2b")
    def test_a_general_matter_goes_to_a_town(self, tmp_path: Path):
        """FJ25-3.7.2b: dispatched, one more in the town's inbox, one notice to it, one dispatch in the history."""
        county = with_town(a_county(tmp_path, pack=FENGJIE))
        ticket = registered(county, "website", category="infrastructure")
        county.act("office", Form("infrastructure", "general"), ticket)
        waiting, told = inbox(county, "d-town"), notices_to(county, f"{COUNTY}-town")

        county.act("office", Dispatch(f"{COUNTY}-town"), ticket)

        assert (State.DISPATCHED, [*waiting, ticket]) == (the(county, ticket).state, inbox(county, "d-town"))
        assert (told + 1, 1) == (notices_to(county, f"{COUNTY}-town"), kinds_of(county, ticket).count("Dispatched"))
        entry = page_of(county, ticket).timeline[-1]
        assert (f"{COUNTY}-town", "a-office", county.now) == (entry.facts["lead"], entry.account, entry.recorded_at)

    @pytest.mark.clause("FJ23-1.2c")
    def test_the_industrys_department_stays_responsible_to_the_end(self, tmp_path: Path):
        """FJ23-1.2c: A passes a part to B: still A's; B's part done ends nothing; A's own word does."""
        county = a_county(tmp_path, pack=FENGJIE_2023)
        ticket = self.in_hand(county, "composite", "composite", grounds=("crossing_functions",))
        county.act("department", AddCoHandler(WATER, Text("管线迁改")), ticket, "housing")
        county.act("department", ConfirmCoHandling(), ticket, "water")
        assert HOUSING == the(county, ticket).lead

        county.act("department", FileContribution(Text("管线已迁改")), ticket, "water")
        assert (State.HANDLING, HOUSING) == (the(county, ticket).state, the(county, ticket).lead)
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", a_completion(county, standard="done"), ticket, "water")
        county.act("department", a_completion(county, standard="done"), ticket, "housing")

        assert (State.COMPLETED, HOUSING) == (the(county, ticket).state, the(county, ticket).lead)

    @pytest.mark.clause("FJ23-2.3a")
    def test_one_matter_one_unit_from_begin_to_end(self, tmp_path: Path):
        """FJ23-2.3a: no co-handler, no other unit, unless the mode is changed with a logged reason."""
        county = a_county(tmp_path, pack=FENGJIE_2023)
        formed = registered(county, "peoples_voice_line", received_at=county.now)
        county.act("office", Form("general", "general"), formed)
        with refuses(Code.DIRECT_HANDLING, complexity="general"):
            county.act("office", Dispatch(HOUSING, (WATER,)), formed)
        ticket = self.in_hand(county, "general", "general")
        with refuses(Code.DIRECT_HANDLING):
            county.act("department", AddCoHandler(WATER, Text("x")), ticket, "housing")
        with refuses(Code.DIRECT_HANDLING):
            county.act("office", ChangeLead(Text("换单位")), ticket)

        county.act("office", Reclassify("composite", "composite", Text("涉及两个部门"), grounds=("several_authorities",)), ticket)
        county.act("department", AddCoHandler(WATER, Text("管线部分")), ticket, "housing")

        changed = next(one for one in page_of(county, ticket).timeline if one.kind == "Reclassified")
        assert ("涉及两个部门", [WATER]) == (changed.texts["ground"], [part.unit for part in the(county, ticket).co_handlers])

    def in_hand(self, county: Hands, category: str, complexity: str, **fields: Any) -> str:
        ticket = registered(county, "peoples_voice_line", received_at=county.now)
        county.act("office", Form(category, complexity, **fields), ticket)
        county.act("office", Dispatch(HOUSING), ticket)
        county.act("department", Sign(), ticket, "housing")
        return ticket


class TestXiangshan:
    """象山: each class has its way; the centre alone passes tickets."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        return with_town(a_county(tmp_path, pack=XIANGSHAN))

    @pytest.mark.clause("XS25-4.3.1.1b")
    def test_what_several_must_answer_is_not_answered_on_the_spot(self, county: Hands):
        """XS25-4.3.1.1b: marked multi-department: on the spot refused; dispatched to two, answered by the lead: completed."""
        ticket = registered(county, "centre_offline", category="consultation", crossing=("cross_department",))
        with refuses(Code.NOT_ON_THE_SPOT):
            county.act("window_clerk", AnswerOnTheSpot(Text("请咨询两部门")), ticket)
        county.act("office", Form("consultation", "simple"), ticket)
        county.act("office", Dispatch(HOUSING, (WATER,)), ticket)
        county.act("department", Sign("d-housing"), ticket, "housing")
        county.act("department", ConfirmCoHandling("d-water"), ticket, "water")
        county.act("department", FileContribution(Text("水务部分意见")), ticket, "water")

        county.act("department", a_completion(county, draft=countersigned(county, ticket)), ticket, "housing")

        assert (State.COMPLETED, HOUSING) == (the(county, ticket).state, the(county, ticket).lead)

    @pytest.mark.clause("XS25-4.3.1.2")
    def test_the_centre_alone_passes_tickets(self, county: Hands):
        """XS25-4.3.1.2: one to a block, one to a department, one to a town; a department to another department is refused."""
        county.act("office", g.OpenUnit("finance_block", "金融服务板块", "block"), COUNTY)
        county.act("office", g.OpenAccount("d-block", ("department",), f"{COUNTY}-finance_block"), COUNTY)
        tickets = []
        for unit in ("finance_block", "housing", "town"):
            ticket = registered(county, "centre_offline")
            county.act("office", Form("coordination", "simple"), ticket)
            with refuses(Code.PERMISSION_DENIED, role="department"):
                county.act("department", Dispatch(WATER), ticket, "housing")
            county.act("office", Dispatch(f"{COUNTY}-{unit}"), ticket)
            tickets.append(ticket)

        sent = [next(one for one in page_of(county, ticket).timeline if one.kind == "Dispatched") for ticket in tickets]
        assert [(f"{COUNTY}-{unit}", f"{COUNTY}-centre") for unit in ("finance_block", "housing", "town")] == [
            (one.facts["lead"], one.unit) for one in sent
        ]

    @pytest.mark.clause("XS25-4.3.1.3")
    def test_a_suggestion_ends_with_what_becomes_of_it(self, county: Hands):
        """XS25-4.3.1.3: no adoption result: refused; not adopted without a reason: refused; with it: accepted."""
        ticket = xiangshan_ticket(county, "suggestion")
        draft = countersigned(county, ticket)
        with refuses(Code.FIELD_REQUIRED, field="adoption"):
            county.act("department", a_completion(county, draft=draft), ticket, "housing")
        with refuses(Code.VALUE_NOT_OFFERED, value="maybe"):
            county.act("department", a_completion(county, draft=draft, adoption="maybe"), ticket, "housing")
        with refuses(Code.FIELD_REQUIRED, field="explanation"):
            county.act("department", a_completion(county, draft=draft, adoption="not_adopted"), ticket, "housing")

        done = a_completion(county, draft=draft, adoption="not_adopted", explanation=Text("与上位规划不符"))
        county.act("department", done, ticket, "housing")

        assert (State.COMPLETED, "not_adopted") == (the(county, ticket).state, page_of(county, ticket).timeline[-1].facts["adoption"])

    @pytest.mark.clause("XS25-4.3.1.4")
    def test_a_complaint_goes_to_who_may_investigate_and_is_hidden_from_its_target(self, county: Hands):
        """XS25-4.3.1.4: not to A; to A's accounts it is not there; ending needs finding and measure."""
        ticket = registered(county, "centre_offline", category="complaint", conceal_from=FINANCE)
        county.act("office", Form("complaint", "simple"), ticket)
        with refuses(Code.COMPLAINED_OF, unit=FINANCE):
            county.act("office", Dispatch(FINANCE), ticket)
        county.act("office", Dispatch(HOUSING), ticket)
        county.act("department", Sign("d-housing"), ticket, "housing")
        with refuses(Code.SUBJECT_UNKNOWN, kind="ticket"):
            county.act("department", AddCoHandler(WATER, Text("x")), ticket, "finance")
        with county.node.store.read() as view:
            viewer = actor_of(view.connection, COUNTY, "d-finance")
        assert [] == listed(county, viewer=viewer)

        draft = countersigned(county, ticket)
        with refuses(Code.FIELD_REQUIRED, field="investigation"):
            county.act("department", a_completion(county, draft=draft, measures=Text("责令整改")), ticket, "housing")
        with refuses(Code.FIELD_REQUIRED, field="measures"):
            county.act("department", a_completion(county, draft=draft, investigation=Text("反映属实")), ticket, "housing")
        done = a_completion(county, draft=draft, investigation=Text("反映属实"), measures=Text("责令整改"))
        county.act("department", done, ticket, "housing")

        entry = page_of(county, ticket).timeline[-1]
        assert ("反映属实", "责令整改") == (entry.texts["investigation"], entry.texts["measures"])


class TestHaimen:
    """海门: verified, assigned on the same day, one by one or in batches."""

    @pytest.mark.clause("HM20-3.2c")
    @pytest.mark.parametrize(("later_hours", "is_late"), [(6, False), (25, True)])
    def test_assigned_on_the_day_of_the_verification(self, tmp_path: Path, later_hours: int, is_late: bool):
        """HM20-3.2c: verified 09:00, assigned 15:00: on time; the next day: marked; the time between is measured."""
        county = a_county(tmp_path, "2026-03-02 08:30", pack=HAIMEN)
        ticket = registered(county, "haiqitong_app")
        county.later(minutes=30).act("office", RecordVerification("confirmed"), ticket)
        county.act("office", Form("routine", "routine"), ticket)
        verified = county.now

        county.later(hours=later_hours).act("office", Dispatch(HOUSING), ticket)

        clock = clock_of(county, ticket, "dispatch")
        assert (is_late, verified) == (page_of(county, ticket).timeline[-1].facts.get("is_late", False), clock.started_at)
        assert clock.stopped_at is not None and later_hours * 3600 == (clock.stopped_at - clock.started_at).total_seconds()

    def test_a_batch_goes_out_in_one_call_and_shows_how_much_of_it_is_done(self, tmp_path: Path):
        """HM20-4.3b: four at once, each with its notice; nothing if one of them is refused."""
        county = a_county(tmp_path, "2026-03-02 09:00", pack=HAIMEN)
        tickets = [self.ready(county) for _ in range(4)]
        orders = [county.order("office", Dispatch(HOUSING), ticket) for ticket in tickets]
        told = notices_to(county, HOUSING)
        bad = county.order("office", Dispatch(f"{COUNTY}-nobody"), tickets[3])
        with refuses(Code.UNIT_UNKNOWN, unit=f"{COUNTY}-nobody"):
            dispatch_batch(county.node.writer, county.node.handler, "2026-03", [*orders[:3], bad])
        assert {State.FORMED} == {the(county, ticket).state for ticket in tickets}

        dispatch_batch(county.node.writer, county.node.handler, "2026-03", orders)

        assert told + 4 == notices_to(county, HOUSING)
        for ticket in tickets[:3]:
            county.act("department", Sign(), ticket, "housing")
            done = a_completion(county, contact_name=Contact("李某"), contact_phone=Contact("0513-1234567"))
            county.act("department", done, ticket, "housing")
        with county.node.store.read() as view:
            found = batch(view, "2026-03")
        assert (sorted(tickets), sorted(tickets[:3])) == (sorted(found.tickets), sorted(found.completed))

    def ready(self, county: Hands) -> str:
        ticket = registered(county, "haiqitong_app")
        county.act("office", RecordVerification("confirmed"), ticket)
        county.act("office", Form("routine", "routine"), ticket)
        return ticket
