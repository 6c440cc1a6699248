"""``qyzj simulate``: seven nodes under faults in virtual time, seed by seed; exit code 1 if an invariant broke."""

import itertools
import sys
import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.verbs import Verbs


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "simulate", simulate)


def simulate(
    session: Session,
    seeds: Annotated[int, typer.Option("--seeds", min=1, show_default=True)] = 10,
    first_seed: Annotated[int, typer.Option("--first-seed", min=0, show_default=True)] = 1,
    minutes: Annotated[float, typer.Option("--minutes", min=0, show_default=False)] = 0,
) -> None:
    """
    Run so many seeds from the first one on, and more until *minutes* are over; say what they met; exit code 1 if an invariant
    broke.
    """
    from federation.simulation import report  # brings the whole federation with it
    from federation.simulation.run import simulate as run_seeds

    progress = session.console(sys.stderr)
    progress.quiet = session.as_json
    with progress.status(session.say("simulate.begins", count=seeds)) as shown:
        found = run_seeds(
            _seeds(first_seed, seeds, minutes),
            on_seed=lambda one: shown.update(session.say("simulate.seed", seed=one.plan.seed)),
        )
    for failure in found.failures:
        for line in report.failure_lines(failure):
            progress.print(RichText(line, style="red" if line.startswith("seed ") else ""))
    lines = [*report.coverage_lines(found), found.line()]
    session.answer(report.body(found), lambda console: console.print(RichText("\n".join(lines))))
    if found.failures:
        raise typer.Exit(1)


def _seeds(first: int, least: int, minutes: float) -> Iterator[int]:
    end = time.monotonic() + minutes * 60
    return itertools.takewhile(lambda seed: seed < first + least or time.monotonic() < end, itertools.count(first))
