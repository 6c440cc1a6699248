"""
How a node greets its superior, and what it keeps of the answer: where the down stream stands, and whether it may write.

The superior's side is ``greeting``.
"""

from dataclasses import replace

from sqlalchemy import bindparam, func, select

from federation import codec, giving_back, greeting, line_epochs, outgoing
from federation.enrolment import own_payload_keys
from federation.greeting import BEHIND, FEATURES, protocol_max, protocol_min
from federation.level import Level
from federation.link import Standing
from federation.v1 import link_pb2
from node.services import reconcile
from node.services.situations import told_below
from node.storage import guard, schema
from node.storage.codec import moment, stamp
from node.storage.database import micros
from node.storage.journal import Position, Spot
from node.storage.statements import Prepared, update_of
from node.storage.unit_of_work import UnitOfWork, View

_WAITING = Prepared(select(func.count()).where(schema.entries.c.taken > bindparam("cursor"), schema.entries.c.from_above.is_(False)))
_PEER_EPOCH = Prepared(select(schema.links.c.peer_epoch).where(schema.links.c.peer == bindparam("peer")))


def request_of(level: Level, view: View, peer: str, boot_id: bytes, cursor: int) -> link_pb2.HelloRequest:
    """What this node says of itself to its superior *peer*: where it stands, and how much waits behind *cursor*."""
    last = giving_back.last_of(view, peer)
    waiting = _WAITING.scalar(view.connection, cursor=cursor)
    return link_pb2.HelloRequest(
        protocol_min=protocol_min,
        protocol_max=protocol_max,
        boot_id=boot_id,
        positions=[codec.position_to_pb(one) for one in view.journal.positions()],
        down=codec.down_to_pb(outgoing.down_head(view, peer)),
        now=stamp(level.now()),
        wall=stamp(level.wall()),
        rehearsal=view.head.is_rehearsal,
        waiting=waiting,
        features=FEATURES,
        program=level.program,
        payload_keys=codec.payload_keys_to_pb(own_payload_keys(view)),
        superior_epoch=_PEER_EPOCH.scalar(view.connection, peer=peer),
        superior_last=None if last is None else codec.place_to_pb(last),
        line_last=[codec.place_to_pb(one, node) for node, one in giving_back.last_of_line(view).items()],
    )


def note_answer(level: Level, work: UnitOfWork, peer: str, answer: link_pb2.HelloResponse, held: str) -> None:
    """Follow a down stream that was numbered anew, and keep in which epochs those above are and whether this node may write."""
    here = outgoing.down_head(work, peer)
    values: dict[str, object] = {
        "heard_at": micros(level.wall()),
        "skew_seconds": round((moment(answer.wall) - level.wall()).total_seconds()),
        "waiting": max(answer.down.size - here.size, 0),
    }
    if answer.epoch:
        values["peer_epoch"] = answer.epoch
    if answer.down.epoch != here.epoch:
        values |= {"down_epoch": answer.down.epoch, "down_size": 0, "down_peaks": b"", "waiting": answer.down.size}
    update_of(work.connection, schema.links, values, peer=peer)
    line_epochs.note(work, line_epochs.said_in(answer))
    if work.head.held == greeting.FENCED:
        return
    # Whatever it was held for: what the guard has seen, or a subordinate holds, and neither this node nor its superior, went
    # down from here. Only a new epoch goes on from there.
    is_known_below = not held and work.head.held and (not _fits_guard(level, work) or told_below(work) > 0)
    work.head.held = guard.HELD if is_known_below else held


def _fits_guard(level: Level, work: UnitOfWork) -> bool:
    return level.guard is None or level.guard.fits(work)


def as_compared(standing: Standing, request: link_pb2.HelloRequest, taken: int) -> Standing:
    """
    *standing* by what *request* said, when *taken* was the head's: where the superior holds more of a stream, it compared that and no
    more.  What was taken here since may be another history of it, so it does not count as held, and is compared when it is fetched.
    """
    if not standing.ahead:
        return standing
    said = _said(request)
    lost = tuple((one, min(size, said.get((one.node, one.epoch), 0))) for one, size in standing.lost)
    return replace(standing, cursor=min(standing.cursor, taken), lost=lost)


def has_written_on(work: UnitOfWork, standing: Standing, request: link_pb2.HelloRequest) -> bool:
    """
    True if this node wrote an entry after *request* under a number that its superior holds another one of: the node was restored, and
    wrote before it was told.
    """
    own = work.journal.position(work.head.node, work.head.epoch)
    is_ahead = any((one.node, one.epoch) == (own.node, own.epoch) for one in standing.ahead)
    return is_ahead and own.size > _said(request).get((own.node, own.epoch), 0)


def as_forked(standing: Standing, own: Position) -> Standing:
    """*standing*, once it is known that the superior holds another history of *own* and not only more of it: the next greeting shows it."""
    there = tuple(one for one in standing.ahead if (one.node, one.epoch) == (own.node, own.epoch))
    return replace(standing, forked=(*standing.forked, *there), ahead=tuple(one for one in standing.ahead if one not in there))


def _said(request: link_pb2.HelloRequest) -> dict[tuple[str, int], int]:
    return {(one.node, one.epoch): one.size for one in request.positions}


def held_by(standing: Standing, own: Position, damaged: tuple[Spot, ...], *, is_taken: bool) -> str:
    """Why this node is to write nothing of its own just now, by what its superior holds of it; empty: it may."""
    if any(one.node == own.node for one in standing.forked):
        return "forked"
    if any(one.node == own.node for one in standing.ahead):
        # A superior that holds more compares the beginning itself, and takes nothing where that is another one.
        return BEHIND if is_taken else "forked"
    if standing.lost and is_taken:
        return BEHIND
    return reconcile.DAMAGED if reconcile.stops_writing(damaged, own.node, own.epoch) else ""
