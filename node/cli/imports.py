"""``qyzj import``: lists taken over from files; ``qyzj export answers``: what became of a channel's needs, given back."""

import csv
import dataclasses
import io
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.command_line import read_date
from node.cli.console import EXIT_REFUSED, Session, Usage
from node.cli.staff import CENTRE
from node.cli.verbs import Verbs
from node.documents.sheets import Sheet, to_xlsx
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.services.imports import KINDS
from node.services.imports.answers import Answer, answers
from node.services.imports.column_map import NO_MAP, parse_map
from node.services.imports.fault import Fault, Faulty
from node.services.imports.plan import Kind, Options, Parts, Report, run
from node.services.ledger_words import with_reason
from node.texts.catalogue import explain, text

# More faults than a screen holds are all in the JSON answer.
faults_shown_max = 200


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb and the noun onto the program."""
    verbs.add(app, "import", import_file)
    noun = verbs.group(app, "export")
    verbs.add(noun, "answers", export_answers, key="export.answers")


def import_file(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", show_default=False)] = False,
    map: Annotated[Path | None, typer.Option("--map", metavar="MAP.toml", show_default=False)] = None,
    channel: Annotated[str, typer.Option("--channel", metavar="CODE", show_default=False)] = "",
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    category: Annotated[str, typer.Option("--category", metavar="CODE", show_default=False)] = "",
    complexity: Annotated[str, typer.Option("--complexity", metavar="CODE", show_default=False)] = "",
    version: Annotated[str, typer.Option("--version", metavar="TEXT", show_default=False)] = "",
    effective_from: Annotated[str, typer.Option("--effective-from", metavar="DATE", show_default=False)] = "",
    confirm: Annotated[bool, typer.Option("--confirm-accuracy", show_default=False)] = False,
) -> None:
    """Take a list over, whole or not at all; every fault is named at once.  --dry-run only says what would be."""
    if kind not in KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="import_kind", value=kind, offered=tuple(KINDS))
    wanted = KINDS[kind]
    content = _bytes_of(file)
    try:
        options = Options(
            account=session.acting(CENTRE),
            by=parse_map(_bytes_of(map).decode("utf-8-sig"), wanted.columns.fields) if map is not None else NO_MAP,
            channel=channel,
            unit=unit,
            category=category,
            complexity=complexity,
            version=version,
            effective_from=read_date("effective_from", effective_from) if effective_from else None,
            is_confirmed=confirm,
            is_dry_run=dry_run,
        )
        with session.node() as node:
            report = run(_parts(session, node), wanted, content, file.suffix, options)
    except Faulty as faulty:
        _say_faults(session, file, faulty)
        raise typer.Exit(EXIT_REFUSED) from None
    _say_report(session, file, wanted, report)


def _parts(session: Session, node: Node) -> Parts:
    clock = node.settings.rehearsal_clock
    move = None if clock is None else lambda moment: session.parts.set_clock(clock, moment)
    return Parts(node.writer, node.handler, node.policies, node.blobs, node.now, move)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Usage("file_unreadable", option="FILE", file=file) from error


def _say_report(session: Session, file: Path, kind: Kind, report: Report) -> None:
    facts = {"file": file.name, "rows": report.rows, "imported": report.imported, "known": report.known, "entries": report.entries}
    key = "import.would" if report.is_dry_run else "import.done" if report.imported else "import.nothing"

    def show(console: Console) -> None:
        console.print(RichText(session.say(key, kind=session.word("import_kind", kind.name), **facts), style="green"))

    session.answer({**dataclasses.asdict(report), "file": file.name}, show)


def _say_faults(session: Session, file: Path, faulty: Faulty) -> None:
    """Row, column, what is wrong and what to do; for machines the same, each fault with its code."""
    faults = [_fault_body(session, one) for one in faulty.faults]
    body = {"file": file.name, "imported": 0, "faults": faults}

    def show(console: Console) -> None:
        console.print(RichText(session.say("import.faulty", file=file.name, count=len(faulty.faults)), style="bold red"))
        table = session.table("", "row", "column", "fault", "value", "remedy")
        for one in faults[:faults_shown_max]:
            table.add_row(str(one["row"] or ""), one["column"], one["sentence"], one["value"], one["remedy"])
        console.print(table)
        if len(faulty.faults) > faults_shown_max:
            console.print(session.say("import.more", count=len(faulty.faults) - faults_shown_max))

    session.answer(body, show)


def _fault_body(session: Session, fault: Fault) -> dict[str, Any]:
    if fault.refusal is not None:
        sentence, remedy = explain(fault.refusal, session.lang)
        code = fault.refusal.code.name
    else:
        facts = {"column": fault.column, "value": fault.value, "wanted": fault.wanted}
        sentence, remedy = (text(f"import_fault.{fault.code}.{part}", session.lang, **facts) for part in ("sentence", "remedy"))
        code = fault.code
    return {"row": fault.row, "column": fault.column, "code": code, "value": fault.value, "sentence": sentence, "remedy": remedy}


# --- the way back -----------------------------------------------------------------------------------------------------

_COLUMNS = ("external_number", "ticket", "number", "state", "received_at", "completed_at", "in_time", "standard", "answer")


def export_answers(
    session: Session,
    channel: Annotated[str, typer.Option("--channel", metavar="CODE", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", show_default=False)],
) -> None:
    """What became of a channel's needs, by the numbers that they have there: .xlsx or .csv by the file's name."""
    if to.suffix not in (".xlsx", ".csv"):
        raise Usage("file_suffix", option="--to", offered=".xlsx, .csv")
    with session.node() as node, node.store.read() as view:
        found = answers(view, channel)
    columns = tuple(session.say(f"column.{name}") for name in _COLUMNS)
    rows = tuple(_answer_row(session, one) for one in found)
    if to.suffix == ".xlsx":
        title = session.say("title.answers", channel=session.word("channel", channel))
        to.write_bytes(to_xlsx(Sheet(title, (), columns, rows)))
    else:
        out = io.StringIO(newline="")
        csv.writer(out).writerows((columns, *rows))
        to.write_bytes(out.getvalue().encode("utf-8-sig"))
    answered = sum(bool(one.answer) for one in found)
    facts = {"file": str(to), "count": len(found), "answered": answered}
    session.answer({"channel": channel, **facts}, lambda console: console.print(session.say("import.exported", **facts)))


def _answer_row(session: Session, one: Answer) -> tuple[str, ...]:
    in_time = "" if one.is_in_time is None else session.say("yes" if one.is_in_time else "no")
    standard = session.word("standard", one.standard) if one.standard else ""
    moments = session.moment(one.received_at), session.moment(one.completed_at)
    return (
        one.external_number,
        one.ticket,
        one.number,
        with_reason(session.word("state", one.state), one.unreadable, session.lang),
        *moments,
        in_time,
        standard,
        one.answer,
    )
