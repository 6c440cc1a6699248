"""DESIGN 12, what is counted: exact on any machine.  A superior's work for a backlog, and the commits of an escalation's way."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from federation.codec import Carried
from federation.link import Lane
from federation.outgoing import read_stream
from federation.v1 import link_pb2
from node.domain.command import Command
from node.domain.entry import Draft, Subject
from node.domain.identifier import uuid7
from node.domain.merkle import leaf_hash
from node.domain.payload import Contact, Text
from node.domain.ticket.custody import DecideAbove
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.domain.ticket.intake import Registered
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Arrived
from node.storage.unit_of_work import UnitOfWork
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle

PROVINCE, CITY = "520000", "520400"
COUNTIES = ("520402", "520424", "520422")

backlog_entries = 1_000
commits_max, messages_max, statements_max, signature_checks_max = 4, 6, 40, 4


@dataclass
class Work:
    """What a node did while it was watched."""

    commits: int = 0
    statements: list[str] = field(default_factory=list)
    signature_checks: int = 0


@contextmanager
def watched(place: Place) -> Iterator[Work]:
    """
    Count durable commits and SQL statements of *place* (BEGIN, too), and the signatures that are checked meanwhile.

    Those with which the wire reads the caller's own credentials are among them; over TLS it is one a connection.
    """
    work, database = Work(), place.level.store.database

    def committed(_connection: Any) -> None:
        work.commits += 1

    def executed(*args: Any) -> None:
        work.statements.append(args[2])

    def called(_frame: Any, what: str, function: Any) -> None:
        if what == "c_call" and function.__name__.startswith("verify"):
            work.signature_checks += 1

    engines = {database.writer, database.reader}
    event.listen(database.writer, "commit", committed)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", executed)
    sys.setprofile(called)
    try:
        yield work
    finally:
        sys.setprofile(None)
        event.remove(database.writer, "commit", committed)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", executed)


def fresh_tickets(county: Place, count: int) -> None:
    """So many appeals registered, an entry each: the first by its road, the others like it in one transaction."""
    first = county.register()
    with county.level.store.write() as work:
        template = work.journal.of_subject(Subject("ticket", first))[0]
        registered = template.content.event
        assert isinstance(registered, Registered)
        drafts = []
        for number in range(1, count):
            header = replace(
                template.header,
                id=uuid7(county.level.now(), work.payloads.random),
                subject=Subject("ticket", f"{first}/{number}"),
                cause="",
            )
            drafts.append(
                Draft(header, replace(registered, appeal=Text(f"水渠堵塞{number}"), name=Contact("王某"), phone=Contact("13800001234")))
            )
        work.append(drafts)


@pytest.fixture
def one_county(tmp_path: Path) -> tuple[Place, Place]:
    """A county with a backlog, and its city."""
    county, city = make_place(tmp_path, COUNTIES[0]), make_place(tmp_path, CITY, "anshun-2025")
    enrol(county, city)
    connect(county, city)
    settle(county, city)
    fresh_tickets(county, backlog_entries)
    return county, city


@pytest.fixture
def three_counties(tmp_path: Path) -> tuple[Place, Place]:
    """A city that took three counties' entries in turns, and its province."""
    province, city = make_place(tmp_path, PROVINCE, "guizhou"), make_place(tmp_path, CITY, "anshun-2025")
    counties = [make_place(tmp_path, code) for code in COUNTIES]
    enrol(city, province)
    for county in counties:
        enrol(county, city)
        connect(county, city)
    connect(city, province)
    settle(*counties, city, province)
    streams = []
    for place, county in enumerate(counties):
        taken = len(county.contents(county.code))
        fresh_tickets(county, backlog_entries // 3 + (place < backlog_entries % 3))
        streams.append(carried_behind(county, taken))
    take_in_turns(city, streams)
    return city, province


def carried_behind(county: Place, seq: int) -> list[Carried]:
    with county.level.store.read() as view:
        return read_stream(view, county.code, 1, seq + 1, backlog_entries, 1 << 30)


def take_in_turns(city: Place, streams: Sequence[Sequence[Carried]]) -> None:
    """As the counties' pushes would overtake each other, one entry at a time."""
    turns = [one for several in zip_longest(*streams) for one in several if one is not None]
    with city.level.store.write() as work:
        arrived = [Arrived(one.data, leaf_hash(one.data), decode_content(one.data), dict(one.sealed), one.keys) for one in turns]
        work.fold_and_route(work.journal.mirror(arrived))


class TestBacklog:
    """Everything that a superior does for 1,000 entries that waited, from the greeting on."""

    def test_a_countys_fresh_tickets(self, one_county: tuple[Place, Place]) -> None:
        county, city = one_county
        self.check(county, city, segments=2)

    def test_three_counties_relayed_in_turns(self, three_counties: tuple[Place, Place]) -> None:
        """Each entry is a segment of its own, and costs no more for that."""
        city, province = three_counties
        self.check(city, province, segments=backlog_entries)

    def check(self, below: Place, above: Place, segments: int) -> None:
        wire, before = connect(below, above), len(above.rows(schema.entries))
        assert below.session is not None
        pushed = sent_segments(wire)

        with watched(above) as work:
            while below.session.step(Lane.UP):
                pass

        assert (before + backlog_entries, segments) == (len(above.rows(schema.entries)), sum(pushed))
        assert (["Hello", "Push", "Push"], []) == (wire.calls, above.rows(schema.quarantine))
        assert work.commits <= commits_max, work.commits
        assert 2 * len(wire.calls) <= messages_max
        assert len(work.statements) <= statements_max, "\n".join(one.partition("(")[0] for one in work.statements)
        assert work.signature_checks <= signature_checks_max


def sent_segments(wire: MemoryWire) -> list[int]:
    """Fills with the number of segments of each push."""
    counts: list[int] = []
    push = wire.push

    def counting(request: link_pb2.PushRequest) -> link_pb2.PushResponse:
        counts.append(len(request.segments))
        return push(request)

    wire.push = counting  # type: ignore[method-assign]
    return counts


@dataclass
class Trail:
    """The durable commits of several nodes, in order: which node, and the kinds of what was appended there."""

    commits: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def follow(self, place: Place) -> None:
        """Note every commit of *place* from here on."""
        table, seen = schema.entries, [max(row.taken for row in place.rows(schema.entries))]

        def committed(connection: Any) -> None:
            rows = connection.execute(select(table.c.taken, table.c.kind).where(table.c.taken > seen[0]).order_by(table.c.taken)).all()
            self.commits.append((place.code, tuple(row.kind for row in rows)))
            seen[0] += len(rows)

        event.listen(place.level.store.database.writer, "commit", committed)

    @property
    def entries(self) -> list[tuple[str, tuple[str, ...]]]:
        """Those that appended something; the others keep a link's row: how far it is acknowledged, and when it was heard."""
        return [one for one in self.commits if one[1]]


def act(place: Place, number: str, *commands: Command) -> None:
    """An office's one act."""

    def carry_out(work: UnitOfWork) -> None:
        for command in commands:
            place.level.handler.carry_out(work, place.hands.order("office", command, number))

    place.level.writer.command(carry_out)


def up(place: Place) -> None:
    assert place.session is not None
    while place.session.step(Lane.UP):
        pass


def down(place: Place) -> None:
    assert place.session is not None
    place.session.step(Lane.DOWN)


ASK = RequestEscalation(power_item="LAND-07", reason=Text("超出权限"))
ACCEPT, DECIDE = AcceptEscalation(category="coordination", complexity="plain"), DecideAbove(Text("同意用地"))


class TestEscalation:
    """
    At most 8 durable commits from the request up two levels to its answer, 4 for one; each office plays one act.

    Counted are the commits on the way, those that the next step waits for.  Receipts and resumed clocks are written beside
    it, and the rows of links keep how far they are after the step that they tell of.
    """

    def test_one_level(self, one_link: tuple[Place, Place]) -> None:
        county, city = one_link
        number = county.register()
        up(county)
        trail = Trail()
        trail.follow(county)
        trail.follow(city)

        act(county, number, ASK)
        up(county)
        act(city, number, ACCEPT, DECIDE)
        down(county)

        assert [
            (county.code, ("EscalationRequested",)),
            (city.code, ("EscalationRequested",)),
            (city.code, ("EscalationAccepted", "DecidedAbove")),
            (county.code, ("EscalationAccepted", "DecidedAbove")),
        ] == trail.entries
        assert len(trail.commits) <= 6, trail.commits

    def test_two_levels(self, two_links: tuple[Place, Place, Place]) -> None:
        county, city, province = two_links
        number = county.register()
        up(county)
        up(city)
        trail = Trail()
        for place in two_links:
            trail.follow(place)

        act(county, number, ASK)
        up(county)
        act(city, number, ACCEPT, ASK)
        up(city)
        act(province, number, ACCEPT, DECIDE)
        down(city)
        city.reactions.run()
        down(county)

        on = ("EscalationAccepted", "EscalationRequested")
        decided = ("EscalationAccepted", "DecidedAbove")
        assert [
            (county.code, ("EscalationRequested",)),
            (city.code, ("EscalationRequested",)),
            (city.code, on),
            (province.code, ("EscalationRequested", *on)),
            (province.code, decided),
            (city.code, decided),
            (city.code, ("DecidedAbove",)),
            (county.code, (*on, *decided, "DecidedAbove")),
        ] == trail.entries
        assert len(trail.commits) <= 12, trail.commits

    def test_a_desks_own_entry_costs_one_commit(self, one_link: tuple[Place, Place]) -> None:
        """Nothing follows from it here, so the cursor of reactions moves with it."""
        county, _ = one_link
        trail = Trail()
        trail.follow(county)

        county.register()
        county.reactions.run()

        assert [(county.code, ("Registered",))] == trail.commits


@pytest.fixture
def one_link(tmp_path: Path) -> tuple[Place, Place]:
    county, city = make_place(tmp_path, COUNTIES[0]), make_place(tmp_path, CITY, "anshun-2025")
    enrol(county, city)
    connect(county, city)
    settle(county, city)
    return county, city


@pytest.fixture
def two_links(tmp_path: Path) -> tuple[Place, Place, Place]:
    county, city = make_place(tmp_path, COUNTIES[0]), make_place(tmp_path, CITY, "anshun-2025")
    province = make_place(tmp_path, PROVINCE, "guizhou")
    enrol(city, province)
    enrol(county, city)
    connect(city, province)
    connect(county, city)
    settle(county, city, province)
    return county, city, province
