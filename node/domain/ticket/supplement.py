"""
Supplement (补充材料): what is missing is asked for once, item by item.

At triage the first-contact department tells the appellant; the forming clock ends with the request and starts anew when all
of it is reported (AS25-4.2.1.4).  If nothing comes, the office decides: form without, or end.  During handling the lead
applies and the office consents; only then the handling clock stands, once an item and for the pack's limit at most
(POLICY_PACKS 2 no. 58), and it goes on by itself when that is over.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import (
    first_contact_owes,
    need_field,
    need_first_contact,
    need_judged,
    need_own_unit,
    need_reported,
    need_scope,
    need_state,
    need_value,
)
from node.domain.ticket.intake_record import Details
from node.domain.ticket.parts import need_not_handler
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

TRIAGE, HANDLING = "triage", "handling"


@dataclass(frozen=True)
class AskSupplement(Command):
    """
    The office finds material missing at triage; ``items`` are codes of what is missing.

    What was asked for before is asked for again only with the office's approval, which ``again_reason`` gives the reason of.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    items: tuple[str, ...]
    note: Text | None = None
    again_reason: Text | None = None


@dataclass(frozen=True)
class NotifySupplement(Command):
    """The first-contact department told the appellant what is missing, by ``way``."""

    roles = frozenset({Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE})

    way: str
    note: Text | None = None


@dataclass(frozen=True)
class ReportSupplement(Command):
    """All of the material is here; ``provided`` are the items, ``materials`` the digests of their attachments."""

    roles = frozenset({Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.ENTERPRISE})

    provided: tuple[str, ...]
    materials: tuple[str, ...] = ()
    note: Text | None = None


@dataclass(frozen=True)
class LapseSupplement(Command):
    """The limit passed and not all of the material came; the node's own clock says so."""

    roles = frozenset({Role.NODE, Role.OFFICE})


@dataclass(frozen=True)
class DecideLapsed(Command):
    """The office's word on a need whose material never came at triage: form without it, or end it (not formed)."""

    roles = frozenset({Role.OFFICE})

    forms_without: bool
    reason: Text


@dataclass(frozen=True)
class ApplySupplement(Command):
    """The lead needs material of the appellant during handling."""

    roles = frozenset({Role.DEPARTMENT})

    items: tuple[str, ...]
    reason: Text


@dataclass(frozen=True)
class DecideSupplement(Command):
    """The office consents, and the handling clock stands; or it does not."""

    roles = frozenset({Role.OFFICE})

    consents: bool
    reason: Text | None = None


@dataclass(frozen=True)
class SupplementAsked(TicketEvent):
    """
    Material is missing; the first-contact department must tell the appellant which. No ticket number exists yet.

    `by_centre`: the centre does that department's duties here. `again_reason`: why the office approved that something is asked for
    a second time.
    """

    items: tuple[str, ...]
    by_centre: bool = False
    note: Words | None = None
    again_reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(
            ticket,
            state=State.SUPPLEMENTING,
            with_whom=With.OFFICE if self.by_centre else With.FIRST_CONTACT,
            supplement=r.Supplement(self.items, TRIAGE, head.recorded_at),
            details=_asked(ticket, self.items),
        )


@dataclass(frozen=True)
class SupplementNotified(TicketEvent):
    """The appellant was told what is missing; from here the appellant's own limit runs."""

    way: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.supplement is not None
        return replace(ticket, with_whom=With.APPELLANT, supplement=replace(ticket.supplement, notified_at=head.recorded_at))


@dataclass(frozen=True)
class SupplementReported(TicketEvent):
    """
    All items are here: at triage the need is reported anew and the forming limit counts from this entry; during handling
    the handling clock goes on.
    """

    provided: tuple[str, ...]
    materials: tuple[str, ...] = ()
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.supplement is not None
        answered = replace(ticket.supplement, answered_at=head.recorded_at, provided=self.provided)
        ticket = replace(ticket, supplement=answered, intake=replace(ticket.intake, materials=(*ticket.intake.materials, *self.materials)))
        return _back_in_hand(ticket) if answered.during == HANDLING else _back_in_pool(ticket, head)


@dataclass(frozen=True)
class SupplementLapsed(TicketEvent):
    """The limit passed without all of the material. At triage the office decides now; during handling the clock goes on."""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.supplement is not None
        lapsed = replace(ticket.supplement, is_lapsed=True)
        ticket = replace(ticket, supplement=lapsed)
        return _back_in_hand(ticket) if lapsed.during == HANDLING else replace(ticket, with_whom=With.OFFICE)


