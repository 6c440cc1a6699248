"""Bringing an enterprise together with an intermediary body of the node's directory (FJ25-1.2.4a)."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_own_unit, need_state
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class RecordIntroduction(Command):
    """The lead brought the enterprise together with ``intermediary``, a body of the directory, on ``introduced_on``."""

    roles = frozenset({Role.DEPARTMENT})
    needs = ("intermediaries",)

    intermediary: str
    introduced_on: date | None = None
    note: Text | None = None


@dataclass(frozen=True)
class IntroductionRecorded(TicketEvent):
    """The enterprise was brought together with a body of the node's directory."""

    intermediary: str
    introduced_on: date
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, details=replace(ticket.details, introductions=(*ticket.details.introductions, self.intermediary)))


def record_introduction(ticket: Ticket, command: RecordIntroduction, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-1.2.4a: which body, of those in the directory, and when."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("intermediary", command.intermediary)
    if command.intermediary not in facts.given["intermediaries"]:
        raise Refusal(Code.NOT_LISTED, kind="intermediary", id=command.intermediary)
    on = command.introduced_on or local_day(now)
    if on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="introduced_on")
    return [Happened(ticket.subject, IntroductionRecorded(intermediary=command.intermediary, introduced_on=on, note=command.note))]


def need_introduction(ticket: Ticket, policy: Policy) -> None:
    """A matter of which the pack says so is not completed before somebody was introduced."""
    if ticket.intake.matter in policy.pack.names("completion.introduction_matters") and not ticket.details.introductions:
        raise Refusal(Code.INTRODUCTION_MISSING, ticket=ticket.id, matter=ticket.intake.matter)


DECISIONS = {RecordIntroduction: record_introduction}
