"""
The nodes of a simulation: what of them is durable, and what dies with a process.

Durable is a node's database, real SQLite in memory: a crash inside a transaction rolls it back, and whatever was committed stays.
All else is a ``Process``: session, machine, boot id, calls that are out.  Seven nodes that have joined are made once in each
process and copied for each seed, which takes a millisecond.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from federation.certificates import AuthContext, Identity
from federation.enrolment import REACTION_ACTOR, Joined, admit, come_below, need_order
from federation.greeting import payload_keys
from federation.level import Level
from federation.reparenting import check_admission
from federation.simulation.schedule import BEGIN
from federation.trust import Trust
from node.documents.issuing import content_by
from node.domain import registry as g
from node.domain.command import Order
from node.domain.entry import Actor
from node.domain.identifier import uuid7
from node.domain.paper import CONTENT
from node.packs.file import finder
from node.services.clock import Sweep
from node.services.handle import Handler
from node.services.policies import Policies
from node.services.registry import NODE_ACTOR
from node.services.setup import Beginning, initialise
from node.storage.blobs import Blobs
from node.storage.database import Database, open_database
from node.storage.guard import HELD, Guard
from node.storage.journal import Position
from node.storage.keyring import KeyRing
from node.storage.migrate import upgrade
from node.storage.payloads import recipient
from node.storage.sealing import public_of
from node.storage.unit_of_work import Store, UnitOfWork
from node.storage.writer import Writer

PROVINCE = "520000"
# Each node with its superior and its pack, top down.
TREE: Mapping[str, tuple[str, str]] = {
    PROVINCE: ("", "guizhou"),
    "520400": (PROVINCE, "anshun-2025"),
    "520300": (PROVINCE, "anshun-2025"),
    "520402": ("520400", "xixiu-2025"),
    "520424": ("520400", "guanling-2025"),
    "520302": ("520300", "xixiu-2025"),
    "520303": ("520300", "xixiu-2025"),
}
DEPARTMENT = "housing"
EVIDENCE = "现场照片".encode()
# SQLite's own bound: as good as none.
_PAGES_MAX = 1_073_741_823


class Crash(BaseException):
    """A node dies at a named point; nothing of the product catches it."""

    def __init__(self, node: Node, point: str) -> None:
        super().__init__(f"{node.code} dies at {point}")
        self.node = node


class MemoryBlobs(Blobs):
    """Content-addressed values without a disk, for all nodes together: a blob is what its name says, wherever it lies."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """As the real one."""
        name = hashlib.sha256(content).hexdigest()
        self._contents[name] = content
        return name

    def get(self, name: str) -> bytes:
        """As the real one."""
        return self._contents[name]

    def has(self, name: str) -> bool:
        """As the real one."""
        return name in self._contents

    def names(self) -> list[str]:
        """As the real one."""
        return sorted(self._contents)

    def damaged(self) -> list[str]:
        """None ever is."""
        return []


class MemoryGuard(Guard):
    """The guard file: it lies outside the database and every backup, so a restore does not touch it."""

    def __init__(self) -> None:
        super().__init__(Path())
        self.said: Position | None = None

    def read(self) -> Position | None:
        """As the real one."""
        return self.said

    def note(self, position: Position) -> None:
        """As the real one."""
        self.said = position


class SimulatedTrust(Trust):
    """Who calls is what the wire says; whether that node may, the registry says, as in the product."""

    def caller(self, auth_context: AuthContext) -> Identity:
        """The name on the wire."""
        code = next(iter(auth_context["node"]))
        node = code.decode() if isinstance(code, bytes) else str(code)
        return certified(node)


def certified(code: str) -> Identity:
    """What stands for what a node's certificate says."""
    return Identity(code, False, hashlib.sha256(f"certificate of {code}".encode()).hexdigest(), BEGIN, BEGIN + timedelta(days=365))


