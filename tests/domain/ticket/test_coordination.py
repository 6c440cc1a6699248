"""Coordination: departments that cannot agree, the office, the government."""

from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution
from node.domain.ticket.coordination import DeclareDisagreement, FilePosition, RecordCoordination, ReportCoordination, RuleCoordination
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    FINANCE_DESK,
    FRIDAY,
    GOVERNMENT,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    THURSDAY,
    TUESDAY,
    WATER,
    WATER_DESK,
    WEDNESDAY,
    a_completion,
    a_ticket,
    day_end,
    play,
    refused,
)

POSITION = Text("It is the other's.")
AGREED = RecordCoordination(True, Text("Housing does x by the 20th."), (HOUSING, WATER), date(2026, 3, 20))
FAILED = RecordCoordination(False, Text("No agreement."))


def two_departments():
    """Housing leads, water confirmed its part."""
    return play(
        a_ticket(State.HANDLING),
        [
            (HOUSING_DESK, AddCoHandler(WATER, Text("Pipes.")), TUESDAY),
            (WATER_DESK, ConfirmCoHandling(), TUESDAY),
        ],
    )


def disagreeing():
    """Both positions are in the file."""
    return play(
        two_departments(),
        [
            (WATER_DESK, DeclareDisagreement(POSITION), WEDNESDAY),
            (HOUSING_DESK, FilePosition(POSITION), WEDNESDAY),
        ],
    )


class TestCoordination:
    """AS25-4.4.5a: the office coordinates departments that cannot agree, on their written positions."""

    @pytest.mark.clause("AS25-4.4.5a")
    def test_a_disagreement_becomes_an_item_and_its_result_binds_both(self):
        """B declares it: an item with the positions of A and B; "A does x by date" binds both and is in the history."""
        ticket = disagreeing()
        assert (With.OFFICE, (WATER, HOUSING)) == (ticket.with_whom, ticket.coordination.positions)
        assert ("office", day_end("2026-03-11")) == (ticket.clock("coordination").owes, ticket.clock("coordination").due_at)

        settled = play(ticket, [(OFFICE, AGREED, THURSDAY)])

        result = settled.coordination
        assert ("agreed", (HOUSING, WATER), date(2026, 3, 20)) == (result.outcome, result.bound, result.due)
        assert (With.DEPARTMENT, None, ()) == (settled.with_whom, settled.clock("coordination"), settled.open_asks())
        assert (HOUSING, day_end("2026-03-20")) == (settled.clock("milestone").owes, settled.clock("milestone").due_at)

    def test_the_lead_s_own_limit_runs_on(self):
        """No document grants a pause."""
        assert day_end("2026-03-16") == disagreeing().clock("resolve").due_at

    def test_a_failed_coordination_may_go_to_the_government(self):
        """AS25-2.4b: reporting becomes possible, and the government then has a clock."""
        assert Code.GROUND_NOT_MET is refused(disagreeing(), OFFICE, ReportCoordination(Text("x")), THURSDAY).code

        ticket = play(disagreeing(), [(OFFICE, FAILED, THURSDAY), (OFFICE, ReportCoordination(Text("x")), THURSDAY)])

        assert (With.GOVERNMENT, "government") == (ticket.with_whom, ticket.coordination.stage)
        assert (None, "government", day_end("2026-03-12")) == (
            ticket.clock("coordination"),
            ticket.clock("government_ruling").owes,
            ticket.clock("government_ruling").due_at,
        )

    def test_the_government_names_the_lead_who_owes_the_rest(self):
        """Handling goes on with the lead named, finally, under the same due time; the declared disagreement is answered."""
        reported = play(disagreeing(), [(OFFICE, FAILED, THURSDAY), (OFFICE, ReportCoordination(Text("x")), THURSDAY)])

        ticket = play(reported, [(GOVERNMENT, RuleCoordination(WATER, Text("Water leads.")), FRIDAY)])

        assert (State.HANDLING, With.DEPARTMENT, WATER, True) == (ticket.state, ticket.with_whom, ticket.lead, ticket.dispatch.is_final)
        assert (WATER, day_end("2026-03-16")) == (ticket.clock("resolve").owes, ticket.clock("resolve").due_at)
        assert ((), None) == (ticket.open_asks(), ticket.clock("government_ruling"))
        assert () == ticket.co_handlers

    def test_an_open_disagreement_lapses_with_the_completion(self):
        """They agreed after all and did it: nothing waits for the office any more."""
        ticket = play(
            disagreeing(),
            [
                (WATER_DESK, FileContribution(Text("Done.")), THURSDAY),
                (HOUSING_DESK, a_completion(), THURSDAY),
            ],
        )

        assert ("settled", "lapsed", ()) == (ticket.coordination.stage, ticket.coordination.outcome, ticket.open_asks())
        assert ticket.clock("coordination") is None

    @pytest.mark.parametrize(
        ("ticket", "actor", "command", "code"),
        [
            (a_ticket(State.HANDLING), HOUSING_DESK, DeclareDisagreement(POSITION), Code.GROUND_NOT_MET),
            (two_departments(), FINANCE_DESK, DeclareDisagreement(POSITION), Code.PERMISSION_DENIED),
            (two_departments(), WATER_DESK, DeclareDisagreement(Text("")), Code.FIELD_REQUIRED),
            (disagreeing(), HOUSING_DESK, DeclareDisagreement(POSITION), Code.DECISION_PENDING),
            (two_departments(), OFFICE, AGREED, Code.NOTHING_PENDING),
            (disagreeing(), OFFICE, RecordCoordination(True, Text("x"), ("520402-finance",)), Code.UNIT_UNKNOWN),
            (disagreeing(), OFFICE, RecordCoordination(True, Text("x"), (HOUSING,), date(2026, 3, 1)), Code.DATE_TOO_EARLY),
            (disagreeing(), GOVERNMENT, RuleCoordination(WATER, Text("x")), Code.NOTHING_PENDING),
        ],
    )
    def test_what_is_refused(self, ticket, actor, command, code):
        """One row a refusal."""
        assert code is refused(ticket, actor, command, THURSDAY).code

    def test_a_result_needs_the_written_positions(self):
        """The missing one is named."""
        ticket = play(two_departments(), [(WATER_DESK, DeclareDisagreement(POSITION), WEDNESDAY)])

        refusal = refused(ticket, OFFICE, AGREED, THURSDAY)

        assert (Code.POSITIONS_MISSING, HOUSING) == (refusal.code, refusal.facts["missing"])
