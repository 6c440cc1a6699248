"""Search: hits marked, filters, kept searches; and the table that is taken away, under the same scope and masks."""

import io
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import update

from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.registry import PayloadOpened
from node.services import exports
from node.services.numbers import short_number
from node.storage import schema
from tests.clauses.given import HOUSING, handled
from tests.support.node import Hands
from tests.web.registers_given import Given, a_county_with_registers, open_account
from tests.web.support import at_desk


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    made = a_county_with_registers(tmp_path_factory.mktemp("search"))
    yield made
    made.hands.node.close()


def shown(client: TestClient, **asked: str) -> str:
    """The page for what is asked."""
    answer = client.get("/search", params=asked)
    assert 200 == answer.status_code
    return answer.text


def tickets(given: Given, account: str, **asked: str) -> set[str]:
    """The needs that the page lists, by name of the given."""
    page = shown(at_desk(given.hands, account), **asked)
    return {name for name in ("late", "done", "concealed", "disputed") if f'"/tickets/{getattr(given, name)}"' in page}


def rows(client: TestClient, *, with_texts: bool = False, **asked: str) -> list[list[str]]:
    """Every line of the table, as it is opened."""
    answer = client.post("/export", params=asked) if with_texts else client.get("/export/table", params=asked)
    assert 200 == answer.status_code, answer.text
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    page = load_workbook(io.BytesIO(answer.content)).active
    assert page is not None
    return [[str(cell or "") for cell in row] for row in page.iter_rows(values_only=True)]


def openings(hands: Hands) -> list[tuple[str, str]]:
    """Who opened which ticket."""
    with hands.node.store.read() as view:
        stored = view.journal.of_subject(Subject("node", hands.node.code))
    return [(one.header.actor.account, one.content.event.opened) for one in stored if isinstance(one.content.event, PayloadOpened)]


