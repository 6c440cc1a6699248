"""
The Merkle tree over a stream of entries (RFC 9162 section 2.1, RFC 6962), without any storage.

A *leaf* is the hash of an entry's content, never the content itself: it is made once, where the
bytes are first seen, and kept beside them.  A stream's head keeps a `Range`, at most 64 hashes,
from which the root follows; proofs are made from the kept leaves.

Every function takes the digest suite of the stream's epoch by name.  Suites never mix inside one
tree (DESIGN 13, FEDERATION 4.3).  All hashes are 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

HASH_BYTES: Final = 32

# The value is hashlib's own type, which it does not export.
_Hash = Callable[[bytes], Any]


def _sm3(data: bytes) -> Any:
    return hashlib.new("sm3", data)


# "sm3" needs an OpenSSL that has it; where it is missing, hashlib raises ValueError at the first hash.
SUITES: Final[dict[str, _Hash]] = {"sha256": hashlib.sha256, "sm3": _sm3}


def leaf_hash(content: bytes, suite: str = "sha256") -> bytes:
    """
    Return H(0x00 || *content*), the leaf of one entry.

    Raises:
        ValueError: *suite* is unknown.
    """
    return leaf_hashes((content,), suite)[0]


def leaf_hashes(contents: Iterable[bytes], suite: str = "sha256") -> list[bytes]:
    """Return the leaf of each of *contents*, in their order: `leaf_hash` for a batch."""
    digest = _digest(suite)
    return [digest(b"\x00" + content).digest() for content in contents]


def node_hash(left: bytes, right: bytes, suite: str = "sha256") -> bytes:
    """Return H(0x01 || *left* || *right*), the hash of an inner node."""
    return bytes(_digest(suite)(b"\x01" + left + right).digest())


def empty_root(suite: str = "sha256") -> bytes:
    """Return the root of the tree without leaves: the hash of no bytes."""
    return bytes(_digest(suite)(b"").digest())


@dataclass(frozen=True)
class Range:
    """
    The state of a tree that only grows: all that is needed to append and to tell the root.

    *size* counts the leaves.  *peaks* are the roots of its perfect subtrees, biggest (left-most) first,
    one for each bit that is set in *size*.

    Raises:
        ValueError: *size* is negative or 2**64 and more, the peaks do not fit it, or *suite* is unknown.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()
    suite: str = "sha256"

    def __post_init__(self) -> None:
        _digest(self.suite)
        if not 0 <= self.size < 1 << 64:
            raise ValueError(f"size {self.size} is not in 0..2**64-1")
        if len(self.peaks) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} peaks, not {len(self.peaks)}")
        _check_hashes(self.peaks)

    def append(self, leaf: bytes) -> "Range":
        """Return the tree with *leaf* (a leaf hash) behind the others."""
        return self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> "Range":
        """
        Return the tree with *leaves* (leaf hashes) behind the others, in their order.

        Works a level at a time, so that a batch costs one hash a leaf and next to nothing else: a peak
        of that level goes before the new nodes, pairs go up, and an odd node at the end is the new peak.

        Raises:
            ValueError: a leaf has not 32 bytes; most likely it is an entry's content, not its hash.
        """
        _check_hashes(leaves)
        digest = _digest(self.suite)
        old_peaks = list(self.peaks)
        new_peaks: list[bytes] = []
        nodes = list(leaves)
        remaining = self.size
        while nodes:
            if remaining & 1:
                nodes.insert(0, old_peaks.pop())
            if len(nodes) & 1:
                new_peaks.append(nodes.pop())
            pairs = iter(nodes)
            nodes = [digest(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            remaining >>= 1
        return Range(self.size + len(leaves), (*old_peaks, *reversed(new_peaks)), self.suite)

    def root(self) -> bytes:
        """Return the root over all leaves; for none, the hash of no bytes."""
        if not self.peaks:
            return empty_root(self.suite)
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root, self.suite)
        return root

    def to_bytes(self) -> bytes:
        """Return the form of the head row: size as 8 bytes, big-endian, then the peaks.  The suite is the epoch's and not in it."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, data: bytes, suite: str = "sha256") -> "Range":
        """
        Return what `to_bytes` wrote.

        Raises:
            ValueError: *data* is cut off, or its size and its peaks do not fit.
        """
        if len(data) < 8:
            raise ValueError(f"a range has at least 8 bytes, not {len(data)}")
        peaks = tuple(data[start : start + HASH_BYTES] for start in range(8, len(data), HASH_BYTES))
        return cls(int.from_bytes(data[:8], "big"), peaks, suite)


def root_of(leaves: Sequence[bytes], suite: str = "sha256") -> bytes:
    """Return the root over *leaves* (leaf hashes)."""
    return Range(suite=suite).extend(leaves).root()


def inclusion_proof(leaves: Sequence[bytes], index: int, suite: str = "sha256") -> tuple[bytes, ...]:
    """
    Return the proof that leaf *index* (0 is the first) is in the tree over *leaves*, lowest sibling first (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: there is no leaf *index*.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} among {len(leaves)}")
    siblings: list[bytes] = []
    start, end = 0, len(leaves)
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append(root_of(leaves[middle:end], suite))
            end = middle
        else:
            siblings.append(root_of(leaves[start:middle], suite))
            start = middle
    return tuple(reversed(siblings))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes, suite: str = "sha256") -> bool:
    """
    Say whether *proof* shows that *leaf* is number *index* of the *size* leaves under *root* (RFC 9162, 2.1.3.2).

    Everything may come from a stranger: whatever does not fit is False, never an error.
    """
    if not 0 <= index < size:
        return False
    node, last = index, size - 1
    computed = leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            computed = node_hash(sibling, computed, suite)
            # The right-most node of a level without a sibling stands unchanged in the levels above.
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling, suite)
        node >>= 1
        last >>= 1
    return last == 0 and computed == root


