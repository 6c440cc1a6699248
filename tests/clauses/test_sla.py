"""Limits, counted in working days over the Spring Festival of 2026, and what they set off."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.time import local_day
from tests.clauses.given import (
    FRIDAY,
    HOUSING,
    PASSED,
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


@pytest.mark.clause("AS25-4.6.1.2a")
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


@pytest.mark.clause("AS25-4.6.1.2b")
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
