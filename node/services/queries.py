"""
Lists: what people ask of a node about many tickets, answered from its readings in one snapshot.

Lists and figures come from the thin rows; limits in ``deadlines``, a ticket's page in ``ticket_view``.  Nothing here writes, and
nothing opens a payload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, null, or_, select, true, tuple_

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.row import TicketRow
from node.domain.ticket.sight import not_shown
from node.domain.ticket.state import OPEN, With
from node.domain.ticket.sweep import SETTLEMENT, is_carried_over
from node.domain.time import Limit, Unit, WorkCalendar, end_of, left, local_day
from node.domain.time.calendar import at
from node.services.numbers import number_pattern
from node.services.people import people_of
from node.services.scope import has_trait, visible_to
from node.storage import schema
from node.storage.database import instant, instant_or_none, micros
from node.storage.ticket_rows import ticket_row
from node.storage.unit_of_work import View

DUE_CHOICES = ("today", "overdue")
# Who must act, as the role that does it; a department and a first contact are told apart by their unit, too.
_WITH_OF_ROLE: Mapping[str, frozenset[str]] = {
    Role.OFFICE.value: frozenset({With.OFFICE.value}),
    Role.DIRECTOR.value: frozenset({With.OFFICE.value}),
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
    """What nodes and units are called, by code, as far as this node knows them, and the *people* of this one, ``own``, by account."""

    nodes: Mapping[str, str]
    units: Mapping[str, str]
    people: Mapping[str, str] = field(default_factory=dict)
    own: str = ""

    def node(self, code: str) -> str:
        """The node's name; its code if it has none here."""
        return self.nodes.get(code) or code

    def unit(self, code: str) -> str:
        """The unit's name; of a unit that is unknown here, as another branch's is, what its node is called; else the code, as of a role."""
        return self.units.get(code) or self.nodes.get(code.partition("-")[0]) or code

    def person(self, account: str, node: str = "") -> str:
        """Who has *account* at this node; the account itself where nobody gave a name, and of another *node*, which keeps its people's."""
        return account if node not in ("", self.own) else self.people.get(account, account)


def names(view: View) -> Names:
    """Every node and every unit of the subtree and above, as far as they came here, and this node's own people."""
    nodes, units = schema.nodes, schema.units
    called = {row.code: row.name for row in view.connection.execute(select(nodes.c.code, nodes.c.name))}
    called |= {view.head.node: view.head.name}
    of_units = {row.code: row.name for row in view.connection.execute(select(units.c.code, units.c.name))}
    return Names(called, of_units, people_of(view), view.head.node)


# --- finding a ticket -------------------------------------------------------------------------------------------------


def find_ticket(view: View, said: str, *viewers: Actor) -> str:
    """
    The register number of the ticket that *said* names: a register number, a ticket number, or the spoken form "month-day
    serial check", which is found at this node (USERS C23).  Only what one of *viewers* sees is found, if any are named: a person in
    each of his roles.

    Raises:
        Refusal: ``not_shown`` to the first of them; VALUE_NOT_OFFERED with the candidates, if it names more than one.
    """
    table = schema.tickets
    pattern, shown = number_pattern(said), or_(*map(visible_to, viewers)) if viewers else true()
    found = set(view.connection.execute(select(table.c.id).where(table.c.number == said.strip(), table.c.number != "", shown)).scalars())
    if pattern is not None:
        same = set(view.connection.execute(select(table.c.id).where(table.c.id.like(pattern), shown)).scalars())
        own = {id for id in same if _is_own(view, id)}
        found |= own or same
    if not found:
        raise not_shown(viewers[0] if viewers else None, said)
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
    # Who looks, and sees what his role's scope is (``scope``); nobody in particular is the node itself.
    viewer: Actor | None = None
    # Where they stand on the node's own ladder, and whose power they are (XS25-4.3.0).
    layer: str = ""
    level: str = ""
    # Role and unit of the account, by whom a clock is owed; ``due`` then asks of that clock.
    owed: tuple[str, str] | None = None
    # These and no others.
    ids: tuple[str, ...] | None = None
    category: str = ""
    # Registered on that Beijing day or later.
    since: date | None = None
    # Rows that earlier pages of the list have shown.
    rows_skipped: int = 0
    # The place of the last line of the page before; None begins.
    after: "Place | None" = None


@dataclass(frozen=True)
class Place:
    """Where a ticket stands in a list: next due time and registration in microseconds, None if nothing is due, and its id."""

    due_at: int | None
    registered_at: int
    ticket: str


@dataclass(frozen=True)
class TicketLine:
    """
    A ticket in a list, with the clock that is due next: its holder's, or that of a node which was asked and must answer.

    ``place`` is what the next page begins behind.
    """

    row: TicketRow
    clock: ClockLine | None
    place: Place


