"""
An opinion asked (征求意见): the holder asks a unit for its written opinion and keeps the ticket (USERS part 2 (b)).

The unit may be one of this node or of another: then the question goes to that node by its addressee, where the node's own
reaction starts the limit, and the answer comes back as a side entry.  A question that is not needed any more is withdrawn.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import handling_record as h
from node.domain.ticket.checks import need_field, need_unit
from node.domain.ticket.parts import need_involved
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class AskOpinion(Command):
    """Ask ``unit`` for its written opinion; one of another node is named by its whole code."""

    roles = frozenset({Role.DEPARTMENT, Role.OFFICE, Role.STEWARD})

    unit: str
    question: Text


@dataclass(frozen=True)
class ReceiveOpinionRequest(Command):
    """The node of the unit that was asked has the question ``ask`` in hand: its limit runs."""

    roles = frozenset({Role.NODE})
    is_side = True

    ask: str


@dataclass(frozen=True)
class FileOpinion(Command):
    """The unit that was asked gives its opinion.  ``ask`` is the question's entry id; of several the oldest, if it is empty."""

    roles = frozenset({Role.DEPARTMENT, Role.OFFICE, Role.STEWARD})
    is_side = True

    opinion: Text
    ask: str = ""


@dataclass(frozen=True)
class WithdrawOpinionRequest(Command):
    """The question to ``unit`` is not needed any more."""

    roles = frozenset({Role.DEPARTMENT, Role.OFFICE, Role.STEWARD})

    unit: str
    reason: Text | None = None


@dataclass(frozen=True)
class ReleaseOpinionRequest(Command):
    """The node of the unit that was asked lets its limit end: the question ``ask`` was withdrawn."""

    roles = frozenset({Role.NODE})
    is_side = True

    ask: str


@dataclass(frozen=True)
class OpinionAsked(TicketEvent):
    """
    The holder asks `unit` for a written opinion. Custody, state and clocks of the ticket stay as they are.

    A unit of another node is asked through that node, the addressee, which answers with OpinionFiled.
    """

    asks = True

    unit: str
    question: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        asked = h.OpinionRequest(head.id, self.unit, head.addressee or head.node, head.recorded_at)
        return replace(ticket, opinions=(*ticket.opinions, asked))


@dataclass(frozen=True)
class OpinionRequestReceived(TicketEvent):
    """The node of the unit that was asked has the question `request` in hand; its limit runs there."""

    is_side = True

    request: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class OpinionFiled(TicketEvent):
    """`unit` gave its written opinion on the question `request`."""

    is_side = True

    request: str
    unit: str
    opinion: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with(ticket, self.request, opinion=head.id, answered_at=head.recorded_at)


@dataclass(frozen=True)
class OpinionRequestWithdrawn(TicketEvent):
    """The question `request` to `unit` is not needed any more; what is filed on it later stays in the file."""

    request: str
    unit: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with(ticket, self.request, is_withdrawn=True)


