"""
What a superior wrote, sent down and lost, and how its subordinates give it back (FEDERATION 2.3 no. 11).

A node that was restored from a backup gets from its own superior what that one held.  What it had sent down and not up yet is
then held below alone, and people there have acted by it: a ticket whose custody was given to them would belong to nobody for
ever.  Nothing proves that such an entry is genuine, so nothing is taken back before the node's operator has begun a new epoch.
Then each subordinate offers, once for that epoch, the places of all that it holds of the former ones; the superior names those
where it holds something else or nothing, and writes these entries again, under their own ids, so that they count once
everywhere.  Before them stands who gave them.  The subordinate learns of them as of anything else that comes down.  What
is damaged here and whole there is put back where it stands: its leaf, which was kept, is the proof.

Until then the subordinate says, whenever it greets, what the last of its superior's entries is that it holds: a superior that
has another one there is told so, and does not go on by itself if it was stopped.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from federation import line_epochs, reparenting
from federation.arriving import content_of, with_riders
from federation.codec import Carried, Place
from federation.mirror import ACTIVE, Mirror
from node.domain.entry import Draft, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.merkle import leaf_hash
from node.domain.refusal import Code, Refusal
from node.domain.registry import EntriesGivenBack, EpochStarted
from node.domain.routing import EVERYBODY_BELOW
from node.services import reconcile
from node.services.registry import NODE_ACTOR
from node.services.situations import TOLD_BELOW
from node.storage import schema
from node.storage.database import micros
from node.storage.journal import Arrived, Kept
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

FEATURE = "give-back"
# Somebody who is away for longer gives back when he comes; what was answered twice by then stands beside one another.
awaited_longest = timedelta(minutes=10)


def await_those_below(work: UnitOfWork, wall: datetime) -> None:
    """At the begin of an epoch: every subordinate greets anew, and for a while nothing is answered before it gave back."""
    links = schema.links
    until = micros(wall + awaited_longest)
    its = (links.c.side == "subordinate", links.c.status == ACTIVE)
    work.connection.execute(update(links).where(*its).values(boot_id=b"", awaited_until=until))


_links = schema.links.c
_AWAITED = Prepared(
    select(_links.peer).where(_links.side == "subordinate", _links.status == ACTIVE, _links.awaited_until > bindparam("wall")).limit(1)
)


def is_awaiting(view: View | UnitOfWork, wall: datetime) -> bool:
    """True while a subordinate may still give back what answers what this node is asked."""
    return _AWAITED.first(view.connection, wall=micros(wall)) is not None


def no_more_of(work: UnitOfWork, peer: str) -> None:
    """*peer* has given back what it had."""
    links = schema.links
    work.connection.execute(update(links).where(links.c.peer == peer).values(awaited_until=None))


def unknown(view: View | UnitOfWork, places: Sequence[Place]) -> list[Place]:
    """Those of *places* of this node's own journal where it holds something else or nothing, or what is damaged."""
    node = view.head.node
    damaged = set(reconcile.damaged(view.connection))
    held = view.journal.held([(node, one.epoch, one.seq) for one in places])
    return [one for one in places if held.get(spot := (node, one.epoch, one.seq)) != one.leaf or spot in damaged]


def take_back(work: UnitOfWork, peer: str, entries: Iterable[Carried], now: datetime) -> int:
    """
    Write own *entries* again that *peer* gave back, those that this node does not have; gives how many.  What could not have gone
    down to it is passed by: nobody speaks in this node's name about what is none of his business.

    Raises:
        Refusal: NODE_HELD, FOREIGN_STREAM (not this node's, or of its current epoch), MALFORMED_ENTRY.
    """
    head = work.head
    if head.held:
        raise Refusal(Code.NODE_HELD, reason=head.held)
    offered, count = _not_healed(work, [_own(work, peer, carried) for carried in entries], now), 0
    while lost := _lost(work, peer, offered):
        event = EntriesGivenBack(peer, len(lost))
        subject = Subject(SubjectKind.NODE.value, head.node)
        header = Header("", 0, 0, uuid7(now, work.payloads.random), now, subject, event.kind(), NODE_ACTOR)
        work.append([Draft(header, event)])
        again = work.journal.write_again([Kept(0, one.data, one.sealed, one.keys) for one in lost])
        work.fold_and_route(again)
        reparenting.send_what_concerns_the_moved(work, again)
        count += len(lost)
        # What was just written may have brought a node below *peer*: what is about its tickets concerns that one now.
        offered = [one for one in offered if one not in lost]
    return count


