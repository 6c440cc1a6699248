"""
The trays of a unit: what lies in the shared one, what one person has, and the unit's receipt register (USERS C25, XS25-4.4.1a).

A ticket is in a unit's tray while the unit leads it and has it in hand, or owes a clock on it: a part, an item of a joint plan,
an opinion.  Whose it is inside the unit is a row of ``desks``; without one it lies in the shared tray.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from node.domain.payload import SealedRef
from node.domain.ticket.countersigning import ReplyDrafted
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import IN_HAND, OPEN, State
from node.domain.ticket.ticket import Ticket
from node.services.narrowing import in_tray, owed_by_unit
from node.services.ticket_view import opened
from node.storage import schema
from node.storage.database import instant, instant_or_none
from node.storage.ticket_rows import ticket_row
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class TrayLine:
    """A ticket in a tray; ``due_at`` is the unit's own next due time, ``person`` who has it, or empty, ``is_lead`` if it leads."""

    row: TicketRow
    person: str
    is_lead: bool
    due_at: datetime | None


def tray(view: View, unit: str, person: str | None = None) -> list[TrayLine]:
    """
    What *unit* has to do, what is due first first: everything, of one *person* only, or with "" what nobody has yet.
    """
    tickets, clocks, desks = schema.tickets, schema.clocks, schema.desks
    first_due = select(clocks.c.ticket, func.min(clocks.c.due_at).label("due_at")).where(*owed_by_unit(view, unit))
    owed = first_due.group_by(clocks.c.ticket).subquery()
    query = (
        select(tickets, func.coalesce(desks.c.person, "").label("person"), owed.c.due_at.label("own_due_at"))
        .outerjoin(owed, owed.c.ticket == tickets.c.id)
        .outerjoin(desks, and_(desks.c.ticket == tickets.c.id, desks.c.unit == unit))
        .where(in_tray(view, unit, person))
    )
    rows = view.connection.execute(query.order_by(owed.c.due_at.is_(None), owed.c.due_at, tickets.c.registered_at, tickets.c.id))
    return [TrayLine(ticket_row(row), row.person, row.lead == unit, instant_or_none(row.own_due_at)) for row in rows]


def waiting_to_be_signed(view: View, unit: str) -> int:
    """How many tickets were sent to *unit*, which is to lead, and are not signed for."""
    tickets = schema.tickets
    sent = (tickets.c.lead == unit, tickets.c.lead != "", tickets.c.state == State.DISPATCHED.value)
    return view.connection.execute(select(func.count()).select_from(tickets).where(*sent, in_tray(view, unit))).scalar_one()


@dataclass(frozen=True)
class ReceiptLine:
    """A line of a unit's receipt register: the number, what was received, by whom and when, and who answers for it."""

    number: int
    ticket: str
    received_at: datetime
    account: str
    person: str


def receipt_register(view: View, unit: str, year: int) -> list[ReceiptLine]:
    """The receipt register (收文登记) of *unit* in a Beijing year, by number."""
    table = schema.receipts
    rows = view.connection.execute(
        select(table).where(table.c.unit == unit, table.c.year == year, table.c.number > 0).order_by(table.c.number)
    )
    return [ReceiptLine(row.number, row.ticket, instant(row.received_at), row.account, row.person) for row in rows]


@dataclass(frozen=True)
class UnsignedReply:
    """The reply of a ticket as it was drafted last and nobody has signed; ``author`` may not sign it himself (DESIGN 5)."""

    ticket: Ticket
    author: str
    drafted_at: datetime
    reply: str | None


def unsigned_replies(view: View, unit: str) -> list[UnsignedReply]:
    """What a leader of *unit* may countersign, what is due first first."""
    found = []
    for line in tray(view, unit):
        ticket = view.readings.ticket(line.row.id) if line.is_lead else None
        of = ticket.round if ticket is not None and ticket.state in IN_HAND else None
        if ticket is None or of is None or not of.draft or of.countersigned == of.draft:
            continue
        drafted = next((one for one in view.journal.of_subject(ticket.subject) if one.header.id == of.draft), None)
        event = drafted.folded.event if drafted is not None else None
        if drafted is not None and isinstance(event, ReplyDrafted):
            words = opened(view, ticket.subject, event.reply) if isinstance(event.reply, SealedRef) else None
            found.append(UnsignedReply(ticket, drafted.header.actor.account, drafted.header.recorded_at, words))
    return found


def people_of(view: View, unit: str) -> list[str]:
    """The accounts of *unit* to which a ticket may be given."""
    table = schema.accounts
    active = (table.c.node == view.head.node, table.c.unit == unit, table.c.is_active.is_(True))
    return list(view.connection.execute(select(table.c.id).where(*active).order_by(table.c.id)).scalars()) if unit else []


def without_owner(view: View) -> list[str]:
    """
    Open tickets held here that nobody owes anything on: no clock runs or stands, and none is asked elsewhere (HM20-2.1c).

    Empty at any time, or something is wrong.
    """
    tickets, clocks = schema.tickets, schema.clocks
    owed = select(clocks.c.ticket).where(clocks.c.ticket == tickets.c.id, clocks.c.stopped_at.is_(None), clocks.c.owes != "").exists()
    is_open = and_(tickets.c.holder == view.head.node, tickets.c.state.in_(sorted(state.value for state in OPEN)))
    found = view.connection.execute(select(tickets.c.id).where(is_open, tickets.c.asked == "", ~owed).order_by(tickets.c.id))
    return list(found.scalars())
