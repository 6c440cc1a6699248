"""
Closing (销号), archiving (归档) and reopening: what happens after completion.

What closing needs is the pack's list ``closing.needs``: ``revisit``, ``report_back``, ``confirmation``, ``feedback``,
``evaluation``, ``follow_up``.  A superior's sample is never a condition of closing, only of archiving (DESIGN 5).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.after import awaits_confirmation, awaits_follow_up, awaits_revisit, is_settled_otherwise, with_after
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.closed_loop import need_stages
from node.domain.ticket.parts import need_evidence_here, need_not_handler
from node.domain.ticket.rework import is_for_office, send_back
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import due, end_of, last_day, local_day

MONTHS_OF_PERIOD = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
DIGEST = re.compile(r"[0-9a-f]{64}")
# The standard, and the way of ending, of what cannot be solved and has a conclusion instead (定性, HM20-4.3c).
DETERMINED = "determined"


@dataclass(frozen=True)
class ReportBack(Command):
    """Report the result to the body that assigned the need (AS25-2.2.9)."""

    roles = frozenset({Role.OFFICE})

    report: Text
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Determine(Command):
    """The office determines what could not be settled (定性), with its conclusion, and strikes it off."""

    roles = frozenset({Role.OFFICE})

    conclusion: Text


@dataclass(frozen=True)
class Close(Command):
    """Strike the ticket off.  ``without_confirmation``: the appellant was asked and did not answer within his limit."""

    roles = frozenset({Role.OFFICE})

    note: Text | None = None
    without_confirmation: bool = False


@dataclass(frozen=True)
class Archive(Command):
    """Put the file away.  ``digest`` is the SHA-256, in hex, of the package that was made of it."""

    roles = frozenset({Role.OFFICE, Role.NODE})

    digest: str = ""


@dataclass(frozen=True)
class Reopen(Command):
    """The appellant has an ended ticket taken up again, once."""

    roles = frozenset({Role.ENTERPRISE})

    reason: Text


@dataclass(frozen=True)
class ReportedBack(TicketEvent):
    """The result went back to the body that had assigned the need."""

    evidence: tuple[str, ...] = ()
    report: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, reported_back=True)


@dataclass(frozen=True)
class Determined(TicketEvent):
    """
    The office determined what could not be settled: struck off with a conclusion, not as solved.

    The standard of the completion is "determined" from here on; what the department had stated stays in its entry.
    """

    conclusion: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = with_after(ticket, head, determined_at=head.recorded_at)
        of = ticket.rounds[-1]
        done = replace(of.completion, standard=DETERMINED) if of.completion else None
        rounds = (*ticket.rounds[:-1], replace(of, completion=done))
        ended = replace(ticket, state=State.CLOSED, with_whom=With.NOBODY, ended_at=head.recorded_at, ended_as=DETERMINED)
        return replace(ended, rounds=rounds)


@dataclass(frozen=True)
class Closed(TicketEvent):
    """
    The office struck the ticket off. `is_unconfirmed`: the appellant was asked and did not answer; counted apart.

    `ended_as` names every end that is counted apart: "unconfirmed", or "explained", which the supervision side approved.
    """

    is_unconfirmed: bool = False
    note: Words | None = None
    ended_as: str = ""

    @property
    def counted_as(self) -> str:
        """How it is counted; what an older program wrote knew one way only."""
        return self.ended_as or ("unconfirmed" if self.is_unconfirmed else "")

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, state=State.CLOSED, with_whom=With.NOBODY, ended_at=head.recorded_at, ended_as=self.counted_as)


@dataclass(frozen=True)
class Archived(TicketEvent):
    """
    The file was put away; only a superior's finding opens it again. `package` is the digest of the file that holds it all, kept for
    `retention_years` years, 0 for ever.
    """

    package: str = ""
    retention_years: int = 0

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, state=State.ARCHIVED, with_whom=With.NOBODY)


def report_back(ticket: Ticket, command: ReportBack, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-2.2.9: once it is completed and before it is closed."""
    need_state(ticket, {State.COMPLETED})
    if not ticket.intake.assigned_by:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="report_back")
    if ticket.reported_back:
        return []
    need_field("report", command.report)
    need_evidence_here(command.evidence, facts)
    return [Happened(ticket.subject, ReportedBack(command.evidence, command.report), clocks=clocks.stop_if_on(ticket, "report_back"))]


