"""
What the clocks of a ticket set off: the early warning and the overdue mark (DESIGN 5, AS25-4.6.1.2a).

A fired rung is an event with a natural key, clock, start and rung: sweeping twice fires once, and what was missed while
the node was off fires when it is back, in order.  A node sweeps the clocks that it started, no others.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime, time

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.ticket import Ticket, TicketEvent, clock_key
from node.domain.time import WarningRule, warn_at

EARLY_WARNING, OVERDUE = "early_warning", "overdue"


@dataclass(frozen=True, order=True)
class Rung:
    """One thing that a clock sets off.  ``at`` is when it was due, ``due_at`` when the clock itself is."""

    at: datetime
    clock: str
    rung: str
    due_at: datetime
    started_at: datetime


@dataclass(frozen=True)
class FireRung(Command):
    """Set off ``rung`` ("early_warning" or "overdue") of ``clock``."""

    roles = frozenset({Role.NODE})
    is_side = True

    clock: str
    rung: str


@dataclass(frozen=True)
class RungFired(TicketEvent):
    """
    A clock of this node reached a point of its ladder: "early_warning" or "overdue". Once for each start and each due time.

    `due_at` is when the clock is due, `started_at` when it began.
    """

    is_side = True

    clock: str
    rung: str
    due_at: datetime
    started_at: datetime

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        key = clock_key(self.clock, head.node, ticket.custody.holder)
        clock = ticket.clocks.get(key)
        if clock is None or clock.started_at != self.started_at or self.rung in clock.fired:
            return ticket
        return replace(ticket, clocks={**ticket.clocks, key: replace(clock, fired=(*clock.fired, self.rung))})


def due_rungs(ticket: Ticket, policy: Policy, now: datetime) -> list[Rung]:
    """What is due at *now* and was not fired yet, in the order in which it became due."""
    running = [clock for clock in ticket.clocks_of(policy.node) if clock.is_running]
    return sorted(rung for clock in running for rung in _rungs(ticket, clock, policy) if rung.at <= now and rung.rung not in clock.fired)


def next_rung_at(ticket: Ticket, policy: Policy) -> datetime | None:
    """When the sweep should look at this ticket again; None if nothing is left to fire."""
    running = [clock for clock in ticket.clocks_of(policy.node) if clock.is_running]
    return min((rung.at for clock in running for rung in _rungs(ticket, clock, policy) if rung.rung not in clock.fired), default=None)


def _rungs(ticket: Ticket, clock: r.Clock, policy: Policy) -> tuple[Rung, Rung]:
    assert clock.due_at is not None
    # AS25-4.6.1.2a: who got it late is not warned before he had it.
    handed_at = ticket.dispatch.dispatched_at if ticket.dispatch and clock.kind == "resolve" else clock.started_at
    warning = warn_at(
        max(clock.started_at, min(handed_at, clock.due_at)), clock.due_at, clock.limit, policy.calendar, warning_rule(policy.pack)
    )
    return (
        Rung(warning, clock.name, EARLY_WARNING, clock.due_at, clock.started_at),
        Rung(clock.due_at, clock.name, OVERDUE, clock.due_at, clock.started_at),
    )


def warning_rule(pack: Pack) -> WarningRule:
    """The pack's thresholds (``warning.*``), the product's where it is silent (POLICY_PACKS 2 no. 15).  Times are "HH:MM"."""
    given: dict[str, int | time] = {}
    for field in fields(WarningRule):
        rule = pack.find(f"warning.{field.name}")
        if rule is not None and isinstance(rule.value, str):
            given[field.name] = time.fromisoformat(rule.value)
        elif rule is not None and isinstance(rule.value, int):
            given[field.name] = rule.value
    return replace(WarningRule(), **given)  # type: ignore[arg-type]  # the pack linter holds each key to its kind


def fire(ticket: Ticket, command: FireRung, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: once, in order; a rung that was fired fires no more."""
    clock = ticket.clock(command.clock, policy.node)
    if clock is None:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=ticket.id, clock=command.clock)
    if command.rung in clock.fired:
        return []
    rung = next((one for one in due_rungs(ticket, policy, now) if (one.clock, one.rung) == (command.clock, command.rung)), None)
    if rung is None:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=ticket.id, clock=command.clock, rung=command.rung)
    return [Happened(ticket.subject, RungFired(rung.clock, rung.rung, rung.due_at, rung.started_at))]


DECISIONS = {FireRung: fire}
