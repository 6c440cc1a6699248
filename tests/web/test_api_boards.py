"""Boards over HTTP: the same lines, counts and titles as on their pages, for the same eyes, page by page."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from node.domain.entry import Actor
from node.domain.payload import Contact, Text
from node.domain.registry import OpenAccount
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.intake import Register
from node.domain.ticket.objection import Object, RuleObjection
from node.services import boards, call_plan
from node.storage import schema
from node.web.pages.boards.approvals import KINDS
from tests.clauses.given import COUNTY, a_county, completed, dispatched, handled, registered, the
from tests.support.node import Hands, make_node
from tests.web.api import Caller
from tests.web.registers_given import Given, a_county_with_registers, open_account
from tests.web.support import at_desk

PHONE = "13800000000"
CODE = "91350211M000100Y43"


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
def registers(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return a_county_with_registers(tmp_path_factory.mktemp("registers"))


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

    def test_a_steward_has_his_field_page_by_page(self, tmp_path: Path):
        """AS25-3.3, 3.4: what each page counts is his, too; the office sees all."""
        hands = a_county(tmp_path)
        hands.staff("development_reform")
        hands.act("office", OpenAccount("steward", ("steward",), f"{COUNTY}-development_reform"), COUNTY)
        with hands.node.store.read() as view:
            pack = hands.node.policies.of_node(view, hands.now).pack
        field = next(
            name.partition(".")[2] for name in pack.rules if name.startswith("steward.") and "development_reform" in str(pack.find(name))
        )
        reached = []
        for one in (field, "", field, field):
            reached.append(registered(hands.later(minutes=1), field=one))
        steward, office = Caller(hands, "steward"), Caller(hands, "centre", "office")
        own = [reached[0], *reached[2:]]

        assert (3, 4) == (steward.get("/boards/triage", limit=1).json()["count"], office.get("/boards/triage").json()["count"])
        assert (own, own) == (pooled(steward), [one["id"] for one in walked(steward, "/boards/triage")])

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


class TestLeaderPage:
    """每日一页, as the page has it."""

    def test_figures_and_questions_are_those_of_the_page(self, registers: Given):
        """Counts, departments worst first, and what waits in the words of whoever put it."""
        found = Caller(registers.hands, "mayor").get("/leader-page").json()

        assert (1, 1, 1) == (found["counts"]["overdue"], found["counts"]["completed"], found["waiting"])
        assert [registers.disputed] == [one["ticket"] for one in found["waiting_for_leader"]]
        assert "扩建与水源保护" == found["waiting_for_leader"][0]["about"]

    @pytest.mark.parametrize("role", ["operator", "security_admin", "audit_admin"])
    def test_administrators_read_no_word_on_it(self, registers: Given, role: str):
        """Neither on the page nor here: what waits they see, and not what it is about (FEATURES 77, 79)."""
        hands, account = registers.hands, f"keeper-{role}"
        open_account(hands, account, (role,))
        page = at_desk(hands, account).get("/leader").text
        found = Caller(hands, account).get("/leader-page")

        assert [registers.disputed] == [one["ticket"] for one in found.json()["waiting_for_leader"]] and registers.disputed in page
        assert [] == [said for said in (page, found.text) if "扩建与水源保护" in said or "不属本单位职责" in said]


class TestCallPlan:
    """USERS B21 for other systems: one call an enterprise, nobody's name and no number."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        return a_county(tmp_path)

    def test_the_pages_are_the_calls_of_the_board_in_its_order(self, county: Hands):
        """An enterprise once, with a sheet for each ticket that is due; each page counts all that is due."""
        for code in (CODE, "", CODE, ""):
            completed(county.later(minutes=5), credit_code=code)
        with county.node.store.read() as view:
            plan = call_plan.planned(view, county.node.policies, county.now, 30).calls
        office = Caller(county, "centre", "office")
        whole = office.get("/call-plan", days=30)
        pages = walked(office, "/call-plan", "calls", days=30)

        assert [2, 1, 1] == sorted((len(call.sheets) for call in plan), reverse=True)
        assert [[one.ticket for one in call.sheets] for call in plan] == [[one["ticket"] for one in call["sheets"]] for call in pages]
        assert (whole.json()["calls"], 4) == (pages, office.get("/call-plan", days=30, limit=1).json()["tickets"])
        assert PHONE not in whole.text and "王五" not in whole.text
        assert [] == office.get("/call-plan", days=0).json()["calls"]

    def test_of_a_need_that_is_hidden_from_him_a_caller_is_told_nothing(self, county: Hands):
        """Not even that somebody called about it; the page says no more."""
        hidden = handled(county, credit_code=CODE, conceal_from=f"{COUNTY}-water")
        county.act("department", RecordAttempt(True, "phone"), hidden, "housing")
        due = completed(county, credit_code=CODE)
        county.act("office", OpenAccount("head-of-water", ("director",), f"{COUNTY}-water"), COUNTY)
        (call,) = Caller(county, "centre", "office").get("/call-plan", days=30).json()["calls"]
        (seen,) = Caller(county, "head-of-water").get("/call-plan", days=30).json()["calls"]
        page = at_desk(county, "head-of-water").get("/boards/revisits?days=14").text

        assert [hidden] == [one["ticket"] for one in call["contacts"]]
        assert ([due], []) == ([sheet["ticket"] for sheet in seen["sheets"]], seen["contacts"])
        assert (True, False) == (due in page, hidden in page)

    def test_who_was_drawn_is_told_to_whoever_draws(self, county: Hands):
        """A call of a round that is not revealed is no earlier contact for anybody else (DESIGN 8)."""
        due = completed(county, credit_code=CODE)
        called = call_plan.Contact(county.now, COUNTY, f"{COUNTY}-centre", due, "CallRecorded", "yes")
        with county.node.store.read() as view:
            found = {
                role: call_plan._contacts_for(
                    view, {due: the(county, due)}, {due: (called,)}, county.now, Actor("x", role, f"{COUNTY}-centre")
                )
                for role in ("office", "specialist")
            }

        assert {"office": [called], "specialist": []} == found


