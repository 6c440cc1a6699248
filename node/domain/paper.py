"""
Papers: printed forms that were issued, each with its number, issuer and seal line.

A paper is issued once with its whole content sealed in it, so that what was handed out can be printed again years later as it
was, whatever became of the ticket, of the pack or of the office's telephone since (HM20-A1.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from node.domain.command import Facts
from node.domain.dossier import Dossier, DossierCommand, DossierEvent
from node.domain.entry import Happened, Header, SubjectKind
from node.domain.order.record import SUPERVISING
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day

# 受理回执, 补正告知书, 不予受理告知书, 书面释明, 法定途径告知书, 督办函, 报政府请示, 交办单, 回访表.
RECEIPT, SUPPLEMENT, REFUSAL, EXPLANATION, STATUTORY_PATH = "receipt", "supplement", "refusal", "explanation", "statutory_path"
SUPERVISION, REPORT, ASSIGNMENT, REVISIT = "supervision", "report", "assignment", "revisit"
KINDS = (RECEIPT, SUPPLEMENT, REFUSAL, EXPLANATION, STATUTORY_PATH, SUPERVISION, REPORT, ASSIGNMENT, REVISIT)
# Papers in the office's own name, and those of the lead department's.
OF_DEPARTMENTS = frozenset({EXPLANATION, STATUTORY_PATH})
# AS25-4.6.1, DESIGN 10: a letter of supervision says what an order demands, in the joint office's name.
OF_SUPERVISION = SUPERVISING | {Role.STEWARD}
# The fact that a paper is issued from: the JSON that it is printed from, or empty if there is nothing to make it of.
CONTENT = "paper_content"
_DESKS = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.MEMBER, Role.STEWARD})


@dataclass(frozen=True)
class Paper(Dossier):
    """
    One issued paper.  ``state``: "issued" or "withdrawn".  ``issuer`` and ``seal`` are bodies by name; ``content`` is the sealed
    JSON that it is printed from.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.PAPER

    paper: str = ""
    number: str = ""
    ticket: str = ""
    order: str = ""
    issuer: str = ""
    seal: str = ""
    content: Words | None = None

    @property
    def key(self) -> str:
        """Its number."""
        return self.number

    @property
    def about(self) -> frozenset[str]:
        """Its ticket."""
        return frozenset({self.ticket}) - {""}

    @property
    def parties(self) -> frozenset[str]:
        """The order that it puts into writing."""
        return frozenset({self.order}) - {""}


@dataclass(frozen=True)
class IssuePaper(DossierCommand):
    """
    Issue a paper about ``ticket``, or about a supervision ``order``.  What it says nobody brings along: the node makes it, in the same
    transaction, of what stands in the journal.
    """

    subject_kind = SubjectKind.PAPER
    roles = _DESKS | {Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.SUPERVISION, Role.GOVERNMENT}
    starts = True
    also = ("ticket",)
    needs = (CONTENT,)

    paper: str
    ticket: str = ""
    order: str = ""


@dataclass(frozen=True)
class WithdrawPaper(DossierCommand):
    """The paper was issued by mistake; its number is not used again."""

    subject_kind = SubjectKind.PAPER
    roles = frozenset({Role.OFFICE})

    reason: Text


@dataclass(frozen=True)
class PaperIssued(DossierEvent):
    """
    A paper was issued about `ticket` or about a supervision order. `issuer` and `seal` are public bodies by name; what it says is
    sealed in `content`, from which it is printed.
    """

    begins = True

    paper: str
    number: str
    issuer: str
    seal: str
    ticket: str = ""
    order: str = ""
    content: Words | None = None

    def begin(self, head: Header) -> Paper:
        return Paper(
            id=head.subject.id,
            owner=head.node,
            state="issued",
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            paper=self.paper,
            number=self.number,
            ticket=self.ticket,
            order=self.order,
            issuer=self.issuer,
            seal=self.seal,
            content=self.content,
        )


@dataclass(frozen=True)
class PaperWithdrawn(DossierEvent):
    """The paper was issued by mistake and counts no more."""

    reason: Words | None = None

    def apply(self, dossier: Paper, head: Header) -> Paper:
        return replace(dossier, state="withdrawn")


def issue(command: IssuePaper, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Only where the ticket has come to what the paper says; departments issue only what is theirs, letters of supervision who does it."""
    if command.paper not in KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="paper", value=command.paper, offered=KINDS)
    about = "order" if command.paper == SUPERVISION else "ticket"
    need_field(about, getattr(command, about))
    ticket: Ticket | None = facts.others.get(command.ticket)
    if ticket is not None:
        _need_ground(command.paper, ticket)
    if facts.is_role(Role.DEPARTMENT, Role.DEPARTMENT_LEADER):
        _need_own(command, ticket, facts)
    if command.paper == SUPERVISION and not facts.is_role(*OF_SUPERVISION):
        raise Refusal(Code.PERMISSION_DENIED, command="IssuePaper", role=facts.actor.role, unit=facts.actor.unit)
    content = facts.given.get(CONTENT)
    if not content:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=about, id=getattr(command, about))
    number = paper_number(policy, facts.fresh_id, now)
    issuer, seal = issuer_of(policy)
    event = PaperIssued(command.paper, number, issuer, seal, command.ticket, command.order, Text(content))
    return [Happened(Paper(facts.fresh_id, policy.node, "issued", now, now).subject, event)]


def withdraw(dossier: Paper, command: WithdrawPaper, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Once, with the reason."""
    if dossier.state == "withdrawn":
        return []
    need_field("reason", command.reason)
    return [Happened(dossier.subject, PaperWithdrawn(command.reason))]


def paper_number(policy: Policy, paper_id: str, now: datetime) -> str:
    """The number as it is printed: "AS〔2026〕12号", the prefix being the pack's and the serial that of the node's papers of the year."""
    serial = int(paper_id.rpartition("-")[2])
    return f"{policy.pack.choice('number.prefix')}〔{local_day(now).year}〕{serial}号"


def issuer_of(policy: Policy) -> tuple[str, str]:
    """Who issues and who seals: the pack names both apart (AS25-1.3c 代章)."""
    return policy.pack.choice("bodies.joint_office"), policy.pack.choice("bodies.seal")


def _need_own(command: IssuePaper, ticket: Ticket | None, facts: Facts) -> None:
    if command.paper not in OF_DEPARTMENTS or ticket is None or facts.actor.unit != ticket.lead:
        raise Refusal(Code.PERMISSION_DENIED, command="IssuePaper", role=facts.actor.role, unit=facts.actor.unit)


def _need_ground(paper: str, ticket: Ticket) -> None:
    done = ticket.completion
    standards: Mapping[str, str] = {EXPLANATION: "explained", STATUTORY_PATH: "statutory_path"}
    holds = {
        SUPPLEMENT: ticket.supplement is not None,
        REFUSAL: ticket.refused is not None,
        EXPLANATION: done is not None and done.standard == standards[EXPLANATION],
        STATUTORY_PATH: done is not None and done.standard == standards[STATUTORY_PATH],
        # AS25-2.4c: no report to the government without a coordination that failed.
        REPORT: ticket.coordination is not None and ticket.coordination.outcome == "failed",
        ASSIGNMENT: ticket.dispatch is not None,
        REVISIT: done is not None,
    }
    if not holds.get(paper, True):
        raise Refusal(Code.PAPER_WITHOUT_GROUND, ticket=ticket.id, paper=paper)


DECISIONS = {IssuePaper: issue, WithdrawPaper: withdraw}
