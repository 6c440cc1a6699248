"""
The invitation to evaluate (评价邀请): a link with which the appellant can vote on what was completed, once (FJ25-4.10.3b).

Where the pack invites by itself (``notify.invite_evaluation``), the completion is the invitation and no entry of its own is needed.
This is the act of somebody who invites where it does not, or once more after the first link was lost.
"""

from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.after import with_after
from node.domain.ticket.checks import need_state
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.vote_elsewhere import VOTING


@dataclass(frozen=True)
class InviteEvaluation(Command):
    """Send the appellant a link with which he can evaluate the result, once."""

    roles = frozenset({Role.OFFICE, Role.SPECIALIST, Role.WINDOW_CLERK})


@dataclass(frozen=True)
class EvaluationInvited(TicketEvent):
    """
    The appellant was sent a link with which he can vote on the round in force, once. The link itself stands in no entry; whoever
    does not follow it is counted as not evaluated, never as satisfied.
    """

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return with_after(ticket, head, invited_at=head.recorded_at)


def is_invited(of: r.Round, policy: Policy) -> bool:
    """The appellant was asked for his vote on the completed round *of*, in whatever way, or has given it unasked."""
    is_asked = of.after.invited_at is not None or of.after.unreached_at is not None or of.evaluation is not None
    return is_asked or (of.completion is not None and policy.pack.flag("notify.invite_evaluation"))


def invite(ticket: Ticket, command: InviteEvaluation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.10.3b: after the completion, and not once he has voted: that would ask for another vote until it pleases."""
    need_state(ticket, VOTING)
    if ticket.round is None or ticket.completion is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="evaluation")
    if ticket.round.evaluation is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="evaluation", id=ticket.id)
    return [Happened(ticket.subject, EvaluationInvited())]


DECISIONS = {InviteEvaluation: invite}
