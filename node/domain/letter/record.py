"""
The letter (来往文书) as a dossier: something that one level sends along the tree, with receipt, reading, answer and due date.

One machine for every kind (DESIGN 6, "upward requests", "downward besides orders"): downward notices (工作安排), calendars and
packs, which each node below answers for itself; upward requests for guidance (请求指导) and platform issues (平台问题), which one
node above answers.  The sender owns the letter; receipts, readings, reports and answers are side entries of who got it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier
from node.domain.entry import SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Words
from node.domain.time import end_of

# AS25-3.2.3a downward; DESIGN 6: a calendar or a pack that a superior hands down.
NOTICE, CALENDAR, PACK = "notice", "calendar", "pack"
# XS25-4.3.3c: what a superior asks of what is put to it; the latest holds.
STANDARD = "admission_standard"
# AS25-3.2.3b, 3.2.1c upward.
GUIDANCE, PLATFORM_ISSUE = "guidance", "platform_issue"
KINDS = (NOTICE, STANDARD, CALENDAR, PACK, GUIDANCE, PLATFORM_ISSUE)
DOWNWARD = frozenset({NOTICE, STANDARD, CALENDAR, PACK})
FILES = frozenset({CALENDAR, PACK})

COLLECTED, SENT, ANSWERED, COMPLETE, WITHDRAWN, DECLINED = "collected", "sent", "answered", "complete", "withdrawn", "declined"
STATES = (COLLECTED, SENT, ANSWERED, COMPLETE, WITHDRAWN, DECLINED)

# The clock of who must report or answer, by the kind of the letter; it is that node's own.
CLOCKS: Mapping[str, str] = {
    NOTICE: "notice_report",
    STANDARD: "notice_report",
    CALENDAR: "file_decision",
    PACK: "file_decision",
    GUIDANCE: "guidance_answer",
    PLATFORM_ISSUE: "issue_answer",
}

# Who writes to and answers other levels: the centre; its operator for what is about the platform itself.
CENTRE = frozenset({Role.OFFICE})
STAFF = frozenset(
    {Role.OFFICE, Role.OPERATOR, Role.WINDOW_CLERK, Role.SPECIALIST, Role.STEWARD, Role.DEPARTMENT, Role.SUPERVISION, Role.TRACKER}
)


@dataclass(frozen=True)
class Receipt:
    """
    What became of the letter at one node that it addresses.  ``reported_at`` and ``report`` are its report, or its answer;
    ``result`` is "adopted" or "not_adopted" where a file was handed down, what becomes of a platform issue, else empty.
    """

    node: str
    received_at: datetime | None = None
    read_at: datetime | None = None
    reported_at: datetime | None = None
    result: str = ""
    report: Words | None = None
    evidence: tuple[str, ...] = ()
    file_names: Words | None = None


@dataclass(frozen=True)
class Letter(Dossier):
    """
    One letter.  ``to_nodes`` are the nodes that it addresses, ``due_on`` the last day of their reports, None if it asks for none.
    ``topic`` is the kind of a platform issue ("function" or "process"); ``file``, ``file_version`` and ``file_digest`` name a
    file handed down, which ``text`` holds whole.  What an admission standard asks for stands in the four fields behind them.
    ``author`` is the account at the owner that wrote it.  ``file_names`` says how the files of ``evidence`` are called, as in a
    ``Receipt``: a line each, in their order; older letters do not say it.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.LETTER

    letter_kind: str = ""
    to_nodes: tuple[str, ...] = ()
    topic: str = ""
    tickets: tuple[str, ...] = ()
    title: Words | None = None
    text: Words | None = None
    evidence: tuple[str, ...] = ()
    due_on: date | None = None
    file: str = ""
    file_version: str = ""
    file_digest: str = ""
    is_automatic: bool = False
    requires: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    power_items: tuple[str, ...] = ()
    material_kinds: tuple[str, ...] = ()
    author: str = ""
    author_role: str = ""
    author_unit: str = ""
    sent_at: datetime | None = None
    receipts: tuple[Receipt, ...] = ()
    reason: Words | None = None
    file_names: Words | None = None

    @property
    def key(self) -> str:
        """Its kind, so that a list can name it."""
        return self.letter_kind

    @property
    def parties(self) -> frozenset[str]:
        """The node that wrote it and those that it addresses."""
        return frozenset({self.owner, *self.to_nodes})

    @property
    def about(self) -> frozenset[str]:
        """The tickets that it is about."""
        return frozenset(self.tickets)

    @property
    def is_downward(self) -> bool:
        """True for what each node below answers for itself."""
        return self.letter_kind in DOWNWARD

    @property
    def clock_name(self) -> str:
        """The clock of whoever must report or answer."""
        return CLOCKS[self.letter_kind]

    def receipt(self, node: str) -> Receipt:
        """What became of it at *node*."""
        return next((one for one in self.receipts if one.node == node), Receipt(node))

    def is_done_by(self, node: str) -> bool:
        """True if *node* owes nothing any more: reported or decided, or, where no report is asked for, read."""
        receipt = self.receipt(node)
        if self.due_on is None and self.letter_kind in (NOTICE, STANDARD):
            return receipt.read_at is not None
        return receipt.reported_at is not None

    def is_late_at(self, node: str, now: datetime) -> bool:
        """True if *node* had not reported when the last day of the reports was over."""
        if self.due_on is None:
            return False
        return (self.receipt(node).reported_at or now) >= end_of(self.due_on)

    @property
    def answer(self) -> Receipt | None:
        """The answer from above to what was asked; None while there is none, and for what goes down."""
        if self.is_downward or not self.to_nodes:
            return None
        receipt = self.receipt(self.to_nodes[0])
        return receipt if receipt.reported_at is not None else None

    def with_receipt(self, receipt: Receipt) -> Letter:
        """This letter with what became of it at one node, whether it is known to be addressed there yet or not."""
        others = (one for one in self.receipts if one.node != receipt.node)
        return replace(self, receipts=tuple(sorted((*others, receipt), key=lambda one: one.node))).settled()

    def settled(self) -> Letter:
        """
        This letter, answered or complete once every node that it addresses has done its part.

        Entries of several nodes are folded by their times, and clocks differ: an answer may stand before what it answers.
        """
        if self.state != SENT or not all(self.is_done_by(node) for node in self.to_nodes):
            return self
        return replace(self, state=COMPLETE if self.is_downward else ANSWERED)
