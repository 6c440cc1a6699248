"""
Damage below the journal (FEDERATION 2.3 no. 20, T14): bits, pages, whole ends of the database, of its log and of the guard file.

Each damage is done to a copy. Either it is found when the node starts or in the night's look, or nothing that the node shows or sends has
changed: there is no third.
"""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update

from node import app
from node.domain.refusal import Code, Refusal
from node.services import integrity
from node.services.rebuild import check
from node.services.verify import Flaw, verify
from node.storage import schema
from node.storage.database import open_database
from node.storage.guard import Guard
from node.storage.integrity import page_faults
from node.storage.unit_of_work import Store
from tests.support.node import Hands, make_node
from tests.support.sampling import COUNTY, answered

page_bytes = 4096
DATABASE, LOG, GUARD = "node.db", "node.db-wal", "guard"
# Tables from which nothing is shown or sent as a fact: how links stand, what was derived for looking things up, what is still to be told.
ASIDE = frozenset({"links", "lookups", "text_grams", "notices", "reconciliations", "metadata", "invitations", "incidents"})


@dataclass(frozen=True)
class Whole:
    """A node's files, as they were, and what its tables say."""

    directory: Path
    rows: dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Half of the journal stands in the database, half in its log; the guard file knows of all of it."""
    home = tmp_path_factory.mktemp("whole")
    county = make_node(home, COUNTY)
    answered(county, 12)
    with county.node.store.database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    answered(county, 12)
    guard = Guard(home / GUARD)
    with county.node.store.read() as view:
        guard.note(view.journal.position(view.head.node, view.head.epoch))
    copied = home / "copied"
    copied.mkdir()
    for name in (DATABASE, LOG):
        shutil.copy(county.node.data_dir / name, copied)
    shutil.copy(home / GUARD, copied)
    rows = rows_of(county.node.store)
    county.node.close()
    return Whole(copied, rows)


def flip(chance: random.Random, data: bytearray) -> None:
    """One to eight bits."""
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def swap(chance: random.Random, data: bytearray) -> None:
    """Two pages change places."""
    pages = len(data) // page_bytes
    one, other = (page_bytes * page for page in chance.sample(range(pages), 2))
    data[one : one + page_bytes], data[other : other + page_bytes] = data[other : other + page_bytes], data[one : one + page_bytes]


def cut(chance: random.Random, data: bytearray) -> None:
    """The end is gone."""
    del data[chance.randrange(len(data)) :]


def blank(chance: random.Random, data: bytearray) -> None:
    """A page of zeroes."""
    at = page_bytes * chance.randrange(len(data) // page_bytes)
    data[at : at + page_bytes] = bytes(page_bytes)


DAMAGES: tuple[tuple[str, Callable[[random.Random, bytearray], None]], ...] = (
    (DATABASE, flip),
    (DATABASE, swap),
    (DATABASE, cut),
    (DATABASE, blank),
    (LOG, flip),
    (LOG, cut),
    (GUARD, flip),
    (GUARD, cut),
)


def seeds(first: int, last: int) -> range:
    return range(first, last)


@pytest.mark.parametrize("seed", seeds(0, 25))
def test_damage_is_found_or_changes_nothing(tmp_path: Path, whole: Whole, seed: int) -> None:
    examine(tmp_path, whole, seed)


@pytest.mark.parametrize("column", ["id", "kind", "subject_kind", "subject_id"])
def test_an_entry_that_is_not_found_by_what_it_says_is_found(tmp_path: Path, whole: Whole, column: str) -> None:
    """Seed 64 of the damages: one bit of its id, beside a content that is whole; a repeat of it would count as new."""
    shutil.copytree(whole.directory, tmp_path, dirs_exist_ok=True)
    database, table = open_database(f"sqlite:///{tmp_path / DATABASE}"), schema.entries
    with database.write() as connection:
        spot = connection.execute(select(table.c.node, table.c.epoch, table.c.seq).where(table.c.taken == 7)).one()
        connection.execute(update(table).where(table.c.taken == 7).values({column: "another"}))

    with Store(database).read() as view:
        flaws = verify(view, _NoBlobs()).flaws  # type: ignore[arg-type]
    database.close()

    assert (Flaw("column", "/".join(map(str, spot))),) == flaws


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_five_hundred_damages_are_found_or_change_nothing(tmp_path: Path, whole: Whole) -> None:
    for seed in range(25, 525):
        examine(tmp_path / str(seed), whole, seed)


def examine(directory: Path, whole: Whole, seed: int) -> None:
    """Damage a copy, and look at it as a node does."""
    chance = random.Random(seed)
    name, act = DAMAGES[seed % len(DAMAGES)]
    shutil.copytree(whole.directory, directory, dirs_exist_ok=True)
    data = bytearray((directory / name).read_bytes())
    act(chance, data)
    (directory / name).write_bytes(data)
    database = open_database(f"sqlite:///{directory / DATABASE}")
    try:
        changed = [] if found(Store(database), Guard(directory / GUARD)) else differing(Store(database), whole)
    finally:
        database.close()
    assert [] == changed, f"seed {seed}: {act.__name__} of {name}"


def found(store: Store, guard: Guard) -> bool:
    """True if the node would not start, would hold, or would find it at night."""
    try:
        if page_faults(store.database, whole=True):
            return True
        with store.read() as view:
            # The guard's own damage says less and never anything wrong.
            if not guard.fits(view) or verify(view, _NoBlobs()).flaws:  # type: ignore[arg-type]
                return True
        return not check(store).agrees
    except Exception:
        return True  # it cannot even be read: no page, no batch and no start comes of it


def differing(store: Store, whole: Whole) -> list[str]:
    """Tables that say something else than they did."""
    now = rows_of(store)
    return [table for table, rows in whole.rows.items() if rows != now[table]]


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every table but those ASIDE, of which a damaged one may not even be readable."""
    with store.read() as view:
        return {
            table.name: [tuple(row) for row in view.connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in schema.metadata.sorted_tables
            if table.name not in ASIDE
        }


class _NoBlobs:
    def damaged(self) -> list[str]:
        return []

    def names(self) -> list[str]:
        return []

    def has(self, _name: str) -> bool:
        return True


class TestStart:
    """A node whose pages do not hold together does not serve, and says what to do."""

    def test_damaged_pages_are_refused(self, county: Hands) -> None:
        _damage_page(county)
        store = app.build(county.node.data_dir).store

        with pytest.raises(Refusal) as caught:
            integrity.need_whole_pages(store)

        assert (Code.DATABASE_DAMAGED, True) == (caught.value.code, bool(caught.value.facts["fault"]))

    def test_nothing_is_written_into_damaged_pages_by_a_verb(self, county: Hands) -> None:
        """A node that is not let serve is still there for whoever registers: it says so to him, and on its status."""
        _damage_page(county)
        node = app.build(county.node.data_dir)

        with pytest.raises(Refusal):
            integrity.need_whole_pages(node.store)

        with node.store.read() as view:
            assert integrity.HELD_PAGES == view.head.held

    def test_whole_pages_let_a_held_node_go_on(self, county: Hands) -> None:
        """After a restore the reason is gone."""
        with county.node.store.write() as work:
            work.head.held = integrity.HELD_PAGES

        integrity.need_whole_pages(county.node.store)

        with county.node.store.read() as view:
            assert "" == view.head.held


class TestNight:
    """The night's look holds a node with damaged pages, and makes damaged readings anew."""

    def test_damaged_pages_hold_the_node(self, county: Hands) -> None:
        _damage_page(county)
        store = app.build(county.node.data_dir).store

        looked = integrity.look(store)

        with store.read() as view:
            assert (True, integrity.HELD_PAGES) == (bool(looked.pages), view.head.held)

    def test_readings_that_are_not_what_the_entries_say_are_made_anew(self, county: Hands) -> None:
        table = schema.tickets
        with county.node.store.database.write() as connection:
            connection.execute(table.update().values(state="archived"))

        looked = integrity.look(county.node.store)

        assert (3, ()) == (looked.refolded, looked.pages)
        assert check(county.node.store).agrees
        assert integrity.Looked(()) == integrity.look(county.node.store)


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    hands = make_node(tmp_path, COUNTY)
    answered(hands, 3)
    return hands


def _damage_page(county: Hands) -> None:
    """A page of an index that only a desk's search uses: nothing else would stumble over it."""
    database = county.node.store.database
    with database.read() as connection:
        page = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'ix_entries_cause'").scalar_one()
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    county.node.close()
    file = county.node.data_dir / DATABASE
    data = bytearray(file.read_bytes())
    at = page_bytes * (page - 1)
    data[at + 8 : at + 40] = bytes(32)
    file.write_bytes(data)
