"""
The lexicon: for each department function the words of its duties, and a few invented appeals to begin with.

The file is data (``lexicon.toml``): codes of functions, as a duty list names them, not units of any one node.  A unit of a node
stands for the function of the same short name, or for those that its pack or its classification guide names.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

FILE = "lexicon.toml"


@dataclass(frozen=True)
class Function:
    """One department function: its code, its name, its words, and appeals that it answers."""

    code: str
    name: str
    words: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """All functions.  ``version`` is the first 12 hex digits of the file's SHA-256."""

    functions: tuple[Function, ...]
    classes: tuple[Function, ...]
    version: str

    def score(self, text: str, among: Sequence[Function]) -> Mapping[str, tuple[float, tuple[str, ...]]]:
        """
        For each function with a word in *text*: a weight, and the words that were found, the weightiest first.

        A word counts the more the fewer functions have it, and the longer it is; a word inside a longer one that was found
        does not count again.
        """
        spread: dict[str, int] = {}
        for function in among:
            for word in set(function.words):
                spread[word] = spread.get(word, 0) + 1
        found: dict[str, tuple[float, tuple[str, ...]]] = {}
        for function in among:
            words = _longest([word for word in dict.fromkeys(function.words) if word in text])
            weights = {word: math.log(1 + len(among) / spread[word]) * math.sqrt(len(word)) for word in words}
            if weights:
                ordered = tuple(sorted(weights, key=lambda word: (-weights[word], word)))
                found[function.code] = (sum(weights.values()), ordered)
        return found


def _longest(words: Sequence[str]) -> list[str]:
    return [word for word in words if not any(word != other and word in other for other in words)]


@cache
def shipped() -> Lexicon:
    """The lexicon that comes with the program."""
    return parse((resources.files("node.triage") / FILE).read_text("utf-8"))


def parse(source: str) -> Lexicon:
    """Read a lexicon from TOML."""
    table = tomllib.loads(source)
    return Lexicon(
        functions=tuple(_function(row) for row in table["function"]),
        classes=tuple(_function(row) for row in table["class"]),
        version=hashlib.sha256(source.encode()).hexdigest()[:12],
    )


def _function(row: Mapping[str, object]) -> Function:
    def texts(key: str) -> tuple[str, ...]:
        values = row.get(key, [])
        assert isinstance(values, list)
        return tuple(str(value) for value in values)

    return Function(str(row["code"]), str(row["name"]), texts("words"), texts("examples"))
