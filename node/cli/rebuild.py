"""``qyzj rebuild`` and ``qyzj verify``: is what the node shows what its journal says, and is the journal what it was?"""

import dataclasses
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.services import rebuild as services
from node.services.verify import Verdict
from node.services.verify import verify as verify_node


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put both verbs onto the program."""
    verbs.add(app, "rebuild", rebuild)
    verbs.add(app, "verify", verify)


def rebuild(session: Session, check: Annotated[bool, typer.Option("--check", show_default=False)] = False) -> None:
    """Fold the readings anew from the journal; with ``--check`` only report what differs, with exit code 1."""
    with session.node() as node:
        found = services.check(node.store) if check else services.rebuild(node.store)
    body = dataclasses.asdict(found) | {"agrees": found.agrees}
    session.answer(body, lambda console: _show(session, console, found))
    if check and not found.agrees:
        raise typer.Exit(1)


def _show(session: Session, console: Console, found: services.Rebuilt) -> None:
    key = "rebuild.agrees" if found.agrees else "rebuild.repaired" if found.is_kept else "rebuild.differs"
    sentence = session.say(key, entries=found.entries, rows=found.rows, count=len(found.differences))
    console.print(RichText(sentence, style="green" if found.agrees else "red"))
    if found.differences:
        table = session.table("differences", "table", "key", "difference", "columns")
        for one in found.differences:
            table.add_row(one.table, " / ".join(one.key), session.word("difference", one.kind), ", ".join(one.columns))
        console.print(table)
    if found.quarantine:
        console.print(RichText(session.say("lane.aside", count=found.quarantine), style="bold red"))


def verify(session: Session) -> None:
    """Check entries, streams, sealed payloads and blobs against their digests; exit code 1 if something is wrong."""
    with session.node() as node, node.store.read() as view:
        verdict = verify_node(view, node.blobs)
    session.answer(verdict_body(verdict), lambda console: show_verdict(session, console, verdict))
    if not verdict.is_sound:
        raise typer.Exit(1)


def verdict_body(verdict: Verdict) -> dict[str, object]:
    """What was verified, for machines."""
    return dataclasses.asdict(verdict) | {"is_sound": verdict.is_sound}


def show_verdict(session: Session, console: Console, verdict: Verdict) -> None:
    """What was verified, for people."""
    table = session.table("streams", "node", "epoch", "entries", "root")
    for stream in verdict.streams:
        table.add_row(stream.node, str(stream.epoch), str(stream.size), stream.root)
    console.print(table)
    facts = {"entries": verdict.entries, "payloads": verdict.payloads, "blobs": verdict.blobs}
    if verdict.is_sound:
        console.print(RichText(session.say("verify.sound", **facts), style="green"))
        return
    console.print(RichText(session.say("verify.flawed", count=len(verdict.flaws), **facts), style="bold red"))
    for flaw in verdict.flaws:
        console.print(RichText(f"{session.word('flaw', flaw.kind)}  {flaw.place}", style="red"))
