"""
Read models: what people ask of a node, answered from its readings in one snapshot.

Lists and figures come from the thin rows; a ticket's page from the whole ticket, folded from its entries; limits in
``deadlines``.  Nothing here writes, and nothing opens a contact; texts are opened where the node holds the ticket (DESIGN 13).
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select, true

from node.domain.entry import Actor, Folded, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import PayloadKind, SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.fold import in_order, line_of
from node.domain.ticket.row import TicketRow
from node.domain.ticket.sight import OUTSIDE, need_sight
from node.domain.ticket.state import OPEN, With
from node.domain.ticket.sweep import SETTLEMENT, is_carried_over
from node.domain.ticket.ticket import Ticket
from node.domain.time import Limit, Unit, WorkCalendar, end_of, left, local_day
from node.services.numbers import number_pattern
from node.storage import schema
from node.storage.database import instant, instant_or_none, micros
from node.storage.journal import Stored
from node.storage.readings import ticket_row
from node.storage.unit_of_work import View

DUE_CHOICES = ("today", "overdue")
# AS25-4.4.3c: what a co-handler files is for the lead and the office alone; ``services.replies`` shows it to them.
RESERVED = frozenset({"ContributionFiled"})
# Who must act, as the role that does it; a department and a first contact are told apart by their unit, too.
_WITH_OF_ROLE: Mapping[str, frozenset[str]] = {
    Role.OFFICE.value: frozenset({With.OFFICE.value}),
    Role.MEMBER.value: frozenset({With.MEMBERS.value}),
    Role.GOVERNMENT.value: frozenset({With.GOVERNMENT.value}),
    Role.LEADER.value: frozenset({With.LEADER.value}),
    Role.SUPERVISION.value: frozenset({With.COMPLAINT_CENTRE.value, With.SUPERVISION.value}),
}
_OPEN = sorted(state.value for state in OPEN)


# --- clocks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClockLine:
    """
    One clock as people see it.  ``left`` is in the limit's unit, negative when overdue, None while it stands or is stopped.
    ``owes`` is a value of With or a unit code.
    """

    ticket: str
    name: str
    node: str
    owes: str
    limit: Limit
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    is_provisional: bool
    left: int | None
    is_overdue: bool

    @property
    def is_running(self) -> bool:
        """True if somebody is being timed."""
        return self.due_at is not None and self.stopped_at is None

    @property
    def is_paused(self) -> bool:
        """True if it stands and will go on."""
        return self.due_at is None and self.stopped_at is None


def _clock_line(row: Row[tuple[object, ...]], calendar: WorkCalendar, now: datetime) -> ClockLine:
    values = row._mapping
    limit = Limit(values["count"], Unit(values["unit"]))
    due_at = instant_or_none(values["due_at"])
    return ClockLine(
        ticket=values["ticket"],
        name=values["name"],
        node=values["node"],
        owes=values["owes"],
        limit=limit,
        started_at=instant(values["started_at"]),
        due_at=due_at,
        stopped_at=instant_or_none(values["stopped_at"]),
        is_provisional=values["is_provisional"],
        left=None if due_at is None else left(due_at, now, limit.unit, calendar),
        is_overdue=due_at is not None and now >= due_at and values["name"] != SETTLEMENT,
    )


@dataclass(frozen=True)
class DueLine:
    """A clock of this node that is due today or overdue, with the ticket that it belongs to; ``unit`` is who owes it."""

    clock: ClockLine
    state: str
    number: str
    unit: str


def due_lines(view: View, calendar: WorkCalendar, now: datetime) -> list[DueLine]:
    """Every running clock of this node that ends with the Beijing day of *now* or before, the oldest first."""
    clocks, tickets = schema.clocks, schema.tickets
    rows = view.connection.execute(
        select(clocks, tickets.c.state, tickets.c.number, tickets.c.lead, tickets.c.first_contact)
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), clocks.c.due_at <= micros(_tonight(now)))
        .order_by(clocks.c.due_at, clocks.c.ticket, clocks.c.name)
    )
    return [
        DueLine(_clock_line(row, calendar, now), row.state, row.number, _unit_of(row.owes, row.lead, row.first_contact)) for row in rows
    ]


def _tonight(now: datetime) -> datetime:
    return end_of(local_day(now))


def _unit_of(owes: str, lead: str, first_contact: str) -> str:
    """The unit behind a role that is a unit's; a role of its own otherwise."""
    if owes == With.DEPARTMENT.value:
        return lead or owes
    if owes == With.FIRST_CONTACT.value:
        return first_contact or owes
    return owes


