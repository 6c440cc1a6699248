"""The State Council's arrangements of former years, as the package ``chinesecalendar`` has them."""

from datetime import date

import chinese_calendar


def published(day: date) -> bool | None:
    """Say whether *day* was arranged as a working day; None for a year that the package does not know."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
