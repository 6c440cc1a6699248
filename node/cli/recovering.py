"""``qyzj recover``: a node made anew opens what its lost keys had sealed; or a drill that says whether the paper is the right one."""

import dataclasses
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from node.cli.console import Session, Usage
from node.cli.verbs import Verbs
from node.services import recovery


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "recover", recover)


def recover(
    session: Session,
    key_file: Annotated[Path | None, typer.Option("--key-file", metavar="FILE", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check", show_default=False)] = False,
) -> None:
    """Open again with the recovery key what was sealed before the keys were lost; ``--check`` only says whether it is this node's."""
    session.need_node()
    printed = _typed(session, key_file)
    with session.node() as node:
        if check:
            assert node.store.ring is not None
            is_current = recovery.is_current(node.store.ring, printed)
            said = session.say("recover.current" if is_current else "recover.other")
            session.answer({"is_current": is_current}, lambda console: console.print(said))
            if not is_current:
                raise typer.Exit(1)
            return
        found = node.writer.command(lambda work: recovery.recover(work, printed))
    session.answer(
        dataclasses.asdict(found),
        lambda console: console.print(session.say("recover.done" if found.opened else "recover.nothing", **dataclasses.asdict(found))),
    )


def _typed(session: Session, key_file: Path | None) -> str:
    """From the file, or as it is typed at a terminal, unseen; a key on the command line would stand in the shell's history."""
    if key_file is None:
        if not sys.stdin.isatty():
            raise Usage("file_unreadable", option="--key-file", file="-")
        return getpass(session.say("recover.ask"))
    try:
        return key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("file_unreadable", option="--key-file", file=key_file) from error
