"""
Escalation (提级办理): what exceeds this level's authority is put to the level above (FEDERATION 2.5).

``EscalationRequested`` freezes the ticket at once.  Then only the superior moves it: accepted, it is the superior's own;
returned or withdrawn, it goes back to the state it left.  Deciding above and the ways back stand in ``custody``.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.admission import OF_THE_REQUEST, AdmissionStandard, Put, need_admission, need_codes, need_recorded_consultation
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.core_class import confirmed_class, core_of
from node.domain.ticket.finding import granting, refusing
from node.domain.ticket.forming import ticket_number
from node.domain.ticket.hops import asked_hop, asking, ended_hop, gone_back, with_hop
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import Limit

# DESIGN 5: any open state that is held here and in which nobody else is asked already.
OPEN_TO_ESCALATION = frozenset({State.REGISTERED, State.IN_JUDGEMENT, State.FORMED, State.DISPATCHED, State.HANDLING, State.REWORKING})


@dataclass(frozen=True)
class RequestEscalation(Command):
    """
    Put a ticket to the level above.

    ``power_item`` is the item of the superior's published power list; ``tried`` are codes of what was tried here, in order;
    ``materials`` are digests of attachments (SHA-256, hex) that the superior's admission standard asks for, ``material_kinds``
    what they are.  A pack may let a department push what it leads by itself (XS25-4.3.3c).
    """

    roles = frozenset({Role.OFFICE})
    needs = ("admission_standard",)

    power_item: str
    reason: Text
    tried: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    legal_basis: Text | None = None
    opinion: Text | None = None
    material_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReceiveEscalation(Command):
    """Take note of a request from below: the time to answer runs from here."""

    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class AcceptEscalation(Command):
    """
    Take the ticket over.  ``category`` and ``complexity`` are this level's; empty for the asker's own, where it means the same here.
    """

    roles = frozenset({Role.OFFICE})
    is_side = True
    needs = ("own_admission_standard", "running_number")

    category: str = ""
    complexity: str = ""
    note: Text | None = None


@dataclass(frozen=True)
class ReturnEscalation(Command):
    """Give the ticket back to who asked: why, as a code and in words."""

    roles = frozenset({Role.OFFICE})
    is_side = True

    reason_code: str
    reason: Text


@dataclass(frozen=True)
class RequestWithdrawalOfEscalation(Command):
    """Ask for the ticket back before the superior has answered."""

    roles = frozenset({Role.OFFICE})
    is_side = True

    reason: Text


@dataclass(frozen=True)
class WithdrawEscalation(Command):
    """Let go a ticket that the lower level asked back in time."""

    roles = frozenset({Role.NODE, Role.OFFICE})
    is_side = True


@dataclass(frozen=True)
class EscalationRequested(TicketEvent):
    """
    提级办理: a node asks the level above to take what exceeds its own authority.

    A request, not an order, and the last line entry of its custody number: until the superior answers with
    EscalationAccepted, EscalationReturned or EscalationWithdrawn nobody handles the ticket. The clocks of the asker stand.
    """

    asks = True

    power_item: str
    tried: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    reason: Words | None = None
    legal_basis: Words | None = None
    opinion: Words | None = None
    # What the asker's class stands for in every pack: "consultation", "coordination", "suggestion", "complaint", or nothing.
    core_class: str = ""
    # The letter in which the superior published the admission standard that was checked; what kinds of evidence there are.
    standard: str = ""
    material_kinds: tuple[str, ...] = ()
    # The request that this one follows, which the level above both ends took back by its authority.
    replaces: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        asked = asking(ticket, head, power_item=self.power_item, core_class=self.core_class)
        filled = tuple(name for name in OF_THE_REQUEST if getattr(self, name))
        return with_hop(asked, asked_hop(asked), filled=filled, material_kinds=self.material_kinds)


@dataclass(frozen=True)
class EscalationReceived(TicketEvent):
    """The level above has the request `request` in hand: its limit to answer runs, and everybody below sees it."""

    is_side = True

    request: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class EscalationAccepted(TicketEvent):
    """
    The level above took the ticket over: it is in its ledger, under its clocks and under the pack named here.

    It may dispatch it to a department of its own or decide itself. The former class stands beside the new one. The asker's
    clocks stand until custody returns.
    """

    opens = True

    category: str
    complexity: str
    number: str
    pack: str
    former_category: str = ""
    former_complexity: str = ""
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = with_hop(ticket, asked_hop(ticket), outcome="accepted", answered_at=head.recorded_at)
        return replace(
            ticket,
            state=State.FORMED,
            with_whom=With.OFFICE,
            number=ticket.number or self.number,
            pack=self.pack,
            classing=r.Classing(self.category, self.complexity),
            dispatch=None,
            co_handlers=(),
            left=None,
            rounds=ticket.rounds or (r.Round(1, "first", head.recorded_at),),
        )


@dataclass(frozen=True)
class EscalationReturned(TicketEvent):
    """
    The level above gave the ticket back, with a reason: it resumes the state it left, with the time that was left.

    `is_repeated` marks the same reason for the same ticket again: the next level's list shows it.
    """

    opens = True

    reason_code: str
    is_repeated: bool = False
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return gone_back(ticket, asked_hop(ticket), head, "returned", return_reason=self.reason_code)


@dataclass(frozen=True)
class EscalationWithdrawalRequested(TicketEvent):
    """The lower level asks for its ticket back. The superior's journal is the arbiter: withdrawn, or too late."""

    is_side = True
    asks = True

    request: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        hop = next((hop for hop in ticket.escalations if hop.ask == self.request), None)
        return with_hop(ticket, hop, withdrawal_asked=True)


