"""
Levels that are linked, for tests: whole nodes, joined by real invitations, with a wire between them that can be cut.

``MemoryWire`` hands a call to the superior's own servicer in this thread, as gRPC would; ``serve`` opens a real port.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import select

from federation.certificates import Credentials, certificate_to_pem
from federation.credentials import KeyFiles
from federation.enrolment import REACTION_ACTOR, EnrolmentServer, invite, join
from federation.level import Level
from federation.link import Lane
from federation.reactions import Reactions
from federation.retry import REHEARSAL, Failure, Pace, failed
from federation.server import LinkServer, Server
from federation.session import Session, session_of
from federation.v1 import enrolment_pb2, link_pb2
from federation.waiting import Waiting
from node.domain.payload import Contact, Text
from node.domain.refusal import Refusal
from node.domain.ticket.intake import Register
from node.storage import schema
from node.storage.unit_of_work import no_fault
from tests.support.node import MONDAY, Hands, make_node

# OpenSSL reads the machine's clock, so certificates are issued by it.
WALL = datetime.now(UTC)
_boots = itertools.count(1)
patience_seconds = 120.0


@dataclass
class Steady:
    """A clock that stands until the test moves it."""

    now: datetime = WALL

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Context:
    """What a servicer asks of a call, as gRPC answers it."""

    def __init__(self, credentials: Credentials) -> None:
        self._pem = certificate_to_pem(credentials.certificate)

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "x509_pem_cert": [self._pem]}

    def peer(self) -> str:
        return "memory"

    def time_remaining(self) -> float | None:
        return None

    def is_active(self) -> bool:
        return True


@dataclass
class Place:
    """One level: its node, its key files, its links' ends."""

    hands: Hands
    files: KeyFiles
    level: Level
    steady: Steady = field(default_factory=Steady)
    session: Session | None = None

    @property
    def code(self) -> str:
        return self.hands.node.code

    @property
    def reactions(self) -> Reactions:
        return Reactions(self.level.store, self.level.writer, self.level.handler, self.level.wall)

    def servicer(self) -> LinkServer:
        return LinkServer(self.level, Waiting())

    def enrolment(self) -> EnrolmentServer:
        return EnrolmentServer(self.level, self.files.authority(self.code, WALL))

    def register(self, appeal: str = "水渠堵塞", phone: str = "13800001234") -> str:
        """Register an appeal and return its number."""
        command = Register(channel="window", appeal=Text(appeal), name=Contact("王某"), phone=Contact(phone), judgement="foreign")
        return self.hands.act("window_clerk", command).subject.id

    def position(self, node: str, epoch: int = 1) -> tuple[int, bytes]:
        """How far this level holds a stream: its size and root."""
        with self.level.store.read() as view:
            position = view.journal.position(node, epoch)
        return position.size, position.root

    def contents(self, node: str) -> list[bytes]:
        """The bytes of a stream as this level holds them."""
        table = schema.entries
        with self.level.store.read() as view:
            rows = view.connection.execute(select(table.c.content).where(table.c.node == node).order_by(table.c.epoch, table.c.seq))
            return [bytes(content) for content in rows.scalars()]

    def link(self, peer: str) -> Any:
        """The link's row."""
        with self.level.store.read() as view:
            return view.connection.execute(select(schema.links).where(schema.links.c.peer == peer)).one()

    def rows(self, table: Any) -> list[Any]:
        """Every row of a table."""
        with self.level.store.read() as view:
            return list(view.connection.execute(select(table)))

    def status(self) -> str:
        """What the uplink shows: state and reason."""
        assert self.session is not None
        shown = self.session.machine.status(self.steady())
        return f"{shown.state.value} {shown.reason}".strip()


