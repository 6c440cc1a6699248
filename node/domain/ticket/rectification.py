"""Rectification (整改): what a recheck ordered is filed like a completion and checked off by the office (AS25-4.8b)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.after import OWES, go_on
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import need_not_handler, with_round
from node.domain.ticket.rework import send_back
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class CheckOffRectification(Command):
    """The office looks at the rectification: accepted, with or without another revisit, or back to the lead."""

    roles = frozenset({Role.OFFICE})

    is_accepted: bool
    needs_revisit: bool = False
    remarks: Text | None = None


@dataclass(frozen=True)
class RectificationChecked(TicketEvent):
    """The office looked at the rectification and accepted it, or found it wanting. `needs_revisit`: the appellant is asked again."""

    is_accepted: bool
    needs_revisit: bool = False
    remarks: Words | None = None
    with_whom_next: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, with_whom=With(self.with_whom_next)) if self.with_whom_next else ticket
        return replace(ticket, rounds=with_round(ticket, head, rectified_at=head.recorded_at)) if self.is_accepted else ticket


def check_off(ticket: Ticket, command: CheckOffRectification, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.8b: the office checks the rectification off: the ticket closes or gets a new revisit; or it goes back."""
    need_state(ticket, {State.COMPLETED})
    if ticket.round is None or ticket.round.rectification_due is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="rectification")
    need_not_handler(ticket, facts)
    if ticket.round.rectified_at is not None:
        return []
    event = RectificationChecked(command.is_accepted, command.needs_revisit, command.remarks)
    if not command.is_accepted:
        need_field("remarks", command.remarks)
        return [Happened(ticket.subject, event), send_back(ticket, policy, now, "rework")]
    if command.needs_revisit or ticket.clock("revisit") is None:
        return [Happened(ticket.subject, replace(event, with_whom_next=ticket.with_whom.value))]
    checked = replace(ticket, clocks={name: clock for name, clock in ticket.clocks.items() if clock.kind != "revisit"})
    step, changes = go_on(checked, replace(ticket.round, rectified_at=now), policy, now)
    event = replace(event, with_whom_next=OWES[step].value)
    return [Happened(ticket.subject, event, clocks=(*clocks.stop_if_on(ticket, "revisit"), *changes))]


DECISIONS = {CheckOffRectification: check_off}
