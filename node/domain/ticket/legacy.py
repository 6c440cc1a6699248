"""
Taking over what was open before the node was there (USERS B15): needs of an older system or of a paper register.

Such a need keeps its own number and the time at which it was really received; it is handled, answered and closed as any other.
But it says nothing of the mechanism that takes it over: its time ran elsewhere.  So it carries a mark for life, counts in no rate
and stands in no frame of a sample.  The mark is proven and not only said: whoever wants it must name a time of receipt before the
first entry of this node's journal.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.entry import Happened
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field
from node.domain.ticket.intake import Register, Registered, register
from node.domain.ticket.pace import CONTACT, REGISTER

# Limits that count from the receipt: they ran where the need was then.
_FROM_RECEIPT = frozenset({REGISTER, CONTACT})


@dataclass(frozen=True)
class RegisterLegacy(Register):
    """Take over a need that was open before this node began; ``received_at`` is when it was really received."""

    roles = frozenset({Role.OFFICE})
    needs = (*Register.needs, "node_began")


def register_legacy(command: RegisterLegacy, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B15: as any registration, with the mark; what counts from the receipt is not begun here."""
    need_field("received_at", command.received_at)
    need_field("external_number", command.external_number)
    began: datetime = facts.given["node_began"]
    if command.received_at is None or command.received_at >= began:
        raise Refusal(Code.NOT_LEGACY, received=command.received_at, began=began)
    return [_marked(one) for one in register(command, facts, policy, now)]


def _marked(one: Happened) -> Happened:
    if not isinstance(one.event, Registered):
        return one
    return replace(
        one,
        event=replace(one.event, is_legacy=True, is_late=False),
        clocks=tuple(change for change in one.clocks if change.clock not in _FROM_RECEIPT),
    )


DECISIONS = {RegisterLegacy: register_legacy}
