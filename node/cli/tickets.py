"""``qyzj ticket``: every command of the domain as a verb, and what there is to see: lists, pages, deadline receipts."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.act import act
from node.cli.command_line import Typed, function_of, is_for_people, verb_of
from node.cli.console import Session, Usage
from node.cli.verbs import Verbs
from node.domain.command import Command
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.services import queries
from node.services.handle import Outcome
from node.services.numbers import short_number
from node.services.openings import open_payloads
from node.services.registry import actor_of
from node.texts.catalogue import catalogue, word

# Codes of these fields are words of another section than the field's own name.
_SECTIONS = {"passed": "forming_test", "answer_standard": "standard", "reason_code": "ground"}

TicketNumber = Annotated[str, typer.Argument(metavar="TICKET", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    ticket = verbs.group(app, "ticket")
    verbs.add(ticket, "list", list_tickets, key="ticket.list")
    verbs.add(ticket, "show", show_ticket, key="ticket.show")
    verbs.add(ticket, "clock", show_clock, key="ticket.clock")
    verbs.add(ticket, "open", open_ticket, key="ticket.open")
    verbs.add(ticket, "attach", attach, key="ticket.attach")
    for command in commands():
        verbs.add(ticket, verb_of(command), function_of(command, verbs, _carry_out), verbs_help(verbs, command))


def commands() -> list[type[Command]]:
    """Every command about tickets that a person may give, in the order of a ticket's life."""
    return [command for command in DECISIONS if is_for_people(command)]


def verbs_help(verbs: Verbs, command: type[Command]) -> str:
    """The command's name in the catalogue; in English also what its class says."""
    name = word("command", command.__name__, verbs.lang)
    said = " ".join((command.__doc__ or "").strip().partition("\n\n")[0].split()).replace("``", "")
    return f"{name}: {said}" if verbs.lang == "en" else name


# --- commands ---------------------------------------------------------------------------------------------------------


def _carry_out(session: Session, typed: Typed) -> None:
    with session.node() as node:
        outcome = act(
            node, session.acting(), typed.command, ticket=typed.ticket, id=typed.id, seen=typed.seen, occurred_at=typed.occurred_at
        )
        now = node.now()
        with node.store.read() as view:
            policy = node.policies.bare(view)
            page = queries.ticket_page(view, outcome.subject.id, policy.calendar, now)
    session.answer(outcome_body(outcome, typed.id), lambda console: _show_outcome(session, console, outcome, page))


def outcome_body(outcome: Outcome, command_id: str) -> dict[str, Any]:
    """What a command led to, for machines."""
    body: dict[str, Any] = {
        "command_id": command_id,
        "is_repeat": outcome.is_repeat,
        "subject": {"kind": outcome.subject.kind, "id": outcome.subject.id},
        "entries": [{"id": one.header.id, "kind": one.header.kind, "recorded_at": one.header.recorded_at} for one in outcome.entries],
    }
    if outcome.ticket is not None:
        body["ticket"] = ticket_body(outcome.ticket)
    return body


def ticket_body(ticket: Ticket) -> dict[str, Any]:
    """Where a ticket stands, for machines."""
    return {
        "id": ticket.id,
        "spoken": short_number(ticket.id),
        "number": ticket.number,
        "state": ticket.state,
        "with": ticket.with_whom,
        "origin": ticket.origin,
        "holder": ticket.custody.holder,
        "asked": ticket.custody.asked,
        "custody": ticket.custody.number,
        "version": ticket.version,
        "category": ticket.classing.category,
        "complexity": ticket.classing.complexity,
        "lead": ticket.lead,
        "first_contact": ticket.intake.first_contact,
        "channel": ticket.intake.channel,
        "registered_at": ticket.intake.registered_at,
        "round": len(ticket.rounds),
        "is_incomplete": ticket.is_incomplete,
    }


def _show_outcome(session: Session, console: Console, outcome: Outcome, page: queries.TicketPage) -> None:
    kinds = session.say("between").join(session.word("event", one.header.kind) for one in outcome.entries)
    key = "ticket.repeated" if outcome.is_repeat else "ticket.done" if outcome.entries else "ticket.nothing"
    console.print(RichText(session.say(key, events=kinds), style="green"))
    _show_where(session, console, page)


def _show_where(session: Session, console: Console, page: queries.TicketPage) -> None:
    ticket = page.ticket
    console.print(session.say("ticket.number", id=ticket.id, spoken=short_number(ticket.id), number=ticket.number or "—"))
    console.print(
        session.say("ticket.stands", state=ticket.state, with_whom=ticket.with_whom, seen=f"{ticket.custody.number}.{ticket.version}")
    )
    for clock in page.clocks:
        if clock.is_running:
            console.print(RichText(clock_sentence(session, clock), style="red" if clock.is_overdue else ""))


