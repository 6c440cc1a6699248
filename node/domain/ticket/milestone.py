"""
Milestones (节点) of a long matter: the lead plans them, and reaching one is told to the enterprise (FJ25-4.10.2a).

Only a ticket whose handling limit is longer than the pack's ``milestones.from_workdays`` has any; each has a clock of its own
that warns before its day.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_own_unit, need_state
from node.domain.ticket.milestone_record import Milestone
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import Unit, last_day, local_day


@dataclass(frozen=True)
class PlanMilestone(Command):
    """Plan a step of a long matter for a day within the handling limit."""

    roles = frozenset({Role.DEPARTMENT})

    planned_on: date
    what: Text


@dataclass(frozen=True)
class ReachMilestone(Command):
    """Say that milestone ``milestone`` is reached; the enterprise is told."""

    roles = frozenset({Role.DEPARTMENT})

    milestone: int
    note: Text | None = None


@dataclass(frozen=True)
class MilestonePlanned(TicketEvent):
    """The lead planned milestone number `milestone` of a long matter for the day `planned_on`."""

    milestone: int
    planned_on: date
    what: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, milestones=(*ticket.milestones, Milestone(self.milestone, self.planned_on, self.what)))


@dataclass(frozen=True)
class MilestoneReached(TicketEvent):
    """Milestone number `milestone` was reached; the enterprise is told."""

    milestone: int
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        after = tuple(
            replace(one, reached_at=head.recorded_at) if one.number == self.milestone and one.reached_at is None else one
            for one in ticket.milestones
        )
        return replace(ticket, milestones=after)


def plan(ticket: Ticket, command: PlanMilestone, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.10.2a: of a matter whose limit is above the pack's threshold, and within that limit."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("what", command.what)
    limit = ticket.clock("resolve")
    threshold = policy.pack.number("milestones.from_workdays")
    if limit is None or limit.limit.unit is not Unit.WORKDAY or limit.limit.count <= threshold or limit.due_at is None:
        raise Refusal(Code.NO_MILESTONES, ticket=ticket.id, threshold=threshold)
    if command.planned_on < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, date=command.planned_on, earliest=local_day(now))
    if command.planned_on > last_day(limit.due_at):
        raise Refusal(Code.DEADLINE_PASSED, ticket=ticket.id, due=last_day(limit.due_at))
    number = len(ticket.milestones) + 1
    clock = clocks.start_until(policy, now, f"milestone/{number}", ticket.lead, command.planned_on)
    return [Happened(ticket.subject, MilestonePlanned(number, command.planned_on, command.what), clocks=(clock,))]


def reach(ticket: Ticket, command: ReachMilestone, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Once each; an unknown number is refused."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    found = next((one for one in ticket.milestones if one.number == command.milestone), None)
    if found is None:
        offered = [str(one.number) for one in ticket.milestones]
        raise Refusal(Code.VALUE_NOT_OFFERED, key="milestone", value=str(command.milestone), offered=offered)
    if found.reached_at is not None:
        return []
    stopped = clocks.stop_if_on(ticket, f"milestone/{found.number}")
    return [Happened(ticket.subject, MilestoneReached(found.number, command.note), clocks=stopped)]


DECISIONS = {PlanMilestone: plan, ReachMilestone: reach}
