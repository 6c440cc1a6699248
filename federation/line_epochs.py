"""
In which epochs a node's superiors are, as the one above it says when it is greeted (FEDERATION 2.3 no. 11).

A superior that was restored without its guard file tells two histories, until its operator begins a new epoch: from then on its
own word holds in all before it, and whoever holds something else gives way.  Its direct subordinates hear of the epoch in its own
greeting.  Whoever stands further below would hear of it by its entries alone, and of those only what concerns him comes down,
perhaps never, or behind more than a batch of others.  So each level says in its greeting what it has heard of those above it.

Durable is the highest epoch that was ever said of each: an old copy in the line takes nothing back.
"""

from collections.abc import Mapping

from sqlalchemy import select

from federation.v1 import link_pb2
from node.storage import schema
from node.storage.statements import Prepared, upsert_many
from node.storage.unit_of_work import UnitOfWork, View

_HEARD = Prepared(select(schema.line_epochs.c.node, schema.line_epochs.c.epoch))

_SUPERSEDED = Prepared(select(schema.line_epochs.c.node, schema.line_epochs.c.taken).where(schema.line_epochs.c.taken > 0))


def said_in(answer: link_pb2.HelloResponse) -> Mapping[str, int]:
    """The epochs that a superior's answer tells of, by node: its own, and those above it that it knows."""
    own = {answer.line[0]: answer.epoch} if answer.line else {}
    of_line = zip(answer.line, answer.line_epochs, strict=False)  # an older program says none
    return {node: epoch for node, epoch in (own | dict(of_line)).items() if epoch}


def heard(view: View | UnitOfWork) -> dict[str, int]:
    """The highest epoch that was said of each superior."""
    return dict(_HEARD.rows(view.connection))


def latest(view: View | UnitOfWork, node: str) -> int:
    """The latest epoch of the superior *node* that was told or of which an entry is here; 0 for one of which nothing is known."""
    return max(heard(view).get(node, 0), view.journal.last_epoch(node))


def note(work: UnitOfWork, said: Mapping[str, int]) -> None:
    """Keep what was *said*, where it is higher than what was heard before."""
    before = heard(work)
    rows = [
        {"node": node, "epoch": epoch, "taken": work.head.taken if node in before else 0}
        for node, epoch in said.items()
        if epoch > before.get(node, 0)
    ]
    upsert_many(work.connection, schema.line_epochs, rows)


def superseded(work: UnitOfWork) -> int:
    """
    What was taken from above up to here (``taken``) came before a superior began the epoch in which it is now; 0 if none did.

    It had told another history, and what it says now holds, of others' streams, too: they may have been restored in the same night.
    """
    return max((taken for node, taken in _SUPERSEDED.rows(work.connection) if node in work.head.line), default=0)


def to_say(work: UnitOfWork) -> list[int]:
    """
    This node's epoch and those of its superiors, in the order of its line, as it was told or has entries of; 0 for one of which it knows
    nothing.
    """
    return [work.head.epoch, *(latest(work, node) for node in work.head.line)]
