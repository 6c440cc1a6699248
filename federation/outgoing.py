"""
What a link owes, read from the journal: there is no second table to drift from it (DESIGN 2.2).

Up: this node's own entries and those of its subtree in the order of ``taken``, behind one number; what came from above
is left out.  Down: the ``down`` rows of the link, an index into the journal.  A peer's position is compared with the own
stream at that size; an older root is recomputed from the stored leaves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Integer, Row, bindparam, func, select, tuple_

from federation.codec import Carried, DownPosition, Segment
from federation.link import Standing, batch_bytes_max, batch_entries_max
from node.domain.merkle import Range, empty_root, leaf_hashes
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.journal import Position
from node.storage.riders import KeyRow, beside
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

Stream = tuple[str, int]

# What protobuf adds to an entry's bytes, its ciphertexts and keys: lengths, tags and digests, at most.
_FRAME_BYTES = 16
_SEALED_FRAME_BYTES = 64

_entries = schema.entries.c
_CARRIED = (_entries.taken, _entries.node, _entries.epoch, _entries.seq, _entries.leaf, _entries.content, _entries.is_laden)


_UP = Prepared(
    select(*_CARRIED)
    .where(_entries.taken > bindparam("after"), _entries.from_above.is_(False))
    .order_by(_entries.taken)
    .limit(bindparam("most", type_=Integer))
)
_down = schema.down.c
_DOWN = Prepared(
    select(*_CARRIED, _down.down_seq)
    .join(schema.down, _down.taken == _entries.taken)
    .where(_down.link == bindparam("link"), _down.epoch == bindparam("epoch"), _down.down_seq > bindparam("after"))
    .order_by(_down.down_seq)
    .limit(bindparam("most", type_=Integer))
)
_LEAVES = Prepared(
    select(_entries.leaf)
    .where(
        _entries.node == bindparam("node"),
        _entries.epoch == bindparam("epoch"),
        _entries.seq > bindparam("after"),
        _entries.seq <= bindparam("size"),
    )
    .order_by(_entries.seq)
)
_DOWN_HEAD = Prepared(select(schema.links.c.down_epoch, schema.links.c.down_peaks).where(schema.links.c.peer == bindparam("link")))


@dataclass(frozen=True)
class Batch:
    """
    What one `Push` carries: the segments, and that everything taken up to ``upto`` is then sent or not for above.

    ``last`` is the last seq of each stream in it.
    """

    segments: tuple[Segment, ...]
    upto: int
    last: dict[Stream, int]

    @property
    def entries(self) -> int:
        """How many entries it carries."""
        return sum(len(segment.entries) for segment in self.segments)


@dataclass(frozen=True)
class DownBatch:
    """What one `Pull` gives: entries from ``from_seq`` on, and where the down stream stands after the last of them."""

    from_seq: int
    entries: tuple[Carried, ...]
    down: DownPosition


def read_up(view: View, after: int, entries_max: int = batch_entries_max, bytes_max: int = batch_bytes_max) -> Batch:
    """
    The next entries for above behind *after* (a ``taken``): at most *entries_max* (1 or more), together at most *bytes_max*
    bytes, but always one if there is one.
    """
    rows = _UP.records(view.connection, after=after, most=entries_max)
    carried = _carried(view, rows)
    fits = _how_many_fit(carried, bytes_max)
    last: dict[Stream, int] = {}
    runs: list[tuple[Stream, int, list[Carried]]] = []
    for row, entry in zip(rows[:fits], carried[:fits], strict=True):
        stream = row.node, row.epoch
        if runs and runs[-1][0] == stream and last[stream] + 1 == row.seq:
            runs[-1][2].append(entry)
        else:
            runs.append((stream, row.seq, [entry]))
        last[stream] = row.seq
    segments = tuple(Segment(*stream, from_seq, tuple(entries)) for stream, from_seq, entries in runs)
    is_all = fits == len(rows) < entries_max
    upto = view.head.taken if is_all else rows[fits - 1].taken
    return Batch(segments, max(upto, after), last)


def read_down(
    view: View, link: str, epoch: int, after: int, entries_max: int = batch_entries_max, bytes_max: int = batch_bytes_max
) -> DownBatch:
    """What *link* is owed behind down_seq *after*, in its numbering; bounds as in ``read_up``."""
    rows = _DOWN.records(view.connection, link=link, epoch=epoch, after=after, most=entries_max)
    carried = _carried(view, rows)
    fits = _how_many_fit(carried, bytes_max)
    head = down_head(view, link)
    size = after + fits
    root = head.root if size == head.size else down_root(view, link, epoch, size)
    return DownBatch(after + 1, tuple(carried[:fits]), DownPosition(epoch, size, root))


def read_stream(
    view: View, node: str, epoch: int, from_seq: int, entries_max: int = batch_entries_max, bytes_max: int = batch_bytes_max
) -> list[Carried]:
    """Entries of one stream that is held here, from *from_seq* on, for a peer that lost its own."""
    table = schema.entries
    rows = view.connection.execute(
        select(*_CARRIED)
        .where(table.c.node == node, table.c.epoch == epoch, table.c.seq >= from_seq)
        .order_by(table.c.seq)
        .limit(entries_max)
    ).all()
    carried = _carried(view, rows)
    return carried[: _how_many_fit(carried, bytes_max)]


def read_sent(
    view: View, link: str, node: str, epoch: int, from_seq: int, entries_max: int = batch_entries_max, bytes_max: int = batch_bytes_max
) -> list[Carried]:
    """Those entries of one stream, from *from_seq* on, that went down to *link*, for it to repair its own; bounds as in ``read_up``."""
    table, down, links = schema.entries, schema.down, schema.links
    numbering = select(links.c.down_epoch).where(links.c.peer == link).scalar_subquery()
    rows = view.connection.execute(
        select(*_CARRIED)
        .join(down, down.c.taken == table.c.taken)
        .where(down.c.link == link, down.c.epoch == numbering)
        .where(table.c.node == node, table.c.epoch == epoch, table.c.seq >= from_seq)
        .order_by(table.c.seq)
        .limit(entries_max)
    ).all()
    carried = _carried(view, rows)
    return carried[: _how_many_fit(carried, bytes_max)]


def read_places(view: View, node: str, places: Sequence[tuple[int, int]]) -> list[Carried]:
    """Entries of *node* that are held here under *places* (epoch, seq), at most 500 of them, in the order in which they were taken."""
    if not places:
        return []
    table = schema.entries
    its = (table.c.node == node, tuple_(table.c.epoch, table.c.seq).in_(places))
    return _carried(view, view.connection.execute(select(*_CARRIED).where(*its).order_by(table.c.taken)).all())


def batches(entries: Sequence[Carried], bytes_max: int = batch_bytes_max) -> Iterator[Sequence[Carried]]:
    """*entries* in calls of at most *bytes_max* bytes, but always one."""
    while entries:
        fits = _how_many_fit(entries, bytes_max)
        yield entries[:fits]
        entries = entries[fits:]


def down_head(view: View | UnitOfWork, link: str) -> DownPosition:
    """The head of the down stream of *link* (at the superior), or what was applied of it (at the subordinate)."""
    ((epoch, peaks),) = _DOWN_HEAD.rows(view.connection, link=link)
    return down_position(epoch, bytes(peaks))


def down_position(epoch: int, peaks: bytes) -> DownPosition:
    """A down position as the link's row keeps it."""
    progress = Range.from_bytes(peaks) if peaks else Range()
    return DownPosition(epoch, progress.size, progress.root())