@dataclass(frozen=True)
class SupplementWaived(TicketEvent):
    """The office does without the material that never came: the need is back in the pool, to be formed without it."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.supplement is not None
        return _back_in_pool(replace(ticket, supplement=replace(ticket.supplement, is_waived=True)), head)


@dataclass(frozen=True)
class NotSupplemented(TicketEvent):
    """The need ended without a ticket, as its material never came; counted apart from what was refused."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, state=State.TERMINATED, with_whom=With.NOBODY, terminated_for="not_supplemented", ended_at=head.recorded_at)


@dataclass(frozen=True)
class SupplementApplied(TicketEvent):
    """The lead asks its office for consent to ask the appellant for `items`. Nothing stands before the office consents."""

    asks = True

    items: tuple[str, ...]
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        before = ticket.supplement.paused_for if ticket.supplement else ()
        waived = ticket.supplement is not None and ticket.supplement.is_waived
        asked = r.Supplement(self.items, HANDLING, head.recorded_at, False, ask=head.id, is_waived=waived, paused_for=before)
        return replace(ticket, supplement=asked)


@dataclass(frozen=True)
class SupplementConsented(TicketEvent):
    """The office consented: the appellant is asked, and the handling clock stands for the limit in the header at most."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.supplement is not None
        asked = ticket.supplement
        consented = replace(asked, is_consented=True, notified_at=head.recorded_at, paused_for=(*asked.paused_for, *asked.items))
        return replace(
            ticket,
            state=State.SUPPLEMENTING,
            with_whom=With.APPELLANT,
            supplement=consented,
            details=_asked(ticket, asked.items),
        )


@dataclass(frozen=True)
class SupplementDeclined(TicketEvent):
    """The office did not consent: handling goes on, and no clock ever stood."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.supplement is not None
        return replace(ticket, supplement=replace(ticket.supplement, is_declined=True))


def _asked(ticket: Ticket, items: tuple[str, ...]) -> Details:
    return replace(ticket.details, items_asked=tuple(dict.fromkeys((*ticket.details.items_asked, *items))))


def _back_in_pool(ticket: Ticket, head: Header) -> Ticket:
    intake = replace(ticket.intake, reported_at=head.recorded_at)
    return replace(ticket, state=State.REGISTERED, with_whom=With.OFFICE, intake=intake)


def _back_in_hand(ticket: Ticket) -> Ticket:
    return replace(ticket, state=State.HANDLING, with_whom=With.DEPARTMENT)


