"""When limits are due, what is left of them, and when to warn."""

from datetime import UTC, date, datetime, timedelta

import pytest

from node.domain.time import (
    BEIJING,
    LIMIT_COUNT_MAX,
    Limit,
    Pause,
    Unit,
    WarningRule,
    WorkCalendar,
    due,
    due_of_date,
    elapsed,
    end_of,
    is_provisional,
    last_day,
    left,
    resumed,
    warn_at,
)
from node.packs.published import published

CALENDAR = WorkCalendar("0", {}, published)
FRIDAY = date(2026, 2, 13)  # the day before the make-up Saturday and the Spring Festival


def at(day: str, hours: str = "10:00") -> datetime:
    """Return a moment of 2026 in Beijing, e.g. ``at("02-13", "23:00")``."""
    return datetime.fromisoformat(f"2026-{day}T{hours}+08:00")


def workdays(count: int) -> Limit:
    return Limit(count, Unit.WORKDAY)


def due_day(start: datetime, limit: Limit, *pauses: Pause) -> date:
    return last_day(due(start, limit, CALENDAR, pauses))


class TestWorkdays:
    """The start day is day 0; a limit of n ends at 24:00 of the n-th working day after it."""

    @pytest.mark.parametrize(
        ("start", "count", "expected"),
        [
            ("2026-02-13", 2, "2026-02-24"),
            ("2026-02-13", 5, "2026-02-27"),
            ("2026-02-12", 10, "2026-03-04"),
            ("2026-09-18", 5, "2026-09-24"),
            ("2026-09-18", 10, "2026-10-09"),
            ("2026-09-30", 1, "2026-10-08"),
            ("2026-09-30", 5, "2026-10-13"),
            ("2026-05-07", 2, "2026-05-09"),
            ("2026-05-08", 1, "2026-05-09"),
            ("2025-12-31", 1, "2026-01-04"),
            ("2025-12-31", 2, "2026-01-05"),
        ],
    )
    @pytest.mark.parametrize("hours", ["00:00", "23:59"])
    def test_make_up_workdays_count(self, start, count, expected, hours):
        """Each of these would end on a later day if make-up workdays were left out; the hour of the start changes nothing."""
        moment = datetime.fromisoformat(f"{start}T{hours}+08:00")

        assert end_of(date.fromisoformat(expected)) == due(moment, workdays(count), CALENDAR)

    @pytest.mark.parametrize(
        ("count", "expected"),
        [(1, "02-14"), (2, "02-24"), (3, "02-25"), (5, "02-27"), (7, "03-02"), (10, "03-05"), (15, "03-12")],
    )
    def test_the_limits_of_the_clauses_from_the_friday_before_the_spring_festival(self, count, expected):
        """The calendar by which every clause of the catalogue is checked (FJ25-3.7.1b, XS25-4.4.2, AS25-4.4.1)."""
        assert at(expected).date() == due_day(at("02-13"), workdays(count))

    def test_the_due_time_is_midnight_in_utc(self):
        """24:00 in Beijing is stored as 16:00Z."""
        assert datetime(2026, 3, 5, 16, tzinfo=UTC) == due(at("02-13"), workdays(10), CALENDAR)

    @pytest.mark.parametrize(("start", "expected"), [("02-13", "02-13"), ("02-14", "02-14"), ("02-15", "02-24")])
    def test_a_limit_of_no_days_ends_with_its_start_day_or_the_first_workday_after_it(self, start, expected):
        """A limit never ends on a day off."""
        assert at(expected).date() == due_day(at(start), workdays(0))

    @pytest.mark.parametrize("count", [-1, LIMIT_COUNT_MAX + 1])
    def test_a_count_out_of_range_is_refused(self, count):
        """What is longer than ten years is a slip of the pen."""
        with pytest.raises(ValueError, match="a limit counts 0 to 4000 units"):
            workdays(count)

    def test_a_start_without_a_zone_is_refused(self):
        """Nobody could say on which day such a limit starts."""
        with pytest.raises(ValueError, match="time zone"):
            due(datetime(2026, 3, 1), workdays(1), CALENDAR)


