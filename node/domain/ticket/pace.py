"""
Which further clocks go with a ticket as its pack says: registration and first contact, entering handling, the weekly report;
and when the handling limit of a pack begins that counts from the lead's receipt.

Each function gives the changes for one step of a ticket's life; an area puts them into its own event.
"""

from datetime import datetime

from node.domain.entry import ClockChange
from node.domain.policy import Policy
from node.domain.ticket import clocks, turns
from node.domain.ticket.state import With
from node.domain.ticket.sweep import opening_of
from node.domain.ticket.ticket import Ticket
from node.domain.time import due

REGISTER, CONTACT, ENTER_HANDLING = "register", "contact", "enter_handling"


def registration_is_late(received_at: datetime | None, policy: Policy, now: datetime) -> bool:
    """FJ25-3.6d, FJ23-3.4a: staff enter an appeal within the pack's limit from its receipt; online it is entered at once."""
    if received_at is None or not policy.pack.has_limit(REGISTER):
        return False
    return now > due(received_at, policy.pack.limit(REGISTER), policy.calendar)


def on_registration(
    received_at: datetime | None, owes: str, policy: Policy, now: datetime, *, is_answered: bool = False
) -> tuple[ClockChange, ...]:
    """
    The clock of the registration, over as it begins, so that it counts among the unit's; and of the first contact, where the
    pack counts it from the appeal (FJ23-3.4b): none for what is answered in the same act.
    """
    changes: tuple[ClockChange, ...] = ()
    if received_at is not None and policy.pack.has_limit(REGISTER):
        changes += clocks.start(policy, now, REGISTER, owes, since=received_at), clocks.stop(REGISTER)
    if not is_answered and policy.pack.has_limit(CONTACT) and policy.pack.choice("contact.starts_on") == "registered":
        changes += (_contact(received_at or now, owes, policy, now),)
    return changes


def on_forming(ticket: Ticket, complexity: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """FJ25-3.8.1c: what crosses departments enters handling within a limit from registration, beside the limit of the case."""
    kind = f"enter_handling.{complexity}"
    if not policy.pack.has_limit(kind):
        return ()
    since = ticket.intake.registered_at
    return (clocks.start(policy, now, ENTER_HANDLING, With.OFFICE, limit=policy.pack.limit(kind), since=since),)


def on_dispatch(ticket: Ticket, lead: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """What *lead* owes from the dispatch on besides signing and handling."""
    changes = _handed(ticket, lead, CONTACT, ENTER_HANDLING, turns.WEEKLY_REPORT)
    kind = f"progress_report.{ticket.classing.complexity}"
    if policy.pack.has_limit(kind) and ticket.clock(turns.WEEKLY_REPORT) is None:
        changes += (clocks.start(policy, now, turns.WEEKLY_REPORT, lead, limit=policy.pack.limit(kind)),)
    return changes


def from_receipt(ticket: Ticket, lead: str, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """
    The clocks of a pack that counts from the lead's receipt (XS25-4.4.2, HM20-3.2d), as they stand at the dispatch.

    POLICY_PACKS 2 no. 60: without a receipt they start at the end of the day on which the receipt was due.  So every ticket
    has a deadline from the dispatch on, and signing before that day makes it an earlier one.
    """
    until = due(now, policy.pack.limit("sign"), policy.calendar)
    since = clocks.end_of_day_before(until)
    changes: tuple[ClockChange, ...] = ()
    if _counts_from_receipt(policy):
        changes += (clocks.start(policy, now, "resolve", lead, limit=clocks.resolve_limit(ticket, policy), since=since),)
    if _contact_from_receipt(policy):
        changes += (_contact(since, lead, policy, now),)
    return changes


def on_signing(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """The receipt: what counts from it and has not begun yet begins now; handling is entered."""
    changes = clocks.stop_if_on(ticket, ENTER_HANDLING)
    resolve, contact = ticket.clock("resolve"), ticket.clock(CONTACT)
    # A limit that was set for the case (FJ25-3.8.1a) holds, whenever it is signed.
    has_begun = resolve is not None and (resolve.started_at <= now or resolve.promised is not None)
    if _counts_from_receipt(policy) and not has_begun:
        changes += (clocks.start(policy, now, "resolve", ticket.lead, limit=clocks.resolve_limit(ticket, policy)),)
    if _contact_from_receipt(policy) and (contact is None or contact.started_at > now):
        changes += (_contact(now, ticket.lead, policy, now),)
    return changes


def on_contact(ticket: Ticket, is_reached: bool) -> tuple[ClockChange, ...]:
    """XS25-4.4.2b, FJ23-3.4b: only a contact that was made meets the limit."""
    return clocks.stop_if_on(ticket, CONTACT) if is_reached else ()


def on_revoking(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """A lead lost the ticket: what it owed to the appellant the office owes now, and what had not begun is no limit yet."""
    waiting = (clock for clock in clocks.held(ticket) if clock.kind == CONTACT and clock.is_running and clock.started_at > now)
    stopped = tuple(clocks.stop(clock.name) for clock in waiting)
    if stopped:
        return stopped + _handed(ticket, With.OFFICE, ENTER_HANDLING, turns.WEEKLY_REPORT)
    return _handed(ticket, With.OFFICE, CONTACT, ENTER_HANDLING, turns.WEEKLY_REPORT)


def _contact(since: datetime, owes: str, policy: Policy, now: datetime) -> ClockChange:
    """An appeal outside the opening windows is taken all the same; its contact limit counts as the pack says."""
    if policy.pack.choice("contact.after_hours") == "next_opening":
        since = opening_of(policy.pack).next_open(since, policy.calendar)
    return clocks.start(policy, now, CONTACT, owes, since=since)


def _handed(ticket: Ticket, owes: With | str, *kinds: str) -> tuple[ClockChange, ...]:
    running = [clock for clock in clocks.held(ticket) if clock.kind in kinds and clock.stopped_at is None]
    return tuple(clocks.hand_to(clock, owes) for clock in running)


def _counts_from_receipt(policy: Policy) -> bool:
    return policy.pack.choice("resolve.starts_on") == "signed"


def _contact_from_receipt(policy: Policy) -> bool:
    return policy.pack.has_limit(CONTACT) and policy.pack.choice("contact.starts_on") == "signed"