def down_root(view: View | UnitOfWork, link: str, epoch: int, size: int) -> bytes:
    """The root over the first *size* entries of a down stream, recomputed from the journal's leaves."""
    down, table = schema.down, schema.entries
    leaves = view.connection.execute(
        select(table.c.leaf)
        .join(down, down.c.taken == table.c.taken)
        .where(down.c.link == link, down.c.epoch == epoch, down.c.down_seq <= size)
        .order_by(down.c.down_seq)
    ).scalars()
    return Range().extend([bytes(leaf) for leaf in leaves]).root()


@dataclass
class Roots:
    """
    Roots of streams at older sizes.

    Keeps, for each stream, the compact range at the last size that was asked: streams only grow, so the next one costs the
    leaves in between.  A smaller size is computed from the start.
    """

    known: dict[Stream, Range] = field(default_factory=dict)

    def at(self, view: View | UnitOfWork, node: str, epoch: int, size: int) -> bytes:
        """The root over the first *size* leaves of a stream; the stream has so many."""
        if size == 0:
            return empty_root()
        begun = self.known.get((node, epoch), Range())
        if begun.size > size:
            begun = Range()
        leaves = _LEAVES.rows(view.connection, node=node, epoch=epoch, after=begun.size, size=size)
        progress = begun.extend([bytes(leaf) for (leaf,) in leaves])
        self.known[node, epoch] = progress
        return progress.root()


