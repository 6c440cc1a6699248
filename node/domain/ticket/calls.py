"""How the appellant wants to be called: preferred hours, or not at all (USERS B21, 无事不扰)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.after_record import CallPreference
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import BEIJING


@dataclass(frozen=True)
class PreferCalls(Command):
    """Keep when the appellant may be called: from an hour of the day to before another one, or not at all."""

    roles = frozenset({Role.ENTERPRISE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.MEMBER, Role.DEPARTMENT})
    is_side = True

    from_hour: int = 0
    to_hour: int = 24
    do_not_call: bool = False


@dataclass(frozen=True)
class CallsPreferred(TicketEvent):
    """The appellant wants to be called between these hours of the Beijing day, or not by telephone at all; the last word holds."""

    is_side = True

    from_hour: int
    to_hour: int
    do_not_call: bool

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        wish = CallPreference(head.recorded_at, self.from_hour, self.to_hour, self.do_not_call)
        former = ticket.call_preference
        return replace(ticket, call_preference=wish) if former is None or former.at <= wish.at else ticket


def prefer(ticket: Ticket, command: PreferCalls, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B21: kept and respected by whoever calls, at every level."""
    if not 0 <= command.from_hour < command.to_hour <= 24:
        raise Refusal(Code.MALFORMED_COMMAND, field="to_hour")
    wish = ticket.call_preference
    if wish is not None and (wish.from_hour, wish.to_hour, wish.do_not_call) == (command.from_hour, command.to_hour, command.do_not_call):
        return []
    return [Happened(ticket.subject, CallsPreferred(command.from_hour, command.to_hour, command.do_not_call))]


def need_welcome(ticket: Ticket, way: str, now: datetime) -> bool:
    """
    Refuse to telephone who does not want to be called; True if it is outside the hours that he named (USERS B21).

    Such an attempt is kept and does not count towards "not reached".
    """
    wish = ticket.call_preference
    if way != "phone" or wish is None:
        return False
    if wish.do_not_call:
        raise Refusal(Code.DO_NOT_CALL, ticket=ticket.id)
    return not wish.allows(now.astimezone(BEIJING).hour)


DECISIONS = {PreferCalls: prefer}
