"""
Meetings: which tickets are ripe for one, what its agenda and material hold, whose inbox its invitation lies in, which tasks are
open, and which meetings were due and not held.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, select

from node.domain.command import Order
from node.domain.entry import Subject, SubjectKind
from node.domain.meeting.record import CLOSED, CONVENED, HELD, NOT_HELD, Form, Meeting, Task, form_of
from node.domain.meeting.ripeness import lacking
from node.domain.organisation import Role
from node.domain.period import Period, next_period, period_named, period_of
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.meetings import NEGATIVE, on_agenda
from node.domain.ticket.state import OPEN, State
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day
from node.services.unreadable import folded
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.dossier_readings import dossier_of
from node.storage.ticket_rows import parts
from node.storage.unit_of_work import UnitOfWork, View

_OPEN = sorted(state.value for state in OPEN)
# Tickets of a pool that are read together: as many as a page shows.
_read_together = 100
# Those of some tickets that somebody may see.
Seen = Callable[[Sequence[str]], Collection[str]]


# --- reading meetings -------------------------------------------------------------------------------------------------


def meeting_of(view: View | UnitOfWork, id: str) -> Meeting | None:
    """The meeting of that id."""
    found = dossier_of(view.journal, Subject(SubjectKind.MEETING.value, id))
    return found if isinstance(found, Meeting) else None


def meetings(view: View | UnitOfWork, *states: str, since: datetime | None = None) -> list[Meeting]:
    """This node's meetings that can be read, in one of *states* (any, if none is named), changed at *since* or later, the oldest first."""
    table = schema.dossiers
    wanted = [table.c.kind == SubjectKind.MEETING.value, table.c.owner == view.head.node]
    if states:
        wanted.append(table.c.state.in_(states))
    if since is not None:
        wanted.append(table.c.changed_at >= micros(since))
    ids = view.connection.execute(select(table.c.id).where(*wanted).order_by(table.c.opened_at, table.c.id)).scalars().all()
    return [one for one in view.readings.dossiers(SubjectKind.MEETING, ids) if isinstance(one, Meeting)]


# What a unit is asked outside a meeting.
RECHECK = "recheck"


@dataclass(frozen=True)
class AgendaLine:
    """An item with the ticket's state as it is now."""

    number: int
    kind: str
    ticket: str
    state: str
    unit: str
    outcome: str
    due: date | None
    is_behind_limit: bool


def agenda(view: View | UnitOfWork, meeting: Meeting) -> list[AgendaLine]:
    """The agenda of *meeting*, in its order."""
    states = _states(view, [one.ticket for one in meeting.agenda if one.ticket])
    return [
        AgendaLine(
            one.number, one.kind, one.ticket, states.get(one.ticket, ("", ""))[0], one.unit, one.outcome, one.due, one.is_behind_limit
        )
        for one in meeting.agenda
    ]


@dataclass(frozen=True)
class ProtocolLine:
    """A need in the protocol of a joint judgement: its outcome and lead, which members gave their opinion, and which did not."""

    number: int
    ticket: str
    outcome: str
    lead: str
    opinions: tuple[str, ...]
    silent: tuple[str, ...]


def protocol(view: View | UnitOfWork, meeting: Meeting) -> list[ProtocolLine]:
    """The protocol of a joint judgement, need by need (AS25-3.2.2a), as the files of the needs have it."""
    lines, known = [], view.readings.tickets(item.ticket for item in meeting.agenda if item.ticket)
    for item in meeting.agenda:
        ticket = known.get(item.ticket)
        judgement = ticket.judgement if ticket is not None else None
        if judgement is None or judgement.session != meeting.id:
            continue
        silent = tuple(unit for unit in judgement.members if unit not in judgement.opinions)
        lines.append(ProtocolLine(item.number, item.ticket, item.outcome, item.unit, judgement.opinions, silent))
    return lines


@dataclass(frozen=True)
class NeedLine:
    """A need that came up at a meeting, or that its material names: where it stands now, and with which unit."""

    ticket: str
    state: str
    unit: str


