"""
Completion (办结): the department's word that it is done (AS25-4.5).

What it needs is the pack's list ``completion.needs``: ``standard``, ``paper``, ``feedback``, ``evidence``, ``truthfulness``,
``countersignature``, ``co_handling``.  A reply that a leader must countersign is drafted first: the countersignature names
the draft's entry, and the completion states that draft, so that nothing is signed that was not read.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.co_handling import open_parts
from node.domain.ticket.parts import need_evidence_here, round_of, with_round
from node.domain.ticket.state import IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

SOLVED, EXPLAINED, STATUTORY = "solved", "explained", "statutory_path"
# Who acts after completion, and by which clock, per choice of ``completion.then``.
NEXT = {
    "revisit": ("revisit", With.OFFICE),
    "confirm": ("confirm", With.APPELLANT),
    "feedback": ("feedback", With.DEPARTMENT),
    "close": ("close", With.OFFICE),
}


@dataclass(frozen=True)
class GiveFeedback(Command):
    """Record that the result was given to the appellant.  A typed ``occurred_at`` is shown beside; the recorded time counts."""

    roles = frozenset({Role.DEPARTMENT})

    way: str
    content: Text
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class DraftReply(Command):
    """Put the reply in writing, for a leader to countersign."""

    roles = frozenset({Role.DEPARTMENT})

    reply: Text


@dataclass(frozen=True)
class CountersignReply(Command):
    """A leader of the lead department signs the draft that he has read; ``draft`` is its entry id."""

    roles = frozenset({Role.DEPARTMENT_LEADER})

    draft: str


@dataclass(frozen=True)
class Complete(Command):
    """
    The lead states that it is done, by exactly one ``standard`` of the pack.

    ``sub_code`` tells "partly" from "objectively_hard".  ``explanation`` is the written explanation of the second standard;
    ``path_means``, ``path_body`` and ``path_limit`` are the written path of the third.  Feedback given by this very act
    stands in ``feedback_way`` and ``feedback``.  ``evidence`` adds to what was filed before; ``has_call_record`` says that a
    recorded call is the evidence of a consultation.
    """

    roles = frozenset({Role.DEPARTMENT})

    standard: str
    result: Text
    is_truthful: bool = False
    sub_code: str = ""
    explanation: Text | None = None
    path_means: str = ""
    path_body: Text | None = None
    path_limit: Text | None = None
    feedback_way: str = ""
    feedback: Text | None = None
    feedback_occurred_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    has_call_record: bool = False
    draft: str = ""
    measures: Text | None = None
    open_part_reason: Text | None = None


@dataclass(frozen=True)
class FeedbackGiven(TicketEvent):
    """The appellant was told the result. The entry's own time is the one that is measured (AS25-4.5.1a)."""

    way: str
    occurred_at: datetime | None = None
    content: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        with_whom = With.OFFICE if ticket.state is State.COMPLETED and ticket.with_whom is With.DEPARTMENT else ticket.with_whom
        return replace(ticket, with_whom=with_whom, rounds=with_round(ticket, head, feedback_at=head.recorded_at))


@dataclass(frozen=True)
class ReplyDrafted(TicketEvent):
    """The lead department put its reply in writing; an earlier countersignature no longer covers it."""

    reply: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, draft=head.id, countersigned=""))


@dataclass(frozen=True)
class ReplyCountersigned(TicketEvent):
    """A leader of the lead department signed the draft whose entry id is `draft`: exactly that text."""

    draft: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, countersigned=self.draft))


@dataclass(frozen=True)
class Completed(TicketEvent):
    """
    The lead department states that the round is done, by one standard, and that what it says is true.

    `is_in_time` compares with the due time of the resolve clock, or of the rectification clock where a recheck set a date.
    `draft` names the countersigned reply. Counts as an outcome of the ticket.
    """

    completes = True

    standard: str
    is_in_time: bool
    is_truthful: bool
    sub_code: str = ""
    path_means: str = ""
    feedback_way: str = ""
    feedback_occurred_at: datetime | None = None
    has_call_record: bool = False
    evidence: tuple[str, ...] = ()
    draft: str = ""
    with_whom_next: str = ""
    result: Words | None = None
    explanation: Words | None = None
    path_body: Words | None = None
    path_limit: Words | None = None
    feedback: Words | None = None
    measures: Words | None = None
    open_part_reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        of = round_of(ticket, head.recorded_at)
        feedback_at = head.recorded_at if self.feedback_way else of.feedback_at
        completion = r.Completion(
            standard=self.standard,
            completed_at=head.recorded_at,
            unit=head.actor.unit,
            account=head.actor.account,
            feedback_at=feedback_at,
            is_in_time=self.is_in_time,
            evidence=self.evidence,
            sub_code=self.sub_code,
        )
        return replace(
            ticket,
            state=State.COMPLETED,
            with_whom=With(self.with_whom_next),
            rounds=with_round(ticket, head, completion=completion, feedback_at=feedback_at),
            outcomes=ticket.outcomes + 1,
        )


