"""FEDERATION 2.3, row 2: a fork is red at county, city and province, at each of them until it is over."""

from pathlib import Path

from sqlalchemy import update

from federation.retry import Failure, failed
from federation.v1 import link_pb2
from node.domain.payload import Text
from node.domain.registry import ForkSeen, SetNodeStatus
from node.services.rebuild import check
from node.services.situations import Situation, situations
from node.services.status import link_lines
from node.storage import schema
from node.storage.codec import decode_content
from tests.federation.levels import WALL, Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    agree,
    alarms,
    back_up,
    fork,
    grant_to,
    heartbeat_seconds,
    held,
    rejoin_by,
    restore,
)

TOWN = "520402-kfq"


def forks_seen(place: Place, writer: str) -> list[ForkSeen]:
    """What *writer* entered of forks, as the level holds it."""
    events = [decode_content(one).event for one in place.contents(writer)]
    return [one for one in events if isinstance(one, ForkSeen)]


def shown(place: Place, code: str) -> Situation:
    with place.level.store.read() as view:
        found = situations(view, link_lines(view, WALL, heartbeat_seconds), place.hands.now)
    return next(one for one in found if one.code == code)


class TestRow02ForkToldAbove:
    def test_it_is_red_at_county_city_and_province_until_it_is_over(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """Told once, however often the county greets; then the grant, then what the county begins say how it goes on."""
        upward = connect(city, province)
        upward.is_cut = True
        fork(county, city, tmp_path)
        settle(county, city, province, seconds=51)
        assert "red" == alarms(city)["forked_below"] and "forked_further_below" not in alarms(province)

        upward.is_cut = False
        settle(county, city, province, seconds=121)

        assert ({"held_forked": "red"}, {"forked_below": "red"}, {"forked_further_below": "red"}) == tuple(
            alarms(place) for place in (county, city, province)
        )
        one = shown(province, "forked_further_below")
        assert (COUNTY, CITY, COUNTY) == (one.peer, one.facts["node"], one.facts["stream"])
        settle(county, city, province, seconds=51)
        assert [(COUNTY, COUNTY, 1)] == [(one.node, one.stream, one.epoch) for one in forks_seen(province, CITY)]

        grant_to(city, county)
        settle(city, province)
        assert ({"granted_below": "amber"}, {"granted_further_below": "amber"}) == (alarms(city), alarms(province))
        rejoin_by(county, connect(county, city))
        settle(county, city, province, seconds=51)

        agree(county, city, province)
        assert [{"renumbered": "amber"}, {}, {}] == [alarms(place) for place in (county, city, province)]
        assert all(check(place.level.store).agrees for place in (county, city, province))

    def test_two_levels_up_it_is_told_as_well(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        """Whoever stands above: also a city that neither saw it nor can do anything about it."""
        town = make_place(tmp_path, TOWN)
        enrol(town, county)
        connect(city, province)
        connect(county, city)

        fork(town, county, tmp_path)
        settle(town, county, city, province, seconds=51)

        assert {"forked_below": "red"} == alarms(county)
        for place in (city, province):
            assert {"forked_further_below": "red"} == alarms(place)
            assert (TOWN, COUNTY) == ((one := shown(place, "forked_further_below")).peer, one.facts["node"])
        county.hands.act("operator", SetNodeStatus(TOWN, "revoked", Text("磁盘报废")), COUNTY)
        settle(town, county, city, province, seconds=51)
        assert [{}, {}] == [alarms(place) for place in (city, province)], "nothing more of it is taken, whatever it brings"
        assert all(check(place.level.store).agrees for place in (county, city, province))

    def test_who_writes_nothing_just_now_tells_it_when_it_writes_again(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        upward = connect(city, province)
        upward.is_cut = True
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.heads).values(held="damaged"))
        fork(county, city, tmp_path)
        settle(county, city, seconds=51)
        assert ("damaged", []) == (held(city), forks_seen(city, CITY))

        upward.is_cut = False
        settle(city, province, seconds=121)
        assert "" == held(city)
        settle(county, city, province, seconds=601)

        assert {"forked_further_below": "red"} == alarms(province)

    def test_a_fork_that_only_the_county_can_see_is_shown_to_the_city(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """The city compares what is not longer than its own: a county that wrote more shows its next greeting so."""
        connect(city, province)
        connect(county, city)
        settle(county, city, province)
        backup = back_up(county, tmp_path / "backup.db")
        county.register(appeal="first past")
        settle(county, city, province)
        restore(county, backup)
        for _ in range(2):
            county.register(appeal="second past")
        wire = connect(county, city)
        settle(county, city, province)

        assert 2 == wire.calls.count("Hello")
        assert ({"held_forked": "red"}, {"forked_below": "red"}, {"forked_further_below": "red"}) == tuple(
            alarms(place) for place in (county, city, province)
        )
        settle(county, city, province, seconds=51)
        assert 1 == len(forks_seen(province, CITY))
        grant_to(city, county)
        rejoin_by(county, wire)
        settle(county, city, province, seconds=51)
        agree(county, city, province)
        assert [{}, {}] == [alarms(place) for place in (city, province)]

    def test_a_superior_that_cannot_see_it_is_not_greeted_for_ever(self, county: Place, city: Place, tmp_path: Path) -> None:
        """One that goes by its own rules and gives credit all the same: the next greeting comes when it is due."""
        fork(county, city, tmp_path)
        wire = connect(county, city)
        greet = wire.hello

        def credulous(request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
            if wire.calls.count("Hello") > 5:
                raise failed(Failure("UNAVAILABLE"))
            answer = greet(request)
            answer.credit = 500
            return answer

        wire.hello = credulous  # type: ignore[method-assign]
        settle(county, city)

        assert 2 >= wire.calls.count("Hello")
        assert "stopped forked" == county.status()
