"""Searches that an account keeps under a name, to ask them again: the query as the address of a page has it, and nobody else's."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.statements import upsert_many
from node.storage.unit_of_work import UnitOfWork, View

name_characters_max = 40
query_characters_max = 1_000
filters_max = 30


@dataclass(frozen=True)
class SavedFilter:
    """A search under its name; ``query`` is what stands behind the question mark of an address."""

    name: str
    query: str
    saved_at: datetime


def saved(view: View, account: str) -> list[SavedFilter]:
    """What *account* keeps, by name."""
    table = schema.saved_filters
    rows = view.connection.execute(select(table).where(table.c.account == account).order_by(table.c.name))
    return [SavedFilter(row.name, row.query, instant(row.saved_at)) for row in rows]


def save(work: UnitOfWork, account: str, name: str, query: str, now: datetime) -> None:
    """
    Keep *query* under *name*; one of the same name is replaced.

    Raises:
        Refusal: FIELD_REQUIRED; MALFORMED_COMMAND, for a name or a query that is too long, or more than ``filters_max``.
    """
    table, called = schema.saved_filters, name.strip()
    if not called:
        raise Refusal(Code.FIELD_REQUIRED, field="name")
    if len(called) > name_characters_max or len(query) > query_characters_max:
        raise Refusal(Code.MALFORMED_COMMAND, field="name")
    others = (table.c.account == account, table.c.name != called)
    if work.connection.execute(select(func.count()).where(*others)).scalar_one() >= filters_max:
        raise Refusal(Code.MALFORMED_COMMAND, field="name")
    upsert_many(work.connection, table, [{"account": account, "name": called, "query": query, "saved_at": micros(now)}])


def forget(work: UnitOfWork, account: str, name: str) -> None:
    """Keep it no longer; nothing happens where there is none."""
    table = schema.saved_filters
    work.connection.execute(delete(table).where(table.c.account == account, table.c.name == name))
