"""What a level counts, and what stands on its leader's page (USERS B16), on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import or_, update

from node.domain.payload import Contact, Text
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment
from node.services.figures import counts, leader_page, leader_tickets_max, level
from node.storage import schema
from tests.support.node import Hands, make_node

PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")
OPINIONS = "住建局、水务局均认为不属本单位职责"


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    """A county with two departments."""
    made = make_node(tmp_path, database_url=database_url)
    made.staff("water", "housing")
    return made


def a_dispatched_ticket(hands: Hands, title: str = "灌溉用水不足") -> str:
    """At the water bureau."""
    command = Register(
        "hotline_12345", Text("果农灌溉用水不足，请协调"), title=Text(title), name=Contact("王五"), phone=Contact("13912345678"),
        received_at=hands.now,
    )  # fmt: skip
    ticket = hands.act("office", command).subject.id
    hands.act("office", Form("coordination", passed=PASSED), ticket)
    hands.act("office", Dispatch("520402-water"), ticket)
    return ticket


def a_disputed_ticket(hands: Hands, title: str) -> str:
    """No department will have it: the government is to name one (AS25-3.1.2)."""
    ticket = a_dispatched_ticket(hands, title)
    hands.act("department", Object(Text("不属本单位职责"), "520402-housing"), ticket, "water")
    hands.act("office", CoordinateObjection(("520402-water", "520402-housing"), True, Text("未达成一致")), ticket)
    hands.act("office", ReportToGovernment(Text(OPINIONS)), ticket)
    return ticket


class TestLevel:
    """Counts by the node where the need was registered."""

    def test_what_is_open_past_its_limit_is_overdue_by_the_holder_s_clock(self, hands: Hands):
        """A clock that somebody else left running counts for nothing."""
        ticket = a_dispatched_ticket(hands)
        hands.act("department", Sign(), ticket, "water")
        hands.later(days=60)

        with hands.node.store.read() as view:
            found = level(view, hands.now)
        with hands.node.store.database.write() as connection:
            connection.execute(update(schema.tickets).values(holder="520400"))
        with hands.node.store.read() as view:
            moved = level(view, hands.now)

        assert [("520402", "node 520402", 1, 1, 1)] == [
            (code, name, one.tickets, one.open, one.overdue) for code, name, one in found.by_origin
        ]
        assert (1, 0) == (moved.total.open, moved.total.overdue)


class TestLeaderPage:
    """One page a day."""

    def test_each_ticket_that_came_in_or_is_held_here_counts_once(self, hands: Hands):
        """Own ones, one that went to another level and one that arrived from there; departments have what is held here."""
        table = schema.tickets
        _, given, arrived = (a_dispatched_ticket(hands) for _ in range(3))
        with hands.node.store.database.write() as connection:
            connection.execute(update(table).where(table.c.id == given).values(holder="520400"))
            connection.execute(update(table).where(table.c.id == arrived).values(origin="520400"))

        with hands.node.store.read() as view:
            page = leader_page(view, hands.now)
            same = counts(view, hands.now, or_(table.c.origin == "520402", table.c.holder == "520402"))
            of_unit = counts(view, hands.now, table.c.holder == "520402", table.c.lead == "520402-water")

        assert (3, same) == (page.counts.tickets, page.counts)
        assert [("520402-water", 2)] == [(one.unit, one.open) for one in page.units] == [("520402-water", of_unit.open)]

    def test_what_waits_for_the_leader_is_a_question_in_words(self, hands: Hands):
        """What it is about, which step was put to him, since when, and what whoever put it wrote."""
        ticket = a_disputed_ticket(hands, "果园灌溉")
        a_dispatched_ticket(hands)

        with hands.node.store.read() as view:
            page = leader_page(view, hands.now)

        (one,) = page.waiting_for_leader
        assert (ticket, "果园灌溉", "ObjectionReported", OPINIONS, "government") == (
            one.ticket,
            one.about,
            one.put,
            one.question,
            one.with_whom,
        )
        assert hands.now == one.since

    def test_at_most_five_are_named_and_the_others_counted(self, hands: Hands):
        """The oldest first."""
        tickets = [a_disputed_ticket(hands, f"第{number}件") for number in range(leader_tickets_max + 1)]

        with hands.node.store.read() as view:
            page = leader_page(view, hands.now)

        assert len(tickets) == page.waiting
        assert tickets[:leader_tickets_max] == [one.ticket for one in page.waiting_for_leader]

    def test_what_a_subordinate_s_government_has_to_decide_is_not_ours(self, hands: Hands):
        """It is held elsewhere."""
        a_disputed_ticket(hands, "果园灌溉")
        with hands.node.store.database.write() as connection:
            connection.execute(update(schema.tickets).values(holder="520424"))

        with hands.node.store.read() as view:
            assert (0, ()) == ((page := leader_page(view, hands.now)).waiting, page.waiting_for_leader)
