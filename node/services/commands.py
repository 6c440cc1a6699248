"""
The commands that people and other systems may give, as entrances show them: their names, their fields, the codes that a field takes.

Verbs of the command line, forms of the pages and bodies of the API are made from these.
"""

import dataclasses
import re
import typing
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from node.domain import catalogues, dossiers, registry
from node.domain import round as sampled_round
from node.domain.command import Command
from node.domain.entry import SubjectKind
from node.domain.organisation import Role
from node.domain.ticket.decide import DECISIONS
from node.texts.catalogue import OFFERED, Lang, catalogue, with_words

# Fields that take codes, and the words for these; a field that means different things is named with its command.
_AMBIGUOUS = frozenset({"act", "answer", "ground", "reason", "result", "topic", "unit"})
_CODES: Mapping[str, str] = {field: section for field, section in OFFERED.values() if field not in _AMBIGUOUS} | {
    "AnswerFinding.answer": "answer",
    "AnswerLetter.result": "letter_result",
    "ApplyTermination.reason": "ground",
    "CloseOrder.result": "supervision_result",
    "DecideItem.ground": "ground",
    "EnterStatutoryLimit.unit": "limit_unit",
    "Evaluate.value": "evaluation",
    "GivePreliminaryReply.ground": "preliminary_ground",
    "HandleLane.act": "lane_act",
    "IssueOrder.ground": "supervision_ground",
    "NotAccept.reason": "refusal_reason",
    "OpenUnit.kind": "unit_kind",
    "OpenAccount.account_roles": "role",
    "ProposeOrder.ground": "supervision_ground",
    "ProposeRecheck.ground": "ground",
    "RaiseIssue.topic": "issue_topic",
    "RaiseLayer.ground": "ground",
    "RecordLeaderAct.act": "leader_act",
    "RecordVerification.result": "verification_result",
    "Register.field": "field_of_service",
    "ReportLetter.result": "letter_result",
    "RequestExtension.ground": "ground",
    "SubmitToComplaintCentre.ground": "ground",
    "answer_standard": "standard",
    "consent_way": "way",
}
# What needs a file or a key at the machine beside the command itself: only the operator's verbs give these.
_AT_THE_MACHINE: frozenset[type[Command]] = frozenset(
    {registry.InviteNode, registry.GrantEpoch, registry.HandleLane, registry.AdoptPack, registry.AdoptCalendar}
)


def verb_of(command: type[Command]) -> str:
    """The verb of a command class: RequestEscalation is "request-escalation"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", command.__name__).lower()


def is_for_people(command: type[Command]) -> bool:
    """Commands that only the node itself may give are no verbs."""
    return command.roles != frozenset({Role.NODE})


@cache
def commands_by_kind() -> Mapping[SubjectKind, tuple[type[Command], ...]]:
    """Every command that stands for itself and that a person may give, by what it is about, in the order of the domain."""
    rounds = (
        sampled_round.OpenRound,
        sampled_round.CutFrame,
        sampled_round.DrawSample,
        sampled_round.RecordCall,
        sampled_round.RevealRound,
    )
    of_node = (*registry.NodeCommand.__subclasses__(), *catalogues.DECISIONS)
    found: dict[SubjectKind, list[type[Command]]] = {}
    every: list[type[Command]] = [*DECISIONS, *dossiers.DECISIONS, *rounds, *of_node]
    for command in dict.fromkeys(every):
        if is_for_people(command) and command not in _AT_THE_MACHINE:
            found.setdefault(command.subject_kind, []).append(command)
    return {kind: tuple(commands) for kind, commands in found.items()}


def fields_of(command: type[Any]) -> Mapping[str, tuple[Any, Any]]:
    """Each field's type (without ``| None``) and its default, MISSING where one must be given."""
    kept: Any = command
    return _fields(kept)


@cache
def _fields(command: Any) -> Mapping[str, tuple[Any, Any]]:
    hints = typing.get_type_hints(command)
    found = {}
    for field in dataclasses.fields(command):
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        found[field.name] = (_bare(hints[field.name]), default)
    return found


def section_of(command: type[Any], field: str) -> str:
    """The section of the catalogues with the codes that *field* takes; "" where there is no list of them."""
    return _CODES.get(f"{command.__name__}.{field}") or _CODES.get(field) or ""


def choices(command: type[Any], field: str, lang: Lang) -> str:
    """The codes that *field* takes, each with its word; "" where there is no list of them.  The pack in force may offer fewer."""
    section = section_of(command, field)
    return with_words(section, lang) if section else ""


@cache
def codes_of(section: str) -> tuple[str, ...]:
    """Every code of *section*, in the catalogue's order."""
    return tuple(key.removeprefix(f"{section}.") for key in catalogue("zh-CN") if key.startswith(f"{section}."))


def is_many(kind: Any) -> bool:
    """True for the type of a field that holds several values."""
    return get_origin(kind) is tuple


def _bare(kind: Any) -> Any:
    """The type itself of ``X | None``."""
    if get_origin(kind) in (UnionType, typing.Union):
        return next(one for one in get_args(kind) if one is not NoneType)
    return kind
