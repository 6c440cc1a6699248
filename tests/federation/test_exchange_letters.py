"""What levels write to one another beside tickets: notices, guidance, platform issues, calendars (DESIGN 6), over three real levels."""

from datetime import timedelta

import pytest

from node.domain.letter.answering import AnswerLetter, ReportLetter
from node.domain.letter.sending import (
    AskGuidance,
    DeclineIssue,
    HandDown,
    PublishNotice,
    RaiseIssue,
    SubmitIssue,
    WithdrawLetter,
)
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.time import end_of, local_day
from node.packs.calendar_file import shipped_texts
from tests.clauses.given import beijing, refuses
from tests.federation.exchange import CITY, COUNTY, PROVINCE, SISTER, Tree, opened, overdue, receipts, the_letter, waiting

TITLE, BODY = Text("开展走访月活动"), Text("请于周五前报告走访情况")
QUESTION = AskGuidance(Text("跨区管网如何确定牵头单位"), Text("两区各执一词，请予指导"))
ISSUE = RaiseIssue("process", Text("会签环节过多"), Text("建议并联会签"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Province, city and two counties: one for all tests, which each look at a letter of their own, at a Monday of their own."""
    tree = Tree(tmp_path_factory.mktemp("tree"))
    tree.county.hands.at(beijing("2026-03-02 09:00"))
    return tree


@pytest.fixture(autouse=True)
def _monday(tree: Tree) -> None:
    """Every test begins on a Monday, with no holiday in the week."""
    now = tree.county.hands.now
    tree.county.hands.at(now + timedelta(days=-now.weekday() % 7))
    tree.settle(60)


def a_notice(tree: Tree) -> PublishNotice:
    """A notice that asks for reports by Friday."""
    return PublishNotice(TITLE, BODY, local_day(tree.county.hands.now) + timedelta(days=4))


class TestNotices:
    """AS25-3.2.3a: the province's work arrangements reach every city and, through it, every county."""

    @pytest.mark.clause("AS25-3.2.3a")
    def test_the_province_sees_by_node_who_received_read_and_reported(self, tree: Tree):
        """All cities and counties get it; a node that was off gets it after reconnecting; late is shown as late."""
        tree.wires[SISTER].is_cut = True
        notice = tree.province.hands.act("office", a_notice(tree)).subject.id
        tree.settle()
        assert {CITY: "r", COUNTY: "r", SISTER: ""} == receipts(tree.province, notice)
        assert (None, [(PROVINCE, "a-office")]) == (the_letter(tree.sister, notice), waiting(tree.county, notice))

        assert {"title": "开展走访月活动", "text": "请于周五前报告走访情况"} == opened(tree.county, notice) == opened(tree.city, notice)
        tree.county.hands.act("office", ReportLetter(Text("已走访12户")), notice)
        tree.settle()
        assert {CITY: "rR", COUNTY: "rRB", SISTER: ""} == receipts(tree.province, notice)
        assert "已走访12户" == opened(tree.province, notice)[f"report/{COUNTY}"] == opened(tree.city, notice)[f"report/{COUNTY}"]

        tree.county.hands.later(hours=1)
        tree.wires[SISTER].is_cut = False
        tree.settle(3600)
        assert {CITY: "rR", COUNTY: "rRB", SISTER: "r"} == receipts(tree.province, notice)
        assert "请于周五前报告走访情况" == opened(tree.sister, notice)["text"]

        tree.sweep(days=5)
        assert [CITY, SISTER] == overdue(tree.province, notice)
        assert {CITY: "rR!", COUNTY: "rRB", SISTER: "rR!"} == receipts(tree.province, notice)
        for place in (tree.city, tree.sister):
            place.hands.act("office", ReportLetter(Text("已补报")), notice)
        tree.settle()
        assert ("complete", []) == (the_letter(tree.province, notice).state, overdue(tree.province, notice))  # type: ignore[union-attr]
        assert {CITY: "rRB!", COUNTY: "rRB", SISTER: "rRB!"} == receipts(tree.province, notice)

    def test_each_node_is_timed_by_its_own_clock_up_to_the_day_that_was_asked(self, tree: Tree):
        """DESIGN 5: whoever must act has a running clock; it goes off once, and stops with the report."""
        notice = tree.province.hands.act("office", a_notice(tree)).subject.id
        tree.settle()
        running = the_letter(tree.county, notice).clock("notice_report", COUNTY)  # type: ignore[union-attr]
        due_on = local_day(tree.county.hands.now) + timedelta(days=4)
        assert running is not None and (end_of(due_on), "office") == (running.due_at, running.owes)

        tree.sweep(days=6)
        tree.sweep(days=1)
        late = the_letter(tree.province, notice).clock("notice_report", COUNTY)  # type: ignore[union-attr]
        assert late is not None and ["early_warning", "overdue"] == sorted(late.fired)
        tree.county.hands.act("office", ReportLetter(Text("已报告")), notice)
        tree.settle()
        assert the_letter(tree.province, notice).clock("notice_report", COUNTY) is None  # type: ignore[union-attr]

    def test_one_that_asks_for_no_report_is_done_with_when_it_was_read(self, tree: Tree):
        """It stays in an inbox until somebody opened it there."""
        notice = tree.city.hands.act("office", PublishNotice(Text("通知"), Text("请知悉"), to=(COUNTY,))).subject.id
        tree.settle()
        assert ([(CITY, "a-office")], []) == (waiting(tree.county, notice), waiting(tree.sister, notice))

        opened(tree.county, notice)
        tree.settle()
        assert ("complete", []) == (the_letter(tree.city, notice).state, waiting(tree.county, notice))  # type: ignore[union-attr]

    def test_who_is_not_addressed_can_neither_read_nor_report(self, tree: Tree):
        """The entry passes by; its keys do not."""
        notice = tree.city.hands.act("office", PublishNotice(Text("通知"), Text("请知悉"), to=(COUNTY,))).subject.id
        tree.settle()
        with refuses(Code.PAYLOAD_SEALED):
            opened(tree.sister, notice)
        with refuses(Code.NOT_ADDRESSED, node=SISTER):
            tree.sister.hands.act("office", ReportLetter(Text("x")), notice)

    def test_withdrawn_nobody_is_timed_any_more(self, tree: Tree):
        """Each node lets its own clock end."""
        notice = tree.province.hands.act("office", a_notice(tree)).subject.id
        tree.settle()
        tree.province.hands.act("office", WithdrawLetter(Text("另行通知")), notice)
        tree.settle()

        tree.sweep(days=6)
        assert ([], []) == (overdue(tree.province, notice), waiting(tree.county, notice))
        assert [None] * 2 == [the_letter(place, notice).clock("notice_report", place.code) for place in (tree.city, tree.county)]  # type: ignore[union-attr]

    def test_a_notice_goes_down_and_nowhere_else(self, tree: Tree):
        """A county has nobody below; a city has no sister county of another."""
        with refuses(Code.FIELD_REQUIRED, field="to"):
            tree.county.hands.act("office", a_notice(tree))
        with refuses(Code.NOT_SUBORDINATE, node=PROVINCE):
            tree.city.hands.act("office", PublishNotice(Text("通知"), Text("请知悉"), to=(PROVINCE,)))
        with refuses(Code.DATE_TOO_EARLY):
            tree.city.hands.act("office", PublishNotice(TITLE, BODY, local_day(tree.county.hands.now) - timedelta(days=1)))


class TestGuidance:
    """AS25-3.2.3b: a county asks its city about a running problem."""

    @pytest.mark.clause("AS25-3.2.3b")
    def test_question_and_answer_stand_in_both_databases_with_their_times(self, tree: Tree):
        """Unanswered after the pack's limit it is listed at the city, and one level up."""
        asked = tree.county.hands.act("office", QUESTION).subject.id
        tree.settle()
        assert [(COUNTY, "a-office")] == waiting(tree.city, asked)
        asked_at = tree.county.hands.now
        # Five working days from Monday 26 January.
        tree.sweep(days=7)
        assert [] == overdue(tree.city, asked)
        tree.sweep(days=1)
        assert [[CITY]] * 3 == [overdue(place, asked) for place in (tree.city, tree.province, tree.county)]

        tree.city.hands.act("office", AnswerLetter(Text("由住建部门牵头")), asked)
        tree.settle()
        pairs = [the_letter(place, asked) for place in (tree.county, tree.city)]
        times = [(one.state, one.opened_at, one.answer.node, one.answer.reported_at) for one in pairs if one is not None and one.answer]
        assert [("answered", asked_at, CITY, tree.city.hands.now)] * 2 == times
        assert ["由住建部门牵头"] * 2 == [opened(place, asked)["answer"] for place in (tree.county, tree.city)]
        assert [[], []] == [overdue(place, asked) for place in (tree.city, tree.province)]

    def test_the_top_of_the_tree_has_nobody_to_ask(self, tree: Tree):
        """There is no level above."""
        with refuses(Code.NO_SUPERIOR):
            tree.province.hands.act("office", QUESTION)

    def test_only_who_was_asked_answers_and_once(self, tree: Tree):
        """The province reads it and does not answer for the city; a second answer is none."""
        asked = tree.county.hands.act("office", QUESTION).subject.id
        tree.settle()
        with refuses(Code.NOT_ADDRESSED, node=PROVINCE):
            tree.province.hands.act("office", AnswerLetter(Text("x")), asked)
        tree.city.hands.act("office", AnswerLetter(Text("由住建部门牵头")), asked)
        assert () == tree.city.hands.act("office", AnswerLetter(Text("另一答复")), asked).entries


class TestPlatformIssues:
    """AS25-3.2.1c: collected at a node, submitted to the province; the answer flows back."""

    @pytest.mark.clause("AS25-3.2.1c")
    def test_the_province_sees_node_and_author_and_its_answer_comes_back(self, tree: Tree):
        """A city's clerk raises it, its office submits it."""
        issue = tree.city.hands.act("window_clerk", ISSUE).subject.id
        assert ([(CITY, "a-window_clerk")], []) == (waiting(tree.city, issue), waiting(tree.province, issue))
        tree.city.hands.act("office", SubmitIssue(), issue)
        tree.settle()
        assert [(CITY, "a-window_clerk")] == waiting(tree.province, issue)
        assert "process" == the_letter(tree.province, issue).topic  # type: ignore[union-attr]
        assert "建议并联会签" == opened(tree.province, issue)["text"]

        tree.province.hands.act("office", AnswerLetter(Text("下一版本调整"), "accepted"), issue)
        tree.settle()
        found = the_letter(tree.city, issue)
        assert found is not None and found.answer is not None
        assert ("answered", "accepted", PROVINCE) == (found.state, found.answer.result, found.answer.node)
        assert "下一版本调整" == opened(tree.city, issue)["answer"]

    def test_a_countys_issue_goes_through_its_city_and_comes_back_the_same_way(self, tree: Tree):
        """The city sees it pass, and is not the one that is asked."""
        issue = tree.county.hands.act("department", ISSUE, unit="housing").subject.id
        tree.county.hands.act("office", SubmitIssue(), issue)
        tree.settle()
        assert ([], [(COUNTY, "a-department")]) == (waiting(tree.city, issue), waiting(tree.province, issue))

        tree.province.hands.act("office", AnswerLetter(Text("已列入"), "later"), issue)
        tree.settle()
        assert {"answer": "已列入", "text": "建议并联会签", "title": "会签环节过多"} == opened(tree.county, issue)

    def test_the_offices_own_decision_not_to_submit_is_told_to_the_author(self, tree: Tree):
        """What was declined goes no further."""
        issue = tree.county.hands.act("department", ISSUE, unit="housing").subject.id
        tree.county.hands.act("office", DeclineIssue(Text("本级可调整")), issue)
        tree.settle()
        assert ([], "本级可调整") == (waiting(tree.province, issue), opened(tree.county, issue)["reason"])
        with refuses(Code.LETTER_STATE, state="declined"):
            tree.county.hands.act("office", SubmitIssue(), issue)

    def test_the_province_keeps_its_own_in_its_own_inbox(self, tree: Tree):
        """There is no level above: it answers itself."""
        issue = tree.province.hands.act("office", ISSUE).subject.id
        tree.province.hands.act("office", SubmitIssue(), issue)
        tree.settle()
        assert [(PROVINCE, "a-office")] == waiting(tree.province, issue)
        tree.province.hands.act("office", AnswerLetter(Text("采纳"), "accepted"), issue)
        assert "answered" == the_letter(tree.province, issue).state  # type: ignore[union-attr]


class TestFilesHandedDown:
    """DESIGN 6: calendars and packs go down; a statutory calendar is adopted by itself, the rest is proposed to the office."""

    def calendars(self, place: object) -> list[str]:
        """The versions in force at a node."""
        with place.level.store.read() as view:  # type: ignore[attr-defined]
            return list(place.hands.node.policies.bare(view).calendar.version.split("+"))  # type: ignore[attr-defined]

    def test_a_statutory_calendar_is_adopted_by_every_node_below_and_reported(self, tree: Tree):
        """The next version of the year comes into force without anybody's hands."""
        text = shipped_texts()["2026.toml"].replace('version = "2026.1"', 'version = "2026.2"')
        letter = tree.province.hands.act("office", HandDown("calendar", "2026.toml", "2026.2", "0" * 64, Text(text), True)).subject.id
        tree.settle()

        assert [True] * 3 == ["2026.2" in self.calendars(place) for place in (tree.city, tree.county, tree.sister)]
        found = the_letter(tree.province, letter)
        assert found is not None and "complete" == found.state
        assert ["adopted"] * 3 == [one.result for one in found.receipts]

    @pytest.mark.parametrize(("text", "is_automatic"), [("not a calendar", True), (shipped_texts()["2026.toml"], False)])
    def test_what_is_no_statutory_calendar_waits_for_the_office(self, tree: Tree, text: str, is_automatic: bool):
        """A broken file, and one that is only proposed: in the inbox, with a limit; the office says no with its reason."""
        letter = tree.city.hands.act("office", HandDown("calendar", "2026.toml", "2026.2", "0" * 64, Text(text), is_automatic)).subject.id
        tree.settle()
        assert [(CITY, "a-office")] == waiting(tree.county, letter)
        assert the_letter(tree.county, letter).clock("file_decision", COUNTY) is not None  # type: ignore[union-attr]

        with refuses(Code.FIELD_REQUIRED, field="report"):
            tree.county.hands.act("office", ReportLetter(result="not_adopted"), letter)
        tree.county.hands.act("office", ReportLetter(Text("与本地安排冲突"), "not_adopted"), letter)
        tree.settle()
        found = the_letter(tree.city, letter)
        assert found is not None and ["not_adopted"] == [one.result for one in found.receipts if one.node == COUNTY]
