"""Read models on both databases: finding, listing, a page, a deadline receipt, the status of links."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from node.domain.entry import Actor
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.concerned import BY_PART
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.sight import OUTSIDE
from node.domain.ticket.state import OPEN
from node.domain.ticket.sweep import SETTLEMENT
from node.services import narrowing, queries
from node.services.scope import visible_to
from node.services.status import status
from node.storage import schema
from node.storage.database import micros
from tests.support.node import MONDAY, Hands, make_node
from tests.web.busy_county import a_busy_day

APPEAL = "果农灌溉用水不足"
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    """A county with one department."""
    made = make_node(tmp_path, database_url=database_url)
    made.staff("water")
    return made


def a_ticket(hands: Hands) -> str:
    """Registered by the hotline."""
    command = Register("hotline_12345", Text(APPEAL), name=Contact("王五"), phone=Contact("13912345678"), received_at=hands.now)
    return hands.act("office", command).subject.id


def a_handled_ticket(hands: Hands) -> str:
    """In the department's hands."""
    ticket = a_ticket(hands)
    hands.act("office", Form("coordination", passed=PASSED), ticket)
    hands.act("office", Dispatch("520402-water"), ticket)
    hands.act("department", Sign(), ticket, "water")
    return ticket


class TestFind:
    """A ticket is found by whatever a person says."""

    def test_two_years_may_share_a_spoken_number(self, hands: Hands):
        """Then nobody guesses: the candidates are named."""
        ticket = a_ticket(hands)
        with hands.node.store.database.write() as connection:
            row = dict(connection.execute(select(schema.tickets)).one()._mapping)
            connection.execute(insert(schema.tickets), [row | {"id": f"5204022025{ticket[10:]}"}])

        with hands.node.store.read() as view, pytest.raises(Refusal) as refused:
            queries.find_ticket(view, "0126-1-0")

        assert (Code.VALUE_NOT_OFFERED, f"5204022025{ticket[10:]}, {ticket}") == (refused.value.code, refused.value.facts["offered"])

    @pytest.mark.parametrize("said", ["52040220260126000010", "5204 0220260126 000010", "0126-1-0"])
    def test_a_number_is_found_whole_or_as_it_is_spoken(self, hands: Hands, said: str):
        """The whole one is looked up, the spoken one compared; an other one is not found."""
        ticket = a_ticket(hands)

        with hands.node.store.read() as view:
            assert ticket == queries.find_ticket(view, said)
            with pytest.raises(Refusal):
                queries.find_ticket(view, "52040220260126000028")

    def test_the_own_one_goes_before_a_neighbour_s(self, hands: Hands):
        """What another node registered on the same day under the same serial is found by its whole number."""
        ticket = a_ticket(hands)
        other = f"520424{ticket[6:]}"
        with hands.node.store.database.write() as connection:
            row = dict(connection.execute(select(schema.tickets)).one()._mapping)
            connection.execute(insert(schema.tickets), [row | {"id": other, "origin": "520424"}])

        with hands.node.store.read() as view:
            assert ticket == queries.find_ticket(view, "0126-1-0")


