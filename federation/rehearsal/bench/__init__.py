"""
``qyzj bench``: ratios of the design (DESIGN 12), measured side by side in one run; never a single absolute time.

One module a W: ``upward`` (W1), ``escalation`` (W2), ``partition`` (W3), ``cities`` (W4), ``intake`` (W5), ``pages``; ``due_times``
beside them.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from federation.rehearsal.bench import cities, due_times, escalation, intake, pages, partition, upward
from federation.rehearsal.bench.figures import Measured, Part, machine
from federation.rehearsal.stage import Create


@dataclass(frozen=True)
class Sizes:
    """How much each W measures."""

    w1: upward.Size = field(default_factory=upward.Size)
    w2: escalation.Size = field(default_factory=escalation.Size)
    w3: partition.Size = field(default_factory=partition.Size)
    w4: cities.Size = field(default_factory=cities.Size)
    w5: intake.Size = field(default_factory=intake.Size)
    desks: pages.Size = field(default_factory=pages.Size)
    due_times: int = due_times.asked_per_second


# To try whether everything runs: too small to say anything.
TINY = Sizes(
    w1=upward.Size(tickets=120, singles=20, rounds=1),
    w2=escalation.Size(escalations=5, samples=20, unmeasured=1),
    w3=partition.Size(tickets=300, few_tickets=120),
    w4=cities.Size(entries=1_500, links=2, rounds=1),
    w5=intake.Size(seconds=0.5, rounds=1),
    desks=pages.Size(tickets=(1_000,), seconds=2.0, others=1, pause_seconds=0.5),
    due_times=200,
)


def sizes_of(tickets: int, page_tickets: tuple[int, ...]) -> Sizes:
    """The usual sizes, with so many tickets behind the partition of W3, and in the nodes whose pages are looked at."""
    return Sizes(w3=partition.Size(tickets=tickets), desks=pages.Size(tickets=page_tickets))


Run = Callable[[Create, Path, Sizes], list[Part]]
PARTS: Mapping[str, Run] = {
    "W1": lambda create, home, sizes: upward.run(create, home, sizes.w1),
    "W2": lambda create, home, sizes: escalation.run(create, home, sizes.w2),
    "W3": lambda create, home, sizes: partition.run(create, home, sizes.w3),
    "W4": lambda create, home, sizes: cities.run(create, home, sizes.w4),
    "W5": lambda create, home, sizes: intake.run(create, home, sizes.w5),
    "pages": lambda create, home, sizes: pages.run(create, home, sizes.desks),
    "limits": lambda _create, _home, sizes: [due_times.run(sizes.due_times)],
}


def run(create: Create, program: str, names: tuple[str, ...], sizes: Sizes, *, console: Console) -> Measured:
    """Measure the parts *names* (of ``PARTS``), or all, one after the other: they would disturb each other."""
    parts: list[Part] = []
    with tempfile.TemporaryDirectory(prefix="qyzj-bench-") as home:
        for name in names or tuple(PARTS):
            with console.status(name):
                parts += PARTS[name](create, Path(home) / name, sizes)
    return Measured(machine(program), tuple(parts))
