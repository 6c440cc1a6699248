"""A deadline receipt counted again by a function that shares nothing with the one that counted it."""

import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain import time
from node.domain.time import Limit, Pause, Unit, WorkCalendar, due, due_of_date, explain, recount
from node.packs.published import published

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
many = settings(max_examples=300, deadline=None)

moments = st.integers(0, 300 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
flips = st.sets(st.integers(0, 500).map(lambda number: date(2025, 12, 30) + timedelta(days=number)), max_size=60)
calendars = flips.map(lambda days: WorkCalendar("t", {day: day.weekday() >= 5 for day in days}, published))
lengths = st.integers(0, 14 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
limits = st.builds(Limit, st.integers(1, 40), st.sampled_from(Unit))
# Pauses of one clock follow one another: it does not stand twice at once.
gaps = st.lists(st.tuples(lengths, lengths), max_size=4)


def in_turn(start: datetime, gaps: list[tuple[timedelta, timedelta]]) -> tuple[Pause, ...]:
    pauses, moment = [], start
    for until_request, standing in gaps:
        pauses.append(Pause(moment + until_request, moment + until_request + standing))
        moment = pauses[-1].end or moment
    return tuple(pauses)


@many
@given(moments, limits, calendars, gaps)
def test_the_receipt_alone_gives_the_due_time_to_the_minute(start, limit, calendar, gaps):
    """From what is printed on it: start, limit, pauses, and which of its days are working days."""
    pauses = in_turn(start, gaps)
    lines = explain(start, limit, calendar, pauses)
    printed = {line.day: line.is_workday for line in lines}

    counted = recount(start, limit.count, limit.unit.value, printed, [(one.begin, one.end) for one in pauses])

    assert due(start, limit, calendar, pauses) == counted


@many
@given(moments, st.integers(0, 60), calendars, gaps)
def test_a_promised_date_and_its_pauses_are_counted_again(start, days, calendar, gaps):
    """A date that no limit gave holds as it is; what was left at a request goes on from the return."""
    promised = time.local_day(start) + timedelta(days=days)
    pauses = in_turn(start, gaps)
    lines = explain(start, Limit(1, Unit.WORKDAY), calendar, pauses, promised=promised)
    printed = {line.day: line.is_workday for line in lines}

    counted = recount(start, 0, "workday", printed, [(one.begin, one.end) for one in pauses], promised)

    assert due_of_date(promised, calendar, pauses) == counted


def test_a_day_that_is_missing_is_told():
    """A receipt with a gap proves nothing."""
    start = datetime(2026, 2, 13, 2, tzinfo=UTC)
    assert recount(start, 5, "workday", {date(2026, 2, 13): True, date(2026, 2, 14): True}) is None


def test_it_shares_no_code_with_what_it_checks():
    """Imports of this project in ``recount``: none."""
    module = ast.parse((Path(time.__file__).parent / "recount.py").read_text("utf-8"))
    imported = {node.module for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(module) if isinstance(node, ast.Import) for name in node.names}
    assert {"collections.abc", "datetime", "itertools"} == imported
