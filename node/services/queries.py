"""
Lists: what people ask of a node about many tickets, answered from its readings in one snapshot.

Lists and figures come from the thin rows; limits in ``deadlines``, a ticket's page in ``ticket_view``.  Nothing here writes, and
nothing opens a payload.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, not_, null, or_, select, true, tuple_

from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.row import TicketRow
from node.domain.ticket.sight import not_shown
from node.domain.ticket.state import unit_with
from node.domain.ticket.sweep import SETTLEMENT, is_carried_over
from node.domain.time import Limit, Unit, WorkCalendar, left
from node.services.narrowing import DUE_CHOICES, Place, Wanted, counts_now, is_numbered, is_walked, narrowed, of_whoever_waits, owed_here
from node.services.numbers import number_pattern
from node.services.people import people_of
from node.services.scope import visible_to
from node.storage import schema
from node.storage.database import instant, instant_or_none, micros
from node.storage.ticket_rows import ticket_row
from node.storage.unit_of_work import View

# Of what lists and trays count: beyond, they say that there are more.
counted_max = 1_000


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


def unit_of(owes: str, lead: str, first_contact: str) -> str:
    """The unit behind a role that is a unit's; a role of its own otherwise."""
    return unit_with(owes, lead, first_contact) or owes


# --- names ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """
    What nodes and units are called, by code, as far as this node knows them, the *people* of this one, ``own``, by account, and the
    *dossiers* that are spoken of, by id.
    """

    nodes: Mapping[str, str]
    units: Mapping[str, str]
    people: Mapping[str, str] = field(default_factory=dict)
    own: str = ""
    dossiers: Mapping[str, str] = field(default_factory=dict)

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
    The register number of the one ticket that *said* names (``tickets_named``).

    Raises:
        Refusal: ``not_shown`` to the first of them; VALUE_NOT_OFFERED with the candidates, if it names more than one;
            TICKET_UNREADABLE, if it is what a list shows of a row whose own number cannot be.
    """
    found, table = tickets_named(view, said, *viewers), schema.tickets
    if len(found) == 1:
        return found[0]
    if found:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="ticket", value=said, offered=found)
    if view.connection.execute(select(table.c.id).where(table.c.id == said, _shown_to(viewers))).first() is not None:
        raise Refusal(Code.TICKET_UNREADABLE, ticket=said, why="number")
    raise not_shown(viewers[0] if viewers else None, said)


def tickets_named(view: View, said: str, *viewers: Actor) -> tuple[str, ...]:
    """
    The register numbers of the tickets that *said* names, by number: a register number, a ticket number, which older tickets may share,
    or the spoken form "month-day serial check", which is found at this node (USERS C23).  Only what one of *viewers* sees is found, if
    any are named: a person in each of his roles.
    """
    table = schema.tickets
    pattern, shown = number_pattern(said), _shown_to(viewers)
    found = set(view.connection.execute(select(table.c.id).where(table.c.number == said.strip(), table.c.number != "", shown)).scalars())
    if pattern is not None:
        same = set(view.connection.execute(select(table.c.id).where(is_numbered(pattern), shown)).scalars())
        own = {id for id in same if _is_own(view, id)}
        found |= own or same
    return tuple(sorted(found))


def _shown_to(viewers: Sequence[Actor]) -> ColumnElement[bool]:
    return or_(*map(visible_to, viewers)) if viewers else true()


def _is_own(view: View, ticket: str) -> bool:
    table = schema.tickets
    return view.connection.execute(select(table.c.origin).where(table.c.id == ticket)).scalar() == view.head.node


# --- lists ------------------------------------------------------------------------------------------------------------


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
    timed = select(tickets, clocks.c.due_at.label("next_due_at")).join(clocks, clocks.c.ticket == tickets.c.id)
    timed = timed.where(of_whoever_waits(view) if wanted.due == "overdue" else counts_now(view))
    # What asks other rows is said last, and asked only of what everything else has left over.
    timed = narrowed(view, timed, wanted, now, is_bounded=True).where(not_(_has_earlier(view)))
    place, skipped = wanted.after, wanted.rows_skipped
    rows: list[Row[tuple[object, ...]]] = []
    if place is None or place.due_at is not None:
        begun = timed if place is None else timed.where(_behind(place, clocks.c.due_at))
        begun = begun.order_by(clocks.c.due_at, tickets.c.registered_at.desc(), tickets.c.id)
        if skipped:
            # What earlier pages have shown is passed by its numbers alone; where it ends, so many of them were of the other list.
            passed = begun.with_only_columns(tickets.c.id, maintain_column_froms=True).limit(skipped + wanted.rows_max)
            shown = view.connection.execute(passed).scalars().all()
            page, skipped = shown[skipped:], max(0, skipped - len(shown))
            rows += view.connection.execute(begun.where(tickets.c.id.in_(page))).all() if page else []
        else:
            rows += view.connection.execute(begun.limit(wanted.rows_max)).all()
    if len(rows) < wanted.rows_max and not wanted.is_timed:
        begun = _untimed(view, wanted, now).limit(wanted.rows_max - len(rows)).offset(skipped)
        rows += view.connection.execute(begun).all()
    running = next_clocks(view, [row.id for row in rows], calendar, now)
    return [TicketLine(ticket_row(row), running.get(row.id), Place(row.next_due_at, row.registered_at, row.id)) for row in rows]


