"""Inside a unit: receipt register and named person, trays, several at a stroke, hand-over, sign and answer (USERS C25)."""

from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.answering import SignAndAnswer
from node.domain.ticket.assignment import AssignPerson, ReceiveAssignment
from node.domain.ticket.co_handling import ConfirmCoHandling, FileContribution
from node.domain.ticket.dispatching import Recall, Sign
from node.domain.ticket.first_contact import HandleOwnDuty
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.state import State
from node.services.rebuild import check
from node.services.several import Done, hand_over, sign_several
from node.services.trays import receipt_register, tray
from tests.clauses.given import (
    FINANCE,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    beijing,
    dispatched,
    handled,
    page_of,
    refuses,
    registered,
    the,
)
from tests.support.node import Hands

REGISTER = """
[receipt]
numbered = { value = true, clause = "XS25-4.4.1a" }
person_required = { value = true, clause = "XS25-4.4.3" }
"""


def with_person(hands: Hands, account: str, unit: str = "housing") -> str:
    """One more account of a department."""
    hands.act("node", g.OpenAccount(account, ("department",), g.unit_code(hands.node.code, unit)), hands.node.code)
    return account


def trayed(hands: Hands, unit: str = HOUSING, person: str | None = None) -> list[str]:
    """The tickets in a tray of the unit."""
    with hands.node.store.read() as view:
        return [line.row.id for line in tray(view, unit, person)]


@pytest.mark.clause("XS25-4.4.1a")
def test_a_unit_receives_an_assignment_as_it_does_a_document(tmp_path: Path):
    """XS25-4.4.1a: three assignments, three consecutive numbers with receiver and time; nothing is handled before its receipt."""
    county = a_county(tmp_path, rules=REGISTER)
    chen = with_person(county, "chen")
    tickets = [dispatched(county, title=Text(str(n))) for n in range(3)]
    with refuses(Code.WRONG_STATE):
        county.act("department", RecordProgress(Text("已联系")), tickets[0], "housing")

    times = []
    for ticket in tickets:
        county.later(minutes=10).act("department", Sign(person=chen), ticket, "housing", account="clerk")
        times.append(county.now)

    with county.node.store.read() as view:
        lines = receipt_register(view, HOUSING, 2026)
    assert [(n + 1, ticket, at, "clerk", chen) for n, (ticket, at) in enumerate(zip(tickets, times, strict=True))] == [
        (one.number, one.ticket, one.received_at, one.account, one.person) for one in lines
    ]
    county.act("department", RecordProgress(Text("已联系")), tickets[0], "housing")


def test_each_unit_counts_its_own_receipts_and_each_year_begins_anew(tmp_path: Path):
    """XS25-4.4.1a: the number is the unit's own; a co-handler files nothing before it has received its part."""
    county = a_county(tmp_path, "2026-12-31 10:00", rules=REGISTER)
    chen, wu = with_person(county, "chen"), with_person(county, "wu", "water")
    ticket = dispatched(county, WATER)
    county.act("department", Sign(person=chen), ticket, "housing")
    with refuses(Code.RECEIPT_MISSING, unit=WATER):
        county.act("department", FileContribution(Text("已核")), ticket, "water")
    county.act("department", ConfirmCoHandling(person=wu), ticket, "water")
    county.act("department", FileContribution(Text("已核")), ticket, "water")

    county.at(beijing("2027-01-04 10:00"))
    next_year = dispatched(county)
    county.act("department", Sign(person=chen), next_year, "housing")

    with county.node.store.read() as view:
        registers = [[(one.number, one.ticket) for one in receipt_register(view, unit, year)] for unit, year in
                     ((HOUSING, 2026), (WATER, 2026), (HOUSING, 2027))]  # fmt: skip
    assert [[(1, ticket)], [(1, ticket)], [(1, next_year)]] == registers


