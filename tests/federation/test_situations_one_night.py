"""FEDERATION 2.3 where two rows meet: two levels restored in one night, and a level in the middle that begins a new epoch."""

from datetime import timedelta
from pathlib import Path

from federation import outgoing
from federation.codec import entry_to_pb
from federation.epochs import start
from federation.v1 import link_pb2
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.custody import OverrideCustody
from node.domain.ticket.escalation import RequestWithdrawalOfEscalation
from node.domain.ticket.transfer import TransferDown
from node.domain.time import local_day
from node.services.rebuild import check
from node.storage import schema
from node.storage.codec import decode_content
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import (
    COUNTY,
    OPERATOR,
    agree,
    alarms,
    back_up,
    escalate,
    failure,
    grant_to,
    held,
    holder,
    incidents,
    refused,
    rejoin_by,
    restore,
    tickets,
)


def linked_and_backed_up(county: Place, city: Place, province: Place, directory: Path) -> list[tuple[Place, Path]]:
    """The three are linked and agree about a need; the backups are the county's and the city's."""
    connect(city, province)
    connect(county, city)
    county.register()
    settle(county, city, province)
    return [(place, back_up(place, directory / f"{place.code}.db")) for place in (county, city)]


def _kinds(place: Place) -> list[str]:
    """Of the level's own entries, in their order."""
    return [decode_content(bytes(content)).header.kind for content in place.contents(place.code)]


class TestCityAndCountyRestored:
    """Rows 6 and 11 at once: what neither of them holds any more, the province does."""

    def test_what_only_the_province_holds_comes_back_to_both(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        backups = linked_and_backed_up(county, city, province, tmp_path)
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
        backups = linked_and_backed_up(county, city, province, tmp_path)
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
        backups = linked_and_backed_up(county, city, province, tmp_path)
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

    def test_a_city_that_took_the_other_history_of_a_county_takes_the_provinces_by_rejoining(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """Seed 23000058: restored while the province was away, the city took what the county wrote then under numbers in use above."""
        backups = linked_and_backed_up(county, city, province, tmp_path)
        lost = county.register(appeal="known to the province only")
        settle(county, city, province)
        for place, backup in backups:
            restore(place, backup)
        other = county.register(appeal="second past")
        connect(county, city)
        settle(county)
        assert (tickets(county), "") == (tickets(city), held(city))
        upwards = connect(city, province)
        settle(city, province)
        assert ("stopped parted", "", {"parted_below": "red"}) == (city.status(), held(city), alarms(city))

        grant_to(province, city)
        rejoin_by(city, upwards)
        assert "behind" == held(city)
        wire = connect(county, city)
        settle(city, province, county, seconds=51)
        assert (province.contents(COUNTY), "forked") == (city.contents(COUNTY), held(county))
        grant_to(city, county)
        rejoin_by(county, wire)
        for _ in range(2):
            settle(county, city, province, seconds=51)

        agree(county, city, province)
        assert lost == other, "two needs had one number"
        assert 3 == len(tickets(province))
        assert tickets(county) == tickets(city) == tickets(province)
        assert ["branch", "fork"] == incidents(city)


class TestProvinceAndCityRestored:
    """Row 11 over two levels: what only a county holds of the province goes back by way of a city that lost it, too."""

    def test_what_the_province_decided_for_a_county_comes_back_from_there(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """Seed 22001433.  The city takes no word of it from below: it has effect again when the province has written it."""
        connect(city, province)
        connect(county, city)
        number = county.register()
        escalate(county, number)
        settle(county, city, province)
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (city, province)]
        province.hands.act("office", OverrideCustody(COUNTY, Text("退回原办理层级")), number)
        settle(county, city, province)
        assert (COUNTY, "") == holder(county, number)
        for place, backup in backups:
            restore(place, backup)
        connect(city, province)
        connect(county, city)
        settle(county, city, province)
        assert [(COUNTY, city.code)] * 2 == [holder(place, number) for place in (city, province)]
        settle(county, city, province, seconds=51)
        assert {"told_below": "red"} == alarms(province), "the city lost it, too, and passes on what it was told"

        start(province.level, "从备份恢复", OPERATOR)
        settle(city, province, seconds=51)
        city.session = None
        settle(county, city, seconds=51)
        assert (COUNTY, city.code) == holder(city, number), "kept to be passed on, and not believed"
        assert 1 == len(city.rows(schema.relayed))
        wire = connect(city, province)
        settle(county, city, province, seconds=51)
        assert ([], "EntriesGivenBack") == (city.rows(schema.relayed), _kinds(province)[-2])
        # What the city itself told the county and lost is its own matter.
        assert {"told_below": "red"} == alarms(city)
        grant_to(province, city)
        rejoin_by(city, wire)
        for _ in range(2):
            settle(county, city, province, seconds=51)

        places = (county, city, province)
        assert [(COUNTY, "")] * 3 == [holder(place, number) for place in places]
        assert [{}] * 3 == [alarms(place) for place in places]
        assert all(check(place.level.store).agrees for place in places)
        agree(*places)

    def test_what_the_province_granted_the_city_comes_back_from_the_county_that_it_went_on_to(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """
        Seed 29002362.  The city handed the ticket down, by its own word, which the province gave back to it; what that word stands on
        the county alone has: as the city reads the ticket without it, the county is no party.
        """
        connect(city, province)
        connect(county, city)
        number = city.register()
        escalate(city, number)
        settle(county, city, province)
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (city, province)]
        city.hands.act("office", RequestWithdrawalOfEscalation(Text("已自行解决")), number)
        settle(county, city, province)
        city.hands.act("office", TransferDown(COUNTY, local_day(city.hands.now) + timedelta(days=20)), number)
        settle(county, city, province)
        assert (city.code, COUNTY) == holder(county, number)
        for place, backup in reversed(backups):
            restore(place, backup)
            connect(city, province)
            settle(city, province, seconds=51)
        assert (city.code, province.code) == holder(city, number), "what it wrote by the lost word waits for that"
        connect(county, city)
        settle(county, city, province, seconds=51)

        start(province.level, "从备份恢复", OPERATOR)
        for _ in range(3):
            settle(county, city, province, seconds=51)

        places = (county, city, province)
        assert [(city.code, COUNTY)] * 3 == [holder(place, number) for place in places]
        assert [{}] * 3 == [alarms(place) for place in places]
        assert all(check(place.level.store).agrees for place in places)
        agree(*places)

    def test_nobody_gives_back_what_is_not_of_those_above(self, county: Place, city: Place, province: Place) -> None:
        """A neighbour's words, a superior's of the epoch that is in force, and what is none of the county's business."""
        connect(city, province)
        wire = connect(county, city)
        county.register()
        settle(county, city, province)
        assert county.session is not None

        for node in ("520300", city.code, COUNTY):
            request = link_pb2.GiveBackRequest(boot_id=county.session.boot_id, node=node)
            assert Code.FOREIGN_STREAM is failure(lambda request=request: wire.give_back(request)).code
        with province.level.store.read() as view:
            (first, *_) = outgoing.read_places(view, province.code, [(1, 1)])
        request = link_pb2.GiveBackRequest(boot_id=county.session.boot_id, node=province.code, entries=[entry_to_pb(first)])
        assert Code.FOREIGN_STREAM is failure(lambda: wire.give_back(request)).code
        assert [] == city.rows(schema.relayed)


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
