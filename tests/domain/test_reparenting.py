"""Who may order a move to another superior, when it may be called off, and which step follows which (FEDERATION 2.7)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from node.domain import reparenting as m
from node.domain.command import Command, Facts
from node.domain.entry import Actor
from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.time import WorkCalendar

NOW = datetime(2026, 2, 10, 4, tzinfo=UTC)
COUNTY, FORMER, NEW, PROVINCE = "520402", "520400", "520300", "520000"
SUPERIORS = {COUNTY: FORMER, FORMER: PROVINCE, NEW: PROVINCE, PROVINCE: ""}
OPERATOR, NODE = Actor("a-1", "operator"), Actor("reaction", "node")
WHY = Text("区划调整")
HELD = ("520402/1/9/aa",)
MOVE = m.Reparenting("m-1", COUNTY, FORMER, NEW, PROVINCE, NOW, m.STAY, m.ORDERED)
STANDING = m.Standing(superior=FORMER, status="active", streams=HELD, found=HELD, current=(1, 9, "aa"), fresh_id="m-2")
LINES = {COUNTY: (FORMER, PROVINCE), FORMER: (PROVINCE,), NEW: (PROVINCE,), PROVINCE: ()}


def said(node: str, command: Command, standing: m.Standing, *, actor: Actor = NODE, now: datetime = NOW) -> list[object]:
    policy = Policy(
        Pack("none", "0", "any", date.min, (), "0" * 16, {}), WorkCalendar("x", {}, lambda _day: None), Place(node, LINES[node], SUPERIORS)
    )
    return [one.event for one in m.decide(command, Facts(actor, given={"reparenting": standing}), policy, now)]


def at(stage: str, **more: object) -> m.Standing:
    return replace(STANDING, reparenting=replace(MOVE, stage=stage, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "standing", "expected"),
    [
        pytest.param(m.OrderReparenting(COUNTY, NEW), STANDING, Code.FIELD_REQUIRED, id="no reason"),
        pytest.param(m.OrderReparenting(COUNTY, NEW, "both", reason=WHY), STANDING, Code.VALUE_NOT_OFFERED, id="neither stays nor moves"),
        pytest.param(
            m.OrderReparenting(FORMER, NEW, reason=WHY), replace(STANDING, superior=PROVINCE), Code.NODE_UNKNOWN, id="not two below"
        ),
        pytest.param(
            m.OrderReparenting("520999", NEW, reason=WHY), replace(STANDING, superior=""), Code.NODE_UNKNOWN, id="nobody knows it"
        ),
        pytest.param(m.OrderReparenting(COUNTY, NEW, reason=WHY), replace(STANDING, status="revoked"), Code.NODE_REVOKED, id="shut out"),
        pytest.param(m.OrderReparenting(COUNTY, "530100", reason=WHY), STANDING, Code.NOT_SUBORDINATE, id="another province's city"),
        pytest.param(m.OrderReparenting(COUNTY, FORMER, reason=WHY), STANDING, Code.ALREADY_EXISTS, id="there already"),
        pytest.param(m.OrderReparenting(COUNTY, NEW, reason=WHY), at(m.TAKEN), Code.REPARENTING_OPEN, id="on its way"),
        pytest.param(m.DecideReparenting(COUNTY, WHY), STANDING, Code.REPARENTING_UNKNOWN, id="nothing to decide"),
        pytest.param(
            m.DecideReparenting(COUNTY, WHY), at(m.ORDERED, effective_at=NOW + timedelta(1)), Code.REPARENTING_TOO_EARLY, id="not yet"
        ),
        pytest.param(m.AbortReparenting(COUNTY, WHY), at(m.REPARENTED), Code.REPARENTING_OVER, id="the new superior is in charge"),
        pytest.param(m.AbortReparenting(COUNTY, WHY), at(m.ABORTED), Code.REPARENTING_OVER, id="called off before"),
    ],
)
def test_what_the_common_superior_may_not(command: Command, standing: m.Standing, expected: Code) -> None:
    with pytest.raises(Refusal) as caught:
        said(PROVINCE, command, standing, actor=OPERATOR)

    assert expected is caught.value.code


@pytest.mark.parametrize("command", [m.NameSuperior("m-1"), m.OrderReparenting(COUNTY, NEW, reason=WHY)])
def test_people_order_and_nodes_take_steps(command: Command) -> None:
    """A person names no superior past the steps, and no step orders a move."""
    actor = NODE if isinstance(command, m.OrderReparenting) else OPERATOR
    with pytest.raises(Refusal) as caught:
        said(PROVINCE, command, at(m.TAKEN), actor=actor)

    assert Code.PERMISSION_DENIED is caught.value.code


@pytest.mark.parametrize(
    ("node", "command", "stage"),
    [
        (COUNTY, m.AcknowledgeReparenting("m-1"), m.ORDERED),
        (FORMER, m.HandOver("m-1"), m.ACKNOWLEDGED),
        (PROVINCE, m.ConfirmHandover("m-1"), m.HANDED_OVER),
        (NEW, m.TakeHistory("m-1"), m.CONFIRMED),
        (PROVINCE, m.NameSuperior("m-1"), m.TAKEN),
    ],
)
def test_a_step_follows_the_one_before_it_at_its_node_and_nowhere_else(node: str, command: Command, stage: str) -> None:
    stages = (m.ORDERED, m.ACKNOWLEDGED, m.HANDED_OVER, m.CONFIRMED, m.TAKEN, m.REFUSED, m.REPARENTED, m.JOINED, m.ABORTED)
    done = {
        (here, one) for here in (COUNTY, FORMER, NEW, PROVINCE) for one in stages if said(here, command, at(one, streams=HELD, handed=HELD))
    }

    assert {(node, stage)} == done


def test_a_handover_waits_for_its_time() -> None:
    later = at(m.ACKNOWLEDGED, effective_at=NOW + timedelta(hours=1))

    assert [] == said(FORMER, m.HandOver("m-1"), later)
    assert [m.NodeHandedOver] == [type(one) for one in said(FORMER, m.HandOver("m-1"), later, now=NOW + timedelta(hours=1))]


def test_a_handover_that_is_not_what_is_held_is_not_confirmed() -> None:
    """The former superior's word against the mirror: neither wins by itself."""
    assert [] == said(PROVINCE, m.ConfirmHandover("m-1"), at(m.HANDED_OVER, handed=("520402/1/9/bb",)))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"streams": HELD, "handed": HELD}, m.HistoryTaken),
        ({"streams": ("520402/1/9/bb",), "handed": HELD}, m.HistoryRefused),
        ({"streams": HELD, "handed": ("520402/1/9/bb",)}, m.HistoryRefused),
        ({"streams": HELD, "is_forced": True}, m.HistoryTaken),
        ({"streams": ("520402/1/9/bb",), "is_forced": True}, m.HistoryRefused),
    ],
)
def test_what_came_down_is_held_against_both_words(more: dict[str, object], expected: type) -> None:
    """The common superior's and, unless that decided alone, the former one's."""
    assert [expected] == [type(one) for one in said(NEW, m.TakeHistory("m-1"), at(m.CONFIRMED, **more))]


def test_what_is_not_here_to_the_end_is_waited_for() -> None:
    """A common superior that was restored sends the history once more; what is missing is no other history."""
    short = replace(at(m.CONFIRMED, streams=HELD, handed=HELD), found=("520402/1/4/cc",), is_partial=True)

    assert [] == said(NEW, m.TakeHistory("m-1"), short)
