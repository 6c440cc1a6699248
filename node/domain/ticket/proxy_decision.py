"""
A decision recorded on behalf (代录): a leader, the government or a committee decided on paper, and the office enters it.

One command for whatever is pending (``PROXIES``): the office names what was decided, by whom, on which day, and files the
scanned paper.  That has no effect.  A second account of the office compares paper and record; its confirmation carries out the
decision in the decider's name, under the same rules as if he had given it himself.  He can contradict: before the confirmation
the record is void, after it the office must answer him and set right what followed (USERS B16).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import Actor, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, SealedRef, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, coordination, extension, layers, objection, termination
from node.domain.ticket import handling_record as h
from node.domain.ticket.checks import need_field
from node.domain.ticket.parts import need_evidence_here, need_not_handler
from node.domain.ticket.state import With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class Said:
    """What the paper says: ``outcome``, the ``lead`` that it names, the day that it sets, the reason."""

    outcome: str
    lead: str
    due: date | None
    reason: Any


@dataclass(frozen=True)
class Proxied:
    """
    A decision that may be recorded on behalf: the ``command`` that gives it, made from what was ``said``, and its ``decision``.

    ``pending`` is the ask that waits for it, or empty; ``outcomes`` are what it may come to.
    """

    command: type[Command]
    make: Callable[[Said], Command]
    decide: Callable[..., list[Happened]]
    pending: Callable[[Ticket], str]
    outcomes: tuple[str, ...]


GRANTED_OR_REFUSED = ("granted", "refused")
RULED = ("ruled",)

PROXIES: dict[str, Proxied] = {
    "extension": Proxied(
        extension.DecideExtension,
        lambda said: extension.DecideExtension(said.outcome == "granted", said.reason),
        extension.decide_extension,
        lambda ticket: ticket.extension.ask if ticket.extension else "",
        GRANTED_OR_REFUSED,
    ),
    "termination": Proxied(
        termination.DecideTermination,
        lambda said: termination.DecideTermination(said.outcome == "granted", said.reason),
        termination.decide_termination,
        lambda ticket: ticket.termination.ask if ticket.termination else "",
        GRANTED_OR_REFUSED,
    ),
    "withdrawal": Proxied(
        termination.DecideWithdrawal,
        lambda said: termination.DecideWithdrawal(said.outcome == "granted", said.reason),
        termination.decide_withdrawal,
        lambda ticket: ticket.withdrawal.ask if ticket.withdrawal else "",
        GRANTED_OR_REFUSED,
    ),
    "objection": Proxied(
        objection.RuleByGovernment,
        lambda said: objection.RuleByGovernment(said.lead, said.reason),
        objection.rule_by_government,
        lambda ticket: ticket.objection.ask if ticket.objection and ticket.objection.stage == "government" else "",
        RULED,
    ),
    "coordination": Proxied(
        coordination.RuleCoordination,
        lambda said: coordination.RuleCoordination(said.lead, said.reason),
        coordination.rule,
        lambda ticket: ticket.coordination.ask if ticket.coordination and ticket.coordination.stage == "government" else "",
        RULED,
    ),
    "layer": Proxied(
        layers.DecideAtLayer,
        lambda said: layers.DecideAtLayer(said.outcome == "settled", said.reason, minutes=said.reason, due=said.due),
        layers.decide_at_layer,
        lambda ticket: ticket.layering.asked,
        ("settled", "unsettled"),
    ),
}


@dataclass(frozen=True)
class RecordDecisionFor(Command):
    """
    Enter what somebody decided on paper.  ``decision`` is what was pending ("extension", "objection" ...), ``body`` the unit of
    whoever decided, ``decided_by`` his name, ``decided_on`` the day on the paper, ``digest`` the scan's SHA-256 in hex.

    ``decider`` is the role in which he decided, if the pack gives the decision to several.
    """

    # The office, or the secretary of the leader who decided, in his name; never the leader's own countersignature.
    roles = frozenset({Role.OFFICE, Role.LEADER, Role.GOVERNMENT})

    decision: str
    outcome: str
    body: str
    decided_by: Contact
    decided_on: date
    digest: str
    reason: Text
    lead: str = ""
    due: date | None = None
    decider: str = ""


@dataclass(frozen=True)
class ConfirmDecisionFor(Command):
    """A second account has compared record and paper: it is right, and takes effect; or not, and is void.  ``record``: its entry id."""

    roles = frozenset({Role.OFFICE})
    needs = ("duties", "precedents")

    record: str
    is_right: bool
    note: Text | None = None


@dataclass(frozen=True)
class ContradictDecision(Command):
    """Whoever is said to have decided says that he did not, or not so.  ``record`` is the entry id of the record."""

    roles = frozenset({Role.LEADER, Role.GOVERNMENT, Role.DEPARTMENT_LEADER, Role.SUPERVISION})

    record: str
    statement: Text


@dataclass(frozen=True)
class AnswerContradiction(Command):
    """The office answers the contradiction of ``record``: what it did to set right what followed."""

    roles = frozenset({Role.OFFICE})

    record: str
    measures: Text


@dataclass(frozen=True)
class DecisionRecorded(TicketEvent):
    """
    The office entered a decision that somebody took on paper: `decided_by`, who does not log in, decided `decision` with
    `outcome` on `decided_on`. `scan` is the digest of the scanned paper.

    Without effect until DecisionConfirmed, which another account of the office writes.
    """

    asks = True

    decision: str
    outcome: str
    body: str
    decider: str
    decided_on: date
    scan: str
    request: str = ""
    lead: str = ""
    due: date | None = None
    decided_by: Reach | None = None
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        record = h.ProxyDecision(
            id=head.id,
            decision=self.decision,
            outcome=self.outcome,
            body=self.body,
            decider=self.decider,
            decided_on=self.decided_on,
            scan=self.scan,
            recorded_by=head.actor.account,
            ask=self.request,
            lead=self.lead,
            due=self.due,
            reason=self.reason,
        )
        return replace(ticket, proxies=(*ticket.proxies, record))


@dataclass(frozen=True)
class DecisionConfirmed(TicketEvent):
    """A second account found record and paper to agree: the decision of the entry `record` takes effect with the entries that follow."""

    record: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with(ticket, self.record, confirmed_at=head.recorded_at)


@dataclass(frozen=True)
class DecisionRecordRejected(TicketEvent):
    """A second account found that the entry `record` does not say what the paper says: it never takes effect."""

    record: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with(ticket, self.record, is_void=True)


@dataclass(frozen=True)
class DecisionContradicted(TicketEvent):
    """
    Whoever is said to have decided what stands in the entry `record` contradicts it. `was_in_effect`: it had been confirmed.

    The office must answer; a record that was not confirmed yet never takes effect.
    """

    asks = True

    record: str
    was_in_effect: bool
    statement: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with(ticket, self.record, contradicted_at=head.recorded_at, contradiction=head.id, is_void=not self.was_in_effect)


@dataclass(frozen=True)
class ContradictionAnswered(TicketEvent):
    """The office said what it did about the contradiction of the entry `record`."""

    record: str
    measures: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def record_for(ticket: Ticket, command: RecordDecisionFor, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B16: what is pending, with paper, name and day; by nobody who handled the ticket."""
    # A leader's secretary records in his place; he himself decides, and records nothing.
    if not facts.actor.behalf and not facts.is_role(Role.OFFICE):
        raise Refusal(Code.PERMISSION_DENIED, command="RecordDecisionFor", role=facts.actor.role)
    proxied = PROXIES.get(command.decision)
    if proxied is None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="decision", value=command.decision, offered=sorted(PROXIES))
    if command.outcome not in proxied.outcomes:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="outcome", value=command.outcome, offered=proxied.outcomes)
    need_not_handler(ticket, facts)
    ask = proxied.pending(ticket)
    if not ask:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application=command.decision)
    if any(one.is_pending and one.ask == ask for one in ticket.proxies):
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application=command.decision)
    decider = _decider(proxied, command, policy)
    body = facts.units.get(command.body)
    if body is None or not body.is_active:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.body)
    need_field("decided_by", command.decided_by)
    need_field("decided_on", command.decided_on)
    if command.decided_on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="decided_on")
    need_field("digest", command.digest)
    need_evidence_here((command.digest,), facts)
    need_field("reason", command.reason)
    event = DecisionRecorded(
        decision=command.decision,
        outcome=command.outcome,
        body=command.body,
        decider=decider,
        decided_on=command.decided_on,
        scan=command.digest,
        request=ask,
        lead=command.lead,
        due=command.due,
        decided_by=command.decided_by,
        reason=command.reason,
    )
    # It is carried out on a trial, so that what could never take effect is refused to whoever records it, not to the second person.
    _carry_out(ticket, event, facts, policy, now)
    return [Happened(ticket.subject, event)]


