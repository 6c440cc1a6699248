"""
What a list is to hold, as conditions on rows of ``tickets``: open or settled, whose turn it is, what is owed, due, in a tray.

What a unit or a person has is few of what a node has after years, and so is what runs: such rows are gathered once a query from indexes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, FromClause, Select, and_, or_, select, union_all

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.ticket.state import OPEN, State, With
from node.domain.ticket.sweep import SETTLEMENT
from node.domain.time import end_of, local_day
from node.domain.time.calendar import at
from node.services.scope import has_few, has_trait, listed_for, sees_all, visible_to, walked_for
from node.storage import schema
from node.storage.database import micros
from node.storage.planning import in_passing, unsought
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
_OPEN_STATES = frozenset(_OPEN)
# What is gathered and sorted for a page, where walking in its order might pass all that a node has before it is full.
few_max = 1_000
# Traits that hardly any ticket has.
_RARE = frozenset({"awaits_consent"})
# Open, and the unit's to act on: not with the office before a dispatch, nor with another level.
_IN_A_UNIT = sorted(state.value for state in OPEN - {State.REGISTERED, State.IN_JUDGEMENT, State.FORMED, State.OFFERED, State.ESCALATED})


@dataclass(frozen=True)
class Place:
    """Where a ticket stands in a list: next due time and registration in microseconds, None if nothing is due, and its id."""

    due_at: int | None
    registered_at: int
    ticket: str


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
    # In the tray of that unit, with that person; with "" nobody has it yet.
    tray: tuple[str, str] | None = None
    category: str = ""
    # Registered on that Beijing day or later.
    since: date | None = None
    # Rows that earlier pages of the list have shown.
    rows_skipped: int = 0
    # The place of the last line of the page before; None begins.
    after: Place | None = None

    @property
    def is_narrow(self) -> bool:
        """
        True if it is looked for among what runs and is due, or among fewer: each of them is asked whether its viewer sees it.  Among all
        that is open, or was ever settled, what is his is gathered first.
        """
        return bool(self.due or self.mine or self.owed or self.tray or self.unsorted or self.traits)

    @property
    def is_timed(self) -> bool:
        """True if all that it is about has a clock that runs here."""
        return bool(self.due or self.owed)

    @property
    def is_open(self) -> bool:
        """True if it is of open tickets only, a hundredth of what a node has after years."""
        return bool(self.states) and set(self.states) <= _OPEN_STATES


def is_walked(view: View, wanted: Wanted) -> bool:
    """
    True if a list of all that is open, or ever settled, passes far more than its viewer sees, and he sees too much to read each of it:
    then its own order leads it, and a full page ends it.
    """
    return not (wanted.is_narrow or sees_all(wanted.viewer) or has_few(view, wanted.viewer, few_max))


def narrowed(
    view: View,
    query: Select[tuple[object, ...]],
    wanted: Wanted,
    now: datetime,
    *,
    is_bounded: bool = False,
    walked: FromClause = schema.tickets,
) -> Select[tuple[object, ...]]:
    """
    *query*, which asks ``tickets``, with every condition of *wanted*.  *is_bounded*: it walks along what runs, and no further; *walked*:
    the same tickets under another name, to which it is joined, along which it walks.
    """
    clocks, tickets = schema.clocks, schema.tickets
    # A list along what runs begins nowhere else: not with all that was ever closed, if that is what is asked for.
    state, registered_at = (unsought(column) if is_bounded else column for column in (walked.c.state, walked.c.registered_at))
    if wanted.states:
        is_so = state.in_(wanted.states)
        # Nearly all that runs is open; taken for a hundredth of it, all of it would be read and sorted for a page.
        query = query.where(in_passing(is_so) if is_bounded and wanted.is_open and not wanted.due else is_so)
    for column, code in ((tickets.c.layer, wanted.layer), (tickets.c.level, wanted.level)):
        if code:
            query = query.where(column == code)
    if wanted.unsorted:
        # Registration starts the forming clock, own duty taken up the sorting clock; an outcome stops either.
        # The pool of an office below is that office's to sort.
        is_ours = (clocks.c.node == view.head.node, tickets.c.holder == view.head.node)
        awaits = (*is_ours, clocks.c.name.in_(("form", "sort")), clocks.c.stopped_at.is_(None))
        query = query.where(_has_clock(*awaits))
    for name, value in wanted.traits:
        query = query.where(_is_among(name, value) if name in _RARE else has_trait(name, value))
    query = query.where(_seen(view, wanted, clocks.c.ticket if is_bounded else walked.c.id))
    if wanted.unit:
        query = query.where(_of_unit(wanted.unit))
    if wanted.tray is not None:
        query = query.where(in_tray(view, *wanted.tray))
    if wanted.category:
        query = query.where(tickets.c.category == wanted.category)
    if wanted.since is not None:
        query = query.where(registered_at >= micros(at(wanted.since, time.min)))
    if wanted.owed is not None and not wanted.due:
        query = query.where(_has_clock(owed_here(view, *wanted.owed)))
    if wanted.due:
        window = (
            clocks.c.due_at.between(micros(now) + 1, micros(end_of(local_day(now))))
            if wanted.due == "today"
            else and_(clocks.c.due_at <= micros(now), clocks.c.name != SETTLEMENT)  # POLICY_PACKS 2 no. 52: never overdue
        )
        of_whom = of_whoever_waits(view) if wanted.owed is None else owed_here(view, *wanted.owed)
        has_one = _has_clock(of_whom, window)
        if is_bounded and wanted.due == "overdue":
            # The earliest clock of a ticket, along which the list goes, is due no later than the one that is over, and nearly always it is
            # that one: then no other is looked for.
            query = query.where(clocks.c.due_at <= micros(now))
            has_one = or_(and_(of_whom, window), has_one)
        query = query.where(has_one)
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
        turned = select(tickets.c.id).where(tickets.c.state.in_(_OPEN), is_here, or_(*turns)).correlate(None)
        # What is decided beside the handling is with a unit, what must be revisited is not open: the limit says whose it is.
        owed = select(clocks.c.ticket).join(tickets, tickets.c.id == clocks.c.ticket).where(owed_here(view, role, unit)).correlate(None)
        query = query.where(tickets.c.id.in_(union_all(turned, owed)))
    return query


def _seen(view: View, wanted: Wanted, along: ColumnElement[str]) -> ColumnElement[bool]:
    """That ``wanted.viewer`` sees a ticket, in a list that comes *along* that column of its numbers."""
    if wanted.is_narrow:
        return visible_to(wanted.viewer)
    return walked_for(wanted.viewer, along) if is_walked(view, wanted) else listed_for(wanted.viewer)


def _is_among(name: str, value: str) -> ColumnElement[bool]:
    """As ``has_trait``, gathered first."""
    traits = schema.traits
    return schema.tickets.c.id.in_(select(traits.c.ticket).where(traits.c.name == name, traits.c.value == value))


def _has_clock(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """That a ticket has such a clock: found from the clocks, of which few run, not from the tickets, of which many are settled."""
    clocks, tickets = schema.clocks, schema.tickets
    found = select(clocks.c.ticket).join(tickets, tickets.c.id == clocks.c.ticket).where(*conditions).correlate(None)
    return tickets.c.id.in_(found)


def owed_here(view: View, role: str, unit: str) -> ColumnElement[bool]:
    """Running clocks of this node that somebody in *role* of *unit* owes: his unit by name, or the part that he plays."""
    clocks, tickets = schema.clocks, schema.tickets
    parts = {role, *_WITH_OF_ROLE.get(role, ())}
    owing: list[ColumnElement[bool]] = [clocks.c.owes.in_(sorted(parts))]
    if unit:
        # Said once more without the tickets, so that the clocks alone are looked up.
        parts |= {unit, With.DEPARTMENT.value, With.FIRST_CONTACT.value}
        owing.append(clocks.c.owes == unit)
        owing.append(and_(clocks.c.owes == With.DEPARTMENT.value, tickets.c.lead == unit))
        owing.append(and_(clocks.c.owes == With.FIRST_CONTACT.value, tickets.c.first_contact == unit))
    running = (clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None))
    its = (clocks.c.node == view.head.node, clocks.c.owes.in_(sorted(parts)))
    return and_(*its, *running, clocks.c.name != SETTLEMENT, or_(*owing))


def _of_unit(unit: str) -> ColumnElement[bool]:
    """Led or taken in by *unit*, or with a clock that it owes: gathered from indexes, as ``listed_for``."""
    clocks, tickets = schema.clocks, schema.tickets
    owed = select(clocks.c.ticket).where(clocks.c.owes == unit, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None))
    its = [select(tickets.c.id).where(column == unit, column != "").correlate(None) for column in (tickets.c.lead, tickets.c.first_contact)]
    return tickets.c.id.in_(union_all(*its, owed.correlate(None)))


def _owed_by(unit: str) -> ColumnElement[bool]:
    clocks, tickets = schema.clocks, schema.tickets
    return (
        select(clocks.c.ticket)
        .where(clocks.c.owes == unit, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None), clocks.c.ticket == tickets.c.id)
        .correlate(tickets)
        .exists()
    )


def counts_now(view: View) -> ColumnElement[bool]:
    """
    Running clocks of whoever the ticket waits for: its holder, the node that was asked, or this one; none that was left with custody.

    What is due is not stopped.  To say that, too, lets PostgreSQL expect a hundredth of the clocks that run, and read all of them where
    a list ends with its page.
    """
    return and_(of_whoever_waits(view), schema.clocks.c.due_at.isnot(None))


def of_whoever_waits(view: View) -> ColumnElement[bool]:
    """As ``counts_now``, where a due time is compared: what has none is not there, and to say so doubles what PostgreSQL leaves out."""
    clocks, tickets = schema.clocks, schema.tickets
    return or_(clocks.c.node == tickets.c.holder, clocks.c.node == tickets.c.asked, clocks.c.node == view.head.node)


def is_numbered(pattern: str) -> ColumnElement[bool]:
    """As ``number_pattern`` has it.  A whole number is looked up; only what leaves something open is compared with every one."""
    table = schema.tickets
    return table.c.id.like(pattern) if "_" in pattern else table.c.id == pattern


def in_tray(view: View, unit: str, person: str | None = None) -> ColumnElement[bool]:
    """
    That a ticket lies in the tray of *unit* (``trays``): with anybody, with one *person*, or with "" with nobody yet.
    """
    tickets, clocks, desks = schema.tickets, schema.clocks, schema.desks
    leads = (tickets.c.lead == unit, tickets.c.lead != "", tickets.c.holder == view.head.node, tickets.c.state.in_(_IN_A_UNIT))
    led, owed = select(tickets.c.id).where(*leads).correlate(None), select(clocks.c.ticket).where(*owed_by_unit(view, unit)).correlate(None)
    is_there = tickets.c.id.in_(union_all(led, owed))
    if person is None:
        return is_there
    taken = select(desks.c.ticket).where(desks.c.unit == unit, desks.c.person == person if person else desks.c.person != "")
    return and_(is_there, tickets.c.id.in_(taken) if person else tickets.c.id.not_in(taken))


def owed_by_unit(view: View, unit: str) -> tuple[ColumnElement[bool], ...]:
    """Running clocks of this node that *unit* owes by name."""
    clocks = schema.clocks
    return clocks.c.owes == unit, clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), clocks.c.due_at.isnot(None)
