"""
Objection to a dispatch (办理异议): the lead says that it is not its duty, the office judges and coordinates, and what the
office cannot settle the government decides, finally (AS25-4.3, 3.1.2).

While an objection is pending, signing and handling limit stand.  What stays of that: upheld, the new unit gets both limits in
full; rejected, the handling limit goes on as if it had never stood, so that objecting buys no time; decided by the
government, the pause stands (POLICY_PACKS 2 no. 13).

Where the pack sends a declined ticket back to the first-asked unit (``objection.goes_to``, XS25-4.4.2a), that unit says whom it
proposes and the office dispatches anew; a second unit's objection is the office's to rule on, finally.  Each ruling becomes a
precedent (``duties``).
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
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import (
    first_contact_owes,
    need_field,
    need_first_contact,
    need_own_unit,
    need_scope,
    need_state,
    need_unit,
)
from node.domain.ticket.dispatching import (
    Dispatched,
    back_to_formed,
    dispatch_clocks,
    held_workdays,
    released_clocks,
    revoke_clocks,
)
from node.domain.ticket.duties import duty_list_of, need_citation, need_not_settled, precedent
from node.domain.ticket.handling_record import Desk
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import Unit, elapsed, last_day

BY_OFFICE, BY_GOVERNMENT, BY_FIRST_CONTACT = "office", "government", "first_contact"


@dataclass(frozen=True)
class Object(Command):
    """
    The lead objects to the dispatch: ``reason``, and the unit whose duty it is in its opinion.  ``duty_item`` is the item of the
    responsibility catalogue that says so, or ``none_listed`` that it has none.
    """

    roles = frozenset({Role.DEPARTMENT})
    needs = ("duties", "precedents")

    reason: Text
    proposed_unit: str
    duty_item: str = ""
    none_listed: bool = False


@dataclass(frozen=True)
class ProposeLead(Command):
    """The first-contact department of a declined ticket says whom the office should send it to (XS25-4.4.2a)."""

    roles = frozenset({Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE})

    proposed_unit: str
    note: Text | None = None


@dataclass(frozen=True)
class RuleObjection(Command):
    """The office's ruling.  Upheld, ``new_lead`` is dispatched to at once, or, if empty, the ticket waits for a dispatch."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})
    needs = ("duties", "precedents")

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
    needs = ("duties", "precedents")

    lead: str
    decision: Text | None = None


@dataclass(frozen=True)
class ObjectionRaised(TicketEvent):
    """
    The lead department objects to the dispatch; its office must rule. Signing and handling limit stand until then.

    `duty_item` of the version `duty_list` of the responsibility catalogue is cited; or it `none_listed`, the list has none.
    """

    asks = True

    proposed_unit: str
    reason: Words | None = None
    duty_item: str = ""
    duty_list: str = ""
    none_listed: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        raised = r.Objection(head.id, ticket.lead, self.proposed_unit, BY_OFFICE, head.recorded_at, duty_item=self.duty_item)
        return replace(ticket, state=State.OBJECTED, with_whom=With.OFFICE, objection=raised)


@dataclass(frozen=True)
class DispatchDeclined(TicketEvent):
    """
    The lead department declines; the ticket is back with the first-asked unit and person, who stay answerable (XS25-4.4.2a).

    `by_centre`: the centre does that unit's duties here. `workdays`: it lay with the department so long.
    """

    proposed_unit: str
    workdays: int
    by_centre: bool = False
    duty_item: str = ""
    duty_list: str = ""
    none_listed: bool = False
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        back = back_to_formed(ticket, head, "declined", self.workdays)
        if self.by_centre:
            return back
        desk = Desk(ticket.intake.first_contact, ticket.intake.registered_by, head.recorded_at)
        others = tuple(one for one in back.desks if one.unit != desk.unit)
        return replace(back, with_whom=With.FIRST_CONTACT, desks=(*others, desk))


@dataclass(frozen=True)
class LeadProposed(TicketEvent):
    """The first-asked unit says whom a declined ticket should go to; the office dispatches it."""

    proposed_unit: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, with_whom=With.OFFICE, sorting=replace(ticket.sorting, proposed=self.proposed_unit))


@dataclass(frozen=True)
class ObjectionUpheld(TicketEvent):
    """The office agrees with the department: the dispatch no longer holds, another one follows. `workdays`: it lay there so long."""

    reason: Words | None = None
    workdays: int = 0

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return back_to_formed(ticket, head, "upheld", self.workdays)


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
    if ticket.state is State.HANDLING and ticket.dispatch is not None:
        raise Refusal(Code.SIGNED_BEFORE, ticket=ticket.id)
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
    need_not_settled(ticket, ticket.lead, facts, policy, now)
    need_citation(ticket, ticket.lead, command.proposed_unit, command.duty_item, command.none_listed, facts, policy, now)
    if policy.pack.choice("objection.goes_to") == BY_FIRST_CONTACT and not _was_declined(ticket):
        return _declined(ticket, command, facts, policy, now)
    event = ObjectionRaised(
        proposed_unit=command.proposed_unit,
        reason=command.reason,
        duty_item=command.duty_item,
        duty_list=duty_list_of(facts).version,
        none_listed=command.none_listed,
    )
    changes = (*clocks.pause_if_on(ticket, "sign", "resolve"), clocks.start(policy, now, "objection_ruling", With.OFFICE))
    return [Happened(ticket.subject, event, clocks=changes)]


