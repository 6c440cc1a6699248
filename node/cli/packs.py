"""``qyzj pack``: policy packs, checked before they are adopted."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.act import Node, act
from node.cli.console import Session, Usage
from node.cli.staff import CENTRE
from node.cli.tickets import outcome_body
from node.cli.verbs import Verbs
from node.domain.pack import Pack
from node.domain.registry import AdoptPack
from node.domain.time import Limit
from node.packs import linter
from node.packs.fault import Fault, FaultyPack, Rule
from node.packs.file import Find, effective_pack, finder, limit_text, parse_pack, shipped
from node.services.policies import bundle

SUFFIX = ".toml"
PackName = Annotated[str, typer.Argument(metavar="FILE|ID", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "pack")
    verbs.add(noun, "list", list_packs, key="pack.list")
    verbs.add(noun, "check", check, key="pack.check")
    verbs.add(noun, "show", show, key="pack.show")
    verbs.add(noun, "adopt", adopt, key="pack.adopt")


def list_packs(session: Session) -> None:
    """The packs that come with the program, and the node's own."""
    own = sorted(path.name.removesuffix(SUFFIX) for path in (session.data / "packs").glob(f"*{SUFFIX}"))
    found = [parse_pack(id, _text_of(session, id)[1]) for id in sorted({*shipped(), *own})]
    body = [
        {"id": one.id, "version": one.version, "name": one.name, "level": one.level, "effective_from": one.effective_from} for one in found
    ]

    def lines(console: Console) -> None:
        table = session.table("packs", "pack", "version", "name", "level", "effective_from")
        for one in found:
            table.add_row(one.id, one.version, one.name, session.word("level", one.level), one.effective_from.isoformat())
        console.print(table)

    session.answer({"packs": body}, lines)


def check(session: Session, pack: PackName) -> None:
    """Name every fault of a pack: file, key, rule."""
    name, text = _text_of(session, pack)
    faults = linter.check(name, text, _find(session, pack))
    if faults:
        raise FaultyPack(faults)
    session.answer({"pack": name, "faults": []}, lambda console: console.print(session.say("pack.sound", file=name)))


def show(session: Session, pack: PackName) -> None:
    """A pack with its parents: every key, its value, its clause and the pack that gave it."""
    found = _effective(session, pack)
    body = {
        **_head(found),
        "rules": {key: {"value": _plain(rule.value), "clause": rule.clause, "origin": rule.origin} for key, rule in found.rules.items()},
    }

    def lines(console: Console) -> None:
        console.print(session.say("status.pack", id=found.id, version=found.version, digest=found.digest, day=found.effective_from))
        table = session.table("", "key", "value", "clause", "origin")
        for key, rule in found.rules.items():
            value = _plain(rule.value)
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            table.add_row(key, shown, rule.clause, rule.origin)
        console.print(table)

    session.answer(body, lines)


def adopt(session: Session, pack: PackName) -> None:
    """Put a pack into force here; a file is copied into the node's own packs first."""
    name, text = _text_of(session, pack)
    id = parse_pack(name, text).id
    check_whole(id, text, _find(session, pack))
    with session.node() as node:
        if pack.endswith(SUFFIX):
            keep_own(node.data_dir, id, text)
        outcome = act(node, session.acting(CENTRE), adoption(node, id))
    found = _effective(session, id)

    def lines(console: Console) -> None:
        key = "pack.adopted" if outcome.entries else "ticket.nothing"
        console.print(session.say(key, id=found.id, version=found.version, day=found.effective_from))

    session.answer({**outcome_body(outcome, ""), "pack": _head(found)}, lines)


def adoption(node: Node, id: str) -> AdoptPack:
    """The command that puts the pack *id* into force at *node*, its text stored."""
    found = effective_pack(id, node.find_pack)
    return AdoptPack(found.id, found.version, found.digest, node.blobs.put(bundle(found.id, node.find_pack)), found.effective_from)


def check_whole(id: str, text: str, find: Find) -> None:
    """
    Refuse a pack that cannot be used.

    Raises:
        FaultyPack: with everything that is wrong.
    """
    faults = linter.check(f"{id}{SUFFIX}", text, find)
    if faults:
        raise FaultyPack(faults)


def keep_own(data_dir: Path, id: str, text: str) -> None:
    """Keep a pack among the node's own: an upgrade of the program does not touch it (USERS B20)."""
    (data_dir / "packs").mkdir(parents=True, exist_ok=True)
    (data_dir / "packs" / f"{id}{SUFFIX}").write_text(text, encoding="utf-8")


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


def _text_of(session: Session, pack: str) -> tuple[str, str]:
    """Name and text of what somebody calls by file or id."""
    if pack.endswith(SUFFIX):
        return Path(pack).name, read_pack_file(Path(pack))
    text = finder(session.data / "packs")(pack)
    if text is None:
        raise FaultyPack([Fault(f"{pack}{SUFFIX}", "", Rule.PACK_UNKNOWN, {"pack": pack})])
    return f"{pack}{SUFFIX}", text


def _find(session: Session, pack: str) -> Find:
    """Parents lie beside the file, among the node's own packs, or come with the program."""
    folders = [Path(pack).parent] if pack.endswith(SUFFIX) else []
    return finder(*folders, session.data / "packs")


def _effective(session: Session, pack: str) -> Pack:
    name, text = _text_of(session, pack)
    id = parse_pack(name, text).id
    find = _find(session, pack)
    return effective_pack(id, lambda wanted: text if wanted == id else find(wanted))


def _head(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "level": pack.level,
        "digest": pack.digest,
        "effective_from": pack.effective_from,
        "parents": list(pack.parents),
    }


def _plain(value: object) -> Any:
    if isinstance(value, Limit):
        return limit_text(value)
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value