def list_tickets(view: View, wanted: Wanted, calendar: WorkCalendar, now: datetime) -> list[TicketLine]:
    """
    The tickets that *wanted* describes, those that are due first.

    Raises:
        Refusal: VALUE_NOT_OFFERED, for another ``due`` than one of DUE_CHOICES.
    """
    if wanted.due and wanted.due not in DUE_CHOICES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="due", value=wanted.due, offered=DUE_CHOICES)
    clocks, tickets = schema.clocks, schema.tickets
    # Two lists behind each other, so that neither sorts what is settled, which is nearly all that a node has after years.
    timed = (
        select(tickets, clocks.c.due_at.label("next_due_at"))
        .join(clocks, clocks.c.ticket == tickets.c.id)
        .where(_counts_now(view), not_(_has_earlier(view)))
    )
    timed = narrowed(view, timed, wanted, now)
    others = select(tickets, null().label("next_due_at")).where(not_(_has_running(view)))
    others = narrowed(view, others, wanted, now)
    place, skipped = wanted.after, wanted.rows_skipped
    rows: list[Row[tuple[object, ...]]] = []
    if place is None or place.due_at is not None:
        begun = timed if place is None else timed.where(_behind(place, clocks.c.due_at))
        order = (clocks.c.due_at, tickets.c.registered_at.desc(), tickets.c.id)
        rows += view.connection.execute(begun.order_by(*order).limit(wanted.rows_max).offset(skipped)).all()
        if len(rows) < wanted.rows_max and skipped:
            count = begun.with_only_columns(func.count(), maintain_column_froms=True)
            skipped = max(0, skipped - view.connection.execute(count).scalar_one())
    else:
        others = others.where(_registered_behind(place))
    if len(rows) < wanted.rows_max:
        begun = others.order_by(tickets.c.registered_at.desc(), tickets.c.id)
        rows += view.connection.execute(begun.limit(wanted.rows_max - len(rows)).offset(skipped)).all()
    running = next_clocks(view, [row.id for row in rows], calendar, now)
    return [TicketLine(ticket_row(row), running.get(row.id), Place(row.next_due_at, row.registered_at, row.id)) for row in rows]


def _has_earlier(view: View) -> ColumnElement[bool]:
    """That another clock of the same ticket comes before the one that a query walks along: a list stops where its page ends."""
    clocks, tickets, other = schema.clocks, schema.tickets, schema.clocks.alias()
    at_once = and_(other.c.due_at == clocks.c.due_at, tuple_(other.c.node, other.c.name) < tuple_(clocks.c.node, clocks.c.name))
    is_concerned = or_(other.c.node == tickets.c.holder, other.c.node == tickets.c.asked, other.c.node == view.head.node)
    counts = (other.c.ticket == tickets.c.id, is_concerned, other.c.stopped_at.is_(None), other.c.due_at.isnot(None))
    return select(other.c.ticket).where(*counts, or_(other.c.due_at < clocks.c.due_at, at_once)).correlate(clocks, tickets).exists()


def _has_running(view: View) -> ColumnElement[bool]:
    """That a ticket has a clock that somebody is timed by, looked up for each row of a list that is ended by its length."""
    clocks, tickets = schema.clocks, schema.tickets
    return select(clocks.c.ticket).where(clocks.c.ticket == tickets.c.id, _counts_now(view)).correlate(tickets).exists()


def _behind(place: Place, due_at: ColumnElement[int]) -> ColumnElement[bool]:
    """What is due and stands behind *place* in the order of the list."""
    return or_(due_at > place.due_at, and_(due_at == place.due_at, _registered_behind(place)))


def _registered_behind(place: Place) -> ColumnElement[bool]:
    table = schema.tickets
    return or_(table.c.registered_at < place.registered_at, and_(table.c.registered_at == place.registered_at, table.c.id > place.ticket))


def count_tickets(view: View, wanted: Wanted, now: datetime) -> int:
    """How many tickets *wanted* describes, whatever its ``rows_max``."""
    query = narrowed(view, select(schema.tickets), wanted, now).with_only_columns(func.count())
    return view.connection.execute(query).scalar_one()


def owed_clocks(view: View, wanted: Wanted, calendar: WorkCalendar, now: datetime) -> list[TicketLine]:
    """The running clocks that ``wanted.owed`` owes, the oldest first, each with its ticket: one ticket stands there once a clock."""
    clocks, tickets = schema.clocks, schema.tickets
    assert wanted.owed is not None
    rows = view.connection.execute(
        select(clocks)
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(_owed_here(view, *wanted.owed), visible_to(wanted.viewer))
        .order_by(clocks.c.due_at, clocks.c.ticket, clocks.c.name)
        .limit(wanted.rows_max)
    ).all()
    known = view.readings.rows({row.ticket for row in rows})
    return [
        TicketLine(
            known[row.ticket], _clock_line(row, calendar, now), Place(row.due_at, micros(known[row.ticket].registered_at), row.ticket)
        )
        for row in rows
    ]


