"""
ASVS 1.2.1: whatever somebody wrote is text on every page that shows it, never a part of the page.

Everything that is free text in a county's busy day carries what would run, leave its attribute or be reckoned if a page took it for its
own: appeals and titles, names of enterprises, units, people and files, replies, letters, searches.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from node.domain.payload import Contact, Text
from node.domain.ticket.handling import AddEvidence
from node.services.acting import act
from node.web.app import create_app
from tests.support import sampling
from tests.support.node import Hands
from tests.web import busy_county, test_every_page
from tests.web.support import at_desk
from tests.web.test_every_page import LOOKS, MORE, Look

HOSTILE = "javascript:alert(1)//</title><script>alert(1)</script>\"><img data-hostile src=x onerror=alert(1)>' onfocus='alert(1) Q{{7*7}}Q"
ESCAPED = "&lt;script&gt;alert(1)"
# Who makes the busy day.
_MODULES = (busy_county, test_every_page, sampling)
# Of so many pages at least some show a text that somebody wrote: the others are forms and registers of other things.
SHOWING_MIN = 40


@dataclass
class World:
    """The nodes of a busy day with hostile texts, and their pages."""

    nodes: dict[str, Hands]
    apps: dict[str, FastAPI]
    ids: dict[str, str]

    def get(self, look: Look, path: str = "") -> httpx2.Response:
        """The page of *look*, or another *path* by whoever looks there."""
        client = TestClient(self.apps[look.at], follow_redirects=False)
        if look.who:
            client = at_desk(self.nodes[look.at], look.who, look.role, app=self.apps[look.at])
        return client.get(path or re.sub(r"{([\w-]+)}", lambda name: self.ids[name[1]], look.path))


class Found(HTMLParser):
    """What of HOSTILE became a part of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self._script = False
        self.feed(page)
        self.wrong += ["reckoned"] if "Q49Q" in page else []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        for name, value in attrs:
            is_way = name in ("href", "src", "action", "formaction") and (value or "").strip().lower().startswith("javascript:")
            if name.startswith("on") or name == "data-hostile" or is_way:
                self.wrong.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        if self._script and "alert(1)" in data:
            self.wrong.append(f"script: {data}")

    def handle_endtag(self, tag: str) -> None:
        self._script = False


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            patch.setattr(module, "Text", lambda said: Text(HOSTILE + said))
            patch.setattr(module, "Contact", lambda said: Contact(HOSTILE + said), raising=False)
        patch.setattr(busy_county, "UNITS", {short: HOSTILE + name for short, name in busy_county.UNITS.items()})
        nodes, ids = test_every_page.at_work(tmp_path_factory)
    node = nodes["county"].node
    photo = node.blobs.put(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400))
    act(node, "housing:department", AddEvidence(photo, Text(f"{HOSTILE}.jpg")), ticket=ids["extension"])
    yield World(nodes, {name: create_app(hands.node) for name, hands in nodes.items()}, ids)


def test_no_page_takes_what_somebody_wrote_for_a_part_of_it(world: World) -> None:
    """Every page by whoever reads it, with everything that a busy day brought."""
    found, showing = {}, 0
    for look in (*LOOKS, *MORE):
        answer = world.get(look)
        wrong = Found(answer.text).wrong
        showing += ESCAPED in answer.text
        if wrong or answer.status_code >= 500:
            found[str(look)] = (answer.status_code, wrong[:3])

    assert {} == found
    assert SHOWING_MIN <= showing


OFFICE, DOOR = Look("centre", "office", "/"), Look("", "", "/login")


@pytest.mark.parametrize(
    ("look", "path"),
    [
        (OFFICE, "/search?text={}"),
        (OFFICE, "/intake?appeal={}"),
        (OFFICE, "/nowhere/{}"),
        (OFFICE, "/tickets/{}"),
        (OFFICE, "/registers/enterprises?text={}"),
        (OFFICE, "/boards/triage?back={}"),
        (OFFICE, "/new/open-enterprise?name={}&back={}"),
        (DOOR, "/login?back={}"),
        (DOOR, "/nowhere/{}"),
    ],
)
def test_nor_what_a_link_brings(world: World, look: Look, path: str) -> None:
    """A link that somebody was sent: what it says is shown as text, or not at all, and leads nowhere."""
    for said in (HOSTILE, "javascript:alert(1)", '"><img data-hostile>', "//evil.example/"):
        answer = world.get(look, path.replace("{}", quote(said, safe="")))

        assert answer.status_code < 500
        assert [] == Found(answer.text).wrong
        assert "//evil.example" not in re.findall(r'(?:href|action)="([^"]*)"', answer.text)


def test_nor_what_is_typed_at_the_door(world: World) -> None:
    """The name is put back into its field."""
    answer = TestClient(world.apps["county"]).post("/login", data={"account": HOSTILE[:100], "password": "Wrong-2026-x", "back": HOSTILE})

    assert "&lt;script&gt;" in answer.text
    assert [] == Found(answer.text).wrong


def test_nor_a_search_that_somebody_keeps(world: World) -> None:
    """Under the name that he gave it."""
    desk = at_desk(world.nodes["county"], "centre", "office", app=world.apps["county"])
    kept = desk.post("/search/saved", data={"name": HOSTILE, "query": f"text={quote(HOSTILE)}"})

    answer = desk.get("/search")

    assert kept.status_code < 500
    assert [] == Found(answer.text).wrong
    assert ESCAPED in answer.text


def test_a_file_is_called_as_it_may_be_on_its_way(world: World) -> None:
    """Neither a header's line nor its quotes end where the name says so."""
    node, ticket = world.nodes["county"], world.ids["extension"]
    desk = at_desk(node, "housing", "department", app=world.apps["county"])
    page = desk.get(f"/tickets/{ticket}").text
    (path, *_) = re.findall(rf'href="(/tickets/{ticket}/attachments/[0-9a-f]+[^"]*)"', page)

    answer = desk.get(path)

    assert 200 == answer.status_code
    said = answer.headers["content-disposition"]
    assert not re.search(r'[<>\r\n]|filename="[^"]*"[^;]', said), said
    assert answer.headers["content-type"].startswith("image/jpeg")
