"""One row of the schema of packs: a key or a family of keys, its type and range, and what a child may do to it."""

from dataclasses import dataclass
from enum import Enum

from node.domain.pack import Value
from node.domain.time import Limit


class Kind(Enum):
    """What a value is; the value is the word that a fault uses."""

    LIMIT = "limit"
    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"
    CHOICE = "choice"
    NAMES = "names"
    WINDOWS = "windows"


class Bound(Enum):
    """What a child may do to a value that a document gave its parent: tighten it, never loosen it (AS25-5.1)."""

    NONE = "none"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True)
class Key:
    """
    One key or family of keys.

    ``least`` and ``most`` bound a number, both ends included; a limit counts from ``least``.  ``among`` are the codes that a
    choice or a list may hold; empty: any code.  ``words`` are the sections of the texts that have words for its codes, the first that
    has one, where the key itself does not name the section.  ``is_recorded``: kept with its clause for pages, papers and reports; no
    decision asks for it.
    """

    pattern: str
    kind: Kind
    meaning: str
    required: bool = False
    least: int = 0
    most: int = 4000
    among: tuple[str, ...] = ()
    bound: Bound = Bound.NONE
    is_recorded: bool = False
    words: tuple[str, ...] = ()

    def fits(self, value: Value) -> bool:
        """True if *value* has the right type; its range is another question."""
        match self.kind:
            case Kind.LIMIT:
                return isinstance(value, Limit)
            case Kind.NUMBER:
                return isinstance(value, int) and not isinstance(value, bool)
            case Kind.FLAG:
                return isinstance(value, bool)
            case Kind.TEXT | Kind.CHOICE | Kind.WINDOWS:
                return isinstance(value, str)
            case Kind.NAMES:
                return isinstance(value, tuple)


def limit(name: str, meaning: str, required: bool = True, least: int = 1, bound: Bound = Bound.NONE) -> Key:
    return Key(f"limit.{name}", Kind.LIMIT, meaning, required, least=least, bound=bound)


def names(pattern: str, meaning: str, among: tuple[str, ...] = (), required: bool = False, words: tuple[str, ...] = ()) -> Key:
    return Key(pattern, Kind.NAMES, meaning, required, among=among, words=words)


def flag(pattern: str, meaning: str) -> Key:
    return Key(pattern, Kind.FLAG, meaning, required=True)


def choice(pattern: str, meaning: str, *among: str, words: tuple[str, ...] = ()) -> Key:
    return Key(pattern, Kind.CHOICE, meaning, required=True, among=among, words=words)


def number(pattern: str, meaning: str, least: int = 0, most: int = 1000, bound: Bound = Bound.NONE) -> Key:
    return Key(pattern, Kind.NUMBER, meaning, required="<" not in pattern, least=least, most=most, bound=bound)
