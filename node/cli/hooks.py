"""``qyzj hook``: other systems that are told of entries as they happen, and again from any position."""

import dataclasses
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.cli.staff import CENTRE
from node.cli.verbs import Verbs
from node.services import hooks as services
from node.services.registry import actor_of
from node.storage import hooks
from node.storage.hooks import Hook

HookId = Annotated[str, typer.Argument(metavar="HOOK", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "hook")
    verbs.add(noun, "add", add, key="hook.add")
    verbs.add(noun, "list", list_hooks, key="hook.list")
    verbs.add(noun, "remove", remove, key="hook.remove")
    verbs.add(noun, "replay", replay, key="hook.replay")


def add(
    session: Session,
    url: Annotated[str, typer.Argument(metavar="URL", show_default=False)],
    event: Annotated[list[str] | None, typer.Option("--event", metavar="KIND", show_default=False)] = None,
    start: Annotated[int | None, typer.Option("--from", metavar="NUMBER", min=0, show_default=False)] = None,
) -> None:
    """Tell an address of what happens from now on, or from a position on; its secret is shown this once."""
    account, _, role = session.acting(CENTRE).partition(":")
    with session.node() as node, node.store.write() as work:
        made, secret = services.add(work, account, role, url, tuple(event or ()), start, node.wall(), node.now())

    def lines(console: Console) -> None:
        console.print(session.say("hook.added", id=made.id, url=made.url, position=made.position))
        console.print(secret, soft_wrap=True)

    session.answer({"hook": _body(made), "secret": secret}, lines)


def list_hooks(session: Session) -> None:
    """Every hook: how far it was told, and why not further."""
    with session.node() as node, node.store.read() as view:
        found, end = hooks.listed(view.connection), view.head.taken
    session.answer({"hooks": [_body(one) for one in found], "end": end}, lambda console: _show(session, console, found, end))


def remove(session: Session, hook: HookId) -> None:
    """Tell an address nothing more."""
    account, _, role = session.acting(CENTRE).partition(":")
    with session.node() as node, node.store.write() as work:
        services.remove(work, hook, actor_of(work.connection, node.code, account, role), node.now())
    session.answer({"removed": hook}, lambda console: console.print(session.say("hook.removed", id=hook)))


def replay(
    session: Session,
    hook: HookId,
    start: Annotated[int, typer.Option("--from", metavar="NUMBER", min=0, show_default=False)],
) -> None:
    """Tell an address once more what happened behind a position."""
    with session.node() as node, node.store.write() as work:
        moved = hooks.move_to(work.connection, hook, start, node.wall())
    session.answer({"hook": _body(moved)}, lambda console: console.print(session.say("hook.moved", id=hook, position=start)))


def _body(one: Hook) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}


def _show(session: Session, console: Console, found: list[Hook], end: int) -> None:
    table = session.table("hooks", "hook", "url", "account", "event", "waiting", "attempts", "error", "until", end=end)
    for one in found:
        waits = str(max(end - one.position, 0))
        again = session.moment(one.next_at) if one.attempts else ""
        kinds = ", ".join(one.kinds)
        table.add_row(one.id, one.url, f"{one.account}:{one.role}", kinds, waits, str(one.attempts), one.error, again)
    console.print(table)
