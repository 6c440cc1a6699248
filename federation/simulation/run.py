"""Many seeds one after the other, and what they add up to."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from federation.simulation.plan import Plan, plan_of
from federation.simulation.shrink import shrunk
from federation.simulation.simulation import Coverage, Simulation, Violation
from federation.simulation.world import Grounds

# What a seed makes lives until its end: looked through for cycles every 700 values it costs a fifth of its time.
_garbage_looked_for_every = 50_000


@dataclass(frozen=True)
class Failure:
    """A seed that broke an invariant: its violations, the least plan that still breaks it, and the end of what then happened."""

    seed: int
    violations: tuple[Violation, ...]
    plan: Plan
    trace: tuple[str, ...]


@dataclass
class Simulated:
    """What a run of seeds gave."""

    coverage: Coverage = field(default_factory=Coverage)
    failures: list[Failure] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many faults were injected."""
        return sum(self.coverage.faults.values())

    @property
    def violations(self) -> int:
        """How many breaches there were in all."""
        return sum(len(failure.violations) for failure in self.failures)

    def line(self) -> str:
        """The line that a run ends with."""
        return f"simulated: {self.coverage.seeds} seeds, {self.faults} faults, {self.violations} violations"


def simulate(
    seeds: Iterable[int], *, on_seed: Callable[[Simulation], None] = lambda _one: None, shrinks_max: int = 60, failures_max: int = 5
) -> Simulated:
    """
    Run *seeds*.  A seed that fails is shrunk by running its plan again with items left out, at most *shrinks_max* times; after
    *failures_max* failures the rest is not run.
    """
    found = Simulated()
    with few_collections():
        grounds = Grounds()
        for seed in seeds:
            simulation = run_plan(grounds, plan_of(seed))
            found.coverage.add(simulation.coverage)
            on_seed(simulation)
            if simulation.violations:
                found.failures.append(_failure(grounds, simulation, shrinks_max))
            if len(found.failures) >= failures_max:
                break
    return found


def run_plan(grounds: Grounds, plan: Plan) -> Simulation:
    """Run one plan."""
    simulation = Simulation(grounds, plan)
    simulation.run()
    return simulation


def digest_of(simulation: Simulation) -> str:
    """SHA-256 over the whole trace, in hex: the same for the same seed, everywhere."""
    return hashlib.sha256("\n".join(simulation.trace).encode()).hexdigest()


def _failure(grounds: Grounds, simulation: Simulation, shrinks_max: int) -> Failure:
    invariants = {one.invariant for one in simulation.violations}

    def still_fails(plan: Plan) -> bool:
        return bool(invariants & {one.invariant for one in run_plan(grounds, plan).violations})

    violations, plan = tuple(simulation.violations), simulation.plan
    if shrinks_max:
        plan = shrunk(plan, still_fails, shrinks_max)
        simulation = run_plan(grounds, plan)
    return Failure(plan.seed, violations, plan, tuple(simulation.trace))


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for garbage seldom, as a serving node does."""
    former = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_garbage_looked_for_every, *former[1:])
    try:
        yield
    finally:
        gc.set_threshold(*former)
        gc.unfreeze()
