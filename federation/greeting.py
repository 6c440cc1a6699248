"""
How the superior answers `Hello`: who runs the uplink below, whether both ends still tell the same history, what it may send.

A new boot id replaces the former at once; a replaced one that greets again belongs to a second copy of the node.  Where
the caller's root is another one than that of the mirror at the same size, the fork is written down and the answer gives no
credit.  A caller that applied more of the down stream than its head, or another one, met this node before it was restored:
the stream is numbered anew from its start, and what the caller has already is a no-op there.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, insert, literal, select, update

from federation import blobs, codec, line_epochs, outgoing, passing_on, reconciling_down, taking_back
from federation.codec import DownPosition
from federation.link import batch_entries_max
from federation.mirror import FORKED, Mirror
from federation.trust import Peer
from federation.v1 import link_pb2
from node.domain.organisation import Place
from node.domain.refusal import Code, Refusal
from node.services import attachments, reconcile, reconcile_wishes
from node.storage import schema
from node.storage.codec import moment, stamp
from node.storage.database import micros
from node.storage.journal import Position, Spot
from node.storage.riders import learn, public_keys_of
from node.storage.statements import update_of
from node.storage.unit_of_work import UnitOfWork, View

protocol_min = 1
protocol_max = 1
# Calls and event groups beyond the protocol version that are built here.
FEATURES = (
    "fetch",
    "renew",
    "reconcile",
    reconciling_down.FEATURE,
    reconcile_wishes.FEATURE,
    taking_back.FEATURE,
    passing_on.FEATURE,
    blobs.FEATURE,
)

FENCED = "fenced"
BEHIND = "behind"
# Why a node with a superior does not know yet what it should hold of its own subordinates.
IN_DOUBT = ("restored", BEHIND)
retry_in_doubt_ms = 1_000
boot_id_bytes = 16
former_boot_ids_max = 16


def answer(
    work: UnitOfWork,
    peer: Peer,
    request: link_pb2.HelloRequest,
    mirror: Mirror,
    now: datetime,
    wall: datetime,
    not_below: Collection[Spot] = (),
) -> link_pb2.HelloResponse | Refusal:
    """
    Answer the greeting of *peer*; a Refusal that is returned is to be given after what it is about was written down.  What is damaged
    here is asked for once more, but for what is *not_below* either.

    Raises:
        Refusal: MALFORMED_ENTRY (the boot id), PROTOCOL_UNSUPPORTED, REHEARSAL_MISMATCH.
    """
    if len(request.boot_id) != boot_id_bytes:
        # Without one a second copy would be seen by nobody; a slip of a foreign program is no clone.
        raise Refusal(Code.MALFORMED_ENTRY, field="boot_id", node=peer.node, epoch=0, seq=0)
    protocol = min(protocol_max, request.protocol_max)
    if protocol < max(protocol_min, request.protocol_min):
        raise Refusal(Code.PROTOCOL_UNSUPPORTED, protocol_min=protocol_min, protocol_max=protocol_max)
    if request.rehearsal != work.head.is_rehearsal:
        raise Refusal(Code.REHEARSAL_MISMATCH, node=peer.node)
    boot_ids = _boot_ids(peer, request.boot_id)
    if boot_ids is None:
        mirror.keep_clone(work, peer.node, request.boot_id)
        return Refusal(Code.CLONE_SUSPECTED, node=peer.node)
    if peer.is_cloned:
        raise Refusal(Code.CLONE_SUSPECTED, node=peer.node)
    if request.superior_epoch > work.head.epoch:
        # The caller has heard this node in a later epoch: another copy of it is the one in force.
        mirror.keep_incident(work, FENCED, work.head.node, request.superior_epoch, 0, b"")
        work.head.held = FENCED
        return Refusal(Code.SUPERIOR_FENCED, peer=work.head.node, epoch=work.head.epoch, current=request.superior_epoch)
    check_fence(work)
    if request.HasField("superior_last"):
        taking_back.note_told(work, work.head.node, codec.place_from_pb(request.superior_last), mirror)
    for one in request.line_last:
        taking_back.note_told(work, one.node, codec.place_from_pb(one), mirror)
    if work.head.line and work.head.held in IN_DOUBT:
        # A subordinate restored in the same night would take what is here for all that there is.
        return Refusal(Code.BUSY, retry_after_ms=retry_in_doubt_ms)
    place = work.place()
    held = [one for one in work.journal.positions() if place.branch(one.node) == peer.node]
    stale = _stale(work, peer, held, request)
    if stale is not None:
        return stale
    is_forked = peer.is_forked or _is_forked(work, peer, held, request, mirror)
    down = _down(work, peer, codec.down_from_pb(request.down))
    below = [node for node in place.superiors if place.branch(node) == peer.node]
    learn(work.connection, codec.payload_keys_from_pb(request.payload_keys, below))
    _note(work, request, peer, boot_ids, down, wall)
    return link_pb2.HelloResponse(
        protocol=protocol,
        positions=[codec.position_to_pb(one) for one in (_before_damage(work, held, not_below) if peer.has_damage else held)],
        down=codec.down_to_pb(down),
        now=stamp(now),
        wall=stamp(wall),
        credit=0 if is_forked else batch_entries_max,
        features=FEATURES,
        line=[work.head.node, *work.head.line],
        payload_keys=codec.payload_keys_to_pb(payload_keys(work, place)),
        epoch=work.head.epoch,
        line_epochs=line_epochs.to_say(work),
        reconcile=peer.is_asked,
        wanted=blobs.wanted_to_pb(attachments.ask(work, peer.node) if peer.has_wanted else ()),
    )


def check_fence(work: UnitOfWork | View) -> None:
    """
    Need this node to be the one in force: a fenced copy takes nothing from anybody.

    Raises:
        Refusal: SUPERIOR_FENCED.
    """
    if work.head.held == FENCED:
        raise Refusal(Code.SUPERIOR_FENCED, peer=work.head.node, epoch=work.head.epoch, current=fenced_by(work))


def fenced_by(work: UnitOfWork | View) -> int:
    """The latest epoch of this node that a subordinate had heard of and this node had not; 0 if there was none."""
    table = schema.incidents
    return work.connection.execute(select(func.max(table.c.epoch)).where(table.c.kind == FENCED)).scalar() or 0


def check_session(peer: Peer, boot_id: bytes) -> None:
    """
    Need *boot_id* to be the session that greeted last.

    A replaced one is told to greet, and only its greeting makes it a clone: what a process sent before it died may come late.

    Raises:
        Refusal: NEED_HELLO, CLONE_SUSPECTED.
    """
    if peer.is_cloned:
        raise Refusal(Code.CLONE_SUSPECTED, node=peer.node)
    if not boot_id or boot_id != peer.boot_id:
        raise Refusal(Code.NEED_HELLO, node=peer.node)


def payload_keys(work: UnitOfWork | View, place: Place) -> Mapping[str, bytes]:
    """Payload public keys of this node and its superiors, for those below to wrap their month keys for."""
    readers = [f"{node}/{reader}" for node in (place.node, *place.line) for reader in ("node", "desk")]
    return public_keys_of(work.connection, readers)


def _boot_ids(peer: Peer, boot_id: bytes) -> bytes | None:
    """The former boot ids once *boot_id* has the link; None if it was replaced before."""
    if boot_id == peer.boot_id:
        return peer.former_boot_ids
    former = [peer.former_boot_ids[start : start + boot_id_bytes] for start in range(0, len(peer.former_boot_ids), boot_id_bytes)]
    if boot_id in former:
        return None
    if peer.boot_id:
        former.append(peer.boot_id)
    return b"".join(former[-former_boot_ids_max:])


def _stale(work: UnitOfWork, peer: Peer, held: list[Position], request: link_pb2.HelloRequest) -> Refusal | None:
    """The answer to a caller whose epoch is over: with a reply, since silence kills the link (2.3 no. 5), and counted."""
    current = max((one.epoch for one in held if one.node == peer.node), default=1)
    said = max((one.epoch for one in request.positions if one.node == peer.node), default=1)
    if said >= current:
        return None
    table = schema.links
    work.connection.execute(update(table).where(table.c.peer == peer.node).values(stale=table.c.stale + 1))
    return Refusal(Code.STALE_EPOCH, node=peer.node, epoch=said, current=current)


def _before_damage(work: UnitOfWork, held: list[Position], not_below: Collection[Spot]) -> list[Position]:
    """
    Positions as they are said: of a stream that is damaged here only what lies before it, so that the rest comes once more.

    What the subordinate has itself asked for, since it is damaged there, too, is *not_below*: asked for again, it would hold up all that
    stands behind it.
    """
    first: dict[tuple[str, int], int] = {}
    for node, epoch, seq in reversed([spot for spot in reconcile.damaged(work.connection) if spot not in not_below]):
        first[node, epoch] = seq
    if not first:
        return held
    roots = outgoing.Roots()
    said = []
    for one in held:
        size = min(one.size, first.get((one.node, one.epoch), one.size + 1) - 1)
        said.append(one if size == one.size else Position(one.node, one.epoch, size, roots.at(work, one.node, one.epoch, size)))
    return said


def _is_forked(work: UnitOfWork, peer: Peer, held: list[Position], request: link_pb2.HelloRequest, mirror: Mirror) -> bool:
    """True if a stream of the caller is another one than the mirror of it; where the caller has more, it compares itself."""
    said = {(one.node, one.epoch): one for one in request.positions}
    roots = outgoing.Roots()
    for here in held:
        there = said.get((here.node, here.epoch))
        if there is None or there.size > here.size:
            continue
        root = here.root if there.size == here.size else roots.at(work, here.node, here.epoch, there.size)
        if there.root != root:
            mirror.keep_incident(work, "fork", here.node, here.epoch, there.size, there.root)
            work.connection.execute(update(schema.links).where(schema.links.c.peer == peer.node).values(status=FORKED))
            return True
    return False


def _down(work: UnitOfWork, peer: Peer, said: DownPosition) -> DownPosition:
    """The head of the down stream, numbered anew if what the caller applied is not its beginning."""
    head = outgoing.down_position(peer.down_epoch, peer.down_peaks)
    if said.epoch < head.epoch or _is_beginning(work, peer, said, head):
        return head
    epoch = max(head.epoch, said.epoch) + 1
    down = schema.down
    rows = select(down.c.link, literal(epoch), down.c.down_seq, down.c.taken).where(down.c.link == peer.node, down.c.epoch == head.epoch)
    work.connection.execute(insert(down).from_select(["link", "epoch", "down_seq", "taken"], rows))
    work.connection.execute(update(schema.links).where(schema.links.c.peer == peer.node).values(down_epoch=epoch, down_acked=0))
    return DownPosition(epoch, head.size, head.root)


def _is_beginning(work: UnitOfWork, peer: Peer, said: DownPosition, head: DownPosition) -> bool:
    if said.epoch != head.epoch or said.size > head.size:
        return False
    root = head.root if said.size == head.size else outgoing.down_root(work, peer.node, head.epoch, said.size)
    return said.root == root


def _note(work: UnitOfWork, request: link_pb2.HelloRequest, peer: Peer, boot_ids: bytes, down: DownPosition, wall: datetime) -> None:
    is_same = request.down.epoch == down.epoch
    values: dict[str, object] = {
        "boot_id": request.boot_id,
        "former_boot_ids": boot_ids,
        "heard_at": micros(wall),
        "waiting": request.waiting,
        "program": request.program[:40],
        "features": " ".join(one for one in FEATURES if one in request.features),
        "skew_seconds": round((moment(request.wall) - wall).total_seconds()),
        "down_acked": request.down.size if is_same else 0,
        "certificate_ends_at": micros(peer.certificate_ends_at),
        "last_error": "",
    }
    if taking_back.FEATURE not in request.features:
        values["awaited_until"] = None  # an older program: nothing comes of it
    if peer.fingerprint == peer.known[0]:
        values["fingerprint"] = peer.fingerprint  # the renewed certificate has arrived: the former is good no longer
    update_of(work.connection, schema.links, values, peer=peer.node)
