"""
Comparing with the superior, range by range, over the link: on demand, every night, and to find where two branches part.  What came
down is ``reconciling_down``'s.

From the superior's answer follows which ranges differ; each is asked again in parts until single entries are left, so equal
streams cost one pass over their bytes and a difference a few calls more.  What is damaged here is written down and repaired
by the link (``Repair``); what the comparison came to is stored at both ends.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select

from federation import outgoing, reconciling_down
from federation.client import Peer
from federation.codec import down_from_pb, down_to_pb, position_from_pb
from federation.level import Level
from federation.v1 import link_pb2
from node.domain.refusal import Code, Refusal
from node.domain.time import BEIJING
from node.services import reconcile, reconcile_wishes
from node.services.reconcile import Differing, Reconciled, Span
from node.storage import schema
from node.storage.journal import Position
from node.storage.unit_of_work import Store, UnitOfWork, View

ranges_max = 64
entries_max = 65_536
# The night's comparison begins at 2 in the morning, Beijing time, each node's in a minute of its own.
first_hour = 2
spread_minutes = 150
# The first look at a stream, in parts of so many entries.
part_entries = 1_024


def note_refused(level: Level, refusal: Refusal) -> None:
    """
    Write down the entry that *refusal* says is damaged here, as it was to be sent; it is asked for at the next greeting, and whoever
    operates this node reads of it.
    """
    span = Span(refusal.facts["node"], int(refusal.facts["epoch"]), int(refusal.facts["seq"]), int(refusal.facts["seq"]))
    level.writer.command(lambda work: reconcile.note_damage(work, level.now(), [span]))


def reconcile_with(level: Level, peer: str, end: Peer) -> Reconciled:
    """
    Compare every stream that both hold and what came down, store what was found at both ends, and write down what is damaged here.
    What only one of them holds waits: entries of a stream that both have, whole streams of the subtree, and what is still to come down.

    Raises:
        CallFailed.
    """
    answer = end.reconcile(link_pb2.ReconcileRequest())
    there = {(one.node, one.epoch): one for one in map(position_from_pb, answer.positions)}
    with level.store.read() as view:
        place = view.place()
        # Of a node that moved to another superior those above have it, or get it from there.
        own = [one for one in view.journal.positions() if one.node == place.node or place.is_below(one.node)]
    both = [(one, there[one.node, one.epoch]) for one in own if (one.node, one.epoch) in there]
    spans = [Span(here.node, here.epoch, 1, size) for here, above in both if (size := min(here.size, above.size))]
    differing, count = _differing(level.store, end, spans)
    sizes, sizes_above = ({(one.node, one.epoch): one.size for one in held} for held in (own, there.values()))
    waiting = sum(abs(sizes.get(stream, 0) - sizes_above.get(stream, 0)) for stream in sizes.keys() | sizes_above.keys())
    entries = sum(span.entries for span in spans)
    # An older program does not say what it sent.
    came = reconciling_down.compare(level.store, peer, end, down_from_pb(answer.down)) if answer.HasField("down") else None
    below = came or reconciling_down.Compared()
    named = (*differing, *below.differing)[: reconcile.named_max]
    down = None if came is None else came.entries
    found = Reconciled(peer, level.wall(), len(both), entries, waiting + below.waiting, count + below.count, named, down)

    def keep(work: UnitOfWork) -> None:
        reconcile.keep(work, found)
        places = [Span(one.node, one.epoch, one.seq, one.seq) for one in (*differing, *below.differing) if one.epoch]
        if places:
            reconcile.note_damage(work, level.now(), places)
            reconcile.note_wrong(work, level.now(), below.wrong)

    level.writer.command(keep)
    end.reconcile(link_pb2.ReconcileRequest(conclusion=_conclusion(found)))
    return found


def is_due(view: View, now: datetime, wall: datetime) -> bool:
    """
    True from this node's minute of the night on, if it was not compared since then: 88 nodes come one after the other; and at any time
    once the superior confirmed entries, if nothing was there to compare the last time.

    *now* is business time, by which it is night; what was compared is dated by *wall*.
    """
    links = schema.links.c
    up = view.connection.execute(select(links.peer, links.acked).where(links.side == "superior")).first()
    last = reconcile.latest(view).get(up.peer if up is not None else view.head.node)
    if up is not None and up.acked and last is not None and last.is_empty:
        return True
    local = now.astimezone(BEIJING)
    minute = first_hour * 60 + int.from_bytes(sha256(view.head.node.encode()).digest()[:4], "big") % spread_minutes
    begins = local.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    since = local - begins
    if since.total_seconds() < 0:
        return False
    return last is None or wall - last.at > since


def look(work: UnitOfWork, now: datetime, wall: datetime) -> None:
    """
    Look at every entry of every stream that is held whole, and write down what is damaged.  Where nobody stands above, this is
    the whole of it, and is kept as a comparison of the node with itself.
    """
    found = reconcile.note_damage(work, now)
    if reconcile.stops_writing(found, work.head.node, work.head.epoch):
        work.head.held = work.head.held or reconcile.DAMAGED
    if not work.head.line:
        positions = work.journal.positions()
        differing = tuple(Differing(*spot) for spot in found[: reconcile.named_max])
        entries = sum(one.size for one in positions)
        reconcile.keep(work, Reconciled(work.head.node, wall, len(positions), entries, 0, len(found), differing))


def positions_of(end: Peer) -> list[Position]:
    """Where every stream of this node's subtree stands at the superior."""
    return [position_from_pb(one) for one in end.reconcile(link_pb2.ReconcileRequest()).positions]


