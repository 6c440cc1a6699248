"""
Reconciliation: what this node holds of a stream, range by range, and what a comparison with a neighbour found.

The digest of a range is the Merkle root over the leaves of its entries, each made anew from the entry's bytes: a row that
was damaged, changed or removed below the stored hashes differs, though the roots of both heads still agree.  A comparison
without differences is a certificate, one with differences names each ticket; both are kept, the newest a neighbour is shown.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, bindparam, func, select, tuple_

from node.domain.entry import Subject
from node.domain.merkle import Range, leaf_hash, leaf_hashes
from node.domain.refusal import Refusal
from node.storage import schema
from node.storage.codec import Content, decode_content
from node.storage.database import instant, micros
from node.storage.journal import Spot
from node.storage.statements import Prepared, PreparedForMany, insert_many, insert_missing, upsert_many
from node.storage.stored_bytes import stored_bytes
from node.storage.unit_of_work import UnitOfWork, View

# One comparison names so many places; what is beyond them is counted.
named_max = 1_000
rows_at_once = 2_000
# Single places are read so many at a time.
spots_at_once = 500
DAMAGED = "damaged"
_OFFERED = "offered"
# Of a damaged place of a stream that is held in part: the leaf that its entry must have.
_PROVED = "proved"


@dataclass(frozen=True)
class Span:
    """Entries ``from_seq`` to ``to_seq`` of a stream, both included."""

    node: str
    epoch: int
    from_seq: int
    to_seq: int

    @property
    def entries(self) -> int:
        """How many places it has."""
        return self.to_seq - self.from_seq + 1

    def parts(self, most: int) -> list["Span"]:
        """It in at most *most* parts of nearly the same size; itself if it is one entry."""
        count = min(most, self.entries)
        cuts = [self.from_seq + self.entries * part // count for part in range(count + 1)]
        return [Span(self.node, self.epoch, begin, end - 1) for begin, end in pairwise(cuts)]


@dataclass(frozen=True)
class Differing:
    """One place that is not the same at both ends, and what its entry is about, as far as either can still read it."""

    node: str
    epoch: int
    seq: int
    subject_kind: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Reconciled:
    """
    What a comparison with *peer* found.  ``differing`` are the first ``named_max`` of ``differences`` places; ``waiting`` are
    entries that only one end holds yet.  ``down`` are entries that came down and were compared beside ``entries``; None if the superior
    could not say what it sent.
    """

    peer: str
    at: datetime
    streams: int
    entries: int
    waiting: int
    differences: int
    differing: tuple[Differing, ...] = ()
    down: int | None = None

    @property
    def agrees(self) -> bool:
        """True for a certificate: 0 differences."""
        return self.differences == 0

    @property
    def is_empty(self) -> bool:
        """True if both ends had nothing in common yet, as when somebody joined a moment ago: such a comparison proves nothing."""
        return not (self.entries or self.down or self.differences)


_entries, _incidents = schema.entries.c, schema.incidents.c
_CONTENTS = Prepared(
    select(_entries.seq, stored_bytes(_entries.content))
    .where(
        _entries.node == bindparam("node"),
        _entries.epoch == bindparam("epoch"),
        _entries.seq > bindparam("after"),
        _entries.seq <= bindparam("to"),
    )
    .order_by(_entries.seq)
    .limit(rows_at_once)
)
_CONTENTS_AT = PreparedForMany(
    lambda spots: select(_entries.node, _entries.epoch, _entries.seq, stored_bytes(_entries.content)).where(
        tuple_(_entries.node, _entries.epoch, _entries.seq).in_(spots)
    ),
    width=3,
)
_DAMAGED = Prepared(
    select(_incidents.node, _incidents.epoch, _incidents.seq)
    .where(_incidents.kind == DAMAGED)
    .order_by(_incidents.node, _incidents.epoch, _incidents.seq)
)


def digest(view: View | UnitOfWork, span: Span) -> bytes:
    """The digest of what is held of *span*; that of no entries is the hash of no bytes."""
    progress, after = Range(), span.from_seq - 1
    while True:
        rows = _CONTENTS.rows(view.connection, node=span.node, epoch=span.epoch, after=after, to=span.to_seq)
        if not rows:
            return progress.root()
        after = rows[-1][0]
        progress = progress.extend(leaf_hashes(bytes(content) for _, content in rows))


def leaves_of(view: View | UnitOfWork, spots: Sequence[Spot]) -> dict[Spot, bytes]:
    """The leaves of what stands under *spots*, made anew from the entries' bytes."""
    found: dict[Spot, bytes] = {}
    for begin in range(0, len(spots), spots_at_once):
        for *spot, content in _CONTENTS_AT.rows(view.connection, spots[begin : begin + spots_at_once]):
            found[spot[0], spot[1], spot[2]] = leaf_hash(bytes(content))
    return found


