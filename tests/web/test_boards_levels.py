"""The boards between levels: what is asked of whom, letters with their readings, and rounds whose draw anybody repeats."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from node.domain import round as d
from node.domain import round_record as record
from node.domain.letter.sending import AskGuidance, PublishNotice
from node.domain.payload import Text
from node.domain.ticket.escalation import AcceptEscalation, ReturnEscalation
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.time import local_day
from node.services import disagreements, rounds
from tests.federation.exchange import PASSED, Tree
from tests.federation.situations import escalate
from tests.support.node import Hands
from tests.support.sampling import ROUND, city_and_county, drawn_round, the_round
from tests.web.api import Caller
from tests.web.support import at_desk, csrf


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Province, city and two counties: one for all tests, which each look at something of their own."""
    return Tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hands, Hands]:
    """A city that has drawn from a county; tests only look."""
    city, county = city_and_county(tmp_path_factory.mktemp("drawn"))
    drawn_round(city, county, 12)
    return city, county


@pytest.fixture
def calling(tmp_path: Path) -> Hands:
    """A city that calls what it has drawn."""
    city, county = city_and_county(tmp_path)
    drawn_round(city, county, 3)
    return city


def office(hands: Hands) -> TestClient:
    return at_desk(hands, "centre", "office")


def post(client: TestClient, path: str, **fields: object) -> Any:
    """A form that is sent, and the page behind it."""
    answer = client.post(path, data={"csrf": csrf, **fields})
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def section(page: str, heading: str) -> str:
    """What stands under one heading of a board."""
    return page.split(f"<h2>{heading}", 1)[-1].split("<h2>", 1)[0]


class TestEscalations:
    def test_who_is_asked_reads_what_was_written_for_him(self, tree: Tree) -> None:
        """AS25-4.2.1.3b: reason and opinion are opened for whoever answers, and the opening is kept; no notice is sent upward."""
        number = formed(tree)
        escalate(tree.county, number)
        tree.settle()
        client = office(tree.city.hands)

        page = post(client, f"/tickets/{number}/open", purpose="handling").text
        offered = client.get("/new/publish-notice").text

        assert "超出权限" in page
        assert "520402" in offered and 'value="520000"' not in offered

    def test_what_is_asked_stands_above_to_be_answered_and_below_as_waiting(self, tree: Tree) -> None:
        """DESIGN 6: the county waits, the city answers, each with the clock of who must."""
        number = formed(tree)
        escalate(tree.county, number)
        tree.settle()

        above, below = (office(one.hands).get("/boards/escalations").text for one in (tree.city, tree.county))

        assert f"/tickets/{number}/do/accept-escalation" in section(above, "请我们答复")
        assert f"/tickets/{number}/do/return-escalation" in section(above, "请我们答复")
        assert f"/tickets/{number}/do/request-withdrawal-of-escalation" in section(below, "我们提出，等待答复")
        assert "accept-escalation" not in below

    def test_once_accepted_the_county_sees_in_words_how_it_stands_above(self, tree: Tree) -> None:
        """USERS walk (c): escalated, and nobody knew where it was."""
        number = formed(tree)
        escalate(tree.county, number)
        tree.settle()
        tree.city.hands.act("office", AcceptEscalation(category="coordination", complexity="plain"), number)
        tree.settle()

        page = section(office(tree.county.hands).get("/boards/escalations").text, "已在其他层级办理")

        assert number in page
        assert "node 520400" in page

    def test_why_a_ticket_was_returned_is_read_in_words(self, tree: Tree) -> None:
        """FEDERATION 2.5, a reason code and a text: the form offers the codes by what they mean, board and timeline say the same."""
        number = formed(tree)
        escalate(tree.county, number)
        tree.settle()
        form = office(tree.city.hands).get(f"/tickets/{number}/do/return-escalation").text

        tree.city.hands.act("office", ReturnEscalation("within_authority", Text("请依法办理")), number)
        tree.settle()
        below = office(tree.county.hands)
        board, page = section(below.get("/boards/escalations").text, "退回"), below.get(f"/tickets/{number}").text
        english = at_desk(tree.county.hands, "centre", "office", "en").get(f"/tickets/{number}").text

        assert "退回理由<" in form and "理由代码" not in form + page
        assert re.search(r'<option value="within_authority">\s*属提出单位本级权限', form)
        assert "属提出单位本级权限" in board and "属提出单位本级权限" in page
        assert "within the authority of the level that asked" in english
        assert [] == [one for one in (board, page, english) if "within_authority" in one]

    def test_another_system_is_told_what_waits_at_which_level(self, tree: Tree) -> None:
        """The same on both sides, with when it must be answered; page by page."""
        for _ in range(2):
            escalate(tree.county, formed(tree))
        tree.settle()
        above, below = (Caller(one.hands, "centre", "office") for one in (tree.city, tree.county))
        whole = [(one["ticket"], one["node"], one["asker"], one["due_at"]) for one in above.get("/asks").json()["asked"]]
        first = below.get("/asks", limit=1).json()
        second = below.get("/asks", limit=1, cursor=first["next"]).json()

        assert {("520400", "520402")} == {one[1:3] for one in whole} and len(whole) == first["count"]
        assert [one[0] for one in whole][:2] == [one["ticket"] for page in (first, second) for one in page["asked"]]
        assert len(whole) == above.get("/boards/escalations").json()["count"]

    def test_a_department_is_shown_no_board_of_levels(self, tree: Tree) -> None:
        """Who has no part in it gets 403."""
        assert 403 == at_desk(tree.county.hands, "d-housing", "department").get("/boards/escalations").status_code


