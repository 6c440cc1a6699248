"""
One seed: the world under its plan, first with faults, then healed until it comes to rest.

What happens is noted line by line; the notes of a seed are the same to the byte in every process.  What must never happen is a
violation, found by the invariants at each commit and when everything has come to rest.
"""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from federation.simulation import acts, faults, invariants, observer, operators, saga
from federation.simulation.network import Link, Network
from federation.simulation.plan import ACT, BACKUP, FAULTS, SWEEP, Item, Plan, fault_seconds
from federation.simulation.process import Process
from federation.simulation.rest import Rest, is_at_rest
from federation.simulation.schedule import BEGIN, Schedule
from federation.simulation.world import TREE, Crash, Grounds, Node
from node.domain.refusal import Refusal

# The longest that anything waits by its own rules once all is well: a probe, and the longest jitter after it.
_patience_seconds = 600.0 + 120.0
_look_seconds = 10.0
_finishing_rounds = 4
_operators_rounds = 6
# Two days: longer than any clock was wrong, so that no clock stands behind what was written by it.
_leap = timedelta(days=2)


@dataclass(frozen=True)
class Violation:
    """Something that must never happen: which invariant, when, where and what."""

    invariant: str
    at: float
    what: str

    def line(self) -> str:
        """For people."""
        return f"{self.invariant} at {self.at:.3f} s: {self.what}"


@dataclass
class Coverage:
    """What the seeds of a run met."""

    seeds: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    # Seeds that had the kind of fault, and how often it came.
    seeds_with: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    # Deaths at each named point, and how often the point was passed.
    crashes: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    operators: Counter[str] = field(default_factory=Counter)
    forks: int = 0

    def add(self, other: Coverage) -> None:
        """What another seed met, too."""
        self.seeds += other.seeds
        self.forks += other.forks
        for name in ("acts", "refusals", "seeds_with", "faults", "crashes", "points", "pairs", "operators"):
            getattr(self, name).update(getattr(other, name))


