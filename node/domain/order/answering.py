"""
After the order: receipt, reading, answer, and the closing by whoever issued it, with a result (AS25-4.6.1).

Receipt and answer of another level are side entries of the node addressed; only the issuer closes.  An order that followed a
limit is settled by the node itself once that limit is over and done with.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.dossier import DossierCommand, DossierEvent, stop_clock
from node.domain.entry import Actor, ClockChange, Happened, Header, SubjectKind
from node.domain.order import record as o
from node.domain.order.issuing import URGING
from node.domain.order.record import SupervisionOrder
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.parts import need_evidence_here
from node.domain.ticket.state import With
from node.domain.ticket.supervision import Supervised
from node.domain.ticket.ticket import Ticket, clock_key

# How an order that followed a limit is settled once nobody owes that limit any more.
MET, MET_LATE, MOVED = "met", "met_late", "limit_moved"


@dataclass(frozen=True)
class ReceiveOrder(DossierCommand):
    """Confirm that the order came in (签收)."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.OFFICE, Role.NODE})
    is_side = True


@dataclass(frozen=True)
class ReadOrder(DossierCommand):
    """The unit opened the message (AS25-4.6.2, system form); the first time counts."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.OFFICE})
    is_side = True


@dataclass(frozen=True)
class AnswerOrder(DossierCommand):
    """Say what was done about it."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.OFFICE})
    is_side = True

    answer: Text
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeAnswer(DossierCommand):
    """Note that the node addressed answered."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.NODE})


@dataclass(frozen=True)
class ReturnAnswer(DossierCommand):
    """The answer will not do: the reply limit begins anew."""

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING

    reason: Text


@dataclass(frozen=True)
class CloseOrder(DossierCommand):
    """Close the order with its result."""

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING | URGING | {Role.STEWARD}

    result: str
    note: Text | None = None


@dataclass(frozen=True)
class SettleOrder(DossierCommand):
    """The limit that the order followed is met, or was moved; ``tickets`` are the order's."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.NODE})
    also = ("tickets",)

    tickets: tuple[str, ...]


@dataclass(frozen=True)
class LinkTicket(DossierCommand):
    """Link the tickets that the need of an order without one was registered as, later."""

    subject_kind = SubjectKind.ORDER
    roles = o.SUPERVISING | {Role.NODE}
    also = ("tickets",)

    tickets: tuple[str, ...]


@dataclass(frozen=True)
class RelayOrder(DossierCommand):
    """Pass an order from above on to the node below that it addresses: with what it takes to read it."""

    subject_kind = SubjectKind.ORDER
    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class OrderRelayed(DossierEvent):
    """A level between passed the order on to the node addressed, which can read it from now on."""

    is_side = True

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return order


@dataclass(frozen=True)
class OrderReceived(DossierEvent):
    """The unit, or the node addressed, confirmed the receipt."""

    is_side = True

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        state = o.RECEIVED if order.state == o.ISSUED else order.state
        return replace(order, state=state, received_at=order.received_at or head.recorded_at)


@dataclass(frozen=True)
class OrderRead(DossierEvent):
    """The unit opened the message for the first time."""

    is_side = True

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, read_at=order.read_at or head.recorded_at)


@dataclass(frozen=True)
class OrderAnswered(DossierEvent):
    """The unit, or the node addressed, said what was done. The issuer closes the order, or returns the answer."""

    is_side = True

    evidence: tuple[str, ...] = ()
    answer: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        if order.state not in o.IN_FORCE:
            return order
        received = order.received_at or head.recorded_at
        return replace(order, state=o.ANSWERED, received_at=received, answered_at=head.recorded_at, answer=self.answer)


@dataclass(frozen=True)
class AnswerTaken(DossierEvent):
    """The issuer's node noted the answer of the node addressed: the reply limit is met, its own closing limit runs."""

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return order


@dataclass(frozen=True)
class AnswerReturned(DossierEvent):
    """The answer will not do; the header's clock gives the new reply limit."""

    reason: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, state=o.RECEIVED)


@dataclass(frozen=True)
class OrderClosed(DossierEvent):
    """The order is closed; `outcome` is one of the pack's, or met, met_late or limit_moved where its limit settled it."""

    outcome: str
    note: Words | None = None

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, state=o.CLOSED, result=self.outcome, closed_at=head.recorded_at)


@dataclass(frozen=True)
class TicketLinked(DossierEvent):
    """The need was registered after all: `tickets` are what the order is about from now on, too."""

    tickets: tuple[str, ...]

    def apply(self, order: SupervisionOrder, head: Header) -> SupervisionOrder:
        return replace(order, tickets=tuple(dict.fromkeys((*order.tickets, *self.tickets))))