class TestLetters:
    def test_a_notice_is_opened_by_a_click_which_is_its_reading(self, tree: Tree) -> None:
        """AS25-3.2.3a: received, read, reported, node by node; looking at the list is no reading."""
        notice = PublishNotice(Text("开展走访月活动"), Text("请于周五前报告走访情况"), local_day(tree.county.hands.now))
        letter = tree.city.hands.act("office", notice).subject.id
        tree.settle()
        client = office(tree.county.hands)

        listed = client.get("/boards/letters").text
        before = client.get(f"/boards/letters/{letter}").text
        after = post(client, f"/boards/letters/{letter}/open").text
        tree.settle()

        assert f"/letter/{letter}/do/report-letter?back=/boards/letters" in listed
        assert "请于周五前报告走访情况" not in before
        assert "请于周五前报告走访情况" in after
        assert "已收2，已阅1，已报0" in office(tree.city.hands).get("/boards/letters").text

    def test_a_question_lies_above_to_be_answered(self, tree: Tree) -> None:
        """AS25-3.2.3b."""
        letter = tree.county.hands.act("office", AskGuidance(Text("跨区管网如何确定牵头单位"), Text("请予指导"))).subject.id
        tree.settle()

        assert f"/letter/{letter}/do/answer-letter" in office(tree.city.hands).get("/boards/letters").text

    def test_a_letter_is_not_there_for_whoever_may_not_read_letters(self, tree: Tree) -> None:
        """A department sees what it wrote itself, and nothing else."""
        letter = tree.city.hands.act("office", PublishNotice(Text("通知"), Text("内部"), None)).subject.id
        tree.settle()

        assert 404 == at_desk(tree.county.hands, "d-housing", "department").get(f"/boards/letters/{letter}").status_code


