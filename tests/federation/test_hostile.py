"""
A subordinate's node in the wrong hands: 10,000 mutated pushes with a valid certificate (FEDERATION 5, T22 in small).

Each is answered or refused, soon, and what is refused has written nothing.  A seed is printed with whatever fails.
"""

import contextlib
import random
import resource
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from google.protobuf.message import DecodeError, Message

from federation import codec
from federation.certificates import Credentials
from federation.client import Superior
from federation.outgoing import read_up
from federation.server import LinkServer
from federation.v1 import link_pb2
from federation.waiting import Waiting
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.escalation import RequestEscalation
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork
from node.storage.writer import Writer
from node.v1 import entry_pb2
from tests.federation.levels import WALL, Context, Place, connect, enrol, make_place, serve, settle

COUNTY, CITY, SISTER = "520402", "520400", "520424"
pushes = 10_000
# Of the processor's time: a machine that is busy with other things is no fault of the city's.
slowest_seconds_max = 2.0
# How much more the process may hold after the last push than after the first thousand.
growth_mib_max = 64
committed_pushes = 100
garbage_strings = 300
BOOT = b"b" * 16

R = TypeVar("R")
Mutate = Callable[[random.Random, link_pb2.PushRequest], None]


@dataclass
class _Undone(Exception):
    answer: Any


class Undoing(Writer):
    """Carries out as usual, and undoes what would have been committed: every push meets the same city."""

    def batch(self, work: Callable[[UnitOfWork], R], entries: int) -> R:
        try:
            with self._store.write() as unit:
                raise _Undone(work(unit))
        except _Undone as done:
            answer: R = done.answer
            return answer


@dataclass
class City:
    """A city that holds half of what its county has, and the honest push of the other half."""

    place: Place
    county: Place
    honest: link_pb2.PushRequest
    directory: Path
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0

    def __post_init__(self) -> None:
        self.servicer = LinkServer(self.place.level, Waiting())
        self.context = Context(Credentials.read(self.county.files.uplink))

    def push(self, data: bytes) -> str:
        """What became of these bytes: "unreadable", "taken" or the refusal's code."""
        try:
            request = link_pb2.PushRequest.FromString(data)
        except DecodeError:
            return "unreadable"
        before, began = self.kept(), time.process_time()
        try:
            self.servicer.Push(request, self.context)  # type: ignore[arg-type]
            outcome = "taken"
        except Refusal as refusal:
            assert before == self.kept(), f"{refusal} has written something"
            outcome = refusal.code.name
        self.slowest_seconds = max(self.slowest_seconds, time.process_time() - began)
        return outcome

    def kept(self) -> list[tuple[int, int]]:
        """The database's files: nothing reaches them but what is committed."""
        return [(found.st_size, found.st_mtime_ns) for name in ("node.db", "node.db-wal") for found in [(self.directory / name).stat()]]


@pytest.fixture
def city(tmp_path: Path) -> City:
    place, county = make_place(tmp_path, CITY, "anshun-2025"), make_place(tmp_path, COUNTY)
    enrol(county, place)
    connect(county, place)
    settle(county, place)
    with place.level.store.write() as work:
        after = work.journal.position(COUNTY, 1).size
    first = county.register()
    county.register()
    county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), first)
    with county.level.store.read() as view:
        whole = read_up(view, 0).segments
    (segment,) = whole
    held = max(after - 2, 0)
    honest = link_pb2.PushRequest(
        boot_id=_boot_id(place),
        # Two that are held already, then what is new, in two segments.
        segments=codec.segments_to_pb(
            [
                codec.Segment(COUNTY, 1, held + 1, segment.entries[held : after + 1]),
                codec.Segment(COUNTY, 1, after + 2, segment.entries[after + 1 :]),
            ]
        ),
    )
    object.__setattr__(place.level, "writer", Undoing(place.level.store, inline=True))
    return City(place, county, honest, tmp_path / CITY)


def _boot_id(place: Place) -> bytes:
    return bytes(place.link(COUNTY).boot_id)


