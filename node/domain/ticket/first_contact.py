"""
The first-contact department (首问部门) and what it does with a need: report it to the office, answer it on the spot, or handle
it as its own duty, which the office sorts beside the handling (AS25-4.1, 4.2.1.0).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header, Subject
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.after import OWES, step_once_told
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_field, need_first_contact, need_own_unit, need_scope, need_state, need_unit, need_value
from node.domain.ticket.completion import SOLVED, report_back_owed
from node.domain.ticket.forming import number_for, ticket_number
from node.domain.ticket.state import BEFORE_FORMING, ENDED_OTHERWISE, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

JUDGEMENTS = ("", "own_duty", "foreign")


@dataclass(frozen=True)
class ReportToOffice(Command):
    """Put a need from the first-contact department's own ledger into the office's pool (AS25-4.1d, 3.6.6b)."""

    roles = frozenset({Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST})

    judgement: str = ""
    materials: tuple[str, ...] = ()
    note: Text | None = None


@dataclass(frozen=True)
class AnswerOnTheSpot(Command):
    """Answer a simple need at once, without dispatch (FJ25-3.7.1a, XS25-4.3.1.1a)."""

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.DEPARTMENT})
    needs = ("running_number",)

    answer: Text
    standard: str = SOLVED
    category: str = ""


@dataclass(frozen=True)
class HandleOwnDuty(Command):
    """The first-contact department takes up what is its own duty, without a dispatch (AS25-4.1c)."""

    roles = frozenset({Role.DEPARTMENT})
    needs = ("running_number",)

    category: str = ""
    complexity: str = "plain"


@dataclass(frozen=True)
class SortOwnDuty(Command):
    """The office's word that a self-handled need is where it belongs; if not, it recalls it (AS25-4.2.1.0)."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})


@dataclass(frozen=True)
class ReportedToOffice(TicketEvent):
    """A need left the first-contact department's ledger for the office's pool; `materials` are digests of attachments."""

    judgement: str = ""
    materials: tuple[str, ...] = ()
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        intake = replace(
            ticket.intake,
            judgement=self.judgement,
            materials=(*ticket.intake.materials, *self.materials),
            reported_at=head.recorded_at,
        )
        return replace(ticket, with_whom=With.OFFICE, intake=intake)


@dataclass(frozen=True)
class AnsweredOnTheSpot(TicketEvent):
    """
    A simple need was answered by whoever was reached first: number, class and completion in one.

    The actor is the handler; the answer was given to the appellant at that moment. It is revisited and counted as any
    other completion.
    """

    completes = True

    number: str
    category: str
    standard: str
    with_whom_next: str
    answer: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        at, actor = head.recorded_at, head.actor
        done = r.Completion(self.standard, at, actor.unit, actor.account, feedback_at=at, is_in_time=True, on_the_spot=True)
        return replace(
            ticket,
            state=State.COMPLETED,
            with_whom=With(self.with_whom_next),
            number=self.number,
            classing=replace(ticket.classing, category=self.category, complexity=ticket.classing.complexity or "plain"),
            dispatch=r.Dispatch(1, actor.unit, at, signed_at=at),
            rounds=(r.Round(1, "first", at, completion=done, feedback_at=at),),
            outcomes=ticket.outcomes + 1,
        )


@dataclass(frozen=True)
class OwnDutyTaken(TicketEvent):
    """
    The first-contact department handles the need itself: formed and in hand without a dispatch (AS25-4.1c).

    The office sorts it beside the handling and may still recall it.
    """

    number: str
    category: str
    complexity: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        at = head.recorded_at
        return replace(
            ticket,
            state=State.HANDLING,
            with_whom=With.DEPARTMENT,
            number=self.number,
            classing=replace(ticket.classing, category=self.category, complexity=self.complexity),
            intake=replace(ticket.intake, judgement="own_duty"),
            dispatch=r.Dispatch(1, head.actor.unit, at, signed_at=at),
            rounds=ticket.rounds or (r.Round(1, "first", at),),
        )


@dataclass(frozen=True)
class OwnDutySorted(TicketEvent):
    """The office found a self-handled need to be where it belongs. `is_late`: after its limit."""

    is_late: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, intake=replace(ticket.intake, sorted_at=head.recorded_at))


def awaits_sorting(ticket: Ticket) -> bool:
    """True for what stands on the office's sorting list: in its pool, or self-handled and not sorted yet (AS25-4.2.1.0)."""
    if ticket.state is State.REGISTERED:
        return ticket.with_whom is With.OFFICE
    return ticket.intake.judgement == "own_duty" and ticket.intake.sorted_at is None and ticket.state not in ENDED_OTHERWISE


