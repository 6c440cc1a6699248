"""
Completion (办结): the department's word that it is done (AS25-4.5).

What it needs is the pack's list ``completion.needs``: ``standard``, ``paper``, ``feedback``, ``evidence``, ``truthfulness``,
``countersignature`` (see ``countersigning``), ``co_handling``, ``contact_person``, and for some grounds ``coordination``,
``push`` and ``submissions`` (see ``close_out``).  What was flagged or planned on the ticket itself holds under every pack: a
visit, a red line, an item of the joint plan.  A preliminary reply never completes (POLICY_PACKS 2 no. 50).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, commitment
from node.domain.ticket import records as r
from node.domain.ticket.after import OWES, enter, go_on, step_of, with_whom
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.assignment import need_received
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.close_out import need_coordination, need_push_ended, need_submission
from node.domain.ticket.co_handling import open_parts
from node.domain.ticket.handling_record import CLOSE_OUT
from node.domain.ticket.introduction import need_introduction
from node.domain.ticket.parts import need_evidence_here, round_of, with_round, with_submission
from node.domain.ticket.plan import need_answered
from node.domain.ticket.state import IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

SOLVED = "solved"


@dataclass(frozen=True)
class GiveFeedback(Command):
    """Record that the result was given to the appellant.  A typed ``occurred_at`` is shown beside; the recorded time counts."""

    roles = frozenset({Role.DEPARTMENT})

    way: str
    content: Text
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Complete(Command):
    """
    The lead states that it is done, by exactly one ``standard`` of the pack.

    ``sub_code`` tells "partly" from "objectively_hard".  ``explanation`` is the written explanation of the second standard;
    ``path_means``, ``path_body`` and ``path_limit`` are the written path of the third.  Feedback given by this very act
    stands in ``feedback_way`` and ``feedback``.  ``evidence`` adds to what was filed before; ``has_call_record`` says that a
    recorded call is the evidence of a consultation.

    ``determination`` is the written conclusion of what is determined (定性).  ``contact_name`` and ``contact_phone`` are the lead's
    person for questions.  ``red_line_statement`` says how a flagged red line was checked.  ``push_impossible`` shows why what
    exceeds this level's power cannot be pushed upward.  Of a financing need: the body, the visit and the amount in yuan.  Of a
    suggestion: whether it is adopted (``adoption``).  Of a complaint: what the ``investigation`` found, and the ``measures``.
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
    determination: Text | None = None
    contact_name: Contact | None = None
    contact_phone: Contact | None = None
    red_line_statement: Text | None = None
    push_impossible: Text | None = None
    financing_body: Text | None = None
    visited_on: date | None = None
    financing_amount_yuan: int = 0
    adoption: str = ""
    investigation: Text | None = None


@dataclass(frozen=True)
class FeedbackGiven(TicketEvent):
    """The appellant was told the result. The entry's own time is the one that is measured (AS25-4.5.1a)."""

    way: str
    occurred_at: datetime | None = None
    content: Words | None = None
    with_whom_next: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        was_owed = ticket.state is State.COMPLETED and ticket.with_whom is With.DEPARTMENT
        next_one = with_whom(self.with_whom_next) if was_owed else ticket.with_whom
        return replace(ticket, with_whom=next_one, rounds=with_round(ticket, head, feedback_at=head.recorded_at))


