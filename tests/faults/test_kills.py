"""
Kill -9 of any node at any moment, while people work: nothing is lost, nothing doubled, and it is back within seconds (T09).

A soak of 1,000 kills is ten tests of 100, each with its own seed: any of them runs alone.  QYZJ_KILLS sets another number.
"""

import os
import random
import time
from dataclasses import dataclass, field

import pytest

from federation.rehearsal.stage import Stage, start_program
from tests.faults.conftest import MakeStage
from tests.faults.ground import PROVINCE, SEVEN, Office, at_work, flaws, ids, percentile

recovery_seconds_max = 5.0
COUNTIES = tuple(entry.code for entry in SEVEN if entry.code[-2:] != "00")


@dataclass
class Killed:
    """What a loop did: ``recovered`` are the seconds from a start until the node was at work again."""

    office: Office
    kills: int = 0
    recovered: list[float] = field(default_factory=list)

    def line(self) -> str:
        """The figures."""
        times = ", ".join(f"p{part:g} {percentile(self.recovered, part / 100):.2f} s" for part in (50, 99))
        refused = self.office.refused or "none"
        return f"{self.kills} kills, {self.office.acts} acts, {len(self.office.made)} tickets, refused {refused}, at work again {times}"


def kill_loop(stage: Stage, kills: int, seed: int) -> Killed:
    """
    Kill nodes at random while the office works; now and then a second one before the first is back, or one that is only starting.
    """
    chance = random.Random(seed)
    with Office(stage, seed, COUNTIES) as office:
        killed = Killed(office)
        while killed.kills < kills:
            victims = chance.sample(sorted(stage.serving), chance.choice((1, 1, 1, 2)))
            time_to_live = chance.uniform(0, 0.3)
            office_is_at_work(office, time_to_live)
            for code in victims:
                stage.kill(code)
            if chance.random() < 0.2:
                stage.start(victims[0])
                office_is_at_work(office, chance.uniform(0, 0.2))
                stage.kill(victims[0])
                killed.kills += 1
            for code in victims:
                begun, wall = time.monotonic(), time.time()
                stage.start(code)
                wait_until_at_work(stage, code, wall)
                killed.recovered.append(time.monotonic() - begun)
            killed.kills += len(victims)
    stage.rest(stage.nodes[PROVINCE].now())
    assert [] == office.broken
    return killed


def wait_until_at_work(stage: Stage, code: str, since_wall: float) -> None:
    """Wait for a node that was started: its uplink has greeted, and it has reacted to all that it holds."""
    stage.until(lambda: [] if at_work(stage, code, since_wall) else [f"{code} is not at work again"])


def office_is_at_work(office: Office, seconds: float) -> None:
    """Let so much time of work pass: a kill comes at any moment of it."""
    before, end = office.acts, time.monotonic() + seconds
    while office.is_at_work and (time.monotonic() < end or office.acts == before):
        time.sleep(0.005)


def assert_nothing_lost_or_doubled(stage: Stage, killed: Killed) -> None:
    """Every ticket that was answered as registered stands at the top, once, and every level says the same of it."""
    assert [] == flaws(stage)
    assert sorted(killed.office.made) == sorted(ids(stage.nodes[PROVINCE]))


class TestKilled:
    def test_forty_kills_end_in_agreement(self, make_stage: MakeStage, capsys: pytest.CaptureFixture[str]) -> None:
        """Seven processes; the time to be at work again is counted from the start of a program that is loaded already."""
        stage = make_stage(SEVEN)

        killed = kill_loop(stage, kills=40, seed=20260126)

        with capsys.disabled():
            print(f"\n{killed.line()}")
        assert_nothing_lost_or_doubled(stage, killed)
        assert percentile(killed.recovered, 0.99) <= recovery_seconds_max

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("seed", range(10))
    def test_a_thousand_kills_in_ten_runs(self, make_stage: MakeStage, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
        stage = make_stage(SEVEN)

        killed = kill_loop(stage, kills=int(os.environ.get("QYZJ_KILLS", "100")), seed=seed)

        with capsys.disabled():
            print(f"\nseed {seed}: {killed.line()}")
        assert_nothing_lost_or_doubled(stage, killed)
        assert percentile(killed.recovered, 0.99) <= recovery_seconds_max

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    def test_a_program_that_has_to_be_loaded_is_back_in_seconds_too(
        self, make_stage: MakeStage, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As an operator's service manager starts it: with a fresh interpreter, which costs most of the time."""
        stage = make_stage(SEVEN)
        stage.begin = start_program

        killed = kill_loop(stage, kills=int(os.environ.get("QYZJ_KILLS", "50")), seed=77)

        with capsys.disabled():
            print(f"\nfresh interpreters: {killed.line()}")
        assert_nothing_lost_or_doubled(stage, killed)
