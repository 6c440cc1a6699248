"""A real link between two nodes: how soon a change is seen above, and what an outage leaves behind (XS25-5.1c)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from federation.client import Superior
from federation.link import Lane
from federation.retry import REHEARSAL
from federation.runner import Runner
from federation.server import Server
from federation.session import session_of
from node.domain.entry import Subject
from node.domain.payload import Text
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.storage.journal import Stored
from node.storage.writer import Writer
from tests.federation.exchange import CITY, COUNTY, PASSED
from tests.federation.levels import WALL, Place, enrol, make_place, serve, until

visible_within_seconds = 5.0
changes = 100


@pytest.fixture
def city(tmp_path: Path) -> Place:
    """It serves on a port of its own."""
    city = make_place(tmp_path, CITY, "anshun-2025")
    object.__setattr__(city.level, "monotonic", time.monotonic)
    object.__setattr__(city.level, "writer", Writer(city.level.store))
    return city


@pytest.fixture
def county(tmp_path: Path, city: Place) -> Place:
    """It dials the city."""
    county = make_place(tmp_path, COUNTY)
    enrol(county, city)
    county.hands.staff("housing")
    return county


@contextmanager
def link_up(county: Place, city: Place, listen: str = "127.0.0.1:0") -> Iterator[str]:
    """The city's port and the county's threads, until the end of the block; what it gives is the address."""
    server = serve(city, listen)
    runner = _runner(county, server)
    runner.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        runner.stop()
        server.stop()


@pytest.mark.clause("XS25-5.1c")
def test_a_change_is_seen_above_within_five_seconds_and_a_hundred_of_an_outage_arrive_once_and_in_order(county: Place, city: Place):
    """Up: measured from the commit below to the reading above.  Cut, 100 changes, restored: the same state and exactly those."""
    ticket = county.register()
    with link_up(county, city) as address:
        until(lambda: county.position(COUNTY) == city.position(COUNTY))
        for command in (Form("coordination", "plain", PASSED), Dispatch(f"{COUNTY}-housing")):
            began = time.monotonic()
            county.hands.act("office", command, ticket)
            state = _state(county, ticket)
            until(lambda state=state: _state(city, ticket) == state)  # type: ignore[misc]
            assert time.monotonic() - began < visible_within_seconds
    before = len(_entries(city, ticket))

    county.hands.act("department", Sign(), ticket, "housing")
    for number in range(changes - 1):
        county.hands.act("department", RecordProgress(Text(f"第{number + 1}次")), ticket, "housing")
    assert (before, "dispatched") == (len(_entries(city, ticket)), _state(city, ticket))

    with link_up(county, city, address):
        until(lambda: county.position(COUNTY) == city.position(COUNTY))
        until(lambda: _state(city, ticket) == _state(county, ticket))
    written, arrived = _entries(county, ticket)[before:], _entries(city, ticket)[before:]
    assert changes == len(arrived) and "handling" == _state(city, ticket)
    assert [(one.header.id, one.header.seq, one.leaf) for one in written] == [(one.header.id, one.header.seq, one.leaf) for one in arrived]
    assert sorted(one.header.seq for one in arrived) == [one.header.seq for one in arrived]


def _state(place: Place, ticket: str) -> str:
    with place.level.store.read() as view:
        found = view.readings.ticket(ticket)
    return "" if found is None else found.state.value


def _entries(place: Place, ticket: str) -> list[Stored]:
    with place.level.store.read() as view:
        return list(view.journal.of_subject(Subject("ticket", ticket)))


def _runner(county: Place, server: Server) -> Runner:
    """The county's threads, with a look every 50 ms and the rehearsal's short waits."""
    object.__setattr__(county.level, "writer", Writer(county.level.store))
    began = time.monotonic()
    ends = {lane: Superior(f"127.0.0.1:{server.port}", county.files.uplink, COUNTY, CITY, lambda: WALL) for lane in Lane}
    session = session_of(
        county.level,
        CITY,
        ends,
        time.monotonic_ns().to_bytes(16, "big"),
        pace=REHEARSAL,
        hello_every=timedelta(seconds=50),
        now=lambda: WALL + timedelta(seconds=time.monotonic() - began),
        sleep=threading.Event().wait,  # type: ignore[arg-type]
    )
    return Runner(county.level.store, county.reactions, session, None, 0.05)
