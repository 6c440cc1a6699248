"""Which days are working days, and what happens where nothing is known."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from node.domain.time import WorkCalendar, end_of, local_day
from node.packs.published import published

NEVER = date(2027, 3, 8)  # a Monday


def nothing_known(day: date) -> bool | None:
    return None


class TestWorkday:
    """A day counts by adopted days, then by the published years, then by Monday to Friday."""

    def test_an_adopted_day_overrides_the_published_one(self):
        """A local closure closes a day that the State Council left open."""
        snow = date(2026, 1, 20)
        calendar = WorkCalendar("t", {snow: False}, published)

        assert (True, False) == (published(snow), calendar.is_workday(snow))

    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            (date(2026, 2, 14), True),  # Saturday, make-up workday
            (date(2026, 2, 16), False),  # Monday in the Spring Festival
            (date(2026, 3, 2), True),
            (date(2026, 3, 7), False),
            (date(2004, 1, 1), False),  # the first year that is known
        ],
    )
    def test_published_years_count_with_make_up_workdays(self, day, expected):
        """Holidays within the week are off, make-up workdays at weekends count."""
        calendar = WorkCalendar("0", {}, published)

        assert (expected, False) == (calendar.is_workday(day), calendar.is_provisional(day))

    @pytest.mark.parametrize(("day", "expected"), [(NEVER, True), (NEVER - timedelta(days=1), False), (date(2003, 12, 31), True)])
    def test_a_year_without_data_is_guessed_and_says_so(self, day, expected):
        """No data is Monday to Friday, marked provisional; never an exception, never silent."""
        calendar = WorkCalendar("0", {}, published)

        assert (expected, True) == (calendar.is_workday(day), calendar.is_provisional(day))

    def test_one_closure_does_not_make_its_year_known(self):
        """An override of one day in an unpublished year makes that day certain and no other."""
        calendar = WorkCalendar("t", {NEVER: False}, published)

        assert (False, True) == (calendar.is_provisional(NEVER), calendar.is_provisional(NEVER + timedelta(days=1)))

    def test_a_second_package_agrees_on_every_published_day(self):
        """
        From 2004 to 2026 ``holidays`` says the same of every day but one.

        2005-12-31, a Saturday worked for the New Year of 2006, is missing in ``chinesecalendar``; no limit runs there.
        """
        oracle = holidays.country_holidays("CN", years=range(2003, 2028))
        covered = [date(2004, 1, 1) + timedelta(days=number) for number in range((date(2027, 1, 1) - date(2004, 1, 1)).days)]

        assert [date(2005, 12, 31)] == [day for day in covered if published(day) != oracle.is_working_day(day)]


class TestBeijingTime:
    """Beijing time is the constant +08:00; days begin and end there, moments are kept in UTC."""

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            (datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC), date(2026, 3, 1)),
            (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 2)),
        ],
    )
    def test_a_day_turns_at_sixteen_hours_utc(self, moment, expected):
        """0:00 in Beijing is 16:00Z of the day before."""
        assert expected == local_day(moment)

    def test_a_day_ends_at_24_00_in_beijing(self):
        """24:00 of a day is 16:00Z of the same date."""
        assert datetime(2026, 3, 5, 16, 0, tzinfo=UTC) == end_of(date(2026, 3, 5))
        assert timedelta(0) == end_of(date(2026, 3, 5)).utcoffset()

    def test_a_moment_without_a_zone_is_refused(self):
        """A naive moment would be read differently on every machine."""
        with pytest.raises(ValueError, match="time zone"):
            local_day(datetime(2026, 3, 1))