class TestSearch:
    """What stands in a text is found, under the scope of who asks."""

    def test_a_hit_is_marked_in_what_stands_around(self, given: Given) -> None:
        assert "果园<mark>灌溉</mark>渠垮塌" in shown(at_desk(given.hands, "centre"), q="灌溉")

    def test_a_number_leads_to_its_need_where_the_desk_sees_it(self, given: Given) -> None:
        for said in (given.late, short_number(given.late)):
            assert {"late"} == tickets(given, "centre", q=said)
            assert set() == tickets(given, "d-water", q=said)

    @pytest.mark.parametrize("path", ["/", "/tickets", "/search"])
    def test_the_form_on_top_of_every_page_finds(self, given: Given, path: str) -> None:
        """Its own address and its own field are taken from the page; what was typed stands in it afterwards."""
        client = at_desk(given.hands, "centre")
        form = re.search(r'<form class="find" action="([^"]+)" method="get".*?</form>', client.get(path).text, re.S)
        assert form is not None
        (field,) = re.findall(r'<input[^>]* name="([^"]+)"', form[0])

        page = client.get(form[1], params={field: "灌溉"}).text

        assert "果园<mark>灌溉</mark>渠垮塌" in page
        assert 2 == len(re.findall(r'<input[^>]* type="search"[^>]* value="灌溉"|<input type="search"[^>]* value="灌溉"', page))

    def test_a_number_that_stands_in_no_text_is_not_called_unfound(self, given: Given) -> None:
        """The need is named; nothing beside it says that there is none."""
        page = shown(at_desk(given.hands, "centre"), q=short_number(given.late))

        assert "编号对应的诉求" in page
        assert [] == [one for one in ("没有符合条件", "共0件", "输入字词") if one in page]

    def test_who_reads_no_words_finds_by_number(self, given: Given) -> None:
        """A number is no word of a need."""
        open_account(given.hands, "watcher", ("audit_admin",))

        assert f'"/tickets/{given.late}"' in shown(at_desk(given.hands, "watcher"), q=short_number(given.late))

    def test_a_number_that_two_needs_bear_names_both(self, given: Given) -> None:
        """Older versions gave one twice; each keeps it, and whoever looks for it, or opens it, chooses."""
        number, table = "XX2026012600099", schema.tickets
        with given.hands.node.store.write() as work:
            both = table.c.id.in_((given.done, given.concealed))
            work.connection.execute(update(table).where(both).values(number=number))
        client = at_desk(given.hands, "centre")

        opened = client.get(f"/tickets/{number}")

        assert (303, f"/search?q={number}") == (opened.status_code, opened.headers["location"])
        assert {"done", "concealed"} == tickets(given, "centre", q=number)

    def test_nothing_of_a_text_is_markup(self, given: Given) -> None:
        page = shown(at_desk(given.hands, "centre"), q='<script>alert("1")</script>')

        assert "alert(" in page and "<script>alert" not in page

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"q": "水"}, {"late", "done", "disputed"}),
            ({"q": "水", "state": "handling"}, {"late"}),
            ({"unit": HOUSING}, {"late", "done"}),
            ({"due": "overdue"}, {"late", "done", "concealed", "disputed"}),
            ({"due": "overdue", "state": "handling"}, {"late"}),
            ({"channel": "window", "q": "推诿"}, {"concealed"}),
            ({"since": "2026-01-27"}, set()),
            ({"until": "2026-01-26", "category": "coordination", "state": "completed"}, {"done"}),
        ],
    )
    def test_each_condition_narrows(self, given: Given, asked: dict[str, str], found: set[str]) -> None:
        assert found == tickets(given, "centre", **asked)

    def test_scope_and_concealment_hold_for_list_and_table_alike(self, given: Given) -> None:
        asked = {"until": "2026-12-31"}
        seen = {account: tickets(given, account, **asked) for account in ("centre", "d-housing", "d-water", "d-finance")}
        taken = {account: {row[0] for row in rows(at_desk(given.hands, account), **asked)} for account in seen}

        assert {"late", "done", "disputed"} >= seen["d-housing"] >= {"late", "done"}
        assert ({"late", "done", "concealed", "disputed"}, set()) == (seen["centre"], seen["d-finance"])
        for account, names in seen.items():
            every = {name: getattr(given, name) for name in ("late", "done", "concealed", "disputed")}
            assert {every[name] for name in names} == taken[account] & set(every.values())

    def test_enterprises_are_found_by_one_character(self, given: Given) -> None:
        page = shown(at_desk(given.hands, "centre"), q="粉", kind="enterprises")

        assert "黔中面<mark>粉</mark>加工厂" in page
        assert "双堡果业" not in page

    @pytest.mark.parametrize("asked", [{"state": "flying"}, {"due": "soon"}, {"since": "yesterday"}, {"q": "，。"}])
    def test_what_cannot_be_asked_is_refused_in_words(self, given: Given, asked: dict[str, str]) -> None:
        answer = at_desk(given.hands, "centre").get("/search", params=asked)

        assert 422 == answer.status_code
        assert 'class="refusal"' in answer.text

    def test_who_files_from_outside_does_not_search(self, given: Given) -> None:
        answers = [at_desk(given.hands, "finder").get(path) for path in ("/search?q=水", "/export?q=水")]

        assert [403, 403] == [one.status_code for one in answers]


class TestBeforeTheExport:
    """What is taken away, and what that leaves behind, is said before anything is."""

    def test_it_says_how_many_by_which_conditions_and_that_each_opening_is_kept(self, given: Given) -> None:
        """AS25-3.2.1b: nobody downloads by a slip, and nothing was opened by looking."""
        office = at_desk(given.hands, "centre")
        before = openings(given.hands)
        page = office.get("/export", params={"due": "overdue"}).text

        said = [
            "text/html" in office.get("/export").headers["content-type"],
            "逾期" in page or "超期" in page,
            "打码" in page,
            "记入流水" in page,
        ]
        taken = re.findall(r"下载表格（(\d+)件）", page)
        assert ([True, True, True, True], [str(len(tickets(given, "centre", due="overdue")))]) == (said, taken)
        assert before == openings(given.hands)

    def test_who_may_open_nothing_is_offered_the_table_without_texts_only(self, given: Given) -> None:
        """The button that would give blanks is not there."""
        page = at_desk(given.hands, "audit").get("/export").text

        assert (True, False) == ('href="/export/table?' in page, '<form method="post" action="/export' in page)


