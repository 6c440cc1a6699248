"""
The agenda: tickets that are ripe, problems of running the mechanism, cases to be told; what an entrepreneurs' meeting is prepared
with, and the needs that come up there.

A batch goes on whole or not at all, and whoever is refused is told which ticket lacks what (XS25-4.3.2.3b).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Header
from node.domain.meeting.convening import HOSTS, need_host, need_open
from node.domain.meeting.record import CASE, CONVENED, PROBLEM, TICKET, Form, Item, Meeting, MeetingCommand, MeetingEvent, form_of
from node.domain.meeting.ripeness import lacking
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.decide import check_custody
from node.domain.ticket.judgement import in_session, leave_undecided, need_poolable, put_before
from node.domain.ticket.meetings import TAKEN_OFF, PutOnAgenda, RaisedAtMeeting, TakenOffAgenda, is_behind, on_agenda
from node.domain.ticket.ticket import Ticket


@dataclass(frozen=True)
class SubmitTickets(MeetingCommand):
    """Put tickets on the agenda, by register number: all of them or none."""

    roles = HOSTS
    also = ("tickets",)

    tickets: tuple[str, ...]


@dataclass(frozen=True)
class SubmitProblem(MeetingCommand):
    """Put a problem of running the mechanism on the agenda."""

    roles = HOSTS | {Role.SPECIALIST, Role.DEPARTMENT}

    description: Text


@dataclass(frozen=True)
class SubmitCases(MeetingCommand):
    """Put the negative cases of a period ("2026-Q1") that were not reported yet on the agenda."""

    roles = HOSTS
    needs = ("negative_cases",)

    period: str


@dataclass(frozen=True)
class WithdrawItem(MeetingCommand):
    """Take an item off the agenda, with the reason."""

    roles = HOSTS
    needs = ("agenda",)

    agenda_item: int
    reason: Text


@dataclass(frozen=True)
class RaiseNeeds(MeetingCommand):
    """Name the needs, by register number, that came up at the meeting."""

    roles = HOSTS | {Role.WINDOW_CLERK, Role.SPECIALIST}
    also = ("tickets",)

    tickets: tuple[str, ...]


@dataclass(frozen=True)
class CompileMaterial(MeetingCommand):
    """Compile the open needs of an industry as what the meeting is prepared with."""

    roles = HOSTS | {Role.SPECIALIST}
    needs = ("needs_of_industry",)

    industry: str


@dataclass(frozen=True)
class ItemSubmitted(MeetingEvent):
    """
    An item stands on the agenda: "ticket", "case" (a ticket told as one) or "problem". `is_behind_limit`: the meeting is planned behind
    the ticket's own limit.
    """

    agenda_item: int
    item_kind: str
    about: str = ""
    is_behind_limit: bool = False
    description: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        return meeting.with_item(Item(self.agenda_item, self.item_kind, self.about, self.description, self.is_behind_limit))


@dataclass(frozen=True)
class ItemWithdrawn(MeetingEvent):
    """The item is off the agenda."""

    agenda_item: int
    reason: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        item = meeting.item(self.agenda_item)
        return meeting if item is None else meeting.with_item(replace(item, outcome=TAKEN_OFF, decided_at=head.recorded_at))


@dataclass(frozen=True)
class NeedsRaised(MeetingEvent):
    """These needs, by register number, came up at the meeting."""

    tickets: tuple[str, ...]

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        return replace(meeting, raised=tuple(dict.fromkeys((*meeting.raised, *self.tickets))))


@dataclass(frozen=True)
class MaterialCompiled(MeetingEvent):
    """The open needs of an industry, by register number, as the meeting was prepared with them."""

    industry: str
    tickets: tuple[str, ...] = ()

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        return replace(meeting, industry=self.industry, material=self.tickets)


def submit_tickets(meeting: Meeting, command: SubmitTickets, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.3b: by the centre, in batches, only what is ripe; one matter a session where the pack says so (AS25-3.1.1b)."""
    form = _open_for(meeting, TICKET, policy)
    if form.submitted_by and facts.actor.role not in form.submitted_by:
        raise Refusal(Code.PERMISSION_DENIED, command="SubmitTickets", role=facts.actor.role)
    if not form.submitted_by:
        need_host(meeting, facts)
    need_field("tickets", command.tickets)
    tickets = [facts.others[ticket] for ticket in dict.fromkeys(command.tickets) if meeting.item_of(ticket) is None]
    _need_room(meeting, form, tickets)
    for ticket in tickets:
        need_free(ticket, form, policy)
    _need_ripe(tickets, form, meeting)
    happened: list[Happened] = []
    for number, ticket in enumerate(tickets, len(meeting.agenda) + 1):
        happened += _submitted(meeting, form, number, ticket, policy, now)
    return happened


def _submitted(meeting: Meeting, form: Form, number: int, ticket: Ticket, policy: Policy, now: datetime) -> list[Happened]:
    assert meeting.planned_at is not None
    is_behind_limit = is_behind(ticket, meeting.planned_at)
    on = PutOnAgenda(meeting.id, meeting.meeting_kind, meeting.planned_at, is_behind_limit)
    happened = [Happened(meeting.subject, ItemSubmitted(number, TICKET, ticket.id, is_behind_limit)), Happened(ticket.subject, on)]
    if form.judges:
        happened.append(put_before(ticket, meeting.units, policy, now, session=meeting.id))
    return happened