def narrowed(view: View, query: Select[tuple[object, ...]], wanted: Wanted, now: datetime) -> Select[tuple[object, ...]]:
    """*query*, which asks ``tickets``, with every condition of *wanted*."""
    clocks, tickets = schema.clocks, schema.tickets
    if wanted.states:
        query = query.where(tickets.c.state.in_(wanted.states))
    for column, code in ((tickets.c.layer, wanted.layer), (tickets.c.level, wanted.level)):
        if code:
            query = query.where(column == code)
    if wanted.unsorted:
        # Registration starts the forming clock, own duty taken up the sorting clock; an outcome stops either.
        awaits = (clocks.c.node == tickets.c.holder, clocks.c.name.in_(("form", "sort")), clocks.c.stopped_at.is_(None))
        query = query.where(_has_clock(*awaits))
    for name, value in wanted.traits:
        query = query.where(has_trait(name, value))
    query = query.where(visible_to(wanted.viewer))
    if wanted.unit:
        query = query.where(or_(tickets.c.lead == wanted.unit, tickets.c.first_contact == wanted.unit, _owed_by(wanted.unit)))
    if wanted.ids is not None:
        query = query.where(tickets.c.id.in_(wanted.ids))
    if wanted.category:
        query = query.where(tickets.c.category == wanted.category)
    if wanted.since is not None:
        query = query.where(tickets.c.registered_at >= micros(at(wanted.since, time.min)))
    if wanted.owed is not None and not wanted.due:
        query = query.where(_has_clock(_owed_here(view, *wanted.owed)))
    if wanted.due:
        window = (
            clocks.c.due_at.between(micros(now) + 1, micros(_tonight(now)))
            if wanted.due == "today"
            else and_(clocks.c.due_at <= micros(now), clocks.c.name != SETTLEMENT)  # POLICY_PACKS 2 no. 52: never overdue
        )
        of_whom = _counts_now(view) if wanted.owed is None else _owed_here(view, *wanted.owed)
        query = query.where(_has_clock(of_whom, window))
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
        is_here = or_(tickets.c.holder == view.head.node, and_(tickets.c.asked == view.head.node, tickets.c.asked != ""))
        query = query.where(tickets.c.state.in_(_OPEN), is_here, or_(*turns))
    return query


def _has_clock(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """That a ticket has such a clock: found from the clocks, of which few run, not from the tickets, of which many are settled."""
    clocks, tickets = schema.clocks, schema.tickets
    found = select(clocks.c.ticket).join(tickets, tickets.c.id == clocks.c.ticket).where(*conditions).correlate(None)
    return tickets.c.id.in_(found)


def _owed_here(view: View, role: str, unit: str) -> ColumnElement[bool]:
    """Running clocks of this node that somebody in *role* of *unit* owes: his unit by name, or the part that he plays."""
    clocks, tickets = schema.clocks, schema.tickets
    owing: list[ColumnElement[bool]] = [clocks.c.owes.in_(sorted({role, *_WITH_OF_ROLE.get(role, ())}))]
    if unit:
        owing.append(clocks.c.owes == unit)
        owing.append(and_(clocks.c.owes == With.DEPARTMENT.value, tickets.c.lead == unit))
        owing.append(and_(clocks.c.owes == With.FIRST_CONTACT.value, tickets.c.first_contact == unit))
    running = (clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None))
    return and_(clocks.c.node == view.head.node, *running, clocks.c.name != SETTLEMENT, or_(*owing))


def _owed_by(unit: str) -> ColumnElement[bool]:
    clocks, tickets = schema.clocks, schema.tickets
    return (
        select(clocks.c.ticket)
        .where(clocks.c.owes == unit, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None), clocks.c.ticket == tickets.c.id)
        .correlate(tickets)
        .exists()
    )


def _counts_now(view: View) -> ColumnElement[bool]:
    """Running clocks of whoever the ticket waits for: its holder, the node that was asked, or this one; none that was left with custody."""
    clocks, tickets = schema.clocks, schema.tickets
    is_concerned = or_(clocks.c.node == tickets.c.holder, clocks.c.node == tickets.c.asked, clocks.c.node == view.head.node)
    return and_(is_concerned, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None))


def next_clocks(view: View, tickets: Sequence[str], calendar: WorkCalendar, now: datetime) -> dict[str, ClockLine]:
    """The clock of each of *tickets* that is due next, where one runs."""
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
