"""Extension (延期): the lead promises a date, the office decides (AS25-4.4.2).  Until then the old deadline stands."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.parts import need_not_handler, round_of, with_round
from node.domain.ticket.state import IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import last_day


@dataclass(frozen=True)
class RequestExtension(Command):
    """Ask for time until the end of ``promised``; ``ground`` is a code of the pack, ``reason`` says it in words."""

    roles = frozenset({Role.DEPARTMENT})

    promised: date
    ground: str
    reason: Text


@dataclass(frozen=True)
class DecideExtension(Command):
    """Grant or refuse the extension that is asked for; a refusal needs a reason."""

    roles = frozenset({Role.OFFICE})

    is_granted: bool
    reason: Text | None = None


@dataclass(frozen=True)
class ExtensionRequested(TicketEvent):
    """The lead department asks its office for time until the end of `promised`. The deadline stands until the office answers."""

    asks = True

    promised: date
    ground: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, extension=r.Application(head.id, head.actor.unit, head.recorded_at, self.ground, self.promised))


@dataclass(frozen=True)
class ExtensionGranted(TicketEvent):
    """The office granted it: the header moves the resolve clock to the end of `promised`, which the enterprise sees."""

    promised: date
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        granted = round_of(ticket, head.recorded_at).extensions + 1
        return replace(ticket, extension=None, rounds=with_round(ticket, head, extensions=granted, promised=self.promised))


@dataclass(frozen=True)
class ExtensionRefused(TicketEvent):
    """The office refused it: the deadline stays as it was."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, extension=None)


def request(ticket: Ticket, command: RequestExtension, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.2a: before the deadline, with a ground; AS25-4.4.2b: with a date after it, which is a promise."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("ground", command.ground)
    need_value(policy, "extension.grounds", command.ground)
    need_field("reason", command.reason)
    need_field("promised", command.promised)
    if ticket.extension is not None:
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="extension")
    clock = ticket.clock("resolve")
    if clock is None or clock.due_at is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="resolve")
    if now > clock.due_at:
        raise Refusal(Code.DEADLINE_PASSED, ticket=ticket.id, due=last_day(clock.due_at))
    if command.promised <= last_day(clock.due_at):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=command.promised, earliest=last_day(clock.due_at))
    # POLICY_PACKS 2 no. 14: no cap unless the pack sets one; 0 is no cap.
    cap = policy.pack.number("extension.max_count")
    if cap and round_of(ticket, now).extensions >= cap:
        raise Refusal(Code.EXTENSIONS_USED, ticket=ticket.id, count=cap)
    event = ExtensionRequested(command.promised, command.ground, command.reason)
    return [Happened(ticket.subject, event, clocks=(clocks.start(policy, now, "extension_decision", With.OFFICE),))]


def decide_extension(ticket: Ticket, command: DecideExtension, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.2a: the office decides, no handler its own request; granted late it still heals (POLICY_PACKS 2 no. 14)."""
    need_state(ticket, IN_HAND | {State.SUPPLEMENTING})
    asked = ticket.extension
    if asked is None or asked.promised is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="extension")
    need_not_handler(ticket, facts)
    decided = clocks.stop_if_on(ticket, "extension_decision")
    if not command.is_granted:
        need_field("reason", command.reason)
        return [Happened(ticket.subject, ExtensionRefused(command.reason), clocks=decided, answers=asked.ask)]
    event = ExtensionGranted(asked.promised, command.reason)
    clock = ticket.clock("resolve")
    moved = (_moved(clock, asked.promised, policy),) if clock is not None else ()
    return [Happened(ticket.subject, event, clocks=(*decided, *moved), answers=asked.ask)]


def _moved(clock: r.Clock, promised: date, policy: Policy) -> ClockChange:
    """A clock that stands gets the longer limit and goes on standing: the pause comes on top of the promise when it ends."""
    if not clock.is_paused:
        return clocks.move_to(clock, promised, policy)
    ended = tuple(pause for pause in clock.pauses if pause.end is not None)
    return replace(clocks.move_to(replace(clock, pauses=ended), promised, policy), due_at=None)


DECISIONS = {RequestExtension: request, DecideExtension: decide_extension}
