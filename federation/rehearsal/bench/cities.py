"""
W4: nine cities send the province what they took from their counties, as processes.

The counties are simulated: each city holds their streams as if they had sent them, in turns, so what it relays up changes stream
every few entries.  While its processes stand still (SIGSTOP) every city gets the same backlog; then all go on at once.
"""

import itertools
import os
import signal
import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from federation import outgoing
from federation.codec import Carried
from federation.following import concerns
from federation.rehearsal.bench import backlog
from federation.rehearsal.bench.figures import Part, figure
from federation.rehearsal.bench.stages import COUNTY, PROVINCE, Bench, Entry, set_up, standing, wait
from federation.rehearsal.stage import Create
from federation.runner import look_seconds
from node.domain import registry as g
from node.domain.command import Order
from node.domain.merkle import leaf_hash
from node.domain.register_number import make as make_register_number
from node.domain.time import local_day
from node.services.acting import Node
from node.services.registry import NODE_ACTOR
from node.storage.codec import decode_content, moment
from node.storage.journal import Arrived
from node.v1 import entry_pb2

# The nine cities and prefectures of the province, and how many counties each is given: 88 together.
CITIES = ("520100", "520200", "520300", "520400", "520500", "520600", "522300", "522600", "522700")
COUNTIES = (10, 4, 14, 6, 8, 10, 8, 16, 12)
LINKS_FLOOR, LINKS_GOAL = 0.6, 0.8
FAIR_FLOOR, FAIR_GOAL = 0.5, 0.75
# So many entries of one county stand together in what a city relays.
entries_a_turn = 5
entries_a_commit = 1_000
seconds_max = 1_800.0


@dataclass(frozen=True)
class Size:
    """Entries that wait in each city, links, rounds."""

    entries: int = 4_000
    links: int = 9
    rounds: int = 3


def run(create: Create, home: Path, size: Size) -> list[Part]:
    """Nine links at once against one alone, and the slowest of the nine against their mean."""
    cities = tuple(Entry(code, PROVINCE.code, "anshun-2025") for code in CITIES[: size.links])
    with standing(create, home, (PROVINCE, *cities)) as bench:
        template = _template(create, home / "template")
        counties = {city.code: _Counties.of(bench.node(city.code), COUNTIES[place], template) for place, city in enumerate(cities)}
        bench.stage.start(PROVINCE.code)
        bench.stage.wait_listening(PROVINCE.code)
        for city in cities:
            bench.stage.start(city.code)
        _level(bench, [city.code for city in cities])
        rounds = []
        for _ in range(size.rounds):
            (one,) = _sent(bench, {cities[0].code: counties[cities[0].code]}, size.entries)
            rounds.append((one, _sent(bench, counties, size.entries)))
    figures = (
        figure("nine links / one link", [(all_of(rates), one.rate) for one, rates in rounds], "entries/s", LINKS_FLOOR, LINKS_GOAL),
        figure(
            "slowest of the nine / their mean",
            [(min(link.rate for link in rates), statistics.mean(link.rate for link in rates)) for _, rates in rounds],
            "entries/s",
            FAIR_FLOOR,
            FAIR_GOAL,
        ),
    )
    counted = {"links": len(cities), "counties": sum(len(one.streams) for one in counties.values()), "entries a city": size.entries}
    return [Part("W4", figures, counted)]


@dataclass(frozen=True)
class _Link:
    """What one link carried: entries, and when the first look found some of them above and when all."""

    entries: int
    begun: float
    ended: float

    @property
    def rate(self) -> float:
        """Entries a second since all links were let go."""
        return self.entries / (self.ended - self.begun)


def all_of(links: Sequence[_Link]) -> float:
    """Entries a second of several links together."""
    return sum(link.entries for link in links) / (max(link.ended for link in links) - min(link.begun for link in links))


def _sent(bench: Bench, counties: dict[str, "_Counties"], entries: int) -> list[_Link]:
    """Let *entries* wait in each of these cities and time them, from the first that reaches the province from anywhere."""
    pids = [bench.stage.serving[code].pid for code in counties]
    _signal(pids, signal.SIGSTOP)
    stopped = time.monotonic()
    for code, held in counties.items():
        held.fill(bench.node(code), entries)
    # By then the timer of each of them has run out, so that all look at once.
    time.sleep(max(0.0, stopped + look_seconds + 1 - time.monotonic()))
    _signal(pids, signal.SIGCONT)
    before = {code: _held(bench, held) - entries for code, held in counties.items()}
    ended: dict[str, float] = {}
    begun: list[float] = []

    def is_through() -> bool:
        now = time.perf_counter()
        sizes = {code: _above(bench, held) for code, held in counties.items() if code not in ended}
        if not begun and any(size > before[code] for code, size in sizes.items()):
            begun.append(now)
        ended.update({code: now for code, size in sizes.items() if size >= before[code] + entries})
        return len(ended) == len(counties)

    wait(bench.stage, is_through, seconds_max)
    return [_Link(entries, begun[0], at) for at in ended.values()]


