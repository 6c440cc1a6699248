"""
The node's ordered history: its own journal, and the mirrors of its subordinates'.

What is durable: the entry's bytes, its leaf hash, the stream's size and compact range, and ``taken``, the order in which
this node appended it.  All join the caller's transaction: a decision, its entries and its readings commit together or
not at all.  ``seq`` and ``taken`` come from head rows under the write lock; a database sequence would not do, since its
numbers commit in any order and a reader past 7 would never see a late 6.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from node.domain.entry import Draft, Folded, Header, Subject
from node.domain.merkle import Range, leaf_hash
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.values import changed, of_fields
from node.storage import riders, schema
from node.storage.beginnings import Beginnings
from node.storage.codec import Content, PayloadLine, content_at_hand, decode_content, encode_content, encode_event, moved_content
from node.storage.database import micros
from node.storage.payloads import Payloads
from node.storage.riders import KeyRow, Riders
from node.storage.sealing import month_of
from node.storage.statements import Prepared, PreparedForMany, insert_rows, upsert_many
from node.storage.stored_bytes import stored_bytes

# A stream, and a spot in one: node, epoch, seq.
Stream = tuple[str, int]
Spot = tuple[str, int, int]

# Files that a transaction keeps at hand: of those that it works on, each entry is read once.  What is brought together stays together.
files_at_hand_max = 64
# Subjects whose files one statement reads.
subjects_at_once_max = 500

_entries, _streams, _heads = schema.entries.c, schema.streams.c, schema.heads
_STORED = select(_entries.taken, _entries.content, _entries.leaf).order_by(_entries.taken)
_OF_SUBJECT = Prepared(_STORED.where(_entries.subject_id == bindparam("id"), _entries.subject_kind == bindparam("kind")))
_STREAMS = Prepared(
    select(schema.streams.c.node, schema.streams.c.epoch, schema.streams.c.peaks).order_by(schema.streams.c.node, schema.streams.c.epoch)
)
_OF_SUBJECTS = select(_entries.subject_id, _entries.taken, _entries.content, _entries.leaf).where(
    _entries.subject_id.in_(bindparam("ids", expanding=True)), _entries.subject_kind == bindparam("kind")
)
_OF_CAUSE = Prepared(_STORED.where(_entries.cause == bindparam("cause")))
_OF_CAUSES = PreparedForMany(
    lambda causes: select(_entries.cause, _entries.taken, _entries.content, _entries.leaf).where(_entries.cause.in_(causes))
)
_PEAKS = Prepared(select(_streams.peaks).where(_streams.node == bindparam("node"), _streams.epoch == bindparam("epoch")))
_STREAMS_OF = PreparedForMany(lambda nodes: select(_streams.node, _streams.epoch, _streams.peaks).where(_streams.node.in_(nodes)))
_LEAVES_AT = PreparedForMany(
    lambda spots: select(_entries.node, _entries.epoch, _entries.seq, _entries.leaf).where(
        tuple_(_entries.node, _entries.epoch, _entries.seq).in_(spots)
    ),
    width=3,
)
_LAST_EPOCH = Prepared(select(func.max(_entries.epoch)).where(_entries.node == bindparam("node")))
# An UPDATE takes the row's lock on PostgreSQL; on SQLite BEGIN IMMEDIATE holds the database already.
_LOCK_HEAD = Prepared(update(_heads).where(_heads.c.id == 1).values(taken=_heads.c.taken).returning(_heads))
_READ_HEAD = Prepared(select(_heads))
_SAVED = ("epoch", "taken", "reacted", "last_at", "swept_at", "line", "pack", "held")
_SAVE_HEAD = Prepared(update(_heads).where(_heads.c.id == 1).values({name: bindparam(name) for name in _SAVED}))


@dataclass
class Head:
    """Who this node is, and its counters, as read under the write lock of this transaction."""

    node: str
    name: str
    epoch: int
    taken: int
    reacted: int
    last_at: int
    swept_at: int
    is_rehearsal: bool
    line: tuple[str, ...]
    pack: str
    # Why this node writes nothing of its own just now, or empty.
    held: str = ""


@dataclass(frozen=True)
class Stored:
    """An entry as it was appended here; ``header`` and ``folded``, what folding needs of it, are its content's."""

    taken: int
    content: Content
    leaf: bytes
    header: Header
    folded: Folded

    @classmethod
    def of(cls, taken: int, content: Content, leaf: bytes) -> "Stored":
        """An entry with that content."""
        kept = {"taken": taken, "content": content, "leaf": leaf, "header": content.header, "folded": content.folded}
        return of_fields(cls, kept)


