"""
Follow-up assessment (跟踪评估) of a second handling (FJ25-4.11.2a): the supervision side says whether it settled the matter.

The second vote belongs to the new round, the first one stays with the old: both values are kept.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.after import OWES, awaits_follow_up, awaits_vote, enter, step_of, with_after, with_whom
from node.domain.ticket.after_record import FollowUp
from node.domain.ticket.checks import need_field, need_state, need_value
from node.domain.ticket.parts import need_not_handler
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class AssessFollowUp(Command):
    """Assess a second handling; ``effect`` is a code of the pack."""

    roles = frozenset({Role.SUPERVISION})

    effect: str
    assessment: Text


@dataclass(frozen=True)
class FollowUpAssessed(TicketEvent):
    """The supervision side assessed the second handling of round `round`."""

    round: int
    effect: str
    with_whom_next: str = ""
    assessment: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, with_whom=with_whom(self.with_whom_next))
        return with_after(ticket, head, follow_up=FollowUp(head.recorded_at, head.actor.account, self.effect))


def assess(ticket: Ticket, command: AssessFollowUp, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.11.2a: after the second satisfaction check, so a vote was given or its time is over; once a round."""
    need_state(ticket, {State.COMPLETED})
    of = ticket.round
    if of is None or "follow_up" not in policy.pack.names("closing.needs"):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="follow_up")
    need_not_handler(ticket, facts)
    if of.after.follow_up is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="follow_up", id=ticket.id)
    if not awaits_follow_up(of):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="follow_up")
    if awaits_vote(of):
        raise Refusal(Code.EVALUATION_MISSING, ticket=ticket.id, value="")
    need_field("effect", command.effect)
    need_value(policy, "follow_up.results", command.effect)
    need_field("assessment", command.assessment)
    assessed = replace(of, after=replace(of.after, follow_up=FollowUp(now, facts.actor.account, command.effect)))
    step = step_of(ticket, assessed, policy)
    changes = (*clocks.stop_all(ticket, policy.node, "report_back"), enter(ticket, step, policy, now))
    event = FollowUpAssessed(of.number, command.effect, OWES[step].value, command.assessment)
    return [Happened(ticket.subject, event, clocks=changes)]


DECISIONS = {AssessFollowUp: assess}
