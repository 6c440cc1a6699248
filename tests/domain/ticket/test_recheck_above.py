"""A recheck that nobody here may decide goes to the superior, whose ruling the holder carries out."""

from dataclasses import replace
from datetime import date

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.recheck import ExecuteRecheckRuling, ProposeRecheck, RuleRecheck
from node.domain.ticket.recheck_above import MoveRecheckUp
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    CITY,
    FRIDAY,
    HOUSING_DESK,
    NODE,
    OFFICE,
    OFFICE_2,
    PROVINCE,
    THURSDAY,
    a_policy,
    a_ticket,
    day_end,
    person,
    play,
    refused,
)

UP = MoveRecheckUp(Text("Everybody here had a part in it."))
CITY_OFFICE = person("city-office", Role.OFFICE, f"{CITY}-office")
AT_CITY = a_policy(node=CITY, line=(PROVINCE,))
PROPOSED = [
    (OFFICE, RecordRevisit(is_consistent=False, is_standard_met=True, evaluation="satisfied"), THURSDAY),
    (HOUSING_DESK, ProposeRecheck("finding_disputed", Text("x")), THURSDAY),
]


def proposed():
    """Sent back by the office on Thursday; the lead disputes it."""
    return play(a_ticket(State.COMPLETED), PROPOSED)


class TestMoveRecheckUp:
    """DESIGN 5, USERS A10."""

    def test_only_if_nobody_is_left(self):
        """The other person of the office could still decide."""
        given = {"recheck_deciders": (OFFICE, OFFICE_2)}

        refusal = refused(proposed(), OFFICE, UP, FRIDAY, given=given)

        assert (Code.DECIDER_LEFT, "office") == (refusal.code, refusal.facts["role"])

    def test_the_superior_is_asked_and_timed(self):
        """Who wrote the finding is excluded, a member of the lead, too: nobody is left."""
        given = {"recheck_deciders": (OFFICE, replace(HOUSING_DESK, role=Role.MEMBER.value))}

        ticket = play(proposed(), [(OFFICE, UP, FRIDAY)], given=given)

        assert (State.RECHECKING, With.SUPERIOR, CITY) == (ticket.state, ticket.with_whom, ticket.recheck.decides)
        assert ("superior", day_end("2026-03-10")) == (ticket.clock("recheck_decision").owes, ticket.clock("recheck_decision").due_at)
        assert ["RecheckMovedUp"] == [ask.kind for ask in ticket.open_asks()]

    @pytest.mark.parametrize(
        ("ruling", "state"),
        [
            (RuleRecheck("stands", Text("It is as reported.")), State.COMPLETED),
            (RuleRecheck("redo", Text("The finding holds."), date(2026, 3, 20)), State.REWORKING),
            (RuleRecheck("declined", Text("No ground.")), State.REWORKING),
        ],
    )
    def test_the_holder_carries_out_its_ruling(self, ruling, state):
        """No ask is left open."""
        moved = play(proposed(), [(OFFICE, UP, FRIDAY)])
        above = replace(moved, custody=replace(moved.custody, holder=moved.custody.holder))
        ruled = play(above, [(CITY_OFFICE, ruling, FRIDAY)], AT_CITY)

        (ask,) = ruled.open_asks("RecheckRuled")
        done = play(ruled, [(NODE, ExecuteRecheckRuling(ask.id), FRIDAY)])

        assert (state, ()) == (done.state, done.open_asks())

    def test_a_node_without_a_superior_says_so(self):
        """Then it has to let somebody else in."""
        assert Code.NO_SUPERIOR is refused(proposed(), OFFICE, UP, FRIDAY, a_policy(line=())).code
