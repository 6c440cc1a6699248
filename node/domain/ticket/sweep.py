"""
What the clocks of a ticket set off: the early warning and the overdue mark (DESIGN 5, AS25-4.6.1.2a).

A matter that the month's end leaves unsettled is carried over, never overdue (POLICY_PACKS 2 no. 52).

A fired rung is an event with a natural key, clock, start and rung: sweeping twice fires once, and what was missed while
the node was off fires when it is back, in order.  A node sweeps the clocks that it started, no others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, time

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.supervision_ladder import climb, has_ladder
from node.domain.ticket.supervision_record import SupervisionStep
from node.domain.ticket.ticket import Ticket, TicketEvent, clock_key
from node.domain.time import Opening, WarningRule, Window, parse_windows, warn_at

EARLY_WARNING, OVERDUE, CARRIED_OVER = "early_warning", "overdue", "carried_over"


# A matter put to the leader, to be settled within its month (HM20-3.3e).
SETTLEMENT = "settlement"


@dataclass(frozen=True, order=True)
class Rung:
    """
    One thing that a clock sets off.  ``at`` is when it was due, ``due_at`` when the clock itself is.  ``times`` is 0, or the
    number of a step of the pack's ladder, whose measure ``rung`` then is.
    """

    at: datetime
    clock: str
    rung: str
    due_at: datetime
    started_at: datetime
    times: int = 0

    @property
    def mark(self) -> str:
        """Under which name it stands among the clock's ``fired``."""
        return mark_of(self.rung, self.times)


def mark_of(rung: str, times: int) -> str:
    """A step of the ladder is marked with its number: the last one may come again."""
    return f"{rung}/{times}" if times else rung


@dataclass(frozen=True)
class FireRung(Command):
    """Set off ``rung`` ("early_warning", "overdue" or "carried_over") of ``clock``."""

    roles = frozenset({Role.NODE})
    is_side = True

    clock: str
    rung: str


@dataclass(frozen=True)
class RungFired(TicketEvent):
    """
    A clock of this node reached a point of its ladder: "early_warning", "overdue", "carried_over" for what a month's end left
    unsettled, or a step of the pack's ladder of supervision. Once for each start and each due time; the header's `occurred_at`
    is when it was due to be fired.

    `due_at` is when the clock is due, `started_at` when it began. `times` is 0, or the number of the ladder's step, for which
    the supervision order `order` was opened.
    """

    is_side = True

    clock: str
    rung: str
    due_at: datetime
    started_at: datetime
    times: int = 0
    order: str = ""

    @property
    def mark(self) -> str:
        """Under which name it stands among the clock's ``fired``."""
        return mark_of(self.rung, self.times)

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        if self.order:
            step = SupervisionStep(self.order, self.rung, self.times, head.node, head.recorded_at)
            ticket = replace(ticket, supervision=(*ticket.supervision, step))
        key = clock_key(self.clock, head.node, ticket.custody.holder)
        clock = ticket.clocks.get(key)
        if clock is None or clock.started_at != self.started_at or self.mark in clock.fired:
            return ticket
        return replace(ticket, clocks={**ticket.clocks, key: replace(clock, fired=(*clock.fired, self.mark))})


def due_rungs(ticket: Ticket, policy: Policy, now: datetime) -> list[Rung]:
    """What is due at *now* and was not fired yet, in the order in which it became due; of one moment a clock's own points first."""
    due: list[Rung] = []
    for clock in _running(ticket, policy):
        for rung in rungs_of(ticket, clock, policy):
            if rung.at > now and rung.times:
                break  # a ladder goes up: no later step is due
            if rung.at <= now and rung.mark not in clock.fired:
                due.append(rung)
    return sorted(due, key=lambda rung: (rung.at, rung.clock, rung.times, rung.rung))


def next_rung_at(ticket: Ticket, policy: Policy) -> datetime | None:
    """When the sweep should look at this ticket again; None if nothing is left to fire."""
    firsts: list[datetime] = []
    for clock in _running(ticket, policy):
        for rung in rungs_of(ticket, clock, policy):
            if rung.mark not in clock.fired:
                firsts.append(rung.at)
                if rung.times:
                    break
    return min(firsts, default=None)


def _running(ticket: Ticket, policy: Policy) -> list[r.Clock]:
    return [clock for clock in ticket.clocks_of(policy.node) if clock.is_running]


def rungs_of(ticket: Ticket, clock: r.Clock, policy: Policy) -> Iterator[Rung]:
    """What a running *clock* may set off: its own two points, then the steps of the ladder, each with its time."""
    assert clock.due_at is not None
    # AS25-4.6.1.2a: who got it late is not warned before he had it.
    handed_at = ticket.dispatch.dispatched_at if ticket.dispatch and clock.kind == "resolve" else clock.started_at
    warning = warn_at(
        max(clock.started_at, min(handed_at, clock.due_at)), clock.due_at, clock.limit, policy.calendar, warning_rule(policy.pack)
    )
    yield Rung(warning, clock.name, EARLY_WARNING, clock.due_at, clock.started_at)
    yield Rung(clock.due_at, clock.name, CARRIED_OVER if is_carried_over(clock) else OVERDUE, clock.due_at, clock.started_at)
    # Only a unit is urged: the office does not supervise itself.
    if "-" in clock.owes and has_ladder(clock.kind, policy.pack):
        for times, measure, at in climb(warning, clock.due_at, policy):
            yield Rung(max(at, handed_at), clock.name, measure, clock.due_at, clock.started_at, times)


def is_carried_over(clock: r.Clock) -> bool:
    """HM20-3.3e, "原则上当月": what is not settled by then is carried over with a reason."""
    return clock.kind == SETTLEMENT


def warning_rule(pack: Pack) -> WarningRule:
    """The pack's thresholds (``warning.*``), the product's where it is silent (POLICY_PACKS 2 no. 15).  Times are "HH:MM"."""
    given: dict[str, int | time | Opening] = {"opening": opening_of(pack)}
    for field in fields(WarningRule):
        rule = pack.find(f"warning.{field.name}")
        if rule is not None and isinstance(rule.value, str):
            given[field.name] = time.fromisoformat(rule.value)
        elif rule is not None and isinstance(rule.value, int):
            given[field.name] = rule.value
    return replace(WarningRule(), **given)  # type: ignore[arg-type]  # the pack linter holds each key to its kind


def opening_of(pack: Pack) -> Opening:
    """The pack's opening windows (``opening.<kind of day>``); closed, or the product's office hours, where it is silent."""
    given: dict[str, tuple[Window, ...]] = {}
    for field in fields(Opening):
        rule = pack.find(f"opening.{field.name}")
        windows = parse_windows(str(rule.value)) if rule is not None else None
        if windows is not None:
            given[field.name] = windows
    return Opening(**given)


def fire(ticket: Ticket, command: FireRung, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: once, in order; a rung that was fired fires no more."""
    clock = ticket.clock(command.clock, policy.node)
    if clock is None:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=ticket.id, clock=command.clock)
    if command.rung in clock.fired:
        return []
    rung = next(
        (one for one in due_rungs(ticket, policy, now) if (one.clock, one.rung, one.times) == (command.clock, command.rung, 0)), None
    )
    if rung is None:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=ticket.id, clock=command.clock, rung=command.rung)
    return [Happened(ticket.subject, RungFired(rung.clock, rung.rung, rung.due_at, rung.started_at))]


DECISIONS = {FireRung: fire}
