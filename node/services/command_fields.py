"""
Command classes as what people and other systems fill in: which commands there are, their fields, and of what kind each field is.
The verbs of the command line, the forms of the pages and the bodies of the API are made from here; which codes a field takes says
``command_codes``.

Pure: reads no database.  Whatever is typed comes as text; ``value_of`` makes the field's value of it, and times without a zone
are Beijing's.
"""

import dataclasses
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from datetime import UTC, date, datetime
from enum import Enum, unique
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, get_args, get_origin

from node.domain import accounts, catalogues, directory, dossiers, registry, reparenting
from node.domain import round as round_domain
from node.domain.command import Command
from node.domain.entry import SubjectKind
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.payload import Contact, Text
from node.domain.ticket.decide import DECISIONS
from node.domain.time import BEIJING
from node.services.acting import FILE_FIELDS, UNIT_FIELDS
from node.services.command_codes import section_of

# --- commands ---------------------------------------------------------------------------------------------------------


def verb_of(command: type[Command]) -> str:
    """The verb of a command class: RequestEscalation is "request-escalation"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", command.__name__).lower()


def is_for_people(command: type[Command]) -> bool:
    """Commands that only the node itself may give are no verbs."""
    return command.roles != frozenset({Role.NODE})


@cache
def commands() -> Mapping[str, type[Command]]:
    """Every command that people or other systems may give, by verb: about tickets first, in the order of a ticket's life."""
    tables: Sequence[typing.Iterable[type[Command]]] = (
        DECISIONS,
        dossiers.DECISIONS,
        _classes(round_domain.RoundCommand, round_domain),
        directory.DECISIONS,
        catalogues.DECISIONS,
        reparenting.DECISIONS,
        accounts.DECISIONS,
        _classes(registry.NodeCommand, registry),
    )
    every = (command for table in tables for command in table)
    return {verb_of(command): command for command in every if is_for_people(command) and command not in _AT_THE_MACHINE}


# What needs a file or a key at the machine beside the command itself: only the operator's own verbs give these.
_AT_THE_MACHINE = frozenset({registry.InviteNode, registry.GrantEpoch, registry.AdoptPack, registry.AdoptCalendar})


def _classes(base: type[Command], module: Any) -> list[type[Command]]:
    found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, base) and one is not base]
    return [one for one in found if one.__module__ == module.__name__]


@cache
def commands_by_kind() -> Mapping[SubjectKind, tuple[type[Command], ...]]:
    """The same by what they are about."""
    kinds = dict.fromkeys(command.subject_kind for command in commands().values())
    return {kind: tuple(one for one in commands().values() if one.subject_kind is kind) for kind in kinds}


# The parts of the work on a ticket, with their areas of the domain, in the order of a ticket's life.
AREAS: Mapping[str, frozenset[str]] = {
    "intake": frozenset({"intake", "legacy", "filling", "enquiry", "first_contact", "offering", "correction"}),
    "triage": frozenset({"judgement", "supplement", "acceptance", "consent", "merging", "forming", "commitment"}),
    "dispatch": frozenset({"dispatching", "objection", "layers", "complaint_centre"}),
    "handling": frozenset(
        {
            *("assignment", "tracking", "handling", "co_handling", "task_force", "opinion", "coordination", "extension", "termination"),
            *("introduction", "proxy_decision", "close_out", "countersigning", "completion", "answering", "applications"),
            *("plan", "progress_report", "due_proposal", "turns", "milestone", "leading", "meetings", "submission"),
        }
    ),
    "closing": frozenset(
        {
            *("after", "calls", "confirmation", "revisit", "evaluation", "invitation", "verification", "rework", "follow_up"),
            *("vote_elsewhere", "recheck", "recheck_above", "rectification", "closing", "assessment", "supervision"),
        }
    ),
    "levels": frozenset({"escalation", "transfer", "custody", "finding"}),
}


# --- fields -----------------------------------------------------------------------------------------------------------


@unique
class FieldKind(Enum):
    """What a field holds, and so how it is asked for."""

    TEXT = "text"
    CONTACT = "contact"
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"
    YES_NO = "yes_no"
    CODE = "code"
    UNIT = "unit"
    ACCOUNT = "account"
    TICKET = "ticket"
    ENTERPRISE = "enterprise"
    NODE = "node"
    FILE = "file"
    WORD = "word"
    RECORDS = "records"


@dataclass(frozen=True)
class CommandField:
    """
    One field of a command.

    ``section`` is the section of the catalogue with the words for its codes, or empty.  ``default`` is what the command takes
    where nothing is given, None for a field that must be given.  ``may_be_unsaid``: a yes or no that may stay unanswered.
    """

    name: str
    kind: FieldKind
    is_many: bool
    is_required: bool
    default: Any
    section: str
    may_be_unsaid: bool = False


def fields_of(command: type[Any]) -> Mapping[str, tuple[Any, Any]]:
    """Each field's type (without ``| None``) and its default, MISSING where one must be given."""
    of_class: Any = command
    return _types_and_defaults(of_class)


# Each request of the API asks for them.
@cache
def _types_and_defaults(command: Any) -> Mapping[str, tuple[Any, Any]]:
    hints = typing.get_type_hints(command)
    found = {}
    for field in dataclasses.fields(command):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        found[field.name] = (bare(hints[field.name]), default)
    return MappingProxyType(found)


def command_fields(command: type[Command]) -> tuple[CommandField, ...]:
    """The fields of *command* in its own order."""
    one: Any = command
    return _fields_by_class(one)


