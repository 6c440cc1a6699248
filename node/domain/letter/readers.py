"""Which nodes get the keys to a letter's texts, and with which of its entries (DESIGN 6)."""

from collections.abc import Iterable

from node.domain.dossier import Dossier
from node.domain.entry import Happened
from node.domain.letter.answering import LetterRelayed
from node.domain.letter.record import Letter
from node.domain.letter.sending import LetterSent
from node.domain.policy import Policy


def letter_readers(letter: Dossier | None, happened: Happened, policy: Policy) -> tuple[str, ...]:
    """
    The nodes below that are handed the keys with this entry: those that the letter addresses, and the levels between.

    Upward nothing is handed out: superiors read what is theirs to read by the keys of the month.  *letter* is None for the
    entry that opens one.
    """
    if isinstance(happened.event, LetterSent):
        return _chains(happened.event.to_nodes, policy)
    if isinstance(happened.event, LetterRelayed) and isinstance(letter, Letter):
        return _chains(letter.to_nodes, policy)
    return ()


def _chains(to_nodes: Iterable[str], policy: Policy) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for addressed in to_nodes:
        node = addressed
        while node and node != policy.node and policy.place.is_below(node):
            found[node] = None
            node = policy.place.superiors.get(node, "")
    return tuple(found)
