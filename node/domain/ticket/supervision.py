"""
What the supervision side does about a ticket without handling it: follow it, verify it, ask how far it is (FJ23-3.4e, HM20-3.4a);
and the risk that a handler files before he acts (XS25-5.3a).  Orders are subjects of their own (``node/domain/order``); each
leaves ``Supervised`` on the tickets that it is about.
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
from node.domain.ticket.checks import need_field, need_scope, need_state
from node.domain.ticket.parts import HANDLING_KINDS, need_involved, need_not_handler
from node.domain.ticket.state import FINAL, IN_HAND
from node.domain.ticket.supervision_record import RiskNote, SupervisionStep
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.tracking import need_tracker

SUPERVISORS = frozenset({Role.OFFICE, Role.SUPERVISION, Role.DISCIPLINE, Role.STEWARD})
VERIFIED = ("true", "not_true", "partly_true")


@dataclass(frozen=True)
class FollowTicket(Command):
    """Write down that the ticket was followed up, and what was seen (跟踪)."""

    roles = SUPERVISORS
    is_side = True

    note: Text


@dataclass(frozen=True)
class VerifyHandling(Command):
    """Write down what a check of the handling found (核查): ``outcome`` is "true", "partly_true" or "not_true"."""

    roles = SUPERVISORS
    is_side = True

    outcome: str
    note: Text


@dataclass(frozen=True)
class AskProgress(Command):
    """Ask the lead how far it is; what it records next answers."""

    roles = SUPERVISORS | {Role.TRACKER}

    note: Text | None = None


@dataclass(frozen=True)
class FileRiskNote(Command):
    """File the risk of what will be done, its assessment and the measure against it, for exemption."""

    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER})

    risk: Text
    assessment: Text
    measure: Text


@dataclass(frozen=True)
class Supervised(TicketEvent):
    """
    A measure of supervision was opened about this ticket, or proposed: `measure` on `ground`, against `unit`; the order, or the
    proposal, is `order`. A node above may write it, too: it changes no state.
    """

    is_side = True

    order: str
    measure: str
    ground: str
    unit: str = ""
    is_proposed: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        step = SupervisionStep(self.order, self.measure, 0, head.node, head.recorded_at, self.ground, self.is_proposed)
        return replace(ticket, supervision=(*ticket.supervision, step))


@dataclass(frozen=True)
class TicketFollowed(TicketEvent):
    """The supervision side followed the ticket up."""

    is_side = True

    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class HandlingVerified(TicketEvent):
    """The supervision side checked the handling: `outcome` is "true", "partly_true" or "not_true"."""

    is_side = True

    outcome: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class ProgressAsked(TicketEvent):
    """The lead is asked how far it is; the header's clock says until when it answers by recording progress."""

    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class RiskNoteFiled(TicketEvent):
    """A risk was filed for exemption. `is_prior`: before anything was done about the ticket. It is never changed (XS25-5.3a)."""

    is_prior: bool
    risk: Words | None = None
    assessment: Words | None = None
    measure_against: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        note = RiskNote(head.id, head.actor.account, head.recorded_at, self.is_prior)
        return replace(ticket, risk_notes=(*ticket.risk_notes, note))


def follow(ticket: Ticket, command: FollowTicket, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-3.4e: any ticket of the node, or of a node below."""
    _need_supervised_here(ticket, facts, policy)
    need_field("note", command.note)
    return [Happened(ticket.subject, TicketFollowed(command.note))]


def verify(ticket: Ticket, command: VerifyHandling, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-3.4e: not by who handled it."""
    _need_supervised_here(ticket, facts, policy)
    need_not_handler(ticket, facts)
    need_field("outcome", command.outcome)
    if command.outcome not in VERIFIED:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="outcome", value=command.outcome, offered=VERIFIED)
    need_field("note", command.note)
    return [Happened(ticket.subject, HandlingVerified(command.outcome, command.note))]


def ask_progress(ticket: Ticket, command: AskProgress, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.4a: one request at a time; what the lead records next answers it."""
    need_state(ticket, IN_HAND)
    need_scope(ticket, facts, policy)
    if facts.is_role(Role.TRACKER):
        need_tracker(ticket, facts, policy)
    if ticket.clock("progress_answer") is not None:
        return []
    changes = (clocks.start(policy, now, "progress_answer", ticket.lead),)
    return [Happened(ticket.subject, ProgressAsked(command.note), clocks=changes)]


def file_risk_note(ticket: Ticket, command: FileRiskNote, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-5.3a: by who handles it; filed once, and prior only if nothing had been done."""
    if ticket.state in FINAL:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_involved(ticket, facts)
    need_field("risk", command.risk)
    need_field("assessment", command.assessment)
    need_field("measure", command.measure)
    acted = any(hand.unit == facts.actor.unit and hand.kind in HANDLING_KINDS - {"Signed"} for hand in ticket.hands)
    return [Happened(ticket.subject, RiskNoteFiled(not acted, command.risk, command.assessment, command.measure))]


def _need_supervised_here(ticket: Ticket, facts: Facts, policy: Policy) -> None:
    """A ticket of this node or of a node below; a steward within his field only."""
    holder = ticket.custody.holder
    if holder != policy.node and not policy.place.is_below(holder) and ticket.origin != policy.node:
        raise Refusal(Code.NOT_SUBORDINATE, node=holder, superior=policy.node)
    need_scope(ticket, facts, policy)


DECISIONS = {FollowTicket: follow, VerifyHandling: verify, AskProgress: ask_progress, FileRiskNote: file_risk_note}
