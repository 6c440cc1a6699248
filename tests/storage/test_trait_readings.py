"""Traits of a registration: read from the entry they are what the whole ticket would give."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from node.domain.entry import Actor, CustodyHead, Header, Subject
from node.domain.organisation import Role
from node.domain.ticket.intake import Registered
from node.storage.trait_readings import CONCERNED, traits_of, traits_of_registration

PLAIN = Registered("window", "520402-hall", "enterprise", None)  # type: ignore[arg-type]
SAYS_MUCH = Registered(
    "window", "520402-hall", "enterprise", None, matter="water", field="supply", assigned_by="leader-1", conceal_from="520402-urban",  # type: ignore[arg-type]
    appeal_kind="problem", topic="t", group="g", local_unit="u", desk="d", occasion="o", finder="f", is_found=True, receipt="r",
    enterprise="e-2", enterprises=("e-1", "e-2"), is_after_hours=True, duty="on-duty", is_legacy=True,
)  # fmt: skip


@pytest.mark.parametrize("node", ["520402", "520400"])
@pytest.mark.parametrize("role", [Role.WINDOW_CLERK, Role.ENTERPRISE, Role.FINDER])
@pytest.mark.parametrize("event", [PLAIN, SAYS_MUCH, replace(SAYS_MUCH, enterprises=()), replace(SAYS_MUCH, enterprise="")])
def test_a_registration_gives_the_traits_of_the_ticket_that_it_begins(event: Registered, role: Role, node: str):
    """The ticket is not made for them; whom it concerns is read from each entry by itself."""
    at = datetime(2026, 1, 26, 1, tzinfo=UTC)
    head = Header(
        node="520402", epoch=1, seq=1, id="e", recorded_at=at, subject=Subject("ticket", "52040220260126000017"), kind="Registered",
        actor=Actor("clerk", role.value, "520402-hall"), custody=CustodyHead(1, "520402"), version=1,
    )  # fmt: skip

    whole = [trait for trait in traits_of(event.begin(head), node) if trait[0] != CONCERNED]

    assert sorted(whole) == sorted(traits_of_registration(head, event, node))
