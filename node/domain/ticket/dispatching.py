"""Dispatch and signing, and taking a dispatch back: who handles it, and whether he takes it (AS25-4.3.1, USERS A6)."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, pace
from node.domain.ticket import records as r
from node.domain.ticket import triage_record as t
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.assignment import received
from node.domain.ticket.checks import (
    need_consultation,
    need_field,
    need_joint,
    need_own_unit,
    need_scope,
    need_state,
    need_unit,
)
from node.domain.ticket.duties import grounds_of_dispatch
from node.domain.ticket.local_ladder import BESIDE, LAYER, LAYER_CLOCKS, layer_of_kind, with_layer
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.tracking import need_case_named, set_for_case
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
    "reroute",
    *LAYER_CLOCKS,
)


@dataclass(frozen=True)
class Dispatch(Command):
    """Send a formed ticket to its lead department, with co-handlers if it needs them."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.GOVERNMENT})
    needs = ("accounts", "duties", "precedents")

    lead: str
    co_handlers: tuple[str, ...] = ()
    note: Text | None = None
    # Why another unit than the one that the consultation, the last ruling or the responsibility catalogue names.
    deviation: Text | None = None
    # A limit of this case's own, and who follows it (FJ25-3.8.1).
    due_on: date | None = None
    tracker: str = ""
    # The item of the responsibility catalogue that makes it the lead's duty, and the batch that it goes out in (HM20-4.3b).
    duty_item: str = ""
    batch: str = ""
    # What the classifier proposed, the best first, and which model that was (FJ25-3.7.2a): kept beside what was chosen.
    suggested: tuple[str, ...] = ()
    suggested_by: str = ""


@dataclass(frozen=True)
class DeemSigned(Command):
    """The node's own word that the sign limit passed in silence, where the pack takes that for signing (POLICY_PACKS 2 no. 12)."""

    roles = frozenset({Role.NODE})


