"""A node with nothing to do: one timer, 12 wake-ups a minute, and what is due is done all the same (DESIGN 12)."""

import itertools
import threading
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from federation.link import Lane
from federation.runner import Runner, look_seconds, quiet_look_seconds, quiet_seconds, rehearsal_look_seconds
from federation.v1 import link_pb2
from node import app
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.intake import Register
from node.storage.unit_of_work import Outcome
from tests.federation.levels import WALL, MemoryWire, Place, connect, enrol, make_place, patience_seconds, settle, until
from tests.support.node import Hands

COUNTY, CITY = "520402", "520400"
wake_ups_a_minute_max = 12


@dataclass
class Idle:
    """A county whose `Pull` waits, as over a real link, and the minutes that pass when its timer sleeps."""

    county: Place
    wire: MemoryWire
    sweeps: int = 0
    ticks: int = 0
    seconds: float = 0
    _hung_up: threading.Event = field(default_factory=threading.Event)
    _is_over: threading.Event = field(default_factory=threading.Event)

    def pull(self, _request: link_pb2.PullRequest) -> link_pb2.PullResponse:
        self._hung_up.wait()
        return link_pb2.PullResponse()

    def sweep(self) -> float:
        self.sweeps += 1
        return 30

    def run(self, seconds: float) -> None:
        """Let so many seconds pass on a running node."""
        runner = Runner(
            self.county.level.store,
            self.county.reactions,
            self.county.session,
            look_every=look_seconds,
            jobs={"clock": self.sweep},
            monotonic=lambda: (self.county.steady() - WALL).total_seconds(),
            wait=lambda pause: self._pass(pause, seconds),
        )
        runner.start()
        until(self._is_over.is_set)
        self._hung_up.set()
        runner.stop()

    def _pass(self, pause: float, most: float) -> bool:
        """The timer's sleep: first everybody else goes to sleep, too."""
        until(self._is_quiet)
        if self.seconds >= most:
            self._is_over.set()
            return True
        self.ticks += 1
        self.seconds += pause
        self.county.steady.later(pause)
        return False

    def _is_quiet(self) -> bool:
        assert self.county.session is not None
        left = self.county.session.seconds_until(Lane.UP)
        return left is not None and left > 0 and self.sweeps >= self.seconds // 30 and self.county.session.machine.is_idle


@pytest.fixture
def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Idle:
    county, city = make_place(tmp_path, COUNTY), make_place(tmp_path, CITY, "anshun-2025")
    enrol(county, city)
    connect(county, city)
    settle(county, city)
    found = Idle(county, connect(county, city))
    monkeypatch.setattr(found.wire, "pull", found.pull)
    return found