@dataclass(frozen=True)
class Completed(TicketEvent):
    """
    The lead department states that the round is done, by one standard, and that what it says is true.

    `is_in_time` compares with the due time of the resolve clock, or of the rectification clock where a recheck set a date.
    `draft` names the countersigned reply, `contributions` the entries of the co-handlers' parts that the reply sums up. Counts
    as an outcome of the ticket.
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
    contributions: tuple[str, ...] = ()
    determination: Words | None = None
    contact_name: Reach | None = None
    contact_phone: Reach | None = None
    red_line_statement: Words | None = None
    push_impossible: Words | None = None
    financing_body: Words | None = None
    visited_on: date | None = None
    financing_amount_yuan: int = 0
    # Of a suggestion: "adopted", "partly_adopted" or "not_adopted"; of a complaint: what was found (XS25-4.3.1.3, 4.3.1.4).
    adoption: str = ""
    investigation: Words | None = None

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
            financing_amount_yuan=self.financing_amount_yuan,
        )
        return replace(
            ticket,
            state=State.COMPLETED,
            with_whom=With(self.with_whom_next),
            rounds=with_round(ticket, head, completion=completion, feedback_at=feedback_at),
            outcomes=ticket.outcomes + 1,
            submissions=with_submission(ticket, head, CLOSE_OUT),
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
    event = FeedbackGiven(command.way, command.occurred_at, command.content)
    if ticket.state is not State.COMPLETED or ticket.clock("feedback") is None:
        return [Happened(ticket.subject, event)]
    step, changes = go_on(ticket, replace(round_of(ticket, now), feedback_at=now), policy, now)
    return [Happened(ticket.subject, replace(event, with_whom_next=OWES[step].value), clocks=changes)]


def complete(ticket: Ticket, command: Complete, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5, 3.6.5: by the lead, with all that the pack's ``completion.needs`` names; the office's revisit limit begins."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_received(ticket, ticket.lead, policy)
    _need_standard(command, policy)
    need_answered(ticket, command.standard, SOLVED, policy)
    need_field("result", command.result)
    _need_fields(ticket, command, policy)
    need_introduction(ticket, policy)
    need_evidence_here(command.evidence, facts)
    if command.feedback_way:
        need_value(policy, "feedback.ways", command.feedback_way)
    if command.feedback_occurred_at is not None and command.feedback_occurred_at > now:
        raise Refusal(Code.MALFORMED_COMMAND, field="feedback_occurred_at")
    of = round_of(ticket, now)
    evidence = tuple(dict.fromkeys((*of.evidence, *command.evidence)))
    for need in policy.pack.names("completion.needs"):
        _need(need, ticket, command, policy, of, evidence)
    _need_flagged(ticket, command)
    # The office sorts a self-handled need beside it, also once it is done (AS25-4.2.1.0).
    ended = (change for change in clocks.stop_all(ticket, policy.node) if change.clock not in ("sort", commitment.CLOCK))
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
        contributions=tuple(part.contribution for part in ticket.co_handlers if part.contribution),
        determination=command.determination,
        contact_name=command.contact_name,
        contact_phone=command.contact_phone,
        red_line_statement=command.red_line_statement,
        push_impossible=command.push_impossible,
        financing_body=command.financing_body,
        visited_on=command.visited_on,
        financing_amount_yuan=command.financing_amount_yuan,
        adoption=command.adoption,
        investigation=command.investigation,
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
    if then == "revisit" and (ticket.decided_above or ticket.handed_down):
        then = "close"
    elif then == "feedback" and is_fed_back:
        then = step_of(ticket, replace(round_of(ticket, now), feedback_at=now), policy)
    owes = OWES[then]
    started = enter(ticket, then, policy, now)
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
            for field in policy.pack.names(f"completion.papers.{command.standard}"):
                need_field(field, getattr(command, field, None))
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
            parts = open_parts(ticket, policy)
            if parts and not (policy.pack.choice("completion.open_part") == "with_reason" and command.open_part_reason):
                raise Refusal(Code.PART_OPEN, ticket=ticket.id, units=parts)
        case "contact_person":  # HM20-A1.7
            need_field("contact_name", command.contact_name)
            need_field("contact_phone", command.contact_phone)
        case "coordination":  # XS25-4.4.2j
            need_coordination(ticket, command.standard, policy)
        case "push":  # POLICY_PACKS 2 no. 42
            need_push_ended(ticket, command.standard, bool(command.push_impossible), policy)
        case "submissions":  # XS25-4.4.1c
            need_submission(ticket, policy)
        case _:
            raise LookupError(f"pack {policy.pack.id}: completion.needs knows no {need}")  # the linter should have said so


def _need_fields(ticket: Ticket, command: Complete, policy: Policy) -> None:
    """AS25-4.5.1b, FJ23-3.3a: what the pack asks of the class or of the matter; a visit never lies ahead."""
    asked = (
        *policy.pack.names(f"completion.fields.{ticket.classing.category}"),
        *policy.pack.names(f"completion.fields.{ticket.intake.matter}"),
    )
    for field in dict.fromkeys(asked):
        need_field(field, getattr(command, field, None))
    if command.adoption:  # XS25-4.3.1.3: what is not adopted is explained
        need_value(policy, "completion.adoptions", command.adoption)
        if command.adoption in policy.pack.names("completion.adoptions_explained"):
            need_field("explanation", command.explanation)
    if command.financing_amount_yuan < 0:
        raise Refusal(Code.MALFORMED_COMMAND, field="financing_amount_yuan")


def _need_flagged(ticket: Ticket, command: Complete) -> None:
    """What somebody flagged or planned on this very ticket."""
    if ticket.site.is_owed:  # HM20-3.3a
        raise Refusal(Code.VISIT_MISSING, ticket=ticket.id)
    if ticket.red_lines and not command.red_line_statement:  # HM20-2.2
        raise Refusal(Code.RED_LINE_UNCHECKED, ticket=ticket.id, red_lines=ticket.red_lines)
    items = [item.code for item in ticket.joint_items if item.is_open]
    if items:  # FJ23-2.2a
        raise Refusal(Code.ITEM_OPEN, ticket=ticket.id, items=items)


DECISIONS = {GiveFeedback: give_feedback, Complete: complete}