def ask(ticket: Ticket, command: AskSupplement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.4a: from the office's pool or by the members' judgement, naming each missing item."""
    need_state(ticket, {State.REGISTERED, State.IN_JUDGEMENT})
    need_reported(ticket)
    need_scope(ticket, facts, policy)
    need_judged(ticket, "supplement")
    need_field("items", command.items)
    again = [item for item in command.items if item in ticket.details.items_asked]
    # The same material a second time: only the office approves it, and says why.
    if again and not (facts.is_role(Role.OFFICE) and command.again_reason):
        raise Refusal(Code.ITEM_ASKED_BEFORE, ticket=ticket.id, items=again)
    owes = first_contact_owes(ticket, facts)
    event = SupplementAsked(
        items=tuple(dict.fromkeys(command.items)),
        by_centre=not owes,
        note=command.note,
        again_reason=command.again_reason if again else None,
    )
    notice = clocks.start(policy, now, "supplement_notice", owes or With.OFFICE)
    return [Happened(ticket.subject, event, clocks=(*clocks.stop_if_on(ticket, "form"), notice))]


def notify(ticket: Ticket, command: NotifySupplement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.4a: the first-contact department tells the appellant once, with the way; then the appellant's limit runs."""
    need_first_contact(ticket, facts)
    need_state(ticket, {State.SUPPLEMENTING})
    assert ticket.supplement is not None
    if ticket.supplement.notified_at is not None:
        return []
    need_field("way", command.way)
    need_value(policy, "notice.ways", command.way)
    changes = (*clocks.stop_if_on(ticket, "supplement_notice"), clocks.start(policy, now, "supplement", With.APPELLANT))
    return [Happened(ticket.subject, SupplementNotified(way=command.way, note=command.note), clocks=changes)]


def report(ticket: Ticket, command: ReportSupplement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.4b: only when every item is there; the forming limit starts anew from this moment."""
    need_state(ticket, {State.SUPPLEMENTING})
    asked = ticket.supplement
    assert asked is not None
    if facts.is_role(Role.DEPARTMENT) and asked.during == HANDLING:
        need_own_unit(ticket, facts, ticket.lead)
    elif not facts.is_role(Role.ENTERPRISE):
        need_first_contact(ticket, facts)
    missing = [item for item in asked.items if item not in command.provided]
    if missing:
        raise Refusal(Code.SUPPLEMENT_INCOMPLETE, ticket=ticket.id, missing=missing)
    event = SupplementReported(provided=command.provided, materials=command.materials, note=command.note)
    stops = clocks.stop_if_on(ticket, "supplement_notice", "supplement", "supplement_decision")
    if asked.during == HANDLING:
        return [Happened(ticket.subject, event, clocks=(*stops, *_goes_on(ticket, policy, now)))]
    return [Happened(ticket.subject, event, clocks=(*stops, clocks.start(policy, now, "form", With.OFFICE)))]


def lapse(ticket: Ticket, command: LapseSupplement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS part 3 no. 11, POLICY_PACKS 2 no. 58: not before the appellant's limit is over."""
    if ticket.supplement is not None and ticket.supplement.is_lapsed:
        return []
    need_state(ticket, {State.SUPPLEMENTING})
    running = ticket.clock("supplement")
    if running is None or running.due_at is None or now < running.due_at:
        raise Refusal(Code.SUPPLEMENT_NOT_DUE, ticket=ticket.id)
    assert ticket.supplement is not None
    if ticket.supplement.during == HANDLING:
        goes_on = _goes_on(ticket, policy, now)
    else:
        goes_on = (clocks.start(policy, now, "supplement_decision", With.OFFICE, since=running.due_at),)
    return [Happened(ticket.subject, SupplementLapsed(), clocks=(*clocks.stop_if_on(ticket, "supplement"), *goes_on))]


def _goes_on(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    """The handling clock goes on from *now*, or from the appellant's last day: however late it is noticed, it stood no longer."""
    waiting, resolve = ticket.clock("supplement"), ticket.clock("resolve")
    if resolve is None or not resolve.is_paused:
        return ()
    last = waiting.due_at - timedelta.resolution if waiting is not None and waiting.due_at is not None else now  # 24:00 is the next day
    ended = min(now, last)
    return (replace(clocks.resume(resolve, policy, ended), since=ended),)


def decide_lapsed(ticket: Ticket, command: DecideLapsed, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS part 3 no. 11: the office forms without, or ends it where the pack lets it (海门 always forms)."""
    need_state(ticket, {State.SUPPLEMENTING})
    assert ticket.supplement is not None
    if not ticket.supplement.is_lapsed:
        raise Refusal(Code.SUPPLEMENT_NOT_DUE, ticket=ticket.id)
    need_field("reason", command.reason)
    if command.forms_without:
        changes = (*clocks.stop_if_on(ticket, "supplement_decision"), clocks.start(policy, now, "form", With.OFFICE))
        return [Happened(ticket.subject, SupplementWaived(reason=command.reason), clocks=changes)]
    if not policy.pack.flag("supplement.may_end"):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="supplement.may_end", value="end", offered=("form_without",))
    ended = Happened(ticket.subject, NotSupplemented(reason=command.reason), clocks=clocks.stop_all(ticket, policy.node))
    return [*lapse_open(ticket), ended]


def apply_for(ticket: Ticket, command: ApplySupplement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 58: the lead applies; no item twice."""
    need_own_unit(ticket, facts, ticket.lead)
    need_state(ticket, {State.HANDLING})
    need_field("items", command.items)
    need_field("reason", command.reason)
    former = ticket.supplement
    if former is not None and former.is_pending:
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="supplement")
    again = [item for item in command.items if former is not None and item in former.paused_for]
    if again:
        raise Refusal(Code.ITEM_ASKED_BEFORE, ticket=ticket.id, items=again)
    event = SupplementApplied(items=tuple(dict.fromkeys(command.items)), reason=command.reason)
    return [Happened(ticket.subject, event, clocks=(clocks.start(policy, now, "supplement_decision", With.OFFICE),))]


def decide(ticket: Ticket, command: DecideSupplement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 58: the office decides, no handler its own application; only its consent lets the clock stand."""
    need_state(ticket, {State.HANDLING})
    asked = ticket.supplement
    if asked is None or not asked.is_pending:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="supplement")
    need_not_handler(ticket, facts)
    decided = clocks.stop_if_on(ticket, "supplement_decision")
    if not command.consents:
        need_field("reason", command.reason)
        return [Happened(ticket.subject, SupplementDeclined(reason=command.reason), clocks=decided, answers=asked.ask)]
    limit = policy.pack.limit("supplement_in_handling")
    changes = (*decided, *clocks.pause_if_on(ticket, "resolve"), clocks.start(policy, now, "supplement", With.APPELLANT, limit=limit))
    return [Happened(ticket.subject, SupplementConsented(reason=command.reason), clocks=changes, answers=asked.ask)]


DECISIONS = {
    AskSupplement: ask,
    NotifySupplement: notify,
    ReportSupplement: report,
    LapseSupplement: lapse,
    DecideLapsed: decide_lapsed,
    ApplySupplement: apply_for,
    DecideSupplement: decide,
}
