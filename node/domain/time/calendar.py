"""
Which days are working days (工作日).

A day is looked up in three places, the first that knows it decides: the calendars that the node adopted, with the
closures of its place laid over them (``days``); the State Council's arrangements of former years (``published``);
Monday to Friday.  What only the last one says is a guess and is called provisional: next year's arrangement appears in
November, so a limit that runs into a year without one is an ordinary case and is shown as 暂定.

An adopted year stands in ``days`` with every one of its days, not only with those that differ from the week.  So an
override of a single day in a year that nobody has published yet makes that one day certain and no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

# China has had one time zone without summer time since 1992; a constant needs no time-zone data on the machine.
BEIJING = timezone(timedelta(hours=8))

ONE_DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True)
class WorkCalendar:
    """
    The working days that a node counts by.

    *version* names every layer, e.g. "2026.1" or "2026.1+520402.3"; it goes into each change of a clock.
    *days* says True for a working day.  *published* answers None for a day that it does not know.
    """

    version: str
    days: Mapping[date, bool]
    published: Callable[[date], bool | None]

    def is_workday(self, day: date) -> bool:
        """Say whether *day* counts, by a guess if it is provisional; never fails for want of data."""
        known = self._known(day)
        return day.weekday() < SATURDAY if known is None else known

    def is_provisional(self, day: date) -> bool:
        """Say whether *day* is only guessed from Monday to Friday, as no arrangement for it is known."""
        return self._known(day) is None

    def _known(self, day: date) -> bool | None:
        adopted = self.days.get(day)
        return self.published(day) if adopted is None else adopted


def local_day(moment: datetime) -> date:
    """
    Return the date in Beijing at *moment*; 24:00 of a day is already the next day.

    Raises:
        ValueError: *moment* is naive.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs its time zone: {moment.isoformat()}")
    return moment.astimezone(BEIJING).date()


def end_of(day: date) -> datetime:
    """Return 24:00 in Beijing of *day* in UTC, that is 16:00Z of the same date."""
    return at(day, time.min) + ONE_DAY


def at(day: date, local_time: time) -> datetime:
    """Return *local_time* in Beijing on *day* in UTC."""
    return datetime.combine(day, local_time, BEIJING).astimezone(UTC)
