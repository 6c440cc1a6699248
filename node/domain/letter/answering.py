"""
A letter at the level that got it: receipt, reading, report, answer.  Each is a side entry of that node, and so is its clock.

The receipt is the node's own, at once; from it on whoever must report or answer is timed.  A level between passes a letter on
with what it takes to read it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.dossier import DossierCommand, DossierEvent
from node.domain.entry import Change, ClockChange, Happened, Header, SubjectKind
from node.domain.letter import record as r
from node.domain.letter.record import Letter
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.routing import EVERYBODY_BELOW
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.parts import need_evidence_here
from node.domain.ticket.state import With

# What the office decides about a file that was handed down.
ADOPTED, NOT_ADOPTED = "adopted", "not_adopted"


@dataclass(frozen=True)
class ReceiveLetter(DossierCommand):
    """Confirm that the letter came in: the limit to report or to answer runs from here."""

    subject_kind = SubjectKind.LETTER
    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class RelayLetter(DossierCommand):
    """Pass a letter from above on to the nodes below that it addresses: with what it takes to read it."""

    subject_kind = SubjectKind.LETTER
    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class ReadLetter(DossierCommand):
    """Somebody opened the letter; the first time counts."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE | {Role.OPERATOR}
    is_side = True


@dataclass(frozen=True)
class ReportLetter(DossierCommand):
    """Say what was done about a notice; ``result`` is "adopted" or "not_adopted" for a file that was handed down."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE | {Role.NODE}
    is_side = True

    report: Text | None = None
    result: str = ""
    evidence: tuple[str, ...] = ()
    file_names: Text | None = None


@dataclass(frozen=True)
class AnswerLetter(DossierCommand):
    """Answer what was asked from below; ``result`` says what becomes of a platform issue, such as "accepted"."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE | {Role.OPERATOR}
    is_side = True

    answer: Text
    result: str = ""
    evidence: tuple[str, ...] = ()
    file_names: Text | None = None


@dataclass(frozen=True)
class ReleaseLetter(DossierCommand):
    """Let this node's limit end: the letter was withdrawn."""

    subject_kind = SubjectKind.LETTER
    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class LetterReceived(DossierEvent):
    """The letter is in the writer's journal; the header's clock is the writer's own limit to report or to answer."""

    is_side = True

    def apply(self, letter: Letter, head: Header) -> Letter:
        receipt = letter.receipt(head.node)
        return letter.with_receipt(replace(receipt, received_at=receipt.received_at or head.recorded_at))


@dataclass(frozen=True)
class LetterRelayed(DossierEvent):
    """A level between passed the letter on to the nodes below it, which can read it from now on."""

    is_side = True

    def apply(self, letter: Letter, head: Header) -> Letter:
        return letter


@dataclass(frozen=True)
class LetterRead(DossierEvent):
    """Somebody at the writer's node opened the letter for the first time."""

    is_side = True

    def apply(self, letter: Letter, head: Header) -> Letter:
        receipt = letter.receipt(head.node)
        return letter.with_receipt(replace(receipt, read_at=receipt.read_at or head.recorded_at))


@dataclass(frozen=True)
class LetterReported(DossierEvent):
    """
    The writer's node says what it did about the notice. For a calendar or a pack `outcome` is adopted or not_adopted.

    The sender measures it against its last day by the time of this entry.
    """

    is_side = True

    outcome: str = ""
    evidence: tuple[str, ...] = ()
    report: Words | None = None
    file_names: Words | None = None

    def apply(self, letter: Letter, head: Header) -> Letter:
        former = letter.receipt(head.node)
        if former.reported_at is not None:
            return letter
        return letter.with_receipt(
            replace(
                former,
                reported_at=head.recorded_at,
                result=self.outcome,
                report=self.report,
                evidence=self.evidence,
                file_names=self.file_names,
            )
        )


@dataclass(frozen=True)
class LetterAnswered(DossierEvent):
    """The level above answered; `outcome` says what becomes of a platform issue, such as accepted, and is empty for guidance."""

    is_side = True

    outcome: str = ""
    answer: Words | None = None
    evidence: tuple[str, ...] = ()
    file_names: Words | None = None

    def apply(self, letter: Letter, head: Header) -> Letter:
        former = letter.receipt(head.node)
        if former.reported_at is not None:
            return letter
        return letter.with_receipt(
            replace(
                former,
                reported_at=head.recorded_at,
                result=self.outcome,
                report=self.answer,
                evidence=self.evidence,
                file_names=self.file_names,
            )
        )


@dataclass(frozen=True)
class LetterReleased(DossierEvent):
    """The writer's node took note that the letter was withdrawn: its limit ended."""

    is_side = True

    def apply(self, letter: Letter, head: Header) -> Letter:
        return letter


