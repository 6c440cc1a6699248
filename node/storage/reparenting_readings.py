"""
Readings of moves from one superior to another (FEDERATION 2.7), and what they do to the registry and to what is held whole.

Only the superior of both ends orders, confirms and names; only the former superior hands over; only the new one says that it
took the history.  Whoever says anything else is not believed, and a node that the move does not concern keeps nothing of it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, UnaryExpression, bindparam, select, update

from node.domain import reparenting as m
from node.domain.entry import Event, Header
from node.domain.merkle import Range, leaf_hash
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import instant, micros
from node.storage.statements import Prepared, insert_missing, update_of, upsert_many


def find(connection: Connection, *, move: str = "", node: str = "") -> m.Reparenting | None:
    """The move *move*, or the newest one of *node*; None if this node knows of none."""
    row = _BY_ID.record(connection, move=move) if move else _NEWEST.record(connection, node=node)
    return None if row is None else _value(row)


def listed(connection: Connection) -> list[m.Reparenting]:
    """Every move that this node knows of, the newest first."""
    return [_value(row) for row in _LISTED.records(connection)]


def _newest_first() -> tuple[UnaryExpression[Any], ...]:
    table = schema.reparentings
    return table.c.ordered_at.desc(), table.c.seq.desc()


_LISTED = Prepared(select(schema.reparentings).order_by(*_newest_first()))
_HAS_JOINED = Prepared(
    update(schema.reparentings)
    .where(
        schema.reparentings.c.node == bindparam("moved"),
        schema.reparentings.c.to_node == bindparam("superior"),
        schema.reparentings.c.stage != m.JOINED,
        schema.reparentings.c.stage != m.ABORTED,
    )
    .values(stage=m.JOINED)
)
_BY_ID = Prepared(select(schema.reparentings).where(schema.reparentings.c.id == bindparam("move")))
_NEWEST = Prepared(select(schema.reparentings).where(schema.reparentings.c.node == bindparam("node")).order_by(*_newest_first()).limit(1))


def actor_of(connection: Connection, move: str) -> tuple[str, str, str]:
    """Account, role and unit of who ordered it."""
    said = connection.execute(select(schema.reparentings.c.actor).where(schema.reparentings.c.id == move)).scalar_one()
    account, role, unit = said.split(",")
    return account, role, unit


def stream_name(node: str, epoch: int, size: int, root: bytes) -> str:
    """A stream and where it stands, as entries of a move say it."""
    return f"{node}/{epoch}/{size}/{root.hex()}"


def found_of(connection: Connection, stream: str) -> str:
    """The same stream as this node's entries give it, up to the size that is said: made anew from their bytes."""
    node, epoch, size, _ = parts_of(stream)
    leaves = [leaf_hash(content) for content in _contents(connection, node, epoch, size)]
    return stream_name(node, epoch, len(leaves), Range().extend(leaves).root())


def parts_of(stream: str) -> tuple[str, int, int, bytes]:
    """Node, epoch, size and root."""
    node, epoch, size, root = stream.split("/")
    return node, int(epoch), int(size), bytes.fromhex(root)


def note_joined(connection: Connection, node: str, superior: str) -> None:
    """The node has joined the superior that was named: its move is over."""
    _HAS_JOINED.run(connection, moved=node, superior=superior)


def _value(row: Row[Any]) -> m.Reparenting:
    return m.Reparenting(
        id=row.id,
        node=row.node,
        from_node=row.from_node,
        to_node=row.to_node,
        ordered_by=row.ordered_by,
        effective_at=instant(row.effective_at),
        escalations=row.escalations,
        stage=row.stage,
        streams=_split(row.streams),
        handed=_split(row.handed),
        is_forced=row.is_forced,
        fault=row.fault,
    )


def _split(said: str) -> tuple[str, ...]:
    return tuple(part for part in said.split(",") if part)


# --- folding ----------------------------------------------------------------------------------------------------------


def _ordered(connection: Connection, own: str, head: Header, event: m.ReparentingOrdered) -> bool:
    nodes = schema.nodes
    named = (event.node, event.from_node, event.to_node)
    above = {row.code: row.superior for row in connection.execute(select(nodes.c.code, nodes.c.superior).where(nodes.c.code.in_(named)))}
    if not above:
        return True  # of branches that nobody here knows
    ends = [above[end] for end in (event.from_node, event.to_node) if end in above]
    # A node that was lost and made anew hears of the move once more, when it is over.
    if any(superior != head.node for superior in ends) or above.get(event.node, "") not in ("", event.from_node, event.to_node):
        return False
    if not ends:
        return True
    # Of two levels' openers the higher one's holds: everybody has to know where both ends stand.
    insert_missing(connection, nodes, [_node(end, head.node) for end in (event.from_node, event.to_node)])
    row = {
        "id": event.move,
        "node": event.node,
        "from_node": event.from_node,
        "to_node": event.to_node,
        "ordered_by": head.node,
        "actor": f"{head.actor.account},{head.actor.role},{head.actor.unit}",
        "effective_at": micros(event.effective_at),
        "ordered_at": micros(head.recorded_at),
        "seq": head.seq,
        "escalations": event.escalations,
        "stage": m.ORDERED,
        "streams": "",
        "handed": "",
        "open": "",
        "is_forced": False,
        "fault": "",
    }
    insert_missing(connection, schema.reparentings, [row])
    _take_up(connection, own, head, event)
    return True


