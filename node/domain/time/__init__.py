"""Working days, limits, their due times and the day-by-day explanation."""

from node.domain.time.calendar import BEIJING, WorkCalendar, end_of, local_day
from node.domain.time.clock import (
    LIMIT_COUNT_MAX,
    Limit,
    Pause,
    Unit,
    WarningRule,
    due,
    elapsed,
    is_provisional,
    last_day,
    left,
    resumed,
    warn_at,
)
from node.domain.time.explain import DayLine, explain

__all__ = [
    "BEIJING",
    "LIMIT_COUNT_MAX",
    "DayLine",
    "Limit",
    "Pause",
    "Unit",
    "WarningRule",
    "WorkCalendar",
    "due",
    "elapsed",
    "end_of",
    "explain",
    "is_provisional",
    "last_day",
    "left",
    "local_day",
    "resumed",
    "warn_at",
]
