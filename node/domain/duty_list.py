"""
The responsibility catalogue (权责清单): which unit answers for which matter, by which law, at which level, from when to when.

A version is adopted whole: ``CatalogueAdopted``, then one ``DutyItemListed`` an item, in one transaction.  Items are entries
and not a file beside the journal, so that a superior reads whose duty a matter is from its own mirror, a rebuilt node has
its list again, and a dispatch may cite an item by its code for ever.  A version takes effect on its day; an item within it
may begin later or end earlier.

A *negative* item says what a unit does not answer for; it proves an objection and proposes nobody.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeCommand, NodeEvent, unit_code

DUTIES = "duty_list"
LEVELS = ("local", "county", "city", "province")


@dataclass(frozen=True)
class DutyItem:
    """
    One item.  ``matter`` is a code of the list, ``field`` the wider field that it lies in; ``level`` is one of LEVELS or empty.

    ``valid_from`` and ``valid_to`` are both included; None is open.  Law and name of the matter are published words.
    """

    code: str
    unit: str
    matter: str
    matter_name: str = ""
    field: str = ""
    law_basis: str = ""
    level: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    is_negative: bool = False

    def holds_on(self, day: date) -> bool:
        """True if the item is valid on *day*."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class DutyList:
    """A version of the list, or the part of it that a question needs.  ``digest`` is that of the whole version."""

    version: str
    digest: str
    items: tuple[DutyItem, ...] = ()

    def item(self, code: str, day: date) -> DutyItem | None:
        """The item of that code, if it is valid on *day*."""
        return next((one for one in self.items if one.code == code and one.holds_on(day)), None)

    def on(self, matter: str, day: date) -> tuple[DutyItem, ...]:
        """What the list says about *matter* on *day*, negative items too."""
        return tuple(one for one in self.items if matter and one.matter == matter and one.holds_on(day))

    def units_for(self, matter: str, field: str, day: date) -> tuple[DutyItem, ...]:
        """The items that name who answers: those on the matter; if there is none, those on the field."""
        held = [one for one in self.items if not one.is_negative and one.holds_on(day)]
        by_matter = tuple(one for one in held if matter and one.matter == matter)
        return by_matter or tuple(one for one in held if field and one.field == field)

    def basis(self, matter: str, day: date) -> str:
        """
        16 hex digits over what the list says about *matter* on *day*: two versions that say the same have the same basis.

        A settled dispute stays settled until this changes.
        """
        said = sorted(json.dumps(_plain(one), sort_keys=True, ensure_ascii=False) for one in self.on(matter, day))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