def confirm_for(ticket: Ticket, command: ConfirmDecisionFor, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B16: a second person; from here the decision has effect, under the same rules as if it had been given online."""
    record = _record(ticket, command.record)
    if record.confirmed_at is not None and command.is_right:
        return []
    if not record.is_pending:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="decision_record")
    need_not_handler(ticket, facts)
    if facts.actor.account == record.recorded_by:
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    if not command.is_right:
        need_field("note", command.note)
        return [Happened(ticket.subject, DecisionRecordRejected(record.id, command.note), answers=record.id)]
    if PROXIES[record.decision].pending(ticket) != record.ask:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application=record.decision)
    confirmed = Happened(ticket.subject, DecisionConfirmed(record.id), answers=record.id)
    settled = _with(ticket, record.id, confirmed_at=now)
    return [confirmed, *(_unsealed(one) for one in _carry_out(settled, record, facts, policy, now))]


def contradict(ticket: Ticket, command: ContradictDecision, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B16: by the body that is said to have decided, in the role in which it is said to have done so."""
    record = _record(ticket, command.record)
    if (facts.actor.unit, facts.actor.role) != (record.body, record.decider):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=record.body)
    if record.contradicted_at is not None:
        return []
    if record.is_void:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="decision_record")
    need_field("statement", command.statement)
    event = DecisionContradicted(record.id, record.confirmed_at is not None, command.statement)
    started = clocks.start(policy, now, "contradiction", With.OFFICE, key=record.decision)
    return [Happened(ticket.subject, event, clocks=(started,), answers=record.id if record.is_pending else "")]


