"""The deadline receipt (期限凭证), line by line."""

from datetime import date, datetime

import pytest

from node.domain.time import BEIJING, DayLine, Limit, Pause, Unit, WorkCalendar, explain
from node.packs.published import published

CALENDAR = WorkCalendar("0", {}, published)


def at(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BEIJING)


def rows(lines: tuple[DayLine, ...]) -> list[tuple[str, bool, int | None, str]]:
    return [(f"{line.day:%m-%d}", line.counted, line.number, line.why) for line in lines]


class TestReceipt:
    """Every day from the start to the due day, whether it counted, its number and why."""

    def test_two_working_days_over_the_spring_festival(self):
        """The make-up Saturday is day 1, nine days are off, day 2 is the due day."""
        lines = explain(at(2026, 2, 13), Limit(2, Unit.WORKDAY), CALENDAR)

        holidays = [(f"02-{day}", False, None, "holiday") for day in range(16, 21)]
        assert [
            ("02-13", False, None, "start_day"),
            ("02-14", True, 1, "make_up_workday"),
            ("02-15", False, None, "weekend"),
            *holidays,
            ("02-21", False, None, "weekend"),
            ("02-22", False, None, "weekend"),
            ("02-23", False, None, "holiday"),
            ("02-24", True, 2, "due_day"),
        ] == rows(lines)

    def test_a_pause_shows_the_days_that_it_takes(self):
        """The day of the request counts, the day of the return is day 0 again; a weekend within stays a weekend."""
        pause = Pause(at(2026, 3, 5), at(2026, 3, 9))

        assert [
            ("03-04", False, None, "start_day"),
            ("03-05", True, 1, "workday"),
            ("03-06", False, None, "paused"),
            ("03-07", False, None, "weekend"),
            ("03-08", False, None, "weekend"),
            ("03-09", False, None, "paused"),
            ("03-10", True, 2, "workday"),
            ("03-11", True, 3, "due_day"),
        ] == rows(explain(at(2026, 3, 4), Limit(3, Unit.WORKDAY), CALENDAR, [pause]))

    def test_a_pause_on_the_last_day_moves_the_end_without_counting_more(self):
        """Asked on the last day, returned on a Saturday: the Monday is left, and is not a second day."""
        pause = Pause(at(2026, 3, 5), at(2026, 3, 7))

        assert [
            ("03-04", False, None, "start_day"),
            ("03-05", True, 1, "workday"),
            ("03-06", False, None, "paused"),
            ("03-07", False, None, "weekend"),
            ("03-08", False, None, "weekend"),
            ("03-09", False, None, "due_day"),
        ] == rows(explain(at(2026, 3, 4), Limit(1, Unit.WORKDAY), CALENDAR, [pause]))

    def test_guessed_days_say_so(self):
        """2027 has no arrangement yet: its days count by the week, provisionally."""
        assert [
            ("12-31", False, None, "start_day"),
            ("01-01", True, 1, "provisional"),
            ("01-02", False, None, "provisional"),
            ("01-03", False, None, "provisional"),
            ("01-04", True, 2, "due_day"),
        ] == rows(explain(at(2026, 12, 31), Limit(2, Unit.WORKDAY), CALENDAR))

    @pytest.mark.parametrize(
        ("start", "limit", "pauses", "expected"),
        [
            (
                at(2026, 2, 14),
                Limit(2, Unit.DAY),
                [],
                [("02-14", False, None, "start_day"), ("02-15", True, 1, "calendar_day"), ("02-16", True, 2, "due_day")],
            ),
            (
                at(2026, 3, 6, 17),
                Limit(24, Unit.HOUR),
                [],
                [("03-06", True, 7, "start_day"), ("03-07", True, 24, "due_day")],
            ),
            (
                at(2026, 3, 6, 23),
                Limit(2, Unit.HOUR),
                [Pause(at(2026, 3, 7, 0), at(2026, 3, 8, 3))],
                [("03-06", True, 1, "start_day"), ("03-07", False, None, "paused"), ("03-08", True, 2, "due_day")],
            ),
            (
                at(2026, 5, 28),
                Limit(0, Unit.MONTH_END),
                [],
                [
                    ("05-28", False, None, "start_day"),
                    ("05-29", True, 1, "workday"),
                    ("05-30", False, None, "weekend"),
                    ("05-31", False, None, "due_day"),
                ],
            ),
            (at(2026, 3, 6), Limit(0, Unit.DAY), [], [("03-06", False, None, "due_day")]),
        ],
    )
    def test_other_units_are_explained_in_their_own_count(self, start, limit, pauses, expected):
        """Calendar days, hours used by the end of each day, and the working days of a month."""
        assert expected == rows(explain(start, limit, CALENDAR, pauses))

    def test_a_line_is_a_whole_day(self):
        """The day stands in full, for whoever recomputes it in another year."""
        assert DayLine(date(2026, 3, 6), False, None, "due_day", True) == explain(at(2026, 3, 6), Limit(0, Unit.WORKDAY), CALENDAR)[-1]

    def test_a_paused_clock_has_no_receipt(self):
        """It has no due day to end with."""
        with pytest.raises(ValueError, match="a paused clock has no due time"):
            explain(at(2026, 3, 4), Limit(3, Unit.WORKDAY), CALENDAR, [Pause(at(2026, 3, 5), None)])
