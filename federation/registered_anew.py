"""
Needs that two copies of a node registered under one number (FEDERATION 2.3 no. 9).

Under it stays what the superior acknowledged.  The other need was somebody's, too: while the node takes its own branch out of the
journal it still has the keys of it, so the need is registered once more under a number of its own, in the same words, with the
times of its receipt and the limits that count from there.  What was done about it since is evidence, and people do it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from node.domain import register_number
from node.domain.entry import CustodyHead, Draft, Header, Subject, SubjectKind
from node.domain.identifier import uuid5_of
from node.domain.payload import Contact, PayloadKind, SealedRef, Text
from node.domain.ticket.intake import Registered
from node.domain.time import local_day
from node.domain.values import changed
from node.services.handle import next_serial
from node.services.registered_twice import RENUMBERED
from node.storage import schema, sealing
from node.storage.codec import Content, decode_content
from node.storage.database import micros
from node.storage.journal import Kept
from node.storage.sealing import SealingError
from node.storage.statements import upsert_many
from node.storage.unit_of_work import UnitOfWork

Keys = Mapping[PayloadKind, bytes]


def register_anew(work: UnitOfWork, aside: Sequence[Kept], keys: Mapping[Subject, Keys], now: datetime) -> dict[str, str]:
    """Register the needs that begin in *aside* under numbers of their own; gives the new number by the one that is taken."""
    found: dict[str, str] = {}
    for one in aside:
        content = decode_content(one.data)
        subject, event = content.header.subject, content.event
        if subject.kind != SubjectKind.TICKET.value or not isinstance(event, Registered):
            continue
        plain = _opened(event, content, one.sealed, keys.get(subject, {}))
        if plain.appeal is None:
            continue  # nobody can read it any more: it stays aside, and is named
        number = register_number.make(work.head.node, local_day(now), next_serial(work, work.head.node, now))
        work.append([Draft(_header(content.header, number, now), plain)])
        found[subject.id] = number
        _note(work, content.header, subject.id, number)
    return found


def _header(head: Header, number: str, now: datetime) -> Header:
    return replace(
        head,
        node="",
        epoch=0,
        seq=0,
        id=uuid5_of(head.id, number),
        recorded_at=now,
        occurred_at=head.occurred_at or head.recorded_at,
        subject=Subject(SubjectKind.TICKET.value, number),
        custody=CustodyHead(1, head.custody.holder),
        cause="",
    )


def _opened(event: Registered, content: Content, sealed: Mapping[bytes, bytes], keys: Keys) -> Registered:
    """*event* with its words in the open, to be sealed under the new number; without those that cannot be opened any more."""
    blobs = {line.digest: line.blob for line in content.payloads}
    words: dict[str, Text | Contact | None] = {}
    for field in fields(event):
        ref = getattr(event, field.name)
        if isinstance(ref, SealedRef):
            words[field.name] = _open(content.header.subject, ref, sealed.get(blobs.get(ref.digest, b"")), keys.get(ref.kind))
    return changed(event, **words)


def _open(subject: Subject, ref: SealedRef, ciphertext: bytes | None, key: bytes | None) -> Text | Contact | None:
    if ciphertext is None or key is None:
        return None
    try:
        plain = sealing.unseal(ciphertext, key, sealing.binding(subject.kind, subject.id, ref.kind), ref.digest).decode()
    except SealingError:
        return None
    return Text(plain) if ref.kind is PayloadKind.TEXT else Contact(plain)


def _note(work: UnitOfWork, head: Header, taken: str, number: str) -> None:
    """People have to tell the enterprise its new number."""
    row = {"id": f"{RENUMBERED}/{taken}/{number}", "kind": RENUMBERED, "node": head.node, "epoch": head.epoch, "seq": head.seq}
    upsert_many(work.connection, schema.incidents, [row | {"content": f"{taken} {number}".encode(), "at": micros(head.recorded_at)}])
