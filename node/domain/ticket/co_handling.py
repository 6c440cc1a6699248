"""
Co-handling (协办): what other departments do for the lead (AS25-4.4.3).

Under some packs a department that is asked confirms its part or refuses it; under others (``co_handling.binding``) it has its
part by being named.  Either way only the lead answers the appellant, with everybody's contributions in its one reply.
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
from node.domain.ticket.assignment import need_received, received
from node.domain.ticket.checks import need_field, need_joint, need_own_unit, need_state, need_unit
from node.domain.ticket.parts import co_handler
from node.domain.ticket.state import IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

# A co-handler named in the dispatch may answer before the lead has signed.
BEFORE_COMPLETION = IN_HAND | {State.DISPATCHED}


@dataclass(frozen=True)
class AddCoHandler(Command):
    """The lead asks another department to take a part; ``task`` says which."""

    roles = frozenset({Role.DEPARTMENT})

    unit: str
    task: Text


@dataclass(frozen=True)
class ConfirmCoHandling(Command):
    """The department that was asked takes its part; ``person`` of the unit answers for it."""

    roles = frozenset({Role.DEPARTMENT})
    needs = ("accounts", "receipt_number")

    person: str = ""


@dataclass(frozen=True)
class RefuseCoHandling(Command):
    """The department that was asked does not take its part, and says why; the office rules."""

    roles = frozenset({Role.DEPARTMENT})

    reason: Text


@dataclass(frozen=True)
class RuleCoHandling(Command):
    """The office rules on a refusal: the department must take its part, or is released."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    unit: str
    must_take: bool
    reason: Text


@dataclass(frozen=True)
class FileContribution(Command):
    """A co-handler files what it did, to the lead."""

    roles = frozenset({Role.DEPARTMENT})

    report: Text


@dataclass(frozen=True)
class CoHandlerAdded(TicketEvent):
    """The lead department asked another one for a part; that one must confirm or refuse."""

    unit: str
    task: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        others = tuple(part for part in ticket.co_handlers if part.unit != self.unit)
        return replace(ticket, co_handlers=(*others, r.CoHandler(self.unit, "asked")))


@dataclass(frozen=True)
class CoHandlingConfirmed(TicketEvent):
    """A co-handler took its part: the ticket cannot be completed before it has filed its contribution."""

    unit: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_part(ticket, self.unit, state="confirmed")


@dataclass(frozen=True)
class CoHandlingRefused(TicketEvent):
    """A department refused its part; the office must rule."""

    asks = True

    unit: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_part(ticket, self.unit, state="refused")


@dataclass(frozen=True)
class CoHandlingRuled(TicketEvent):
    """The office ruled on a refusal: the department must take its part, or is released."""

    unit: str
    must_take: bool
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_part(ticket, self.unit, state="confirmed" if self.must_take else "released")


@dataclass(frozen=True)
class ContributionFiled(TicketEvent):
    """A co-handler filed its handling to the lead."""

    unit: str
    report: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_part(ticket, self.unit, state="filed", contribution=head.id)


