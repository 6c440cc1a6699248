"""Due times of working days, half of them with a pause: each running clock is counted anew when a calendar changes (DESIGN 5)."""

import time
from datetime import UTC, datetime, timedelta

from federation.rehearsal.bench.figures import Figure, Part
from node.domain.time import Limit, Pause, Unit, due
from node.packs.calendar_file import parse_calendar, shipped_texts, work_calendar
from node.packs.published import published

BEGIN = datetime(2026, 1, 26, 1, tzinfo=UTC)
# So many in a second are asked of it.
asked_per_second = 10_000


def run(count: int) -> Part:
    """Limits of 1 to 15 working days that start over a year, by the calendars that come with the program."""
    calendar = work_calendar([parse_calendar(name, text) for name, text in shipped_texts().items()], published)
    starts = [BEGIN + timedelta(hours=number * 8_000 // count) for number in range(count)]
    pauses = [((), (Pause(start + timedelta(days=1), start + timedelta(days=4)),)) for start in starts]
    begun = time.perf_counter()
    for number, start in enumerate(starts):
        due(start, Limit(1 + number % 15, Unit.WORKDAY), calendar, pauses[number][number % 2])
    rate = len(starts) / (time.perf_counter() - begun)
    return Part("limits", (Figure("due times / asked of them", rate / asked_per_second, rate, asked_per_second, "a second", 1.0, 1.0),))
