"""
Interpretation notes (解释口径): how a rule of the pack in force is to be read, published by whoever the pack names (FJ25-6.16).

A note changes no rule: whoever wants another value puts another version of the pack into force.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Subject, SubjectKind
from node.domain.interpreting import need_interpreter
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeCommand, NodeEvent

CLAUSE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,39}")


@dataclass(frozen=True)
class PublishInterpretation(NodeCommand):
    """
    Say how ``clause`` of the pack in force is to be read.  ``reason`` is an administrator's, who stands in for the unit that
    interprets.
    """

    roles = frozenset({Role.OFFICE, Role.DEPARTMENT, Role.OPERATOR, Role.SECURITY_ADMIN})

    clause: str
    note: Text
    reason: Text | None = None


@dataclass(frozen=True)
class InterpretationPublished(NodeEvent):
    """
    The unit entitled to interpret the pack `pack` said how its `clause` is to be read; a `reason` is that of an administrator
    who stood in. It changes no rule.
    """

    pack: str
    clause: str
    note: Words | None = None
    reason: Words | None = None


def publish(
    command: PublishInterpretation, adopted: Mapping[tuple[str, str], str], facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """FJ25-6.16: by the unit that the pack names, and as a note on the pack in force."""
    need_interpreter(type(command).__name__, command.reason, facts, policy)
    if not command.note:
        raise Refusal(Code.FIELD_REQUIRED, field="note")
    if not command.clause:
        raise Refusal(Code.FIELD_REQUIRED, field="clause")
    # It stands in the open: a number of the document, never words.
    if not CLAUSE.fullmatch(command.clause):
        raise Refusal(Code.MALFORMED_COMMAND, field="clause")
    event = InterpretationPublished(policy.pack.name, command.clause, command.note, command.reason)
    return [Happened(Subject(SubjectKind.NODE.value, policy.node), event)]
