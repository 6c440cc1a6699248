"""A ticket has one name on the pages: the number that people say (USERS C23, walks b and c); those of papers are on hover."""

import re
from pathlib import Path

import pytest

from node.services.numbers import short_number
from tests.support.node import make_node
from tests.support.tree import ROOT
from tests.web.busy_county import County, a_busy_day
from tests.web.support import at_desk

TEMPLATES = ROOT / "node/web/templates"
LINK = re.compile(r'<a class="number" href="/tickets/(\d{20})" title="([^"]*)">([^<]+)</a>')
BOARDS = ("triage", "dispatch", "judgement", "approvals", "co-handling", "objections", "revisits", "supervision")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    return a_busy_day(make_node(tmp_path_factory.mktemp("county")))


@pytest.mark.parametrize(
    ("account", "path"),
    [
        *(("centre", f"/boards/{name}") for name in BOARDS),
        *(("centre", path) for path in ("/", "/tickets", "/search?q=电")),
        ("housing", "/boards/tray"),
        ("housing", "/"),
    ],
)
def test_a_list_names_a_ticket_as_it_is_spoken(county: County, account: str, path: str) -> None:
    """Nobody has to find out that XX2026000012 and 0126-12-3 are one."""
    page = at_desk(county.hands, account).get(path).text
    shown = re.sub(r"<[^>]+>", " ", page)

    links = LINK.findall(page)
    assert links, path
    assert [] == [(id, words) for id, _, words in links if words != short_number(id)]
    assert [] == [(id, title) for id, title, _ in links if not title.endswith(id)]
    assert [] == re.findall(r"\bXX\d+", shown)


def test_the_full_numbers_are_on_hover(county: County) -> None:
    """Whoever holds the paper finds its number under the pointer."""
    page = at_desk(county.hands, "centre").get("/boards/dispatch").text

    assert [title for _, title, _ in LINK.findall(page) if re.fullmatch(r"XX\d+ · \d{20}", title)]


def test_one_macro_names_a_ticket() -> None:
    """A page that wrote the link itself would write the other number sooner or later."""
    own = re.compile(r'<a [^>]*href="/tickets/[^"/]*"[^>]*>{{ (?:[\w.]+ or )?[\w.]+(?:\|short_number|\.number|\.spoken) }}</a>')
    written = {path.relative_to(TEMPLATES): own.findall(path.read_text("utf-8")) for path in TEMPLATES.rglob("*.html")}

    assert {Path("macros.html")} == {path for path, found in written.items() if found}
