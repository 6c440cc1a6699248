"""Today and the list of tickets: what is owed by whom until when, and a count that is its list's."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from node.domain.payload import Contact, Text
from node.domain.ticket.intake import Register
from node.services import drafts
from node.storage import schema
from node.storage.database import micros
from node.web.navigation import groups_of
from tests.support.node import Hands, make_node
from tests.web.browser import SitDown, violations
from tests.web.office import CLERK, DIRECTOR, HANDLER, OFFICER, OTHER_CLERK, Office, open_account, open_office
from tests.web.support import at_desk

DESKS = {CLERK: "window_clerk", OFFICER: "office", DIRECTOR: "director", HANDLER: "department"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return open_office(Path(tmp_path_factory.mktemp("today")) / "node")


def shown(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert 200 == answer.status_code, answer.text
    return answer.text


def numbers(page: str) -> list[str]:
    """The tickets of a list, in its order."""
    return re.findall(r'class="number" href="/tickets/(\d{20})"', page)


class TestToday:
    """Issue 5, item 3: what is due today before anything else, mine and my unit's, by clock."""

    def test_a_department_sees_its_own_limits_the_oldest_first(self, office: Office) -> None:
        """The sign limit that it missed stands first, in words, with how far it is over."""
        page = shown(at_desk(office.hands, HANDLER), "/")

        assert office.handled in numbers(page)
        assert "施工许可反复补材料" in page
        assert re.search(r'class="clock overdue"><span class="sign" aria-hidden="true">!</span>超期\d+个工作日', page)

    def test_the_office_sees_its_pool_and_what_is_late_in_all(self, office: Office) -> None:
        """Its own limit to form, and the whole node's overdue as a count."""
        page = shown(at_desk(office.hands, OFFICER), "/")

        assert [office.pooled] == numbers(page)
        assert ("待分类研判" in page, "全部超期" in page) == (True, True)

    def test_the_offices_own_late_decision_stands_on_top(self, tmp_path: Path) -> None:
        """A7: while the office thinks, its own limit runs, and shows."""
        late = open_office(tmp_path / "node")
        late.hands.later(days=7)

        page = shown(at_desk(late.hands, OFFICER), "/")

        assert late.pooled == numbers(page)[0]
        assert 'class="overdue"><a href="/tickets?whose=owed&amp;due=overdue"' in page

    def test_a_clerk_sees_what_he_left_open(self, office: Office) -> None:
        """Walk (a), closing the day: 待完善 with what is missing, and how many he took in today."""
        page = shown(at_desk(office.hands, CLERK), "/")

        assert ([office.pooled], True, True) == (numbers(page), "待完善的登记" in page, "名称或姓名" in page)
        assert f'href="/tickets/{office.pooled}/do/fill-in?back=/"' in page
        assert f'<a href="/tickets?whose=taken_in&amp;since={office.hands.now:%Y-%m-%d}&amp;state=all"><span class="count">1</span>' in page

    def test_another_clerk_is_not_shown_it(self, office: Office) -> None:
        """One's own intakes are those that one took in."""
        assert [] == numbers(shown(at_desk(office.hands, OTHER_CLERK), "/"))

    @pytest.mark.parametrize("account", sorted(DESKS))
    def test_every_count_is_that_of_the_list_behind_it(self, office: Office, account: str) -> None:
        """A number and its list never differ."""
        client = at_desk(office.hands, account, DESKS[account])
        trays = re.findall(r'<li class="[a-z]*"><a href="(/tickets[^"]*)"><span class="count">(\d+)</span>', shown(client, "/"))

        found = [(href, len(numbers(shown(client, href.replace("&amp;", "&"))))) for href, _ in trays]

        assert [(href, int(count)) for href, count in trays] == found
        assert len(trays) >= 3

    def test_an_intake_that_was_not_sent_leads_back_to_itself(self, office: Office) -> None:
        """C24: what was typed is there after the window was closed; the number is masked."""
        id = "8b6f3a1e-0000-4000-8000-000000000001"
        with office.hands.node.store.write() as work:
            drafts.save(work, OFFICER, f"intake/{id}", {"phone": ["13911112222"]}, office.hands.now)

        page = shown(at_desk(office.hands, OFFICER), "/")

        assert f'href="/intake/{id}"' in page
        assert ("139****2222" in page, "13911112222" in page) == (True, False)

    def test_notices_are_read_only_by_whom_they_are_for(self, tmp_path: Path) -> None:
        """Read is read: the department's notice stays where the clerk says that he read it."""
        own = open_office(tmp_path / "node")
        client, other = at_desk(own.hands, HANDLER), at_desk(own.hands, CLERK)
        ids = re.findall(r'name="id" value="([^"]+)"', shown(client, "/"))
        other.post("/notices/read", data={"id": ids, "csrf": "a-token-of-a-test"})
        before = len(re.findall(r'name="id" value="([^"]+)"', shown(client, "/")))

        answer = client.post("/notices/read", data={"id": ids, "csrf": "a-token-of-a-test"})

        assert (303, "/?done=notices-read") == (answer.status_code, answer.headers["location"])
        assert (len(ids), 0) == (before, shown(client, "/").count('name="id"'))

    def test_haimens_office_has_the_days_two_lists(self, tmp_path: Path) -> None:
        """HM20-3.1a, 3.4a: what came in by the two channels, and every open assignment with its last progress."""
        haimen = open_haimen(tmp_path)

        page = shown(at_desk(haimen, "wang"), "/")

        assert "今日汇总新增1件，未处理1件；昨日新增0件" in page
        assert "没有在办的交办事项。" in page

    def test_an_administrator_has_a_page_too(self, office: Office) -> None:
        """Who handles nothing sees no tickets, and no error."""
        open_account(office.hands, "an", ("security_admin",))

        assert [] == numbers(shown(at_desk(office.hands, "an"), "/"))


