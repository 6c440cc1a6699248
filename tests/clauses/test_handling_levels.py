"""An opinion of a unit of another node: the question goes there, the ticket stays (USERS part 2 (b))."""

from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.opinion import AskOpinion, FileOpinion, WithdrawOpinionRequest
from node.domain.ticket.state import State
from node.services.queries import ClockLine
from node.services.trays import tray
from tests.clauses.given import CITY, COUNTY, FRIDAY, a_completion, a_county, beijing, handled, page_of, refuses, the
from tests.clauses.test_levels import carried
from tests.support.levels import join
from tests.support.node import Hands, make_node

PLANNING = f"{CITY}-planning"
QUESTION = AskOpinion(PLANNING, Text("该地块是否纳入年度计划？"))


def a_city_and_a_county(directory: Path) -> tuple[Hands, Hands]:
    """A city with a planning bureau, and a county below it, under one clock."""
    clock = directory / "clock.json"
    city = make_node(directory, CITY, "anshun-2025", now=beijing(FRIDAY), clock=clock)
    city.staff("planning")
    county = make_node(directory, COUNTY, "xixiu-2025", clock=clock)
    county.staff("housing", "water")
    join(city, county)
    return city, county


def opinion_clocks(hands: Hands, ticket: str) -> list[ClockLine]:
    """The limits of opinions on the ticket, as this node sees them."""
    return [clock for clock in page_of(hands, ticket).clocks if clock.name.startswith("opinion/")]


def in_tray(hands: Hands, unit: str) -> list[str]:
    """What lies in a unit's tray."""
    with hands.node.store.read() as view:
        return [line.row.id for line in tray(view, unit)]


def test_a_bureau_of_the_city_is_asked_and_the_county_keeps_the_ticket(tmp_path: Path):
    """Custody stays; the city's bureau has a co-handler's limit and the ticket in its tray; its answer is read in the county."""
    city, county = a_city_and_a_county(tmp_path)
    ticket = handled(county)
    county.act("department", QUESTION, ticket, "housing")
    assert [] == opinion_clocks(county, ticket)
    carried(county, city)

    (limit,) = opinion_clocks(city, ticket)
    assert (CITY, PLANNING, beijing("2026-02-25 00:00"), [ticket]) == (limit.node, limit.owes, limit.due_at, in_tray(city, PLANNING))
    assert (COUNTY, State.HANDLING, 1) == (the(city, ticket).custody.holder, the(county, ticket).state, len(opinion_clocks(county, ticket)))
    city.act("department", FileOpinion(Text("已列入，可先行供地")), ticket, "planning")
    carried(county, city)

    answer = next(entry for entry in page_of(county, ticket).timeline if entry.kind == "OpinionFiled")
    assert (CITY, PLANNING, "已列入，可先行供地") == (answer.node, answer.facts["unit"], answer.texts["opinion"])
    assert [False, False] == [clock.is_running for node in (city, county) for clock in opinion_clocks(node, ticket)]
    assert (1, [], ()) == (the(county, ticket).custody.number, in_tray(city, PLANNING), the(county, ticket).open_asks("OpinionAsked"))


@pytest.mark.parametrize("ends", ["withdrawn", "completed"])
def test_a_question_that_is_withdrawn_ends_the_limit_where_it_runs(tmp_path: Path, ends: str):
    """By the lead's word, or because the ticket was completed without it."""
    city, county = a_city_and_a_county(tmp_path)
    ticket = handled(county)
    county.act("department", QUESTION, ticket, "housing")
    carried(county, city)
    command = WithdrawOpinionRequest(PLANNING) if ends == "withdrawn" else a_completion(county)

    county.act("department", command, ticket, "housing")
    carried(county, city)

    assert ([False], []) == ([clock.is_running for clock in opinion_clocks(city, ticket)], in_tray(city, PLANNING))
    assert "OpinionRequestReleased" in [entry.kind for entry in page_of(county, ticket).timeline]


def test_a_unit_that_the_other_node_does_not_have_answers_nothing(tmp_path: Path):
    """The node that was asked says so; the lead may ask anew, and nothing hangs."""
    city, county = a_city_and_a_county(tmp_path)
    ticket = handled(county)
    nobody = f"{CITY}-nobody"
    county.act("department", AskOpinion(nobody, Text("?")), ticket, "housing")
    carried(county, city)

    assert "AskRefused" in [entry.kind for entry in page_of(county, ticket).timeline]
    with refuses(Code.NOTHING_PENDING):
        county.act("department", WithdrawOpinionRequest(nobody), ticket, "housing")
    county.act("department", a_completion(county), ticket, "housing")

    assert State.COMPLETED is the(county, ticket).state


@pytest.mark.parametrize("unit", ["999999-planning", CITY, f"{CITY}-", "planning"])
def test_a_unit_of_nowhere_is_not_asked(tmp_path: Path, unit: str):
    """The code begins with a node that this one knows, and names a unit of it."""
    county = a_county(tmp_path)
    ticket = handled(county)
    with refuses(Code.UNIT_UNKNOWN, unit=unit):
        county.act("department", AskOpinion(unit, Text("?")), ticket, "housing")
