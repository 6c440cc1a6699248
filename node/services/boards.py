"""
What waits on a board: open tickets with a clock of some kinds that this node runs, what is due first on top.

A board is one question ("which extensions must be decided?"), asked of the clocks, since whoever must act always has one running.
What stands, because something else has to come first, follows behind what runs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from node.domain.command import Command
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.organisation import Role, Unit
from node.domain.payload import SealedRef
from node.domain.policy import Policy
from node.domain.ticket.checks import is_in_scope
from node.domain.ticket.parts import is_handler
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar
from node.services.queries import ClockLine, whole_clock_line
from node.services.scope import visible_to
from node.services.ticket_view import EntryLine, entry_line, opened
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import View

rows_max = 100
# A steward's scope is no column: so many are looked through for him.
looked_through_max = 1000


@dataclass(frozen=True)
class Waiting:
    """A ticket on a board with the clock that put it there; ``title`` is None where this node may not open it, or has none."""

    ticket: Ticket
    clock: ClockLine
    title: str | None

    @property
    def unit(self) -> str:
        """The unit named in the clock, as in "co_handle/<unit>"; else the one that owes it."""
        return self.clock.name.partition("/")[2] or self.clock.owes


@dataclass(frozen=True)
class Board:
    """The first ``rows_max`` that wait, how many wait in all and how many of these are overdue."""

    lines: tuple[Waiting, ...]
    total: int
    overdue: int


@dataclass(frozen=True)
class Counted:
    """How many wait for an act, and how many of them are overdue."""

    total: int
    overdue: int


def waiting(
    view: View,
    kinds: Iterable[str],
    calendar: WorkCalendar,
    now: datetime,
    viewer: Actor,
    *,
    unit: str = "",
    states: Iterable[State] = (),
    within: Callable[[Ticket], bool] | None = None,
    lines_max: int = rows_max,
) -> Board:
    """
    What waits with a clock of *kinds* ("extension_decision"; "co_handle" has the units' own too), as far as *viewer* sees it.

    *unit* keeps what that unit leads, owes or is named by, *states* what is in one of them.  *within* narrows what a row cannot
    tell, as a steward's field.
    """
    wanted = _wanted(view, tuple(kinds), viewer, unit, tuple(states))
    clocks, tickets = schema.clocks, schema.tickets
    query = select(clocks.c.ticket, clocks.c.name, clocks.c.node, tickets.c.holder).join(tickets, tickets.c.id == clocks.c.ticket)
    query = query.where(*wanted).order_by(clocks.c.due_at.is_(None), clocks.c.due_at, clocks.c.ticket, clocks.c.name)
    lines: list[Waiting] = []
    passed = 0
    late = 0
    for row in view.connection.execute(query.limit(lines_max if within is None else looked_through_max)).all():
        ticket = view.readings.ticket(row.ticket)
        clock = None if ticket is None else ticket.clocks.get(row.name if row.node == row.holder else f"{row.name}@{row.node}")
        if ticket is None or clock is None or (within is not None and not within(ticket)):
            continue
        passed += 1
        line = whole_clock_line(ticket.id, clock, calendar, now)
        late += line.is_overdue
        if len(lines) < lines_max:
            lines.append(Waiting(ticket, line, title_of(view, ticket)))
    if within is not None:
        return Board(tuple(lines), passed, late)
    counts = count(view, kinds, now, viewer, unit=unit, states=states)
    return Board(tuple(lines), counts.total, counts.overdue)


def count(view: View, kinds: Iterable[str], now: datetime, viewer: Actor, *, unit: str = "", states: Iterable[State] = ()) -> Counted:
    """How many clocks of *kinds* run or stand here, and how many are overdue, as far as *viewer* sees their tickets."""
    clocks, tickets = schema.clocks, schema.tickets
    wanted = _wanted(view, tuple(kinds), viewer, unit, tuple(states))
    query = select(func.count()).select_from(clocks.join(tickets, tickets.c.id == clocks.c.ticket)).where(*wanted)
    total = view.connection.execute(query).scalar_one()
    return Counted(total, view.connection.execute(query.where(clocks.c.due_at <= micros(now))).scalar_one())


def _wanted(view: View, kinds: tuple[str, ...], viewer: Actor, unit: str, states: tuple[State, ...]) -> list[ColumnElement[bool]]:
    clocks, tickets = schema.clocks, schema.tickets
    named = [or_(clocks.c.name == kind, clocks.c.name.startswith(f"{kind}/", autoescape=True)) for kind in kinds]
    wanted = [clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), or_(*named), visible_to(viewer)]
    if states:
        wanted.append(tickets.c.state.in_(sorted(one.value for one in states)))
    if unit:
        wanted.append(or_(tickets.c.lead == unit, clocks.c.owes == unit, clocks.c.name.endswith(f"/{unit}", autoescape=True)))
    return wanted


def title_of(view: View, ticket: Ticket) -> str | None:
    """The title of *ticket* in words, where this node holds it and has the key."""
    ref = ticket.intake.title or ticket.intake.appeal
    return text_of(view, ticket, ref)


def text_of(view: View, ticket: Ticket, ref: object) -> str | None:
    """A text of *ticket*, where this node holds it and has the key."""
    if not isinstance(ref, SealedRef) or ticket.custody.holder != view.head.node:
        return None
    return opened(view, ticket.subject, ref)


def entries_of(view: View, ticket: Ticket, kinds: Iterable[str] = (), id: str = "") -> list[EntryLine]:
    """The entries of *ticket* of these *kinds*, or the one of that *id*, in the order in which they were taken; texts as on its page."""
    wanted, subject = frozenset(kinds), Subject(SubjectKind.TICKET.value, ticket.id)
    opens = ticket.custody.holder == view.head.node
    return [
        entry_line(view, subject, one.folded, opens, ticket.void)
        for one in view.journal.of_subject(subject)
        if one.header.kind in wanted or one.header.id == id
    ]


# --- who may ------------------------------------------------------------------------------------------------------------


def may_give(policy: Policy, roles: Sequence[str], command: type[Command]) -> bool:
    """Whether somebody in one of *roles* may give *command* under the pack; whom a ticket itself excludes is said by ``decide``."""
    return any(role in allowed_roles(policy, command) for role in roles)


def allowed_roles(policy: Policy, command: type[Command]) -> frozenset[str]:
    """The roles that may give *command*: as the pack has it, else by themselves."""
    return frozenset(policy.pack.names(f"rights.{command.__name__}")) or frozenset(role.value for role in command.roles)


def deciders(view: View, policy: Policy, ticket: Ticket, command: type[Command]) -> list[str]:
    """The accounts of this node that may give *command* on *ticket*: in a role that may, and with no hand in it (AS25-4.4.2a)."""
    table, allowed = schema.accounts, allowed_roles(policy, command)
    rows = view.connection.execute(
        select(table.c.id, table.c.unit, table.c.roles)
        .where(table.c.node == view.head.node, table.c.is_active.is_(True))
        .order_by(table.c.id)
    )
    found = []
    for row in rows:
        fitting = sorted(allowed & set(row.roles.split(",")))
        if fitting and not is_handler(ticket, Actor(row.id, fitting[0], row.unit)):
            found.append(row.id)
    return found


def steward_filter(policy: Policy, units: Mapping[str, Unit], viewer: Actor) -> Callable[[Ticket], bool] | None:
    """What a steward works on: his field, or what reached his unit first (AS25-3.3, 3.4); None for everybody who works on all."""
    if viewer.role != Role.STEWARD.value:
        return None
    return lambda ticket: is_in_scope(ticket, viewer.unit, units, policy)
