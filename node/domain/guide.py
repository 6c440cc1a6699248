"""
The classification guide (诉求分类指南, 问题分类标准): what belongs to which class, by definition, examples and key words, and
whose it usually is (FJ25-3.6b, XS25-4.2a).

Classes are the pack's; the guide explains them and tells kinds apart within them.  It is adopted whole, version by version,
by the centre alone, as the responsibility catalogue is (``duty_list``).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from node.domain.command import Facts
from node.domain.duty_list import CatalogueAdopted
from node.domain.entry import Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeCommand, NodeEvent, unit_code

GUIDE = "guide"


@dataclass(frozen=True)
class GuideEntry:
    """A class of the pack (``subtype`` empty) or a kind within it: its definition, examples, key words and the usual unit."""

    category: str
    subtype: str = ""
    definition: str = ""
    examples: tuple[str, ...] = ()
    key_words: tuple[str, ...] = ()
    default_unit: str = ""


@dataclass(frozen=True)
class Guide:
    """A version of the guide, whole."""

    version: str
    digest: str
    entries: tuple[GuideEntry, ...] = ()

    def subtypes(self, category: str) -> tuple[str, ...]:
        """The kinds that it tells apart within *category*."""
        return tuple(one.subtype for one in self.entries if one.category == category and one.subtype)

    def default_unit(self, category: str, subtype: str = "") -> str:
        """Whose it usually is: by the kind, else by the class; empty where the guide does not say."""
        units = {one.subtype: one.default_unit for one in self.entries if one.category == category}
        return units.get(subtype, "") or units.get("", "")


NO_GUIDE = Guide("", "")


def digest_of(entries: Iterable[GuideEntry]) -> str:
    """SHA-256, in hex, over the entries in the order of class and kind."""
    rows = [asdict(one) for one in sorted(entries, key=lambda one: (one.category, one.subtype))]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class AdoptGuide(NodeCommand):
    """Put a version of the classification guide into force from ``effective_from`` on; only the centre keeps it (XS25-4.2a)."""

    roles = frozenset({Role.OFFICE, Role.NODE})

    version: str
    effective_from: date
    explained: tuple[GuideEntry, ...]


@dataclass(frozen=True)
class GuideEntryListed(NodeEvent):
    """An entry of the classification guide's version with this `digest`: what belongs to a class or to a kind within it."""

    digest: str
    category: str
    subtype: str = ""
    definition: str = ""
    examples: tuple[str, ...] = ()
    key_words: tuple[str, ...] = ()
    default_unit: str = ""


def adopt(command: AdoptGuide, adopted: Mapping[tuple[str, str], str], facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    FJ25-3.6b: taken whole; adopting again what is in force is nothing.  *adopted* are the digests in force.

    Raises:
        Refusal: FIELD_REQUIRED, VALUE_NOT_OFFERED (a class that the pack has not), MALFORMED_COMMAND (an entry twice).
    """
    for field in ("version", "explained"):
        if not getattr(command, field):
            raise Refusal(Code.FIELD_REQUIRED, field=field)
    if len({(one.category, one.subtype) for one in command.explained}) < len(command.explained):
        raise Refusal(Code.MALFORMED_COMMAND, field="explained")
    offered = policy.pack.names("classes")
    for one in command.explained:
        if one.category not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="classes", value=one.category, offered=offered)
    digest = digest_of(command.explained)
    if adopted.get((GUIDE, GUIDE)) == digest:
        return []
    subject = Subject(SubjectKind.NODE.value, policy.node)
    head = CatalogueAdopted(GUIDE, command.version, digest, len(command.explained), command.effective_from)
    entries = (
        GuideEntryListed(
            digest, one.category, one.subtype, one.definition, one.examples, one.key_words,
            unit_code(policy.node, one.default_unit) if one.default_unit else "",
        )
        for one in sorted(command.explained, key=lambda one: (one.category, one.subtype))
    )  # fmt: skip
    return [Happened(subject, event) for event in (head, *entries)]
