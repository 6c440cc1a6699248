"""
Read models about limits: deadline receipts, due times that another calendar would count, what a month left unsettled, and how
many limits each unit missed.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select

from node.domain.entry import Actor
from node.domain.payload import SealedRef
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.due_proposal import DueProposal, proposal, proposals
from node.domain.ticket.sweep import SETTLEMENT
from node.domain.ticket.ticket import Ticket
from node.domain.time import DayLine, Limit, Pause, Unit, due, due_of_date, end_of, explain, local_day, period_end, recount
from node.services.policies import Policies
from node.services.queries import ClockLine, whole_clock_line
from node.services.scope import sees_all, visible_to
from node.services.unreadable import folded
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.ticket_rows import parts
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Receipt:
    """
    The deadline receipt (期限凭证) of one clock, day by day, by the calendar under which it was issued.

    ``until`` closes a pause that is still open, and so says up to when the days are counted.  ``promised`` is the date that was
    set where no limit was counted.  ``counted_due_at`` is what counting gives; ``recounted_due_at`` what somebody else makes of
    the receipt's own facts alone, None if a day is missing.  ``proposed`` is what the calendar in force would count.
    """

    ticket: str
    clock: ClockLine
    calendar: str
    pack: str
    pauses: tuple[Pause, ...]
    pauses_before: int
    promised: date | None
    until: datetime | None
    counted_due_at: datetime
    recounted_due_at: datetime | None
    proposed: DueProposal | None
    days: tuple[DayLine, ...]

    @property
    def agrees(self) -> bool:
        """True if the due time that was issued is the one that anybody counts from this receipt."""
        return self.counted_due_at == self.recounted_due_at and self.clock.due_at in (None, self.recounted_due_at)


def deadline_receipt(view: View, ticket_id: str, name: str, policy: Policy, now: datetime) -> Receipt:
    """
    The receipt of the clock *name* ("resolve", "co_handle/<unit>", "resolve@<node>"); *policy* brings the calendars.

    Raises:
        Refusal: SUBJECT_UNKNOWN, TICKET_UNREADABLE, CLOCK_UNKNOWN.
    """
    ticket = folded(view, ticket_id)
    clock = ticket.clocks.get(name) or next((one for one in ticket.clocks.values() if one.name == name), None)
    if clock is None:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=ticket.id, clock=name)
    calendar = policy.calendar_of(clock.calendar)
    until = (clock.stopped_at or now) if any(pause.end is None for pause in clock.pauses) else None
    pauses = tuple(pause if pause.end is not None else Pause(pause.begin, max(until or now, pause.begin)) for pause in clock.pauses)
    later = pauses[clock.pauses_before :] if clock.promised else pauses
    counted = due_of_date(clock.promised, calendar, later) if clock.promised else due(clock.started_at, clock.limit, calendar, pauses)
    days = explain(clock.started_at, clock.limit, calendar, pauses, promised=clock.promised, pauses_before=clock.pauses_before)
    return Receipt(
        ticket=ticket.id,
        clock=whole_clock_line(ticket.id, clock, calendar, now),
        calendar=clock.calendar,
        pack=clock.pack,
        pauses=pauses,
        pauses_before=clock.pauses_before,
        promised=clock.promised,
        until=until,
        counted_due_at=counted,
        recounted_due_at=_recounted(clock, later, days),
        proposed=proposal(ticket, clock, policy),
        days=days,
    )


def _recounted(clock: r.Clock, pauses: tuple[Pause, ...], days: tuple[DayLine, ...]) -> datetime | None:
    """From what the receipt prints, and by other code than that which counted it."""
    printed = {line.day: line.is_workday for line in days}
    stops = [(pause.begin, pause.end) for pause in pauses if pause.end is not None]
    return recount(clock.started_at, clock.limit.count, clock.limit.unit.value, printed, stops, clock.promised)


# --- another calendar -------------------------------------------------------------------------------------------------


# Tickets whose clocks are recounted together.
_recounted_together = 100


def due_proposals(view: View, policies: Policies, now: datetime, most: int | None = None) -> list[DueProposal]:
    """
    Every running clock of this node that the calendar in force would count otherwise than it was issued, the first due first
    (DESIGN 5: a changed calendar makes proposals); no more are looked for once *most* are found.
    """
    found: list[DueProposal] = []
    for part in parts(_under_another_calendar(view, policies.bare(view)), _recounted_together):
        for ticket in view.readings.tickets(part).values():
            found += proposals(ticket, policies.for_ticket(view, ticket, now))
        if most is not None and len(found) >= most:
            break
    return sorted(found, key=lambda one: (one.issued, one.ticket, one.clock))[:most]


def _under_another_calendar(view: View, policy: Policy) -> list[str]:
    """
    The tickets with a running clock of this node that was counted by another calendar than the one in force, of which a day between its
    start and its end counts otherwise; the first due first.  Few are left of them soon after an adoption.
    """
    table = schema.clocks
    its = (table.c.node == view.head.node, table.c.stopped_at.is_(None), table.c.due_at.isnot(None))
    rows = view.connection.execute(
        select(table.c.ticket, table.c.calendar, table.c.started_at, table.c.due_at)
        .where(*its, table.c.calendar != policy.calendar.version)
        .order_by(table.c.due_at, table.c.ticket)
    ).all()
    versions: dict[str, list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        versions.setdefault(row.calendar, []).append(row)
    changed = {version: _days_changed(policy, version, its_rows) for version, its_rows in versions.items()}
    return list(dict.fromkeys(row.ticket for row in rows if _spans(changed[row.calendar], instant(row.started_at), instant(row.due_at))))


def _days_changed(policy: Policy, version: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[date] | None:
    """The days on which the calendar *version* and the one in force differ, as far as *rows* reach; None where it is not known here."""
    former = policy.former.get(version)
    if former is None:
        return None
    first, last = local_day(instant(min(row.started_at for row in rows))), local_day(instant(max(row.due_at for row in rows)))
    days = (date.fromordinal(one) for one in range(first.toordinal(), last.toordinal() + 1))
    return [day for day in days if former.is_workday(day) != policy.calendar.is_workday(day)]


def _spans(days: Sequence[date] | None, begin: datetime, end: datetime) -> bool:
    """True if one of *days* lies between *begin* and *end*; any may, if they are not known."""
    if days is None:
        return True
    place = bisect_left(days, local_day(begin))
    return place < len(days) and days[place] <= local_day(end)


# --- settled within the month -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CarriedOver:
    """A matter that was not settled in its month (HM20-3.3e); ``reason`` is None while nobody gave one, or it opens elsewhere."""

    ticket: str
    number: str
    unit: str
    is_settled: bool
    reason: str | None


def carried_over(view: View, month: date) -> list[CarriedOver]:
    """The matters that were put to the leader and still open at the end of the month in which *month* lies, by number."""
    ended = end_of(period_end(month, Limit(0, Unit.MONTH_END)))
    rows = view.connection.execute(select(schema.clocks.c.ticket).where(schema.clocks.c.name == SETTLEMENT).distinct()).scalars().all()
    found = [_carried(view, ticket, ended) for ticket in view.readings.tickets(rows).values()]
    return sorted((one for one in found if one is not None), key=lambda one: (one.number, one.ticket))


def _carried(view: View, ticket: Ticket, ended: datetime) -> CarriedOver | None:
    missed = next((one for one in ticket.missed_turns if (one.clock, one.due_at) == (SETTLEMENT, ended)), None)
    if missed is None:
        return None
    opens = ticket.custody.holder == view.head.node
    reason = view.payloads.open(ticket.subject, missed.reason) if isinstance(missed.reason, SealedRef) and opens else None
    return CarriedOver(ticket.id, ticket.number, ticket.lead, ticket.clock(SETTLEMENT) is None, reason)


# --- missed limits ----------------------------------------------------------------------------------------------------


def late_by_kind(
    view: View,
    now: datetime,
    *,
    unit: str = "",
    first: date | None = None,
    last: date | None = None,
    viewer: Actor | None = None,
) -> Mapping[str, int]:
    """
    How often each kind of limit that this node set was missed: ended late, or overdue at *now*; of *unit* only if one is named.

    *first* and *last* bound the Beijing day on which the limit was due, both ends included.  *viewer* counts what he sees.
    """
    table = schema.clocks
    query = select(table.c.name).where(
        table.c.node == view.head.node,
        or_(table.c.stopped_at > table.c.last_due_at, (table.c.stopped_at.is_(None)) & (table.c.due_at <= micros(now))),
        table.c.name != SETTLEMENT,
    )
    if unit:
        query = query.where(table.c.owes == unit)
    if not sees_all(viewer):
        query = query.where(table.c.ticket.in_(select(schema.tickets.c.id).where(visible_to(viewer))))
    if first is not None:
        query = query.where(table.c.last_due_at > micros(end_of(first) - timedelta(days=1)))
    if last is not None:
        query = query.where(table.c.last_due_at <= micros(end_of(last)))
    counted = Counter(name.partition("/")[0] for name in view.connection.execute(query).scalars())
    return dict(sorted(counted.items()))