def receive(letter: Letter, command: ReceiveLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: who must act is timed by its own pack; a notice by the day that it names, however late it came."""
    if policy.node not in letter.to_nodes or letter.receipt(policy.node).received_at is not None:
        return []
    running = _limit(letter, policy, now) if letter.state == r.SENT else ()
    return [Happened(letter.subject, LetterReceived(), clocks=running, addressee=_back(letter, policy))]


def _limit(letter: Letter, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    if letter.letter_kind in r.FILES or not letter.is_downward:
        return (clocks.start(policy, now, letter.clock_name, With.OFFICE),)
    if letter.due_on is None:
        return ()
    since = min(now, letter.opened_at)
    return (replace(clocks.start_until(policy, since, letter.clock_name, With.OFFICE, letter.due_on), since=since),)


def relay(letter: Letter, command: RelayLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.3a: cities pass it on to their counties."""
    if letter.owner == policy.node or not any(policy.place.is_below(node) for node in letter.to_nodes):
        return []
    return [Happened(letter.subject, LetterRelayed(), addressee=EVERYBODY_BELOW)]


def read(letter: Letter, command: ReadLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.3a: received and read are two things."""
    need_addressed(letter, policy)
    if letter.receipt(policy.node).read_at is not None:
        return []
    return [Happened(letter.subject, LetterRead(), addressee=_back(letter, policy))]


def report(letter: Letter, command: ReportLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.3a: what was done, by the date asked; late is a report, too, and shown as late."""
    need_addressed(letter, policy)
    if not letter.is_downward or letter.letter_kind == r.STANDARD:
        raise Refusal(Code.LETTER_KIND, letter=letter.id, kind=letter.letter_kind)
    if letter.receipt(policy.node).reported_at is not None:
        return []
    if letter.state == r.WITHDRAWN:
        raise Refusal(Code.LETTER_STATE, letter=letter.id, state=letter.state)
    if letter.letter_kind in r.FILES:
        _need_result(command.result, (ADOPTED, NOT_ADOPTED))
    elif facts.is_role(Role.NODE):
        raise Refusal(Code.PERMISSION_DENIED, command="ReportLetter", role=facts.actor.role)
    if letter.letter_kind == r.NOTICE or command.result == NOT_ADOPTED:
        need_field("report", command.report)
    need_evidence_here(command.evidence, facts)
    event = LetterReported(command.result, command.evidence, command.report, command.file_names)
    return [Happened(letter.subject, event, clocks=_stopped(letter, policy), addressee=_back(letter, policy))]


def answer(letter: Letter, command: AnswerLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.1c, 3.2.3b: once, by the node that was asked; the answer goes back to the author's node."""
    need_addressed(letter, policy)
    if letter.is_downward:
        raise Refusal(Code.LETTER_KIND, letter=letter.id, kind=letter.letter_kind)
    if letter.answer is not None:
        return []
    if letter.state != r.SENT:
        raise Refusal(Code.LETTER_STATE, letter=letter.id, state=letter.state)
    need_field("answer", command.answer)
    if letter.letter_kind == r.PLATFORM_ISSUE:
        need_field("result", command.result)
        need_value(policy, "letters.issue_results", command.result)
    need_evidence_here(command.evidence, facts)
    event = LetterAnswered(command.result, command.answer, command.evidence, command.file_names)
    return [Happened(letter.subject, event, clocks=_stopped(letter, policy), addressee=_back(letter, policy))]


def release(letter: Letter, command: ReleaseLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A limit that nobody needs any more ends where it runs."""
    stopped = _stopped(letter, policy)
    if letter.state != r.WITHDRAWN or not stopped:
        return []
    return [Happened(letter.subject, LetterReleased(), clocks=stopped, addressee=_back(letter, policy))]


def need_addressed(letter: Letter, policy: Policy) -> None:
    """
    This node is one of those that the letter addresses.

    Raises:
        Refusal: NOT_ADDRESSED.
    """
    if policy.node not in letter.to_nodes:
        raise Refusal(Code.NOT_ADDRESSED, letter=letter.id, node=policy.node)


def _need_result(result: str, offered: tuple[str, ...]) -> None:
    need_field("result", result)
    if result not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="result", value=result, offered=offered)


def _stopped(letter: Letter, policy: Policy) -> tuple[ClockChange, ...]:
    running = letter.clock(letter.clock_name, policy.node)
    return (ClockChange(letter.clock_name, Change.STOPPED),) if running is not None else ()


def _back(letter: Letter, policy: Policy) -> str:
    return "" if letter.owner == policy.node else letter.owner


DECISIONS = {
    ReceiveLetter: receive,
    RelayLetter: relay,
    ReadLetter: read,
    ReportLetter: report,
    AnswerLetter: answer,
    ReleaseLetter: release,
}
