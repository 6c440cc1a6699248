"""
How long people wait for a page: 20 of them at their desks, 5 s between clicks, before nodes that hold many tickets (``fill``).

A node serves in a process of its own; clerks, the office, departments and leaders are signed in and go over Today, the list with its
filters and further pages, and tickets.  Then every other page of the navigation is asked a few times by one person alone.
"""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from federation import reconciling
from federation.rehearsal.bench.figures import Figure, Part
from federation.rehearsal.bench.fill import UNITS, Filled, fill
from federation.rehearsal.bench.intake import wait_serving
from federation.rehearsal.bench.load import Load, Request, put
from federation.rehearsal.bench.postgres import Cluster, NoCluster, cluster
from federation.rehearsal.stage import Create, free_port, start_program
from node import config
from node.domain import registry as g
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import State
from node.services.acting import Node, act
from node.services.logins import logins_of
from node.storage import schema

CODE, PACK = "520400", "anshun-2025"
# DESIGN 12.
limit_ms, people_count, pause_seconds = 200.0, 20, 5.0
TODAY, LIST, TICKET = "Today", "list", "ticket"
_LISTS = (
    "/tickets",
    "/tickets?page=2",
    "/tickets?whose=me",
    "/tickets?due=overdue",
    "/tickets?due=today",
    "/tickets?state=handling&page=3",
    "/tickets?state=all",
    "/tickets?state=all&page=20",
    "/tickets?state=closed&since=2025-01-01",
)
_OTHERS = (
    *(("office", f"/boards{name}") for name in ("", "/triage", "/dispatch", "/judgement", "/approvals", "/co-handling", "/objections")),
    *(("office", f"/boards/{name}") for name in ("escalations", "letters", "supervision", "revisits", "rounds", "meetings", "leading")),
    *(("office", path) for path in (f"/search?q={quote('水渠')}", "/leader", "/first-day", "/export")),
    *(("office", f"/registers/{name}") for name in ("enterprises", "contacts", "calendar", "packs", "what-if", "channels", "links")),
    *(("office", path) for path in ("/registers/units", "/registers/groups")),
    *(("department", path) for path in ("/boards/tray", "/boards/co-handling", "/boards/supervision")),
    *(("leader", path) for path in ("/leader", "/boards/leading", "/boards/approvals")),
)


@dataclass(frozen=True)
class Size:
    """Tickets of each node, one after the other; seconds that people click; how often each other page is asked."""

    tickets: tuple[int, ...] = (100_000,)
    seconds: float = 60.0
    others: int = 3
    pause_seconds: float = pause_seconds


def run(create: Create, home: Path, size: Size) -> list[Part]:
    """Both databases; PostgreSQL only where a server can be had."""
    home.mkdir(parents=True)
    parts = [_filled(f"pages SQLite {tickets:,}", create, home / f"sqlite-{tickets}", tickets, size, "") for tickets in size.tickets]
    try:
        with cluster(home / "cluster") as found:
            parts += [_on_postgres(create, home, tickets, size, found) for tickets in size.tickets]
    except NoCluster as error:
        parts.append(Part("pages PostgreSQL", skipped=str(error)))
    return parts


def _on_postgres(create: Create, home: Path, tickets: int, size: Size, found: Cluster) -> Part:
    database = f"node_{tickets}"
    try:
        return _filled(f"pages PostgreSQL {tickets:,}", create, home / f"pg-{tickets}", tickets, size, found.create(database))
    finally:
        found.drop(database)


def _filled(name: str, create: Create, home: Path, tickets: int, size: Size, database_url: str) -> Part:
    listen = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    given = {"data_dir": home, "node": CODE, "listen": listen[0], "web_listen": listen[1], "database_url": database_url}
    node, _recovery_key = create(config.check(given), "bench", PACK, "centre")
    try:
        return measure(name, node, fill(node, tickets), size)
    finally:
        node.close()


