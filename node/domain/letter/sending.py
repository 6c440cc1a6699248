"""
Sending letters: notices, calendars and packs to the nodes below; guidance asked of the superior; platform issues to the top.

A platform issue is first collected: anybody on the staff writes it down, and the office submits it or declines (AS25-3.2.1c).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from node.domain.command import Facts
from node.domain.dossier import DossierCommand, DossierEvent
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.letter import record as r
from node.domain.letter.record import Letter
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.routing import EVERYBODY_BELOW
from node.domain.ticket.admission import FIELDS, need_codes
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.core_class import CORE_CLASSES
from node.domain.ticket.parts import need_evidence_here
from node.domain.time import local_day


@dataclass(frozen=True)
class PublishNotice(DossierCommand):
    """
    Pass a work arrangement down: to the nodes ``to``, or to every node below.  ``due_on`` is the last day of the reports; without
    it the notice asks for no report, and is done with when it was read.
    """

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE
    starts = True

    title: Text
    text: Text
    due_on: date | None = None
    to: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    file_names: Text | None = None


@dataclass(frozen=True)
class HandDown(DossierCommand):
    """
    Hand a calendar or a pack down, ``text`` its whole file: to the nodes ``to``, or to every node below.  ``is_automatic``: a
    statutory calendar, which a node adopts by itself; the rest is proposed to its office (DESIGN 6).
    """

    subject_kind = SubjectKind.LETTER
    roles = frozenset({Role.NODE, Role.OFFICE})
    starts = True

    letter_kind: str
    file: str
    file_version: str
    file_digest: str
    text: Text
    is_automatic: bool = False
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishStandard(DossierCommand):
    """
    Publish what this level asks of what is put to it from below: ``requires`` are fields that must be filled, ``classes`` the core
    classes that it takes, ``power_items`` the items of its power list, ``material_kinds`` the evidence that must be there.  The
    latest standard takes the place of the former.
    """

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE
    starts = True

    requires: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    power_items: tuple[str, ...] = ()
    material_kinds: tuple[str, ...] = ()
    text: Text | None = None
    to: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskGuidance(DossierCommand):
    """Ask the superior how to go on with a problem of the daily work; ``tickets`` are those that it is about, if any."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE
    starts = True
    also = ("tickets",)

    title: Text
    text: Text
    tickets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    file_names: Text | None = None


@dataclass(frozen=True)
class RaiseIssue(DossierCommand):
    """Write down what is wrong with the platform's functions or its processes, or what would be better."""

    subject_kind = SubjectKind.LETTER
    roles = r.STAFF
    starts = True

    topic: str
    title: Text
    text: Text
    evidence: tuple[str, ...] = ()
    file_names: Text | None = None


@dataclass(frozen=True)
class SubmitIssue(DossierCommand):
    """Put a platform issue that was collected here to the top of the tree."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE | {Role.OPERATOR}


@dataclass(frozen=True)
class DeclineIssue(DossierCommand):
    """Do not pass a platform issue on, and tell its author why."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE | {Role.OPERATOR}

    reason: Text


@dataclass(frozen=True)
class WithdrawLetter(DossierCommand):
    """Take a letter back: nobody needs to report on it or to answer it any more."""

    subject_kind = SubjectKind.LETTER
    roles = r.CENTRE

    reason: Text


@dataclass(frozen=True)
class LetterSent(DossierEvent):
    """
    A letter of the writer's level to others. `letter_kind` is notice, admission_standard, calendar or pack, for each node of
    `to_nodes` below, or guidance, for the superior.

    Whoever is named in `to_nodes` confirms its receipt at once by LetterReceived; then LetterRead, and LetterReported or, for
    guidance, LetterAnswered. `due_on` is the last day of the reports, empty if none is asked for. Of a calendar or a pack `file`,
    `file_version` and `file_digest` name the file that the text holds whole; `is_automatic`: adopted without asking anybody.
    """

    begins = True
    asks = True

    letter_kind: str
    to_nodes: tuple[str, ...]
    due_on: date | None = None
    tickets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    file: str = ""
    file_version: str = ""
    file_digest: str = ""
    is_automatic: bool = False
    # Of an admission standard: fields that must be filled, core classes, items of the power list, kinds of evidence.
    requires: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    power_items: tuple[str, ...] = ()
    material_kinds: tuple[str, ...] = ()
    title: Words | None = None
    text: Words | None = None
    file_names: Words | None = None

    def begin(self, head: Header) -> Letter:
        return _begun(
            head,
            r.SENT,
            self.letter_kind,
            to_nodes=self.to_nodes,
            tickets=self.tickets,
            title=self.title,
            text=self.text,
            evidence=self.evidence,
            due_on=self.due_on,
            file=self.file,
            file_version=self.file_version,
            file_digest=self.file_digest,
            is_automatic=self.is_automatic,
            requires=self.requires,
            classes=self.classes,
            power_items=self.power_items,
            material_kinds=self.material_kinds,
            file_names=self.file_names,
            sent_at=head.recorded_at,
        )


