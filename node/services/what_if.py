"""
What if: a period of the node's own journal, replayed under changed rules of its packs (``qyzj pack what-if``).

What people did stays as it was, when it was: only the limits are others.  Each ticket is folded twice, entry by entry, once
with its clocks as they were issued and once with the changed limit, counted from the same start, over the same pauses and by
the same calendar; a date that somebody set or promised stays that date.  Nothing is written, and with nothing changed both
are the same to the minute (a test holds this).

A limit that was issued is one of the pack's if it is what the pack had under the clock's key, in the engine's own order; where
two keys of one clock had the same value the first is taken.  Any other limit (the stricter date of a superior, what was left
at a transfer) stays as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from node.domain.entry import Change, ClockChange, Folded, Header, Subject, SubjectKind
from node.domain.pack import Pack, Rule, Value
from node.domain.ticket import clocks
from node.domain.ticket.fold import evolve, in_order, line_of
from node.domain.ticket.records import Clock
from node.domain.ticket.sweep import SETTLEMENT
from node.domain.ticket.ticket import Ticket, clock_key
from node.domain.time import Limit, Pause, Unit, WorkCalendar, due, local_day
from node.services.policies import Policies
from node.storage import schema
from node.storage.unit_of_work import View

STARTS_ON = "resolve.starts_on"
# Which entry starts the handling limit, by the pack's word for it; in the order of a ticket's life.
BEGINS: Mapping[str, str] = {"formed": "Formed", "dispatched": "Dispatched", "signed": "Signed"}
# Where the limit of a clock may come from besides the key of its own name.
ALSO: Mapping[str, tuple[str, ...]] = {
    "co_handle": ("co_handle_part",),
    "dispatch": ("assign",),
    "resolve": ("feedback_after_decision",),
    "transfer_answer": ("sign",),
}

CalendarOf = Callable[[str], WorkCalendar]


@dataclass(frozen=True)
class Measured:
    """
    One clock as it was issued and as it would have been.  ``met_at`` is when it was stopped, None if it still runs or stands.
    A due time is None where the clock would not have begun; ``due_before`` and ``due_after`` are the last ones of each.
    """

    ticket: str
    clock: str
    started_at: datetime
    limit_before: Limit
    limit_after: Limit | None
    due_before: datetime | None
    due_after: datetime | None
    met_at: datetime | None
    was_late: bool
    would_be_late: bool


@dataclass(frozen=True)
class WhatIf:
    """
    What a period would have been.  ``clocks`` are all that began in it, by start; ``counts`` how many of each kind there were,
    were late, and would have been late; ``late_before`` and ``late_after`` the tickets with a late clock among them.
    """

    clocks: tuple[Measured, ...]
    counts: Mapping[str, tuple[int, int, int]]
    late_before: tuple[str, ...]
    late_after: tuple[str, ...]

    @property
    def newly_late(self) -> tuple[Measured, ...]:
        """In time, and too late under the changed rules."""
        return tuple(one for one in self.clocks if one.would_be_late and not one.was_late)

    @property
    def no_longer_late(self) -> tuple[Measured, ...]:
        """Too late, and in time under the changed rules."""
        return tuple(one for one in self.clocks if one.was_late and not one.would_be_late)


def moves_a_due_time(key: str) -> bool:
    """True for the keys that can be replayed: limits, and what starts the handling limit."""
    return key.startswith("limit.") or key == STARTS_ON


def changed(pack: Pack, changes: Mapping[str, Value]) -> Pack:
    """*pack* with *changes* laid over it."""
    return replace(pack, rules={**pack.rules, **{key: Rule(value, "default", "what-if") for key, value in changes.items()}})


def what_if(view: View, policies: Policies, changes: Mapping[str, Value], first: date | None, last: date | None, now: datetime) -> WhatIf:
    """
    Replay every clock of this node that began from *first* to *last* (Beijing days, both included; None: no end) with
    *changes* in each pack that governed a ticket then.
    """
    policy = policies.bare(view)
    packs = {pack.digest: (pack, changed(pack, changes)) for pack in policies.adopted(view)}
    found = []
    for ticket in _tickets(view):
        entries = [one.folded for one in view.journal.of_subject(Subject(SubjectKind.TICKET.value, ticket))]
        line = line_of(entries, policy.place.rank).entries
        if line:
            ordered = in_order(line, [one for one in entries if not one.header.is_line])
            found += replay(ordered, policy.node, packs, policy.calendar_of, now)
    chosen = [
        one
        for one in found
        if (first is None or first <= local_day(one.started_at)) and (last is None or local_day(one.started_at) <= last)
    ]
    return _counted(sorted(chosen, key=lambda one: (one.started_at, one.ticket, one.clock)))


def replay(
    entries: Sequence[Folded], node: str, packs: Mapping[str, tuple[Pack, Pack]], calendar_of: CalendarOf, now: datetime
) -> list[Measured]:
    """
    Each clock that *node* started in *entries* (one ticket's, in the order in which they are folded), as it was and as it would
    have been.  *packs* are those in force and those laid over them, by the digest of the former.
    """
    runs: dict[str, _Run] = {}
    over: list[_Run] = []
    real: Ticket | None = None
    other: Ticket | None = None
    for place, entry in enumerate(entries):
        before = real
        real = evolve(real, entry)
        if entry.header.node != node or not entry.header.clocks:
            other = evolve(other, entry)
            continue
        replaying = _Replaying(entries, place, packs, calendar_of, before, real, other)
        instead = tuple(one for change in entry.header.clocks for one in replaying.changed(change))
        other = evolve(other, replace(entry, header=replace(entry.header, clocks=instead)))
        for change in entry.header.clocks:
            if change.change is Change.STARTED:
                if change.clock in runs:
                    over.append(runs.pop(change.clock).ended(entry.header.recorded_at))
                runs[change.clock] = _Run(real.id, change.clock)
            if change.clock in runs:
                runs[change.clock] = replace(
                    runs[change.clock], real=_mine(real, change.clock, node), other=_mine(other, change.clock, node)
                )
    return [measured for run in (*over, *runs.values()) if (measured := run.measured(now)) is not None]


@dataclass(frozen=True)
class _Run:
    """A clock from its start to its end: as it is in both foldings."""

    ticket: str
    name: str
    real: Clock | None = None
    other: Clock | None = None
    # When another clock of the name took its place.
    replaced_at: datetime | None = None

    def ended(self, at: datetime) -> "_Run":
        is_open = self.real is not None and self.real.stopped_at is None
        return replace(self, replaced_at=at) if is_open else self

    def measured(self, now: datetime) -> Measured | None:
        if self.real is None:
            return None
        end = self.real.stopped_at or self.replaced_at
        return Measured(
            ticket=self.ticket,
            clock=self.name,
            started_at=self.real.started_at,
            limit_before=self.real.limit,
            limit_after=self.other.limit if self.other else None,
            due_before=self.real.last_due_at,
            due_after=self.other.last_due_at if self.other else None,
            met_at=self.real.stopped_at,
            was_late=_is_late(self.real, end, now),
            would_be_late=self.other is not None and _is_late(self.other, end, now),
        )


@dataclass(frozen=True)
class _Replaying:
    """What one entry would have done to clocks: *before* and *after* are the ticket as it was, *other* as it would have been."""

    entries: Sequence[Folded]
    place: int
    packs: Mapping[str, tuple[Pack, Pack]]
    calendar_of: CalendarOf
    before: Ticket | None
    after: Ticket
    other: Ticket | None

    def changed(self, change: ClockChange) -> Iterator[ClockChange]:
        """*change* with the limit and the due time that it would have had; nothing, if the clock would not have begun yet."""
        match change.change:
            case Change.STARTED:
                yield from self._started(change)
            case Change.MOVED:
                yield self._moved(change)
            case Change.RESUMED:
                yield self._resumed(change)
            case Change.PAUSED | Change.STOPPED:
                yield change

    def _started(self, change: ClockChange) -> Iterator[ClockChange]:
        limit, moved = self._limit(change), self._begin(change)
        if change.promised is not None or (limit is None and moved is None):
            yield change
            return
        begin = change.since or self._head.recorded_at
        if moved is not None:
            if moved[0] is None:
                return
            begin = moved[0]
        limit = limit or _limit_of(change)
        since = begin if moved is not None else change.since
        due_at = due(begin, limit, self.calendar_of(change.calendar))
        yield replace(change, limit=limit.count, unit=limit.unit.value, due_at=due_at, since=since)

    def _moved(self, change: ClockChange) -> ClockChange:
        clock, other = self._clock(self.before, change), self._clock(self.other, change)
        if clock is None or other is None:
            return change
        if (clock.limit, clock.promised) == (_limit_of(change), change.promised) and change.due_at in (clock.due_at, None):
            # Only somebody else owes it.
            return replace(change, limit=other.limit.count, unit=other.limit.unit.value, due_at=other.due_at)
        if change.promised is not None:
            return change
        limit = self._limit(change) or _limit_of(change)
        pausing = other.is_paused or change.due_at is None
        calendar = self.calendar_of(change.calendar)
        due_at = None if pausing else clocks.recounted(replace(other, limit=limit, promised=None), calendar)
        return replace(change, limit=limit.count, unit=limit.unit.value, due_at=due_at)

    def _resumed(self, change: ClockChange) -> ClockChange:
        other = self._clock(self.other, change)
        if other is None or not other.is_paused:
            return change
        *earlier, last = other.pauses
        end = max(change.since or self._head.recorded_at, last.begin)
        pauses = (*earlier, Pause(last.begin, end))
        due_at = clocks.recounted(replace(other, pauses=pauses), self.calendar_of(change.calendar))
        return replace(change, limit=other.limit.count, unit=other.limit.unit.value, due_at=due_at)

    def _limit(self, change: ClockChange) -> Limit | None:
        """The limit that the changed pack gives; None if what was issued came from no pack."""
        old, new = self.packs.get(change.pack, (None, None))
        if old is None or new is None:
            return None
        issued = _limit_of(change)
        for keys in self._keys(change.clock.partition("/")[0]):
            rule, instead = old.find(*keys), new.find(*keys)
            if rule is not None and rule.value == issued and instead is not None and isinstance(instead.value, Limit):
                return instead.value
        return None

    def _keys(self, kind: str) -> Iterator[tuple[str, ...]]:
        """Where the limit of a clock of *kind* may stand, each time in the order in which the engine looks."""
        if kind == "resolve":
            category, complexity = self.after.classing.category, self.after.classing.complexity
            chain = (f"resolve.{category}.{complexity}", f"resolve.{category}", f"resolve.any.{complexity}", "resolve")
            yield tuple(f"limit.{key}" for key in chain)
        elif kind == "supplement" and self.after.is_formed:
            yield ("limit.supplement_in_handling",)
        else:
            yield (f"limit.{kind}",)
        for key in ALSO.get(kind, ()):
            yield (f"limit.{key}",)

    def _begin(self, change: ClockChange) -> tuple[datetime | None] | None:
        """The start that the handling limit would have had, (None,) if it has not begun; None if it began as the pack says."""
        old, new = self.packs.get(change.pack, (None, None))
        if change.clock != "resolve" or old is None or new is None or old.find(STARTS_ON) == new.find(STARTS_ON):
            return None
        was, wanted = old.choice(STARTS_ON), new.choice(STARTS_ON)
        if self._head.kind != BEGINS.get(was) or was == wanted:
            return None
        order = list(BEGINS)
        if order.index(wanted) > order.index(was):
            later = (one.header for one in self.entries[self.place :] if one.header.kind == BEGINS[wanted])
            found = next(later, None)
        else:
            earlier = [one.header for one in self.entries[: self.place] if one.header.kind == BEGINS[wanted]]
            found = earlier[-1] if earlier else None
        return (found.recorded_at if found is not None else None,)

    def _clock(self, ticket: Ticket | None, change: ClockChange) -> Clock | None:
        return _mine(ticket, change.clock, self._head.node) if ticket is not None else None

    @property
    def _head(self) -> Header:
        return self.entries[self.place].header


def _limit_of(change: ClockChange) -> Limit:
    return Limit(change.limit, Unit(change.unit))


def _mine(ticket: Ticket, name: str, node: str) -> Clock | None:
    return ticket.clocks.get(clock_key(name, node, ticket.custody.holder))


def _is_late(clock: Clock, end: datetime | None, now: datetime) -> bool:
    """
    What ends at its due time is in time; a clock that still runs at its due time is late; one that stands is as it was when
    its pause began.  What a month's end leaves unsettled is carried over, never late (POLICY_PACKS 2 no. 52).
    """
    if clock.last_due_at is None or clock.kind == SETTLEMENT:
        return False
    is_standing = bool(clock.pauses) and clock.pauses[-1].end is None
    if is_standing:
        return clock.pauses[-1].begin > clock.last_due_at
    return end > clock.last_due_at if end is not None else now >= clock.last_due_at


def _tickets(view: View) -> Iterable[str]:
    table = schema.entries
    own = (table.c.node == view.head.node, table.c.subject_kind == SubjectKind.TICKET.value)
    return view.connection.execute(select(table.c.subject_id).where(*own).distinct().order_by(table.c.subject_id)).scalars().all()


def _counted(measured: Sequence[Measured]) -> WhatIf:
    kinds = sorted({one.clock.partition("/")[0] for one in measured})
    counts = {}
    for kind in kinds:
        of = [one for one in measured if one.clock.partition("/")[0] == kind]
        counts[kind] = (len(of), sum(one.was_late for one in of), sum(one.would_be_late for one in of))
    return WhatIf(
        clocks=tuple(measured),
        counts=counts,
        late_before=tuple(sorted({one.ticket for one in measured if one.was_late})),
        late_after=tuple(sorted({one.ticket for one in measured if one.would_be_late})),
    )
