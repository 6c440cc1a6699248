"""What the README tells a new user to type exists."""

import re
from pathlib import Path

from tests.support.tree import ROOT

FIRST_COMMANDS = {"demo", "test"}


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


def commands(readme: Path) -> set[str]:
    """The targets in `make TARGET` that stand in code: between back-quotes or in an indented or fenced line."""
    return set(re.findall(r"(?:^\s*(?:\$ )?|`)make ([a-z][a-z-]*)", readme.read_text("utf-8"), re.MULTILINE))


def targets() -> set[str]:
    """What the Makefile declares as a command."""
    declared = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return {name for line in declared for name in line.split()} & set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
