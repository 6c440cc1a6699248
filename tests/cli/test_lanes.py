"""``qyzj lane``: what an operator sees and does about a ticket of which an entry cannot be read."""

from node import app
from tests.cli.given import Program
from tests.services.test_stopped_lanes import poison
from tests.support.node import Hands


class TestLane:
    def test_what_is_in_the_way_is_passed_by_one_by_one(self, qyzj: Program):
        """Headers that nobody can read: each act says what is left to decide, and the timeline what does not count."""
        ticket = qyzj.handle()
        before = qyzj("ticket", "show", ticket, "--json").json["ticket"]
        node = app.build(qyzj.data)
        poison(Hands(node, qyzj.clock, ""), ticket, times=2)
        node.close()
        skip = ("lane", "skip", ticket, "--reason", "表头也无法读取")
        assert ["ValueError", "waits"] == [one["reason"] for one in qyzj("lane", "list", "--json").json["lanes"]]

        first, second, third = qyzj(*skip), qyzj(*skip), qyzj(*skip, "--json")

        assert (0, 0, "LANE_RUNS") == (first.code, second.code, third.complaint["refusal"]["code"])
        assert "逐条决定" in first.out and "恢复办理" in second.out
        after = qyzj("ticket", "show", ticket, "--json").json["ticket"]
        assert (before["state"], before["version"] + 2) == (after["state"], after["version"])
        assert 2 == qyzj("ticket", "show", ticket).out.count("未读取")
        assert "有 2 条无法读取的记录已按运维人员的决定略过" in qyzj("status").out
        assert 0 == qyzj("rebuild", "--check").code
