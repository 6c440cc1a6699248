"""
What waits on a board: open tickets with a clock of some kinds that this node runs, what is due first on top.

A board is one question ("which extensions must be decided?"), asked of the clocks, since whoever must act always has one running.
What stands, because something else has to come first, follows behind what runs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, or_, select

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
from node.services.ticket_view import EntryLine, bring_words, entry_line, opened
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
    # What waits in all is counted by the statement that gives the first of it.
    counted = (func.count().over().label("total"), func.count().filter(clocks.c.due_at <= micros(now)).over().label("overdue"))
    query = select(clocks.c.ticket, clocks.c.name, clocks.c.node, tickets.c.holder, *counted).join(tickets, tickets.c.id == clocks.c.ticket)
    query = query.where(*wanted).order_by(clocks.c.due_at.is_(None), clocks.c.due_at, clocks.c.ticket, clocks.c.name)
    rows = view.connection.execute(query.limit(lines_max if within is None else looked_through_max)).all()
    known = view.readings.tickets(row.ticket for row in rows)
    found: list[tuple[Ticket, ClockLine]] = []
    for row in rows:
        ticket = known.get(row.ticket)
        clock = None if ticket is None else ticket.clocks.get(row.name if row.node == row.holder else f"{row.name}@{row.node}")
        if ticket is not None and clock is not None and (within is None or within(ticket)):
            found.append((ticket, whole_clock_line(ticket.id, clock, calendar, now)))
    shown = found[:lines_max]
    bring_titles(view, [ticket for ticket, _ in shown])
    lines = tuple(Waiting(ticket, line, title_of(view, ticket)) for ticket, line in shown)
    if within is not None:
        return Board(lines, len(found), sum(line.is_overdue for _, line in found))
    return Board(lines, *((rows[0].total, rows[0].overdue) if rows else (0, 0)))


def count(
    view: View, boards: Mapping[str, Iterable[str]], now: datetime, viewer: Actor, *, unit: str = "", states: Iterable[State] = ()
) -> dict[str, Counted]:
    """
    How many clocks of the kinds of each of *boards* run or stand here, and how many are overdue, as far as *viewer* sees their tickets;
    all of them counted by one statement.
    """
    if not boards:
        return {}
    clocks, tickets = schema.clocks, schema.tickets
    figures: list[ColumnElement[int]] = []
    kinds_of = {name: tuple(kinds) for name, kinds in boards.items()}
    for kinds in kinds_of.values():
        named = _is_named(kinds)
        figures += [func.count().filter(named), func.count().filter(named, clocks.c.due_at <= micros(now))]
    wanted = _wanted(view, tuple(kind for kinds in kinds_of.values() for kind in kinds), viewer, unit, tuple(states))
    query = select(*figures).select_from(clocks.join(tickets, tickets.c.id == clocks.c.ticket)).where(*wanted)
    counts = tuple(view.connection.execute(query).one())
    return {name: Counted(*counts[2 * place : 2 * place + 2]) for place, name in enumerate(kinds_of)}


def _wanted(view: View, kinds: tuple[str, ...], viewer: Actor, unit: str, states: tuple[State, ...]) -> list[ColumnElement[bool]]:
    clocks, tickets = schema.clocks, schema.tickets
    wanted = [clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), _is_named(kinds), visible_to(viewer)]
    if states:
        wanted.append(tickets.c.state.in_(sorted(one.value for one in states)))
    if unit:
        wanted.append(or_(tickets.c.lead == unit, clocks.c.owes == unit, clocks.c.name.endswith(f"/{unit}", autoescape=True)))
    return wanted


def _is_named(kinds: Sequence[str]) -> ColumnElement[bool]:
    name = schema.clocks.c.name
    return or_(false(), *(or_(name == kind, name.startswith(f"{kind}/", autoescape=True)) for kind in kinds))


def bring_titles(view: View, tickets: Iterable[Ticket]) -> None:
    """Read what ``title_of`` opens of *tickets* together."""
    bring_words(view, tickets, lambda ticket, head: head.id == getattr(_title_ref(ticket), "entry", ""))


def _title_ref(ticket: Ticket) -> object:
    return ticket.intake.title or ticket.intake.appeal


def title_of(view: View, ticket: Ticket) -> str | None:
    """The title of *ticket* in words, where this node holds it and has the key."""
    return text_of(view, ticket, _title_ref(ticket))


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
    allowed, found = allowed_roles(policy, command), []
    for account, unit, roles in view.once("active accounts", lambda: _active_accounts(view)):
        fitting = sorted(allowed & roles)
        if fitting and not is_handler(ticket, Actor(account, fitting[0], unit)):
            found.append(account)
    return found


def _active_accounts(view: View) -> list[tuple[str, str, frozenset[str]]]:
    """Account, unit and roles of everybody who acts at this node."""
    table = schema.accounts
    rows = view.connection.execute(
        select(table.c.id, table.c.unit, table.c.roles)
        .where(table.c.node == view.head.node, table.c.is_active.is_(True))
        .order_by(table.c.id)
    )
    return [(row.id, row.unit, frozenset(row.roles.split(","))) for row in rows]


def steward_filter(policy: Policy, units: Mapping[str, Unit], viewer: Actor) -> Callable[[Ticket], bool] | None:
    """What a steward works on: his field, or what reached his unit first (AS25-3.3, 3.4); None for everybody who works on all."""
    if viewer.role != Role.STEWARD.value:
        return None
    return lambda ticket: is_in_scope(ticket, viewer.unit, units, policy)