class TestRounds:
    def test_the_draw_is_repeated_step_by_step(self, drawn: tuple[Hands, Hands]) -> None:
        """DESIGN 8, "one button recomputes the draw": each published input beside what comes out here."""
        page = office(drawn[0]).get(f"/boards/rounds/{ROUND}?recompute=true").text

        table = page.split('id="recomputed"', 1)[1].split("</table>", 1)[0]
        assert (5, 0, 1) == tuple(table.count(f"<strong>{word}</strong>") for word in ("一致", "不一致", "揭晓后可比对"))

    def test_a_draw_that_was_altered_shows_where(self, drawn: tuple[Hands, Hands], monkeypatch: pytest.MonkeyPatch) -> None:
        """A key that the seed does not give: the last step is unequal, those before it are not."""
        real = rounds.find_round

        def swapped(view: Any, id: str) -> record.Round | None:
            found = real(view, id)
            return None if found is None else replace(found, drawn=(*found.drawn[:-1], "52040220260210999990#1"))

        monkeypatch.setattr(rounds, "find_round", swapped)
        with drawn[0].node.store.read() as view:
            again = rounds.recompute(view, ROUND)

        assert (True, True, False) == (again.is_commitment_kept, again.is_frame_same, again.is_sample_same)

    def test_a_call_is_made_from_the_page(self, calling: Hands) -> None:
        """Open for the round, ask, record: the opening names the round, the answer is compared with the county's word."""
        client = office(calling)
        key = the_round(calling).pending[0]

        opened = client.post(f"/boards/rounds/{ROUND}/open", data={"csrf": csrf, "key": key})
        page = post(
            client,
            f"/boards/rounds/{ROUND}/call",
            key=key,
            is_reached="yes",
            is_consistent="no",
            is_standard_met="no",
            is_satisfied="no",
            note="没有人来过",
            command_id="k-1",
        )

        assert "灌溉水渠堵塞" in opened.text
        assert "no-store" == opened.headers["cache-control"]
        assert "已办1件" in page.text
        with calling.node.store.read() as view:
            lines = disagreements.compared(view, ROUND)
        assert [(key, True)] == [(one.key, one.differs) for one in lines]

    def test_a_round_is_revealed_once_its_calls_are_done(self, calling: Hands) -> None:
        """Until then the page says how many are open and when the window ends, in place of an act that is refused."""
        act = f"/round/{ROUND}/do/reveal-round"
        before = office(calling).get(f"/boards/rounds/{ROUND}").text
        pending = len(the_round(calling).pending)
        for key in the_round(calling).pending:
            calling.act("office", d.RecordCall(key, True, True, True, True), ROUND)

        after = office(calling).get(f"/boards/rounds/{ROUND}").text

        assert (False, True) == (act in before, act in after)
        assert re.search(rf"揭示轮次</span> 抽访轮次[^<]*还有{pending}件未回访完毕。 请完成回访，或等到[^<]+揭示。", before)
        assert "not-yet" not in after

    def test_the_county_sees_nothing_before_the_reveal(self, drawn: tuple[Hands, Hands]) -> None:
        """FEDERATION 3.3: a round that is not revealed is not there below."""
        assert 404 == office(drawn[1]).get(f"/boards/rounds/{ROUND}").status_code

    def test_counts_stand_in_place_of_shares_under_twenty(self, calling: Hands) -> None:
        """Issue 5: one of three is no 33 %."""
        for place, key in enumerate(the_round(calling).pending):
            calling.act("office", d.RecordCall(key, True, place > 0, True, True), ROUND)

        page = office(calling).get("/boards/rounds").text

        assert "与下级上报不一致的情况" in page
        assert " %" not in page.split("按地区", 1)[1]

    def test_no_secret_is_on_a_page_before_the_reveal(self, drawn: tuple[Hands, Hands]) -> None:
        """The seed would tell the order of who is called next."""
        city, _ = drawn
        page = office(city).get(f"/boards/rounds/{ROUND}?recompute=true").text
        with city.node.store.read() as view:
            again = rounds.recompute(view, ROUND)

        assert 64 == len(again.seed)
        assert again.seed not in page
        assert again.frame_root in page


def formed(tree: Tree) -> str:
    """A ticket of the county that is formed."""
    number = tree.county.register()
    tree.county.hands.act("window_clerk", ReportToOffice(), number)
    tree.county.hands.act("office", Form(category="coordination", passed=PASSED), number)
    return number
