"""象山, after the answer: whoever submitted it confirms, the centre verifies; one matter, one evaluation; withdrawn is struck off."""

from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.closing import Close, ReportBack
from node.domain.ticket.confirmation import Confirm
from node.domain.ticket.evaluation import Evaluate, RecordEvaluation, RecordEvaluationAttempt
from node.domain.ticket.recheck import AskRecheck
from node.domain.ticket.state import State
from node.domain.ticket.termination import DecideWithdrawal, Withdraw
from node.services import tallies
from tests.clauses.after_given import a_node, completed, signed, state_of
from tests.clauses.given import clock_of, kinds_of, refuses, rungs_of, swept, the

PACK = "xiangshan-2025"
NOT_SETTLED = Confirm(is_settled=False, reason=Text("便道只通了一半"))
# What a supervision office found: it submitted, the enterprise is told.
BY_OFFICE = {"channel": "supervision_office", "assigned_by": "county-supervision"}


class TestConfirmation:
    """XS25-4.4.2k: struck off once who raised it confirmed and the centre verified, in this order."""

    @pytest.mark.clause("XS25-4.4.2k")
    def test_confirmed_then_verified(self, tmp_path: Path):
        """The centre does not come first; two records stand behind the write-off."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        with refuses(Code.CONFIRMATION_MISSING):
            county.act("office", Close(), ticket)

        county.act("enterprise", Confirm(is_settled=True), ticket)
        assert ("completed", "office") == state_of(county, ticket)
        county.act("office", Close(), ticket)

        assert ["Confirmed", "Closed"] == kinds_of(county, ticket)[-2:]
        assert State.CLOSED is the(county, ticket).state

    @pytest.mark.clause("XS25-4.4.2k")
    def test_refused_it_goes_back_to_handling(self, tmp_path: Path):
        """Who raised it says that it is not settled: the lead has it again, with a new limit."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)

        county.act("enterprise", NOT_SETTLED, ticket)

        assert (("handling", "department"), True) == (state_of(county, ticket), clock_of(county, ticket, "resolve").is_running)

    def test_silence_is_reminded_and_then_marked(self, tmp_path: Path):
        """POLICY_PACKS 2 no. 43: a reminder, and after 5 working days the centre may verify; counted apart."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        swept(county, "2026-03-06 10:00")
        assert 1 == len(rungs_of(county, ticket, "confirm", "early_warning"))
        with refuses(Code.CONFIRMATION_MISSING):
            county.act("office", Close(without_confirmation=True), ticket)

        swept(county, "2026-03-10 00:01")

        assert ("completed", "office") == state_of(county, ticket)
        with refuses(Code.CONFIRMATION_MISSING):
            county.act("office", Close(), ticket)
        county.act("office", Close(Text("中心已现场核实"), without_confirmation=True), ticket)
        with county.node.store.read() as view:
            assert {"unconfirmed": 1} == tallies.by_end(view)

    def test_what_somebody_else_submitted_he_confirms_and_the_enterprise_may_object(self, tmp_path: Path):
        """USERS 3.2 no. 54: within the same limit; its word settles it at once, its silence lets it pass."""
        county = a_node(tmp_path, PACK)
        waived, silent, contested = (completed(county, PACK, **BY_OFFICE) for _ in range(3))
        record = county.node.blobs.put("督查室确认单".encode())
        said = Confirm(is_settled=True, evidence=(record,), speaks_for="submitter")
        with refuses(Code.EVIDENCE_MISSING):
            county.act("specialist", Confirm(is_settled=True, speaks_for="submitter"), silent)
        for ticket in (waived, silent, contested):
            county.act("specialist", said, ticket)
            county.act("office", ReportBack(Text("已办结")), ticket)
            assert ("completed", "appellant") == state_of(county, ticket)
            with refuses(Code.CONFIRMATION_MISSING):
                county.act("office", Close(), ticket)

        county.act("enterprise", Confirm(is_settled=True), waived)
        county.act("office", Close(), waived)
        county.act("enterprise", NOT_SETTLED, contested)
        swept(county, "2026-03-10 00:01")
        with refuses(Code.DEADLINE_PASSED):
            county.act("enterprise", NOT_SETTLED, silent)
        county.act("office", Close(), silent)

        assert [State.CLOSED, State.CLOSED, State.HANDLING] == [the(county, one).state for one in (waived, silent, contested)]
        with county.node.store.read() as view:
            assert {} == tallies.by_end(view)  # confirmed by who submitted it

    def test_nobody_confirms_what_he_did_not_submit(self, tmp_path: Path):
        """A supervisor has no word on the enterprise's own ticket, nor has the handling unit."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)

        with refuses(Code.PERMISSION_DENIED):
            county.act("finder", Confirm(is_settled=True), ticket)
        with refuses(Code.OWN_CASE):
            county.act("specialist", Confirm(is_settled=True, evidence=(county.node.blobs.put(b"x"),)), ticket, "housing")


