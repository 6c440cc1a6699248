"""Registering a need where thousands were registered before: the next number, and at what cost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from node.domain import register_number
from node.domain.time import local_day
from node.services.handle import next_serial
from node.storage import schema
from tests.clauses.given import a_county, registered
from tests.support.node import Hands

few, many = 15, 150
# So many instructions of SQLite are one step.
step = 10


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    return a_county(tmp_path)


def steps_of(hands: Hands, act: Callable[[], object]) -> int:
    """How much SQLite's writer does in *act*."""
    steps: list[None] = []
    with hands.node.store.database.writer.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(lambda: steps.append(None), step)
    act()
    driver.set_progress_handler(None, step)
    return len(steps)


def test_it_costs_the_same_however_many_were_registered(county: Hands) -> None:
    """No statement reads what the node, the day or the month has; the trees of the tables grow by a level at most."""
    for _ in range(few):
        registered(county)
    after_few = steps_of(county, lambda: registered(county))
    for _ in range(many):
        registered(county)
    after_many = steps_of(county, lambda: registered(county))

    assert 1.2 * after_few > after_many > 0


def test_a_number_in_its_range_that_another_node_gave_does_not_count(county: Hands) -> None:
    """A node counts on behind its own last number, also behind what waits in the same transaction."""
    own, others = registered(county), registered(county)
    with county.node.store.write() as work:
        tickets = schema.tickets
        work.connection.execute(update(tickets).where(tickets.c.id == others).values(origin="520402-kfq"))
        serial = next_serial(work, county.node.code, county.now)

    assert register_number.parts(own).serial + 1 == serial


def test_a_node_with_a_suffix_counts_in_its_own_block(county: Hands) -> None:
    """Its numbers begin where those of the node without one cannot be, and each looks at its own alone."""
    registered(county)
    with county.node.store.write() as work:
        first = next_serial(work, "520402-kfq", county.now)
        made = register_number.make("520402-kfq", local_day(county.now), first)
        tickets = schema.tickets
        work.connection.execute(update(tickets).values(id=made, origin="520402-kfq"))
        found = next_serial(work, "520402-kfq", county.now), next_serial(work, county.node.code, county.now)

    assert (90_000, (90_001, 1)) == (first, found)
