"""Closing, archiving, reopening; and that a whole life folds the same in any order."""

import random
from dataclasses import replace

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.closing import Archive, Close, Reopen, ReportBack
from node.domain.ticket.completion import GiveFeedback
from node.domain.ticket.confirmation import Confirm
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.fold import fold_ticket
from node.domain.ticket.recheck import DecideRecheck, GiveRecheckOpinion, OpenRecheck, ProposeRecheck
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State, With
from node.domain.ticket.termination import DecideWithdrawal, Withdraw
from tests.domain.ticket.given import (
    FRIDAY,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    OFFICE_2,
    OWNER,
    PHOTO,
    THURSDAY,
    TUESDAY,
    WATER,
    WATER_DESK,
    WEDNESDAY,
    a_completion,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    decided,
    person,
    play,
    refused,
    workdays,
)

GOOD = RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied")
APRIL = beijing("2026-04-20 09:00")
REOPEN = Reopen(Text("It broke again."))


class TestClose:
    """DESIGN 5: what the pack's closing.needs names, and nothing else."""

    def test_after_a_revisit_without_a_finding_it_is_closed(self):
        """No clock is left."""
        ticket = a_ticket(State.CLOSED)

        assert (State.CLOSED, With.NOBODY, beijing("2026-03-05 10:00")) == (ticket.state, ticket.with_whom, ticket.ended_at)
        assert [] == [clock.name for clock in ticket.clocks.values() if clock.stopped_at is None]

    def test_not_before_the_revisit(self):
        """AS25-4.7.1: in full."""
        assert Code.REVISIT_MISSING is refused(a_ticket(State.COMPLETED), OFFICE, Close(), THURSDAY).code

    def test_what_was_assigned_is_reported_back_first(self):
        """AS25-2.2.9: to the assigning body; nothing to report where nobody assigned it."""
        ticket = play(a_ticket(State.COMPLETED, assigned_by="committee"), [(OFFICE, GOOD, THURSDAY)])
        refusal = refused(ticket, OFFICE, Close(), THURSDAY)
        assert (Code.REPORT_BACK_MISSING, "committee") == (refusal.code, refusal.facts["body"])

        closed = play(ticket, [(OFFICE, ReportBack(Text("Solved."), (PHOTO,)), THURSDAY), (OFFICE, Close(), THURSDAY)])

        assert (State.CLOSED, True) == (closed.state, closed.reported_back)
        assert Code.NOTHING_PENDING is refused(a_ticket(State.COMPLETED), OFFICE, ReportBack(Text("x")), THURSDAY).code

    def test_no_handler_closes_its_own(self):
        """DESIGN 5, separation."""
        insider = person("insider", Role.OFFICE, HOUSING)
        assert Code.OWN_CASE is refused(play(a_ticket(State.COMPLETED), [(OFFICE, GOOD, THURSDAY)]), insider, Close(), THURSDAY).code

    def test_twice_is_once_and_only_what_is_completed(self):
        """Already carried out; never from handling."""
        assert [] == decided(a_ticket(State.CLOSED), OFFICE, Close(), FRIDAY)
        assert Code.WRONG_STATE is refused(a_ticket(State.HANDLING), OFFICE, Close(), FRIDAY).code

    def test_an_upheld_result_needs_no_second_revisit(self):
        """AS25-4.8b: the recheck said that it stands."""
        ticket = play(
            a_ticket(State.COMPLETED),
            [
                (OFFICE, replace(GOOD, is_consistent=False), THURSDAY),
                (HOUSING_DESK, ProposeRecheck("finding_disputed", Text("x")), FRIDAY),
                (OFFICE, OpenRecheck((WATER,)), FRIDAY),
                (WATER_DESK, GiveRecheckOpinion(Text("It is right.")), FRIDAY),
                (OFFICE_2, DecideRecheck("stands", Text("x")), FRIDAY),
                (OFFICE_2, Close(), FRIDAY),
            ],
        )

        assert State.CLOSED is ticket.state