def _signal(pids: Sequence[int], name: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, name)


def _level(bench: Bench, cities: Sequence[str]) -> None:
    """Wait until the province holds what the cities have."""

    def is_level() -> bool:
        for city in cities:
            with bench.node(city).store.read() as view:
                own = view.journal.position(city, 1).size
            if bench.size(PROVINCE.code, city) < own:
                return False
        return True

    wait(bench.stage, is_level, seconds_max)


def _held(bench: Bench, counties: "_Counties") -> int:
    return sum(counties.streams.values())


def _above(bench: Bench, counties: "_Counties") -> int:
    with bench.node(PROVINCE.code).store.read() as view:
        return sum(view.journal.position(code, 1).size for code in counties.streams)


@dataclass
class _Counties:
    """
    The simulated counties of a city: the size of each one's stream, and the entries of the ticket that all of theirs repeat.

    What lies sealed in it was sealed elsewhere: nobody here can open it, and it takes as much room as if he could.
    """

    template: Sequence[Carried]
    streams: dict[str, int]
    serial: int = backlog.first_serial
    _waiting: dict[str, list[Carried]] = field(default_factory=dict)

    @classmethod
    def of(cls, city: Node, count: int, template: Sequence[Carried]) -> "_Counties":
        """Enter *count* counties into the city's registry and begin to hold their streams."""
        codes = [f"{city.code[:4]}{number:02}" for number in range(1, count + 1)]
        for code in codes:
            city.handler.handle(Order(str(uuid.uuid4()), NODE_ACTOR, city.code, g.AdmitNode(code, "simulated", "")))
            with city.store.write() as work:
                work.journal.adopt(code, 1)
        city.store.concerns = concerns  # as a serving node knows them
        return cls(template, dict.fromkeys(codes, 0))

    def fill(self, city: Node, entries: int) -> None:
        """Let the city take *entries* of its counties in turns, ``entries_a_turn`` of one and then of the next."""
        for start in range(0, entries, entries_a_commit):
            arrived = list(self._in_turns(min(entries_a_commit, entries - start)))
            with city.store.write() as work:
                work.fold_and_route(work.journal.mirror(arrived))

    def _in_turns(self, count: int) -> Iterator[Arrived]:
        turn = itertools.cycle(sorted(self.streams))
        while count > 0:
            county = next(turn)
            for _ in range(min(entries_a_turn, count)):
                yield self._next(county)
            count -= entries_a_turn

    def _next(self, county: str) -> Arrived:
        waiting = self._waiting.setdefault(county, [])
        if not waiting:
            waiting += self._ticket(county)
        carried = waiting.pop(0)
        self.streams[county] += 1
        content = entry_pb2.EntryContent.FromString(carried.data)
        content.seq = self.streams[county]
        data = content.SerializeToString(deterministic=True)
        return Arrived(data, leaf_hash(data), decode_content(data), dict(carried.sealed), carried.keys)

    def _ticket(self, county: str) -> Iterator[Carried]:
        """The template's entries as *county* would have written them about its next ticket."""
        self.serial += 1
        ids: dict[str, str] = {"": ""}
        for one in self.template:
            content = entry_pb2.EntryContent.FromString(one.data)
            number = make_register_number(county, local_day(moment(content.recorded_at)), self.serial)
            ids[content.id] = str(uuid.uuid4())
            content.node, content.id, content.subject.id, content.cause = county, ids[content.id], number, str(uuid.uuid4())
            if content.custody.holder:
                content.custody.holder = county
            content.custody.opener, content.answers = ids[content.custody.opener], ids[content.answers]
            keys = tuple(replace(key, node=county, subject_id=number) for key in one.keys)
            yield Carried(content.SerializeToString(deterministic=True), one.sealed, keys)


def _template(create: Create, home: Path) -> Sequence[Carried]:
    """One ticket's entries, as a county writes them."""
    county = set_up(create, home, (COUNTY,)).node(COUNTY.code)
    life = backlog.play(county)
    with county.store.read() as view:
        first = life.entries[0].header.seq
        carried = outgoing.read_stream(view, county.code, 1, first, len(life.entries))
    county.close()
    # Month keys ride beside the first ticket of a month; of the others there are thousands for each of those.
    return [one._replace(keys=tuple(key for key in one.keys if key.subject_id)) for one in carried]
