"""
A policy pack: every number, list and formula of a source document, each with the id of its clause beside it.

A pack is flat: dotted keys such as ``limit.resolve.coordination.plain``.  A parent pack fills what a pack leaves open;
``origin`` says which pack of the line gave a value.  Loading and checking stand in ``node/packs``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from node.domain.time import Limit

V = TypeVar("V")
Value = bool | int | str | Limit | tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One value.  ``clause`` is a clause id or "default"; ``origin`` the id of the pack that gave it."""

    value: Value
    clause: str
    origin: str


@dataclass(frozen=True)
class Pack:
    """An effective pack: its own rules over those of its parents.  ``digest`` is what clock changes name (16 hex digits)."""

    id: str
    version: str
    level: str
    effective_from: date
    parents: tuple[str, ...]
    digest: str
    rules: Mapping[str, Rule]

    @property
    def name(self) -> str:
        """What the opener of a custody term names: id and digest, so that a pack that is changed governs no running ticket."""
        return f"{self.id}@{self.digest}"

    def find(self, *keys: str) -> Rule | None:
        """The rule of the first of *keys* that the pack has."""
        return next((self.rules[key] for key in keys if key in self.rules), None)

    def limit(self, *keys: str) -> Limit:
        """The limit under the first of *keys* that the pack has; ``limit.`` is put before each."""
        return self._get(Limit, *(f"limit.{key}" for key in keys))

    def has_limit(self, key: str) -> bool:
        """True if the pack sets this limit at all."""
        return f"limit.{key}" in self.rules

    def number(self, key: str) -> int:
        """A whole number."""
        return self._get(int, key)

    def flag(self, key: str) -> bool:
        """A yes or no; no where the pack is silent."""
        rule = self.rules.get(key)
        return rule is not None and rule.value is True

    def choice(self, key: str) -> str:
        """One of a few named ways."""
        return self._get(str, key)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of codes, in the pack's order; empty where the pack is silent."""
        rule = self.rules.get(key)
        return rule.value if rule is not None and isinstance(rule.value, tuple) else ()

    def _get(self, kind: type[V], *keys: str) -> V:
        rule = self.find(*keys)
        if rule is None or not isinstance(rule.value, kind):
            raise LookupError(f"pack {self.id} has no {kind.__name__} under {' or '.join(keys)}")  # the linter should have said so
        return rule.value
