"""``qyzj bench``: the ratios of the design, measured side by side in one run."""

import typer

from node.cli.console import Session
from node.cli.verbs import Verbs


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "bench", bench)


def bench(session: Session) -> None:
    """Measure and show one line a ratio."""
    from federation.rehearsal import bench as rehearsal  # brings the links with it

    console = session.console()
    console.quiet = session.as_json
    measured = rehearsal.run(session.parts.create, session.parts.set_clock, console=console)
    session.answer(measured.body(), measured.show)
