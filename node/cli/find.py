"""
``qyzj find``, the problem library by text, type, source, unit, state and date (XS25-4.2b); ``qyzj ticket find``, who may be on
the telephone, and the one line about each of his needs that is read out (USERS C26).
"""

import dataclasses
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session, Usage
from node.cli.verbs import Verbs
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket.state import State
from node.services import lookup
from node.services.bodies import row_body
from node.services.queries import Names, names
from node.services.registry import actor_of
from node.services.search import Found, FoundTicket, Sought, search, verified_max
from node.services.spoken import said_aloud
from node.texts.catalogue import COLON

_STATES = tuple(state.value for state in State)


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "find", find)


# --- the problem library ----------------------------------------------------------------------------------------------


def find(
    session: Session,
    text: Annotated[str, typer.Option("--text", metavar="WORDS", show_default=False)] = "",
    category: Annotated[str, typer.Option("--category", metavar="CODE", show_default=False)] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CODE", show_default=False)] = "",
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    state: Annotated[list[str] | None, typer.Option("--state", metavar="STATE", show_default=False)] = None,
    since: Annotated[str, typer.Option("--from", metavar="DAY", show_default=False)] = "",
    until: Annotated[str, typer.Option("--to", metavar="DAY", show_default=False)] = "",
    rows: Annotated[int, typer.Option("--rows", metavar="NUMBER", min=1)] = 200,
) -> None:
    """The problems that answer to every condition, the latest first, with where the words stand."""
    states = tuple(state or ())
    for one in states:
        if one not in _STATES:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="state", value=one, offered=_STATES)
    first, last = _day("--from", since), _day("--to", until)
    with session.node() as node, node.store.read() as view:
        at = unit_code(node.code, unit) if unit else ""
        account, _, role = session.account.partition(":")
        # Whoever is named behind --as finds what he may see; the operator at the machine finds what the node holds.
        viewer = actor_of(view.connection, node.code, account, role) if account else None
        now = node.now()
        found = search(view, Sought(text, category, channel, at, states, first, last, viewer, rows), now)
        called = names(view)
    body = {
        "now": now,
        "count": found.count,
        "is_exact": found.is_exact,
        "tickets": [_found_body(one) for one in found.tickets],
    }
    session.answer(body, lambda console: _show_library(session, console, found, called))


def _day(option: str, said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise Usage("date_wanted", option=option, value=said) from None


def _found_body(one: FoundTicket) -> dict[str, Any]:
    return row_body(one.row) | {"found_in": [dataclasses.asdict(excerpt) for excerpt in one.excerpts]}


def _show_library(session: Session, console: Console, found: Found, called: Names) -> None:
    if not found.tickets:
        console.print(session.say("find.none"))
        return
    has_words = any(one.excerpts for one in found.tickets)
    table = session.table("", "ticket", "registered", "channel", "category", "state", "with", *(("excerpt",) if has_words else ()))
    for one in found.tickets:
        row = one.row
        said = "\n".join(f"{session.word('event', excerpt.event)}{COLON[session.lang]}{excerpt.words}" for excerpt in one.excerpts)
        table.add_row(
            row.id,
            session.moment(row.registered_at),
            session.word("channel", row.channel) if row.channel else "",
            session.word("category", row.category) if row.category else "",
            session.word("state", row.state),
            called.unit(row.with_unit) or session.word("with_whom", row.with_whom),
            *((said,) if has_words else ()),
        )
    console.print(table)
    key = "find.count" if found.is_exact else "find.at_most"
    console.print(session.say(key, count=found.count, shown=len(found.tickets), verified=verified_max))


# --- who is on the telephone ------------------------------------------------------------------------------------------


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
        console.print(RichText(said_aloud(line, called, session.lang), style="red" if line.is_overdue else ""))
