"""
Every page in a real browser, with a county's busy day in the node: axe, the console, the policy, and the sheet that a printer gives.

The pages are those of ``EXPECTED`` (test_rights): one that is added there is looked at here.  With QYZJ_PICTURES=<folder> each leaves
its picture and its sheets there.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from node.domain import registry as g
from node.domain.directory import JoinGroup
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.letter.sending import PublishNotice
from node.domain.payload import Contact, Text
from node.services.acting import act
from node.services.logins import logins_of
from node.texts.catalogue import text
from node.web.app import create_app
from node.web.navigation import groups_of
from tests.support.node import Hands, make_node
from tests.support.sampling import ROUND, city_and_county, drawn_round
from tests.web.browser import patience_ms, serving, violations
from tests.web.busy_county import County, a_busy_day
from tests.web.test_rights import EXPECTED

CODE = "91350211M000100Y43"
A4 = re.compile(rb"/MediaBox\s*\[\s*0\s+0\s+59[45](?:\.\d+)?\s+84[12](?:\.\d+)?\s*\]")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Look:
    """A page as somebody sees it: the account and its role, the path, in which a name in braces stands for an id."""

    who: str
    role: str
    path: str
    at: str = "county"

    def __str__(self) -> str:
        return f"{self.role} {self.path}" if self.at == "county" else f"{self.at} {self.role} {self.path}"


OFFICE, CLERK, HANDLER, LEADER = ("centre", "office"), ("hall", "window_clerk"), ("housing", "department"), ("mayor", "leader")
AUDITOR, SECURITY, OPERATOR = ("audit", "audit_admin"), ("security", "security_admin"), ("operator", "operator")
# Who looks at a page that the office does not.
_BY = {"/registers/audit": AUDITOR, "/boards/tray": HANDLER, "/login": ("", ""), "/trust": ("", "")}
# What answers with a file, leads on at once, or is asked for at a moment of signing in that has passed; the last have tests of their own.
NO_PAGE = {
    "/trust/ca.crt", "/export/table", "/tickets/{ticket}/attachments/{digest}", "/intake/new", "/intake/{draft}", "/login/second",
    "/login/oidc", "/login/oidc/back", "/kept/{id}",
}  # fmt: skip
_NAMES = {"/tickets/{ticket}/attach": "/tickets/{extension}/attach", "/tickets/{id}": "/tickets/{extension}",
          "/tickets/{id}/clocks/{clock:path}": "/tickets/{extension}/clocks/resolve", "/intake/done/{ticket}": "/intake/done/{pool-0}",
          "/tickets/{id}/papers": "/tickets/{extension}/papers", "/tickets/{id}/reply": "/tickets/{extension}/reply",
          "/tickets/{id}/papers/{paper}": "/tickets/{extension}/papers/receipt",
          "/registers/accounts/{account}": "/registers/accounts/housing",
          "/registers/accounts/{account}/close": "/registers/accounts/housing/close", "/search": "/search?q=电",
          "/registers/packs/difference": "/registers/packs/difference?old=xixiu-2025&new=anshun-2025"}  # fmt: skip
# Service groups are in the pack of one place only.
_AT = dict.fromkeys(("/registers/groups", "/registers/groups/{group}"), "fengjie")
# A form that nobody prints: its heading is its tab.
NO_PAPER = {"/intake"}
PAGES = [path for method, path in EXPECTED if method == "GET" and path not in NO_PAGE]
# The same page is another for another role, and what stands behind a list has a route of its own.
MORE = (
    Look(*CLERK, "/"), Look(*HANDLER, "/"), Look(*LEADER, "/"), Look(*SECURITY, "/"), Look(*OPERATOR, "/"), Look(*LEADER, "/leader"),
    Look(*CLERK, "/intake"), Look(*HANDLER, "/tickets/{extension}"), Look(*CLERK, "/tickets/{pool-0}"),
    Look(*LEADER, "/boards/approvals"), Look(*HANDLER, "/boards/co-handling"), Look("watch", "supervision", "/boards/supervision"),
    Look(*OFFICE, "/tickets/{revisit-0}"), Look(*OFFICE, "/tickets/{formed-0}/do/dispatch"), Look(*OFFICE, "/tickets/{pool-1}/do/form"),
    Look(*HANDLER, "/tickets/{extension}/do/complete"), Look(*HANDLER, "/tickets/{extension}/do/record-progress"),
    Look(*OFFICE, "/new/convene-meeting"), Look(*OFFICE, "/new/open-enterprise"), Look(*OFFICE, "/boards/judgement/{session}"),
    Look(*OFFICE, "/boards/supervision/{order}"), Look(*OFFICE, "/boards/meetings/{session}"),
    Look(*OFFICE, "/registers/enterprises/{enterprise}"), Look(*OFFICE, "/tickets/nowhere"),
    Look("centre", "office", "/boards/rounds", "city"), Look("centre", "office", f"/boards/rounds/{ROUND}", "city"),
    Look("centre", "office", "/boards/letters", "city"), Look("centre", "office", "/boards/letters/{letter}", "city"),
    Look("centre", "office", "/leader", "city"), Look("centre", "office", "/registers/links", "city"), Look(*OFFICE, "/registers/groups"),
)  # fmt: skip
LOOKS = [Look(*_BY.get(path, OFFICE), _NAMES.get(path, path), _AT.get(path, "county")) for path in PAGES]
LOOKS_MORE = [pytest.param(one, marks=pytest.mark.slow) for one in MORE]


@dataclass
class World:
    """A county and a city at work and a county with service groups, served; ``ids`` are what the names in paths stand for."""

    browser: Browser
    nodes: dict[str, Hands]
    addresses: dict[str, str]
    ids: dict[str, str]

    def open(self, look: Look, viewport: dict[str, int]) -> tuple[Page, list[str]]:
        """The page of *look*, and what its console said against it."""
        room = self.browser.new_context(
            base_url=self.addresses[look.at],
            locale="zh-CN",
            viewport=viewport,
            timezone_id="Asia/Shanghai",  # type: ignore[arg-type]
        )
        if look.who:
            hands = self.nodes[look.at]
            cookie, _ = logins_of(hands.node).begin(look.who, hands.node.wall(), is_strong=True, role=look.role)
            room.add_cookies([{"name": "qyzj", "value": cookie, "url": self.addresses[look.at]}])
        room.set_default_timeout(patience_ms)
        page, said = room.new_page(), []
        page.on("console", lambda one: said.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(f"{request.url}: {request.failure}"))
        page.goto(re.sub(r"{([\w-]+)}", lambda name: self.ids[name[1]], look.path))
        return page, said


@pytest.fixture(scope="module")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    nodes, ids = at_work(tmp_path_factory)
    with ExitStack() as served:
        addresses = {name: served.enter_context(serving(create_app(hands.node))) for name, hands in nodes.items()}
        yield World(browser, nodes, addresses, ids)


def at_work(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Hands], dict[str, str]]:
    """The nodes of a ``World``, and what the names in paths stand for."""
    county = a_busy_day(make_node(tmp_path_factory.mktemp("county")))
    enterprise = _filed(county)
    city, below = city_and_county(tmp_path_factory.mktemp("city"))
    drawn_round(city, below, 6)
    notice = city.act("office", PublishNotice(Text("开展走访月活动"), Text("请于周五前报告走访情况"), None))
    ids = county.tickets | {"session": county.session, "order": county.order, "enterprise": enterprise, "letter": notice.subject.id}
    nodes = {"county": county.hands, "city": city, "fengjie": _grouped(tmp_path_factory.mktemp("fengjie"))}
    return nodes, ids | {"group": "modern_agriculture"}


def _grouped(directory: Path) -> Hands:
    """A county with an official and an enterprise's head in one of its service groups."""
    county = make_node(directory, "500236", "fengjie-2023")
    county.act("office", g.OpenUnit("agriculture", "农业农村委"))
    county.act("office", g.OpenAccount("farming", ("department",), "500236-agriculture", Contact("农业小李")))
    farm = county.act("office", OpenEnterprise(Text("脐橙果业公司"), subject_type="project")).subject.id
    county.act("office", JoinGroup("modern_agriculture", "farming"))
    county.act("office", JoinGroup("modern_agriculture", enterprise=farm))
    return county