def raised(view: View | UnitOfWork, meeting: Meeting) -> list[NeedLine]:
    """The needs that came up at *meeting* (AS25-1.3b)."""
    return _needs(view, meeting.raised)


def material(view: View | UnitOfWork, meeting: Meeting) -> list[NeedLine]:
    """The needs that *meeting* was prepared with (AS25-3.6.3)."""
    return _needs(view, meeting.material)


def _needs(view: View | UnitOfWork, tickets: Sequence[str]) -> list[NeedLine]:
    states = _states(view, tickets)
    return [NeedLine(ticket, *states.get(ticket, ("", ""))) for ticket in tickets]


def _states(view: View | UnitOfWork, tickets: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    table = schema.tickets
    rows = view.connection.execute(select(table.c.id, table.c.state, table.c.lead).where(table.c.id.in_(sorted(set(tickets)))))
    return {row.id: (row.state, row.lead) for row in rows}


# --- what may come before a meeting -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A ticket that could be put on an agenda; ``missing`` is what it still lacks, empty: it is ripe."""

    ticket: str
    state: str
    duty_line: str
    missing: tuple[str, ...]

    @property
    def is_ripe(self) -> bool:
        """It may be submitted."""
        return not self.missing


def candidates(
    view: View | UnitOfWork, policy: Policy, meeting_kind: str, duty_line: str = "", *, seen: Seen | None = None, most: int | None = None
) -> list[Candidate]:
    """
    What could be submitted to a meeting of the kind and line, the oldest first: of a joint judgement what lies in the office's pool,
    else what the centre has made ready for it.  Only what *seen* lets pass, if it is given, and the first *most* of it.

    Raises:
        Refusal: VALUE_NOT_OFFERED, if the pack has no such kind.
    """
    if meeting_kind not in policy.pack.names("meetings.kinds"):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="meetings.kinds", value=meeting_kind, offered=policy.pack.names("meetings.kinds"))
    form = form_of(policy.pack, meeting_kind)
    pool = (_candidate(ticket, form, duty_line) for ticket in _pool(view, form, duty_line, seen) if on_agenda(ticket) is None)
    return list(islice(pool, most))


def _candidate(ticket: Ticket, form: Form, duty_line: str) -> Candidate:
    return Candidate(ticket.id, ticket.state.value, duty_line, lacking(ticket, form.ripe_needs, form.code, duty_line))


def _pool(view: View | UnitOfWork, form: Form, duty_line: str, seen: Seen | None) -> Iterator[Ticket]:
    tickets, traits = schema.tickets, schema.traits
    held = (tickets.c.holder == view.head.node, tickets.c.asked == "")
    if form.judges:
        wanted = select(tickets.c.id).where(*held, tickets.c.state == State.REGISTERED.value, tickets.c.with_whom == "office")
    else:
        ready = (traits.c.name == "ready_for", traits.c.value == f"{form.code}/{duty_line}")
        wanted = select(tickets.c.id).join(traits, traits.c.ticket == tickets.c.id).where(*held, *ready, tickets.c.state.in_(_OPEN))
    ids = view.connection.execute(wanted.order_by(tickets.c.registered_at, tickets.c.id)).scalars().all()
    shown = set(ids) if seen is None else seen(ids)
    for part in parts([id for id in ids if id in shown], _read_together):
        yield from view.readings.tickets(part).values()


# --- invitations and tasks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Invitation:
    """
    A meeting that somebody is invited to: through ``unit``, or in person where that is empty.  Of kind "recheck" is what a
    unit is asked its opinion on outside a meeting; ``meeting`` is then the ticket.
    """

    meeting: str
    meeting_kind: str
    planned_at: datetime | None
    unit: str


def invitations(view: View | UnitOfWork, account: str) -> list[Invitation]:
    """
    The meetings ahead of *account*, the next first: in person, or as its unit's named contact.  Where a unit has a service
    specialist, its invitations lie with him (AS25-1.2d); elsewhere with its desk and members.
    """
    unit = _unit_served(view, account)
    found = [
        Invitation(one.id, one.meeting_kind, one.planned_at, "" if account in one.persons else unit)
        for one in meetings(view, CONVENED)
        if account in one.persons or (unit and unit in one.units)
    ]
    found += [Invitation(ticket, RECHECK, None, unit) for ticket in _rechecks(view, unit)]
    return sorted(found, key=lambda one: (str(one.planned_at), one.meeting))


