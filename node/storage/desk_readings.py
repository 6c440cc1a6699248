"""
Readings of what happens inside units: who has a ticket there (``desks``), and the units' receipt registers (``receipts``).

Both are copied from events as they stand; a ticket that is folded whole brings its rows anew.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from node.domain.entry import Folded
from node.domain.ticket.assignment import AssignmentReceived, PersonAssigned
from node.domain.ticket.handling_record import Desk, Receipt
from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import delete_of, upsert_many

_KINDS = frozenset({AssignmentReceived.kind(), PersonAssigned.kind()})


def fold(connection: Connection, batch: Sequence[Folded]) -> None:
    """Fold receipts and assignments of *batch*, in its order, onto the rows."""
    desks: dict[tuple[str, str], dict[str, Any]] = {}
    receipts = []
    for one in batch:
        event, head = one.event, one.header
        if head.kind not in _KINDS:
            continue
        if isinstance(event, AssignmentReceived):
            receipt = Receipt(event.unit, event.year, event.number, head.recorded_at, head.actor.account, event.person)
            receipts.append(_receipt_row(head.subject.id, receipt))
        if isinstance(event, AssignmentReceived | PersonAssigned):
            desks[head.subject.id, event.unit] = _desk_row(head.subject.id, Desk(event.unit, event.person, head.recorded_at))
    upsert_many(connection, schema.desks, list(desks.values()))
    upsert_many(connection, schema.receipts, receipts)


def write_wholes(connection: Connection, tickets: Sequence[Ticket], known: Sequence[str]) -> None:
    """Write the rows of whole tickets; those of *known* tickets are replaced."""
    delete_of(connection, schema.desks, known)
    delete_of(connection, schema.receipts, known)
    upsert_many(connection, schema.desks, [_desk_row(ticket.id, desk) for ticket in tickets for desk in ticket.desks])
    upsert_many(connection, schema.receipts, [_receipt_row(ticket.id, receipt) for ticket in tickets for receipt in ticket.receipts])


def _desk_row(ticket: str, desk: Desk) -> dict[str, Any]:
    return {"ticket": ticket, "unit": desk.unit, "person": desk.person, "since": micros(desk.since)}


def _receipt_row(ticket: str, receipt: Receipt) -> dict[str, Any]:
    return {
        "ticket": ticket,
        "unit": receipt.unit,
        "received_at": micros(receipt.received_at),
        "year": receipt.year,
        "number": receipt.number,
        "account": receipt.account,
        "person": receipt.person,
    }