class TestOtherPacks:
    """Each mechanism closes by its own conditions."""

    XIANGSHAN = a_policy({"closing.needs": ("confirmation",), "completion.then": "confirm", "limit.confirm": workdays(5)})
    FENGJIE = a_policy(
        {
            "closing.needs": ("feedback", "evaluation", "follow_up"),
            "limit.evaluate": workdays(5),
            "completion.needs": ("standard",),
            "completion.then": "feedback",
            "limit.feedback": workdays(1),
        }
    )

    def xiangshan(self):
        """Completed on Wednesday, the submitter has until 03-11."""
        return a_ticket(State.COMPLETED, self.XIANGSHAN)

    def test_the_submitter_confirms_and_the_office_closes(self):
        """XS25-4.4.2k."""
        assert Code.CONFIRMATION_MISSING is refused(self.xiangshan(), OFFICE, Close(), THURSDAY, self.XIANGSHAN).code

        ticket = play(self.xiangshan(), [(OWNER, Confirm(True), THURSDAY), (OFFICE, Close(), FRIDAY)], self.XIANGSHAN)

        assert State.CLOSED is ticket.state

    def test_a_submitter_who_refuses_gets_it_handled_again(self):
        """XS25-4.4.2k: back in handling, a new round and limit; a refusal has a reason."""
        assert Code.FIELD_REQUIRED is refused(self.xiangshan(), OWNER, Confirm(False), THURSDAY, self.XIANGSHAN).code

        ticket = play(self.xiangshan(), [(OWNER, Confirm(False, Text("Still no water.")), THURSDAY)], self.XIANGSHAN)

        assert (State.HANDLING, "unconfirmed", day_end("2026-03-19"), None) == (
            ticket.state,
            ticket.round.cause,
            ticket.clock("resolve").due_at,
            ticket.clock("confirm"),
        )

    def test_a_silent_submitter_does_not_keep_it_open_for_ever(self):
        """POLICY_PACKS 2 no. 43: after his 5 working days, marked as unconfirmed and only then."""
        close, early, late = Close(without_confirmation=True), beijing("2026-03-11 23:00"), beijing("2026-03-12 09:00")
        assert Code.CONFIRMATION_MISSING is refused(self.xiangshan(), OFFICE, close, early, self.XIANGSHAN).code
        assert Code.CONFIRMATION_MISSING is refused(self.xiangshan(), OFFICE, Close(), late, self.XIANGSHAN).code

        (happened,) = decided(self.xiangshan(), OFFICE, close, late, self.XIANGSHAN)

        assert happened.event.is_unconfirmed

    def test_fengjie_feeds_back_and_waits_for_the_vote(self):
        """FJ25-4.10.1a: no feedback, no vote within its time, or 不满意: not closed."""
        ticket = play(a_ticket(State.HANDLING), [(HOUSING_DESK, a_completion(feedback_way="", feedback=None), WEDNESDAY)], self.FENGJIE)
        assert Code.FEEDBACK_MISSING is refused(ticket, OFFICE, Close(), THURSDAY, self.FENGJIE).code
        told = play(ticket, [(HOUSING_DESK, GiveFeedback("phone", Text("x")), THURSDAY)], self.FENGJIE)
        assert Code.EVALUATION_MISSING is refused(told, OFFICE, Close(), THURSDAY, self.FENGJIE).code
        angry = play(told, [(OWNER, Evaluate("dissatisfied"), THURSDAY)], self.FENGJIE)
        assert Code.EVALUATION_MISSING is refused(angry, OFFICE, Close(), APRIL, self.FENGJIE).code

        voted = play(told, [(OWNER, Evaluate("satisfied"), THURSDAY), (OFFICE, Close(), THURSDAY)], self.FENGJIE)
        expired = play(told, [(OFFICE, Close(), APRIL)], self.FENGJIE)

        assert [State.CLOSED] * 2 == [voted.state, expired.state]

    def test_confirming_is_not_offered_where_the_pack_has_no_use_for_it(self):
        """安顺."""
        assert Code.NOTHING_PENDING is refused(a_ticket(State.COMPLETED), OWNER, Confirm(True), THURSDAY).code


class TestArchive:
    """DESIGN 5: a superior's sample is a condition of archiving."""

    def test_not_while_a_round_has_it_in_its_frame(self):
        """The rounds are named."""
        refusal = refused(a_ticket(State.CLOSED), OFFICE, Archive(), APRIL, open_rounds=frozenset({"520400-2026-03"}))

        assert (Code.IN_OPEN_ROUND, "520400-2026-03") == (refusal.code, refusal.facts["rounds"])

    @pytest.mark.parametrize(("period", "last_day"), [("month", "2026-04-15"), ("quarter", "2026-04-15"), ("half_year", "2026-07-14")])
    def test_not_within_ten_working_days_after_its_period_s_cut(self, period, last_day):
        """Completed on 2026-03-04; the tenth working day after the end of the period must be over."""
        policy = a_policy({"archive.period": period})
        end = day_end(last_day)

        just_before = end.replace(hour=end.hour - 1)
        assert Code.ARCHIVE_TOO_EARLY is refused(a_ticket(State.CLOSED), OFFICE, Archive(), just_before, policy).code
        assert State.ARCHIVED is play(a_ticket(State.CLOSED), [(OFFICE, Archive(), end)], policy).state

    def test_a_node_without_a_superior_waits_for_nobody(self):
        """archive.period = none."""
        assert State.ARCHIVED is play(a_ticket(State.CLOSED), [(OFFICE, Archive(), FRIDAY)], a_policy({"archive.period": "none"})).state

    def test_the_archived_ticket_takes_no_more_work(self):
        """AS25-3.6.7a: read-only; archiving it twice changes nothing."""
        ticket = a_ticket(State.ARCHIVED)

        assert [] == decided(ticket, OFFICE, Archive(), APRIL)
        assert [Code.WRONG_STATE] * 3 == [
            refused(ticket, actor, command, APRIL).code
            for actor, command in ((OFFICE, Close()), (HOUSING_DESK, a_completion()), (OWNER, Evaluate("satisfied")))
        ]