# --- names ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """What nodes and units are called, by code, as far as this node knows them."""

    nodes: Mapping[str, str]
    units: Mapping[str, str]

    def node(self, code: str) -> str:
        """The node's name; its code if it has none here."""
        return self.nodes.get(code) or code

    def unit(self, code: str) -> str:
        """The unit's name; its code if it has none here, or is a role."""
        return self.units.get(code) or code


def names(view: View) -> Names:
    """Every node and every unit of the subtree and above, as far as they came here."""
    nodes, units = schema.nodes, schema.units
    called = {row.code: row.name for row in view.connection.execute(select(nodes.c.code, nodes.c.name))}
    called |= {view.head.node: view.head.name}
    return Names(called, {row.code: row.name for row in view.connection.execute(select(units.c.code, units.c.name))})


# --- finding a ticket -------------------------------------------------------------------------------------------------


def find_ticket(view: View, said: str) -> str:
    """
    The register number of the ticket that *said* names: a register number, a ticket number, or the spoken form "month-day
    serial check", which is found at this node (USERS C23).

    Raises:
        Refusal: SUBJECT_UNKNOWN; VALUE_NOT_OFFERED with the candidates, if it names more than one.
    """
    table = schema.tickets
    pattern = number_pattern(said)
    found = set(view.connection.execute(select(table.c.id).where(table.c.number == said.strip(), table.c.number != "")).scalars())
    if pattern is not None:
        same = set(view.connection.execute(select(table.c.id).where(table.c.id.like(pattern))).scalars())
        own = {id for id in same if _is_own(view, id)}
        found |= own or same
    if not found:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=said)
    if len(found) > 1:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="ticket", value=said, offered=sorted(found))
    return str(found.pop())


def _is_own(view: View, ticket: str) -> bool:
    table = schema.tickets
    return view.connection.execute(select(table.c.origin).where(table.c.id == ticket)).scalar() == view.head.node


# --- lists ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Which tickets a list is to hold.  Empty fields ask for nothing.  ``due`` is one of DUE_CHOICES."""

    states: tuple[str, ...] = ()
    unit: str = ""
    due: str = ""
    # Role and unit of the account whose turn it is to act.
    mine: tuple[str, str] | None = None
    # Only what the office has to sort: its pool, and what a department handles itself and nobody looked at (AS25-4.2.1.0).
    unsorted: bool = False
    rows_max: int = 200
    # Names and codes that it must all have: matter, topic, group, finder ... (``storage.trait_readings``).
    traits: tuple[tuple[str, str], ...] = ()
    # Who looks: nothing is shown that is hidden from his unit, to somebody from outside nothing but what he filed himself.
    viewer: Actor | None = None
    # Where they stand on the node's own ladder, and whose power they are (XS25-4.3.0).
    layer: str = ""
    level: str = ""


@dataclass(frozen=True)
class TicketLine:
    """A ticket in a list, with the clock that is due next: its holder's, or that of a node which was asked and must answer."""

    row: TicketRow
    clock: ClockLine | None