class Arrived(NamedTuple):
    """An entry as it came from a peer: its bytes and their leaf hash, and what rides beside them."""

    data: bytes
    leaf: bytes
    content: Content
    sealed: Mapping[bytes, bytes]
    keys: tuple[KeyRow, ...]


@dataclass(frozen=True)
class Kept:
    """An own entry that was taken out of the journal: its bytes, and what rode beside them."""

    taken: int
    data: bytes
    sealed: Mapping[bytes, bytes]
    keys: tuple[KeyRow, ...]


@dataclass(frozen=True)
class Position:
    """How far a stream is held: its size and the root over it."""

    node: str
    epoch: int
    size: int
    root: bytes


class Journal:
    """The entries of one transaction.  ``head`` is kept in step with what was appended."""

    def __init__(self, connection: Connection, head: Head, payloads: Payloads) -> None:
        self.connection = self._connection = connection
        self._payloads = payloads
        self._ranges: dict[Stream, Range] = {}
        self._files: dict[Subject, list[Stored]] = {}
        self._files_max = files_at_hand_max
        # Outcomes that were read for many commands at once, by their ids.
        self._outcomes: dict[str, list[Stored]] = {}
        # True once something was appended that does not come from above.
        self.has_for_above = False
        self._beginnings = Beginnings(connection)
        self.head = head

    # --- own entries --------------------------------------------------------------------------------------------------

    def append(self, drafts: Sequence[Draft]) -> list[Stored]:
        """
        Append own entries, numbered without a gap, sealing the texts and contacts of their events.

        Raises:
            Refusal: MALFORMED_ENTRY or PAYLOAD_TOO_LARGE.
        """
        stored: list[Stored] = []
        rows = []
        progress = self.range_of(self.head.node, self.head.epoch)
        self.has_for_above = self.has_for_above or bool(drafts)
        for draft in drafts:
            self.head.taken += 1
            header = changed(draft.header, node=self.head.node, epoch=self.head.epoch, seq=progress.size + 1)
            one, data, sealed = self._written(header, draft, self.head.taken)
            keys = self._payloads.new_keys()
            self._payloads.keep([Riders(one.taken, header.subject, one.content.payloads, sealed, keys)])
            progress = progress.append(one.leaf)
            rows.append(_row(one, data, header.cause or None, from_above=False, is_laden=bool(sealed or keys)))
            stored.append(one)
            self.head.last_at = max(self.head.last_at, micros(header.recorded_at))
        insert_rows(self._connection, schema.entries, _ENTRY_COLUMNS, rows)
        self._follow(stored)
        self._set_ranges({(self.head.node, self.head.epoch): progress})
        return stored

    def _written(self, header: Header, draft: Draft, taken: int) -> tuple[Stored, bytes, dict[bytes, bytes]]:
        lines: list[PayloadLine] = []
        sealed: dict[bytes, bytes] = {}
        month = month_of(header.recorded_at, header.epoch)

        def seal(words: Text | Contact) -> int:
            line, ciphertext = self._payloads.seal(header.subject, words, month)
            lines.append(line)
            sealed[line.blob] = ciphertext
            return len(lines)

        body = encode_event(draft.event, seal)
        data = encode_content(header, body, lines)
        # What everybody else will fold is what these bytes say, so it is what is folded here, too.
        return Stored.of(taken, content_at_hand(data), leaf_hash(data)), data, sealed

    # --- mirrored entries ---------------------------------------------------------------------------------------------

    def mirror(self, arrived: Sequence[Arrived], standing: Collection[Spot] = ()) -> list[Stored]:
        """
        Append entries of streams that are held whole, in this order, however the streams interleave.  The caller has checked
        that each is the next one of its stream.

        *standing* are places of theirs where the same entry stands that came from above before the stream was held whole: there it
        stays, and counts as its writer's from here on.  Gives what was new.
        """
        fresh = arrived
        if standing:
            heads = ((one, one.content.header) for one in arrived)
            fresh = [one for one, head in heads if head.spot not in standing]
        stored = self._keep(fresh, from_above=False)
        if standing:
            table = schema.entries
            its = tuple_(table.c.node, table.c.epoch, table.c.seq).in_(sorted(standing))
            self._connection.execute(update(table).where(its).values(from_above=False))
        leaves: dict[Stream, list[bytes]] = {}
        for one in arrived:
            head = one.content.header
            leaves.setdefault((head.node, head.epoch), []).append(one.leaf)
        self._set_ranges({stream: self.range_of(*stream).extend(more) for stream, more in leaves.items()})
        return stored

    def take_from_above(self, arrived: Sequence[Arrived]) -> list[Stored]:
        """Append entries that came down; their streams are held in part.  What is here already is left out."""
        held = self.held([one.content.header.spot for one in arrived])
        fresh = []
        for one in arrived:
            head = one.content.header
            leaf = held.get(head.spot)
            if leaf is None:
                fresh.append(one)
            elif leaf != one.leaf:
                raise Refusal(Code.FORK, node=head.node, epoch=head.epoch, seq=head.seq)
        return self._keep(fresh, from_above=True)

    def _keep(self, arrived: Sequence[Arrived], *, from_above: bool) -> list[Stored]:
        stored, rows, laden = [], [], []
        own, taken = self.head.node, self.head.taken
        self.has_for_above = self.has_for_above or bool(arrived and not from_above)
        for one in arrived:
            taken += 1
            content = one.content
            kept = Stored.of(taken, content, one.leaf)
            head = kept.header
            is_laden = bool(content.payloads or one.keys)
            if is_laden:
                laden.append(Riders(taken, head.subject, content.payloads, one.sealed, one.keys))
            # What a peer gives back of this node's own journal keeps its commands recognisable.
            cause = head.cause or None if head.node == own else None
            rows.append(_row(kept, one.data, cause, from_above=from_above, is_laden=is_laden))
            stored.append(kept)
        self.head.taken = taken
        self._payloads.keep(laden)
        insert_rows(self._connection, schema.entries, _ENTRY_COLUMNS, rows)
        self._follow(stored)
        return stored

    # --- streams ------------------------------------------------------------------------------------------------------

    def range_of(self, node: str, epoch: int) -> Range:
        """The compact range of a stream as it stands in this transaction; empty if the stream is not held."""
        known = self._ranges.get((node, epoch))
        if known is None:
            peaks = _PEAKS.scalar(self._connection, node=node, epoch=epoch)
            known = Range() if peaks is None else Range.from_bytes(bytes(peaks))
            self._ranges[node, epoch] = known
        return known

    def last_epoch(self, node: str) -> int:
        """The latest epoch of *node* of which an entry is held; 0 if there is none."""
        return _LAST_EPOCH.scalar(self._connection, node=node) or 0

    def kept_of(self, node: str, epoch: int) -> int:
        """How many entries of *epoch* the one behind it keeps; 0 if that is not known here."""
        table = schema.streams
        kept = self._connection.execute(select(table.c.kept).where(table.c.node == node, table.c.epoch == epoch)).scalar()
        return kept or 0

    def position(self, node: str, epoch: int) -> Position:
        """How far a stream is held."""
        progress = self.range_of(node, epoch)
        return Position(node, epoch, progress.size, progress.root())

    def current_epochs(self, nodes: Collection[str]) -> dict[str, int]:
        """The current epoch of each of *nodes* whose streams are held; they are then at hand for ``range_of``, in one statement."""
        found: dict[str, int] = {}
        for node, epoch, peaks in _STREAMS_OF.rows(self._connection, sorted(nodes)):
            self._ranges.setdefault((node, epoch), Range.from_bytes(bytes(peaks)))
            found[node] = max(epoch, found.get(node, epoch))
        return found

    def take_out(self, node: str, epoch: int, after: int) -> list["Kept"]:
        """
        Take the entries of a stream behind *after* out of the journal, and give them with what rode beside, in their order.

        Only for a branch that the superior of this node never held, once an operator at both ends has said so (2.3 no. 7).
        """
        table = schema.entries
        its = (table.c.node == node, table.c.epoch == epoch, table.c.seq > after)
        rows = self._connection.execute(select(table.c.taken, table.c.content).where(*its).order_by(table.c.seq)).all()
        places = [row.taken for row in rows]
        self.forget_files()
        sealed, keys = riders.beside(self._connection, places)
        riders.take_out(self._connection, places)
        self._connection.execute(delete(table).where(*its))
        kept = select(table.c.leaf).where(table.c.node == node, table.c.epoch == epoch).order_by(table.c.seq)
        self._set_ranges({(node, epoch): Range().extend([bytes(leaf) for leaf in self._connection.execute(kept).scalars()])})
        return [Kept(row.taken, bytes(row.content), dict(sealed.get(row.taken, ())), tuple(keys.get(row.taken, ()))) for row in rows]

    def leave_out(self, spots: Collection[Spot]) -> list[int]:
        """Take what stands under *spots* of streams that are held in part out of the journal, and give where it stood (``taken``)."""
        table = schema.entries
        its = (tuple_(table.c.node, table.c.epoch, table.c.seq).in_(spots), table.c.from_above)
        places = list(self._connection.execute(select(table.c.taken).where(*its)).scalars())
        self.forget_files()
        riders.take_out(self._connection, places)
        self._connection.execute(delete(table).where(table.c.taken.in_(places)))
        return places

    def write_again(self, kept: Sequence["Kept"]) -> list[Stored]:
        """Append what was taken out of an epoch that is over once more, in the current one: other places, the same entries."""
        arrived = []
        size = self.range_of(self.head.node, self.head.epoch).size
        for seq, one in enumerate(kept, size + 1):
            data = moved_content(one.data, self.head.epoch, seq)
            arrived.append(Arrived(data, leaf_hash(data), decode_content(data), one.sealed, one.keys))
        return self.mirror(arrived)

    def adopt(self, node: str, epoch: int) -> None:
        """Begin to hold a stream, whole, from its first entry on."""
        self._set_ranges({(node, epoch): self.range_of(node, epoch)})

    def _set_ranges(self, ranges: Mapping[Stream, Range]) -> None:
        self._ranges.update(ranges)
        rows = [
            {"node": node, "epoch": epoch, "size": progress.size, "peaks": progress.to_bytes()}
            for (node, epoch), progress in ranges.items()
        ]
        upsert_many(self._connection, schema.streams, rows)

    def positions(self) -> list[Position]:
        """Every stream held whole, this node's own first."""
        rows = _STREAMS.rows(self._connection)
        found = [
            Position(node, epoch, progress.size, progress.root())
            for node, epoch, peaks in rows
            for progress in (Range.from_bytes(bytes(peaks)),)
        ]
        return sorted(found, key=lambda position: position.node != self.head.node)

    # --- reading ------------------------------------------------------------------------------------------------------

    def of_subject(self, subject: Subject) -> list[Stored]:
        """Every entry about *subject* that this node holds, in the order in which it took them."""
        file = self._files.get(subject)
        if file is None:
            file = _all(_OF_SUBJECT.rows(self._connection, id=subject.id, kind=subject.kind))
            self._keep_file(subject, file)
        return file.copy()

    def bring(self, kind: str, ids: Collection[str]) -> None:
        """
        Read the files of the subjects *ids* of one *kind* together: ``of_subject`` of each then asks nothing.  One statement for each
        ``subjects_at_once_max`` of them, a few thousand at most.
        """
        missing = [id for id in dict.fromkeys(ids) if Subject(kind, id) not in self._files]
        self._files_max = max(self._files_max, len(self._files) + len(missing))
        for start in range(0, len(missing), subjects_at_once_max):
            part = missing[start : start + subjects_at_once_max]
            rows: dict[str, list[tuple[Any, ...]]] = {id: [] for id in part}
            for id, *row in self._connection.execute(_OF_SUBJECTS, {"ids": part, "kind": kind}):
                rows[id].append(tuple(row))
            for id, of_one in rows.items():
                try:
                    self._keep_file(Subject(kind, id), _all(sorted(of_one, key=itemgetter(0))))
                except Refusal as refusal:
                    # One that is damaged takes the others' reading down no more; asked for by itself it says so.
                    if refusal.code is not Code.MALFORMED_ENTRY:
                        raise

    def begin_file(self, entries: Sequence[Stored]) -> None:
        """*entries*, just appended, are all that is held about their subject: its file is at hand from here on."""
        self._keep_file(entries[0].header.subject, list(entries))

    def _keep_file(self, subject: Subject, file: list[Stored]) -> None:
        if len(self._files) >= self._files_max:
            self._files.pop(next(iter(self._files)))
        self._files[subject] = file

    def of_cause(self, cause: str) -> list[Stored]:
        """Own entries that followed from the command *cause*: the outcome of its first time."""
        known = self._outcomes.get(cause)
        return _all(_OF_CAUSE.rows(self._connection, cause=cause)) if known is None else known.copy()

    def bring_outcomes(self, causes: Collection[str]) -> None:
        """Read the outcomes of the commands *causes* together: ``of_cause`` of each then asks nothing."""
        found: dict[str, list[tuple[Any, ...]]] = {cause: [] for cause in causes}
        for cause, *row in _OF_CAUSES.rows(self._connection, list(found)):
            found[cause].append(tuple(row))
        self._outcomes |= {cause: _all(sorted(rows, key=itemgetter(0))) for cause, rows in found.items()}

    def begin(self, subject: Subject, last: str) -> None:
        """
        *subject* is to begin: see once whether anything of it is here, an entry, a reading or a key.  Usually nothing is, and nobody
        looks for that again; nor of what begins behind it, with ids up to *last*.
        """
        if self._beginnings.note(subject.id, last):
            self._payloads.begin(subject)

    def begins_with(self, one: Stored) -> bool:
        """True if *one* is known to be the first about its subject; False says nothing."""
        return self._beginnings.first_of(one.header.subject.id) == one.taken

    def forget_files(self) -> None:
        """Entries were written or taken out by another way than this one: what is at hand is read anew."""
        self._files.clear()
        self._outcomes.clear()
        self._beginnings.forget()

    def _follow(self, stored: Sequence[Stored]) -> None:
        """What is at hand grows with what was just appended."""
        self._beginnings.follow((one.header.subject.id, one.taken) for one in stored)
        for one in stored if self._outcomes else ():
            if one.header.node == self.head.node and one.header.cause in self._outcomes:
                self._outcomes[one.header.cause].append(one)
        if self._files:
            for one in stored:
                file = self._files.get(one.header.subject)
                if file is not None:
                    file.append(one)

    def held(self, places: Collection[Spot]) -> dict[Spot, bytes]:
        """The leaf hashes under those of *places* (node, epoch, seq) that are taken, in one statement, if there are any."""
        return {(node, epoch, seq): bytes(leaf) for node, epoch, seq, leaf in _LEAVES_AT.rows(self._connection, places)}

    def at(self, node: str, epoch: int, seq: int) -> bytes | None:
        """The bytes at a place of a stream, or None."""
        table = schema.entries
        found = self._connection.execute(
            select(stored_bytes(table.c.content)).where(table.c.node == node, table.c.epoch == epoch, table.c.seq == seq)
        ).scalar()
        return None if found is None else bytes(found)

    def save_head(self) -> None:
        """Write the counters back; the last statement of a writing transaction."""
        head = self.head
        values = {name: getattr(head, name) for name in _SAVED}
        _SAVE_HEAD.run(self._connection, **{**values, "line": ",".join(head.line)})


