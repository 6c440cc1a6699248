"""奉节, after the answer: the four levels, the supervision side's verification, the second handling, the third party."""

from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.assessment import AssignAssessment, FileAssessment
from node.domain.ticket.closing import Close
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.follow_up import AssessFollowUp
from node.domain.ticket.recheck import AskRecheck
from node.domain.ticket.rework import SendBack
from node.domain.ticket.state import State
from node.domain.ticket.termination import Withdraw
from node.domain.ticket.verification import ApproveExplanation, OrderRework
from node.services import assessments, tallies
from tests.clauses.after_given import DESK, a_node, complete, completed, resign, signed, state_of
from tests.clauses.given import clock_of, kinds_of, page_of, refuses, swept, the

PACK = "fengjie-2025"
ORDER = OrderRework("partly_solved", Text("只排了北侧，南侧仍有积水"))
ASSESS = AssessFollowUp("resolved", Text("现场复核，积水已排尽"))


@pytest.mark.clause("FJ25-4.10.3a")
def test_four_levels_and_only_the_lowest_starts_a_second_handling(tmp_path: Path):
    """FJ25-4.10.3a: each value is taken; a fifth is none; nobody asks beside it whether it is solved."""
    county = a_node(tmp_path, PACK)
    values = ("very_satisfied", "satisfied", "average", "dissatisfied")
    tickets = {value: completed(county, PACK) for value in values}
    with refuses(Code.VALUE_NOT_OFFERED, value="very_dissatisfied"):
        county.act("enterprise", Evaluate("very_dissatisfied"), tickets["average"])
    with refuses(Code.MALFORMED_COMMAND, field="is_solved"):
        county.act("enterprise", Evaluate("satisfied", is_solved=True), tickets["average"])

    for value, ticket in tickets.items():
        county.act("enterprise", Evaluate(value), ticket)

    assert ["dissatisfied"] == [value for value, ticket in tickets.items() if the(county, ticket).state is State.VERIFYING]
    votes = {value: the(county, ticket).rounds[0].evaluation for value, ticket in tickets.items()}
    assert {"very_satisfied": True, "satisfied": True, "average": None, "dissatisfied": False} == {
        value: vote.is_satisfied for value, vote in votes.items() if vote is not None
    }


class TestVerification:
    """FJ25-4.11.1: 不满意 goes to the supervision department, which finds the cause and has it assigned anew."""

    @pytest.mark.clause("FJ25-4.11.1a")
    def test_the_task_is_the_supervision_departments_and_no_handlers(self, tmp_path: Path):
        """It is timed; the handling unit cannot close it, whatever role it has."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)

        county.act("enterprise", Evaluate("dissatisfied"), ticket)

        task = clock_of(county, ticket, "verify")
        assert (("verifying", "supervision"), "supervision", True) == (state_of(county, ticket), task.owes, task.is_running)
        for role, code in (("department", Code.PERMISSION_DENIED), ("supervision", Code.OWN_CASE)):
            with refuses(code):
                county.act(role, ORDER, ticket, "housing")
            with refuses(code):
                county.act(role, ApproveExplanation("expectation", Text("已说明")), ticket, "housing")

    @pytest.mark.clause("FJ25-4.11.1b")
    def test_it_is_assigned_anew_until_the_enterprise_is_satisfied(self, tmp_path: Path):
        """Three rounds, each with a cause and a new deadline, each signed again; the satisfied vote lets it be closed."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        due = []
        for turn in range(3):
            county.act("enterprise", Evaluate("dissatisfied"), ticket)
            with refuses(Code.FIELD_REQUIRED, field="found_cause"):
                county.act("supervision", OrderRework("", Text("原因不明")), ticket)
            county.later(days=1)
            county.act("supervision", OrderRework("partly_solved", Text(f"第{turn + 1}次：积水未排尽")), ticket)
            assert ("dispatched", "department") == state_of(county, ticket)
            due.append(clock_of(county, ticket, "resolve").due_at)
            resign(county, PACK, ticket)
            complete(county, PACK, ticket)
        county.act("enterprise", Evaluate("satisfied"), ticket)
        county.act("supervision", ASSESS, ticket)
        county.act("office", Close(), ticket)

        after = the(county, ticket)
        assert [(1, "first"), (2, "rework"), (3, "rework"), (4, "rework")] == [(one.number, one.cause) for one in after.rounds]
        assert ["partly_solved"] * 3 == [one.after.referral.cause for one in after.rounds if one.after.referral is not None]
        causes = [entry.texts["reason"] for entry in page_of(county, ticket).timeline if entry.kind == "CauseFound"]
        assert ["第1次：积水未排尽", "第2次：积水未排尽", "第3次：积水未排尽"] == causes
        assert (3, State.CLOSED) == (len(set(due)), after.state)

    def test_the_supervision_department_may_name_another_unit(self, tmp_path: Path):
        """重新交办: to whom it belongs."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.act("enterprise", Evaluate("dissatisfied"), ticket)

        county.act("supervision", OrderRework("unsolved", Text("应由水务部门办理"), DESK.replace("housing", "water")), ticket)

        assert DESK.replace("housing", "water") == the(county, ticket).lead

    def test_an_approved_explanation_ends_it_apart_and_never_as_satisfied(self, tmp_path: Path):
        """POLICY_PACKS 2 no. 28: only of what was completed as what cannot be handled; the vote stays what it was."""
        county = a_node(tmp_path, PACK)
        solved, hopeless = completed(county, PACK), signed(county, PACK)
        grounds = {"standard": "cannot_be_handled", "sub_code": "policy_or_law", "explanation": Text("规划禁止在此排水，已当面说明")}
        complete(county, PACK, hopeless, **grounds)
        approve = ApproveExplanation("expectation", Text("依据充分，已向企业说明"))
        for ticket in (solved, hopeless):
            county.act("enterprise", Evaluate("dissatisfied"), ticket)
        with refuses(Code.GROUND_NOT_MET, ground="explained"):
            county.act("supervision", approve, solved)

        county.act("supervision", approve, hopeless)
        county.act("office", Close(), hopeless)

        with county.node.store.read() as view:
            row = view.readings.rows({hopeless})[hopeless]
            assert ("closed", "explained", False) == (row.state, row.ended_as, row.satisfied)
            assert {"explained": 1} == tallies.by_end(view)
        county.act("enterprise", AskRecheck(Text("请再看一次")), hopeless)  # under every pack, once (no. 59)
        assert ("rechecking", "office") == state_of(county, hopeless)

    def test_the_office_sends_nothing_back_by_itself(self, tmp_path: Path):
        """USERS A9: what a pack says, and nothing else."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.act("enterprise", Evaluate("average"), ticket)

        with refuses(Code.NOTHING_PENDING):
            county.act("office", SendBack(Text("再办一次")), ticket)


