"""``qyzj backup`` and ``qyzj restore``."""

import dataclasses
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from node.cli.console import Session, Usage, need_room, unwritable
from node.cli.rebuild import show_verdict, verdict_body
from node.cli.verbs import Verbs
from node.services import backup as services

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
PassPhraseFile = Annotated[Path, typer.Option("--pass-phrase-file", metavar="FILE", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put both verbs onto the program."""
    verbs.add(app, "backup", backup)
    verbs.add(app, "restore", restore)


def backup(session: Session, file: File, pass_phrase_file: PassPhraseFile) -> None:
    """Write the whole node into one file, while it runs if need be."""
    pass_phrase = _pass_phrase(pass_phrase_file)
    if not file.exists():  # one that exists has a refusal of its own
        need_room(file)
    with session.node() as node:
        try:
            made = services.back_up(node.settings, node.store, file, pass_phrase, os.urandom, node.wall())
        except OSError as error:
            raise unwritable(file, error) from error
    body = dataclasses.asdict(made)
    session.answer(
        body,
        lambda console: console.print(
            session.say("backup.made", file=file, node=made.node, taken=made.taken, files=made.files, size=made.size_bytes)
        ),
    )


def restore(
    session: Session,
    file: File,
    pass_phrase_file: PassPhraseFile,
    database: Annotated[str, typer.Option("--database", metavar="URL", show_default=False)] = "",
    verify: Annotated[bool, typer.Option("--verify", show_default=False)] = False,
) -> None:
    """Make the data directory, which must be empty, into the node that the file holds."""
    if not file.is_file():
        raise Usage("file_unreadable", option="FILE", file=file)
    pass_phrase = _pass_phrase(pass_phrase_file)
    try:
        found = services.restore(file, session.data, pass_phrase, database_url=database, verifies=verify)
    except OSError as error:
        raise unwritable(session.data, error) from error
    body = {
        "node": found.node,
        "made_at": found.made_at,
        "taken": found.taken,
        "files": found.files,
        "verdict": None if found.verdict is None else verdict_body(found.verdict),
    }

    def lines(console: Console) -> None:
        made_at = session.moment(datetime.fromisoformat(found.made_at))
        console.print(
            session.say(
                "backup.restored",
                node=found.node,
                made_at=made_at,
                taken=found.taken,
                directory=session.data,
            )
        )
        if found.verdict is not None:
            show_verdict(session, console, found.verdict)
        console.print(session.say("backup.behind"))

    session.answer(body, lines)
    if found.verdict is not None and not found.verdict.is_sound:
        raise typer.Exit(1)


def _pass_phrase(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("file_unreadable", option="--pass-phrase-file", file=file) from error