class TestReopen:
    """POLICY_PACKS 2 no. 64: once, by the appellant, within 20 working days."""

    def test_a_closed_ticket_goes_back_to_its_lead(self):
        """A new round with the class limit; the first one stays."""
        ticket = play(a_ticket(State.CLOSED), [(OWNER, REOPEN, FRIDAY)])

        assert (State.REWORKING, "reopened", day_end("2026-03-20")) == (ticket.state, ticket.round.cause, ticket.clock("resolve").due_at)
        assert ticket.rounds[0].completion is not None

    def test_what_was_withdrawn_before_it_had_a_lead_goes_back_to_where_it_was(self):
        """Withdrawn while registered: the forming limit begins anew."""
        ticket = play(
            a_ticket(State.REGISTERED),
            [(OWNER, Withdraw(), TUESDAY), (OFFICE, DecideWithdrawal(True), TUESDAY), (OWNER, REOPEN, WEDNESDAY)],
        )

        assert (State.REGISTERED, With.OFFICE, day_end("2026-03-05")) == (ticket.state, ticket.with_whom, ticket.clock("form").due_at)

    def test_once_and_in_time_and_with_a_reason(self):
        """The last moment is 24:00 of 2026-04-02, the twentieth working day."""
        end = day_end("2026-04-02")
        assert State.REWORKING is play(a_ticket(State.CLOSED), [(OWNER, REOPEN, end)]).state
        assert Code.DEADLINE_PASSED is refused(a_ticket(State.CLOSED), OWNER, REOPEN, beijing("2026-04-03 00:00:01")).code
        assert Code.FIELD_REQUIRED is refused(a_ticket(State.CLOSED), OWNER, Reopen(Text("")), FRIDAY).code
        assert Code.WRONG_STATE is refused(a_ticket(State.COMPLETED), OWNER, REOPEN, FRIDAY).code

        again = play(
            a_ticket(State.CLOSED),
            [(OWNER, REOPEN, FRIDAY), (HOUSING_DESK, a_completion(), FRIDAY), (OFFICE, GOOD, FRIDAY), (OFFICE, Close(), FRIDAY)],
        )
        assert Code.REOPENED_BEFORE is refused(again, OWNER, REOPEN, FRIDAY).code


class TestLife:
    """DESIGN 13: a ticket is a function of the set of its entries."""

    @pytest.mark.parametrize("seed", range(5))
    def test_any_order_of_arrival_gives_the_same_ticket(self, seed):
        """Handled, revisited, reworked, rechecked, voted on, closed and reopened."""
        journal = []
        ticket = play(
            a_ticket(State.COMPLETED, journal=journal),
            [
                (OWNER, Evaluate("satisfied"), WEDNESDAY),
                (OFFICE, replace(GOOD, is_consistent=False, evaluation="dissatisfied"), THURSDAY),
                (HOUSING_DESK, ProposeRecheck("finding_disputed", Text("x")), THURSDAY),
                (OFFICE, OpenRecheck((WATER,)), THURSDAY),
                (WATER_DESK, GiveRecheckOpinion(Text("It is right.")), THURSDAY),
                (OFFICE_2, DecideRecheck("stands", Text("x")), THURSDAY),
                (OWNER, Evaluate("satisfied"), FRIDAY),
                (OFFICE_2, Close(), FRIDAY),
                (OWNER, REOPEN, FRIDAY),
                (HOUSING_DESK, a_completion(), FRIDAY),
            ],
            journal=journal,
        )
        arrived = list(journal)
        random.Random(seed).shuffle(arrived)

        assert ticket == fold_ticket(arrived, lambda node: 0)
