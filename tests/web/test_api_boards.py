"""Boards over HTTP: the same lines, counts and titles as on their pages, for the same eyes, page by page."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from node.domain.entry import Actor
from node.domain.payload import Contact, Text
from node.domain.registry import OpenAccount
from node.domain.ticket.intake import Register
from node.services import boards
from node.storage import schema
from node.web.pages.boards.approvals import KINDS
from tests.clauses.given import handled
from tests.support.node import Hands, make_node
from tests.web.api import Caller
from tests.web.support import at_desk

PHONE = "13800000000"


def need(hands: Hands, **more: Any) -> str:
    """A need at the window, by its number."""
    said = {"channel": "window", "appeal": Text("路面积水，货车进不来"), "name": Contact("王五"), "phone": Contact(PHONE)}
    return hands.act("office", Register(**(said | more))).subject.id


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("boards") / "node")
    made.staff("housing", "water")
    for _ in range(5):
        need(made.later(minutes=3))
    made.act("office", OpenAccount("leader-of-water", ("leader",), "520402-water"), made.node.code)
    return made


@pytest.fixture(scope="module")
def office(hands: Hands) -> Caller:
    return Caller(hands, "centre", "office")


def walked(caller: Caller, path: str, key: str = "tickets", **query: Any) -> list[Any]:
    """Every page of two, one behind the other, with what each counts."""
    found: list[Any] = []
    for _ in range(9):
        page = caller.get(path, limit=2, **query).json()
        found += page[key]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    return found


def pooled(caller: Caller) -> list[str]:
    return [one["id"] for one in caller.get("/boards/triage").json()["tickets"]]


def test_a_board_is_what_its_page_is(hands: Hands, office: Caller):
    """The same tickets with their titles, and no contact."""
    answer = office.get("/boards/triage")
    page = at_desk(hands, "centre").get("/boards/triage").text

    assert 5 == answer.json()["count"] == len([one for one in pooled(office) if f"/tickets/{one}" in page])
    assert {"路面积水，货车进不来"} == {one["title"] for one in answer.json()["tickets"]}
    assert PHONE not in answer.text and "王五" not in answer.text


def test_the_pages_of_a_board_are_the_whole_of_it(office: Caller):
    """The same order, nothing twice; each page counts the whole board."""
    first = office.get("/boards/triage", limit=2).json()
    second = office.get("/boards/triage", limit=2, cursor=first["next"]).json()

    assert pooled(office) == [one["id"] for one in walked(office, "/boards/triage")]
    assert (5, 5) == (first["count"], second["count"])


def test_what_stands_follows_behind_what_runs(tmp_path: Path):
    """Whichever page it falls on."""
    hands = make_node(tmp_path / "node")
    standing = [need(hands.later(minutes=1)) for _ in range(2)]
    running = [need(hands.later(minutes=1)) for _ in range(2)]
    clocks = schema.clocks
    with hands.node.store.write() as work:
        work.connection.execute(update(clocks).where(clocks.c.ticket.in_(standing)).values(due_at=None))
    office, found = Actor("centre", "office", "520402-centre"), []
    with hands.node.store.read() as view:
        calendar, place = hands.node.policies.bare(view).calendar, None
        for _ in range(4):
            part = boards.waiting(view, boards.KINDS["triage"], calendar, hands.now, office, lines_max=1, after=place)
            found += [one.ticket.id for one in part.lines]
            place = part.next

    assert ([*running, *standing], None) == (found, place)


def test_the_boards_say_how_much_waits(office: Caller):
    """Those of the role, in the order of the menu; what is not clocks has no count."""
    found = {one["board"]: one["count"] for one in office.get("/boards").json()["boards"]}

    assert 5 == found["triage"] and found["meetings"] is None and "tray" not in found


def test_whoever_has_a_board_is_told_when_it_is_as_before(office: Caller):
    """304 for the mark of the answer; the mark is no state that a command could go by."""
    first = office.get("/boards/triage")
    tag = first.headers["etag"]

    assert 304 == office.get("/boards/triage", headers={"If-None-Match": tag}).status_code
    assert 422 == office.post(f"/tickets/{pooled(office)[0]}/log-enquiry", {"way": "phone"}, seen=tag).status_code


class TestScope:
    """What a page does not show, no board of the API does."""

    def test_a_need_is_on_no_board_of_whom_it_is_hidden_from(self, tmp_path: Path):
        """Also where he sees all otherwise: neither in lines nor in counts."""
        hands = make_node(tmp_path / "node")
        hands.staff("water")
        hands.act("office", OpenAccount("leader-of-water", ("leader",), "520402-water"), hands.node.code)
        known, hidden = need(hands), need(hands, conceal_from="520402-water")
        leader, office = Caller(hands, "leader-of-water"), Caller(hands, "centre", "office")

        counts = {one["board"]: one["count"] for one in leader.get("/boards").json()["boards"]}

        assert ([known], 1, 1) == (pooled(leader), leader.get("/boards/triage").json()["count"], counts["triage"])
        assert {known, hidden} == set(pooled(office))

    def test_a_department_has_its_own_boards_and_its_own_lines(self, tmp_path: Path):
        """The pool is none of its; of what is handled jointly it sees its part."""
        hands = make_node(tmp_path / "node")
        hands.staff("housing")
        handled(hands)
        desk = Caller(hands, "d-housing")

        assert 403 == desk.get("/boards/triage").status_code
        assert [] == desk.get("/boards/co-handling").json()["tickets"]


def test_every_kind_of_approval_is_on_its_board():
    """The page says how each is decided."""
    assert set(KINDS) == set(boards.KINDS["approvals"])
