"""
Verifying what a node keeps: entries against their leaf hashes, the columns that they are found by against the entries, streams against
their sizes and roots, sealed payloads and blobs against their digests.  It only reads, and it names each place that is not what it says.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from node.domain.merkle import Range, leaf_hash
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.codec import found_by
from node.storage.stored_bytes import stored_bytes
from node.storage.unit_of_work import View

rows_at_once = 2_000
_entries = schema.entries.c
_LOOKED_AT = (
    *(stored_bytes(column) for column in (_entries.content, _entries.leaf)),
    *(_entries.id, _entries.kind, _entries.subject_kind, _entries.subject_id),
)


@dataclass(frozen=True)
class Flaw:
    """
    One thing that is not what it says.  ``kind``: "leaf" (the entry's bytes are not those of its hash), "column" (what it is found by is
    not what it says), "gap" (a number is missing), "size" or "root" (the stream's head says otherwise), "payload", "blob_damaged",
    "blob_missing".
    """

    kind: str
    place: str


@dataclass(frozen=True)
class StreamVerdict:
    """A stream that is held whole: how many entries were read and the root over them, in hex."""

    node: str
    epoch: int
    size: int
    root: str


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and every flaw found."""

    streams: tuple[StreamVerdict, ...]
    entries: int
    payloads: int
    blobs: int
    flaws: tuple[Flaw, ...]

    @property
    def is_sound(self) -> bool:
        """True if nothing is wrong."""
        return not self.flaws


def verify(view: View, blobs: Blobs) -> Verdict:
    """Look at everything that this node keeps."""
    flaws: list[Flaw] = []
    streams = []
    for node, epoch, size, peaks in view.connection.execute(
        select(schema.streams.c.node, schema.streams.c.epoch, schema.streams.c.size, schema.streams.c.peaks).order_by(
            schema.streams.c.node, schema.streams.c.epoch
        )
    ):
        streams.append(_stream(view.connection, node, epoch, size, Range.from_bytes(bytes(peaks)), flaws))
    whole = {(stream.node, stream.epoch) for stream in streams}
    others = _others(view.connection, whole, flaws)
    payloads = _payloads(view.connection, flaws)
    flaws += [Flaw("blob_damaged", name) for name in blobs.damaged()]
    flaws += [Flaw("blob_missing", name) for name in _named_blobs(view) if not blobs.has(name)]
    return Verdict(tuple(streams), sum(stream.size for stream in streams) + others, payloads, len(blobs.names()), tuple(flaws))


def _stream(connection: Connection, node: str, epoch: int, size: int, kept: Range, flaws: list[Flaw]) -> StreamVerdict:
    table = schema.entries
    progress, seq = Range(), 0
    while True:
        rows = connection.execute(
            select(table.c.seq, *_LOOKED_AT)
            .where(table.c.node == node, table.c.epoch == epoch, table.c.seq > seq)
            .order_by(table.c.seq)
            .limit(rows_at_once)
        ).all()
        if not rows:
            break
        for row in rows:
            place = f"{node}/{epoch}/{row.seq}"
            if row.seq != seq + 1:
                flaws.append(Flaw("gap", place))
            seq = row.seq
            progress = progress.append(_entry(row, place, flaws))
    if progress.size != size or kept.size != size:
        flaws.append(Flaw("size", f"{node}/{epoch}"))
    if progress.root() != kept.root():
        flaws.append(Flaw("root", f"{node}/{epoch}"))
    return StreamVerdict(node, epoch, progress.size, progress.root().hex())


def _entry(row: Row[*tuple[Any, ...]], place: str, flaws: list[Flaw]) -> bytes:
    """Look at one entry, and give the leaf hash of its bytes."""
    content = bytes(row.content)
    leaf = leaf_hash(content)
    if leaf != bytes(row.leaf):
        flaws.append(Flaw("leaf", place))
    elif found_by(content) not in (None, (row.id, row.kind, row.subject_kind, row.subject_id)):
        flaws.append(Flaw("column", place))
    return leaf


def _others(connection: Connection, whole: set[tuple[str, int]], flaws: list[Flaw]) -> int:
    """Entries of streams that are held in part, as they came down."""
    table = schema.entries
    count, after = 0, 0
    while True:
        rows = connection.execute(
            select(table.c.taken, table.c.node, table.c.epoch, table.c.seq, *_LOOKED_AT)
            .where(table.c.taken > after, table.c.from_above.is_(True))
            .order_by(table.c.taken)
            .limit(rows_at_once)
        ).all()
        if not rows:
            return count
        after = rows[-1].taken
        for row in rows:
            if (row.node, row.epoch) in whole:
                continue
            count += 1
            _entry(row, f"{row.node}/{row.epoch}/{row.seq}", flaws)


def _payloads(connection: Connection, flaws: list[Flaw]) -> int:
    table = schema.payloads
    count, after = 0, (0, 0)
    while True:
        rows = connection.execute(
            select(table.c.taken, table.c.place, table.c.blob, stored_bytes(table.c.ciphertext))
            .where((table.c.taken > after[0]) | ((table.c.taken == after[0]) & (table.c.place > after[1])), table.c.ciphertext.isnot(None))
            .order_by(table.c.taken, table.c.place)
            .limit(rows_at_once)
        ).all()
        if not rows:
            return count
        after = (rows[-1].taken, rows[-1].place)
        count += len(rows)
        for row in rows:
            if hashlib.sha256(bytes(row.ciphertext)).digest() != bytes(row.blob):
                flaws.append(Flaw("payload", f"{row.taken}/{row.place}"))


def _named_blobs(view: View) -> list[str]:
    """Blobs without which this node cannot decide: the texts of its own packs and calendars."""
    table = schema.adoptions
    rows = view.connection.execute(select(table.c.blob).where(table.c.node == view.head.node)).scalars()
    return sorted({bytes(blob).hex() for blob in rows})
