"""
The hot path's statements: the driver's own execute and executemany under SQLAlchemy's connection, no ORM.

A statement is written in the driver's own parameter style and its rows are tuples, so nothing is compiled or converted a
row: what a column holds must be what the driver takes (integers, texts, bytes, booleans, None).  However many the rows, it
is one statement.  Whoever listens to the engine hears of each before it runs, and an error comes as SQLAlchemy would raise it.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from operator import and_, eq, itemgetter
from typing import Any, TypeVar

from psycopg import sql
from sqlalchemy import BindParameter, Column, ColumnElement, Connection, Delete, Dialect, Select, Table, Update, bindparam, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.selectable import AliasedReturnsRows, SelectBase
from sqlalchemy.sql.visitors import iterate

from node.storage.waiting import Columns, Row, waiting_of

R = TypeVar("R")
RunAgain = Select[Any] | ReturningUpdate[Any] | Update | Delete

# Fewer rows are not worth a COPY's round trips.
copied_rows_min = 50
# A statement for more values at once gains nothing.
many_max = 512
_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s"}


class Prepared:
    """
    A statement that is run again and again: compiled once for each kind of database, its rows plain tuples.

    Its values are its ``bindparam`` by name; a list for IN is none of them (``PreparedForMany``), and a fixed one stands in it as
    its ``literal`` values.
    """

    def __init__(self, statement: RunAgain) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}
        self.names = tuple(column.name for column in statement.exported_columns)
        self._reads = _reads_of(statement)

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it, and give what it found."""
        self._settle(connection, values)
        return self.written(connection, **values)

    def written(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """As ``rows``, without what waits to be written: for whoever looks at that himself."""
        ready = self._ready(connection)
        given = ready.given(values)
        found: list[tuple[Any, ...]] = _run(connection, ready.sql, given, lambda cursor: cursor.execute(ready.sql, given).fetchall())
        return found if ready.convert is None else [ready.convert(row) for row in found]

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def records(self, connection: Connection, **values: Any) -> list[Any]:
        """As ``rows``, their values by the names of the columns."""
        return list(map(self._record._make, self.rows(connection, **values)))

    def record(self, connection: Connection, **values: Any) -> Any:
        """The first of these; None if there is none."""
        found = self.rows(connection, **values)
        return self._record._make(found[0]) if found else None

    def scalar(self, connection: Connection, **values: Any) -> Any:
        """The first value of the first row; None if there is none."""
        found = self.rows(connection, **values)
        return found[0][0] if found else None

    @cached_property
    def _record(self) -> Any:
        return namedtuple("Record", self.names)

    def run(self, connection: Connection, **values: Any) -> None:
        """Run it for what it changes."""
        ready = self._ready(connection)
        given = ready.given(values)
        self._settle(connection, values)
        _run(connection, ready.sql, given, lambda cursor: cursor.execute(ready.sql, given))

    def _settle(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Have those of the waiting rows written that it may read."""
        waits = waiting_of(connection)
        if waits is not None:
            for name, columns, keys in self._reads:
                if waits.may_concern(name, columns, values[keys[0]] if len(keys) == 1 else tuple([values[key] for key in keys])):
                    waits.settle((name,))

    def _ready(self, connection: Connection) -> "_Compiled":
        name = connection.dialect.name
        ready = self._compiled.get(name)
        if ready is None:
            ready = self._compiled[name] = _Compiled.of(self._statement, connection.dialect)
        return ready


class PreparedForMany:
    """
    As ``Prepared``, for a list: *make* gives the statement for so many values as it is given parameters, each a tuple of *width*
    parameters where that is over 1.

    One statement is made for 1, 2, 4, 8 ... values, the last value standing once more for what is missing; over ``many_max`` are
    asked in parts, so an order holds within a part alone.
    """

    def __init__(self, make: Callable[[list[Any]], RunAgain], width: int = 1) -> None:
        self._make, self._width = make, width
        self._prepared: dict[int, Prepared] = {}

    def rows(self, connection: Connection, many: Collection[Any], **values: Any) -> list[tuple[Any, ...]]:
        """Run it for *many* values (or tuples of them), and give what it found; nothing for none."""
        return [row for prepared, given in self._parts(many) for row in prepared.rows(connection, **given, **values)]

    def records(self, connection: Connection, many: Collection[Any], **values: Any) -> list[Any]:
        """As ``rows``, their values by the names of the columns."""
        return [row for prepared, given in self._parts(many) for row in prepared.records(connection, **given, **values)]

    def run(self, connection: Connection, many: Collection[Any], **values: Any) -> None:
        """Run it for what it changes."""
        for prepared, given in self._parts(many):
            prepared.run(connection, **given, **values)

    def _parts(self, many: Collection[Any]) -> Iterator[tuple[Prepared, dict[str, Any]]]:
        listed = list(many)
        for start in range(0, len(listed), many_max):
            part = listed[start : start + many_max]
            size = 1 << (len(part) - 1).bit_length()
            part += part[-1:] * (size - len(part))
            flat = part if self._width == 1 else [value for one in part for value in one]
            yield self._of(size), {f"many_{place}": value for place, value in enumerate(flat)}

    def _of(self, size: int) -> Prepared:
        prepared = self._prepared.get(size)
        if prepared is None:
            names: list[Any] = [bindparam(f"many_{place}") for place in range(size * self._width)]
            if self._width > 1:
                names = [tuple_(*names[at : at + self._width]) for at in range(0, len(names), self._width)]
            prepared = self._prepared[size] = Prepared(self._make(names))
        return prepared


@dataclass(frozen=True)
class _Compiled:
    """
    A statement as one driver takes it.  ``order`` names its values where the driver counts them, ``fixed`` are those that
    stand in the statement itself; ``convert`` is for rows of which the driver gives something in another form.
    """

    sql: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, Any]
    convert: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None

    @classmethod
    def of(cls, statement: RunAgain, dialect: Dialect) -> "_Compiled":
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler) and "POSTCOMPILE" not in str(compiled)
        order = tuple(compiled.positiontup) if compiled.positional and compiled.positiontup is not None else None
        ways = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.exported_columns]
        return cls(str(compiled), order, compiled.params, _converter(ways))

    def given(self, values: Mapping[str, Any]) -> Any:
        all_values = {**self.fixed, **values}
        return all_values if self.order is None else tuple([all_values[name] for name in self.order])


def _converter(ways: Sequence[Callable[[Any], Any] | None]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    if not any(ways):
        return None
    return lambda row: tuple([value if way is None else way(value) for way, value in zip(ways, row, strict=True)])


def _reads_of(statement: RunAgain) -> tuple[tuple[str, Columns, Columns], ...]:
    """
    Each table that *statement* reads, with those of its columns that must equal values that are given, and the names of these values.

    What is not said that plainly (a second select inside it, an alias) leaves no column: any row of the table may be read.
    """
    parts = list(iterate(statement))
    tables = {part.name for part in parts if isinstance(part, Table)}
    is_plain = not any(part is not statement and isinstance(part, SelectBase | AliasedReturnsRows) for part in parts)
    found: dict[str, dict[str, str]] = {name: {} for name in tables}
    for one in _conditions(statement.whereclause) if is_plain else ():
        left, right = getattr(one, "left", None), getattr(one, "right", None)
        if getattr(one, "operator", None) is not eq or not isinstance(left, Column) or not isinstance(right, BindParameter):
            continue
        if not right.unique and isinstance(left.table, Table):
            found[left.table.name].setdefault(left.name, right.key)
    return tuple((name, tuple(equal), tuple(equal.values())) for name, equal in sorted(found.items()))


def _conditions(clause: ColumnElement[Any] | None) -> Iterator[Any]:
    """What must hold all together."""
    if isinstance(clause, BooleanClauseList) and clause.operator is and_:
        for one in clause.clauses:
            yield from _conditions(one)
    elif clause is not None:
        yield clause


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows*, which all have the same keys."""
    _execute(connection, table, rows, "")


def insert_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert *rows*, each the values of *columns*; two columns or more."""
    if rows:
        _put(connection, table, columns, "", rows)


def _copy(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def upsert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows*, which all have the same keys, or replace those of the same primary key."""
    if rows:
        _execute(connection, table, rows, _replacing(table, tuple(rows[0])), _key_of(table, tuple(rows[0])))


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of *rows*, which all have the same keys, whose primary key is not there yet."""
    _execute(connection, table, rows, " ON CONFLICT DO NOTHING")


def insert_missing_rows(connection: Connection, table: Table, columns: Columns, rows: Sequence[Row]) -> None:
    """As ``insert_missing``, of rows that are the values of *columns*; two columns or more."""
    if rows:
        _put(connection, table, columns, " ON CONFLICT DO NOTHING", rows)


def update_of(connection: Connection, table: Table, values: Mapping[str, Any], **key: Any) -> None:
    """Set *values* in the rows of *table* whose columns are *key*."""
    waits = waiting_of(connection)
    if waits is not None:
        waits.settle((table.name,))
    sql = _update(table, tuple(values), tuple(key), _MARKS[connection.dialect.paramstyle])
    given = (*values.values(), *key.values())
    _run(connection, sql, given, lambda cursor: cursor.execute(sql, given))


def delete_of(connection: Connection, table: Table, tickets: Sequence[str]) -> None:
    """Delete the rows of *tickets* by the column ``ticket``."""
    if tickets:
        waits = waiting_of(connection)
        if waits is not None:
            waits.settle((table.name,))
        sql = f"DELETE FROM {table.name} WHERE ticket = {_MARKS[connection.dialect.paramstyle]}"
        _run_many(connection, sql, [(ticket,) for ticket in tickets])


def _execute(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], on_conflict: str, key: Columns = ()) -> None:
    if not rows:
        return
    columns = tuple(rows[0])
    values = itemgetter(*columns)
    _put(connection, table, columns, on_conflict, [values(row) if len(columns) > 1 else (values(row),) for row in rows], key)


def _put(connection: Connection, table: Table, columns: Columns, on_conflict: str, rows: Sequence[Row], key: Columns = ()) -> None:
    waits = waiting_of(connection)
    if waits is None:
        write(connection, table, columns, on_conflict, rows)
    else:
        waits.put(table, columns, on_conflict, rows, key)


def write(connection: Connection, table: Table, columns: Columns, on_conflict: str, rows: Sequence[Row]) -> None:
    """
    Write *rows*, each the values of *columns*, now; *on_conflict* is the clause about those that are there.

    Many rows go by COPY into PostgreSQL, which takes half of what as many INSERTs do.
    """
    if connection.dialect.name == "postgresql" and not on_conflict and len(rows) >= copied_rows_min:
        _copy(connection, table, columns, rows)
    elif rows:
        _run_many(connection, _insert(table, columns, _MARKS[connection.dialect.paramstyle]) + on_conflict, list(rows))


def _run_many(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    _run(connection, sql, rows, lambda cursor: cursor.executemany(sql, rows))


def _run(connection: Connection, sql: str, values: Any, act: Callable[[Any], R]) -> R:
    """What *act* does with the driver's cursor."""
    waits = waiting_of(connection)
    cursor = connection.connection.cursor()
    try:
        if waits is not None:
            waits.is_quiet = True  # what waits and concerns this statement was written already
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, cursor, sql, values, None, isinstance(values, list))
        return act(cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(sql, None, error, connection.dialect.loaded_dbapi.Error, dialect=connection.dialect) from error
    finally:
        if waits is not None:
            waits.is_quiet = False
        cursor.close()


@cache
def _insert(table: Table, columns: Columns, mark: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(mark for _ in columns)})"


@cache
def _update(table: Table, columns: Columns, key: Columns, mark: str) -> str:
    changes = ", ".join(f'"{name}" = {mark}' for name in columns)
    its = " AND ".join(f'"{name}" = {mark}' for name in key)
    return f"UPDATE {table.name} SET {changes} WHERE {its}"


@cache
def _key_of(table: Table, columns: Columns) -> Columns:
    """The primary key, if *columns* have it."""
    key = tuple(column.name for column in table.primary_key)
    return key if set(key) <= set(columns) else ()


@cache
def _replacing(table: Table, columns: tuple[str, ...]) -> str:
    key = [column.name for column in table.primary_key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    does = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
    return f" ON CONFLICT ({', '.join(key)}) {does}"
