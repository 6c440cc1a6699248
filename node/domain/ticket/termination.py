"""
Termination (终止办理) and withdrawal (撤回): the ways in which an appeal ends without a result (AS25-4.4.4).

The lead applies and the office decides; handling goes on until then.  The appellant may withdraw in every open state under
every pack (POLICY_PACKS 2 no. 62), wherever custody is: there it is an ask that follows the ticket, until its holder takes it
up by an entry of its own.
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
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_field, need_own_unit, need_state
from node.domain.ticket.parts import need_evidence_here, need_not_handler
from node.domain.ticket.state import IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class ApplyTermination(Command):
    """The lead applies to end the ticket.  ``reason`` is a code of the pack; ``evidence`` are digests of attachments stored here."""

    roles = frozenset({Role.DEPARTMENT})

    reason: str
    note: Text | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecideTermination(Command):
    """Grant or refuse the termination that is applied for; a refusal needs a reason."""

    roles = frozenset({Role.OFFICE})

    is_granted: bool
    reason: Text | None = None


@dataclass(frozen=True)
class Withdraw(Command):
    """
    The appellant gives up.  By himself online it is his own act; entered by staff for him (phone, window) it needs
    ``evidence``, a record of what he said.
    """

    roles = frozenset({Role.ENTERPRISE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.DEPARTMENT, Role.OFFICE})
    is_side = True

    statement: Text | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeWithdrawal(Command):
    """The holder takes up a withdrawal that was asked for where custody was elsewhere.  ``ask`` is that entry's id."""

    roles = frozenset({Role.NODE, Role.OFFICE})

    ask: str


@dataclass(frozen=True)
class DecideWithdrawal(Command):
    """Grant or refuse the withdrawal that is applied for; a refusal needs a reason."""

    roles = frozenset({Role.OFFICE})

    is_granted: bool
    reason: Text | None = None


@dataclass(frozen=True)
class TerminationRequested(TicketEvent):
    """The lead department applies to end the ticket. Its state and deadline stand until the office answers."""

    asks = True

    reason: str
    evidence: tuple[str, ...] = ()
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, termination=r.Application(head.id, head.actor.unit, head.recorded_at, self.reason))


@dataclass(frozen=True)
class TerminationRefused(TicketEvent):
    """The office refused: handling goes on with the same deadline."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, termination=None)


@dataclass(frozen=True)
class WithdrawalRequested(TicketEvent):
    """
    The appellant gives up a ticket that another node holds, or that is frozen while another level is asked.

    A request: it stays open and follows the ticket until the holder takes it up.
    """

    is_side = True
    asks = True

    evidence: tuple[str, ...] = ()
    statement: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class WithdrawalApplied(TicketEvent):
    """The appellant gives up; the office of the holder must decide."""

    asks = True

    evidence: tuple[str, ...] = ()
    statement: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, withdrawal=r.Application(head.id, head.actor.unit, head.recorded_at, WITHDRAWN))


@dataclass(frozen=True)
class WithdrawalRefused(TicketEvent):
    """The office refused the withdrawal: the ticket goes on as it was."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, withdrawal=None)


@dataclass(frozen=True)
class Terminated(TicketEvent):
    """
    The ticket ended without a result, for `reason`: "withdrawn" or a ground of the pack. It is no completion: counted apart
    and a stratum of its own in the superior's sample. The appellant is told.

    `ended_as` is what the pack calls it: "terminated", "struck_off" (象山) or "determined" (海门).
    """

    reason: str
    evidence: tuple[str, ...] = ()
    note: Words | None = None
    ended_as: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(
            ticket,
            state=State.TERMINATED,
            with_whom=With.NOBODY,
            terminated_for=self.reason,
            ended_as=self.ended_as,
            termination=None,
            withdrawal=None,
            ended_at=head.recorded_at,
        )


def apply_termination(ticket: Ticket, command: ApplyTermination, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.4a: an application by the lead with a listed reason and what proves it."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("reason", command.reason)
    offered = policy.pack.names("termination.reasons")
    if command.reason not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="termination.reasons", value=command.reason, offered=offered)
    if ticket.termination is not None:
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="termination")
    need_evidence_here(command.evidence, facts)
    _need_ground(ticket, command, policy)
    event = TerminationRequested(command.reason, command.evidence, command.note)
    return [Happened(ticket.subject, event, clocks=(clocks.start(policy, now, "termination_decision", With.OFFICE),))]