def _take_up(connection: Connection, own: str, head: Header, order: m.ReparentingOrdered) -> None:
    """
    Let the steps of a move count that came before its *order* did: whoever ordered it was restored from before that, and wrote
    it again when it was given back.
    """
    kinds = [event for event in WAYS if event is not m.ReparentingOrdered]
    for header, event in _earlier(connection, head, order.move, {order.node, order.from_node, order.to_node, head.node}, kinds):
        WAYS[type(event)](connection, own, header, event)


def _take_up_answer(connection: Connection, own: str, head: Header, confirmed: m.HandoverConfirmed, to_node: str) -> None:
    """So does what the new superior answered, if the confirmation that it answers was written again behind it: the same streams."""
    for header, event in _earlier(connection, head, confirmed.move, {to_node}, [m.HistoryTaken, m.HistoryRefused]):
        if isinstance(event, m.HistoryRefused) or event.streams == confirmed.streams:
            WAYS[type(event)](connection, own, header, event)


def _earlier(
    connection: Connection, head: Header, move: str, writers: Collection[str], kinds: Sequence[type[Event]]
) -> Iterator[tuple[Header, Any]]:
    """Entries about the nodes *writers* that tell steps *kinds* of *move* and were taken before the one of *head*, in order."""
    entries = schema.entries
    place = (entries.c.node == head.node, entries.c.epoch == head.epoch, entries.c.seq == head.seq)
    taken = select(entries.c.taken).where(*place).scalar_subquery()
    its = (entries.c.subject_id.in_(writers), entries.c.kind.in_([kind.kind() for kind in kinds]), entries.c.taken < taken)
    for content in connection.execute(select(entries.c.content).where(*its).order_by(entries.c.taken)).scalars().all():
        one = decode_content(bytes(content))
        if one.event is not None and getattr(one.event, "move", "") == move:
            yield one.header, one.event


def _acknowledged(connection: Connection, _own: str, head: Header, event: m.ReparentingAcknowledged) -> bool:
    return _step(connection, event.move, head, "node", {m.ORDERED: m.ACKNOWLEDGED})


def _handed_over(connection: Connection, own: str, head: Header, event: m.NodeHandedOver) -> bool:
    stages = {m.ORDERED: m.HANDED_OVER, m.ACKNOWLEDGED: m.HANDED_OVER}
    values = {"handed": ",".join(event.streams), "open": ",".join(event.open)}
    if not _step(connection, event.move, head, "from_node", stages, values):
        return False
    move = find(connection, move=event.move)
    if move is not None and move.stage == m.HANDED_OVER and own == head.node:
        _freeze(connection, event.node, move.to_node)
    return True


def _confirmed(connection: Connection, own: str, head: Header, event: m.HandoverConfirmed) -> bool:
    stages = {stage: m.CONFIRMED for stage in (m.ORDERED, m.ACKNOWLEDGED, m.HANDED_OVER)}
    values = {"streams": ",".join(event.streams), "is_forced": event.is_forced}
    if not _step(connection, event.move, head, "ordered_by", stages, values):
        return False
    move = find(connection, move=event.move)
    if move is not None and move.stage == m.CONFIRMED and own in (head.node, move.from_node):
        _freeze(connection, event.node, move.to_node)
    if move is not None and move.stage == m.CONFIRMED:
        _take_up_answer(connection, own, head, event, move.to_node)
    return True


def _taken(connection: Connection, _own: str, head: Header, event: m.HistoryTaken) -> bool:
    return _step(connection, event.move, head, "to_node", {m.CONFIRMED: m.TAKEN})


def _refused(connection: Connection, _own: str, head: Header, event: m.HistoryRefused) -> bool:
    return _step(connection, event.move, head, "to_node", {m.CONFIRMED: m.REFUSED}, {"fault": event.fault})