def clock_sentence(session: Session, clock: queries.ClockLine) -> str:
    """One running clock in a line: who owes what by when, and what is left."""
    return session.say(
        "clock.runs",
        name=clock_name(session, clock.name),
        owes=whose(session, clock.owes),
        due=session.due(clock.due_at),
        left=left_of(session, clock),
    )


def clock_name(session: Session, name: str) -> str:
    """The clock in words; what stands behind its kind stays."""
    kind, slash, rest = name.partition("/")
    return session.word("clock", kind) + (f" {rest}" if slash else "")


def whose(session: Session, owes: str) -> str:
    """Who owes: a role in words, a unit by its code."""
    return session.word("with_whom", owes)


def left_of(session: Session, clock: queries.ClockLine) -> str:
    """What is left of a clock, or by how much it is overdue, or that it stands."""
    if clock.stopped_at is not None:
        return session.say("clock.stopped")
    if clock.left is None:
        return session.say("clock.paused")
    unit = session.word("limit_unit", clock.limit.unit)
    if clock.is_overdue:
        return session.say("clock.overdue", count=-clock.left, unit=unit)
    return session.say("clock.left", count=clock.left, unit=unit)


# --- looking ----------------------------------------------------------------------------------------------------------


def list_tickets(
    session: Session,
    state: Annotated[list[str] | None, typer.Option("--state", metavar="STATE", show_default=False)] = None,
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    due: Annotated[str, typer.Option("--due", metavar="today|overdue", show_default=False)] = "",
    mine: Annotated[bool, typer.Option("--mine", show_default=False)] = False,
    rows: Annotated[int, typer.Option("--rows", metavar="NUMBER", min=1)] = 200,
) -> None:
    """Tickets, those that are due first."""
    states = tuple(state or ())
    for one in states:
        if one not in {known.value for known in State}:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="state", value=one, offered=[known.value for known in State])
    with session.node() as node, node.store.read() as view:
        whose_turn = None
        if mine:
            name, _, role = session.acting().partition(":")
            actor = actor_of(view.connection, node.code, name, role)
            whose_turn = (actor.role, actor.unit)
        wanted = queries.Wanted(states, unit_code(node.code, unit) if unit else "", due, whose_turn, rows)
        now = node.now()
        lines = queries.list_tickets(view, wanted, node.policies.bare(view).calendar, now)
    body = {"now": now, "tickets": [_line_body(line) for line in lines]}
    session.answer(body, lambda console: _show_list(session, console, lines))


def _line_body(line: queries.TicketLine) -> dict[str, Any]:
    row = line.row
    return {
        "id": row.id,
        "spoken": short_number(row.id),
        "number": row.number,
        "state": row.state,
        "with": row.with_whom,
        "origin": row.origin,
        "holder": row.holder,
        "asked": row.asked,
        "custody": row.custody,
        "version": row.version,
        "category": row.category,
        "complexity": row.complexity,
        "lead": row.lead,
        "first_contact": row.first_contact,
        "channel": row.channel,
        "registered_at": row.registered_at,
        "completed_at": row.completed_at,
        "clock": None if line.clock is None else clock_body(line.clock),
    }


def clock_body(clock: queries.ClockLine) -> dict[str, Any]:
    """A clock, for machines."""
    return {
        "name": clock.name,
        "node": clock.node,
        "owes": clock.owes,
        "limit": {"count": clock.limit.count, "unit": clock.limit.unit},
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "stopped_at": clock.stopped_at,
        "is_paused": clock.is_paused,
        "is_overdue": clock.is_overdue,
        "is_provisional": clock.is_provisional,
        "left": clock.left,
    }


def _show_list(session: Session, console: Console, lines: list[queries.TicketLine]) -> None:
    if not lines:
        console.print(session.say("ticket.none"))
        return
    table = session.table("", "ticket", "state", "with", "category", "lead", "clock", "due", "left")
    for line in lines:
        row, clock = line.row, line.clock
        table.add_row(
            row.id,
            session.word("state", row.state),
            session.word("with_whom", row.with_whom),
            session.word("category", row.category) if row.category else "",
            row.lead or row.first_contact,
            "" if clock is None else clock_name(session, clock.name),
            "" if clock is None else session.due(clock.due_at),
            "" if clock is None else left_of(session, clock),
            style="red" if clock is not None and clock.is_overdue else "",
        )
    console.print(table)
    console.print(session.say("ticket.count", count=len(lines)))


