"""``qyzj duty``: the responsibility catalogue, precedents, who should lead a ticket, and the problem list of the day."""

import dataclasses
import uuid
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.cli.pack_files import read_pack_file
from node.cli.staff import CENTRE
from node.cli.verbs import Verbs
from node.cli.viewing import viewer_of
from node.documents.issuing import papers_of_dispatch
from node.domain.command import Order
from node.domain.duty_list import AdoptDutyList, DutyItem, Fault, Precedent
from node.domain.registry import unit_code
from node.domain.ticket.dispatching import Dispatch
from node.domain.time import local_day
from node.services import precedents as rulings
from node.services import queries
from node.services.acting import act, acting
from node.services.bodies import outcome_body
from node.services.dispatches import dispatch_batch
from node.services.duties import advice, duty_list, read_table
from node.services.problem_list import batch, problem_list
from node.services.registry import read_units

File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
EXIT_FAULTY = 2


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "duty")
    verbs.add(noun, "list", list_duties, key="duty.list")
    verbs.add(noun, "show", show, key="duty.show")
    verbs.add(noun, "check", check, key="duty.check")
    verbs.add(noun, "adopt", adopt, key="duty.adopt")
    verbs.add(noun, "precedents", precedents, key="duty.precedents")
    verbs.add(noun, "problems", problems, key="duty.problems")
    verbs.add(noun, "send", send, key="duty.send")
    verbs.add(noun, "batch", show_batch, key="duty.batch")


def list_duties(
    session: Session,
    matter: Annotated[str, typer.Option("--matter", metavar="CODE", show_default=False)] = "",
    field: Annotated[str, typer.Option("--field", metavar="CODE", show_default=False)] = "",
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
) -> None:
    """The items in force today."""
    with session.node() as node, node.store.read() as view:
        day = local_day(node.now())
        found = duty_list(view.connection, node.code, day, matter=matter, field=field)
        whole = unit_code(node.code, unit) if unit else ""
        items = [one for one in found.items if one.holds_on(day) and whole in ("", one.unit)]
        names = queries.names(view)
    body = {"version": found.version, "digest": found.digest, "items": [dataclasses.asdict(one) for one in items]}

    def show_items(console: Console) -> None:
        if not found.version:
            console.print(session.say("duty.none"))
            return
        table = session.table("duties", "duty_item", "unit", "matter", "law_basis", "valid", version=found.version)
        for one in items:
            negative = session.say("duty.negative") if one.is_negative else ""
            table.add_row(one.code, names.unit(one.unit) + negative, one.matter_name or one.matter, one.law_basis, _valid(one))
        console.print(table)

    session.answer(body, show_items)


def _valid(item: DutyItem) -> str:
    ends = [day.isoformat() if day else "" for day in (item.valid_from, item.valid_to)]
    return " – ".join(ends) if any(ends) else ""


def show(session: Session, ticket: Annotated[str, typer.Argument(metavar="TICKET", show_default=False)]) -> None:
    """Who should lead a ticket, and on what ground."""
    with session.node() as node, node.store.read() as view:
        ticket_id = queries.find_ticket(view, ticket)
        policy = node.policies.for_ticket(view, view.readings.ticket(ticket_id), node.now())
        found = advice(view, ticket_id, policy, node.now())
        names = queries.names(view)
    body = {
        "matter": found.matter,
        "field": found.field,
        "proposals": [dataclasses.asdict(one) for one in found.proposals],
        "precedents": [dataclasses.asdict(one) for one in found.precedents],
    }

    def show_advice(console: Console) -> None:
        if not found.proposals and not found.precedents:
            console.print(session.say("duty.no_advice"))
            return
        table = session.table("who_leads", "unit", "of", "duty_item")
        for one in found.proposals:
            table.add_row(names.unit(one.unit), session.word("duty", one.ground), one.of)
        console.print(table)
        if found.precedents:
            console.print(_rulings(session, list(found.precedents), names))

    session.answer(body, show_advice)


def check(session: Session, file: File) -> None:
    """Name every fault of a file."""
    with session.node() as node, node.store.read() as view:
        items, faults = read_table(read_pack_file(file), node.code, read_units(view.connection, node.code))
    _answer_check(session, file, items, faults)
    if faults:
        raise typer.Exit(EXIT_FAULTY)


