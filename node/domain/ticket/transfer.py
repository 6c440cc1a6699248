"""
Transfer down (转办): a superior hands a ticket to a subordinate, with its own due date (AS25-2.4a, USERS B12).

The receiver signs or objects; the superior rules, finally, and the receiver's own reaction carries the ruling out.  What
is done below goes back up by ``custody.ReturnCustody``.
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
from node.domain.ticket.checks import need_field, need_state, need_value
from node.domain.ticket.core_class import confirmed_class, core_of, means_the_same
from node.domain.ticket.escalation import freeze, stop_answer
from node.domain.ticket.finding import granting, refusing
from node.domain.ticket.forming import ticket_number
from node.domain.ticket.hops import asked_hop, asking, gone_back, with_hop
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import last_day, local_day

OPEN_TO_TRANSFER = frozenset({State.REGISTERED, State.IN_JUDGEMENT, State.FORMED, State.HANDLING, State.REWORKING})


@dataclass(frozen=True)
class TransferDown(Command):
    """Hand a ticket to a node directly below; ``due_on`` is the last day on which the result counts as in time."""

    roles = frozenset({Role.OFFICE})

    to: str
    due_on: date
    note: Text | None = None


@dataclass(frozen=True)
class ReceiveTransfer(Command):
    """Take note of a transfer from above: the time to sign or object runs from here."""

    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class AcceptTransfer(Command):
    """
    Sign a transfer.  ``category`` and ``complexity`` are this level's; empty for the superior's own, where it means the same here.
    """

    roles = frozenset({Role.OFFICE})
    is_side = True
    needs = ("running_number",)

    category: str = ""
    complexity: str = ""


@dataclass(frozen=True)
class ObjectTransfer(Command):
    """Object to a transfer, within the limit to sign."""

    roles = frozenset({Role.OFFICE})
    is_side = True

    reason: Text


@dataclass(frozen=True)
class RuleTransfer(Command):
    """Rule on the receiver's objection, finally."""

    roles = frozenset({Role.OFFICE})
    is_side = True

    is_upheld: bool
    note: Text | None = None


@dataclass(frozen=True)
class CarryOutTransferRuling(Command):
    """Follow the superior's ruling: let the ticket go back, or take it."""

    roles = frozenset({Role.NODE})
    is_side = True
    needs = ("running_number",)


@dataclass(frozen=True)
class TransferRequested(TicketEvent):
    """
    转办: a superior hands a ticket down, due on `due_on` at the latest.

    The last line entry of its custody number: until the addressee answers with TransferAccepted or, after a ruling,
    TransferReturned, nobody handles the ticket.
    """

    asks = True

    due_on: date
    note: Words | None = None
    # What the superior's class stands for in every pack, as in EscalationRequested; nothing for what is not classed yet.
    core_class: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return asking(ticket, head, is_down=True, due=self.due_on, core_class=self.core_class)


@dataclass(frozen=True)
class TransferReceived(TicketEvent):
    """The addressee has the transfer `request` in hand: its limit to sign or object runs."""

    is_side = True

    request: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class TransferAccepted(TicketEvent):
    """
    The subordinate has the ticket: in its pool, under its pack, due by the stricter of the superior's date and its own limit.

    `category` is empty where it still has to be formed there. `is_ordered`: its objection was rejected.
    """

    opens = True

    category: str
    complexity: str
    number: str
    pack: str
    former_category: str = ""
    former_complexity: str = ""
    is_own_rework: bool = False
    is_ordered: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = with_hop(ticket, asked_hop(ticket), outcome="accepted", answered_at=head.recorded_at)
        ticket = replace(ticket, pack=self.pack, left=None)
        if self.is_own_rework:
            return replace(ticket, state=State.REWORKING, with_whom=With.DEPARTMENT)
        ticket = replace(ticket, dispatch=None, co_handlers=(), with_whom=With.OFFICE)
        if not self.category:
            return replace(ticket, state=State.REGISTERED)
        return replace(
            ticket,
            state=State.FORMED,
            number=ticket.number or self.number,
            classing=r.Classing(self.category, self.complexity),
            rounds=ticket.rounds or (r.Round(1, "first", head.recorded_at),),
        )


@dataclass(frozen=True)
class TransferObjected(TicketEvent):
    """The subordinate holds that the transfer is not its matter; the superior rules, finally. It stays frozen until then."""

    is_side = True
    asks = True

    request: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return with_hop(ticket, _hop(ticket, self.request), objection=head.id)


@dataclass(frozen=True)
class TransferRuled(TicketEvent):
    """
    The superior's final ruling on an objection to the transfer `request`. The receiver's node carries it out by itself: upheld, by
    TransferReturned; rejected, by TransferAccepted.
    """

    is_side = True
    asks = True

    request: str
    is_upheld: bool
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return with_hop(ticket, _hop(ticket, self.request), ruling=head.id, is_upheld=self.is_upheld)


@dataclass(frozen=True)
class TransferReturned(TicketEvent):
    """The transfer went back to the superior, as it ruled: the ticket resumes the state it left there."""

    opens = True

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return gone_back(ticket, asked_hop(ticket), head, "returned")


def _hop(ticket: Ticket, request: str) -> r.Escalation | None:
    return next((hop for hop in ticket.escalations if hop.ask == request), None)