class TestOtherUnits:
    """Hours run from the moment; calendar days and the end of the month ignore holidays."""

    @pytest.mark.clause("FJ23-3.2d")
    def test_hours_run_at_night_and_at_weekends(self):
        """A question received on a Saturday at 23:00 under a 2-hour limit is due on Sunday at 1:00."""
        assert at("03-08", "01:00") == due(at("03-07", "23:00"), Limit(2, Unit.HOUR), CALENDAR)

    def test_a_day_of_24_hours_ends_at_the_same_hour(self):
        """FJ23-3.4b: from Friday 17:00 to Saturday 17:00, given back in UTC."""
        due_at = due(at("03-06", "17:00"), Limit(24, Unit.HOUR), CALENDAR)

        assert (at("03-07", "17:00"), timedelta(0)) == (due_at, due_at.utcoffset())

    def test_hours_stand_still_while_paused(self):
        """Overlapping pauses are counted once, those before the start or after the end not at all."""
        pauses = [
            Pause(at("03-06", "12:30"), at("03-06", "13:00")),
            Pause(at("03-06", "12:00"), at("03-06", "12:45")),
            Pause(at("03-06", "08:00"), at("03-06", "10:15")),
            Pause(at("03-06", "20:00"), at("03-06", "21:00")),
        ]

        assert at("03-06", "13:15") == due(at("03-06"), Limit(2, Unit.HOUR), CALENDAR, pauses)

    def test_hours_that_are_used_up_are_not_paused(self):
        """A pause that begins at the due time comes too late."""
        pause = Pause(at("03-06", "12:00"), at("03-06", "13:00"))

        assert at("03-06", "12:00") == due(at("03-06"), Limit(2, Unit.HOUR), CALENDAR, [pause])

    def test_calendar_days_may_end_on_a_holiday(self):
        """FJ23-3.4c: 3 days from Friday 2026-02-13 are over on Monday the 16th, in the Spring Festival."""
        assert date(2026, 2, 16) == due_day(at("02-13"), Limit(3, Unit.DAY))

    def test_no_calendar_days_end_with_the_same_day(self):
        """FJ25-3.6d: 当天, whatever day it is."""
        assert date(2026, 2, 15) == due_day(at("02-15"), Limit(0, Unit.DAY))

    @pytest.mark.parametrize(
        ("start", "workdays_min", "expected"),
        [
            ("03-05", 0, "03-31"),
            ("05-31", 0, "05-31"),  # a Sunday
            ("05-29", 5, "06-05"),
            ("05-20", 5, "05-31"),  # 7 working days are left in May
            ("12-31", 0, "12-31"),
            ("02-02", 0, "02-28"),
        ],
    )
    def test_the_end_of_the_month_is_its_last_calendar_day(self, start, workdays_min, expected):
        """HM20-3.3e: 当月交办事项当月协调解决; a start near the end leaves at least so many working days."""
        assert at(expected).date() == due_day(at(start), Limit(workdays_min, Unit.MONTH_END))

    @pytest.mark.parametrize(
        ("begin", "end", "expected"),
        [
            ("05-12", "05-14", "06-02"),  # 2 working days behind Friday the 29th, the last one of May
            ("05-09", "05-10", "05-31"),  # no working day lost
            ("05-30", "06-06", "06-08"),  # none left, and the pause ends on a Saturday
        ],
    )
    def test_a_paused_month_ends_later_by_its_lost_workdays(self, begin, end, expected):
        """The working days up to the end of the month are what goes on after the pause."""
        pause = Pause(at(begin), at(end))

        assert at(expected).date() == due_day(at("05-06"), Limit(0, Unit.MONTH_END), pause)
        assert end_of(at(expected).date()) == resumed(end_of(date(2026, 5, 31)), pause, Unit.MONTH_END, CALENDAR)


