"""
Tickets that were set aside because an entry of theirs cannot be read here, and what an operator does about them (FEDERATION 2.3 no. 15).

Each act is an entry of this node's journal, with who and why, and takes effect by being folded: a rebuild comes to the same.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from node.domain.command import Order
from node.domain.entry import Actor
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import HandleLane
from node.services.handle import Handler, Outcome
from node.storage import lane, schema
from node.storage.database import instant
from node.storage.unit_of_work import UnitOfWork, View


@dataclass(frozen=True)
class Aside:
    """One entry that was set aside: of which ticket, where it stands, why (a code, or the name of the fault), since when."""

    ticket: str
    node: str
    epoch: int
    seq: int
    kind: str
    reason: str
    at: datetime


def listed(view: View) -> list[Aside]:
    """Everything that was set aside, oldest first."""
    table, entries = schema.quarantine, schema.entries
    rows = view.connection.execute(
        select(table.c.subject_id, table.c.reason, table.c.at, entries.c.node, entries.c.epoch, entries.c.seq, entries.c.kind)
        .join(entries, entries.c.taken == table.c.taken)
        .order_by(table.c.taken)
    )
    return [Aside(row.subject_id, row.node, row.epoch, row.seq, row.kind, row.reason, instant(row.at)) for row in rows]


def handle_lane(handler: Handler, work: UnitOfWork, order_id: str, actor: Actor, ticket: str, act: str, reason: Text | None) -> Outcome:
    """
    Journal what the operator did, and let it take effect in the same transaction.

    Raises:
        Refusal: LANE_RUNS, FIELD_REQUIRED, NO_SUPERIOR, PERMISSION_DENIED; LANE_STILL_STOPS, if it does not read now either, or
            LANE_NEEDS_ENTRY, if it does not without the entry: then nothing was written.
    """
    still_stops = Code.LANE_NEEDS_ENTRY if act == "skipped" else Code.LANE_STILL_STOPS
    before, stood = lane.in_the_way(work.connection, ticket), _stopped(work, ticket)
    try:
        outcome = handler.carry_out(work, Order(order_id, actor, work.head.node, HandleLane(ticket, act, reason)))
    except Exception as error:
        if before is None or not lane.would_come_again(error):
            raise
        raise Refusal(still_stops, ticket=ticket, **dict(zip(("node", "epoch", "seq"), before, strict=True))) from error
    if act == "reported":
        return outcome
    after = lane.in_the_way(work.connection, ticket)
    # Behind an entry that was passed by the next one may be in the way: that one is decided on by itself.
    if after is not None and after == before and lane.is_set_aside(work.connection, ticket):
        node, epoch, seq = after
        raise Refusal(still_stops, ticket=ticket, node=node, epoch=epoch, seq=seq)
    _react_again(work, ticket, stood, is_skipped=act == "skipped")
    return outcome


def _stopped(work: UnitOfWork, ticket: str) -> set[int]:
    table = schema.quarantine
    its = (table.c.subject_id == ticket, *lane.stops())
    return set(work.connection.execute(select(table.c.taken).where(*its)).scalars())


def _react_again(work: UnitOfWork, ticket: str, stood: set[int], *, is_skipped: bool) -> None:
    """
    What follows from entries that *stood* here and are read now follows now; what stumbled over an entry of the ticket after it was
    read looks at it again, unless it is to be passed by.
    """
    table = schema.quarantine
    its = (table.c.subject_id == ticket, table.c.reason.like(f"{lane.REACTION}%"))
    taken = work.connection.execute(select(table.c.taken).where(*its).order_by(table.c.taken)).scalars().all()
    work.connection.execute(delete(table).where(*its))
    aside = set(work.connection.execute(select(table.c.taken).where(table.c.subject_id == ticket)).scalars())
    again = (stood - aside).union([] if is_skipped else taken)
    if again:
        # What it has done already is not done again: a reaction's command has an id of its own.
        work.head.reacted = min(work.head.reacted, min(again) - 1)
