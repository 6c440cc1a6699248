"""Revisit: the office asks the appellant whether it is so."""

from dataclasses import replace

import pytest

from node.domain.organisation import Role
from node.domain.refusal import Code
from node.domain.ticket.revisit import RecordRevisit, RecordRevisitAttempt
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    FRIDAY,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    THURSDAY,
    a_policy,
    a_ticket,
    day_end,
    person,
    play,
    refused,
)

GOOD = RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied")
MISSED = RecordRevisitAttempt()


class TestRevisit:
    """AS25-4.7.1: in full, by the office, within 5 working days."""

    def test_a_good_answer_leaves_the_closing_to_the_office(self):
        """Filed with all answers; the office's next clock runs."""
        ticket = play(a_ticket(State.COMPLETED), [(OFFICE, GOOD, THURSDAY)])

        said = ticket.round.revisit
        assert (State.COMPLETED, True, True, True, True) == (
            ticket.state,
            said.is_reached,
            said.is_consistent,
            said.is_standard_met,
            said.is_satisfied,
        )
        assert (With.OFFICE, None, day_end("2026-03-09")) == (ticket.with_whom, ticket.clock("revisit"), ticket.clock("close").due_at)

    @pytest.mark.parametrize(
        ("command", "field"),
        [
            (replace(GOOD, is_consistent=None), "is_consistent"),
            (replace(GOOD, is_standard_met=None), "is_standard_met"),
            (replace(GOOD, evaluation=""), "evaluation"),
        ],
    )
    def test_all_of_it_is_answered(self, command, field):
        """A revisit that lacks an answer while the appellant was reached is rejected."""
        refusal = refused(a_ticket(State.COMPLETED), OFFICE, command, THURSDAY)

        assert (Code.FIELD_REQUIRED, field) == (refusal.code, refusal.facts["field"])

    @pytest.mark.clause("AS25-4.7.1b")
    def test_not_reached_stays_open_until_the_attempts_are_made(self):
        """Lacking 'consistent' while reached: rejected; one attempt: open; three: closed as not reached, counted apart."""
        lacking = replace(GOOD, is_consistent=None)
        assert Code.FIELD_REQUIRED is refused(a_ticket(State.COMPLETED), OFFICE, lacking, THURSDAY).code

        once = play(a_ticket(State.COMPLETED), [(OFFICE, MISSED, THURSDAY)])
        assert (None, True) == (once.round.revisit, once.clock("revisit").is_running)

        thrice = play(once, [(OFFICE, MISSED, THURSDAY), (OFFICE, MISSED, FRIDAY)])
        assert (False, None, None) == (thrice.round.revisit.is_reached, thrice.round.revisit.is_consistent, thrice.round.evaluation)
        assert (None, State.COMPLETED) == (thrice.clock("revisit"), thrice.state)

    def test_no_handler_revisits_itself(self):
        """AS25-4.7.1: the handling department is rejected; in another role, and in person from another unit, too."""
        ticket = a_ticket(State.COMPLETED)
        insider, moved_on = person("insider", Role.OFFICE, HOUSING), person("housing", Role.OFFICE, OFFICE.unit)

        assert Code.PERMISSION_DENIED is refused(ticket, HOUSING_DESK, GOOD, THURSDAY).code
        assert [Code.OWN_CASE] * 2 == [refused(ticket, one, GOOD, THURSDAY).code for one in (insider, moved_on)]

    def test_once_a_round_and_only_what_is_completed(self):
        """A second filing is refused, as is one on a ticket in hand."""
        assert Code.ALREADY_EXISTS is refused(play(a_ticket(State.COMPLETED), [(OFFICE, GOOD, THURSDAY)]), OFFICE, GOOD, FRIDAY).code
        assert Code.WRONG_STATE is refused(a_ticket(State.HANDLING), OFFICE, GOOD, THURSDAY).code
        assert Code.VALUE_NOT_OFFERED is refused(a_ticket(State.COMPLETED), OFFICE, replace(GOOD, evaluation="so-so"), THURSDAY).code

    def test_dissatisfied_but_consistent_is_shown_apart_and_sends_nothing_back(self):
        """安顺: USERS A9."""
        ticket = play(a_ticket(State.COMPLETED), [(OFFICE, replace(GOOD, evaluation="dissatisfied"), THURSDAY)])

        assert (State.COMPLETED, False, 1) == (ticket.state, ticket.round.revisit.is_satisfied, len(ticket.rounds))

    def test_another_pack_may_send_it_back_for_that(self):
        """POLICY_PACKS 2 no. 59: 海门, 不满意 is not struck off."""
        policy = a_policy({"rework.on": ("inconsistent", "below_standard", "dissatisfied")})

        ticket = play(a_ticket(State.COMPLETED), [(OFFICE, replace(GOOD, evaluation="dissatisfied"), THURSDAY)], policy)

        assert State.REWORKING is ticket.state