def open_haimen(directory: Path) -> Hands:
    """海门 with one problem that its app brought in today."""
    hands = make_node(directory / "node", code="320614", pack="haimen-2020")
    open_account(hands, "wang", ("office",))
    with hands.node.store.read() as view:
        channel = hands.node.policies.of_node(view, hands.now).pack.names("digest.channels")[0]
    hands.act("office", Register(channel, Text("用工短缺"), phone=Contact("13800003333"), received_at=hands.now))
    return hands


class TestList:
    """The list behind every count: filtered, by due time, in pages, and within the scope of whoever looks."""

    def test_what_is_due_first_stands_on_top(self, office: Office) -> None:
        """Sorted by the next limit of each ticket."""
        assert [office.handled, office.pooled] == numbers(shown(at_desk(office.hands, OFFICER), "/tickets"))

    def test_a_department_is_shown_its_own_and_nothing_else(self, office: Office) -> None:
        """AS25-3.1.1a: scope holds for lists and counts alike."""
        page = shown(at_desk(office.hands, HANDLER), "/tickets?state=all")

        assert ([office.handled], True) == (numbers(page), "<small>1件</small>" in page)
        assert [] == numbers(shown(at_desk(office.hands, "d-water"), "/tickets?state=all"))

    @pytest.mark.parametrize(
        "query",
        [
            "due=tomorrow",
            "whose=boss",
            "page=0",
            "page=x",
            pytest.param("page=" + "9" * 5000, id="page=9...9"),
            "since=yesterday",
            "state=gone",
            "only=x",
        ],
    )
    def test_what_is_not_offered_is_refused_in_words(self, office: Office, query: str) -> None:
        """An address that somebody typed is answered, not swallowed."""
        assert 422 == at_desk(office.hands, OFFICER).get(f"/tickets?{query}").status_code

    def test_pages_hold_all_rows_once(self, tmp_path: Path) -> None:
        """65 tickets: three pages, every ticket on one of them."""
        own = open_office(tmp_path / "node")
        many = [
            own.hands.act("window_clerk", Register("window", Text(f"第{n}件"), phone=Contact("13800002222"), received_at=own.hands.now))
            for n in range(63)
        ]
        client = at_desk(own.hands, OFFICER)

        pages = [numbers(shown(client, f"/tickets?page={number}")) for number in (1, 2, 3)]

        assert [30, 30, 5] == [len(one) for one in pages]
        assert {own.handled, own.pooled, *(one.subject.id for one in many)} == {id for one in pages for id in one}


