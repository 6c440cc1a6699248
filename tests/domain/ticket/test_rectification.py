"""Rectification: what a recheck ordered, and the office's tick behind it."""

from dataclasses import replace
from datetime import date

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.closing import Close
from node.domain.ticket.rectification import CheckOffRectification
from node.domain.ticket.state import State
from tests.domain.ticket.given import FRIDAY, HOUSING, OFFICE, THURSDAY, a_ticket, decided, person, play, refused

ACCEPT = CheckOffRectification(True)


def filed():
    """Completed in a round that a recheck had given a date."""
    ticket = a_ticket(State.COMPLETED)
    return replace(ticket, rounds=(replace(ticket.rounds[-1], rectification_due=date(2026, 3, 20)),))


class TestCheckOff:
    """AS25-4.8b: filed by the lead, checked off by the office."""

    def test_nothing_is_closed_before_it_is_checked_off(self):
        """Checked off without another revisit it can be closed."""
        refusal = refused(filed(), OFFICE, Close(), THURSDAY)
        assert (Code.RECTIFICATION_OPEN, "2026-03-20") == (refusal.code, refusal.facts["due"])

        assert State.CLOSED is play(filed(), [(OFFICE, ACCEPT, THURSDAY), (OFFICE, Close(), FRIDAY)]).state

    def test_with_another_revisit_it_waits_for_that(self):
        """The revisit's clock runs on, and closing needs it."""
        ticket = play(filed(), [(OFFICE, CheckOffRectification(True, needs_revisit=True), THURSDAY)])

        assert ticket.clock("revisit").is_running
        assert Code.REVISIT_MISSING is refused(ticket, OFFICE, Close(), FRIDAY).code

    def test_twice_is_once(self):
        """Already carried out."""
        assert [] == decided(play(filed(), [(OFFICE, ACCEPT, THURSDAY)]), OFFICE, ACCEPT, FRIDAY)

    @pytest.mark.parametrize(
        ("ticket", "actor", "command", "code"),
        [
            (a_ticket(State.HANDLING), OFFICE, ACCEPT, Code.WRONG_STATE),
            (a_ticket(State.COMPLETED), OFFICE, ACCEPT, Code.NOTHING_PENDING),
            (filed(), person("insider", Role.OFFICE, HOUSING), ACCEPT, Code.OWN_CASE),
            (filed(), OFFICE, CheckOffRectification(False, remarks=Text("")), Code.FIELD_REQUIRED),
        ],
    )
    def test_what_is_refused(self, ticket, actor, command, code):
        """The refusals, in their order."""
        assert code is refused(ticket, actor, command, THURSDAY).code
