"""Accounts of two nodes may bear one name: whoever sits at the city has no part in what his namesake has at the county."""

from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain import registry as g
from node.domain.entry import Actor
from node.domain.leader.appointing import AppointLeader, EnterLeader
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.leading import AssignLeader, NameSubmitter
from node.domain.ticket.sight import may_read
from node.domain.ticket.tracking import NameTracker
from node.services import leaders
from node.services.rebuild import check
from node.services.scope import in_sight, listed_for
from node.services.ticket_view import folded
from node.storage import schema
from tests.clauses.given import a_county, registered
from tests.clauses.sitting import a_leader, matters_of
from tests.clauses.test_leaders import a_key_matter
from tests.support.levels import carry_up, join
from tests.support.node import Hands, make_node

CITY = "520400"


def seen_by(place: Hands, viewer: Actor, ticket: str) -> set[bool]:
    """Whether *viewer* sees a ticket, by each of the ways in which that is asked."""
    with place.node.store.read() as view:
        whole = folded(view, ticket)
        listed = view.connection.execute(select(schema.tickets.c.id).where(listed_for(viewer))).scalars().all()
        return {may_read(whole, viewer, place.node.code), ticket in in_sight(view, viewer, [ticket]), ticket in listed}


@pytest.fixture
def city(tmp_path: Path) -> Hands:
    """It works by the county's rules."""
    return make_node(tmp_path / "city", CITY, "fengjie-2023")


def beside(tmp_path: Path, city: Hands, pack: str) -> Hands:
    """A county below the city."""
    county = a_county(tmp_path, pack=pack)
    join(city, county)
    return county


def test_a_tracker_sees_and_follows_what_his_own_node_gave_him(tmp_path: Path, city: Hands) -> None:
    county = beside(tmp_path, city, "fengjie-2025")
    for place in (county, city):
        place.act("office", g.OpenAccount("wang", ("tracker",), f"{place.node.code}-centre"), place.node.code)
    ticket = registered(county, "website", category="infrastructure")
    county.act("office", Form("infrastructure", "cross_department"), ticket)
    county.act("office", NameTracker("wang"), ticket)
    carry_up(county, city)

    # Of no unit: what the centre registers concerns the centre.
    wang = Actor("wang", Role.TRACKER.value)

    assert ({True}, {False}) == (seen_by(county, wang, ticket), seen_by(city, wang, ticket))
    assert all(check(place.node.store).agrees for place in (county, city))


def test_a_leader_has_in_charge_what_his_own_node_gave_him(tmp_path: Path, city: Hands) -> None:
    county = beside(tmp_path, city, "fengjie-2023")
    a_leader(county, "zhao", "leader_in_charge")
    city.act("office", g.OpenAccount("zhao", ("leader",), f"{CITY}-centre"), CITY)
    city.act("office", AppointLeader("leader_in_charge"), city.act("office", EnterLeader("zhao")).subject.id)
    led, submitted = a_key_matter(county), a_key_matter(county)
    county.act("office", AssignLeader("zhao"), led)
    county.act("office", NameSubmitter("zhao"), submitted)
    carry_up(county, city)

    assert {led, submitted} == set(matters_of(county, "zhao"))
    assert {} == matters_of(city, "zhao")
    for place, load in ((county, 1), (city, 0)):
        with place.node.store.read() as view:
            assert {"zhao": load} == leaders.load(view)
            assert (led if load else "") == next(iter(leaders_of(view)), "")
    assert all(check(place.node.store).agrees for place in (county, city))


def leaders_of(view: object) -> list[str]:
    """What leaders of the register have in charge."""
    return list(view.connection.execute(leaders.in_charge_of_any(view)).scalars())  # type: ignore[attr-defined, arg-type]


def test_who_files_from_outside_sees_what_he_filed_at_this_very_node(tmp_path: Path, city: Hands) -> None:
    county = beside(tmp_path, city, "fengjie-2025")
    who = {"name": Contact("王某"), "phone": Contact("13800001234")}
    filing = Register(channel="website", category="infrastructure", appeal=Text("水渠堵塞"), **who)
    ticket = county.act("enterprise", filing, account="e-1").subject.id
    carry_up(county, city)

    viewer = Actor("e-1", Role.ENTERPRISE.value)

    assert ({True}, {False}) == (seen_by(county, viewer, ticket), seen_by(city, viewer, ticket))
    assert all(check(place.node.store).agrees for place in (county, city))
