"""
W5: tickets that another system files through REST a second, at one connection and at 32.

A node as it serves in earnest, a process of its own: HTTP on the loopback, a service token, an idempotency key a request, the need
sealed, indexed, decided, journalled, folded and committed durably before the answer.  Beside it, in the same run, on the same disk and
the same kind of database: django-helpdesk's own path (``helpdesk``).
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from federation.rehearsal.bench import helpdesk
from federation.rehearsal.bench.figures import Figure, Part, figure
from federation.rehearsal.bench.load import Answered, Load, Request, put, serial_mark
from federation.rehearsal.bench.postgres import Cluster, NoCluster, cluster
from federation.rehearsal.stage import Create, NotAtRest, Process, free_port, look_seconds, start_program
from node import config
from node.domain.organisation import Role
from node.services import tokens
from node.services.acting import Node
from node.storage import schema

CODE, PACK, ACCOUNT = "520402", "xixiu-2025", "centre"
connections_many = 32
# Floors and goals of PERFORMANCE 10: against django-helpdesk, and of many connections against one.
PEER, MANY = (10.0, 25.0), (2.0, 4.0)
start_seconds_max = 60.0


@dataclass(frozen=True)
class Size:
    """Seconds of each load, and rounds."""

    seconds: float = 5.0
    rounds: int = 3


@dataclass
class _Side:
    """A server that takes tickets, and how many it was given."""

    port: int
    request: Request
    filed: int = 0

    def take(self, connections: int, seconds: float) -> Answered:
        """Let so many connections file tickets, each as soon as the one before is durable; a little of it unmeasured."""
        self._put(connections, min(1.0, seconds))
        return self._put(connections, seconds)

    def _put(self, connections: int, seconds: float) -> Answered:
        answered = put(Load(self.port, [[self.request]] * connections, seconds, expect=201, first_serial=self.filed + 1))
        self.filed += answered.count
        return answered


@dataclass(frozen=True)
class _Round:
    """What one connection and many filed: here, and at the peer if there is one."""

    one: Answered
    many: Answered
    peer_one: Answered | None
    peer_many: Answered | None


def run(create: Create, home: Path, size: Size) -> list[Part]:
    """Both databases; PostgreSQL only where a server can be had, the peer only where it can be installed."""
    home.mkdir(parents=True)
    peer, lacking = _peer(home)
    parts = [_measured("W5 SQLite", create, home / "sqlite", size, None, peer)]
    try:
        with cluster(home / "cluster") as found:
            parts.append(_measured("W5 PostgreSQL", create, home / "pg", size, found, peer))
    except NoCluster as error:
        parts.append(Part("W5 PostgreSQL", skipped=str(error)))
    return [*parts, *([Part("W5 django-helpdesk", skipped=lacking)] if lacking else [])]


def _peer(home: Path) -> tuple[helpdesk.Environment | None, str]:
    try:
        return helpdesk.install(home / "helpdesk"), ""
    except helpdesk.NoPeer as error:
        return None, str(error)


def _measured(name: str, create: Create, home: Path, size: Size, found: Cluster | None, environment: helpdesk.Environment | None) -> Part:
    with ExitStack() as stack:
        node, own = stack.enter_context(_serving(create, home, found))
        peer, other = None, None
        if environment is not None:
            peer = stack.enter_context(helpdesk.serving(environment, home / "peer", "" if found is None else found.create("helpdesk")))
            other = _Side(peer.port, peer.request)
        rounds = []
        for _ in range(size.rounds):
            one, many = own.take(1, size.seconds), own.take(connections_many, size.seconds)
            peers = (None, None) if other is None else (other.take(1, size.seconds), other.take(connections_many, size.seconds))
            rounds.append(_Round(one, many, *peers))
        _need_equal(name, own.filed, _tickets(node))
        if peer is not None and other is not None:
            _need_equal("django-helpdesk", other.filed, peer.tickets())
    return Part(name, tuple(_figures(rounds)), _counts(rounds))


def _need_equal(name: str, filed: int, held: int) -> None:
    if filed != held:
        raise RuntimeError(f"{name} answered for {filed} tickets and holds {held}")


def _figures(rounds: list[_Round]) -> Iterator[Figure]:
    peers = [(each, each.peer_one, each.peer_many) for each in rounds]
    many = [(each.many.rate, peer.rate) for each, _, peer in peers if peer is not None]
    one = [(each.one.rate, peer.rate) for each, peer, _ in peers if peer is not None]
    if many:
        yield figure(f"{connections_many} connections / django-helpdesk", many, "tickets/s", *PEER)
    if one:
        yield figure("one connection / django-helpdesk", one, "tickets/s")
    yield figure(f"{connections_many} connections / one", [(each.many.rate, each.one.rate) for each in rounds], "tickets/s", *MANY)


def _counts(rounds: list[_Round]) -> dict[str, Any]:
    middle = sorted(rounds, key=lambda each: each.many.rate)[len(rounds) // 2]
    sides = {"one connection": middle.one, f"{connections_many} connections": middle.many}
    counts: dict[str, Any] = {f"ms, {name}, p50 / p99": f"{_ms(side, 0.5)} / {_ms(side, 0.99)}" for name, side in sides.items()}
    if middle.peer_many is not None:
        counts["ms, django-helpdesk, p50 / p99"] = f"{_ms(middle.peer_many, 0.5)} / {_ms(middle.peer_many, 0.99)}"
    return counts | {"us a ticket": round(1e6 / middle.many.rate)}


def _ms(side: Answered, part: float) -> str:
    return f"{side.part_ms(part):.1f}"


# --- the node ---------------------------------------------------------------------------------------------------------


@contextmanager
def _serving(create: Create, home: Path, found: Cluster | None) -> Iterator[tuple[Node, _Side]]:
    """A node that serves pages and API in a process of its own, and what is filed there with a token."""
    home.mkdir(parents=True)
    ports = free_port(), free_port()
    given = {
        "data_dir": home / CODE,
        "node": CODE,
        "listen": f"127.0.0.1:{ports[0]}",
        "web_listen": f"127.0.0.1:{ports[1]}",
        "database_url": "" if found is None else found.create("node"),
    }
    node, _recovery_key = create(config.check(given), "bench", PACK, "centre")
    with node.store.write() as work:
        _, token = tokens.make_token(work, ACCOUNT, "bench", ("register",), 1, node.wall(), Role.OFFICE.value, now=node.now())
    process = start_program(["--data", str(node.data_dir), "serve"], home / "serve.log", is_tied=True)
    try:
        wait_serving(ports[1], process, home / "serve.log")
        yield node, _Side(ports[1], _request(token))
    finally:
        process.terminate()
        process.wait()
        node.close()


def wait_serving(port: int, process: Process, log: Path) -> None:
    """
    Wait until a node's pages are served on *port*.

    Raises:
        NotAtRest: it ended, or took longer than ``start_seconds_max``.
    """
    given_up = time.monotonic() + start_seconds_max
    while True:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > given_up:
            raise NotAtRest(f"the node does not serve its pages: {log.read_text()[-2_000:]}")
        time.sleep(look_seconds)


def _request(token: str) -> Request:
    need = {
        "channel": "window",
        "title": f"水渠堵塞 {serial_mark}",
        "appeal": "园区排水渠堵塞，雨天厂区积水，货车进出困难，希望协调清淤并开临时通道。",
        "name": "某某包装厂 王女士",
        "phone": f"138{serial_mark}",
        "judgement": "foreign",
    }
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"00000000-0000-7000-8000-0000{serial_mark}",
    }
    return Request("/api/v1/tickets", "POST", json.dumps(need, ensure_ascii=False), headers)


def _tickets(node: Node) -> int:
    with node.store.read() as view:
        return view.connection.execute(select(func.count()).select_from(schema.tickets)).scalar_one()
