"""
Files of letters: who wrote of which, and whom it is for (AS25-3.2.3).

A letter has files of its sender, for every node that it addresses, and each report or answer has files of its writer, for the sender.
A report is nobody else's: two counties that got the same notice do not read each other's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from node.domain.letter.record import Letter
from node.domain.organisation import Place


@dataclass(frozen=True)
class Part:
    """What one node wrote in a letter: ``digests`` are the files that it names, ``readers`` the nodes that they are for."""

    node: str
    readers: tuple[str, ...]
    digests: tuple[str, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Who has these files by right, whoever wrote of them first."""
        return (self.node, *self.readers)


def parts_of(letter: Letter) -> tuple[Part, ...]:
    """The letter itself, then each report or answer, by node."""
    answers = (Part(one.node, (letter.owner,), one.evidence) for one in letter.receipts if one.node in letter.to_nodes)
    return (Part(letter.owner, letter.to_nodes, letter.evidence), *answers)


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
