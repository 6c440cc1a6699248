"""
What a superior meets when it comes back after two hours: 88 links' own machines in virtual time (T12, FEDERATION 2.4, E14).

The product's parts: the link's machine with its retry table, the timer that looks every 5 seconds, the ten places a second.
"""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from federation.admission import Returns, returns_per_second_max
from federation.link import Greeted, Hello, Lane, Standing, Uplink
from federation.retry import USUAL, Failure, Pace
from federation.runner import look_seconds
from node.domain.refusal import Code, Refusal

BEGIN = datetime(2026, 2, 10, 4, tzinfo=UTC)
nodes_in_a_province = 88
outage_seconds = 7_200.0
back_seconds_max = 130.0
dials_per_second_max = 10
call_seconds = 0.05


@dataclass
class Storm:
    """One run.  *dials* are the moments of new connections after the outage, *back* when each link was greeted, both in seconds."""

    seed: int
    pace: Pace = USUAL
    # The outage was the path's: the superior's process lived on, and knows the connections from before.
    superior_lived: bool = False
    now: float = 0.0
    dials: list[float] = field(default_factory=list)
    back: dict[int, float] = field(default_factory=dict)
    tries: list[int] = field(default_factory=list)
    greeted_at: list[float] = field(default_factory=list)

    def run(self) -> "Storm":
        chance = Random(self.seed)
        returns = Returns(lambda: self.now)
        machines = [Uplink(f"{number:06}", Random(chance.getrandbits(64)), self.pace) for number in range(nodes_in_a_province)]
        self.tries = [0] * len(machines)
        if self.superior_lived:
            for number, machine in enumerate(machines):
                self.now = -1_000.0 + number
                returns.enter(machine.node, "before")
        # Each process looks at its links every five seconds, from a moment of its own on.
        looks = [(chance.uniform(0, look_seconds), number) for number in range(len(machines))]
        heapq.heapify(looks)
        connected = set()
        while looks:
            self.now, number = heapq.heappop(looks)
            machine = machines[number]
            moment = BEGIN + timedelta(seconds=self.now)
            call = machine.next_call(Lane.UP, moment)
            if call is None:
                heapq.heappush(looks, (self.now + look_seconds, number))
                continue
            assert call == Hello()
            if self.now < outage_seconds:
                self.tries[number] += 1
                machine.on_failure(call, Failure("UNAVAILABLE"), moment + timedelta(seconds=call_seconds))
            else:
                if number not in connected:
                    connected.add(number)
                    self.dials.append(self.now - outage_seconds)
                try:
                    returns.enter(machine.node, "after")
                except Refusal as refusal:
                    machine.on_failure(call, Failure(refusal.code.status, refusal), moment + timedelta(seconds=call_seconds))
                else:
                    machine.on_reply(call, Greeted(Standing(0), 500, 0), moment)
                    self.back[number] = self.now - outage_seconds
                    continue
            heapq.heappush(looks, (self.now + look_seconds, number))
        return self


def peak(moments: list[float]) -> int:
    """The most in any one second."""
    ordered = sorted(moments)
    return max(sum(1 for other in ordered[at:] if other < moment + 1) for at, moment in enumerate(ordered))


class TestTwoHoursAway:
    @pytest.mark.parametrize("superior_lived", [False, True])
    @pytest.mark.parametrize("seed", range(10))
    def test_everybody_is_back_in_time_and_nobody_storms(self, seed: int, superior_lived: bool) -> None:
        """All in 130 s, at most ten new connections in any one second, and some hundred tries a node meanwhile: one a minute."""
        storm = Storm(seed, superior_lived=superior_lived).run()

        assert nodes_in_a_province == len(storm.back) == len(storm.dials)
        assert max(storm.back.values()) <= back_seconds_max
        assert peak(storm.dials) <= dials_per_second_max
        assert all(90 <= tries <= 150 for tries in storm.tries)

    @pytest.mark.parametrize("pace", [Pace(base_seconds=5.0, longest_seconds=5.001)])
    def test_it_could_fail(self, pace: Pace) -> None:
        """Without the growing jitter they come all at once: then the places keep all but ten a second waiting for theirs."""
        storm = Storm(3, pace).run()

        assert peak(storm.dials) > dials_per_second_max
        assert peak(list(storm.back.values())) <= returns_per_second_max
        assert max(storm.back.values()) <= back_seconds_max


class TestReturns:
    """Ten places a second; who finds none is given a moment of his own."""

    def test_no_two_are_told_the_same_moment(self) -> None:
        now = [0.0]
        returns = Returns(lambda: now[0])
        waits = []
        for number in range(nodes_in_a_province):
            try:
                returns.enter(str(number), "new")
            except Refusal as refusal:
                assert Code.BUSY is refusal.code
                waits.append(int(refusal.facts["retry_after_ms"]))

        assert nodes_in_a_province - returns_per_second_max == len(waits) == len(set(waits))
        assert max(waits) <= 8_000

    def test_whoever_comes_at_his_moment_is_let_in_and_before_it_keeps_it(self) -> None:
        now = [0.0]
        returns = Returns(lambda: now[0], per_second=1)
        returns.enter("a", "new")
        waits = {node: _wait(returns, node) for node in ("b", "c", "b")}

        assert {"b": 1_001, "c": 2_001} == waits
        now[0] = 1.001
        returns.enter("b", "new")
        assert 1_000 == _wait(returns, "c")
        now[0] = 2.001
        returns.enter("c", "new")

    def test_a_heartbeat_needs_no_place(self) -> None:
        returns = Returns(lambda: 0.0, per_second=1)
        returns.enter("a", "one")

        returns.enter("a", "one")
        assert 0 < _wait(returns, "a", "another")


def _wait(returns: Returns, node: str, connection: str = "new") -> int:
    with pytest.raises(Refusal) as caught:
        returns.enter(node, connection)
    return int(caught.value.facts["retry_after_ms"])
