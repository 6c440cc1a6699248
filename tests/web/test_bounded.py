"""What a page does not show or count to its end it says: the first stand there by their limits, the rest moves up."""

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from node.domain import registry as g
from node.domain.payload import Contact
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.leading import AssignLeader
from node.services import call_plan, channel_register, exports
from node.services.acting import act
from node.web.pages import search
from node.web.pages.boards import judgement, meetings, revisits, tray
from node.web.pages.registers import calendar
from tests.clauses.given import beijing
from tests.clauses.sitting import a_leader
from tests.clauses.test_enterprise import a_code
from tests.services.test_deadlines import closed
from tests.support.node import Hands, make_node
from tests.web.busy_county import County, staffed
from tests.web.support import at_desk, csrf
from tests.web.test_api_leading import a_key_matter


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """Four needs in the pool; with the housing bureau three to sign, and three in hand, one of them with Li; three completed."""
    found = staffed(make_node(tmp_path_factory.mktemp("county")))
    act(found.hands.node, "centre", g.OpenAccount("li", ("department",), found.unit("housing"), Contact("李工")))
    for number in range(4):
        found.need(f"pool-{number}", number)
    for number in range(3):
        found.sent(f"sent-{number}", "housing", number)
    for number in range(3):
        found.in_hand(f"hand-{number}", "housing", number)
    # Two of one enterprise, the first and the last that are due.
    for number, code in enumerate((a_code("520402", 1), a_code("520402", 2), a_code("520402", 1))):
        found.completed(f"done-{number}", "power", number, credit_code=code)
        found.hands.later(minutes=1)
    return found


def page(county: County, path: str, account: str = "centre", role: str = "office") -> str:
    answer = at_desk(county.hands, account, role).get(path)
    assert 200 == answer.status_code, answer.text[-2000:]
    return answer.text


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    """Five matters that a leader has in charge and three that want one, each key; of two months nobody checked anything."""
    county = make_node(tmp_path_factory.mktemp("led"), pack="fengjie-2023", now=beijing("2026-01-10 09:00"))
    a_leader(county, "zhao", "leader_in_charge")
    for ticket in [a_key_matter(county.later(minutes=1), f"道路积水{place}") for place in range(8)][:5]:
        county.act("office", AssignLeader("zhao"), ticket)
    county.at(beijing("2026-03-02 09:00")).node.sweep.run(county.now)
    return county


