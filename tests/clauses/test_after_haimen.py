"""海门, after the answer: the revisit block of annex 1 for every ticket; unsolved goes back or is determined."""

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.closing import Close, Determine
from node.domain.ticket.recheck import AskRecheck
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.rework import SendBack
from node.domain.ticket.state import State
from node.domain.ticket.termination import DecideWithdrawal, Withdraw
from node.services import tallies
from node.services.tallies import Period
from tests.clauses.after_given import a_node, complete, completed, signed, state_of
from tests.clauses.given import beijing, page_of, refuses, the

PACK = "haimen-2020"
CONCLUSION = Determine(Text("规划未调整前无法解决，已纳入下一轮规划"))


def block(**fields: Any) -> RecordRevisit:
    """The revisit block, satisfied and solved, but for *fields*."""
    return RecordRevisit(**({"evaluation": "satisfied", "is_solved": True, "revisited_on": date(2026, 3, 3)} | fields))


class TestRevisitBlock:
    """HM20-3.4b, A1.8: satisfied or not, solved or not, remarks, date; by the office, for every ticket."""

    @pytest.mark.clause("HM20-A1.8a")
    def test_the_office_fills_it_and_not_the_lead(self, tmp_path: Path):
        """HM20-A1.8a: with author and time."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.later(days=1)
        for role in ("department", "specialist", "member"):
            with refuses(Code.PERMISSION_DENIED):
                county.act(role, block(), ticket, "housing")

        county.act("office", block(), ticket, account="zhang")

        filed = next(entry for entry in page_of(county, ticket).timeline if entry.kind == "RevisitFiled")
        assert ("zhang", county.now) == (filed.account, filed.recorded_at)

    @pytest.mark.clause("HM20-A1.8b")
    def test_the_service_is_satisfying_or_not(self, tmp_path: Path):
        """HM20-A1.8b: one of two, neither both nor none nor a third."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.later(days=1)
        for wrong, code in (
            ("satisfied,dissatisfied", Code.VALUE_NOT_OFFERED),
            ("", Code.FIELD_REQUIRED),
            ("average", Code.VALUE_NOT_OFFERED),
        ):
            with refuses(code):
                county.act("office", block(evaluation=wrong), ticket)

        county.act("office", block(evaluation="dissatisfied"), ticket)

        voted = the(county, ticket).rounds[-1].evaluation
        assert voted is not None
        assert ("dissatisfied", False) == (voted.value, voted.is_satisfied)

    @pytest.mark.clause("HM20-A1.8c")
    def test_solved_is_another_question_and_the_completion_rate_counts_it_alone(self, tmp_path: Path):
        """All four pairs of answers are kept."""
        county = a_node(tmp_path, PACK)
        pairs = list(product(("satisfied", "dissatisfied"), (True, False)))
        tickets = [completed(county, PACK) for _ in pairs]
        county.later(days=1)
        with refuses(Code.FIELD_REQUIRED, field="is_solved"):
            county.act("office", block(is_solved=None), tickets[0])

        for ticket, (value, is_solved) in zip(tickets, pairs, strict=True):
            county.act("office", block(evaluation=value, is_solved=is_solved), ticket)

        kept = [the(county, ticket).rounds[-1] for ticket in tickets]
        assert pairs == [(one.evaluation.value, one.revisit.is_solved) for one in kept if one.evaluation and one.revisit]
        with county.node.store.read() as view:
            assert tallies.Solved(asked=4, solved=2) == tallies.solved(view)

    @pytest.mark.clause("HM20-A1.8d")
    def test_the_date_is_not_before_the_reply(self, tmp_path: Path):
        """Nor in time to come; remarks may be left out."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        with refuses(Code.FIELD_REQUIRED, field="revisited_on"):
            county.act("office", block(revisited_on=None), ticket)
        with refuses(Code.DATE_TOO_EARLY, earliest="2026-03-02"):
            county.act("office", block(revisited_on=date(2026, 3, 1)), ticket)
        with refuses(Code.MALFORMED_COMMAND, field="revisited_on"):
            county.act("office", block(revisited_on=date(2026, 3, 3)), ticket)

        county.act("office", block(revisited_on=date(2026, 3, 2)), ticket)

        filed = the(county, ticket).rounds[-1].revisit
        assert filed is not None and date(2026, 3, 2) == filed.on

    @pytest.mark.clause("HM20-3.4b")
    def test_nothing_is_written_off_with_an_empty_block(self, tmp_path: Path):
        """HM20-3.4b: satisfied, solved and date filled, it may be."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        with refuses(Code.REVISIT_MISSING):
            county.act("office", Close(), ticket)

        county.later(days=1)
        county.act("office", block(), ticket)
        county.act("office", Close(), ticket)

        after = the(county, ticket).rounds[-1].revisit
        assert after is not None
        assert (State.CLOSED, True, True, date(2026, 3, 3)) == (the(county, ticket).state, after.is_satisfied, after.is_solved, after.on)