def test_what_came_without_signing_is_received_before_it_is_completed(tmp_path: Path):
    """XS25-4.4.1a: a ticket that a department took up as its own duty has no dispatch to sign, and a receipt all the same."""
    rules = REGISTER + '[intake]\nown_duty = { value = true, clause = "XS25-4.4.1a" }\n'
    county = a_county(tmp_path, rules=rules)
    chen = with_person(county, "chen")
    ticket = registered(county, first_contact=HOUSING)
    county.act("department", HandleOwnDuty("coordination"), ticket, "housing")
    with refuses(Code.RECEIPT_MISSING, unit=HOUSING):
        county.act("department", a_completion(county), ticket, "housing")

    county.act("department", ReceiveAssignment(person=chen), ticket, "housing")
    county.act("department", a_completion(county), ticket, "housing")

    assert State.COMPLETED is the(county, ticket).state


@pytest.mark.clause("XS25-4.4.3")
def test_from_its_receipt_on_one_named_person_answers_for_it(tmp_path: Path):
    """XS25-4.4.3: without a person it is not received; with P it is stored; from P to Q is an entry with both."""
    county = a_county(tmp_path, rules=REGISTER)
    for person in ("p", "q"):
        with_person(county, person)
    ticket = dispatched(county)
    with refuses(Code.FIELD_REQUIRED, field="person"):
        county.act("department", Sign(), ticket, "housing")
    with refuses(Code.ACCOUNT_UNKNOWN, account="nobody"):
        county.act("department", Sign(person="nobody"), ticket, "housing")
    with refuses(Code.PERSON_UNFIT, account="d-water"):
        county.act("department", Sign(person="d-water"), ticket, "housing")

    county.act("department", Sign(person="p"), ticket, "housing")
    assert [(HOUSING, "p")] == [(desk.unit, desk.person) for desk in the(county, ticket).desks]
    with refuses(Code.FIELD_REQUIRED, field="person"):
        county.act("department", AssignPerson(), ticket, "housing")
    county.act("department", AssignPerson("q"), ticket, "housing")

    last = page_of(county, ticket).timeline[-1]
    assert ("PersonAssigned", "p", "q") == (last.kind, last.facts["former"], last.facts["person"])
    assert [(HOUSING, "q")] == [(desk.unit, desk.person) for desk in the(county, ticket).desks]


class TestTrays:
    """USERS C25: the unit's shared tray, and the own one of a person."""

    def test_a_ticket_goes_from_the_shared_tray_into_a_persons_and_back(self, tmp_path: Path):
        """Nobody has it, then one has it, then nobody again."""
        county = a_county(tmp_path)
        with_person(county, "chen")
        ticket = handled(county)
        assert ([ticket], [ticket], []) == (trayed(county), trayed(county, person=""), trayed(county, person="chen"))

        county.act("department", AssignPerson("chen"), ticket, "housing")
        assert ([ticket], [], [ticket]) == (trayed(county), trayed(county, person=""), trayed(county, person="chen"))

        county.act("department", AssignPerson(), ticket, "housing")
        assert ([ticket], []) == (trayed(county, person=""), trayed(county, person="chen"))

    def test_a_co_handler_has_the_ticket_in_its_own_tray_while_it_owes_its_part(self, tmp_path: Path):
        """Each unit has its own desk on one ticket; what is filed is no longer owed."""
        county = a_county(tmp_path)
        ticket = handled(county, WATER)
        assert ([ticket], [ticket], []) == tuple(trayed(county, unit) for unit in (HOUSING, WATER, FINANCE))

        county.act("department", ConfirmCoHandling(), ticket, "water")
        county.act("department", AssignPerson("d-water"), ticket, "water")
        county.act("department", FileContribution(Text("已办")), ticket, "water")

        assert ([ticket], []) == (trayed(county), trayed(county, WATER))
        assert [(WATER, "d-water")] == [(desk.unit, desk.person) for desk in the(county, ticket).desks]

    def test_the_trays_are_what_the_entries_say(self, tmp_path: Path):
        """A rebuild finds no difference in desks and receipts."""
        county = a_county(tmp_path, rules=REGISTER)
        with_person(county, "chen")
        ticket = dispatched(county)
        county.act("department", Sign(person="chen"), ticket, "housing")
        county.act("department", AssignPerson("d-housing"), ticket, "housing")

        assert check(county.node.store).agrees

    def test_nobody_passes_on_what_another_unit_has(self, tmp_path: Path):
        """A unit without a part has no tray for it."""
        county = a_county(tmp_path)
        ticket = handled(county)
        with refuses(Code.PERMISSION_DENIED, unit=FINANCE):
            county.act("department", AssignPerson("d-finance"), ticket, "finance")


