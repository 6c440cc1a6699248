"""Pages on PostgreSQL, on which no other test of a page runs: everybody opens once what his navigation offers him."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from node.domain import registry as g
from node.services.acting import act
from node.web.app import create_app
from node.web.navigation import groups_of
from tests.clauses.given import COUNTY, HOUSING, dispatched, registered
from tests.support.node import Hands, make_node
from tests.support.postgres import Postgres
from tests.web.support import at_desk

ROLES = ("office", "director", "leader", "window_clerk", "department", "member", "supervision", "audit_admin", "operator")
LISTS = (
    "/tickets?state=all",
    "/tickets?state=all&page=2",
    "/tickets?whose=me",
    "/tickets?whose=owed&due=overdue",
    "/tickets?due=today&page=2",
    "/tickets?whose=taken_in&since=2026-01-01&state=all",
    "/tickets?only=unsorted",
    "/tickets?unit=520402-housing&category=coordination",
    "/search?q=%E6%96%BD%E5%B7%A5",
)
# First pages whose statements touch what is open only, however much is settled.
QUICK = ("/", "/tickets", "/tickets?whose=me", "/tickets?due=overdue", "/tickets?whose=owed&due=today")


def a_staffed_county(directory: Path, database_url: str = "") -> tuple[Hands, FastAPI, str]:
    county = make_node(directory, database_url=database_url)
    county.staff("housing", "water", "finance")
    for role in ROLES:
        by = "security" if role in g.ADMINISTRATORS else "centre"
        act(county.node, by, g.OpenAccount(f"r-{role}", (role,), HOUSING if role == "department" else f"{COUNTY}-centre"))
    ticket = dispatched(county)
    registered(county)
    registered(county, "platform", category="complaint", conceal_from=HOUSING)
    return county, create_app(county.node), ticket


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> tuple[Hands, FastAPI, str]:
    return a_staffed_county(tmp_path_factory.mktemp("pg"), postgres_server.create())


@pytest.mark.parametrize("role", ROLES)
def test_everybody_opens_what_his_navigation_offers(on_postgresql: tuple[Hands, FastAPI, str], role: str) -> None:
    """Today, lists, a ticket, every board, search, the leader's page and the registers, as far as they are his."""
    county, app, ticket = on_postgresql
    client = at_desk(county, f"r-{role}", app=app)
    own = [way.path for group in groups_of(role) for way in group.ways]
    listed = LISTS if "/tickets" in own else ()

    told = {path: client.get(path).status_code for path in (*own, *listed)}

    # An intake begins with a page of its own.
    assert {path: 303 if path == "/intake" else 200 for path in told} == told
    assert client.get(f"/tickets/{ticket}").status_code in (200, 403, 404)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_first_pages_look_up_what_is_open_and_never_read_all_tickets(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """DESIGN 12: with 1,000,000 tickets, too.  The plan says it, with statistics of no store and before any table is long."""
    county, app, ticket = request.getfixturevalue("on_postgresql") if store == "postgresql" else a_staffed_county(tmp_path)
    said: list[tuple[str, object]] = []
    engine = county.node.store.database.reader
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, sql, values, _context, _many: said.append((sql, values)))
    for role in ("office", "window_clerk", "department", "leader"):
        client = at_desk(county, f"r-{role}", app=app)
        for path in QUICK:
            assert 200 == client.get(path).status_code
    assert 200 == at_desk(county, "r-office", app=app).get(f"/tickets/{ticket}").status_code

    asked = [one for one in said if one[0].lstrip().startswith("SELECT") and "tickets" in one[0]]
    with county.node.store.database.read() as connection:
        if store == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # a table of three rows is read whole, unless it need not be
        explain = "EXPLAIN" if store == "postgresql" else "EXPLAIN QUERY PLAN"
        plans = {sql: [row[-1] for row in connection.exec_driver_sql(f"{explain} {sql}", values)] for sql, values in asked}  # type: ignore[arg-type]
    whole = {sql: plan for sql, plan in plans.items() if any(_reads_all(line) for line in plan)}

    assert len(plans) > 10
    assert {} == whole


def _reads_all(line: str) -> bool:
    return line.strip() == "SCAN tickets" or "Seq Scan on tickets" in line
