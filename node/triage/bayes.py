"""Naive Bayes on pieces of one to three characters: what a node's own history, and the lexicon's examples, say of a text."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LENGTHS = (1, 2, 3)


@dataclass(frozen=True)
class Bayes:
    """Counts of pieces by label.  ``texts`` is how many texts each label was learned from."""

    pieces: Mapping[str, Counter[str]]
    texts: Mapping[str, int]

    def posterior(self, text: str) -> dict[str, float]:
        """The probability of each label for *text*; they add up to 1."""
        vocabulary = len(set().union(*self.pieces.values())) or 1
        total = sum(self.texts.values())
        logs = {}
        for label, counts in self.pieces.items():
            size = sum(counts.values()) + vocabulary
            logs[label] = math.log(self.texts[label] / total) + sum(
                times * math.log((counts[piece] + 1) / size) for piece, times in pieces_of(text).items()
            )
        return _normalised(logs)


def learn(samples: Iterable[tuple[str, str]]) -> Bayes:
    """Learn from (text, label) pairs."""
    pieces: dict[str, Counter[str]] = {}
    texts: Counter[str] = Counter()
    for text, label in samples:
        pieces.setdefault(label, Counter()).update(pieces_of(text))
        texts[label] += 1
    return Bayes(pieces, texts)


def pieces_of(text: str) -> Counter[str]:
    """Every run of one to three characters that is no space and no punctuation."""
    runs = "".join(character if character.isalnum() else " " for character in text).split()
    return Counter(run[start : start + length] for run in runs for length in _LENGTHS for start in range(len(run) - length + 1))


def _normalised(logs: Mapping[str, float]) -> dict[str, float]:
    if not logs:
        return {}
    top = max(logs.values())
    weights = {label: math.exp(value - top) for label, value in logs.items()}
    whole = sum(weights.values())
    return {label: weight / whole for label, weight in weights.items()}
