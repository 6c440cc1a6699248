"""
What waits on a board: open tickets with a clock of some kinds that this node runs, what is due first on top.

A board is one question ("which extensions must be decided?"), asked of the clocks, since whoever must act always has one running.
What stands, because something else has to come first, follows behind what runs.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select, tuple_

from node.domain.command import Command
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.organisation import Role, Unit
from node.domain.payload import SealedRef
from node.domain.policy import Policy
from node.domain.ticket.checks import is_in_scope
from node.domain.ticket.parts import is_handler
from node.domain.ticket.records import Clock
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar
from node.services.queries import ClockLine, whole_clock_line
from node.services.readership import need_board
from node.services.registry import read_units
from node.services.scope import visible_to
from node.services.ticket_view import EntryLine, bring_words, entry_line, opened
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import View

# The boards that are clocks of one kind or some.  What stands on the others is counted on them.
KINDS: Mapping[str, tuple[str, ...]] = {
    "triage": ("form", "sort", "reroute", "supplement_decision"),
    "dispatch": ("dispatch",),
    "judgement": ("judgement",),
    "approvals": (
        *("extension_decision", "termination_decision", "withdrawal_decision", "supplement_decision"),
        *("recheck_decision", "recheck", "rectification", "co_handle_ruling"),
    ),
    "co-handling": ("co_handle", "opinion", "joint_item"),
    "objections": ("objection_ruling", "government_ruling", "coordination"),
    "escalations": ("escalation_answer", "transfer_answer"),
    "revisits": ("revisit",),
}
# Here a steward has to do with whatever he sees, not with his field alone.
_BEYOND_FIELDS = frozenset({"co-handling", "escalations", "revisits"})
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


class Place(NamedTuple):
    """Where a clock stands on a board: what runs by when it is due, in microseconds, then what stands."""

    is_standing: bool
    due_at: int
    ticket: str
    name: str


@dataclass(frozen=True)
class Board:
    """
    The first ``rows_max`` that wait, how many wait in all and how many of these are overdue.  ``next`` is what the next part begins
    behind; None where nothing follows.
    """

    lines: tuple[Waiting, ...]
    total: int
    overdue: int
    next: Place | None = None


@dataclass(frozen=True)
class Counted:
    """How many wait for an act, and how many of them are overdue."""

    total: int
    overdue: int


def board(
    view: View, name: str, policy: Policy, viewer: Actor, now: datetime, *, unit: str = "", after: Place | None = None, lines_max: int
) -> Board:
    """
    A part of the board *name*, one of ``KINDS``, as its page shows it to *viewer*: of a steward what is in his field.

    Raises:
        Refusal: PERMISSION_DENIED, if it is none for his role.
    """
    need_board(viewer.role, name)
    within = None if name in _BEYOND_FIELDS else steward_filter(policy, read_units(view.connection, view.head.node), viewer)
    return waiting(view, KINDS[name], policy.calendar, now, viewer, unit=unit, within=within, lines_max=lines_max, after=after)


def counted(view: View, names: Iterable[str], now: datetime, viewer: Actor) -> dict[str, Counted]:
    """How much waits on each of the boards *names* that are clocks (``KINDS``)."""
    return count(view, {name: KINDS[name] for name in names if name in KINDS}, now, viewer)


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
    after: Place | None = None,
) -> Board:
    """
    What waits with a clock of *kinds* ("extension_decision"; "co_handle" has the units' own too), as far as *viewer* sees it.

    *unit* keeps what that unit leads, owes or is named by, *states* what is in one of them.  *within* narrows what a row cannot
    tell, as a steward's field.  Shown are the first *lines_max* behind *after*; what is counted is the whole board.
    """
    named, whose = tuple(kinds), tuple(states)
    wanted = _wanted(view, named, viewer, unit, whose)
    clocks, tickets = schema.clocks, schema.tickets
    # What waits in all is counted by the statement that gives the first of it.
    counted = (func.count().over().label("total"), func.count().filter(clocks.c.due_at <= micros(now)).over().label("overdue"))
    query = select(clocks.c.ticket, clocks.c.name, clocks.c.node, clocks.c.due_at, tickets.c.holder, *counted)
    query = query.join(tickets, tickets.c.id == clocks.c.ticket).where(*wanted)
    query = query.order_by(clocks.c.due_at.is_(None), clocks.c.due_at, clocks.c.ticket, clocks.c.name)
    if within is None and after is not None:
        query = query.where(_behind(after))
    rows = view.connection.execute(query.limit(lines_max + 1 if within is None else looked_through_max)).all()
    total, overdue = (rows[0].total, rows[0].overdue) if rows else (0, 0)
    if within is not None:
        found = [(row, ticket) for row, ticket in _readable(view, rows) if within(ticket)]
        total, overdue = len(found), sum(row.due_at is not None and row.due_at <= micros(now) for row, _ in found)
        found = found[_passed([row for row, _ in found], after) :]
        rows = [row for row, _ in found]
    elif after is not None:
        total, overdue = dataclasses.astuple(count(view, {"": named}, now, viewer, unit=unit, states=whose)[""])
    is_more, rows = len(rows) > lines_max, rows[:lines_max]
    pairs = found[:lines_max] if within is not None else _readable(view, rows)
    shown = [(ticket, clock) for row, ticket in pairs if (clock := _clock_of(ticket, row)) is not None]
    bring_titles(view, [ticket for ticket, _ in shown])
    lines = [Waiting(ticket, whole_clock_line(ticket.id, clock, calendar, now), title_of(view, ticket)) for ticket, clock in shown]
    return Board(tuple(lines), total, overdue, _place(rows[-1]) if is_more else None)


def _readable(view: View, rows: Sequence[Row[Any]]) -> list[tuple[Row[Any], Ticket]]:
    """*rows* with their tickets, as far as these can be read."""
    known = view.readings.tickets(row.ticket for row in rows)
    return [(row, ticket) for row in rows if (ticket := known.get(row.ticket)) is not None]


def _clock_of(ticket: Ticket, row: Row[Any]) -> Clock | None:
    return ticket.clocks.get(row.name if row.node == row.holder else f"{row.name}@{row.node}")


def _place(row: Row[Any]) -> Place:
    return Place(row.due_at is None, row.due_at or 0, row.ticket, row.name)


def _passed(rows: Sequence[Row[Any]], after: Place | None) -> int:
    """How many of *rows*, as the database has ordered them, stand no further than *after*."""
    places = [_place(row) for row in rows]
    if after is None:
        return 0
    return places.index(after) + 1 if after in places else sum(place < after for place in places)


def _behind(after: Place) -> ColumnElement[bool]:
    clocks = schema.clocks
    beside = tuple_(clocks.c.ticket, clocks.c.name) > tuple_(after.ticket, after.name)
    if after.is_standing:
        return and_(clocks.c.due_at.is_(None), beside)
    return or_(clocks.c.due_at.is_(None), clocks.c.due_at > after.due_at, and_(clocks.c.due_at == after.due_at, beside))


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
        entry_line(view, subject, one.folded, opens, ticket)
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