def about(view: View | UnitOfWork, span: Span) -> Subject:
    """What the entry at the first place of *span* is about, by its row; empty where there is none."""
    table = schema.entries
    row = view.connection.execute(
        select(table.c.subject_kind, table.c.subject_id).where(
            table.c.node == span.node, table.c.epoch == span.epoch, table.c.seq == span.from_seq
        )
    ).first()
    return Subject("", "") if row is None else Subject(row.subject_kind, row.subject_id)


def keep(work: UnitOfWork, found: Reconciled) -> None:
    """Store what a comparison found."""
    content = {"waiting": found.waiting, "down": found.down, "differing": [asdict(one) for one in found.differing]}
    row = {
        "peer": found.peer,
        "at": micros(found.at),
        "streams": found.streams,
        "entries": found.entries,
        "differences": found.differences,
        "content": json.dumps(content),
    }
    upsert_many(work.connection, schema.reconciliations, [row])


def latest(view: View) -> dict[str, Reconciled]:
    """The newest comparison with each neighbour, by its code."""
    table = schema.reconciliations
    newest = select(table.c.peer, func.max(table.c.at).label("at")).group_by(table.c.peer).subquery()
    rows = view.connection.execute(select(table).join(newest, (newest.c.peer == table.c.peer) & (newest.c.at == table.c.at)))
    found = {}
    for row in rows:
        content = json.loads(row.content)
        places = tuple(Differing(**one) for one in content["differing"])
        counts = row.streams, row.entries, content["waiting"], row.differences
        found[row.peer] = Reconciled(row.peer, instant(row.at), *counts, places, content.get("down"))
    return found


# --- damage -----------------------------------------------------------------------------------------------------------


def note_damage(work: UnitOfWork, at: datetime, spans: Iterable[Span] | None = None) -> list[Spot]:
    """
    Look at the entries of *spans* (None: of every stream that is held whole) and write down each that is not what its leaf
    says or is missing; they are repaired from a neighbour that holds the stream.  Gives the places.

    Where *spans* are places that differ from a neighbour's, and the stream's leaves have not the root that its head has kept,
    it is this end that is wrong: a row was changed together with its leaf.  A stream that is held in part has no root.
    """
    found: list[Spot] = []
    roots: dict[tuple[str, int], bool] = {}
    for span in _whole(work) if spans is None else spans:
        damage = _damage_in(work.connection, span)
        stream = span.node, span.epoch
        if not damage and spans is not None:
            if stream not in roots:
                roots[stream] = _is_held_in_part(work, span.node) or _root_fits(work, *stream)
            damage = [] if roots[stream] else [(*stream, seq) for seq in range(span.from_seq, span.to_seq + 1)]
        found += damage
    _write_down(work, found, at)
    return found


def note_wrong(work: UnitOfWork, at: datetime, leaves: Mapping[Spot, bytes]) -> None:
    """
    Write down places of streams that are held in part where something else stands than the entry of that leaf, or nothing: it is proved
    by the root of what came down, and judges what a neighbour gives for the place.
    """
    _write_down(work, list(leaves), at)
    where = {spot: dict(zip(("node", "epoch", "seq"), spot, strict=True)) for spot in leaves}
    rows = [where[spot] | {"id": _proved_id(spot), "kind": _PROVED, "content": leaf, "at": micros(at)} for spot, leaf in leaves.items()]
    if rows:
        upsert_many(work.connection, schema.incidents, rows)