class TestPauses:
    """The days after the request, up to and with the day of the return, are not counted."""

    def test_what_was_left_at_the_request_is_left_from_the_day_of_the_return(self):
        """AS25-4.4.5c: a 10 WD ticket with 6 WD left applies; 3 WD later it is returned: 6 WD are left from the return day."""
        start, asked, returned = at("02-13"), at("02-26", "15:00"), at("03-02", "09:00")
        pause = Pause(asked, returned)
        before = left(due(start, workdays(10), CALENDAR), asked, Unit.WORKDAY, CALENDAR)

        due_at = due(start, workdays(10), CALENDAR, [pause])

        assert 6 == before == left(due_at, returned, Unit.WORKDAY, CALENDAR)
        assert end_of(date(2026, 3, 10)) == due_at == due(returned, workdays(6), CALENDAR)

    def test_a_paused_clock_keeps_what_it_has_left(self):
        """On every day of an open pause the same number is used."""
        pause = Pause(at("02-26"), None)

        assert {4} == {elapsed(at("02-13"), at(day), Unit.WORKDAY, CALENDAR, [pause]) for day in ("02-26", "02-27", "03-02", "03-20")}

    def test_a_paused_clock_has_no_due_time(self):
        """Whoever asks for one has forgotten the return."""
        with pytest.raises(ValueError, match="a paused clock has no due time"):
            due(at("02-13"), workdays(10), CALENDAR, [Pause(at("02-26"), None)])

    @pytest.mark.parametrize(
        ("begin", "end", "expected"),
        [
            (at("03-03", "09:00"), at("03-03", "18:00"), "03-05"),  # the same day
            (at("03-03"), at("03-04"), "03-06"),
            (at("02-28"), at("03-01"), "03-05"),  # to a Sunday: no working day lost
            (at("02-15"), at("02-23"), "03-05"),  # within the Spring Festival
            (at("02-10"), at("02-14"), "03-06"),  # begun before the start
            (at("02-01"), at("02-12"), "03-05"),  # over before the start
            (at("03-05", "23:59"), at("03-09"), "03-09"),  # asked on the due day: the day of the return is left
            (at("03-05", "23:59"), at("03-07"), "03-09"),  # and if that is a Saturday, the Monday
            (at("03-06", "00:00"), at("03-09"), "03-05"),  # asked too late
        ],
    )
    def test_where_a_pause_begins_and_ends(self, begin, end, expected):
        """Of a limit from 2026-02-13 that is due on 03-05 without a pause."""
        assert at(expected).date() == due_day(at("02-13"), workdays(10), Pause(begin, end))

    def test_pauses_that_touch_or_overlap_count_once(self):
        """A day is paused or not, however many pauses cover it."""
        pauses = [Pause(at("03-03"), at("03-04")), Pause(at("02-26"), at("03-03")), Pause(at("02-27"), at("03-02"))]

        assert due_day(at("02-13"), workdays(10), Pause(at("02-26"), at("03-04"))) == due_day(at("02-13"), workdays(10), *pauses)

    @pytest.mark.parametrize(
        ("unit", "due_at", "begin", "end", "expected"),
        [
            (Unit.WORKDAY, at("03-21", "00:00"), at("03-10"), at("03-16"), at("03-27", "00:00")),
            (Unit.WORKDAY, at("03-21", "00:00"), at("03-21", "00:00"), at("03-27"), at("03-21", "00:00")),  # overdue stays overdue
            (Unit.WORKDAY, at("03-21", "00:00"), at("03-20"), at("03-25"), at("03-26", "00:00")),
            (Unit.WORKDAY, at("03-21", "00:00"), at("03-20"), at("03-21"), at("03-24", "00:00")),  # no day lost, but the last one is over
            (Unit.DAY, at("03-21", "00:00"), at("03-10"), at("03-16"), at("03-27", "00:00")),
            (Unit.HOUR, at("03-06", "12:00"), at("03-06", "11:00"), at("03-06", "11:20"), at("03-06", "12:20")),
        ],
    )
    def test_a_promised_due_time_moves_by_its_pause(self, unit, due_at, begin, end, expected):
        """An extension has no limit to count anew: what was left goes on from the day of the return."""
        assert expected == resumed(due_at, Pause(begin, end), unit, CALENDAR)

    def test_a_paused_promise_has_no_due_time(self):
        """As for a limit."""
        with pytest.raises(ValueError, match="a paused clock has no due time"):
            resumed(at("03-06"), Pause(at("03-01"), None), Unit.WORKDAY, CALENDAR)

    def test_a_pause_that_ends_before_it_begins_is_refused(self):
        """Also one without a time zone."""
        with pytest.raises(ValueError, match="ends before it begins"):
            Pause(at("03-02"), at("03-01"))
        with pytest.raises(ValueError, match="time zone"):
            Pause(datetime(2026, 3, 1), None)