@dataclass(frozen=True)
class Sign(Command):
    """Take the dispatched ticket: from now on it is in the lead department's hands; ``person`` of the unit answers for it."""

    roles = frozenset({Role.DEPARTMENT})
    needs = ("accounts", "receipt_number")

    person: str = ""


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

    `duty_item` of the version `duty_list` of the responsibility catalogue makes it the lead's duty; `precedent` is the ticket
    whose ruling it follows. `layer` is set where the lead is of a kind that has a layer of its own. `is_late`: dispatched after
    the office's limit (HM20-3.2c).
    """

    lead: str
    co_handlers: tuple[str, ...] = ()
    is_final: bool = False
    note: Words | None = None
    deviation: Words | None = None
    duty_item: str = ""
    duty_list: str = ""
    precedent: str = ""
    batch: str = ""
    layer: str = ""
    is_late: bool = False
    duty_matter: str = ""
    # What the classifier had proposed, the best first, and by which model.
    suggested: tuple[str, ...] = ()
    suggested_by: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        former = ticket.dispatch.number if ticket.dispatch else 0
        known = {co_handler.unit for co_handler in ticket.co_handlers}
        added = tuple(r.CoHandler(unit, "asked") for unit in self.co_handlers if unit not in known)
        kept = tuple(co_handler for co_handler in ticket.co_handlers if co_handler.unit != self.lead)
        after = with_layer(ticket, self.layer, head) if self.layer else ticket
        return replace(
            after,
            state=State.DISPATCHED,
            with_whom=With.DEPARTMENT,
            dispatch=r.Dispatch(former + 1, self.lead, head.recorded_at, self.is_final),
            objection=None,
            co_handlers=kept + added,
            batch=self.batch or ticket.batch,
            sorting=replace(ticket.sorting, matter=self.duty_matter or ticket.sorting.matter),
        )


@dataclass(frozen=True)
class Signed(TicketEvent):
    """The lead department took the ticket. `is_deemed`: it let its sign limit pass, which the pack takes for signing."""

    is_deemed: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.dispatch is not None
        signed = replace(ticket.dispatch, signed_at=head.recorded_at)
        return replace(ticket, state=State.HANDLING, with_whom=With.DEPARTMENT, dispatch=signed)


@dataclass(frozen=True)
class DispatchRecalled(TicketEvent):
    """
    The office took the dispatch back before anybody signed it; the ticket is formed and waits for another. `workdays`: it lay
    there so long.
    """

    reason: Words | None = None
    workdays: int = 0

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return back_to_formed(ticket, head, "recalled", self.workdays)


@dataclass(frozen=True)
class LeadChanged(TicketEvent):
    """The office took the ticket from its lead department; the next dispatch names the new one. `workdays`: held so long."""

    workdays: int
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return back_to_formed(ticket, head, "lead_changed", self.workdays)


def back_to_formed(ticket: Ticket, head: Header, why: str, workdays: int) -> Ticket:
    """
    The dispatch no longer holds; co-handlers that had not agreed yet are released with it.  The *workdays* in which the unit had
    it are shown apart, with *why* (USERS A6).
    """
    assert ticket.dispatch is not None
    held = t.Held(ticket.dispatch.lead, ticket.dispatch.dispatched_at, head.recorded_at, workdays, why)
    return replace(
        ticket,
        state=State.FORMED,
        with_whom=With.OFFICE,
        dispatch=replace(ticket.dispatch, revoked_at=head.recorded_at),
        objection=None,
        held=(*ticket.held, held),
        layering=replace(ticket.layering, stage="", asked="", to=""),
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
    if command.co_handlers:
        need_joint(ticket, policy)
    # Who was asked answers first: its instruction may name another lead (FJ25-3.8.2).
    if ticket.layering.stage in (LAYER, BESIDE):
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="layer_decision")
    need_consultation(ticket, policy)
    # AS25-4.2.1.3a: another lead than the consultation's needs a reason.
    named = ticket.judgement.lead if ticket.judgement else ""
    if named and named != command.lead and not command.deviation:
        raise Refusal(Code.CONSULTED_LEAD, ticket=ticket.id, named=named)
    grounds = grounds_of_dispatch(ticket, command.lead, command.duty_item, command.deviation, facts, policy, now)
    need_case_named(ticket, command.co_handlers, command.due_on, command.tracker, policy)
    running = ticket.clock("dispatch")
    event = Dispatched(
        lead=command.lead,
        co_handlers=command.co_handlers,
        is_final=facts.is_role(Role.GOVERNMENT),
        note=command.note,
        deviation=command.deviation,
        duty_matter=grounds.matter,
        duty_item=grounds.duty_item,
        duty_list=grounds.duty_list,
        precedent=grounds.precedent,
        batch=command.batch,
        suggested=command.suggested,
        suggested_by=command.suggested_by,
        layer=layer_of_kind(ticket, facts.units[command.lead].kind, policy),
        is_late=running is not None and running.due_at is not None and now > running.due_at,
    )
    known = {co_handler.unit for co_handler in ticket.co_handlers}
    changes = (
        *clocks.stop_if_on(ticket, "dispatch", "reroute"),
        *dispatch_clocks(ticket, command.lead, policy, now),
        *(clocks.start(policy, now, "co_handle", unit, key=unit) for unit in command.co_handlers if unit not in known),
    )
    set_beside = set_for_case(ticket, command.lead, command.due_on, command.tracker, facts, policy, now)
    return [Happened(ticket.subject, event, clocks=changes), *set_beside]


def dispatch_clocks(ticket: Ticket, lead: str, policy: Policy, now: datetime, *, anew: bool = False) -> tuple[ClockChange, ...]:
    """A full sign limit for *lead*, who owes the handling limit from now on; *anew* gives it that one in full, too."""
    changes = [clocks.start(policy, now, "sign", lead), *pace.on_dispatch(ticket, lead, policy, now)]
    if ticket.clock(f"co_handle/{lead}"):  # a co-handler that becomes the lead has no part of its own any more
        changes.append(clocks.stop(f"co_handle/{lead}"))
    running = ticket.clock("resolve")
    if running is not None and not anew:
        return *changes, clocks.hand_to(running, lead)
    changes += pace.from_receipt(ticket, lead, policy, now)
    if policy.pack.choice("resolve.starts_on") == "signed":
        return tuple(changes)
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
    event = DispatchRecalled(reason=command.reason, workdays=held_workdays(ticket, policy, now))
    recalled = Happened(ticket.subject, event, clocks=revoke_clocks(ticket, policy, now))
    return [*lapse_open(ticket, "withdrawal", "opinion"), recalled]


def change_lead(ticket: Ticket, command: ChangeLead, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS A6, AS25-4.4.5b: until completion; the time that the former lead held it is shown apart."""
    if ticket.state is State.FORMED and ticket.dispatch is not None:
        return []
    need_state(ticket, {State.DISPATCHED, State.HANDLING})
    need_scope(ticket, facts, policy)
    need_field("reason", command.reason)
    # FJ23-2.3a: what one unit handles from begin to end stays with it, once it took it.
    if ticket.state is State.HANDLING:
        need_joint(ticket, policy)
    held = held_workdays(ticket, policy, now)
    changed = Happened(ticket.subject, LeadChanged(workdays=held, reason=command.reason), clocks=revoke_clocks(ticket, policy, now))
    return [*lapse_open(ticket, "withdrawal", "opinion"), changed]