@cache
def _fields_by_class(command: Any) -> tuple[CommandField, ...]:
    found = []
    for name, (annotation, default) in fields_of(command).items():
        kind = kind_of(command, name, annotation)
        found.append(
            CommandField(
                name=name,
                kind=kind,
                is_many=is_many(annotation),
                is_required=default is MISSING,
                default=None if default is MISSING else default,
                section=section_of(command, name) if kind is FieldKind.CODE else "",
                may_be_unsaid=annotation is bool and default is None,
            )
        )
    return tuple(found)


def bare(annotation: Any) -> Any:
    """The type itself of ``X | None``."""
    if get_origin(annotation) in (UnionType, typing.Union):
        return next(one for one in get_args(annotation) if one is not NoneType)
    return annotation


def is_many(annotation: Any) -> bool:
    """True of a field that takes several values."""
    return get_origin(annotation) is tuple


def kind_of(command: type[Command], name: str, annotation: Any) -> FieldKind:
    """What the field *name* of *command*, which is annotated so, holds."""
    plain = get_args(annotation)[0] if is_many(annotation) else annotation
    if dataclasses.is_dataclass(plain) and plain not in (Text, Contact):
        return FieldKind.RECORDS
    if plain in _BY_TYPE:
        return _BY_TYPE[plain]
    if name in command.also:
        return FieldKind.TICKET
    own = f"{command.__name__}.{name}"
    if own in _KINDS or name in _KINDS:
        return _KINDS[own] if own in _KINDS else _KINDS[name]
    if section_of(command, name):
        return FieldKind.CODE
    return _COMMON_KINDS.get(name, FieldKind.WORD)


_BY_TYPE: Mapping[Any, FieldKind] = {
    Text: FieldKind.TEXT,
    Contact: FieldKind.CONTACT,
    int: FieldKind.NUMBER,
    bool: FieldKind.YES_NO,
    date: FieldKind.DAY,
    datetime: FieldKind.MOMENT,
}
# Fields that are named like others and mean something else.
_KINDS: Mapping[str, FieldKind] = {
    "AttachTaskForce.members": FieldKind.ACCOUNT,
    "JoinGroup.account": FieldKind.ACCOUNT,
    "LeaveGroup.member": FieldKind.WORD,
    "OpenAccount.account": FieldKind.WORD,
    "OpenUnit.unit": FieldKind.WORD,
    "HandleLane.ticket": FieldKind.TICKET,
    "InviteNode.node": FieldKind.WORD,
    "RecordDecisionFor.body": FieldKind.WORD,
}
_COMMON_KINDS: Mapping[str, FieldKind] = {
    **dict.fromkeys(UNIT_FIELDS, FieldKind.UNIT),
    **dict.fromkeys(FILE_FIELDS, FieldKind.ENTERPRISE),
    **dict.fromkeys(("account", "assessor", "leader", "person", "persons", "representatives", "tracker"), FieldKind.ACCOUNT),
    **dict.fromkeys(("county", "holder", "node", "to", "to_node"), FieldKind.NODE),
    **dict.fromkeys(("digest", "evidence", "materials"), FieldKind.FILE),
}

# --- values -----------------------------------------------------------------------------------------------------------


class Unreadable(ValueError):
    """What was typed is not of the field's kind; ``wanted`` is "day", "moment", "number" or "yes_no"."""

    def __init__(self, wanted: str, value: str) -> None:
        super().__init__(f"{wanted} wanted, not {value!r}")
        self.wanted = wanted
        self.value = value


def value_of(field: CommandField, typed: Sequence[str]) -> Any:
    """
    The value of *field* from the texts that were typed or chosen, blanks around each taken away; the default if all are empty.

    Raises:
        Unreadable: one is not of the field's kind.
    """
    said = [text for one in typed if (text := one.strip())]
    if not said:
        return () if field.is_many and field.default is None else field.default
    read = _READERS.get(field.kind, str)
    return tuple(read(one) for one in said) if field.is_many else read(said[0])


def read_day(value: str) -> date:
    """
    A day, "2026-02-13".

    Raises:
        Unreadable: it is none.
    """
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Unreadable("day", value) from error


def read_moment(value: str) -> datetime:
    """
    A time, "2026-02-13T16:50" in Beijing or with a zone of its own, in UTC; a day alone is its beginning.

    Raises:
        Unreadable: it is none.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise Unreadable("moment", value) from error
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=BEIJING)).astimezone(UTC)


def _read_number(value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise Unreadable("number", value)
    return int(value)


def _read_yes_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise Unreadable("yes_no", value)
    return value == "yes"


_READERS: Mapping[FieldKind, Callable[[str], Any]] = {
    FieldKind.TEXT: Text,
    FieldKind.CONTACT: Contact,
    FieldKind.NUMBER: _read_number,
    FieldKind.DAY: read_day,
    FieldKind.MOMENT: read_moment,
    FieldKind.YES_NO: _read_yes_no,
}


def may_give(command: type[Command], roles: typing.Iterable[str], pack: Pack | None) -> frozenset[str]:
    """Those of *roles* that may give *command*: whom the pack names, or the command itself where it is silent."""
    named = pack.names(f"rights.{command.__name__}") if pack is not None else ()
    return frozenset(roles) & (frozenset(named) or frozenset(role.value for role in command.roles))


def subject_kinds() -> frozenset[SubjectKind]:
    """What commands for people are about."""
    return frozenset(command.subject_kind for command in commands().values())