@dataclass(frozen=True)
class EscalationWithdrawn(TicketEvent):
    """The level above let go a ticket that was asked back in time: it resumes the state it left."""

    opens = True

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return gone_back(ticket, asked_hop(ticket), head, "withdrawn")


def request(ticket: Ticket, command: RequestEscalation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.3c, 4.4.5c, 3.2.1d: through the office only; frozen from here, every clock of this node stands."""
    need_state(ticket, OPEN_TO_ESCALATION)
    if facts.is_role(Role.DEPARTMENT):
        need_own_unit(ticket, facts, ticket.lead)
    # AS25-4.4.5c: only what exceeds this level's authority goes up.
    if ticket.intake.matter and ticket.intake.matter in policy.pack.names("authority.matters"):
        raise Refusal(Code.WITHIN_AUTHORITY, ticket=ticket.id, node=policy.node, matter=ticket.intake.matter)
    if policy.superior is None:
        raise Refusal(Code.NO_SUPERIOR, node=policy.node)
    need_field("power_item", command.power_item)
    need_value(policy, "escalation.power_items", command.power_item)
    need_field("reason", command.reason)
    for code in command.tried:
        need_value(policy, "escalation.tried", code)
    if policy.pack.flag("escalation.materials_required"):
        need_field("materials", command.materials)
    need_codes("material_kinds", command.material_kinds)
    need_recorded_consultation(ticket, policy)
    core = core_of(policy.pack, ticket.classing.category)
    standard: AdmissionStandard | None = facts.given.get("admission_standard")
    filled = frozenset(name for name in OF_THE_REQUEST if getattr(command, name))
    need_admission(standard, ticket, Put(command.power_item, core, filled, command.material_kinds))
    event = EscalationRequested(
        power_item=command.power_item,
        tried=command.tried,
        materials=command.materials,
        reason=command.reason,
        legal_basis=command.legal_basis,
        opinion=command.opinion,
        core_class=core,
        standard=standard.id if standard is not None else "",
        material_kinds=command.material_kinds,
        replaces=_taken_back(ticket, policy.node),
    )
    return [Happened(ticket.subject, event, clocks=freeze(ticket, policy, now), addressee=policy.superior)]


def _taken_back(ticket: Ticket, node: str) -> str:
    """FEDERATION 2.5: what an authority took back is asked anew as what replaces it."""
    hop = ended_hop(ticket, node)
    return hop.ask if hop is not None and hop.outcome == "overridden" else ""


def receive(ticket: Ticket, command: ReceiveEscalation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 3: the superior has a limit, too (2 working days by default); it never answers by silence."""
    hop = _asked_here(ticket, policy)
    running = ticket.clock("escalation_answer", policy.node)
    if running is not None and running.started_at >= hop.asked_at:
        return []
    changes = (clocks.start(policy, now, "escalation_answer", With.OFFICE),)
    return [Happened(ticket.subject, EscalationReceived(hop.ask), clocks=changes, addressee=hop.from_node)]


def accept(ticket: Ticket, command: AcceptEscalation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: the sole handler from here; classed anew, the limit of this level's pack, else the asker's class limit anew."""
    hop = _asked_here(ticket, policy)
    standard: AdmissionStandard | None = facts.given.get("own_admission_standard")
    # XS25-4.3.3c: checked once more, and returned if it is not met; what was published after the request binds nobody.
    if standard is not None and standard.published_at <= hop.asked_at:
        need_admission(standard, ticket, Put(hop.power_item, hop.core_class, frozenset(hop.filled), hop.material_kinds))
    category = confirmed_class(ticket, hop, command.category, policy)
    complexity = command.complexity or ticket.classing.complexity or "plain"
    need_field("category", category)
    need_value(policy, "classes", category)
    need_value(policy, f"complexities.{category}", complexity)
    event = EscalationAccepted(
        category=category,
        complexity=complexity,
        number=ticket_number(ticket, policy, now, category=category, facts=facts) if policy.pack.find("number.form") else "",
        pack=policy.pack.name,
        former_category=ticket.classing.category,
        former_complexity=ticket.classing.complexity,
        note=command.note,
    )
    resolve = clocks.start(policy, now, "resolve", With.OFFICE, limit=_limit(ticket, policy, category, complexity))
    opener = Happened(
        ticket.subject, event, clocks=(*stop_answer(ticket, policy), resolve), addressee=hop.from_node, answers=hop.ask, holder=policy.node
    )
    return [opener, *_too_late(ticket)]


def _limit(ticket: Ticket, policy: Policy, category: str, complexity: str) -> Limit:
    """A pack that is silent about the class leaves the asker's limit, counted anew from the acceptance (DESIGN 6)."""
    former = ticket.clock("resolve")
    if former is None or policy.pack.find(
        f"limit.resolve.{category}.{complexity}", f"limit.resolve.{category}", f"limit.resolve.any.{complexity}"
    ):
        return clocks.resolve_limit(ticket, policy, category, complexity)
    return former.limit


def give_back(ticket: Ticket, command: ReturnEscalation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.3c: never without a reason; the origin resumes with the time that was left (AS25-4.4.5c)."""
    hop = _asked_here(ticket, policy)
    need_field("reason_code", command.reason_code)
    need_value(policy, "escalation.return_reasons", command.reason_code)
    need_field("reason", command.reason)
    is_repeated = any(one.return_reason == command.reason_code and one.from_node == hop.from_node for one in ticket.escalations)
    event = EscalationReturned(command.reason_code, is_repeated, command.reason)
    opener = Happened(
        ticket.subject, event, clocks=stop_answer(ticket, policy), addressee=hop.from_node, answers=hop.ask, holder=hop.from_node
    )
    return [opener, *_too_late(ticket)]


def request_withdrawal(
    ticket: Ticket, command: RequestWithdrawalOfEscalation, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """FEDERATION 2.5: the asker may ask, not take; until the answer the ticket stays frozen."""
    hop = asked_hop(ticket)
    if ticket.custody.holder != policy.node:
        raise Refusal(Code.NOT_HOLDER, ticket=ticket.id, holder=ticket.custody.holder, number=ticket.custody.number)
    if hop is None or hop.is_down:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="escalation")
    need_field("reason", command.reason)
    if hop.withdrawal_asked:
        return []
    return [Happened(ticket.subject, EscalationWithdrawalRequested(hop.ask, command.reason), addressee=hop.to_node)]


def withdraw(ticket: Ticket, command: WithdrawEscalation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FEDERATION 2.5: exactly one of accepted, returned and withdrawn is journaled here, and the asker follows it."""
    hop = _asked_here(ticket, policy)
    asks = ticket.open_asks("EscalationWithdrawalRequested")
    if not asks:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="withdrawal")
    changes = stop_answer(ticket, policy)
    opener = Happened(ticket.subject, EscalationWithdrawn(), clocks=changes, addressee=hop.from_node, answers=hop.ask, holder=hop.from_node)
    return [opener, *(granting(ticket, ask) for ask in asks)]


def _asked_here(ticket: Ticket, policy: Policy) -> r.Escalation:
    """The request that this node has to answer."""
    hop = asked_hop(ticket)
    if hop is None or hop.is_down or ticket.custody.asked != policy.node:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node)
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
    return hop


def _too_late(ticket: Ticket) -> list[Happened]:
    """The answers to requests for withdrawal that the decision overtook."""
    return [refusing(ticket, ask, Code.NOT_ASKED.name) for ask in ticket.open_asks("EscalationWithdrawalRequested")]


def freeze(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """
    Every running clock of this node stands while another level is asked (POLICY_PACKS 2 no. 3).

    What still stands because of an earlier request, and would have gone on since its return, stands anew from now.
    """
    changes: list[ClockChange] = []
    ended = {hop.asked_at: hop.ended_at for hop in ticket.escalations if hop.from_node == policy.node and hop.ended_at is not None}
    for clock in ticket.clocks_of(policy.node):
        if clock.is_paused and clock.pauses[-1].begin in ended:
            changes.append(clocks.resume(clock, policy, now, since=ended[clock.pauses[-1].begin]))
        elif not clock.is_running:
            continue
        changes.append(clocks.pause(clock))
    return tuple(changes)


def stop_answer(ticket: Ticket, policy: Policy) -> tuple[ClockChange, ...]:
    """The limit to answer, if its own reaction has started it yet."""
    running = [ticket.clock(name, policy.node) for name in ("escalation_answer", "transfer_answer")]
    return tuple(clocks.stop(clock.name) for clock in running if clock is not None)


DECISIONS = {
    RequestEscalation: request,
    ReceiveEscalation: receive,
    AcceptEscalation: accept,
    ReturnEscalation: give_back,
    RequestWithdrawalOfEscalation: request_withdrawal,
    WithdrawEscalation: withdraw,
}
