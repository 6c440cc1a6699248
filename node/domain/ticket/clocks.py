"""
What a decision does to clocks: each function gives a ``ClockChange`` with the due time, pack digest and calendar version
in it, so that folding never has to compute one (DESIGN 5, 13).

An issued due time is frozen: whatever a clock does later is counted by the calendar under which it was issued, and another
calendar or pack moves nothing by itself (``due_proposal``).
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from node.domain.entry import Change, ClockChange
from node.domain.policy import Policy
from node.domain.ticket import records as r
from node.domain.ticket.state import With
from node.domain.ticket.ticket import Ticket
from node.domain.time import PERIODS, Limit, Pause, Unit, WorkCalendar, due, due_of_date, elapsed, end_of, is_provisional, last_day


def start(
    policy: Policy,
    now: datetime,
    kind: str,
    owes: With | str,
    *,
    limit: Limit | None = None,
    since: datetime | None = None,
    key: str = "",
) -> ClockChange:
    """
    Start a clock of *kind* with the pack's limit of that name (or *limit*), counted from *since* (or *now*).

    *key* tells several clocks of one kind apart ("co_handle/<unit>").  *owes* is a ``With`` or a unit code.
    """
    limit = limit or policy.pack.limit(kind)
    begin = since or now
    due_at = due(begin, limit, policy.calendar)
    return ClockChange(
        clock=f"{kind}/{key}" if key else kind,
        change=Change.STARTED,
        limit=limit.count,
        unit=limit.unit.value,
        due_at=due_at,
        owes=owes.value if isinstance(owes, With) else owes,
        pack=policy.pack.digest,
        calendar=policy.calendar.version,
        since=since,
        provisional=is_provisional(begin, due_at, policy.calendar),
    )


def start_until(policy: Policy, now: datetime, kind: str, owes: With | str, last: date) -> ClockChange:
    """Start a clock of *kind* that ends with the day *last*: a date that was set, restated as the working days up to it."""
    due_at = end_of(last)
    count = elapsed(now, due_at - timedelta(microseconds=1), Unit.WORKDAY, policy.calendar)
    started = start(policy, now, kind, owes, limit=Limit(count, Unit.WORKDAY))
    return replace(started, due_at=due_at, promised=last, provisional=is_provisional(now, due_at, policy.calendar))


def renew(clock: r.Clock, policy: Policy, now: datetime, *, limit: Limit | None = None) -> ClockChange:
    """
    Start *clock* anew for its next turn: the weekly report (FJ23-3.4d), the leader's monthly, two-monthly and quarterly acts
    (FJ23-2.4c to e).  It goes on for as long as nobody stops it.

    A period of the calendar follows the one that this clock closes, whether its act was done early or never.  A number of
    days or hours counts from the act, or, if *now* finds it overdue, from the due time that was missed.
    """
    assert clock.last_due_at is not None, "a clock that never had a due time has no turn"
    limit, missed = limit or clock.limit, now >= clock.last_due_at
    if limit.unit in PERIODS:
        since = clock.last_due_at  # 24:00 of the last day: 0:00 of the next period's first
    elif not missed:
        since = now
    else:
        since = clock.last_due_at if limit.unit is Unit.HOUR else end_of_day_before(clock.last_due_at)
    name, _, key = clock.name.partition("/")
    return start(policy, now, name, clock.owes, limit=limit, since=since, key=key)


def end_of_day_before(due_at: datetime) -> datetime:
    """The last moment of the day that ends at *due_at*: what starts there has that day as day 0."""
    return due_at - timedelta.resolution


def hand_to(clock: r.Clock, owes: With | str) -> ClockChange:
    """Let another one owe *clock*, with the same due time."""
    return ClockChange(
        clock=clock.name,
        change=Change.MOVED,
        limit=clock.limit.count,
        unit=clock.limit.unit.value,
        due_at=clock.due_at,
        owes=owes.value if isinstance(owes, With) else owes,
        pack=clock.pack,
        calendar=clock.calendar,
        provisional=clock.is_provisional,
        promised=clock.promised,
    )


def pause(clock: r.Clock) -> ClockChange:
    """Let *clock* stand from now on."""
    return ClockChange(clock=clock.name, change=Change.PAUSED, limit=clock.limit.count, unit=clock.limit.unit.value, owes=clock.owes)


def resume(clock: r.Clock, policy: Policy, now: datetime, *, since: datetime | None = None) -> ClockChange:
    """
    Let a paused *clock* go on from *now*, with the time that was left.

    *since* is when the pause ended, if that was written elsewhere and earlier (a return from another level).  A peer whose
    clock is behind cannot end a pause before it began.
    """
    *before, last = clock.pauses
    end = max(since or now, last.begin)
    calendar = policy.calendar_of(clock.calendar)
    due_at = recounted(replace(clock, pauses=(*before, Pause(last.begin, end))), calendar)
    return ClockChange(
        clock=clock.name,
        change=Change.RESUMED,
        limit=clock.limit.count,
        unit=clock.limit.unit.value,
        due_at=due_at,
        owes=clock.owes,
        pack=clock.pack,
        calendar=calendar.version,
        since=end if since else None,
        provisional=is_provisional(clock.started_at, due_at, calendar),
    )


def recounted(clock: r.Clock, calendar: WorkCalendar) -> datetime:
    """
    When *clock*, whose pauses are over, is due by *calendar*: its limit counted from its start, or its promised date.

    Raises:
        ValueError: a pause is open.
    """
    if clock.promised is not None:
        return due_of_date(clock.promised, calendar, clock.pauses[clock.pauses_before :])
    return due(clock.started_at, clock.limit, calendar, clock.pauses)


def cancel_pause(clock: r.Clock, policy: Policy) -> ClockChange:
    """End the pause of *clock* as if it had never begun: a rejected objection buys no time (POLICY_PACKS 2 no. 13)."""
    begin = clock.pauses[-1].begin
    return replace(resume(clock, policy, begin), since=begin)


def move_to(clock: r.Clock, promised: date, policy: Policy) -> ClockChange:
    """
    Set the due time to the end of *promised* (an approved extension, a promised date).

    The limit is restated as the working days up to that date, so that a later pause moves it like any other limit.
    """
    due_at = end_of(promised)
    within = due_at - timedelta(microseconds=1)  # 24:00 is the next day's 0:00
    count = elapsed(clock.started_at, within, Unit.WORKDAY, policy.calendar, clock.pauses)
    return ClockChange(
        clock=clock.name,
        change=Change.MOVED,
        limit=count,
        unit=Unit.WORKDAY.value,
        due_at=due_at,
        owes=clock.owes,
        pack=policy.pack.digest,
        calendar=policy.calendar.version,
        provisional=is_provisional(clock.started_at, due_at, policy.calendar),
        promised=promised,
    )


def move_by_calendar(clock: r.Clock, policy: Policy) -> ClockChange:
    """Give a running *clock* the due time that the calendar in force counts, as the office accepted it."""
    due_at = recounted(clock, policy.calendar)
    provisional = is_provisional(clock.started_at, due_at, policy.calendar)
    return replace(hand_to(clock, clock.owes), due_at=due_at, calendar=policy.calendar.version, provisional=provisional)


def keep_due(clock: r.Clock, policy: Policy) -> ClockChange:
    """Keep the issued due time of a running *clock* under the calendar in force: from now on it is a date that was set."""
    assert clock.due_at is not None
    return replace(hand_to(clock, clock.owes), calendar=policy.calendar.version, promised=last_day(clock.due_at))


def relimit(clock: r.Clock, limit: Limit, policy: Policy) -> ClockChange:
    """Count *clock* anew from its own start under another *limit* (another class); a paused clock stays paused."""
    due_at = None if clock.is_paused else due(clock.started_at, limit, policy.calendar, clock.pauses)
    return ClockChange(
        clock=clock.name,
        change=Change.MOVED,
        limit=limit.count,
        unit=limit.unit.value,
        due_at=due_at,
        owes=clock.owes,
        pack=policy.pack.digest,
        calendar=policy.calendar.version,
        provisional=due_at is not None and is_provisional(clock.started_at, due_at, policy.calendar),
    )


def stop(name: str) -> ClockChange:
    """The clock was met, or is no longer needed."""
    return ClockChange(clock=name, change=Change.STOPPED)


def stop_if_on(ticket: Ticket, *kinds: str) -> tuple[ClockChange, ...]:
    """Stop every clock of these kinds that is not stopped yet."""
    return tuple(stop(clock.name) for clock in held(ticket) if clock.kind in kinds and clock.stopped_at is None)


def stop_all(ticket: Ticket, node: str, *besides: str) -> tuple[ClockChange, ...]:
    """Stop every clock that *node* started, but those of the kinds *besides*: nothing else is due here any more."""
    running = (clock for clock in ticket.clocks.values() if clock.node == node and clock.stopped_at is None)
    return tuple(stop(clock.name) for clock in running if clock.kind not in besides)


def pause_if_on(ticket: Ticket, *kinds: str) -> tuple[ClockChange, ...]:
    """Pause every running clock of these kinds."""
    return tuple(pause(clock) for clock in held(ticket) if clock.kind in kinds and clock.is_running)


def resume_if_paused(ticket: Ticket, policy: Policy, now: datetime, *kinds: str) -> tuple[ClockChange, ...]:
    """Let every paused clock of these kinds go on."""
    return tuple(resume(clock, policy, now) for clock in held(ticket) if clock.kind in kinds and clock.is_paused)


def held(ticket: Ticket) -> tuple[r.Clock, ...]:
    """The clocks that the holder started: only the node that started a clock changes it (DESIGN 13)."""
    return ticket.clocks_of(ticket.custody.holder)


def resolve_limit(ticket: Ticket, policy: Policy, category: str = "", complexity: str = "") -> Limit:
    """The ticket's limit: ``limit.resolve.<category>.<complexity>``, else of the category, of the complexity, of any."""
    category = category or ticket.classing.category
    complexity = complexity or ticket.classing.complexity
    return policy.pack.limit(f"resolve.{category}.{complexity}", f"resolve.{category}", f"resolve.any.{complexity}", "resolve")


def stricter(limit: Limit, due_on: date | None, policy: Policy, now: datetime) -> Limit:
    """
    The limit that ends first: *limit*, or what ends with the day *due_on*; counted from *now* (POLICY_PACKS 2 no. 22).

    A date is restated as the working days up to it, so that a later pause moves it like any other limit; a date that has
    passed leaves none.
    """
    if due_on is None or due(now, limit, policy.calendar) <= end_of(due_on):
        return limit
    return Limit(max(elapsed(now, end_of(due_on) - timedelta.resolution, Unit.WORKDAY, policy.calendar), 0), Unit.WORKDAY)
