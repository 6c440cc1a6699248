"""
The deadline receipt, counted again by somebody else.

Written without a line of ``clock`` or ``calendar``, on purpose: it takes what is printed on a receipt (start, limit, pauses,
and of each day whether it is a working day), walks day by day, and comes to the minute at which the limit ends.  What the
two do not agree on is wrong in one of them.  The rules are those of the head of ``clock``, from the sources, not from its code:

- the start day is day 0, the limit ends at 24:00 in Beijing of its last day; hours run from the moment;
- the days after the request, up to and with the return, are not counted; no limit ends from the day of the request to the
  day before the return;
- a date that was promised holds as it is; a pause after it carries what was left over to the day of the return.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

# (request, return), on the clock on the wall in Beijing.
Stops = Sequence[tuple[datetime, datetime]]


def recount(
    start: datetime,
    count: int,
    unit: str,
    workdays: Mapping[date, bool],
    pauses: Sequence[tuple[datetime, datetime]] = (),
    promised: date | None = None,
) -> datetime | None:
    """
    Return the moment (UTC) at which a limit ends, or None if a day that must be known is not in *workdays*.

    *unit* is a code as on the wire: "workday", "hour", "day", "month_end", "month", "quarter_end".  *pauses* are (request,
    return), in order.  With *promised* only the pauses after the promise are given, and *count* and *start* do not matter.
    """
    stops = [(_beijing(begin), _beijing(end)) for begin, end in pauses]
    try:
        if promised is not None:
            return _midnight_after(_carry_over(promised, stops, workdays))
        if unit == "hour":
            return (_run_down(_beijing(start), timedelta(hours=count), stops) - timedelta(hours=8)).replace(tzinfo=UTC)
        first = _beijing(start).date()
        if unit in ("workday", "day"):
            return _midnight_after(_count_down(first, count, _every_day if unit == "day" else workdays.__getitem__, stops))
        return _midnight_after(_end_of_period(first, count, unit, stops, workdays))
    except KeyError:
        return None


def _beijing(moment: datetime) -> datetime:
    """The reading of a clock on the wall in Beijing."""
    return moment.astimezone(UTC).replace(tzinfo=None) + timedelta(hours=8)


def _midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 16, tzinfo=UTC)


def _every_day(day: date) -> bool:
    return True


def _is_lost(day: date, stops: Stops) -> bool:
    return any(begin.date() < day <= end.date() for begin, end in stops)


def _may_end(day: date, stops: Stops) -> bool:
    return not any(begin.date() <= day < end.date() for begin, end in stops)


def _count_down(first: date, count: int, counts: Callable[[date], bool], stops: Stops) -> date:
    """Cross off one counted day after another until none is left, then go on to a day on which a limit may end."""
    day = first
    rest = 1 if count == 0 and not counts(day) else count
    while rest:
        day += timedelta(days=1)
        rest -= counts(day) and not _is_lost(day, stops)
    return _not_while_it_stands(day, counts, stops)


def _not_while_it_stands(day: date, counts: Callable[[date], bool], stops: Stops) -> date:
    if _may_end(day, stops):
        return day
    while not (counts(day) and _may_end(day, stops)):
        day += timedelta(days=1)
    return day


def _end_of_period(first: date, count: int, unit: str, stops: Stops, workdays: Mapping[date, bool]) -> date:
    """The last day of the period; the working days up to it, or the least number that must be left, move it when they stand."""
    months = {"month_end": 1, "month": count, "quarter_end": 3 - (first.month - 1) % 3}[unit]
    last = first
    while months:
        last += timedelta(days=1)
        if last.day == 1:
            months -= 1
    last -= timedelta(days=1)
    owed, day = 0, first
    while day < last:
        day += timedelta(days=1)
        owed += workdays[day]
    owed = owed if unit == "month" else max(owed, count)
    day = first
    while owed:
        day += timedelta(days=1)
        owed -= workdays[day] and not _is_lost(day, stops)
    return _not_while_it_stands(max(last, day), workdays.__getitem__, stops)


def _carry_over(promised: date, stops: Stops, workdays: Mapping[date, bool]) -> date:
    last = promised
    for begin, end in stops:
        if begin.date() > last:
            continue  # it was overdue before it stood
        asked, back = begin.date(), end.date()
        within = [asked + timedelta(days=number) for number in range(1, (max(back, last) - asked).days + 1)]
        is_lost = any(workdays[day] for day in within if day <= back)
        if not is_lost and not asked <= last < back:
            continue
        rest = sum(workdays[day] for day in within if day <= last)
        # Nothing was left: the day of the return itself, or the first working day after it.
        rest, last = 1 if rest == 0 and not workdays[back] else rest, back
        while rest:
            last += timedelta(days=1)
            rest -= workdays[last]
    return last


def _run_down(start: datetime, hours: timedelta, stops: Stops) -> datetime:
    """Let the hand run on from *start*, standing still in every pause, until all the *hours* have passed."""
    borders = sorted({start, *(one for stop in stops for one in stop if one > start)})
    for here, there in pairwise(borders):
        if any(begin <= here < end for begin, end in stops):
            continue
        if hours <= there - here:
            return here + hours
        hours -= there - here
    # Behind the last border nothing stands still any more.
    return borders[-1] + hours