class TestSupervision:
    """The tracking list, what waits at other levels, and what was ruled."""

    def test_every_open_assignment_by_its_limit_page_by_page(self, tmp_path: Path):
        """A department has its own; what is hidden from somebody is neither listed nor counted."""
        county = a_county(tmp_path)
        shown = [handled(county.later(minutes=5)) for _ in range(4)]
        hidden = handled(county, conceal_from=f"{COUNTY}-water")
        county.act("office", OpenAccount("head-of-water", ("director",), f"{COUNTY}-water"), COUNTY)
        office, head, water = Caller(county, "centre", "office"), Caller(county, "head-of-water"), Caller(county, "d-water")
        whole = [one["ticket"] for one in office.get("/tracking").json()["tracking"]]

        assert {*shown, hidden} == set(whole) and whole == [one["ticket"] for one in walked(office, "/tracking", "tracking")]
        assert set(shown) == {one["ticket"] for one in head.get("/tracking").json()["tracking"]}
        assert (5, 4, 0) == tuple(caller.get("/tracking").json()["count"] for caller in (office, head, water))
        assert 4 == head.get("/tracking", unit="housing", limit=1).json()["count"]

    def test_a_ruling_is_told_to_whoever_sees_its_ticket(self, tmp_path: Path):
        """As the page of objections has it."""
        county = a_county(tmp_path)
        tickets = [dispatched(county, matter="land_use", conceal_from=hiding) for hiding in ("", f"{COUNTY}-finance")]
        for ticket in tickets:
            county.later(hours=1).act("department", Object(Text("不属本单位职责"), f"{COUNTY}-water"), ticket, "housing")
            county.act("office", RuleObjection(True, Text("属河道"), f"{COUNTY}-water"), ticket)
        county.act("office", OpenAccount("head-of-finance", ("director",), f"{COUNTY}-finance"), COUNTY)
        office, head = Caller(county, "centre", "office"), Caller(county, "head-of-finance")

        assert (2, 1) == (office.get("/precedents").json()["count"], head.get("/precedents").json()["count"])
        assert [ticket] == [one["ticket"] for one in office.get("/precedents", limit=1).json()["precedents"]]
        assert 2 == len(walked(office, "/precedents", "precedents"))
