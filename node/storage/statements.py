"""Statements for many rows at once: the driver's executemany under SQLAlchemy's connection, no ORM on the hot path."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, TextClause, text


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows*, which all have the same keys."""
    if rows:
        connection.execute(_insert(table, tuple(rows[0])), list(rows))


def upsert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows*, or replace those of the same primary key."""
    if rows:
        connection.execute(_upsert(table, tuple(rows[0])), list(rows))


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of *rows* whose primary key is not there yet."""
    if rows:
        connection.execute(_insert_missing(table, tuple(rows[0])), list(rows))


@cache
def _insert_missing(table: Table, columns: tuple[str, ...]) -> TextClause:
    return text(f"{_insert_sql(table, columns)} ON CONFLICT DO NOTHING")


@cache
def _insert(table: Table, columns: tuple[str, ...]) -> TextClause:
    return text(_insert_sql(table, columns))


@cache
def _upsert(table: Table, columns: tuple[str, ...]) -> TextClause:
    key = [column.name for column in table.primary_key]
    others = [name for name in columns if name not in key]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    does = f"DO UPDATE SET {changes}" if others else "DO NOTHING"
    return text(f"{_insert_sql(table, columns)} ON CONFLICT ({', '.join(key)}) {does}")


def _insert_sql(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(f':{name}' for name in columns)})"