@dataclass(frozen=True)
class OpinionRequestReleased(TicketEvent):
    """The node that was asked took note that the question `request` was withdrawn: its limit ended."""

    is_side = True

    request: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def ask_opinion(ticket: Ticket, command: AskOpinion, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS part 2 (b): while it is open; a department asks for a ticket that it has a part in, one question a unit at a time."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    if facts.is_role(Role.DEPARTMENT):
        need_involved(ticket, facts)
    need_field("unit", command.unit)
    need_field("question", command.question)
    if command.unit == facts.actor.unit:
        raise Refusal(Code.MALFORMED_COMMAND, field="unit")
    node = node_of(command.unit, policy)
    if node == policy.node:
        need_unit(facts, command.unit)
    if any(one.unit == command.unit for one in open_questions(ticket)):
        return []
    event = OpinionAsked(command.unit, command.question)
    if node != policy.node:
        return [Happened(ticket.subject, event, addressee=node)]
    return [Happened(ticket.subject, event, clocks=(clocks.start(policy, now, "opinion", command.unit, key=command.unit),))]


def receive(ticket: Ticket, command: ReceiveOpinionRequest, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """The asked side has a limit of its own, as long as a co-handler's."""
    asked = _asked_here(ticket, command.ask, policy)
    need_unit(facts, asked.unit)
    if ticket.clock(f"opinion/{asked.unit}", policy.node) is not None or not asked.is_open:
        return []
    started = clocks.start(policy, now, "opinion", asked.unit, key=asked.unit)
    return [Happened(ticket.subject, OpinionRequestReceived(asked.ask), clocks=(started,), addressee=ticket.custody.holder)]


def file_opinion(ticket: Ticket, command: FileOpinion, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """By the unit that was asked and nobody else; at its own node, wherever custody is."""
    own = [one for one in ticket.opinions if one.unit == facts.actor.unit and command.ask in ("", one.ask)]
    if not own:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, ask=command.ask)
    asked = next((one for one in own if one.is_open), None)
    if asked is None:
        return []
    need_field("opinion", command.opinion)
    stopped = _stopped(ticket, asked, policy)
    event = OpinionFiled(asked.ask, asked.unit, command.opinion)
    addressee = ticket.custody.holder if ticket.custody.holder != policy.node else ""
    return [Happened(ticket.subject, event, clocks=stopped, addressee=addressee, answers=asked.ask)]


def withdraw(ticket: Ticket, command: WithdrawOpinionRequest, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """The holder's word that it goes on without."""
    if facts.is_role(Role.DEPARTMENT):
        need_involved(ticket, facts)
    asked = next((one for one in open_questions(ticket) if one.unit == command.unit), None)
    if asked is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="opinion")
    return [withdrawn(ticket, asked, command.reason)]


def release(ticket: Ticket, command: ReleaseOpinionRequest, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A limit that nobody needs any more ends where it runs."""
    asked = _asked_here(ticket, command.ask, policy)
    stopped = _stopped(ticket, asked, policy)
    if not stopped or not asked.is_withdrawn:
        return []
    return [Happened(ticket.subject, OpinionRequestReleased(asked.ask), clocks=stopped, addressee=ticket.custody.holder)]


def withdrawn(ticket: Ticket, asked: h.OpinionRequest, reason: Text | None = None) -> Happened:
    """How a question ends without an answer: the limit at this node stops, another node is told."""
    is_here = asked.node == ticket.custody.holder
    stopped = clocks.stop_if_on(ticket, "opinion") if is_here else ()
    own = tuple(change for change in stopped if change.clock == f"opinion/{asked.unit}")
    event = OpinionRequestWithdrawn(asked.ask, asked.unit, reason)
    return Happened(ticket.subject, event, clocks=own, addressee="" if is_here else asked.node, answers=asked.ask)


def open_questions(ticket: Ticket) -> list[h.OpinionRequest]:
    """What was asked and is still waited for; a node that has no such unit has answered that it was not its to answer."""
    return [one for one in ticket.opinions if one.is_open and not ticket.asks[one.ask].is_answered]


def node_of(unit: str, policy: Policy) -> str:
    """
    The node whose unit that is: the one with the longest code in front of it.

    Raises:
        Refusal: UNIT_UNKNOWN, if this node knows none.
    """
    known = {policy.node, *policy.place.line, *policy.place.superiors}
    found = max((node for node in known if node and unit.startswith(f"{node}-")), key=len, default="")
    if not found or len(unit) == len(found) + 1:
        raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    return found


def _asked_here(ticket: Ticket, ask: str, policy: Policy) -> h.OpinionRequest:
    asked = next((one for one in ticket.opinions if one.ask == ask), None)
    if asked is None or asked.node != policy.node:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, ask=ask)
    return asked


def _stopped(ticket: Ticket, asked: h.OpinionRequest, policy: Policy) -> tuple[ClockChange, ...]:
    clock = ticket.clock(f"opinion/{asked.unit}", policy.node)
    return (clocks.stop(clock.name),) if clock is not None else ()


def _with(ticket: Ticket, ask: str, **changes: Any) -> Ticket:
    after = tuple(replace(one, **changes) if one.ask == ask else one for one in ticket.opinions)
    return replace(ticket, opinions=after)


DECISIONS = {
    AskOpinion: ask_opinion,
    ReceiveOpinionRequest: receive,
    FileOpinion: file_opinion,
    WithdrawOpinionRequest: withdraw,
    ReleaseOpinionRequest: release,
}
