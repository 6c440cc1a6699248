"""
A node leaves its superior for another (FEDERATION 2.7): the operator's three decisions, and the steps that follow by themselves.

==============  =====================================================  ==========================================================
who             journals                                               once
==============  =====================================================  ==========================================================
province        ReparentingOrdered (goes down to everybody)            its operator says so
node            ReparentingAcknowledged                                it heard of it
city A          NodeHandedOver; takes nothing more of the node         that came, so all before it did; the effective time is there
province        HandoverConfirmed, behind the history, down to B       its own mirror is what A handed over
city B          HistoryTaken or HistoryRefused                         it has made the roots anew from the bytes that came down
province        NodeReparented: B is the superior, in epoch+1          B has the history
node            EpochStarted at B; what A never took comes again       its operator joined B by B's invitation
==============  =====================================================  ==========================================================

B takes the history from the province and not from the node: the province holds those entries already, under the root that A
handed over, and needs nothing from either end for it; a node that shows B another past is then a fork like any other, and B
never has to hold what is not proved.  From then on B brings it like anything of its own: a province that is restored from before
the move gets it back from there, and one that was restored between its confirmation and the history's way down sends that once
more; B waits until all of it is there.  A's word is its own journal entry, which the province mirrors under A's root.

Behind NodeReparented A gets from the province, too, what the node wrote about all in which A has a part.  A took that from the node
itself; but if A is restored from before, nothing else would bring it, and what was asked of A is still A's to answer.

**Who is in charge.**  A, until the province's NodeReparented; B from there on.  The steps are single transactions, each
follows from what the journals hold, and each is looked for again by ``advance``: a process that dies anywhere goes on from there.
What the node writes meanwhile it keeps; what A had not taken is written again in the new epoch with the same entry ids.

**Where A, or the node, does not answer**, the province's operator may decide with what it holds (``decide``), from the
effective time on.  Nothing is lost by it: what the province has not heard of the node comes again from the node itself.  From that
entry on the province passes by what A still brings of the node.  A that never heard of it may go on taking epoch e, of which
B takes nothing (I23).
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from node.domain import reparenting as m
from node.domain.command import Command, Order
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.identifier import uuid5_of, uuid7
from node.domain.organisation import Role
from node.domain.payload import SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.custody import OverrideCustody
from node.services.handle import Handler
from node.services.reparentings import branch_of, history_of, left_with, open_escalations
from node.storage import reparenting_readings as readings
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Stored
from node.storage.unit_of_work import Store, UnitOfWork, View
from node.storage.writer import Writer

if TYPE_CHECKING:
    from federation.level import Level

log = structlog.get_logger()

ACTOR = Actor("reaction", Role.NODE.value)
# The node itself is not able just now, or the database is busy: looked at again.
UNABLE = frozenset({Code.CLOCK_BEHIND, Code.BUSY, Code.STORAGE_FULL, Code.NODE_HELD})


# --- what the common superior's operator decides ----------------------------------------------------------------------


def order(
    level: "Level",
    node: str,
    to_node: str,
    reason: str,
    actor: Actor,
    *,
    escalations: str = m.STAY,
    effective_at: datetime | None = None,
) -> str:
    """
    Order that *node* leaves its superior for *to_node*, and return the id of the move.

    Raises:
        Refusal: PERMISSION_DENIED, FIELD_REQUIRED, VALUE_NOT_OFFERED, NODE_UNKNOWN, NODE_REVOKED, NOT_SUBORDINATE, ALREADY_EXISTS,
            REPARENTING_OPEN.
    """
    return _ordered(level, m.OrderReparenting(node, to_node, escalations, effective_at, Text(reason)), actor)


def decide(level: "Level", node: str, reason: str, actor: Actor) -> None:
    """
    Go on with what this node holds of *node*: its former superior, or the node, does not answer.  A no-op once that is confirmed.

    Raises:
        Refusal: PERMISSION_DENIED, FIELD_REQUIRED, REPARENTING_UNKNOWN, REPARENTING_OVER, REPARENTING_TOO_EARLY.
    """
    _ordered(level, m.DecideReparenting(node, Text(reason)), actor)


def abort(level: "Level", node: str, reason: str, actor: Actor) -> None:
    """
    Call the move of *node* off: its superior goes on as before.

    Raises:
        Refusal: PERMISSION_DENIED, FIELD_REQUIRED, REPARENTING_UNKNOWN, REPARENTING_OVER (the new superior is in charge).
    """
    _ordered(level, m.AbortReparenting(node, Text(reason)), actor)


def _ordered(level: "Level", command: m.OrderReparenting | m.DecideReparenting | m.AbortReparenting, actor: Actor) -> str:
    def carry_out(work: UnitOfWork) -> str:
        order_id = uuid7(level.now(), work.payloads.random)
        if isinstance(command, m.DecideReparenting):
            move = readings.find(work.connection, node=command.node)
            if move is not None and move.ordered_by == work.head.node and move.is_open:
                _send_history(work, move)
        level.handler.carry_out(work, Order(order_id, actor, work.head.node, command))
        return order_id

    return level.writer.command(carry_out)


# --- what follows by itself -------------------------------------------------------------------------------------------


class _NotYet(Exception):
    """No error: how a step that does not follow yet leaves everything as it was."""


def advance(store: Store, writer: Writer, handler: Handler) -> int:
    """
    Do every step that follows at this node from what it holds by now, and return how many it did.

    Raises:
        Refusal: what a step stumbled over for good, when every other move has gone as far as it can.
    """
    count = 0
    while True:
        stumbled: Refusal | None = None
        with store.read() as view:
            due = _due(view, handler.now())
            owed = [move for move in readings.listed(view.connection) if _owes_history(view, move)]
        for move in owed:
            writer.command(partial(_send_history, move=move))
        done = 0
        for move, make in due:
            try:
                done += _do(writer, handler, move, make)
            except Refusal as refusal:
                log.warning("reparenting stumbles", move=move.id, node=move.node, code=refusal.code.name)
                stumbled = stumbled or refusal
        if not done:
            if stumbled is not None:
                raise stumbled
            return count
        count += done


Make = Callable[[str], Command]


def _due(view: View, now: datetime) -> list[tuple[m.Reparenting, Make]]:
    """The next step of each move that this node has to make."""
    own = view.head.node
    found: list[tuple[m.Reparenting, Make]] = []
    for move in readings.listed(view.connection):
        make: Make | None = None
        match move.stage:
            case m.ORDERED if own == move.node:
                make = m.AcknowledgeReparenting
            case m.ACKNOWLEDGED if own == move.from_node and now >= move.effective_at:
                make = m.HandOver
            case m.HANDED_OVER if own == move.ordered_by:
                make = m.ConfirmHandover
            case m.CONFIRMED if own == move.to_node:
                make = m.TakeHistory
            case m.TAKEN if own == move.ordered_by:
                make = m.NameSuperior
        if make is not None:
            found.append((move, make))
    return found


def _do(writer: Writer, handler: Handler, move: m.Reparenting, make: Make) -> bool:
    def carry_out(work: UnitOfWork) -> None:
        command = make(move.id)
        if isinstance(command, m.ConfirmHandover | m.NameSuperior):
            _send_history(work, move)
        still_open = _escalations(work, move) if isinstance(command, m.NameSuperior) else []
        order_id = uuid5_of(move.id, type(command).__name__)
        if not handler.carry_out(work, Order(order_id, ACTOR, work.head.node, command)).entries:
            raise _NotYet
        if isinstance(command, m.NameSuperior):
            _send_what_is_left(work, move)
        for ticket, back_to in still_open:
            _give_back(work, handler, move, ticket, back_to)

    try:
        writer.command(carry_out)
    except _NotYet:
        return False
    except Refusal as refusal:
        if refusal.code not in UNABLE:
            raise
        log.warning("reparenting waits", move=move.id, node=move.node, code=refusal.code.name)
        return False
    return True


def _send_history(work: UnitOfWork, move: m.Reparenting) -> None:
    """Owe the new superior whatever is held of the node and about it, as far as it has not gone there before."""
    also = (work.head.node, *work.head.line, move.from_node)
    work.send_down(move.to_node, history_of(work, branch_of(work, move.node), with_own=True, also=also))


def _send_what_is_left(work: UnitOfWork, move: m.Reparenting) -> None:
    """
    Owe the former superior what the moved nodes wrote about all in which it has a part, behind the word that names another one.

    It took that from them itself, and there it is a no-op.  Restored from before, it takes nothing of them any more, and yet has to
    answer what was asked of it.
    """
    work.send_down(move.from_node, left_with(work, branch_of(work, move.node), move.from_node))


def send_what_concerns_the_moved(work: UnitOfWork, came_back: Iterable[Stored]) -> None:
    """
    Owe the new superior of each node whose move is told of by own entries that *came_back* all that is held about that node.

    This node was restored from before the move.  What was written and taken here until it heard of it again went down to the former
    superior, and nothing else would take it to the new one.
    """
    moves = {
        getattr(one.content.event, "move", "")
        for one in came_back
        if isinstance(one.content.event, m.ReparentingOrdered | m.NodeReparented)
    }
    for id in sorted(moves):
        move = readings.find(work.connection, move=id)
        if move is not None and move.ordered_by == work.head.node and move.stage in (m.REPARENTED, m.JOINED):
            _send_history(work, move)
            _send_what_is_left(work, move)


def _owes_history(view: View, move: m.Reparenting) -> bool:
    """
    True if what was confirmed here is held here, and never went to the new superior: this node was restored from before it sent
    that, and got its own confirmation back.
    """
    if move.ordered_by != view.head.node or move.stage != m.CONFIRMED:
        return False
    entries, down, links = schema.entries, schema.down, schema.links
    for stream in move.streams:
        node, epoch, size, _ = readings.parts_of(stream)
        last = select(entries.c.taken).where(entries.c.node == node, entries.c.epoch == epoch, entries.c.seq == size).scalar_subquery()
        sent = select(down.c.taken).where(down.c.link == links.c.peer, down.c.epoch == links.c.down_epoch, down.c.taken == last)
        its = (links.c.peer == move.to_node, links.c.side == "subordinate", last.is_not(None), ~sent.exists())
        if view.connection.execute(select(links.c.peer).where(*its)).first() is not None:
            return True
    return False


def _escalations(work: UnitOfWork, move: m.Reparenting) -> list[tuple[str, str]]:
    """Tickets whose escalation does not stay with the former superior, and who had asked it."""
    if move.escalations != m.MOVE:
        return []
    branch: Collection[str] = branch_of(work, move.node)
    return [
        (ticket.id, next(hop.from_node for hop in ticket.escalations if hop.is_active and hop.from_node in branch))
        for ticket in open_escalations(work, branch, move.from_node)
    ]


def _give_back(work: UnitOfWork, handler: Handler, move: m.Reparenting, ticket: str, back_to: str) -> None:
    """The level above both ends gives custody back to who asked; what cannot be given back stays where it is until it is done."""
    account, role, unit = readings.actor_of(work.connection, move.id)
    command = OverrideCustody(back_to, Text(_reason(work, move)))
    try:
        handler.carry_out(work, Order(uuid5_of(move.id, ticket), Actor(account, role, unit), ticket, command))
    except Refusal as refusal:
        if refusal.code in UNABLE:
            raise
        log.warning("escalation stays", move=move.id, ticket=ticket, code=refusal.code.name)


def _reason(work: UnitOfWork, move: m.Reparenting) -> str:
    """Why the move was ordered, in the operator's own words; where they cannot be read here, the move's number, which leads to them."""
    entries, subject = schema.entries, Subject(SubjectKind.NODE.value, move.ordered_by)
    its = (entries.c.node == move.ordered_by, entries.c.kind == m.ReparentingOrdered.kind())
    for taken, content in work.connection.execute(select(entries.c.taken, entries.c.content).where(*its)).all():
        event = decode_content(bytes(content)).event
        if isinstance(event, m.ReparentingOrdered) and event.move == move.id and isinstance(event.reason, SealedRef):
            return work.payloads.open_all(subject, {"reason": event.reason}, [taken]).get("reason", move.id)
    return move.id


# --- the ends of the link ---------------------------------------------------------------------------------------------


def check_admission(work: UnitOfWork, node: str, former: str) -> None:
    """
    Need this node to be the one that may certify *node*, which stands below *former* until now, or below nobody ("").

    Raises:
        Refusal: REPARENTING_OPEN, on its way here and not named yet, as far as is known here; REPARENTED, named elsewhere.
    """
    move = readings.find(work.connection, node=node)
    if move is None or move.stage == m.ABORTED:
        if former:
            raise Refusal(Code.REPARENTING_OPEN, node=node)
        return
    if move.is_open and move.to_node == work.head.node:
        raise Refusal(Code.REPARENTING_OPEN, node=node)
    if not move.is_open and move.from_node == work.head.node:
        raise Refusal(Code.REPARENTED, node=node, superior=move.to_node)


def send_what_concerns(work: UnitOfWork, node: str, *, is_new: bool) -> None:
    """
    Owe a node that has just come from another superior all that is held about it, once; what it has already is a no-op there.

    So too whom this node knew and had no link with (*is_new*): restored from before it let that in, it went on taking what concerns
    the node from above, and owed it nothing.
    """
    move = readings.find(work.connection, node=node)
    moves = [move] if move is not None and move.to_node == work.head.node else []
    if not is_new and all(one.stage != m.REPARENTED for one in moves):
        return
    also = (work.head.node, *work.head.line, *(one.from_node for one in moves))
    work.send_down(node, history_of(work, branch_of(work, node), with_own=False, also=also))


def send_what_concerns_the_admitted(work: UnitOfWork, node: str) -> None:
    """Owe a node whose admission was written again all that is held about it, as far as it has not gone there before."""
    work.send_down(node, history_of(work, branch_of(work, node), with_own=False, also=(work.head.node, *work.head.line)))


def need_to_stay(work: UnitOfWork, node: str) -> None:
    """
    Need *node* not to be on its way to another superior: until that is over, only the common superior lets it begin an epoch.

    Raises:
        Refusal: REPARENTING_OPEN.
    """
    move = readings.find(work.connection, node=node)
    if move is not None and move.is_open:
        raise Refusal(Code.REPARENTING_OPEN, node=node)
