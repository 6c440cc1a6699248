"""Bytes as they are stored, read so that damage can be told."""

from typing import Any

from sqlalchemy import Column, Label, LargeBinary
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _StoredBytes(FunctionElement[bytes]):
    type = LargeBinary()
    inherit_cache = True


def stored_bytes(column: Column[bytes]) -> Label[bytes]:
    """
    The bytes of *column*, under its name; none where SQLite has no bytes there.

    What a value is stands in its row, in a bit: where that was turned over, SQLite would read bytes as a text, and fail with the whole
    list that it was to give.
    """
    return _StoredBytes(column).label(column.name)


@compiles(_StoredBytes)
def _as_it_is(element: _StoredBytes, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_StoredBytes, "sqlite")
def _none_if_it_is_a_text(element: _StoredBytes, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"CASE typeof({column}) WHEN 'blob' THEN {column} ELSE x'' END"
