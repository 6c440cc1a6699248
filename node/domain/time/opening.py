"""
When somebody is there (开放时间): windows of a day, apart from the working days.

A hall may close at noon, and open on a Saturday that is no working day (FJ25-2.5.4a): opening says when an appeal meets
somebody, working days say how limits count (POLICY_PACKS 2 no. 32).  An appeal outside the windows is taken all the same.
A Saturday or Sunday that is made up for has the windows of a working day.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from node.domain.time.calendar import BEIJING, ONE_DAY, SATURDAY, WorkCalendar, local_day

MINUTES_A_DAY = 24 * 60
CLOSED = "closed"
# Nothing stays shut for longer than this; a place without any window never opens.
SHUT_DAYS_MAX = 60

_WINDOW = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, order=True)
class Window:
    """From *begin* up to *end*, in minutes of the Beijing day: 0 to 1440, the end later than the begin and not in it."""

    begin: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end <= MINUTES_A_DAY:
            raise ValueError(f"the office must open before it closes, within one day: {self.begin}, {self.end}")


# POLICY_PACKS 2 no. 15 speaks of office hours and names none: those of the hotline's day.
OFFICE_HOURS = (Window(9 * 60, 17 * 60),)


@dataclass(frozen=True)
class Opening:
    """
    The windows of each kind of day, in order and apart; none: closed.

    *holiday* is a Monday to Friday that is off; a Saturday or Sunday within a holiday counts as what it is.
    """

    workday: tuple[Window, ...] = OFFICE_HOURS
    saturday: tuple[Window, ...] = ()
    sunday: tuple[Window, ...] = ()
    holiday: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        if not self.workday:
            raise ValueError("the office must open on working days")
        for windows in (self.workday, self.saturday, self.sunday, self.holiday):
            if any(after.begin < before.end for before, after in pairwise(windows)):
                raise ValueError(f"opening windows must follow one another: {windows}")

    def on(self, day: date, calendar: WorkCalendar) -> tuple[Window, ...]:
        """The windows of *day*."""
        if calendar.is_workday(day):
            return self.workday
        if day.weekday() < SATURDAY:
            return self.holiday
        return self.saturday if day.weekday() == SATURDAY else self.sunday

    def is_open(self, moment: datetime, calendar: WorkCalendar) -> bool:
        """Say whether *moment* lies in a window."""
        return any(begin <= moment < end for begin, end in _moments(self.on(local_day(moment), calendar), local_day(moment)))

    def next_open(self, moment: datetime, calendar: WorkCalendar) -> datetime:
        """Return *moment* if somebody is there, else the moment at which the next window opens, in Beijing time."""
        day = local_day(moment)
        for _ in range(SHUT_DAYS_MAX):
            for begin, end in _moments(self.on(day, calendar), day):
                if moment < end:
                    return max(begin, moment)
            day += ONE_DAY
        return moment  # a place that is shut for so long: nothing is put off for ever

    def after_office_time(self, start: datetime, hours: int, calendar: WorkCalendar) -> datetime:
        """Return the moment at which *hours* of the windows of working days have passed since *start*."""
        day, rest = local_day(start), timedelta(hours=hours)
        while True:
            for begin, end in _moments(self.workday, day) if calendar.is_workday(day) else ():
                opens = max(begin, start)
                open_time = max(end - opens, timedelta())
                if rest <= open_time:
                    return opens + rest
                rest -= open_time
            day += ONE_DAY


OFFICE_OPENING = Opening()


@lru_cache(maxsize=256)
def parse_windows(text: str) -> tuple[Window, ...] | None:
    """Return the windows that *text* says ("09:00-12:00 13:30-17:30", "00:00-24:00", "closed"), or None."""
    if text.strip() == CLOSED:
        return ()
    matches = [_WINDOW.fullmatch(part) for part in text.split()]
    if not matches or None in matches:
        return None
    minutes = [[int(part) for part in match.groups()] for match in matches if match is not None]
    try:
        windows = tuple(Window(60 * begin + begin_minute, 60 * end + end_minute) for begin, begin_minute, end, end_minute in minutes)
        Opening(windows)
    except ValueError:
        return None
    return windows


def _moments(windows: Sequence[Window], day: date) -> list[tuple[datetime, datetime]]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    return [(midnight + timedelta(minutes=window.begin), midnight + timedelta(minutes=window.end)) for window in windows]
