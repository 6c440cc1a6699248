"""
Coordination (协调): departments that cannot agree during handling are brought together by the office; what the office
cannot settle goes to the government (AS25-4.4.5a, 2.4b).  The lead's own limit runs on: no document grants a pause.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_state, need_unit
from node.domain.ticket.duties import precedent
from node.domain.ticket.parts import involved_units, need_involved
from node.domain.ticket.state import IN_HAND, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class DeclareDisagreement(Command):
    """A department with a part in the ticket says that it cannot agree; ``position`` is its written position."""

    roles = frozenset({Role.DEPARTMENT})

    position: Text


@dataclass(frozen=True)
class FilePosition(Command):
    """Another department with a part files its written position."""

    roles = frozenset({Role.DEPARTMENT})

    position: Text


@dataclass(frozen=True)
class RecordCoordination(Command):
    """The office records what came of it: ``is_agreed`` with the units that are bound, the result and its date; or failed."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    is_agreed: bool
    result: Text
    bound: tuple[str, ...] = ()
    due: date | None = None


@dataclass(frozen=True)
class ReportCoordination(Command):
    """After a failed coordination the office reports to the government."""

    roles = frozenset({Role.OFFICE})

    report: Text


@dataclass(frozen=True)
class RuleCoordination(Command):
    """The government's decision, which names the lead."""

    roles = frozenset({Role.GOVERNMENT})
    needs = ("duties", "precedents")

    lead: str
    decision: Text


@dataclass(frozen=True)
class DisagreementDeclared(TicketEvent):
    """A department cannot agree with the others: the office must coordinate and answer with its result."""

    asks = True

    position: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        unit = head.actor.unit
        return replace(ticket, with_whom=With.OFFICE, coordination=r.Coordination(head.id, unit, "office", head.recorded_at, (unit,)))


@dataclass(frozen=True)
class PositionFiled(TicketEvent):
    """Another department's written position in the disagreement."""

    position: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.coordination is not None
        return replace(ticket, coordination=replace(ticket.coordination, positions=(*ticket.coordination.positions, head.actor.unit)))


@dataclass(frozen=True)
class CoordinationAgreed(TicketEvent):
    """The office's coordination succeeded; the result binds the units named, by the date if one was set."""

    bound: tuple[str, ...] = ()
    due: date | None = None
    result: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.coordination is not None
        settled = replace(ticket.coordination, stage="settled", outcome="agreed", bound=self.bound, due=self.due)
        return replace(ticket, with_whom=With.DEPARTMENT, coordination=settled)


@dataclass(frozen=True)
class CoordinationFailed(TicketEvent):
    """The office's coordination failed: from here it may report to the government; its clock runs on until it does."""

    result: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.coordination is not None
        return replace(ticket, coordination=replace(ticket.coordination, outcome="failed"))


@dataclass(frozen=True)
class CoordinationReported(TicketEvent):
    """The office put the disagreement before the government of its own level."""

    report: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.coordination is not None
        return replace(ticket, with_whom=With.GOVERNMENT, coordination=replace(ticket.coordination, stage="government"))


@dataclass(frozen=True)
class CoordinationRuled(TicketEvent):
    """The government decided and named the lead, finally; handling goes on in that department's hands without signing."""

    lead: str
    decision: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.coordination is not None
        former, at = ticket.dispatch, head.recorded_at
        if former is not None and former.lead == self.lead:
            dispatch = replace(former, is_final=True)
        else:
            dispatch = r.Dispatch(former.number + 1 if former else 1, self.lead, at, is_final=True, signed_at=at)
        return replace(
            ticket,
            with_whom=With.DEPARTMENT,
            dispatch=dispatch,
            co_handlers=tuple(part for part in ticket.co_handlers if part.unit != self.lead),
            coordination=replace(ticket.coordination, stage="settled", outcome="ruled", bound=(self.lead,)),
        )


