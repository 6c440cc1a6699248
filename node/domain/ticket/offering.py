"""
Offer and claim (发声认领): what a service group brought is offered to the units of its field and level; the first to claim has it.

Whoever claims becomes the responsible unit and handles it without a dispatch; what nobody claims in time goes to the office, which
dispatches it (FJ23-2.3b, 2.3c).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header, Subject
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_reported, need_scope, need_state, need_unit, need_value
from node.domain.ticket.forming import ticket_number
from node.domain.ticket.intake_record import Offer as OfferRecord
from node.domain.ticket.sight import is_concealed
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

CLAIM = "claim"


@dataclass(frozen=True)
class Offer(Command):
    """Offer a need to the units that may claim it; ``units`` are those of its field and level unless they are named."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.SPECIALIST})

    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim(Command):
    """Take an offered need: it is the claiming unit's from now on."""

    roles = frozenset({Role.DEPARTMENT})
    needs = ("running_number",)

    category: str = ""
    complexity: str = "plain"


@dataclass(frozen=True)
class WithdrawOffer(Command):
    """Take an offer back; the office disposes of the need again."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    reason: Text


@dataclass(frozen=True)
class LapseOffer(Command):
    """Nobody claimed it in time: the need goes to the office.  The node's own clock says so."""

    roles = frozenset({Role.NODE})


@dataclass(frozen=True)
class Offered(TicketEvent):
    """The need was offered to `units`; the first of them that claims it has it. Each has a clock of its own until then."""

    units: tuple[str, ...]

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        offer = OfferRecord(self.units, head.recorded_at, r.Left(ticket.state, ticket.with_whom))
        return replace(ticket, state=State.OFFERED, with_whom=With.DEPARTMENT, offer=offer)


@dataclass(frozen=True)
class OfferClaimed(TicketEvent):
    """The actor's unit was the first to claim the need: it has its number, and is in that unit's hands without a dispatch."""

    number: str
    category: str
    complexity: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.offer is not None
        at, former = head.recorded_at, ticket.dispatch.number if ticket.dispatch else 0
        return replace(
            ticket,
            state=State.HANDLING,
            with_whom=With.DEPARTMENT,
            number=self.number,
            classing=replace(ticket.classing, category=self.category, complexity=self.complexity),
            intake=replace(ticket.intake, sorted_at=ticket.intake.sorted_at or at),
            dispatch=r.Dispatch(former + 1, head.actor.unit, at, signed_at=at),
            rounds=ticket.rounds or (r.Round(1, "first", at),),
            offer=replace(ticket.offer, claimed_by=head.actor.unit),
        )


@dataclass(frozen=True)
class OfferEnded(TicketEvent):
    """Nobody claimed the need in time (`is_lapsed`), or the office took the offer back: the office disposes of it again."""

    is_lapsed: bool
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.offer is not None
        return replace(ticket, state=ticket.offer.left.state, with_whom=With.OFFICE, offer=replace(ticket.offer, is_over=True))


def eligible_units(local_unit: str, field: str, facts: Facts, policy: Policy) -> tuple[str, ...]:
    """The units of a need's field (``claim.units.<field>``) and level (its group's), staffed, each once."""
    named = [local_unit, *policy.pack.names(f"claim.units.{field}")] if field else [local_unit]
    whole = [unit if not unit or "-" in unit else f"{policy.node}-{unit}" for unit in named]
    return tuple(dict.fromkeys(unit for unit in whole if (known := facts.units.get(unit)) and known.is_active and known.staff > 0))


def offered_at_once(
    subject: Subject, channel: str, local_unit: str, field: str, conceal_from: str, facts: Facts, policy: Policy, now: datetime
) -> Happened | None:
    """FJ23-2.3b: what comes in by a channel of the pack's is offered as it is registered, if somebody may claim it."""
    if channel not in policy.pack.names("offer.channels"):
        return None
    units = tuple(unit for unit in eligible_units(local_unit, field, facts, policy) if unit != conceal_from)
    return Happened(subject, Offered(units=units), clocks=_claim_clocks(units, policy, now)) if units else None


