"""
Issuing a supervision order: five grounds and four forms (AS25-4.6.1, 4.6.2), by a person, by a rule of the pack, by a superior.

An order is a dossier of the node that issues it.  It leaves a mark on the tickets that it is about, which changes no state;
whoever is addressed has a running reply clock, which is the issuer's.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.dossier import DossierCommand, DossierEvent
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.order import record as o
from node.domain.order.record import SupervisionOrder
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_scope, need_value
from node.domain.ticket.supervision import Supervised
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.tracking import need_tracker

# The number of a record elsewhere: nothing that anybody writes freely.
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]{0,63}")
# A specialist and a tracker urge, and no more (DESIGN 10); a steward supervises within his field.
URGING = frozenset({Role.SPECIALIST, Role.TRACKER})


@dataclass(frozen=True)
class IssueOrder(DossierCommand):
    """
    Open a measure of supervision against ``unit``, or against the node ``to_node`` below; without either, against the lead of the
    tickets, or the node that holds them.  ``reference`` names a contact or a record elsewhere where there is no ticket.

    ``is_sealed``: the levels between this node and the one addressed read it only once that one confirmed the receipt (DESIGN 6).
    """

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING | URGING | {Role.STEWARD}
    starts = True
    also = ("tickets",)

    measure: str
    ground: str
    form: str = o.SYSTEM
    tickets: tuple[str, ...] = ()
    unit: str = ""
    to_node: str = ""
    reference: str = ""
    demand: Text | None = None
    called_at: datetime | None = None
    team: tuple[str, ...] = ()
    plan: Text | None = None
    is_sealed: bool = False


@dataclass(frozen=True)
class IssueForFinding(DossierCommand):
    """A finding of this node that nobody below answered in time becomes an order; ``finding`` is its entry (DESIGN 6)."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.NODE})
    starts = True
    also = ("tickets",)

    tickets: tuple[str, ...]
    finding: str


@dataclass(frozen=True)
class OrderIssued(DossierEvent):
    """
    A measure of supervision is in force: receipt and answer are due by the header's clock.

    `measure` is remind, urge, warn, supervise, listed, exposure, publication or appraisal; `ground` why. `unit` answers, or the
    node `to_node`, which is the addressee. `issuer` is the role in whose name it stands. A step of the ladder names the `clock`
    that it is about, that one's begin and due time, and its number `times`. `finding` is the entry of a superior's finding that
    was not answered. `is_sealed`: the levels between get the keys to its texts only with the receipt of the node addressed.
    """

    begins = True
    asks = True

    number: str
    measure: str
    ground: str
    form: str
    issuer: str
    unit: str = ""
    to_node: str = ""
    addressed_to: str = ""
    tickets: tuple[str, ...] = ()
    reference: str = ""
    called_at: datetime | None = None
    team: tuple[str, ...] = ()
    clock: str = ""
    times: int = 0
    started_at: datetime | None = None
    due_at: datetime | None = None
    finding: str = ""
    demand: Words | None = None
    plan: Words | None = None
    is_sealed: bool = False

    def begin(self, head: Header) -> SupervisionOrder:
        return SupervisionOrder(
            id=head.subject.id,
            owner=head.node,
            state=o.ISSUED,
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            number=self.number,
            measure=self.measure,
            ground=self.ground,
            form=self.form,
            issuer=self.issuer,
            unit=self.unit,
            to_node=self.to_node,
            addressed_to=self.addressed_to,
            is_automatic=head.actor.role == Role.NODE.value,
            tickets=self.tickets,
            reference=self.reference,
            called_at=self.called_at,
            team=self.team,
            follows=self.clock,
            times=self.times,
            started_at=self.started_at,
            due_at=self.due_at,
            finding=self.finding,
            demand=self.demand,
            plan=self.plan,
            is_sealed=self.is_sealed,
        )