class TestFrame:
    """The frame that all pages share."""

    @pytest.mark.parametrize(
        ("role", "there", "missing"),
        [
            ("window_clerk", {"/intake", "/tickets"}, {"/boards/dispatch", "/registers/accounts", "/registers/audit"}),
            ("office", {"/boards/triage", "/boards/approvals", "/registers/links", "/first-day"}, {"/registers/audit"}),
            ("department", {"/boards/co-handling", "/tickets"}, {"/intake", "/boards/triage"}),
            ("leader", {"/leader", "/boards/leading"}, {"/intake", "/registers/accounts"}),
            ("audit_admin", {"/", "/registers/audit"}, {"/tickets", "/intake", "/search"}),
            ("nobody-knows", set(), {"/tickets"}),
        ],
    )
    def test_the_navigation_shows_what_the_role_needs(self, role: str, there: set[str], missing: set[str]) -> None:
        """One's own ways and no others."""
        ways = {way.path for group in groups_of(role) for way in group.ways}

        assert (there, set()) == (there & ways, missing & ways)

    def test_the_language_is_switched_for_this_browser(self, office: Office) -> None:
        """Back where one was, in the other language, until it is switched again."""
        client = at_desk(office.hands, OFFICER)

        answer = client.post("/language", data={"lang": "en", "back": "/tickets?due=today", "csrf": "a-token-of-a-test"})

        assert (303, "/tickets?due=today") == (answer.status_code, answer.headers["location"])
        assert '<html lang="en">' in shown(client, "/")

    @pytest.mark.parametrize("back", ["https://example.com/", "//example.com", "/\\example.com", "javascript:x", "/a\nb"])
    def test_the_switch_leads_to_no_other_site(self, office: Office, back: str) -> None:
        """An address that somebody else wrote ends at the first page."""
        answer = at_desk(office.hands, OFFICER).post("/language", data={"lang": "en", "back": back})

        assert "/" == answer.headers["location"]

    def test_what_was_done_is_said_after_the_redirect(self, office: Office) -> None:
        """By the verb of a command, or a word of the page's own; an invented one says nothing."""
        client = at_desk(office.hands, OFFICER)

        assert '<p class="flash" role="status">已办理：登记企业询问</p>' in shown(client, "/?done=log-enquiry")
        assert "flash" not in shown(client, "/?done=<b>x</b>")

    def test_the_banner_tells_that_the_superior_is_not_heard(self, tmp_path: Path) -> None:
        """Issue 5, item 7: cut and restored, in words, with what waits."""
        own = open_office(tmp_path / "node")
        client = at_desk(own.hands, OFFICER)
        wall = own.hands.node.wall()
        link = {"peer": "520400", "side": "superior", "name": "安顺市", "status": "active", "heard_at": micros(wall - timedelta(hours=2))}
        with own.hands.node.store.write() as work:
            work.connection.execute(schema.links.insert().values(**link))
        cut = shown(client, "/")
        with own.hands.node.store.write() as work:
            work.connection.execute(schema.links.update().values(heard_at=micros(datetime.now(UTC))))

        assert re.search(r'class="banner cut" role="status"><strong>与上级联系中断。</strong>\s+最近一次收到安顺市的消息：', cut)
        assert "banner cut" not in shown(client, "/")


class TestInTheBrowser:
    """Keyboard, axe and paper."""

    @pytest.mark.parametrize(
        ("account", "path"), [(CLERK, "/"), (OFFICER, "/"), (HANDLER, "/"), (OFFICER, "/tickets"), (CLERK, "/nowhere")]
    )
    def test_axe_finds_nothing(self, office: Office, sit_down: SitDown, account: str, path: str) -> None:
        """No violation on any page."""
        page = sit_down(office.hands, account)
        page.goto(path)

        assert [] == violations(page)

    def test_a_page_prints_without_the_desk_around_it(self, office: Office, sit_down: SitDown) -> None:
        """Print views: the matter on A4, no navigation, no buttons."""
        page = sit_down(office.hands, OFFICER)
        page.goto("/")
        page.emulate_media(media="print")

        hidden = [page.locator(one).first.is_hidden() for one in (".side", ".top", "button")]

        assert ([True, True, True], True) == (hidden, page.locator("table.tickets").is_visible())
        assert page.pdf(format="A4").startswith(b"%PDF")
