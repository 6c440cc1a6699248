"""Whoever writes an entry speaks for itself and for what stands directly below it, and for nobody else."""

from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain import registry as g
from node.domain import reparenting as m
from node.domain.entry import Draft, Header, Subject
from node.domain.identifier import uuid7
from node.services.registry import NODE_ACTOR
from node.storage import schema
from tests.support.levels import carry_up, join
from tests.support.node import MONDAY, Hands, make_node


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Hands, Hands, Hands, Hands]:
    """Province, city, and two counties below the city."""
    clock = tmp_path / "clock.json"
    packs = {"520000": "guizhou", "520400": "anshun-2025", "520402": "xixiu-2025", "520424": "guanling-2025"}
    province, city, xixiu, guanling = (make_node(tmp_path, code, pack, clock=clock) for code, pack in packs.items())
    join(province, city)
    join(city, xixiu, guanling)
    for lower, upper in ((xixiu, city), (guanling, city), (city, province)):
        carry_up(lower, upper)
    return province, city, xixiu, guanling


def claim(hands: Hands, event: g.NodeEvent) -> None:
    """Let a node write what its own program would never let it write."""
    with hands.node.store.write() as work:
        code = hands.node.code
        header = Header("", 0, 0, uuid7(hands.now, work.payloads.random), hands.now, Subject("node", code), event.kind(), NODE_ACTOR)
        work.journal.append([Draft(header, event)])


def registry(hands: Hands) -> dict[str, tuple[str, str]]:
    """Superior and status of every node, as this one knows it."""
    with hands.node.store.read() as view:
        rows = view.connection.execute(select(schema.nodes)).all()
    return {row.code: (row.superior, row.status) for row in rows}


def set_aside(hands: Hands) -> list[str]:
    """Why entries were set aside."""
    with hands.node.store.read() as view:
        return list(view.connection.execute(select(schema.quarantine.c.reason)).scalars())


@pytest.mark.parametrize(
    "event",
    [
        g.NodeStatusSet("520424", "suspended"),
        g.NodeStatusSet("520402", "active"),
        g.NodeAdmitted("520424", "stolen", "00"),
        g.NodeAdmitted("520400", "turned round", "00"),
        g.NodeAdmitted("520000", "turned round", "00"),
        g.UnitOpened("520424-housing", "department", "another county's"),
        g.UnitClosed("520424-centre"),
        m.ReparentingOrdered("m-1", "520424", "520400", "520402", MONDAY, "stay"),
        m.ReparentingOrdered("m-1", "520424", "520402", "520400", MONDAY, "stay"),
        m.ReparentingOrdered("m-1", "520402", "520400", "520300", MONDAY, "stay"),
    ],
    ids=lambda event: f"{event.kind()} {getattr(event, 'node', '') or event.unit}",
)
def test_a_county_is_not_believed_about_others(tree: tuple[Hands, ...], event: g.NodeEvent) -> None:
    """The entry is kept, forwarded and set aside; the tree stays as those who may say so said it."""
    province, city, xixiu, _ = tree
    before = registry(city), registry(province)
    claim(xixiu, event)

    carry_up(xixiu, city)
    carry_up(city, province)

    assert before == (registry(city), registry(province))
    # A node that is spoken of does not set it aside: it knows its own place.
    assert {"not_its_own"} == {*set_aside(city), *set_aside(province)}


def test_a_county_does_not_move_itself(tree: tuple[Hands, ...]) -> None:
    """Where a node stands its superior says; the node's own word about it counts for nobody above."""
    province, city, xixiu, _ = tree
    before = registry(city), registry(province)
    claim(xixiu, g.SuperiorJoined(("520424", "520400"), ("x", "y")))

    carry_up(xixiu, city)
    carry_up(city, province)

    assert before == (registry(city), registry(province))


def test_its_superior_is_believed(tree: tuple[Hands, ...]) -> None:
    """A city suspends a county: city and province know it."""
    province, city, _, _ = tree
    city.act("operator", g.SetNodeStatus("520402", "suspended"), "520400")

    carry_up(city, province)

    assert ("520400", "suspended") == registry(province)["520402"] == registry(city)["520402"]
