"""
Periods of sampling (抽访周期): months, quarters, half years and years of Beijing time, each known by its name.

"2026-02", "2026-Q1", "2026-H1", "2026": the name stands in a round's commitment, so it is one line and never changes.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from node.domain.ticket.closing import MONTHS_OF_PERIOD
from node.domain.time.calendar import at

_NAME = re.compile(r"(\d{4})(?:-(\d{2})|-Q([1-4])|-H([12]))?")


@dataclass(frozen=True)
class Period:
    """From *begins*, 0:00 in Beijing, up to *ends*, 0:00 of the next period's first day; both in UTC."""

    name: str
    begins: datetime
    ends: datetime


def period_of(day: date, kind: str) -> Period:
    """
    Return the period of *kind* ("month", "quarter", "half_year", "year") in which *day* lies.

    Raises:
        KeyError: *kind* is none of them.
    """
    months = MONTHS_OF_PERIOD[kind]
    return _period(day.year, (day.month - 1) // months, kind)


def next_period(day: date, kind: str) -> Period:
    """Return the first period of *kind* that begins after *day*."""
    months = MONTHS_OF_PERIOD[kind]
    index = (day.month - 1) // months + 1
    return _period(day.year + index * months // 12, index * months % 12 // months, kind)


def period_named(name: str) -> Period:
    """
    Return the period of that name.

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
