"""Ticket numbers (工单号): each is given once, whatever was registered when, and formed when (HM20-3.2a)."""

from pathlib import Path

import pytest
from sqlalchemy import update

from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.storage import schema
from tests.clauses.given import PASSED, a_county, registered, the
from tests.support.node import Hands

# Every pack that a node of a county adopts: the channel a need comes by, its class and complexity.
PACKS = {
    "anshun-2025": ("window", "coordination", "plain"),
    "xixiu-2025": ("window", "coordination", "plain"),
    "guanling-2025": ("window", "coordination", "plain"),
    "fengjie-2023": ("peoples_voice_line", "general", "general"),
    "fengjie-2025": ("website", "infrastructure", "general"),
    "haimen-2020": ("haiqitong_app", "routine", "routine"),
    "xiangshan-2025": ("centre_offline", "coordination", "simple"),
}


def form(county: Hands, ticket: str, category: str = "coordination", complexity: str = "plain") -> str:
    """Its number, once it is formed."""
    with county.node.store.read() as view:
        pack = county.node.policies.of_node(view, county.now).pack
    if pack.flag("forming.verified_first"):
        county.act("office", RecordVerification("confirmed"), ticket)
    county.act("office", Form(category, complexity, PASSED), ticket)
    return the(county, ticket).number


@pytest.mark.parametrize("pack", PACKS)
def test_what_was_registered_on_several_days_never_shares_a_number(tmp_path: Path, pack: str) -> None:
    """Those of three days wait, newest and oldest are formed first; the rest the day after, beside those of that day."""
    channel, category, complexity = PACKS[pack]
    county = a_county(tmp_path, "2026-03-02 09:00", pack=pack)
    waiting: list[str] = []
    numbers: list[str] = []
    for day in range(4):
        waiting += [registered(county, channel, category=category, received_at=county.now) for _ in range(2)]
        if day >= 2:
            taken = [waiting.pop(place) for place in (-1, 0, 0)]
            numbers += [form(county, one, category, complexity) for one in taken]
        county.later(days=1)

    assert len(set(numbers)) == len(numbers) == 6


def test_it_counts_on_behind_a_number_that_was_given_by_another_rule(tmp_path: Path) -> None:
    """What older versions gave stands, and nothing that is given later meets it."""
    county = a_county(tmp_path, "2026-03-02 09:00")
    ticket = registered(county)
    assert "XX2026030200001" == form(county, ticket)
    with county.node.store.write() as work:
        tickets = schema.tickets
        work.connection.execute(update(tickets).where(tickets.c.id == ticket).values(number="XX2026030200007"))

    assert "XX2026030200008" == form(county, registered(county))


def test_a_node_with_a_suffix_counts_in_its_own_block(tmp_path: Path) -> None:
    """It writes its numbers as its division does, and meets none of them."""
    zone = a_county(tmp_path, "2026-03-02 09:00", code="520402-kfq")

    assert ["XX2026030290000", "XX2026030290001"] == [form(zone, registered(zone)) for _ in range(2)]