def transfer_down(ticket: Ticket, command: TransferDown, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-2.4a: to a node directly below, with a due date; between two counties it goes through their common superior."""
    need_state(ticket, OPEN_TO_TRANSFER)
    if command.to not in policy.place.subordinates:
        raise Refusal(Code.NOT_SUBORDINATE, node=command.to, superior=policy.node)
    if command.due_on < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, field="due_on", earliest=local_day(now).isoformat())
    event = TransferRequested(command.due_on, command.note, core_of(policy.pack, ticket.classing.category))
    return [Happened(ticket.subject, event, clocks=freeze(ticket, policy, now), addressee=command.to)]


def receive(ticket: Ticket, command: ReceiveTransfer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B12: signed or objected to within the limit to sign."""
    hop = _asked_here(ticket, policy)
    running = ticket.clock("transfer_answer", policy.node)
    if running is not None and running.started_at >= hop.asked_at:
        return []
    limit = policy.pack.limit("transfer_answer", "sign")
    changes = (clocks.start(policy, now, "transfer_answer", With.OFFICE, limit=limit),)
    return [Happened(ticket.subject, TransferReceived(hop.ask), clocks=changes, addressee=hop.from_node)]


def accept(ticket: Ticket, command: AcceptTransfer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-2.4a, POLICY_PACKS 2 no. 22: into this level's pool; the stricter limit holds."""
    hop = _asked_here(ticket, policy)
    if hop.ruling and hop.is_upheld:
        raise Refusal(Code.RULED_BEFORE, ticket=ticket.id, ruling="upheld")
    category = confirmed_class(ticket, hop, command.category, policy)
    complexity = command.complexity or ticket.classing.complexity or "plain"
    need_field("category", category)
    need_value(policy, "classes", category)
    need_value(policy, f"complexities.{category}", complexity)
    pending = [refusing(ticket, ask, Code.RULED_BEFORE.name) for ask in ticket.open_asks("TransferObjected")]
    return [_accepted(ticket, hop, category, complexity, facts, policy, now), *pending, *_ruled(ticket)]


def _accepted(ticket: Ticket, hop: r.Escalation, category: str, complexity: str, facts: Facts, policy: Policy, now: datetime) -> Happened:
    is_own_rework = hop.left.state is State.REWORKING and ticket.lead != "" and ticket.lead in facts.units
    event = TransferAccepted(
        category=category,
        complexity=complexity if category else "",
        number=ticket_number(ticket, policy, now, category=category, facts=facts) if category and policy.pack.find("number.form") else "",
        pack=policy.pack.name,
        former_category=ticket.classing.category,
        former_complexity=ticket.classing.complexity,
        is_own_rework=is_own_rework,
        is_ordered=hop.ruling != "",
    )
    owes = ticket.lead if is_own_rework else With.OFFICE
    if category:
        running = clocks.start(
            policy,
            now,
            "resolve",
            owes,
            limit=clocks.stricter(clocks.resolve_limit(ticket, policy, category, complexity), hop.due, policy, now),
        )
    else:
        running = clocks.start(policy, now, "form", owes)
    changes = (*stop_answer(ticket, policy), running)
    return Happened(ticket.subject, event, clocks=changes, addressee=hop.from_node, answers=hop.ask, holder=policy.node)


def object_to(ticket: Ticket, command: ObjectTransfer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B12: within the limit to sign; once."""
    hop = _asked_here(ticket, policy)
    if hop.ruling:
        raise Refusal(Code.RULED_BEFORE, ticket=ticket.id, ruling="upheld" if hop.is_upheld else "rejected")
    need_field("reason", command.reason)
    if hop.objection:
        return []
    running = ticket.clock("transfer_answer", policy.node)
    if running is not None and running.due_at is not None and now > running.due_at:
        raise Refusal(Code.DEADLINE_PASSED, ticket=ticket.id, due=last_day(running.due_at))
    return [
        Happened(ticket.subject, TransferObjected(hop.ask, command.reason), clocks=stop_answer(ticket, policy), addressee=hop.from_node)
    ]


def rule(ticket: Ticket, command: RuleTransfer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS B12: the ruling is the superior's, and final; the receiver's own entry carries it out (DESIGN 13)."""
    hop = asked_hop(ticket)
    if ticket.custody.holder != policy.node:
        raise Refusal(Code.NOT_HOLDER, ticket=ticket.id, holder=ticket.custody.holder, number=ticket.custody.number)
    if hop is None or not hop.is_down or not hop.objection:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="objection")
    if hop.ruling:
        return []
    return [Happened(ticket.subject, TransferRuled(hop.ask, command.is_upheld, command.note), addressee=hop.to_node, answers=hop.objection)]


def carry_out(ticket: Ticket, command: CarryOutTransferRuling, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 13: a superior's ruling on an objection is answered at once, by rule."""
    hop = _asked_here(ticket, policy)
    if not hop.ruling:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="ruling")
    if hop.is_upheld:
        changes = stop_answer(ticket, policy)
        opener = Happened(
            ticket.subject, TransferReturned(), clocks=changes, addressee=hop.from_node, answers=hop.ask, holder=hop.from_node
        )
        return [opener, *_ruled(ticket)]
    # The superior's class where this pack knows it; else the office still has to form the ticket.
    category = ticket.classing.category
    is_known = category in policy.pack.names("classes") and means_the_same(policy.pack, category, hop.core_class)
    accepted = _accepted(ticket, hop, category if is_known else "", ticket.classing.complexity or "plain", facts, policy, now)
    return [accepted, *_ruled(ticket)]


def _ruled(ticket: Ticket) -> list[Happened]:
    """The ruling was followed."""
    return [granting(ticket, ask) for ask in ticket.open_asks("TransferRuled")]


def _asked_here(ticket: Ticket, policy: Policy) -> r.Escalation:
    """The transfer that this node has to answer."""
    hop = asked_hop(ticket)
    if hop is None or not hop.is_down or ticket.custody.asked != policy.node:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node)
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
    return hop


DECISIONS = {
    TransferDown: transfer_down,
    ReceiveTransfer: receive,
    AcceptTransfer: accept,
    ObjectTransfer: object_to,
    RuleTransfer: rule,
    CarryOutTransferRuling: carry_out,
}
