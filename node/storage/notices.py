"""
The outbox of messages as a table: what waits, what was sent, what was read, and invitations that can be used once.

Rows are written in the transaction of the entry that they tell of, so none is lost and none tells of what did not happen.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from node.domain.payload import PayloadKind, SealedRef
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import instant, instant_or_none, micros
from node.storage.sealing import Random
from node.storage.statements import insert_missing

WAITING, SENT, READ, FAILED = "waiting", "sent", "read", "failed"
_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0003")
_TOKEN_BYTES = 16
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Row:
    """One notice of one channel."""

    id: str
    entry: str
    subject_kind: str
    subject_id: str
    audience: str
    channel: str
    template: str
    facts: Mapping[str, str]
    words: SealedRef | None
    state: str
    created_at: datetime
    attempts: int
    sent_at: datetime | None
    read_at: datetime | None
    error: str
    token: str


@dataclass(frozen=True)
class New:
    """A notice to put into the outbox."""

    entry: str
    subject_kind: str
    subject_id: str
    audience: str
    channel: str
    template: str
    facts: Mapping[str, str]
    taken: int = 0
    words: SealedRef | None = None
    invites: bool = False


def put(connection: Connection, notices: Sequence[New], random: Random, now: datetime) -> None:
    """Put *notices* into the outbox; one that is there already stays as it is."""
    at = micros(now)
    insert_missing(connection, schema.notices, [_values(one, random, at) for one in notices])


def _values(one: New, random: Random, at: int) -> dict[str, object]:
    token = base64.urlsafe_b64encode(random(_TOKEN_BYTES)).decode().rstrip("=") if one.invites else ""
    return {
        "id": str(uuid.uuid5(_NAMESPACE, f"{one.entry}|{one.audience}|{one.channel}|{one.template}")),
        "entry": one.entry,
        "taken": one.taken,
        "subject_kind": one.subject_kind,
        "subject_id": one.subject_id,
        "audience": one.audience,
        "channel": one.channel,
        "template": one.template,
        "facts": _JSON.encode(dict(one.facts)),
        "words_entry": one.words.entry if one.words else "",
        "words_place": one.words.place if one.words else 0,
        "words_digest": one.words.digest.hex() if one.words else "",
        "state": WAITING,
        "created_at": at,
        "next_at": at,
        "attempts": 0,
        "sent_at": None,
        "read_at": None,
        "error": "",
        "token": token,
        "token_digest": digest_of(token) if token else "",
        "used_at": None,
    }


def digest_of(token: str) -> str:
    """What is kept of an invitation's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def due(connection: Connection, now: datetime, rows_max: int = 500) -> list[Row]:
    """What waits and may be tried at *now*, the oldest first."""
    table = schema.notices
    query = (
        select(table)
        .where(table.c.state == WAITING, table.c.next_at <= micros(now))
        .order_by(table.c.created_at, table.c.taken, table.c.id)
    )
    return [_row(row) for row in connection.execute(query.limit(rows_max))]


def of_audience(connection: Connection, audiences: Sequence[str], *, unread: bool = True, rows_max: int = 200) -> list[Row]:
    """What an in-app list shows, the latest first."""
    table = schema.notices
    wanted = [table.c.audience.in_(audiences), table.c.channel == "in_app"]
    if unread:
        wanted.append(table.c.read_at.is_(None))
    query = select(table).where(*wanted).order_by(table.c.created_at.desc(), table.c.taken.desc(), table.c.id).limit(rows_max)
    return [_row(row) for row in connection.execute(query)]


def of_subject(connection: Connection, subject_id: str) -> list[Row]:
    """Everything that was told of a ticket or a dossier, in order."""
    table = schema.notices
    query = select(table).where(table.c.subject_id == subject_id).order_by(table.c.created_at, table.c.taken, table.c.id)
    return [_row(row) for row in connection.execute(query)]


def mark_sent(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """They were taken by their gateway; an invitation's secret is forgotten."""
    table = schema.notices
    connection.execute(update(table).where(table.c.id.in_(ids)).values(state=SENT, sent_at=micros(now), error="", token=""))


def mark_failed(connection: Connection, id: str, attempts: int, next_at: datetime | None, error: str) -> None:
    """It could not be sent; *next_at* is when to try again, None gives it up."""
    table = schema.notices
    values: dict[str, object] = {"attempts": attempts, "error": error}
    values |= {"state": FAILED} if next_at is None else {"next_at": micros(next_at)}
    connection.execute(update(table).where(table.c.id == id).values(**values))


def put_off(connection: Connection, ids: Sequence[str], until: datetime) -> None:
    """Try them at *until*: a quiet hour, or a spent budget; no failure."""
    table = schema.notices
    connection.execute(update(table).where(table.c.id.in_(ids)).values(next_at=micros(until)))


def mark_read(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """They were read."""
    table = schema.notices
    connection.execute(update(table).where(table.c.id.in_(ids), table.c.read_at.is_(None)).values(state=READ, read_at=micros(now)))


def invited(connection: Connection, token: str) -> str:
    """
    The ticket that the invitation *token* is for.

    Raises:
        Refusal: LINK_UNKNOWN, LINK_USED.
    """
    table = schema.notices
    row = connection.execute(select(table).where(table.c.token_digest == digest_of(token))).first() if token else None
    if row is None:
        raise Refusal(Code.LINK_UNKNOWN)
    if row.used_at is not None:
        raise Refusal(Code.LINK_USED, used=instant(row.used_at).isoformat())
    return str(row.subject_id)


def use_up(connection: Connection, token: str, now: datetime) -> None:
    """Nobody enters by *token* again, nor by the same invitation that went out by another channel."""
    table = schema.notices
    row = connection.execute(select(table).where(table.c.token_digest == digest_of(token))).one()
    same = (table.c.entry == row.entry, table.c.template == row.template, table.c.audience == row.audience)
    connection.execute(update(table).where(*same).values(used_at=micros(now), token=""))


def _row(row: Any) -> Row:
    values = row._mapping
    words = None
    if values["words_entry"]:
        words = SealedRef(values["words_entry"], values["words_place"], PayloadKind.TEXT, bytes.fromhex(values["words_digest"]))
    return Row(
        id=values["id"],
        entry=values["entry"],
        subject_kind=values["subject_kind"],
        subject_id=values["subject_id"],
        audience=values["audience"],
        channel=values["channel"],
        template=values["template"],
        facts=json.loads(values["facts"]),
        words=words,
        state=values["state"],
        created_at=instant(values["created_at"]),
        attempts=values["attempts"],
        sent_at=instant_or_none(values["sent_at"]),
        read_at=instant_or_none(values["read_at"]),
        error=values["error"],
        token=values["token"],
    )
