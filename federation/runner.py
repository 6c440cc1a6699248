"""
The threads of one serving node: one pushing, one pulling, one that reacts, one for each job by the clock, and the timer.

There is one timer.  All others sleep until a commit wakes them or the timer says that their time has come; whatever woke
them, they look at the journal, so a wake-up that is lost costs time and nothing else.  The timer ticks every
``look_seconds``: it notices what another process (the CLI) committed, and wakes whoever is due, to greet, to try again, to
sweep.  So a node that has nothing to do wakes 12 times a minute by itself (DESIGN 12), and what is due comes up to one
tick late.  Stopping lets what is out come back as cancelled; nothing waits for the peer.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from federation.link import Lane
from federation.reactions import Reactions
from federation.server import Server
from federation.session import Session
from node.domain.refusal import Refusal
from node.storage.unit_of_work import Outcome, Store

log = structlog.get_logger()

look_seconds = 5.0
rehearsal_look_seconds = 0.02
# A rehearsal in which nothing was written for a while is being looked at, and not played: four nodes that look 50 times a second
# take a quarter of a processor.
quiet_seconds = 30.0
quiet_look_seconds = 0.25
# After an error that nobody expected in a thread: long enough not to fill the log.
pause_after_error_seconds = 5.0

# Acts once; what it gives is when to act again, in seconds (0: at once; None: when woken).
Act = Callable[[], float | None]


@dataclass
class Runner:
    """
    Runs what a serving node has of links.

    Args:
        session: the uplink, or None at the top.
        server: the port, or None for a node without subordinates; started and stopped by its owner.
        look_every: seconds between two ticks of the timer; where that is a rehearsal's, they become rarer while nothing is written.
        jobs: acts by name that go by the timer alone; no commit wakes them.
        monotonic: seconds that never jump.
        wait: sleeps so long, True if the node stops meanwhile; by default until ``stop``.  All that is timed waits here.
    """

    store: Store
    reactions: Reactions
    session: Session | None = None
    server: Server | None = None
    look_every: float = look_seconds
    jobs: Mapping[str, Act] = field(default_factory=dict)
    monotonic: Callable[[], float] = time.monotonic
    wait: Callable[[float], bool] | None = None
    _wakes: dict[str, threading.Event] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start the threads."""
        self.store.on_commit.append(self._on_commit)
        self._begin("reactions", self._react)
        for name, job in self.jobs.items():
            self._begin(name, job)
        if self.session is not None:
            self._begin_link()
        timer = threading.Thread(target=self._tick, name="timer", daemon=True)
        timer.start()
        self._threads.append(timer)

    def link(self, session: Session) -> None:
        """The node has this superior from here on; a former one's calls come back as cancelled."""
        former, self.session = self.session, session
        if former is None:
            self._begin_link()
        else:
            former.close()
            self.wake()

    def stop(self) -> None:
        """Stop the threads; a call that is out is cancelled."""
        self._stopping.set()
        if self.session is not None:
            self.session.close()
        for wake in list(self._wakes.values()):
            wake.set()
        for thread in list(self._threads):
            thread.join()
        if self._on_commit in self.store.on_commit:
            self.store.on_commit.remove(self._on_commit)

    def wake(self) -> None:
        """Let every thread look that lives by what is committed."""
        for name, wake in list(self._wakes.items()):
            if name not in self.jobs:
                wake.set()

    def _on_commit(self, outcome: Outcome) -> None:
        """Wake whoever has something to do; only a move between superiors may go on by an entry of any kind."""
        push = self._wakes.get("push")
        if outcome.up and self.session is not None and push is not None:
            self.session.on_commit(outcome.taken)
            push.set()
        if outcome.reacts or outcome.registry or self.reactions.has_moves or self.reactions.is_held_up:
            self._wakes["reactions"].set()

    def _begin_link(self) -> None:
        self._wakes |= {"push": threading.Event(), "pull": threading.Event()}
        self._begin("push", lambda: self._step(Lane.UP))
        self._begin("pull", lambda: self._step(Lane.DOWN))

    def _begin(self, name: str, act: Act) -> None:
        """A thread that does *act* again and again, when woken or when it is due."""
        wake = self._wakes.setdefault(name, threading.Event())

        def run() -> None:
            refused = ""
            while not self._stopping.is_set():
                wake.clear()
                try:
                    seconds, refused = act(), ""
                except Refusal as refusal:
                    # An answer, and no bug: the disk is full, or the clock stands before the last entry.  Said once, not every time.
                    if refusal.code.name != refused:
                        refused = refusal.code.name
                        log.warning(
                            "thread refused", thread=name, code=refused, **{f"fact_{key}": fact for key, fact in refusal.facts.items()}
                        )
                    seconds = pause_after_error_seconds
                except Exception:
                    log.exception("thread stumbled", thread=name)
                    seconds = pause_after_error_seconds
                if seconds != 0 and not self._stopping.is_set():
                    if seconds is not None:
                        self._due[name] = self.monotonic() + seconds
                    wake.wait()
                    self._due.pop(name, None)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _step(self, lane: Lane) -> float | None:
        session = self.session
        assert session is not None
        if not session.step(lane):
            return session.seconds_until(lane)
        # The other lane may go on after a greeting, or has to greet.
        self._wakes["pull" if lane is Lane.UP else "push"].set()
        return 0

    def _react(self) -> float | None:
        self.reactions.run()
        return self.look_every if self.reactions.is_held_up else None

    def _tick(self) -> None:
        wait, seen, quiet = self.wait or self._stopping.wait, -1, 0.0
        every = self.look_every
        while not wait(every):
            now = self.monotonic()
            for name, due in list(self._due.items()):
                if due <= now:
                    self._wakes[name].set()
            before, seen = seen, self._look(seen)
            quiet = quiet + every if seen == before else 0.0
            every = self.look_every if quiet < quiet_seconds else max(self.look_every, quiet_look_seconds)

    def _look(self, seen: int) -> int:
        """Wake everybody if somebody, in whatever process, appended something since *seen*; gives what is there now."""
        try:
            with self.store.read() as view:
                taken = view.head.taken
        except Exception:
            log.exception("thread stumbled", thread="timer")
            return seen
        if taken != seen:
            self.wake()
            if self.server is not None:
                self.server.wake_all()
        return taken
