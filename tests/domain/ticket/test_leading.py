"""Leader-led tickets: one leader, acts in periods of the calendar, flags that no later act takes back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from node.domain.command import Facts
from node.domain.leader.record import IN_OFFICE, Leader, Term
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.leading import AssignLeader, RecordLeaderAct, assign, record_act
from node.domain.ticket.leading_record import Leading
from node.domain.ticket.records import Clock
from node.domain.ticket.state import State
from node.domain.time import Limit, Unit
from tests.domain.ticket.given import OFFICE, POLICY, a_policy, a_ticket, day_end

WORD = Text("已调度")
NOW = datetime(2026, 1, 12, 2, tzinfo=UTC)
BY_MONTH = a_policy(
    {
        "limit.monthly_check": Limit(1, Unit.MONTH),
        "limit.onsite_session": Limit(2, Unit.MONTH),
        "limit.quarterly_analysis": Limit(0, Unit.QUARTER_END),
    }
)


def a_leader(account: str, *, until: datetime | None = None) -> Leader:
    """A leader who takes matters."""
    term = Term("leader_in_charge", "", NOW, until.date() if until else None)
    return Leader(f"L-{account}", "520402", IN_OFFICE, NOW, NOW, account=account, terms=(term,))


def known(*leaders: Leader) -> Facts:
    """The office with this register of leaders."""
    return Facts(OFFICE, given={"leaders": leaders})


def test_each_act_has_its_own_period_from_the_day_on_which_the_matter_was_taken():
    """FJ23-2.4c to e: the month, the two months that begin with it, the quarter."""
    happened = assign(a_ticket(State.HANDLING), AssignLeader("zhao"), known(a_leader("zhao")), BY_MONTH, NOW)

    due = {change.clock: change.due_at for change in happened[0].clocks}
    assert {
        "monthly_check": day_end("2026-01-31"),
        "onsite_session": day_end("2026-02-28"),
        "quarterly_analysis": day_end("2026-03-31"),
    } == due
    assert {"zhao"} == {change.owes for change in happened[0].clocks}


def test_a_pack_without_a_cadence_times_nothing():
    """What a pack says, and nothing else."""
    assert () == assign(a_ticket(State.HANDLING), AssignLeader("zhao"), known(a_leader("zhao")), POLICY, NOW)[0].clocks


def test_an_act_begins_the_next_period_and_a_second_one_is_one_more_than_owed():
    """FJ23-2.4c: periods follow the calendar, whenever in them somebody acts."""
    clock = Clock(
        "monthly_check", "520402", NOW, Limit(1, Unit.MONTH), day_end("2026-01-31"), "zhao", "", "", last_due_at=day_end("2026-01-31")
    )
    ticket = replace(a_ticket(State.HANDLING), leadings=(Leading(BY_MONTH.node, "zhao", NOW),))
    owed = replace(ticket, clocks={**ticket.clocks, "monthly_check": clock})
    met = record_act(owed, RecordLeaderAct("monthly_check", WORD), known(), BY_MONTH, NOW)[0]
    ahead = replace(clock, started_at=day_end("2026-01-31"), due_at=day_end("2026-02-28"))
    more = record_act(
        replace(ticket, clocks={**ticket.clocks, "monthly_check": ahead}), RecordLeaderAct("monthly_check", WORD), known(), BY_MONTH, NOW
    )[0]

    assert [(day_end("2026-01-31"), day_end("2026-02-28"))] == [(change.since, change.due_at) for change in met.clocks]
    assert (day_end("2026-01-31"), None, ()) == (met.event.period_due_at, more.event.period_due_at, more.clocks)


@pytest.mark.parametrize(
    ("leading", "leaders", "code"),
    [
        (Leading(BY_MONTH.node, "qian", NOW), (a_leader("zhao"), a_leader("qian")), Code.ALREADY_LED),
        (Leading(BY_MONTH.node), (), Code.ACCOUNT_UNKNOWN),
        (Leading(BY_MONTH.node), (a_leader("zhao", until=datetime(2026, 1, 11, tzinfo=UTC)),), Code.LEADER_OUT_OF_OFFICE),
    ],
)
def test_a_matter_goes_to_one_leader_in_office(leading: Leading, leaders: tuple[Leader, ...], code: Code):
    """FJ23-2.4b, AS25-1.1b: never to a second one, never to whoever holds no post any more."""
    with pytest.raises(Refusal) as refused:
        assign(replace(a_ticket(State.HANDLING), leadings=(leading,)), AssignLeader("zhao"), known(*leaders), BY_MONTH, NOW)

    assert code is refused.value.code


def test_each_node_has_a_leader_of_its_own_take_a_need():
    """Whom the county named neither stands in the way of the city's leader nor goes with him; nobody acts for another's."""
    theirs = Leading("520302", "qian", NOW)
    ticket = replace(a_ticket(State.HANDLING), leadings=(theirs,))

    (happened,) = assign(ticket, AssignLeader("zhao"), known(a_leader("zhao")), BY_MONTH, NOW)

    assert "zhao" == happened.event.leader
    assert (theirs, "") == (ticket.leading_at("520302"), ticket.leading_at(BY_MONTH.node).leader)
    with pytest.raises(Refusal) as refused:
        record_act(ticket, RecordLeaderAct("monthly_check", WORD), Facts(OFFICE), BY_MONTH, NOW)
    assert Code.NOT_LED is refused.value.code