def give_feedback(ticket: Ticket, command: GiveFeedback, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5.1a: way, time, content.  奉节 feeds back after completion (FJ25-4.10.1a), so that is open, too."""
    need_state(ticket, IN_HAND | {State.COMPLETED})
    need_own_unit(ticket, facts, ticket.lead)
    need_field("way", command.way)
    need_value(policy, "feedback.ways", command.way)
    need_field("content", command.content)
    if command.occurred_at is not None and command.occurred_at > now:
        raise Refusal(Code.MALFORMED_COMMAND, field="occurred_at")
    changes = list(clocks.stop_if_on(ticket, "feedback"))
    if ticket.state is State.COMPLETED and changes:
        changes.append(clocks.start(policy, now, "close", With.OFFICE))
    return [Happened(ticket.subject, FeedbackGiven(command.way, command.occurred_at, command.content), clocks=tuple(changes))]


def draft_reply(ticket: Ticket, command: DraftReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5.1b: what is put in writing is kept, each draft as an entry of its own."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("reply", command.reply)
    return [Happened(ticket.subject, ReplyDrafted(command.reply))]


def countersign(ticket: Ticket, command: CountersignReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: over the exact text, so only the last draft, and not by whoever drafted it."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    of = round_of(ticket, now)
    if not of.draft or command.draft != of.draft:
        raise Refusal(Code.VERSION_CONFLICT, ticket=ticket.id, seen=command.draft, now=of.draft)
    if of.countersigned == of.draft:
        return []
    if any(hand.account == facts.actor.account and hand.kind == "ReplyDrafted" for hand in ticket.hands):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    return [Happened(ticket.subject, ReplyCountersigned(command.draft))]


def complete(ticket: Ticket, command: Complete, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5, 3.6.5: by the lead, with all that the pack's ``completion.needs`` names; the office's revisit limit begins."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    _need_standard(command, policy)
    need_field("result", command.result)
    for field in policy.pack.names(f"completion.fields.{ticket.classing.category}"):  # AS25-4.5.1b
        need_field(field, getattr(command, field, None))
    need_evidence_here(command.evidence, facts)
    if command.feedback_way:
        need_value(policy, "feedback.ways", command.feedback_way)
    if command.feedback_occurred_at is not None and command.feedback_occurred_at > now:
        raise Refusal(Code.MALFORMED_COMMAND, field="feedback_occurred_at")
    of = round_of(ticket, now)
    evidence = tuple(dict.fromkeys((*of.evidence, *command.evidence)))
    for need in policy.pack.names("completion.needs"):
        _need(need, ticket, command, policy, of, evidence)
    # The office sorts a self-handled need beside it, also once it is done (AS25-4.2.1.0).
    ended = (change for change in clocks.stop_all(ticket, policy.node) if change.clock != "sort")
    is_fed_back = bool(command.feedback_way) or of.feedback_at is not None
    started, with_next = clocks_after_completion(ticket, policy, now, is_fed_back=is_fed_back)
    event = Completed(
        standard=command.standard,
        is_in_time=is_in_time(ticket, now),
        is_truthful=command.is_truthful,
        sub_code=command.sub_code,
        path_means=command.path_means,
        feedback_way=command.feedback_way,
        feedback_occurred_at=command.feedback_occurred_at,
        has_call_record=command.has_call_record,
        evidence=evidence,
        draft=command.draft,
        with_whom_next=with_next.value,
        result=command.result,
        explanation=command.explanation,
        path_body=command.path_body,
        path_limit=command.path_limit,
        feedback=command.feedback,
        measures=command.measures,
        open_part_reason=command.open_part_reason,
    )
    return [*lapse_open(ticket), Happened(ticket.subject, event, clocks=(*ended, *started))]


def is_in_time(ticket: Ticket, now: datetime) -> bool:
    """What is recorded at the due time or before meets the limit; a date set by a recheck replaces the class limit."""
    clock = ticket.clock("rectification") or ticket.clock("resolve")
    due_at = clock.last_due_at if clock is not None else None
    return due_at is None or now <= due_at


def clocks_after_completion(
    ticket: Ticket, policy: Policy, now: datetime, *, is_fed_back: bool = False
) -> tuple[tuple[ClockChange, ...], With]:
    """
    The clock that runs once a ticket is completed, and who owes it; for every way in which a ticket is completed.

    AS25-4.7.1: 5 working days for the office's revisit.  What a higher level decided or handed down is revisited there
    (POLICY_PACKS 2 no. 8, DESIGN 6).
    """
    then = policy.pack.choice("completion.then")
    if (then == "revisit" and (ticket.decided_above or ticket.handed_down)) or (then == "feedback" and is_fed_back):
        then = "close"
    kind, owes = NEXT[then]
    started = clocks.start(policy, now, kind, ticket.lead if owes is With.DEPARTMENT else owes)
    reporting = () if ticket.reported_back else report_back_owed(ticket.intake.assigned_by, policy, now)
    return (started, *reporting), owes


def report_back_owed(assigned_by: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """AS25-2.2.9: what a body assigned is reported back to it, by the office and beside what else a completed ticket waits for."""
    if not assigned_by or "report_back" not in policy.pack.names("closing.needs"):
        return ()
    return (clocks.start(policy, now, "report_back", With.OFFICE),)


def _need_standard(command: Complete, policy: Policy) -> None:
    """AS25-4.5.2.1: exactly one of the pack's standards."""
    need_field("standard", command.standard)
    offered = policy.pack.names("completion.standards")
    if command.standard not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="completion.standards", value=command.standard, offered=offered)
    codes = policy.pack.names(f"completion.sub_codes.{command.standard}")
    if codes:
        need_field("sub_code", command.sub_code)
        need_value(policy, f"completion.sub_codes.{command.standard}", command.sub_code)


