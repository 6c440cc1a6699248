"""
FEDERATION 2.3, row 11, two levels up: a province that told two histories, as a county hears it through its city.

Of the province's entries only what concerns the county comes down to it, one at a time here: what settles the fork never comes in one
batch with what contradicts, as behind a long backlog.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from federation.epochs import start
from federation.link import Lane
from federation.retry import USUAL
from federation.v1 import link_pb2
from node.domain.payload import Text
from node.domain.ticket.escalation import AcceptEscalation, ReturnEscalation
from node.services.rebuild import check
from node.storage import schema
from tests.federation.levels import MemoryWire, Place, connect, settle
from tests.federation.situations import CITY, OPERATOR, PROVINCE, agree, alarms, back_up, escalate, incidents, restore, tickets


@dataclass
class Told:
    """
    Two tickets of the county, both asked of the province.  The province answered the first, which all levels hold, was restored from
    before that, and answered the second under the same number; ``heard`` is what the county holds of the province.
    """

    county: Place
    city: Place
    province: Place
    heard: list[bytes]

    def begin_epoch(self) -> None:
        """The province's operator begins the epoch that settles it, and the city, which hears of it first, gives way."""
        start(self.province.level, "从备份恢复", OPERATOR)
        for _ in range(2):
            settle(self.city, self.province, seconds=121)
        assert {} == alarms(self.city)
        assert self.city.contents(PROVINCE) != self.heard == self.county.contents(PROVINCE)


@pytest.fixture
def told(county: Place, city: Place, province: Place, tmp_path: Path) -> Told:
    connect(city, province)
    connect_narrowly(county, city)
    numbers = [county.register(), county.register()]
    settle(county, city, province)
    for number in numbers:
        escalate(county, number)
        settle(county, city, province)
        city.hands.act("office", AcceptEscalation("coordination"), number)
        escalate(city, number)
    settle(county, city, province)
    backup = back_up(province, tmp_path / "province.db")
    province.hands.act("office", ReturnEscalation("reason", Text("材料不全")), numbers[0])
    settle(county, city, province)
    heard = county.contents(PROVINCE)
    restore(province, backup)
    connect(city, province)
    province.hands.act("office", ReturnEscalation("other", Text("请补正")), numbers[1])
    settle(county, city, province, seconds=51)
    assert ("running forked", {}) == (city.status(), alarms(county)), "the city keeps from the county what it does not take itself"
    return Told(county, city, province, heard)


def connect_narrowly(below: Place, above: Place) -> MemoryWire:
    """A session in which every entry that comes down is a batch of its own; what stopped it is probed every ten minutes only."""
    wire = connect(below, above, pace=USUAL)
    pull = wire.pull

    def one_by_one(request: link_pb2.PullRequest) -> link_pb2.PullResponse:
        request.max = 1
        return pull(request)

    wire.pull = one_by_one  # type: ignore[method-assign]
    return wire


def test_the_contradiction_comes_first(told: Told) -> None:
    """Through a city of an older program, which says only its own epoch: what settles it is heard at the greeting after its upgrade."""
    told.begin_epoch()
    wire = connect_narrowly(told.county, told.city)
    hello = wire.hello

    def of_an_older_program(request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
        answer = hello(request)
        answer.ClearField("line_epochs")
        return answer

    wire.hello = of_an_older_program  # type: ignore[method-assign]
    settle(told.county, told.city, told.province, seconds=51)

    assert ("running forked", {"superior_forked": "red"}) == (told.county.status(), alarms(told.county))
    assert told.heard == told.county.contents(PROVINCE), "nothing is taken while it is not settled"

    wire.hello = hello  # type: ignore[method-assign]
    settle(told.county, told.city, told.province, seconds=51)

    agreed(told)
    assert ["branch", "fork"] == incidents(told.county)


def test_the_settling_epoch_comes_first(told: Told) -> None:
    """A county that greets before it meets the contradiction is never alarmed; it keeps what it had as evidence."""
    told.begin_epoch()
    connect_narrowly(told.county, told.city)

    settle(told.county, told.city, told.province, seconds=51)

    agreed(told)
    assert ["branch"] == incidents(told.county)


def test_what_was_heard_outlives_the_process_and_an_old_copy_in_between(told: Told, tmp_path: Path) -> None:
    """The highest that was ever said of each counts: a city restored from before it heard of the epoch takes nothing back."""
    backup = back_up(told.city, tmp_path / "city.db")
    told.begin_epoch()
    connect_narrowly(told.county, told.city)
    assert told.county.session is not None
    assert told.county.session.step(Lane.UP)
    assert {CITY: 1, PROVINCE: 2} == epochs(told.county)

    restore(told.city, backup)
    connect(told.city, told.province)
    connect_narrowly(told.county, told.city)
    settle(told.county, seconds=51)

    assert {CITY: 1, PROVINCE: 2} == epochs(told.county)
    for _ in range(2):
        settle(told.county, told.city, told.province, seconds=121)
    agreed(told)


def epochs(place: Place) -> dict[str, int]:
    """What the level has heard of the epochs above it."""
    return {row.node: row.epoch for row in place.rows(schema.line_epochs)}


def agreed(told: Told) -> None:
    """No level is alarmed, and what each holds of the others is the same, byte for byte, and by its readings."""
    places = told.county, told.city, told.province
    assert ["running", "running"] == [place.status() for place in places[:2]]
    assert [{}] * 3 == [alarms(place) for place in places]
    assert told.county.contents(PROVINCE) == told.city.contents(PROVINCE)
    agree(*places)
    assert tickets(told.county) == tickets(told.city) == tickets(told.province)
    assert all(check(place.level.store).agrees for place in places)
