"""
Confirmation (确认): whoever submitted a problem says that it is settled, before the centre verifies and strikes it off (XS25-4.4.2k).

Where somebody other than the enterprise submitted it, a leader, a deputy, a supervisor, a town, he confirms; the enterprise is
told and may object within the same limit (USERS 3.2 no. 54).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.after import OWES, go_on, is_submitted_by_others, with_after, with_whom
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import need_evidence_here, need_not_handler, with_round
from node.domain.ticket.rework import send_back
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import last_day

SUBMITTER, ENTERPRISE = "submitter", "enterprise"


@dataclass(frozen=True)
class Confirm(Command):
    """
    Who raised it confirms that it is settled, or refuses with a reason.

    Entered by staff for him it needs ``evidence``, a record of what he said; ``speaks_for`` is then "submitter" or "enterprise".
    """

    roles = frozenset({Role.ENTERPRISE, Role.FINDER, Role.LEADER, Role.WINDOW_CLERK, Role.SPECIALIST})

    is_settled: bool
    reason: Text | None = None
    evidence: tuple[str, ...] = ()
    speaks_for: str = ""


@dataclass(frozen=True)
class Confirmed(TicketEvent):
    """
    Who raised the appeal confirmed that it is settled; the office verifies and closes.

    `by`: "submitter", or "enterprise" where somebody else had submitted it and the enterprise has no objection.
    """

    by: str = ""
    with_whom_next: str = ""
    evidence: tuple[str, ...] = ()

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, with_whom=with_whom(self.with_whom_next))
        if self.by == ENTERPRISE:
            return with_after(ticket, head, agreed_at=head.recorded_at)
        return replace(ticket, rounds=with_round(ticket, head, confirmed_at=head.recorded_at))


@dataclass(frozen=True)
class ConfirmationRefused(TicketEvent):
    """Who raised the appeal, or the enterprise that it is about, says that it is not settled; a new round follows."""

    reason: Words | None = None
    by: str = ""
    evidence: tuple[str, ...] = ()

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def confirm(ticket: Ticket, command: Confirm, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2k: confirmed, the office verifies; refused, it goes back to handling with a new limit."""
    need_state(ticket, {State.COMPLETED})
    of = ticket.round
    if of is None or "confirmation" not in policy.pack.names("closing.needs"):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="confirmation")
    by = _speaker(ticket, command, facts, policy)
    if not command.is_settled:
        need_field("reason", command.reason)
        if by == ENTERPRISE and of.after.silent_at is not None:
            raise Refusal(Code.DEADLINE_PASSED, ticket=ticket.id, due=last_day(of.after.silent_at))
        refused = ConfirmationRefused(command.reason, by, command.evidence)
        return [Happened(ticket.subject, refused), send_back(ticket, policy, now, "unconfirmed")]
    if (of.after.agreed_at if by == ENTERPRISE else of.confirmed_at) is not None:
        return []
    after = replace(of.after, agreed_at=now) if by == ENTERPRISE else of.after
    confirmed = replace(of, after=after, confirmed_at=of.confirmed_at if by == ENTERPRISE else now)
    step, changes = go_on(ticket, confirmed, policy, now)
    return [Happened(ticket.subject, Confirmed(by, OWES[step].value, command.evidence), clocks=changes)]


def _speaker(ticket: Ticket, command: Confirm, facts: Facts, policy: Policy) -> str:
    """For whom the actor speaks; refused for somebody who submitted nothing, and for staff without a record."""
    by_others = is_submitted_by_others(ticket, policy)
    if facts.is_role(Role.ENTERPRISE):
        return ENTERPRISE if by_others else SUBMITTER
    if facts.is_role(Role.FINDER, Role.LEADER):
        if not by_others:
            raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=With.APPELLANT)
        return SUBMITTER
    need_not_handler(ticket, facts)
    if not command.evidence:
        raise Refusal(Code.EVIDENCE_MISSING, ticket=ticket.id, ground="confirmation")
    need_evidence_here(command.evidence, facts)
    if by_others and command.speaks_for not in (SUBMITTER, ENTERPRISE):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="speaks_for", value=command.speaks_for, offered=(SUBMITTER, ENTERPRISE))
    return command.speaks_for if by_others else SUBMITTER


DECISIONS = {Confirm: confirm}