class TestList:
    """Lists come from the thin rows."""

    def test_the_next_due_clock_stands_beside_each_ticket(self, hands: Hands):
        """The one that is due first, and what is due first is first."""
        handled, fresh = a_handled_ticket(hands), a_ticket(hands)

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            lines = queries.list_tickets(view, queries.Wanted(), calendar, hands.now)

        assert [(fresh, "form", 1), (handled, "resolve", 10)] == [
            (line.row.id, line.clock.name, line.clock.left) for line in lines if line.clock
        ]

    def test_a_superior_sees_the_holder_s_clock_and_not_one_that_was_left(self, hands: Hands):
        """Whose clock it is stands beside it; what ran at a former holder says nothing any more."""
        ticket = a_handled_ticket(hands)
        with hands.node.store.database.write() as connection:
            own = connection.execute(select(schema.clocks).where(schema.clocks.c.name == "resolve")).one()._mapping
            connection.execute(update(schema.tickets).values(holder="520424"))
            connection.execute(update(schema.clocks).where(schema.clocks.c.name == "resolve").values(node="520424"))
            connection.execute(insert(schema.clocks), [dict(own) | {"node": "520499", "due_at": own["due_at"] - 1}])

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            (line,) = queries.list_tickets(view, queries.Wanted(), calendar, hands.now)
            overdue = queries.list_tickets(view, queries.Wanted(due="overdue"), calendar, hands.now + timedelta(days=60))

        assert line.clock is not None
        assert (ticket, "resolve", "520424", 10) == (line.row.id, line.clock.name, line.clock.node, line.clock.left)
        assert [ticket] == [one.row.id for one in overdue]

    def test_whose_turn_it_is_counts_what_is_held_or_asked_here_only(self, hands: Hands):
        """A subordinate's office is not ours; what was put to us is the office's."""
        a_ticket(hands)

        def mine(**row: str) -> int:
            if row:
                with hands.node.store.database.write() as connection:
                    connection.execute(update(schema.tickets).values(row))
                    # Its limits are the holder's.
                    connection.execute(update(schema.clocks).values(node="520424"))
            with hands.node.store.read() as view:
                calendar = hands.node.policies.bare(view).calendar
                return len(queries.list_tickets(view, queries.Wanted(mine=("office", "")), calendar, hands.now))

        assert (1, 0, 1) == (mine(), mine(holder="520424"), mine(with_whom="superior", state="escalated", asked="520402"))

    def test_the_pool_of_an_office_below_is_not_to_be_sorted_here(self, hands: Hands):
        """What a subordinate holds, with its own limit to form it, is that office's pool."""
        ticket = a_ticket(hands)

        def pool() -> list[str]:
            with hands.node.store.read() as view:
                calendar = hands.node.policies.bare(view).calendar
                return [one.row.id for one in queries.list_tickets(view, queries.Wanted(unsorted=True), calendar, hands.now)]

        assert [ticket] == pool()
        with hands.node.store.database.write() as connection:
            connection.execute(update(schema.tickets).values(holder="520424"))
            connection.execute(update(schema.clocks).values(node="520424"))
        assert [] == pool()

    def test_a_list_is_cut_at_its_bound(self, hands: Hands):
        """``rows_max``."""
        for _ in range(3):
            a_ticket(hands)

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            assert 2 == len(queries.list_tickets(view, queries.Wanted(rows_max=2), calendar, hands.now))

    @pytest.mark.parametrize("few_max", [0, 1_000], ids=["walked", "gathered"])
    def test_whoever_sees_a_part_gets_that_part_of_the_list_page_by_page(
        self, tmp_path: Path, database_url: str, few_max: int, monkeypatch: pytest.MonkeyPatch
    ):
        """However it is found: in the order of the list as the node has it, what a row alone says that he sees."""
        monkeypatch.setattr(narrowing, "few_max", few_max)
        county = a_busy_day(make_node(tmp_path, database_url=database_url))
        table = schema.tickets
        with county.hands.node.store.read() as view:
            calendar = county.hands.node.policies.bare(view).calendar
            units = ["", *view.connection.execute(select(schema.units.c.code)).scalars()]
            states = sorted(state.value for state in OPEN)
            for wanted in (queries.Wanted(), queries.Wanted(tuple(states)), queries.Wanted(("handling", "closed"), since=MONDAY.date())):
                whole = [one.row.id for one in queries.list_tickets(view, wanted, calendar, county.hands.now)]
                assert len(whole) > 1
                for role, unit in product(sorted(BY_PART | OUTSIDE), units):
                    viewer = Actor("somebody", role, unit)
                    seen = set(view.connection.execute(select(table.c.id).where(visible_to(viewer))).scalars())
                    pages = [
                        [one.row.id for one in queries.list_tickets(view, page, calendar, county.hands.now)]
                        for page in (replace(wanted, viewer=viewer, rows_max=3, rows_skipped=skipped) for skipped in (0, 3, 6))
                    ]
                    theirs = [one for one in whole if one in seen]
                    assert (role, unit, [theirs[:3], theirs[3:6], theirs[6:9]]) == (role, unit, pages)
                    page, behind = replace(wanted, viewer=viewer, rows_max=3), list[str]()
                    while lines := queries.list_tickets(view, page, calendar, county.hands.now):
                        behind += [one.row.id for one in lines]
                        page = replace(page, after=lines[-1].place)
                    assert (role, unit, theirs) == (role, unit, behind)

    @pytest.mark.parametrize("owed", [None, ("department", "520402-water")], ids=["anybody's", "the unit's"])
    def test_what_is_overdue_is_found_behind_an_older_limit_that_never_is(self, hands: Hands, owed: tuple[str, str] | None):
        """POLICY_PACKS 2 no. 52: the limit for settling is never overdue; the list goes along it first all the same."""
        late, waiting, settling, settled = (a_handled_ticket(hands) for _ in range(4))
        clocks, hour = schema.clocks, 3_600_000_000
        now = micros(hands.now)
        with hands.node.store.database.write() as connection:
            connection.execute(update(clocks).values(owes="520402-water", due_at=now + 5 * hour))
            connection.execute(update(clocks).where(clocks.c.ticket == late).values(due_at=now - hour))
            connection.execute(update(clocks).where(clocks.c.ticket.in_((settling, settled))).values(due_at=None, stopped_at=now))
            connection.execute(update(clocks).where(clocks.c.ticket == settled).values(owes=""))
            row = dict(connection.execute(select(clocks).where(clocks.c.ticket == late).limit(1)).one()._mapping)
            older = row | {"name": SETTLEMENT, "due_at": now - 9 * hour, "stopped_at": None}
            connection.execute(insert(clocks), [older | {"ticket": one} for one in (late, waiting, settling)])

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            wanted = queries.Wanted(due="overdue", owed=owed)
            found = [
                [one.row.id for one in queries.list_tickets(view, replace(wanted, rows_skipped=skipped), calendar, hands.now)]
                for skipped in (0, 1)
            ]
            whole = queries.list_tickets(view, queries.Wanted(tuple(state.value for state in OPEN)), calendar, hands.now)
            theirs = queries.list_tickets(view, queries.Wanted(owed=("department", "520402-water")), calendar, hands.now)

        assert [[late], []] == found
        assert [{late, waiting, settling}, settled] == [{one.row.id for one in whole[:3]}, whole[3].row.id]
        assert {late, waiting} == {one.row.id for one in theirs}

    def test_another_due_than_today_or_overdue_is_refused(self, hands: Hands):
        """With what is offered."""
        with hands.node.store.read() as view, pytest.raises(Refusal) as refused:
            queries.list_tickets(view, queries.Wanted(due="soon"), hands.node.policies.bare(view).calendar, hands.now)

        assert (Code.VALUE_NOT_OFFERED, "today, overdue") == (refused.value.code, refused.value.facts["offered"])