def held_workdays(ticket: Ticket, policy: Policy, now: datetime) -> int:
    """Working days since the ticket was dispatched to its lead, today included."""
    assert ticket.dispatch is not None
    return elapsed(ticket.dispatch.dispatched_at, now, Unit.WORKDAY, policy.calendar)


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
    changes += pace.on_revoking(ticket, policy, now)
    running = ticket.clock("resolve")
    if running is None:
        return changes
    # POLICY_PACKS 2 no. 60: what would have begun without a receipt begins with the next dispatch.
    if policy.pack.flag("recall.restarts_resolve") or running.started_at > now:
        return *changes, clocks.stop("resolve")
    return *changes, clocks.hand_to(running, With.OFFICE)


def sign(ticket: Ticket, command: Sign, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.3.1: the lead's own staff sign; signing late is still signing, the sweep has marked it."""
    need_own_unit(ticket, facts, ticket.lead)
    if ticket.state is State.HANDLING:
        return []
    need_state(ticket, {State.DISPATCHED})
    changes = (*clocks.stop_if_on(ticket, "sign"), *pace.on_signing(ticket, policy, now))
    signed = Happened(ticket.subject, Signed(), clocks=changes)
    return [signed, *received(ticket, ticket.lead, command.person, facts, policy, now)]


def deem_signed(ticket: Ticket, command: DeemSigned, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    POLICY_PACKS 2 no. 12: silence is not signing, but where the pack says so; either way the right to object is lost and the
    overdue limit is the supervision's to look at.
    """
    if ticket.state is not State.DISPATCHED or policy.pack.choice("sign.on_silence") != "deemed_signed":
        return []
    running = ticket.clock("sign")
    if running is None or running.due_at is None or now < running.due_at:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=ticket.id, clock="sign", rung="overdue")
    changes = (*clocks.stop_if_on(ticket, "sign"), *pace.on_signing(ticket, policy, now))
    return [Happened(ticket.subject, Signed(is_deemed=True), clocks=changes)]


def released_clocks(ticket: Ticket) -> tuple[ClockChange, ...]:
    """The limits of the co-handlers that ``back_to_formed`` releases."""
    released = (co_handler.unit for co_handler in ticket.co_handlers if co_handler.state == "asked")
    return tuple(clocks.stop(f"co_handle/{unit}") for unit in released if ticket.clock(f"co_handle/{unit}"))


DECISIONS = {Dispatch: dispatch, Sign: sign, DeemSigned: deem_signed, Recall: recall, ChangeLead: change_lead}
