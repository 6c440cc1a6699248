"""
Proposals: what a rule found, with its evidence, for a person to decide (AS25-4.6.1.3 and .4, FJ25-5.14.1a).

The hub never orders a talk, an accountability or an exposure by itself.  A rule, or somebody who supervises, proposes; whoever
may issue the measure adopts or declines.  A talk is adopted and written down by the discipline side alone.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Facts
from node.domain.dossier import DossierCommand, DossierEvent, stop_clock
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.order import record as o
from node.domain.order.issuing import REFERENCE, number_of
from node.domain.order.record import SupervisionOrder
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.state import With
from node.domain.ticket.supervision import Supervised
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day

# Whose fault it was that repeated rework did not satisfy (AS25-4.6.1.4).
DEPARTMENT_CAUSE, OTHER_CAUSE = "department", "not_department"
# Who takes the decision on what was proposed.
DISCIPLINING = frozenset({Role.DISCIPLINE})


@dataclass(frozen=True)
class ProposeOrder(DossierCommand):
    """
    Propose ``measure`` against ``unit``.  ``evidence`` are codes that a rule counted; by hand, ``reason`` says what was found.
    """

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING | {Role.NODE}
    starts = True
    also = ("tickets",)

    measure: str
    ground: str
    unit: str
    tickets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    reference: str = ""
    reason: Text | None = None


@dataclass(frozen=True)
class ExtendProposal(DossierCommand):
    """Add what the rule found since to a proposal that nobody has decided yet."""

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING | {Role.NODE}
    also = ("tickets",)

    tickets: tuple[str, ...]
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdoptProposal(DossierCommand):
    """Put the proposed measure into force.  ``cause`` is the judgement that the fourth ground needs (AS25-4.6.1.4)."""

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING

    cause: str = ""
    demand: Text | None = None


@dataclass(frozen=True)
class DeclineProposal(DossierCommand):
    """Do not act on it, and say why."""

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING

    reason: Text
    cause: str = ""


@dataclass(frozen=True)
class ClaimTolerance(DossierCommand):
    """Answer an accountability proposal with a claim of tolerance: a listed ``rule``, and the risk note that was filed."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER})

    rule: str
    note: Text
    risk_note: str = ""


@dataclass(frozen=True)
class RecordTalk(DossierCommand):
    """Write down the talk that was held (提醒约谈)."""

    subject_kind = SubjectKind.ORDER
    roles = DISCIPLINING

    talk_on: date
    result: Text


@dataclass(frozen=True)
class OrderProposed(DossierEvent):
    """
    A measure is proposed, and a person decides by the header's clock. `tickets` and `evidence` are what the rule found; a step of
    the ladder names the limit that it is about, as an issued order does.
    """

    begins = True
    asks = True

    measure: str
    ground: str
    unit: str
    tickets: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    reference: str = ""
    clock: str = ""
    times: int = 0
    started_at: datetime | None = None
    due_at: datetime | None = None
    addressed_to: str = ""
    reason: Words | None = None

    def begin(self, head: Header) -> SupervisionOrder:
        return SupervisionOrder(
            id=head.subject.id,
            owner=head.node,
            state=o.PROPOSED,
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            measure=self.measure,
            ground=self.ground,
            unit=self.unit,
            issuer=Role.OFFICE.value if head.actor.role == Role.NODE.value else head.actor.role,
            is_automatic=head.actor.role == Role.NODE.value,
            tickets=self.tickets,
            evidence=self.evidence,
            reference=self.reference,
            follows=self.clock,
            times=self.times,
            started_at=self.started_at,
            due_at=self.due_at,
            addressed_to=self.addressed_to,
        )


@dataclass(frozen=True)
class ProposalExtended(DossierEvent):
    """The rule found more of the same before anybody decided."""

    tickets: tuple[str, ...]
    evidence: tuple[str, ...] = ()

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        tickets = tuple(dict.fromkeys((*order.tickets, *self.tickets)))
        return replace(order, tickets=tickets, evidence=tuple(dict.fromkeys((*order.evidence, *self.evidence))))


@dataclass(frozen=True)
class ProposalAdopted(DossierEvent):
    """The measure is in force under `number`, in the name of the actor's role; the header's clock is its reply's."""

    number: str
    cause: str = ""
    demand: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        issuer = head.actor.role
        return replace(order, state=o.ISSUED, number=self.number, cause=self.cause, issuer=issuer, form=o.SYSTEM, demand=self.demand)


@dataclass(frozen=True)
class ProposalDeclined(DossierEvent):
    """Nothing follows from the proposal."""

    cause: str = ""
    reason: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, state=o.DECLINED, cause=self.cause, closed_at=head.recorded_at)


@dataclass(frozen=True)
class ToleranceClaimed(DossierEvent):
    """The unit claims tolerance under `rule`, with the risk note `risk_note` that it had filed (XS25-5.3b)."""

    rule: str
    risk_note: str = ""
    note: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, tolerance=self.rule)


@dataclass(frozen=True)
class TalkRecorded(DossierEvent):
    """The talk was held on `talk_on`; what came of it is sealed."""

    talk_on: date
    result: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, state=o.CLOSED, result="talked", talk_on=self.talk_on, closed_at=head.recorded_at)


