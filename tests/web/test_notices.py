"""Notices name an order, a meeting, a letter, a task as people do, in every channel, and lead to its page."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from node.app import dispatcher
from node.domain.entry import Subject, SubjectKind
from node.domain.letter.sending import PublishNotice
from node.domain.meeting.convening import ConveneMeeting
from node.domain.order.issuing import IssueOrder
from node.domain.order.proposing import ProposeOrder
from node.domain.order.record import OPEN
from node.domain.payload import Text
from node.domain.registry import unit_code
from node.domain.ticket.dispatching import Sign
from node.domain.time import BEIJING
from node.services import tasks
from node.storage import notices, schema
from node.storage.dossier_readings import dossier_of
from tests.cli.given import Program
from tests.federation.exchange import Tree
from tests.support.node import Hands, make_node
from tests.web.office import HANDLER, OFFICER, Office, open_account, open_office
from tests.web.support import at_desk, csrf

_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path / "node")


def links(hands: Hands, account: str, role: str) -> list[tuple[str, str]]:
    """What today's page of a desk tells, each with the address that it leads to, which is opened."""
    client = at_desk(hands, account, role)
    page = client.get("/").text
    told = page.partition("<h2>通知</h2>")[2]
    found: list[tuple[str, str]] = re.findall(r'<a href="([^"]+)">([^<]+)</a>', told.partition("</form>")[0])
    for href, _ in found:
        answer = client.get(href)
        assert 200 == answer.status_code, (href, answer.text)
    return found


def everything(hands: Hands, subject: str) -> list[notices.Row]:
    """All that was told of one subject."""
    with hands.node.store.read() as view:
        return notices.of_subject(view.connection, subject)


def mail(hands: Hands, subject: str, template: str) -> tuple[str, str]:
    """Subject and body of what would be mailed of *subject* by that template."""
    row = next(one for one in everything(hands, subject) if one.template == template)
    return dispatcher(hands.node).say(replace(row, channel="email"))


def day(hands: Hands) -> str:
    """Today, as it stands in a name."""
    return f"{hands.now.astimezone(BEIJING):%Y-%m-%d}"


class TestOrders:
    def test_an_order_is_told_by_its_number_and_leads_to_its_page(self, office: Office) -> None:
        """The same in the mail, and when its reply becomes due."""
        unit = unit_code(office.hands.node.code, "housing")
        order = office.hands.act("office", IssueOrder("supervise", "overdue", tickets=(office.handled,), unit=unit)).subject.id
        with office.hands.node.store.read() as view:
            number = dossier_of(view.journal, Subject(SubjectKind.ORDER.value, order)).number
        assert "督〔2026〕" in number

        href = f"/boards/supervision/{order}"
        (said,) = [words for to, words in links(office.hands, HANDLER, "department") if to == href]
        assert said.startswith(f"督办 {number}（已经超期未处置），请于 ")
        subject, body = mail(office.hands, order, "order_due")
        assert (f"企业之家 督办 {number}", True) == (subject, body.startswith(f"督办 {number}（"))

        office.hands.later(days=30)
        office.hands.node.sweep.run(office.hands.now)
        assert mail(office.hands, order, "rung")[1].startswith(f"督办 {number}的“")

    def test_a_proposal_that_has_no_number_yet_is_told_by_what_it_proposes(self, office: Office) -> None:
        """Against whom, and of which day."""
        unit = unit_code(office.hands.node.code, "housing")
        command = ProposeOrder("supervise", "concentrated_complaints", unit, (office.handled,), reason=Text("多次反映"))
        proposal = office.hands.act("office", command).subject.id

        role = next(one.audience for one in everything(office.hands, proposal) if one.template == "proposal").removeprefix("role:")
        open_account(office.hands, "decider", (role,))
        (said,) = [words for to, words in links(office.hands, "decider", role) if to == f"/boards/supervision/{proposal}"]
        assert said == f"对“区住房和城乡建设局”的“督办”建议（{day(office.hands)}）（集中投诉举报的疑难、重点事项）等您决定。"


class TestMeetings:
    def test_an_invitation_says_which_meeting_and_when_and_leads_to_it(self, office: Office) -> None:
        """To the unit's desk, where it has no specialist; the mail says it, too."""
        at = office.hands.now + timedelta(days=2)
        command = ConveneMeeting("coordination_meeting", at, units=(unit_code(office.hands.node.code, "housing"),))
        meeting = office.hands.act("office", command).subject.id

        named = f"协调会（{at.astimezone(BEIJING):%Y-%m-%d %H:%M}）"
        assert (f"/boards/meetings/{meeting}", f"请参加{named}，地点和议题见会议页面。") in links(office.hands, HANDLER, "department")
        assert (f"企业之家 {named}", f"请参加{named}，地点和议题见会议页面。") == mail(office.hands, meeting, "invited")


