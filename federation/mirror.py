"""
Taking a peer's entries: verify, append, fold, route, in one transaction a batch (DESIGN 3, FEDERATION 2.2 R5).

What is durable after it: the entries' bytes and leaf hashes, the streams' sizes and peaks, the readings, the rows owed
downward.  The answer is where every stream then stands.  A duplicate is compared and left; a gap stops the batch there,
and the position says so; other bytes under a number that is taken are a fork: they are kept as an incident, and the link
takes nothing more until an operator has decided.  What rides beside an entry is kept if it fits what the entry names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import bindparam, literal, select, tuple_, update

from federation import line_epochs, reparenting
from federation.arriving import arrived_at, content_of, keep, keep_incident, with_riders
from federation.codec import Carried, DownPosition, Segment
from federation.numbering import number_down_anew
from node.domain.entry import Header
from node.domain.merkle import Range, leaf_hash, leaf_hashes
from node.domain.organisation import Place
from node.domain.refusal import Code, Refusal
from node.domain.registry import EpochGranted, EpochStarted, NodeAdmitted
from node.domain.reparenting import NodeReparented
from node.services import reconcile
from node.services.rebuild import refold
from node.storage import schema
from node.storage.codec import Content
from node.storage.database import micros
from node.storage.journal import Arrived, Position, Spot, Stored, Stream
from node.storage.statements import Prepared, update_of
from node.storage.unit_of_work import UnitOfWork

log = structlog.get_logger()

R = TypeVar("R")
ACTIVE = "active"
FORKED = "forked"
CLONED = "cloned"
# Sides of the link to a superior that this node has left: for good, and until the new one's epoch is begun.
FORMER, LEAVING = "former", "leaving"


_links = schema.links.c
_DOWN_HEAD = Prepared(select(_links.down_epoch, _links.down_peaks, _links.peer_epoch).where(_links.peer == bindparam("link")))
_FORMER = Prepared(select(_links.peer).where(_links.side.in_([literal(FORMER), literal(LEAVING)])))


@dataclass(frozen=True)
class Taken:
    """
    Where the streams of a batch stand, one position each, and how many entries were new.

    ``refusal`` is the answer to give once this is committed: a fork is written down before it is refused.
    """

    positions: tuple[Position, ...]
    entries: int
    refusal: Refusal | None = None


class Mirror:
    """Takes batches.  *now* is the business clock: when an incident was seen."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def take(self, work: UnitOfWork, peer: str, segments: Sequence[Segment], *, is_given_back: bool = False) -> Taken:
        """
        Take *segments* of the subtree of the subordinate *peer*, in their order.

        *is_given_back*: it is this node's superior that gives them, which holds what was lost here or never came.

        Raises:
            Refusal: FOREIGN_STREAM, STALE_EPOCH, MALFORMED_ENTRY with its field; nothing of the batch is then taken.
        """
        batch = _Batch.of(work, peer, segments, self._now(), is_given_back=is_given_back)
        for segment in segments:
            if batch.is_passed_by(segment):
                batch.heal(segment)
                continue
            batch.check_right(segment)
            fork = batch.take(segment)
            if fork is not None:
                batch.write()
                self.keep_fork(work, peer, segment, *fork)
                refusal = Refusal(Code.FORK, node=segment.node, epoch=segment.epoch, seq=fork[0])
                return Taken(batch.positions(segments), batch.entries, refusal)
            if batch.has_gap:
                break
        batch.write()
        return Taken(batch.positions(segments), batch.entries)

    def keep_fork(self, work: UnitOfWork, peer: str, segment: Segment, seq: int, data: bytes) -> None:
        """Keep the other bytes of a number that is taken, and stop taking from *peer*."""
        self.keep_incident(work, "fork", segment.node, segment.epoch, seq, data)
        work.connection.execute(update(schema.links).where(schema.links.c.peer == peer).values(status=FORKED))

    def keep_clone(self, work: UnitOfWork, node: str, boot_id: bytes) -> None:
        """Two copies of *node* run: written down, and nothing is taken from either until an operator has decided."""
        self.keep_incident(work, "clone", node, 0, 0, boot_id)
        work.connection.execute(update(schema.links).where(schema.links.c.peer == node).values(status=CLONED))

    def keep_incident(self, work: UnitOfWork, kind: str, node: str, epoch: int, seq: int, content: bytes) -> None:
        """Write down what must never happen; the same again is the same incident."""
        keep_incident(work, self._now(), kind, node, epoch, seq, content)

    def take_down(self, work: UnitOfWork, link: str, epoch: int, from_seq: int, entries: Sequence[Carried]) -> DownPosition:
        """
        Take what came down from the superior *link*, numbered from *from_seq* on, and return what is then applied.

        A gap takes nothing.  What this node holds already, and what it or its own subtree wrote, is only counted.

        Raises:
            Refusal: DOWN_EPOCH (another numbering), MALFORMED_ENTRY, FORK.
        """
        row = _DOWN_HEAD.record(work.connection, link=link)
        if row.down_epoch != epoch:
            raise Refusal(Code.DOWN_EPOCH, epoch=epoch, current=row.down_epoch)
        progress = Range.from_bytes(bytes(row.down_peaks)) if row.down_peaks else Range()
        if not entries or from_seq > progress.size + 1:
            return DownPosition(epoch, progress.size, progress.root())
        fresh = entries[progress.size + 1 - from_seq :]
        progress = progress.extend([leaf_hash(entry.data) for entry in fresh])
        read = [(entry, content_of(entry)) for entry in fresh]
        epochs = _epochs(work, [content.header for _, content in read]) | {link: row.peer_epoch}
        for run in _runs(read):
            arrived = _foreign(work, run)
            self._give_way(work, _settled(work, arrived, epochs))
            keep(work, work.journal.take_from_above, arrived)
        changed = {"down_size": progress.size, "down_peaks": progress.to_bytes()}
        update_of(work.connection, schema.links, changed, peer=link)
        return DownPosition(epoch, progress.size, progress.root())

    def _give_way(self, work: UnitOfWork, arrived: Sequence[Arrived]) -> None:
        """
        Where something else stands here in an epoch that its writer has left behind, or of a superior that was left, the word of
        those above holds by now.

        What stands here went to it by `GiveBack` before and comes again under its own id; its bytes stay as evidence.
        """
        spots = {one.content.header.spot: one.leaf for one in arrived}
        held = work.journal.held(spots)
        gone = [spot for spot, leaf in spots.items() if held.get(spot, leaf) != leaf]
        if not gone:
            return
        for spot in gone:
            self.keep_incident(work, "branch", *spot, work.journal.at(*spot) or b"")
        number_down_anew(work, work.journal.leave_out(gone))
        refold(work)

    def take_own(self, work: UnitOfWork, segment: Segment) -> int:
        """
        Take back own entries that only the superior still held, and return how many were new here.

        Raises:
            Refusal: MALFORMED_ENTRY, FOREIGN_STREAM (not this node's current stream).
        """
        if (segment.node, segment.epoch) != (work.head.node, work.head.epoch):
            raise Refusal(Code.FOREIGN_STREAM, node=segment.node, peer=work.head.node)
        size = work.journal.range_of(segment.node, segment.epoch).size
        if segment.from_seq > size + 1:
            return 0
        known = size + 1 - segment.from_seq
        arrived = [
            arrived_at(segment, segment.from_seq + place, entry, leaf_hash(entry.data))
            for place, entry in enumerate(segment.entries)
            if place >= known
        ]
        stored = keep(work, work.journal.mirror, arrived)
        work.head.last_at = max([work.head.last_at, *(micros(one.header.recorded_at) for one in stored)])
        reparenting.send_what_concerns_the_moved(work, stored)
        return len(stored)