def offer(ticket: Ticket, command: Offer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.3b: an unassigned need, to staffed units."""
    need_state(ticket, {State.REGISTERED, State.FORMED})
    need_reported(ticket)
    need_scope(ticket, facts, policy)
    for unit in command.units:
        need_unit(facts, unit)
    found = command.units or eligible_units(ticket.details.local_unit, ticket.intake.field, facts, policy)
    units = tuple(dict.fromkeys(unit for unit in found if command.units or not is_concealed(ticket, unit)))
    need_field("units", units)
    changes = (*clocks.stop_if_on(ticket, "form", "dispatch"), *_claim_clocks(units, policy, now))
    return [Happened(ticket.subject, Offered(units=units), clocks=changes)]


def _claim_clocks(units: tuple[str, ...], policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    return tuple(clocks.start(policy, now, CLAIM, unit, key=unit) for unit in units)


def claim(ticket: Ticket, command: Claim, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.3b, 2.3c: one of the units it was offered to, and only the first; its handling limit counts from registration."""
    offered, own = ticket.offer, facts.actor.unit
    if offered is not None and own not in offered.units:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=own, wanted=offered.units)
    if offered is not None and offered.claimed_by == own and ticket.lead == own:
        return []
    if offered is not None and offered.claimed_by:
        raise Refusal(Code.ALREADY_CLAIMED, ticket=ticket.id, unit=offered.claimed_by)
    need_state(ticket, {State.OFFERED})
    need_unit(facts, own)
    category = command.category or ticket.classing.category
    need_field("category", category)
    need_value(policy, "classes", category)
    complexity = command.complexity if ticket.dispatch is None else ticket.classing.complexity or command.complexity
    need_value(policy, f"complexities.{category}", complexity)
    event = OfferClaimed(
        number=ticket_number(ticket, policy, now, category=category, facts=facts), category=category, complexity=complexity
    )
    running = ticket.clock("resolve")
    limit = clocks.resolve_limit(ticket, policy, category, complexity)
    counted = (
        clocks.hand_to(running, own)
        if running is not None
        else clocks.start(policy, now, "resolve", own, limit=limit, since=ticket.intake.registered_at)
    )
    return [Happened(ticket.subject, event, clocks=(*clocks.stop_if_on(ticket, CLAIM, "verification"), counted))]


def withdraw_offer(ticket: Ticket, command: WithdrawOffer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """The office may take an offer back while nobody has claimed it."""
    need_state(ticket, {State.OFFERED})
    need_scope(ticket, facts, policy)
    need_field("reason", command.reason)
    return [_ended(ticket, policy, now, is_lapsed=False, reason=command.reason)]


def lapse_offer(ticket: Ticket, command: LapseOffer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.3c: unclaimed after the pack's claim time, it goes to the office; not before, and once."""
    if ticket.state is not State.OFFERED:
        return []
    running = [clock for clock in clocks.held(ticket) if clock.kind == CLAIM and clock.is_running]
    if any(clock.due_at is not None and now < clock.due_at for clock in running):
        raise Refusal(Code.OFFER_RUNNING, ticket=ticket.id)
    return [_ended(ticket, policy, now, is_lapsed=True)]


def _ended(ticket: Ticket, policy: Policy, now: datetime, *, is_lapsed: bool, reason: Text | None = None) -> Happened:
    assert ticket.offer is not None
    kind = "dispatch" if ticket.offer.left.state is State.FORMED else "form"
    changes = (*clocks.stop_if_on(ticket, CLAIM), clocks.start(policy, now, kind, With.OFFICE))
    return Happened(ticket.subject, OfferEnded(is_lapsed=is_lapsed, reason=reason), clocks=changes)


DECISIONS = {Offer: offer, Claim: claim, WithdrawOffer: withdraw_offer, LapseOffer: lapse_offer}
