"""
When a limit is due, and how much of it is used.

**Counting.**  The day on which a limit starts is day 0 (Civil Code art. 201); a limit of n working days ends at 24:00 in
Beijing of the n-th working day after it.  Calendar days are counted in the same way, on every day of the week, and may
end on a holiday (FJ23-3.4c).  Hours run from the moment, at night and on holidays too (FJ23-3.2d).  A limit to the end
of the month ends with the last calendar day of the month in which it started (HM20-3.3e); of the quarter, and of two
months, alike (FJ23-2.4).  A limit of 0 days ends with its start day, or with the first day after it that counts.

**Met and overdue.**  What is recorded at the due time or before meets the limit; a clock that is still open at its due
time is overdue.

**Pauses.**  The day of the request still counts and the day of the return is day 0 again: the days after the one up to
and with the other are paused.  So the rest of a limit is the same before and after: with 6 working days left at the
request, 6 are left from the day of the return (AS25-4.4.5c), whether either day is a working day or not, and a return
k working days after the request moves the due day by exactly k.  A request and a return on the same day move nothing.
``FEATURES.md`` 3.3 proposes another border, "a day is paused if the pause covers its end".  Both give the same due day
when request and return fall on working days; after a request on a Saturday that one would leave 5 days of 6.
No limit ends while it is paused: a request on the due day itself leaves the day of the return, or the first working day
after it.  Hours are paused to the second.

**What a clock of days cannot say** is the hour within a day: 1 working day, started at 0:01 or at 23:59, ends at the
same time.  Limits are stored as due times (UTC); everything here is a function of its arguments and reads no clock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, unique

from node.domain.time.calendar import ONE_DAY, WorkCalendar, end_of, local_day

# Ten years of days, or half a year of hours: what lies beyond is a slip of the pen.
LIMIT_COUNT_MAX = 4000

ONE_HOUR = timedelta(hours=1)


@unique
class Unit(Enum):
    """What a limit counts."""

    WORKDAY = "workday"
    HOUR = "hour"
    DAY = "day"
    MONTH_END = "month_end"
    MONTH = "month"
    QUARTER_END = "quarter_end"


# Units of which the last is the end of a period, not a number of days.
PERIODS = frozenset({Unit.MONTH_END, Unit.MONTH, Unit.QUARTER_END})


@dataclass(frozen=True)
class Limit:
    """
    A time limit (时限): *count* units, 0 to ``LIMIT_COUNT_MAX``.

    For ``MONTH_END`` and ``QUARTER_END`` *count* is the least number of working days that the start must leave, so that a
    matter assigned on the 31st is not due the same day; 0 is the bare end of the month.  ``MONTH`` counts calendar months,
    1 or more, the one of the start being the first: it ends with the last day of the last of them.
    """

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.count <= LIMIT_COUNT_MAX:
            raise ValueError(f"a limit counts 0 to {LIMIT_COUNT_MAX} units, not {self.count}")
        if self.unit is Unit.MONTH and self.count < 1:
            raise ValueError("a limit in months has one at least: the month of its start")


@dataclass(frozen=True)
class Pause:
    """An interval in which a clock stands still, from the request to the return; *end* is None while it is open."""

    begin: datetime
    end: datetime | None

    def __post_init__(self) -> None:
        if self.begin.tzinfo is None or (self.end is not None and self.end.tzinfo is None):
            raise ValueError("a pause needs its time zone")
        if self.end is not None and self.end < self.begin:
            raise ValueError(f"a pause ends before it begins: {self.begin.isoformat()}, {self.end.isoformat()}")

    def stops(self, day: date) -> bool:
        """Say whether *day* is not counted: it lies after the day of the request, up to the day of the return."""
        return local_day(self.begin) < day and (self.end is None or day <= local_day(self.end))

    def bars_end_of(self, day: date) -> bool:
        """Say whether no limit can end on *day*: it is the day of the request or later, before that of the return."""
        return local_day(self.begin) <= day and (self.end is None or day < local_day(self.end))


def due(start: datetime, limit: Limit, calendar: WorkCalendar, pauses: Sequence[Pause] = ()) -> datetime:
    """
    Return the time at which *limit* ends, in UTC.

    Pauses may lie in any order, overlap, touch, or lie outside the limit.

    Raises:
        ValueError: *start* is naive, or a pause is open: a clock that stands still has no due time.
    """
    begin = local_day(start)
    if any(pause.end is None for pause in pauses):
        raise ValueError("a paused clock has no due time")
    if limit.unit is Unit.HOUR:
        return _after_hours(start, limit.count, pauses).astimezone(UTC)
    if limit.unit in PERIODS:
        workdays_min = 0 if limit.unit is Unit.MONTH else limit.count
        return end_of(_period_end(begin, period_end(begin, limit), workdays_min, calendar, pauses))
    counts = counter(limit.unit, calendar)
    return end_of(_open_day(_nth_day(begin, limit.count, counts, pauses), counts, pauses))


def elapsed(start: datetime, now: datetime, limit_unit: Unit, calendar: WorkCalendar, pauses: Sequence[Pause] = ()) -> int:
    """
    Return how many units of a limit that began at *start* are used at *now*; 0 before *start*.

    Days are used from their beginning: the day of *now* counts in.  Hours are whole hours.  Of a limit to the end of the
    month the working days are counted.  Paused days and hours are not; an open pause lasts.  ``limit.count - elapsed``
    is what a paused clock has left.
    """
    if limit_unit is Unit.HOUR:
        return running_time(start, now, pauses) // ONE_HOUR
    counts = counter(limit_unit, calendar)
    return _count_days(local_day(start), local_day(now), counts, pauses)


def left(due_at: datetime, now: datetime, limit_unit: Unit, calendar: WorkCalendar) -> int:
    """
    Return how many units are left at *now* until *due_at*, negative when overdue (FJ25-3.8.4a).

    Days: those after the day of *now* up to the last day, so 0 on the last day; then those since it, so -1 on the first
    working day after it and still 0 on a weekend between (whether a clock is overdue is ``now >= due_at``).  Hours are
    rounded down: 0 in the last hour, -1 in the first hour too late.
    """
    if limit_unit is Unit.HOUR:
        return (due_at - now) // ONE_HOUR
    counts = counter(limit_unit, calendar)
    today, last = local_day(now), last_day(due_at)
    return _count_days(today, last, counts) - _count_days(last, today, counts)


def due_of_date(promised: date, calendar: WorkCalendar, pauses: Sequence[Pause] = ()) -> datetime:
    """
    Return 24:00 of the day *promised*, a date that no limit gave (a grant, a plan, a promise), later by *pauses*.

    Each pause moves it by the working days that it takes, as ``resumed`` says.

    Raises:
        ValueError: a pause is open.
    """
    due_at = end_of(promised)
    for pause in sorted(pauses, key=lambda one: one.begin):
        due_at = resumed(due_at, pause, Unit.WORKDAY, calendar)
    return due_at


def resumed(due_at: datetime, pause: Pause, limit_unit: Unit, calendar: WorkCalendar) -> datetime:
    """
    Return the due time of a clock that was due at *due_at* and is resumed after *pause*: what was left goes on.

    The same as ``due`` with this pause, for a due time that no limit gave (an extension, a promise).  An overdue clock
    stays overdue: a pause that began at *due_at* or later moves nothing.

    Raises:
        ValueError: *pause* is open.
    """
    if pause.end is None:
        raise ValueError("a paused clock has no due time")
    if pause.begin >= due_at:
        return due_at
    if limit_unit is Unit.HOUR:
        return (due_at + (pause.end - pause.begin)).astimezone(UTC)
    counts = counter(limit_unit, calendar)
    last = last_day(due_at)
    lost = _count_days(local_day(pause.begin), local_day(pause.end), counts)
    if not lost and not pause.bars_end_of(last):
        return due_at
    rest = _count_days(local_day(pause.begin), last, counts)
    return end_of(_nth_day(local_day(pause.end), rest, counts, ()))


def is_provisional(start: datetime, due_at: datetime, calendar: WorkCalendar) -> bool:
    """Say whether a day between the two, after the start day and up to the last, is guessed; for limits in working days."""
    day, last = local_day(start), last_day(due_at)
    while day < last:
        day += ONE_DAY
        if calendar.is_provisional(day):
            return True
    return False


def period_end(begin: date, limit: Limit) -> date:
    """
    Return the last day of the period in which *begin* lies: its month, the last of ``limit.count`` months that begin with
    it, or its quarter of the year.

    Raises:
        ValueError: the limit counts something else.
    """
    if limit.unit not in PERIODS:
        raise ValueError(f"{limit.unit.value} is no period")
    month = begin.year * 12 + begin.month - 1
    if limit.unit is Unit.MONTH:
        month += limit.count - 1
    elif limit.unit is Unit.QUARTER_END:
        month += 2 - month % 3
    return date((month + 1) // 12, (month + 1) % 12 + 1, 1) - ONE_DAY


def last_day(due_at: datetime) -> date:
    """Return the date in Beijing on which a limit ends: 24:00 belongs to the day that it closes, unlike in ``local_day``."""
    return local_day(due_at - timedelta.resolution)


def running_time(start: datetime, now: datetime, pauses: Sequence[Pause]) -> timedelta:
    """Return the time between *start* and *now* that no pause covers; zero before *start*."""
    moment, running = start, timedelta()
    for begin, end in sorted((pause.begin, now if pause.end is None else pause.end) for pause in pauses):
        running += max(min(begin, now) - moment, timedelta())
        moment = max(moment, end)
    return running + max(now - moment, timedelta())


def counter(unit: Unit, calendar: WorkCalendar) -> Callable[[date], bool]:
    """Say of a day whether a limit in *unit* counts it."""
    return (lambda day: True) if unit is Unit.DAY else calendar.is_workday


def _nth_day(begin: date, count: int, counts: Callable[[date], bool], pauses: Sequence[Pause]) -> date:
    """Return the *count*-th day after *begin* that counts and is not paused; for 0 *begin*, or as for 1 if it does not count."""
    day = begin
    if not counts(day):
        count = max(count, 1)
    while count:
        day += ONE_DAY
        if counts(day) and not any(pause.stops(day) for pause in pauses):
            count -= 1
    return day


def _open_day(day: date, counts: Callable[[date], bool], pauses: Sequence[Pause]) -> date:
    """Return *day*, or, if a pause keeps a limit from ending on it, the first day after the pause that counts."""
    if not any(pause.bars_end_of(day) for pause in pauses):
        return day
    while not counts(day) or any(pause.bars_end_of(day) for pause in pauses):
        day += ONE_DAY
    return day


def _period_end(begin: date, last: date, workdays_min: int, calendar: WorkCalendar, pauses: Sequence[Pause]) -> date:
    """Return *last*, later by the paused working days, and never before *workdays_min* of them have passed since *begin*."""
    workdays = max(workdays_min, _count_days(begin, last, calendar.is_workday))
    if workdays:
        last = max(last, _nth_day(begin, workdays, calendar.is_workday, pauses))
    return _open_day(last, calendar.is_workday, pauses)


def _count_days(after: date, until: date, counts: Callable[[date], bool], pauses: Sequence[Pause] = ()) -> int:
    """Count the days after *after* up to and with *until* that count and are not paused; 0 if *until* is not later."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return sum(counts(day) and not any(pause.stops(day) for pause in pauses) for day in days)


def _after_hours(start: datetime, hours: int, pauses: Sequence[Pause]) -> datetime:
    moment, rest = start, hours * ONE_HOUR
    for begin, end in sorted((pause.begin, pause.end) for pause in pauses if pause.end is not None):
        if begin >= moment + rest:
            break
        rest -= max(begin - moment, timedelta())
        moment = max(moment, end)
    return moment + rest
