"""
Pack files: one TOML file holds what one pack says itself; ``effective_pack`` lays it over its parents.

A file has a ``[pack]`` table (id, version, level, name, effective_from, parents ...) and then tables whose dotted path is
the key and whose leaves are inline tables: ``sign = { value = "2 workdays", clause = "AS25-4.3.1a" }`` under ``[limit]``
is the rule ``limit.sign``.  A leaf has the clause that demands it, or ``default = "<why>"`` for what no document says.
A quoted name may hold dots, so that ``"resolve.coordination"`` may stand beside ``"resolve.coordination.plain"``.

**Inheritance.**  A pack's line is the pack, then its parents from left to right, each followed by its own; a pack that is
reached twice stands at its last place, so that a common ancestor never covers what its children say.  The first pack of
the line that has a key gives the value; ``Rule.origin`` keeps its id.

**Digest.**  The first 16 hex digits of the SHA-256 over the canonical effective content: UTF-8 JSON without spaces, keys
sorted, of id, version, level, effective_from (ISO), parents and ``rules``, a list of [key, value, clause, origin] in the
order of the keys, where a limit is written as in a file ("2 workdays").  Comments, names, reasons of defaults and the
order of lines do not count; whatever can change a decision does.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from node.domain.pack import Pack, Value
from node.domain.pack import Rule as PackRule
from node.domain.time import LIMIT_COUNT_MAX, Limit, Unit
from node.packs.fault import Fault, FaultyPack, Rule

DEFAULT = "default"
LEVELS = ("any", "province", "city", "county")
PACK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
LIMIT = re.compile(r"(0|[1-9][0-9]{0,8}) (workday|hour|day)s?|([1-9][0-9]{0,8}) (month)s?")
PERIOD_END = re.compile(r"(month_end|quarter_end)(?: (0|[1-9][0-9]{0,8}))?")
HEADER: Mapping[str, type] = {
    "id": str,
    "version": str,
    "level": str,
    "name": str,
    "effective_from": date,
    "parents": list,
    "interpreter": str,
    "document": str,
    "is_placeholder": bool,
}
HEADER_REQUIRED = ("id", "version", "level", "name", "effective_from", "parents")

# The text of the pack with that id, or None.
Find = Callable[[str], str | None]


@dataclass(frozen=True)
class PackFile:
    """
    What one file says by itself, without its parents.

    *rules* have the file's own id as origin.  *reasons* are those of its defaults, by key.  *is_placeholder*: it stands for
    a document that is not among the sources and gives no value (POLICY_PACKS 2 no. 25).
    """

    id: str
    version: str
    level: str
    name: str
    effective_from: date
    parents: tuple[str, ...]
    interpreter: str
    document: str
    is_placeholder: bool
    rules: Mapping[str, PackRule]
    reasons: Mapping[str, str]


def effective_pack(id: str, find: Find) -> Pack:
    """
    Return the pack *id* over its parents.

    Raises:
        FaultyPack: a file of the line is missing, cannot be read, or is its own ancestor.  What the values mean is the linter's.
    """
    line = pack_line(id, find)
    own = line[0]
    rules: dict[str, PackRule] = {}
    for file in reversed(line):
        rules.update(file.rules)
    return Pack(
        id=own.id,
        version=own.version,
        level=own.level,
        effective_from=own.effective_from,
        parents=own.parents,
        digest=_digest(own, rules),
        rules=MappingProxyType(dict(sorted(rules.items()))),
    )


def pack_line(id: str, find: Find) -> tuple[PackFile, ...]:
    """
    Return the files of the pack *id* and of its parents, the one that decides first; see the head of this module.

    Raises:
        FaultyPack: as ``effective_pack``.
    """
    files: dict[str, PackFile] = {}
    order = list(_walk(id, find, files, ()))
    last = {name: place for place, name in enumerate(order)}
    return tuple(files[name] for place, name in enumerate(order) if last[name] == place)


def in_force(packs: Iterable[Pack], day: date) -> Pack | None:
    """The pack of *packs* that governs what is registered on *day*: the latest that is in force by then (AS25-5.2)."""
    begun = [pack for pack in packs if pack.effective_from <= day]
    return max(begun, key=lambda pack: (pack.effective_from, pack.version), default=None)


def parse_pack(file: str, text: str) -> PackFile:
    """
    Read one pack from *text*; *file* names it in faults.

    Raises:
        FaultyPack: with every fault of form that the file has.
    """
    found, faults = read_pack(file, text)
    if found is None or faults:
        raise FaultyPack(faults)
    return found


def read_pack(file: str, text: str) -> tuple[PackFile | None, tuple[Fault, ...]]:
    """Read what can be read of *text*: the file (None if not even its header is whole) and its faults of form."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, (Fault(file, "", Rule.TOML, {"detail": str(error)}),)
    reading = _Reading(file)
    header = reading.header(table.pop("pack", None))
    for key, leaf in reading.leaves(table, ()):
        reading.leaf(key, leaf)
    if header is None:
        return None, tuple(reading.faults)
    rules = {key: PackRule(value, clause, header["id"]) for key, (value, clause) in reading.found.items()}
    packed = PackFile(
        id=header["id"],
        version=header["version"],
        level=header["level"],
        name=header["name"],
        effective_from=header["effective_from"],
        parents=tuple(header["parents"]),
        interpreter=header.get("interpreter", ""),
        document=header.get("document", ""),
        is_placeholder=header.get("is_placeholder", False),
        rules=MappingProxyType(rules),
        reasons=MappingProxyType(reading.reasons),
    )
    return packed, tuple(reading.faults)


