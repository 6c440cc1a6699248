"""Limits, counted in working days over the Spring Festival of 2026, and what they set off."""

from datetime import date
from pathlib import Path

import pytest

from node.cli.packs import adoption
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.forming import Form
from node.domain.time import local_day
from node.services.acting import act
from tests.clauses.given import (
    HOUSING,
    PASSED,
    a_completion,
    a_county,
    a_revisit,
    beijing,
    clock_of,
    completed,
    dispatched,
    end_of,
    formed,
    handled,
    page_of,
    refuses,
    registered,
    rungs_of,
    swept,
    the,
)
from tests.clauses.orders import orders


@pytest.mark.clause("AS25-4.2.1.1b")
def test_a_need_is_formed_within_one_working_day_or_late_for_ever(tmp_path: Path):
    """AS25-4.2.1.1b: from Friday it is due on the Saturday that makes up; formed after the holidays it bears the mark."""
    county = a_county(tmp_path)
    ticket = registered(county)
    assert end_of("2026-02-14") == clock_of(county, ticket, "form").due_at

    county.at(beijing("2026-02-24 09:00"))
    county.act("office", Form("coordination", passed=PASSED), ticket)

    said = page_of(county, ticket).timeline[-1]
    assert ("Formed", True) == (said.kind, said.facts["is_late"])


def test_three_working_days_before_the_end_one_urge_is_opened(tmp_path: Path):
    """AS25-4.6.1.2a: due on 5 March, urged on the 2nd, once; a longer deadline may be urged again."""
    county = a_county(tmp_path)
    ticket = handled(county)
    assert end_of("2026-03-05") == clock_of(county, ticket, "resolve").due_at

    swept(county, "2026-02-28 23:59")
    assert [] == rungs_of(county, ticket, "resolve", "early_warning")
    swept(county, "2026-03-02 09:00")
    swept(county, "2026-03-02 09:05")
    (urged,) = rungs_of(county, ticket, "resolve", "early_warning")
    assert (date(2026, 3, 2), 3) == (local_day(urged.recorded_at), clock_of(county, ticket, "resolve").left)

    county.act("department", RequestExtension(date(2026, 3, 20), "complex", Text("需专家论证")), ticket, "housing")
    county.act("office", DecideExtension(is_granted=True), ticket)
    swept(county, "2026-03-17 23:59")
    again = rungs_of(county, ticket, "resolve", "early_warning")
    assert [end_of("2026-03-05"), end_of("2026-03-20")] == [one.facts["due_at"] for one in again]


def test_a_ticket_is_overdue_from_the_very_moment(tmp_path: Path):
    """AS25-4.6.1.2b: at 24:00 of the last day, once, and the days overdue grow."""
    county = a_county(tmp_path)
    ticket = handled(county)

    swept(county, "2026-03-05 23:59")
    assert ([], False) == (rungs_of(county, ticket, "resolve", "overdue"), clock_of(county, ticket, "resolve").is_overdue)
    swept(county, "2026-03-06 00:00")
    swept(county, "2026-03-06 00:01")
    assert 1 == len(rungs_of(county, ticket, "resolve", "overdue"))
    assert clock_of(county, ticket, "resolve").is_overdue

    county.at(beijing("2026-03-09 09:00"))
    assert -2 == clock_of(county, ticket, "resolve").left


@pytest.mark.clause("AS25-4.3.1a")
def test_a_department_signs_or_objects_within_two_working_days_or_is_supervised(tmp_path: Path):
    """AS25-4.3.1a: silent at the end of 24 February, overdue and supervised; signed at 23:00 of that day, neither."""
    county = a_county(tmp_path)
    silent, signed = dispatched(county), dispatched(county)
    assert end_of("2026-02-24") == clock_of(county, silent, "sign").due_at

    county.at(beijing("2026-02-24 23:00"))
    county.act("department", Sign(), signed, "housing")
    swept(county, "2026-02-25 00:00")

    assert [1, 0] == [len(rungs_of(county, ticket, "sign", "overdue")) for ticket in (silent, signed)]
    opened = [(order.tickets, order.unit) for order in orders(county, open_only=False) if order.measure == "supervise"]
    assert [((silent,), HOUSING)] == opened


@pytest.mark.clause("AS25-4.7.1")
def test_every_completed_ticket_is_revisited_within_five_working_days(tmp_path: Path):
    """AS25-4.7.1: by the joint office, never by who handled it; open after that it is flagged."""
    county = a_county(tmp_path)
    ticket = completed(county)
    assert ("office", end_of("2026-02-27")) == (clock_of(county, ticket, "revisit").owes, clock_of(county, ticket, "revisit").due_at)

    with refuses(Code.PERMISSION_DENIED):
        county.act("department", a_revisit(), ticket, "housing")
    with refuses(Code.OWN_CASE):
        county.act("specialist", a_revisit(), ticket, "housing")
    swept(county, "2026-02-28 00:00")
    assert (1, True) == (len(rungs_of(county, ticket, "revisit", "overdue")), clock_of(county, ticket, "revisit").is_overdue)
    county.act("office", a_revisit(), ticket)
    assert "RevisitFiled" in {entry.kind for entry in page_of(county, ticket).timeline}