def _rechecks(view: View | UnitOfWork, unit: str) -> list[str]:
    """The tickets under recheck on which *unit* was asked for an opinion and gave none yet (AS25-2.5)."""
    table = schema.tickets
    here = (table.c.holder == view.head.node, table.c.state == State.RECHECKING.value)
    tickets = view.readings.tickets(view.connection.execute(select(table.c.id).where(*here)).scalars()).values() if unit else ()
    rechecks = [(one.id, one.recheck) for one in tickets if one.recheck is not None]
    return [id for id, recheck in rechecks if unit in recheck.participants and unit not in recheck.opinions]


def _unit_served(view: View | UnitOfWork, account: str) -> str:
    """The unit whose invitations come to *account*; empty if they come to somebody else."""
    table = schema.accounts
    own = view.connection.execute(select(table).where(table.c.node == view.head.node, table.c.id == account)).first()
    if own is None or not own.is_active or not own.unit:
        return ""
    colleagues = view.connection.execute(
        select(table.c.roles).where(table.c.node == view.head.node, table.c.unit == own.unit, table.c.is_active.is_(True))
    ).scalars()
    specialist = Role.SPECIALIST.value
    has_specialist = any(specialist in roles.split(",") for roles in colleagues)
    return own.unit if not has_specialist or specialist in own.roles.split(",") else ""


@dataclass(frozen=True)
class TaskLine:
    """A task that a meeting set and that is not done; ``is_overdue`` once its day is over."""

    meeting: str
    task: int
    ticket: str
    unit: str
    due: date
    is_overdue: bool


def open_tasks(view: View | UnitOfWork, now: datetime, *, unit: str = "") -> list[TaskLine]:
    """Tasks of meetings that nobody ticked off, the most urgent first; of *unit*, if one is named (AS25-3.1.1b)."""
    today = local_day(now)

    def line(meeting: Meeting, task: Task) -> TaskLine:
        item = meeting.item(task.item)
        return TaskLine(meeting.id, task.number, item.ticket if item else "", task.unit, task.due, task.due < today)

    found = [
        line(meeting, task)
        for meeting in meetings(view, HELD, CLOSED)
        for task in meeting.tasks
        if task.done_at is None and unit in ("", task.unit)
    ]
    return sorted(found, key=lambda one: (one.due, one.meeting, one.task))


# --- meetings that were due ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Missed:
    """A meeting that was due in ``period`` and not held; ``explained_by`` is the dossier with the reason, if there is one."""

    meeting_kind: str
    period: str
    explained_by: str = ""

    @property
    def is_explained(self) -> bool:
        """A reason was entered."""
        return bool(self.explained_by)


def missed(view: View | UnitOfWork, policy: Policy, now: datetime) -> list[Missed]:
    """
    Periods that are over and had no meeting of a kind that the pack wants in each (HM20-4.1a, FJ23-4.2b), from the one on in which
    this node's journal began; a meeting counts by the day on which its attendance was recorded.

    A meeting that was held and cannot be read may have been any of those between its first entry and its last: no such period is said
    to have had none.  It is noted in ``unread_dossiers``.
    """
    forms = [form_of(policy.pack, kind) for kind in policy.pack.names("meetings.kinds")]
    due = [form for form in forms if form.every != "none"]
    if not due:
        return []
    begun = _begun_at(view)
    held = {(one.meeting_kind, one.held_at) for one in meetings(view, HELD, CLOSED)}
    explained = {(one.meeting_kind, one.period): one.id for one in meetings(view, NOT_HELD)}
    doubtful = []
    for row in _unread(view, HELD, CLOSED, NOT_HELD):
        kind, _, rest = row.key.partition("/")
        if row.state == NOT_HELD:
            explained[kind, rest] = row.id
        else:
            doubtful.append((kind, instant(row.opened_at), instant(row.changed_at)))
    found = []
    for form in due:
        for period in _periods_over(begun, now, form.every):
            is_held = any(kind == form.code and at is not None and period.begins <= at < period.ends for kind, at in held)
            may_be = any(kind == form.code and since < period.ends and period.begins <= last for kind, since, last in doubtful)
            if not is_held and not may_be:
                found.append(Missed(form.code, period.name, explained.get((form.code, period.name), "")))
    return found


