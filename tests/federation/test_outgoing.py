"""What a link owes, read from the journal, and how a peer's position stands to the own streams."""

from dataclasses import replace
from pathlib import Path

import pytest

from federation import outgoing
from federation.link import Standing
from federation.outgoing import Roots, after_push, read_up, standing
from node.domain.merkle import Range, leaf_hash
from node.storage.journal import Position
from node.storage.riders import beside
from tests.federation.levels import Place, connect, enrol, make_place, settle

COUNTY, CITY = "520402", "520400"


@pytest.fixture
def county(tmp_path: Path, database_url: str) -> Place:
    place = make_place(tmp_path, COUNTY, database_url=database_url)
    for _ in range(3):
        place.register()
    return place


def position(place: Place, size: int) -> Position:
    """What somebody holds who took the first *size* entries of *place*'s own stream."""
    root = Range().extend([leaf_hash(data) for data in place.contents(place.code)[:size]]).root()
    return Position(place.code, 1, size, root)


class TestReadUp:
    """The next entries behind a cursor: bounded, in the order in which they were taken."""

    def test_a_batch_has_the_bytes_of_the_journal_and_what_rides_beside(self, county: Place) -> None:
        with county.level.store.read() as view:
            batch = read_up(view, 0)
            sealed, keys = beside(view.connection, range(1, 12))

        (segment,) = batch.segments
        assert (COUNTY, 1, 1, 11) == (segment.node, segment.epoch, segment.from_seq, batch.upto)
        assert county.contents(COUNTY) == [entry.data for entry in segment.entries]
        assert sorted(one for ones in sealed.values() for one in ones) == sorted(one for entry in segment.entries for one in entry.sealed)
        assert sum(map(len, keys.values())) == sum(len(entry.keys) for entry in segment.entries) > 0

    @pytest.mark.parametrize(
        ("after", "entries_max", "first", "last", "upto"), [(0, 4, 1, 4, 4), (4, 4, 5, 8, 8), (8, 500, 9, 11, 11), (10, 1, 11, 11, 11)]
    )
    def test_it_holds_at_most_so_many_entries(self, county: Place, after: int, entries_max: int, first: int, last: int, upto: int) -> None:
        with county.level.store.read() as view:
            batch = read_up(view, after, entries_max)

        (segment,) = batch.segments
        assert (first, {(COUNTY, 1): last}, upto) == (segment.from_seq, batch.last, batch.upto)

    def test_it_holds_at_most_so_many_bytes_but_always_one_entry(self, county: Place) -> None:
        with county.level.store.read() as view:
            whole = read_up(view, 0).segments[0].entries
            sizes = [outgoing.size_bytes(entry) for entry in whole]
            counts = [read_up(view, 0, bytes_max=most).entries for most in (1, sizes[0], sum(sizes[:3]), sum(sizes[:3]) - 1)]

        assert [1, 1, 3, 2] == counts

    def test_nothing_is_owed_behind_the_end(self, county: Place) -> None:
        with county.level.store.read() as view:
            batch = read_up(view, view.head.taken)

        assert ((), 11) == (batch.segments, batch.upto)


class TestStanding:
    """A reported position against the own stream: equal, behind, of another history, ahead."""

    @pytest.mark.parametrize("size", [0, 1, 5, 10, 11])
    def test_the_cursor_stands_before_the_first_entry_that_is_missing_there(self, county: Place, size: int) -> None:
        with county.level.store.read() as view:
            found = standing(view, [position(county, size)], Roots())

        assert Standing(size) == found

    def test_a_stream_that_is_not_named_is_not_held(self, county: Place) -> None:
        with county.level.store.read() as view:
            assert Standing(0) == standing(view, [], Roots())

    @pytest.mark.parametrize("size", [3, 11])
    def test_another_root_is_a_fork_also_at_an_older_size(self, county: Place, size: int) -> None:
        forged = replace(position(county, size), root=b"x" * 32)

        with county.level.store.read() as view:
            found = standing(view, [forged], Roots())

        assert (forged,) == found.forked

    def test_more_than_there_is_is_ahead(self, county: Place) -> None:
        more = Position(COUNTY, 1, 12, b"x" * 32)

        with county.level.store.read() as view:
            found = standing(view, [more], Roots())

        assert ((more,), ()) == (found.ahead, found.forked)

    def test_roots_of_older_sizes_are_right_in_any_order(self, county: Place) -> None:
        roots = Roots()
        with county.level.store.read() as view:
            found = [roots.at(view, COUNTY, 1, size) for size in (3, 9, 9, 2, 11, 0)]

        assert [position(county, size).root for size in (3, 9, 9, 2, 11, 0)] == found

    def test_after_a_batch_the_cursor_is_behind_it_or_at_the_gap(self, county: Place) -> None:
        with county.level.store.read() as view:
            batch = read_up(view, 4, 4)
            reported = [position(county, 8)], [position(county, 4)], [replace(position(county, 8), root=b"x" * 32)], [position(county, 10)]
            found = [after_push(view, batch, one, Roots()) for one in reported]

        assert [(8, 0), (4, 0), (8, 1), (8, 0)] == [(one.cursor, len(one.forked)) for one in found]


def test_a_subtrees_streams_interleave_in_the_order_of_taken(tmp_path: Path) -> None:
    """A city carries its county's entries between its own; each stream's place is kept, and the cursor is one number."""
    county, city = make_place(tmp_path, COUNTY), make_place(tmp_path, CITY, "anshun-2025")
    enrol(county, city)
    connect(county, city)
    settle(county, city)
    city.register()
    county.register()
    settle(county, city)

    with city.level.store.read() as view:
        batch = read_up(view, 0)
        own, countys = view.journal.position(CITY, 1), view.journal.position(COUNTY, 1)
        found = standing(view, [own, replace(position(county, 3), size=3)], Roots())

    nodes = [segment.node for segment in batch.segments]
    assert [CITY, COUNTY, CITY, COUNTY] == nodes
    assert {(CITY, 1): own.size, (COUNTY, 1): countys.size} == batch.last
    # The county's fourth entry came right behind the city's first entries and the county's first three.
    assert len(batch.segments[0].entries) + 3 == found.cursor
