"""What ``--help`` says: nobody has to guess what an option wants."""

from collections.abc import Iterator

import pytest
import typer
import typer.core

from node import app
from node.cli.console import Parts
from node.cli.main import program
from node.texts.catalogue import LANGS, Lang, catalogue


@pytest.mark.parametrize("lang", LANGS)
def test_every_option_of_every_verb_says_what_it_wants(lang: Lang):
    """An option without a word of help is one that its user has to try out, on a real ticket."""
    silent = [f"{verb} {option.name}" for verb, option in options(lang) if not getattr(option, "help", "")]

    assert [] == silent


def test_every_text_of_an_option_belongs_to_a_verb_that_exists():
    """[cli.option.ticket-list] speaks for the options of `ticket list`: after a renaming nobody would show it."""
    known = {f"{verb.replace(' ', '-')}.{option.name}" for verb, option in options("zh-CN")}
    said = {key.removeprefix("cli.option.") for key in catalogue("zh-CN") if key.startswith("cli.option.") and key.count(".") == 3}

    assert set() == said - known


def options(lang: Lang) -> Iterator[tuple[str, typer.core.TyperOption | typer.core.TyperArgument]]:
    """Each option and argument of each verb with the verb as it is typed."""
    whole = typer.main.get_command(program(Parts(app.build, app.create, app.set_rehearsal_clock, app.serve), lang))
    yield from _below(whole, "")


def _below(command: object, path: str) -> Iterator[tuple[str, typer.core.TyperOption | typer.core.TyperArgument]]:
    if isinstance(command, typer.core.TyperGroup):
        for name, one in command.commands.items():
            yield from _below(one, f"{path} {name}".strip())
    elif isinstance(command, typer.core.TyperCommand):
        for option in command.params:
            if isinstance(option, typer.core.TyperOption | typer.core.TyperArgument):
                yield path, option
