"""When to warn that a limit may be missed (可能超期, AS25-4.6.1.2a); a warning is no limit and moves none."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from node.domain.time.calendar import ONE_DAY, WorkCalendar, at, end_of
from node.domain.time.clock import PERIODS, Limit, Unit, counter, last_day
from node.domain.time.opening import OFFICE_OPENING, Opening


@dataclass(frozen=True)
class WarningRule:
    """
    The values are product defaults (POLICY_PACKS 2 no. 15), packs may change them.

    Limits of up to 1 day: at *last_day_time* on the last day, but not before *quiet_office_hours* of the *opening* windows
    of working days have passed since the start.  Up to *short_limit_max* days: when *short_left* is left.  Longer: when
    *long_left* is left.  Hours: when *hours_used_percent* of the time is used, as no document speaks of them.
    """

    last_day_time: time = time(14)
    quiet_office_hours: int = 2
    short_limit_max: int = 5
    short_left: int = 1
    long_left: int = 3
    hours_used_percent: int = 50
    opening: Opening = OFFICE_OPENING

    def __post_init__(self) -> None:
        if min(self.quiet_office_hours, self.short_limit_max, self.short_left, self.long_left) < 0:
            raise ValueError("a warning rule counts from 0")
        if not 0 <= self.hours_used_percent <= 100:
            raise ValueError(f"a share is 0 to 100 percent, not {self.hours_used_percent}")


def warn_at(start: datetime, due_at: datetime, limit: Limit, calendar: WorkCalendar, rule: WarningRule = WarningRule()) -> datetime:
    """
    Return the time at which to warn that the limit may be missed, from *start* to *due_at* (AS25-4.6.1.2a).

    "n left" is the first moment at which ``left`` gives n: 0:00 of the day, for the notifier to hold back until the
    office opens.  *start* is the start of the clock or the dispatch to who must act, whichever is later; *due_at* may
    be moved by pauses or an extension.  In a limit to the end of a period the rule of the longer limits holds.
    """
    if limit.unit is Unit.HOUR:
        moment = start + (due_at - start) * rule.hours_used_percent / 100
    elif limit.unit not in PERIODS and limit.count <= 1:
        quiet = rule.opening.after_office_time(start, rule.quiet_office_hours, calendar)
        moment = max(at(last_day(due_at), rule.last_day_time), quiet)
    else:
        is_short = limit.unit not in PERIODS and limit.count <= rule.short_limit_max
        units_left = rule.short_left if is_short else rule.long_left
        moment = end_of(_days_before(last_day(due_at), units_left + 1, counter(limit.unit, calendar)))
    return min(max(moment, start), due_at).astimezone(UTC)


def _days_before(day: date, count: int, counts: Callable[[date], bool]) -> date:
    """Return the day before the *count*-th day that counts, reckoned back from *day* itself; *count* is 1 or more."""
    while True:
        if counts(day):
            count -= 1
        day -= ONE_DAY
        if count <= 0:
            return day
