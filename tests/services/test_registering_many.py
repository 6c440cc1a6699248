"""Registering a need where thousands were registered before, or many at the same moment: the next number, and at what cost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, update

from node.domain import register_number
from node.domain.command import Order
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.intake import Register
from node.domain.time import local_day
from node.services import requests
from node.services.handle import next_serial
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork
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


class TestTogether:
    """Orders of one group, each with its idempotency key (``requests``): what is asked of each is read for all."""

    def test_they_lead_to_what_they_lead_to_one_by_one(self, tmp_path: Path) -> None:
        """A first time, a repeat in the same group and of an earlier one, and a key that says something else the second time."""
        told = []
        for name, is_together in (("together", True), ("alone", False)):
            county = a_county(tmp_path / name)
            before = an_order(county, "b1")
            carry_out(county, [before], is_together=False)
            first, other = an_order(county, "c1"), an_order(county, "c2")
            told.append(carry_out(county, [before, first, first, an_order(county, "c1", "别的"), other, other], is_together=is_together))

        assert told[0] == told[1]
        assert [(1, True), (2, False), (2, True), Code.SAME_ID_OTHER_CONTENT, (3, False), (3, True)] == told[0]

    def test_more_of_them_take_no_more_statements(self, county: Hands) -> None:
        """What is asked of each is asked for all, and what they write is written for all."""
        registered(county)
        asked = []
        for size in (3, 13):
            said: list[str] = []
            engine = county.node.store.database.writer
            event.listen(engine, "before_cursor_execute", lambda _c, _cursor, sql, *_, said=said: said.append(sql))
            carry_out(county, [an_order(county, f"{size}{at}") for at in range(size)], is_together=True)
            asked.append(len(said))

        assert asked[0] == asked[1]

    def test_what_is_here_already_is_looked_for_as_ever(self, county: Hands) -> None:
        """A number of which an entry was taken before does not count as begun: its keys and its row are found."""
        subject = Subject("ticket", registered(county, appeal=Text("水渠堵塞")))
        with county.node.store.write() as work:
            work.journal.begin(subject, subject.id)
            first = work.journal.of_subject(subject)[0]

            assert not work.journal.begins_with(first)
            assert work.payloads.query_code(subject) is not None


def an_order(hands: Hands, key: str, appeal: str = "水渠堵塞") -> Order:
    command = Register(channel="window", appeal=Text(appeal), name=Contact("王女士"), phone=Contact("13885300001"), judgement="foreign")
    return hands.order("office", command, id=f"00000000-0000-7000-8000-{key:0>12}")


def carry_out(hands: Hands, orders: list[Order], *, is_together: bool) -> list[tuple[int, bool] | Code]:
    """What each led to: the serial of its ticket and whether it is a repeat, or why it was refused."""

    def one(order: Order, work: UnitOfWork) -> tuple[int, bool] | Code:
        assert isinstance(order.command, Register) and order.command.appeal is not None
        try:
            outcome = requests.once(hands.node, order, order.command.appeal.plain.encode())(work)
        except Refusal as refusal:
            return refusal.code
        return register_number.parts(outcome.subject.id).serial, outcome.is_repeat

    told = []
    if is_together:
        with hands.node.store.write() as work:
            requests.bring(work, [order.id for order in orders])
            return [one(order, work) for order in orders]
    for order in orders:
        with hands.node.store.write() as work:
            told.append(one(order, work))
    return told
