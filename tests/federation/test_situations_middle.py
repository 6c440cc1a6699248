"""FEDERATION 2.3, rows 7 and 12, for a city with counties below it: what its own new epoch and its old copy mean for them."""

from pathlib import Path

from federation.epochs import rejoin, start
from federation.retry import USUAL
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.escalation import AcceptEscalation, ReturnEscalation
from node.services.rebuild import check
from node.storage import schema
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    PROVINCE,
    agree,
    alarms,
    back_up,
    escalate,
    grant_to,
    held,
    incidents,
    refused,
    rejoin_by,
    restore,
    tickets,
    told,
)


class TestRow07CityRestoredAndWroteOn:
    """The city's branch goes behind what the province holds; what the county wrote and heard stays as it is."""

    def test_the_county_loses_nothing_and_hears_nothing_twice(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        connect(city, province)
        connect(county, city)
        answered = county.register(appeal="answered")
        settle(county, city, province)
        backup = back_up(city, tmp_path / "city.db")
        escalate(county, answered)
        acknowledged = city.register(appeal="acknowledged")
        settle(county, city, province)
        whole, heard = province.contents(CITY), county.contents(CITY)
        restore(city, backup)
        branch = city.register(appeal="branch")
        later = county.register(appeal="meanwhile")
        connect(county, city)
        wire = connect(city, province)
        settle(county, city, province)
        assert ("stopped forked", "forked") == (city.status(), held(city))
        assert Code.NODE_HELD is refused(city.register).code

        assert 2 == grant_to(province, city)
        done = rejoin(city.level, wire, "旧备份", OPERATOR)
        settle(county, city, province, seconds=2)
        settle(county, city, province, seconds=51)

        assert 2 == done.epoch
        assert whole == city.contents(CITY)[: len(whole)], "what was acknowledged stays as it is"
        assert heard == county.contents(CITY)[: len(heard)]
        agree(county, city, province)
        assert ("", {}, {"renumbered": "amber"}, {}) == (held(city), alarms(county), alarms(city), alarms(province))
        for place in (city, province):
            assert {answered, acknowledged, later} <= set(tickets(place)), place.code
        assert branch in done.aside or branch in tickets(province)
        assert tickets(county)[answered] == tickets(city)[answered] == tickets(province)[answered]
        assert all(check(place.level.store).agrees for place in (county, city, province))
        new = county.register()
        escalate(county, new)
        settle(county, city, province)
        assert "escalated" == tickets(province)[new]
        agree(county, city, province)

    def test_a_county_that_was_told_two_histories_hears_again_as_soon_as_the_city_has_begun_its_epoch(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """A city restored without its guard file answers under numbers that the county has heard already."""
        upwards, _ = connect(city, province), connect(county, city)
        first, second = county.register(), county.register()
        settle(county, city, province)
        backup = back_up(city, tmp_path / "city.db")
        upwards.is_cut = True
        escalate(county, first)
        settle(county, city, province)
        city.hands.act("office", ReturnEscalation("reason", Text("材料不全")), first)
        settle(county, city, province)
        restore(city, backup)
        escalate(county, second)
        connect(county, city, pace=USUAL)
        settle(county, city, seconds=51)
        city.hands.act("office", ReturnEscalation("other", Text("请补正")), second)
        settle(county, city, seconds=51)
        assert "running forked" == county.status()

        wire = connect(city, province)
        settle(city, province)
        grant_to(province, city)
        rejoin_by(city, wire)
        settle(county, city, province, seconds=51)

        assert ("running", {}) == (county.status(), alarms(county))
        settle(county, city, province, seconds=700)
        assert tickets(county)[first] == tickets(city)[first] == tickets(province)[first]


class TestRow11ProvinceToldTwoHistories:
    """A province restored without its guard file says something else under a number that two levels have heard already."""

    def test_once_it_has_begun_its_epoch_its_word_holds_at_both(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        connect(city, province)
        connect(county, city)
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
        heard = [place.contents(PROVINCE) for place in (county, city)]
        restore(province, backup)
        connect(city, province)
        province.hands.act("office", ReturnEscalation("other", Text("请补正")), numbers[1])
        settle(county, city, province, seconds=51)
        assert "running forked" == city.status()

        start(province.level, "从备份恢复", OPERATOR)
        for _ in range(3):
            settle(county, city, province, seconds=121)

        assert all(former != place.contents(PROVINCE) for former, place in zip(heard, (county, city), strict=True))
        assert [{}] * 3 == [alarms(place) for place in (county, city, province)]
        assert tickets(county) == tickets(city) == tickets(province)
        assert [["branch"], ["branch", "fork"]] == [incidents(place) for place in (county, city)]
        agree(county, city, province)


class TestRow12CityFenced:
    """An old copy of a city that has begun a new epoch at the province is refused by its counties, and knows it."""

    def test_counties_refuse_the_copy_and_the_province_too(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        connect(county, city)
        connect(city, province)
        settle(county, city, province)
        old = back_up(city, tmp_path / "old.db")
        city.register(appeal="lost")
        settle(county, city, province)
        restore(city, old)
        city.register(appeal="branch")
        wire = connect(city, province)
        settle(city, province)
        grant_to(province, city)
        rejoin(city.level, wire, "换机", OPERATOR)
        connect(county, city)
        settle(county, city, province, seconds=51)
        assert (2, {}) == (county.link(CITY).peer_epoch, alarms(county))
        new = back_up(city, tmp_path / "new.db")

        restore(city, old)  # the machine that everybody took for dead
        connect(city, province)
        number = county.register()
        connect(county, city)
        settle(county, seconds=51)

        assert ("stopped fenced", "fenced") == (county.status(), held(city))
        assert "red" == told(city)["held_fenced"]
        assert number not in tickets(city)
        # Its own superior says where it stands: with nothing of its own behind, it goes on there, and a second copy would be a clone.
        settle(city, province, seconds=51)
        assert "" == held(city) and city.contents(CITY) == province.contents(CITY)
        settle(county, city, province, seconds=601)
        assert number in tickets(province)

        restore(city, new)
        connect(city, province)
        connect(county, city)
        settle(county, city, province, seconds=51)
        assert ({}, {"renumbered": "amber"}) == (alarms(county), alarms(city))
        agree(county, city, province)
        assert [] == [row for row in county.rows(schema.incidents) if row.kind == "fork"]
        assert COUNTY in {one.node for one in county.rows(schema.entries)}
