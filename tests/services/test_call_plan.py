"""Calls planned by enterprise: one call, one sheet a ticket, every contact of 30 days, and what the appellant wished."""

from pathlib import Path

import pytest

from node.domain.refusal import Code
from node.domain.ticket.calls import PreferCalls
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.revisit import RecordRevisitAttempt
from node.domain.ticket.state import State
from node.services import call_plan
from tests.clauses.given import a_completion, a_county, a_revisit, beijing, completed, handled, refuses, the
from tests.support.node import Hands

CODE, OTHER = "91350211M000100Y43", "91520402MA6DPHYL7G"


def calls_of(county: Hands, days: int = 7) -> list[call_plan.Call]:
    """The plan of the next days."""
    with county.node.store.read() as view:
        tickets = {id: the(county, id) for id in call_plan.due_tickets(view, county.now, days)}
        policies = {id: county.node.policies.for_ticket(view, ticket, county.now) for id, ticket in tickets.items()}
        return call_plan.plan(view, policies, county.now, days)


class TestPlan:
    """USERS B21: three tickets completed in a week are one call."""

    def test_what_is_due_of_one_enterprise_is_one_call_with_a_sheet_a_ticket(self, tmp_path: Path):
        """Another enterprise, and somebody without a code, have a call of their own."""
        county = a_county(tmp_path)
        ours = [completed(county, credit_code=CODE) for _ in range(3)]
        alone = completed(county)

        calls = calls_of(county, 20)

        assert [sorted(ours), [alone]] == sorted(([sheet.ticket for sheet in call.sheets] for call in calls), key=len, reverse=True)
        sheet = next(call for call in calls if call.enterprise == CODE).sheets[0]
        assert (("consistent", "standard_met", "evaluation"), ("satisfied", "dissatisfied"), 0, 3) == (
            sheet.fields,
            sheet.scale,
            sheet.attempts,
            sheet.attempts_wanted,
        )

    def test_only_what_is_due_within_the_window(self, tmp_path: Path):
        """Completed on Friday 13 February, due by the end of the 27th (AS25-4.7.1); a revisit filed is due no more."""
        county = a_county(tmp_path)
        ticket = completed(county, credit_code=CODE)
        assert [] == calls_of(county, 7)
        county.at(beijing("2026-02-24 09:00"))
        assert [ticket] == [sheet.ticket for call in calls_of(county, 3) for sheet in call.sheets]

        county.act("office", a_revisit(), ticket)

        assert [] == calls_of(county, 3)

    def test_every_contact_of_the_last_30_days_is_shown_whatever_ticket_it_was_about(self, tmp_path: Path):
        """The department's calls and feedback, the office's attempts; what is older is not."""
        county = a_county(tmp_path, "2026-01-05 09:00")
        old = handled(county, credit_code=CODE)
        county.act("department", RecordAttempt(False, "phone"), old, "housing")
        county.at(beijing("2026-02-24 09:00"))
        other = handled(county, credit_code=CODE)
        county.act("department", RecordAttempt(True, "phone"), other, "housing")
        county.act("department", RecordAttempt(False, "phone"), handled(county), "housing")
        due = completed(county, credit_code=CODE)
        county.later(hours=1)
        county.act("office", RecordRevisitAttempt(), due)

        (call,) = calls_of(county)

        found = [(one.ticket, one.kind, one.reached) for one in call.contacts]
        assert [(other, "ContactAttempted", "yes"), (due, "RevisitAttempted", "no")] == found
        assert 1 == call.sheets[0].attempts


class TestWishes:
    """Preferred hours and 'do not call' are kept, and respected by whoever calls."""

    def test_the_last_wish_holds_for_all_tickets_of_the_enterprise(self, tmp_path: Path):
        """Said about one of them, at any time."""
        county = a_county(tmp_path)
        first, _ = completed(county, credit_code=CODE), completed(county, credit_code=CODE)
        county.act("enterprise", PreferCalls(9, 12), first)
        county.later(minutes=1)
        county.act("window_clerk", PreferCalls(14, 17), first)
        with refuses(Code.MALFORMED_COMMAND, field="to_hour"):
            county.act("enterprise", PreferCalls(17, 14), first)

        (call,) = calls_of(county, 20)

        assert call.preference is not None
        assert (14, 17, False) == (call.preference.from_hour, call.preference.to_hour, call.preference.do_not_call)

    def test_who_does_not_want_to_be_called_is_not_telephoned(self, tmp_path: Path):
        """Other ways stay open, and count as attempts."""
        county = a_county(tmp_path)
        ticket = completed(county)
        county.act("enterprise", PreferCalls(do_not_call=True), ticket)
        with refuses(Code.DO_NOT_CALL):
            county.act("office", RecordRevisitAttempt("phone"), ticket)

        for _ in range(3):
            county.act("office", RecordRevisitAttempt("message"), ticket)

        revisit = the(county, ticket).rounds[-1].revisit
        assert revisit is not None and not revisit.is_reached

    @pytest.mark.parametrize(("hour", "counts"), [("10:00", False), ("14:00", True)])
    def test_a_call_outside_his_hours_does_not_count_towards_unreachable(self, tmp_path: Path, hour: str, counts: bool):
        """Three attempts, as the pack says, within the hours that he named."""
        county = a_county(tmp_path)
        ticket = completed(county)
        county.act("enterprise", PreferCalls(14, 17), ticket)
        county.at(beijing(f"2026-02-24 {hour}"))

        for _ in range(3):
            county.act("office", RecordRevisitAttempt("phone"), ticket)

        of = the(county, ticket).rounds[-1]
        assert (3, counts) == (len(of.attempts), of.revisit is not None)
        assert State.COMPLETED is the(county, ticket).state


def test_a_completion_of_today_is_called_about_later(tmp_path: Path):
    """Completed on the spot of another day, due in its own window."""
    county = a_county(tmp_path)
    ticket = handled(county)
    county.act("department", a_completion(county), ticket, "housing")

    assert [[ticket]] == [[sheet.ticket for sheet in call.sheets] for call in calls_of(county, 14)]
