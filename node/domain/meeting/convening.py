"""
Convening a meeting: who may, whom it has, when; changing that, or calling it off; and saying why one that was due was not held.

A leader who keeps no log-in convenes on paper: the office enters it in his name with the scanned paper (USERS B16).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.dossier import stop_clock
from node.domain.entry import ClockChange, Happened, Header, Subject, SubjectKind
from node.domain.leader.record import has_lines, leader_of
from node.domain.meeting.record import CANCELLED, CONVENED, NOT_HELD, TICKET, Form, Meeting, MeetingCommand, MeetingEvent, form_of
from node.domain.open_codes import legal_codes, need_plain_code
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_unit, need_value
from node.domain.ticket.judgement import in_session, leave_undecided
from node.domain.ticket.meetings import TAKEN_OFF, TakenOffAgenda, is_behind
from node.domain.ticket.parts import need_evidence_here
from node.domain.time import local_day

HOSTS = frozenset({Role.OFFICE, Role.STEWARD, Role.GOVERNMENT, Role.LEADER, Role.SUPERVISION, Role.MEMBER})
# Who runs a meeting that was convened: a lead runs the one to which it called its co-handlers.
CHAIRS = HOSTS | {Role.DEPARTMENT}
MINUTES_CLOCK = "minutes"


@dataclass(frozen=True)
class ConveneMeeting(MeetingCommand):
    """
    Convene a meeting of the pack's kind for ``planned_at``.

    ``duty_line`` where the post that convenes it has lines; ``deciding_body`` where a decision-making body decides.  ``convener`` is
    the leader's account where somebody else enters it for him, with the ``digest`` of the signed paper.  ``units``, ``persons``
    (accounts) and ``enterprises`` (credit codes) are invited, beside the units that the kind always has.
    """

    roles = HOSTS
    starts = True
    needs = ("leaders", "accounts")

    meeting_kind: str
    planned_at: datetime
    duty_line: str = ""
    deciding_body: str = ""
    convener: str = ""
    digest: str = ""
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()
    venue: Text | None = None
    theme: Text | None = None


@dataclass(frozen=True)
class InviteParticipants(MeetingCommand):
    """Invite more units, people or enterprises."""

    roles = CHAIRS
    needs = ("accounts",)

    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()


@dataclass(frozen=True)
class UninviteUnit(MeetingCommand):
    """Take back the invitation of a unit; the units that the kind always has stay."""

    roles = CHAIRS

    unit: str


@dataclass(frozen=True)
class MoveMeeting(MeetingCommand):
    """Plan the meeting for another time."""

    roles = CHAIRS
    needs = ("agenda",)

    planned_at: datetime
    reason: Text


@dataclass(frozen=True)
class CancelMeeting(MeetingCommand):
    """Call the meeting off; its tickets are free for another one."""

    roles = CHAIRS
    needs = ("agenda",)

    reason: Text


@dataclass(frozen=True)
class ExplainMissedMeeting(MeetingCommand):
    """Say why a meeting that was due in ``period`` ("2026-03", "2026-Q1") was not held."""

    roles = frozenset({Role.OFFICE})
    starts = True
    needs = ("missed_meetings",)

    meeting_kind: str
    period: str
    reason: Text


@dataclass(frozen=True)
class MeetingConvened(MeetingEvent):
    """
    A meeting is planned for `planned_at`; `units` (the fixed ones included), `persons` (accounts) and `enterprises` are invited.

    `convener` is the account in whose name, in the role `convener_role`; `digest` the scanned paper where somebody else entered it
    for him.
    """

    begins = True

    meeting_kind: str
    planned_at: datetime
    convener: str
    convener_role: str = ""
    duty_line: str = ""
    deciding_body: str = ""
    digest: str = ""
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()
    venue: Words | None = None
    theme: Words | None = None

    def begin(self, head: Header) -> Meeting:
        at = head.recorded_at
        return Meeting(
            head.subject.id,
            head.node,
            CONVENED,
            at,
            at,
            meeting_kind=self.meeting_kind,
            host=head.actor.unit,
            convener=self.convener,
            convener_role=self.convener_role,
            duty_line=self.duty_line,
            deciding_body=self.deciding_body,
            planned_at=self.planned_at,
            units=self.units,
            persons=self.persons,
            enterprises=self.enterprises,
        )


@dataclass(frozen=True)
class MeetingInvited(MeetingEvent):
    """More units, people or enterprises are invited."""

    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        return replace(
            meeting,
            units=tuple(dict.fromkeys((*meeting.units, *self.units))),
            persons=tuple(dict.fromkeys((*meeting.persons, *self.persons))),
            enterprises=tuple(dict.fromkeys((*meeting.enterprises, *self.enterprises))),
        )


@dataclass(frozen=True)
class MeetingUninvited(MeetingEvent):
    """The unit need not come."""

    unit: str

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        return replace(meeting, units=tuple(unit for unit in meeting.units if unit != self.unit))


@dataclass(frozen=True)
class MeetingMoved(MeetingEvent):
    """The meeting is planned for another time; `behind_limit` are those of its tickets whose own limit ends before."""

    planned_at: datetime
    behind_limit: tuple[int, ...] = ()
    reason: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        items = tuple(replace(one, is_behind_limit=one.number in self.behind_limit) for one in meeting.agenda)
        return replace(meeting, planned_at=self.planned_at, agenda=items)


@dataclass(frozen=True)
class MeetingCancelled(MeetingEvent):
    """The meeting does not take place."""

    reason: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        return replace(meeting, state=CANCELLED)


@dataclass(frozen=True)
class MissedMeetingExplained(MeetingEvent):
    """A meeting that was due in `period` was not held, for a reason: the flag stays, explained."""

    begins = True

    meeting_kind: str
    period: str
    reason: Words | None = None

    def begin(self, head: Header) -> Meeting:
        at = head.recorded_at
        return Meeting(
            head.subject.id, head.node, NOT_HELD, at, at, meeting_kind=self.meeting_kind, host=head.actor.unit, period=self.period
        )


def convene(command: ConveneMeeting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-1.3a, XS25-4.3.2.3a, FJ23-2.1a: a kind of the pack, by who may convene it, with whom it always has."""
    need_field("meeting_kind", command.meeting_kind)
    need_value(policy, "meetings.kinds", command.meeting_kind)
    form = form_of(policy.pack, command.meeting_kind)
    convener = _convener(command, form, facts, policy, now)
    if form.bodies:
        need_field("deciding_body", command.deciding_body)
    if command.deciding_body and command.deciding_body not in form.bodies:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="deciding_body", value=command.deciding_body, offered=form.bodies)
    fixed = tuple(unit_code(policy.node, unit) for unit in form.fixed)
    units = tuple(dict.fromkeys((*fixed, *command.units)))
    if form.judges:  # AS25-3.2.2a: needs are put before members
        need_field("units", units)
    for unit in units:
        need_unit(facts, unit)
    _need_accounts(command.persons, facts)
    need_plain_code("duty_line", command.duty_line)
    event = MeetingConvened(
        meeting_kind=command.meeting_kind,
        planned_at=command.planned_at,
        convener=convener,
        convener_role=facts.actor.role if convener == facts.actor.account else Role.LEADER.value,
        duty_line=command.duty_line,
        deciding_body=command.deciding_body,
        digest=command.digest,
        units=units,
        persons=tuple(dict.fromkeys(command.persons)),
        enterprises=legal_codes(command.enterprises),
        venue=command.venue,
        theme=command.theme,
    )
    subject = Subject(SubjectKind.MEETING.value, facts.fresh_id)
    return [Happened(subject, event, clocks=(minutes_due(policy, now, command.planned_at, facts.actor.unit),))]