@dataclass(frozen=True)
class IssueCollected(DossierEvent):
    """A platform issue was written down at its node, by the actor; `topic` is function or process. It asks nobody yet."""

    begins = True

    topic: str
    evidence: tuple[str, ...] = ()
    title: Words | None = None
    text: Words | None = None
    file_names: Words | None = None

    def begin(self, head: Header) -> Letter:
        return _begun(
            head,
            r.COLLECTED,
            r.PLATFORM_ISSUE,
            topic=self.topic,
            title=self.title,
            text=self.text,
            evidence=self.evidence,
            file_names=self.file_names,
        )


@dataclass(frozen=True)
class IssueSubmitted(DossierEvent):
    """The issue is put to `to_node`, the top of the tree, which answers with LetterAnswered."""

    asks = True

    to_node: str

    def apply(self, letter: Letter, head: Header) -> Letter:
        return replace(letter, state=r.SENT, to_nodes=(self.to_node,), sent_at=head.recorded_at).settled()


@dataclass(frozen=True)
class IssueDeclined(DossierEvent):
    """The node where the issue was collected does not pass it on."""

    reason: Words | None = None

    def apply(self, letter: Letter, head: Header) -> Letter:
        return replace(letter, state=r.DECLINED, reason=self.reason)


@dataclass(frozen=True)
class LetterWithdrawn(DossierEvent):
    """The letter was taken back: whoever got it lets its limit end."""

    reason: Words | None = None

    def apply(self, letter: Letter, head: Header) -> Letter:
        return replace(letter, state=r.WITHDRAWN, reason=self.reason)


def publish(command: PublishNotice, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.3a: to each node below, or to those that are named; a county gets it through its city."""
    need_field("title", command.title)
    need_field("text", command.text)
    need_evidence_here(command.evidence, facts)
    if command.due_on is not None and command.due_on < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, date=command.due_on, earliest=local_day(now) - timedelta(days=1))
    event = LetterSent(
        r.NOTICE,
        _below(command.to, policy),
        command.due_on,
        evidence=command.evidence,
        title=command.title,
        text=command.text,
        file_names=command.file_names,
    )
    return [_sent(facts.fresh_id, event, EVERYBODY_BELOW)]


def hand_down(command: HandDown, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: calendars and packs that a superior hands down; what it hands down it has read and checked itself."""
    if command.letter_kind not in r.FILES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="letter_kind", value=command.letter_kind, offered=tuple(sorted(r.FILES)))
    for name in ("file", "file_version", "file_digest", "text"):
        need_field(name, getattr(command, name))
    need_codes("file", (command.file, command.file_version, command.file_digest))
    event = LetterSent(
        command.letter_kind,
        _below(command.to, policy),
        file=command.file,
        file_version=command.file_version,
        file_digest=command.file_digest,
        is_automatic=command.is_automatic and command.letter_kind == r.CALENDAR,
        text=command.text,
    )
    return [_sent(facts.fresh_id, event, EVERYBODY_BELOW)]


