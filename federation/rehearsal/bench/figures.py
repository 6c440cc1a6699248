"""
What a bench gives back: figures, every one a ratio of two things measured in the same run, and the table that shows them.

``floor`` is what a release must show, ``goal`` what it should (DESIGN 12); a figure without them only says where it stands.
"""

import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pysqlite3.dbapi2 as sqlite
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """
    The ratio ``value`` = ``measured`` / ``against``, both in ``unit``, the median of ``rounds``.

    ``is_cost``: smaller is better, and floor and goal are what it may be at most.
    """

    key: str
    value: float
    measured: float
    against: float
    unit: str
    floor: float | None = None
    goal: float | None = None
    is_cost: bool = False
    rounds: tuple[float, ...] = ()

    @property
    def reached(self) -> str:
        """ "goal", "floor", "no", or "" where nothing is asked."""
        if self.floor is None or self.goal is None:
            return ""
        if self._holds(self.goal):
            return "goal"
        return "floor" if self._holds(self.floor) else "no"

    def _holds(self, bound: float) -> bool:
        return self.value <= bound if self.is_cost else self.value >= bound


def figure(
    key: str,
    pairs: Sequence[tuple[float, float]],
    unit: str,
    floor: float | None = None,
    goal: float | None = None,
    *,
    is_cost: bool = False,
) -> Figure:
    """The figure of one round or more, each (measured, against): the round whose ratio is the median."""
    ratios = [measured / against for measured, against in pairs]
    measured, against = pairs[ratios.index(statistics.median_low(ratios))]
    return Figure(key, measured / against, measured, against, unit, floor, goal, is_cost, tuple(ratios))


@dataclass(frozen=True)
class Part:
    """One W: its figures, what it counted beside them, and, where it could not run, why."""

    name: str
    figures: tuple[Figure, ...] = ()
    counts: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""


@dataclass(frozen=True)
class Measured:
    """What a bench gives back."""

    machine: dict[str, Any]
    parts: tuple[Part, ...]

    def body(self) -> dict[str, Any]:
        """For programs."""
        parts = [
            {**asdict(part), "figures": [asdict(one) | {"rounds": list(one.rounds), "reached": one.reached} for one in part.figures]}
            for part in self.parts
        ]
        return {"machine": self.machine, "parts": parts}

    def show(self, console: Console) -> None:
        """For people."""
        table = Table(title=", ".join(f"{name} {value}" for name, value in self.machine.items()), title_justify="left")
        for name in ("", "ratio", "floor", "goal", "reached", "measured", "against", "unit"):
            table.add_column(name, justify="left" if name in ("", "reached", "unit") else "right")
        for part in self.parts:
            if part.skipped:
                table.add_row(f"{part.name}: {part.skipped}", style="yellow")
            for one in part.figures:
                style = "yellow" if one.reached == "no" else ""
                bounds = ["" if bound is None else f"{bound:g}" for bound in (one.floor, one.goal)]
                values = f"{one.value:.3g}", *bounds, one.reached, _plain(one.measured), _plain(one.against), one.unit
                table.add_row(f"{part.name} {one.key}", *values, style=style)
            for name, count in part.counts.items():
                table.add_row(f"{part.name} {name}", str(count))
        console.print(table)


def machine(program: str) -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "cpus": len(_cpus()),
        "cpu": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite.sqlite_version,
        "program": program,
    }


def _cpus() -> Sequence[int]:
    import os

    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
