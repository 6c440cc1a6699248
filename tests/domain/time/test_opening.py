"""Opening windows: when somebody is there, apart from the days that limits count."""

from datetime import date, datetime

import pytest

from node.domain.time import BEIJING, Limit, Opening, Unit, WarningRule, Window, WorkCalendar, due, end_of, parse_windows, warn_at
from node.packs.published import published

CALENDAR = WorkCalendar("0", {}, published)
MORNING, AFTERNOON = Window(9 * 60, 12 * 60), Window(13 * 60 + 30, 17 * 60 + 30)
HALL = Opening(workday=(MORNING, AFTERNOON), saturday=(Window(9 * 60, 16 * 60),))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


class TestWindows:
    """Several a day; a Saturday opens without becoming a working day (FJ25-2.5.4a, POLICY_PACKS 2 no. 32)."""

    @pytest.mark.parametrize(
        ("moment", "is_open", "next_open"),
        [
            ("03-06 08:59", False, "03-06 09:00"),
            ("03-06 09:00", True, "03-06 09:00"),
            ("03-06 12:00", False, "03-06 13:30"),
            ("03-06 17:30", False, "03-07 09:00"),  # the hall is open on Saturday
            ("03-07 15:59", True, "03-07 15:59"),
            ("03-07 16:00", False, "03-09 09:00"),
            ("03-08 10:00", False, "03-09 09:00"),
            ("02-14 17:00", True, "02-14 17:00"),  # a Saturday that makes up: the windows of a working day
            ("02-16 10:00", False, "02-21 09:00"),  # the Spring Festival, until its Saturday
            ("02-23 10:00", False, "02-24 09:00"),
        ],
    )
    def test_when_the_hall_is_open(self, moment: str, is_open: bool, next_open: str):
        """At noon it is shut, on Saturday it is not."""
        assert (is_open, at(next_open)) == (HALL.is_open(at(moment), CALENDAR), HALL.next_open(at(moment), CALENDAR))

    def test_an_open_saturday_counts_in_no_limit(self):
        """Three working days from Saturday 7 March end on Wednesday."""
        assert HALL.is_open(at("03-07 10:00"), CALENDAR)
        assert end_of(date(2026, 3, 11)) == due(at("03-07 10:00"), Limit(3, Unit.WORKDAY), CALENDAR)

    def test_round_the_clock_is_one_window_every_day(self):
        """FJ23-3.2d: questions are taken at all hours."""
        always = (Window(0, 1440),)
        opening = Opening(always, always, always, always)
        assert all(opening.is_open(at(moment), CALENDAR) for moment in ("03-07 23:59", "02-17 00:00", "03-08 03:00"))


class TestOfficeTime:
    """What passes while the office is shut is no office time."""

    @pytest.mark.parametrize(
        ("start", "hours", "expected"),
        [
            ("03-06 09:30", 2, "03-06 11:30"),
            ("03-06 11:00", 2, "03-06 14:30"),  # an hour before noon, an hour after it
            ("03-06 17:00", 1, "03-09 09:30"),  # Saturday's window is not one of a working day
            ("02-13 17:00", 1, "02-14 09:30"),
            ("03-06 10:00", 0, "03-06 10:00"),
        ],
    )
    def test_two_hours_of_office_time(self, start: str, hours: int, expected: str):
        """Counted in the windows of working days only: a handler is not there when the hall takes appeals in."""
        assert at(expected) == HALL.after_office_time(at(start), hours, CALENDAR)

    def test_a_warning_keeps_still_for_two_office_hours(self):
        """POLICY_PACKS 2 no. 15: dispatched at 11:00 on the last day, not urged before 14:30, as nobody was there at noon."""
        rule = WarningRule(opening=HALL)
        assert at("03-06 14:30") == warn_at(at("03-06 11:00"), end_of(date(2026, 3, 6)), Limit(1, Unit.WORKDAY), CALENDAR, rule)


class TestReading:
    """A pack writes windows as people do."""

    @pytest.mark.parametrize(
        ("text", "windows"),
        [
            ("09:00-12:00 13:30-17:30", (MORNING, AFTERNOON)),
            ("00:00-24:00", (Window(0, 1440),)),
            ("closed", ()),
            ("", None),
            ("9-17", None),
            ("12:00-09:00", None),
            ("09:00-12:00 11:00-17:00", None),
            ("09:00-24:30", None),
        ],
    )
    def test_what_a_pack_says(self, text: str, windows: tuple[Window, ...] | None):
        """Windows in order and apart, or the word for none."""
        assert windows == parse_windows(text)

    def test_an_office_that_never_opens_is_refused(self):
        """Two office hours would never be over."""
        with pytest.raises(ValueError, match="working days"):
            Opening(workday=())


def test_moments_are_those_of_beijing():
    """01:00 in UTC is nine o'clock."""
    assert HALL.is_open(at("03-06 09:00").astimezone(BEIJING), CALENDAR)
    assert HALL.is_open(datetime.fromisoformat("2026-03-06T01:00+00:00"), CALENDAR)
