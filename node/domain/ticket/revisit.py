"""
Revisit (回访): after completion the office asks the appellant whether what the department states is so (AS25-4.7.1).

What follows from the answers is the pack's list ``rework.on``: 安顺 sends a ticket back that is ``inconsistent`` or
``below_standard``; mere dissatisfaction is shown apart and sends nothing back (USERS A9).
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
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_state, need_value
from node.domain.ticket.evaluation import code_of, need_vote, truth_of, vote
from node.domain.ticket.parts import need_not_handler, round_of, with_round
from node.domain.ticket.rework import send_back
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class RecordRevisitAttempt(Command):
    """Nobody answered.  The last attempt that the pack asks for files the revisit as not reached."""

    roles = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST})

    way: str = "phone"
    remarks: Text | None = None


@dataclass(frozen=True)
class RecordRevisit(Command):
    """File what the appellant said: consistent with the completion or not, standard met or not, and the vote on the pack's scale."""

    roles = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST})

    is_consistent: bool | None = None
    is_standard_met: bool | None = None
    evaluation: str = ""
    way: str = "phone"
    remarks: Text | None = None


@dataclass(frozen=True)
class RevisitAttempted(TicketEvent):
    """The office tried to reach the appellant and did not."""

    way: str
    remarks: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        attempt = r.Attempt(head.recorded_at, False, head.actor.account, "revisit")
        return replace(ticket, rounds=with_round(ticket, head, attempts=(*round_of(ticket, head.recorded_at).attempts, attempt)))


@dataclass(frozen=True)
class RevisitFiled(TicketEvent):
    """
    The holder's own revisit of this round. `consistent`, `standard_met` and `satisfied` are "yes", "no" or "" (not reached, or
    a vote that is neither). The statement of truth by the department stands in the round's completion.
    """

    is_reached: bool
    way: str = ""
    consistent: str = ""
    standard_met: str = ""
    satisfied: str = ""
    remarks: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        revisit = r.Revisit(
            at=head.recorded_at,
            account=head.actor.account,
            is_reached=self.is_reached,
            is_consistent=truth_of(self.consistent),
            is_standard_met=truth_of(self.standard_met),
            is_satisfied=truth_of(self.satisfied),
        )
        return replace(ticket, with_whom=With.OFFICE, rounds=with_round(ticket, head, revisit=revisit))


def record_attempt(ticket: Ticket, command: RecordRevisitAttempt, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.1b: stays open until the pack's attempts are made, then it is closed as not reached and counted apart."""
    _need_due(ticket, facts)
    need_value(policy, "contact.ways", command.way)
    attempted = Happened(ticket.subject, RevisitAttempted(command.way, command.remarks))
    made = sum(one.purpose == "revisit" for one in round_of(ticket, now).attempts) + 1
    if made < policy.pack.number("revisit.attempts"):
        return [attempted]
    return [attempted, Happened(ticket.subject, RevisitFiled(is_reached=False, way=command.way), clocks=_clocks_after(ticket, policy, now))]


def record(ticket: Ticket, command: RecordRevisit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.1, 4.7.2a: all of it is answered; a finding returns the ticket for rework in the same breath."""
    _need_due(ticket, facts)
    if command.is_consistent is None:
        raise Refusal(Code.FIELD_REQUIRED, field="is_consistent")
    if command.is_standard_met is None:
        raise Refusal(Code.FIELD_REQUIRED, field="is_standard_met")
    need_field("evaluation", command.evaluation)
    satisfied = need_vote(policy, command.evaluation)
    need_value(policy, "contact.ways", command.way)
    event = RevisitFiled(
        is_reached=True,
        way=command.way,
        consistent=code_of(command.is_consistent),
        standard_met=code_of(command.is_standard_met),
        satisfied=satisfied,
        remarks=command.remarks,
    )
    voted = vote(ticket, command.evaluation, satisfied, "revisit")
    if _findings(event) & set(policy.pack.names("rework.on")):
        return [Happened(ticket.subject, event), voted, send_back(ticket, policy, now, "rework")]
    return [Happened(ticket.subject, event, clocks=_clocks_after(ticket, policy, now)), voted]


def _need_due(ticket: Ticket, facts: Facts) -> None:
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    if ticket.round is not None and ticket.round.revisit is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="revisit", id=ticket.id)


def _findings(event: RevisitFiled) -> set[str]:
    answers = {"inconsistent": event.consistent, "below_standard": event.standard_met, "dissatisfied": event.satisfied}
    return {finding for finding, answer in answers.items() if answer == "no"}


def _clocks_after(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """The revisit is met; from here the office owes the closing, beside the report to who had assigned it."""
    return (*clocks.stop_all(ticket, policy.node, "report_back"), clocks.start(policy, now, "close", With.OFFICE))


DECISIONS = {RecordRevisitAttempt: record_attempt, RecordRevisit: record}
