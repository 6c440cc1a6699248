"""``qyzj ticket find``: who may be on the telephone, and the one line about each of his needs that is read out (USERS C26)."""

import dataclasses
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.services import lookup
from node.services.progress import HANDLING_CLOCKS
from node.services.queries import Names, names
from node.services.registry import actor_of


def find_ticket(session: Session, said: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)]) -> None:
    """Enterprises and needs by phone, two characters of a name, code or former number, each need in one line to read aloud."""
    with session.node() as node, node.store.read() as view:
        account, _, role = session.acting().partition(":")
        viewer = actor_of(view.connection, node.code, account, role)
        found = lookup.find(view, said, viewer, node.policies.bare(view).calendar, node.now())
        called = names(view)
    body = {"enterprises": [dataclasses.asdict(one) for one in found.enterprises], "tickets": [line_body(one) for one in found.tickets]}
    session.answer(body, lambda console: _show_found(session, console, found, called))


def line_body(line: lookup.StatusLine) -> dict[str, Any]:
    """The line, for machines."""
    return {field.name: getattr(line, field.name) for field in dataclasses.fields(line)}


def _show_found(session: Session, console: Console, found: lookup.Found, called: Names) -> None:
    if not found.enterprises and not found.tickets:
        console.print(session.say("lookup.none"))
    for file in found.enterprises:
        console.print(RichText(f"{file.id}  {file.credit_code}  {session.word('enterprise_state', file.state)}", style="bold"))
    for line in found.tickets:
        console.print(RichText(said_aloud(session, line, called), style="red" if line.is_overdue else ""))


def said_aloud(session: Session, line: lookup.StatusLine, called: Names) -> str:
    """The one sentence about a need that whoever answers the telephone reads out."""
    facts = {"spoken": line.spoken, "state": line.state, "due": line.due, "clock": line.clock}
    if not line.is_open:
        return session.say("status_line.ended", **facts)
    who = called.unit(line.unit) if line.unit else session.word("with_whom", line.with_whom)
    if line.due is None:
        return session.say("status_line.undue", who=who, **facts)
    # Only the limit of the handling itself promises an answer; any other is named for what it is.
    return session.say("status_line.answer" if line.clock in HANDLING_CLOCKS else "status_line.open", who=who, **facts)
