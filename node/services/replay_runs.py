"""One clock in both foldings of a replay, from its start to its end: what it was, whether it was late, and what it set off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.entry import Change, ClockChange, Header
from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.ticket.records import Clock
from node.domain.ticket.sweep import SETTLEMENT
from node.domain.ticket.ticket import Ticket, clock_key
from node.domain.time import Limit, WorkCalendar
from node.services.replay_rungs import FiredRung, Span, fired_in

CalendarOf = Callable[[str], WorkCalendar]


@dataclass(frozen=True)
class Measured:
    """
    One clock as it was issued and as it would have been.  ``met_at`` is when it was stopped, None if it still runs or stands.
    Of a clock that would not have begun limit and due time are None; ``due_before`` and ``due_after`` are the last ones of each.
    ``fired_before`` and ``fired_after`` are what it set off, as a node that is never off fires it.
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
    fired_before: tuple[FiredRung, ...] = ()
    fired_after: tuple[FiredRung, ...] = ()


@dataclass(frozen=True)
class Run:
    """A clock from its start to its end: what it was from each entry on, in both foldings."""

    ticket: str
    name: str
    real: Clock | None = None
    other: Clock | None = None
    real_spans: tuple[Span, ...] = ()
    other_spans: tuple[Span, ...] = ()
    # When another clock of the name took its place.
    replaced_at: datetime | None = None
    is_refused: bool = False

    def ended(self, head: Header) -> "Run":
        """The run when another clock of the name takes its place."""
        is_open = self.real is not None and self.real.stopped_at is None
        return replace(
            self,
            replaced_at=head.recorded_at if is_open else None,
            real_spans=_closed(self.real_spans, head),
            other_spans=_closed(self.other_spans, head),
        )

    def at(
        self, head: Header, instead: Sequence[ClockChange], packs: tuple[Pack, Pack] | None, real: Ticket, other: Ticket, node: str
    ) -> "Run":
        """The run after the entry of *head*, which has the changes *instead* in the other folding."""
        mine = clock_of(real, self.name, node)
        theirs = None if self.is_refused else clock_of(other, self.name, node)
        if theirs is not None and theirs.stopped_at is not None and self.other is None and theirs.stopped_at < head.recorded_at:
            theirs = None  # a former one of the name: this one has not begun there yet
        was, wanted = packs if packs is not None else (None, None)
        return replace(
            self,
            real=mine,
            other=theirs,
            real_spans=_with_span(self.real_spans, head, head.clocks, mine, real, was),
            other_spans=_with_span(self.other_spans, head, instead, theirs, other, wanted),
        )


def _with_span(
    spans: tuple[Span, ...], head: Header, changes: Sequence[ClockChange], clock: Clock | None, ticket: Ticket, pack: Pack | None
) -> tuple[Span, ...]:
    closed = _closed(spans, head)
    if clock is None or pack is None:
        return closed
    former = spans[-1].clock.due_at if spans else None
    # As folding has it: another due time, other than by a pause, lets everything go off again.
    moved = (one.due_at for one in changes if one.clock == clock.name and one.change in (Change.MOVED, Change.STARTED))
    return (*closed, Span(head.recorded_at, clock, ticket, pack, is_anew=any(at is None or at != former for at in moved)))


def _closed(spans: tuple[Span, ...], head: Header) -> tuple[Span, ...]:
    return (*spans[:-1], spans[-1].ended(head)) if spans and spans[-1].ends_at is None else spans


@dataclass(frozen=True)
class Measuring:
    """Measures runs at ``now``."""

    place: Place
    calendar_of: CalendarOf
    now: datetime

    def measured(self, run: Run) -> Measured | None:
        """The run in numbers; None for a clock that the journal does not have."""
        if run.real is None:
            return None
        end = run.real.stopped_at or run.replaced_at
        return Measured(
            ticket=run.ticket,
            clock=run.name,
            started_at=run.real.started_at,
            limit_before=run.real.limit,
            limit_after=run.other.limit if run.other else None,
            due_before=run.real.last_due_at,
            due_after=run.other.last_due_at if run.other else None,
            met_at=run.real.stopped_at,
            was_late=_is_late(run.real, end, self.now),
            would_be_late=run.other is not None and _is_late(run.other, end, self.now),
            fired_before=fired_in(run.real_spans, self.place, self.calendar_of, self.now),
            fired_after=fired_in(run.other_spans, self.place, self.calendar_of, self.now),
        )


def clock_of(ticket: Ticket, name: str, node: str) -> Clock | None:
    """The clock of *name* that *node* started."""
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
