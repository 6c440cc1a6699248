"""
Orders, meetings, leaders and regular tasks that cannot be read: no page stands still for one of many, and each names what it misses.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from node.domain.leader.appointing import EnterLeader
from node.domain.letter.sending import RaiseIssue
from node.domain.meeting.convening import ExplainMissedMeeting
from node.domain.payload import Text
from node.domain.round_record import ticket_of
from node.services import meetings, tasks
from node.services.readership import BOARD_READERS
from node.storage import schema
from node.storage.unit_of_work import View
from tests.clauses.given import a_county, beijing
from tests.clauses.sitting import sitting
from tests.support.node import Hands, make_node
from tests.support.sampling import ROUND, call, city_and_county, drawn_round, the_round
from tests.web.busy_county import a_busy_day
from tests.web.office import open_account
from tests.web.support import at_desk


def damage(hands: Hands, *dossiers: str) -> None:
    """What is held about *dossiers* cannot be decoded any more."""
    entries = schema.entries
    with hands.node.store.database.write() as connection:
        connection.execute(update(entries).where(entries.c.subject_id.in_(dossiers)).values(content=b"\xff\xff\xff"))


def rows_of(view: View, kind: str) -> dict[str, str]:
    """The keys of this node's dossiers of *kind*, by id, the oldest first."""
    table = schema.dossiers
    query = select(table.c.id, table.c.key).where(table.c.kind == kind).order_by(table.c.opened_at, table.c.key, table.c.id)
    return {row.id: row.key for row in view.connection.execute(query)}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """A busy county, of whose two orders one is damaged, and its meeting and its one leader too."""
    hands = a_busy_day(make_node(tmp_path_factory.mktemp("lost") / "node")).hands
    open_account(hands, "head", ("leader",))
    hands.act("office", EnterLeader("head"))
    with hands.node.store.read() as view:
        first, *_others = rows_of(view, "order")
        lost = [first, *rows_of(view, "meeting"), *rows_of(view, "leader")]
    assert 3 == len(lost)
    damage(hands, *lost)
    yield hands


class TestPages:
    """What its desks see."""

    @pytest.mark.parametrize("account", ["centre", "watch", "housing", "government", "head"])
    def test_every_page_of_a_desk_stands(self, county: Hands, account: str) -> None:
        """Those that are for it: Today, the leader's page, every board."""
        client = at_desk(county, account)
        answers = {path: client.get(path).status_code for path in ("/", "/leader", *(f"/boards/{name}" for name in BOARD_READERS))}

        assert {200} == set(answers.values()) - {403}, answers

    def test_the_board_of_supervision_names_the_damaged_order_and_lists_the_other(self, county: Hands) -> None:
        """By its number, with what to do."""
        with county.node.store.read() as view:
            lost, whole = rows_of(view, "order").values()
        above, _, below = at_desk(county, "watch").get("/boards/supervision").text.partition("<main")[2].partition("</section>")

        assert (True, True) == (f"督办 {lost}" in above, "请告知运维人员" in above)
        assert (True, False, False) == (whole in below, whole in above, lost in below)

    @pytest.mark.parametrize(("path", "said"), [("/boards/meetings", "会议 集中研判会 M520402-2026-0001"), ("/leader", "领导 ")])
    def test_the_meetings_and_the_leaders_page_name_what_they_miss(self, county: Hands, path: str, said: str) -> None:
        """By the meeting's number and the leader's account."""
        page = at_desk(county, "centre").get(path).text.partition('class="refusal"')[2].partition("</section>")[0]

        assert said in page

    def test_the_board_of_letters_names_the_damaged_one_and_lists_the_other(self, tmp_path: Path) -> None:
        """Two platform issues wait to be submitted; of one the text cannot be decoded any more."""
        hands = make_node(tmp_path / "node")
        open_account(hands, "officer", ("office",))
        lost, whole = (hands.act("office", RaiseIssue("process", Text(f"会签{n}"), Text("建议并联"))).subject.id for n in range(2))
        damage(hands, lost)
        page = at_desk(hands, "officer").get("/boards/letters")

        notice, _, board = page.text.partition("<main")[2].partition("</section>")
        assert (200, True, False, True) == (page.status_code, lost in notice, f"/boards/letters/{lost}" in board, whole in board)

    def test_who_has_no_part_in_it_is_told_nothing_of_it(self, county: Hands) -> None:
        """The water bureau's board of supervision is as it was."""
        assert "读不出来" not in at_desk(county, "water").get("/boards/supervision").text


