"""``qyzj pack``: policy packs, checked before they are adopted."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli import pack_views
from node.cli.console import Session
from node.cli.pack_files import SUFFIX, PackName, effective, find_beside, plain_rule, text_of
from node.cli.staff import CENTRE
from node.cli.verbs import Verbs
from node.domain.interpretation import PublishInterpretation
from node.domain.pack import Pack
from node.domain.payload import Text
from node.domain.registry import AdoptPack
from node.packs import linter
from node.packs.difference import plain
from node.packs.fault import FaultyPack
from node.packs.file import Find, effective_pack, parse_pack, shipped
from node.services.acting import Node, act
from node.services.bodies import outcome_body
from node.services.interpretations import published_notes
from node.services.policies import bundle

Clause = Annotated[str, typer.Argument(metavar="CLAUSE", show_default=False)]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "pack")
    verbs.add(noun, "list", list_packs, key="pack.list")
    verbs.add(noun, "check", check, key="pack.check")
    verbs.add(noun, "show", show, key="pack.show")
    verbs.add(noun, "adopt", adopt, key="pack.adopt")
    verbs.add(noun, "interpret", interpret, key="pack.interpret")
    verbs.add(noun, "notes", notes, key="pack.notes")
    verbs.add(noun, "diff", pack_views.diff, key="pack.diff")
    verbs.add(noun, "graph", pack_views.graph, key="pack.graph")
    verbs.add(noun, "what-if", pack_views.try_on, key="pack.what-if")


def list_packs(session: Session) -> None:
    """The packs that come with the program, and the node's own."""
    own = sorted(path.name.removesuffix(SUFFIX) for path in (session.data / "packs").glob(f"*{SUFFIX}"))
    found = [parse_pack(id, text_of(session, id)[1]) for id in sorted({*shipped(), *own})]
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
    name, text = text_of(session, pack)
    faults = linter.check(name, text, find_beside(session, pack))
    if faults:
        raise FaultyPack(faults)
    session.answer({"pack": name, "faults": []}, lambda console: console.print(session.say("pack.sound", file=name)))


def show(session: Session, pack: PackName) -> None:
    """A pack with its parents: every key, its value, its clause and the pack that gave it."""
    found = effective(session, pack)
    body = {
        **_head(found),
        "rules": {key: plain_rule(rule) for key, rule in found.rules.items()},
    }

    def lines(console: Console) -> None:
        console.print(session.say("status.pack", id=found.id, version=found.version, digest=found.digest, day=found.effective_from))
        table = session.table("", "key", "value", "clause", "origin")
        for key, rule in found.rules.items():
            value = plain(rule.value)
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            table.add_row(key, shown, rule.clause, rule.origin)
        console.print(table)

    session.answer(body, lines)


def adopt(session: Session, pack: PackName, reason: Reason = "") -> None:
    """
    Put a pack into force here; a file is copied into the node's own packs first.  An administrator who stands in for the unit
    that interprets the pack in force gives his reason (FJ25-6.16).
    """
    name, text = text_of(session, pack)
    id = parse_pack(name, text).id
    check_whole(id, text, find_beside(session, pack))
    with session.node() as node:
        if pack.endswith(SUFFIX):
            keep_own(node.data_dir, id, text)
        outcome = act(node, session.acting(CENTRE), adoption(node, id, reason))
    found = effective(session, id)

    def lines(console: Console) -> None:
        key = "pack.adopted" if outcome.entries else "ticket.nothing"
        console.print(session.say(key, id=found.id, version=found.version, day=found.effective_from))

    session.answer({**outcome_body(outcome, ""), "pack": _head(found)}, lines)


def interpret(session: Session, clause: Clause, note: Note, reason: Reason = "") -> None:
    """Publish how a clause of the pack in force is to be read (FJ25-6.16)."""
    with session.node() as node:
        command = PublishInterpretation(clause, Text(note), Text(reason) if reason else None)
        outcome = act(node, session.acting(CENTRE), command)
    session.answer(outcome_body(outcome, ""), lambda console: console.print(session.say("pack.interpreted", clause=clause)))


def notes(session: Session) -> None:
    """The interpretations that were published here, the latest first."""
    with session.node() as node, node.store.read() as view:
        found = published_notes(view)

    def lines(console: Console) -> None:
        table = session.table("", "day", "clause", "note", "author")
        for one in found:
            table.add_row(session.moment(one.at), one.clause, one.note, one.account)
        console.print(table)

    session.answer({"notes": [asdict(one) for one in found]}, lines)


def adoption(node: Node, id: str, reason: str = "") -> AdoptPack:
    """The command that puts the pack *id* into force at *node*, its text stored."""
    found = effective_pack(id, node.find_pack)
    blob = node.blobs.put(bundle(found.id, node.find_pack))
    return AdoptPack(found.id, found.version, found.digest, blob, found.effective_from, Text(reason) if reason else None)


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


def _head(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "level": pack.level,
        "digest": pack.digest,
        "effective_from": pack.effective_from,
        "parents": list(pack.parents),
    }
