"""
What the READMEs, the runbook and the program's own sentences tell somebody to type exists: every make target, every verb of the
program with its options.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from node import app
from node.cli.console import Parts
from node.cli.main import program
from node.texts.catalogue import LANGS, Lang, catalogue, placeholders
from tests.support.tree import ROOT

FIRST_COMMANDS = {"demo", "test"}
READMES = ("README.md", "README.zh-CN.md", "docker/README.md", "federation/RUNBOOK.md")
PARTS = Parts(app.build, app.create, app.set_rehearsal_clock, app.serve)


def test_the_readme_names_the_two_first_commands():
    """`make demo` and `make test` are how somebody who cloned the repository begins."""
    assert set() == FIRST_COMMANDS - commands(ROOT / "README.md")


def test_every_command_of_the_readme_is_a_make_target():
    """A command that was renamed is renamed in the prose."""
    named = commands(ROOT / "README.md") | commands(ROOT / "README.zh-CN.md")

    assert set() == named - targets()


def test_both_languages_name_the_same_commands():
    """The Chinese README is complete: it names each command that the English one names, and no other."""
    assert commands(ROOT / "README.md") == commands(ROOT / "README.zh-CN.md")


@pytest.mark.parametrize("readme", READMES)
def test_every_line_for_the_program_can_be_typed_as_it_stands(readme: str):
    """Its verb exists, takes every option and argument that is given, and lacks none that it needs."""
    lines = [*fenced(ROOT / readme), *(line for line in quoted(ROOT / readme) if "--" in line)]

    assert lines
    assert {} == {line: fault for line in lines if (fault := fault_of(line))}


@pytest.mark.parametrize("readme", READMES)
def test_every_verb_that_prose_names_exists(readme: str):
    """`qyzj verify` between back-quotes is a verb, `ticket form` one of a noun."""
    named = {" ".join(word for word in line.split()[1:3] if re.fullmatch("[a-z][a-z-]+", word)) for line in quoted(ROOT / readme)}
    nouns = {path.partition(" ")[0] for path in verbs() if " " in path}
    named |= set(re.findall(rf"`((?:{'|'.join(sorted(nouns))}) [a-z][a-z-]+)`", (ROOT / readme).read_text("utf-8")))

    assert set() == named - set(verbs()) - nouns - {""}


@pytest.mark.parametrize("lang", LANGS)
def test_every_command_that_a_situation_or_a_remedy_names_can_be_typed_as_it_stands(lang: Lang):
    """Between back-quotes, so that one sees where it ends; with each option that it needs, a word standing for what is one's own."""
    told = {key: text for key, text in catalogue(lang).items() if key.startswith("situation.") or key.endswith((".remedy", "link.granted"))}

    lines = {(key, line.format(**dict.fromkeys(placeholders(line), "1"))) for key, text in told.items() for line in typed(text)}

    assert len(lines) > 30
    assert {} == {key: text for key, text in told.items() if re.search("qyzj [a-z]", re.sub("`[^`]*`", "", text))}
    assert {} == {(key, line): fault for key, line in sorted(lines) if (fault := fault_of(line))}


def test_the_check_itself_finds_what_is_wrong():
    """A verb, an option or an argument too many or too few is a fault."""
    wrong = ("qyzj stats", "qyzj status --loud", "qyzj ticket show", "qyzj join a b", "qyzj invite 520402 --name x")

    assert [] == [line for line in wrong if not fault_of(line)]


def commands(readme: Path) -> set[str]:
    """The targets in `make TARGET` that stand in code: between back-quotes or in an indented or fenced line."""
    return set(re.findall(r"(?:^\s*(?:\$ )?|`)make ([a-z][a-z-]*)", readme.read_text("utf-8"), re.MULTILINE))


def targets() -> set[str]:
    """What the Makefile declares as a command."""
    declared = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return {name for line in declared for name in line.split()} & set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )


def fenced(readme: Path) -> list[str]:
    """The lines for the program in fenced blocks, also behind `docker compose exec NODE`."""
    blocks = re.findall(r"^```\n(.*?)^```$", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [
        line[line.index("qyzj ") :]
        for block in blocks
        for line in block.splitlines()
        if re.match(r"(docker compose exec \w+ )?qyzj ", line)
    ]


def quoted(readme: Path) -> list[str]:
    """`qyzj ...` between back-quotes, also behind `docker compose exec NODE`; what is shortened by dots is no line to type."""
    found = typed(readme.read_text("utf-8"))
    return [line for line in found if "…" not in line and "..." not in line]


def typed(text: str) -> list[str]:
    """The lines for the program that stand in *text* between back-quotes."""
    return re.findall(r"`(?:docker compose exec \w+ )?(qyzj [^`\n]+)`", text)


def fault_of(line: str) -> str:
    """What the program would say against *line* before it did anything; "" if nothing."""
    words = shlex.split(line, comments=True)[1:]
    command = whole_program()
    try:
        context = command.make_context("qyzj", words)
        while getattr(command, "commands", None):
            name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
            context = command.make_context(name, words, parent=context)
    except typer.TyperException as error:
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"
    except typer.Exit:  # --help
        return ""
    return ""


def verbs() -> dict[str, Any]:
    """Every verb by its path, as "ticket form"."""
    return dict(_verbs(whole_program(), ""))


@cache
def whole_program() -> Any:
    """The program with all its verbs."""
    return typer.main.get_command(program(PARTS, "en"))


def _verbs(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, one in getattr(command, "commands", {}).items():
        yield from _verbs(one, f"{path}{name} ")
    if not getattr(command, "commands", None):
        yield path.strip(), command
