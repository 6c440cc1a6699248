"""What a clock set off, or would have: early warnings, overdue marks and the steps of a ladder, by the engine's own reckoning."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.entry import Header
from node.domain.organisation import Place, Role
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.ticket.records import Clock
from node.domain.ticket.sweep import Rung, rungs_of
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar


@dataclass(frozen=True)
class FiredRung:
    """``rung`` went off at ``at``; ``times`` is 0, or the number of the ladder's step."""

    rung: str
    times: int
    at: datetime


@dataclass(frozen=True)
class Span:
    """
    A clock as it was from ``begins_at`` until the next entry that touched it; ``is_own``: that was the node's own act.

    ``is_anew``: what the clock set off before may go off again.
    """

    begins_at: datetime
    clock: Clock
    ticket: Ticket
    pack: Pack
    ends_at: datetime | None = None
    is_own: bool = False
    is_anew: bool = False

    def ended(self, head: Header) -> "Span":
        """The span up to the entry of *head*."""
        return replace(self, ends_at=head.recorded_at, is_own=head.actor.role == Role.NODE.value)

    def holds(self, moment: datetime, now: datetime) -> bool:
        """
        True if a node that is never off would have fired at *moment*: what a person writes at the due time itself is in time, what
        the node does of itself it does once the limit is over.
        """
        if self.ends_at is None:
            return moment <= now
        return moment <= self.ends_at if self.is_own else moment < self.ends_at


def fired_in(spans: Iterable[Span], place: Place, calendar_of: Callable[[str], WorkCalendar], now: datetime) -> tuple[FiredRung, ...]:
    """What one clock set off over its *spans*, in order: each rung once for each due time, a ladder step by step."""
    fired: list[FiredRung] = []
    marks: set[str] = set()
    for span in spans:
        if span.is_anew:
            marks = set()
        if not span.clock.is_running:
            continue
        policy = Policy(span.pack, calendar_of(span.clock.calendar), place)
        for rung in _ripe(span, policy, now):
            if rung.mark not in marks:
                marks.add(rung.mark)
                fired.append(FiredRung(rung.rung, rung.times, rung.at))
    return tuple(fired)


def _ripe(span: Span, policy: Policy, now: datetime) -> list[Rung]:
    found = []
    for rung in rungs_of(span.ticket, span.clock, policy):
        if span.holds(max(rung.at, span.begins_at), now):
            found.append(rung)
        elif rung.times:
            break  # a ladder goes up: no later step is due
    return sorted(found, key=lambda rung: (rung.at, rung.times))
