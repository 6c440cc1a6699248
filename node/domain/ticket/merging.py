"""
Merging (去重、合并) within one appellant and with its consent; linking across appellants (AS25-4.2.1.2, POLICY_PACKS 2 no. 19).

A merge writes on both tickets: the absorbed one points to the main one and stays readable, its clocks end; undoing it gives
both back, the absorbed one with fresh limits.  Linked tickets stay what they are, each with its own feedback and revisit.
"""

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
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_field, need_judged, need_reported, need_scope, need_state, need_value
from node.domain.ticket.consent import GIVEN
from node.domain.ticket.intake_record import DueTaken
from node.domain.ticket.state import OPEN, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import Limit, Unit, local_day

MERGEABLE = frozenset({State.REGISTERED, State.IN_JUDGEMENT, State.FORMED})


@dataclass(frozen=True)
class Merge(Command):
    """
    Merge this ticket into ``into``.  ``consent`` is what the appellant said, ``consent_way`` how, ``consented_on`` when; none of
    them where his answer was recorded before (``consent.RecordMergeConsent``).
    ``is_same_appellant``: the clerk made sure of it, where no code of the enterprise says so.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD})
    also = ("into",)

    into: str
    consent_way: str = ""
    consent: Text | None = None
    consented_on: date | None = None
    is_same_appellant: bool = False


@dataclass(frozen=True)
class UndoMerge(Command):
    """Split this ticket from ``into``, which it was merged into, again."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})
    also = ("into",)

    into: str
    reason: Text


@dataclass(frozen=True)
class LinkCommon(Command):
    """Say that this ticket and ``other``, of another appellant, are about the same issue (共性问题)."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})
    is_side = True
    also = ("other",)

    other: str
    note: Text | None = None


@dataclass(frozen=True)
class MergedInto(TicketEvent):
    """
    The need is handled with ticket `into` of the same appellant, who agreed; this one stays readable and can be split again.

    `is_confirmed`: no code of the enterprise shows that it is the same appellant, a clerk made sure.
    """

    into: str
    consent_way: str
    consented_on: date
    is_confirmed: bool = False
    consent: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        back_to = State.REGISTERED if ticket.state is State.IN_JUDGEMENT else ticket.state
        merge = replace(ticket.merge, into=self.into, left=r.Left(back_to, With.OFFICE), consent_at=head.recorded_at)
        return replace(ticket, state=State.MERGED, with_whom=With.NOBODY, merge=merge)


@dataclass(frozen=True)
class TookIn(TicketEvent):
    """
    This ticket is handled for the need `merged`, too. Of two handling limits the earlier due time wins.

    `due_at` is that of the need taken in, if it ran and was the earlier one; `former_limit` and `former_unit` are what this
    ticket's own limit was, for the case that the merge is undone.
    """

    merged: str
    due_at: datetime | None = None
    former_limit: int = 0
    former_unit: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, merge=replace(ticket.merge, taken_in=(*ticket.merge.taken_in, self.merged)), due_taken=_taken(ticket, self))


@dataclass(frozen=True)
class MergeUndone(TicketEvent):
    """The merge into `into` no longer holds; this ticket is where it was before, with fresh limits."""

    into: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        left = ticket.merge.left
        assert left is not None
        merge = replace(ticket.merge, into="", left=None, consent_at=None)
        return replace(ticket, state=left.state, with_whom=left.with_whom, merge=merge)


@dataclass(frozen=True)
class SplitOff(TicketEvent):
    """The need `merged` is a ticket of its own again."""

    merged: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        rest = tuple(one for one in ticket.merge.taken_in if one != self.merged)
        due_taken = tuple(one for one in ticket.due_taken if one.merged != self.merged)
        return replace(ticket, merge=replace(ticket.merge, taken_in=rest), due_taken=due_taken)


@dataclass(frozen=True)
class CommonLinked(TicketEvent):
    """This ticket and `other`, of another appellant, are about the same issue; each stays a ticket of its own."""

    is_side = True

    other: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        linked = tuple(sorted({*ticket.merge.linked, self.other}))
        return replace(ticket, merge=replace(ticket.merge, linked=linked))


def _taken(ticket: Ticket, event: TookIn) -> tuple[DueTaken, ...]:
    if event.due_at is None:
        return ticket.due_taken
    return (*ticket.due_taken, DueTaken(event.merged, event.due_at, event.former_limit, event.former_unit))


def merge(ticket: Ticket, command: Merge, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.2b: two needs of one appellant, both held here, with its recorded consent (who, when, how)."""
    if ticket.state is State.MERGED and ticket.merge.into == command.into:
        return []
    need_state(ticket, MERGEABLE)
    need_reported(ticket)
    need_scope(ticket, facts, policy)
    need_judged(ticket, "merge")
    main = _other(ticket, command.into, facts)
    _need_held(main, policy)
    need_state(main, OPEN)
    is_confirmed = _confirmed(ticket.appellant, main.appellant, command.is_same_appellant, ticket, main)
    way, consented_on = _consent(ticket, main, command, policy, now)
    merged = MergedInto(into=main.id, consent_way=way, consented_on=consented_on, is_confirmed=is_confirmed, consent=command.consent)
    return [
        *lapse_open(ticket),
        Happened(ticket.subject, merged, clocks=clocks.stop_all(ticket, policy.node)),
        _took_in(ticket, main),
    ]


