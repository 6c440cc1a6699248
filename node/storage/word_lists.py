"""Words in one column, a comma before, between and behind them: whether one of them is there, letter by letter on either database."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Has(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()


def has_word(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """That *word* is one of those in *column*.  No LIKE: that of SQLite takes "A" for "a", and has signs of its own."""
    return _Has(column, literal(f",{word},"))


@compiles(_Has, "sqlite")
def _by_instr(element: _Has, compiler: SQLCompiler, **more: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **more)}) > 0)"


@compiles(_Has, "postgresql")
def _by_strpos(element: _Has, compiler: SQLCompiler, **more: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **more)}) > 0)"
