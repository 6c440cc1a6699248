"""Leader-led matters over HTTP: what their board has, for the same eyes, page by page."""

from pathlib import Path
from typing import Any

from sqlalchemy import update

from node.domain.leader.appointing import RelieveLeader
from node.domain.payload import Text
from node.domain.registry import OpenAccount
from node.domain.ticket.forming import Form
from node.domain.ticket.leading import AssignLeader
from node.services import leaders
from node.storage import schema
from node.web.api.leading import QUERIES
from tests.clauses.given import COUNTY, a_county, beijing, handled, registered
from tests.clauses.sitting import a_leader
from tests.support.node import Hands, make_node
from tests.web.api import Caller
from tests.web.support import at_desk
from tests.web.test_api_boards import walked
from tests.web.test_api_queries import _validate


def a_key_matter(county: Hands, title: str, **more: Any) -> str:
    """Formed as a key matter under the mechanism of 2023."""
    ticket = registered(county, "other", channel_note=Text("县领导信箱"), title=Text(title), **more)
    county.act("office", Form("key", "key_difficult", grounds=("hard_to_solve",)), ticket)
    return ticket


class TestLeading:
    """领导包案: what leaders have in charge and what wants one, as the board has it (FJ23-2.4b to e)."""

    def test_what_is_led_comes_page_by_page_with_what_its_leader_owes(self, tmp_path: Path, database_url: str):
        """What is due first first, what stands behind; nothing twice, and each page counts all; on both databases."""
        county = make_node(tmp_path, pack="fengjie-2023", now=beijing("2026-01-10 09:00"), database_url=database_url)
        for account in ("zhao", "qian"):
            a_leader(county, account, "leader_in_charge")
        keys = [a_key_matter(county, f"道路积水{place}") for place in range(5)]
        for place, ticket in enumerate(keys[:4]):
            county.later(days=place % 2).act("office", AssignLeader(("zhao", "qian")[place % 2]), ticket)
        clocks = schema.clocks
        with county.node.store.write() as work:
            work.connection.execute(update(clocks).where(clocks.c.ticket == keys[0]).values(due_at=None))
        office, page = Caller(county, "centre", "office"), at_desk(county, "centre").get("/boards/leading").text
        whole, first = office.get("/leading").json(), office.get("/leading", limit=1).json()

        assert whole["tickets"] == walked(office, "/leading")
        assert [keys[1], keys[2], keys[3], keys[0]] == [one["id"] for one in whole["tickets"]]
        assert (4, 4, None) == (first["count"], whole["count"], whole["next"])
        assert ["道路积水1", "qian"] == [whole["tickets"][0][name] for name in ("title", "leader")]
        assert {"monthly_check", "onsite_session", "quarterly_analysis"} == {one["name"] for one in whole["tickets"][0]["turns"]}
        assert {"zhao": 2, "qian": 2} == {one["account"]: one["in_charge"] for one in whole["leaders"]}
        assert [keys[4]] == [one["id"] for one in office.get("/leading/unassigned").json()["tickets"]]
        assert all(f"/tickets/{ticket}" in page for ticket in keys)
        for query in QUERIES:
            _validate(office.get(query.path).json(), query.answers)

    def test_what_wants_a_leader_comes_page_by_page(self, tmp_path: Path, database_url: str):
        """The oldest first, as on the board."""
        county = make_node(tmp_path, pack="fengjie-2023", now=beijing("2026-01-10 09:00"), database_url=database_url)
        keys = [a_key_matter(county.later(minutes=place), "道路积水") for place in range(3)]
        office = Caller(county, "centre", "office")

        assert (keys, 3) == (
            [one["id"] for one in walked(office, "/leading/unassigned")],
            office.get("/leading/unassigned", limit=1).json()["count"],
        )

    def test_a_matter_that_names_no_leader_of_the_register_is_listed(self, tmp_path: Path):
        """XS25-4.1.4: until its leader is set right."""
        county = a_county(tmp_path, pack="xiangshan-2025")
        a_leader(county, "zhao", "line_leader")
        tickets = [registered(county, "leader_assignment", assigned_by=said) for said in ("zhaoo", "zhao", "zha")]
        office = Caller(county, "centre", "office")

        assert [tickets[0], tickets[2]] == [one["id"] for one in walked(office, "/leading/unnamed")]
        assert f"/tickets/{tickets[0]}" in at_desk(county, "centre").get("/boards/leading").text

    def test_what_was_not_done_is_told_page_by_page(self, tmp_path: Path):
        """FJ23-2.4c: the months that passed without a check, the oldest first."""
        county = a_county(tmp_path, pack="fengjie-2023")
        a_leader(county, "zhao", "leader_in_charge")
        ticket = a_key_matter(county, "道路积水")
        county.act("office", AssignLeader("zhao"), ticket)
        county.at(beijing("2026-05-02 09:00")).node.sweep.run(county.now)
        office = Caller(county, "centre", "office")
        with county.node.store.read() as view:
            flagged = [(one.ticket, one.leader, one.flag, one.period_ended_on) for one in leaders.flags(view)]
        found = walked(office, "/leading/missed", "missed")

        assert flagged == [tuple(one[name] for name in ("ticket", "leader", "flag", "period_ended_on")) for one in found]
        assert ("zhao", "missing_monthly_check") in {(one["leader"], one["flag"]) for one in found} and 3 <= len(found)
        assert len(found) == office.get("/leading/missed", limit=1).json()["count"]

    def test_what_is_hidden_from_a_unit_is_on_no_list_of_it(self, tmp_path: Path):
        """Neither in lines nor in counts, whatever is said of the matter; the board says no more."""
        county = a_county(tmp_path, pack="fengjie-2023")
        a_leader(county, "zhao", "leader_in_charge")
        led, wanting = ([a_key_matter(county, "道路积水", conceal_from=hiding) for hiding in ("", f"{COUNTY}-water")] for _ in range(2))
        for ticket in led:
            county.act("office", AssignLeader("zhao"), ticket)
        county.at(beijing("2026-03-02 09:00")).node.sweep.run(county.now)
        county.act("office", OpenAccount("head-of-water", ("director",), f"{COUNTY}-water"), COUNTY)
        head, page = Caller(county, "head-of-water"), at_desk(county, "head-of-water").get("/boards/leading").text
        asked = ("/leading", "/leading/unassigned", "/leading/missed")
        told = {path: head.get(path) for path in asked}

        assert {"/leading": 1, "/leading/unassigned": 1} == {path: told[path].json()["count"] for path in asked[:2]}
        assert {ticket: False for ticket in (led[1], wanting[1])} == {
            ticket: any(ticket in text for text in (page, *(one.text for one in told.values()))) for ticket in (led[1], wanting[1])
        }
        assert led[0] in told["/leading"].text and led[0] in told["/leading/missed"].text and wanting[0] in page
        assert 2 == Caller(county, "centre", "office").get("/leading").json()["count"]

    def test_what_a_former_leader_has_in_charge_stays_on_the_board(self, tmp_path: Path):
        """Also where the pack asks for no regular acts: somebody has to give it to another leader."""
        county = a_county(tmp_path)
        leader = a_leader(county, "zhao", "member")
        ticket = handled(county)
        county.act("office", AssignLeader("zhao"), ticket)
        county.act("office", RelieveLeader("member"), leader)
        found = Caller(county, "centre", "office").get("/leading").json()

        assert ([(ticket, [])], 1) == ([(one["id"], one["turns"]) for one in found["tickets"]], found["count"])
        assert f'/tickets/{ticket}"' in at_desk(county, "centre").get("/boards/leading").text