def _consent(ticket: Ticket, main: Ticket, command: Merge, policy: Policy, now: datetime) -> tuple[str, date]:
    """AS25-4.2.1.2b: who (the appellant, in words), when and how; without any of them there is no consent."""
    asked = ticket.merge_consent
    if asked is not None and asked.into == main.id and asked.answered_at is not None and not command.consent:
        if asked.answer != GIVEN:
            raise Refusal(Code.CONSENT_REQUIRED, ticket=ticket.id, into=main.id)
        return asked.way, local_day(asked.answered_at)
    if not (command.consent and command.consent_way and command.consented_on):
        raise Refusal(Code.CONSENT_REQUIRED, ticket=ticket.id, into=main.id)
    need_value(policy, "notice.ways", command.consent_way)
    if command.consented_on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="consented_on")
    return command.consent_way, command.consented_on


def _took_in(ticket: Ticket, main: Ticket) -> Happened:
    """The main ticket is due when the first of the two is: whoever merges wins no time."""
    own, other = main.clock("resolve"), ticket.clock("resolve")
    if other is None or other.due_at is None or (own is not None and (own.due_at is None or own.due_at <= other.due_at)):
        return Happened(main.subject, TookIn(merged=ticket.id))
    if own is None:  # not formed yet: its limit is kept for then
        return Happened(main.subject, TookIn(merged=ticket.id, due_at=other.due_at))
    event = TookIn(merged=ticket.id, due_at=other.due_at, former_limit=own.limit.count, former_unit=own.limit.unit.value)
    moved = replace(clocks.hand_to(own, own.owes), due_at=other.due_at, provisional=other.is_provisional)
    return Happened(main.subject, event, clocks=(moved,))


def undo_merge(ticket: Ticket, command: UndoMerge, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.2b: a merge can be undone; both tickets are restored."""
    need_state(ticket, {State.MERGED})
    need_scope(ticket, facts, policy)
    if command.into != ticket.merge.into:
        raise Refusal(Code.MALFORMED_COMMAND, field="into")
    main = _other(ticket, command.into, facts)
    _need_held(main, policy)
    need_field("reason", command.reason)
    return [
        Happened(ticket.subject, MergeUndone(into=main.id, reason=command.reason), clocks=_begun_again(ticket, policy, now)),
        Happened(main.subject, SplitOff(merged=ticket.id), clocks=_own_limit_again(ticket, main, policy)),
    ]


def _own_limit_again(ticket: Ticket, main: Ticket, policy: Policy) -> tuple[ClockChange, ...]:
    """The main ticket's own limit, from its own start, unless it was set anew since."""
    taken = next((one for one in main.due_taken if one.merged == ticket.id), None)
    running = main.clock("resolve")
    if taken is None or not taken.former_unit or running is None or running.due_at != taken.due_at:
        return ()
    return (clocks.relimit(running, Limit(taken.former_limit, Unit(taken.former_unit)), policy),)


def link_common(ticket: Ticket, command: LinkCommon, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 19: across appellants tickets are linked, never merged; wherever their custody is."""
    other = _other(ticket, command.other, facts)
    if other.id in ticket.merge.linked and ticket.id in other.merge.linked:
        return []
    return [
        Happened(ticket.subject, CommonLinked(other=other.id, note=command.note)),
        Happened(other.subject, CommonLinked(other=ticket.id)),
    ]


def _other(ticket: Ticket, id: str, facts: Facts) -> Ticket:
    other = facts.others.get(id)
    if id == ticket.id:
        raise Refusal(Code.MALFORMED_COMMAND, field="into")
    if not isinstance(other, Ticket):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket")
    return other


def _need_held(main: Ticket, policy: Policy) -> None:
    """What ``decide`` asks of the ticket itself, asked of the main one: an entry is written on it, too."""
    if main.custody.holder != policy.node:
        raise Refusal(Code.NOT_HOLDER, ticket=main.id, holder=main.custody.holder, number=main.custody.number)
    if main.custody.is_frozen:
        raise Refusal(Code.HANDLING_FROZEN, ticket=main.id, asked=main.custody.asked)
    if main.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=main.id)


def _confirmed(one: r.Appellant, two: r.Appellant, is_same: bool, ticket: Ticket, main: Ticket) -> bool:
    """Whether only a clerk's word says that it is one appellant; refused where the codes say that it is not."""
    for first, second in ((one.credit_code, two.credit_code), (one.enterprise, two.enterprise)):
        if first and second:
            if first != second:
                raise Refusal(Code.OTHER_APPELLANT, ticket=ticket.id, into=main.id)
            return False
    if not is_same:
        raise Refusal(Code.APPELLANT_UNCONFIRMED, ticket=ticket.id, into=main.id)
    return True


def _begun_again(ticket: Ticket, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    left = ticket.merge.left
    if left is None or left.state is not State.FORMED:
        return (clocks.start(policy, now, "form", With.OFFICE),)
    dispatching = clocks.start(policy, now, "dispatch", With.OFFICE)
    if "resolve" not in ticket.clocks:
        return (dispatching,)
    return dispatching, clocks.start(policy, now, "resolve", With.OFFICE, limit=clocks.resolve_limit(ticket, policy))


DECISIONS = {Merge: merge, UndoMerge: undo_merge, LinkCommon: link_common}
