"""
Lists that were taken over from a file: what was imported, by whom and when, and for a reported list who vouches for it.

The rows themselves are commands of their own; this is the one entry that says that a file came in (HM20-A2.1, A2.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeCommand, NodeEvent

# HM20-A2.3: whoever reports this list vouches for it.
VOUCHED = frozenset({"summary"})


@dataclass(frozen=True)
class RecordList(NodeCommand):
    """
    Note that a list was taken over: ``list_kind``, SHA-256 of its file in hex, and how many rows it has.

    ``reporting_unit``, ``reporter`` and ``phone`` stand in the head of a reported list; ``is_confirmed``: it is vouched for.
    """

    roles = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.STEWARD, Role.DEPARTMENT, Role.SECURITY_ADMIN, Role.NODE})

    list_kind: str
    digest: str
    count: int
    reporting_unit: Text | None = None
    reporter: Contact | None = None
    phone: Contact | None = None
    is_confirmed: bool = False


@dataclass(frozen=True)
class ListTaken(NodeEvent):
    """
    A list of `count` rows was taken over from a file with this SHA-256, in hex; the rows are entries of the same transaction.

    Of a reported list `reporting_unit`, `reporter` and `phone` are those of its head, and the actor confirmed its accuracy.
    """

    list_kind: str
    digest: str
    count: int
    reporting_unit: Words | None = None
    reporter: Reach | None = None
    phone: Reach | None = None
    is_confirmed: bool = False


def record(command: RecordList, adopted: Mapping[tuple[str, str], str], facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-A2.1, A2.3: a reported list names who reports it and is confirmed."""
    if command.list_kind in VOUCHED:
        for field in ("reporting_unit", "reporter", "phone"):
            if not getattr(command, field):
                raise Refusal(Code.FIELD_REQUIRED, field=field)
        if not command.is_confirmed:
            raise Refusal(Code.LIST_UNCONFIRMED, kind=command.list_kind)
    event = ListTaken(
        command.list_kind,
        command.digest,
        command.count,
        command.reporting_unit,
        command.reporter,
        command.phone,
        command.is_confirmed,
    )
    return [Happened(Subject(SubjectKind.NODE.value, policy.node), event)]


DECISIONS = {RecordList: record}
