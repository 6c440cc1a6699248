"""
A superior that comes back to 88 subordinates with full journals: real TLS, a real process above, the links' own sessions (T12).

The subordinates are light: their databases and sessions are whole, their threads run in this process.  The outage is real time;
QYZJ_OUTAGE_SECONDS, QYZJ_STORM_NODES and QYZJ_STORM_ENTRIES make it shorter or smaller.
"""

import os
import statistics
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from federation.client import Superior
from federation.credentials import KeyFiles
from federation.level import Level, steady
from federation.link import Lane
from federation.rehearsal.stage import Stage
from federation.retry import USUAL
from federation.runner import look_seconds
from federation.session import Session, session_of
from node.domain.entry import Draft, Subject
from node.domain.identifier import uuid7
from node.domain.payload import Contact, Text
from node.domain.ticket.intake import Registered
from node.services.acting import Node
from node.storage import schema
from tests.faults.conftest import MakeProxy, MakeStage
from tests.faults.ground import CITY, COUNTY, TWO, Entry, register, size_of
from tests.faults.proxy import Fault

nodes = int(os.environ.get("QYZJ_STORM_NODES", "88"))
entries_each = int(os.environ.get("QYZJ_STORM_ENTRIES", "500"))
outage_seconds = float(os.environ.get("QYZJ_OUTAGE_SECONDS", "600"))
back_seconds_max, drained_seconds_max, dials_per_second_max = 130.0, 600.0, 10
backlog_of_one, backlog_of_one_seconds_max = 10_000, 60.0


def backlog(stage: Stage, county: str, count: int) -> None:
    """So many appeals registered, an entry each: the first by its road, the others like it in one transaction."""
    node = stage.nodes[county]
    first = register(stage, "水渠堵塞", county)
    with node.store.write() as work:
        template = work.journal.of_subject(Subject("ticket", first))[0]
        registered = template.content.event
        assert isinstance(registered, Registered)
        drafts = []
        for number in range(1, count):
            subject = Subject("ticket", f"{first}/{number}")
            header = replace(template.header, id=uuid7(node.now(), work.payloads.random), subject=subject, cause="")
            event = replace(registered, appeal=Text(f"水渠堵塞{number}"), name=Contact("王某"), phone=Contact("13800001234"))
            drafts.append(Draft(header, event))
        work.append(drafts)


def mirrored(stage: Stage, county: str) -> int:
    """How many of a county's entries its city holds."""
    with stage.nodes[CITY].store.read() as view:
        return view.journal.position(county, 1).size


@dataclass
class Light:
    """A subordinate whose threads are this process's."""

    node: Node
    session: Session
    phase: float
    tries: int = 0
    greeted_at: float = 0.0
    drained_at: float = 0.0
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """As the program's own threads: a step after the other, else asleep until the timer, which looks every five seconds."""
        size = size_of(self.node)
        self._end.wait(self.phase)
        while not self._end.is_set():
            self.tries += not self.greeted_at
            moved = self.session.step(Lane.UP)
            now = time.monotonic()
            if not self.greeted_at and self.session.machine.heard_at is not None:
                self.greeted_at = now
            if self.greeted_at and self.session.machine.is_idle and self.session.machine.cursor >= size:
                self.drained_at = now
                return
            if not moved:
                self.tries -= not self.greeted_at
                self._end.wait(look_seconds)

    def stop(self) -> None:
        """End it."""
        self._end.set()
        self.session.close()


def light(stage: Stage, code: str, chance: Random) -> Light:
    """A session of the county *code* that has been idle so far."""
    node = stage.nodes[code]
    level = Level(node.store, node.writer, node.handler, node.now, node.wall, time.monotonic, Random(chance.getrandbits(64)))
    with node.store.read() as view:
        address = view.connection.execute(select(schema.links.c.address)).scalar_one()
    end = Superior(address, KeyFiles(node.data_dir / "keys").uplink, code, CITY, node.wall)
    every, clock = timedelta(seconds=30), steady(node.wall, time.monotonic)
    session = session_of(level, CITY, dict.fromkeys(Lane, end), os.urandom(16), pace=USUAL, hello_every=every, now=clock, sleep=time.sleep)
    return Light(node, session, chance.uniform(0, look_seconds))


@pytest.mark.slow
@pytest.mark.timeout(0)
class TestStorm:
    def test_everybody_is_back_and_drained_in_time(
        self, make_stage: MakeStage, make_proxy: MakeProxy, capsys: pytest.CaptureFixture[str]
    ) -> None:
        counties = [Entry(f"5204{number:02}", CITY, "xixiu-2025") for number in range(1, nodes + 1)]
        stage = make_stage((TWO[0], *counties), serves=False, is_rehearsal=False)
        wire = make_proxy(stage.parts[CITY].port)
        stage.nodes[CITY].settings.advertise = wire.address
        stage.start(CITY)
        stage.wait_listening(CITY)
        for county in counties:
            stage.join(county.code)
            backlog(stage, county.code, entries_each)
        stage.stop(CITY)
        wire.break_by(Fault.CUT)
        chance = Random(12)
        lights = [light(stage, county.code, chance) for county in counties]
        threads = [threading.Thread(target=one.run, daemon=True) for one in lights]
        for thread in threads:
            thread.start()
        threading.Event().wait(outage_seconds)

        stage.start(CITY)
        stage.wait_listening(CITY)
        wire.heal()
        back = time.monotonic()
        end = back + drained_seconds_max
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        for one in lights:
            one.stop()

        greeted = [one.greeted_at - back for one in lights]
        drained = [one.drained_at - back for one in lights]
        own = [one.drained_at - one.greeted_at for one in lights]
        # A dial before the superior was back is refused by the wire: no handshake.
        dials = [moment - back for moment in wire.moments if moment >= back]
        peak = max(sum(1 for other in dials if moment <= other < moment + 1) for moment in dials)
        with capsys.disabled():
            print(
                f"\n{nodes} subordinates, {entries_each} entries each, {outage_seconds:.0f} s away:"
                f" all greeted {max(greeted):.1f} s after, {len(dials)} dials, at most {peak} in a second,"
                f" tries each {min(one.tries for one in lights)} to {max(one.tries for one in lights)};"
                f" drained after {max(drained):.1f} s, median {statistics.median(drained):.1f} s;"
                f" from greeting to drained median {statistics.median(own):.2f} s, slowest {max(own):.2f} s"
            )
        assert all(one.greeted_at and one.drained_at for one in lights)
        assert max(greeted) <= back_seconds_max
        assert peak <= dials_per_second_max
        assert max(drained) <= drained_seconds_max
        assert [size_of(one.node) for one in lights] == [mirrored(stage, county.code) for county in counties]

    def test_a_county_with_ten_thousand_entries_is_drained_within_a_minute(
        self, make_stage: MakeStage, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stage = make_stage(TWO)
        stage.stop(CITY)
        backlog(stage, COUNTY, backlog_of_one)
        total = size_of(stage.nodes[COUNTY])
        stage.start(CITY)
        stage.wait_listening(CITY)
        begun = time.monotonic()

        stage.until(lambda: [] if mirrored(stage, COUNTY) == total else [f"{mirrored(stage, COUNTY)} of {total}"], seconds_max=180)

        took = time.monotonic() - begun
        with capsys.disabled():
            print(f"\n{backlog_of_one} entries of one county drained in {took:.1f} s")
        assert took <= backlog_of_one_seconds_max
