"""
Rebuilding: the readings are dropped and folded anew from the journal, and whatever differs is reported (DESIGN 2.1).

One transaction under the head row's lock, so nobody writes meanwhile; a check is rolled back, a rebuild commits.  Also
what was set aside is tried again: after an upgrade it may fold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    MetaData,
    RowMapping,
    Table,
    bindparam,
    exists,
    literal,
    select,
    text,
    union_all,
)

from node.services import lookup_index
from node.storage import folds, schema, text_index
from node.storage.codec import decode_content
from node.storage.journal import Stored
from node.storage.readings import Readings
from node.storage.statements import Prepared
from node.storage.unit_of_work import Store, UnitOfWork, place_of

batch_entries_max = 1_000
differences_max = 100

# What is folded from entries: the readings, and what could not be.
_TABLES = (*schema.READINGS, schema.quarantine)


@dataclass(frozen=True)
class Difference:
    """
    A row that is not what the entries say.  ``kind``: "missing" (only a refold has it), "surplus" (only the table has it),
    "changed" in ``columns``.  ``key`` are the values of the primary key, in its order.
    """

    table: str
    key: tuple[str, ...]
    kind: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rebuilt:
    """
    What a refold gave: entries folded, rows a table, and the first ``differences_max`` differences.

    ``quarantine`` counts what could not be folded now.
    """

    entries: int
    rows: int
    differences: tuple[Difference, ...]
    quarantine: int
    is_kept: bool

    @property
    def agrees(self) -> bool:
        """True if the readings were what the entries say."""
        return not self.differences


class _RolledBack(Exception):
    """No error: how a check leaves everything as it was."""

    def __init__(self, rebuilt: Rebuilt) -> None:
        super().__init__()
        self.rebuilt = rebuilt


def check(store: Store) -> Rebuilt:
    """Drop and refold the readings, report what differs, and leave everything as it was."""
    try:
        with store.write() as work:
            raise _RolledBack(_refold(work, is_kept=False))
    except _RolledBack as done:
        return done.rebuilt


def rebuild(store: Store) -> Rebuilt:
    """As ``check``, but the refolded readings stay."""
    with store.write() as work:
        return _refold(work, is_kept=True)


def refold(work: UnitOfWork) -> Rebuilt:
    """As ``rebuild``, inside the caller's unit of work."""
    return _refold(work, is_kept=True)


def _refold(work: UnitOfWork, *, is_kept: bool) -> Rebuilt:
    connection = work.connection
    # Most nodes use few of the tables: what is empty is neither kept nor compared.
    before = _occupied(connection) | {schema.quarantine.name}
    for table in _TABLES:
        if table.name not in before:
            continue
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {_was(table.name)} AS SELECT * FROM {table.name}")
        connection.exec_driver_sql(f"DELETE FROM {table.name}")
    # The tree is asked anew for each batch: nodes are readings, too.
    readings = Readings(connection, work.journal, lambda: place_of(connection, work.head), folds.anew)
    entries = 0
    for batch in _batches(connection):
        readings.fold_or_leave_out(batch)
        entries += len(batch)
    work.forget_tree()
    lookup_index.refill(work)
    text_index.refill(connection, work.journal, work.payloads)
    # What was set aside by a reaction that stumbled is no matter of folding, and waits for an operator all the same.
    was = _was(schema.quarantine.name)
    kept = f"SELECT * FROM {was} WHERE reason LIKE 'reaction:%' AND taken NOT IN (SELECT taken FROM quarantine)"
    connection.execute(text(f"INSERT INTO quarantine {kept}"))
    now = _occupied(connection)
    differences = [
        difference
        for table in _TABLES
        if table.name in before | now
        for difference in _differences(connection, table, table.name in before)
    ]
    occupied = [table for table in schema.READINGS if table.name in now]
    rows = sum(_count(connection, table) for table in occupied)
    quarantine = _count(connection, schema.quarantine)
    for name in sorted(before):
        connection.exec_driver_sql(f"DROP TABLE {_was(name)}")
    return Rebuilt(entries, rows, tuple(differences[:differences_max]), quarantine, is_kept)


_entries = schema.entries.c
_BEHIND = Prepared(
    select(_entries.taken, _entries.content, _entries.leaf)
    .where(_entries.taken > bindparam("after"))
    .order_by(_entries.taken)
    .limit(batch_entries_max)
)


def _batches(connection: Connection) -> Iterator[list[Stored]]:
    after = 0
    while rows := _BEHIND.rows(connection, after=after):
        after = rows[-1][0]
        yield [Stored.of(taken, decode_content(bytes(content)), bytes(leaf)) for taken, content, leaf in rows]


def _differences(connection: Connection, table: Table, had_rows: bool) -> list[Difference]:
    """Rows of one table that stood otherwise before; both databases take NULL for equal to NULL in EXCEPT."""
    keys = [column.name for column in table.primary_key.columns]
    only_now, only_before = _compared(table)
    now_rows = {_key(row, keys): row for row in connection.execute(only_now if had_rows else select(table)).mappings()}
    was_rows = {_key(row, keys): row for row in connection.execute(only_before).mappings()} if had_rows else {}
    found = []
    for key in sorted(now_rows.keys() | was_rows.keys()):
        now, before = now_rows.get(key), was_rows.get(key)
        if now is None or before is None:
            found.append(Difference(table.name, key, "surplus" if now is None else "missing"))
        else:
            found.append(Difference(table.name, key, "changed", tuple(name for name in now if now[name] != before[name])))
    return found[:differences_max]


@cache
def _compared(table: Table) -> tuple[CompoundSelect[Any], CompoundSelect[Any]]:
    """What only stands now, and what only stood before: made once, so that they are compiled once."""
    was = Table(_was(table.name), MetaData(), *(Column(column.name, column.type) for column in table.columns))
    return select(table).except_(select(was)), select(was).except_(select(table))


def _key(row: RowMapping, names: list[str]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in names)


@cache
def _who_is_occupied() -> CompoundSelect[Any]:
    return union_all(*(select(literal(table.name)).where(exists(select(1).select_from(table))) for table in _TABLES))


def _occupied(connection: Connection) -> set[str]:
    """The tables that have rows, by name."""
    return set(connection.execute(_who_is_occupied()).scalars())


def _count(connection: Connection, table: Table) -> int:
    count: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one()
    return count


def _was(table: str) -> str:
    return f"was_{table}"
