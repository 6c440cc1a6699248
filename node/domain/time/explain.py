"""
The deadline receipt (期限凭证): a limit explained day by day.

Enterprise, department and supervisor see the same lines, and anyone can count them again: the day on which the limit
starts, then each day with whether it counts, its number and why, up to the day on which the limit ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from node.domain.time.calendar import ONE_DAY, SATURDAY, WorkCalendar, end_of, local_day
from node.domain.time.clock import ONE_HOUR, PERIODS, Limit, Pause, Unit, due, due_of_date, last_day, running_time


@dataclass(frozen=True)
class DayLine:
    """
    One day of a receipt.

    *counted* says whether the limit ran on it; *number* is then how many of its units are used by the end of the day, and
    None otherwise.  *why* is a code of the text catalogues:

    - ``start_day``: day 0; only a limit in hours runs on it
    - ``workday``, ``make_up_workday`` (a Saturday or Sunday), ``holiday`` (Monday to Friday), ``weekend``
    - ``calendar_day``: any day of a limit in calendar days or hours
    - ``paused``: would count, but the clock stood still
    - ``provisional``: guessed by the day of the week, as no arrangement is known; *counted* says which way
    - ``due_day``: the last line, whatever kind of day it is; not counted if the limit ends on a day off (end of the
      month, a promised date) or was only moved here by a pause on its last day

    *is_workday* says what kind of day it is, whatever stands in *why*: with start, limit and pauses it is all that
    ``recount`` needs.
    """

    day: date
    counted: bool
    number: int | None
    why: str
    is_workday: bool


def explain(
    start: datetime,
    limit: Limit,
    calendar: WorkCalendar,
    pauses: Sequence[Pause] = (),
    *,
    promised: date | None = None,
    pauses_before: int = 0,
) -> tuple[DayLine, ...]:
    """
    Return the receipt of *limit*, one line a day from the start day to the due day; never empty.

    With *promised*, a date that was set, the receipt runs up to that day, later by *pauses* from *pauses_before* on: those
    before were over when it was promised.  Its numbers are the working days up to it.

    Raises:
        ValueError: *start* is naive, or a pause is open.
    """
    due_at = due(start, limit, calendar, pauses) if promised is None else due_of_date(promised, calendar, pauses[pauses_before:])
    if limit.unit is Unit.HOUR and promised is None:
        return _hour_lines(start, due_at, calendar, pauses)
    unit = Unit.WORKDAY if promised is not None else limit.unit
    is_counted_out = promised is None and limit.unit not in PERIODS
    first, last = local_day(start), last_day(due_at)
    lines: list[DayLine] = []
    day, used = min(first, last), 0
    while day <= last:
        counted, why = _day(day, unit, calendar, pauses)
        # Once all days of the limit are used, a pause on its last day can only move the end, not count more days.
        counted = counted and day > first and not (is_counted_out and used >= limit.count)
        used += counted
        lines.append(DayLine(day, counted, used if counted else None, _border(day, first, last) or why, calendar.is_workday(day)))
        day += ONE_DAY
    return tuple(lines)


def _day(day: date, unit: Unit, calendar: WorkCalendar, pauses: Sequence[Pause]) -> tuple[bool, str]:
    counts = unit is Unit.DAY or calendar.is_workday(day)
    if counts and any(pause.stops(day) for pause in pauses):
        return False, "paused"
    if unit is Unit.DAY:
        return True, "calendar_day"
    if calendar.is_provisional(day):
        return counts, "provisional"
    on_weekend = day.weekday() >= SATURDAY
    if counts:
        return True, "make_up_workday" if on_weekend else "workday"
    return False, "weekend" if on_weekend else "holiday"


def _hour_lines(start: datetime, due_at: datetime, calendar: WorkCalendar, pauses: Sequence[Pause]) -> tuple[DayLine, ...]:
    first, last = local_day(start), last_day(due_at)
    lines: list[DayLine] = []
    day, before = first, timedelta()
    while day <= last:
        running = running_time(start, min(end_of(day), due_at), pauses)
        counted = running > before
        why = _border(day, first, last) or ("calendar_day" if counted else "paused")
        lines.append(DayLine(day, counted, running // ONE_HOUR if counted else None, why, calendar.is_workday(day)))
        day, before = day + ONE_DAY, running
    return tuple(lines)


def _border(day: date, first: date, last: date) -> str | None:
    if day == last:
        return "due_day"
    return "start_day" if day == first else None