def _answer_check(session: Session, file: Path, items: tuple[DutyItem, ...], faults: tuple[Fault, ...]) -> None:
    body = {"file": file.name, "items": len(items), "faults": [dataclasses.asdict(one) for one in faults]}

    def show_faults(console: Console) -> None:
        if not faults:
            console.print(session.say("duty.sound", file=file.name, count=len(items)))
            return
        table = session.table("faults", "row", "column", "fault", "value", file=file.name, count=len(faults))
        for one in faults:
            column = session.word("field", one.column)
            table.add_row(str(one.row), column, session.word("duty_fault", one.code), one.value, style="red")
        console.print(table)

    session.answer(body, show_faults)


def adopt(
    session: Session,
    file: File,
    version: Annotated[str, typer.Option("--version", metavar="TEXT", show_default=False)],
    effective_from: Annotated[str, typer.Option("--effective-from", metavar="YYYY-MM-DD", show_default=False)] = "",
) -> None:
    """Put a file into force; it replaces the former version whole.  A file with a fault changes nothing."""
    with session.node() as node:
        with node.store.read() as view:
            items, faults = read_table(read_pack_file(file), node.code, read_units(view.connection, node.code))
        if faults:
            _answer_check(session, file, items, faults)
            raise typer.Exit(EXIT_FAULTY)
        begin = date.fromisoformat(effective_from) if effective_from else local_day(node.now())
        outcome = act(node, session.acting(CENTRE), AdoptDutyList(version, begin, items))
    key = "duty.adopted" if outcome.entries else "ticket.nothing"
    session.answer(outcome_body(outcome, ""), lambda console: console.print(session.say(key, version=version, count=len(items))))


def precedents(session: Session) -> None:
    """Every ruling of this node on whose duty a matter is."""
    with session.node() as node, node.store.read() as view:
        found = rulings.of_node(view.connection, node.code)
        names = queries.names(view)
    body = {"precedents": [dataclasses.asdict(one) for one in found]}
    session.answer(body, lambda console: console.print(_rulings(session, found, names)))


def _rulings(session: Session, found: list[Precedent], names: queries.Names) -> Any:
    table = session.table("precedents", "matter", "ruled_on", "ruled_by", "declined", "named", "ticket")
    for one in found:
        ruled_by = session.word("ruled_by", one.ruled_by)
        table.add_row(one.matter, one.ruled_on.isoformat(), ruled_by, names.unit(one.unit), names.unit(one.named), one.ticket)
    return table


def problems(session: Session) -> None:
    """The problem list of today."""
    with session.node() as node, node.store.read() as view:
        found = problem_list(view, node.now(), viewer_of(session, node.code, view))
        names = queries.names(view)

    def show_list(console: Console) -> None:
        table = session.table("problems", "row", "ticket", "category", "layer", "level", "proposed", day=found.day.isoformat())
        for one in found.judged:
            words = (session.word("category", one.category), session.word("layer", one.layer), session.word("level", one.level))
            table.add_row(str(one.place), one.number, *words, names.unit(one.proposed))
        console.print(table)
        waiting = session.table("waiting", "ticket", "state", "age")
        for line in found.waiting:
            waiting.add_row(line.ticket, session.word("state", line.state), str(line.age_days))
        console.print(waiting)
        session.tell_left_out(console, found.unread)

    session.answer(dataclasses.asdict(found), show_list)


def send(
    session: Session,
    code: Annotated[str, typer.Argument(metavar="BATCH", show_default=False)],
    lead: Annotated[str, typer.Argument(metavar="UNIT", show_default=False)],
    tickets: Annotated[list[str], typer.Argument(metavar="TICKET...", show_default=False)],
) -> None:
    """Dispatch several formed tickets to one lead in one call: all of them or none."""
    with session.node() as node:
        command = Dispatch(unit_code(node.code, lead))
        with node.store.read() as view:
            actor = acting(node, view, session.acting(CENTRE), command)
            found = [queries.find_ticket(view, one) for one in tickets]
        orders = [Order(str(uuid.uuid4()), actor, one, command) for one in found]
        outcomes = dispatch_batch(node.writer, node.handler, code, orders, papers_of_dispatch(node.policies, node.now()))
    body = {"batch": code, "tickets": [outcome_body(one, order.id) for one, order in zip(outcomes, orders, strict=True)]}
    session.answer(body, lambda console: console.print(session.say("duty.sent", code=code, count=len(found))))


def show_batch(session: Session, code: Annotated[str, typer.Argument(metavar="BATCH", show_default=False)]) -> None:
    """How many of a batch are struck off."""
    with session.node() as node, node.store.read() as view:
        found = batch(view, code, viewer_of(session, node.code, view))
    facts = {"code": code, "done": len(found.struck_off), "count": len(found.tickets)}
    session.answer(dataclasses.asdict(found), lambda console: console.print(session.say("duty.batch", **facts)))
