"""
Rows that a transaction has not written yet: those of a whole group of commands go to the database with one statement a table.

Whoever reads finds them all the same.  A prepared statement asks by the columns that it compares for equality whether a row that
waits can concern it, and only then has the table written first; every other statement has all of them written.  What the database
refuses is heard of at the latest with the commit, by the same group.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table

Row = tuple[Any, ...]
Columns = tuple[str, ...]
# How rows are written: table, their columns, what is done about those that are there, and the rows.
Write = Callable[[Connection, Table, Columns, str, Sequence[Row]], None]
# Of one table; more are written at once.
rows_max = 4_096
_NAME = "_qyzj_waiting"
_SAVEPOINT = "qyzj_entry"


@dataclass
class _Lot:
    """Rows of one statement.  *by_key*: of rows that replace one another the last one counts."""

    columns: Columns
    on_conflict: str
    rows: list[Row] = field(default_factory=list)
    by_key: dict[Any, Row] | None = None

    def all(self) -> Sequence[Row]:
        return self.rows if self.by_key is None else list(self.by_key.values())


@dataclass
class _OfTable:
    table: Table
    lots: list[_Lot] = field(default_factory=list)
    # By the columns of a condition: how many lots and rows of the last one were looked at, and the values found.
    seen: dict[Columns, set[Any]] = field(default_factory=dict)

    def values(self, columns: Columns) -> set[Any]:
        found = self.seen.get(columns)
        if found is None:
            found = self.seen[columns] = set()
            for lot in self.lots:
                found.update(map(_picked(lot.columns, columns), lot.all()))
        return found


class Waiting:
    """The rows of one transaction on *connection*."""

    def __init__(self, connection: Connection, write: Write) -> None:
        self._connection = connection
        self._write = write
        self._tables: dict[str, _OfTable] = {}
        # While a statement begins that has asked already.
        self.is_quiet = False
        # Statements of this transaction so far that may have changed a row of any table.
        self.changes = 0

    def put(self, table: Table, columns: Columns, on_conflict: str, rows: Sequence[Row], key: Columns = ()) -> None:
        """Let *rows* wait; of those with the same *key* the last one counts, if one is named."""
        waits = self._tables.get(table.name)
        if waits is None:
            waits = self._tables[table.name] = _OfTable(table)
        lot = waits.lots[-1] if waits.lots else None
        if lot is None or lot.columns != columns or lot.on_conflict != on_conflict:
            lot = _Lot(columns, on_conflict, by_key={} if key else None)
            waits.lots.append(lot)
        if lot.by_key is None:
            lot.rows.extend(rows)
        else:
            pick = _picked(columns, key)
            lot.by_key.update((pick(row), row) for row in rows)
        for asked, found in waits.seen.items():
            found.update(map(_picked(columns, asked), rows))
        # A rebuild refolds a whole journal in one transaction.
        if len(lot.rows) >= rows_max or (lot.by_key is not None and len(lot.by_key) >= rows_max):
            self.settle((table.name,))

    def may_concern(self, name: str, columns: Columns, values: Any) -> bool:
        """Whether a row of the table *name* waits whose *columns* have these *values* (one alone is no tuple); without columns: any."""
        waits = self._tables.get(name)
        return waits is not None and (not columns or values in waits.values(columns))

    def values(self, name: str, columns: Columns) -> Collection[Any]:
        """What the rows of the table *name* that wait have in *columns*; tuples, if they are several."""
        waits = self._tables.get(name)
        return () if waits is None else waits.values(columns)

    def forget(self) -> None:
        """Let what waits never be written; what was read in between may be otherwise now."""
        self._tables.clear()
        self.changes += 1

    def settle(self, names: Iterable[str] | None = None) -> None:
        """Write what waits, of the tables *names* or of all."""
        if not self._tables:
            return
        for name in list(self._tables) if names is None else names:
            waits = self._tables.pop(name, None)
            for lot in waits.lots if waits is not None else ():
                assert waits is not None
                self.changes += 1
                self._write(self._connection, waits.table, lot.columns, lot.on_conflict, lot.all())


def waiting_of(connection: Connection) -> Waiting | None:
    """What waits in the transaction of *connection*; None where every row is written at once."""
    # Asked dozens of times a command: an attribute of its own, not the dictionary behind ``Connection.info``.
    found: Waiting | None = getattr(connection, _NAME, None)
    return found


def changes_so_far(connection: Connection) -> int | None:
    """
    While it stays the same, what was read in the transaction of *connection* still stands in the tables, but for what waits.  None
    where rows do not wait: every read is made.
    """
    waits = waiting_of(connection)
    return None if waits is None else waits.changes


def waiting_values(connection: Connection, table: Table, columns: Columns) -> Collection[Any]:
    """What the rows of *table* that are not written yet have in *columns*; tuples, if they are several."""
    waits = waiting_of(connection)
    return () if waits is None else waits.values(table.name, columns)


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """All that is written inside the block, or nothing of it: what raises takes back its own rows, those that wait too, and no others."""
    waits = waiting_of(connection)
    if waits is not None:
        waits.settle()
    connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
    try:
        yield
        if waits is not None:
            waits.settle()
    except BaseException:
        if waits is not None:
            waits.forget()
        connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        raise
    connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")


@contextmanager
def begin(connection: Connection, write: Write) -> Iterator[Waiting]:
    """Rows of the transaction of *connection* may wait inside the block; what was not settled at its end is forgotten."""
    made = Waiting(connection, write)
    setattr(connection, _NAME, made)
    try:
        yield made
    finally:
        setattr(connection, _NAME, None)


def settle_all(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """Before a statement of which nobody knows what it reads; an engine's ``before_cursor_execute``."""
    waits = waiting_of(connection)
    if waits is not None:
        if not statement.startswith("SELECT"):
            waits.changes += 1
        if not waits.is_quiet:
            waits.settle()


@cache
def _picked(columns: Columns, wanted: Columns) -> Callable[[Row], Any]:
    return itemgetter(*[columns.index(name) for name in wanted])
