"""Whoever owes a limit that runs on a ticket finds what answers it among the first steps, whatever state the ticket is in."""

import re

import pytest

from node.domain.payload import Text
from node.domain.ticket.coordination import FilePosition, RecordCoordination
from node.domain.ticket.decide import DECISIONS
from node.services.narrowing import Wanted
from node.services.possible import verb_of
from node.services.queries import owed_clocks
from node.services.registry import actor_of
from node.web.next_steps import BY_CLOCK
from tests.support.node import make_node
from tests.web.busy_county import ROLES, UNITS, County, a_busy_day
from tests.web.support import at_desk

NOT_YOURS = "下一步不由您办理"
DESKS = [("centre", "office"), *((unit, role) for unit in UNITS for role in ROLES.get(unit, ("department",)))]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    return a_busy_day(make_node(tmp_path_factory.mktemp("county")))


def first(county: County, account: str, role: str, ticket: str) -> set[str]:
    """The verbs that the page puts first."""
    page = at_desk(county.hands, account, role).get(f"/tickets/{ticket}").text
    _, _, part = page.partition('<ul class="next">')
    return set(re.findall(r'/do/([a-z-]+)"', part.partition("</ul>")[0]))


@pytest.mark.parametrize(("account", "role"), DESKS)
def test_nobody_who_owes_a_limit_is_told_that_it_is_anothers_turn(county: County, account: str, role: str) -> None:
    """Every clock of a busy day, at the desk of whoever owes it."""
    with county.hands.node.store.read() as view:
        actor = actor_of(view.connection, county.hands.node.code, account, role)
        wanted = Wanted(owed=(actor.role, actor.unit), viewer=actor)
        calendar = county.hands.node.policies.bare(view).calendar
        owed = {(line.row.id, line.clock.name) for line in owed_clocks(view, wanted, calendar, county.hands.now) if line.clock}
    client = at_desk(county.hands, account, role)

    assert [] == [clock for ticket, clock in sorted(owed) if NOT_YOURS in client.get(f"/tickets/{ticket}").text]


def test_the_office_settles_a_disagreement_before_anything_else(county: County) -> None:
    """It is in the hands of a unit meanwhile, whose partner's position is missing; once the coordination failed the report is first."""
    ticket = county.tickets["dispute"]
    page = at_desk(county.hands, "centre", "office").get(f"/tickets/{ticket}").text
    waits = page.partition('<p class="note">时限正在计时')[2].partition("</p>")[0]
    assert "住房和城乡建设局" in waits, "its partner's position is missing: the office is told whose"
    assert "file-position" in first(county, "housing", "department", ticket)
    county.by("housing:department", FilePosition(Text("应由自然资源部门认定。")), "dispute")
    assert "record-coordination" in first(county, "centre", "office", ticket)

    county.by("centre:office", RecordCoordination(False, Text("各方意见不一。")), "dispute")

    assert "report-coordination" in first(county, "centre", "office", ticket)


def test_a_unit_whose_opinion_was_asked_is_offered_to_give_it(county: County) -> None:
    """The ticket is another unit's."""
    assert "file-opinion" in first(county, "water", "department", county.tickets["joint"])


def test_every_act_that_is_put_first_is_one() -> None:
    """A command that is renamed would be first nowhere."""
    known = {verb_of(one) for one in DECISIONS}

    assert set() == {verb for verbs in BY_CLOCK.values() for verb in verbs} - known