def _reparented(connection: Connection, own: str, head: Header, event: m.NodeReparented) -> bool:
    stages = {stage: m.REPARENTED for stage in (m.ORDERED, m.ACKNOWLEDGED, m.HANDED_OVER, m.CONFIRMED, m.TAKEN, m.REFUSED)}
    if not _step(connection, event.move, head, "ordered_by", stages):
        return False
    move = find(connection, move=event.move)
    # Of a move that is over it may come late: whoever was restored has its own word that the node joined back before.
    if move is None or not (move.stage == m.REPARENTED or (move.stage == m.JOINED and not _has_left(connection, move))):
        return True
    if move.node == own:
        # It begins the epoch itself, where its new superior admits it; by its operator's word it may have joined before.
        above = connection.execute(select(schema.nodes.c.superior).where(schema.nodes.c.code == own)).scalar()
        if above == move.to_node:
            note_joined(connection, own, move.to_node)
        return True
    _put_below(connection, move.node, move.from_node, move.to_node)
    if own == move.from_node:
        for node in _branch(connection, move.node):
            # Never sent up from here again: whoever is above gets it by the new superior.
            connection.execute(update(schema.entries).where(schema.entries.c.node == node).values(from_above=True))
        return True
    if own == move.to_node:
        for stream in event.streams:
            _adopt(connection, *parts_of(stream)[:3])
    streams = schema.streams
    former = (streams.c.node == move.node, streams.c.epoch == event.previous)
    if connection.execute(update(streams).where(*former).values(kept=event.kept_size)).rowcount:
        row = {"node": move.node, "epoch": event.epoch, "size": 0, "peaks": Range().to_bytes()}
        insert_missing(connection, streams, [row])
    return True


def _aborted(connection: Connection, _own: str, head: Header, event: m.ReparentingAborted) -> bool:
    stages = {stage: m.ABORTED for stage in (m.ORDERED, m.ACKNOWLEDGED, m.HANDED_OVER, m.CONFIRMED, m.TAKEN, m.REFUSED)}
    if not _step(connection, event.move, head, "ordered_by", stages):
        return False
    move = find(connection, move=event.move)
    if move is not None and move.stage == m.ABORTED:
        _freeze(connection, event.node, "")
    return True


def _step(connection: Connection, move: str, head: Header, says: str, stages: dict[str, str], values: dict[str, Any] | None = None) -> bool:
    """Let the move go from one of *stages* on, if the writer is its *says*; False if he is not.  What comes late changes nothing."""
    row = _BY_ID.record(connection, move=move)
    if row is None:
        return True
    if getattr(row, says) != head.node:
        return False
    if row.stage in stages:
        update_of(connection, schema.reparentings, {"stage": stages[row.stage], **(values or {})}, id=move)
    return True


def _freeze(connection: Connection, node: str, to_node: str) -> None:
    connection.execute(update(schema.nodes).where(schema.nodes.c.code == node).values(leaving=to_node))


def _node(code: str, superior: str) -> dict[str, str]:
    return {"code": code, "superior": superior, "name": "", "status": "active", "fingerprint": ""}


def _put_below(connection: Connection, node: str, former: str, superior: str) -> None:
    """*node* stands below *superior* now, and has left *former*."""
    nodes = schema.nodes
    insert_missing(connection, nodes, [_node(node, superior)])
    said = connection.execute(select(nodes.c.former).where(nodes.c.code == node)).scalar_one()
    left = dict.fromkeys(one for one in (*_split(said), former) if one != superior)
    values = {"superior": superior, "former": ",".join(left), "leaving": ""}
    connection.execute(update(nodes).where(nodes.c.code == node).values(**values))


def _has_left(connection: Connection, move: m.Reparenting) -> bool:
    said = connection.execute(select(schema.nodes.c.former).where(schema.nodes.c.code == move.node)).scalar()
    return said is not None and move.from_node in _split(said)


def _branch(connection: Connection, node: str) -> list[str]:
    """*node* and all that stand below it."""
    nodes = schema.nodes
    above = {row.code: row.superior for row in connection.execute(select(nodes.c.code, nodes.c.superior))}
    found = [node]
    for one in found:
        found += [code for code, superior in above.items() if superior == one and code not in found]
    return found


def _adopt(connection: Connection, node: str, epoch: int, size: int) -> None:
    """
    Hold a stream whole from here on that came down entry by entry.  Those above have it; one that was restored from before it did
    gets it from here, and from nobody else.
    """
    entries = schema.entries
    its = (entries.c.node == node, entries.c.epoch == epoch, entries.c.seq <= size)
    leaves: Sequence[bytes] = connection.execute(select(entries.c.leaf).where(*its).order_by(entries.c.seq)).scalars().all()
    progress = Range().extend([bytes(leaf) for leaf in leaves])
    row = {"node": node, "epoch": epoch, "size": progress.size, "peaks": progress.to_bytes()}
    upsert_many(connection, schema.streams, [row])
    connection.execute(update(entries).where(*its).values(from_above=False))


def _contents(connection: Connection, node: str, epoch: int, size: int) -> list[bytes]:
    entries = schema.entries
    its = (entries.c.node == node, entries.c.epoch == epoch, entries.c.seq <= size)
    return [bytes(one) for one in connection.execute(select(entries.c.content).where(*its).order_by(entries.c.seq)).scalars()]


WAYS: dict[type[Event], Callable[[Connection, str, Header, Any], bool]] = {
    m.ReparentingOrdered: _ordered,
    m.ReparentingAcknowledged: _acknowledged,
    m.NodeHandedOver: _handed_over,
    m.HandoverConfirmed: _confirmed,
    m.HistoryTaken: _taken,
    m.HistoryRefused: _refused,
    m.NodeReparented: _reparented,
    m.ReparentingAborted: _aborted,
}