def _convener(command: ConveneMeeting, form: Form, facts: Facts, policy: Policy, now: datetime) -> str:
    """The account in whose name the meeting is convened: by his role, or by the post that he holds."""
    convener = command.convener or facts.actor.account
    if convener != facts.actor.account:
        # USERS B16: in a leader's name, with the paper that he signed.
        if not facts.is_role(Role.OFFICE, Role.GOVERNMENT):
            raise Refusal(Code.PERMISSION_DENIED, command="ConveneMeeting", role=facts.actor.role)
        need_field("digest", command.digest)
        if leader_of(facts.given["leaders"], convener) is None:
            raise Refusal(Code.ACCOUNT_UNKNOWN, account=convener)
    if command.digest:
        need_evidence_here((command.digest,), facts)
    if not form.post:
        if form.convened_by and facts.actor.role not in form.convened_by:
            raise Refusal(Code.PERMISSION_DENIED, command="ConveneMeeting", role=facts.actor.role)
        return convener
    duty_line: str | None = None
    if has_lines(policy.pack, form.post):
        need_field("duty_line", command.duty_line)
        duty_line = command.duty_line
    leader = leader_of(facts.given["leaders"], convener)
    if leader is None or not leader.holds((form.post,), local_day(now), duty_line):
        raise Refusal(Code.NOT_THE_CONVENER, meeting_kind=form.code, post=form.post, duty_line=command.duty_line)
    return convener


def _need_accounts(persons: tuple[str, ...], facts: Facts) -> None:
    """Who is invited in person has an account: a name never stands in an entry."""
    for person in persons:
        if person not in facts.given["accounts"]:
            raise Refusal(Code.ACCOUNT_UNKNOWN, account=person)


