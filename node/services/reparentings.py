"""
Moves from one superior to another, as a node sees them: what a step needs to know, what has to go down with a node's history,
whom it takes from now, and what people are told.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy import or_, select

from node.domain import reparenting as m
from node.domain.command import Order
from node.domain.entry import SubjectKind
from node.domain.policy import Policy
from node.domain.ticket.ticket import Ticket
from node.storage import lane, schema
from node.storage import reparenting_readings as readings
from node.storage.codec import decode_content
from node.storage.unit_of_work import UnitOfWork, View

# What a link's line says of a node that stands below another superior now.
LEFT = "left"
# Of these subjects a node's history tells nothing to others: itself, and rounds, whose time to be revealed may not have come.
_OWN_ONLY = (SubjectKind.NODE.value, SubjectKind.ROUND.value)


def standing_fact(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> m.Standing:
    """What the step of *order* needs of this node."""
    command = order.command
    move = readings.find(work.connection, move=getattr(command, "move", ""), node=getattr(command, "node", ""))
    node = move.node if move is not None and not hasattr(command, "node") else str(getattr(command, "node", ""))
    nodes, links = schema.nodes, schema.links
    row = work.connection.execute(select(nodes.c.superior, nodes.c.status).where(nodes.c.code == node)).first()
    link = work.connection.execute(select(links).where(links.c.peer == node, links.c.side == "subordinate")).first()
    branch = branch_of(work, node)
    epoch = work.journal.current_epochs({node}).get(node, 0)
    current = work.journal.position(node, epoch)
    said = move.streams if isinstance(command, m.TakeHistory) and move is not None else ()
    found = tuple(readings.found_of(work.connection, one) for one in said)
    return m.Standing(
        reparenting=move,
        superior=row.superior if row is not None else "",
        status=row.status if row is not None else "",
        streams=tuple(
            readings.stream_name(one.node, one.epoch, one.size, one.root) for one in work.journal.positions() if one.node in branch
        ),
        current=(epoch, current.size, current.root.hex()),
        open=tuple(f"{one.id}#{one.custody.number}" for one in open_escalations(work, branch, policy.node)),
        down=(link.down_epoch, link.down_size, link.down_acked) if link is not None else (0, 0, 0),
        found=found,
        is_partial=any(readings.parts_of(one)[2] < readings.parts_of(whole)[2] for one, whole in zip(found, said, strict=True)),
        fresh_id=order.id,
    )


def branch_of(work: UnitOfWork | View, node: str) -> frozenset[str]:
    """*node* and all that stand below it, as this node knows the tree."""
    superiors = work.place().superiors
    found = [node]
    for one in found:
        found += [code for code, above in superiors.items() if above == one and code not in found]
    return frozenset(found)


def open_escalations(work: UnitOfWork | View, branch: Collection[str], at: str) -> list[Ticket]:
    """Tickets of *branch* that *at* was asked to take, or has taken, and has not given back."""
    table = schema.tickets
    its = or_(table.c.holder == at, table.c.asked == at)
    found = []
    for ticket_id in work.connection.execute(select(table.c.id).where(its).order_by(table.c.id)).scalars():
        # One of which an entry cannot be read stays where it is: it must not keep the node from moving.
        is_aside = lane.is_set_aside(work.connection, ticket_id)
        ticket = None if is_aside else work.readings.readable(ticket_id)
        if ticket is not None and any(
            hop.is_active and not hop.is_down and hop.from_node in branch and hop.to_node == at for hop in ticket.escalations
        ):
            found.append(ticket)
    return found


def history_of(work: UnitOfWork, branch: Collection[str], *, with_own: bool, also: Collection[str] = ()) -> list[tuple[int, bytes]]:
    """
    What is held here of and about the nodes of *branch*, as (taken, leaf) in the order in which it was taken.

    Their own entries (*with_own*); whatever others wrote about the tickets and dossiers that they had a part in; and what those
    of *also* addressed to them.
    """
    entries, tickets = schema.entries, schema.tickets
    others = entries.alias()
    wrote = select(others.c.subject_id).where(others.c.node.in_(sorted(branch)), others.c.subject_kind.not_in(_OWN_ONLY))
    has_part = select(tickets.c.id).where(or_(*(tickets.c.parties.contains(f",{one},", autoescape=True) for one in sorted(branch))))
    is_own = entries.c.node.in_(sorted(branch))
    about = (~is_own, entries.c.subject_kind.not_in(_OWN_ONLY), or_(entries.c.subject_id.in_(wrote), entries.c.subject_id.in_(has_part)))
    found = {row.taken: bytes(row.leaf) for row in work.connection.execute(select(entries.c.taken, entries.c.leaf).where(*about))}
    if with_own:
        found |= {row.taken: bytes(row.leaf) for row in work.connection.execute(select(entries.c.taken, entries.c.leaf).where(is_own))}
    said = select(entries.c.taken, entries.c.leaf, entries.c.content).where(entries.c.node.in_(sorted(set(also) - set(branch))))
    codes = [node.encode() for node in branch]
    for row in work.connection.execute(said):
        content = bytes(row.content)
        # Read only where a code of theirs stands in the bytes at all.
        if row.taken not in found and any(code in content for code in codes) and _speaks_to(content, branch):
            found[row.taken] = bytes(row.leaf)
    return sorted(found.items())


def left_with(work: UnitOfWork, branch: Collection[str], at: str) -> list[tuple[int, bytes]]:
    """
    What the nodes of *branch* wrote about tickets and dossiers in which *at* has a part, as it is held here: (taken, leaf) in the
    order in which it was taken.
    """
    entries, tickets = schema.entries, schema.tickets
    others = entries.alias()
    wrote = select(others.c.subject_id).where(others.c.node == at, others.c.subject_kind.not_in(_OWN_ONLY))
    has_part = select(tickets.c.id).where(tickets.c.parties.contains(f",{at},", autoescape=True))
    its = (
        entries.c.node.in_(sorted(branch)),
        entries.c.subject_kind.not_in(_OWN_ONLY),
        or_(entries.c.subject_id.in_(wrote), entries.c.subject_id.in_(has_part)),
    )
    rows = work.connection.execute(select(entries.c.taken, entries.c.leaf).where(*its).order_by(entries.c.taken))
    return [(row.taken, bytes(row.leaf)) for row in rows]


def _speaks_to(content: bytes, branch: Collection[str]) -> bool:
    read = decode_content(content)
    if read.header.addressee in branch:
        return True
    is_move = isinstance(read.event, m.ReparentingOrdered | m.HandoverConfirmed | m.NodeReparented)
    return is_move and getattr(read.event, "node", "") in branch


def accepts(view: View, node: str) -> int | None:
    """
    The epoch of which this node would take entries from *node* itself just now; None if it takes nothing of it.

    Invariant I23: at no time is that the same of two nodes.
    """
    nodes, links = schema.nodes, schema.links
    its = (nodes.c.code == node, nodes.c.superior == view.head.node, nodes.c.status == "active", nodes.c.leaving == "")
    link = (links.c.peer == node, links.c.side == "subordinate", links.c.status == "active")
    if view.connection.execute(select(nodes.c.code).join(links, links.c.peer == nodes.c.code).where(*its, *link)).first() is None:
        return None
    return view.journal.current_epochs({node}).get(node, 1)


# --- what people are told ---------------------------------------------------------------------------------------------

# By stage: the code's last word at the node that moves, its former superior, its new one and the common one; colour by code.
_SAID: Mapping[str, tuple[str, str, str, str]] = {
    m.ORDERED: ("ordered_self", "ordered_from", "ordered_to", "ordered_above"),
    m.ACKNOWLEDGED: ("acknowledged_self", "acknowledged_from", "ordered_to", "acknowledged_above"),
    m.HANDED_OVER: ("handed_self", "handed_from", "handed_to", "handed_above"),
    m.CONFIRMED: ("handed_self", "handed_from", "confirmed_to", "confirmed_above"),
    m.TAKEN: ("handed_self", "handed_from", "taken_to", "taken_above"),
    m.REFUSED: ("handed_self", "handed_from", "refused_to", "refused_above"),
    m.REPARENTED: ("named_self", "named_from", "named_to", "named_above"),
    m.JOINED: ("joined_self", "named_from", "joined_to", "joined_above"),
}
RED_WORDS = frozenset({"refused_to", "refused_above", "differs_above", "named_self"})
NOTE_WORDS = frozenset({"joined_self", "joined_to", "joined_above", "named_from"})


def told(view: View) -> Iterator[tuple[str, dict[str, str]]]:
    """What this node's operator is told of every move that concerns it: the situation's word, and its facts."""
    own = view.head.node
    for move in readings.listed(view.connection):
        ends = (move.node, move.from_node, move.to_node, move.ordered_by)
        if own not in ends or move.stage == m.ABORTED:
            continue
        word = _SAID[move.stage][ends.index(own)]
        if own == move.ordered_by and move.stage == m.HANDED_OVER and not _is_held(view, move):
            word = "differs_above"
        yield (
            word,
            {
                "node": move.node,
                "former": move.from_node,
                "superior": move.to_node,
                "common": move.ordered_by,
                "stream": move.fault,
            },
        )


def _is_held(view: View, move: m.Reparenting) -> bool:
    branch = branch_of(view, move.node)
    held = {readings.stream_name(one.node, one.epoch, one.size, one.root) for one in view.journal.positions() if one.node in branch}
    return held == set(move.handed)
