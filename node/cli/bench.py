"""``qyzj bench``: the ratios of the design, measured side by side in one run."""

import sys
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.services.bodies import as_json


class Only(Enum):
    """The parts of a bench."""

    W1 = "W1"
    W2 = "W2"
    W3 = "W3"
    W4 = "W4"
    W5 = "W5"
    PAGES = "pages"
    LIMITS = "limits"


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "bench", bench)


def bench(
    session: Session,
    only: Annotated[list[Only] | None, typer.Option("--only")] = None,
    tiny: Annotated[bool, typer.Option("--tiny")] = False,
    tickets: Annotated[int, typer.Option("--tickets", min=100, show_default=True)] = 20_000,
    page_tickets: Annotated[list[int] | None, typer.Option("--page-tickets", min=1_000, show_default="100000")] = None,
    into: Annotated[Path | None, typer.Option("--into", dir_okay=False)] = None,
) -> None:
    """Measure, show one line a ratio, and write what was measured into a file if one is named."""
    from federation.rehearsal import bench as rehearsal  # brings the links with it

    console = session.console(sys.stderr)
    console.quiet = session.as_json
    sizes = rehearsal.TINY if tiny else rehearsal.sizes_of(tickets, tuple(page_tickets or (100_000,)))
    names = tuple(one.value for one in only or ())
    measured = rehearsal.run(session.parts.create, _version(), names, sizes, console=console)
    if into is not None:
        into.write_text(as_json(measured.body()) + "\n", encoding="utf-8")
    session.answer(measured.body(), measured.show)


def _version() -> str:
    try:
        return metadata.version("qyzj")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return ""