def minutes_due(policy: Policy, now: datetime, planned_at: datetime, unit: str) -> ClockChange:
    """The host owes the minutes so many working days after the meeting: what was convened is never left open."""
    limit = policy.pack.limit("minutes")
    return clocks.start(policy, now, MINUTES_CLOCK, unit or Role.OFFICE.value, limit=limit, since=max(planned_at, now))


def invite(meeting: Meeting, command: InviteParticipants, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.1a: N units are added for the case."""
    need_host(meeting, facts)
    need_open(meeting)
    for unit in command.units:
        need_unit(facts, unit)
    _need_accounts(command.persons, facts)
    added = MeetingInvited(
        tuple(unit for unit in dict.fromkeys(command.units) if unit not in meeting.units),
        tuple(one for one in dict.fromkeys(command.persons) if one not in meeting.persons),
        tuple(one for one in legal_codes(command.enterprises) if one not in meeting.enterprises),
    )
    return [Happened(meeting.subject, added)] if added != MeetingInvited() else []


def uninvite(meeting: Meeting, command: UninviteUnit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.1a: the seven industry departments are always there."""
    need_host(meeting, facts)
    need_open(meeting)
    if command.unit in {unit_code(policy.node, unit) for unit in form_of(policy.pack, meeting.meeting_kind).fixed}:
        raise Refusal(Code.FIXED_PARTICIPANT, unit=command.unit, meeting_kind=meeting.meeting_kind)
    if command.unit not in meeting.units:
        return []
    return [Happened(meeting.subject, MeetingUninvited(command.unit))]


def move(meeting: Meeting, command: MoveMeeting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 44: what is planned behind a ticket's own limit is warned of, not refused."""
    need_host(meeting, facts)
    need_state_of(meeting, CONVENED)
    need_field("reason", command.reason)
    if command.planned_at == meeting.planned_at:
        return []
    tickets = facts.given["agenda"]
    late = tuple(one.number for one in meeting.open_items if one.kind == TICKET and is_behind(tickets[one.ticket], command.planned_at))
    change = minutes_due(policy, now, command.planned_at, meeting.host)
    return [Happened(meeting.subject, MeetingMoved(command.planned_at, late, command.reason), clocks=(change,))]


def cancel(meeting: Meeting, command: CancelMeeting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """What was to be dealt with waits for the next meeting."""
    need_host(meeting, facts)
    need_state_of(meeting, CONVENED)
    need_field("reason", command.reason)
    freed: list[Happened] = []
    for ticket in (facts.given["agenda"][one.ticket] for one in meeting.open_items if one.kind == TICKET):
        freed += leave_undecided(ticket, command.reason, policy, now) if in_session(ticket, meeting.id) else []
        freed.append(Happened(ticket.subject, TakenOffAgenda(meeting.id, TAKEN_OFF, command.reason)))
    return [Happened(meeting.subject, MeetingCancelled(command.reason), clocks=stop_clock(meeting)), *freed]


def explain_missed(command: ExplainMissedMeeting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-4.1a: in principle every month; a month without one may have its reason."""
    need_field("reason", command.reason)
    if (command.meeting_kind, command.period) not in facts.given["missed_meetings"]:
        raise Refusal(Code.MEETING_NOT_MISSED, meeting_kind=command.meeting_kind, period=command.period)
    event = MissedMeetingExplained(command.meeting_kind, command.period, command.reason)
    return [Happened(Subject(SubjectKind.MEETING.value, facts.fresh_id), event)]


# --- refusals that the areas of a meeting share -------------------------------------------------------------------------


def need_host(meeting: Meeting, facts: Facts) -> None:
    """Only who convened it, his unit, or the office acts for the meeting."""
    if facts.actor.account == meeting.convener or facts.actor.unit == meeting.host or facts.is_role(Role.OFFICE):
        return
    raise Refusal(Code.PERMISSION_DENIED, command="Meeting", role=facts.actor.role)


def need_open(meeting: Meeting) -> None:
    """The minutes are not filed, the meeting was not called off."""
    if not meeting.is_open:
        raise Refusal(Code.MEETING_STATE, meeting=meeting.id, state=meeting.state)


def need_state_of(meeting: Meeting, *states: str) -> None:
    """The meeting must be in one of *states*."""
    if meeting.state not in states:
        raise Refusal(Code.MEETING_STATE, meeting=meeting.id, state=meeting.state)


DECISIONS = {
    ConveneMeeting: convene,
    InviteParticipants: invite,
    UninviteUnit: uninvite,
    MoveMeeting: move,
    CancelMeeting: cancel,
    ExplainMissedMeeting: explain_missed,
}
