"""
Closing (销号), archiving (归档) and reopening: what happens after completion.

What closing needs is the pack's list ``closing.needs``: ``revisit``, ``report_back``, ``confirmation``, ``feedback``,
``evaluation``, ``follow_up``.  A superior's sample is never a condition of closing, only of archiving (DESIGN 5).
"""

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
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import need_evidence_here, need_not_handler, with_round
from node.domain.ticket.rework import send_back
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import due, end_of, last_day, local_day

MONTHS_OF_PERIOD = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class ReportBack(Command):
    """Report the result to the body that assigned the need (AS25-2.2.9)."""

    roles = frozenset({Role.OFFICE})

    report: Text
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Confirm(Command):
    """Who raised it confirms that it is settled, or refuses with a reason (XS25-4.4.2k)."""

    roles = frozenset({Role.ENTERPRISE})

    is_settled: bool
    reason: Text | None = None


@dataclass(frozen=True)
class Close(Command):
    """Strike the ticket off.  ``without_confirmation``: the appellant was asked and did not answer within his limit."""

    roles = frozenset({Role.OFFICE})

    note: Text | None = None
    without_confirmation: bool = False


@dataclass(frozen=True)
class Archive(Command):
    """Put the file away."""

    roles = frozenset({Role.OFFICE, Role.NODE})


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
class Confirmed(TicketEvent):
    """Who raised the appeal confirmed that it is settled; the office verifies and closes."""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, with_whom=With.OFFICE, rounds=with_round(ticket, head, confirmed_at=head.recorded_at))


@dataclass(frozen=True)
class ConfirmationRefused(TicketEvent):
    """Who raised the appeal says that it is not settled; a new round follows."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class Closed(TicketEvent):
    """The office struck the ticket off. `is_unconfirmed`: the appellant was asked and did not answer; counted apart."""

    is_unconfirmed: bool = False
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, state=State.CLOSED, with_whom=With.NOBODY, ended_at=head.recorded_at)


@dataclass(frozen=True)
class Archived(TicketEvent):
    """The file was put away; only a superior's finding opens it again."""

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


def confirm(ticket: Ticket, command: Confirm, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2k: confirmed, the office verifies; refused, it goes back to handling with a new limit."""
    need_state(ticket, {State.COMPLETED})
    if "confirmation" not in policy.pack.names("closing.needs"):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="confirmation")
    if not command.is_settled:
        need_field("reason", command.reason)
        return [Happened(ticket.subject, ConfirmationRefused(command.reason)), send_back(ticket, policy, now, "unconfirmed")]
    if ticket.round is not None and ticket.round.confirmed_at is not None:
        return []
    changes = (*clocks.stop_all(ticket, policy.node, "report_back"), clocks.start(policy, now, "close", With.OFFICE))
    return [Happened(ticket.subject, Confirmed(), clocks=changes)]


def close(ticket: Ticket, command: Close, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5, closing needs: what the pack names, in its order; a rectification is checked off under every pack."""
    if ticket.state is State.CLOSED:
        return []
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    of = ticket.round
    assert of is not None  # nothing is completed outside a round
    if of.rectification_due is not None and of.rectified_at is None:  # AS25-4.8b
        raise Refusal(Code.RECTIFICATION_OPEN, ticket=ticket.id, due=of.rectification_due)
    is_unconfirmed = False
    for need in policy.pack.names("closing.needs"):
        match need:
            case "revisit":
                _need_revisit(ticket, of)
            case "report_back":  # AS25-2.2.9
                if ticket.intake.assigned_by and not ticket.reported_back:
                    raise Refusal(Code.REPORT_BACK_MISSING, ticket=ticket.id, body=ticket.intake.assigned_by)
            case "confirmation":
                is_unconfirmed = of.confirmed_at is None
                if is_unconfirmed:
                    _need_silence(ticket, command, now)
            case "feedback":  # FJ25-4.10.1a
                if of.feedback_at is None:
                    raise Refusal(Code.FEEDBACK_MISSING, ticket=ticket.id)
            case "evaluation":
                _need_evaluation(ticket, of, policy, now)
            case "follow_up":  # 奉节: after rework the follow-up assessment
                if of.cause in ("rework", "finding"):
                    _need_revisit(ticket, of)
            case _:
                raise LookupError(f"pack {policy.pack.id}: closing.needs knows no {need}")  # the linter should have said so
    return [Happened(ticket.subject, Closed(is_unconfirmed, command.note), clocks=clocks.stop_all(ticket, policy.node))]


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
    return [Happened(ticket.subject, Archived())]


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


def _need_revisit(ticket: Ticket, of: r.Round) -> None:
    """Filed, reached or not; a recheck or a rectification that was checked off settles it, too (AS25-4.8b)."""
    is_waived = of.upheld_at is not None or (of.rectified_at is not None and ticket.clock("revisit") is None)
    if of.revisit is None and not is_waived and not ticket.decided_above:
        raise Refusal(Code.REVISIT_MISSING, ticket=ticket.id)


def _need_silence(ticket: Ticket, command: Close, now: datetime) -> None:
    """POLICY_PACKS 2 no. 43: without an answer the office may verify after the appellant's limit, marked and counted apart."""
    asked = ticket.clock("confirm")
    is_silent = asked is not None and asked.due_at is not None and now > asked.due_at
    if not (command.without_confirmation and is_silent):
        raise Refusal(Code.CONFIRMATION_MISSING, ticket=ticket.id)


def _need_evaluation(ticket: Ticket, of: r.Round, policy: Policy, now: datetime) -> None:
    """奉节: a vote that is not 不满意, or the time for voting is over."""
    if of.evaluation is not None and of.evaluation.is_satisfied is False:
        raise Refusal(Code.EVALUATION_MISSING, ticket=ticket.id, value=of.evaluation.value)
    assert of.completion is not None
    until = due(of.completion.completed_at, policy.pack.limit("evaluate"), policy.calendar)
    if of.evaluation is None and now <= until:
        raise Refusal(Code.EVALUATION_MISSING, ticket=ticket.id, value="")


DECISIONS = {ReportBack: report_back, Confirm: confirm, Close: close, Archive: archive, Reopen: reopen}