def determine(ticket: Ticket, command: Determine, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 59, HM20-4.3c: what the revisit found unsettled ends with a conclusion, or not at all."""
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    if not is_for_office(ticket, policy):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="rework")
    need_field("conclusion", command.conclusion)
    _need_reported(ticket, policy)
    return [Happened(ticket.subject, Determined(command.conclusion), clocks=clocks.stop_all(ticket, policy.node))]


def close(ticket: Ticket, command: Close, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5, closing needs: what the pack names, in its order; a rectification is checked off under every pack."""
    if ticket.state is State.CLOSED:
        return []
    if ticket.is_open or ticket.state is State.COMPLETED:
        need_stages(ticket, policy)
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    of = ticket.round
    assert of is not None  # nothing is completed outside a round
    if of.rectification_due is not None and of.rectified_at is None:  # AS25-4.8b
        raise Refusal(Code.RECTIFICATION_OPEN, ticket=ticket.id, due=of.rectification_due)
    for need in policy.pack.names("closing.needs"):
        if need not in NEEDS:
            raise LookupError(f"pack {policy.pack.id}: closing.needs knows no {need}")  # the linter should have said so
        NEEDS[need](ticket, of, command, policy, now)
    if is_for_office(ticket, policy):  # POLICY_PACKS 2 no. 59
        raise Refusal(Code.REVISIT_ADVERSE, ticket=ticket.id)
    is_unconfirmed = "confirmation" in policy.pack.names("closing.needs") and of.confirmed_at is None
    ended_as = "explained" if of.after.explained_at is not None else "unconfirmed" if is_unconfirmed else ""
    return [Happened(ticket.subject, Closed(is_unconfirmed, command.note, ended_as), clocks=clocks.stop_all(ticket, policy.node))]


def archive(ticket: Ticket, command: Archive, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.6.7a, DESIGN 5: not while a sampling round has it in its frame, nor before the superior had time to draw one."""
    if ticket.state is State.ARCHIVED:
        return []
    need_state(ticket, {State.CLOSED})
    if facts.open_rounds:
        raise Refusal(Code.IN_OPEN_ROUND, ticket=ticket.id, rounds=sorted(facts.open_rounds))
    earliest = archivable_from(ticket, policy)
    if earliest is not None and now < earliest:
        raise Refusal(Code.ARCHIVE_TOO_EARLY, ticket=ticket.id, earliest=local_day(earliest))
    if command.digest and not DIGEST.fullmatch(command.digest):
        raise Refusal(Code.MALFORMED_COMMAND, field="digest")
    return [Happened(ticket.subject, Archived(command.digest, policy.pack.number("archive.retention_years")))]


def reopen(ticket: Ticket, command: Reopen, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 64: once, within the pack's limit after it was closed or terminated."""
    need_state(ticket, {State.CLOSED, State.ARCHIVED, State.TERMINATED})
    if any(one.cause == "reopened" for one in ticket.rounds):
        raise Refusal(Code.REOPENED_BEFORE, ticket=ticket.id)
    assert ticket.ended_at is not None
    until = due(ticket.ended_at, policy.pack.limit("reopen"), policy.calendar)
    if now > until:
        raise Refusal(Code.DEADLINE_PASSED, ticket=ticket.id, due=last_day(until))
    need_field("reason", command.reason)
    return [send_back(ticket, policy, now, "reopened", reason=command.reason)]


def archivable_from(ticket: Ticket, policy: Policy) -> datetime | None:
    """
    The first moment at which the ticket may be archived: the end of the pack's ``limit.archive_wait`` after the last day of the
    sampling period in which it was completed.  None where the pack has no ``archive.period`` ("none") or nothing was completed.
    """
    period = policy.pack.choice("archive.period")
    if period == "none" or ticket.completion is None:
        return None
    done = local_day(ticket.completion.completed_at)
    months = MONTHS_OF_PERIOD[period]
    next_month = (done.month - 1) // months * months + months  # 0-based month after the period
    first_after = done.replace(year=done.year + next_month // 12, month=next_month % 12 + 1, day=1)
    cut = end_of(first_after - timedelta(days=1))
    return due(cut - timedelta.resolution, policy.pack.limit("archive_wait"), policy.calendar)


def _need_revisit(ticket: Ticket, of: r.Round, command: Close, policy: Policy, now: datetime) -> None:
    """AS25-4.7.1: filed, reached or not."""
    if awaits_revisit(ticket, of):
        raise Refusal(Code.REVISIT_MISSING, ticket=ticket.id)


def _need_report(ticket: Ticket, of: r.Round, command: Close, policy: Policy, now: datetime) -> None:
    _need_reported(ticket, policy)


def _need_reported(ticket: Ticket, policy: Policy) -> None:
    """AS25-2.2.9."""
    if "report_back" in policy.pack.names("closing.needs") and ticket.intake.assigned_by and not ticket.reported_back:
        raise Refusal(Code.REPORT_BACK_MISSING, ticket=ticket.id, body=ticket.intake.assigned_by)


def _need_confirmation(ticket: Ticket, of: r.Round, command: Close, policy: Policy, now: datetime) -> None:
    """
    XS25-4.4.2k; without an answer the office may verify after the limit, marked and counted apart (POLICY_PACKS 2 no. 43).

    What somebody else submitted and confirmed waits for the enterprise's objection within the same limit.
    """
    asked = ticket.clock("confirm")
    is_silent = of.after.silent_at is not None or (asked is not None and asked.due_at is not None and now > asked.due_at)
    if of.confirmed_at is not None:
        is_missing = awaits_confirmation(ticket, of, policy) and not is_silent
    else:
        is_missing = not (command.without_confirmation and is_silent)
    if is_missing and of.upheld_at is None:
        raise Refusal(Code.CONFIRMATION_MISSING, ticket=ticket.id)


def _need_feedback(ticket: Ticket, of: r.Round, command: Close, policy: Policy, now: datetime) -> None:
    """FJ25-4.10.1a."""
    if of.feedback_at is None:
        raise Refusal(Code.FEEDBACK_MISSING, ticket=ticket.id)


def _need_evaluation(ticket: Ticket, of: r.Round, command: Close, policy: Policy, now: datetime) -> None:
    """奉节: a vote that is not 不满意, or the time for voting is over; or the explanation was approved (POLICY_PACKS 2 no. 28)."""
    if is_settled_otherwise(of):
        return
    if of.evaluation is not None and of.evaluation.is_satisfied is False:
        raise Refusal(Code.EVALUATION_MISSING, ticket=ticket.id, value=of.evaluation.value)
    assert of.completion is not None
    asked = ticket.clock("evaluate")
    until = asked.due_at if asked is not None else due(of.completion.completed_at, policy.pack.limit("evaluate"), policy.calendar)
    if of.evaluation is None and of.after.unvoted_at is None and (until is None or now <= until):
        raise Refusal(Code.EVALUATION_MISSING, ticket=ticket.id, value="")


def _need_follow_up(ticket: Ticket, of: r.Round, command: Close, policy: Policy, now: datetime) -> None:
    """FJ25-4.11.2a: a second handling is assessed."""
    if awaits_follow_up(of):
        raise Refusal(Code.FOLLOW_UP_MISSING, ticket=ticket.id)


NEEDS: dict[str, Callable[[Ticket, r.Round, Close, Policy, datetime], None]] = {
    "revisit": _need_revisit,
    "report_back": _need_report,
    "confirmation": _need_confirmation,
    "feedback": _need_feedback,
    "evaluation": _need_evaluation,
    "follow_up": _need_follow_up,
}

DECISIONS = {
    ReportBack: report_back,
    Determine: determine,
    Close: close,
    Archive: archive,
    Reopen: reopen,
}
