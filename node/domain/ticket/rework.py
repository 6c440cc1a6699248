"""
Rework (重办): a new round with its own clocks, result and vote; the old one stays visible (AS25-4.7.2a).

``send_back`` is the one way into a new round, for every cause: the office's own finding, a superior's, a recheck, the
appellant's refusal to confirm, a reopening.
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
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import need_not_handler
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

LEAD, DISPATCH, TRIAGE = "lead", "dispatch", "triage"


@dataclass(frozen=True)
class OrderRework(Command):
    """The supervision side verified an appellant's dissatisfaction and sends the ticket back (FJ25-4.11.1)."""

    roles = frozenset({Role.SUPERVISION})

    reason: Text


@dataclass(frozen=True)
class Reworked(TicketEvent):
    """
    A new round began.

    `cause`: rework, finding, recheck, reopened or unconfirmed. `to`: "lead" works on it without signing, "dispatch" has it
    assigned anew, "triage" has it formed first. The header's clocks give the new limit.
    """

    cause: str
    to: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        begun = r.Round(
            number=len(ticket.rounds) + 1,
            cause=self.cause,
            begun_at=head.recorded_at,
            finding=head.answers if self.cause == "finding" else "",
            left=r.Left(ticket.state, ticket.with_whom),
        )
        match self.to:
            case "dispatch":
                state, with_whom = State.FORMED, With.OFFICE
            case "triage":
                state, with_whom = State.REGISTERED, With.OFFICE
            case _:
                state, with_whom = State.HANDLING if self.cause == "unconfirmed" else State.REWORKING, With.DEPARTMENT
        return replace(ticket, state=state, with_whom=with_whom, rounds=(*ticket.rounds, begun))


def send_back(ticket: Ticket, policy: Policy, now: datetime, cause: str, *, answers: str = "", reason: Text | None = None) -> Happened:
    """
    The ticket in a new round, whatever state it is in.

    *answers* is the entry of the finding, request or ask that opens it.  Without a lead it goes to whoever must name one.
    """
    to = policy.pack.choice("rework.to") if cause in ("rework", "finding") else LEAD
    if not ticket.lead:
        to = DISPATCH
    if not ticket.is_formed:
        to = TRIAGE
    if to == TRIAGE:
        begun = clocks.start(policy, now, "form", With.OFFICE)
    else:
        begun = clocks.start(policy, now, "resolve", ticket.lead if to == LEAD else With.OFFICE, limit=clocks.resolve_limit(ticket, policy))
    event = Reworked(cause=cause, to=to, reason=reason)
    return Happened(ticket.subject, event, clocks=(*clocks.stop_all(ticket, policy.node), begun), answers=answers)


def order(ticket: Ticket, command: OrderRework, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.11.1: only where the pack has it, only on a vote that says dissatisfied, by somebody who did not handle it."""
    if not policy.pack.flag("rework.by_supervision"):
        raise Refusal(Code.PERMISSION_DENIED, command="OrderRework", role=facts.actor.role)
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    voted = ticket.round.evaluation if ticket.round else None
    if voted is None or voted.is_satisfied is not False:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="dissatisfied")
    need_field("reason", command.reason)
    return [*lapse_open(ticket), send_back(ticket, policy, now, "rework", reason=command.reason)]


DECISIONS = {OrderRework: order}