def _was_declined(ticket: Ticket) -> bool:
    """Somebody declined it before: the second time the centre decides (USERS 3.2 no. 50)."""
    return any(hand.kind == DispatchDeclined.kind() for hand in ticket.hands)


def _declined(ticket: Ticket, command: Object, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    owes = first_contact_owes(ticket, facts)
    event = DispatchDeclined(
        proposed_unit=command.proposed_unit,
        workdays=held_workdays(ticket, policy, now),
        by_centre=not owes,
        duty_item=command.duty_item,
        duty_list=duty_list_of(facts).version,
        none_listed=command.none_listed,
        reason=command.reason,
    )
    changes = revoke_clocks(ticket, policy, now)
    if owes:
        changes = (*(one for one in changes if one.clock != "dispatch"), clocks.start(policy, now, "reroute", owes))
    return [*lapse_open(ticket, "withdrawal"), Happened(ticket.subject, event, clocks=changes)]


def propose_lead(ticket: Ticket, command: ProposeLead, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2a: the first-asked unit stays answerable until another one has received the ticket."""
    need_first_contact(ticket, facts)
    need_state(ticket, {State.FORMED})
    if ticket.with_whom is not With.FIRST_CONTACT:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="reroute")
    need_unit(facts, command.proposed_unit)
    changes = (*clocks.stop_if_on(ticket, "reroute"), clocks.start(policy, now, "dispatch", With.OFFICE))
    return [Happened(ticket.subject, LeadProposed(command.proposed_unit, command.note), clocks=changes)]


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
        settled = precedent(ticket, raised.unit, raised.unit, BY_OFFICE, raised.duty_item, facts, policy, now)
        return [_rejected(ticket, raised, command, policy, now), *settled]
    ended = (*clocks.stop_if_on(ticket, "objection_ruling", "sign"), *released_clocks(ticket))
    upheld = ObjectionUpheld(reason=command.reason, workdays=held_workdays(ticket, policy, now))
    settled = precedent(ticket, raised.unit, command.new_lead, BY_OFFICE, raised.duty_item, facts, policy, now)
    if not command.new_lead:
        # Both limits are begun anew by the next dispatch; until then the office is timed.
        ended = (*ended, *clocks.stop_if_on(ticket, "resolve"), clocks.start(policy, now, "dispatch", With.OFFICE))
        return [Happened(ticket.subject, upheld, clocks=ended, answers=raised.ask), *settled]
    need_unit(facts, command.new_lead)
    if command.new_lead == raised.unit:
        raise Refusal(Code.MALFORMED_COMMAND, field="new_lead")
    named = ticket.judgement.lead if ticket.judgement else ""
    # XS25-4.3.2.2a: where the office rules last, a unit that declined before and is named again must take it; and any that it
    # names once two have declined.
    refusing = (ObjectionRaised.kind(), DispatchDeclined.kind())
    declined = any(hand.unit == command.new_lead and hand.kind in refusing for hand in ticket.hands) or _was_declined(ticket)
    is_final = declined and policy.pack.choice("objection.final_by") == BY_OFFICE
    deviation = command.reason if named and named != command.new_lead else None
    sent = Dispatched(lead=command.new_lead, is_final=is_final, deviation=deviation)
    return [
        Happened(ticket.subject, upheld, clocks=ended, answers=raised.ask),
        Happened(ticket.subject, sent, clocks=dispatch_clocks(ticket, command.new_lead, policy, now, anew=True)),
        *settled,
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
    ruled = Happened(ticket.subject, event, clocks=(*ended, *started), answers=raised.ask)
    return [ruled, *precedent(ticket, raised.unit, command.lead, BY_GOVERNMENT, raised.duty_item, facts, policy, now)]


def _pending(ticket: Ticket, stage: str) -> r.Objection:
    need_state(ticket, {State.OBJECTED})
    assert ticket.objection is not None
    if ticket.objection.stage != stage:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=f"objected, {ticket.objection.stage}", wanted=f"objected, {stage}")
    return ticket.objection


DECISIONS = {
    Object: raise_objection,
    ProposeLead: propose_lead,
    RuleObjection: rule,
    CoordinateObjection: coordinate,
    ReportToGovernment: report_to_government,
    RuleByGovernment: rule_by_government,
}