NO_LIST = DutyList("", "")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: its number from 1, the column, a code, and what stood there."""

    row: int
    column: str
    code: str
    value: str = ""


# Column of a file -> field of an item; a file may also use the field's own name.
COLUMNS: Mapping[str, str] = {
    "事项编码": "code",
    "责任单位": "unit",
    "事项": "matter",
    "事项名称": "matter_name",
    "领域": "field",
    "法律依据": "law_basis",
    "层级": "level",
    "生效日期": "valid_from",
    "失效日期": "valid_to",
    "负面事项": "is_negative",
}
REQUIRED = ("code", "unit", "matter")
YES, NO = ("是", "1", "true", "yes"), ("", "否", "0", "false", "no")


def read_rows(rows: Iterable[Mapping[str, str]], node: str, units: Iterable[str]) -> tuple[tuple[DutyItem, ...], tuple[Fault, ...]]:
    """
    Read a list from rows of a table (a row is text by column) and name every fault; an item with a fault is left out.

    *units* are the units that there are; a unit may be named without its node.  Faults: "required", "repeated", "unit_unknown",
    "level_unknown", "date_form", "date_order", "flag_form", "column_unknown" (once, with row 0).
    """
    known = set(units)
    items: list[DutyItem] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    strange: set[str] = set()
    for number, raw in enumerate(rows, 1):
        row = {COLUMNS.get(name.strip(), name.strip()): (value or "").strip() for name, value in raw.items()}
        strange |= row.keys() - set(COLUMNS.values())
        found = [Fault(number, name, "required") for name in REQUIRED if not row.get(name)]
        if row.get("code") in seen:
            found.append(Fault(number, "code", "repeated", row["code"]))
        unit = unit_code(node, row.get("unit", ""))
        if row.get("unit") and unit not in known:
            found.append(Fault(number, "unit", "unit_unknown", row["unit"]))
        if row.get("level", "") not in ("", *LEVELS):
            found.append(Fault(number, "level", "level_unknown", row["level"]))
        begin, end = (_date(row.get(name, ""), number, name, found) for name in ("valid_from", "valid_to"))
        if begin and end and end < begin:
            found.append(Fault(number, "valid_to", "date_order", row["valid_to"]))
        flag = row.get("is_negative", "").lower()
        if flag not in YES + NO:
            found.append(Fault(number, "is_negative", "flag_form", flag))
        seen.add(row.get("code", ""))
        faults += found
        if not found:
            names = ("matter_name", "field", "law_basis", "level")
            texts = {name: row.get(name, "") for name in names}
            items.append(DutyItem(row["code"], unit, row["matter"], **texts, valid_from=begin, valid_to=end, is_negative=flag in YES))
    return tuple(items), (*(Fault(0, name, "column_unknown", name) for name in sorted(strange)), *faults)


def _date(text: str, row: int, column: str, faults: list[Fault]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        faults.append(Fault(row, column, "date_form", text))
        return None


def digest_of(items: Iterable[DutyItem]) -> str:
    """SHA-256, in hex, over the items in the order of their codes: the same list has the same digest however its file looked."""
    rows = [_plain(one) for one in sorted(items, key=lambda one: one.code)]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(item: DutyItem) -> dict[str, str | bool | None]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(item).items()}


# --- who it proposes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Precedent:
    """
    A ruling on whose duty a matter is (先例): ``unit`` had declined, ``named`` must take it.  The same unit where it was
    overruled; empty where the ruling said only that it is not the unit's.

    ``basis`` is what the duty list said about the matter then; ``entry`` the ruling's entry.  ``ruled_by`` is "office" or
    "government".
    """

    matter: str
    unit: str
    named: str
    ruled_by: str
    ticket: str
    entry: str
    ruled_on: date
    basis: str = ""


@dataclass(frozen=True)
class Proposal:
    """
    A unit that should lead, and why: ``ground`` is "precedent", "duty_list" or "guide"; ``of`` the ticket of the ruling, the item,
    the guide's version.
    """

    unit: str
    ground: str
    of: str


def proposals(duties: DutyList, precedents: Sequence[Precedent], matter: str, field: str, day: date) -> tuple[Proposal, ...]:
    """
    Who should lead a need of *matter* and *field*: whom the last ruling named, as long as the list says the same as it did then;
    else whom the list names.
    """
    ruled = next((one for one in latest_first(precedents) if one.matter == matter and one.basis == duties.basis(matter, day)), None)
    if ruled is not None and ruled.named:
        return (Proposal(ruled.named, "precedent", ruled.ticket),)
    items = [one for one in duties.units_for(matter, field, day) if ruled is None or one.unit != ruled.unit]
    return tuple({one.unit: Proposal(one.unit, "duty_list", one.code) for one in reversed(items)}.values())[::-1]


def settled(duties: DutyList, precedents: Sequence[Precedent], matter: str, unit: str, day: date) -> Precedent | None:
    """The ruling by which *unit* must take needs of *matter*: the last one, if it named the unit and the list says the same still."""
    last = next((one for one in latest_first(precedents) if one.matter == matter), None)
    if last is None or last.named != unit or last.basis != duties.basis(matter, day):
        return None
    return last


def latest_first(precedents: Sequence[Precedent]) -> list[Precedent]:
    """The rulings, the last one first; of one day the later entry (entry ids grow with time)."""
    return sorted(precedents, key=lambda one: (one.ruled_on, one.entry), reverse=True)


# --- adopting a version -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AdoptDutyList(NodeCommand):
    """Put a version of the responsibility catalogue into force from ``effective_from`` on; it replaces the former one whole."""

    roles = frozenset({Role.OFFICE, Role.NODE})

    version: str
    effective_from: date
    listed: tuple[DutyItem, ...]


@dataclass(frozen=True)
class CatalogueAdopted(NodeEvent):
    """
    A version of a catalogue is in force here from `effective_from` on: "duty_list" or "guide". Its `count` items follow, one
    entry each, with the same `digest`: SHA-256 over the canonical items, in hex.
    """

    catalogue: str
    version: str
    digest: str
    count: int
    effective_from: date


@dataclass(frozen=True)
class DutyItemListed(NodeEvent):
    """
    An item of the responsibility catalogue's version with this `digest`: who answers for a matter, by which law. A negative
    item says that the unit does not.
    """

    digest: str
    item: str
    unit: str
    matter: str
    matter_name: str = ""
    field: str = ""
    law_basis: str = ""
    level: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    is_negative: bool = False


def adopt(command: AdoptDutyList, adopted: Mapping[tuple[str, str], str], facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    FEATURES 52: a version is taken whole; adopting again what is in force is nothing.  *adopted* are the digests in force.

    Raises:
        Refusal: FIELD_REQUIRED, MALFORMED_COMMAND (a code twice).
    """
    for field in ("version", "listed"):
        if not getattr(command, field):
            raise Refusal(Code.FIELD_REQUIRED, field=field)
    if len({one.code for one in command.listed}) < len(command.listed):
        raise Refusal(Code.MALFORMED_COMMAND, field="listed")
    digest = digest_of(command.listed)
    if adopted.get((DUTIES, DUTIES)) == digest:
        return []
    subject = Subject(SubjectKind.NODE.value, policy.node)
    items = (
        DutyItemListed(
            digest, one.code, one.unit, one.matter, one.matter_name, one.field, one.law_basis, one.level,
            one.valid_from, one.valid_to, one.is_negative,
        )
        for one in sorted(command.listed, key=lambda one: one.code)
    )  # fmt: skip
    head = CatalogueAdopted(DUTIES, command.version, digest, len(command.listed), command.effective_from)
    return [Happened(subject, event) for event in (head, *items)]