class TestLeft:
    """Days after today up to the last day; overdue days are negative."""

    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (at("02-25"), 7),
            (at("03-02"), 3),
            (at("03-05", "23:59"), 0),
            (at("03-06", "00:00"), -1),
            (at("03-06"), -1),
            (at("03-08"), -1),
            (at("03-09"), -2),
        ],
    )
    def test_working_days_left_and_overdue(self, now, expected):
        """FJ25-3.8.4a and AS25-4.6.1.2b: due at the end of 2026-03-05; on 03-09 it is 2 WD overdue."""
        assert expected == left(end_of(date(2026, 3, 5)), now, Unit.WORKDAY, CALENDAR)

    @pytest.mark.parametrize(
        ("unit", "now", "expected"),
        [
            (Unit.DAY, at("03-01"), 4),
            (Unit.DAY, at("03-08"), -3),
            (Unit.MONTH_END, at("03-02"), 3),
            (Unit.HOUR, at("03-05", "21:30"), 2),
            (Unit.HOUR, at("03-05", "23:30"), 0),
            (Unit.HOUR, at("03-06", "00:01"), -1),
        ],
    )
    def test_each_limit_is_left_in_its_own_unit(self, unit, now, expected):
        """Calendar days count every day, a month its working days, hours are whole hours."""
        assert expected == left(end_of(date(2026, 3, 5)), now, unit, CALENDAR)

    def test_nothing_is_used_before_the_start(self):
        """A clock that starts later, as after a receipt that was never given, shows its whole limit."""
        assert {0} == {elapsed(at("03-05"), at("03-02"), unit, CALENDAR) for unit in Unit}


class TestWarning:
    """AS25-4.6.1.2a: may become overdue; limits of 1 WD at 14:00 of the last day, of 2-5 WD with 1 left, longer with 3."""

    @pytest.mark.parametrize(
        ("start", "count", "expected"),
        [
            (at("02-13"), 1, at("02-14", "14:00")),
            (at("02-13"), 2, at("02-14", "00:00")),
            (at("02-13"), 5, at("02-26", "00:00")),
            (at("02-13"), 6, at("02-25", "00:00")),
            (at("02-13"), 10, at("03-02", "00:00")),
            (at("02-13"), 15, at("03-09", "00:00")),
        ],
    )
    def test_the_warning_of_each_length(self, start, count, expected):
        """A 10 WD ticket due on 2026-03-05 is urged on 03-02 with 3 WD left, not before."""
        due_at = due(start, workdays(count), CALENDAR)

        assert expected == warn_at(start, due_at, workdays(count), CALENDAR)

    @pytest.mark.parametrize(
        ("dispatched", "expected"),
        [
            (at("02-14", "11:59"), at("02-14", "14:00")),
            (at("02-14", "13:30"), at("02-14", "15:30")),
            (at("02-14", "15:00"), at("02-14", "17:00")),  # as the office closes
            (at("02-13", "23:00"), at("02-14", "14:00")),
            (at("02-14", "16:00"), at("02-15", "00:00")),  # 2 office hours reach into the next working day: only when due
        ],
    )
    def test_who_got_it_late_is_not_urged_within_two_office_hours(self, dispatched, expected):
        """A handler who is urged in the minute of the dispatch stops reading."""
        assert expected == warn_at(dispatched, end_of(date(2026, 2, 14)), workdays(1), CALENDAR)

    def test_a_due_time_that_moved_moves_its_warning(self):
        """The warning looks back from where the limit ends now."""
        assert at("03-17", "00:00") == warn_at(at("02-13"), end_of(date(2026, 3, 20)), workdays(10), CALENDAR)

    def test_no_warning_before_the_start(self):
        """A long limit cut short by an assigning body warns at once."""
        assert at("03-02") == warn_at(at("03-02"), end_of(date(2026, 3, 3)), workdays(10), CALENDAR)

    @pytest.mark.parametrize(
        ("limit", "start", "due_at", "expected"),
        [
            (Limit(2, Unit.HOUR), at("03-02", "10:00"), at("03-02", "12:00"), at("03-02", "11:00")),
            (Limit(3, Unit.DAY), at("02-13"), at("02-17", "00:00"), at("02-15", "00:00")),
            (Limit(0, Unit.DAY), at("03-02"), at("03-03", "00:00"), at("03-02", "14:00")),
            (Limit(0, Unit.MONTH_END), at("03-05"), at("04-01", "00:00"), at("03-26", "00:00")),
        ],
    )
    def test_other_units_warn_in_their_own_days(self, limit, start, due_at, expected):
        """Hours at half of the time, calendar days by calendar days, a month like a long limit."""
        assert expected == warn_at(start, due_at, limit, CALENDAR)

    def test_a_pack_may_warn_otherwise(self):
        """Every number of the rule is data."""
        rule = WarningRule(short_limit_max=10, short_left=2)

        assert at("03-03", "00:00") == warn_at(at("02-13"), end_of(date(2026, 3, 5)), workdays(10), CALENDAR, rule)

    @pytest.mark.parametrize("values", [{"long_left": -1}, {"quiet_office_hours": -1}, {"hours_used_percent": 101}])
    def test_a_rule_that_cannot_be_is_refused(self, values):
        """Nothing is counted below nought, and a share is a percentage."""
        with pytest.raises(ValueError, match=r"counts|share"):
            WarningRule(**values)