def _write_down(work: UnitOfWork, found: Sequence[Spot], at: datetime) -> None:
    rows = [
        {
            "id": f"{DAMAGED}/{node}/{epoch}/{seq}",
            "kind": DAMAGED,
            "node": node,
            "epoch": epoch,
            "seq": seq,
            "content": work.journal.at(node, epoch, seq) or b"",
            "at": micros(at),
        }
        for node, epoch, seq in found
    ]
    insert_missing(work.connection, schema.incidents, rows)


def _proved_id(spot: Spot) -> str:
    return f"{_PROVED}/{'/'.join(map(str, spot))}"


def _proved(work: UnitOfWork, spot: Spot) -> bytes | None:
    table = schema.incidents
    found = work.connection.execute(select(table.c.content).where(table.c.id == _proved_id(spot))).scalar()
    return None if found is None else bytes(found)


def _is_held_in_part(work: UnitOfWork, node: str) -> bool:
    """True of a stream of which only what concerns this node came down."""
    return node != work.head.node and not work.place().is_below(node)


def damaged(connection: Connection) -> list[Spot]:
    """Places that wait for their repair."""
    return [(node, epoch, seq) for node, epoch, seq in _DAMAGED.rows(connection)]


def close_behind(work: UnitOfWork, node: str, epoch: int, after: int) -> None:
    """Of a stream what stood behind *after* was taken out of the journal: no place of it waits for its repair any more."""
    table = schema.incidents
    its = (table.c.kind.in_((DAMAGED, _OFFERED, _PROVED)), table.c.node == node, table.c.epoch == epoch, table.c.seq > after)
    work.connection.execute(table.delete().where(*its))


def stops_writing(found: Iterable[Spot], node: str, epoch: int) -> bool:
    """
    True if among *found* is an entry of *node* itself, of its current *epoch*.

    Of an epoch that is over nothing is continued: its operator began the next one knowing how far that was held.  Its damage stays an
    alarm for as long as nobody repairs it, but a node to which nobody can give the entry back must not stand still for it for ever.
    """
    return any((one, its) == (node, epoch) for one, its, _ in found)


def heal(work: UnitOfWork, spot: Spot, data: bytes, at: datetime) -> bool:
    """
    Put *data*, as a neighbour holds it, in place of a damaged entry, if with it the stream has the root that its head says.

    Where several entries of a stream are damaged, those whose leaf was kept, or is proved (``note_wrong``), are judged by it, the
    others wait for one another: together they have to give the root.  True if the place is whole again; the damaged bytes stay with
    the incident, which is closed ("healed").
    """
    try:
        head = decode_content(data).header
    except Refusal:
        return False
    if (head.node, head.epoch, head.seq) != spot:
        return False
    leaves = _leaves(work, spot[:2])
    if (_proved(work, spot) or leaves.get(spot[2])) == leaf_hash(data):
        _put(work, spot, data, at)
        return True
    if _is_held_in_part(work, spot[0]):
        return False
    row = {"id": f"{_OFFERED}/{'/'.join(map(str, spot))}", "kind": _OFFERED, "content": data, "at": micros(at)}
    upsert_many(work.connection, schema.incidents, [row | dict(zip(("node", "epoch", "seq"), spot, strict=True))])
    offered = _offered(work, spot[:2])
    kept = work.journal.range_of(*spot[:2])
    leaves |= {seq: leaf_hash(one) for seq, one in offered.items()}
    if len(leaves) != kept.size or Range().extend([leaves[seq] for seq in sorted(leaves)]).root() != kept.root():
        return False
    for seq, one in offered.items():
        _put(work, (*spot[:2], seq), one, at)
    return True


