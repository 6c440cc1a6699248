"""
Verification (督查核查): an appellant's 不满意 goes to the supervision side, which finds the cause (FJ25-4.11.1).

It then has the ticket assigned anew, signed again and with a new limit, in a numbered round without a cap; or it lets "cannot be
handled, explained" stand, where that is what the department completed it with.  That end is counted apart and never as
satisfied (POLICY_PACKS 2 no. 28).  Only packs with ``rework.by = supervision`` have this state.
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
from node.domain.ticket import records as r
from node.domain.ticket.after import OWES, enter, step_of, with_after
from node.domain.ticket.after_record import Referral
from node.domain.ticket.checks import need_field, need_state, need_unit, need_value
from node.domain.ticket.dispatching import Dispatched, dispatch_clocks
from node.domain.ticket.parts import need_not_handler
from node.domain.ticket.rework import DISPATCH, send_back
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import due

REFERABLE = frozenset({State.COMPLETED, State.CLOSED})


@dataclass(frozen=True)
class ReferDissatisfaction(Command):
    """Put an effective vote of 不满意 to the supervision side that was given while custody was elsewhere."""

    roles = frozenset({Role.NODE, Role.OFFICE, Role.SUPERVISION})


@dataclass(frozen=True)
class OrderRework(Command):
    """
    The supervision side found out why the appellant is dissatisfied, and has the ticket assigned anew.

    ``found_cause`` is a code of the pack; ``lead`` the unit that handles it now, the former one if empty.
    """

    roles = frozenset({Role.SUPERVISION})

    found_cause: str
    reason: Text
    lead: str = ""


@dataclass(frozen=True)
class ApproveExplanation(Command):
    """The supervision side found that it cannot be handled and was properly explained: no further round."""

    roles = frozenset({Role.SUPERVISION})

    found_cause: str
    reason: Text


@dataclass(frozen=True)
class DissatisfactionReferred(TicketEvent):
    """The appellant is dissatisfied with round `round`: the supervision side verifies and finds the cause."""

    round: int

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, state=State.VERIFYING, with_whom=With.SUPERVISION, ended_at=None, ended_as="")
        return with_after(ticket, head, referral=Referral(head.recorded_at))


@dataclass(frozen=True)
class CauseFound(TicketEvent):
    """
    The supervision side found out why the appellant of round `round` was dissatisfied. `outcome`: "reassigned" or "explained".

    It stands before the new round, or before the approval.
    """

    round: int
    found_cause: str
    outcome: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        former = ticket.round.after.referral if ticket.round else None
        opened_at = former.opened_at if former else head.recorded_at
        return with_after(ticket, head, referral=Referral(opened_at, self.found_cause, self.outcome))


@dataclass(frozen=True)
class ExplanationApproved(TicketEvent):
    """
    The supervision side let "cannot be handled, explained" stand although the appellant is dissatisfied: the office closes it.

    Counted apart, never as satisfied.
    """

    with_whom_next: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, state=State.COMPLETED, with_whom=With(self.with_whom_next))
        return with_after(ticket, head, explained_at=head.recorded_at)


def refer(ticket: Ticket, of: r.Round, policy: Policy, now: datetime) -> list[Happened]:
    """
    The referral that the effective vote of *of* asks for; none where the pack has none, it was settled before, or the ticket was
    closed so long ago that it could not be reopened either.
    """
    if policy.pack.choice("rework.by") != "supervision" or "dissatisfied" not in policy.pack.names("rework.on"):
        return []
    is_settled = of.after.referral is not None or of.after.explained_at is not None
    if is_settled or of.evaluation is None or of.evaluation.is_satisfied is not False or ticket.state not in REFERABLE:
        return []
    if ticket.ended_at is not None and now > due(ticket.ended_at, policy.pack.limit("reopen"), policy.calendar):
        return []
    changes = (*clocks.stop_all(ticket, policy.node, "report_back"), clocks.start(policy, now, "verify", With.SUPERVISION))
    return [Happened(ticket.subject, DissatisfactionReferred(of.number), clocks=changes)]


def refer_dissatisfaction(ticket: Ticket, command: ReferDissatisfaction, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.11.1a: for a vote that came while another node held the ticket."""
    if ticket.state is State.VERIFYING:
        return []
    need_state(ticket, REFERABLE)
    referred = refer(ticket, ticket.round, policy, now) if ticket.round is not None else []
    if not referred:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="dissatisfied")
    return referred


def order_rework(ticket: Ticket, command: OrderRework, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.11.1b: with a recorded cause; assigned anew by the supervision side, or back to the lead where the pack says so."""
    found = _found(ticket, command, facts, policy, "reassigned")
    lead = command.lead or ticket.lead
    back = send_back(ticket, policy, now, "rework")
    if policy.pack.choice("rework.to") != DISPATCH or not ticket.is_formed:
        return [found, back]
    need_field("lead", lead)
    need_unit(facts, lead)
    # The handling limit begins with this dispatch, not with the order before it.
    back = replace(back, clocks=clocks.stop_all(ticket, policy.node))
    again = Happened(ticket.subject, Dispatched(lead), clocks=dispatch_clocks(ticket, lead, policy, now, anew=True))
    return [found, back, again]


def approve(ticket: Ticket, command: ApproveExplanation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 28: only where the department completed it as what cannot be handled, so that the explanation is on file."""
    found = _found(ticket, command, facts, policy, "explained")
    done = ticket.completion
    if done is None or done.standard not in policy.pack.names("dissatisfaction.explained_standards"):
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="explained")
    assert ticket.round is not None
    of = replace(ticket.round, after=replace(ticket.round.after, explained_at=now))
    step = step_of(ticket, of, policy)
    changes = (*clocks.stop_all(ticket, policy.node, "report_back"), enter(ticket, step, policy, now))
    return [found, Happened(ticket.subject, ExplanationApproved(OWES[step].value), clocks=changes)]


def _found(ticket: Ticket, command: OrderRework | ApproveExplanation, facts: Facts, policy: Policy, outcome: str) -> Happened:
    """The cause is recorded first; a handler never closes the verification of his own work."""
    need_state(ticket, {State.VERIFYING})
    need_not_handler(ticket, facts)
    need_field("found_cause", command.found_cause)
    need_value(policy, "dissatisfaction.causes", command.found_cause)
    need_field("reason", command.reason)
    return Happened(ticket.subject, CauseFound(len(ticket.rounds), command.found_cause, outcome, command.reason))


DECISIONS = {ReferDissatisfaction: refer_dissatisfaction, OrderRework: order_rework, ApproveExplanation: approve}
