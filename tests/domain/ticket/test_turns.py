"""Regular acts: each turn has its clock, done or missed the next one begins."""

from datetime import datetime

import pytest

from node.domain.entry import Change
from node.domain.ticket import clocks, turns
from node.domain.ticket import records as r
from node.domain.time import Limit, Unit
from tests.domain.ticket.given import COUNTY, a_policy, beijing, day_end

WEEK, MONTH, TWO_MONTHS, QUARTER = Limit(7, Unit.DAY), Limit(1, Unit.MONTH), Limit(2, Unit.MONTH), Limit(0, Unit.QUARTER_END)


def a_clock(limit: Limit, began: str, due_at: datetime) -> r.Clock:
    return r.Clock("monthly_check", COUNTY, beijing(began), limit, due_at, "leader-1", "p", "2026.1", last_due_at=due_at)


class TestRenew:
    """DESIGN 5: a clock that starts anew with each act."""

    @pytest.mark.parametrize(
        ("limit", "began", "due", "now", "next_start", "next_due"),
        [
            # FJ23-3.4d: seven days from the report; from the missed day, if there was none.
            (WEEK, "2026-03-02 10:00", "2026-03-09", "2026-03-06 15:00", "2026-03-06 15:00", "2026-03-13"),
            (WEEK, "2026-03-06 15:00", "2026-03-13", "2026-03-14 00:00", "2026-03-13 23:59:59.999999", "2026-03-20"),
            (WEEK, "2026-03-06 15:00", "2026-03-13", "2026-04-04 09:00", "2026-03-13 23:59:59.999999", "2026-03-20"),
            # FJ23-2.4c: January's check closes January; February's is due with the last of February.
            (MONTH, "2026-01-10 10:00", "2026-01-31", "2026-01-20 10:00", "2026-02-01 00:00", "2026-02-28"),
            (MONTH, "2026-02-01 00:00", "2026-02-28", "2026-03-01 00:00", "2026-03-01 00:00", "2026-03-31"),
            # FJ23-2.4d, 2.4e.
            (TWO_MONTHS, "2026-01-10 10:00", "2026-02-28", "2026-02-20 10:00", "2026-03-01 00:00", "2026-04-30"),
            (QUARTER, "2026-01-10 10:00", "2026-03-31", "2026-03-30 10:00", "2026-04-01 00:00", "2026-06-30"),
            (Limit(24, Unit.HOUR), "2026-03-06 17:00", "", "2026-03-07 17:00", "2026-03-07 17:00", ""),
        ],
    )
    def test_the_next_turn_follows_this_one(self, limit: Limit, began: str, due: str, now: str, next_start: str, next_due: str):
        """Periods follow the calendar; days and hours the act, or the due time that was missed."""
        due_at = day_end(due) if due else beijing("2026-03-07 17:00")
        renewed = clocks.renew(a_clock(limit, began, due_at), a_policy(), beijing(now))

        expected = day_end(next_due) if next_due else beijing("2026-03-08 17:00")
        assert (Change.STARTED, beijing(next_start), expected) == (renewed.change, renewed.since, renewed.due_at)
        assert ("monthly_check", "leader-1") == (renewed.clock, renewed.owes)


def test_only_the_kinds_that_the_pack_times_begin():
    """Another mechanism owes none of them."""
    now = beijing("2026-01-10 10:00")
    timed = a_policy({"limit.monthly_check": MONTH, "limit.quarterly_analysis": QUARTER})

    begun = turns.begin(timed, now, "leader-1", *turns.LEADER_TURNS)

    assert [("monthly_check", day_end("2026-01-31")), ("quarterly_analysis", day_end("2026-03-31"))] == [(c.clock, c.due_at) for c in begun]
    assert () == turns.begin(a_policy(), now, "leader-1", *turns.LEADER_TURNS)
