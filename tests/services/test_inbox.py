"""What somebody was told and has not read, as far as it still holds: "it is your turn" holds until it is somebody else's."""

from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.ticket.objection import CoordinateObjection, ReportToGovernment
from node.notify.notice import audiences_of
from node.services import inbox
from node.services.registry import actor_of
from tests.support.node import make_node
from tests.web.busy_county import County, a_busy_day


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    return a_busy_day(make_node(tmp_path_factory.mktemp("county")))


def turns(county: County, account: str, role: str, name: str) -> int:
    """How often the account reads that the ticket waits for it."""
    with county.hands.node.store.read() as view:
        actor = actor_of(view.connection, county.hands.node.code, account, role)
        told = inbox.unread(view, audiences_of(actor), unit=actor.unit)
    return sum((row.template, row.subject_id) == (inbox.TURN, county.tickets[name]) for row in told)


def test_it_goes_with_the_ticket_to_another_unit_in_the_same_state(county: County) -> None:
    """An objection was upheld: it is dispatched as before, and no longer to the unit that objected."""
    assert (0, 1) == (turns(county, "water", "department", "ruled"), turns(county, "power", "department", "ruled"))


def test_what_lies_with_the_government_does_not_wait_for_the_office(county: County, tmp_path: Path) -> None:
    """The objection is the same, and still undecided."""
    assert 1 == turns(county, "centre", "office", "objection")
    units = (county.unit("water"), county.unit("power"))
    county.by("centre:office", CoordinateObjection(units, True, Text("未达成一致。")), "objection")
    county.by("centre:office", ReportToGovernment(Text("请明确由谁承办。")), "objection")

    assert (0, 1) == (turns(county, "centre", "office", "objection"), turns(county, "government", "government", "objection"))