def written_off(county, count: int) -> list[str]:
    """Tickets that were confirmed and closed."""
    tickets = [completed(county, PACK) for _ in range(count)]
    for ticket in tickets:
        county.act("enterprise", Confirm(is_settled=True), ticket)
        county.act("office", Close(), ticket)
    return tickets


class TestEvaluation:
    """XS25-4.6: four ways; one matter, one evaluation."""

    @pytest.mark.clause("XS25-4.6a")
    def test_each_vote_stores_its_way(self, tmp_path: Path):
        """Online, on a questionnaire, on the phone, on a visit; a way outside the list is refused."""
        county = a_node(tmp_path, PACK)
        online, *others = written_off(county, 4)
        with refuses(Code.VALUE_NOT_OFFERED, value="message"):
            county.act("specialist", RecordEvaluation("satisfied", "message"), others[0])

        county.act("enterprise", Evaluate("satisfied"), online)
        for way, ticket in zip(("questionnaire", "phone", "visit"), others, strict=True):
            county.act("specialist", RecordEvaluation("satisfied", way), ticket)

        with county.node.store.read() as view:
            assert {"online": 1, "phone": 1, "questionnaire": 1, "visit": 1} == tallies.by_evaluation_way(view)

    @pytest.mark.clause("XS25-4.6b")
    def test_every_written_off_ticket_has_exactly_one_record(self, tmp_path: Path):
        """A value, or not reached with attempts; the gap list names what is left; a second evaluation is refused."""
        county = a_node(tmp_path, PACK)
        *voted, unreached, left = written_off(county, 10)
        for ticket in voted:
            county.act("specialist", RecordEvaluation("satisfied", "phone"), ticket)
        for _ in range(3):
            county.act("specialist", RecordEvaluationAttempt("phone"), unreached)

        with county.node.store.read() as view:
            assert (left,) == tallies.evaluation_gaps(view)
        for ticket in (voted[0], unreached):
            with refuses(Code.ALREADY_EXISTS, kind="evaluation"):
                county.act("specialist", RecordEvaluation("dissatisfied", "visit"), ticket)
        with refuses(Code.ALREADY_EXISTS, kind="evaluation"):
            county.act("enterprise", Evaluate("dissatisfied"), voted[0])

    def test_dissatisfaction_sends_nothing_back_but_may_be_rechecked_once(self, tmp_path: Path):
        """USERS A9, POLICY_PACKS 2 no. 59: the office decides."""
        county = a_node(tmp_path, PACK)
        (ticket,) = written_off(county, 1)

        county.act("enterprise", Evaluate("dissatisfied", is_solved=True), ticket)
        assert State.CLOSED is the(county, ticket).state
        county.act("enterprise", AskRecheck(Text("工期太长")), ticket)

        assert ("rechecking", "office") == state_of(county, ticket)


def test_withdrawn_is_struck_off_after_the_centre_verified(tmp_path: Path):
    """POLICY_PACKS 2 no. 62: two working days, with a note of what was verified; counted apart."""
    county = a_node(tmp_path, PACK)
    ticket = signed(county, PACK)

    county.act("enterprise", Withdraw(Text("已自行解决")), ticket)
    assert "office" == clock_of(county, ticket, "withdrawal_decision").owes
    with refuses(Code.FIELD_REQUIRED, field="reason"):
        county.act("office", DecideWithdrawal(is_granted=True), ticket)
    county.act("office", DecideWithdrawal(is_granted=True, reason=Text("已电话核实")), ticket)

    after = the(county, ticket)
    assert (State.TERMINATED, "withdrawn", "struck_off") == (after.state, after.terminated_for, after.ended_as)