def measure(name: str, node: Node, filled: Filled, size: Size) -> Part:
    """What people wait for at *node*, which is filled and does not serve yet."""
    port = int(node.settings.web_listen.rpartition(":")[2])
    people = _people(node)
    # The night's look has been: it folds readings anew that no journal tells of.
    node.writer.command(lambda work: reconciling.look(work, node.now(), node.wall()))
    log = node.data_dir.with_suffix(".log")
    process = start_program(["--data", str(node.data_dir), "serve"], log, is_tied=True)
    try:
        wait_serving(port, process, log)
        clients = [list(_clicks(one, _within_sight(node, one, filled), random.Random(place))) for place, one in enumerate(people)]
        put(Load(port, clients, min(5.0, size.seconds), pause_seconds=0.5))  # what a process learns once
        before = _cpu_seconds(process.pid)
        clicked = put(Load(port, clients, size.seconds, pause_seconds=size.pause_seconds))
        taken = _cpu_seconds(process.pid) - before
        by_role = {one.role: one for one in people}
        others = _alone(port, [(by_role[role], path) for role, path in _OTHERS], size.others)
    finally:
        process.terminate()
        process.wait()
    figures = [_figure(kind, clicked.part_ms(0.95, kind)) for kind in (TODAY, LIST, TICKET) if kind in clicked.taken_ms]
    counts: dict[str, Any] = {"clicks": clicked.count, "tickets": filled.tickets}
    if taken:
        # Says more than any waiting does on a machine that others use, too; a server of PostgreSQL is not in it.
        counts["ms of the node's processor a click"] = round(taken * 1e3 / max(clicked.count, 1), 1)
    counts["load of the machine"] = round(os.getloadavg()[0], 1)
    for kind in sorted(clicked.taken_ms):
        counts[f"ms, {kind}, p50 / p95 / most"] = " / ".join(f"{clicked.part_ms(part, kind):.0f}" for part in (0.5, 0.95, 1.0))
    slow = {path: round(taken) for path, taken in sorted(others.items(), key=lambda one: -one[1])}
    counts["ms, other pages, alone"] = slow
    counts["other pages over the limit"] = sum(taken > limit_ms for taken in others.values())
    return Part(name, tuple(figures), counts)


def _figure(kind: str, p95_ms: float) -> Figure:
    return Figure(f"p95 of {kind} / {limit_ms:.0f} ms", p95_ms / limit_ms, p95_ms, limit_ms, "ms", 1.0, 1.0, is_cost=True)


def _cpu_seconds(pid: int) -> float:
    """What the process has used of the processor; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _alone(port: int, asked: Sequence[tuple["_Person", str]], times: int) -> dict[str, float]:
    """The median of each page that one person asks for, milliseconds; the first time, when much is read once, is not counted."""
    requests = [person.request(path, f"{path} ({person.role})") for person, path in asked for _ in range(times + 1)]
    taken = put(Load(port, [requests], 0.0, once=True)).taken_ms
    return {kind: sorted(values[1:])[times // 2] for kind, values in taken.items()}


# --- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Person:
    """Somebody who is signed in."""

    role: str
    unit: str
    cookie: str

    def request(self, path: str, kind: str) -> Request:
        return Request(path, kind=kind, headers={"cookie": f"qyzj={self.cookie}", "accept-language": "zh-CN"})


_STAFF = (
    *((Role.OFFICE, "centre") for _ in range(7)),
    *((Role.WINDOW_CLERK, "centre") for _ in range(3)),
    (Role.DIRECTOR, "centre"),
    (Role.LEADER, ""),
    *((Role.DEPARTMENT, UNITS[0]) for _ in range(4)),
    *((Role.DEPARTMENT, unit) for unit in UNITS[1:5]),
)
assert len(_STAFF) == people_count


def _people(node: Node) -> list[_Person]:
    """Twenty people with accounts and sessions of their own."""
    logins, found = logins_of(node), []
    for place, (role, unit) in enumerate(_STAFF):
        account, of_unit = f"person-{place}", g.unit_code(node.code, unit) if unit else ""
        try:
            act(node, "centre:office", g.OpenAccount(account, (role.value,), of_unit))
        except Refusal as refusal:
            if refusal.code is not Code.ALREADY_EXISTS:  # of an earlier measurement of the same node
                raise
        cookie, session = logins.begin(account, node.wall(), is_strong=True, role=role.value)
        assert session.stage.value == "open", session.stage
        found.append(_Person(role.value, unit, cookie))
    return found


def _clicks(person: _Person, tickets: Sequence[str], chance: random.Random) -> Iterator[Request]:
    """A day's clicks: Today, a list, a ticket or two, and again."""
    for _ in range(20):
        yield person.request("/", TODAY)
        yield person.request(chance.choice(_LISTS), LIST)
        for ticket in chance.sample(tickets, min(2, len(tickets))):
            yield person.request(f"/tickets/{ticket}", TICKET)
        yield person.request(chance.choice(_LISTS), LIST)


def _within_sight(node: Node, person: _Person, filled: Filled) -> list[str]:
    """The open tickets of the office that *person* may open: a department those that it has in hand."""
    if person.role != Role.DEPARTMENT.value:
        return list(filled.own_open)
    tickets, unit = schema.tickets, g.unit_code(node.code, person.unit)
    with node.store.read() as view:
        led = set(
            view.connection.execute(select(tickets.c.id).where(tickets.c.lead == unit, tickets.c.state != State.CLOSED.value)).scalars()
        )
    return [one for one in filled.own_open if one in led]
