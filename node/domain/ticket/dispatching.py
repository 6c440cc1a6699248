"""Dispatch and signing, and taking a dispatch back: who handles it, and whether he takes it (AS25-4.3.1, USERS A6)."""

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
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_consultation, need_field, need_own_unit, need_scope, need_state, need_unit
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import Unit, elapsed

# What ends when a lead loses the ticket: its own answer, and what the office had to decide for it.
LEAD_CLOCKS = (
    "sign",
    "sort",
    "objection_ruling",
    "government_ruling",
    "coordination",
    "co_handle_ruling",
    "extension_decision",
    "termination_decision",
    "supplement_decision",
)


@dataclass(frozen=True)
class Dispatch(Command):
    """Send a formed ticket to its lead department, with co-handlers if it needs them."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.GOVERNMENT})

    lead: str
    co_handlers: tuple[str, ...] = ()
    note: Text | None = None
    # Why another unit than the one that the consultation named.
    deviation: Text | None = None


@dataclass(frozen=True)
class Sign(Command):
    """Take the dispatched ticket: from now on it is in the lead department's hands."""

    roles = frozenset({Role.DEPARTMENT})


@dataclass(frozen=True)
class Recall(Command):
    """Take a wrong dispatch back before it is signed; also what a department took up as its own duty, until it is sorted."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    reason: Text


@dataclass(frozen=True)
class ChangeLead(Command):
    """Take the ticket from its lead department until completion, so that another may be named (AS25-4.4.5b)."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    reason: Text


@dataclass(frozen=True)
class Dispatched(TicketEvent):
    """
    The ticket went to a lead department, which signs or objects within its sign limit.

    `is_final`: no objection any more, as the government named it (AS25-3.1.2), or the office that rules last named a unit again
    that had declined before (XS25-4.3.2.2a).
    """

    lead: str
    co_handlers: tuple[str, ...] = ()
    is_final: bool = False
    note: Words | None = None
    deviation: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        former = ticket.dispatch.number if ticket.dispatch else 0
        known = {co_handler.unit for co_handler in ticket.co_handlers}
        added = tuple(r.CoHandler(unit, "asked") for unit in self.co_handlers if unit not in known)
        kept = tuple(co_handler for co_handler in ticket.co_handlers if co_handler.unit != self.lead)
        return replace(
            ticket,
            state=State.DISPATCHED,
            with_whom=With.DEPARTMENT,
            dispatch=r.Dispatch(former + 1, self.lead, head.recorded_at, self.is_final),
            objection=None,
            co_handlers=kept + added,
        )


@dataclass(frozen=True)
class Signed(TicketEvent):
    """The lead department took the ticket."""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.dispatch is not None
        signed = replace(ticket.dispatch, signed_at=head.recorded_at)
        return replace(ticket, state=State.HANDLING, with_whom=With.DEPARTMENT, dispatch=signed)


@dataclass(frozen=True)
class DispatchRecalled(TicketEvent):
    """The office took the dispatch back before anybody signed it; the ticket is formed and waits for another."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return back_to_formed(ticket, head)


@dataclass(frozen=True)
class LeadChanged(TicketEvent):
    """The office took the ticket from its lead department; the next dispatch names the new one. `workdays`: held so long."""

    workdays: int
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return back_to_formed(ticket, head)


def back_to_formed(ticket: Ticket, head: Header) -> Ticket:
    """The dispatch no longer holds; co-handlers that had not agreed yet are released with it."""
    assert ticket.dispatch is not None
    return replace(
        ticket,
        state=State.FORMED,
        with_whom=With.OFFICE,
        dispatch=replace(ticket.dispatch, revoked_at=head.recorded_at),
        objection=None,
        co_handlers=tuple(co_handler for co_handler in ticket.co_handlers if co_handler.state != "asked"),
        intake=replace(ticket.intake, sorted_at=ticket.intake.sorted_at or head.recorded_at),
    )


def dispatch(ticket: Ticket, command: Dispatch, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.3b, 4.3.1a: one lead, staffed; the sign limit runs.  What the government dispatches is final (AS25-3.1.2)."""
    need_state(ticket, {State.FORMED})
    need_scope(ticket, facts, policy)
    need_unit(facts, command.lead)
    for unit in command.co_handlers:
        need_unit(facts, unit)
    if command.lead in command.co_handlers:
        raise Refusal(Code.MALFORMED_COMMAND, field="co_handlers")
    need_consultation(ticket, policy)
    # AS25-4.2.1.3a: another lead than the consultation's needs a reason.
    named = ticket.judgement.lead if ticket.judgement else ""
    if named and named != command.lead and not command.deviation:
        raise Refusal(Code.CONSULTED_LEAD, ticket=ticket.id, named=named)
    event = Dispatched(
        lead=command.lead,
        co_handlers=command.co_handlers,
        is_final=facts.is_role(Role.GOVERNMENT),
        note=command.note,
        deviation=command.deviation,
    )
    known = {co_handler.unit for co_handler in ticket.co_handlers}
    changes = (
        *clocks.stop_if_on(ticket, "dispatch"),
        *dispatch_clocks(ticket, command.lead, policy, now),
        *(clocks.start(policy, now, "co_handle", unit, key=unit) for unit in command.co_handlers if unit not in known),
    )
    return [Happened(ticket.subject, event, clocks=changes)]