def propose(command: ProposeOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.1a: on a trigger that the pack names; what a person calls perfunctory must stand found in a file."""
    need_field("measure", command.measure)
    if command.measure not in o.MEASURES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="measure", value=command.measure, offered=o.MEASURES)
    need_field("ground", command.ground)
    if command.measure == o.TALK and command.ground not in policy.pack.names("talk.triggers"):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="talk.triggers", value=command.ground, offered=policy.pack.names("talk.triggers"))
    if command.measure != o.TALK:
        need_value(policy, "supervision.grounds", command.ground)
    if command.reference and not REFERENCE.fullmatch(command.reference):
        raise Refusal(Code.MALFORMED_COMMAND, field="reference")
    need_field("unit", command.unit)
    if command.unit not in facts.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.unit)
    if command.ground == o.PERFUNCTORY and not any(is_found_wanting(facts.others[one]) for one in command.tickets):
        raise Refusal(Code.FINDING_MISSING, unit=command.unit)
    if not facts.is_role(Role.NODE):
        need_field("reason", command.reason)
    event = OrderProposed(
        measure=command.measure,
        ground=command.ground,
        unit=command.unit,
        tickets=command.tickets,
        evidence=command.evidence,
        reference=command.reference,
        reason=command.reason,
    )
    marked = Supervised(facts.fresh_id, command.measure, command.ground, command.unit, is_proposed=True)
    return [proposed(facts.fresh_id, event, policy, now), *(Happened(facts.others[one].subject, marked) for one in command.tickets)]


def proposed(order_id: str, event: OrderProposed, policy: Policy, now: datetime) -> Happened:
    """The proposal *order_id*, with the clock of its decision."""
    owes = With.OFFICE.value if event.measure != o.TALK else Role.DISCIPLINE.value
    decision = clocks.start(policy, now, "proposal_decision", owes)
    return Happened(Subject(SubjectKind.ORDER.value, order_id), event, clocks=(decision,))


def is_found_wanting(ticket: Ticket) -> bool:
    """A revisit, a check or a superior found what was stated untrue, or below the standard."""
    by_revisit = any(one.revisit and (one.revisit.is_consistent is False or one.revisit.is_standard_met is False) for one in ticket.rounds)
    return by_revisit or any(one.cause == "finding" for one in ticket.rounds)


def extend(order: SupervisionOrder, command: ExtendProposal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """One proposal a unit and trigger at a time: what is found meanwhile joins it."""
    _need_proposed(order)
    new = tuple(one for one in command.tickets if one not in order.tickets)
    more = tuple(one for one in command.evidence if one not in order.evidence)
    if not new and not more:
        return []
    marked = Supervised(order.id, order.measure, order.ground, order.unit, is_proposed=True)
    return [Happened(order.subject, ProposalExtended(new, more)), *(Happened(facts.others[one].subject, marked) for one in new)]


def adopt(order: SupervisionOrder, command: AdoptProposal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1.4: the fourth ground only once the department was judged to be the cause; a talk is the discipline side's."""
    _need_proposed(order)
    _need_decider(order, facts, "AdoptProposal")
    if order.ground == o.REPEATED_REWORK:
        need_field("cause", command.cause)
        if command.cause != DEPARTMENT_CAUSE:
            raise Refusal(Code.GROUND_NOT_MET, ticket=order.id, ground=order.ground)
    owes = Role.DISCIPLINE.value if order.measure == o.TALK else order.unit
    changes = (*stop_clock(order), clocks.start(policy, now, "supervision_reply", owes))
    adopted = ProposalAdopted(number_of(order.id, policy), command.cause, command.demand)
    return [Happened(order.subject, adopted, clocks=changes)]


def decline(order: SupervisionOrder, command: DeclineProposal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """With the reason; of the fourth ground also with the judgement."""
    if order.state == o.DECLINED:
        return []
    _need_proposed(order)
    _need_decider(order, facts, "DeclineProposal")
    need_field("reason", command.reason)
    return [Happened(order.subject, ProposalDeclined(command.cause, command.reason), clocks=stop_clock(order))]


def claim_tolerance(order: SupervisionOrder, command: ClaimTolerance, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-5.3b: only a rule of the pack's list, against what is not decided yet."""
    _need_proposed(order)
    if order.measure != o.ACCOUNTABILITY:
        raise Refusal(Code.GROUND_NOT_MET, ticket=order.id, ground=order.measure)
    if facts.actor.unit != order.unit:
        raise Refusal(Code.PERMISSION_DENIED, ticket=order.id, unit=facts.actor.unit, wanted=order.unit)
    offered = policy.pack.names("tolerance.rules")
    if command.rule not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="tolerance.rules", value=command.rule, offered=offered)
    need_field("note", command.note)
    return [Happened(order.subject, ToleranceClaimed(command.rule, command.risk_note, command.note))]


def record_talk(order: SupervisionOrder, command: RecordTalk, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.1a: of an adopted talk, by the discipline side; nobody talked tomorrow."""
    if order.measure != o.TALK or order.state not in o.IN_FORCE:
        raise Refusal(Code.ORDER_NOT_IN_FORCE, order=order.id, state=order.state)
    need_field("talk_on", command.talk_on)
    if command.talk_on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="talk_on")
    need_field("result", command.result)
    return [Happened(order.subject, TalkRecorded(command.talk_on, command.result), clocks=stop_clock(order))]


def _need_proposed(order: SupervisionOrder) -> None:
    if order.state != o.PROPOSED:
        raise Refusal(Code.ORDER_NOT_PROPOSED, order=order.id, state=order.state)


def _need_decider(order: SupervisionOrder, facts: Facts, command: str) -> None:
    if order.measure == o.TALK and not facts.is_role(*DISCIPLINING):
        raise Refusal(Code.PERMISSION_DENIED, command=command, role=facts.actor.role)


DECISIONS = {
    ProposeOrder: propose,
    ExtendProposal: extend,
    AdoptProposal: adopt,
    DeclineProposal: decline,
    ClaimTolerance: claim_tolerance,
    RecordTalk: record_talk,
}
