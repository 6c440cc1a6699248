"""
Leader-led matters (领办) as their board has them: what leaders have in charge with what each owes on it, what should have a leader and
has none, what names nobody of the register, and what was owed and not done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, union

from node.domain.entry import Actor
from node.domain.policy import Policy
from node.domain.ticket.state import OPEN
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.turns import LEADER_TURNS
from node.domain.time import WorkCalendar
from node.services import leaders
from node.services.boards import bring_titles, title_of
from node.services.queries import ClockLine, whole_clock_line
from node.services.scope import in_sight, visible_to
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import View

# What wants something of the office before a leader can act on it, by what it lacks.
LACKS: Mapping[str, Callable[[View, Policy], ColumnElement[bool]]] = {
    "unassigned": leaders.is_unassigned,
    "unnamed": leaders.is_unnamed,
}


@dataclass(frozen=True)
class Led:
    """A ticket that the *leader*, an account, has in charge; ``turns`` are the clocks of what he owes on it, the next first."""

    ticket: Ticket
    title: str | None
    leader: str
    turns: tuple[ClockLine, ...]


class LedPlace(NamedTuple):
    """Where a led ticket stands: what is due by when, in microseconds, then what has no turn that runs."""

    is_standing: bool
    due_at: int
    ticket: str


@dataclass(frozen=True)
class LedList:
    """A part of what is led; ``total`` and ``overdue`` are of the whole.  ``next``: what the next part begins behind."""

    lines: tuple[Led, ...]
    total: int
    overdue: int
    next: LedPlace | None = None


def led(
    view: View,
    calendar: WorkCalendar,
    viewer: Actor,
    now: datetime,
    *,
    lines_max: int,
    after: LedPlace | None = None,
    skipped: int = 0,
) -> LedList:
    """
    The matters in charge of leaders, as far as *viewer* sees them, what is due first first: each once, with all of its leader's turns.
    The first *lines_max* behind *after*, for a reader who goes on while matters end, or behind the first *skipped*, for a numbered page.
    """
    tickets, clocks = schema.tickets, schema.clocks
    of_leaders = and_(clocks.c.stopped_at.is_(None), clocks.c.name.in_(LEADER_TURNS))
    first = select(clocks.c.ticket, func.min(clocks.c.due_at).label("due_at")).where(of_leaders).group_by(clocks.c.ticket).subquery()
    here = select(clocks.c.ticket).where(clocks.c.node == view.head.node, of_leaders)
    # Also where the pack asks for no regular acts, so that no clock runs.
    is_open = tickets.c.state.in_(sorted(one.value for one in OPEN))
    open_ones = select(tickets.c.id).where(tickets.c.id.in_(leaders.in_charge_of_any(view)), is_open)
    source = tickets.outerjoin(first, first.c.ticket == tickets.c.id)
    wanted = (tickets.c.id.in_(union(here, open_ones)), visible_to(viewer))
    counts = select(func.count(), func.count().filter(first.c.due_at <= micros(now))).select_from(source).where(*wanted)
    total, overdue = view.connection.execute(counts).one()
    query = select(tickets.c.id, first.c.due_at).select_from(source).where(*wanted)
    if after is not None:
        query = query.where(_behind(first.c.due_at, after))
    query = query.order_by(first.c.due_at.is_(None), first.c.due_at, tickets.c.id)
    rows = view.connection.execute(query.offset(skipped).limit(lines_max + 1)).all()
    is_more, rows = len(rows) > lines_max, rows[:lines_max]
    found = view.readings.tickets(row.id for row in rows)
    bring_titles(view, found.values())
    leader = {id: ticket.leading_at(view.head.node).leader for id, ticket in found.items()}
    lines = tuple(Led(ticket, title_of(view, ticket), leader[id], _turns(ticket, calendar, now)) for id, ticket in found.items())
    last = rows[-1] if is_more else None
    return LedList(lines, total, overdue, None if last is None else LedPlace(last.due_at is None, last.due_at or 0, last.id))


def _behind(due_at: ColumnElement[int], after: LedPlace) -> ColumnElement[bool]:
    id = schema.tickets.c.id
    if after.is_standing:
        return and_(due_at.is_(None), id > after.ticket)
    return or_(due_at.is_(None), tuple_(due_at, id) > tuple_(after.due_at, after.ticket))


def _turns(ticket: Ticket, calendar: WorkCalendar, now: datetime) -> tuple[ClockLine, ...]:
    clocks = [one for one in ticket.clocks.values() if one.name in LEADER_TURNS and one.stopped_at is None]
    return tuple(sorted((whole_clock_line(ticket.id, one, calendar, now) for one in clocks), key=lambda one: str(one.due_at)))


@dataclass(frozen=True)
class Lacking:
    """
    A part of what lacks something, each ticket with its title; ``total`` is of the whole.  ``next``, moment of registration in microseconds
    and ticket: what the next part begins behind.
    """

    lines: tuple[tuple[Ticket, str | None], ...]
    total: int
    next: tuple[int, str] | None = None


def lacking(
    view: View, policy: Policy, what: str, viewer: Actor, *, lines_max: int, after: tuple[int, str] | None = None, skipped: int = 0
) -> Lacking:
    """What lacks *what*, one of ``LACKS``, as far as *viewer* sees it, the oldest first: a part of it, as of what is ``led``."""
    tickets = schema.tickets
    wanted = (LACKS[what](view, policy), visible_to(viewer))
    total = view.connection.execute(select(func.count()).select_from(tickets).where(*wanted)).scalar_one()
    query = select(tickets.c.id, tickets.c.registered_at).where(*wanted).order_by(tickets.c.registered_at, tickets.c.id)
    if after is not None:
        query = query.where(tuple_(tickets.c.registered_at, tickets.c.id) > tuple_(*after))
    rows = view.connection.execute(query.offset(skipped).limit(lines_max + 1)).all()
    is_more, rows = len(rows) > lines_max, rows[:lines_max]
    found = view.readings.tickets(row.id for row in rows)
    bring_titles(view, found.values())
    lines = tuple((ticket, title_of(view, ticket)) for ticket in found.values())
    return Lacking(lines, total, (rows[-1].registered_at, rows[-1].id) if is_more else None)


def missed(view: View, viewer: Actor) -> list[leaders.Flag]:
    """The periods in which leaders did not do what they owed, the oldest first, on matters that *viewer* sees."""
    found = leaders.flags(view)
    seen = in_sight(view, viewer, (one.ticket for one in found))
    return [one for one in found if one.ticket in seen]