class TestSecondHandling:
    """FJ25-4.11.2: assessed apart, and voted on again."""

    @pytest.mark.clause("FJ25-4.11.2a")
    def test_both_votes_and_the_assessment_are_kept(self, tmp_path: Path):
        """Without the assessment nothing is closed, and there is none before the second vote."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.act("enterprise", Evaluate("dissatisfied"), ticket)
        county.act("supervision", ORDER, ticket)
        resign(county, PACK, ticket)
        complete(county, PACK, ticket)
        assert ("completed", "appellant") == state_of(county, ticket)
        with refuses(Code.EVALUATION_MISSING):
            county.act("supervision", ASSESS, ticket)
        county.act("enterprise", Evaluate("satisfied"), ticket)
        assert ("completed", "supervision") == state_of(county, ticket)
        with refuses(Code.FOLLOW_UP_MISSING):
            county.act("office", Close(), ticket)

        county.act("supervision", ASSESS, ticket)
        county.act("office", Close(), ticket)

        after = the(county, ticket)
        assert ["dissatisfied", "satisfied"] == [one.evaluation.value for one in after.rounds if one.evaluation]
        assert [None, "resolved"] == [one.after.follow_up and one.after.follow_up.effect for one in after.rounds]
        assert (1, State.CLOSED) == (kinds_of(county, ticket).count("FollowUpAssessed"), after.state)

    def test_a_first_handling_needs_none(self, tmp_path: Path):
        """Closed after the vote, and nobody may assess it."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.act("enterprise", Evaluate("very_satisfied"), ticket)
        with refuses(Code.NOTHING_PENDING, application="follow_up"):
            county.act("supervision", ASSESS, ticket)

        county.act("office", Close(), ticket)

        assert State.CLOSED is the(county, ticket).state


