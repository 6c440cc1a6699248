"""``qyzj progress``: what an appellant sees of his need, by register number and query code; no account is asked for."""

import dataclasses
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.ticket_page import clock_sentence
from node.cli.verbs import Verbs
from node.services import progress as services
from node.services.bodies import clock_body
from node.services.queries import Names, names
from node.texts.catalogue import COLON


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "progress", progress)


def progress(
    session: Session,
    ticket: Annotated[str, typer.Argument(metavar="TICKET", show_default=False)],
    code: Annotated[str, typer.Option("--code", metavar="CODE", show_default=False)],
) -> None:
    """Who has the need, which clock runs, and what came of it."""
    with session.node() as node, node.store.read() as view:
        found = services.progress(view, ticket, code, node.policies.bare(view).calendar, node.now())
        called = names(view)
    body = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    body |= {"clock": None if found.clock is None else clock_body(found.clock)}
    body |= {"papers": [{"kind": paper.kind, "says": paper.says} for paper in found.papers]}
    session.answer(body, lambda console: _show(session, console, found, called))


def _show(session: Session, console: Console, found: services.Progress, called: Names) -> None:
    console.print(session.say("progress.stands", id=found.id, state=found.state, with_whom=found.with_whom))
    if found.lead:
        console.print(session.say("progress.lead", unit=called.unit(found.lead)))
    if found.clock is not None:
        console.print(RichText(clock_sentence(session, found.clock, called), style="red" if found.clock.is_overdue else ""))
    if found.promised is not None:
        console.print(session.say("progress.promised", day=found.promised))
    for paper in found.papers:
        console.print(RichText(session.word("event", paper.kind), style="bold"))
        for name, said in paper.says.items():
            console.print(f"  {session.word('field', name)}{COLON[session.lang]}{said}", markup=False)
