"""
What follows from a command: the one table of all decisions about tickets.

The order of the refusals is behaviour.  Before an area is asked, ``decide`` refuses, in this order: a command that nobody
knows, a ticket that is not here, a role that may not give it, custody elsewhere or frozen, a line with a gap.
"""

from collections.abc import Callable
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.areas import AREAS
from node.domain.ticket.sight import check_concealment, is_concealed
from node.domain.ticket.ticket import Ticket

Decision = Callable[..., list[Happened]]

DECISIONS: dict[type[Command], Decision] = {command: decision for area in AREAS for command, decision in area.DECISIONS.items()}


def decide(ticket: Ticket | None, command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from *command*, or raise a Refusal.  Reads nothing, writes nothing.

    Empty if *command* was already carried out.  *now* is aware, in UTC; working days come from ``policy.calendar``.

    Raises:
        Refusal: COMMAND_UNKNOWN, SUBJECT_UNKNOWN, PERMISSION_DENIED, NOT_HOLDER, HANDLING_FROZEN, TICKET_INCOMPLETE, or what
            the area says.
    """
    decision = DECISIONS.get(type(command))
    if decision is None:
        raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    check_role(command, facts, policy)
    if command.starts:
        return decision(command, facts, policy, now)
    if ticket is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket")
    # XS25-4.3.1.4: to a unit that is complained of it is not there.
    if is_concealed(ticket, facts.actor.unit):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=ticket.id)
    if not command.is_side:
        check_custody(ticket, policy)
    happened = decision(ticket, command, facts, policy, now)
    check_concealment(ticket, happened)
    return happened


def check_role(command: Command, facts: Facts, policy: Policy) -> None:
    """Only a role that the pack names, or the command's own if the pack is silent, may give it."""
    name = type(command).__name__
    allowed = policy.pack.names(f"rights.{name}") or tuple(role.value for role in command.roles)
    if facts.actor.role not in allowed:
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=facts.actor.role)


def check_custody(ticket: Ticket, policy: Policy) -> None:
    """DESIGN 2.4: exactly one node may change a ticket's state, and none while another level is asked."""
    if ticket.custody.holder != policy.node:
        raise Refusal(Code.NOT_HOLDER, ticket=ticket.id, holder=ticket.custody.holder, number=ticket.custody.number)
    if ticket.custody.is_frozen:
        raise Refusal(Code.HANDLING_FROZEN, ticket=ticket.id, asked=ticket.custody.asked)
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