@dataclass
class Node:
    """
    One node's durable state and its parts.  ``offset`` is how far its clocks are wrong; ``fault`` is called at each named point.
    """

    code: str
    database: Database
    connection: Any
    ring: KeyRing
    blobs: Blobs
    policies: Policies
    time: Callable[[], tuple[datetime, datetime]] = lambda: (BEGIN, BEGIN)
    offset: timedelta = timedelta()
    fault: Callable[[Node, str], None] = lambda _node, _point: None
    random: random.Random = field(default_factory=random.Random)
    guard: MemoryGuard = field(default_factory=MemoryGuard)
    store: Store = field(init=False)
    writer: Writer = field(init=False)
    handler: Handler = field(init=False)
    level: Level = field(init=False)
    sweep: Sweep = field(init=False)
    serial: int = 0

    @property
    def line(self) -> list[str]:
        """Its superiors, nearest first, as its own database says."""
        said: str = self.value("SELECT line FROM heads")
        return said.split(",") if said else []

    @property
    def superior(self) -> str:
        """Whose subordinate it is; empty: nobody's."""
        return next(iter(self.line), "")

    def begin(self, seed: str, time: Callable[[], tuple[datetime, datetime]], fault: Callable[[Node, str], None]) -> None:
        """Put the parts together anew, for one seed."""
        self.time, self.offset, self.fault, self.serial = time, timedelta(), fault, 0
        self.random, self.guard = random.Random(f"{seed}|{self.code}"), MemoryGuard()
        self.store = Store(self.database, self.ring, self.random.randbytes, lambda point: self.fault(self, point))
        self.writer = Writer(self.store, inline=True)
        self.handler = Handler(self.writer, self.policies, self.blobs, self.now, {CONTENT: content_by(self.policies)})
        steady = time
        self.level = Level(
            self.store,
            self.writer,
            self.handler,
            self.now,
            self.wall,
            lambda: (steady()[1] - BEGIN).total_seconds(),
            random.Random(seed),
            "s",
            self.guard,
        )
        self.forget()

    def forget(self) -> None:
        """What a process keeps in memory beside its sessions is gone."""
        self.sweep = Sweep(self.store, self.handler, self.policies)

    def look_at_guard(self) -> None:
        """What a starting process does first: a database that is older than its guard writes nothing."""
        with self.store.read() as view:
            if self.guard.fits(view) or view.head.held:
                return
        with self.store.write() as work:
            work.head.held = HELD

    def note_guard(self) -> None:
        """At the top nobody else holds this journal: the clock keeps the guard."""
        with self.store.read() as view:
            if not view.head.held:
                self.guard.note(view.journal.position(view.head.node, view.head.epoch))

    def now(self) -> datetime:
        """Business time here."""
        return self.time()[0] + self.offset

    def wall(self) -> datetime:
        """The machine's clock here."""
        return self.time()[1] + self.offset

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the committed state, by the driver alone."""
        found: list[tuple[Any, ...]] = self.connection.execute(sql, values).fetchall()
        return found

    def value(self, sql: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        found = self.connection.execute(sql, values).fetchone()
        return None if found is None else found[0]

    def order(self, actor: Actor, command: Any, subject: str = "") -> Order:
        """An order with a fresh id, the same in each run of the seed."""
        self.serial += 1
        return Order(uuid7(self.now(), self.random.randbytes), actor, subject, command)

    def actor(self, role: str, unit: str = "centre") -> Actor:
        """Somebody of this node in *role*."""
        return Actor(f"a-{role}", role, g.unit_code(self.code, unit))

    def copy_to(self, target: Any) -> None:
        """Copy the whole database over that of the connection *target*, as SQLite does it online."""
        self.connection.backup(target)

    def copy_from(self, source: Any) -> None:
        """Take a copy's place."""
        source.backup(self.connection)
        self.connection.execute("PRAGMA foreign_keys=ON")

    def fill_disk(self) -> None:
        """No page more from here on."""
        self.connection.execute(f"PRAGMA max_page_count={self.value('PRAGMA page_count')}")

    def clear_disk(self) -> None:
        """There is room again."""
        self.connection.execute(f"PRAGMA max_page_count={_PAGES_MAX}")


