"""What holds for every limit, calendar and pause."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.time import PERIODS, Limit, Pause, Unit, WorkCalendar, due, elapsed, explain, last_day, left, local_day, resumed, warn_at
from node.packs.published import published

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
few = settings(max_examples=100, deadline=None)

moments = st.integers(0, 300 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
flips = st.sets(st.integers(0, 400).map(lambda number: date(2025, 12, 30) + timedelta(days=number)), max_size=60)
calendars = flips.map(lambda days: WorkCalendar("t", {day: day.weekday() >= 5 for day in days}, published))
lengths = st.integers(0, 14 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
# A limit in months has one at least.
limits = st.builds(lambda count, unit: Limit(max(count, unit is Unit.MONTH), unit), st.integers(0, 40), st.sampled_from(Unit))
day_limits = st.builds(Limit, st.integers(0, 40), st.sampled_from([Unit.WORKDAY, Unit.DAY]))
counted_limits = st.builds(Limit, st.integers(1, 40), st.sampled_from([Unit.WORKDAY, Unit.DAY, Unit.HOUR]))
pause_lists = st.lists(st.builds(lambda begin, length: Pause(begin, begin + length), moments, lengths), max_size=4)


def counts(calendar: WorkCalendar, unit: Unit, day: date) -> bool:
    return unit is Unit.DAY or calendar.is_workday(day)


def days_between(after: date, until: date) -> list[date]:
    return [after + timedelta(days=number) for number in range(1, (until - after).days + 1)]


@few
@given(moments, counted_limits, calendars)
def test_a_limit_is_due_at_the_end_of_the_first_moment_at_which_all_of_it_is_used(start, limit, calendar):
    """due(start, n) without pauses is the first day (or second) at which n are used."""
    due_at = due(start, limit, calendar)
    last = due_at - timedelta.resolution
    before = last if limit.unit is Unit.HOUR else last - timedelta(days=1)
    at_end = due_at if limit.unit is Unit.HOUR else last

    assert limit.count == elapsed(start, at_end, limit.unit, calendar)
    assert limit.count - 1 == elapsed(start, before, limit.unit, calendar)


@few
@given(moments, limits, calendars, moments)
def test_used_and_left_make_the_limit(start, limit, calendar, now):
    """Until the last day n - used is left, in days and in hours."""
    due_at = due(start, limit, calendar)
    if limit.unit in PERIODS or (limit.unit is Unit.WORKDAY and limit.count == 0) or not start <= now < due_at:
        return

    used = elapsed(start, now, limit.unit, calendar)
    whole = (now - start) % timedelta(hours=1) == timedelta(0) or limit.unit is not Unit.HOUR

    assert limit.count - used - (0 if whole else 1) == left(due_at, now, limit.unit, calendar)


@few
@given(moments, day_limits, calendars, st.floats(0, 1), lengths)
def test_a_return_k_days_after_the_request_moves_the_due_day_by_k(start, limit, calendar, share, length):
    """A pause of k counted days moves the due day by exactly k, unless none was left: then the day of the return is left."""
    due_at = due(start, limit, calendar)
    begin = start + (due_at - timedelta.resolution - start) * share
    pause = Pause(begin, begin + length)
    lost = [day for day in days_between(local_day(begin), local_day(begin + length)) if counts(calendar, limit.unit, day)]

    moved_to = last_day(due(start, limit, calendar, [pause]))

    moved_by = [day for day in days_between(last_day(due_at), moved_to) if counts(calendar, limit.unit, day)]
    if left(due_at, begin, limit.unit, calendar) > 0:
        assert len(lost) == len(moved_by)
    else:
        assert len(lost) <= len(moved_by) <= len(lost) + 1


@few
@given(moments, limits, calendars, st.floats(0, 1), lengths)
def test_a_clock_resumed_is_due_as_if_its_limit_were_counted_anew(start, limit, calendar, share, length):
    """Moving a due time by a pause, counting the limit with the pause, and starting the rest at the return agree."""
    due_at = due(start, limit, calendar)
    begin = max(start, start + (due_at - timedelta.resolution - start) * share)
    pause = Pause(begin, begin + length)
    moved = resumed(due_at, pause, limit.unit, calendar)

    assert moved == due(start, limit, calendar, [pause]) or begin >= due_at
    if limit.unit in (Unit.WORKDAY, Unit.DAY):
        rest = left(due_at, begin, limit.unit, calendar)
        assert moved == due(begin + length, Limit(rest, limit.unit), calendar)


@few
@given(moments, st.integers(0, 40), calendars, pause_lists, st.integers(0, 300))
def test_a_further_holiday_never_shortens_a_limit(start, count, calendar, pauses, number):
    """A day that is closed can only make the limit end later."""
    closed = WorkCalendar("t", {**calendar.days, date(2026, 1, 1) + timedelta(days=number): False}, published)
    limit = Limit(count, Unit.WORKDAY)

    assert due(start, limit, calendar, pauses) <= due(start, limit, closed, pauses)


@few
@given(moments, st.integers(1, 40), calendars, st.integers(0, 39), st.integers(1, 15))
def test_a_pause_of_k_working_days_moves_the_due_day_by_exactly_k(start, count, calendar, asked_after, k):
    """Asked while at least one working day is left, back on the k-th working day after: k working days later, not one less."""
    limit = Limit(count, Unit.WORKDAY)
    start_due = due(start, limit, calendar)
    asked_on = (
        last_day(due(start, Limit(min(asked_after, count - 1), Unit.WORKDAY), calendar)) if asked_after and count > 1 else local_day(start)
    )
    asked = max(start, datetime.combine(asked_on, datetime.min.time(), UTC) + timedelta(hours=4))
    if left(start_due, asked, Unit.WORKDAY, calendar) < 1:
        return
    back = due(asked, Limit(k, Unit.WORKDAY), calendar) - timedelta(hours=6)

    moved = due(start, limit, calendar, [Pause(asked, back)])

    assert k == elapsed(start_due - timedelta.resolution, moved - timedelta.resolution, Unit.WORKDAY, calendar)


@few
@given(moments, limits, calendars, pause_lists, st.randoms())
def test_a_limit_does_not_depend_on_the_order_of_its_pauses(start, limit, calendar, pauses, random):
    """Nor does it ever end before it would without them."""
    shuffled = random.sample(pauses, len(pauses))

    assert due(start, limit, calendar, pauses) == due(start, limit, calendar, shuffled)
    assert due(start, limit, calendar) <= due(start, limit, calendar, pauses)


@few
@given(moments, limits, calendars, pause_lists)
def test_a_receipt_can_be_counted_again(start, limit, calendar, pauses):
    """Its days follow each other from the start day to the due day, and its numbers to the limit."""
    lines = explain(start, limit, calendar, pauses)
    first, last = local_day(start), last_day(due(start, limit, calendar, pauses))
    numbers = [line.number for line in lines if line.counted]

    assert [min(first, last), *days_between(first, last)] == [line.day for line in lines]
    assert "due_day" == lines[-1].why
    assert {None} >= {line.number for line in lines if not line.counted}
    if limit.unit in (Unit.WORKDAY, Unit.DAY):
        assert list(range(1, limit.count + 1)) == numbers
    if limit.unit is Unit.HOUR and limit.count:
        assert limit.count == numbers[-1]


@few
@given(moments, limits, calendars, pause_lists)
def test_a_warning_lies_between_start_and_due_time(start, limit, calendar, pauses):
    """Never before the clock runs, never after it is over."""
    due_at = due(start, limit, calendar, pauses)

    assert start <= warn_at(start, due_at, limit, calendar) <= due_at
