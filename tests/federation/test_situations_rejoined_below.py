"""
FEDERATION 2.3, row 7, for a city that let nodes in while it went on from an old backup: what they wrote since leans on its branch.

The branch is written again behind everything else.  What came from below since stands behind it from then on, or those above refuse it
for ever, and the city itself believes nothing of it when it folds anew.
"""

from pathlib import Path

from node.services.rebuild import check, refold
from node.storage import schema
from node.storage.retaking import take_again_from_below
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle
from tests.federation.situations import COUNTY, agree, alarms, back_up, grant_to, held, rejoin_by, restore, tickets


def acknowledged_and_restored(city: Place, tmp_path: Path, *levels: Place) -> None:
    """The province holds something of the city that the city, from here on without its province, has not any more."""
    backup = back_up(city, tmp_path / "city.db")
    city.register(appeal="acknowledged")
    settle(*levels)
    restore(city, backup)
    city.session = None


def go_on(city: Place, province: Place, *below: Place) -> MemoryWire:
    """The city meets its province again, and follows it into a new epoch."""
    wire = connect(city, province)
    settle(city, province)
    assert "forked" == held(city)
    grant_to(province, city)
    rejoin_by(city, wire)
    for _ in range(4):
        settle(*below, city, province, seconds=121)
    return wire


def test_a_county_that_was_admitted_meanwhile_is_one_of_the_citys_above_too(
    county: Place, city: Place, province: Place, tmp_path: Path
) -> None:
    """It is registered, served and mirrored; nothing of it is set aside."""
    connect(city, province)
    connect(county, city)
    settle(county, city, province)
    acknowledged_and_restored(city, tmp_path, county, city, province)
    sister = make_place(tmp_path, "520424", "guanling-2025")
    enrol(sister, city)
    connect(sister, city)
    connect(county, city)
    number = sister.register(appeal="of the new one")
    settle(sister, county, city)

    go_on(city, province, sister, county)

    assert [{}] * 4 == [alarms(place) for place in (sister, county, city, province)]
    assert ["running", "running", "running"] == [place.status() for place in (sister, county, city)]
    agree(sister, city, province)
    agree(county, city)
    for place in (city, province):
        with place.level.store.read() as view:
            ticket = view.readings.ticket(number)
            assert ticket is not None, "what rides beside its entries has moved with them"
            assert "of the new one" == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
    assert [] == [row for place in (city, province) for row in place.rows(schema.quarantine)]
    later = sister.register(appeal="later")
    settle(sister, county, city, province, seconds=51)
    assert later in tickets(province)
    assert all(check(place.level.store).agrees for place in (sister, city, province))


def test_a_county_that_began_an_epoch_by_the_citys_branch_goes_on_in_it(
    county: Place, city: Place, province: Place, tmp_path: Path
) -> None:
    """Both were restored in one night; the city granted the county its epoch before it met the province again."""
    connect(city, province)
    connect(county, city)
    county.register()
    settle(county, city, province)
    backup = back_up(county, tmp_path / "county.db")
    county.register(appeal="lost")
    settle(county, city, province)
    acknowledged_and_restored(city, tmp_path, county, city, province)
    restore(county, backup)
    county.register(appeal="second past")
    city.register(appeal="branch")
    wire = connect(county, city)
    settle(county, city)
    grant_to(city, county)
    rejoin_by(county, wire)
    later = county.register(appeal="after")
    settle(county, city, seconds=51)

    go_on(city, province, county)

    assert ["running", "running"] == [place.status() for place in (county, city)]
    assert {} == alarms(province)
    agree(county, city, province)
    assert tickets(county).items() <= tickets(province).items() and later in tickets(province)
    assert all(check(place.level.store).agrees for place in (county, city, province))


def test_what_is_taken_again_is_the_same_on_either_database(county: Place, city: Place) -> None:
    """Its places change and nothing else: bytes, order, words, what is shown, and what comes next."""
    connect(county, city)
    number = county.register(appeal="taken twice")
    settle(county, city)
    before, shown = city.contents(COUNTY), tickets(city)

    with city.level.store.write() as work:
        last = work.head.taken
        moved = take_again_from_below(work.connection, work.journal, 0)
        refold(work)

    assert moved == len(before)
    taken = [row.taken for row in city.rows(schema.entries) if row.node == COUNTY]
    assert last < min(taken) and taken == sorted(taken)
    assert (before, shown) == (city.contents(COUNTY), tickets(city))
    with city.level.store.read() as view:
        ticket = view.readings.ticket(number)
        assert ticket is not None and "taken twice" == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
    county.register()
    settle(county, city, seconds=51)
    agree(county, city)