class Grounds:
    """The seven nodes as they stand before every seed, and the databases that seeds use one after the other."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.policies = Policies(self.blobs)
        self.evidence = self.blobs.put(EVIDENCE)
        empty = open_database("sqlite://")
        upgrade(empty)
        self.nodes = {code: self._node(code, raw(empty)) for code in TREE}
        empty.close()
        for code, (_, pack) in TREE.items():
            self._initialise(self.nodes[code], pack)
        for code, (superior, _) in TREE.items():
            if superior:
                self._join(self.nodes[code], self.nodes[superior])
        self._kept = {code: copy_of(node) for code, node in self.nodes.items()}

    def fresh(self, seed: str, time: Callable[[], tuple[datetime, datetime]], fault: Callable[[Node, str], None]) -> dict[str, Node]:
        """The nodes of a new seed; those of the last one are gone."""
        for code, node in self.nodes.items():
            node.clear_disk()
            node.copy_from(self._kept[code])
            node.begin(seed, time, fault)
        return self.nodes

    def twin(self, node: Node, seed: str) -> Node:
        """A second copy of *node* with a database of its own: a virtual machine that was cloned."""
        twin = self._node(node.code, node.connection)
        twin.begin(seed, node.time, node.fault)
        return twin

    def _node(self, code: str, like: Any) -> Node:
        database = open_database("sqlite://")
        connection = raw(database)
        like.backup(connection)
        return Node(code, database, connection, _ring(code), self.blobs, self.policies)

    def _initialise(self, node: Node, pack: str) -> None:
        node.begin("grounds", lambda: (BEGIN, BEGIN), lambda _node, _point: None)
        initialise(node.store, self.blobs, node.ring, Beginning(node.code, f"node {node.code}", pack, False, "centre"), finder(), BEGIN)
        for command in (
            g.OpenUnit(DEPARTMENT, DEPARTMENT),
            g.OpenAccount(f"d-{DEPARTMENT}", ("department",), g.unit_code(node.code, DEPARTMENT)),
        ):
            node.handler.handle(node.order(NODE_ACTOR, command, node.code))

    def _join(self, below: Node, above: Node) -> None:
        join(below, above)


def join(below: Node, above: Node, *, is_moved: bool = False) -> None:
    """
    What `Enrol` and ``join`` do once the certificate is there: the node comes below another one, or below its first.

    Raises:
        Refusal: as they do.
    """
    name, identity = f"node {below.code}", certified(below.code)
    public = {recipient(below.code, reader): key for reader, key in below.ring.public_keys().items()}
    with below.store.read() as view:
        need_order(view, above.code, is_moved=is_moved)
        epoch, former = view.head.epoch, next(iter(view.head.line), "")

    def take(work: UnitOfWork) -> tuple[tuple[str, ...], Mapping[str, bytes]]:
        check_admission(work, below.code, former if former != above.code else "")
        above.handler.carry_out(work, above.order(REACTION_ACTOR, g.InviteNode(below.code, name, identity.fingerprint), above.code))
        admit(above.level, work, identity, name, epoch, public)
        return (above.code, *work.head.line), payload_keys(work, work.place())

    line, keys = above.writer.command(take)
    come_below(below.level, Joined(line, line), "a:1", "", keys)


def raw(database: Database) -> Any:
    """The one connection of a database in memory, without SQLAlchemy."""
    return database.writer.raw_connection().driver_connection


def copy_of(node: Node) -> Any:
    """A copy of a node's database: a connection of its own."""
    import pysqlite3.dbapi2 as sqlite

    target = sqlite.connect(":memory:", check_same_thread=False)
    node.copy_to(target)
    return target


def below(nodes: Mapping[str, Node], code: str) -> list[str]:
    """The nodes directly below."""
    return [one for one, node in nodes.items() if node.superior == code]


def subtree(nodes: Mapping[str, Node], code: str) -> list[str]:
    """A node and all below it."""
    return [code, *(deeper for one in below(nodes, code) for deeper in subtree(nodes, one))]


def _ring(code: str) -> KeyRing:
    keys = random.Random(f"ring|{code}")
    secrets = [keys.randbytes(32) for _ in range(4)]
    return KeyRing(secrets[0], secrets[1], secrets[2], public_of(secrets[3]))
