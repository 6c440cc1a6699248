"""
Objection to a dispatch (办理异议): the lead says that it is not its duty, the office judges and coordinates, and what the
office cannot settle the government decides, finally (AS25-4.3, 3.1.2).

While an objection is pending, signing and handling limit stand.  What stays of that: upheld, the new unit gets both limits in
full; rejected, the handling limit goes on as if it had never stood, so that objecting buys no time; decided by the
government, the pause stands (POLICY_PACKS 2 no. 13).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_own_unit, need_scope, need_state, need_unit
from node.domain.ticket.dispatching import Dispatched, back_to_formed, dispatch_clocks, released_clocks
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import Unit, elapsed, last_day

BY_OFFICE, BY_GOVERNMENT = "office", "government"


@dataclass(frozen=True)
class Object(Command):
    """The lead objects to the dispatch: ``reason``, and the unit whose duty it is in its opinion."""

    roles = frozenset({Role.DEPARTMENT})

    reason: Text
    proposed_unit: str


@dataclass(frozen=True)
class RuleObjection(Command):
    """The office's ruling.  Upheld, ``new_lead`` is dispatched to at once, or, if empty, the ticket waits for a dispatch."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    is_upheld: bool
    reason: Text
    new_lead: str = ""


@dataclass(frozen=True)
class CoordinateObjection(Command):
    """The office brought units together about the lead; ``participants`` gave their opinions, which ``minutes`` hold."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    participants: tuple[str, ...]
    has_failed: bool
    minutes: Text


@dataclass(frozen=True)
class ReportToGovernment(Command):
    """After a failed coordination the office asks the government to name the lead; ``opinions`` are those of all units."""

    roles = frozenset({Role.OFFICE})

    opinions: Text


@dataclass(frozen=True)
class RuleByGovernment(Command):
    """The government names the lead; no objection any more (AS25-3.1.2)."""

    roles = frozenset({Role.GOVERNMENT})

    lead: str
    decision: Text | None = None


@dataclass(frozen=True)
class ObjectionRaised(TicketEvent):
    """The lead department objects to the dispatch; its office must rule. Signing and handling limit stand until then."""

    asks = True

    proposed_unit: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        raised = r.Objection(head.id, ticket.lead, self.proposed_unit, BY_OFFICE, head.recorded_at)
        return replace(ticket, state=State.OBJECTED, with_whom=With.OFFICE, objection=raised)


@dataclass(frozen=True)
class ObjectionUpheld(TicketEvent):
    """The office agrees with the department: the dispatch no longer holds, another one follows."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return back_to_formed(ticket, head)


@dataclass(frozen=True)
class ObjectionRejected(TicketEvent):
    """
    The department must sign and cannot object to this dispatch again. `workdays` passed since it objected: they count
    against it, as the handling limit goes on as if it had never stood.
    """

    workdays: int
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.dispatch is not None
        dispatch = replace(ticket.dispatch, must_sign=True)
        return replace(ticket, state=State.DISPATCHED, with_whom=With.DEPARTMENT, dispatch=dispatch, objection=None)


@dataclass(frozen=True)
class ObjectionCoordinated(TicketEvent):
    """The office heard `participants` about the lead. If it `has_failed`, it may report to the government."""

    participants: tuple[str, ...]
    has_failed: bool
    minutes: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.objection is not None
        return replace(ticket, objection=replace(ticket.objection, coordination_failed=self.has_failed))


@dataclass(frozen=True)
class ObjectionReported(TicketEvent):
    """The office asks the government of its own level to name the lead, with the opinions of all units."""

    opinions: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.objection is not None
        return replace(ticket, with_whom=With.GOVERNMENT, objection=replace(ticket.objection, stage=BY_GOVERNMENT))