class TestLetters:
    def test_a_letter_is_told_by_sender_kind_and_title_and_its_words_leave_the_platform_by_no_channel(self, tmp_path: Path) -> None:
        """The title is shown to the office that reads letters; a mail has the day in its place."""
        tree = Tree(tmp_path)
        letter = tree.city.hands.act("office", PublishNotice(Text("开展走访月活动"), Text("请于周五前报告"))).subject.id
        tree.settle()

        county = tree.county.hands
        open_account(county, OFFICER, ("office",))
        (said,) = [words for to, words in links(county, OFFICER, "office") if to == f"/boards/letters/{letter}"]
        assert re.fullmatch(rf"收到.+的工作通知“开展走访月活动”（{day(tree.city.hands)}），请打开查看。", said)
        subject, body = mail(county, letter, "letter")
        assert "走访" not in subject + body
        assert re.fullmatch(rf"收到.+的工作通知（{day(tree.city.hands)}），请打开查看。", body)


class TestTasks:
    def test_a_task_that_is_late_is_told_by_its_kind_and_period(self, tmp_path: Path) -> None:
        """HM20-3.1c; it leads to the form in which it is done."""
        hands = make_node(tmp_path / "node", "320684", pack="haimen-2020")
        hands.node.sweep.run(hands.now)
        hands.later(days=10)
        hands.node.sweep.run(hands.now)
        with hands.node.store.read() as view:
            (first, *_) = reversed(tasks.tasks(view, "sort_reports"))
        open_account(hands, "sorter", (first.role,))

        told = [words for to, words in links(hands, "sorter", first.role) if to == f"/task/{first.id}/do/complete-task?back=/"]
        late = f"梳理基层上报和走访收集的问题（{first.period}）的“定期任务”"
        assert any(words.startswith(late) for words in told)
        assert mail(hands, first.id, "rung")[1].startswith(late)


def test_the_program_shows_the_id_beside_the_sentence(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """What is told at the terminal is opened by its id: it stands in a column of its own."""
    command = IssueOrder("supervise", "overdue", tickets=(office.handled,), unit=unit_code(office.hands.node.code, "housing"))
    order = office.hands.act("office", command).subject.id

    told = Program(office.hands.node.data_dir, capsys)("inbox", "--as", HANDLER, data=office.hands.node.data_dir).out

    assert (True, True) == (order in told, "督办" in told)


def orders_told(hands: Hands) -> set[str]:
    """The orders of which the housing bureau's page tells."""
    told = links(hands, HANDLER, "department")
    return {href.rpartition("/")[2] for href, _ in told if href.startswith("/boards/supervision/")}


class TestSettled:
    """Walk (b): "may become overdue" stood on Today of a step that was signed in the meantime."""

    def test_a_warning_falls_away_with_its_step(self, office: Office) -> None:
        """By itself, on the page and in the inbox; what still runs is still warned of."""
        hands = office.hands
        hands.node.sweep.run(hands.now)
        before = [words for _, words in links(hands, HANDLER, "department") if "签收" in words]

        hands.act("department", Sign(), office.handled, unit=unit_code(hands.node.code, "housing"), account=HANDLER)
        after = [words for _, words in links(hands, HANDLER, "department")]
        with hands.node.store.read() as view:
            unread = notices.of_audience(view.connection, [f"unit:{unit_code(hands.node.code, 'housing')}"])

        assert before and [] == [words for words in after if "“签收”" in words]
        assert [words for words in after if "“办理”" in words], "the limit of the handling goes on, and so does its warning"
        assert [row for row in unread if row.facts.get("clock") == "sign"], "nothing was written: it is only not shown"
        assert [] == [words for words in after if "等您办理（已派单）" in words]

    def test_an_order_that_is_settled_is_told_no_more(self, office: Office) -> None:
        """The reminder to sign closes by itself once it was signed; an order that stands is told on."""
        hands = office.hands
        hands.node.sweep.run(hands.now)
        before = orders_told(hands)
        hands.act("department", Sign(), office.handled, unit=unit_code(hands.node.code, "housing"), account=HANDLER)
        hands.node.sweep.run(hands.now)
        with hands.node.store.read() as view:
            table = schema.dossiers
            open_ones = view.connection.execute(select(table.c.id).where(table.c.kind == "order", table.c.state.in_(OPEN))).scalars()
            standing = set(open_ones)

        assert before - standing, "one of them is settled"
        assert orders_told(hands) == orders_told(hands) & standing

    def test_what_is_settled_is_read_with_the_rest(self, office: Office) -> None:
        """So that a pile of them hides nothing that came before."""
        hands = office.hands
        hands.node.sweep.run(hands.now)
        hands.act("department", Sign(), office.handled, unit=unit_code(hands.node.code, "housing"), account=HANDLER)
        client = at_desk(hands, HANDLER)
        shown = re.findall(r'name="id" value="([^"]+)"', client.get("/").text)

        client.post("/notices/read", data={"id": shown, "csrf": csrf})

        with hands.node.store.read() as view:
            assert [] == notices.of_audience(view.connection, [f"unit:{unit_code(hands.node.code, 'housing')}"])
