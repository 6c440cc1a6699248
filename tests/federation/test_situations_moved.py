"""FEDERATION 2.3, rows 6, 11 and 22 at once: whoever ordered a move, or handed a node over, was restored from before it."""

from pathlib import Path

import pytest

from federation.reparenting import order
from node.domain.payload import Text
from node.domain.ticket.custody import DecideAbove, OverrideCustody
from node.services.rebuild import check
from tests.federation.levels import Place, connect, enrol, make_place, settle
from tests.federation.moving import invited, redeem
from tests.federation.situations import OPERATOR, accept, agree, alarms, back_up, escalate, grant_to, held, holder, rejoin_by, restore

SISTER, ZONE = "520424", "520402-kfq"


@pytest.fixture
def sister(tmp_path: Path, city: Place) -> Place:
    """Another county below the city."""
    sister = make_place(tmp_path, SISTER, "guanling-2025")
    enrol(sister, city)
    return sister


@pytest.fixture
def zone(tmp_path: Path, county: Place) -> Place:
    """A zone below the county."""
    zone = make_place(tmp_path, ZONE)
    enrol(zone, county)
    return zone


@pytest.fixture
def levels(zone: Place, county: Place, sister: Place, city: Place, province: Place) -> tuple[Place, ...]:
    """All of them, linked."""
    for below, above in ((city, province), (county, city), (sister, city), (zone, county)):
        connect(below, above)
    return zone, county, sister, city, province


def move(*levels: Place) -> None:
    """Let the zone leave the county for its sister, with as many of *levels* as are at work."""
    zone, _, sister, city, *_ = levels
    order(city.level, ZONE, SISTER, "区划调整", OPERATOR)
    settle(*levels)
    redeem(zone, sister, invited(zone, sister))
    connect(zone, sister)
    for _ in range(2):
        settle(*levels, seconds=121)


def agreed(*levels: Place) -> None:
    zone, _, sister, city, province = levels
    agree(zone, sister, city, province)
    assert all(check(place.level.store).agrees for place in levels)


def test_what_came_before_the_city_had_its_own_word_back_reaches_the_new_superior(levels: tuple[Place, ...], tmp_path: Path) -> None:
    """
    The province gives the city its own entries back, the move among them.  Before that the former county brought its acceptance of the
    zone's escalation, and the city took the zone for that county's.
    """
    zone, county, sister, city, province = levels
    number = zone.register()
    settle(*levels)
    escalate(zone, number)
    settle(*levels)
    backup = back_up(city, tmp_path / "before.db")
    move(*levels)
    agree(zone, sister, city, province)

    restore(city, backup)
    upwards = connect(city, province)
    upwards.is_cut = True
    accept(county, number)
    settle(county, city, seconds=51)
    assert (county.code, "") == holder(city, number) != holder(sister, number)
    upwards.is_cut = False
    for _ in range(6):
        settle(*levels, seconds=121)

    assert [(county.code, "")] * 5 == [holder(place, number) for place in levels]
    agreed(*levels)
    assert [{}] * 5 == [alarms(place) for place in levels]


def test_what_the_city_gets_back_beside_a_move_of_its_branch_reaches_the_new_superior(levels: tuple[Place, ...], tmp_path: Path) -> None:
    """
    The city overrode the zone's escalation, which the province holds; restored from before that it ordered the move, of which the
    province holds nothing.  In its new epoch both stand, and the override is owed to where the zone is by then.
    """
    zone, county, sister, city, province = levels
    number = zone.register()
    settle(*levels)
    escalate(zone, number)
    settle(*levels)
    backup = back_up(city, tmp_path / "before.db")
    city.hands.act("office", OverrideCustody(ZONE, Text("退回原办理层级")), number)
    settle(city, province)
    restore(city, backup)
    for below in (county, sister):
        connect(below, city)
    move(zone, county, sister, city)

    wire = connect(city, province)
    settle(city, province)
    assert "forked" == held(city)
    grant_to(province, city)
    rejoin_by(city, wire)
    for _ in range(6):
        settle(*levels, seconds=121)

    assert [(ZONE, "")] * 5 == [holder(place, number) for place in levels]
    agreed(*levels)


def test_what_a_former_superior_lost_of_whom_it_handed_over_comes_to_it_from_above(levels: tuple[Place, ...], tmp_path: Path) -> None:
    """
    Seeds 21000515 and 21000555.  The zone's escalations stayed with the county when it left; restored from before they were asked,
    the county takes nothing of the zone itself any more, and has to answer them all the same.
    """
    zone, county, *_ = levels
    handled, asked = zone.register(), zone.register()
    settle(*levels)
    backup = back_up(county, tmp_path / "before.db")
    for number in (handled, asked):
        escalate(zone, number)
    settle(*levels)
    accept(county, handled)
    move(*levels)

    restore(county, backup)
    connect(county, levels[3])
    for _ in range(3):
        settle(*levels, seconds=121)
    assert [(ZONE, county.code)] * 5 == [holder(place, asked) for place in levels]
    accept(county, asked)
    for number in (handled, asked):
        county.hands.act("office", DecideAbove(Text("按批复办理")), number)
    settle(*levels, seconds=2)

    for number in (handled, asked):
        assert [(ZONE, "")] * 5 == [holder(place, number) for place in levels]
    agreed(*levels)
    assert [{}] * 5 == [alarms(place) for place in levels]