def _untimed(view: View, wanted: Wanted, now: datetime) -> Select[tuple[object, ...]]:
    """The tickets of *wanted* by which nobody is timed, behind its place if that is one of them, the last registered first."""
    tickets = schema.tickets
    query = select(tickets, null().label("next_due_at"))
    walked: FromClause = tickets
    if is_walked(view, wanted):
        # By an index that has all of what is asked of each that is passed: PostgreSQL reads a row before it asks anything else.
        walked = tickets.alias("walked")
        query = query.join(walked, walked.c.id == tickets.c.id)
    query = narrowed(view, query, wanted, now, walked=walked).where(not_(_has_running(view)))
    if wanted.after is not None and wanted.after.due_at is None:
        query = query.where(_registered_behind(wanted.after, walked))
    # What is open is found by its state and sorted: in the order of all that ever came in few are met, or none.
    registered_at = walked.c.registered_at + 0 if wanted.is_open or wanted.mine else walked.c.registered_at
    return query.order_by(registered_at.desc(), walked.c.id)


def _has_earlier(view: View) -> ColumnElement[bool]:
    """That another clock of the same ticket comes before the one that a query walks along: a list stops where its page ends."""
    clocks, tickets, other = schema.clocks, schema.tickets, schema.clocks.alias()
    at_once = and_(other.c.due_at == clocks.c.due_at, tuple_(other.c.node, other.c.name) < tuple_(clocks.c.node, clocks.c.name))
    is_concerned = or_(other.c.node == tickets.c.holder, other.c.node == tickets.c.asked, other.c.node == view.head.node)
    counts = (other.c.ticket == tickets.c.id, is_concerned, other.c.due_at.isnot(None))
    return select(other.c.ticket).where(*counts, or_(other.c.due_at < clocks.c.due_at, at_once)).correlate(clocks, tickets).exists()


def _has_running(view: View) -> ColumnElement[bool]:
    """That a ticket has a clock that somebody is timed by, looked up for each row of a list that is ended by its length."""
    clocks, tickets = schema.clocks, schema.tickets
    return select(clocks.c.ticket).where(clocks.c.ticket == tickets.c.id, counts_now(view)).correlate(tickets).exists()


def _behind(place: Place, due_at: ColumnElement[int]) -> ColumnElement[bool]:
    """What is due and stands behind *place* in the order of the list."""
    return or_(due_at > place.due_at, and_(due_at == place.due_at, _registered_behind(place, schema.tickets)))


def _registered_behind(place: Place, table: FromClause) -> ColumnElement[bool]:
    return or_(table.c.registered_at < place.registered_at, and_(table.c.registered_at == place.registered_at, table.c.id > place.ticket))


def count_tickets(view: View, wanted: Wanted, now: datetime, most: int) -> int:
    """
    How many tickets *wanted* describes, whatever its ``rows_max``; *most* + 1 where there are more than *most*: nobody works off what a
    larger number says, and to know it everything would have to be passed.
    """
    return count_lists(view, {"": wanted}, now, most)[""]


def count_lists(view: View, lists: Mapping[str, Wanted], now: datetime, most: int) -> dict[str, int]:
    """As ``count_tickets`` of each of *lists*, in one statement."""
    found = [narrowed(view, select(schema.tickets.c.id), wanted, now).limit(most + 1).subquery() for wanted in lists.values()]
    counts = [select(func.count()).select_from(one).scalar_subquery() for one in found]
    return dict(zip(lists, view.connection.execute(select(*counts)).one(), strict=True)) if counts else {}


def owed_clocks(view: View, wanted: Wanted, calendar: WorkCalendar, now: datetime) -> list[TicketLine]:
    """The running clocks that ``wanted.owed`` owes, the oldest first, each with its ticket: one ticket stands there once a clock."""
    clocks, tickets = schema.clocks, schema.tickets
    assert wanted.owed is not None
    rows = view.connection.execute(
        select(clocks)
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(owed_here(view, *wanted.owed), visible_to(wanted.viewer))
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


def next_clocks(view: View, tickets: Sequence[str], calendar: WorkCalendar, now: datetime) -> dict[str, ClockLine]:
    """The clock of each of *tickets* that is due next, where one runs."""
    table = schema.clocks
    found: dict[str, ClockLine] = {}
    for start in range(0, len(tickets), 500):
        rows = view.connection.execute(
            select(table)
            .join(schema.tickets, schema.tickets.c.id == table.c.ticket)
            .where(table.c.ticket.in_(tickets[start : start + 500]), counts_now(view))
            .order_by(table.c.due_at, table.c.name)
        )
        for row in rows:
            found.setdefault(row.ticket, _clock_line(row, calendar, now))
    return found