def show_ticket(session: Session, ticket: TicketNumber) -> None:
    """A ticket's page: facts, custody, clocks, timeline."""
    with session.node() as node, node.store.read() as view:
        now = node.now()
        page = queries.ticket_page(view, queries.find_ticket(view, ticket), node.policies.bare(view).calendar, now)
    session.answer(page_body(page, now), lambda console: _show_page(session, console, page))


def page_body(page: queries.TicketPage, now: datetime) -> dict[str, Any]:
    """A ticket's page, for machines."""
    return {
        "now": now,
        "ticket": ticket_body(page.ticket),
        "asks": [
            {"id": ask.id, "kind": ask.kind, "node": ask.node, "addressee": ask.addressee, "asked_at": ask.asked_at}
            for ask in page.ticket.open_asks()
        ],
        "clocks": [clock_body(clock) for clock in page.clocks],
        "timeline": [_entry_body(entry) for entry in page.timeline],
    }


def _entry_body(entry: queries.EntryLine) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "node": entry.node,
        "recorded_at": entry.recorded_at,
        "occurred_at": entry.occurred_at,
        "actor": {"account": entry.account, "role": entry.role, "unit": entry.unit},
        "state": entry.state,
        "custody": entry.custody,
        "version": entry.version,
        "addressee": entry.addressee,
        "facts": entry.facts,
        "texts": entry.texts,
        "contacts": entry.contacts,
        "is_void": entry.is_void,
    }


def _show_page(session: Session, console: Console, page: queries.TicketPage) -> None:
    ticket = page.ticket
    _show_where(session, console, page)
    console.print(session.say("ticket.custody", holder=ticket.custody.holder, number=ticket.custody.number, origin=ticket.origin))
    if ticket.custody.asked:
        console.print(RichText(session.say("ticket.asked", asked=ticket.custody.asked), style="yellow"))
    if ticket.is_incomplete:
        console.print(RichText(session.say("ticket.incomplete"), style="yellow"))
    console.print(_facts_table(session, ticket))
    clocks = session.table("clocks", "clock", "owes", "limit", "started", "due", "left")
    for clock in page.clocks:
        limit = session.say("clock.limit", count=clock.limit.count, unit=session.word("limit_unit", clock.limit.unit))
        clocks.add_row(
            clock_name(session, clock.name),
            whose(session, clock.owes),
            limit,
            session.moment(clock.started_at),
            session.due(clock.due_at) + (session.say("clock.provisional") if clock.is_provisional else ""),
            left_of(session, clock),
            style="red" if clock.is_overdue else "dim" if clock.stopped_at is not None else "",
        )
    console.print(clocks)
    timeline = session.table("timeline", "recorded", "node", "who", "what", "says")
    for entry in page.timeline:
        timeline.add_row(
            session.moment(entry.recorded_at),
            entry.node,
            f"{entry.account} ({session.word('role', entry.role)})",
            session.word("event", entry.kind) + (session.say("ticket.void") if entry.is_void else ""),
            _says(session, entry),
            style="strike" if entry.is_void else "",
        )
    console.print(timeline)


def _facts_table(session: Session, ticket: Ticket) -> Any:
    table = session.table("facts", "fact", "value")
    intake, classing = ticket.intake, ticket.classing
    rows: Mapping[str, str] = {
        "channel": session.word("channel", intake.channel),
        "appellant_kind": session.word("appellant_kind", ticket.appellant.kind),
        "credit_code": ticket.appellant.credit_code,
        "category": session.word("category", classing.category) if classing.category else "",
        "complexity": session.word("complexity", classing.complexity) if classing.complexity else "",
        "first_contact": intake.first_contact,
        "lead": ticket.lead,
        "received_at": session.moment(intake.received_at),
    }
    for name, value in rows.items():
        if value:
            table.add_row(session.word("field", name), value)
    table.add_row(session.say("column.registered"), session.moment(intake.registered_at))
    return table


def _says(session: Session, entry: queries.EntryLine) -> str:
    named = catalogue(session.lang)
    parts = [
        f"{session.word('field', name)}: {_fact(session, name, value)}" for name, value in entry.facts.items() if f"field.{name}" in named
    ]
    parts += [
        f"{session.word('field', name)}: {words if words is not None else session.say('ticket.sealed')}"
        for name, words in entry.texts.items()
    ]
    parts += [f"{session.word('field', name)}: {session.say('ticket.sealed')}" for name in entry.contacts]
    return "\n".join(parts)