class TestStatus:
    """Links with their lag."""

    def test_what_the_superior_has_not_taken_is_waiting(self, hands: Hands):
        """Own entries behind the acknowledged one; a peer that was not heard for three heartbeats is silent."""
        a_ticket(hands)
        with hands.node.store.database.write() as connection:
            taken = connection.execute(select(schema.heads.c.taken)).scalar_one()
            heard = micros(MONDAY - timedelta(seconds=91))
            superior = {"peer": "520400", "side": "superior", "name": "安顺市", "status": "active", "acked": taken - 3, "heard_at": heard}
            below = {"peer": "520402-kfq", "side": "subordinate", "status": "active", "down_size": 5, "down_acked": 1, "waiting": 7}
            connection.execute(insert(schema.links), [superior])
            connection.execute(insert(schema.links), [below])

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            found = status(view, calendar, hands.now, MONDAY, heartbeat_seconds=30)

        assert [("520400", 3, 0, True), ("520402-kfq", 7, 4, True)] == [(one.peer, one.up, one.down, one.is_silent) for one in found.links]

    def test_the_subtree_is_shown_by_its_own_clocks(self, hands: Hands):
        """A county below and a park below that: what each holds, heard over which link; one that was suspended here says so."""
        a_handled_ticket(hands)
        with hands.node.store.database.write() as connection:
            connection.execute(update(schema.tickets).values(holder="520402-kfq"))
            connection.execute(update(schema.clocks).values(node="520402-kfq"))
            rows = [("520402-kfq", "520402", "开发区", "suspended"), ("520402-a", "520402-kfq", "甲园", "active")]
            keys = ("code", "superior", "name", "status")
            connection.execute(insert(schema.nodes), [dict(zip(keys, row, strict=True)) for row in rows])
            link = {"peer": "520402-kfq", "side": "subordinate", "status": "active", "waiting": 7, "heard_at": micros(MONDAY)}
            connection.execute(insert(schema.links), [link])

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            now = status(view, calendar, hands.now, MONDAY, heartbeat_seconds=30)
            late = status(view, calendar, hands.now + timedelta(days=60), MONDAY, heartbeat_seconds=30)

        assert [("520402-kfq", "suspended", "520402-kfq", 7, 1, 0), ("520402-a", "active", "520402-kfq", 7, 0, 0)] == [
            (one.node, one.status, one.via, one.waiting, one.open, one.overdue) for one in now.below
        ]
        assert [1, 0] == [one.overdue for one in late.below]
        assert ["suspended"] == [one.status for one in now.links]

    def test_a_department_is_named_by_its_unit(self, hands: Hands):
        """ "department" is nobody: the lead is."""
        a_handled_ticket(hands)
        hands.later(days=30)

        with hands.node.store.read() as view:
            calendar = hands.node.policies.bare(view).calendar
            found = status(view, calendar, hands.now, MONDAY, heartbeat_seconds=30)

        assert [("520402-water", 0, 1)] == [(one.unit, one.today, one.overdue) for one in found.due]
