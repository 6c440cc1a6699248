"""Subscriptions of other systems as rows: how far each has got, and when it is tried next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import instant, instant_or_none, micros


@dataclass(frozen=True)
class Hook:
    """
    ``position`` is the last entry (``taken``) that was taken from it; ``attempts`` counts failures since, and ``error`` is the last
    one.  What it is told of is what ``account`` in ``role`` sees, of ``kinds`` if any are named.
    """

    id: str
    account: str
    role: str
    url: str
    kinds: tuple[str, ...]
    position: int
    created_at: datetime
    attempts: int
    next_at: datetime
    delivered_at: datetime | None
    error: str


def add(connection: Connection, id: str, account: str, role: str, url: str, kinds: Sequence[str], position: int, now: datetime) -> Hook:
    """Keep a new one; it begins behind *position*."""
    made = Hook(id, account, role, url, tuple(kinds), position, now, 0, now, None, "")
    values = {"id": id, "account": account, "role": role, "url": url, "kinds": ",".join(kinds), "position": position}
    times = {"created_at": micros(now), "next_at": micros(now)}
    connection.execute(insert(schema.hooks).values(**values, **times, attempts=0))
    return made


def listed(connection: Connection) -> list[Hook]:
    """Every one, the oldest first."""
    table = schema.hooks
    return [_hook(row) for row in connection.execute(select(table).order_by(table.c.created_at, table.c.id))]


def due(connection: Connection, now: datetime, end: int) -> list[Hook]:
    """Those that have not got to the *end* of the journal and may be tried at *now*."""
    table = schema.hooks
    rows = connection.execute(select(table).where(table.c.next_at <= micros(now), table.c.position < end).order_by(table.c.id))
    return [_hook(row) for row in rows]


def one(connection: Connection, id: str) -> Hook:
    """
    The one of that id.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    row = connection.execute(select(schema.hooks).where(schema.hooks.c.id == id)).first()
    if row is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="hook", id=id)
    return _hook(row)


def remove(connection: Connection, id: str) -> None:
    """
    Tell it nothing more.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    one(connection, id)
    connection.execute(delete(schema.hooks).where(schema.hooks.c.id == id))


def move_to(connection: Connection, id: str, position: int, now: datetime) -> Hook:
    """
    Let it go on behind *position*, at once: what it was told since, it is told again.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    one(connection, id)
    connection.execute(update(schema.hooks).where(schema.hooks.c.id == id).values(position=position, next_at=micros(now), attempts=0))
    return one(connection, id)


def mark_taken(connection: Connection, id: str, former: int, position: int, now: datetime, *, is_delivered: bool) -> None:
    """It has everything up to *position*, unless somebody moved it meanwhile; passing by what it does not see is no delivery."""
    table = schema.hooks
    values: dict[str, object] = {"position": position, "attempts": 0, "error": ""}
    if is_delivered:
        values["delivered_at"] = micros(now)
    connection.execute(update(table).where(table.c.id == id, table.c.position == former).values(**values))


def mark_failed(connection: Connection, id: str, attempts: int, next_at: datetime, error: str) -> None:
    """It was not taken; it is tried again at *next_at*, however long it lasts: the journal waits."""
    table = schema.hooks
    connection.execute(update(table).where(table.c.id == id).values(attempts=attempts, next_at=micros(next_at), error=error))


def _hook(row: Row[tuple[object, ...]]) -> Hook:
    values = row._mapping
    return Hook(
        id=values["id"],
        account=values["account"],
        role=values["role"],
        url=values["url"],
        kinds=tuple(part for part in values["kinds"].split(",") if part),
        position=values["position"],
        created_at=instant(values["created_at"]),
        attempts=values["attempts"],
        next_at=instant(values["next_at"]),
        delivered_at=instant_or_none(values["delivered_at"]),
        error=values["error"],
    )