def _not_healed(work: UnitOfWork, offered: Sequence[Arrived], now: datetime) -> list[Arrived]:
    """*offered* without what stands here, damaged, under the same leaf, and is whole from here on."""
    damaged = set(reconcile.damaged(work.connection))
    spots = {one.content.header.spot: one for one in offered}
    held = work.journal.held([spot for spot in spots if spot in damaged])
    healed = [spot for spot, leaf in held.items() if leaf == spots[spot].leaf and reconcile.heal(work, spot, spots[spot].data, now)]
    return [one for spot, one in spots.items() if spot not in healed]


def _lost(work: UnitOfWork, peer: str, offered: Sequence[Arrived]) -> list[Arrived]:
    """Those of *offered* that concern *peer*, as far as is known by now, and that this node does not have."""
    theirs = concerning(work, peer, [one.content.header for one in offered])
    return [one for one in offered if one.content.header.subject in theirs and not is_written(work, one.content.header)]


def _own(work: UnitOfWork, peer: str, carried: Carried) -> Arrived:
    arrived = with_riders(carried, content_of(carried), leaf_hash(carried.data))
    head = arrived.content.header
    if head.node != work.head.node or head.epoch >= work.head.epoch or head.kind == EpochStarted.kind():
        raise Refusal(Code.FOREIGN_STREAM, node=head.node, peer=peer)
    return arrived


def concerning(work: UnitOfWork, peer: str, heads: Sequence[Header]) -> set[Subject]:
    """The subjects of *heads* that go down to *peer*: something about them is addressed there, or a party stands there."""
    place = work.place()
    found = {head.subject for head in heads if head.addressee == EVERYBODY_BELOW or place.branch(head.addressee) == peer}
    tickets = {head.subject.id: head.subject for head in heads if head.subject.kind == SubjectKind.TICKET.value}
    rows = work.readings.rows(set(tickets))
    # A ticket that is not here yet comes from the node whose division its number begins with.
    divisions = {node[:6] for node in place.superiors if place.branch(node) == peer}
    for id, subject in tickets.items():
        is_party = any(place.branch(one) == peer for one in rows[id].parties) if id in rows else id[:6] in divisions
        found |= {subject} if is_party or _is_sent_to(work, subject, peer) else set()
    return found


def _is_sent_to(work: UnitOfWork, subject: Subject, peer: str) -> bool:
    """
    True if an entry that is held here, of this node or above, gives or asks *peer*'s branch something about the ticket: with what it
    stands on lost, it has no effect yet, and made nobody a party.
    """
    place = work.place()
    heads = (one.header for one in work.journal.of_subject(subject))
    return any(place.branch(head.addressee) == peer and place.branch(head.node) != peer for head in heads)


def is_written(work: UnitOfWork, head: Header) -> bool:
    """True if its writer's journal, as it is held here, has the entry, wherever."""
    table = schema.entries
    same = (table.c.subject_id == head.subject.id, table.c.id == head.id, table.c.node == head.node)
    return work.connection.execute(select(table.c.taken).where(*same)).first() is not None


def note_told(work: UnitOfWork, node: str, place: Place, mirror: Mirror) -> None:
    """
    Write down that a subordinate holds another entry of *node* at *place* than this node, which is that node or stands below it, or one
    that it has not.  What of those above is written down goes on with this node's own greeting.
    """
    head = work.head
    if node != head.node and node not in head.line:
        return
    current = head.epoch if node == head.node else line_epochs.latest(work, node)
    spot = (node, place.epoch, place.seq)
    if place.epoch == current and work.journal.held([spot]).get(spot) != place.leaf:
        mirror.keep_incident(work, TOLD_BELOW, node, place.epoch, place.seq, place.leaf)