def list_tickets(view: View, wanted: Wanted, calendar: WorkCalendar, now: datetime) -> list[TicketLine]:
    """
    The tickets that *wanted* describes, those that are due first.

    Raises:
        Refusal: VALUE_NOT_OFFERED, for another ``due`` than one of DUE_CHOICES.
    """
    if wanted.due and wanted.due not in DUE_CHOICES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="due", value=wanted.due, offered=DUE_CHOICES)
    clocks, tickets = schema.clocks, schema.tickets
    next_due = (
        select(clocks.c.ticket, func.min(clocks.c.due_at).label("due_at"))
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(_counts_now(view))
        .group_by(clocks.c.ticket)
        .subquery()
    )
    query = select(tickets, next_due.c.due_at.label("next_due_at")).outerjoin(next_due, next_due.c.ticket == tickets.c.id)
    query = _wanted(view, query, wanted, now)
    order = (next_due.c.due_at.is_(None), next_due.c.due_at, tickets.c.registered_at.desc(), tickets.c.id)
    rows = view.connection.execute(query.order_by(*order).limit(wanted.rows_max)).all()
    running = _next_clocks(view, [row.id for row in rows], calendar, now)
    return [TicketLine(ticket_row(row), running.get(row.id)) for row in rows]


def _wanted(view: View, query: Select[tuple[object, ...]], wanted: Wanted, now: datetime) -> Select[tuple[object, ...]]:
    clocks, tickets = schema.clocks, schema.tickets
    if wanted.states:
        query = query.where(tickets.c.state.in_(wanted.states))
    for column, code in ((tickets.c.layer, wanted.layer), (tickets.c.level, wanted.level)):
        if code:
            query = query.where(column == code)
    if wanted.unsorted:
        # Registration starts the forming clock, own duty taken up the sorting clock; an outcome stops either.
        awaits = select(clocks.c.ticket).where(
            clocks.c.ticket == tickets.c.id,
            clocks.c.node == tickets.c.holder,
            clocks.c.name.in_(("form", "sort")),
            clocks.c.stopped_at.is_(None),
        )
        query = query.where(awaits.exists())
    for name, value in wanted.traits:
        query = query.where(has_trait(name, value))
    if wanted.viewer is not None:
        query = query.where(visible_to(wanted.viewer))
    if wanted.unit:
        query = query.where(or_(tickets.c.lead == wanted.unit, tickets.c.first_contact == wanted.unit, _owed_by(wanted.unit)))
    if wanted.due:
        window = (
            clocks.c.due_at.between(micros(now) + 1, micros(_tonight(now)))
            if wanted.due == "today"
            else and_(clocks.c.due_at <= micros(now), clocks.c.name != SETTLEMENT)  # POLICY_PACKS 2 no. 52: never overdue
        )
        is_due = select(clocks.c.ticket).where(_counts_now(view), window, clocks.c.ticket == tickets.c.id).correlate(tickets)
        query = query.where(is_due.exists())
    if wanted.mine is not None:
        role, unit = wanted.mine
        turns: list[ColumnElement[bool]] = [tickets.c.with_whom.in_(sorted(_WITH_OF_ROLE.get(role, ())))]
        if unit:
            turns.append(and_(tickets.c.with_whom == With.DEPARTMENT.value, tickets.c.lead == unit))
            turns.append(and_(tickets.c.with_whom == With.FIRST_CONTACT.value, tickets.c.first_contact == unit))
            turns.append(_owed_by(unit))
        if role == Role.OFFICE.value:
            turns.append(tickets.c.asked == view.head.node)
        # A subordinate's own work is not ours, whoever has it in hand there.
        is_here = or_(tickets.c.holder == view.head.node, tickets.c.asked == view.head.node)
        query = query.where(tickets.c.state.in_(_OPEN), is_here, or_(*turns))
    return query


def has_trait(name: str, value: str) -> ColumnElement[bool]:
    """That a ticket has *value* under *name*."""
    traits, tickets = schema.traits, schema.tickets
    return select(traits.c.ticket).where(traits.c.ticket == tickets.c.id, traits.c.name == name, traits.c.value == value).exists()


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """``sight.may_read``, asked of rows."""
    shown = not_(has_trait("concealed", viewer.unit)) if viewer.unit else true()
    return and_(shown, has_trait("filed_by", viewer.account)) if viewer.role in OUTSIDE else shown