@dataclass
class _Batch:
    """
    One batch while it is taken: gathered entry by entry, then written together.

    So what a batch costs in statements does not grow with its segments: a city's relays three counties in turns.
    ``epochs`` is the current epoch of each node whose stream is held, ``leaves`` what stands under those of the batch's
    places that are taken.
    """

    work: UnitOfWork
    peer: str
    now: datetime
    epochs: dict[str, int]
    leaves: dict[Spot, bytes]
    # Places whose entries are to be put right by what comes once more.
    damaged: frozenset[Spot]
    is_given_back: bool
    entries: int = 0
    has_gap: bool = False
    # Places behind those of the streams where an entry stands that came from above.
    _standing: set[Spot] = field(default_factory=set)
    _unwritten: list[Arrived] = field(default_factory=list)
    _sizes: dict[Stream, int] = field(default_factory=dict)

    @classmethod
    def of(cls, work: UnitOfWork, peer: str, segments: Sequence[Segment], now: datetime, *, is_given_back: bool) -> "_Batch":
        epochs = work.journal.current_epochs({segment.node for segment in segments})
        leaves = _leaves(work, [one for one in segments if one.epoch <= epochs.get(one.node, 0)], work.place())
        # Only where something comes again can something be put right.
        damaged = frozenset(reconcile.damaged(work.connection)) if leaves else frozenset()
        return cls(work, peer, now, epochs, leaves, damaged, is_given_back)

    def is_passed_by(self, segment: Segment) -> bool:
        """What a peer still brings of a node that has left it, or is leaving it, comes again from that node itself (2.7)."""
        return segment.node != self.peer and self.work.place().has_left(segment.node, self.peer)

    def heal(self, segment: Segment) -> None:
        """Of a segment of which nothing is taken put right what is damaged here: its own root judges it, whoever brings it."""
        for seq, entry in enumerate(segment.entries, segment.from_seq):
            spot = segment.node, segment.epoch, seq
            if spot in self.damaged:
                reconcile.heal(self.work, spot, entry.data, self.now)

    def check_right(self, segment: Segment) -> None:
        """The peer's own stream, or one below it, in the epoch that is current."""
        if not self._is_below(segment.node) and any(isinstance(one.content.event, NodeAdmitted) for one in self._unwritten):
            # The entry that lets it in came with this very batch.
            self.write()
        if not self._is_below(segment.node):
            raise Refusal(Code.FOREIGN_STREAM, node=segment.node, peer=self.peer)
        current = self.epochs.setdefault(segment.node, 1)
        if segment.epoch > current and any(isinstance(one.content.event, EpochGranted | NodeReparented) for one in self._unwritten):
            # So did the entry that grants the epoch, or names another superior, of whom the node begins it.
            self.write()
            current = self.epochs[segment.node] = self.work.journal.current_epochs({segment.node}).get(segment.node, 1)
        if segment.epoch != current and not (segment.epoch < current and (self._is_held(segment) or self._is_kept(segment, current))):
            # Later epochs are granted from above, before anything of them is sent.
            raise Refusal(Code.STALE_EPOCH, node=segment.node, epoch=segment.epoch, current=current)

    def _is_held(self, segment: Segment) -> bool:
        """
        Nothing but what was kept of an epoch that is over: a city that took its own back sends it again, among its counties'.
        Nothing of it is taken.
        """
        return all(
            self.leaves.get((segment.node, segment.epoch, seq)) == leaf_hash(entry.data)
            for seq, entry in enumerate(segment.entries, segment.from_seq)
        )

    def _is_kept(self, segment: Segment, current: int) -> bool:
        """
        What the later epoch keeps of one that is over, as long as nothing of the later one is held: this node was restored from
        before it took it, and was told of the new epoch first (2.3 no. 11 beside no. 22).  What the superior took behind that, when it
        was restored itself and knew of no later epoch, is held there and comes down: the node then keeps that, too.
        """
        begun = self._sizes.get((segment.node, current)) or self.work.journal.range_of(segment.node, current).size
        kept = self.work.journal.kept_of(segment.node, segment.epoch)
        return not begun and (self.is_given_back or segment.from_seq + len(segment.entries) - 1 <= kept)

    def take(self, segment: Segment) -> tuple[int, bytes] | None:
        """Take one segment; gives the place and the bytes of a fork."""
        stream = segment.node, segment.epoch
        size = self._sizes.setdefault(stream, self.work.journal.range_of(*stream).size)
        known = max(0, min(size + 1 - segment.from_seq, len(segment.entries)))
        leaves = leaf_hashes([entry.data for entry in segment.entries])
        for seq, (entry, leaf) in enumerate(zip(segment.entries[:known], leaves[:known], strict=True), segment.from_seq):
            if (*stream, seq) in self.damaged:
                # What stands here is known to be wrong, so what comes is no fork: it heals, or the place stays as it is.
                reconcile.heal(self.work, (*stream, seq), entry.data, self.now)
                continue
            if self.leaves.get((*stream, seq)) != leaf:
                return seq, entry.data
        if segment.from_seq > size + 1:
            self.has_gap = True
            return None
        for place in range(known, len(segment.entries)):
            seq = segment.from_seq + place
            if (standing := self.leaves.get((*stream, seq))) is not None:
                if standing != leaves[place]:
                    return seq, segment.entries[place].data
                self._standing.add((*stream, seq))
            self._unwritten.append(arrived_at(segment, seq, segment.entries[place], leaves[place]))
            self.leaves[*stream, seq] = leaves[place]
            self._sizes[stream] += 1
            self.entries += 1
        return None

    def write(self) -> None:
        """Append, fold and route what was gathered since the last time."""
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, []
            keep(self.work, self._mirrored, unwritten)
            for one in unwritten:
                if isinstance(one.content.event, EpochStarted):
                    self._take_out_what_is_not_kept(one.content.header.node, one.content.event)

    def _mirrored(self, arrived: Sequence[Arrived]) -> list[Stored]:
        if not self._standing:
            return self.work.journal.mirror(arrived)
        standing = {one.content.header.spot for one in arrived} & self._standing
        return self.work.journal.mirror(arrived, standing)

    def _take_out_what_is_not_kept(self, node: str, begun: EpochStarted) -> None:
        """
        Take out what stands here behind what the epoch that *node* has *begun* keeps of the former one; it stays as evidence.

        This node was restored from before it, or somebody above it, named the later epoch; it went on to take of the former by a
        subordinate restored from before it, too (2.3 no. 11 beside no. 22).  The node writes those entries again.  Below what whoever
        granted the epoch says is kept, nothing goes, whatever the node says.
        """
        journal, stream = self.work.journal, (node, begun.previous)
        granted = journal.kept_of(*stream)
        if not granted or begun.kept_size < granted or journal.range_of(*stream).size <= begun.kept_size:
            return
        out = journal.take_out(*stream, begun.kept_size)
        for seq, one in enumerate(out, begun.kept_size + 1):
            keep_incident(self.work, self.now, "branch", *stream, seq, one.data)
        reconcile.close_behind(self.work, *stream, begun.kept_size)
        self._sizes[stream] = begun.kept_size
        number_down_anew(self.work, [one.taken for one in out])
        refold(self.work)

    def positions(self, segments: Sequence[Segment]) -> tuple[Position, ...]:
        """Where each stream of the request stands, those behind a gap, too, as far as the peer may know them."""
        streams = dict.fromkeys((segment.node, segment.epoch) for segment in segments)
        return tuple(self.work.journal.position(*stream) for stream in streams if self._may_know(stream[0]))

    def _may_know(self, node: str) -> bool:
        # Said of what is passed by, a position would only bring it again.
        return self._is_below(node) and (node == self.peer or not self.work.place().has_left(node, self.peer))

    def _is_below(self, node: str) -> bool:
        return self.work.place().branch(node) == self.peer


