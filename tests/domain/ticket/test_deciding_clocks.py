"""The deciding side is timed, too (POLICY_PACKS 2 no. 57, USERS A7): what no document limits has the product's default."""

from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.ticket.acceptance import NotAccept
from node.domain.ticket.escalation import ReceiveEscalation, RequestEscalation
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment
from node.domain.ticket.recheck import ProposeRecheck
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State
from node.domain.ticket.termination import ApplyTermination, Withdraw
from node.domain.time import Limit, Unit, due
from node.packs.file import effective_pack, finder
from tests.domain.ticket.given import (
    CALENDAR,
    CLERK,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    OWNER,
    PHOTO,
    THURSDAY,
    WATER,
    WEDNESDAY,
    Step,
    a_ticket,
    play,
)
from tests.domain.ticket.levels import CITY, COUNTY, NODE, a_world, handled, office

WHY = Text("超出本单位职责")
OBJECT: Step = (HOUSING_DESK, Object(WHY, WATER), WEDNESDAY)
FAIL: Step = (OFFICE, CoordinateObjection((HOUSING, WATER), has_failed=True, minutes=Text("协调未果")), WEDNESDAY)
REPORT: Step = (OFFICE, ReportToGovernment(Text("各方意见")), WEDNESDAY)
EXTEND: Step = (HOUSING_DESK, RequestExtension(date(2026, 3, 27), "complex", WHY), WEDNESDAY)
TERMINATE: Step = (HOUSING_DESK, ApplyTermination("false_information", WHY, (PHOTO,)), WEDNESDAY)
WITHDRAW: Step = (OWNER, Withdraw(WHY), WEDNESDAY)
SEND_BACK: Step = (OFFICE, RecordRevisit(is_consistent=False, is_standard_met=False, evaluation="dissatisfied"), WEDNESDAY)
PROPOSE: Step = (HOUSING_DESK, ProposeRecheck("finding_disputed", WHY), WEDNESDAY)
REFUSE: Step = (OFFICE, NotAccept("market_dispute", note=WHY), WEDNESDAY)

# Who must decide, in how many working days, and what puts it to him.
DECIDING: tuple[tuple[str, str, int, State, tuple[Step, ...]], ...] = (
    ("objection_ruling", "office", 2, State.DISPATCHED, (OBJECT,)),
    ("government_ruling", "government", 5, State.DISPATCHED, (OBJECT, FAIL, REPORT)),
    ("extension_decision", "office", 1, State.HANDLING, (EXTEND,)),
    ("termination_decision", "office", 2, State.HANDLING, (TERMINATE,)),
    ("withdrawal_decision", "office", 2, State.HANDLING, (WITHDRAW,)),
    ("recheck_decision", "office", 2, State.COMPLETED, (SEND_BACK, PROPOSE)),
    ("persuasion", HOUSING, 2, State.REGISTERED, (REFUSE,)),
)


@pytest.mark.parametrize(("kind", "owes", "workdays", "state", "steps"), DECIDING, ids=[row[0] for row in DECIDING])
def test_whoever_decides_has_a_clock_of_his_own(kind: str, owes: str, workdays: int, state: State, steps: tuple[Step, ...]):
    """It runs from the moment at which it was put to him, with the days of the table."""
    ticket = play(a_ticket(state), steps)

    clock = ticket.clock(kind)

    assert clock is not None and clock.is_running
    assert (owes, due(WEDNESDAY, Limit(workdays, Unit.WORKDAY), CALENDAR)) == (clock.owes, clock.due_at)


def test_what_a_department_only_notes_down_is_reported_within_a_day():
    """AS25-4.1d: the first contact owes it to the office."""
    clock = a_ticket(judgement="foreign", by=CLERK).clock("report_to_office")

    assert clock is not None
    assert (HOUSING, Limit(1, Unit.WORKDAY)) == (clock.owes, clock.limit)


def test_a_superior_that_is_asked_has_two_working_days():
    """POLICY_PACKS 2 no. 3: the clock is the superior's own."""
    world = a_world()
    id = handled(world)
    world.act(COUNTY, office(COUNTY), RequestEscalation(power_item="LAND-07", reason=WHY), THURSDAY, id)
    world.deliver()
    world.act(CITY, NODE, ReceiveEscalation(), THURSDAY, id)

    clock = world.see(CITY, id).clock("escalation_answer", CITY)

    assert clock is not None
    assert (CITY, Limit(2, Unit.WORKDAY)) == (clock.node, clock.limit)


@pytest.mark.parametrize(
    ("kind", "workdays"),
    [*((row[0], row[2]) for row in DECIDING), ("report_to_office", 1), ("finding_answer", 2), ("escalation_answer", 2)],
)
def test_the_products_defaults_are_those_of_the_table(kind: str, workdays: int):
    """POLICY_PACKS 2 no. 57, each marked as a default."""
    rule = effective_pack("default", finder()).rules[f"limit.{kind}"]

    assert (Limit(workdays, Unit.WORKDAY), "default") == (rule.value, rule.clause)