def parting(store: Store, end: Peer, node: str, epoch: int, size: int) -> int:
    """
    How many of the first *size* entries of a stream both ends have alike, from the beginning on.

    Raises:
        CallFailed.
    """
    at = 0
    while at < size:
        window = Span(node, epoch, at + 1, min(size, at + entries_max))
        differing = _asked(store, end, window.parts(ranges_max))
        if not differing:
            at = window.to_seq
            continue
        first = min(differing, key=lambda span: span.from_seq)
        while first.entries > 1:
            first = min(_asked(store, end, first.parts(ranges_max)), key=lambda span: span.from_seq, default=first.parts(2)[0])
        return first.from_seq - 1
    return size


def _differing(store: Store, end: Peer, spans: Iterable[Span]) -> tuple[list[Differing], int]:
    """Each place that differs, the first ``named_max`` of them, and how many there are."""
    named: list[Differing] = []
    count = 0
    waiting = [part for span in spans for part in span.parts(max(1, -(-span.entries // part_entries)))]
    while waiting:
        asked = _request_of(waiting)
        del waiting[: len(asked)]
        for found, subject in _answered(store, end, asked):
            if found.entries > 1 and len(named) < reconcile.named_max:
                waiting[:0] = found.parts(ranges_max)
            elif found.entries > 1:
                count += found.entries  # far beyond what anybody reads: the rest is counted as it stands
            else:
                count += 1
                with store.read() as view:
                    here = reconcile.about(view, found)
                kind, about = (here.kind, here.id) if here.id else subject
                named.append(Differing(found.node, found.epoch, found.from_seq, kind, about))
    return named[: reconcile.named_max], count


def _request_of(waiting: list[Span]) -> list[Span]:
    """As many of the next spans as one request may hold."""
    total = 0
    asked: list[Span] = []
    for span in waiting[:ranges_max]:
        total += span.entries
        if asked and total > entries_max:
            break
        asked.append(span)
    return asked


def _asked(store: Store, end: Peer, spans: list[Span]) -> list[Span]:
    return [span for span, _ in _answered(store, end, spans)]


def _answered(store: Store, end: Peer, spans: list[Span]) -> list[tuple[Span, tuple[str, str]]]:
    # No transaction is open while the other end is waited for, which may be for long.
    with store.read() as view:
        ranges = [range_to_pb(span, reconcile.digest(view, span)) for span in spans]
    answer = end.reconcile(link_pb2.ReconcileRequest(ranges=ranges))
    asked = set(spans)
    found = [(span_from_pb(one), (one.subject.kind, one.subject.id)) for one in answer.differing]
    return [(span, subject) for span, subject in found if span in asked]


# --- the superior's end -----------------------------------------------------------------------------------------------


def answer(view: View, peer: str, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
    """
    Say which of the ranges of *request* are others here, and what went down under the numbers that it asks for.

    Raises:
        Refusal: FOREIGN_STREAM, BATCH_TOO_LARGE, DOWN_EPOCH.
    """
    place = view.place()
    spans = [span_from_pb(one) for one in request.ranges]
    entries = sum(max(span.entries, 0) for span in spans)
    if len(spans) > ranges_max or entries > entries_max:
        raise Refusal(Code.BATCH_TOO_LARGE, entries=entries, entries_max=entries_max, bytes=len(spans), bytes_max=ranges_max)
    response = link_pb2.ReconcileResponse()
    if request.HasField("down"):
        response.sent.extend(reconciling_down.sent(view, peer, request.down))
    elif not spans:
        response.down.CopyFrom(down_to_pb(outgoing.down_head(view, peer)))
        held = [one for one in view.journal.positions() if place.branch(one.node) == peer]
        response.positions.extend(link_pb2.Position(node=one.node, epoch=one.epoch, size=one.size, root=one.root) for one in held)
    for span, said in zip(spans, request.ranges, strict=True):
        if place.branch(span.node) != peer:
            raise Refusal(Code.FOREIGN_STREAM, node=span.node, peer=peer)
        here = reconcile.digest(view, span)
        if here != said.digest:
            differs = range_to_pb(span, here)
            if span.entries == 1:
                subject = reconcile.about(view, span)
                differs.subject.kind, differs.subject.id = subject.kind, subject.id
            response.differing.append(differs)
    return response


def keep_conclusion(work: UnitOfWork, peer: str, conclusion: link_pb2.Conclusion, now: datetime, wall: datetime) -> None:
    """Store what *peer* found with this node, and write down what of it is damaged here."""
    place = work.place()
    # Of what went down here, too; with what is gone the caller knows its number alone.
    said = [
        one
        for one in conclusion.differing[: reconcile.named_max]
        if place.branch(one.node) == peer
        or _is_gone(work, one)
        or reconciling_down.went_down(work, peer, (one.node, one.epoch, one.from_seq))
    ]
    differing = tuple(Differing(one.node, one.epoch, one.from_seq, one.subject.kind, one.subject.id) for one in said)
    differences = max(conclusion.differences, len(differing))
    down = conclusion.down if conclusion.HasField("down") else None
    reconcile.keep(work, Reconciled(peer, wall, conclusion.streams, conclusion.entries, 0, differences, differing, down))
    held = [
        Span(one.node, one.epoch, one.seq, one.seq)
        for one in differing
        if one.epoch and (place.branch(one.node) != peer or one.seq <= work.journal.range_of(one.node, one.epoch).size)
    ]
    reconcile.note_damage(work, now, held)
    reconcile_wishes.carried_out(work, peer)


def _is_gone(work: UnitOfWork, one: link_pb2.Range) -> bool:
    return one.node == work.head.node and one.epoch == 0


def _conclusion(found: Reconciled) -> link_pb2.Conclusion:
    return link_pb2.Conclusion(
        streams=found.streams,
        entries=found.entries,
        differences=found.differences,
        differing=[_place_to_pb(one) for one in found.differing],
        down=found.down,
    )


def _place_to_pb(one: Differing) -> link_pb2.Range:
    place = range_to_pb(Span(one.node, one.epoch, one.seq, one.seq), b"")
    place.subject.kind, place.subject.id = one.subject_kind, one.subject
    return place


def range_to_pb(span: Span, digest: bytes) -> link_pb2.Range:
    """A range as a call says it."""
    return link_pb2.Range(node=span.node, epoch=span.epoch, from_seq=span.from_seq, to_seq=span.to_seq, digest=digest)


def span_from_pb(pb: link_pb2.Range) -> Span:
    """A range as it was said."""
    return Span(pb.node, pb.epoch, pb.from_seq, pb.to_seq)