# Limits of the other mechanisms, each as its document gives it.
QUERY = '[limit]\n"resolve.consultation.plain" = { value = "1 workday", clause = "FJ25-3.7.1b" }\n'
GENERAL = '[limit]\n"resolve.coordination.plain" = { value = "3 workdays", clause = "FJ25-3.7.2c" }\n'
BY_DISPATCH = '[resolve]\nstarts_on = { value = "dispatched", default = "the document counts from the assignment" }\n'
XIANGSHAN = """
[limit]
"resolve.coordination.plain" = { value = "1 workday", clause = "XS25-4.4.2d" }
"resolve.coordination.complex" = { value = "3 workdays", clause = "XS25-4.4.2e" }
"""
TWO_LEFT = """
[limit]
"resolve.coordination.plain" = { value = "10 workdays", default = "a longer matter" }
[warning]
long_left = { value = 2, clause = "FJ25-4.10.2b" }
"""
DAYS = '[limit]\n"resolve.coordination.plain" = { value = "3 days", clause = "FJ23-3.4c" }\n'


@pytest.mark.parametrize(
    ("rules", "category", "complexity", "due"),
    [
        pytest.param(QUERY, "consultation", "plain", "2026-02-14", marks=pytest.mark.clause("FJ25-3.7.1b")),
        pytest.param(BY_DISPATCH + GENERAL, "coordination", "plain", "2026-02-25", marks=pytest.mark.clause("FJ25-3.7.2c")),
        pytest.param(BY_DISPATCH + XIANGSHAN, "coordination", "plain", "2026-02-14", marks=pytest.mark.clause("XS25-4.4.2d")),
        pytest.param(BY_DISPATCH + XIANGSHAN, "coordination", "complex", "2026-02-25", marks=pytest.mark.clause("XS25-4.4.2e")),
        pytest.param(BY_DISPATCH + GENERAL, "coordination", "plain", "2026-02-25", marks=pytest.mark.clause("HM20-3.2d")),
        # Three natural days in 2023, three working days in 2025.
        pytest.param(BY_DISPATCH + DAYS, "coordination", "plain", "2026-02-16", marks=pytest.mark.clause("FJ23-3.4c")),
        pytest.param(BY_DISPATCH + GENERAL, "coordination", "plain", "2026-02-25", marks=pytest.mark.clause("FJ23-3.4c")),
    ],
)
def test_what_comes_in_on_friday_the_thirteenth_is_due(tmp_path: Path, rules: str, category: str, complexity: str, due: str):
    """The limits of the documents over the make-up Saturday and the Spring Festival."""
    county = a_county(tmp_path, rules=rules)

    ticket = dispatched(county, category=category, complexity=complexity)

    assert end_of(due) == clock_of(county, ticket, "resolve").due_at


@pytest.mark.clause("FJ25-2.5.4a")
def test_a_saturday_is_no_working_day_but_the_hall_is_open(tmp_path: Path):
    """FJ25-2.5.4a: taken in on Saturday 7 March, three working days end on Wednesday."""
    county = a_county(tmp_path, "2026-03-07 10:00", rules=GENERAL)

    ticket = formed(county, received_at=beijing("2026-03-07 09:50"))

    received = the(county, ticket).intake.received_at
    assert received is not None and date(2026, 3, 7) == local_day(received)
    assert end_of("2026-03-11") == clock_of(county, ticket, "resolve").due_at


@pytest.mark.clause("FJ25-4.10.2b")
def test_two_working_days_before_the_end_one_warning_is_raised(tmp_path: Path):
    """FJ25-4.10.2b: on the 3rd for the 5th of March, not before, and once however often it is looked."""
    county = a_county(tmp_path, rules=TWO_LEFT)
    ticket = handled(county)
    assert end_of("2026-03-05") == clock_of(county, ticket, "resolve").due_at

    swept(county, "2026-03-02 23:59")
    assert [] == rungs_of(county, ticket, "resolve", "early_warning")
    for minute in range(10):
        swept(county, f"2026-03-03 09:0{minute}")

    assert 1 == len(rungs_of(county, ticket, "resolve", "early_warning"))


@pytest.mark.clause("FJ25-3.8.4a")
def test_the_countdown_is_read_in_working_days(tmp_path: Path):
    """FJ25-3.8.4a: the days left up to and including the last one, none on it, then negative."""
    county = a_county(tmp_path)
    ticket = handled(county)
    assert end_of("2026-03-05") == clock_of(county, ticket, "resolve").due_at

    read = {}
    for day in ("2026-02-25", "2026-03-05", "2026-03-06"):
        county.at(beijing(f"{day} 09:00"))
        read[day] = clock_of(county, ticket, "resolve").left
    assert {"2026-02-25": 7, "2026-03-05": 0, "2026-03-06": -1} == read


@pytest.mark.clause("AS25-5.2")
def test_the_mechanism_is_in_force_from_its_day_and_leaves_older_tickets_alone(tmp_path: Path):
    """AS25-5.2: from 1 October 2025; a ticket of the day before goes on under the limits that it began with."""
    former = """
[limit]
"resolve.coordination.plain" = { value = "20 workdays", default = "the mechanism before" }
revisit = { value = "7 workdays", default = "the mechanism before" }
"""
    county = a_county(tmp_path, "2025-09-30 10:00", rules=former)
    act(county.node, "centre", adoption(county.node, "anshun-2025"))
    old = handled(county)
    county.at(beijing("2025-10-01 00:00"))
    new = handled(county)
    assert ["own-2025", "anshun-2025"] == [the(county, ticket).pack.partition("@")[0] for ticket in (old, new)]
    assert (20, 10) == (clock_of(county, old, "resolve").limit.count, clock_of(county, new, "resolve").limit.count)

    for ticket in (old, new):
        county.act("department", a_completion(county), ticket, "housing")

    assert (7, 5) == (clock_of(county, old, "revisit").limit.count, clock_of(county, new, "revisit").limit.count)