def relay(order: SupervisionOrder, command: RelayOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: an order of a higher level is relayed, and readable by the levels between."""
    if order.owner == policy.node or not policy.place.is_below(order.to_node):
        raise Refusal(Code.NOT_SUBORDINATE, node=order.to_node, superior=policy.node)
    return [Happened(order.subject, OrderRelayed(), addressee=order.to_node)]


def receive(order: SupervisionOrder, command: ReceiveOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1: by the unit addressed; a reminder asks for no more than this."""
    _need_addressed(order, facts, policy)
    if order.received_at is not None:
        return []
    _need_in_force(order)
    changes: tuple[ClockChange, ...] = ()
    if order.owner == policy.node and order.measure in policy.pack.names("supervision.receipt_suffices"):
        changes = stop_clock(order, "supervision_reply")
    return [Happened(order.subject, OrderReceived(), clocks=changes, addressee=_back(order, policy))]


def read(order: SupervisionOrder, command: ReadOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.2: the reading receipt."""
    _need_addressed(order, facts, policy)
    return [] if order.read_at is not None else [Happened(order.subject, OrderRead(), addressee=_back(order, policy))]


def answer(order: SupervisionOrder, command: AnswerOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1: by the unit addressed; then the issuer owes the closing."""
    _need_addressed(order, facts, policy)
    _need_in_force(order)
    need_field("answer", command.answer)
    need_evidence_here(command.evidence, facts)
    changes = _answered_clocks(order, policy, now) if order.owner == policy.node else ()
    event = OrderAnswered(command.evidence, command.answer)
    return [Happened(order.subject, event, clocks=changes, addressee=_back(order, policy))]


def take_answer(order: SupervisionOrder, command: TakeAnswer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A clock is its starter's: what was answered below stops it here (DESIGN 13)."""
    if order.state != o.ANSWERED or order.clock("supervision_reply") is None:
        return []
    return [Happened(order.subject, AnswerTaken(), clocks=_answered_clocks(order, policy, now))]


def return_answer(order: SupervisionOrder, command: ReturnAnswer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """The unit answers again."""
    if order.state != o.ANSWERED:
        raise Refusal(Code.NOTHING_PENDING, ticket=order.id, application="supervision_answer")
    need_field("reason", command.reason)
    reply = clocks.start(policy, now, "supervision_reply", order.to_node or order.unit)
    changes = (*stop_clock(order, "supervision_reply", "supervision_close"), reply)
    return [Happened(order.subject, AnswerReturned(command.reason), clocks=changes, addressee=order.to_node)]


def close(order: SupervisionOrder, command: CloseOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1, FJ25-5.12.3a: never without a result; by the side that opened it, or the office."""
    if order.state == o.CLOSED:
        return []
    _need_in_force(order)
    if facts.actor.role not in (order.issuer, Role.OFFICE.value):
        raise Refusal(Code.PERMISSION_DENIED, command="CloseOrder", role=facts.actor.role)
    need_field("result", command.result)
    need_value(policy, "supervision.results", command.result)
    return [Happened(order.subject, OrderClosed(command.result, command.note), clocks=stop_clock(order), addressee=order.to_node)]


def settle(order: SupervisionOrder, command: SettleOrder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1.2: the urge of a limit ends with the limit, whether it was met, missed and met late, or moved."""
    ticket = facts.others.get(next(iter(order.tickets), ""))
    if order.state not in o.OPEN or not order.follows or ticket is None:
        return []
    result = settled(order, ticket, policy.node)
    if not result:
        return []
    return [Happened(order.subject, OrderClosed(result), clocks=stop_clock(order))]


def settled(order: SupervisionOrder, ticket: Ticket, node: str) -> str:
    """What became of the limit that *order* follows: MET, MET_LATE, MOVED, or "" while it is still owed."""
    clock = ticket.clocks.get(clock_key(order.follows, node, ticket.custody.holder))
    if clock is None or clock.started_at != order.started_at:
        return MOVED
    if clock.stopped_at is not None:
        return MET if order.due_at is None or clock.stopped_at <= order.due_at else MET_LATE
    return MOVED if clock.due_at is not None and clock.due_at != order.due_at else ""


def link(order: SupervisionOrder, command: LinkTicket, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.6.1.1: when the unit later registers the need, the order is about that ticket."""
    need_field("tickets", command.tickets)
    new = tuple(one for one in command.tickets if one not in order.tickets)
    if not new:
        return []
    noted = [Happened(facts.others[one].subject, Supervised(order.id, order.measure, order.ground, order.unit)) for one in new]
    return [Happened(order.subject, TicketLinked(new)), *noted]


def _answered_clocks(order: SupervisionOrder, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """The reply is met.  The office owes the closing, unless the limit that the order follows will settle it."""
    stopped = stop_clock(order, "supervision_reply", "supervision_close")
    return stopped if order.follows else (*stopped, clocks.start(policy, now, "supervision_close", With.OFFICE))


def _back(order: SupervisionOrder, policy: Policy) -> str:
    return "" if order.owner == policy.node else order.owner


def is_addressed(order: SupervisionOrder, actor: Actor, node: str) -> bool:
    """True for the unit addressed; where *order* goes to another level, there, and for that node's office and itself (the receipt)."""
    if order.to_node in ("", node) and actor.unit == order.unit:
        return True
    return order.to_node == node and actor.role in (Role.OFFICE.value, Role.NODE.value)


def _need_addressed(order: SupervisionOrder, facts: Facts, policy: Policy) -> None:
    if not is_addressed(order, facts.actor, policy.node):
        raise Refusal(Code.PERMISSION_DENIED, ticket=order.id, unit=facts.actor.unit, wanted=order.to_node or order.unit)


def _need_in_force(order: SupervisionOrder) -> None:
    if order.state not in o.IN_FORCE:
        raise Refusal(Code.ORDER_NOT_IN_FORCE, order=order.id, state=order.state)


DECISIONS = {
    RelayOrder: relay,
    ReceiveOrder: receive,
    ReadOrder: read,
    AnswerOrder: answer,
    TakeAnswer: take_answer,
    ReturnAnswer: return_answer,
    CloseOrder: close,
    SettleOrder: settle,
    LinkTicket: link,
}
