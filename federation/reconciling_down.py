"""
Comparing what came down: the superior says what it sent under each number of the link's down stream, the subordinate looks whether
it holds the same bytes there.

A subordinate keeps no numbers of what came down, only how many entries and their root; the streams of those above it holds in part.
So the superior names place and leaf of each entry, made anew from its bytes.  Where all these leaves together have the root that the
subordinate acknowledged, what differs is wrong here: the leaf that it must have is written down with the damage, and the link's
``Repair`` brings the entry.  Where they do not, somebody's own leaf says whether its bytes are damaged; the rest is named, and waits for
the superior's repair.  What the subordinate's own subtree wrote is compared with what went up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import bindparam, select

from federation import outgoing
from federation.codec import DownPosition
from federation.retry import CallFailed
from federation.v1 import link_pb2
from node.domain.merkle import Range, leaf_hash
from node.domain.refusal import Code, Refusal
from node.services import reconcile
from node.services.reconcile import Differing, Span
from node.storage import schema
from node.storage.journal import Spot
from node.storage.statements import Prepared
from node.storage.stored_bytes import stored_bytes
from node.storage.unit_of_work import Store, UnitOfWork, View

FEATURE = "reconcile-down"
# One call says so many places.
places_max = 4_096
leaf_bytes = 32
# Contents are read so many at a time: one may have 262,144 bytes.
_rows_at_once = 500

_down, _entries = schema.down.c, schema.entries.c
_SENT = Prepared(
    select(
        _down.down_seq,
        _entries.node,
        _entries.epoch,
        _entries.seq,
        _entries.subject_kind,
        _entries.subject_id,
        stored_bytes(_entries.content),
    )
    .select_from(schema.down.outerjoin(schema.entries, _entries.taken == _down.taken))
    .where(
        _down.link == bindparam("link"),
        _down.epoch == bindparam("numbering"),
        _down.down_seq >= bindparam("from_seq"),
        _down.down_seq <= bindparam("to_seq"),
    )
    .order_by(_down.down_seq)
)
_WENT_DOWN = Prepared(
    select(_down.down_seq)
    .select_from(schema.down.join(schema.entries, _entries.taken == _down.taken).join(schema.links, schema.links.c.peer == _down.link))
    .where(
        _down.link == bindparam("link"),
        _down.epoch == schema.links.c.down_epoch,
        _entries.node == bindparam("node"),
        _entries.epoch == bindparam("epoch"),
        _entries.seq == bindparam("seq"),
    )
    .limit(1)
)


class Asked(Protocol):
    """The superior, as far as a comparison asks it."""

    def reconcile(self, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
        """What it holds, or sent.  Raises: CallFailed."""


@dataclass(frozen=True)
class Compared:
    """
    What the comparison of a down stream found: how many entries were compared, how many are on their way, the first ``named_max`` of
    the ``count`` places that differ, and of these the ones that are wrong here, with the leaf that each must have.
    """

    entries: int = 0
    waiting: int = 0
    count: int = 0
    differing: tuple[Differing, ...] = ()
    wrong: Mapping[Spot, bytes] = field(default_factory=dict)


def compare(store: Store, peer: str, end: Asked, there: DownPosition) -> Compared:
    """
    Compare what was applied of the down stream of the superior *peer*, whose head stands at *there*.  Writes nothing.

    Raises:
        CallFailed.
    """
    with store.read() as view:
        here = outgoing.down_head(view, peer)
        place = view.place()
    if here.epoch != there.epoch:
        return Compared(waiting=there.size)  # numbered anew: the next greeting says so, and all of it comes once more
    size = min(here.size, there.size)
    progress, differing = Range(), list[tuple[int, link_pb2.Range]]()
    try:
        for down_seq, said in _told(end, here.epoch, size):
            # What is gone has no leaf, and the whole then not the root that was acknowledged.
            progress = progress.extend([bytes(one.digest) if len(one.digest) == leaf_bytes else bytes(leaf_bytes) for one in said])
            foreign = [(seq, one) for seq, one in enumerate(said, down_seq) if one.node != place.node and not place.is_below(one.node)]
            with store.read() as view:
                held = reconcile.leaves_of(view, [_spot(one) for _, one in foreign])
            differing += [(seq, one) for seq, one in foreign if not one.node or held.get(_spot(one)) != one.digest]
        is_acknowledged = size == here.size and progress.root() == here.root
        named = tuple(_named(store, peer, end, here.epoch, seq, one) for seq, one in differing[: reconcile.named_max])
    except CallFailed as error:
        if error.failure.code is not Code.DOWN_EPOCH:
            raise
        return Compared(waiting=there.size)
    wrong = differing[: reconcile.named_max] if is_acknowledged else []
    return Compared(size, abs(there.size - here.size), len(differing), named, {_spot(one): bytes(one.digest) for _, one in wrong})


def _told(end: Asked, epoch: int, size: int) -> Iterator[tuple[int, list[link_pb2.Range]]]:
    """What the superior says that it sent, call by call, with the number of the first."""
    for begin in range(1, size + 1, places_max):
        yield begin, _asked(end, epoch, begin, min(size, begin + places_max - 1))


def _asked(end: Asked, epoch: int, from_seq: int, to_seq: int) -> list[link_pb2.Range]:
    down = link_pb2.DownRange(epoch=epoch, from_seq=from_seq, to_seq=to_seq)
    said = list(end.reconcile(link_pb2.ReconcileRequest(down=down)).sent)
    count = to_seq - from_seq + 1
    # What it leaves out it does not have, either.
    return (said + [link_pb2.Range()] * count)[:count]


def _named(store: Store, peer: str, end: Asked, epoch: int, down_seq: int, said: link_pb2.Range) -> Differing:
    """A place that differs, and what its entry is about: as it is held here, else as the superior says."""
    if not said.node:
        return Differing(peer, 0, down_seq)  # gone there, with its place: all that is known of it is its number
    with store.read() as view:
        here = reconcile.about(view, Span(*_spot(said), said.from_seq))
    if here.id:
        return Differing(*_spot(said), here.kind, here.id)
    (again,) = _asked(end, epoch, down_seq, down_seq)
    return Differing(*_spot(said), again.subject.kind, again.subject.id)


def _spot(said: link_pb2.Range) -> Spot:
    return said.node, said.epoch, said.from_seq


# --- the superior's end -----------------------------------------------------------------------------------------------


def sent(view: View, peer: str, down: link_pb2.DownRange) -> Iterator[link_pb2.Range]:
    """
    What went down to *peer* under the numbers of *down*, one range for each.

    Raises:
        Refusal: BATCH_TOO_LARGE, DOWN_EPOCH (another numbering, or numbers that were never given).
    """
    head = outgoing.down_head(view, peer)
    count = max(down.to_seq - down.from_seq + 1, 0)
    if count > places_max:
        raise Refusal(Code.BATCH_TOO_LARGE, entries=count, entries_max=places_max, bytes=0, bytes_max=0)
    if down.epoch != head.epoch or down.to_seq > head.size:
        raise Refusal(Code.DOWN_EPOCH, epoch=down.epoch, current=head.epoch)
    for begin in range(down.from_seq, down.to_seq + 1, _rows_at_once):
        end = min(down.to_seq, begin + _rows_at_once - 1)
        for row in _SENT.records(view.connection, link=peer, numbering=head.epoch, from_seq=begin, to_seq=end):
            yield link_pb2.Range() if row.node is None else _range_of(row, with_subject=count == 1)


def _range_of(row: Any, *, with_subject: bool) -> link_pb2.Range:
    found = link_pb2.Range(node=row.node, epoch=row.epoch, from_seq=row.seq, to_seq=row.seq, digest=leaf_hash(bytes(row.content)))
    if with_subject:
        found.subject.kind, found.subject.id = row.subject_kind, row.subject_id
    return found


def went_down(view: View | UnitOfWork, peer: str, spot: Spot) -> bool:
    """True if what stands here at *spot* is in the down stream to *peer*."""
    return _WENT_DOWN.first(view.connection, link=peer, node=spot[0], epoch=spot[1], seq=spot[2]) is not None
