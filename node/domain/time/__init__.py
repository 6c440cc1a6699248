"""Working days, limits, their due times, opening windows and the day-by-day explanation."""

from node.domain.time.calendar import BEIJING, WorkCalendar, end_of, local_day
from node.domain.time.clock import (
    LIMIT_COUNT_MAX,
    PERIODS,
    Limit,
    Pause,
    Unit,
    due,
    due_of_date,
    elapsed,
    is_provisional,
    last_day,
    left,
    period_end,
    resumed,
)
from node.domain.time.explain import DayLine, explain
from node.domain.time.opening import Opening, Window, parse_windows
from node.domain.time.recount import recount
from node.domain.time.warning import WarningRule, warn_at

__all__ = [
    "BEIJING",
    "LIMIT_COUNT_MAX",
    "PERIODS",
    "DayLine",
    "Limit",
    "Opening",
    "Pause",
    "Unit",
    "WarningRule",
    "Window",
    "WorkCalendar",
    "due",
    "due_of_date",
    "elapsed",
    "end_of",
    "explain",
    "is_provisional",
    "last_day",
    "left",
    "local_day",
    "parse_windows",
    "period_end",
    "recount",
    "resumed",
    "warn_at",
]
