"""``qyzj bench``: the ratios of the design, measured side by side in one run."""

from importlib import import_module
from importlib.util import find_spec

import typer

from node.cli.console import Session
from node.cli.verbs import Verbs

# Written with the history of measurements; a program without it says so.
MODULE = "federation.rehearsal.bench"


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program, if this program can measure."""
    if find_spec(MODULE) is not None:
        verbs.add(app, "bench", bench)


def bench(session: Session) -> None:
    """Measure and show one line a ratio."""
    console = session.console()
    console.quiet = session.as_json
    found = import_module(MODULE).run(session.parts.create, session.parts.set_clock, console=console)
    session.answer(found.body(), found.show)