class TestRounds:
    """Sampled revisits, of which a round or a drawn ticket cannot be read."""

    @pytest.mark.parametrize(("lost", "named"), [("round", f"抽访轮次 {ROUND}"), ("ticket", "")])
    def test_the_board_names_it_and_stands(self, tmp_path: Path, lost: str, named: str) -> None:
        """The round's own page says what to do; its calls that can be read are listed."""
        city, county = city_and_county(tmp_path)
        drawn_round(city, county, 12)
        key, *others = the_round(city).drawn
        call(city, key, is_consistent=False)
        damage(city, ROUND if lost == "round" else ticket_of(key))
        client = at_desk(city, "centre", "office")

        board, page = client.get("/boards/rounds"), client.get(f"/boards/rounds/{ROUND}")

        assert 200 == board.status_code
        assert (named or number_of(key)) in board.text.partition('class="refusal"')[2].partition("</section>")[0]
        assert "请告知运维人员" in page.text or "并告知运维人员" in page.text
        assert lost == "round" or all(number_of(one) in page.text for one in others)


def number_of(key: str) -> str:
    """A drawn ticket as pages name it: month and day, serial, check digit."""
    ticket = ticket_of(key)
    return f"{ticket[10:14]}-{int(ticket[14:19])}-{ticket[19]}"


def test_a_damaged_task_is_opened_no_second_time_and_keeps_back_no_later_one(tmp_path: Path) -> None:
    """HM20-3.1c: a task each week, the last one damaged; Today stands, and the next weeks' tasks come."""
    hands = make_node(tmp_path / "node", "320684", pack="haimen-2020")
    hands.node.sweep.run(hands.now)
    with hands.node.store.read() as view:
        *_others, last = rows_of(view, "task")
        before = sorted(rows_of(view, "task").values())
    damage(hands, last)
    open_account(hands, "officer", ("office",))

    hands.node.sweep.run(hands.now)
    today = at_desk(hands, "officer").get("/")
    hands.later(days=14)
    hands.node.sweep.run(hands.now)

    assert (200, True) == (today.status_code, "定期任务 梳理基层上报和走访收集的问题 2026-W05" in today.text)
    with hands.node.store.read() as view:
        after = sorted(rows_of(view, "task").values())
        readable = [one.key for one in tasks.tasks(view, "sort_reports")]
    assert len(before) + 2 == len(after) == len(set(after))
    assert sorted(set(after) - set(before)) == sorted(readable)[-2:]


class TestMissedMeetings:
    """HM20-4.1a: a month without a meeting is flagged; one whose meeting cannot be read is no such month."""

    def test_a_meeting_that_was_held_and_cannot_be_read_is_not_said_to_be_missed(self, tmp_path: Path) -> None:
        """February's was held: it is named as unreadable, and March, of which nothing is held, is still flagged."""
        county = a_county(tmp_path, "2026-02-13 10:00", pack="haimen-2020")
        held = sitting(county, "monthly_consultation")
        county.at(beijing("2026-04-01 00:00"))
        damage(county, held)

        page = at_desk(county, "centre", "office").get("/boards/meetings").text

        assert ({"2026-03"}, {held}) == flagged(county)
        assert held in page.partition('class="refusal"')[2].partition("</section>")[0]

    def test_a_reason_that_cannot_be_read_was_still_given(self, tmp_path: Path) -> None:
        """The month that it explains stands in the row of its dossier."""
        county = a_county(tmp_path, "2026-02-13 10:00", pack="haimen-2020")
        sitting(county, "monthly_consultation")
        county.at(beijing("2026-04-01 00:00"))
        command = ExplainMissedMeeting("monthly_consultation", "2026-03", Text("当月无需会商的问题"))
        reason = county.act("office", command).subject.id
        damage(county, reason)

        assert (set(), {reason}) == flagged(county)


def flagged(hands: Hands) -> tuple[set[str], set[str]]:
    """The months without a meeting and without a reason, and the meetings that cannot be read."""
    with hands.node.store.read() as view:
        found = meetings.missed(view, hands.node.policies.of_node(view, hands.now), hands.now)
        unread = set(view.readings.unread_dossiers)
    return {one.period for one in found if one.meeting_kind == "monthly_consultation" and not one.is_explained}, unread
