"""
What goes down which link: one pure function, called in the transaction that appends or takes an entry (DESIGN 13).

Up needs no routing: a link carries the whole subtree's entries in the order in which they were taken.  Down carries only
what is addressed into that subtree, or speaks of a ticket that has a part there.
"""

from node.domain.entry import Header, SubjectKind
from node.domain.organisation import Place

EVERYBODY_BELOW = "*"


def route(head: Header, parties: frozenset[str], place: Place) -> frozenset[str]:
    """
    The subordinates to which this entry goes down.

    To the next hop of its addressee; for a ticket, to each branch with its origin or a holder past or present
    (*parties*); never to the branch that it came from.  A round tells nothing below before it is revealed: its entries are
    not addressed until then.
    """
    hops: set[str] = set()
    if head.addressee == EVERYBODY_BELOW:
        hops |= place.subordinates
    elif head.addressee:
        hops |= _hop(head.addressee, place)
    if head.subject.kind == SubjectKind.TICKET.value:
        for node in parties:
            hops |= _hop(node, place)
    return frozenset(hops - _hop(head.node, place))


def branches(parties: frozenset[str], place: Place) -> frozenset[str]:
    """The subordinates below which a ticket has a part."""
    return frozenset(hop for node in parties for hop in _hop(node, place))


def _hop(node: str, place: Place) -> set[str]:
    branch = place.branch(node)
    return set() if branch is None else {branch}