def publish_standard(command: PublishStandard, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.3c: the upper node publishes its standard; each request from below is checked by it at both ends."""
    for key, values, offered in (("requires", command.requires, FIELDS), ("core_class", command.classes, CORE_CLASSES)):
        for value in values:
            if value not in offered:
                raise Refusal(Code.VALUE_NOT_OFFERED, key=key, value=value, offered=offered)
    need_codes("power_items", command.power_items)
    need_codes("material_kinds", command.material_kinds)
    event = LetterSent(
        r.STANDARD,
        _below(command.to, policy),
        requires=command.requires,
        classes=command.classes,
        power_items=command.power_items,
        material_kinds=command.material_kinds,
        text=command.text,
    )
    return [_sent(facts.fresh_id, event, EVERYBODY_BELOW)]


def ask_guidance(command: AskGuidance, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.3b: of the level above, and nobody else."""
    if policy.superior is None:
        raise Refusal(Code.NO_SUPERIOR, node=policy.node)
    need_field("title", command.title)
    need_field("text", command.text)
    need_evidence_here(command.evidence, facts)
    event = LetterSent(
        r.GUIDANCE,
        (policy.superior,),
        tickets=command.tickets,
        evidence=command.evidence,
        title=command.title,
        text=command.text,
        file_names=command.file_names,
    )
    return [_sent(facts.fresh_id, event, policy.superior)]


def raise_issue(command: RaiseIssue, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.1c: of the system's functions, or of the processes; collected here."""
    need_field("topic", command.topic)
    need_value(policy, "letters.issue_topics", command.topic)
    need_field("title", command.title)
    need_field("text", command.text)
    need_evidence_here(command.evidence, facts)
    event = IssueCollected(command.topic, command.evidence, command.title, command.text, command.file_names)
    return [Happened(Subject(SubjectKind.LETTER.value, facts.fresh_id), event)]


def submit(letter: Letter, command: SubmitIssue, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.1c: to the province, through every level between; the top keeps its own in its own inbox."""
    if letter.state == r.SENT and letter.letter_kind == r.PLATFORM_ISSUE:
        return []
    _need_state(letter, r.COLLECTED)
    top = policy.place.line[-1] if policy.place.line else policy.node
    return [Happened(letter.subject, IssueSubmitted(top), addressee="" if top == policy.node else top)]


def decline(letter: Letter, command: DeclineIssue, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Never without a reason."""
    _need_state(letter, r.COLLECTED)
    need_field("reason", command.reason)
    return [Happened(letter.subject, IssueDeclined(command.reason))]


def withdraw(letter: Letter, command: WithdrawLetter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """By who sent it; an admission standard that is withdrawn asks for nothing any more."""
    if letter.state == r.WITHDRAWN:
        return []
    _need_state(letter, r.SENT, r.COMPLETE)
    need_field("reason", command.reason)
    to = EVERYBODY_BELOW if letter.is_downward else letter.to_nodes[0]
    return [Happened(letter.subject, LetterWithdrawn(command.reason), addressee="" if to == policy.node else to)]


def _begun(head: Header, state: str, letter_kind: str, **facts: Any) -> Letter:
    """A letter as its first entry makes it, by whoever wrote that."""
    return Letter(
        id=head.subject.id,
        owner=head.node,
        state=state,
        opened_at=head.recorded_at,
        changed_at=head.recorded_at,
        letter_kind=letter_kind,
        author=head.actor.account,
        author_role=head.actor.role,
        author_unit=head.actor.unit,
        **facts,
    )


def _below(named: tuple[str, ...], policy: Policy) -> tuple[str, ...]:
    """The nodes that a letter downward addresses, in order."""
    for node in named:
        if not policy.place.is_below(node):
            raise Refusal(Code.NOT_SUBORDINATE, node=node, superior=policy.node)
    found = named or tuple(node for node in policy.place.superiors if policy.place.is_below(node))
    need_field("to", found)
    return tuple(sorted(set(found)))


def _sent(letter_id: str, event: LetterSent, to: str) -> Happened:
    return Happened(Subject(SubjectKind.LETTER.value, letter_id), event, addressee=to)


def _need_state(letter: Letter, *states: str) -> None:
    if letter.state not in states:
        raise Refusal(Code.LETTER_STATE, letter=letter.id, state=letter.state)


DECISIONS = {
    PublishNotice: publish,
    HandDown: hand_down,
    PublishStandard: publish_standard,
    AskGuidance: ask_guidance,
    RaiseIssue: raise_issue,
    SubmitIssue: submit,
    DeclineIssue: decline,
    WithdrawLetter: withdraw,
}
