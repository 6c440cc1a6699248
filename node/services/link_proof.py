"""
How far a neighbour's copy of what was written here is proved, in one word: "agrees", "unwitnessed" or "differs".

``agrees``: the newest comparison found no difference, and all that is ours has arrived.  ``unwitnessed``: something of ours has not
been confirmed there yet, or no entry was ever compared: it counts, and is marked.  ``differs``: a comparison, or the link itself,
found two histories; that waits for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.services.reconcile import Reconciled
from node.services.status import LinkLine

AGREES, UNWITNESSED, DIFFERS = "agrees", "unwitnessed", "differs"
# What a link says of itself when the two ends have two histories.
_SPLIT = frozenset({"forked", "parted", "clone", "cloned", "fenced", "damaged", "unrepaired", "stale"})
# Sides between which there is nothing to prove any more.
_OVER = frozenset({"former", "leaving"})


@dataclass(frozen=True)
class LinkProof:
    """
    A link with its word; ``compared_at`` is the newest comparison, None if there was none or it had nothing to compare, ``differences``
    what it found.
    """

    link: LinkLine
    proof: str
    compared_at: datetime | None
    differences: int


def state_of(link: LinkLine) -> str:
    """The link in one word: what its status says unless it is active, then whether the peer is heard."""
    if link.status != "active":
        return link.status
    if link.heard_at is None:
        return "never_heard"
    return "silent" if link.is_silent else "connected"


def proof_of(link: LinkLine, compared: Reconciled | None) -> LinkProof:
    """The word for *link*, of which *compared* is the newest comparison."""
    if compared is not None and compared.is_empty:
        compared = None
    found = compared.differences if compared is not None else 0
    at = compared.at if compared is not None else None
    if found or link.status in _SPLIT:
        return LinkProof(link, DIFFERS, at, found)
    is_witnessed = compared is not None and not link.up
    return LinkProof(link, AGREES if is_witnessed else UNWITNESSED, at, 0)


def proofs(links: tuple[LinkLine, ...], compared: Mapping[str, Reconciled]) -> tuple[LinkProof, ...]:
    """Every link that is not over, in its order."""
    return tuple(proof_of(link, compared.get(link.peer)) for link in links if link.side not in _OVER)
