"""
What a lead must have done before it applies for the write-off (申请办结销号) on each ground (XS25-4.4.1c, 4.4.2j).

The application itself is the completion by a standard of the pack; these are the records that it is held against: talks with
the units and levels concerned, a plan or a report on what is not simple, a push upward that came to its end.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.handling_record import Liaison
from node.domain.ticket.parts import need_evidence_here, need_handling
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

# Other ways in which the file shows that units were brought together about the ticket.
COORDINATING_KINDS = frozenset({"CoordinationAgreed", "CoordinationFailed", "CoordinationRuled", "OpinionFiled"})
# What the lead submits to the centre while it handles: plans and progress.
SUBMISSION_KINDS = frozenset({"ProgressRecorded", "ProgressReported", "SolutionPlanFiled", "PreliminaryReplyGiven", "SolvabilityAnswered"})


@dataclass(frozen=True)
class RecordLiaison(Command):
    """Write down a talk with other units or levels about the ticket: with whom (``bodies``, codes), when, and what came of it."""

    roles = frozenset({Role.DEPARTMENT})

    bodies: tuple[str, ...]
    held_on: date
    result: Text
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class LiaisonRecorded(TicketEvent):
    """The lead talked with `bodies` about the ticket on `held_on`, as it states (充分协调对接, XS25-4.4.2j)."""

    bodies: tuple[str, ...]
    held_on: date
    evidence: tuple[str, ...] = ()
    result: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, liaisons=(*ticket.liaisons, Liaison(self.bodies, self.held_on, head.recorded_at)))


def record_liaison(ticket: Ticket, command: RecordLiaison, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2j: full coordination is proved by records; nobody talked tomorrow."""
    need_state(ticket, IN_HAND)
    need_handling(ticket, facts)
    need_field("bodies", command.bodies)
    need_field("held_on", command.held_on)
    if command.held_on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="held_on")
    need_field("result", command.result)
    need_evidence_here(command.evidence, facts)
    return [Happened(ticket.subject, LiaisonRecorded(command.bodies, command.held_on, command.evidence, command.result))]


def need_coordination(ticket: Ticket, standard: str, policy: Policy) -> None:
    """XS25-4.4.2j: hard to solve only "after full coordination": a ground that the pack names needs a record of it."""
    if standard not in policy.pack.names("completion.coordination_for"):
        return
    if not ticket.liaisons and not any(hand.kind in COORDINATING_KINDS for hand in ticket.hands):
        raise Refusal(Code.COORDINATION_MISSING, ticket=ticket.id)


def need_push_ended(ticket: Ticket, standard: str, is_impossible: bool, policy: Policy) -> None:
    """
    POLICY_PACKS 2 no. 42: upper power is a ground only once the push upward was returned, finished, or is shown to be
    impossible; while it is on its way the ticket follows the upper node.  What this node withdrew itself, or got back over
    the head of who was asked, nobody above answered.
    """
    if standard not in policy.pack.names("completion.push_first") or is_impossible:
        return
    pushed = [hop for hop in ticket.escalations if not hop.is_down and hop.from_node == policy.node]
    if not any(hop.outcome in ("returned", "decided") for hop in pushed):
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="push_ended")


def need_submission(ticket: Ticket, policy: Policy) -> None:
    """XS25-4.4.1c: what is not simple was planned or reported on before the write-off is applied for."""
    if ticket.classing.complexity not in policy.pack.names("completion.submissions_for"):
        return
    if not any(hand.kind in SUBMISSION_KINDS for hand in ticket.hands):
        raise Refusal(Code.SUBMISSION_MISSING, ticket=ticket.id)


DECISIONS = {RecordLiaison: record_liaison}
