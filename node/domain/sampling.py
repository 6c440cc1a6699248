"""
The draw of a sampled revisit (抽访): which of a subordinate's outcomes a superior calls itself.

Pure arithmetic over byte strings that are fixed for years (FEDERATION 3.2 - 3.4): with frame, secret and pulse
anyone can repeat a draw, in any language, and get the same keys in the same order.

Before the period the superior journals `commitment`; after the cut the `frame_root` follows from the subordinate's
journal; `seed` binds both, and the order of the frame is by the smallest `tau`.  Neither side can aim: the superior fixed
its secret before the frame existed, the subordinate does not know the secret when it fills the frame.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final, TypeAlias

from node.domain.merkle import leaf_hashes, root_of

# "<register number>#<n>", n counting the ticket's outcomes from 1: a ticket that is completed again is drawn anew.
FrameKey: TypeAlias = str
Percent: TypeAlias = int

SECRET_BYTES: Final = 32
# AS25-3.2.4b, "不低于10%".
RATE_MIN_PERCENT: Final[Percent] = 10
# The pulse of a round that was drawn before the province publishes pulses; the round says so.
NO_PULSE: Final = bytes(32)


@dataclass(frozen=True)
class FrameEntry:
    """
    One outcome in the frame: its key, its kind ("completed") and its place in the subordinate's stream (0 is the first leaf).

    Raises:
        ValueError: key or outcome is empty or has a line feed, or *leaf_index* is negative.
    """

    key: FrameKey
    outcome: str
    leaf_index: int

    def __post_init__(self) -> None:
        _line("key", self.key)
        _line("outcome", self.outcome)
        if self.leaf_index < 0:
            raise ValueError(f"leaf_index {self.leaf_index} is negative")


def frame_root(frame: Iterable[FrameEntry]) -> bytes:
    """
    Return the Merkle root (SHA-256) over the entries of *frame* in the order of their keys' bytes; *frame* in any order.

    Source: FEDERATION 3.2.  The suite is SHA-256 whatever the journal's is: seed and order are defined with it.

    Raises:
        ValueError: *frame* repeats a key.
    """
    entries = sorted(frame, key=lambda entry: entry.key.encode())
    _check_unrepeated([entry.key for entry in entries])
    contents = (f"qyzj/frame/v1\n{entry.key}\n{entry.outcome}\n{entry.leaf_index}\n".encode() for entry in entries)
    return root_of(leaf_hashes(contents))


def commitment(county: str, period: str, secret: bytes) -> bytes:
    """
    Return what the superior journals before *period* begins, so that it cannot choose *secret* afterwards (FEDERATION 3.3).

    Args:
        county: node code of the subordinate, as "520402".
        period: as the pack names it, as "2025-11".
        secret: 32 random bytes, one for each county and period; revealed when the revisit window has ended.

    Raises:
        ValueError: *secret* has not 32 bytes; county or period is empty or has a line feed.
    """
    return hashlib.sha256(b"qyzj/commit/v1\n" + _header(county, period) + _value("secret", secret)).digest()


# The argument carries the name of what the function above makes: both are the one word of FEDERATION 3.3.
def seed(county: str, period: str, frame_root: bytes, secret: bytes, pulse: bytes = NO_PULSE) -> bytes:
    """
    Return the 32 bytes that order the frame of *county* in *period* (FEDERATION 3.3).

    *pulse* is the first one published after the cut; `NO_PULSE` before pulses exist.

    Raises:
        ValueError: root, secret or pulse has not 32 bytes; county or period is empty or has a line feed.
    """
    values = _value("frame_root", frame_root) + _value("secret", secret) + _value("pulse", pulse)
    return hashlib.sha256(b"qyzj/seed/v1\n" + _header(county, period) + values).digest()


def tau(key: FrameKey, seed: bytes) -> bytes:
    """Return the lot of *key* under *seed*: 32 bytes, compared as a big-endian number (FEDERATION 3.4)."""
    return hashlib.sha256(b"qyzj/tau/v1\n" + _value("seed", seed) + key.encode()).digest()


def draw_order(frame: Sequence[FrameKey], seed: bytes) -> tuple[FrameKey, ...]:
    """
    Return all keys of *frame* in the order in which they are called, ascending by (tau, key).

    Raises:
        ValueError: *frame* repeats a key, or *seed* has not 32 bytes.
    """
    _check_unrepeated(frame)
    return tuple(sorted(frame, key=lambda key: (tau(key, seed), key.encode())))


def sample_size(n: int, rate: Percent, floor: int) -> int:
    """
    Return how many of a frame of *n* keys are drawn: ``max(ceil(n * rate / 100), min(n, floor))``.

    Raises:
        ValueError: *n* is negative, *rate* is no integer from 10 to 100, or *floor* is below 1.
    """
    if n < 0:
        raise ValueError(f"a frame cannot have {n} keys")
    if floor < 1:
        raise ValueError(f"floor {floor} is below 1")
    return max(_share(n, rate), min(n, floor))


def draw_sample(frame: Sequence[FrameKey], rate: Percent, floor: int, seed: bytes) -> tuple[FrameKey, ...]:
    """
    Draw the subordinate's tickets that this level will revisit itself (抽访).

    Source: AS25-3.2.4b, "不低于10%": the count is rounded up, never down.

    Args:
        frame: keys of what one node completed in one period; any order, no repeats.
        rate: whole percent, 10 to 100.  An integer, since 0.1 as a float is not a tenth.
        floor: at least so many, 1 or more, while the frame has them.
        seed: 32 bytes, stored with frame and picks so that anyone can repeat the draw.
    Returns:
        The first ``max(ceil(len(frame) * rate / 100), min(len(frame), floor))`` keys by (tau, key); empty only if *frame* is.
    Raises:
        ValueError: *frame* repeats a key, *rate* or *floor* is out of range, or *seed* has not 32 bytes.
    """
    size = sample_size(len(frame), rate, floor)
    return draw_order(frame, seed)[:size]


def further_draws(order: Sequence[FrameKey], drawn: int, reached: int, unreachable: int, rate: Percent) -> tuple[FrameKey, ...]:
    """
    Return the keys to call besides those drawn so far, so that enough can still be reached.

    An unreachable ticket stays in the sample and counts against the county (DESIGN 8).  The superior goes on along the
    same order until the reached are at least ``ceil(len(order) * rate / 100)``, or the frame ends.  Whoever is drawn and not yet
    settled may still be reached, so nobody is called for them in advance.

    Args:
        order: the whole frame as `draw_order` gives it.
        drawn: how many of *order* were drawn until now, further draws included.
        reached: how many of those answered.
        unreachable: how many of those were given up after all attempts.
        rate: whole percent, 10 to 100.
    Returns:
        The next keys of *order*; empty if none is needed, or none is left.
    Raises:
        ValueError: *rate* is out of range, or the counts contradict each other.
    """
    if min(drawn, reached, unreachable) < 0 or reached + unreachable > drawn or drawn > len(order):
        raise ValueError(f"reached {reached} and unreachable {unreachable} of {drawn} drawn of {len(order)} cannot be")
    pending = drawn - reached - unreachable
    missing = max(0, _share(len(order), rate) - reached - pending)
    return tuple(order[drawn : drawn + missing])


def detection_probability(n_frame: int, n_sample: int, bad: int) -> float:
    """
    Return the chance, 0.0 to 1.0, that a draw of *n_sample* out of *n_frame* meets at least one of *bad* tickets.

    ``1 - C(n_frame - bad, n_sample) / C(n_frame, n_sample)``, computed in integers (FEATURES 3.8).

    Raises:
        ValueError: *n_sample* or *bad* is negative or more than *n_frame*.
    """
    if not (0 <= n_sample <= n_frame and 0 <= bad <= n_frame):
        raise ValueError(f"{n_sample} drawn and {bad} bad of {n_frame} cannot be")
    # Drawn and bad may change places in the formula; the smaller one keeps the numbers short.
    fewer, more = sorted((n_sample, bad))
    ways = comb(n_frame, fewer)
    return (ways - comb(n_frame - more, fewer)) / ways


def _share(n: int, rate: Percent) -> int:
    """Return *rate* percent of *n*, rounded up."""
    if not (isinstance(rate, int) and RATE_MIN_PERCENT <= rate <= 100):
        raise ValueError(f"rate {rate} is no whole percent from {RATE_MIN_PERCENT} to 100")
    return (n * rate + 99) // 100


def _check_unrepeated(keys: Sequence[FrameKey]) -> None:
    if len(set(keys)) != len(keys):
        repeated = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"the frame repeats {repeated}")


def _header(county: str, period: str) -> bytes:
    return f"{_line('county', county)}\n{_line('period', period)}\n".encode()


def _line(name: str, text: str) -> str:
    # A line feed inside would let two different inputs give the same bytes.
    if not text or "\n" in text:
        raise ValueError(f"{name} must be one line that is not empty")
    return text


def _value(name: str, value: bytes) -> bytes:
    if len(value) != SECRET_BYTES:
        raise ValueError(f"{name} must have {SECRET_BYTES} bytes, not {len(value)}")
    return value
