"""
One running process of a node: its session with the level above, its servicer for those below, its reactions.

It dies whole: its tasks end where they stand, calls that are out are nobody's any more, and the next process begins from the
database alone, with a boot id of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from federation.link import Lane, State
from federation.reactions import UNABLE, Reactions
from federation.retry import USUAL
from federation.server import LinkServer
from federation.session import Session, session_of
from federation.simulation.network import Link, Waiting, Wire
from federation.simulation.schedule import Task, Timer
from federation.simulation.world import Crash, Node, SimulatedTrust
from federation.waiting import Waiting as LongPolls
from node.domain.refusal import Refusal
from node.storage.unit_of_work import Outcome

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

# A thread that is woken runs a moment later.
_wake_seconds = 0.0005
_look_seconds = 5.0
_guard_seconds = 30.0


class Process:
    """Begins from the database and the guard file alone."""

    def __init__(self, simulation: Simulation, node: Node, link: Link, boot_id: bytes) -> None:
        self.simulation, self.node, self.link = simulation, node, link
        self.is_dead = False
        self.greeted_at = 0.0
        self.waiting: list[Waiting] = []
        self.servicer = LinkServer(node.level, LongPolls(), SimulatedTrust(node.level.wall))
        self.reactions = Reactions(node.store, node.writer, node.handler, node.wall)
        self.session: Session | None = None
        self.tasks: dict[Lane, Task] = {}
        self._sleeping: dict[Lane, Timer | None] = {}
        self._reacting: Timer | None = None
        node.forget()
        node.store.on_commit[:] = [self._on_commit]
        self.superior = node.superior
        if self.superior:
            self.tasks = {lane: Task(self._lane(lane)) for lane in Lane}
            self.session = session_of(
                node.level,
                self.superior,
                {lane: Wire(simulation.network, self, lane) for lane in Lane},
                boot_id,
                pace=USUAL,
                hello_every=timedelta(seconds=simulation.plan.hello_seconds),
                now=lambda: simulation.schedule.moment,
                sleep=self._sleep,
            )

    def start(self) -> None:
        """Let its threads run."""
        try:
            self.node.look_at_guard()
        except Crash as crash:
            self.simulation.crashed(crash)
            return
        if not self.superior:
            self._keep_guard()
        for lane in self.tasks:
            self._wake(lane)
        self._react_after(_wake_seconds)

    def look(self) -> None:
        """What the clock of a serving node does each minute: go on with what waited for something else than an entry."""
        self._react_after(_wake_seconds)

    def die(self) -> None:
        """End here and now."""
        if self.is_dead:
            return
        self.is_dead = True
        for task in self.tasks.values():
            task.kill()
        self.node.store.on_commit[:] = []
        self.simulation.network.hang_up(self)

    def resume(self, task: Task, answer: Any = None) -> None:
        """Let a task of this process go on, unless the process is gone."""
        if self.is_dead:
            return
        try:
            task.resume(answer)
        except Crash as crash:
            self.simulation.crashed(crash)
        except Exception as error:
            self.simulation.bug(self.node.code, "link thread", error)

    @property
    def is_ended(self) -> bool:
        """True if its uplink does nothing more until somebody starts it anew."""
        if self.session is None:
            return False
        now = self.simulation.schedule.moment
        machine = self.session.machine
        has_more = any(machine.look_again_at(lane, now) is not None for lane in Lane)
        return machine.status(now).state is State.STOPPED and machine.status(now).next_attempt_at is None and not has_more

    # --- threads ------------------------------------------------------------------------------------------------------

    def _lane(self, lane: Lane) -> Callable[[], None]:
        def run() -> None:
            session = self.session
            assert session is not None
            while True:
                if session.step(lane):
                    self._wake(Lane.DOWN if lane is Lane.UP else Lane.UP)
                    continue
                seconds = session.seconds_until(lane)
                self._sleeping[lane] = None if seconds is None else self.simulation.schedule.after(seconds, lambda: self._rouse(lane))
                self.tasks[lane].pause()

        return run

    def _keep_guard(self) -> None:
        if not self.is_dead:
            self.node.note_guard()
            self.simulation.schedule.after(_guard_seconds, self._keep_guard)

    def _sleep(self, seconds: float) -> None:
        """The inner layer of retry, in whichever lane it is."""
        task = next(task for task in self.tasks.values() if task.is_running)
        self.simulation.schedule.after(seconds, lambda: self.resume(task))
        task.pause()

    def _wake(self, lane: Lane) -> None:
        """Rouse a lane a moment from now, if it sleeps then."""
        self.simulation.schedule.after(_wake_seconds, lambda: self._rouse(lane))

    def _rouse(self, lane: Lane) -> None:
        task = self.tasks[lane]
        if lane in self._sleeping:
            timer = self._sleeping.pop(lane)
            if timer is not None:
                timer.is_off = True
            self.resume(task)
        elif not task.is_begun:
            self.resume(task)

    def _on_commit(self, outcome: Outcome) -> None:
        for lane in self.tasks:
            self._wake(lane)
        for held in self.waiting:
            if held.link in outcome.down:
                self.simulation.schedule.after(_wake_seconds, partial(self.simulation.network.wake, self, held))
        self._react_after(_wake_seconds)

    def _react_after(self, seconds: float) -> None:
        if self._reacting is None:
            self._reacting = self.simulation.schedule.after(seconds, self._react)

    def _react(self) -> None:
        self._reacting = None
        if self.is_dead:
            return
        try:
            self.reactions.run()
        except Crash as crash:
            self.simulation.crashed(crash)
            return
        except Refusal as refusal:
            self.simulation.note(self.node.code, f"reactions stumble: {refusal.code.name}")
            if refusal.code not in UNABLE:  # for good
                self.simulation.bug(self.node.code, "reactions", refusal)
        except Exception as error:
            self.simulation.bug(self.node.code, "reactions", error)
        reacted, taken = self.node.rows("SELECT reacted, taken FROM heads")[0]
        if reacted < taken:
            self._react_after(_look_seconds)
