"""FEDERATION 2.3, row 22, and 2.7: a county leaves one city for another."""

from pathlib import Path

import pytest

from federation import reparenting
from federation.enrolment import REACTION_ACTOR, invite, join
from federation.reparenting import abort, decide, order
from federation.v1 import enrolment_pb2
from node.domain.refusal import Code
from node.services.reparentings import accepts
from tests.federation.levels import WALL, Context, MemoryWire, Place, connect, enrol, make_place, settle
from tests.federation.situations import CITY, COUNTY, OPERATOR, agree, alarms, escalate, refused, tickets, told

OTHER = "520300"
REASON = "区划调整"


@pytest.fixture
def other(tmp_path: Path, province: Place) -> Place:
    """Another city below the same province."""
    other = make_place(tmp_path, OTHER, "anshun-2025")
    enrol(other, province)
    return other


class Four:
    """County, both cities and the province, at work."""

    def __init__(self, county: Place, city: Place, other: Place, province: Place) -> None:
        self.county, self.city, self.other, self.province = county, city, other, province
        self.all = (county, city, other, province)
        self.wires: dict[str, MemoryWire] = {}
        self.start()
        self.run()

    def start(self) -> None:
        """Start every process, as after a power cut: the county with whom it has joined."""
        with self.county.level.store.read() as view:
            superior = {CITY: self.city, OTHER: self.other}[view.head.line[0]]
        for below, above in ((self.county, superior), (self.city, self.province), (self.other, self.province)):
            self.wires[below.code] = connect(below, above)

    def run(self, seconds: float = 0) -> None:
        settle(*self.all, seconds=seconds)

    def order(self, escalations: str = "stay") -> str:
        return order(self.province.level, COUNTY, OTHER, REASON, OPERATOR, escalations=escalations)

    def join(self, *, is_moved: bool = False) -> None:
        """The county's operator redeems the new city's invitation."""
        move(self.county, self.other, is_moved=is_moved)
        self.wires[COUNTY] = connect(self.county, self.other)

    def move(self, escalations: str = "stay") -> None:
        """The whole course."""
        self.order(escalations)
        self.run()
        self.join()
        self.run()
        self.run(seconds=121)

    def in_charge(self) -> dict[str, int]:
        """Which city takes which epoch of the county; I23: never the same of two."""
        found = {}
        for place in (self.city, self.other):
            with place.level.store.read() as view:
                epoch = accepts(view, COUNTY)
            if epoch is not None:
                found[place.code] = epoch
        assert len(found) == len(set(found.values())), "I23"
        return found


@pytest.fixture
def four(county: Place, city: Place, other: Place, province: Place) -> Four:
    return Four(county, city, other, province)


def move(below: Place, above: Place, *, is_moved: bool = False) -> None:
    authority = above.files.authority(above.code, WALL)
    invitation = invite(above.level, authority, below.code, f"node {below.code}", "127.0.0.1:1", REACTION_ACTOR)
    server = above.enrolment()

    def call(request: enrolment_pb2.EnrolRequest) -> enrolment_pb2.EnrolResponse:
        return server.Enrol(request, Context(invitation.bootstrap))  # type: ignore[arg-type]

    join(below.level, below.files, invitation, call, is_moved=is_moved)


class TestRow22Reparented:
    """One history, one superior at a time, nothing lost."""

    def test_the_good_course(self, four: Four) -> None:
        """What the county wrote and A had not taken comes to B, with its ids; the province goes on with one history."""
        first = four.county.register(appeal="first")
        four.run()
        four.order()
        four.wires[COUNTY].is_cut = True
        unsent = four.county.register(appeal="unsent")
        four.wires[COUNTY].is_cut = False
        four.run(seconds=121)
        assert {} == four.in_charge() or {OTHER: 2} == four.in_charge()
        later = four.county.register(appeal="after the handover")
        ids = {row.id for row in four.county.rows(_entries()) if row.node == COUNTY}
        four.run()

        four.join()
        four.run()

        assert {OTHER: 2} == four.in_charge()
        assert ("running", (OTHER, "520000")) == (four.county.status(), _line(four.county))
        agree(four.county, four.other, four.province)
        assert ids <= {row.id for row in four.province.rows(_entries())}
        for place in (four.county, four.other, four.province):
            assert {first, unsent, later} <= set(tickets(place))


def _entries():  # type: ignore[no-untyped-def]
    from node.storage import schema

    return schema.entries


def _line(place: Place) -> tuple[str, ...]:
    with place.level.store.read() as view:
        return view.head.line