class TestLeading:
    """领导包案: its lists by pages, each with a number of its own in the address."""

    @staticmethod
    def shown(text: str) -> list[list[str]]:
        """The matters of each table, then those that were missed: the number at the end of each title, or how many lines."""
        tables = [re.findall(r'class="title">道路积水(\d)<', one) for one in text.split("<table")[1:]]
        return [*(one for one in tables if one), re.findall(r"<li>2026-\d\d-\d\d ", text)]

    def test_each_of_its_lists_comes_by_pages_and_keeps_where_the_others_stand(self, led: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = at_desk(led, "centre").get("/boards/leading").text
        monkeypatch.setattr(meetings, "rows_max", 2)
        first, third, wanting, past = (
            at_desk(led, "centre").get(f"/boards/leading{query}").text
            for query in ("", "?page=3", "?page=3&unassigned=2", "?page=9&missed=2")
        )

        every, missed = ["01234", "567"], self.shown(whole)[-1]
        assert (every, 6 < len(missed)) == (["".join(one) for one in self.shown(whole)[:-1]], True)
        assert [["01", "56"], ["4", "56"], ["4", "7"], ["56"]] == [
            ["".join(one) for one in self.shown(text)[:-1]] for text in (first, third, wanting, past)
        ]
        assert [2, 2, 2, 2] == [len(self.shown(text)[-1]) for text in (first, third, wanting, past)]
        assert ["5件"] * 4 == [re.findall(r"<strong>(5件)</strong>", text)[0] for text in (first, third, wanting, past)]
        assert 'href="/boards/leading?page=3&amp;unassigned=2"' in third and 'href="/boards/leading?unassigned=2&amp;page=2"' in wanting
        assert 'href="/boards/leading?missed=2&amp;page=8"' in past, "a page behind the last leads back"

    def test_an_act_in_a_row_leads_back_to_its_page(self, led: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(meetings, "rows_max", 2)
        text = at_desk(led, "centre").get("/boards/leading?page=2").text

        assert 2 == text.count("/do/release-leader?back=/boards/leading%3Fpage%3D2")


class TestTray:
    """本单位工单: what is to be signed, and what lies with whom."""

    def test_it_shows_the_first_and_counts_the_rest(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of each part two; headings tell how many there are, and a button how many it signs."""
        whole = page(county, "/boards/tray", "housing", "department")
        monkeypatch.setattr(tray, "shown_max", 2)
        short = page(county, "/boards/tray", "housing", "department")

        said = ("<strong>6件</strong>", "待签收3件", "单位待分派 <small>3</small>")
        assert [(True, True)] * 3 == [(one in whole, one in short) for one in said]
        assert (True, True) == ("全部签收（3件）" in whole, "签收前2件（共3件）" in short)
        assert [(6, 3), (4, 2)] == [(one.count('name="row"'), one.count('name="shown"')) for one in (whole, short)]
        assert (False, True) == tuple("共6件，按时限先后列出前4件" in one for one in (whole, short))

    def test_passing_all_on_passes_also_what_is_not_shown(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        """The button says how many, and means them."""
        client = at_desk(county.hands, "housing", "department")
        rows = [county.tickets[f"hand-{number}"] for number in range(3)]
        client.post("/boards/tray/pass", data={"csrf": csrf, "row": rows, "person": "li"})
        monkeypatch.setattr(tray, "shown_max", 1)
        before = client.get("/boards/tray").text

        client.post("/boards/tray/pass", data={"csrf": csrf, "former": "li", "shared": "yes"})

        assert ("的3件全部转交" in before, before.count('name="row"')) == (True, 2)
        assert "单位待分派 <small>3</small>" in client.get("/boards/tray").text


class TestPool:
    """集中研判: what could be put before the members."""

    def test_it_lists_the_oldest_and_says_that_there_are_more(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = page(county, "/boards/judgement")
        monkeypatch.setattr(judgement, "pool_shown_max", 3)
        short = page(county, "/boards/judgement")

        assert (False, True) == tuple("按登记先后列出前3件" in one for one in (whole, short))
        assert [True, True, True, False] == [f"/tickets/{county.tickets[f'pool-{number}']}" in short for number in range(4)]
        assert f"/tickets/{county.tickets['pool-3']}" in whole


class TestRevisits:
    """回访: one call an enterprise (USERS B21)."""

    def test_an_enterprise_that_is_called_is_called_about_all_that_is_due(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first that is due brings the other ticket of the same enterprise with it; the rest is counted."""
        monkeypatch.setattr(revisits, "tickets_shown_max", 1)
        shown = page(county, "/boards/revisits?days=60")

        assert [True, False, True] == [county.tickets[f"done-{number}"] in shown for number in range(3)]
        assert ("<strong>3件</strong>" in shown, "共3件，按时限先后列出前2件" in shown) == (True, True)
        assert 1 == shown.count('class="script"')

    def test_earlier_contacts_stand_beside_the_call_that_they_concern(self, county: County) -> None:
        """Read together for all calls, and given to each its own."""
        county.in_hand("told", "housing", credit_code=a_code("520402", 2))
        county.by("housing:department", RecordAttempt(True, "phone"), "told")
        node = county.hands.node
        with node.store.read() as view:
            calls = call_plan.planned(view, node.policies, node.now(), 60).calls
        contacts = {call.enterprise: {one.ticket for one in call.contacts if one.kind == "ContactAttempted"} for call in calls}

        assert {a_code("520402", 1): set(), a_code("520402", 2): {county.tickets["told"]}} == contacts


class TestCounted:
    """What would have to be passed to be counted."""

    def test_a_search_counts_a_thousand_and_says_that_there_are_more(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two here."""
        whole = page(county, "/search?category=coordination")
        monkeypatch.setattr(search, "counted_max", 2)

        assert "2件以上" in page(county, "/search?category=coordination")
        assert "件以上" not in whole

    def test_an_export_says_so_before_it_is_taken_and_in_the_table(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two of more than three."""
        monkeypatch.setattr(exports, "rows_max", 2)
        monkeypatch.setattr(exports, "counted_max", 3)
        before = page(county, "/export")
        table = at_desk(county.hands, "centre", "office").get("/export/table")
        rows = [row[0] for row in load_workbook(io.BytesIO(table.content)).active.iter_rows(values_only=True)]  # type: ignore[union-attr]

        assert [True, True] == ["3件以上" in before, "只列出最近登记的2件，总数超过3件" in before]
        assert [True, True] == [any(said in str(one) for one in rows) for said in ("符合条件的超过3件，列出2件", "总数超过3件")]
        assert 2 == sum(bool(re.match(r"5204\d", str(one))) for one in rows)

    def test_a_way_out_with_many_messages_says_so(self, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
        """Messages are counted by channel and state, no further than it is shown."""
        whole = page(county, "/registers/channels")
        monkeypatch.setattr(channel_register, "counted_max", 1)

        assert (False, True) == tuple("以上" in one for one in (whole, page(county, "/registers/channels")))

    def test_limits_that_end_otherwise_by_a_new_calendar_are_counted_so_far(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each of them is recounted from its whole ticket."""
        snowed = staffed(make_node(tmp_path / "node"))
        for number in range(3):
            snowed.in_hand(f"hand-{number}", "housing", number)
        closed(snowed.hands, *(f"{snowed.hands.now.date() + timedelta(days=days)}" for days in (1, 2, 3)))
        whole = page(snowed, "/registers/calendar")
        monkeypatch.setattr(calendar, "proposals_counted_max", 1)

        assert re.search(r"有[2-9]项期限按新日历重算后不同", whole)
        assert "有1项以上期限" in page(snowed, "/registers/calendar")