def _filed(county: County) -> str:
    node = county.hands.node
    act(node, "centre", g.OpenAccount("mayor", ("leader",), county.unit("government"), Contact("莫文清")))
    opened = OpenEnterprise(Text("黔中冷链有限公司"), "enterprise", CODE, contact=Contact("张敏"), phone=Contact("13885300001"))
    return str(county.by("centre:office", opened).subject.id)


@pytest.mark.parametrize("look", [*LOOKS, *LOOKS_MORE], ids=str)
def test_a_page_is_sound(world: World, look: Look) -> None:
    """Issue 5 item 7: axe without violations; nothing that the policy forbids; on paper A4 the matter, without the desk around it."""
    page, said = world.open(look, WIDE)
    try:
        status = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
        heading = page.locator("h1").first.inner_text()
        sheets = page.pdf(prefer_css_page_size=True)
        keep(page, look, sheets)

        assert 404 == status if "nowhere" in look.path else 200 == status, heading
        assert [] == [one for one in said if "404" not in one or "nowhere" not in look.path]
        assert [] == violations(page)
        assert [] == ([] if look.path in NO_PAPER else wrong_on_paper(sheets, heading))
        page.emulate_media(media="print")
        assert [] == page.evaluate(
            "[...document.querySelectorAll('nav, .top, button')].filter(one => one.offsetParent).map(one => one.outerHTML)"
        )
    finally:
        page.context.close()


