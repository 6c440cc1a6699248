"""What must lie behind a write-off on the ground of somebody else's power (POLICY_PACKS 2 no. 42)."""

from dataclasses import replace

import pytest

from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.close_out import need_push_ended
from node.domain.ticket.state import State
from tests.domain.ticket.given import CITY, COUNTY, MONDAY, TUESDAY, a_policy, a_ticket

POLICY = a_policy({"completion.push_first": ("upper_power",)})
LEFT = r.Left(State.HANDLING, a_ticket(State.HANDLING).with_whom)


def pushed(outcome: str, *, from_node: str = COUNTY, is_down: bool = False) -> r.Escalation:
    """A push that came to this end."""
    ended = TUESDAY if outcome not in ("", "accepted") else None
    return r.Escalation("ask", from_node, CITY, MONDAY, LEFT, outcome=outcome, is_down=is_down, ended_at=ended)


@pytest.mark.parametrize(
    ("hops", "is_impossible", "is_ground"),
    [
        pytest.param((), False, False, id="never pushed"),
        pytest.param((), True, True, id="shown to be impossible"),
        pytest.param((pushed("returned"),), False, True, id="returned"),
        pytest.param((pushed("decided"),), False, True, id="finished above"),
        pytest.param((pushed("withdrawn"),), False, False, id="withdrawn by the county itself"),
        pytest.param((pushed("withdrawn"),), True, True, id="withdrawn, and shown to be impossible"),
        pytest.param((pushed("overridden"),), False, False, id="nobody above answered"),
        pytest.param((pushed("returned"), pushed("withdrawn")), False, True, id="returned once, then withdrawn"),
        pytest.param((pushed(""),), False, False, id="on its way"),
        pytest.param((pushed("returned", from_node=CITY),), False, False, id="another level's push"),
        pytest.param((pushed("returned", is_down=True),), False, False, id="handed down, not pushed"),
    ],
)
def test_upper_power_is_a_ground_once_somebody_above_answered(hops: tuple[r.Escalation, ...], is_impossible: bool, is_ground: bool):
    """Returned, finished or shown to be impossible; otherwise the ticket stays open."""
    ticket = replace(a_ticket(State.HANDLING), escalations=hops)

    if is_ground:
        assert need_push_ended(ticket, "upper_power", is_impossible, POLICY) is None
        return
    with pytest.raises(Refusal) as refused:
        need_push_ended(ticket, "upper_power", is_impossible, POLICY)
    assert (Code.GROUND_NOT_MET, "push_ended") == (refused.value.code, refused.value.facts["ground"])
