"""
The threads of one serving node: one pushing, one pulling, one that reacts, and one that looks.

Each sleeps until a commit wakes it or its own time has come; whatever woke it, it looks at the journal, so a wake-up that
is lost costs time and nothing else.  The looking thread notices what another process (the CLI) committed, within
``look_seconds``.  Stopping lets what is out come back as cancelled; nothing waits for the peer.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from federation.link import Lane
from federation.reactions import Reactions
from federation.server import Server
from federation.session import Session
from node.storage.unit_of_work import Outcome, Store

log = structlog.get_logger()

look_seconds = 5.0
rehearsal_look_seconds = 0.02
# After an error that nobody expected in a thread: long enough not to fill the log.
pause_after_error_seconds = 5.0


@dataclass
class Runner:
    """
    Runs what a serving node has of links.

    Args:
        session: the uplink, or None at the top.
        server: the port, or None for a node without subordinates; started and stopped by its owner.
        look_every: seconds between looks for other processes' commits.
    """

    store: Store
    reactions: Reactions
    session: Session | None = None
    server: Server | None = None
    look_every: float = look_seconds
    _wakes: dict[str, threading.Event] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start the threads."""
        session = self.session
        names = ("reactions",) if session is None else ("reactions", "push", "pull")
        self._wakes = {name: threading.Event() for name in names}
        self.store.on_commit.append(self._on_commit)
        self._begin("reactions", self._react)
        if session is not None:
            self._begin("push", lambda: self._step(session, Lane.UP))
            self._begin("pull", lambda: self._step(session, Lane.DOWN))
        looking = threading.Thread(target=self._look, name="look", daemon=True)
        looking.start()
        self._threads.append(looking)

    def stop(self) -> None:
        """Stop the threads; a call that is out is cancelled."""
        self._stopping.set()
        if self.session is not None:
            self.session.close()
        self.wake()
        for thread in self._threads:
            thread.join()
        if self._on_commit in self.store.on_commit:
            self.store.on_commit.remove(self._on_commit)

    def wake(self) -> None:
        """Let every thread look."""
        for wake in self._wakes.values():
            wake.set()

    def _on_commit(self, _outcome: Outcome) -> None:
        self.wake()

    def _begin(self, name: str, act: Callable[[], float | None]) -> None:
        """A thread that does *act* again and again; what it gives is how long to sleep (0: not at all; None: until woken)."""
        wake = self._wakes[name]

        def run() -> None:
            while not self._stopping.is_set():
                wake.clear()
                try:
                    seconds = act()
                except Exception:
                    log.exception("thread stumbled", thread=name)
                    seconds = pause_after_error_seconds
                if seconds != 0 and not self._stopping.is_set():
                    wake.wait(seconds)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _step(self, session: Session, lane: Lane) -> float | None:
        if not session.step(lane):
            return session.seconds_until(lane)
        # The other lane may go on after a greeting, or has to greet.
        self._wakes["pull" if lane is Lane.UP else "push"].set()
        return 0

    def _react(self) -> float | None:
        self.reactions.run()
        with self.store.read() as view:
            # Not through: the node was not able just now.
            return None if view.head.reacted >= view.head.taken else self.look_every

    def _look(self) -> None:
        seen = -1
        while not self._stopping.wait(self.look_every):
            try:
                with self.store.read() as view:
                    taken = view.head.taken
            except Exception:
                log.exception("thread stumbled", thread="look")
                continue
            if taken != seen:
                seen = taken
                self.wake()
                if self.server is not None:
                    self.server.wake_all()
