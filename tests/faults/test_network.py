"""
Wires that delay, reset, stall in the middle of a frame, trickle, or let nothing pass: what two levels hold agrees after each (T11).

A session: people work, the wire breaks in a seeded way, it is healed, everything must have arrived.  A soak of 500 sessions is ten
tests of 50, each with its own seed.  QYZJ_SESSIONS sets another number.
"""

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from federation.rehearsal.stage import Stage
from tests.faults.conftest import MakeProxy, MakeStage
from tests.faults.ground import CITY, COUNTY, PROVINCE, THREE, TWO, Entry, Office, flaws, ids, percentile, resident_bytes
from tests.faults.proxy import Fault, Proxy

converged_seconds_max = 150.0
growth_bytes_max = 50 * 1024 * 1024
KINDS: list[Fault] = [fault for fault in Fault if fault not in (Fault.NONE, Fault.LATE_ANSWERS)]


@dataclass
class Sessions:
    """What was done: ``converged`` are the seconds from healing until every level held everything."""

    kinds: Counter[str] = field(default_factory=Counter)
    converged: list[float] = field(default_factory=list)
    grown_bytes: int = 0

    def line(self) -> str:
        """The figures."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.kinds.items()))
        longest = max(self.converged)
        return (
            f"{len(self.converged)} sessions ({kinds}), converged p50 {percentile(self.converged, 0.5):.1f} s, longest {longest:.1f} s,"
            f" memory {self.grown_bytes / 1e6:+.1f} MB"
        )


def through_proxies(
    make_stage: MakeStage, make_proxy: MakeProxy, entries: tuple[Entry, ...], seed: int, **how: object
) -> tuple[Stage, dict[str, Proxy]]:
    """A tree whose subordinates all dial through a wire that can be broken."""
    stage = make_stage(entries, serves=False, **how)
    proxies = {}
    for entry in entries:
        proxies[entry.code] = make_proxy(stage.parts[entry.code].port, seed)
        stage.nodes[entry.code].settings.advertise = proxies[entry.code].address
    for entry in entries:
        stage.enter(entry.code)
    return stage, proxies


def converge(stage: Stage) -> float:
    """Seconds until every level holds everything."""
    begun = time.monotonic()
    stage.until(lambda: [owed for owed in stage.unrest(stage.nodes[CITY].now()) if "swept" not in owed], seconds_max=converged_seconds_max)
    return time.monotonic() - begun


def play(stage: Stage, proxies: dict[str, Proxy], kinds: list[Fault], seed: int, done: Sessions, *, broken_seconds: float = 1.0) -> None:
    """One session after the other."""
    chance = random.Random(seed)
    wires = [part.superior for part in stage.parts.values() if part.superior]
    before = {code: resident_bytes(process.pid) for code, process in stage.serving.items()}
    made: list[str] = []
    for number, kind in enumerate(kinds):
        with Office(stage, seed * 1_000 + number, (COUNTY,)) as office:
            wait_for_acts(office, 2)
            broken = [wire for wire in wires if chance.random() < 0.5] or wires[-1:]
            for wire in broken:
                proxies[wire].delay_seconds = chance.uniform(0.01, 0.3)
                proxies[wire].break_by(kind)
            wait_for_acts(office, max(2, int(chance.uniform(0, 2 * broken_seconds) * office.acts_per_second)))
        for proxy in proxies.values():
            proxy.heal()
        done.kinds[kind.value] += 1
        done.converged.append(converge(stage))
        made += office.made
        assert [] == office.broken
    top = stage.nodes[next(iter(stage.nodes))]
    assert [] == flaws(stage)
    assert set(made) <= ids(top)
    done.grown_bytes = max(done.grown_bytes, *(resident_bytes(process.pid) - before[code] for code, process in stage.serving.items()))


def wait_for_acts(office: Office, acts: int) -> None:
    """Let people do so much."""
    before = office.acts
    while office.is_at_work and office.acts < before + acts:
        time.sleep(0.01)


class TestBrokenWires:
    def test_what_two_levels_hold_agrees_after_each(
        self, make_stage: MakeStage, make_proxy: MakeProxy, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One of each quick kind, and one that nobody is told of: the longest wait is a call's own deadline."""
        stage, proxies = through_proxies(make_stage, make_proxy, TWO, seed=1)
        done = Sessions()

        play(stage, proxies, [Fault.RESET, Fault.CUT, Fault.DELAY, Fault.REORDER, Fault.STALL], 1, done, broken_seconds=0.5)

        with capsys.disabled():
            print(f"\n{done.line()}")
        assert max(done.converged) <= converged_seconds_max
        assert done.grown_bytes < growth_bytes_max

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("seed", range(10))
    def test_five_hundred_sessions_in_ten_runs(
        self, make_stage: MakeStage, make_proxy: MakeProxy, seed: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Three levels, both wires, every kind."""
        stage, proxies = through_proxies(make_stage, make_proxy, THREE, seed)
        chance = random.Random(seed)
        kinds: list[Fault] = [chance.choice(KINDS) for _ in range(int(os.environ.get("QYZJ_SESSIONS", "50")))]
        done = Sessions()

        play(stage, proxies, kinds, seed, done)

        with capsys.disabled():
            print(f"\nseed {seed}: {done.line()}")
        assert max(done.converged) <= converged_seconds_max
        assert done.grown_bytes < growth_bytes_max

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    def test_nodes_that_retry_at_their_usual_pace_converge_in_time_too(
        self, make_stage: MakeStage, make_proxy: MakeProxy, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """No rehearsal: seconds between two tries, a look every five seconds, and a wire that is broken for longer."""
        stage, proxies = through_proxies(make_stage, make_proxy, THREE, 5, is_rehearsal=False)
        chance = random.Random(5)
        kinds: list[Fault] = [chance.choice(KINDS) for _ in range(int(os.environ.get("QYZJ_SESSIONS", "20")))]
        done = Sessions()

        play(stage, proxies, kinds, 5, done, broken_seconds=20.0)

        with capsys.disabled():
            print(f"\nusual pace: {done.line()}")
        assert PROVINCE in stage.serving
        assert max(done.converged) <= converged_seconds_max
        assert done.grown_bytes < growth_bytes_max
