"""
Regular acts: what must be done again and again while a ticket is open, each turn by a clock that starts anew.

The weekly report on a difficult matter (FJ23-3.4d), the leader's monthly check, two-monthly session on site and quarterly
analysis (FJ23-2.4c to e), the settlement of what was put to the district leader within its month (HM20-3.3e).  An act done
begins the next turn; a turn that was missed is flagged, and the next one begins all the same.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import pace_record as p
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.state import OPEN, With
from node.domain.ticket.sweep import SETTLEMENT
from node.domain.ticket.ticket import Ticket, TicketEvent

WEEKLY_REPORT = "progress_report"
# FJ23-2.4c, 2.4d, 2.4e: by a leader who took a matter on.
LEADER_TURNS = ("monthly_check", "onsite_session", "quarterly_analysis")
TURNS = frozenset({WEEKLY_REPORT, SETTLEMENT, *LEADER_TURNS})


@dataclass(frozen=True)
class MissTurn(Command):
    """The turn of ``clock`` is over and the act was not done: the next turn begins."""

    roles = frozenset({Role.NODE})
    is_side = True

    clock: str


@dataclass(frozen=True)
class ExplainMissedTurn(Command):
    """Say why an act was not done in its turn, or a matter not settled in its month; ``clock`` is the kind."""

    roles = frozenset({Role.OFFICE, Role.DEPARTMENT, Role.STEWARD, Role.LEADER})

    clock: str
    reason: Text


@dataclass(frozen=True)
class TurnMissed(TicketEvent):
    """A regular act was not done in its turn, which ended at `due_at`. The header starts the clock of the next turn."""

    is_side = True

    clock: str
    due_at: datetime

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        missed = p.MissedTurn(self.clock, self.due_at)
        known = {(one.clock, one.due_at) for one in ticket.missed_turns}
        return ticket if (self.clock, self.due_at) in known else replace(ticket, missed_turns=(*ticket.missed_turns, missed))


@dataclass(frozen=True)
class MissedTurnExplained(TicketEvent):
    """Why the last turn of `clock`, which ended at `due_at`, was missed: a matter carried over shows it as its reason."""

    clock: str
    due_at: datetime
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        turns = tuple(
            replace(one, reason=self.reason) if (one.clock, one.due_at) == (self.clock, self.due_at) else one for one in ticket.missed_turns
        )
        return replace(ticket, missed_turns=turns)


def begin(policy: Policy, now: datetime, owes: With | str, *kinds: str) -> tuple[ClockChange, ...]:
    """The first turns of *kinds*, of those that the pack times."""
    return tuple(clocks.start(policy, now, kind, owes) for kind in kinds if policy.pack.has_limit(kind))


def put_to_layer(ticket: Ticket, layer: str, owes: With | str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """HM20-3.3e, POLICY_PACKS 2 no. 52: the month of a matter that is put to one of the pack's layers; it has one such month."""
    if layer not in policy.pack.names("settlement.layers") or ticket.clock(SETTLEMENT) is not None:
        return ()
    return begin(policy, now, owes, SETTLEMENT)


def done(ticket: Ticket, kind: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """The act of *kind* was done: its next turn; nothing if there is no such clock, or this turn's act was done before."""
    clock = ticket.clock(kind, policy.node)
    if clock is None or not clock.is_running or now < clock.started_at:
        return ()
    return (clocks.renew(clock, policy, now),)


def miss(ticket: Ticket, command: MissTurn, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: the node's own rule; what was missed while it was off is caught up turn by turn."""
    clock = ticket.clock(command.clock, policy.node)
    if clock is None or clock.kind not in TURNS:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=ticket.id, clock=command.clock)
    if clock.due_at is None or now < clock.due_at:
        return []  # it was done at the last moment
    renewed = clocks.renew(clock, policy, now)
    return [Happened(ticket.subject, TurnMissed(clock.name, clock.due_at), clocks=(renewed,))]


def explain(ticket: Ticket, command: ExplainMissedTurn, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.3e: what is carried over names the reason; a handler speaks for its own ticket only."""
    need_state(ticket, OPEN)
    need_field("reason", command.reason)
    if facts.is_role(Role.DEPARTMENT) and facts.actor.unit != ticket.lead:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=ticket.lead)
    missed = [one for one in ticket.missed_turns if one.clock == command.clock]
    if not missed:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application=command.clock)
    return [Happened(ticket.subject, MissedTurnExplained(command.clock, missed[-1].due_at, command.reason))]


DECISIONS = {MissTurn: miss, ExplainMissedTurn: explain}