class TestKeptSearches:
    """A search is kept under a name by whoever made it."""

    def test_a_kept_search_is_the_accounts_own_until_it_deletes_it(self, given: Given) -> None:
        office, clerk = at_desk(given.hands, "centre"), at_desk(given.hands, "clerk")
        kept = office.post("/search/saved", data={"name": "超期的", "query": "due=overdue"})

        assert (303, "/search?due=overdue") == (kept.status_code, kept.headers["location"])
        assert '<a href="/search?due=overdue">超期的</a>' in shown(office)
        assert "超期的" not in shown(clerk)
        clerk.post("/search/saved/forget", data={"name": "超期的"})
        assert "超期的" in shown(office)
        office.post("/search/saved/forget", data={"name": "超期的"})
        assert "超期的" not in shown(office)

    def test_a_search_without_a_name_is_refused(self, given: Given) -> None:
        assert 422 == at_desk(given.hands, "centre").post("/search/saved", data={"name": " ", "query": "q=水"}).status_code


class TestExport:
    """The table says who took it and when, and takes nothing out that the page would not show."""

    def test_without_texts_it_is_the_list_in_words_and_opens_nothing(self, given: Given) -> None:
        before = openings(given.hands)
        table = rows(at_desk(given.hands, "centre"), q="灌溉")

        assert "企业诉求查询结果" == table[0][0]
        assert "node 520402，截至2026-03-02 08:30，导出人：centre（联合服务工作机制办公室）" == table[1][0]
        assert ["登记号", "工单编号", "状态", "现由谁办", "主办单位"] == table[3][:5]
        assert [given.late, "办理中", "housing", "housing", "2026-02-09"] == [table[4][at] for at in (0, 2, 3, 4, 9)]
        assert before == openings(given.hands)

    def test_with_texts_every_need_leaves_an_entry_and_contacts_are_masked(self, given: Given) -> None:
        """Once an account, need and day; a clerk's own opening for handling does not stand for it."""
        hands = given.hands
        before = len(openings(hands))
        table = rows(at_desk(hands, "centre"), with_texts=True, q="水", state="handling")
        rows(at_desk(hands, "centre"), with_texts=True, q="水", state="handling")

        line = dict(zip(table[4], table[5], strict=True))
        assert ("灌溉渠修复", "果园灌溉渠垮塌，三百亩桃树缺水", "王*", "138****1234") == tuple(
            line[name] for name in ("标题", "诉求内容", "联系人", "电话")
        )
        assert [("centre", given.late)] == openings(hands)[before:]

    def test_texts_are_taken_by_more_than_a_password_only(self, given: Given) -> None:
        """As one ticket's contacts are opened; refused, nothing was opened, and the table without texts is there as before."""
        weak, before = at_desk(given.hands, "centre", is_strong=False), openings(given.hands)
        answer = weak.post("/export", params={"q": "水"})

        assert (403, True) == (answer.status_code, 'class="refusal"' in answer.text)
        assert before == openings(given.hands)
        assert given.late in {row[0] for row in rows(weak, q="灌溉")}

    def test_a_department_takes_only_texts_that_it_may_open(self, given: Given) -> None:
        """Its own; what it only sees stays blank and leaves no entry."""
        before = len(openings(given.hands))
        table = rows(at_desk(given.hands, "d-water"), with_texts=True, until="2026-12-31")

        assert [given.disputed] == [row[0] for row in table if row[0].startswith("5204")]
        assert [("d-water", given.disputed)] == openings(given.hands)[before:]

    def test_what_an_appellant_wrote_is_no_formula(self, given: Given) -> None:
        handled(given.hands, appeal=Text('=HYPERLINK("http://x","点我")'), title=Text("+公式"), name=Contact("@王"))
        table = rows(at_desk(given.hands, "centre"), with_texts=True, q="HYPERLINK")

        assert ["'+公式", '\'=HYPERLINK("http://x","点我")'] == table[5][-4:-2]

    def test_beyond_the_limit_the_table_says_what_it_left_out(self, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "rows_max", 2)
        table = rows(at_desk(given.hands, "centre"), q="水")

        assert any(re.search(r"只列出最近登记的2件，共\d+件", row[0]) for row in table[:5])
        assert 2 == sum(row[0].startswith("5204") for row in table)
