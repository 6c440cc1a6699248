"""Rework: a finding begins a new round."""

from datetime import date

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.ticket.recheck import (
    DecideRecheck,
    ProposeRecheck,
)
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    CITY,
    FRIDAY,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    PROVINCE,
    THURSDAY,
    a_completion,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    person,
    play,
)

FALSE = RecordRevisit(is_consistent=False, is_standard_met=True, evaluation="dissatisfied")
BELOW = RecordRevisit(is_consistent=True, is_standard_met=False, evaluation="satisfied")
PROPOSE = ProposeRecheck("finding_disputed", Text("The owner meant another building."))
OPINION = Text("The finding holds.")
NEXT_MONDAY, NEXT_TUESDAY = beijing("2026-03-09 09:00"), beijing("2026-03-10 09:00")
STANDS = DecideRecheck("stands", OPINION)
REDO = DecideRecheck("redo", OPINION, date(2026, 3, 20))
CITY_OFFICE = person("city-office", Role.OFFICE, f"{CITY}-office")
AT_CITY = a_policy(node=CITY, line=(PROVINCE,))


def reworked(finding=FALSE):
    """Sent back on Thursday."""
    return play(a_ticket(State.COMPLETED), [(OFFICE, finding, THURSDAY)])


class TestRework:
    """AS25-4.7.2a: back to the same lead, without signing, with a new limit and number."""

    @pytest.mark.clause("AS25-4.7.2a")
    @pytest.mark.parametrize("finding", [FALSE, BELOW])
    def test_a_finding_opens_a_new_round(self, finding):
        """Reworking, first rework, new deadline by category; after the second completion a new revisit of 5 working days."""
        ticket = reworked(finding)

        assert (State.REWORKING, With.DEPARTMENT, HOUSING) == (ticket.state, ticket.with_whom, ticket.lead)
        assert ["first", "rework"] == [one.cause for one in ticket.rounds]
        assert (day_end("2026-03-19"), HOUSING) == (ticket.clock("resolve").due_at, ticket.clock("resolve").owes)
        assert ["resolve"] == [clock.name for clock in ticket.clocks.values() if clock.stopped_at is None]
        first = ticket.rounds[0]
        assert (True, finding.is_consistent) == (first.completion is not None, first.revisit.is_consistent)

        again = play(ticket, [(HOUSING_DESK, a_completion(), FRIDAY)])
        assert (State.COMPLETED, 2, day_end("2026-03-13"), None) == (
            again.state,
            again.outcomes,
            again.clock("revisit").due_at,
            again.round.revisit,
        )

    def test_another_pack_assigns_it_anew(self):
        """FJ25-4.11.1: re-assigned and signed again."""
        ticket = play(a_ticket(State.COMPLETED), [(OFFICE, FALSE, THURSDAY)], a_policy({"rework.to": "dispatch"}))

        assert (State.FORMED, With.OFFICE, "office") == (ticket.state, ticket.with_whom, ticket.clock("resolve").owes)