def test_it_wakes_at_most_twelve_times_a_minute(idle: Idle, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is timed waits in the one timer: no other thread of the node sleeps by a clock of its own."""
    timed: list[str] = []
    waits = threading.Condition.wait

    def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
        name = threading.current_thread().name
        if timeout is not None and name in ("push", "pull", "reactions", "clock"):
            timed.append(name)
        return waits(condition, timeout)

    monkeypatch.setattr(threading.Condition, "wait", wait)
    idle.run(600)

    assert (120, []) == (idle.ticks, timed)
    assert idle.ticks <= 10 * wake_ups_a_minute_max


def test_it_greets_and_sweeps_in_time_all_the_same(idle: Idle) -> None:
    """The heartbeat is at most 60 s apart, one tick late included: 50 s here."""
    idle.run(600)

    assert idle.wire.calls.count("Hello") >= 600 / 60
    assert idle.sweeps >= 600 / (30 + look_seconds)


def test_what_another_process_commits_is_sent_at_the_next_tick(idle: Idle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line writes beside the serving node."""
    passing = idle._pass

    def register_at_half(pause: float, most: float) -> bool:
        if idle.seconds == 30:
            _beside(idle.county)
        if idle.seconds == 30 + look_seconds:
            until(lambda: idle.wire.above.position(COUNTY) == idle.county.position(COUNTY))
        return passing(pause, most)

    monkeypatch.setattr(idle, "_pass", register_at_half)
    before = idle.wire.above.position(COUNTY)[0]
    idle.run(40)

    assert before + 1 == idle.wire.above.position(COUNTY)[0]


def test_a_rehearsal_that_nobody_plays_is_looked_at_less_often(idle: Idle) -> None:
    """Until something is written; who looks at it waits a quarter of a second for that at most."""
    pauses: list[float] = []

    def wait(pause: float) -> bool:
        pauses.append(pause)
        if len(pauses) == 1_600:
            idle.county.register()
        return len(pauses) == 1_603

    Runner(idle.county.level.store, idle.county.reactions, look_every=rehearsal_look_seconds, wait=wait)._tick()

    found = [(pause, len(list(several))) for pause, several in groupby(pauses)]
    assert [rehearsal_look_seconds, quiet_look_seconds, rehearsal_look_seconds] == [pause for pause, _ in found]
    assert quiet_seconds <= found[0][1] * rehearsal_look_seconds <= quiet_seconds + 0.1
    assert 3 == found[2][1], "the tick that sees it, and those behind it"


@pytest.mark.parametrize(
    ("outcome", "woken"),
    [
        (Outcome(up=True, down=frozenset(), reacts=False, registry=False, taken=9), {"push"}),
        (Outcome(up=False, down=frozenset(), reacts=True, registry=False, taken=9), {"reactions"}),
        (Outcome(up=False, down=frozenset({"520402"}), reacts=False, registry=False, taken=9), set[str]()),
        (Outcome(up=False, down=frozenset(), reacts=False, registry=True, taken=9), {"reactions"}),
    ],
    ids=["of its own", "from above, and calls for something", "from above", "about a node"],
)
def test_a_commit_wakes_only_who_has_something_to_do(idle: Idle, outcome: Outcome, woken: set[str]) -> None:
    """Every thread that wakes for nothing takes the interpreter from the one that has to go on."""
    reactions = idle.county.reactions
    reactions.run()
    runner = Runner(idle.county.level.store, reactions, idle.county.session)
    runner._wakes |= {name: threading.Event() for name in ("push", "pull", "reactions")}

    runner._on_commit(outcome)

    assert woken == {name for name, wake in runner._wakes.items() if wake.is_set()}


def test_what_refuses_a_job_again_and_again_is_one_line_in_the_log(idle: Idle) -> None:
    """A full disk says so by its code; a trace of the program would fill it further."""
    full, tried = Code.STORAGE_FULL, threading.Semaphore(0)
    answers = iter([full, full, full, 0.0, full, None])

    def job() -> float | None:
        answer = next(answers)
        tried.release()
        if isinstance(answer, Code):
            raise Refusal(answer)
        return answer

    runner = Runner(
        idle.county.level.store, idle.county.reactions, jobs={"job": job}, look_every=0.001, monotonic=itertools.count(0, 5).__next__
    )
    with capture_logs() as said:
        runner.start()
        for _ in range(6):
            assert tried.acquire(timeout=patience_seconds)
        runner.stop()

    assert [("thread refused", "STORAGE_FULL", "job")] * 2 == [(one["event"], one.get("code"), one.get("thread")) for one in said]


def test_what_was_just_committed_is_sent_without_a_look_for_it(idle: Idle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever commits says how far the journal goes: the push that follows reads it once."""
    session, looks = idle.county.session, list[bool]()
    assert session is not None
    while session.step(Lane.UP):
        pass
    monkeypatch.setattr(session, "_look", lambda: looks.append(True))
    idle.county.register()
    with idle.county.level.store.read() as view:
        session.on_commit(view.head.taken)

    session.step(Lane.UP)

    assert [] == looks
    assert idle.wire.above.position(COUNTY) == idle.county.position(COUNTY)


def _beside(county: Place) -> None:
    """An appeal, registered by another process: none of this one's wake-ups hears of it."""
    hands = county.hands
    other = Hands(app.build(hands.node.data_dir), hands.clock, "", serial=1_000)
    other.act("window_clerk", Register(channel="window", appeal=Text("水渠堵塞"), phone=Contact("13800001234"), judgement="foreign"))
    other.node.close()