def report_to_office(ticket: Ticket, command: ReportToOffice, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.1b, 4.1d: with its preliminary judgement and material the need goes to the office; its forming clock begins."""
    need_first_contact(ticket, facts)
    if ticket.intake.reported_at is not None:
        return []
    need_state(ticket, {State.REGISTERED})
    judgement = command.judgement or ticket.intake.judgement
    if judgement not in JUDGEMENTS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="judgement", value=judgement, offered=JUDGEMENTS[1:])
    # AS25-4.1b: no need goes on without the first-contact department's preliminary judgement.
    if not judgement and policy.pack.flag("intake.judgement_first"):
        raise Refusal(Code.JUDGEMENT_MISSING, ticket=ticket.id)
    event = ReportedToOffice(judgement=judgement, materials=command.materials, note=command.note)
    changes = (*clocks.stop_if_on(ticket, "report_to_office"), clocks.start(policy, now, "form", With.OFFICE))
    return [Happened(ticket.subject, event, clocks=changes)]


def answer_on_the_spot(ticket: Ticket, command: AnswerOnTheSpot, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.7.1a, XS25-4.3.1.1a: whoever was reached first answers what the pack calls simple, and it is completed."""
    if facts.is_role(Role.DEPARTMENT):
        need_own_unit(ticket, facts, ticket.intake.first_contact)
    need_state(ticket, {State.REGISTERED})
    need_field("answer", command.answer)
    need_one_department(command.category or ticket.classing.category, ticket.intake.crossing, policy)
    stops = clocks.stop_all(ticket, policy.node)
    category = command.category or ticket.classing.category
    changes = (*stops, *report_back_owed(ticket.intake.assigned_by, policy, now))
    # A withdrawal that is still undecided would end what is closed by then.
    answered = answered_at_once(ticket.subject, category, command.standard, command.answer, facts, policy, now, changes)
    return [*lapse_open(ticket), answered]


def need_one_department(category: str, crossing: tuple[str, ...], policy: Policy) -> None:
    """XS25-4.3.1.1b: what several must answer flows on the platform."""
    if crossing:
        raise Refusal(Code.NOT_ON_THE_SPOT, category=category, offered=policy.pack.names("on_the_spot.classes"))


def answered_at_once(
    subject: Subject,
    category: str,
    standard: str,
    answer: Text,
    facts: Facts,
    policy: Policy,
    now: datetime,
    changes: tuple[ClockChange, ...] = (),
) -> Happened:
    """The completion on the spot, beside other *changes* of clocks; refused for a class that the pack does not call simple."""
    need_field("category", category)
    # A pack that names no class answers nothing on the spot.
    if category not in policy.pack.names("on_the_spot.classes"):
        raise Refusal(Code.NOT_ON_THE_SPOT, category=category, offered=policy.pack.names("on_the_spot.classes"))
    need_value(policy, "completion.standards", standard)
    step = step_once_told(policy)
    owes = OWES[step]
    event = AnsweredOnTheSpot(
        number=number_for(policy, now, category=category, facts=facts),
        category=category,
        standard=standard,
        with_whom_next=owes.value,
        answer=answer,
    )
    return Happened(subject, event, clocks=(*changes, clocks.start(policy, now, step, owes)))


def handle_own_duty(ticket: Ticket, command: HandleOwnDuty, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.1c: a normal ticket of the department, without a sign clock; its limit counts from registration."""
    need_own_unit(ticket, facts, ticket.intake.first_contact)
    if ticket.state is State.HANDLING and ticket.intake.judgement == "own_duty":
        return []
    need_state(ticket, {State.REGISTERED})
    if not policy.pack.flag("intake.own_duty"):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="intake.own_duty", value="own_duty", offered=())
    # AS25-4.1d: what was judged to be another's duty is the office's to dispose of.
    if ticket.intake.judgement == "foreign":
        raise Refusal(Code.FOREIGN_DUTY, ticket=ticket.id, unit=facts.actor.unit)
    # AS25-4.2.1.3a: what crosses regions, levels or industries is nobody's own duty before the members conferred.
    if ticket.intake.crossing and policy.pack.flag("forming.confer_when_crossing"):
        raise Refusal(Code.CONSULTATION_MISSING, ticket=ticket.id, crossing=ticket.intake.crossing)
    need_unit(facts, facts.actor.unit)
    category = command.category or ticket.classing.category
    need_field("category", category)
    need_value(policy, "classes", category)
    need_value(policy, f"complexities.{category}", command.complexity)
    since = ticket.intake.registered_at
    event = OwnDutyTaken(
        number=ticket_number(ticket, policy, now, category=category, facts=facts), category=category, complexity=command.complexity
    )
    limit = clocks.resolve_limit(ticket, policy, category, command.complexity)
    changes = (
        *clocks.stop_if_on(ticket, "form", "report_to_office"),
        clocks.start(policy, now, "resolve", facts.actor.unit, limit=limit, since=since),
        clocks.start(policy, now, "sort", With.OFFICE, since=since),
    )
    return [Happened(ticket.subject, event, clocks=changes)]


def sort_own_duty(ticket: Ticket, command: SortOwnDuty, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.0: the office sorts what a department handles itself, too, beside the handling."""
    if ticket.intake.judgement == "own_duty" and ticket.intake.sorted_at is not None:
        return []
    need_scope(ticket, facts, policy)
    if ticket.state in BEFORE_FORMING or not awaits_sorting(ticket):
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted=State.HANDLING)
    running = ticket.clock("sort")
    is_late = running is not None and running.due_at is not None and now > running.due_at
    return [Happened(ticket.subject, OwnDutySorted(is_late=is_late), clocks=clocks.stop_if_on(ticket, "sort"))]


DECISIONS = {
    ReportToOffice: report_to_office,
    AnswerOnTheSpot: answer_on_the_spot,
    HandleOwnDuty: handle_own_duty,
    SortOwnDuty: sort_own_duty,
}
