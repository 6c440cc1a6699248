"""
What meetings do to a ticket: the centre makes it ready for one, a meeting takes it up, postpones or decides it, sets tasks; a need
comes up at one; and a ticket that is told as a case is reported at one.

The meeting itself is a dossier of its own (``node.domain.meeting``), which writes what happens to its tickets into their files.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.open_codes import need_plain_code
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_scope, need_value
from node.domain.ticket.meeting_record import Case, Readiness, Sitting
from node.domain.ticket.parts import need_evidence_here, need_not_handler
from node.domain.ticket.state import With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import last_day, local_day

AGENDA, RAISED = "agenda", "raised"
DECIDED, NOT_SETTLED, POSTPONED, TAKEN_OFF = "decided", "not_settled", "postponed", "withdrawn"
POSITIVE, NEGATIVE = "positive", "negative"
TONES = (POSITIVE, NEGATIVE)


@dataclass(frozen=True)
class PrepareForMeeting(Command):
    """
    Make the ticket ready for a meeting of the kind, in the line whose leader convenes it: what the centre proposes, with the
    digests of its material.  Given again it replaces what was prepared before.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    meeting_kind: str
    proposal: Text
    duty_line: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetIndustry(Command):
    """Say to which industry the need belongs: a meeting's material is compiled by it."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.SPECIALIST, Role.MEMBER, Role.DEPARTMENT, Role.WINDOW_CLERK})

    industry: str


@dataclass(frozen=True)
class MarkCase(Command):
    """Mark the ticket as a case to be told, "positive" or "negative", with the ground."""

    roles = frozenset({Role.OFFICE, Role.SUPERVISION})

    tone: str
    ground: Text


@dataclass(frozen=True)
class PreparedForMeeting(TicketEvent):
    """The ticket may be put before a meeting of this kind and line; `materials` are digests of attachments."""

    is_side = True

    meeting_kind: str
    duty_line: str = ""
    materials: tuple[str, ...] = ()
    proposal: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, readiness=Readiness(self.meeting_kind, self.duty_line, head.id, head.recorded_at, self.materials))


@dataclass(frozen=True)
class IndustrySet(TicketEvent):
    """The industry that the need belongs to."""

    is_side = True

    industry: str
    former_industry: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, industry=self.industry)


@dataclass(frozen=True)
class CaseMarked(TicketEvent):
    """The ticket is a case to be told, positive or negative; it waits to be reported."""

    is_side = True

    tone: str
    ground: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, cases=(*ticket.cases, Case(self.tone, head.recorded_at, head.actor.account)))


@dataclass(frozen=True)
class CaseReported(TicketEvent):
    """The case was reported at the meeting, whose minutes are filed."""

    is_side = True

    tone: str
    meeting: str
    reported_on: date

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        told = tuple(
            replace(one, reported_on=self.reported_on, meeting=self.meeting) if one.tone == self.tone and one.reported_on is None else one
            for one in ticket.cases
        )
        return replace(ticket, cases=told)


@dataclass(frozen=True)
class PutOnAgenda(TicketEvent):
    """The ticket is on the agenda of the meeting, which is planned for `planned_at`; `is_behind_limit`: behind the ticket's own limit."""

    is_side = True

    meeting: str
    meeting_kind: str
    planned_at: datetime
    is_behind_limit: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        sitting = Sitting(self.meeting, self.meeting_kind, AGENDA, head.recorded_at)
        return replace(ticket, sittings=(*ticket.sittings, sitting))


@dataclass(frozen=True)
class RaisedAtMeeting(TicketEvent):
    """The need came up at the meeting."""

    is_side = True

    meeting: str
    meeting_kind: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        sitting = Sitting(self.meeting, self.meeting_kind, RAISED, head.recorded_at)
        return replace(ticket, sittings=(*ticket.sittings, sitting))


@dataclass(frozen=True)
class TakenOffAgenda(TicketEvent):
    """The meeting did not deal with the ticket: it was "postponed", or "withdrawn" from the agenda, or the meeting was called off."""

    is_side = True

    meeting: str
    outcome: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, sittings=with_outcome(ticket, self.meeting, outcome=self.outcome, decision=head.id))


