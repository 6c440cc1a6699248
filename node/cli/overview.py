"""``qyzj overview``: the whole subtree by origin, as far as the account's scope shows it (AS25-3.1.1a)."""

import dataclasses

import typer
from rich.console import Console

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.cli.viewing import viewer_of
from node.services import figures

# What a line shows; the answer for machines has all counts.
_SHOWN = ("tickets", "open", "overdue", "completed", "on_time")


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "overview", overview)


def overview(session: Session) -> None:
    """What came in at each node of the subtree and how it stands, synchronised from below."""
    with session.node() as node, node.store.read() as view:
        found = figures.level(view, node.now(), viewer_of(session, node.code, view))
    session.answer(dataclasses.asdict(found), lambda console: _show(session, console, found))


def _show(session: Session, console: Console, found: figures.Level) -> None:
    table = session.table("", "node", *(f"overview_{name}" for name in _SHOWN))
    for code, name, counts in found.by_origin:
        table.add_row(f"{code} {name}", *(str(getattr(counts, one)) for one in _SHOWN))
    table.add_section()
    table.add_row(f"{found.node} {found.name}", *(str(getattr(found.total, one)) for one in _SHOWN), style="bold")
    console.print(table)