def add(ticket: Ticket, command: AddCoHandler, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.3a: only the lead, until completion; a department that the office released may be asked again."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_unit(facts, command.unit)
    # FJ23-2.3a: what one unit handles from begin to end has no others.
    need_joint(ticket, policy)
    if command.unit == ticket.lead:
        raise Refusal(Code.MALFORMED_COMMAND, field="unit")
    need_field("task", command.task)
    part = co_handler(ticket, command.unit)
    if part is not None and part.state != "released":
        return []
    event = CoHandlerAdded(command.unit, command.task)
    return [Happened(ticket.subject, event, clocks=(clocks.start(policy, now, "co_handle", command.unit, key=command.unit),))]


def confirm(ticket: Ticket, command: ConfirmCoHandling, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.3b: its own staff confirm; where the pack limits the part itself, that limit runs from here."""
    need_state(ticket, BEFORE_COMPLETION)
    part = _need_part(ticket, facts)
    if part.state in ("confirmed", "filed"):
        return []
    if part.state != "asked":
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=part.state, wanted="asked")
    confirmed = Happened(ticket.subject, CoHandlingConfirmed(part.unit), clocks=_taken(ticket, part.unit, policy, now))
    return [confirmed, *received(ticket, part.unit, command.person, facts, policy, now)]


def refuse(ticket: Ticket, command: RefuseCoHandling, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.3b: a refusal needs a reason and goes to the office, whose ruling has a limit of its own."""
    need_state(ticket, BEFORE_COMPLETION)
    part = _need_part(ticket, facts)
    if part.state == "refused":
        return []
    if part.state != "asked":
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=part.state, wanted="asked")
    # XS25-4.3.2.1c, FJ25-3.8.1a: whoever the office names has its part.
    if policy.pack.flag("co_handling.binding"):
        raise Refusal(Code.PART_BINDING, ticket=ticket.id, unit=part.unit)
    need_field("reason", command.reason)
    changes = (*_stopped(ticket, part.unit), clocks.start(policy, now, "co_handle_ruling", With.OFFICE, key=part.unit))
    return [Happened(ticket.subject, CoHandlingRefused(part.unit, command.reason), clocks=changes)]


def rule(ticket: Ticket, command: RuleCoHandling, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.3b: the office ends the refusal one way or the other, never about its own unit."""
    need_state(ticket, BEFORE_COMPLETION)
    part = co_handler(ticket, command.unit)
    if part is None or part.state != "refused":
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="co_handling")
    if facts.actor.unit in (part.unit, ticket.lead):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    need_field("reason", command.reason)
    changes = [clocks.stop(f"co_handle_ruling/{part.unit}")] if ticket.clock(f"co_handle_ruling/{part.unit}") is not None else []
    if command.must_take:
        changes += _taken(ticket, part.unit, policy, now)
    asked = [ask.id for ask in ticket.open_asks("CoHandlingRefused") if _asker_is(ticket, ask.account, part.unit)]
    event = CoHandlingRuled(part.unit, command.must_take, command.reason)
    return [Happened(ticket.subject, event, clocks=tuple(changes), answers=asked[-1] if asked else "")]


def contribute(ticket: Ticket, command: FileContribution, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.3c: filed in the system, to the lead; filing without having confirmed confirms."""
    need_state(ticket, BEFORE_COMPLETION)
    part = _need_part(ticket, facts)
    if part.state not in ("asked", "confirmed", "filed"):
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=part.state, wanted="confirmed")
    need_received(ticket, part.unit, policy)
    need_field("report", command.report)
    return [Happened(ticket.subject, ContributionFiled(part.unit, command.report), clocks=_stopped(ticket, part.unit))]


def open_parts(ticket: Ticket, policy: Policy) -> list[str]:
    """
    Units that have a part and have not filed anything: they hold up the completion (AS25-4.4.3c, HM20-3.3b).

    Who was asked and has neither confirmed nor refused has one only where being named binds.
    """
    holding = {"confirmed", "asked"} if policy.pack.flag("co_handling.binding") else {"confirmed"}
    return [part.unit for part in ticket.co_handlers if part.state in holding]


def _need_part(ticket: Ticket, facts: Facts) -> r.CoHandler:
    part = co_handler(ticket, facts.actor.unit)
    if part is None:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=[one.unit for one in ticket.co_handlers])
    return part


def _asker_is(ticket: Ticket, account: str, unit: str) -> bool:
    return any(hand.account == account and hand.unit == unit and hand.kind == "CoHandlingRefused" for hand in ticket.hands)


def _stopped(ticket: Ticket, unit: str) -> tuple[ClockChange, ...]:
    clock = ticket.clock(f"co_handle/{unit}")
    return (clocks.stop(clock.name),) if clock is not None else ()


def _taken(ticket: Ticket, unit: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    if policy.pack.has_limit("co_handle_part"):
        return (clocks.start(policy, now, "co_handle", unit, key=unit, limit=policy.pack.limit("co_handle_part")),)
    return _stopped(ticket, unit)


def _with_part(ticket: Ticket, unit: str, **changes: str) -> Ticket:
    return replace(ticket, co_handlers=tuple(replace(part, **changes) if part.unit == unit else part for part in ticket.co_handlers))


DECISIONS = {
    AddCoHandler: add,
    ConfirmCoHandling: confirm,
    RefuseCoHandling: refuse,
    RuleCoHandling: rule,
    FileContribution: contribute,
}
