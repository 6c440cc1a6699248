"""
Statements for many rows at once: the driver's executemany under SQLAlchemy's connection, no ORM on the hot path.

The statement is written in the driver's own parameter style and its rows are tuples, so nothing is compiled or converted a
row: what a column holds must be what the driver takes (integers, texts, bytes, booleans, None).  However many the rows, it
is one statement.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table

# Fewer rows are not worth a COPY's round trips.
copied_rows_min = 50
_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s"}


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows*, which all have the same keys."""
    _execute(connection, table, rows, "")


def insert_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """
    Insert *rows*, each the values of *columns*; two columns or more.

    Many rows go by COPY into PostgreSQL, which takes half of what as many INSERTs do.
    """
    if connection.dialect.name == "postgresql" and len(rows) >= copied_rows_min:
        _copy(connection, table, columns, rows)
    elif rows:
        connection.exec_driver_sql(_insert(table, columns, _MARKS[connection.dialect.paramstyle]), list(rows))


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
        _execute(connection, table, rows, _replacing(table, tuple(rows[0])))


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of *rows*, which all have the same keys, whose primary key is not there yet."""
    _execute(connection, table, rows, " ON CONFLICT DO NOTHING")


def _execute(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], on_conflict: str) -> None:
    if not rows:
        return
    columns = tuple(rows[0])
    sql = _insert(table, columns, _MARKS[connection.dialect.paramstyle]) + on_conflict
    values = itemgetter(*columns)
    connection.exec_driver_sql(sql, [values(row) if len(columns) > 1 else (values(row),) for row in rows])


@cache
def _insert(table: Table, columns: tuple[str, ...], mark: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(mark for _ in columns)})"


@cache
def _replacing(table: Table, columns: tuple[str, ...]) -> str:
    key = [column.name for column in table.primary_key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    does = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
    return f" ON CONFLICT ({', '.join(key)}) {does}"
