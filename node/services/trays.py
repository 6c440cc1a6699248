"""
The trays of a unit: what lies in the shared one, what one person has, and the unit's receipt register (USERS C25, XS25-4.4.1a).

A ticket is in a unit's tray while the unit leads it and has it in hand, or owes a clock on it: a part, an item of a joint plan,
an opinion.  Whose it is inside the unit is a row of ``desks``; without one it lies in the shared tray.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from node.domain.entry import SubjectKind
from node.domain.payload import SealedRef
from node.domain.ticket.countersigning import ReplyDrafted
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import IN_HAND, OPEN, State
from node.domain.ticket.ticket import Ticket
from node.services.narrowing import in_tray, owed_by_unit
from node.services.ticket_view import bring_words, opened
from node.storage import schema
from node.storage.database import instant, instant_or_none
from node.storage.ticket_rows import parts
from node.storage.unit_of_work import View

_IN_HAND = frozenset(state.value for state in IN_HAND)


@dataclass(frozen=True)
class TrayLine:
    """A ticket in a tray; ``due_at`` is the unit's own next due time, ``person`` who has it, or empty, ``is_lead`` if it leads."""

    row: TicketRow
    person: str
    is_lead: bool
    due_at: datetime | None


@dataclass(frozen=True)
class Lying:
    """A ticket in a tray before its row is read: with whom it lies, whether the unit leads it, and its own next due time."""

    ticket: str
    person: str
    is_lead: bool
    state: str
    due_at: datetime | None
    # Where it stands in the order of trays: what is due before what is not, then by registration.
    place: tuple[bool, int, int, str] = (True, 0, 0, "")

    @property
    def is_to_sign(self) -> bool:
        """It was sent to the unit, and nobody there has signed for it."""
        return self.is_lead and self.state == State.DISPATCHED.value


def tray(view: View, unit: str, person: str | None = None) -> list[TrayLine]:
    """
    What *unit* has to do, what is due first first: everything, of one *person* only, or with "" what nobody has yet.
    """
    return lines(view, lying(view, unit, person))


def lying(view: View, unit: str, person: str | None = None) -> list[Lying]:
    """As ``tray``, without the rows of the tickets, of which a page shows some and counts the others."""
    tickets, clocks, desks = schema.tickets, schema.clocks, schema.desks
    # Asked for by themselves: no store guesses well how few of all clocks run, and so how to join them.
    first_due = select(clocks.c.ticket, func.min(clocks.c.due_at)).where(*owed_by_unit(view, unit)).group_by(clocks.c.ticket)
    due: dict[str, int] = {ticket: due_at for ticket, due_at in view.connection.execute(first_due)}
    rows = view.connection.execute(
        select(tickets.c.id, tickets.c.lead, tickets.c.state, tickets.c.registered_at, func.coalesce(desks.c.person, "").label("person"))
        .outerjoin(desks, and_(desks.c.ticket == tickets.c.id, desks.c.unit == unit))
        .where(in_tray(view, unit, person))
    ).all()
    found = [
        Lying(row.id, row.person, row.lead == unit, row.state, instant_or_none(due.get(row.id)), place)
        for row in rows
        for place in [(row.id not in due, due.get(row.id, 0), row.registered_at, row.id)]
    ]
    return sorted(found, key=lambda one: one.place)


def lines(view: View, found: Sequence[Lying]) -> list[TrayLine]:
    """*found* with the rows of the tickets."""
    rows = view.readings.rows({one.ticket for one in found})
    return [TrayLine(rows[one.ticket], one.person, one.is_lead, one.due_at) for one in found if one.ticket in rows]


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


def receipt_register(view: View, unit: str, year: int, last: int | None = None) -> list[ReceiptLine]:
    """The receipt register (收文登记) of *unit* in a Beijing year, by number; only the *last* so many, if it is given."""
    table = schema.receipts
    rows = view.connection.execute(
        select(table)
        .where(table.c.unit == unit, table.c.year == year, table.c.number > 0)
        .order_by(table.c.number.desc(), table.c.ticket.desc())
        .limit(last)
    ).all()
    return [ReceiptLine(row.number, row.ticket, instant(row.received_at), row.account, row.person) for row in reversed(rows)]


@dataclass(frozen=True)
class UnsignedReply:
    """The reply of a ticket as it was drafted last and nobody has signed; ``author`` may not sign it himself (DESIGN 5)."""

    ticket: Ticket
    author: str
    drafted_at: datetime
    reply: str | None


def unsigned_replies(view: View, unit: str, found: Sequence[Lying] | None = None) -> list[UnsignedReply]:
    """What a leader of *unit* may countersign, what is due first first; *found* is what lies in the unit's tray, if it was read."""
    tickets = view.readings.tickets(_with_a_draft(view, lying(view, unit) if found is None else found))
    bring_words(view, tickets.values(), lambda ticket, head: ticket.round is not None and head.id == ticket.round.draft)
    unsigned = []
    for ticket in tickets.values():
        of = ticket.round if ticket.state in IN_HAND else None
        if of is None or not of.draft or of.countersigned == of.draft:
            continue
        drafted = next((one for one in view.journal.of_subject(ticket.subject) if one.header.id == of.draft), None)
        event = drafted.folded.event if drafted is not None else None
        if drafted is not None and isinstance(event, ReplyDrafted):
            words = opened(view, ticket.subject, event.reply) if isinstance(event.reply, SealedRef) else None
            unsigned.append(UnsignedReply(ticket, drafted.header.actor.account, drafted.header.recorded_at, words))
    return unsigned


def _with_a_draft(view: View, found: Sequence[Lying]) -> list[str]:
    """Those that the unit leads and has in hand and about which a reply was ever drafted: the others have none."""
    in_hand = [one.ticket for one in found if one.is_lead and one.state in _IN_HAND]
    table, drafted = schema.entries, set[str]()
    for part in parts(in_hand):
        about = (table.c.subject_id.in_(part), table.c.subject_kind == SubjectKind.TICKET.value, table.c.kind == ReplyDrafted.kind())
        drafted |= set(view.connection.execute(select(table.c.subject_id).where(*about)).scalars())
    return [one for one in in_hand if one in drafted]


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
