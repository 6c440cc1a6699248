"""
Rework (重办): a new round with its own clocks, result and vote; the old one stays visible (AS25-4.7.2a).

``send_back`` is the one way into a new round, for every cause: the office's own finding, a verified 不满意, the appellant's
refusal to confirm, a reopening.
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
from node.domain.ticket.after import is_settled_otherwise
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import need_not_handler, round_of
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

LEAD, DISPATCH, TRIAGE = "lead", "dispatch", "triage"
BEGINS_IN = {DISPATCH: State.FORMED, TRIAGE: State.REGISTERED}


@dataclass(frozen=True)
class SendBack(Command):
    """The office sends back to its lead what a revisit found unsettled (海门)."""

    roles = frozenset({Role.OFFICE})

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
        state = BEGINS_IN.get(self.to) or (State.HANDLING if self.cause == "unconfirmed" else State.REWORKING)
        # What had ended goes on, whatever it had ended for.
        ticket = replace(unled(ticket, self.to, head), ended_at=None, terminated_for="", ended_as="")
        return replace(
            ticket, state=state, with_whom=With.OFFICE if self.to in BEGINS_IN else With.DEPARTMENT, rounds=(*ticket.rounds, begun)
        )


def unled(ticket: Ticket, to: str, head: Header) -> Ticket:
    """*ticket* without a lead, where another dispatch has to name one."""
    if to not in BEGINS_IN or ticket.dispatch is None or ticket.dispatch.revoked_at is not None:
        return ticket
    return replace(ticket, dispatch=replace(ticket.dispatch, revoked_at=head.recorded_at))


def send_back(ticket: Ticket, policy: Policy, now: datetime, cause: str, *, answers: str = "", reason: Text | None = None) -> Happened:
    """
    The ticket in a new round, whatever state it is in.

    *answers* is the entry of the finding, request or ask that opens it.  Without a lead it goes to whoever must name one.
    """
    to = way_back(ticket, policy.pack.choice("rework.to") if cause == "rework" else LEAD)
    event = Reworked(cause=cause, to=to, reason=reason)
    return Happened(ticket.subject, event, clocks=clocks_back(ticket, to, policy, now), answers=answers)


def way_back(ticket: Ticket, wanted: str = LEAD) -> str:
    """
    Where a ticket goes that is taken up again: as the pack wants, but for what no department has, which is dispatched, and what
    never became a ticket, which is formed first.  What was answered on the spot was led by nobody.
    """
    was_led = ticket.lead and not (ticket.completion is not None and ticket.completion.on_the_spot)
    if not ticket.is_formed:
        return TRIAGE
    return wanted if was_led else DISPATCH


def clocks_back(ticket: Ticket, to: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """POLICY_PACKS 2 no. 20: the class limit anew; the office's forming limit for what has no class."""
    ended = clocks.stop_all(ticket, policy.node)
    if to == TRIAGE:
        return (*ended, clocks.start(policy, now, "form", With.OFFICE))
    owes = ticket.lead if to == LEAD else With.OFFICE
    resolve = clocks.start(policy, now, "resolve", owes, limit=clocks.resolve_limit(ticket, policy))
    return (*ended, resolve, *((clocks.start(policy, now, "dispatch", With.OFFICE),) if to == DISPATCH else ()))


def send_back_by_office(ticket: Ticket, command: SendBack, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 59: with the revisit block as reason, where the pack leaves it to the office."""
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    if not is_for_office(ticket, policy):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="rework")
    need_field("reason", command.reason)
    return [*lapse_open(ticket), send_back(ticket, policy, now, "rework", reason=command.reason)]


def is_for_office(ticket: Ticket, policy: Policy) -> bool:
    """A revisit found what the pack leaves to the office: it sends it back, or determines it."""
    revisit = ticket.round.revisit if ticket.round else None
    if revisit is None or policy.pack.choice("rework.by") != "office" or is_settled_otherwise(round_of(ticket, revisit.at)):
        return False
    return bool(findings_of(revisit) & set(policy.pack.names("rework.on")))


def findings_of(revisit: r.Revisit) -> set[str]:
    """What speaks against the result, as ``rework.on`` names it."""
    answers = {
        "inconsistent": revisit.is_consistent,
        "below_standard": revisit.is_standard_met,
        "dissatisfied": revisit.is_satisfied,
        "unsolved": revisit.is_solved,
    }
    return {name for name, answer in answers.items() if answer is False}


DECISIONS = {SendBack: send_back_by_office}
