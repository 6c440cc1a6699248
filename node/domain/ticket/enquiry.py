"""Enquiries about a need that is under way (追问): each is an event, so that repeated asking is counted (FJ25-4.10.2c)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class LogEnquiry(Command):
    """Somebody asked how the need stands, by ``way``; ``told`` is what he was told."""

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.DEPARTMENT, Role.ENTERPRISE, Role.FINDER})
    is_side = True

    way: str = "phone"
    question: Text | None = None
    told: Text | None = None


@dataclass(frozen=True)
class EnquiryLogged(TicketEvent):
    """The appellant asked how his need stands and was told. Changes nothing but the count."""

    is_side = True

    way: str
    question: Words | None = None
    told: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, details=replace(ticket.details, enquiries=(*ticket.details.enquiries, head.recorded_at)))


def log_enquiry(ticket: Ticket, command: LogEnquiry, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.10.2c: in any state, wherever custody is; each time anew."""
    need_field("way", command.way)
    need_value(policy, "notice.ways", command.way)
    return [Happened(ticket.subject, EnquiryLogged(way=command.way, question=command.question, told=command.told))]


DECISIONS = {LogEnquiry: log_enquiry}
