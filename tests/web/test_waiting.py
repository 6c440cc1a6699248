"""「等我办理」: what somebody finds there is all that waits for him, and the count on Today is its length."""

import re

import pytest

from node.domain.payload import Text
from node.domain.ticket.acceptance import NotAccept
from node.services import queries
from node.services.registry import actor_of
from node.services.today import wanted_of
from tests.support.node import make_node
from tests.web.busy_county import County, a_busy_day
from tests.web.support import at_desk

DESKS = (("centre", "office"), ("hall", "window_clerk"), ("housing", "department"), ("water", "department"))


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    made = a_busy_day(make_node(tmp_path_factory.mktemp("county")))
    made.by("centre:office", NotAccept("market_dispute", note=Text("属平等主体之间的合同纠纷。")), "pool-0")
    return made


@pytest.mark.parametrize(("account", "role"), DESKS)
def test_all_that_somebody_owes_waits_for_him(county: County, account: str, role: str) -> None:
    """Whatever its state: no limit runs against him for what the list leaves out."""
    with county.hands.node.store.read() as view:
        actor = actor_of(view.connection, county.hands.node.code, account, role)
        calendar = county.hands.node.policies.bare(view).calendar
        owed = queries.owed_clocks(view, queries.Wanted(owed=(role, actor.unit), viewer=actor), calendar, county.hands.now)
        waiting = queries.list_tickets(view, wanted_of({"whose": "me"}, actor), calendar, county.hands.now)

    assert owed
    assert set() == {line.row.id for line in owed} - {line.row.id for line in waiting}


@pytest.mark.parametrize(
    ("account", "role", "names"),
    [
        ("centre", "office", ("revisit-0", "extension", "termination", "dispute", "pool-1")),
        ("hall", "window_clerk", ("pool-0",)),
    ],
)
def test_the_list_has_it_and_the_count_says_so(county: County, account: str, role: str, names: tuple[str, ...]) -> None:
    """What is done and must be revisited, what must be approved, who must be talked to after a refusal."""
    client = at_desk(county.hands, account, role)
    found = set(re.findall(r'class="number" href="/tickets/(\d{20})"', client.get("/tickets?whose=me").text))

    assert {county.tickets[name] for name in names} <= found
    assert f'<a href="/tickets?whose=me"><span class="count">{len(found)}</span>' in client.get("/").text
