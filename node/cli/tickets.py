"""``qyzj ticket``: every command of the domain as a verb, and what there is to see: lists, pages, deadline receipts."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli import suggest
from node.cli.archiving import pack_ticket
from node.cli.calls import show_calls
from node.cli.carried_over import carried_over
from node.cli.command_line import Typed, function_of
from node.cli.console import Session, Usage
from node.cli.find import find_ticket
from node.cli.ticket_page import clock_name, left_of, show_page, show_where
from node.cli.verbs import Verbs
from node.cli.viewing import viewer_of
from node.domain.command import Command
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.state import State
from node.services import deadlines, queries, ticket_view
from node.services.acting import act
from node.services.bodies import outcome_body, page_body, receipt_body, ticket_line_body
from node.services.command_fields import AREAS, is_for_people, verb_of
from node.services.handle import Outcome
from node.services.narrowing import Wanted
from node.services.openings import HANDLING, asked_texts, open_payloads, sealed_of
from node.services.registry import actor_of
from node.services.ticket_levels import level_of
from node.texts.catalogue import word

TicketNumber = Annotated[str, typer.Argument(metavar="TICKET", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    ticket = verbs.group(app, "ticket")
    verbs.add(ticket, "list", list_tickets, key="ticket.list", group="look")
    verbs.add(ticket, "find", find_ticket, key="ticket.find", group="look")
    verbs.add(ticket, "show", show_ticket, key="ticket.show", group="look")
    verbs.add(ticket, "clock", show_clock, key="ticket.clock", group="look")
    verbs.add(ticket, "carried-over", carried_over, key="ticket.carried_over", group="look")
    verbs.add(ticket, "calls", show_calls, key="ticket.calls", group="look")
    verbs.add(ticket, "open", open_ticket, key="ticket.open", group="look")
    verbs.add(ticket, "attach", attach, key="ticket.attach", group="look")
    verbs.add(ticket, "package", pack_ticket, key="ticket.package", group="look")
    suggest.add_to(ticket, verbs)
    for command in commands():
        make = partial(function_of, command, verbs, _carry_out)
        verbs.add_made(ticket, verb_of(command), make, verbs_help(verbs, command), group=_group_of(command))


def _group_of(command: type[Command]) -> str:
    """The part of the help page: areas of the domain that follow one another in a ticket's life."""
    area = command.__module__.rpartition(".")[2]
    return next(group for group, areas in AREAS.items() if area in areas)


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
            page = ticket_view.ticket_page(view, outcome.subject.id, policy.calendar, now)
            code = view.payloads.query_code(outcome.subject) if typed.command.starts else None
    body = outcome_body(outcome, typed.id) | ({} if code is None else {"query_code": code})
    session.answer(body, lambda console: _show_outcome(session, console, outcome, page, code))


def _show_outcome(session: Session, console: Console, outcome: Outcome, page: ticket_view.TicketPage, code: str | None) -> None:
    kinds = session.say("between").join(session.word("event", one.header.kind) for one in outcome.entries)
    key = "ticket.repeated" if outcome.is_repeat else "ticket.done" if outcome.entries else "ticket.nothing"
    console.print(RichText(session.say(key, events=kinds), style="green"))
    show_where(session, console, page)
    if code is not None:
        console.print(session.say("ticket.receipt", code=code))


# --- looking ----------------------------------------------------------------------------------------------------------