def answer(ticket: Ticket, command: AnswerContradiction, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """The office sets right what followed by its ordinary means, and says here by which."""
    record = _record(ticket, command.record)
    if not record.contradiction or ticket.asks[record.contradiction].is_answered:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="contradiction")
    need_field("measures", command.measures)
    clock = ticket.clock(f"contradiction/{record.decision}")
    changes = (clocks.stop(clock.name),) if clock is not None else ()
    return [Happened(ticket.subject, ContradictionAnswered(record.id, command.measures), clocks=changes, answers=record.contradiction)]


def _decider(proxied: Proxied, command: RecordDecisionFor, policy: Policy) -> str:
    """The role that decided: one to which the pack, or the command itself, gives this decision."""
    allowed = policy.pack.names(f"rights.{proxied.command.__name__}") or tuple(sorted(role.value for role in proxied.command.roles))
    # Where the pack adds a role beside the command's own (a director beside the office), the own one is meant unless it is said.
    usual = [role.value for role in proxied.command.roles if role.value in allowed] if len(allowed) > 1 else list(allowed)
    decider = command.decider or (usual[0] if len(usual) == 1 else "")
    need_field("decider", decider)
    if decider not in allowed:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="role", value=decider, offered=allowed)
    return decider


def _carry_out(ticket: Ticket, record: DecisionRecorded | h.ProxyDecision, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """What follows from the decision itself, given by the body and in the role that the record names."""
    proxied = PROXIES[record.decision]
    command = proxied.make(Said(record.outcome, record.lead, record.due, record.reason))
    return proxied.decide(ticket, command, replace(facts, actor=Actor("", record.decider, record.body)), policy, now)


def _unsealed(one: Happened) -> Happened:
    """The words of the decision stand in the record, sealed there once: an entry never holds another's."""
    event: Any = one.event
    sealed = {field.name: None for field in fields(event) if isinstance(getattr(event, field.name), SealedRef)}
    return replace(one, event=replace(event, **sealed)) if sealed else one


def _record(ticket: Ticket, entry: str) -> h.ProxyDecision:
    record = next((one for one in ticket.proxies if one.id == entry), None)
    if record is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="decision_record")
    return record


def _with(ticket: Ticket, entry: str, **changes: Any) -> Ticket:
    after = tuple(replace(one, **changes) if one.id == entry else one for one in ticket.proxies)
    return replace(ticket, proxies=after)


DECISIONS = {
    RecordDecisionFor: record_for,
    ConfirmDecisionFor: confirm_for,
    ContradictDecision: contradict,
    AnswerContradiction: answer,
}