def _put(work: UnitOfWork, spot: Spot, data: bytes, at: datetime) -> None:
    node, epoch, seq = spot
    table, incidents = schema.entries, schema.incidents
    content = decode_content(data)
    head = content.header
    row = {
        "id": head.id,
        "subject_kind": head.subject.kind,
        "subject_id": head.subject.id,
        "kind": head.kind,
        "leaf": leaf_hash(data),
        "content": data,
    }
    its = (table.c.node == node, table.c.epoch == epoch, table.c.seq == seq)
    if work.connection.execute(table.update().where(*its).values(**row)).rowcount == 0:
        where = {"taken": _free_place(work, spot, content), "node": node, "epoch": epoch, "seq": seq}
        is_own = node == work.head.node
        from_above = _is_held_in_part(work, node)
        more = {"cause": (head.cause or None) if is_own else None, "from_above": from_above, "is_laden": bool(content.payloads)}
        insert_many(work.connection, schema.entries, [where | row | more])
    work.journal.forget_files()
    closed = {"id": f"healed/{node}/{epoch}/{seq}/{micros(at)}", "kind": "healed"}
    aside = (f"{_OFFERED}/{node}/{epoch}/{seq}", _proved_id(spot))
    work.connection.execute(incidents.delete().where(incidents.c.id.in_(aside)))
    work.connection.execute(incidents.update().where(incidents.c.id == f"{DAMAGED}/{node}/{epoch}/{seq}").values(**closed))


def _leaves(work: UnitOfWork, stream: tuple[str, int]) -> dict[int, bytes]:
    table = schema.entries
    its = (table.c.node == stream[0], table.c.epoch == stream[1])
    return {row.seq: bytes(row.leaf) for row in work.connection.execute(select(table.c.seq, stored_bytes(table.c.leaf)).where(*its))}


def _offered(work: UnitOfWork, stream: tuple[str, int]) -> dict[int, bytes]:
    """What neighbours gave for damaged places of *stream* and could not be judged alone."""
    table = schema.incidents
    its = (table.c.kind == _OFFERED, table.c.node == stream[0], table.c.epoch == stream[1])
    return {row.seq: bytes(row.content) for row in work.connection.execute(select(table.c.seq, table.c.content).where(*its))}


def _free_place(work: UnitOfWork, spot: Spot, content: Content) -> int:
    """The ``taken`` of an entry whose row is gone: where its payloads say, else between its neighbours, else at the end."""
    node, epoch, seq = spot
    table, payloads = schema.entries, schema.payloads
    if content.payloads:
        kept = work.connection.execute(select(payloads.c.taken).where(payloads.c.blob == content.payloads[0].blob)).scalar()
        if kept is not None:
            return int(kept)
    stream = (table.c.node == node, table.c.epoch == epoch)
    before = work.connection.execute(select(func.max(table.c.taken)).where(*stream, table.c.seq < seq)).scalar() or 0
    behind = work.connection.execute(select(func.min(table.c.taken)).where(*stream, table.c.seq > seq)).scalar() or before + 1
    used = set(work.connection.execute(select(table.c.taken).where(table.c.taken > before, table.c.taken < behind)).scalars())
    free = next((place for place in range(before + 1, behind) if place not in used), None)
    if free is None:
        work.head.taken += 1
        free = work.head.taken
    return free


def _root_fits(work: UnitOfWork, node: str, epoch: int) -> bool:
    """True if the leaves of a stream, as they are stored, have the root that its head has kept."""
    leaves, kept = _leaves(work, (node, epoch)), work.journal.range_of(node, epoch)
    return len(leaves) == kept.size and Range().extend([leaves[seq] for seq in sorted(leaves)]).root() == kept.root()


def _whole(work: UnitOfWork) -> list[Span]:
    return [Span(one.node, one.epoch, 1, one.size) for one in work.journal.positions() if one.size]


def _damage_in(connection: Connection, span: Span) -> list[Spot]:
    table = schema.entries
    found: list[Spot] = []
    seq = span.from_seq - 1
    while seq < span.to_seq:
        rows = connection.execute(
            select(table.c.seq, stored_bytes(table.c.content), stored_bytes(table.c.leaf))
            .where(table.c.node == span.node, table.c.epoch == span.epoch, table.c.seq > seq, table.c.seq <= span.to_seq)
            .order_by(table.c.seq)
            .limit(rows_at_once)
        ).all()
        for row in rows:
            found += [(span.node, span.epoch, gone) for gone in range(seq + 1, row.seq)]
            if leaf_hash(bytes(row.content)) != bytes(row.leaf):
                found.append((span.node, span.epoch, row.seq))
            seq = row.seq
        if not rows:
            found += [(span.node, span.epoch, gone) for gone in range(seq + 1, span.to_seq + 1)]
            return found
    return found
