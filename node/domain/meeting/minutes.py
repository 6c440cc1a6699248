"""
The minutes (会议纪要), with which a meeting is closed.

They are filed only when something came of every item; a joint judgement leaves what it did not come to undecided, in the pool.
Their words are sealed; what they decide is bound to them by a digest over the items, so that neither can be exchanged later.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.dossier import stop_clock
from node.domain.entry import Happened, Header
from node.domain.meeting.convening import CHAIRS, MINUTES_CLOCK, need_host, need_state_of
from node.domain.meeting.holding import ItemDecided
from node.domain.meeting.record import CASE, CLOSED, HELD, TICKET, Item, Meeting, MeetingCommand, MeetingEvent, form_of
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field
from node.domain.ticket.judgement import UNDECIDED, leave_undecided
from node.domain.ticket.meetings import CaseReported, TakenOffAgenda
from node.domain.ticket.parts import need_evidence_here
from node.domain.time import local_day


@dataclass(frozen=True)
class FileMinutes(MeetingCommand):
    """File the minutes and close the meeting; ``digest`` is that of the signed copy, if it is stored here."""

    roles = CHAIRS
    needs = ("agenda",)

    minutes: Text
    digest: str = ""


@dataclass(frozen=True)
class MinutesFiled(MeetingEvent):
    """
    The minutes are filed and the meeting is closed.

    `digest` is SHA-256, in hex, of the signed copy if there is one; `decisions_digest` of what came of each item. Cases on the agenda count
    as reported from here.
    """

    decisions_digest: str
    digest: str = ""
    minutes: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        items = tuple(
            replace(one, outcome="reported", decided_at=head.recorded_at) if one.kind == CASE and one.is_open else one
            for one in meeting.agenda
        )
        return replace(meeting, state=CLOSED, agenda=items, minutes=self.minutes, digest=self.digest, closed_at=head.recorded_at)


def file_minutes(meeting: Meeting, command: FileMinutes, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.0a, HM20-4.1b: not while an item has no conclusion; AS25-3.2.2a: an undecided need stays in the pool."""
    need_host(meeting, facts)
    need_state_of(meeting, HELD)
    need_field("minutes", command.minutes)
    if command.digest:
        need_evidence_here((command.digest,), facts)
    happened: list[Happened] = []
    left = [one for one in meeting.open_items if one.kind != CASE]
    if form_of(policy.pack, meeting.meeting_kind).judges:
        for item in (one for one in left if one.kind == TICKET):
            happened += _undecided(meeting, item, command.minutes, facts, policy, now)
        left = [one for one in left if one.kind != TICKET]
    if left:
        raise Refusal(Code.ITEM_UNDECIDED, meeting=meeting.id, items=[one.number for one in left])
    settled = tuple(replace(one, outcome=one.outcome or UNDECIDED) if one.kind == TICKET else one for one in meeting.agenda)
    filed = MinutesFiled(decisions_digest(settled), command.digest, command.minutes)
    happened.append(Happened(meeting.subject, filed, clocks=stop_clock(meeting, MINUTES_CLOCK)))
    for ticket in (facts.given["agenda"][one.ticket] for one in meeting.open_items if one.kind == CASE):
        tones = dict.fromkeys(case.tone for case in ticket.cases if case.reported_on is None)
        happened += [Happened(ticket.subject, CaseReported(tone, meeting.id, local_day(now))) for tone in tones]
    return happened


def _undecided(meeting: Meeting, item: Item, reason: Text, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    ticket = facts.given["agenda"][item.ticket]
    return [
        Happened(meeting.subject, ItemDecided(item.number, UNDECIDED)),
        *leave_undecided(ticket, reason, policy, now),
        Happened(ticket.subject, TakenOffAgenda(meeting.id, UNDECIDED)),
    ]


def decisions_digest(items: Iterable[Item]) -> str:
    """SHA-256, in hex, over what came of each item, a line each: number, kind, ticket, outcome, unit, due."""
    lines = (f"{one.number}|{one.kind}|{one.ticket}|{one.outcome}|{one.unit}|{one.due or ''}" for one in items if one.kind != CASE)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


DECISIONS = {FileMinutes: file_minutes}
