"""The sweep: early warnings and overdue marks, once each, in order."""

from datetime import time, timedelta

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.escalation import ReceiveEscalation, RequestEscalation
from node.domain.ticket.sweep import FireRung, due_rungs, next_rung_at, warning_rule
from node.domain.time import WarningRule
from tests.domain.ticket.given import MONDAY, TUESDAY, a_policy, beijing, day_end, workdays
from tests.domain.ticket.levels import CITY, COUNTY, NODE, World, a_world, handled, office, registered

UP = RequestEscalation(power_item="LAND-07", reason=Text("land quota"))


def swept(world: World, node: str, id: str, moment: str) -> list[tuple[str, str]]:
    """Fire all that is due, as the clock service does; clock and rung, in order."""
    now = beijing(moment)
    fired = []
    for rung in due_rungs(world.see(node, id), world.policies[node], now):
        fired += [(rung.clock, rung.rung) for _ in world.act(node, NODE, FireRung(rung.clock, rung.rung), now, id)]
    return fired


class TestSweep:
    """DESIGN 5: idempotent; a fired rung is an event with a natural key. AS25-4.6.1.2a: warned before, marked after."""

    @pytest.mark.parametrize(
        ("moment", "fired"),
        [
            ("2026-03-10 23:59", []),
            ("2026-03-11 00:00", [("resolve", "early_warning")]),
            ("2026-03-16 23:59", [("resolve", "early_warning")]),
            ("2026-03-17 00:00", [("resolve", "early_warning"), ("resolve", "overdue")]),
        ],
    )
    def test_ten_working_days_warn_with_three_left_and_are_overdue_at_their_end(self, moment: str, fired: list[tuple[str, str]]):
        """POLICY_PACKS 2 no. 15, from Monday 2 March: due at 24:00 on the 16th, 3 left on the 11th."""
        world = a_world()
        id = handled(world)

        assert swept(world, COUNTY, id, moment) == fired

    def test_what_was_missed_while_the_node_was_off_fires_once_in_order(self):
        """And a second sweep finds nothing."""
        world = a_world()
        id = handled(world)

        first = swept(world, COUNTY, id, "2026-04-01 09:00")
        second = swept(world, COUNTY, id, "2026-04-01 09:00")

        assert ([("resolve", "early_warning"), ("resolve", "overdue")], []) == (first, second)
        clock = world.see(COUNTY, id).clock("resolve")
        assert clock is not None and clock.fired == ("early_warning", "overdue")
        assert world.act(COUNTY, NODE, FireRung("resolve", "overdue"), beijing("2026-04-01 09:00"), id) == []
        assert next_rung_at(world.see(COUNTY, id), world.policies[COUNTY]) is None

    def test_a_paused_clock_fires_nothing_and_another_nodes_clock_is_not_mine(self):
        """DESIGN 13: only the node that started a clock sweeps it; while the city answers, the county's stands."""
        world = a_world()
        id = handled(world)
        world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)
        world.deliver()
        world.act(CITY, NODE, ReceiveEscalation(), TUESDAY, id)
        world.deliver()

        assert swept(world, COUNTY, id, "2026-05-20 09:00") == []
        assert swept(world, CITY, id, "2026-05-20 09:00") == [("escalation_answer", "early_warning"), ("escalation_answer", "overdue")]
        world.deliver()
        clock = world.see(COUNTY, id).clock("escalation_answer", CITY)
        assert clock is not None and clock.fired == ("early_warning", "overdue")

    def test_refusals(self):
        """A clock that does not run here, and a rung before its time."""
        world = a_world()
        id = registered(world)

        assert world.refusal(COUNTY, NODE, FireRung("resolve", "overdue"), MONDAY, id).code is Code.CLOCK_UNKNOWN
        assert world.refusal(COUNTY, NODE, FireRung("form", "overdue"), MONDAY, id).code is Code.RUNG_NOT_DUE
        assert world.refusal(COUNTY, NODE, FireRung("form", "no_such"), day_end("2026-03-31"), id).code is Code.RUNG_NOT_DUE
        assert world.refusal(COUNTY, office(COUNTY), FireRung("form", "overdue"), MONDAY, id).code is Code.PERMISSION_DENIED

    def test_the_next_look_is_the_earliest_rung(self):
        """One working day from Monday: warned at 14:00 of the last day."""
        world = a_world()
        id = registered(world)

        assert next_rung_at(world.see(COUNTY, id), world.policies[COUNTY]) == beijing("2026-03-03 14:00")


class TestWarningRule:
    """POLICY_PACKS 2 no. 15: the thresholds are pack data."""

    def test_the_pack_lays_its_thresholds_over_the_products(self):
        """Times are written "HH:MM"."""
        policy = a_policy({"warning.long_left": 5, "warning.last_day_time": "10:30"})

        assert warning_rule(policy.pack) == WarningRule(long_left=5, last_day_time=time(10, 30))
        assert warning_rule(a_policy().pack) == WarningRule()

    def test_a_longer_warning_fires_earlier(self):
        """Five left instead of three: two working days before."""
        world = a_world({"warning.long_left": 5, "limit.resolve.coordination.plain": workdays(10)})
        id = handled(world)

        assert next_rung_at(world.see(COUNTY, id), world.policies[COUNTY]) == day_end("2026-03-08")
        assert day_end("2026-03-08") + timedelta(days=2) == day_end("2026-03-10")
