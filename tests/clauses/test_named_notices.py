"""Notices to whoever is named: the body that assigned a need, the person in charge, the one who tracks it, whom an order addresses."""

from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Contact, SealedRef, Text
from node.domain.registry import unit_code
from node.domain.ticket.acceptance import NotAccept
from node.domain.ticket.assignment import AssignPerson
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.tracking import NameTracker
from node.notify.notice import audiences_of
from node.services.registry import actor_of
from node.storage import notices
from node.storage.notices import Row
from tests.clauses.after_given import complete, resign
from tests.clauses.given import COUNTY, HOUSING, a_completion, a_county, formed, handled, registered, swept, words_at
from tests.support.node import Hands

XIANGSHAN = "xiangshan-2025"
# A ladder of three steps, each to somebody else.
LADDER = """
[urging]
clocks = { value = ["resolve"], default = "own" }
rungs = { value = ["remind", "urge", "warn", "supervise"], default = "own" }
remind.on = { value = "early_warning", default = "own" }
remind.to = { value = "person", default = "own" }
remind.form = { value = "system", default = "own" }
urge.on = { value = "overdue", default = "own" }
urge.to = { value = "unit", default = "own" }
urge.form = { value = "system", default = "own" }
warn.on = { value = "former", default = "own" }
warn.to = { value = "leader", default = "own" }
warn.form = { value = "system", default = "own" }
supervise.on = { value = "former", default = "own" }
supervise.to = { value = "supervision", default = "own" }
supervise.form = { value = "system", default = "own" }

[limit]
"rung.warn" = { value = "1 workday", default = "own" }
"rung.supervise" = { value = "1 workday", default = "own" }
"""


def told(hands: Hands, account: str) -> list[Row]:
    """The inbox of an account, the first notice first."""
    with hands.node.store.read() as view:
        found = notices.of_audience(view.connection, audiences_of(actor_of(view.connection, hands.node.code, account)))
    return found[::-1]


def to_appellant(hands: Hands, ticket: str) -> list[Row]:
    """What the enterprise was told on its page."""
    with hands.node.store.read() as view:
        rows = notices.of_subject(view.connection, ticket)
    return [row for row in rows if (row.audience, row.channel) == ("appellant", "in_app")]


def templates(rows: list[Row]) -> list[tuple[str, str]]:
    """Each notice by what it says: its sentence, and the state, measure or rung that it is about."""
    return [(row.template, row.facts.get("state") or row.facts.get("measure") or row.facts.get("rung", "")) for row in rows]


def opened(hands: Hands, account: str, role: str, unit: str) -> None:
    """An account of a unit, and the unit if it is not there yet."""
    if unit not in ("centre", "housing", "water", "finance"):
        hands.act("office", g.OpenUnit(unit, unit), hands.node.code)
    hands.act("office", g.OpenAccount(account, (role,), unit_code(hands.node.code, unit)), hands.node.code)


class TestWhoeverAssignedIt:
    """XS25-4.1.3a: a finding is born as assigned by the supervisor, who gets the result back."""

    @pytest.mark.clause("XS25-4.1.3a")
    @pytest.mark.parametrize("channel", ["supervision_office", "special_supervision_group"])
    def test_the_supervisor_who_filed_a_finding_gets_its_result_and_so_does_the_enterprise(self, tmp_path: Path, channel: str):
        """XS25-4.1.3a: one result notice to the office that found it, with the reply; one to the enterprise; none to anybody else."""
        county = a_county(tmp_path, "2026-03-02 09:00", pack=XIANGSHAN)
        opened(county, "inspector", "finder", "inspection")
        opened(county, "other", "finder", "patrol")
        unit = f"{COUNTY}-inspection"
        finding = Register(channel, Text("道路开挖未回填"), name=Contact("王某"), phone=Contact("13800001234"), assigned_by=unit)

        ticket = county.act("finder", finding, unit="inspection", account="inspector").subject.id
        county.act("office", Form("coordination", "simple"), ticket)
        county.act("office", Dispatch(HOUSING), ticket)
        resign(county, XIANGSHAN, ticket)
        assert ([], []) == (told(county, "inspector"), told(county, "other"))
        complete(county, XIANGSHAN, ticket)

        (result,) = told(county, "inspector")
        assert ("result", "completed", ticket) == (result.template, result.facts["state"], result.subject_id)
        assert isinstance(result.words, SealedRef) and "积水已排除" == words_at(county, ticket, result.words)
        assert ("state", "completed") in templates(to_appellant(county, ticket))
        assert [] == told(county, "other")

    def test_a_body_without_a_desk_here_is_told_by_the_office(self, tmp_path: Path):
        """XS25-4.1.4: whoever assigned it need not have an account; then the office passes the result on."""
        county = a_county(tmp_path, "2026-03-02 09:00", pack=XIANGSHAN)
        ticket = registered(county, "assigned", assigned_by="县委办公室")
        county.act("office", Form("coordination", "simple"), ticket)
        county.act("office", Dispatch(HOUSING), ticket)
        resign(county, XIANGSHAN, ticket)
        complete(county, XIANGSHAN, ticket)

        owed = [row for row in told(county, "centre") if row.template == "result_owed"]
        assert [("completed", "县委办公室")] == [(row.facts["state"], row.facts["body"]) for row in owed]

    def test_a_refusal_is_a_result_and_a_ticket_of_the_enterprises_own_has_no_other(self, tmp_path: Path):
        """Nothing more will be done: whoever assigned it hears that, too; on a need that came by itself nobody else does."""
        county = a_county(tmp_path, "2026-03-02 09:00")
        opened(county, "inspector", "finder", "inspection")
        own, given = registered(county), registered(county, "assigned", assigned_by="inspection")
        for ticket in (own, given):
            county.act("office", NotAccept("unlawful", note=Text("诉求不合法")), ticket)
        assert [("result", "not_accepted")] == templates(told(county, "inspector"))
        assert {given} == {row.subject_id for row in told(county, "inspector")}