class MemoryWire:
    """
    One subordinate's wire to its superior's servicer.  ``is_cut``: UNAVAILABLE; ``lose_replies``: done there, unknown here;
    ``carried``: the bytes of every message that crossed it.
    """

    def __init__(self, above: Place, files: KeyFiles) -> None:
        self.above = above
        self.servicer = above.servicer()
        self._files = files
        self.is_cut = False
        self.lose_replies = 0
        self.calls: list[str] = []
        self.carried: list[bytes] = []

    def hello(self, request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
        return self._call("Hello", request)  # type: ignore[no-any-return]

    def push(self, request: link_pb2.PushRequest) -> link_pb2.PushResponse:
        return self._call("Push", request)  # type: ignore[no-any-return]

    def pull(self, request: link_pb2.PullRequest) -> link_pb2.PullResponse:
        request.wait_ms = 0
        return self._call("Pull", request)  # type: ignore[no-any-return]

    def fetch(self, request: link_pb2.FetchRequest) -> link_pb2.FetchResponse:
        return self._call("Fetch", request)  # type: ignore[no-any-return]

    def reconcile(self, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
        return self._call("Reconcile", request)  # type: ignore[no-any-return]

    def give_back(self, request: link_pb2.GiveBackRequest) -> link_pb2.GiveBackResponse:
        return self._call("GiveBack", request)  # type: ignore[no-any-return]

    def put_blob(self, request: link_pb2.PutBlobRequest) -> link_pb2.PutBlobResponse:
        return self._call("PutBlob", request)  # type: ignore[no-any-return]

    def get_blob(self, request: link_pb2.GetBlobRequest) -> link_pb2.GetBlobResponse:
        return self._call("GetBlob", request)  # type: ignore[no-any-return]

    def redial(self) -> None:
        self.calls.append("redial")

    def close(self) -> None:
        self.is_cut = True

    def _call(self, name: str, request: Any) -> Any:
        self.calls.append(name)
        if self.is_cut:
            raise failed(Failure("UNAVAILABLE"))
        # Over the wire and back: what a message cannot carry does not arrive.
        self.carried.append(request.SerializeToString())
        arrived = type(request).FromString(self.carried[-1])
        try:
            answer = getattr(self.servicer, name)(arrived, Context(Credentials.read(self._files.uplink)))
        except Refusal as refusal:
            raise failed(Failure(refusal.code.status, refusal)) from None
        if self.lose_replies:
            self.lose_replies -= 1
            raise failed(Failure("DEADLINE_EXCEEDED"))
        self.carried.append(answer.SerializeToString())
        return type(answer).FromString(self.carried[-1])


def make_place(
    directory: Path, code: str, pack: str = "xixiu-2025", *, database_url: str = "", wall: Callable[[], datetime] = lambda: WALL
) -> Place:
    """A level of its own, not linked yet.  All below one *directory* share its clock file."""
    hands = make_node(directory, code, pack, database_url=database_url, now=MONDAY)
    node = hands.node
    steady = Steady()
    level = Level(node.store, node.writer, node.handler, node.now, wall, lambda: 0.0, random.Random(7), "0.1.0")
    return Place(hands, KeyFiles(node.data_dir / "keys"), level, steady)


def enrol(below: Place, above: Place) -> None:
    """Invite and join, without a port."""
    authority = above.files.authority(above.code, WALL)
    invitation = invite(above.level, authority, below.code, f"node {below.code}", "127.0.0.1:1", REACTION_ACTOR)
    server = above.enrolment()

    def call(request: enrolment_pb2.EnrolRequest) -> enrolment_pb2.EnrolResponse:
        arrived = enrolment_pb2.EnrolRequest.FromString(request.SerializeToString())
        return server.Enrol(arrived, Context(invitation.bootstrap))  # type: ignore[arg-type]

    join(below.level, below.files, invitation, call)


def connect(below: Place, above: Place, *, pace: Pace = REHEARSAL) -> MemoryWire:
    """A new session of *below* with *above*, as after a start of its process."""
    wire = MemoryWire(above, below.files)
    below.session = session_of(
        below.level,
        above.code,
        {Lane.UP: wire, Lane.DOWN: wire},
        next(_boots).to_bytes(16, "big"),
        pace=pace,
        hello_every=timedelta(seconds=50),
        now=below.steady,
        sleep=lambda _seconds: None,
    )
    return wire


def settle(*places: Place, seconds: float = 0) -> None:
    """Let every link and every reaction do what it can, until nothing moves: lowest level first."""
    for place in places:
        place.steady.later(seconds)
    while True:
        before = [_state(place) for place in places]
        for place in places:
            if place.session is not None:
                while place.session.step(Lane.UP):
                    pass
                place.session.step(Lane.DOWN)
            place.reactions.run()
        if before == [_state(place) for place in places]:
            return


def _state(place: Place) -> tuple[object, ...]:
    with place.level.store.read() as view:
        links = view.connection.execute(select(schema.links.c.peer, schema.links.c.down_size, schema.links.c.acked)).all()
        return view.head.taken, view.head.reacted, tuple(map(tuple, links))


@contextmanager
def full_behind(place: Place, appends: int) -> Iterator[None]:
    """The disk of *place* has room to append so many times more while this lasts, each time whatever one transaction does at once."""
    left = appends

    def fault(point: str) -> None:
        nonlocal left
        if point == "append.after_entries":
            left -= 1
            if left < 0:
                raise sqlite.OperationalError("database or disk is full")

    place.level.store.fault = fault
    try:
        yield
    finally:
        place.level.store.fault = no_fault


def serve(place: Place, listen: str = "127.0.0.1:0") -> Server:
    """A real port of *place*, started."""
    server = Server(place.level, place.files.server(place.code, WALL), place.enrolment(), listen, 4)
    server.start()
    return server


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a state, never for a while."""
    end = time.monotonic() + patience_seconds
    while not is_so():
        assert time.monotonic() < end, "it never came about"
        threading.Event().wait(0.01)