class TestVotes:
    """One effective vote a round: the last in time, else the last late one; all others stay, with their time."""

    def test_silence_is_no_satisfaction(self, tmp_path: Path):
        """The time for voting over, the node goes on by itself, the ticket is counted as not evaluated."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        with refuses(Code.EVALUATION_MISSING):
            county.act("office", Close(), ticket)

        swept(county, "2026-03-10 00:01")

        assert ("completed", "office") == state_of(county, ticket)
        county.act("office", Close(), ticket)
        with county.node.store.read() as view:
            row = view.readings.rows({ticket})[ticket]
        assert ("closed", None, "") == (row.state, row.satisfied, row.evaluation)

    def test_a_late_vote_is_marked_and_displaces_none_that_came_in_time(self, tmp_path: Path):
        """Nobody is talked out of his vote unseen."""
        county = a_node(tmp_path, PACK)
        early, late = completed(county, PACK), completed(county, PACK)
        county.act("enterprise", Evaluate("average"), early)
        swept(county, "2026-03-10 00:01")

        county.act("enterprise", Evaluate("very_satisfied"), early)
        county.act("enterprise", Evaluate("satisfied"), late)

        votes = [one.evaluation for ticket in (early, late) for one in the(county, ticket).rounds]
        assert [("average", False), ("satisfied", True)] == [(vote.value, vote.is_late) for vote in votes if vote is not None]
        kept = [entry.facts["value"] for entry in page_of(county, early).timeline if entry.kind == "Evaluated"]
        assert ["average", "very_satisfied"] == kept

    def test_a_late_dissatisfaction_with_what_is_closed_is_verified_while_it_could_be_reopened(self, tmp_path: Path):
        """Twenty working days; after that the vote is kept and nothing follows."""
        county = a_node(tmp_path, PACK)
        soon, long_ago = completed(county, PACK), completed(county, PACK)
        swept(county, "2026-03-10 09:00")
        for ticket in (soon, long_ago):
            county.act("office", Close(), ticket)

        county.act("enterprise", Evaluate("dissatisfied"), soon)
        county.later(days=60)
        county.act("enterprise", Evaluate("dissatisfied"), long_ago)

        assert [State.VERIFYING, State.CLOSED] == [the(county, ticket).state for ticket in (soon, long_ago)]


def test_a_withdrawal_takes_effect_at_once_also_while_it_is_verified(tmp_path: Path):
    """FJ25-3.9.1, POLICY_PACKS 2 no. 62: in every open state."""
    county = a_node(tmp_path, PACK)
    ticket = completed(county, PACK)
    county.act("enterprise", Evaluate("dissatisfied"), ticket)

    county.act("enterprise", Withdraw(Text("不再要求")), ticket)

    after = the(county, ticket)
    assert (State.TERMINATED, "withdrawn", "terminated") == (after.state, after.terminated_for, after.ended_as)
    assert [] == [clock.name for clock in after.clocks.values() if clock.is_running]


@pytest.mark.clause("FJ25-5.14.2a")
def test_a_third_party_scores_its_batch_and_sees_no_other_ticket(tmp_path: Path):
    """FJ25-5.14.2a: 20 tickets, three indicators each; the report shows three averages."""
    county = a_node(tmp_path, PACK)
    tickets = []
    for _ in range(21):
        ticket = completed(county, PACK)
        county.act("enterprise", Evaluate("satisfied"), ticket)
        county.act("office", Close(), ticket)
        tickets.append(ticket)
    *batch, other = tickets
    with refuses(Code.WRONG_STATE):
        county.act("office", AssignAssessment("2026Q1", "assessor-1"), completed(county, PACK))
    for ticket in batch:
        county.act("office", AssignAssessment("2026Q1", "assessor-1"), ticket)

    calendar = county.node.policies.bare
    with county.node.store.read() as view:
        assert tuple(batch) == assessments.tickets_of(view, "assessor-1", "2026Q1")
        assert batch[0] == assessments.page(view, "assessor-1", batch[0], calendar(view).calendar, county.now).ticket.id
        with refuses(Code.NOT_IN_BATCH, ticket=other):
            assessments.page(view, "assessor-1", other, calendar(view).calendar, county.now)
    with refuses(Code.NOT_IN_BATCH):
        county.act("assessor", FileAssessment("2026Q1", ("procedure=90", "timeliness=80", "satisfaction=70")), other, account="assessor-1")
    with refuses(Code.NOT_IN_BATCH):
        county.act("assessor", FileAssessment("2026Q1", ("procedure=90",)), batch[0], account="assessor-2")
    with refuses(Code.SCORES_INCOMPLETE, missing="satisfaction"):
        county.act("assessor", FileAssessment("2026Q1", ("procedure=90", "timeliness=80")), batch[0], account="assessor-1")
    before = the(county, batch[0])
    for place, ticket in enumerate(batch):
        scores = (f"procedure={80 + place}", "timeliness=100", f"satisfaction={60 + place % 2}")
        county.act("assessor", FileAssessment("2026Q1", scores), ticket, account="assessor-1")

    with county.node.store.read() as view:
        report = assessments.report(view, "2026Q1")
    assert (20, 20, {"procedure": 895, "timeliness": 1000, "satisfaction": 605}) == (report.given, report.filed, dict(report.tenths))
    after = the(county, batch[0])
    assert (before.state, before.rounds) == (after.state, after.rounds)  # recorded apart
