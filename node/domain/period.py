"""
Periods of Beijing time, each known by its name: months, quarters, half years and years (抽访周期), and weeks, for regular tasks.

"2026-02", "2026-Q1", "2026-H1", "2026", "2026-W10": the name stands in entries, as in a round's commitment, so it is one line and
never changes.  Weeks are those of ISO 8601: Monday to Sunday, each of the year in which its Thursday lies.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from node.domain.ticket.closing import MONTHS_OF_PERIOD
from node.domain.time.calendar import at

WEEK = "week"
_NAME = re.compile(r"(\d{4})(?:-(\d{2})|-Q([1-4])|-H([12]))?")


@dataclass(frozen=True)
class Period:
    """From *begins*, 0:00 in Beijing, up to *ends*, 0:00 of the next period's first day; both in UTC."""

    name: str
    begins: datetime
    ends: datetime


def period_of(day: date, kind: str) -> Period:
    """
    Return the period of *kind* ("week", "month", "quarter", "half_year", "year") in which *day* lies.

    Raises:
        KeyError: *kind* is none of them.
    """
    if kind == WEEK:
        return _week(day)
    months = MONTHS_OF_PERIOD[kind]
    return _period(day.year, (day.month - 1) // months, kind)


def next_period(day: date, kind: str) -> Period:
    """Return the first period of *kind* that begins after *day*."""
    if kind == WEEK:
        return _week(day + timedelta(weeks=1))
    months = MONTHS_OF_PERIOD[kind]
    index = (day.month - 1) // months + 1
    return _period(day.year + index * months // 12, index * months % 12 // months, kind)


def period_named(name: str) -> Period:
    """
    Return the sampling period of that name; a week is none.

    Raises:
        ValueError: *name* is not one that a period can have.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} names no period")
    year, month, quarter, half = found.groups()
    if month is not None:
        if not 1 <= int(month) <= 12:
            raise ValueError(f"{name!r} names no month")
        return _period(int(year), int(month) - 1, "month")
    if quarter is not None:
        return _period(int(year), int(quarter) - 1, "quarter")
    return _period(int(year), int(half) - 1, "half_year") if half is not None else _period(int(year), 0, "year")


def _period(year: int, index: int, kind: str) -> Period:
    months = MONTHS_OF_PERIOD[kind]
    after = (index + 1) * months
    behind = {"month": f"-{index + 1:02}", "quarter": f"-Q{index + 1}", "half_year": f"-H{index + 1}", "year": ""}
    begins = at(date(year, index * months + 1, 1), time.min)
    return Period(f"{year:04}{behind[kind]}", begins, at(date(year + after // 12, after % 12 + 1, 1), time.min))


def _week(day: date) -> Period:
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    return Period(f"{year:04}-W{week:02}", at(monday, time.min), at(monday + timedelta(weeks=1), time.min))
