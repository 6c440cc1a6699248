"""``qyzj calendar``: working days, by the calendars that the node adopted."""

import calendar as months
import dataclasses
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select

from node.cli.console import Session, Usage
from node.cli.pack_files import read_pack_file
from node.cli.staff import CENTRE
from node.cli.ticket_page import clock_name
from node.cli.verbs import Verbs
from node.domain.registry import AdoptCalendar
from node.domain.ticket.due_proposal import DecideDueProposal, DueProposal
from node.domain.time import WorkCalendar
from node.packs.calendar_file import parse_calendar
from node.services import deadlines
from node.services.acting import act
from node.services.bodies import outcome_body
from node.services.calendar_view import why_of
from node.storage import schema

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "calendar")
    verbs.add(noun, "check", check, key="calendar.check")
    verbs.add(noun, "show", show, key="calendar.show")
    verbs.add(noun, "adopt", adopt, key="calendar.adopt")
    verbs.add(noun, "proposals", proposals, key="calendar.proposals")


def check(session: Session, file: File) -> None:
    """Name every fault of a calendar file."""
    found = parse_calendar(file.name, read_pack_file(file))
    body = {"file": file.name, "version": found.version, "days": len(found.days), "faults": []}
    session.answer(
        body, lambda console: console.print(session.say("calendar.sound", file=file.name, version=found.version, days=len(found.days)))
    )


def show(session: Session, month: Annotated[str, typer.Argument(metavar="YYYY-MM", show_default=False)] = "") -> None:
    """The calendars in force; with a month its days, one by one."""
    wanted = _month(month)
    with session.node() as node, node.store.read() as view:
        table = schema.adoptions
        rows = view.connection.execute(
            select(table).where(table.c.node == node.code, table.c.kind == "calendar").order_by(table.c.id)
        ).all()
        calendar = node.policies.bare(view).calendar
    body = {
        "version": calendar.version,
        "until": max(calendar.days) if calendar.days else None,
        "calendars": [{"id": row.id, "version": row.version} for row in rows],
        "days": [
            {
                "day": day,
                "is_workday": calendar.is_workday(day),
                "is_provisional": calendar.is_provisional(day),
                "why": why_of(calendar, day),
            }
            for day in _days(wanted)
        ],
    }
    session.answer(body, lambda console: _show(session, console, calendar, wanted))


def _show(session: Session, console: Console, calendar: WorkCalendar, wanted: tuple[int, int] | None) -> None:
    until = max(calendar.days).isoformat() if calendar.days else ""
    console.print(session.say("status.calendar", version=calendar.version, until=until))
    if wanted is None:
        return
    table = session.table("", "day", "weekday", "kind")
    for day in _days(wanted):
        kind = session.word("day", why_of(calendar, day))
        table.add_row(
            day.isoformat(), session.word("weekday", str(day.isoweekday())), kind, style="" if calendar.is_workday(day) else "dim"
        )
    console.print(table)
    console.print(session.say("calendar.workdays", count=sum(calendar.is_workday(day) for day in _days(wanted))))


def _month(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if match is None or not 1 <= int(match[2]) <= 12:
        raise Usage("month_wanted", value=text)
    return int(match[1]), int(match[2])


def _days(wanted: tuple[int, int] | None) -> list[date]:
    if wanted is None:
        return []
    year, month = wanted
    return [date(year, month, number) for number in range(1, months.monthrange(year, month)[1] + 1)]


def adopt(session: Session, file: File) -> None:
    """Put a calendar into force here; a later version of the same year or place takes the former's place."""
    text = read_pack_file(file)
    found = parse_calendar(file.name, text)
    with session.node() as node:
        command = AdoptCalendar(f"{found.origin}.toml", found.version, node.blobs.put(text.encode()))
        outcome = act(node, session.acting(CENTRE), command)
        with node.store.read() as view:
            proposed = len(deadlines.due_proposals(view, node.policies, node.now()))
    key = "calendar.adopted" if outcome.entries else "ticket.nothing"
    body = outcome_body(outcome, "") | {"proposals": proposed}

    def lines(console: Console) -> None:
        console.print(session.say(key, version=found.version, name=found.name))
        if proposed:
            console.print(session.say("calendar.proposed", count=proposed), style="yellow")

    session.answer(body, lines)


def proposals(session: Session, accept_all: Annotated[bool, typer.Option("--accept-all", show_default=False)] = False) -> None:
    """Due times that the calendar in force would count otherwise than they were issued; one by one, or all, the office accepts them."""
    with session.node() as node:
        with node.store.read() as view:
            found = deadlines.due_proposals(view, node.policies, node.now())
        for one in found if accept_all else ():
            act(node, session.acting(CENTRE), DecideDueProposal(one.clock, one.calendar, is_accepted=True), ticket=one.ticket)
    body = {"proposals": [dataclasses.asdict(one) | {"is_later": one.is_later} for one in found], "accepted": accept_all}
    session.answer(body, lambda console: _show_proposals(session, console, found))


def _show_proposals(session: Session, console: Console, found: list[DueProposal]) -> None:
    table = session.table("proposals", "ticket", "clock", "issued", "recounted", "later")
    for one in found:
        later = session.say("calendar.later" if one.is_later else "calendar.earlier")
        table.add_row(one.ticket, clock_name(session, one.clock), session.due(one.issued), session.due(one.recounted), later)
    console.print(table)