def shipped() -> Mapping[str, str]:
    """The packs that come with the program: text by id, in alphabetical order."""
    files = sorted((item for item in resources.files("node.packs").iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return {item.name.removesuffix(".toml"): item.read_text("utf-8") for item in files}


def finder(*folders: Path) -> Find:
    """Look for ``<id>.toml`` in *folders*, the node's own data directory first, then among the shipped packs."""

    def find(id: str) -> str | None:
        if not PACK_ID.fullmatch(id):
            return None
        path = next((folder / f"{id}.toml" for folder in folders if (folder / f"{id}.toml").is_file()), None)
        return shipped().get(id) if path is None else path.read_text("utf-8")

    return find


def parse_limit(text: str) -> Limit | None:
    """The limit that *text* says ("2 workdays", "1 hour", "5 days", "2 months", "month_end", "quarter_end 3"), or None."""
    if match := LIMIT.fullmatch(text):
        count, unit = int(match[1] or match[3]), Unit(match[2] or match[4])
    elif match := PERIOD_END.fullmatch(text):
        count, unit = int(match[2] or 0), Unit(match[1])
    else:
        return None
    return Limit(count, unit) if count <= LIMIT_COUNT_MAX else None


def limit_text(limit: Limit) -> str:
    """*limit* as it stands in a pack file; ``parse_limit`` reads it back."""
    if limit.unit in (Unit.MONTH_END, Unit.QUARTER_END):
        return f"{limit.unit.value} {limit.count}" if limit.count else limit.unit.value
    return f"{limit.count} {limit.unit.value}{'' if limit.count == 1 else 's'}"


def _walk(id: str, find: Find, files: dict[str, PackFile], path: tuple[str, ...]) -> Iterator[str]:
    child = f"{path[-1]}.toml" if path else f"{id}.toml"
    if id in path:
        raise FaultyPack([Fault(child, "pack.parents", Rule.PARENT_CYCLE, {"line": " > ".join((*path, id))})])
    if id not in files:
        text = find(id)
        if text is None:
            rule = Rule.PARENT_UNKNOWN if path else Rule.PACK_UNKNOWN
            raise FaultyPack([Fault(child, "pack.parents" if path else "", rule, {"pack": id})])
        files[id] = parse_pack(f"{id}.toml", text)
        if files[id].id != id:
            raise FaultyPack([Fault(f"{id}.toml", "pack.id", Rule.ID_DIFFERS, {"pack": files[id].id, "wanted": id})])
    yield id
    for parent in files[id].parents:
        yield from _walk(parent, find, files, (*path, id))


def _digest(own: PackFile, rules: Mapping[str, PackRule]) -> str:
    content = {
        "id": own.id,
        "version": own.version,
        "level": own.level,
        "effective_from": own.effective_from.isoformat(),
        "parents": own.parents,
        "rules": [[key, _plain(rule.value), rule.clause, rule.origin] for key, rule in sorted(rules.items())],
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:16]


def _plain(value: Value) -> bool | int | str | tuple[str, ...]:
    return limit_text(value) if isinstance(value, Limit) else value


class _Reading:
    """One pass over a file: what was found and what is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.found: dict[str, tuple[Value, str]] = {}
        self.reasons: dict[str, str] = {}

    def header(self, table: Any) -> dict[str, Any] | None:
        """The ``[pack]`` table if all that must stand there does."""
        before = len(self.faults)
        if not isinstance(table, dict):
            self._fault("pack", Rule.HEADER_REQUIRED)
            return None
        for name in HEADER_REQUIRED:
            if name not in table:
                self._fault(f"pack.{name}", Rule.EFFECTIVE_FROM_REQUIRED if name == "effective_from" else Rule.HEADER_REQUIRED)
        for name, value in table.items():
            if name not in HEADER:
                self._fault(f"pack.{name}", Rule.HEADER_UNKNOWN)
            elif not _is_header(name, value):
                self._fault(f"pack.{name}", Rule.HEADER_TYPE)
        return table if len(self.faults) == before else None

    def leaves(self, table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        """Every leaf of *table* with its dotted key; what is no table is a leaf of the wrong form."""
        for name, value in table.items():
            here = (*path, name)
            if isinstance(value, dict) and not _is_leaf(value):
                yield from self.leaves(value, here)
            else:
                yield ".".join(here), value

    def leaf(self, key: str, leaf: Any) -> None:
        """Take one rule in."""
        if not isinstance(leaf, dict) or "value" not in leaf or leaf.keys() - {"value", "clause", "default"}:
            self._fault(key, Rule.LEAF_FORM)
            return
        if key in self.found:
            self._fault(key, Rule.KEY_TWICE)
            return
        source = self._source(key, leaf)
        value = self._value(key, leaf["value"])
        if source is not None and value is not None:
            self.found[key] = value, source

    def _source(self, key: str, leaf: Mapping[str, Any]) -> str | None:
        clause, reason = leaf.get("clause"), leaf.get("default")
        if clause is not None and reason is not None:
            self._fault(key, Rule.SOURCE_TWICE)
            return None
        if reason is not None:
            if not isinstance(reason, str) or not reason.strip():
                self._fault(key, Rule.DEFAULT_REASON)
                return None
            self.reasons[key] = reason
            return DEFAULT
        if not isinstance(clause, str) or not clause.strip() or clause == DEFAULT:
            self._fault(key, Rule.SOURCE_REQUIRED)
            return None
        return clause

    def _value(self, key: str, value: Any) -> Value | None:
        if key.startswith("limit."):
            limit = parse_limit(value) if isinstance(value, str) else None
            if limit is None:
                self._fault(key, Rule.LIMIT_FORM, value=str(value))
            return limit
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        if isinstance(value, bool | int | str):
            return value
        self._fault(key, Rule.LEAF_FORM)
        return None

    def _fault(self, key: str, rule: Rule, **facts: str) -> None:
        self.faults.append(Fault(self.file, key, rule, facts))


def _is_leaf(table: Mapping[str, Any]) -> bool:
    # Also where its value was forgotten; a table of rules may well hold one that is called "default".
    return any(name in table and not isinstance(table[name], dict) for name in ("value", "clause", "default"))


def _is_header(name: str, value: Any) -> bool:
    is_right_type = isinstance(value, HEADER[name]) and not isinstance(value, datetime)
    if not is_right_type:
        return False
    match name:
        case "id":
            return PACK_ID.fullmatch(value) is not None
        case "level":
            return value in LEVELS
        case "version" | "name":
            return bool(value.strip())
        case "parents":
            return len(set(map(str, value))) == len(value) and all(isinstance(one, str) and PACK_ID.fullmatch(one) for one in value)
        case _:
            return True
