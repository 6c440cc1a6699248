"""Weeks among the periods: Monday to Sunday in Beijing, named as ISO 8601 does."""

from datetime import date

import pytest

from node.domain.period import next_period, period_named, period_of
from tests.clauses.given import beijing


@pytest.mark.parametrize(
    ("day", "name", "monday", "following"),
    [
        ("2026-03-02", "2026-W10", "2026-03-02 00:00", "2026-W11"),
        ("2026-03-08", "2026-W10", "2026-03-02 00:00", "2026-W11"),
        # The year's last days belong to the week, and so to the year, of their Thursday.
        ("2024-12-30", "2025-W01", "2024-12-30 00:00", "2025-W02"),
        ("2027-01-03", "2026-W53", "2026-12-28 00:00", "2027-W01"),
    ],
)
def test_a_week_runs_from_monday_to_sunday(day: str, name: str, monday: str, following: str):
    """HM20-3.1c: seven days, each in one week only; the next one begins where it ends."""
    week = period_of(date.fromisoformat(day), "week")
    after = next_period(date.fromisoformat(day), "week")

    assert (name, beijing(monday), 7) == (week.name, week.begins, (week.ends - week.begins).days)
    assert (following, week.ends) == (after.name, after.begins)


def test_a_week_is_no_sampling_period():
    """A round is committed to a month or what is made of months."""
    with pytest.raises(ValueError, match="names no period"):
        period_named("2026-W10")