def consistency_proof(leaves: Sequence[bytes], old: int, new: int, suite: str = "sha256") -> tuple[bytes, ...]:
    """
    Return the proof that the first *old* of *leaves* are the beginning of the first *new* (RFC 9162, 2.1.4.1).

    Empty if *old* is 0 or equal to *new*: there the two roots say all.

    Raises:
        ValueError: not ``0 <= old <= new <= len(leaves)``.
    """
    if not 0 <= old <= new <= len(leaves):
        raise ValueError(f"sizes {old} and {new} do not fit {len(leaves)} leaves")
    if old in (0, new):
        return ()
    siblings: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            siblings.append(root_of(leaves[middle:end], suite))
            end = middle
        else:
            siblings.append(root_of(leaves[start:middle], suite))
            start = middle
    # The subtree that both trees share is known to who holds the old root only if it is the whole old tree.
    if start:
        siblings.append(root_of(leaves[start:end], suite))
    return tuple(reversed(siblings))


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes], suite: str = "sha256"
) -> bool:
    """
    Say whether *proof* shows that the tree under *new_root* begins with the one under *old_root* (RFC 9162, 2.1.4.2).

    An empty old tree is the beginning of any; equal sizes need equal roots; both with an empty proof.  Whatever does not fit is False,
    never an error.  A holder of the leaves recomputes the root instead: a proof between two heads says nothing about the entries.
    """
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == empty_root(suite)
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old_computed = new_computed = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_computed = node_hash(sibling, old_computed, suite)
            new_computed = node_hash(sibling, new_computed, suite)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new_computed = node_hash(new_computed, sibling, suite)
        node >>= 1
        last >>= 1
    return last == 0 and old_computed == old_root and new_computed == new_root


def _digest(suite: str) -> _Hash:
    try:
        return SUITES[suite]
    except KeyError:
        raise ValueError(f"unknown digest suite {suite!r}") from None


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if set(map(len, hashes)) - {HASH_BYTES}:
        raise ValueError(f"every hash must have {HASH_BYTES} bytes")


def _split(size: int) -> int:
    """Return the largest power of two below *size* (2 or more): the leaves of the left subtree."""
    return 1 << (size - 1).bit_length() - 1