class TestUnsettled:
    """POLICY_PACKS 2 no. 59: not struck off; back to the lead, or determined with a conclusion by the office."""

    @pytest.mark.parametrize("heard", [{"evaluation": "dissatisfied"}, {"is_solved": False}])
    def test_it_waits_for_the_office_to_send_it_back_or_determine_it(self, tmp_path: Path, heard: dict[str, Any]):
        """The revisit itself sends nothing back."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.later(days=1)
        county.act("office", block(**heard), ticket)
        assert ("completed", "office") == state_of(county, ticket)
        with refuses(Code.REVISIT_ADVERSE):
            county.act("office", Close(), ticket)

        county.act("office", SendBack(Text("见回访意见")), ticket)

        assert ("reworking", "department") == state_of(county, ticket)
        complete(county, PACK, ticket)
        county.act("office", block(), ticket)
        county.act("office", Close(), ticket)
        assert State.CLOSED is the(county, ticket).state

    def test_what_is_settled_is_neither_sent_back_nor_determined(self, tmp_path: Path):
        """Satisfied and solved: it is closed."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.later(days=1)
        county.act("office", block(), ticket)

        for command in (SendBack(Text("x")), CONCLUSION):
            with refuses(Code.NOTHING_PENDING):
                county.act("office", command, ticket)

    def test_a_dissatisfied_enterprise_may_have_it_rechecked_once(self, tmp_path: Path):
        """Under every pack."""
        county = a_node(tmp_path, PACK)
        ticket = completed(county, PACK)
        county.later(days=1)
        county.act("office", block(evaluation="dissatisfied"), ticket)
        county.act("office", CONCLUSION, ticket)

        county.act("enterprise", AskRecheck(Text("不认可结论")), ticket)

        assert ("rechecking", "office") == state_of(county, ticket)

    @pytest.mark.clause("HM20-4.3c")
    def test_the_backlog_is_solved_or_determined_and_listed_apart(self, tmp_path: Path):
        """HM20-4.3c: of 7 open on 1 March 3 are solved, 2 determined, 2 left; no determination without a conclusion."""
        county = a_node(tmp_path, PACK, "2026-02-24 09:00")
        tickets = [signed(county, PACK) for _ in range(7)]
        county.at(beijing("2026-03-02 09:00"))
        signed(county, PACK)  # of the period itself
        for ticket in tickets[:5]:
            complete(county, PACK, ticket)
        county.later(days=1)
        for ticket in tickets[:3]:
            county.act("office", block(), ticket)
            county.act("office", Close(), ticket)
        for ticket in tickets[3:5]:
            county.act("office", block(is_solved=False), ticket)
            with refuses(Code.FIELD_REQUIRED, field="conclusion"):
                county.act("office", Determine(Text(" ")), ticket)
            county.act("office", CONCLUSION, ticket)

        county.at(beijing("2026-04-02 09:00"))
        with county.node.store.read() as view:
            report = tallies.backlog(view, Period(date(2026, 3, 1), date(2026, 3, 31)))
        assert (7, 3, 2, 0, 2) == (report.open, report.solved, report.determined, report.otherwise, len(report.left))
        assert sorted(tickets[5:]) == sorted(report.left)


def test_withdrawn_is_determined_with_a_conclusion(tmp_path: Path):
    """POLICY_PACKS 2 no. 62: *determined: withdrawn*."""
    county = a_node(tmp_path, PACK)
    ticket = signed(county, PACK)
    county.act("enterprise", Withdraw(Text("不再要求")), ticket)
    with refuses(Code.FIELD_REQUIRED, field="reason"):
        county.act("office", DecideWithdrawal(is_granted=True), ticket)

    county.act("office", DecideWithdrawal(is_granted=True, reason=Text("企业自行撤回")), ticket)

    after = the(county, ticket)
    assert (State.TERMINATED, "withdrawn", "determined") == (after.state, after.terminated_for, after.ended_as)