class TestTheTracker:
    """FJ25-3.8.1b: the tracking specialist hears of every step."""

    def test_every_change_of_state_is_told_to_the_one_who_tracks_it_now(self, tmp_path: Path):
        """Once each; after another is named the former one hears no more."""
        county = a_county(tmp_path)
        for account in ("p", "q"):
            opened(county, account, "tracker", "centre")
        ticket = formed(county)
        county.act("office", NameTracker("p"), ticket)
        county.act("office", Dispatch(HOUSING), ticket)
        assert [("tracked", "formed"), ("tracked", "dispatched")] == templates(told(county, "p"))

        county.act("office", NameTracker("q"), ticket)
        resign(county, XIANGSHAN, ticket)
        county.act("department", a_completion(county), ticket, "housing")

        assert 2 == len(told(county, "p"))
        assert ["dispatched", "handling", "completed"] == [state for _, state in templates(told(county, "q"))]


class TestThePersonInCharge:
    """USERS C25: who has a ticket in a unit is told that he has it, and reminded in person."""

    def test_the_named_person_is_reminded_and_not_his_whole_unit(self, tmp_path: Path):
        """The early warning of the handling limit goes to him; without him to the unit; from whom it was taken, no more."""
        county = a_county(tmp_path)
        opened(county, "zhang", "department", "housing")
        opened(county, "li", "department", "housing")
        named, shared = handled(county), handled(county)
        county.act("department", AssignPerson("li"), named, "housing", account="zhang")
        county.act("department", AssignPerson("zhang"), named, "housing", account="li")
        assert 2 == len([row for row in told(county, "zhang") + told(county, "li") if row.template == "named"])

        swept(county, "2026-03-20 09:00")

        reminded = {
            (row.audience, row.subject_id) for account in ("zhang", "li") for row in told(county, account) if row.template == "rung"
        }
        assert {("account:zhang", named), (f"unit:{HOUSING}", shared)} == reminded

    def test_whoever_takes_it_himself_needs_no_notice(self, tmp_path: Path):
        """Nobody is told of what he did."""
        county = a_county(tmp_path)
        opened(county, "zhang", "department", "housing")
        ticket = handled(county)
        county.act("department", AssignPerson("zhang"), ticket, "housing", account="zhang")
        assert [] == [row for row in told(county, "zhang") if row.template == "named"]


class TestWhomAnOrderAddresses:
    """FJ23-3.4f: each step of the ladder has its addressee; an order by hand goes to the unit."""

    def test_each_step_goes_to_the_one_it_names(self, tmp_path: Path):
        """Person in charge, unit, its leader, the supervision side; once each."""
        county = a_county(tmp_path, rules=LADDER)
        for account, role, unit in (
            ("zhang", "department", "housing"),
            ("deputy", "department_leader", "housing"),
            ("watch", "supervision", "oversight"),
            ("w-chief", "department_leader", "water"),
        ):
            opened(county, account, role, unit)
        ticket = handled(county)
        county.act("department", AssignPerson("zhang"), ticket, "housing")
        for at in ("2026-03-06 09:00", "2026-04-03 09:00"):
            swept(county, at)

        orders = {account: told_orders(county, account) for account in ("zhang", "deputy", "watch", "w-chief", "d-water")}
        assert {"zhang": ["remind", "urge"], "deputy": ["urge", "warn"], "watch": ["supervise"], "w-chief": [], "d-water": []} == orders

    def test_who_is_not_there_leaves_it_to_the_unit(self, tmp_path: Path):
        """No person in charge and no leader's account: the unit hears of each step."""
        county = a_county(tmp_path, rules=LADDER)
        handled(county)
        for at in ("2026-03-06 09:00", "2026-04-03 09:00"):
            swept(county, at)
        assert ["remind", "urge", "warn"] == told_orders(county, "d-housing")

    def test_an_order_by_hand_goes_to_its_unit_with_the_day_of_the_reply(self, tmp_path: Path):
        """AS25-4.6.2: whoever must answer hears of it, nobody else."""
        county = a_county(tmp_path)
        ticket = handled(county)
        order = county.act("office", IssueOrder("supervise", "overdue", tickets=(ticket,))).subject.id

        (row,) = [row for row in told(county, "d-housing") if row.subject_id == order]
        assert ("order_due", "supervise", True) == (row.template, row.facts["measure"], "due" in row.facts)
        assert [] == [row for unit in ("water", "finance") for row in told(county, f"d-{unit}")]


def told_orders(hands: Hands, account: str) -> list[str]:
    """The measures that an account was told of, in order."""
    return [row.facts["measure"] for row in told(hands, account) if row.template.startswith("order")]
