"""``qyzj demo``: the rehearsal of three levels."""

import dataclasses
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from node.cli.command_line import moment_of
from node.cli.console import Session
from node.cli.verbs import Verbs


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "demo", demo)


def demo(
    session: Session,
    keep: Annotated[bool, typer.Option("--keep", show_default=False)] = False,
    directory: Annotated[Path | None, typer.Option("--directory", metavar="DIR", show_default=False)] = None,
    until: Annotated[str, typer.Option("--until", metavar="TIME", show_default=False)] = "",
) -> None:
    """Play nine weeks of a province, a city and two counties; exit code 1 if the levels do not agree."""
    from federation.rehearsal import demo as rehearsal  # brings the whole story with it

    moment = moment_of("until", until)
    console = session.console()
    console.quiet = session.as_json
    home = directory or Path(tempfile.mkdtemp(prefix="qyzj-demo-"))
    try:
        played = rehearsal.run(session.parts.create, session.parts.set_clock, keep=keep, console=console, directory=home, until=moment)
    except BaseException:
        # Whatever ended it: what the nodes did can be read there.
        session.console(sys.stderr).print(session.say("demo.failed", directory=home))
        raise
    agreement = played.agreement
    if not agreement.is_ok:
        session.console(sys.stderr).print(session.say("demo.broken", directory=home))
    elif directory is None and not keep:
        shutil.rmtree(home)
    body = dataclasses.asdict(played) | {"line": agreement.line()}
    session.answer(body, lambda out: out.print(agreement.line()))
    if not agreement.is_ok:
        raise typer.Exit(1)
