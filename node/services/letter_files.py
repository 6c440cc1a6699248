"""
Files of letters: who wrote of which, and whom it is for (AS25-3.2.3).

A letter has files of its sender, for every node that it addresses, and each report or answer has files of its writer, for the sender.
A report is nobody else's: two counties that got the same notice do not read each other's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from node.domain.letter.record import Letter
from node.domain.organisation import Place
from node.domain.payload import SealedRef, Text
from node.services.ticket_view import opened
from node.storage.unit_of_work import View

# Letters that end a line, or that nobody sees.
_UNSEEN = dict.fromkeys((*range(32), 127, 0x85, 0x2028, 0x2029))


@dataclass(frozen=True)
class Part:
    """
    What one node wrote in a letter: ``digests`` are the files that it names, ``readers`` the nodes that they are for, and ``names`` says
    how they are called.
    """

    node: str
    readers: tuple[str, ...]
    digests: tuple[str, ...]
    names: object = None

    @property
    def nodes(self) -> tuple[str, ...]:
        """Who has these files by right, whoever wrote of them first."""
        return (self.node, *self.readers)


def parts_of(letter: Letter) -> tuple[Part, ...]:
    """The letter itself, then each report or answer, by node."""
    answers = (Part(one.node, (letter.owner,), one.evidence, one.file_names) for one in letter.receipts if one.node in letter.to_nodes)
    return (Part(letter.owner, letter.to_nodes, letter.evidence, letter.file_names), *answers)


def said_names(names: Sequence[str]) -> Text | None:
    """
    *names* as a letter says them, a line each; None if there are none.  How a file is called may tell of people: the words are sealed
    like every text.
    """
    lines = [name.translate(_UNSEEN).strip() for name in names]
    return Text("\n".join(lines)) if any(lines) else None


def names_of(view: View, letter: Letter, part: Part) -> dict[str, str]:
    """
    How the files of *part* are called, by digest, as far as it is said and can be read here.  Names that were erased, or whose key is not
    here, keep nobody from the letter.
    """
    said = opened(view, letter.subject, part.names) if isinstance(part.names, SealedRef) else None
    lines = (said or "").split("\n")
    return {digest: name for digest, name in reversed(list(zip(part.digests, lines, strict=False))) if name}


def digests_of(letter: Letter) -> tuple[str, ...]:
    """Every file that the letter names, each once, sorted."""
    return tuple(sorted({digest for part in parts_of(letter) for digest in part.digests}))


def addressed_to(letter: Letter, node: str) -> tuple[str, ...]:
    """The files that are for *node*: those of a letter to it, and those of the answers to what it wrote."""
    return tuple(sorted({digest for part in parts_of(letter) if node in part.readers and node != part.node for digest in part.digests}))


def concerns(letter: Letter, digest: str, place: Place, peer: str) -> bool:
    """True if that file goes to the subordinate *peer*, or through it: its writer or one of its readers stands there."""
    return any(place.branch(node) == peer for part in _naming(letter, digest) for node in part.nodes)


def passes(letter: Letter, digest: str, place: Place) -> bool:
    """True if that file is this node's own, is for it, or is a matter of its subtree."""
    return any(node == place.node or place.is_below(node) for part in _naming(letter, digest) for node in part.nodes)


def neighbour(letter: Letter, digest: str, place: Place) -> str | None:
    """Who has that file, or knows whom to ask; a file of this node's own that was lost is with those for whom it was."""
    for part in _naming(letter, digest):
        for node in part.nodes:
            if node != place.node:
                return place.branch(node) or place.superior
    return None


def _naming(letter: Letter, digest: str) -> Iterator[Part]:
    return (part for part in parts_of(letter) if digest in part.digests)
