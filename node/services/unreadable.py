"""
Tickets that lists show and of which no page can be made: a row whose number cannot be, or entries that are missing, are damaged or do
not fold.

Whoever sees the row in a list is told so, why, and what to do; that it was "not found" would be untrue, and he would register it again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.domain.ticket.row import TicketRow
from node.domain.ticket.ticket import Ticket
from node.services.queries import find_ticket
from node.storage import lane, schema
from node.storage.ticket_rows import ticket_row
from node.storage.unit_of_work import UnitOfWork, View

# Why it cannot be read: entries that have not come yet, that are missing, that are damaged, that this program cannot fold and has set
# aside; ``find_ticket`` says "number" of a row whose own number cannot be.
WAITING, MISSING, DAMAGED, ASIDE = "waiting", "missing", "damaged", "aside"


@dataclass(frozen=True)
class Unreadable:
    """What the list has of the ticket, which may be wrong itself, and ``why`` there is no more."""

    row: TicketRow
    why: str


def whole_ticket(view: View, said: str, *viewers: Actor) -> Ticket:
    """
    The ticket that *said* names, as ``find_ticket``, folded whole.

    Raises:
        Refusal: as ``find_ticket``; TICKET_UNREADABLE, for one that a list shows to *viewers* and that cannot be folded.
    """
    return folded(view, find_ticket(view, said, *viewers))


def folded(view: UnitOfWork | View, id: str) -> Ticket:
    """
    The ticket of that register number, of which there is a row.

    Raises:
        Refusal: TICKET_UNREADABLE.
    """
    try:
        found = view.readings.ticket(id)
    except Refusal as refusal:
        if refusal.code is not Code.MALFORMED_ENTRY:
            raise
        raise Refusal(Code.TICKET_UNREADABLE, ticket=id, why=DAMAGED) from refusal
    except Exception as error:
        # FEDERATION 2.3 no. 15: poison; what no lane was set aside for is a bug.
        if lane.may_pass(error) or not view.readings.is_set_aside(id):
            raise
        raise Refusal(Code.TICKET_UNREADABLE, ticket=id, why=ASIDE) from error
    if found is None:
        row = view.readings.rows({id}).get(id)
        if row is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=id)
        raise Refusal(Code.TICKET_UNREADABLE, ticket=id, why=WAITING if row.is_incomplete else MISSING)
    return found


def as_listed(view: View, refusal: Refusal) -> Unreadable:
    """What the list has of the ticket that *refusal*, a TICKET_UNREADABLE, speaks of."""
    table = schema.tickets
    row = view.connection.execute(select(table).where(table.c.id == str(refusal.facts["ticket"]))).one()
    return Unreadable(ticket_row(row), str(refusal.facts["why"]))


def left_out(view: View, tickets: Iterable[str]) -> list[Unreadable]:
    """
    Those of *tickets* that were to be read together (``Readings.unread``) and are broken; what only waits for entries to come is not.
    """
    return [one for one in those_unreadable(view, tickets) if one.why != WAITING]


def those_unreadable(view: UnitOfWork | View, tickets: Iterable[str]) -> list[Unreadable]:
    """Those of *tickets* that cannot be read, by register number, each with why."""
    found = []
    for row in view.readings.rows(set(tickets)).values():
        try:
            folded(view, row.id)
        except Refusal as refusal:
            if refusal.code is not Code.TICKET_UNREADABLE:
                raise
            found.append(Unreadable(row, str(refusal.facts["why"])))
    return sorted(found, key=lambda one: one.row.id)
