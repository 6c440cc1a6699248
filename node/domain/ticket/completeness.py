"""What a need still lacks (待完善): the fields that a pack wants to be there before a ticket is formed (``intake.complete_fields``)."""

from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket

# What nobody can ask of somebody who did not say who he is.
_OF_SOMEBODY = frozenset({"name", "phone", "address", "credit_code", "enterprise"})


def missing_fields(ticket: Ticket, policy: Policy) -> tuple[str, ...]:
    """What the pack wants of a need before it is formed and what is not there yet (待完善), in the pack's order."""
    wanted = policy.pack.names("intake.complete_fields")
    if ticket.appellant.is_anonymous:
        wanted = tuple(name for name in wanted if name not in _OF_SOMEBODY)
    return tuple(name for name in wanted if not value_of(ticket, name))


def need_complete(ticket: Ticket, policy: Policy) -> None:
    """Refuse to form what is still 待完善."""
    missing = missing_fields(ticket, policy)
    if missing:
        raise Refusal(Code.INTAKE_INCOMPLETE, ticket=ticket.id, missing=missing)


def value_of(ticket: Ticket, name: str) -> object:
    """What the ticket has in the field *name* of ``filling.FIELDS``."""
    match name:
        case "category":
            return ticket.classing.category
        case "credit_code":
            return ticket.appellant.credit_code or ticket.appellant.private_code
        case "name" | "phone" | "enterprise":
            return getattr(ticket.appellant, name)
        case "topic" | "appeal_kind" | "address":
            return getattr(ticket.details, name)
        case _:
            return getattr(ticket.intake, name)