def _leaves(work: UnitOfWork, segments: Sequence[Segment], place: Place) -> dict[Spot, bytes]:
    """
    What is held under the places of *segments* that are taken already; usually there is none.

    Of a node that came from another superior entries may stand behind those, too: they came from above, about what others here have a
    part in, before its stream was held whole.
    """
    spots: list[Spot] = []
    for one in segments:
        last = one.from_seq + len(one.entries) - 1
        if not _has_come(one.node, place):
            last = min(last, work.journal.range_of(one.node, one.epoch).size)
        spots += [(one.node, one.epoch, seq) for seq in range(one.from_seq, last + 1)]
    return work.journal.held(spots)


def _has_come(node: str, place: Place) -> bool:
    """True if *node*, or one between, stood below another superior once."""
    while node and node != place.node:
        if place.former.get(node):
            return True
        node = place.superiors.get(node, "")
    return False


def _epochs(work: UnitOfWork, heads: Sequence[Header]) -> dict[str, int]:
    """
    The latest epoch of each superior of which an entry comes with *heads*: that was said in a greeting, or of which one is here or
    comes with them.

    What stands in one before it gives way, whether what settles it was heard of first, or comes behind the entry that contradicts.
    """
    line = [node for node in work.head.line if any(head.node == node for head in heads)]
    if not line:
        return {}
    heard = line_epochs.heard(work)
    here = {node: max(work.journal.last_epoch(node), heard.get(node, 0)) for node in line}
    return {node: max(here[node], *(head.epoch for head in heads if head.node == node)) for node in line}


