"""
What is said to a database about how to find rows, where its planner would choose badly.

It changes no answer, only what is read on the way to it.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, false, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

V = TypeVar("V")


class _Unsought(FunctionElement[V]):
    inherit_cache = True

    def __init__(self, column: ColumnElement[V]) -> None:
        super().__init__(column)
        self.type = column.type


def unsought(column: ColumnElement[V]) -> ColumnElement[V]:
    """
    *column* as it is, by whose index SQLite does not begin: a list that walks in its own order and ends with its page tests it on the
    way.  PostgreSQL counts what either way costs, and is left to it.
    """
    return _Unsought(column)


def in_passing(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """
    *condition* as it is, asked of each row that a list passes in its own order: no index is sought for it, and PostgreSQL, which cannot
    know how often it holds together with the others, expects it of every second row and not of one in a thousand.
    """
    return func.coalesce(condition, false())


@compiles(_Unsought)
def _as_it_is(element: _Unsought[Any], compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(_Unsought, "sqlite")
def _without_index(element: _Unsought[Any], compiler: SQLCompiler, **more: Any) -> str:
    # https://sqlite.org/optoverview.html: a unary "+" disqualifies a term from the use of an index.
    return f"+{compiler.process(element.clauses, **more)}"