# Wherever a leader's ways lead, and a ticket.
PHONED = [*(Look(*LEADER, way.path) for group in groups_of(LEADER[1]) for way in group.ways), Look(*LEADER, "/tickets/{dispute}")]


@pytest.mark.parametrize("look", PHONED, ids=str)
def test_a_leader_reads_on_the_phone(world: World, look: Look) -> None:
    """Nothing is wider than the screen, and axe finds nothing there either."""
    page, said = world.open(look, PHONE)
    try:
        keep(page, look, b"", "-phone")

        assert PHONE["width"] >= page.evaluate("document.documentElement.scrollWidth")
        assert [] == page.evaluate("[...document.querySelectorAll('.tickets .about')].filter(one => one.clientWidth < 250)"), "its words"
        assert ([], []) == (said, violations(page))
    finally:
        page.context.close()


class TestPaper:
    """What people print says what it is for."""

    @pytest.mark.parametrize(
        ("look", "sheets_max", "facts"),
        [
            (Look(*LEADER, "/leader"), 1, ("每日一页", "超期", "住房和城乡建设局")),
            (Look(*OFFICE, "/"), 2, ("今日", "停电")),
            (Look(*OFFICE, "/tickets/{extension}"), 4, ("施工许可缺材料", "图审机构说不用出", "住房和城乡建设局", "延期")),
            (Look(*HANDLER, "/tickets/{extension}/clocks/resolve"), 2, ("办理", "工作日")),
            (Look(*OFFICE, "/registers/enterprises"), 1, ("黔中冷链有限公司",)),
            (Look(*OFFICE, "/boards/supervision/{order}"), 1, ("催办", "请抓紧办理")),
            (Look("centre", "office", "/boards/letters/{letter}", "city"), 1, ("开展走访月活动", "请于周五前报告走访情况")),
        ],
        ids=str,
    )
    def test_the_facts_stand_on_so_many_sheets(self, world: World, look: Look, sheets_max: int, facts: tuple[str, ...]) -> None:
        page, _ = world.open(look, WIDE)
        try:
            paper = page.pdf(prefer_css_page_size=True)

            assert sheets_max >= len(re.findall(rb"/Type\s*/Page\b", paper))
            assert [] == [one for one in facts if one not in text_of(paper)]
        finally:
            page.context.close()


def wrong_on_paper(sheets: bytes, heading: str) -> list[str]:
    """Faults of a printed page: another size than A4, no heading, parts of the desk; without pdftotext only the first is looked for."""
    wrong = [] if A4.search(sheets) else ["not A4"]
    if shutil.which("pdftotext") is None:
        return wrong
    printed = text_of(sheets)
    wrong += [f"not on paper: {heading}"] if _plain(heading)[:8] not in _plain(printed) else []
    return wrong + [f"on paper: {word}" for word in (text("web.sign_out", "zh-CN"), text("web.skip", "zh-CN")) if word in printed]


def text_of(paper: bytes) -> str:
    """The text of a PDF; skips where poppler is not installed."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on the PATH: apt-get install poppler-utils")
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode()


def _plain(said: str) -> str:
    return re.sub(r"\s", "", said)


def keep(page: Page, look: Look, paper: bytes, suffix: str = "") -> None:
    """Leave picture and sheets where somebody asked for them."""
    folder = os.environ.get("QYZJ_PICTURES")
    if folder:
        name = re.sub(r"[^\w-]+", "_", str(look)).strip("_") + suffix
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
        if paper:
            Path(folder, f"{name}.pdf").write_bytes(paper)
