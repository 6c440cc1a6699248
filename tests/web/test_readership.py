"""What is about no ticket is read over the API by whom its page is for, as a query and as entries of the feed."""

from pathlib import Path

import pytest

from node.domain import accounts
from node.domain import registry as g
from node.domain.letter.sending import RaiseIssue
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Text
from node.domain.round import OpenRound
from node.services.acting import act
from node.services.journal_log import OPENING_READERS
from node.services.readership import ACCOUNT_READERS, AUDITORS, BOARD_READERS, DRAWERS, EVENT_READERS, LETTER_READERS
from node.services.redaction import words_in
from node.web.app import create_app
from tests.clauses.given import COUNTY, a_county, handled
from tests.web.support import at_desk, csrf

LOOKING = ("window_clerk", "specialist", "steward", "discipline", "office", "supervision", "leader", "audit_admin", "operator")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, set[str]]]:
    """By role: the status of the query of rounds, and the kinds of entries in the feed, of a county that draws and opened a contact."""
    hands = a_county(tmp_path_factory.mktemp("readership"))
    node, ticket = hands.node, handled(hands)
    for role in LOOKING:
        by = "security" if role in g.ADMINISTRATORS else "centre"
        act(node, by, g.OpenAccount(f"r-{role}", (role,), f"{COUNTY}-centre"))
    hands.act("operator", g.InviteNode("520499", "分中心", "00" * 32), COUNTY)
    hands.act("node", g.AdmitNode("520499", "分中心", "00" * 32), COUNTY)
    act(node, "centre:office", OpenRound("520499", "2026-03"))
    app = create_app(node)
    opened = at_desk(hands, "centre", "office", app=app).post(f"/tickets/{ticket}/open", data={"csrf": csrf, "purpose": "handling"})
    assert 200 == opened.status_code
    told = {}
    for role in LOOKING:
        client = at_desk(hands, f"r-{role}", app=app)
        entries = client.get("/api/v1/entries?limit=500").json()["entries"]
        told[role] = client.get("/api/v1/rounds").status_code, {one["kind"] for one in entries}
    return told


@pytest.mark.parametrize("role", LOOKING)
def test_rounds_and_their_entries_are_for_whom_the_board_is(answers: dict[str, tuple[int, set[str]]], role: str) -> None:
    """DESIGN 8: nobody else is to know whom a round is about before he is called."""
    status, kinds = answers[role]

    assert (role in BOARD_READERS["rounds"], BOARD_READERS["rounds"]) == (role in DRAWERS, DRAWERS)
    assert (200 if role in DRAWERS else 403, role in DRAWERS) == (status, "RoundOpened" in kinds)


def test_every_event_of_accounts_has_its_readers() -> None:
    """Who may sign in, or act for whom, also another system: a kind that is added there is read by whom the others are."""
    kinds = {
        one.kind()
        for one in vars(accounts).values()
        if isinstance(one, type) and one.__module__ == accounts.__name__ and issubclass(one, g.NodeEvent)
    }

    assert {kind: ACCOUNT_READERS | AUDITORS for kind in kinds} == {kind: EVENT_READERS.get(kind) for kind in kinds}
    assert {"TokenMade", "HookAdded"} <= kinds


@pytest.mark.parametrize("role", LOOKING)
def test_who_opened_what_is_for_whom_its_register_is(answers: dict[str, tuple[int, set[str]]], role: str) -> None:
    """Who opened whose contacts, for what; and who may sign in."""
    kinds = answers[role][1]

    assert [role in OPENING_READERS] * 2 == ["PayloadOpened" in kinds, "AccountOpened" in kinds]
    assert {"UnitOpened", "Registered"} <= kinds


def test_what_somebody_opened_himself_he_reads(tmp_path: Path) -> None:
    """As in the register of openings."""
    hands = a_county(tmp_path)
    ticket = handled(hands)
    act(hands.node, "centre", g.OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre"))
    client = at_desk(hands, "clerk")
    client.post(f"/tickets/{ticket}/open", data={"csrf": csrf, "purpose": "handling"})

    entries = client.get("/api/v1/entries?kind=PayloadOpened").json()["entries"]

    assert ["clerk"] == [one["account"] for one in entries]


@pytest.mark.parametrize("role", ["window_clerk", "specialist", "leader", "office", "supervision"])
def test_a_letter_is_read_over_the_api_by_whom_its_board_is_for(tmp_path: Path, role: str) -> None:
    """All others are answered as if it were not there; a clerk's own stands on its page."""
    hands = a_county(tmp_path)
    act(hands.node, "centre", g.OpenAccount(f"r-{role}", (role,), f"{COUNTY}-centre"))
    letter = hands.act("office", RaiseIssue("process", Text("会签"), Text("建议并联"))).subject.id
    client, may = at_desk(hands, f"r-{role}"), role in LETTER_READERS

    listed = [one["id"] for one in client.get("/api/v1/letters").json()["dossiers"]]
    kinds = {one["kind"] for one in client.get("/api/v1/entries?limit=500").json()["entries"]}

    assert ([letter] if may else [], may) == (listed, "IssueCollected" in kinds)
    assert (200 if may else 404) == client.get(f"/api/v1/letters/{letter}").status_code


def test_what_an_order_demands_is_read_over_the_api_once_it_was_opened(tmp_path: Path) -> None:
    """AS25-4.6.2: to read it is to say so, as on its page.  Who issued it reads it at once; who has no part in it, never."""
    hands = a_county(tmp_path)
    ticket, unit = handled(hands), f"{COUNTY}-housing"
    act(hands.node, "centre", g.OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre"))
    command = IssueOrder("urge", "overdue", "system", tickets=(ticket,), unit=unit, demand=Text("请说明情况"))
    order = hands.act("office", command).subject.id
    app = create_app(hands.node)
    desks = (("d-housing", "department"), ("centre", "office"), ("clerk", "window_clerk"))
    unit_desk, issuer, other = (at_desk(hands, *who, app=app) for who in desks)
    path = f"/api/v1/orders/{order}"

    before, at_the_issuer, elsewhere = (one.get(path).json() for one in (unit_desk, issuer, other))
    read = unit_desk.post(f"{path}/read-order", json={})
    after = unit_desk.get(path).json()

    assert [False, True, False, True] == ["请说明情况" in words_in(one) for one in (before, at_the_issuer, elsewhere, after)]
    assert (f"/boards/supervision/{order}", None, None) == (before["opens_at"], after["opens_at"], at_the_issuer["opens_at"])
    assert 200 == read.status_code and before["dossier"]["read_at"] is None and after["dossier"]["read_at"]
