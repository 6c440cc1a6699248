"""Which nodes get the keys to an order's texts, and with which of its entries (DESIGN 6)."""

from node.domain.dossier import Dossier
from node.domain.entry import Happened
from node.domain.order.answering import OrderAnswered, OrderReceived
from node.domain.order.issuing import OrderIssued
from node.domain.order.record import SupervisionOrder
from node.domain.policy import Policy


def is_sealed(dossier: Dossier | None, happened: Happened) -> bool:
    """True if what *happened* says is for the node addressed alone: the order is sealed, and its receipt is not confirmed yet."""
    if isinstance(happened.event, OrderIssued):
        return happened.event.is_sealed
    return isinstance(dossier, SupervisionOrder) and dossier.is_sealed and dossier.received_at is None


def readers(dossier: Dossier | None, happened: Happened, policy: Policy) -> tuple[str, ...]:
    """
    The nodes that are handed the keys of *dossier* with this entry, the one addressed first.

    Downward that one and the levels between; of a sealed order that one alone, which hands them to the levels between with its
    receipt.  *dossier* is None for the entry that opens one.
    """
    place = policy.place
    if isinstance(dossier, SupervisionOrder) and isinstance(happened.event, OrderReceived | OrderAnswered):
        between = place.line[: place.line.index(dossier.owner)] if dossier.owner in place.line else ()
        return between if is_sealed(dossier, happened) else ()
    chain: list[str] = []
    node = happened.addressee
    while node and node != place.node and place.is_below(node):
        chain.append(node)
        node = place.superiors.get(node, "")
    return tuple(chain[:1] if is_sealed(dossier, happened) else chain)