class TestSeveral:
    """USERS C25: several at a stroke, each an entry of its own."""

    def test_signing_several_stops_at_none(self, tmp_path: Path):
        """The one that was recalled meanwhile is named with its refusal; the others are signed; a repeat signs nothing twice."""
        county = a_county(tmp_path)
        tickets = [dispatched(county, title=Text(str(n))) for n in range(3)]
        county.act("office", Recall(Text("派错")), tickets[1])
        actor = county.order("department", Sign(), "", "housing").actor

        first = sign_several(county.node.handler, actor, tickets, "batch-1")
        again = sign_several(county.node.handler, actor, tickets, "batch-1")

        assert [Code.PERMISSION_DENIED] == [one.refusal.code for one in first if one.refusal is not None]
        assert [(tickets[0], 1), (tickets[1], 0), (tickets[2], 1)] == [(one.ticket, one.entries) for one in first]
        assert [one.ticket for one in again if one.refusal] == [tickets[1]]
        assert [State.HANDLING, State.FORMED, State.HANDLING] == [the(county, ticket).state for ticket in tickets]
        signed = [entry.kind for ticket in tickets for entry in page_of(county, ticket).timeline if entry.kind == "Signed"]
        assert 2 == len(signed)

    def test_all_open_tickets_of_somebody_on_leave_go_to_another(self, tmp_path: Path):
        """Only his, only the open ones, and also once his account is closed."""
        county = a_county(tmp_path)
        for person in ("chen", "wu"):
            with_person(county, person)
        mine, done, other = (handled(county, title=Text(name)) for name in ("一", "二", "三"))
        for ticket in (mine, done):
            county.act("department", AssignPerson("chen"), ticket, "housing")
        county.act("department", AssignPerson("wu"), other, "housing")
        county.act("department", a_completion(county), done, "housing")
        county.act("node", g.CloseAccount("chen"), county.node.code)
        actor = county.order("department", Sign(), "", "housing").actor

        moved = hand_over(county.node.handler, county.node.store, actor, "chen", "wu", "leave-1", Text("休假"))

        assert [Done(mine, 1)] == moved
        assert ([mine, other], []) == (sorted(trayed(county, person="wu")), trayed(county, person="chen"))
        with refuses(Code.ACCOUNT_UNKNOWN, account="chen"):
            county.act("department", AssignPerson("chen"), mine, "housing")


class TestSignAndAnswer:
    """POLICY_PACKS 2 no. 61, 63: answering signs; a call record is evidence for a consultation."""

    ANSWER = SignAndAnswer(
        result=Text("凭营业执照到窗口办理"), feedback_way="phone", feedback=Text("已电话答复"), is_truthful=True, has_call_record=True
    )

    def test_a_consultation_is_signed_and_completed_in_one_act(self, tmp_path: Path):
        """One command, one transaction, both entries; no file is forced for it."""
        county = a_county(tmp_path)
        ticket = dispatched(county, category="consultation")

        outcome = county.act("department", self.ANSWER, ticket, "housing")

        assert ["Signed", "Completed"] == [one.header.kind for one in outcome.entries]
        after = the(county, ticket)
        assert (State.COMPLETED, True) == (after.state, after.completion is not None and after.completion.is_in_time)
        assert ["revisit"] == [clock.name for clock in after.clocks.values() if clock.is_running]

    def test_what_cannot_be_answered_is_not_signed_either(self, tmp_path: Path):
        """A refused answer leaves the ticket as it was."""
        county = a_county(tmp_path)
        ticket = dispatched(county, category="consultation")
        no_record = SignAndAnswer(result=Text("可办"), feedback_way="phone", feedback=Text("已答复"), is_truthful=True)
        with refuses(Code.EVIDENCE_MISSING):
            county.act("department", no_record, ticket, "housing")

        assert State.DISPATCHED is the(county, ticket).state

    def test_other_classes_are_signed_first(self, tmp_path: Path):
        """The pack names the classes that one form is enough for."""
        county = a_county(tmp_path)
        ticket = dispatched(county)
        with refuses(Code.NOT_AT_SIGNING, category="coordination"):
            county.act("department", self.ANSWER, ticket, "housing")
