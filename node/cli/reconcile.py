"""``qyzj reconcile`` and ``qyzj link``: does the superior hold what this node holds, and what to do when it does not."""

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText
from sqlalchemy import select

from node.cli import reparentings
from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.refusal import Code, Refusal
from node.domain.registry import GrantEpoch
from node.services import reconcile as services
from node.services import reconcile_wishes
from node.services.acting import Node, acting
from node.services.reconcile import Reconciled
from node.services.reconcile_wishes import Wish
from node.storage import schema
from node.storage.guard import Guard

if TYPE_CHECKING:
    from federation.client import Superior
    from federation.level import Level

OPERATOR = "operator"
# So many places are shown to people; a machine gets them all.
shown_max = 20

NodeCodeArgument = Annotated[str, typer.Argument(metavar="NODE", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb and the noun onto the program."""
    verbs.add(app, "reconcile", reconcile)
    noun = verbs.group(app, "link")
    verbs.add(noun, "grant", grant, key="link.grant")
    verbs.add(noun, "rejoin", rejoin, key="link.rejoin")
    verbs.add(noun, "begin", begin, key="link.begin")
    verbs.add(noun, "release", release, key="link.release")
    reparentings.add_to(noun, verbs)


def reconcile(session: Session) -> None:
    """Compare every entry with the superior, range by range, and ask each subordinate to; exit code 1 if something differs."""
    from federation import reconciling  # gRPC takes longest to load

    with session.node() as node:
        here = _level(node)
        here.writer.command(lambda work: reconciling.look(work, node.now(), node.wall()))
        with _superior(node) as found:
            if found is not None:
                peer, end = found
                _asked(lambda: reconciling.reconcile_with(here, peer, end), peer)
        # Only a subordinate dials: it is told when it greets.
        here.writer.command(lambda work: reconcile_wishes.ask(work, node.wall()))
        with node.store.read() as view:
            newest, asked = services.latest(view), reconcile_wishes.wishes(view)
    results = [newest[peer] for peer in sorted(newest)]
    body = {"reconciled": [reconciled_body(one) for one in results], "asked": [dataclasses.asdict(one) for one in asked]}

    def lines(console: Console) -> None:
        for one in results:
            show_reconciled(session, console, one, node.code)
        for wish in asked:
            show_wish(session, console, wish)

    session.answer(body, lines)
    if any(not one.agrees for one in results):
        raise typer.Exit(1)


def reconciled_body(found: Reconciled) -> dict[str, Any]:
    """A comparison, for machines."""
    return dataclasses.asdict(found) | {"agrees": found.agrees}


def show_reconciled(session: Session, console: Console, found: Reconciled, here: str) -> None:
    """A comparison, for people; that of the node *here* with itself is its look at every entry that it holds."""
    own = "own_" if found.peer == here else ""
    facts = {"peer": found.peer, "at": session.moment(found.at), "streams": found.streams, "entries": found.entries}
    if not own:
        facts["down"] = session.say("reconcile.not_down") if found.down is None else session.say("reconcile.down", count=found.down)
    if found.is_empty and not own:
        console.print(session.say("reconcile.empty", waiting=found.waiting, **facts))
        return
    if found.agrees:
        console.print(RichText(session.say(f"reconcile.{own}agrees", waiting=found.waiting, **facts), style="green"))
        return
    console.print(RichText(session.say(f"reconcile.{own}differs", count=found.differences, **facts), style="bold red"))
    for one in found.differing[:shown_max]:
        console.print(RichText(f"{one.subject or one.node}  {one.node}/{one.epoch}/{one.seq}", style="red"))


def show_wish(session: Session, console: Console, wish: Wish) -> None:
    """Whether a subordinate is asked to compare, for people; nothing if it is not."""
    last = (
        session.say("reconcile.never") if wish.compared_at is None else session.say("reconcile.last", at=session.moment(wish.compared_at))
    )
    if wish.asked_at is not None:
        console.print(session.say("reconcile.asked", peer=wish.peer, at=session.moment(wish.asked_at), last=last))
    elif wish.is_too_old:
        console.print(session.say("reconcile.too_old", peer=wish.peer, last=last))


# --- epochs and copies ------------------------------------------------------------------------------------------------


def grant(session: Session, node: NodeCodeArgument, reason: Reason) -> None:
    """Let a subordinate begin a new epoch: its journal and what is held of it here went apart."""
    from federation import epochs

    with session.node() as here:
        with here.store.read() as view:
            actor = acting(here, view, session.acting(OPERATOR), GrantEpoch(node))
        epoch = epochs.grant(_level(here), node, reason, actor)
    body = {"node": node, "epoch": epoch}
    session.answer(body, lambda console: console.print(session.say("link.granted", node=node, epoch=epoch)))


def rejoin(session: Session, reason: Reason) -> None:
    """Take back what the superior holds of this node, and begin the epoch that it granted."""
    from federation import epochs

    with session.node() as here:
        with here.store.read() as view:
            actor = acting(here, view, session.acting(OPERATOR), GrantEpoch(here.code))
        with _superior(here) as found:
            if found is None:
                raise Refusal(Code.NOTHING_GRANTED, node=here.code)
            peer, end = found
            done = _asked(lambda: epochs.rejoin(_level(here), end, reason, actor), peer)
    body = dataclasses.asdict(done)

    def lines(console: Console) -> None:
        console.print(session.say("link.rejoined", epoch=done.epoch, fetched=done.fetched, again=done.again))
        for taken, anew in sorted(done.anew.items()):
            console.print(RichText(session.say("link.anew", taken=taken, anew=anew), style="bold yellow"))
        if done.aside:
            console.print(RichText(session.say("link.aside", tickets=session.say("between").join(done.aside)), style="bold red"))

    session.answer(body, lines)


def begin(session: Session, reason: Reason) -> None:
    """Begin a new epoch at the top of the tree, where nobody grants one."""
    from federation import epochs

    with session.node() as here:
        with here.store.read() as view:
            actor = acting(here, view, session.acting(OPERATOR), GrantEpoch(here.code))
        epoch = epochs.start(_level(here), reason, actor)
    session.answer({"epoch": epoch}, lambda console: console.print(session.say("link.begun", epoch=epoch)))


def release(session: Session, node: NodeCodeArgument) -> None:
    """Let the link with a node of which two copies ran go on with the one that is left."""
    from federation import epochs

    with session.node() as here:
        with here.store.read() as view:
            acting(here, view, session.acting(OPERATOR), GrantEpoch(node))
        is_released = epochs.release(_level(here), node)
    key = "link.released" if is_released else "ticket.nothing"
    session.answer({"node": node, "released": is_released}, lambda console: console.print(session.say(key, node=node)))


def _level(node: Node) -> "Level":
    from federation.level import Level

    return Level(node.store, node.writer, node.handler, node.now, node.wall, time.monotonic, guard=Guard(node.settings.guard))


@contextmanager
def _superior(node: Node) -> "Iterator[tuple[str, Superior] | None]":
    """The superior's code and a channel to it, or None at the top."""
    from federation.client import Superior
    from federation.credentials import KeyFiles

    table = schema.links
    with node.store.read() as view:
        row = view.connection.execute(select(table.c.peer, table.c.address).where(table.c.side == "superior")).first()
    if row is None:
        yield None
        return
    end = Superior(row.address, KeyFiles(node.data_dir / "keys").uplink, node.code, row.peer, node.wall)
    try:
        yield row.peer, end
    finally:
        end.close()


def _asked(call: Any, peer: str) -> Any:
    """What *call* gives; a superior that does not answer is a refusal, like any other."""
    from federation.retry import CallFailed

    try:
        return call()
    except CallFailed as error:
        raise error.failure.refusal or Refusal(Code.PEER_AWAY, peer=peer, status=error.failure.status) from None