class Simulation:
    """Runs one plan on *grounds*, whose nodes are its own until the next one begins."""

    def __init__(self, grounds: Grounds, plan: Plan) -> None:
        self.plan = plan
        self.schedule = Schedule()
        self.network = Network(self)
        self.trace: list[str] = []
        self.violations: list[Violation] = []
        self.coverage = Coverage(seeds=1)
        self.evidence = grounds.evidence
        self.leap = timedelta()
        self.nodes: dict[str, Node] = grounds.fresh(str(plan.seed), self._time, self._at_point)
        self._grounds = grounds
        self._boots = random.Random(f"boots|{plan.seed}")
        self.links = {code: Link(random.Random(f"link|{plan.seed}|{code}")) for code, (superior, _) in TREE.items() if superior}
        self.processes: dict[str, Process] = {}
        self.clones: dict[str, Process] = {}
        # Nodes of which a second copy ever ran: it speaks for the node, too.
        self.cloned: set[str] = set()
        # Nodes that went back to an old backup without knowing it: what they write on stands beside what they wrote in that former life.
        self.two_lives: set[str] = set()
        # A node that went back to a backup, and a fork that somebody had written down by then: what the node had of it may be gone.
        self.told_before_restore: set[tuple[str, str]] = set()
        self.backups: dict[str, list[Any]] = {}
        self.poisoned: set[str] = set()
        # Entries by which a node said that it holds what is another's.
        self.usurped: set[str] = set()
        self.revoked: set[str] = set()
        self._armed: dict[tuple[str, str], list[list[int]]] = {}
        self.observer = observer.Observer(self)

    # --- the run ------------------------------------------------------------------------------------------------------

    def run(self) -> list[Violation]:
        """Let the plan happen, heal, and look; gives the violations."""
        with _listening(self):
            try:
                for code in self.nodes:
                    self.start(code)
                for item in self.plan.items:
                    self.at(item.at, partial(self._happen, item))
                self.schedule.run_until(fault_seconds)
                self._heal()
                self._come_to_rest()
                for _ in range(_operators_rounds):
                    if not operators.put_right(self):
                        break
                    self._come_to_rest()
                if not self.plan.is_idle and not self.violations:
                    self._finish()
                if not self.violations:
                    self.violations += invariants.at_rest(self)
            except Exception as error:
                # Told with its seed, as any other breach: the run of many seeds goes on.
                self.bug("------", "at the end", error)
            finally:
                for process in [*self.processes.values(), *self.clones.values()]:
                    process.die()
        return self.violations

    def at(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back at *seconds* since the beginning, or now if that is over."""
        self.schedule.after(max(0.0, seconds - self.schedule.seconds), call)

    def _happen(self, item: Item) -> None:
        if item.kind == ACT:
            acts.act(self, item)
        elif item.kind == SWEEP:
            acts.sweep(self, item.node)
        elif item.kind == BACKUP:
            faults.back_up(self, item)
        else:
            self.note(item.node, f"FAULT {item.line()}")
            self.coverage.faults[item.kind] += 1
            self.coverage.seeds_with[item.kind] = 1
            for state in saga.states(self.nodes[item.node]):
                self.coverage.pairs[state, item.kind] += 1
            faults.inject(self, item)

    def _heal(self) -> None:
        """Every fault is over; an operator has put right what needs a hand."""
        self.note("------", "HEALS")
        self._armed.clear()
        for link in self.links.values():
            link.loss = link.copies = link.late_seconds = 0.0
            link.is_cut = link.loses_up = link.loses_down = link.is_expired = False
        for code, node in self.nodes.items():
            node.offset = timedelta()
            node.clear_disk()
            self.stop_clone(code)
        self.leap += _leap
        for code in self.nodes:
            if code not in self.processes:
                self.start(code)
            self.processes[code].look()

    def _come_to_rest(self) -> None:
        """Until nothing is left to do, or so long that something is stuck."""
        patience = _patience_seconds + 3 * self.plan.hello_seconds
        end = self.schedule.seconds + patience
        self.schedule.run_until(self.schedule.seconds + 2.0)
        while self.schedule.seconds < end and not is_at_rest(self):
            self.schedule.run_until(self.schedule.seconds + _look_seconds)

    def _finish(self) -> None:
        """Offices answer what is open between the levels, so that every escalation ends (I19)."""
        swept_at = {code: node.now() for code, node in self.nodes.items()}
        for code in self.nodes:
            acts.sweep(self, code)
        self._come_to_rest()
        rest = Rest(self, swept_at)
        for name, check in invariants.ON_THE_WAY.items():
            for what in check(rest):
                self.violate(name, what)
        for turn in range(_finishing_rounds):
            done = sum(acts.finish(self, node, self.plan.seed + turn) for node in self.nodes.values() if acts.may_write(self, node.code))
            self._come_to_rest()
            # What a copy had sent before it was stopped may come only now.
            if operators.put_right(self):
                self._come_to_rest()
                done += 1
            if not done:
                break

    # --- processes ------------------------------------------------------------------------------------------------------

    def start(self, code: str) -> None:
        """A process of the node begins, if none runs."""
        if code in self.processes:
            return
        link = self.links.get(code) or Link(random.Random(0))
        process = Process(self, self.nodes[code], link, self._boots.randbytes(16))
        self.processes[code] = process
        self.note(code, "starts")
        process.start()

    def start_later(self, code: str, seconds: float) -> None:
        """A process of the node begins so many seconds from now."""
        self.schedule.after(seconds, lambda: self.start(code))

    def stop(self, code: str) -> None:
        """The node's process ends, whatever it was at."""
        process = self.processes.pop(code, None)
        if process is not None:
            process.die()
            self.note(code, "stops")

    def start_clone(self, code: str, *, writes: bool) -> bool:
        """Start a second copy of the node; False if that is not possible just now."""
        if code in self.clones or code not in self.processes:
            return False
        twin = self._grounds.twin(self.nodes[code], f"{self.plan.seed}|clone")
        twin.offset = self.nodes[code].offset
        twin.guard.said = self.nodes[code].guard.said
        twin.fault = lambda _node, _point: None
        clone = Process(self, twin, self.links[code], self._boots.randbytes(16))
        self.clones[code] = clone
        self.cloned.add(code)
        self.note(code, f"is cloned{', and the clone writes' if writes else ''}")
        if writes:
            acts.give(self, twin, acts.registration(twin, random.Random(self.plan.seed)), "")
        clone.start()
        return True

    def stop_clone(self, code: str) -> None:
        """The operator stops the copy and starts the right one anew."""
        clone = self.clones.pop(code, None)
        if clone is not None:
            clone.die()
            clone.node.store.close()
            self.note(code, "the clone is stopped")
            self.stop(code)
            self.start(code)

    def arm(self, code: str, point: str, times: int, seed: int) -> None:
        """The node dies when it passes *point* for the n-th time from here on."""
        self._armed.setdefault((code, point), []).append([times, seed])

    def crashed(self, crash: Crash) -> None:
        """The node died; it comes back by itself."""
        code, point = crash.node.code, str(crash).rpartition(" ")[2]
        self.note(code, f"dies at {point}")
        self.coverage.crashes[point] += 1
        self.stop(code)
        self.start_later(code, random.Random(f"{self.plan.seed}|{self.schedule.now}").uniform(*faults.restart_seconds))

    def restored(self, node: Node) -> None:
        """The node's database is a former one from here on."""
        self.note(node.code, f"is restored at {node.value('SELECT taken FROM heads')}")
        self.observer.restored(node)
        forks = (one.rows("SELECT id FROM incidents WHERE kind = 'fork'") for one in self.nodes.values())
        self.told_before_restore |= {(node.code, id) for found in forks for (id,) in found}

    def jump(self, code: str, seconds: float) -> None:
        """The node's clocks go wrong by so much."""
        self.nodes[code].offset = timedelta(seconds=round(seconds))

    def _at_point(self, node: Node, point: str) -> None:
        self.coverage.points[point] += 1
        if point == "commit.after":
            self.observer.committed(node)
        for armed in self._armed.get((node.code, point), ()):
            armed[0] -= 1
            if armed[0] == 0:
                raise Crash(node, point)

    # --- what is noted ----------------------------------------------------------------------------------------------------

    def note(self, code: str, what: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.schedule.now / 1e6:12.6f} {code} {what}")

    def acted(self, code: str, command: str, subject: str) -> None:
        """A command was carried out."""
        self.coverage.acts[command] += 1
        self.note(code, f"{command} {subject}")

    def refused(self, code: str, command: str, subject: str, refusal: Refusal) -> None:
        """A command was refused."""
        self.coverage.refusals[refusal.code.name] += 1
        self.note(code, f"{command} {subject} refused: {refusal.code.name}")

    def violate(self, invariant: str, what: str) -> None:
        """Something that must never happen did; said once."""
        if not any(known.invariant == invariant and known.what == what for known in self.violations):
            self.violations.append(Violation(invariant, self.schedule.seconds, what))
            self.note("------", f"VIOLATION {invariant}: {what}")

    def is_expected(self, event: Any) -> bool:
        """True for the trouble that poison makes: what waits behind it is set aside, and logged."""
        subjects = {event.get("subject")}
        for node in self.nodes.values():
            subjects.add(node.value("SELECT subject_id FROM entries WHERE taken = ?", event.get("taken", -1)))
        return event.get("event") in ("reaction failed", "subject does not fold") and bool(subjects & self.poisoned)

    def bug(self, code: str, where: str, error: BaseException) -> None:
        """The product raised what is no answer."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        self.violate("BUG", f"{code} {where}: {type(error).__name__}: {error} ({last.name} line {last.lineno})")

    def _time(self) -> tuple[Any, Any]:
        passed = timedelta(microseconds=self.schedule.now)
        return BEGIN + timedelta(microseconds=round(self.schedule.now * self.plan.pace)) + self.leap, BEGIN + passed


@contextmanager
def _listening(simulation: Simulation) -> Iterator[None]:
    """What the product logs as an error is a violation; all else that it logs is not read."""
    former = structlog.get_config()

    def take(_logger: Any, _method: str, event: Any) -> Any:
        said = str(event.get("event"))
        error = event.get("exc_info")
        told = _exception(error)
        if told is not None and simulation.is_expected(event):
            raise structlog.DropEvent
        simulation.violate("BUG", f"logged: {said} {_plain(event)}: {told!r}")
        raise structlog.DropEvent

    structlog.configure(processors=[take], wrapper_class=structlog.make_filtering_bound_logger(40), cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**former)


def _exception(said: Any) -> BaseException | None:
    import sys

    if isinstance(said, BaseException):
        return said
    return sys.exc_info()[1] if said else None


def _plain(event: Any) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(event.items()) if name not in ("event", "exc_info"))


__all__ = ["FAULTS", "Coverage", "Simulation", "Violation"]