def decide_termination(ticket: Ticket, command: DecideTermination, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.4a: the office decides; nobody who handled the ticket."""
    applied = ticket.termination
    if applied is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="termination")
    need_not_handler(ticket, facts)
    if command.is_granted:
        return _terminate(ticket, policy, Terminated(applied.reason, note=command.reason), "termination", applied.ask)
    need_field("reason", command.reason)
    ended = clocks.stop_if_on(ticket, "termination_decision")
    return [Happened(ticket.subject, TerminationRefused(command.reason), clocks=ended, answers=applied.ask)]


def withdraw(ticket: Ticket, command: Withdraw, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.4.2, FJ25-3.9.1: in every open state; the pack says whether at once or by the office's decision."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    if ticket.withdrawal is not None or ticket.open_asks("WithdrawalRequested"):
        return []
    if not facts.is_role(Role.ENTERPRISE) and not command.evidence:
        raise Refusal(Code.EVIDENCE_MISSING, ticket=ticket.id, ground=WITHDRAWN)
    need_evidence_here(command.evidence, facts)
    if ticket.custody.holder != policy.node or ticket.custody.is_frozen:
        asked = WithdrawalRequested(command.evidence, command.statement)
        return [Happened(ticket.subject, asked, addressee=ticket.custody.asked or ticket.custody.holder)]
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
    return _take(ticket, policy, now, WithdrawalApplied(command.evidence, command.statement), "")


def take(ticket: Ticket, command: TakeWithdrawal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 62: what was asked elsewhere takes effect as if it had been asked here."""
    ask = ticket.asks.get(command.ask)
    if ask is None or ask.kind != "WithdrawalRequested":
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, ask=command.ask)
    if ask.is_answered:
        return []
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    return _take(ticket, policy, now, WithdrawalApplied(), command.ask)


def decide_withdrawal(ticket: Ticket, command: DecideWithdrawal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.4.2: under 安顺 a withdrawal, too, is decided by the office; nobody who handled the ticket."""
    applied = ticket.withdrawal
    if applied is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="withdrawal")
    need_not_handler(ticket, facts)
    if command.is_granted:
        if policy.pack.flag("withdrawal.needs_note"):  # POLICY_PACKS 2 no. 62: verified, or determined with its conclusion
            need_field("reason", command.reason)
        event = Terminated(WITHDRAWN, note=command.reason, ended_as=policy.pack.choice("withdrawal.ends_as"))
        return _terminate(ticket, policy, event, "withdrawal", applied.ask)
    need_field("reason", command.reason)
    ended = clocks.stop_if_on(ticket, "withdrawal_decision")
    return [Happened(ticket.subject, WithdrawalRefused(command.reason), clocks=ended, answers=applied.ask)]


def _take(ticket: Ticket, policy: Policy, now: datetime, applied: WithdrawalApplied, answers: str) -> list[Happened]:
    if policy.pack.choice("withdrawal.effect") == "at_once":
        ended = Terminated(WITHDRAWN, applied.evidence, applied.statement, policy.pack.choice("withdrawal.ends_as"))
        return _terminate(ticket, policy, ended, "", answers)
    return [Happened(ticket.subject, applied, clocks=(clocks.start(policy, now, "withdrawal_decision", With.OFFICE),), answers=answers)]


def _terminate(ticket: Ticket, policy: Policy, event: Terminated, application: str, answers: str) -> list[Happened]:
    return [*lapse_open(ticket, application), Happened(ticket.subject, event, clocks=clocks.stop_all(ticket, policy.node), answers=answers)]


def _need_ground(ticket: Ticket, command: ApplyTermination, policy: Policy) -> None:
    """Each reason has its own proof; a reason of a pack that is not listed here needs a note and evidence."""
    match command.reason:
        case "unreachable":  # AS25-4.4.4.1, POLICY_PACKS 2 no. 16
            _need_attempts(ticket, policy)
        case "withdrawn":  # AS25-4.4.4.2: his statement, or his own act
            if not command.evidence and not ticket.open_asks("WithdrawalRequested", "WithdrawalApplied"):
                raise Refusal(Code.EVIDENCE_MISSING, ticket=ticket.id, ground=command.reason)
        case "unclear_online":  # AS25-4.4.4.3: only online needs
            if ticket.intake.channel not in policy.pack.names("channels.online"):
                raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="online_channel")
            _need_supplement_refused(ticket, command)
        case "refuses_materials":  # FJ25-3.9: whatever the channel
            _need_supplement_refused(ticket, command)
        case "anonymous":  # AS25-4.4.4.4a
            if not ticket.appellant.is_anonymous:
                raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground=command.reason)
        case _:  # "false_information", AS25-4.4.4.4b: what is false and how it was checked
            need_field("note", command.note)
            if not command.evidence:
                raise Refusal(Code.EVIDENCE_MISSING, ticket=ticket.id, ground=command.reason)


def _need_attempts(ticket: Ticket, policy: Policy) -> None:
    """Only attempts since somebody was last reached count."""
    attempts = [one for one in (ticket.round.attempts if ticket.round else ()) if one.purpose == "handling"]
    while any(one.is_reached for one in attempts):
        attempts.pop(0)
    days = {local_day(one.at) for one in attempts}
    wanted, wanted_days = policy.pack.number("termination.unreachable_attempts"), policy.pack.number("termination.unreachable_days")
    if len(attempts) < wanted or len(days) < wanted_days:
        made = {"attempts": len(attempts), "days": len(days), "wanted": wanted, "wanted_days": wanted_days}
        raise Refusal(Code.ATTEMPTS_MISSING, ticket=ticket.id, **made)


def _need_supplement_refused(ticket: Ticket, command: ApplyTermination) -> None:
    """A supplement that the appellant was asked for and did not answer; the note records the refusal."""
    asked = ticket.supplement
    if asked is None or asked.notified_at is None or asked.answered_at is not None:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="supplement_request")
    need_field("note", command.note)


DECISIONS = {
    ApplyTermination: apply_termination,
    DecideTermination: decide_termination,
    Withdraw: withdraw,
    TakeWithdrawal: take,
    DecideWithdrawal: decide_withdrawal,
}