class TestProvisional:
    """A limit that runs into a year without an arrangement is shown as 暂定."""

    @pytest.mark.parametrize(
        ("start", "due_on", "expected"),
        [
            (date(2026, 12, 28), date(2026, 12, 31), False),
            (date(2026, 12, 31), date(2027, 1, 4), True),
            (date(2027, 1, 4), date(2027, 1, 4), False),  # the start day is not counted
        ],
    )
    def test_a_limit_is_provisional_if_one_of_its_days_is(self, start, due_on, expected):
        """From the day after the start up to the due day."""
        moment = datetime.combine(start, datetime.min.time(), BEIJING)

        assert expected == is_provisional(moment, end_of(due_on), CALENDAR)


class TestPeriods:
    """FJ23-2.4, HM20-3.3e: a month, two months, a quarter end with their last calendar day, be it a day off."""

    @pytest.mark.parametrize(
        ("start", "limit", "expected"),
        [
            ("01-10", Limit(0, Unit.MONTH_END), "2026-01-31"),
            ("01-10", Limit(1, Unit.MONTH), "2026-01-31"),
            ("01-10", Limit(2, Unit.MONTH), "2026-02-28"),
            ("01-31", Limit(2, Unit.MONTH), "2026-02-28"),
            ("11-05", Limit(2, Unit.MONTH), "2026-12-31"),
            ("12-05", Limit(3, Unit.MONTH), "2027-02-28"),
            ("01-10", Limit(0, Unit.QUARTER_END), "2026-03-31"),
            ("03-31", Limit(0, Unit.QUARTER_END), "2026-03-31"),
            ("10-01", Limit(0, Unit.QUARTER_END), "2026-12-31"),
        ],
    )
    def test_a_period_ends_with_its_last_day(self, start, limit, expected):
        """The month of the start is the first."""
        assert date.fromisoformat(expected) == due_day(at(start), limit)

    def test_a_limit_in_months_has_one_at_least(self):
        """None would end before it began."""
        with pytest.raises(ValueError, match="months"):
            Limit(0, Unit.MONTH)


class TestPromisedDates:
    """A date that was granted or promised holds as it is, on a day off, too; pauses after it move it by their working days."""

    @pytest.mark.parametrize(
        ("promised", "pause", "expected"),
        [
            ("2026-03-08", None, "2026-03-08"),  # a Sunday
            ("2026-03-08", ("03-02", "03-02"), "2026-03-08"),
            ("2026-03-06", ("03-02", "03-04"), "2026-03-10"),
            ("2026-03-06", ("03-09", "03-12"), "2026-03-06"),  # it was overdue before it stood
        ],
    )
    def test_a_promise_holds(self, promised, pause, expected):
        """What was left at the request goes on from the day of the return."""
        pauses = [Pause(at(pause[0]), at(pause[1]))] if pause else []
        assert end_of(date.fromisoformat(expected)) == due_of_date(date.fromisoformat(promised), CALENDAR, pauses)