def _open_for(meeting: Meeting, kind: str, policy: Policy) -> Form:
    """What the pack says of the meeting, which is open and may deal with *kind*."""
    need_open(meeting)
    form = form_of(policy.pack, meeting.meeting_kind)
    if kind not in form.takes:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="item_kind", value=kind, offered=form.takes)
    return form


def _need_room(meeting: Meeting, form: Form, tickets: Iterable[Ticket]) -> None:
    """AS25-3.1.1b: one matter, one discussion: never several tickets in one record, whatever came of the first."""
    about = {one.ticket for one in meeting.agenda if one.kind == TICKET and one.outcome != TAKEN_OFF} | {one.id for one in tickets}
    if form.tickets_max and len(about) > form.tickets_max:
        raise Refusal(Code.TOO_MANY_MATTERS, meeting_kind=form.code, most=form.tickets_max, count=len(about))


def need_free(ticket: Ticket, form: Form, policy: Policy) -> None:
    """The ticket is held here, of a kind that such a meeting deals with (FJ23-2.1b), and on no other agenda."""
    check_custody(ticket, policy)
    if form.complexities and ticket.classing.complexity not in form.complexities:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="complexities.", value=ticket.classing.complexity, offered=form.complexities)
    if form.judges:
        need_poolable(ticket)
    elif not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    sitting = on_agenda(ticket)
    if sitting is not None:
        raise Refusal(Code.ON_OTHER_AGENDA, ticket=ticket.id, meeting=sitting.meeting)


def _need_ripe(tickets: Iterable[Ticket], form: Form, meeting: Meeting) -> None:
    unripe = {one.id: missing for one in tickets if (missing := lacking(one, form.ripe_needs, form.code, meeting.duty_line))}
    if unripe:
        raise Refusal(Code.NOT_RIPE, tickets=sorted(unripe), missing=sorted({need for missing in unripe.values() for need in missing}))


def submit_problem(meeting: Meeting, command: SubmitProblem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-1.3a, HM20-4.1b: problems of running the mechanism, from whoever meets them."""
    _open_for(meeting, PROBLEM, policy)
    need_field("description", command.description)
    return [Happened(meeting.subject, ItemSubmitted(len(meeting.agenda) + 1, PROBLEM, description=command.description))]


def submit_cases(meeting: Meeting, command: SubmitCases, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.3b: the negative cases of the quarter, all of them, once."""
    _open_for(meeting, CASE, policy)
    need_host(meeting, facts)
    need_field("period", command.period)
    fresh = [ticket for ticket in facts.given["negative_cases"] if meeting.item_of(ticket) is None]
    return [Happened(meeting.subject, ItemSubmitted(n, CASE, ticket)) for n, ticket in enumerate(fresh, len(meeting.agenda) + 1)]


def withdraw_item(meeting: Meeting, command: WithdrawItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """What is taken off is free for another meeting."""
    need_open(meeting)
    need_host(meeting, facts)
    item = open_item(meeting, command.agenda_item)
    need_field("reason", command.reason)
    happened = [Happened(meeting.subject, ItemWithdrawn(item.number, command.reason))]
    if item.kind == TICKET:
        ticket = facts.given["agenda"][item.ticket]
        happened += leave_undecided(ticket, command.reason, policy, now) if in_session(ticket, meeting.id) else []
        happened.append(Happened(ticket.subject, TakenOffAgenda(meeting.id, TAKEN_OFF, command.reason)))
    return happened


def open_item(meeting: Meeting, number: int) -> Item:
    """The item of that number, of which nothing came yet."""
    item = meeting.item(number)
    if item is None or not item.is_open:
        raise Refusal(Code.ITEM_UNKNOWN, meeting=meeting.id, item=number)
    return item


def raise_needs(meeting: Meeting, command: RaiseNeeds, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-1.3b: needs raised at an entrepreneurs' meeting become tickets linked to it."""
    if meeting.state == CONVENED or not meeting.is_open:
        raise Refusal(Code.MEETING_STATE, meeting=meeting.id, state=meeting.state)
    need_field("tickets", command.tickets)
    fresh = [facts.others[ticket] for ticket in dict.fromkeys(command.tickets) if ticket not in meeting.raised]
    if not fresh:
        return []
    for ticket in fresh:
        check_custody(ticket, policy)
    linked = (Happened(one.subject, RaisedAtMeeting(meeting.id, meeting.meeting_kind)) for one in fresh)
    return [Happened(meeting.subject, NeedsRaised(tuple(one.id for one in fresh))), *linked]


def compile_material(meeting: Meeting, command: CompileMaterial, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.6.3: exactly the open needs of that industry, as they are now."""
    need_open(meeting)
    need_field("industry", command.industry)
    need_value(policy, "industries.blocks", command.industry)
    found = tuple(facts.given["needs_of_industry"])
    if (meeting.industry, meeting.material) == (command.industry, found):
        return []
    return [Happened(meeting.subject, MaterialCompiled(command.industry, found))]


DECISIONS = {
    SubmitTickets: submit_tickets,
    SubmitProblem: submit_problem,
    SubmitCases: submit_cases,
    WithdrawItem: withdraw_item,
    RaiseNeeds: raise_needs,
    CompileMaterial: compile_material,
}