def dispatch_clocks(ticket: Ticket, lead: str, policy: Policy, now: datetime, *, anew: bool = False) -> tuple[ClockChange, ...]:
    """A full sign limit for *lead*, who owes the handling limit from now on; *anew* gives it that one in full, too."""
    changes = [clocks.start(policy, now, "sign", lead)]
    if ticket.clock(f"co_handle/{lead}"):  # a co-handler that becomes the lead has no part of its own any more
        changes.append(clocks.stop(f"co_handle/{lead}"))
    running = ticket.clock("resolve")
    if running is not None and not anew:
        return *changes, clocks.hand_to(running, lead)
    if policy.pack.choice("resolve.starts_on") == "signed":
        return *changes, *clocks.stop_if_on(ticket, "resolve")
    return *changes, clocks.start(policy, now, "resolve", lead, limit=clocks.resolve_limit(ticket, policy))


def recall(ticket: Ticket, command: Recall, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS A6: before signing; AS25-4.2.1.0: what a department took up itself, while the office has not sorted it."""
    if ticket.state is State.FORMED and ticket.dispatch is not None:
        return []
    is_unsorted = ticket.state is State.HANDLING and ticket.intake.judgement == "own_duty" and ticket.intake.sorted_at is None
    if not is_unsorted:
        need_state(ticket, {State.DISPATCHED})
    need_scope(ticket, facts, policy)
    need_field("reason", command.reason)
    recalled = Happened(ticket.subject, DispatchRecalled(reason=command.reason), clocks=revoke_clocks(ticket, policy, now))
    return [*lapse_open(ticket, "withdrawal"), recalled]


def change_lead(ticket: Ticket, command: ChangeLead, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS A6, AS25-4.4.5b: until completion; the time that the former lead held it is shown apart."""
    if ticket.state is State.FORMED and ticket.dispatch is not None:
        return []
    need_state(ticket, {State.DISPATCHED, State.HANDLING})
    need_scope(ticket, facts, policy)
    need_field("reason", command.reason)
    assert ticket.dispatch is not None
    held = elapsed(ticket.dispatch.dispatched_at, now, Unit.WORKDAY, policy.calendar)
    changed = Happened(ticket.subject, LeadChanged(workdays=held, reason=command.reason), clocks=revoke_clocks(ticket, policy, now))
    return [*lapse_open(ticket, "withdrawal"), changed]


def revoke_clocks(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """
    The office must dispatch again.  The handling limit goes on meanwhile, unless the pack restarts it; what the former lead
    had asked of the office (an extension, a supplement) is nobody's question any more.
    """
    changes = (
        *clocks.stop_if_on(ticket, *LEAD_CLOCKS),
        *released_clocks(ticket),
        clocks.start(policy, now, "dispatch", With.OFFICE),
    )
    running = ticket.clock("resolve")
    if running is None:
        return changes
    if policy.pack.flag("recall.restarts_resolve"):
        return *changes, clocks.stop("resolve")
    return *changes, clocks.hand_to(running, With.OFFICE)


def sign(ticket: Ticket, command: Sign, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.3.1: the lead's own staff sign; signing late is still signing, the sweep has marked it."""
    need_own_unit(ticket, facts, ticket.lead)
    if ticket.state is State.HANDLING:
        return []
    need_state(ticket, {State.DISPATCHED})
    changes = [*clocks.stop_if_on(ticket, "sign")]
    if policy.pack.choice("resolve.starts_on") == "signed" and ticket.clock("resolve") is None:
        changes.append(clocks.start(policy, now, "resolve", ticket.lead, limit=clocks.resolve_limit(ticket, policy)))
    return [Happened(ticket.subject, Signed(), clocks=tuple(changes))]


def released_clocks(ticket: Ticket) -> tuple[ClockChange, ...]:
    """The limits of the co-handlers that ``back_to_formed`` releases."""
    released = (co_handler.unit for co_handler in ticket.co_handlers if co_handler.state == "asked")
    return tuple(clocks.stop(f"co_handle/{unit}") for unit in released if ticket.clock(f"co_handle/{unit}"))


DECISIONS = {Dispatch: dispatch, Sign: sign, Recall: recall, ChangeLead: change_lead}
