"""``qyzj ledger``: the ledger (台账) of a unit and a period; ``qyzj summary``: the summary list of annex 2."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from node.cli.command_line import read_date
from node.cli.console import Session, Usage
from node.cli.staff import CENTRE
from node.cli.verbs import Verbs
from node.documents import sheets
from node.domain.entry import Actor
from node.domain.registry import unit_code
from node.services import ledger as lists
from node.services.acting import Node
from node.services.ledger_words import ledger_row, with_reason
from node.services.queries import Names, names
from node.services.registry import actor_of

Unit = Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)]
First = Annotated[str, typer.Option("--from", metavar="DATE", show_default=False)]
Last = Annotated[str, typer.Option("--to", metavar="DATE", show_default=False)]
File = Annotated[Path | None, typer.Option("--to-file", metavar="FILE.xlsx", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put both verbs onto the program."""
    verbs.add(app, "ledger", ledger)
    verbs.add(app, "summary", summary)


def ledger(session: Session, unit: Unit = "", first: First = "", last: Last = "", to_file: File = None) -> None:
    """One row a ticket, as the tickets stand now."""
    _need_xlsx(to_file)
    with session.node() as node:
        wanted = _wanted(node, unit, first, last)
        actor, called = _who(session, node)
        lines = node.writer.command(lambda work: lists.ledger(work, wanted, actor, called, node.now()))
    rows = [ledger_row(one, session.lang) for one in lines]
    whose = called.unit(wanted.unit) if wanted.unit else session.say("ledger.all_units")
    period = session.say("ledger.period", first=wanted.first or "", last=wanted.last or "")
    if to_file is not None:
        to_file.write_bytes(sheets.to_xlsx(sheets.ledger(whose, period, rows)))
    body = {"unit": wanted.unit, "rows": [dataclasses.asdict(one) for one in lines], "file": str(to_file or "")}
    session.answer(body, lambda console: _show(session, console, sheets.LEDGER_COLUMNS, rows, to_file))


def summary(
    session: Session,
    unit: Unit = "",
    first: First = "",
    last: Last = "",
    phone: Annotated[str, typer.Option("--phone", metavar="TEXT", show_default=False)] = "",
    to_file: File = None,
) -> None:
    """The list by which problems are reported; its head names the unit, the person and the phone of the account that reports."""
    _need_xlsx(to_file)
    with session.node() as node:
        wanted = _wanted(node, unit, first, last)
        actor, called = _who(session, node)
        lines, reporter = node.writer.command(
            lambda work: (lists.summary(work, wanted, actor, node.now()), lists.reporter_of(work, actor, called))
        )
    rows = [
        (
            one.number,
            one.enterprise,
            with_reason(one.problem, one.unreadable, session.lang),
            one.source or session.word("channel", one.channel),
            one.contact,
            one.phone,
        )
        for one in lines
    ]
    head = dataclasses.replace(reporter, name=reporter.name or actor.account, phone=phone or reporter.phone)
    if to_file is not None:
        sheet = sheets.summary(head.unit, head.name, head.phone, called.node(node.code), "", rows)
        to_file.write_bytes(sheets.to_xlsx(sheet))
    columns = sheets.SUMMARY_COLUMNS
    body = {
        "head": dataclasses.asdict(head),
        "rows": [dict(zip(columns, row, strict=True)) for row in rows],
        "file": str(to_file or ""),
    }
    session.answer(body, lambda console: _show(session, console, columns, rows, to_file))


def _need_xlsx(file: Path | None) -> None:
    if file is not None and file.suffix != ".xlsx":
        raise Usage("file_suffix", option="--to-file", offered=".xlsx")


def _wanted(node: Node, unit: str, first: str, last: str) -> lists.Wanted:
    return lists.Wanted(
        unit_code(node.code, unit) if unit else "",
        read_date("from", first) if first else None,
        read_date("to", last) if last else None,
    )


def _who(session: Session, node: Node) -> tuple[Actor, Names]:
    account, _, role = session.acting(CENTRE).partition(":")
    with node.store.read() as view:
        return actor_of(view.connection, node.code, account, role), names(view)


def _show(session: Session, console: Console, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], file: Path | None) -> None:
    if file is not None:
        console.print(session.say("ledger.written", file=file, count=len(rows)))
        return
    table = session.table("")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