def list_tickets(
    session: Session,
    state: Annotated[list[str] | None, typer.Option("--state", metavar="STATE", show_default=False)] = None,
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    due: Annotated[str, typer.Option("--due", metavar="today|overdue", show_default=False)] = "",
    mine: Annotated[bool, typer.Option("--mine", show_default=False)] = False,
    unsorted: Annotated[bool, typer.Option("--unsorted", show_default=False)] = False,
    rows: Annotated[int, typer.Option("--rows", metavar="NUMBER", min=1)] = 200,
    layer: Annotated[str, typer.Option("--layer", metavar="CODE", show_default=False)] = "",
    level: Annotated[str, typer.Option("--level", metavar="CODE", show_default=False)] = "",
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
        at = unit_code(node.code, unit) if unit else ""
        seen_by = viewer_of(session, node.code, view)
        wanted = Wanted(states, at, due, whose_turn, unsorted, rows, layer=layer, level=level, viewer=seen_by)
        now = node.now()
        lines = queries.list_tickets(view, wanted, node.policies.bare(view).calendar, now)
        names, here = queries.names(view), node.code
    body = {"now": now, "tickets": [ticket_line_body(line) for line in lines]}
    session.answer(body, lambda console: _show_list(session, console, lines, names, here))


def _show_list(session: Session, console: Console, lines: list[queries.TicketLine], names: queries.Names, here: str) -> None:
    """A table; where others hold tickets, too, each line says who does, and whose clock it is that is due next."""
    if not lines:
        console.print(session.say("ticket.none"))
        return
    is_mixed = any(line.row.holder != here for line in lines)
    table = session.table("", "ticket", *(("holder",) if is_mixed else ()), "state", "with", "lead", "clock", "due", "left")
    for line in lines:
        row, clock = line.row, line.clock
        owner = "" if clock is None or clock.node == row.holder else f"({names.node(clock.node)})"
        table.add_row(
            row.id,
            *((names.node(row.holder),) if is_mixed else ()),
            session.word("state", row.state),
            names.unit(row.with_unit) or session.word("with_whom", row.with_whom),
            names.unit(row.lead),
            "" if clock is None else clock_name(session, clock.name, names) + owner,
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
        found, calendar = queries.find_ticket(view, ticket), node.policies.bare(view).calendar
        page = ticket_view.ticket_page(view, found, calendar, now, viewer_of(session, node.code, view))
        level = level_of(view, page.ticket, node.policies.of_registry(view, now).pack)
    session.answer(page_body(page, level, now), lambda console: show_page(session, console, page, level))


def show_clock(
    session: Session, ticket: TicketNumber, clock: Annotated[str, typer.Argument(metavar="CLOCK", show_default=False)] = ""
) -> None:
    """The deadline receipt of one clock, day by day: of the one that is due next, if none is named."""
    with session.node() as node, node.store.read() as view:
        now = node.now()
        found = queries.find_ticket(view, ticket)
        seen_by = viewer_of(session, node.code, view)
        clock = _clock_meant(session, ticket_view.ticket_page(view, found, node.policies.bare(view).calendar, now, seen_by), clock)
        receipt = deadlines.deadline_receipt(view, found, clock, node.policies.bare(view), now)
    session.answer(receipt_body(receipt), lambda console: _show_receipt(session, console, receipt))


def _clock_meant(session: Session, page: ticket_view.TicketPage, said: str) -> str:
    """The clock that somebody means: by its code or its word; by nothing the one that is due next."""
    codes = [clock.name for clock in page.clocks]
    if not said:
        running = sorted((clock.due_at, clock.name) for clock in page.clocks if clock.due_at is not None)
        said = running[0][1] if running else ""
    meant = next((code for code in codes if said in (code, clock_name(session, code))), said)
    if meant.partition("@")[0] not in codes:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="clock", value=said, offered=sorted(set(codes)))
    return meant


def _show_receipt(session: Session, console: Console, receipt: deadlines.Receipt) -> None:
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
    # One that has ended owes nothing any more: what it ran to is what its days give.
    due = session.due(clock.due_at or receipt.counted_due_at) if clock.due_at or clock.stopped_at else left_of(session, clock)
    console.print(session.say("clock.issued", due=due, calendar=receipt.calendar, pack=receipt.pack))
    if clock.stopped_at is not None:
        console.print(left_of(session, clock))
    if receipt.promised is not None:
        console.print(session.say("clock.set", day=receipt.promised.isoformat()))
    if receipt.agrees:
        console.print(session.say("clock.recounted", due=session.due(receipt.recounted_due_at)))
    else:
        console.print(session.say("clock.disagrees", due=session.due(receipt.recounted_due_at)), style="red")
    if receipt.proposed is not None:
        console.print(session.say("clock.promised", due=session.due(receipt.proposed.recounted)), style="yellow")


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
            asked = asked_texts(view, whole) if whole is not None and purpose == HANDLING else {}
        if whole is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=found)
        refs = sealed_of(whole, texts_only=purpose == "audit") | asked
        opened = node.writer.command(lambda work: open_payloads(work, actor, whole, refs, purpose, node.now(), round or None))
    body = {"ticket": found, "purpose": purpose, "opened": opened}
    session.answer(body, lambda console: _show_opened(session, console, opened))


def _show_opened(session: Session, console: Console, opened: Mapping[str, str]) -> None:
    table = session.table("opened", "fact", "value")
    for name, plain in opened.items():
        table.add_row(session.word("field", name), RichText(plain))
    console.print(table)


# --- attachments ------------------------------------------------------------------------------------------------------


def attach(session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]) -> None:
    """Keep a file here, of a kind that the pages take, too; its digest is what ``add-evidence`` and ``--evidence`` name."""
    from node.services import uploads  # what looks at the bytes takes long to load, and other commands do without

    try:
        content = file.read_bytes()
    except OSError as error:
        raise Usage("file_unreadable", option="FILE", file=file) from error
    with session.node() as node:
        digest = uploads.keep(node.blobs, content, file.name).digest
    session.answer({"digest": digest, "bytes": len(content)}, lambda console: console.print(session.say("ticket.attached", digest=digest)))
