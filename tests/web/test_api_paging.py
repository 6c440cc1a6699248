"""Every list of the API, one line a page: the same as in one piece, on both databases."""

from pathlib import Path
from typing import Any

from sqlalchemy import update

from node.domain.ticket.leading import AssignLeader
from node.services.boards import KINDS
from node.storage import schema
from node.web.api.query_list import all_queries
from tests.clauses.given import completed, registered
from tests.clauses.sitting import a_leader
from tests.web.api import Caller
from tests.web.registers_given import a_county_with_registers

# A board is a list, each; the others have one address.
LISTS = [one.path for one in all_queries() if {"limit", "cursor"} <= {part.name for part in one.parameters} and "{" not in one.path]
LISTS += [f"/boards/{name}" for name in KINDS]
pages_max = 12


def parts_of(caller: Caller, path: str, size: int) -> list[Any]:
    """The lines of *path*, page by page of *size*, as far as ``pages_max``."""
    found: list[Any] = []
    asked: dict[str, Any] = {"limit": size} | ({"days": 60} if path == "/call-plan" else {})
    for _ in range(pages_max):
        answer = caller.get(path, **asked)
        assert 200 == answer.status_code, f"{path}: {answer.text}"
        page = answer.json()
        # The list stands under another name in each; what each page says of the whole has a name of its own.
        lines = next(value for name, value in page.items() if isinstance(value, list) and name != "again")
        assert len(lines) <= size
        found += lines
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    return found


def test_what_comes_page_by_page_is_what_comes_at_once(tmp_path: Path, database_url: str) -> None:
    """Nothing twice, nothing left out, the same order."""
    given = a_county_with_registers(tmp_path, database_url)
    completed(given.hands)
    pool = [registered(given.hands) for _ in range(3)]
    a_leader(given.hands, "zhao", "member")
    for ticket in pool:
        given.hands.act("office", AssignLeader("zhao"), ticket)
    clocks = schema.clocks
    with given.hands.node.store.write() as work:
        work.connection.execute(update(clocks).where(clocks.c.ticket == pool[0]).values(due_at=None))
    office = Caller(given.hands, "centre", "office")
    whole = {path: parts_of(office, path, 200)[:pages_max] for path in LISTS}

    assert whole == {path: parts_of(office, path, 1) for path in LISTS}
    assert {"/tickets", "/tracking", "/ledger", "/enterprise-register", "/call-plan", "/accounts", "/leading"} <= {
        path for path, lines in whole.items() if len(lines) > 1
    }