def raise_objection(ticket: Ticket, command: Object, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.3.1b: one of two answers, before signing and within the sign limit, with reason and proposed unit."""
    need_own_unit(ticket, facts, ticket.lead)
    if ticket.state is State.OBJECTED:
        return []
    need_state(ticket, {State.DISPATCHED})
    assert ticket.dispatch is not None
    need_field("reason", command.reason)
    need_field("proposed_unit", command.proposed_unit)
    if command.proposed_unit not in facts.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.proposed_unit)
    if command.proposed_unit == ticket.lead:
        raise Refusal(Code.MALFORMED_COMMAND, field="proposed_unit")
    # AS25-3.1.2: what the government decided is final.
    if ticket.dispatch.is_final:
        raise Refusal(Code.DECISION_FINAL, ticket=ticket.id)
    # AS25-4.3.2a: once rejected, on this dispatch no more.
    if ticket.dispatch.must_sign:
        raise Refusal(Code.MUST_SIGN, ticket=ticket.id)
    signing = ticket.clock("sign")
    if signing is None or signing.due_at is None or now > signing.due_at:
        due = last_day(signing.due_at) if signing is not None and signing.due_at is not None else ""
        raise Refusal(Code.OBJECTION_PERIOD_OVER, ticket=ticket.id, due=due)
    event = ObjectionRaised(proposed_unit=command.proposed_unit, reason=command.reason)
    changes = (*clocks.pause_if_on(ticket, "sign", "resolve"), clocks.start(policy, now, "objection_ruling", With.OFFICE))
    return [Happened(ticket.subject, event, clocks=changes)]


def rule(ticket: Ticket, command: RuleObjection, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.3.2a: the office upholds or rejects, with its reason; no unit rules on its own objection."""
    raised = _pending(ticket, BY_OFFICE)
    need_scope(ticket, facts, policy)
    if facts.actor.unit == raised.unit:
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=raised.unit)
    need_field("reason", command.reason)
    if not command.is_upheld:
        if command.new_lead:
            raise Refusal(Code.MALFORMED_COMMAND, field="new_lead")
        return [_rejected(ticket, raised, command, policy, now)]
    ended = (*clocks.stop_if_on(ticket, "objection_ruling", "sign"), *released_clocks(ticket))
    upheld = ObjectionUpheld(reason=command.reason)
    if not command.new_lead:
        # Both limits are begun anew by the next dispatch; until then the office is timed.
        ended = (*ended, *clocks.stop_if_on(ticket, "resolve"), clocks.start(policy, now, "dispatch", With.OFFICE))
        return [Happened(ticket.subject, upheld, clocks=ended, answers=raised.ask)]
    need_unit(facts, command.new_lead)
    if command.new_lead == raised.unit:
        raise Refusal(Code.MALFORMED_COMMAND, field="new_lead")
    named = ticket.judgement.lead if ticket.judgement else ""
    # XS25-4.3.2.2a: where the office rules last, a unit that declined before and is named again must take it.
    declined = any(hand.unit == command.new_lead and hand.kind == ObjectionRaised.kind() for hand in ticket.hands)
    is_final = declined and policy.pack.choice("objection.final_by") == BY_OFFICE
    deviation = command.reason if named and named != command.new_lead else None
    sent = Dispatched(lead=command.new_lead, is_final=is_final, deviation=deviation)
    return [
        Happened(ticket.subject, upheld, clocks=ended, answers=raised.ask),
        Happened(ticket.subject, sent, clocks=dispatch_clocks(ticket, command.new_lead, policy, now, anew=True)),
    ]


def _rejected(ticket: Ticket, raised: r.Objection, command: RuleObjection, policy: Policy, now: datetime) -> Happened:
    changes = [*clocks.stop_if_on(ticket, "objection_ruling"), *clocks.resume_if_paused(ticket, policy, now, "sign")]
    resolve = ticket.clock("resolve")
    if resolve is not None and resolve.is_paused:
        changes.append(clocks.cancel_pause(resolve, policy))
    lost = elapsed(raised.raised_at, now, Unit.WORKDAY, policy.calendar)
    event = ObjectionRejected(workdays=lost, reason=command.reason)
    return Happened(ticket.subject, event, clocks=tuple(changes), answers=raised.ask)


def coordinate(ticket: Ticket, command: CoordinateObjection, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.3.2a: the office brings the units together before anything goes to the government."""
    _pending(ticket, BY_OFFICE)
    need_scope(ticket, facts, policy)
    need_field("participants", command.participants)
    for unit in command.participants:
        if unit not in facts.units:
            raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    need_field("minutes", command.minutes)
    event = ObjectionCoordinated(participants=command.participants, has_failed=command.has_failed, minutes=command.minutes)
    return [Happened(ticket.subject, event)]


def report_to_government(ticket: Ticket, command: ReportToGovernment, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.3.2b: the office alone, after a failed coordination, with all opinions; 象山 has no such step."""
    if ticket.objection is not None and ticket.objection.stage == BY_GOVERNMENT:
        return []
    raised = _pending(ticket, BY_OFFICE)
    final_by = policy.pack.choice("objection.final_by")
    if final_by != BY_GOVERNMENT:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="objection.final_by", value=BY_GOVERNMENT, offered=(final_by,))
    if not raised.coordination_failed:
        raise Refusal(Code.COORDINATION_MISSING, ticket=ticket.id)
    need_field("opinions", command.opinions)
    changes = (*clocks.stop_if_on(ticket, "objection_ruling"), clocks.start(policy, now, "government_ruling", With.GOVERNMENT))
    return [Happened(ticket.subject, ObjectionReported(opinions=command.opinions), clocks=changes)]


def rule_by_government(ticket: Ticket, command: RuleByGovernment, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.1.2, 4.3.2b: the government's choice dispatches the ticket, finally."""
    raised = _pending(ticket, BY_GOVERNMENT)
    need_unit(facts, command.lead)
    event = Dispatched(lead=command.lead, is_final=True, note=command.decision)
    ended = clocks.stop_if_on(ticket, "government_ruling", "sign")
    resolve = ticket.clock("resolve")
    if command.lead != raised.unit or resolve is None or not resolve.is_paused:
        started = dispatch_clocks(ticket, command.lead, policy, now, anew=command.lead != raised.unit)
    else:
        started = (clocks.start(policy, now, "sign", command.lead), clocks.resume(resolve, policy, now))
    return [Happened(ticket.subject, event, clocks=(*ended, *started), answers=raised.ask)]


def _pending(ticket: Ticket, stage: str) -> r.Objection:
    need_state(ticket, {State.OBJECTED})
    assert ticket.objection is not None
    if ticket.objection.stage != stage:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=f"objected, {ticket.objection.stage}", wanted=f"objected, {stage}")
    return ticket.objection


DECISIONS = {
    Object: raise_objection,
    RuleObjection: rule,
    CoordinateObjection: coordinate,
    ReportToGovernment: report_to_government,
    RuleByGovernment: rule_by_government,
}