def issue(command: IssueOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1, 4.6.2: what is ordered, on what ground, against whom; then the fields of its form; the ladder's order last."""
    _need_measure(command, facts, policy)
    tickets = [facts.others[one] for one in command.tickets]
    unit, to_node = _against(command.unit, command.to_node, tickets, facts, policy)
    if command.is_sealed and not to_node:
        raise Refusal(Code.MALFORMED_COMMAND, field="is_sealed")
    for ticket in tickets:
        _need_may_supervise(ticket, unit, facts, policy)
    if not tickets and not command.reference and command.ground == o.UNREGISTERED:
        raise Refusal(Code.FIELD_REQUIRED, field="reference")
    if command.reference and not REFERENCE.fullmatch(command.reference):
        raise Refusal(Code.MALFORMED_COMMAND, field="reference")
    _need_form(command, facts)
    for ticket in tickets:
        _need_former_step(ticket, command.measure, policy)
    event = OrderIssued(
        number=number_of(facts.fresh_id, policy),
        measure=command.measure,
        ground=command.ground,
        form=command.form,
        issuer=facts.actor.role,
        unit=unit,
        to_node=to_node,
        tickets=command.tickets,
        reference=command.reference,
        called_at=command.called_at,
        team=command.team,
        demand=command.demand,
        plan=command.plan,
        is_sealed=command.is_sealed,
    )
    return [opened(facts.fresh_id, event, policy, now), *marks(facts.fresh_id, event, tickets)]


def issue_for_finding(command: IssueForFinding, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS A3: a superior's finding unanswered after its limit is a supervision order of the fifth ground."""
    tickets = [facts.others[one] for one in command.tickets]
    for ticket in tickets:
        raised = ticket.asks.get(command.finding)
        if raised is None or raised.node != policy.node:
            raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node)
        answer = ticket.clock("finding_answer", ticket.custody.holder)
        if answer is None or answer.due_at is None or answer.due_at > now:
            return []
    event = OrderIssued(
        number=number_of(facts.fresh_id, policy),
        measure=o.SUPERVISE,
        ground=o.FINDING_UNANSWERED,
        form=o.SYSTEM,
        issuer=Role.OFFICE.value,
        unit=tickets[0].lead,
        to_node=tickets[0].custody.holder,
        tickets=command.tickets,
        finding=command.finding,
    )
    return [opened(facts.fresh_id, event, policy, now), *marks(facts.fresh_id, event, tickets)]


def opened(order_id: str, event: OrderIssued, policy: Policy, now: datetime) -> Happened:
    """The order *order_id*, with the clock of its reply."""
    reply = clocks.start(policy, now, "supervision_reply", event.to_node or event.unit)
    return Happened(Subject(SubjectKind.ORDER.value, order_id), event, clocks=(reply,), addressee=event.to_node)


def marks(order_id: str, event: OrderIssued, tickets: list[Ticket]) -> list[Happened]:
    """What the order leaves on the tickets that it is about."""
    return [Happened(ticket.subject, Supervised(order_id, event.measure, event.ground, event.unit)) for ticket in tickets]


def number_of(order_id: str, policy: Policy) -> str:
    """The order's number in the pack's form: a series of its own a year, e.g. "AS督〔2026〕0007号"."""
    _, year, serial = order_id.rsplit("-", 2)
    return policy.pack.choice("supervision.number_form").format(prefix=policy.pack.choice("number.prefix"), year=year, serial=serial)


def _need_measure(command: IssueOrder, facts: Facts, policy: Policy) -> None:
    need_field("measure", command.measure)
    if command.measure in o.ONLY_PROPOSED:
        raise Refusal(Code.ONLY_PROPOSED, measure=command.measure)
    need_value(policy, "supervision.measures", command.measure)
    if facts.is_role(*URGING) and command.measure not in (o.REMIND, o.URGE):
        raise Refusal(Code.PERMISSION_DENIED, command="IssueOrder", role=facts.actor.role)
    need_field("ground", command.ground)
    need_value(policy, "supervision.grounds", command.ground)
    need_field("form", command.form)
    need_value(policy, "supervision.forms", command.form)


def _need_form(command: IssueOrder, facts: Facts) -> None:
    """AS25-4.6.2: a call has its time, a special supervision its team and plan; a letter says what it demands."""
    if command.form == o.PHONE:
        need_field("called_at", command.called_at)
    if command.form == o.SPECIAL:
        need_field("team", command.team)
        need_field("plan", command.plan)
        for unit in command.team:
            if unit not in facts.units:
                raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    if command.form == o.WRITTEN:
        need_field("demand", command.demand)


def _against(unit: str, to_node: str, tickets: list[Ticket], facts: Facts, policy: Policy) -> tuple[str, str]:
    """The unit and, at another level, the node: one of each for all the tickets."""
    holders = {ticket.custody.holder for ticket in tickets} | ({to_node} if to_node else set())
    if len(holders) > 1:
        raise Refusal(Code.MALFORMED_COMMAND, field="tickets")
    holder = next(iter(holders), policy.node)
    leads = {ticket.lead for ticket in tickets}
    unit = unit or (next(iter(leads)) if len(leads) == 1 else "")
    if holder != policy.node:
        if not policy.place.is_below(holder):
            raise Refusal(Code.NOT_SUBORDINATE, node=holder, superior=policy.node)
        return unit, holder
    need_field("unit", unit)
    known = facts.units.get(unit)
    if known is None or not known.is_active:
        raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    return unit, ""


def _need_may_supervise(ticket: Ticket, unit: str, facts: Facts, policy: Policy) -> None:
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
    need_scope(ticket, facts, policy)
    # FJ25-3.8.1b: a tracker urges on the tickets that he follows.
    if facts.is_role(Role.TRACKER):
        need_tracker(ticket, facts, policy)
    # DESIGN 10: a specialist never on his own unit's ticket.
    if facts.is_role(Role.SPECIALIST) and facts.actor.unit in (ticket.lead, unit):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    if ticket.intake.conceal_from and ticket.intake.conceal_from == unit:
        raise Refusal(Code.UNIT_UNKNOWN, unit=unit)


def _need_former_step(ticket: Ticket, measure: str, policy: Policy) -> None:
    """FJ23-3.4f: remind, then urge, then warn; no step is skipped where the pack says so."""
    ladder = policy.pack.names("urging.rungs")
    if not policy.pack.flag("urging.in_order") or measure not in ladder:
        return
    former = ladder[: ladder.index(measure)]
    done = {step.measure for step in ticket.supervision if not step.is_proposed}
    missing = [step for step in former if step not in done]
    if missing:
        raise Refusal(Code.STEP_SKIPPED, ticket=ticket.id, measure=measure, missing=missing)


DECISIONS: dict[type[Command], Any] = {IssueOrder: issue, IssueForFinding: issue_for_finding}
