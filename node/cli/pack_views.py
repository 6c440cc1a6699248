"""``qyzj pack diff``, ``graph`` and ``what-if``: packs compared, drawn, and tried on the node's own past."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session, Usage
from node.cli.pack_files import PackName, effective, plain_rule
from node.domain.pack import Rule, Value
from node.packs import graph as graphs
from node.packs.difference import differences, plain
from node.packs.file import limit_text
from node.packs.keys import find_key
from node.services.pack_changes import read_value
from node.services.what_if import FiredRung, Measured, WhatIf, what_if

Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", show_default=False)]
Day = Annotated[str, typer.Option(metavar="DATE", show_default=False)]
FirstDay = Annotated[str, typer.Option("--from", metavar="DATE", show_default=False)]
LastDay = Annotated[str, typer.Option("--to", metavar="DATE", show_default=False)]
AsDot = Annotated[bool, typer.Option("--dot", show_default=False)]


def diff(session: Session, left: PackName, right: PackName) -> None:
    """The keys in which two packs differ, both values with their clauses."""
    one, other = effective(session, left), effective(session, right)
    found = list(differences(one, other))
    body = {
        "left": one.id,
        "right": other.id,
        "differences": [{"key": row.key, "left": plain_rule(row.left), "right": plain_rule(row.right)} for row in found],
    }

    def lines(console: Console) -> None:
        table = session.table("", "key")
        for pack in (one, other):
            table.add_column(pack.id, overflow="fold")
            table.add_column(session.say("column.clause"), overflow="fold")
        for row in found:
            table.add_row(row.key, *_shown(row.left), *_shown(row.right))
        console.print(table)
        console.print(session.say("pack.differs", count=len(found), left=one.id, right=other.id))

    session.answer(body, lines)


def graph(session: Session, pack: PackName, dot: AsDot = False) -> None:
    """The states of a pack, the moves between them and who makes them; as a table, or for Graphviz."""
    found = effective(session, pack)
    moves = graphs.moves_of(found)
    body = {
        "pack": found.id,
        "states": [state.value for state in graphs.states_of(moves)],
        "moves": [
            {"from": move.source.value if move.source else "", "command": move.command, "to": move.target.value, "roles": list(roles)}
            for move, roles in moves.items()
        ],
    }

    def lines(console: Console) -> None:
        if dot:
            print(graphs.dot(found, moves, session.lang))
            return
        table = session.table("", "state", "what", "next_state", "who")
        for move, roles in moves.items():
            source = session.word("state", move.source) if move.source else ""
            who = "、".join(session.word("role", role) for role in roles)
            table.add_row(source, session.word("command", move.command), session.word("state", move.target), who)
        console.print(table)

    session.answer(body, lines)


def try_on(session: Session, set: Set, first: FirstDay = "", last: LastDay = "") -> None:
    """Replay the node's own journal of a period under changed rules: what would have been late. Writes nothing."""
    changes = dict(_change(one) for one in set)
    begin, end = (_day(option, text) for option, text in (("--from", first), ("--to", last)))
    with session.node() as node, node.store.read() as view:
        found = what_if(view, node.policies, changes, begin, end, node.now())
    body = {
        "set": {key: plain(value) for key, value in changes.items()},
        "from": begin,
        "to": end,
        "counts": {kind: dict(zip(("clocks", "late_before", "late_after"), counts, strict=True)) for kind, counts in found.counts.items()},
        "fired": {rung: {"before": before, "after": after} for rung, (before, after) in found.fired.items()},
        "tickets_late_before": list(found.late_before),
        "tickets_late_after": list(found.late_after),
        "newly_late": [_measured(one) for one in found.newly_late],
        "no_longer_late": [_measured(one) for one in found.no_longer_late],
        "fired_otherwise": [_measured(one) for one in found.fired_otherwise],
    }
    session.answer(body, lambda console: _print_what_if(session, console, found))


def _print_what_if(session: Session, console: Console, found: WhatIf) -> None:
    table = session.table("", "clock", "counted", "late_before", "late_after")
    for kind, (clocks, before, after) in found.counts.items():
        table.add_row(session.word("clock", kind), str(clocks), str(before), str(after))
    console.print(table)
    for title, rows in (("newly_late", found.newly_late), ("no_longer_late", found.no_longer_late)):
        if rows:
            console.print(_clocks(session, title, rows))
    if found.fired_otherwise:
        console.print(_rungs(session, found))
    console.print(session.say("pack.what_if", before=len(found.late_before), after=len(found.late_after)))


def _clocks(session: Session, title: str, rows: tuple[Measured, ...]) -> Any:
    table = session.table(title, "ticket", "clock", "started", "due_before", "due_after", "met")
    for one in rows:
        kind = session.word("clock", one.clock.partition("/")[0])
        times = (session.moment(one.started_at), session.due(one.due_before), session.due(one.due_after), session.moment(one.met_at))
        table.add_row(one.ticket, kind, *times)
    return table


def _rungs(session: Session, found: WhatIf) -> Any:
    """What went off, and what would have: first how often in all, then clock by clock."""
    table = session.table("fired_otherwise", "ticket", "clock", "fired_before", "fired_after")
    for rung, (before, after) in found.fired.items():
        table.add_row(session.say("all_tickets"), session.word("rung", rung), str(before), str(after))
    for one in found.fired_otherwise:
        kind = session.word("clock", one.clock.partition("/")[0])
        table.add_row(one.ticket, kind, _fired(session, one.fired_before), _fired(session, one.fired_after))
    return table


def _fired(session: Session, rungs: tuple[FiredRung, ...]) -> str:
    return "\n".join(f"{session.due(one.at)} {session.word('rung', one.rung)}" for one in rungs)


def _measured(one: Measured) -> Mapping[str, Any]:
    body = asdict(one)
    return body | {"limit_before": limit_text(one.limit_before), "limit_after": limit_text(one.limit_after) if one.limit_after else None}


def _shown(rule: Rule | None) -> tuple[str, str]:
    if rule is None:
        return "", ""
    value = plain(rule.value)
    return (", ".join(value) if isinstance(value, list) else str(value)), rule.clause


def _change(given: str) -> tuple[str, Value]:
    """
    One ``--set``: a key, with a value of its type; several codes are separated by commas.

    Raises:
        Usage: it is not "key=value", the engine knows no such key, or it has no such value.
    """
    key, sign, text = given.partition("=")
    row = find_key(key)
    if not sign or row is None:
        raise Usage("set_wanted", value=given)
    value = read_value(row, text)
    if value is None:
        raise Usage("set_value", name=key, value=text)
    return key, value


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Usage("date_wanted", option=option, value=text) from error
