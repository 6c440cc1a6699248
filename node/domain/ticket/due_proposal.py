"""
Due times under another calendar: the office decides, ticket by ticket (DESIGN 5: issued promises are frozen).

A calendar that is adopted moves no clock.  What it would count otherwise is a proposal, which is no event but a difference
that anybody can see (``proposal``); accepted, the clock is issued anew; declined, its due time becomes a date that was set.
"""

from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class DueProposal:
    """*clock* of *ticket* is due at *issued* as it was issued, and at *recounted* by *calendar*, the one in force."""

    ticket: str
    clock: str
    issued: datetime
    recounted: datetime
    calendar: str

    @property
    def is_later(self) -> bool:
        """True if whoever owes it would gain time."""
        return self.recounted > self.issued


@dataclass(frozen=True)
class DecideDueProposal(Command):
    """
    Let ``clock`` be due as the calendar in force counts it, or keep the due time that was issued, with a reason.

    ``calendar`` is the version that the office saw.
    """

    roles = frozenset({Role.OFFICE})
    is_side = True

    clock: str
    calendar: str
    is_accepted: bool
    reason: Text | None = None


@dataclass(frozen=True)
class DueProposalAccepted(TicketEvent):
    """The office let the due time of `clock` follow another calendar: `former_due_at` was issued, the header has the new one."""

    is_side = True

    clock: str
    calendar: str
    former_due_at: datetime

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class DueProposalDeclined(TicketEvent):
    """The office kept the issued due time of `clock`, although `calendar` counts `counted_due_at`."""

    is_side = True

    clock: str
    calendar: str
    counted_due_at: datetime
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def proposal(ticket: Ticket, clock: r.Clock, policy: Policy) -> DueProposal | None:
    """What the calendar in force counts otherwise; None for a clock that does not run here, or that it counts alike."""
    if not clock.is_running or clock.due_at is None or clock.node != policy.node or clock.calendar == policy.calendar.version:
        return None
    recounted = clocks.recounted(clock, policy.calendar)
    if recounted == clock.due_at:
        return None
    return DueProposal(ticket.id, clock.name, clock.due_at, recounted, policy.calendar.version)


def proposals(ticket: Ticket, policy: Policy) -> tuple[DueProposal, ...]:
    """The proposals of a ticket, by the name of the clock."""
    found = (proposal(ticket, clock, policy) for _, clock in sorted(ticket.clocks.items()))
    return tuple(one for one in found if one is not None)


def decide_proposal(ticket: Ticket, command: DecideDueProposal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: never silently; what the office saw must still be so, and what was decided or never proposed waits for nobody."""
    if not proposals(ticket, policy):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="due_proposal")
    clock = ticket.clock(command.clock, policy.node)
    if clock is None:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=ticket.id, clock=command.clock)
    if command.calendar != policy.calendar.version:
        raise Refusal(Code.CALENDAR_CHANGED, calendar=command.calendar, version=policy.calendar.version)
    proposed = proposal(ticket, clock, policy)
    if proposed is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="due_proposal")
    if command.is_accepted:
        accepted = DueProposalAccepted(clock.name, command.calendar, proposed.issued)
        return [Happened(ticket.subject, accepted, clocks=(clocks.move_by_calendar(clock, policy),))]
    need_field("reason", command.reason)
    declined = DueProposalDeclined(clock.name, command.calendar, proposed.recounted, command.reason)
    return [Happened(ticket.subject, declined, clocks=(clocks.keep_due(clock, policy),))]


DECISIONS = {DecideDueProposal: decide_proposal}
