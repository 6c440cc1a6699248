"""
One entry as it arrives, wherever it comes from: read, held against its place, with what rides beside it, and kept.

Over an entry that this program cannot get past nothing stands still: what came with it is taken once more, one entry after the other,
and that one is set aside (FEDERATION 2.3 no. 15).
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from federation.codec import Carried, Segment
from node.domain.refusal import Code, Refusal
from node.storage import lane, schema
from node.storage.codec import Content, decode_content
from node.storage.database import micros
from node.storage.journal import Arrived, Stored
from node.storage.payloads import payload_bytes_max
from node.storage.statements import upsert_many
from node.storage.unit_of_work import UnitOfWork
from node.storage.writer import Writer

log = structlog.get_logger()

R = TypeVar("R")
# A UUID in the one form that is compared.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def content_of(carried: Carried) -> Content:
    """
    Read an entry's bytes.

    Raises:
        Refusal: MALFORMED_ENTRY; where it came is the caller's to say.
    """
    content = decode_content(carried.data)
    if not _ID.fullmatch(content.header.id):
        raise Refusal(Code.MALFORMED_ENTRY, field="id")
    return content


def with_riders(carried: Carried, content: Content, leaf: bytes) -> Arrived:
    """An entry, whose leaf hash is *leaf*, with those of its riders that fit it."""
    if not carried.sealed and not carried.keys:
        return Arrived(carried.data, leaf, content, {}, ())
    named = {line.blob for line in content.payloads}
    sealed = {
        blob: ciphertext
        for blob, ciphertext in carried.sealed
        if blob in named and len(ciphertext) <= payload_bytes_max and hashlib.sha256(ciphertext).digest() == blob
    }
    # A key is made by the node that writes the entry: nobody brings one in another's name.
    keys = tuple([key for key in carried.keys if key.node == content.header.node]) if carried.keys else ()
    return Arrived(carried.data, leaf, content, sealed, keys)


def arrived_at(segment: Segment, seq: int, carried: Carried, leaf: bytes) -> Arrived:
    """
    Read an entry and hold it against the place where it came.

    Raises:
        Refusal: MALFORMED_ENTRY with field and place.
    """
    try:
        content = content_of(carried)
    except Refusal as refusal:
        where = {"node": segment.node, "epoch": segment.epoch, "seq": seq}
        raise Refusal(refusal.code, **{**where, **refusal.facts}) from None
    head = content.header
    if head.seq != seq or head.epoch != segment.epoch or head.node != segment.node:
        where = {"node": segment.node, "epoch": segment.epoch, "seq": seq}
        raise Refusal(Code.MALFORMED_ENTRY, field=next(name for name, said in where.items() if getattr(head, name) != said), **where)
    return with_riders(carried, content, leaf)


def keep(work: UnitOfWork, append: Callable[[Sequence[Arrived]], list[Stored]], arrived: Sequence[Arrived]) -> list[Stored]:
    """*append* what arrived, fold and route it, and give what was new."""
    if not work.is_one_by_one:
        stored = append(arrived)
        work.fault("mirror.after_entries")
        work.fold_and_route(stored)
        return stored
    kept: list[Stored] = []
    for one in arrived:
        stored = append([one])
        work.fault("mirror.after_entries")
        for entry in stored:
            work.fold_or_set_aside(entry)
        kept += stored
    return kept


def take_whole_or_one_by_one(writer: Writer, take: Callable[[UnitOfWork], R], entries: int) -> R:
    """
    Run *take*, which takes so many entries of a peer, and give its answer.

    A batch over which this program stumbles is taken once more, one entry after the other: what stumbles alone is held and set aside, and
    all others are taken (FEDERATION 2.3 no. 15).  Nothing of the first try is left.

    Raises:
        Refusal: what *take* refused, or BUSY.
    """

    def one_by_one(work: UnitOfWork) -> R:
        work.is_one_by_one = True
        return take(work)

    try:
        return writer.batch(take, entries)
    except Exception as error:
        if not lane.would_come_again(error):
            raise
        log.warning("batch taken one by one", error=type(error).__name__, entries=entries)
        return writer.batch(one_by_one, entries)


def keep_incident(work: UnitOfWork, now: datetime, kind: str, node: str, epoch: int, seq: int, content: bytes) -> None:
    """Write down what must never happen; the same again is the same incident."""
    name = f"{kind}/{node}/{epoch}/{seq}/{hashlib.sha256(content).hexdigest()[:16]}"
    row = {"id": name, "kind": kind, "node": node, "epoch": epoch, "seq": seq, "content": content, "at": micros(now)}
    upsert_many(work.connection, schema.incidents, [row])