def declare(ticket: Ticket, command: DeclareDisagreement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.5a: any department with a part; one disagreement at a time."""
    need_state(ticket, IN_HAND)
    need_involved(ticket, facts)
    if len(involved_units(ticket)) < 2:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="two_departments")
    need_field("position", command.position)
    if _open(ticket) is not None:
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="coordination")
    started = clocks.start(policy, now, "coordination", With.OFFICE)
    return [Happened(ticket.subject, DisagreementDeclared(command.position), clocks=(started,))]


def file_position(ticket: Ticket, command: FilePosition, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.5a: the departments' written positions; each unit files one."""
    coordination = _need_open(ticket, "office")
    need_involved(ticket, facts)
    need_field("position", command.position)
    if facts.actor.unit in coordination.positions:
        return []
    return [Happened(ticket.subject, PositionFiled(command.position))]


def record(ticket: Ticket, command: RecordCoordination, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.5a: a result binds the departments named; it needs the positions of at least two of them."""
    coordination = _need_open(ticket, "office")
    if facts.actor.unit in involved_units(ticket):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    need_field("result", command.result)
    if len(coordination.positions) < 2:
        missing = [unit for unit in involved_units(ticket) if unit not in coordination.positions]
        raise Refusal(Code.POSITIONS_MISSING, ticket=ticket.id, missing=missing)
    if not command.is_agreed:
        if coordination.outcome == "failed":
            return []
        return [Happened(ticket.subject, CoordinationFailed(command.result))]
    need_field("bound", command.bound)
    for unit in command.bound:
        if unit not in involved_units(ticket):
            raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    if command.due is not None and command.due < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=command.due, earliest=local_day(now))
    changes = [*clocks.stop_if_on(ticket, "coordination")]
    if command.due is not None:
        changes.append(clocks.start_until(policy, now, "milestone", command.bound[0], command.due))
    event = CoordinationAgreed(bound=command.bound, due=command.due, result=command.result)
    return [Happened(ticket.subject, event, clocks=tuple(changes), answers=coordination.ask)]


def report(ticket: Ticket, command: ReportCoordination, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-2.4b: 'report to government' becomes possible once a coordination failed."""
    coordination = _need_open(ticket, "office")
    if coordination.outcome != "failed":
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="coordination_failed")
    need_field("report", command.report)
    changes = (*clocks.stop_if_on(ticket, "coordination"), clocks.start(policy, now, "government_ruling", With.GOVERNMENT))
    return [Happened(ticket.subject, CoordinationReported(command.report), clocks=changes)]


def rule(ticket: Ticket, command: RuleCoordination, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.5b: the government's decision is final and names the lead, who owes the limit that is left."""
    coordination = _need_open(ticket, "government")
    need_unit(facts, command.lead)
    need_field("decision", command.decision)
    changes = [*clocks.stop_if_on(ticket, "government_ruling")]
    if ticket.clock(f"co_handle/{command.lead}") is not None:
        changes.append(clocks.stop(f"co_handle/{command.lead}"))
    resolve = ticket.clock("resolve")
    if resolve is not None and command.lead != ticket.lead:
        changes.append(clocks.hand_to(resolve, command.lead))
    event = CoordinationRuled(command.lead, command.decision)
    ruled = Happened(ticket.subject, event, clocks=tuple(changes), answers=coordination.ask)
    # Whose duty the matter is was settled by the change of lead only.
    settled = precedent(ticket, ticket.lead, command.lead, "government", "", facts, policy, now) if command.lead != ticket.lead else []
    return [ruled, *settled]


def _open(ticket: Ticket) -> r.Coordination | None:
    coordination = ticket.coordination
    return coordination if coordination is not None and coordination.stage != "settled" else None


def _need_open(ticket: Ticket, stage: str) -> r.Coordination:
    need_state(ticket, IN_HAND)
    coordination = _open(ticket)
    if coordination is None or coordination.stage != stage:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="coordination")
    return coordination


DECISIONS = {
    DeclareDisagreement: declare,
    FilePosition: file_position,
    RecordCoordination: record,
    ReportCoordination: report,
    RuleCoordination: rule,
}
