"""
What somebody above the superior wrote, sent down and lost, on its way back to it (FEDERATION 2.3 no. 11, over more than one level).

Where two levels were restored in one night, only a node two levels below may hold what the upper one said to it.  The level between
takes no word of that for true: it keeps the entries as they came, outside its journal, and gives them on when it greets.  Only whoever
wrote them takes them back, in its new epoch, and from there they come down like anything else.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, bindparam, delete, select, tuple_

from federation import line_epochs
from federation.arriving import content_of
from federation.codec import Carried, Place, entry_from_pb, entry_to_pb
from federation.taking_back import concerning, is_written
from node.domain.merkle import leaf_hash
from node.domain.refusal import Code, Refusal
from node.domain.registry import EpochStarted
from node.storage import schema
from node.storage.codec import Content
from node.storage.statements import Prepared, insert_missing
from node.storage.unit_of_work import UnitOfWork, View
from node.v1 import entry_pb2

FEATURE = "give-back-line"

_relayed = schema.relayed.c
_WAITING = Prepared(
    select(_relayed.epoch, _relayed.seq, _relayed.leaf).where(_relayed.node == bindparam("node")).order_by(_relayed.epoch, _relayed.seq)
)


def need_above(view: View | UnitOfWork, node: str, peer: str) -> None:
    """
    Need *node*, of which *peer* gives something back, to stand above this one.

    Raises:
        Refusal: FOREIGN_STREAM.
    """
    if node not in view.head.line:
        raise Refusal(Code.FOREIGN_STREAM, node=node, peer=peer)


def unknown(view: View | UnitOfWork, node: str, places: Sequence[Place]) -> list[Place]:
    """Those of *places* of *node* of which this node holds nothing, or something else, and has nothing to pass on."""
    held = view.journal.held([(node, one.epoch, one.seq) for one in places])
    kept = set(waiting(view, node))
    return [one for one in places if held.get((node, one.epoch, one.seq)) != one.leaf and one not in kept]


def keep(work: UnitOfWork, peer: str, node: str, entries: Iterable[Carried]) -> int:
    """
    Keep *entries* of *node* that *peer* gave back, those that this node does not have in any epoch; gives how many.

    Raises:
        Refusal: FOREIGN_STREAM (not *node*'s, or of its current epoch), MALFORMED_ENTRY.
    """
    current = line_epochs.latest(work, node)
    read = [(carried, content_of(carried)) for carried in entries]
    for _, content in read:
        head = content.header
        if head.node != node or head.epoch >= current or head.kind == EpochStarted.kind():
            raise Refusal(Code.FOREIGN_STREAM, node=head.node, peer=peer)
    theirs = concerning(work, peer, [content.header for _, content in read])
    rows = [
        _row(carried, content) for carried, content in read if content.header.subject in theirs and not is_written(work, content.header)
    ]
    insert_missing(work.connection, schema.relayed, rows)
    return len(rows)


def waiting(view: View | UnitOfWork, node: str) -> list[Place]:
    """What of *node* is to be passed on, in its order."""
    return [Place(epoch, seq, bytes(leaf)) for epoch, seq, leaf in _WAITING.rows(view.connection, node=node)]


def read(view: View | UnitOfWork, node: str, places: Sequence[Place]) -> list[Carried]:
    """The kept entries of *node* under *places*, in their order."""
    table = schema.relayed
    its = (table.c.node == node, _at(places))
    rows = view.connection.execute(select(table.c.entry).where(*its).order_by(table.c.epoch, table.c.seq)).scalars()
    return [entry_from_pb(entry_pb2.Entry.FromString(bytes(row))) for row in rows]


def forget(work: UnitOfWork, node: str, places: Iterable[Place]) -> None:
    """*places* of *node* were given on."""
    table = schema.relayed
    work.connection.execute(delete(table).where(table.c.node == node, _at(places)))


def _at(places: Iterable[Place]) -> ColumnElement[bool]:
    table = schema.relayed
    return tuple_(table.c.epoch, table.c.seq, table.c.leaf).in_([(one.epoch, one.seq, one.leaf) for one in places])


def _row(carried: Carried, content: Content) -> dict[str, object]:
    head = content.header
    return {
        "node": head.node,
        "epoch": head.epoch,
        "seq": head.seq,
        "leaf": leaf_hash(carried.data),
        "entry": entry_to_pb(carried).SerializeToString(),
    }
