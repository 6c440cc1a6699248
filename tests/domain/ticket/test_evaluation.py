"""Evaluation: the appellant's vote on a round."""

from dataclasses import replace

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State
from node.domain.ticket.vote_elsewhere import EvaluationPassedOn
from tests.domain.ticket.given import (
    CITY,
    FRIDAY,
    OFFICE,
    OWNER,
    THURSDAY,
    a_policy,
    a_ticket,
    decided,
    play,
    refused,
)

GOOD = RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied")


class TestEvaluate:
    """One effective vote a round; its mapping for the whole federation beside it."""

    FOUR = a_policy(
        {
            "evaluation.scale": ("very_satisfied", "satisfied", "average", "dissatisfied"),
            "evaluation.satisfied": ("very_satisfied", "satisfied"),
        }
    )

    @pytest.mark.parametrize(
        ("value", "is_satisfied"),
        [
            ("very_satisfied", True),
            ("satisfied", True),
            ("average", None),
            ("dissatisfied", False),
        ],
    )
    def test_the_local_scale_is_kept_and_mapped(self, value, is_satisfied):
        """POLICY_PACKS 2 no. 24 and 29: average is neither."""
        ticket = play(a_ticket(State.COMPLETED), [(OWNER, Evaluate(value), THURSDAY)], self.FOUR)

        voted = ticket.round.evaluation
        assert (value, is_satisfied, ticket.pack) == (voted.value, voted.is_satisfied, voted.scale)

    def test_a_changed_vote_replaces_the_effective_one_and_stays_in_the_journal(self):
        """Two entries, one vote; the same vote again is none."""
        journal = []
        ticket = play(
            a_ticket(State.COMPLETED),
            [
                (OWNER, Evaluate("satisfied"), THURSDAY),
                (OWNER, Evaluate("satisfied"), THURSDAY),
                (OWNER, Evaluate("dissatisfied"), FRIDAY),
            ],
            journal=journal,
        )

        assert ["satisfied", "dissatisfied"] == [entry.event.value for entry in journal]
        assert ("dissatisfied", FRIDAY) == (ticket.round.evaluation.value, ticket.round.evaluation.at)

    def test_a_late_entry_of_an_earlier_vote_changes_nothing(self):
        """Side entries come in any order: the later vote holds."""
        journal = []
        votes = [(OWNER, Evaluate("satisfied"), THURSDAY), (OWNER, Evaluate("dissatisfied"), FRIDAY)]
        ticket = play(a_ticket(State.COMPLETED), votes, journal=journal)
        first, second = journal

        swapped = a_ticket(State.COMPLETED)
        for entry in (second, first):
            swapped = entry.event.apply(swapped, entry.header)

        assert ticket.round.evaluation == swapped.round.evaluation

    def test_it_is_taken_wherever_custody_is_and_never_changes_the_state(self):
        """DESIGN 6, 13: a side entry, and beside it the ask that follows the ticket to its holder."""
        ticket = a_ticket(State.COMPLETED)
        above = replace(ticket, custody=replace(ticket.custody, holder=CITY, number=2))

        voted, passed_on = decided(above, OWNER, Evaluate("satisfied"), THURSDAY)

        assert (True, 1, "appellant") == (voted.event.is_side, voted.event.round, voted.event.source)
        assert (EvaluationPassedOn(1), True, CITY) == (passed_on.event, passed_on.event.is_side, passed_on.addressee)

    def test_the_vote_told_at_the_revisit_is_the_round_s_vote(self):
        """From the revisit, and it says so."""
        journal = []
        told = replace(GOOD, evaluation="dissatisfied", remarks=Text("Slow."))
        ticket = play(a_ticket(State.COMPLETED), [(OFFICE, told, THURSDAY)], journal=journal)

        assert (False, "revisit") == (ticket.round.evaluation.is_satisfied, journal[1].event.source)

    @pytest.mark.parametrize(
        ("until", "value", "code"),
        [
            (State.HANDLING, "satisfied", Code.WRONG_STATE),
            (State.COMPLETED, "", Code.FIELD_REQUIRED),
            (State.COMPLETED, "so-so", Code.VALUE_NOT_OFFERED),
        ],
    )
    def test_what_is_refused(self, until, value, code):
        """Nothing to vote on yet, or no value of the scale."""
        assert code is refused(a_ticket(until), OWNER, Evaluate(value), THURSDAY).code
