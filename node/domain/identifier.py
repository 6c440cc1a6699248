"""
Ids: made and stored by whoever starts a thing, before the first attempt, so that a repeat is known for one.

Time and randomness come in from outside; in a simulation both follow from its seed.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BYTES: Final = 10


def uuid7(now: datetime, random: Callable[[int], bytes]) -> str:
    """
    Return a new UUIDv7 (RFC 9562, 5.7) in its canonical form: 36 characters, small letters.

    Two ids of one millisecond are in no order, and a clock may go back: order is the journal's, never an id's.

    Args:
        now: an aware point in time, 1970 or later; the id keeps its milliseconds.
        random: returns as many random bytes as it is asked for, as `secrets.token_bytes` does.
    Raises:
        ValueError: *now* is naive or before 1970, or *random* returned another number of bytes.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    milliseconds = (now - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise ValueError(f"{now.isoformat()} is before 1970")
    tail = random(_RANDOM_BYTES)
    if len(tail) != _RANDOM_BYTES:
        raise ValueError(f"asked for {_RANDOM_BYTES} random bytes, got {len(tail)}")
    number = milliseconds << 80 | int.from_bytes(tail, "big")
    number = number & ~(0xF << 76) | 0x7 << 76  # version 7
    number = number & ~(0x3 << 62) | 0x2 << 62  # variant of RFC 9562
    return str(uuid.UUID(int=number))


def uuid5_of(entry_id: str, reaction: str) -> str:
    """
    Return the id of the command by which *reaction* answers an entry: the same for the same two, for ever (DESIGN 13).

    Args:
        entry_id: the entry's id in its canonical form; it is the namespace of the UUIDv5.
        reaction: name of the reaction, not empty.
    Raises:
        ValueError: *entry_id* is no UUID in canonical form, or *reaction* is empty.
    """
    namespace = uuid.UUID(entry_id)
    if str(namespace) != entry_id:
        raise ValueError(f"{entry_id!r} is not in canonical form")
    if not reaction:
        raise ValueError("a reaction has a name")
    return str(uuid.uuid5(namespace, reaction))
