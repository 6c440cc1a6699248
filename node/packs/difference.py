"""Two effective packs beside each other: what differs, each value with its clause."""

from collections.abc import Iterator
from dataclasses import dataclass

from node.domain.pack import Pack, Rule, Value
from node.domain.time import Limit
from node.packs.file import limit_text


@dataclass(frozen=True)
class Difference:
    """One key that the two packs do not have alike; None where a pack has no such rule.  Where it comes from does not count."""

    key: str
    left: Rule | None
    right: Rule | None


def differences(left: Pack, right: Pack) -> Iterator[Difference]:
    """Every key whose value differs, in alphabetical order; the same value under another clause is no difference."""
    for key in sorted({*left.rules, *right.rules}):
        one, other = left.rules.get(key), right.rules.get(key)
        if (one and one.value) != (other and other.value) or (one is None) != (other is None):
            yield Difference(key, one, other)


def plain(value: Value) -> bool | int | str | list[str]:
    """*value* as JSON has it; a limit as a pack file writes it."""
    if isinstance(value, Limit):
        return limit_text(value)
    return list(value) if isinstance(value, tuple) else value