def _fact(session: Session, name: str, value: object) -> str:
    """A plain fact: a code in words where there are some, a time in Beijing's."""
    if isinstance(value, datetime):
        return session.moment(value)
    if isinstance(value, bool):
        return session.say("yes" if value else "no")
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return session.word(_SECTIONS.get(name, name), shown)


def show_clock(session: Session, ticket: TicketNumber, clock: Annotated[str, typer.Argument(metavar="CLOCK", show_default=False)]) -> None:
    """The deadline receipt of one clock, day by day."""
    with session.node() as node, node.store.read() as view:
        now = node.now()
        found = queries.find_ticket(view, ticket)
        receipt = queries.deadline_receipt(view, found, clock, node.policies.bare(view).calendar, now)
    session.answer(receipt_body(receipt), lambda console: _show_receipt(session, console, receipt))


def receipt_body(receipt: queries.Receipt) -> dict[str, Any]:
    """A deadline receipt, for machines."""
    return {
        "ticket": receipt.ticket,
        "clock": clock_body(receipt.clock),
        "calendar": receipt.calendar,
        "pack": receipt.pack,
        "pauses": [{"begin": pause.begin, "end": pause.end} for pause in receipt.pauses],
        "counted_due_at": receipt.counted_due_at,
        "agrees": receipt.agrees,
        "days": [{"day": line.day, "counted": line.counted, "number": line.number, "why": line.why} for line in receipt.days],
    }


def _show_receipt(session: Session, console: Console, receipt: queries.Receipt) -> None:
    clock = receipt.clock
    limit = session.say("clock.limit", count=clock.limit.count, unit=session.word("limit_unit", clock.limit.unit))
    table = session.table(
        "receipt", "day", "weekday", "counted", "why", id=receipt.ticket, clock=clock_name(session, clock.name), limit=limit
    )
    for line in receipt.days:
        counted = session.say("clock.counted", number=line.number) if line.number is not None else ""
        table.add_row(
            line.day.isoformat(),
            session.word("weekday", str(line.day.isoweekday())),
            counted,
            session.word("day", line.why),
            style="" if line.counted else "dim",
        )
    console.print(table)
    console.print(
        session.say("clock.issued", due=session.due(clock.due_at) or left_of(session, clock), calendar=receipt.calendar, pack=receipt.pack)
    )
    if not receipt.agrees:
        console.print(session.say("clock.promised", due=session.due(receipt.counted_due_at)))


# --- opening ----------------------------------------------------------------------------------------------------------


def open_ticket(
    session: Session,
    ticket: TicketNumber,
    purpose: Annotated[str, typer.Option("--purpose", metavar="handling|drawn|inspection|audit", show_default=False)],
    round: Annotated[str, typer.Option("--round", metavar="ROUND", show_default=False)] = "",
) -> None:
    """Open name, phone and appeal for a purpose; the opening is journaled."""
    with session.node() as node:
        name, _, role = session.acting().partition(":")
        with node.store.read() as view:
            actor = actor_of(view.connection, node.code, name, role)
            found = queries.find_ticket(view, ticket)
            whole = view.readings.ticket(found)
        if whole is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=found)
        refs = sealed_of(whole, texts_only=purpose == "audit")
        opened = node.writer.command(lambda work: open_payloads(work, actor, whole, refs, purpose, node.now(), round or None))
    body = {"ticket": found, "purpose": purpose, "opened": opened}
    session.answer(body, lambda console: _show_opened(session, console, opened))


def sealed_of(ticket: Ticket, *, texts_only: bool) -> dict[str, SealedRef]:
    """What lies sealed of who appeals and what about."""
    appellant, intake = ticket.appellant, ticket.intake
    parts: dict[str, object] = {"title": intake.title, "appeal": intake.appeal}
    if not texts_only:
        parts |= {"name": appellant.name, "phone": appellant.phone, "private_code": appellant.private_code}
    return {name: ref for name, ref in parts.items() if isinstance(ref, SealedRef)}


def _show_opened(session: Session, console: Console, opened: Mapping[str, str]) -> None:
    table = session.table("opened", "fact", "value")
    for name, plain in opened.items():
        table.add_row(session.word("field", name), RichText(plain))
    console.print(table)


# --- attachments ------------------------------------------------------------------------------------------------------


def attach(session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]) -> None:
    """Keep a file here; its digest is what ``add-evidence`` and ``--evidence`` name."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Usage("file_unreadable", option="FILE", file=file) from error
    with session.node() as node:
        digest = node.blobs.put(content)
    session.answer({"digest": digest, "bytes": len(content)}, lambda console: console.print(session.say("ticket.attached", digest=digest)))