def lock_head(connection: Connection) -> Head:
    """
    Take the head row, which orders all writers: the first statement of a writing transaction.

    Raises:
        Refusal: NODE_UNKNOWN, if the database was never initialised.
    """
    return _head(_LOCK_HEAD.names, _LOCK_HEAD.first(connection))


def read_head(connection: Connection) -> Head:
    """
    The head row without its lock.

    Raises:
        Refusal: NODE_UNKNOWN, if the database was never initialised.
    """
    return _head(_READ_HEAD.names, _READ_HEAD.first(connection))


def _head(names: Sequence[str], row: Sequence[Any] | None) -> Head:
    if row is None:
        raise Refusal(Code.NODE_UNKNOWN, node="")
    values = dict(zip(names, row, strict=True))
    values.pop("id")
    values["line"] = tuple(part for part in values["line"].split(",") if part)
    return Head(**values)


def _all(rows: Sequence[tuple[Any, ...]]) -> list[Stored]:
    return [Stored.of(taken, content_at_hand(bytes(content)), bytes(leaf)) for taken, content, leaf in rows]


_ENTRY_COLUMNS = (
    "taken", "node", "epoch", "seq", "id", "subject_kind", "subject_id", "kind", "cause", "leaf", "content", "from_above", "is_laden",
)  # fmt: skip


def _row(one: Stored, data: bytes, cause: str | None, *, from_above: bool, is_laden: bool) -> tuple[object, ...]:
    """The values of ``_ENTRY_COLUMNS``."""
    head, leaf = one.header, one.leaf
    subject = head.subject
    return (
        one.taken, head.node, head.epoch, head.seq, head.id, subject.kind, subject.id, head.kind, cause, leaf, data, from_above, is_laden,
    )  # fmt: skip