@dataclass(frozen=True)
class MeetingTaskSet(TicketEvent):
    """The meeting gave a unit a task in this matter, due with the day `due`; the meeting's own file says when it was done."""

    is_side = True

    meeting: str
    task_number: int
    unit: str
    due: date
    description: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class MeetingDecided(TicketEvent):
    """
    A meeting decided on the ticket ("decided"), or could not settle it ("not_settled").

    `deciding_body` is who decided, where a decision-making body did. `layer` is the one that it puts the ticket to, which a further entry
    carries out; `lead` a new lead, who handles it on at once, finally; both are empty where nothing changes. `unit` owes what was
    decided, by the day `due`. `settles_coordination`: what departments disagreed about is settled by it.
    """

    meeting: str
    meeting_kind: str
    outcome: str
    decided_on: date
    deciding_body: str = ""
    layer: str = ""
    former_layer: str = ""
    lead: str = ""
    unit: str = ""
    due: date | None = None
    settles_coordination: bool = False
    decision: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        sittings = with_outcome(
            ticket,
            self.meeting,
            outcome=self.outcome,
            decision=head.id,
            body=self.deciding_body,
            decided_on=self.decided_on,
            unit=self.unit,
            due=self.due,
        )
        ticket = replace(ticket, sittings=sittings)
        if self.lead and self.lead != ticket.lead:
            ticket = _led_by(ticket, self.lead, head)
        if self.settles_coordination and ticket.coordination is not None:
            bound = (self.unit,) if self.unit else ()
            settled = replace(ticket.coordination, stage="settled", outcome="met", bound=bound, due=self.due)
            ticket = replace(ticket, coordination=settled, with_whom=With.DEPARTMENT)
        return ticket


def _led_by(ticket: Ticket, lead: str, head: Header) -> Ticket:
    former = ticket.dispatch
    dispatch = r.Dispatch(former.number + 1 if former else 1, lead, head.recorded_at, is_final=True, signed_at=head.recorded_at)
    return replace(
        ticket,
        dispatch=dispatch,
        with_whom=With.DEPARTMENT,
        co_handlers=tuple(part for part in ticket.co_handlers if part.unit != lead),
    )


def with_outcome(ticket: Ticket, meeting: str, **changes: Any) -> tuple[Sitting, ...]:
    """The sittings, with *changes* in the one that *meeting* has on its agenda."""
    open_ = [place for place, one in enumerate(ticket.sittings) if one.meeting == meeting and one.relation == AGENDA and not one.outcome]
    if not open_:
        return ticket.sittings
    sittings = list(ticket.sittings)
    sittings[open_[-1]] = replace(sittings[open_[-1]], **changes)
    return tuple(sittings)


def on_agenda(ticket: Ticket) -> Sitting | None:
    """The meeting that has still to deal with the ticket, or None."""
    return next((one for one in reversed(ticket.sittings) if one.relation == AGENDA and not one.outcome), None)


def prepare(ticket: Ticket, command: PrepareForMeeting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.3b: only the centre submits, and with a proposal; never on a ticket that its own unit handles."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_scope(ticket, facts, policy)
    need_not_handler(ticket, facts)
    need_field("meeting_kind", command.meeting_kind)
    need_value(policy, "meetings.kinds", command.meeting_kind)
    need_plain_code("duty_line", command.duty_line)
    need_field("proposal", command.proposal)
    need_evidence_here(command.evidence, facts)
    event = PreparedForMeeting(command.meeting_kind, command.duty_line, tuple(dict.fromkeys(command.evidence)), command.proposal)
    return [Happened(ticket.subject, event)]


def set_industry(ticket: Ticket, command: SetIndustry, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.6.3: needs are grouped by the industries of the pack."""
    need_field("industry", command.industry)
    need_value(policy, "industries.blocks", command.industry)
    if ticket.industry == command.industry:
        return []
    return [Happened(ticket.subject, IndustrySet(command.industry, ticket.industry))]


def mark_case(ticket: Ticket, command: MarkCase, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.12.3c: a case has a ground, and nobody marks a ticket of his own unit."""
    need_field("tone", command.tone)
    if command.tone not in TONES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="tone", value=command.tone, offered=TONES)
    need_not_handler(ticket, facts)
    need_field("ground", command.ground)
    if any(one.tone == command.tone and one.reported_on is None for one in ticket.cases):
        return []
    return [Happened(ticket.subject, CaseMarked(command.tone, command.ground))]


def is_behind(ticket: Ticket, planned_at: datetime) -> bool:
    """POLICY_PACKS 2 no. 44: a meeting lies within the ticket's own limit; one that is planned later is warned of."""
    clock = ticket.clock("resolve")
    return clock is not None and clock.due_at is not None and local_day(planned_at) > last_day(clock.due_at)


DECISIONS = {PrepareForMeeting: prepare, SetIndustry: set_industry, MarkCase: mark_case}