def _owed_by(unit: str) -> ColumnElement[bool]:
    clocks, tickets = schema.clocks, schema.tickets
    return (
        select(clocks.c.ticket)
        .where(clocks.c.owes == unit, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None), clocks.c.ticket == tickets.c.id)
        .exists()
    )


def _counts_now(view: View) -> ColumnElement[bool]:
    """Running clocks of whoever the ticket waits for: its holder, the node that was asked, or this one; none that was left with custody."""
    clocks, tickets = schema.clocks, schema.tickets
    is_concerned = or_(clocks.c.node == tickets.c.holder, clocks.c.node == tickets.c.asked, clocks.c.node == view.head.node)
    return and_(is_concerned, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None))


def _next_clocks(view: View, tickets: Sequence[str], calendar: WorkCalendar, now: datetime) -> dict[str, ClockLine]:
    table = schema.clocks
    found: dict[str, ClockLine] = {}
    for start in range(0, len(tickets), 500):
        rows = view.connection.execute(
            select(table)
            .join(schema.tickets, schema.tickets.c.id == table.c.ticket)
            .where(table.c.ticket.in_(tickets[start : start + 500]), _counts_now(view))
            .order_by(table.c.due_at, table.c.name)
        )
        for row in rows:
            found.setdefault(row.ticket, _clock_line(row, calendar, now))
    return found


# --- one ticket -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EntryLine:
    """
    An entry of a ticket's timeline.  ``facts`` are the event's plain fields, ``texts`` its texts: opened, or None where this
    node may not read them; ``contacts`` names the fields that hold one, which only an opening shows.  ``is_void``: kept as
    evidence, without effect.
    """

    id: str
    kind: str
    node: str
    recorded_at: datetime
    occurred_at: datetime | None
    account: str
    role: str
    unit: str
    state: str
    custody: int
    version: int
    addressee: str
    facts: Mapping[str, object]
    texts: Mapping[str, str | None]
    contacts: tuple[str, ...]
    is_void: bool
    is_known: bool


@dataclass(frozen=True)
class TicketPage:
    """
    A ticket with its clocks and its timeline; *names* says what its nodes and units are called.

    ``channels`` are its own and those of what was merged into it (AS25-4.2.1.2b).
    """

    ticket: Ticket
    names: Names
    clocks: tuple[ClockLine, ...]
    timeline: tuple[EntryLine, ...]
    channels: tuple[str, ...]


def ticket_page(view: View, ticket_id: str, calendar: WorkCalendar, now: datetime, viewer: Actor | None = None) -> TicketPage:
    """
    Everything about a ticket that this node knows, for *viewer* if somebody is named.  Texts are opened where it holds the ticket.

    Raises:
        Refusal: SUBJECT_UNKNOWN, also where it is hidden from the viewer's unit; PERMISSION_DENIED, for another's filing.
    """
    ticket = _ticket(view, ticket_id)
    if viewer is not None:
        need_sight(ticket, viewer)
    clocks = tuple(whole_clock_line(ticket.id, clock, calendar, now) for clock in ticket.clocks.values())
    return TicketPage(ticket, names(view), clocks, timeline(view, ticket), _channels(view, ticket))


@dataclass(frozen=True)
class Heard:
    """A unit that was asked for its opinion in ``about`` ("judgement" or "recheck"), and whether it gave one (AS25-2.5)."""

    about: str
    unit: str
    name: str
    has_spoken: bool


def heard(page: TicketPage) -> tuple[Heard, ...]:
    """Who was asked for an opinion on the ticket of *page*, in the order of the invitation; who is absent has not spoken."""
    judgement, recheck = page.ticket.judgement, page.ticket.recheck
    asked = [("judgement", unit, unit in judgement.opinions) for unit in judgement.members] if judgement else []
    asked += [("recheck", unit, unit in recheck.opinions) for unit in recheck.participants] if recheck else []
    return tuple(Heard(about, unit, page.names.unit(unit), has_spoken) for about, unit, has_spoken in asked)