def _unread(view: View | UnitOfWork, *states: str) -> Sequence[Row[Any]]:
    """The rows of those of this node's meetings in *states* that were to be read and could not be."""
    table = schema.dossiers
    wanted = (table.c.kind == SubjectKind.MEETING.value, table.c.owner == view.head.node, table.c.state.in_(states))
    return view.connection.execute(select(table).where(*wanted, table.c.id.in_(sorted(view.readings.unread_dossiers)))).all()


def _begun_at(view: View | UnitOfWork) -> datetime:
    table = schema.adoptions
    first = view.connection.execute(select(table.c.adopted_at).where(table.c.node == view.head.node).order_by(table.c.adopted_at).limit(1))
    return instant(first.scalar_one())


def _periods_over(begun: datetime, now: datetime, every: str) -> Iterator[Period]:
    period = period_of(local_day(begun), every)
    while period.ends <= now:
        yield period
        period = next_period(local_day(period.begins), every)


# --- what the decisions need -----------------------------------------------------------------------------------------------


def agenda_tickets(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> dict[str, Ticket]:
    """The tickets of the item that the command names, else of every open item, by id."""
    meeting = meeting_of(work, order.subject)
    if meeting is None:
        return {}
    number = getattr(order.command, "agenda_item", 0)
    items = [one for one in meeting.agenda if (one.number == number if number else one.is_open)]
    return {one.ticket: folded(work, one.ticket) for one in items if one.ticket}


def named_meeting(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Meeting | None:
    """The meeting that the command names, if it names one that there is."""
    name = getattr(order.command, "meeting", "")
    return meeting_of(work, name) if name else None


def missed_meetings(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> frozenset[tuple[str, str]]:
    """Kind and period of the meetings that were missed and have no reason yet."""
    return frozenset((one.meeting_kind, one.period) for one in missed(work, policy, now) if not one.is_explained)


def negative_cases(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> list[str]:
    """The tickets marked as negative cases in the command's period that no meeting has heard of, the oldest first."""
    name = getattr(order.command, "period", "")
    try:
        period = period_named(name)
    except (ValueError, KeyError):
        raise Refusal(Code.MALFORMED_COMMAND, field="period") from None
    table = schema.traits
    ids = list(work.connection.execute(select(table.c.ticket).where(table.c.name == "case", table.c.value == NEGATIVE)).scalars())
    found: list[tuple[datetime, str]] = []
    for id in ids:
        ticket = work.readings.readable(id)
        cases = ticket.cases if ticket is not None else ()
        found += [
            (one.marked_at, id)
            for one in cases
            if one.tone == NEGATIVE and one.reported_on is None and period.begins <= one.marked_at < period.ends
        ]
    return [id for _, id in sorted(found)]


def needs_of_industry(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> list[str]:
    """
    The open needs held here of the industry that the command names, the oldest first: as was said of the need itself, else as its
    enterprise is filed.
    """
    industry = getattr(order.command, "industry", "")
    tickets, traits, files = schema.tickets, schema.traits, schema.enterprises
    said = {row.ticket: row.value for row in work.connection.execute(select(traits).where(traits.c.name == "industry"))}
    of_file = set(
        work.connection.execute(
            select(traits.c.ticket)
            .join(files, files.c.id == traits.c.value)
            .where(traits.c.name == "enterprise", files.c.block == industry)
        ).scalars()
    )
    open_ = work.connection.execute(
        select(tickets.c.id)
        .where(tickets.c.holder == work.head.node, tickets.c.state.in_(_OPEN))
        .order_by(tickets.c.registered_at, tickets.c.id)
    ).scalars()
    return [id for id in open_ if said.get(id, industry if id in of_file else "") == industry]
