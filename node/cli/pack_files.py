"""Packs as somebody calls them on the command line: by file, or by id among the node's own and the shipped ones."""

from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.console import Session, Usage
from node.domain.pack import Pack, Rule
from node.packs.difference import plain
from node.packs.fault import Fault, FaultyPack
from node.packs.fault import Rule as FaultRule
from node.packs.file import Find, effective_pack, finder, parse_pack

SUFFIX = ".toml"
PackName = Annotated[str, typer.Argument(metavar="FILE|ID", show_default=False)]


def read_pack_file(path: Path) -> str:
    """
    The text of a pack file.

    Raises:
        Usage: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("file_unreadable", option="FILE", file=path) from error


def text_of(session: Session, pack: str) -> tuple[str, str]:
    """Name and text of what somebody calls by file or id."""
    if pack.endswith(SUFFIX):
        return Path(pack).name, read_pack_file(Path(pack))
    text = finder(session.data / "packs")(pack)
    if text is None:
        raise FaultyPack([Fault(f"{pack}{SUFFIX}", "", FaultRule.PACK_UNKNOWN, {"pack": pack})])
    return f"{pack}{SUFFIX}", text


def find_beside(session: Session, pack: str) -> Find:
    """Parents lie beside the file, among the node's own packs, or come with the program."""
    folders = [Path(pack).parent] if pack.endswith(SUFFIX) else []
    return finder(*folders, session.data / "packs")


def effective(session: Session, pack: str) -> Pack:
    """The pack that somebody calls by file or id, over its parents."""
    name, text = text_of(session, pack)
    id = parse_pack(name, text).id
    find = find_beside(session, pack)
    return effective_pack(id, lambda wanted: text if wanted == id else find(wanted))


def plain_rule(rule: Rule | None) -> dict[str, Any] | None:
    """A rule as JSON has it."""
    return None if rule is None else {"value": plain(rule.value), "clause": rule.clause, "origin": rule.origin}