def _channels(view: View, ticket: Ticket) -> tuple[str, ...]:
    merged = view.readings.rows(set(ticket.merge.taken_in))
    return tuple(dict.fromkeys((ticket.intake.channel, *(merged[one].channel for one in ticket.merge.taken_in if one in merged))))


def timeline(view: View, ticket: Ticket) -> tuple[EntryLine, ...]:
    """The entries of *ticket* in the order in which they take effect; texts are opened where this node holds it."""
    subject = Subject(SubjectKind.TICKET.value, ticket.id)
    opens = ticket.custody.holder == view.head.node
    return tuple(_entry_line(view, subject, one, opens, ticket.void) for one in _timeline(view, view.journal.of_subject(subject)))


def _ticket(view: View, ticket_id: str) -> Ticket:
    ticket = view.readings.ticket(ticket_id)
    if ticket is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=ticket_id)
    return ticket


def whole_clock_line(ticket: str, clock: r.Clock, calendar: WorkCalendar, now: datetime) -> ClockLine:
    """A clock of a whole ticket as people see it."""
    return ClockLine(
        ticket=ticket,
        name=clock.name,
        node=clock.node,
        owes=clock.owes,
        limit=clock.limit,
        started_at=clock.started_at,
        due_at=clock.due_at,
        stopped_at=clock.stopped_at,
        is_provisional=clock.is_provisional,
        left=None if clock.due_at is None else left(clock.due_at, now, clock.limit.unit, calendar),
        is_overdue=clock.due_at is not None and now >= clock.due_at and not is_carried_over(clock),
    )


def _timeline(view: View, stored: Sequence[Stored]) -> list[Folded]:
    """The entries in the order in which they take effect; those without effect stand where they were written."""
    entries = list({one.header.id: one.folded for one in stored}.values())
    line = line_of(entries, view.place().rank)
    ordered = in_order(line.entries, [entry for entry in entries if not entry.header.is_line])
    shown = {entry.header.id for entry in ordered}
    for entry in sorted((entry for entry in entries if entry.header.id not in shown), key=lambda one: one.header.recorded_at):
        place = sum(1 for one in ordered if one.header.recorded_at <= entry.header.recorded_at)
        ordered.insert(place, entry)
    return ordered


def _entry_line(view: View, subject: Subject, one: Folded, opens: bool, void: tuple[str, ...]) -> EntryLine:
    head = one.header
    facts: dict[str, object] = {}
    texts: dict[str, str | None] = {}
    contacts: list[str] = []
    for name, value in _fields(one):
        if not isinstance(value, SealedRef):
            facts[name] = value
        elif value.kind is PayloadKind.CONTACT:
            contacts.append(name)
        else:
            texts[name] = _opened(view, subject, value) if opens and head.kind not in RESERVED else None
    return EntryLine(
        id=head.id,
        kind=head.kind,
        node=head.node,
        recorded_at=head.recorded_at,
        occurred_at=head.occurred_at,
        account=head.actor.account,
        role=head.actor.role,
        unit=head.actor.unit,
        state=head.state,
        custody=head.custody.number,
        version=head.version,
        addressee=head.addressee,
        facts=facts,
        texts=texts,
        contacts=tuple(contacts),
        is_void=head.id in void,
        is_known=one.event is not None,
    )


def _fields(one: Folded) -> Iterable[tuple[str, object]]:
    """The event's fields that say something: neither empty nor the no or the nought that stands where nothing was said."""
    if one.event is None or not dataclasses.is_dataclass(one.event):
        return []
    values = ((field, getattr(one.event, field.name)) for field in dataclasses.fields(one.event))
    return [(field.name, value) for field, value in values if value or (value in (False, 0) and value != field.default)]


def _opened(view: View, subject: Subject, ref: SealedRef) -> str | None:
    try:
        return view.payloads.open(subject, ref)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return None
        raise
