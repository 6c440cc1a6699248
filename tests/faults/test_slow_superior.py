"""
A superior that is slow rather than away: the people below notice nothing, and nothing piles up (T17).

That a lane has one call in flight at most is its machine's rule (``test_link``); here connections and memory are counted.

Answers that take 30 seconds, connections that are taken and never read, a city that commits once a second: each at the county's
wire or in the city's process.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from federation.rehearsal.stage import Stage
from tests.faults.conftest import MakeProxy, MakeStage
from tests.faults.ground import CITY, COUNTY, TWO, Office, flaws, percentile, resident_bytes
from tests.faults.proxy import Fault, Proxy
from tests.faults.test_network import converge, through_proxies, wait_for_acts

act_seconds_max = 0.3
growth_bytes_max = 50 * 1024 * 1024
commit_every_seconds = 1.0
# One channel: a connection for it, one that it dials anew, and now and then one that asks who answers.
connections_max = 3

acts_in_a_run = 20

Slow = Callable[[Stage, Proxy], AbstractContextManager[None]]


@contextmanager
def late_answers(_stage: Stage, proxy: Proxy) -> Iterator[None]:
    """What the city answers is on its way for half a minute."""
    proxy.delay_seconds = 15.0
    proxy.break_by(Fault.LATE_ANSWERS)
    yield
    proxy.heal()


@contextmanager
def never_reads(_stage: Stage, proxy: Proxy) -> Iterator[None]:
    """Connections are taken, and nothing is ever read from them."""
    proxy.break_by(Fault.NEVER_READ)
    yield
    proxy.heal()


@contextmanager
def one_commit_a_second(stage: Stage, _proxy: Proxy) -> Iterator[None]:
    """Somebody holds the city's database; it is free for one commit a second."""
    end = threading.Event()
    store = stage.nodes[CITY].store

    def hold() -> None:
        while not end.is_set():
            with store.database.write():
                end.wait(commit_every_seconds)
            time.sleep(0.02)

    thread = threading.Thread(target=hold, name="holder", daemon=True)
    thread.start()
    yield
    end.set()
    thread.join()


SLOW: list[Slow] = [late_answers, never_reads, one_commit_a_second]


class TestSlowSuperior:
    @pytest.mark.parametrize("slow", [pytest.param(one, marks=[] if one is one_commit_a_second else pytest.mark.slow) for one in SLOW])
    def test_people_at_the_county_notice_nothing(
        self, make_stage: MakeStage, make_proxy: MakeProxy, slow: Slow, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """QYZJ_SLOW_RUNS: how often, a second of work each.  The bound is 300 ms, or what the same machine takes with a quick city."""
        stage, proxies = through_proxies(make_stage, make_proxy, TWO, 1)
        work(stage, 0)  # the first acts read packs and calendars
        usual = work(stage, 0)
        runs = int(os.environ.get("QYZJ_SLOW_RUNS", "2"))
        before = {code: resident_bytes(process.pid) for code, process in stage.serving.items()}
        took: list[float] = []
        caught_up: list[float] = []

        for seed in range(runs):
            with slow(stage, proxies[CITY]):
                took += work(stage, seed)
            caught_up.append(converge(stage))

        grown = max(resident_bytes(process.pid) - before[code] for code, process in stage.serving.items())
        with capsys.disabled():
            print(
                f"\n{slow.__name__}: {runs} runs, {len(took)} acts, p99 {percentile(took, 0.99) * 1000:.0f} ms"
                f" (quick city {percentile(usual, 0.99) * 1000:.0f} ms), caught up in {max(caught_up):.1f} s,"
                f" {proxies[CITY].open_max} connections at once, memory {grown / 1e6:+.1f} MB"
            )
        assert percentile(took, 0.99) < max(act_seconds_max, 3 * percentile(usual, 0.99))
        assert proxies[CITY].open_max <= connections_max
        assert grown < growth_bytes_max
        assert [] == flaws(stage)


def work(stage: Stage, seed: int) -> list[float]:
    """What each act at the county took, in seconds."""
    with Office(stage, seed, (COUNTY,), escalates=False) as office:
        wait_for_acts(office, acts_in_a_run)
    assert ([], {}) == (office.broken, office.refused)
    return office.took