def test_ten_thousand_mutated_pushes_are_answered_or_refused_and_leave_no_trace(city: City) -> None:
    assert "taken" == city.push(city.honest.SerializeToString())
    settled_mib = 0.0
    for seed in range(pushes):
        if seed == pushes // 10:
            settled_mib = _peak_mib()
        data = mutated(random.Random(seed), city.honest)
        try:
            city.outcomes[city.push(data)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {data.hex()}") from error

    assert pushes == sum(city.outcomes.values())
    assert city.slowest_seconds < slowest_seconds_max
    assert _peak_mib() - settled_mib < growth_mib_max
    # The mutations reach every check on the way, and some get through: they say nothing that is untrue in form.
    expected = {"taken", "unreadable", "MALFORMED_ENTRY", "FOREIGN_STREAM", "STALE_EPOCH", "FORK", "NEED_HELLO", "BATCH_TOO_LARGE"}
    assert expected <= set(city.outcomes), city.outcomes
    assert "taken" == city.push(city.honest.SerializeToString())


@pytest.mark.parametrize("first", [10_000, 20_000])
def test_what_is_refused_changes_no_row(city: City, first: int) -> None:
    """With a writer that commits, as a node has it: every table stands as it stood, but for the evidence of a fork."""
    place = city.place
    object.__setattr__(place.level, "writer", Writer(place.level.store, inline=True))
    outcomes: Counter[str] = Counter()
    for seed in range(first, first + committed_pushes // 2):
        before = _rows(place)
        try:
            city.servicer.Push(link_pb2.PushRequest.FromString(mutated(random.Random(seed), city.honest)), city.context)  # type: ignore[arg-type]
            outcomes["taken"] += 1
        except DecodeError:
            outcomes["unreadable"] += 1
        except Refusal as refusal:
            outcomes[refusal.code.name] += 1
            changed = {name for name, rows in _rows(place).items() if rows != before[name]}
            assert changed <= ({"incidents", "links"} if refusal.code is Code.FORK else set()), (seed, refusal)
    assert len(outcomes) > 3, outcomes


@pytest.mark.parametrize("is_secure", [True, False], ids=["over TLS", "in the clear"])
def test_garbage_at_the_port_stops_nobody(tmp_path: Path, is_secure: bool) -> None:
    """Bytes that are no HTTP/2, or begin like it: the port hangs up on them, and serves on."""
    place, county = make_place(tmp_path, CITY, "anshun-2025"), make_place(tmp_path, COUNTY)
    enrol(county, place)
    server = serve(place)
    before = _rows(place)
    try:
        for seed in range(garbage_strings):
            _throw(random.Random(seed), server.port, county.files.uplink if is_secure else None)
        superior = Superior(f"127.0.0.1:{server.port}", county.files.uplink, COUNTY, CITY, lambda: WALL)
        assert [(COUNTY, 1)] == [(one.node, one.epoch) for one in superior.reconcile(link_pb2.ReconcileRequest()).positions]
        superior.close()
        assert before == _rows(place)
    finally:
        server.stop()


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def _throw(chance: random.Random, port: int, shown: Path | None) -> None:
    """One connection: random bytes, now and then behind what HTTP/2 begins with, or as frames of every type; then gone."""
    kind = chance.randrange(3)
    data = chance.randbytes(chance.randint(1, 2_000))
    if kind:
        frame = chance.randint(0, 400).to_bytes(3, "big") + bytes([chance.randrange(12), chance.getrandbits(8)]) + chance.randbytes(4)
        data = _PREFACE + (b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" if kind == 2 else b"") + frame + data
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as plain:
        if shown is None:
            plain.sendall(data)
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(shown)
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(plain) as secure:
            secure.sendall(data)


def _rows(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with place.level.store.read() as view:
        return {
            table.name: [tuple(row) for row in view.connection.execute(table.select().order_by(*table.primary_key.columns))]
            for table in schema.metadata.sorted_tables
        }


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def mutated(chance: random.Random, honest: link_pb2.PushRequest) -> bytes:
    """*honest* with one to three things changed: its fields, its entries, or its very bytes."""
    request = link_pb2.PushRequest()
    request.CopyFrom(honest)
    for _ in range(chance.randint(1, 3)):
        chance.choice(MUTATIONS)(chance, request)
    data = bytearray(request.SerializeToString())
    if chance.random() < 0.3:
        _damage(chance, data)
    return bytes(data)


def _damage(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data)) if data else 0
    match chance.randrange(4):
        case 0 if data:
            data[place] ^= 1 << chance.randrange(8)
        case 1:
            del data[place:]
        case 2:
            data[place:place] = chance.randbytes(chance.randint(1, 8))
        case _:
            data[place : place + chance.randint(1, 16)] = b""


def _segment(chance: random.Random, request: link_pb2.PushRequest) -> link_pb2.Segment:
    return chance.choice(request.segments) if request.segments else request.segments.add()


def _entry(chance: random.Random, request: link_pb2.PushRequest) -> entry_pb2.Entry:
    segment = _segment(chance, request)
    return chance.choice(segment.entries) if segment.entries else segment.entries.add()


def _number(chance: random.Random, bits: int) -> int:
    return chance.choice([0, 1, 2, 3, (1 << bits) - 1, 1 << (bits - 1), chance.getrandbits(bits), chance.randint(0, 40)])


def _change_boot(chance: random.Random, request: link_pb2.PushRequest) -> None:
    request.boot_id = chance.choice([b"", BOOT, chance.randbytes(16), chance.randbytes(200)])


def _change_stream(chance: random.Random, request: link_pb2.PushRequest) -> None:
    segment = _segment(chance, request)
    match chance.randrange(3):
        case 0:
            segment.node = chance.choice(["", CITY, SISTER, "x" * 5_000, "520402\x00", "'; --"])
        case 1:
            segment.epoch = _number(chance, 32)
        case _:
            segment.from_seq = _number(chance, 64)


def _shuffle(chance: random.Random, request: link_pb2.PushRequest) -> None:
    segment = _segment(chance, request)
    entries = [entry_pb2.Entry.FromString(one.SerializeToString()) for one in segment.entries]
    chance.shuffle(entries)
    del segment.entries[:]
    segment.entries.extend(entries[: chance.randint(0, len(entries))])


def _repeat(chance: random.Random, request: link_pb2.PushRequest) -> None:
    """The same segment once more, or an entry more often than a batch may hold."""
    if chance.random() < 0.8:
        request.segments.append(_segment(chance, request))
    else:
        segment = _segment(chance, request)
        segment.entries.extend([_entry(chance, request)] * 501)


def _change_content(chance: random.Random, request: link_pb2.PushRequest) -> None:
    """A field of the entry's content, somewhere in its tree, made anew in its own type."""
    entry = _entry(chance, request)
    content = entry_pb2.EntryContent()
    try:
        content.ParseFromString(entry.content)
    except DecodeError:
        return
    _change(chance, content)
    entry.content = content.SerializeToString()


def _change(chance: random.Random, message: Message) -> None:
    chosen: Any = chance.choice(list(message.DESCRIPTOR.fields))
    name, is_many = chosen.name, chosen.is_repeated
    if chance.random() < 0.2:
        message.ClearField(name)
    elif chosen.message_type is not None:
        inner = getattr(message, name)
        if is_many:
            inner = inner.add() if not inner or chance.random() < 0.3 else chance.choice(inner)
        inner.SetInParent()
        _change(chance, inner)
    elif not is_many:
        setattr(message, name, _value(chance, getattr(message, name)))


def _value(chance: random.Random, now: Any) -> Any:
    match now:
        case bool():
            return not now
        case int():
            # A signed field takes 31 or 63 bits; an enum what it does not know, too.
            return chance.choice([0, 1, 2, 7, (1 << 31) - 1, chance.getrandbits(31)])
        case bytes():
            return chance.choice([b"", chance.randbytes(32), now[:-1], now + b"\x00", chance.randbytes(3_000)])
        case _:
            return chance.choice(["", "x", now + "x", CITY, SISTER, "\x00", "💥" * 300, now.upper(), f"{now}/1"])


def _change_riders(chance: random.Random, request: link_pb2.PushRequest) -> None:
    """What lies beside the entry: sealed payloads and wrapped keys."""
    _change(chance, _entry(chance, request))


MUTATIONS: tuple[Mutate, ...] = (
    _change_boot,
    _change_stream,
    _change_stream,
    _shuffle,
    _repeat,
    _change_content,
    _change_content,
    _change_content,
    _change_content,
    _change_riders,
)