def standing(view: View, reported: Iterable[Position], roots: Roots) -> Standing:
    """
    Compare what a superior says that it holds with every own stream; a stream that it does not name is not held.

    The cursor goes back where less is held than before: to before the first entry that is missing there.
    """
    held = {(one.node, one.epoch): one for one in reported}
    cursor = view.head.taken
    forked, ahead = [], []
    place = view.place()
    for own in view.journal.positions():
        if own.node != view.head.node and not place.is_below(own.node):
            continue  # of a node that moved to another superior: those above have it, or get it from there
        there = held.get((own.node, own.epoch), Position(own.node, own.epoch, 0, empty_root()))
        if there.size > own.size:
            ahead.append(there)
        elif there.root != (own.root if there.size == own.size else roots.at(view, own.node, own.epoch, there.size)):
            forked.append(there)
        elif there.size < own.size:
            cursor = min(cursor, _taken_of(view, own.node, own.epoch, there.size + 1) - 1)
    return Standing(cursor, tuple(forked), tuple(ahead))


def after_push(view: View, batch: Batch, reported: Iterable[Position], roots: Roots) -> Standing:
    """As ``standing``, for the streams of one batch; the cursor is at most behind that batch."""
    cursor = batch.upto
    forked = []
    for there in reported:
        stream = there.node, there.epoch
        sent = batch.last.get(stream, 0)
        # More than was sent: it came by another way, or before; the next Hello compares the whole.
        if there.size <= sent and there.root != roots.at(view, *stream, there.size):
            forked.append(there)
        if there.size < sent:
            cursor = min(cursor, _taken_of(view, *stream, there.size + 1) - 1)
    return Standing(cursor, tuple(forked))


def _taken_of(view: View, node: str, epoch: int, seq: int) -> int:
    table = schema.entries
    found = view.connection.execute(
        select(func.min(table.c.taken)).where(table.c.node == node, table.c.epoch == epoch, table.c.seq == seq)
    ).scalar()
    return view.head.taken + 1 if found is None else int(found)


def _carried(view: View, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Carried]:
    """Entries as they go out; one whose bytes are not those of its leaf never does."""
    for row, leaf in zip(rows, leaf_hashes(bytes(row.content) for row in rows), strict=True):
        if leaf != bytes(row.leaf):
            raise Refusal(Code.ENTRY_DAMAGED, node=row.node, epoch=row.epoch, seq=row.seq)
    laden = [row.taken for row in rows if row.is_laden]
    sealed: dict[int, list[tuple[bytes, bytes]]]
    keys: dict[int, list[KeyRow]]
    sealed, keys = beside(view.connection, laden)
    return [Carried(bytes(row.content), tuple(sealed.get(row.taken, ())), tuple(keys.get(row.taken, ()))) for row in rows]


def _how_many_fit(carried: Sequence[Carried], bytes_max: int) -> int:
    total = 0
    for place, entry in enumerate(carried):
        total += size_bytes(entry)
        if total > bytes_max and place:
            return place
    return len(carried)


def size_bytes(entry: Carried) -> int:
    """What *entry* takes on the wire, at most."""
    total = len(entry.data) + _FRAME_BYTES
    total += sum(len(ciphertext) + _SEALED_FRAME_BYTES for _, ciphertext in entry.sealed)
    total += sum(len(key.wrapped) + len(key.subject_id) + len(key.node) + len(key.recipient) + _SEALED_FRAME_BYTES for key in entry.keys)
    return total
