"""FEDERATION 2.3 where two rows meet: two levels restored in one night, and a level in the middle that begins a new epoch."""

from pathlib import Path

from node.domain.refusal import Code
from node.storage import schema
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import (
    COUNTY,
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
)


class TestCityAndCountyRestored:
    """Rows 6 and 11 at once: what neither of them holds any more, the province does."""

    def test_what_only_the_province_holds_comes_back_to_both(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        connect(city, province)
        connect(county, city)
        county.register()
        settle(county, city, province)
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (county, city)]
        lost = county.register(appeal="known to the province only")
        settle(county, city, province)
        escalate(county, lost)
        settle(county, city, province)
        whole = county.contents(COUNTY)

        for place, backup in backups:
            restore(place, backup)
            with place.level.store.write() as work:
                work.head.held = "restored"
        # The county asks first: a city that does not know yet itself gives no answer.
        connect(county, city)
        settle(county, city)
        assert ("waiting", "restored") == (county.status(), held(county))
        connect(city, province)
        settle(city, province)
        settle(county, city, province, seconds=2)

        assert whole == county.contents(COUNTY)[: len(whole)]
        assert ("", "") == (held(county), held(city))
        fresh = county.register(appeal="after the night")
        assert fresh != lost
        settle(county, city, province, seconds=51)
        agree(county, city, province)
        assert ([], [], []) == (incidents(county), incidents(city), incidents(province))
        assert tickets(county) == tickets(city) == tickets(province)

    def test_a_subordinate_that_wrote_on_is_the_citys_fork_and_not_the_provinces(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """The city's own link to the province stays whole; the operators of county and city mend theirs."""
        connect(city, province)
        connect(county, city)
        county.register()
        settle(county, city, province)
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (county, city)]
        lost = county.register(appeal="first past")
        settle(county, city, province)
        for place, backup in backups:
            restore(place, backup)
        county.register(appeal="second past")

        connect(city, province)
        settle(city, province)
        wire = connect(county, city)
        settle(county, city, province)
        assert ({"held_forked": "red"}, "forked") == (alarms(county), held(county))
        assert "active" == city.link(province.code).status
        grant_to(city, county)
        rejoin_by(county, wire)
        settle(county, city, province, seconds=51)
        settle(county, city, province, seconds=51)

        agree(county, city, province)
        assert lost in tickets(county)
        assert {"renumbered": "amber"} == alarms(county)

    def test_a_city_that_rejoined_lets_no_county_go_on_before_it_has_back_what_it_lost_of_it(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """Seed 21001266: the epoch that it granted at once kept less of the county's than the province held."""
        connect(city, province)
        connect(county, city)
        county.register()
        settle(county, city, province)
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (county, city)]
        lost = county.register(appeal="known to the province only")
        city.register(appeal="first past")
        settle(county, city, province)
        for place, backup in backups:
            restore(place, backup)
            place.register(appeal="second past")
        upwards = connect(city, province)
        settle(city, province)
        assert "forked" == held(city)

        grant_to(province, city)
        rejoin_by(city, upwards)
        assert ("behind", Code.NODE_HELD) == (held(city), refused(lambda: grant_to(city, county)).code)
        wire = connect(county, city)
        settle(county)
        assert ("waiting", []) == (county.status(), incidents(county))
        settle(city, province, seconds=51)
        settle(county, city, province, seconds=51)
        assert ("", "forked") == (held(city), held(county))
        grant_to(city, county)
        rejoin_by(county, wire)
        for _ in range(2):
            settle(county, city, province, seconds=51)

        agree(county, city, province)
        assert all(lost in tickets(place) for place in (county, city, province))
        assert tickets(city) == tickets(province)


class TestCityBeginsANewEpoch:
    """Row 7 in the middle of the tree: what stands below it goes on as if nothing had been."""

    def test_the_county_below_loses_nothing_and_need_do_nothing(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        connect(city, province)
        connect(county, city)
        number = county.register()
        settle(county, city, province)
        backup = back_up(city, tmp_path / "city.db")
        escalate(county, number)
        city.register(appeal="first past")
        settle(county, city, province)
        restore(city, backup)
        second = city.register(appeal="second past")
        wire = connect(city, province)
        settle(city, province)
        assert "forked" == held(city)

        connect(county, city)
        settle(county, city, province, seconds=51)
        grant_to(province, city)
        done = rejoin_by(city, wire)
        for _ in range(3):
            settle(county, city, province, seconds=51)

        assert (2, "") == (done.epoch, held(city))
        later = county.register(appeal="after all that")
        settle(county, city, province, seconds=51)
        agree(county, city, province)
        assert {later, number} <= set(tickets(province))
        assert second in {*tickets(city), *done.aside}
        assert ({}, {"renumbered": "amber"}) == (alarms(county), alarms(city))
        assert [] == county.rows(schema.quarantine)