def _need(need: str, ticket: Ticket, command: Complete, policy: Policy, of: r.Round, evidence: tuple[str, ...]) -> None:
    match need:
        case "standard":
            pass  # no completion goes without one
        case "paper":  # AS25-4.5.2.2, AS25-4.5.2.3
            _need_paper(command)
        case "feedback":  # AS25-4.5.1a
            if command.feedback_way:
                need_field("feedback", command.feedback)
            elif of.feedback_at is None:
                raise Refusal(Code.FEEDBACK_MISSING, ticket=ticket.id)
        case "evidence":  # AS25-3.6.5a; POLICY_PACKS 2 no. 63: a call record is evidence for a consultation
            is_call = command.has_call_record and ticket.classing.category in policy.pack.names("completion.call_is_evidence")
            if not evidence and not is_call:
                raise Refusal(Code.EVIDENCE_MISSING, ticket=ticket.id, ground="completion")
        case "truthfulness":  # AS25-3.6.5b
            if not command.is_truthful:
                raise Refusal(Code.TRUTHFULNESS_UNCONFIRMED, ticket=ticket.id)
        case "countersignature":
            if not command.draft or command.draft != of.draft or of.countersigned != of.draft:
                raise Refusal(Code.COUNTERSIGNATURE_MISSING, ticket=ticket.id)
        case "co_handling":  # AS25-4.4.3c
            parts = open_parts(ticket)
            if parts and not (policy.pack.choice("completion.open_part") == "with_reason" and command.open_part_reason):
                raise Refusal(Code.PART_OPEN, ticket=ticket.id, units=parts)
        case _:
            raise LookupError(f"pack {policy.pack.id}: completion.needs knows no {need}")  # the linter should have said so


def _need_paper(command: Complete) -> None:
    if command.standard == EXPLAINED:
        need_field("explanation", command.explanation)
    elif command.standard == STATUTORY:
        need_field("path_means", command.path_means)
        need_field("path_body", command.path_body)
        need_field("path_limit", command.path_limit)


DECISIONS = {GiveFeedback: give_feedback, DraftReply: draft_reply, CountersignReply: countersign, Complete: complete}