def _runs(entries: Sequence[tuple[Carried, Content]]) -> Iterator[list[tuple[Carried, Content]]]:
    """
    *entries* in order, each run up to the one that names another superior: whose subtree wrote what comes behind it is told by the
    tree that it makes.
    """
    run: list[tuple[Carried, Content]] = []
    for one in entries:
        run.append(one)
        if one[1].header.kind == NodeReparented.kind():
            yield run
            run = []
    yield run


def _settled(work: UnitOfWork, arrived: Sequence[Arrived], epochs: Mapping[str, int]) -> list[Arrived]:
    """
    Those of *arrived* that hold, whatever stands in their places: their writer has begun a later epoch, or is a superior that was left,
    or what stands there came before somebody above began a later epoch.

    Of one that was left nobody tells here any more in which epoch it is; and what it told here and lost, those above never heard.
    """
    writers = {one.content.header.node for one in arrived}.difference(work.head.line)
    left = _left(work) if writers else frozenset()
    superseded = _superseded(work, arrived) if writers else frozenset()
    heads = ((one, one.content.header) for one in arrived)
    return [one for one, head in heads if head.epoch < epochs.get(head.node, 0) or head.node in left or head.spot in superseded]


def _superseded(work: UnitOfWork, arrived: Sequence[Arrived]) -> frozenset[Spot]:
    """The places of *arrived* where what stands came before the latest epoch above was heard of; of superiors that epoch itself says it."""
    taken = line_epochs.superseded(work)
    if not taken:
        return frozenset()
    entries, heads = schema.entries, [one.content.header for one in arrived]
    spots = [head.spot for head in heads if head.node not in work.head.line]
    its = (tuple_(entries.c.node, entries.c.epoch, entries.c.seq).in_(spots), entries.c.from_above, entries.c.taken <= taken)
    rows = work.connection.execute(select(entries.c.node, entries.c.epoch, entries.c.seq).where(*its))
    return frozenset((row.node, row.epoch, row.seq) for row in rows)


def _left(work: UnitOfWork) -> frozenset[str]:
    """Superiors that this node has left, as its links say, or one above it, as the registry does."""
    place = work.place()
    by_registry = {one for node in (place.node, *place.line) for one in place.former.get(node, ())}
    return frozenset({peer for (peer,) in _FORMER.rows(work.connection)} | by_registry).difference(place.line)


def _foreign(work: UnitOfWork, entries: Sequence[tuple[Carried, Content]]) -> list[Arrived]:
    """Of what came down, once each, what neither this node nor its subtree wrote: those streams it holds whole."""
    place = work.place()
    found: dict[tuple[str, int, int], Arrived] = {}
    for carried, content in entries:
        head = content.header
        if head.node != place.node and not place.is_below(head.node):
            found.setdefault(head.spot, with_riders(carried, content, leaf_hash(carried.data)))
    return list(found.values())
