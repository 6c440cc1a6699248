"""
What rides beside entries, as rows: ciphertexts by entry and place, wrapped keys, and the public keys that these are wrapped for.

Nothing here opens anything (``payloads`` does): a node carries and keeps what it cannot read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from node.domain.entry import Subject
from node.storage import schema
from node.storage.codec import PayloadLine
from node.storage.statements import PreparedForMany, insert_missing, insert_rows, upsert_many

_payloads, _keys = schema.payloads.c, schema.wrapped_keys.c
_CIPHERTEXTS = PreparedForMany(
    lambda taken: (
        select(_payloads.taken, _payloads.blob, _payloads.ciphertext)
        .where(_payloads.taken.in_(taken), _payloads.ciphertext.isnot(None))
        .order_by(_payloads.taken, _payloads.place)
    )
)
_WRAPPED_KEYS = PreparedForMany(lambda taken: select(schema.wrapped_keys).where(_keys.taken.in_(taken)))
_PUBLIC_KEYS = PreparedForMany(
    lambda recipients: select(schema.payload_keys.c.recipient, schema.payload_keys.c.public_key).where(
        schema.payload_keys.c.recipient.in_(recipients)
    )
)


@dataclass(frozen=True)
class KeyRow:
    """A wrapped key as it is stored and sent."""

    kind: str
    node: str
    month: str
    subject_kind: str
    subject_id: str
    recipient: str
    wrapped: bytes


class Riders(NamedTuple):
    """What rides beside the entry *taken*: its payload lines with the ciphertexts by blob, and wrapped keys."""

    taken: int
    subject: Subject
    lines: Sequence[PayloadLine]
    sealed: Mapping[bytes, bytes]
    keys: Sequence[KeyRow]


def write(connection: Connection, laden: Sequence[Riders]) -> None:
    """Store what rides beside entries.  A ciphertext that is not there yet leaves its place empty; a key is kept once."""
    rows = [
        (one.taken, place, line.blob, one.subject.kind, one.subject.id, one.sealed.get(line.blob))
        for one in laden
        for place, line in enumerate(one.lines, 1)
    ]
    columns = ("taken", "place", "blob", "subject_kind", "subject_id", "ciphertext")
    insert_rows(connection, schema.payloads, columns, rows)
    insert_missing(connection, schema.wrapped_keys, [{"taken": one.taken, **key.__dict__} for one in laden for key in one.keys])


def beside(connection: Connection, taken: Sequence[int]) -> tuple[dict[int, list[tuple[bytes, bytes]]], dict[int, list[KeyRow]]]:
    """What rides beside these entries: (blob, ciphertext) and wrapped keys, by ``taken``."""
    sealed: dict[int, list[tuple[bytes, bytes]]] = {}
    keys: dict[int, list[KeyRow]] = {}
    if not taken:
        return sealed, keys
    for row in _CIPHERTEXTS.records(connection, taken):
        sealed.setdefault(row.taken, []).append((bytes(row.blob), bytes(row.ciphertext)))
    for row in _WRAPPED_KEYS.records(connection, taken):
        keys.setdefault(row.taken, []).append(
            KeyRow(row.kind, row.node, row.month, row.subject_kind, row.subject_id, row.recipient, bytes(row.wrapped))
        )
    return sealed, keys


def take_out(connection: Connection, taken: Sequence[int]) -> None:
    """Drop what rides beside these entries; whoever writes them again brings it back."""
    for start in range(0, len(taken), 500):
        part = taken[start : start + 500]
        connection.execute(delete(schema.payloads).where(schema.payloads.c.taken.in_(part)))
        connection.execute(delete(schema.wrapped_keys).where(schema.wrapped_keys.c.taken.in_(part)))
        connection.execute(delete(schema.text_grams).where(schema.text_grams.c.taken.in_(part)))


def learn(connection: Connection, public_keys: Mapping[str, bytes]) -> bool:
    """Note payload public keys of other nodes; True if one is new or changed."""
    known = public_keys_of(connection, sorted(public_keys))
    news = [{"recipient": name, "public_key": public} for name, public in public_keys.items() if known.get(name) != public]
    upsert_many(connection, schema.payload_keys, news)
    return bool(news)


def public_keys_of(connection: Connection, recipients: Collection[str]) -> dict[str, bytes]:
    """The payload public keys of those of *recipients* of whom one is known."""
    return {recipient: bytes(public) for recipient, public in _PUBLIC_KEYS.rows(connection, recipients)}


def erase(connection: Connection, subject: Subject) -> int:
    """Drop the ciphertexts and keys of *subject* and what it was found by; gives how many payloads were dropped."""
    table, wrapped, lookups, grams = schema.payloads, schema.wrapped_keys, schema.lookups, schema.text_grams
    its = (table.c.subject_kind == subject.kind, table.c.subject_id == subject.id)
    count = connection.execute(update(table).where(*its, table.c.ciphertext.isnot(None)).values(ciphertext=None)).rowcount
    connection.execute(delete(wrapped).where(wrapped.c.subject_kind == subject.kind, wrapped.c.subject_id == subject.id))
    connection.execute(delete(lookups).where(lookups.c.subject_kind == subject.kind, lookups.c.subject_id == subject.id))
    connection.execute(delete(grams).where(grams.c.taken.in_(select(table.c.taken).where(*its))))
    return count
