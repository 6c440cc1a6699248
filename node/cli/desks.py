"""``qyzj desk``: a unit's own work: its trays and receipt register, several tickets at a stroke, the reply as it is printed."""

import uuid
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.command_line import read_date
from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.entry import Actor
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket.task_force import percent_of_baseline, progress
from node.domain.time import local_day
from node.services import outcomes, queries, replies, several, trays
from node.services.registry import actor_of
from node.texts.catalogue import explain

TicketNumber = Annotated[str, typer.Argument(metavar="TICKET", show_default=False)]
Tickets = Annotated[list[str], typer.Argument(metavar="TICKET...", show_default=False)]
Person = Annotated[str, typer.Option("--person", metavar="ACCOUNT", show_default=False)]
CommandId = Annotated[str, typer.Option("--id", metavar="UUID", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "desk")
    verbs.add(noun, "tray", show_tray, key="desk.tray")
    verbs.add(noun, "sign", sign, key="desk.sign")
    verbs.add(noun, "hand-over", hand_over, key="desk.hand_over")
    verbs.add(noun, "receipts", show_receipts, key="desk.receipts")
    verbs.add(noun, "reply", show_reply, key="desk.reply")
    verbs.add(noun, "items", show_items, key="desk.items")
    verbs.add(noun, "outcomes", show_outcomes, key="desk.outcomes")


def show_tray(
    session: Session,
    own: Annotated[bool, typer.Option("--own", show_default=False)] = False,
    shared: Annotated[bool, typer.Option("--shared", show_default=False)] = False,
) -> None:
    """What the unit has to do: all of it, the own tray, or the shared one."""
    with session.node() as node, node.store.read() as view:
        actor = _actor(session, node, view)
        person = actor.account if own else "" if shared else None
        lines, names = trays.tray(view, actor.unit, person), queries.names(view)
    body = [
        {
            "ticket": one.row.id,
            "number": one.row.number,
            "state": one.row.state,
            "person": one.person,
            "is_lead": one.is_lead,
            "due_at": one.due_at,
        }
        for one in lines
    ]

    def show(console: Console) -> None:
        table = session.table("tray", "ticket", "state", "lead", "person", "due", unit=names.unit(actor.unit))
        for one in lines:
            table.add_row(one.row.id, session.word("state", one.row.state), names.unit(one.row.lead), one.person, session.due(one.due_at))
        console.print(table)

    session.answer({"unit": actor.unit, "tickets": body}, show)


def sign(session: Session, tickets: Tickets, person: Person = "", command_id: CommandId = "") -> None:
    """Sign several tickets; one that is refused stops none of the others."""
    with session.node() as node:
        with node.store.read() as view:
            actor = _actor(session, node, view)
            found = [queries.find_ticket(view, one) for one in tickets]
        done = several.sign_several(node.handler, actor, found, command_id or str(uuid.uuid4()), person)
    _answer(session, done)


def hand_over(
    session: Session,
    former: Annotated[str, typer.Argument(metavar="ACCOUNT", show_default=False)],
    person: Person = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", show_default=False)] = "",
    command_id: CommandId = "",
) -> None:
    """Pass everything that somebody of the unit has on to another person, or back into the shared tray."""
    with session.node() as node:
        with node.store.read() as view:
            actor = _actor(session, node, view)
        words = Text(note) if note else None
        done = several.hand_over(node.handler, node.store, actor, former, person, command_id or str(uuid.uuid4()), words)
    _answer(session, done)


def _answer(session: Session, done: list[several.Done]) -> None:
    body = [
        {"ticket": one.ticket, "entries": one.entries, "refusal": one.refusal.code.name if one.refusal is not None else None}
        for one in done
    ]

    def show(console: Console) -> None:
        for one in done:
            if one.refusal is not None:
                console.print(
                    RichText(session.say("desk.refused", ticket=one.ticket, why=explain(one.refusal, session.lang)[0]), style="red")
                )
            else:
                console.print(session.say("desk.done" if one.entries else "desk.nothing", ticket=one.ticket))
        console.print(session.say("desk.count", done=sum(1 for one in done if one.refusal is None), all=len(done)))

    session.answer({"tickets": body}, show)


def show_receipts(
    session: Session,
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    year: Annotated[int, typer.Option("--year", metavar="YEAR", show_default=False)] = 0,
) -> None:
    """The receipt register of a unit in a year."""
    with session.node() as node, node.store.read() as view:
        code = unit_code(node.code, unit) if unit else _actor(session, node, view).unit
        of_year = year or local_day(node.now()).year
        lines, names = trays.receipt_register(view, code, of_year), queries.names(view)
    body = [vars(one) for one in lines]

    def show(console: Console) -> None:
        table = session.table("receipts", "number", "ticket", "received", "receiver", "person", unit=names.unit(code), year=of_year)
        for one in lines:
            table.add_row(str(one.number), one.ticket, session.moment(one.received_at), one.account, one.person)
        console.print(table)

    session.answer({"unit": code, "year": of_year, "receipts": body}, show)


def show_reply(session: Session, ticket: TicketNumber) -> None:
    """The lead's one reply with the co-handlers' parts, as it is printed; of a draft with the check that stands on the paper."""
    with session.node() as node, node.store.read() as view:
        actor = _actor(session, node, view)
        whole = view.readings.ticket(queries.find_ticket(view, ticket))
        if whole is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=ticket)
        reply, names = replies.reply_of(view, whole, actor), queries.names(view)
    if reply is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=whole.id, application="countersignature")
    body: dict[str, Any] = {**vars(reply), "parts": [vars(part) for part in reply.parts]}

    def show(console: Console) -> None:
        console.print(session.say("desk.reply_of", lead=names.unit(reply.lead), ticket=reply.ticket))
        console.print(RichText(reply.reply))
        for part in reply.parts:
            said = session.say("desk.part", unit=names.unit(part.unit), at=session.moment(part.filed_at), report=part.report)
            console.print(RichText(said))
        if reply.contact_name:
            console.print(session.say("desk.contact", name=reply.contact_name, phone=reply.contact_phone))
        if reply.replied_at is not None:
            console.print(session.say("desk.replied_on", day=local_day(reply.replied_at)))
        else:
            console.print(session.say("desk.check", check=reply.check))

    session.answer(body, show)


def show_items(session: Session, ticket: TicketNumber) -> None:
    """The joint plan of a ticket: items, owners, dates, ticks, and how it compares with what it took before."""
    with session.node() as node, node.store.read() as view:
        whole = view.readings.ticket(queries.find_ticket(view, ticket))
        if whole is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=ticket)
        names = queries.names(view)
    done, counted = progress(whole)
    items = [vars(one) for one in whole.joint_items]
    body = {"ticket": whole.id, "done": done, "items_count": counted, "items": items, "percent_of_baseline": percent_of_baseline(whole)}

    def show(console: Console) -> None:
        table = session.table("items", "item", "unit", "person", "due", "ticked", ticket=whole.id, done=done, all=counted)
        for one in whole.joint_items:
            ticked = session.say("desk.dropped") if one.is_dropped else session.moment(one.done_at) if one.done_at else ""
            table.add_row(one.code, names.unit(one.unit), one.person, one.due.isoformat(), ticked)
        console.print(table)
        if (percent := percent_of_baseline(whole)) is not None:
            console.print(session.say("desk.compared", percent=f"{percent:+d}"))

    session.answer(body, show)


def show_outcomes(
    session: Session,
    first: Annotated[str, typer.Option("--first", metavar="DATE", show_default=False)] = "",
    last: Annotated[str, typer.Option("--last", metavar="DATE", show_default=False)] = "",
) -> None:
    """What the completed tickets of a period came to, by standard; what financing needs got."""
    with session.node() as node, node.store.read() as view:
        today = local_day(node.now())
        begin: date = read_date("first", first) if first else today.replace(month=1, day=1)
        end: date = read_date("last", last) if last else today
        found = outcomes.outcomes(view, begin, end)
    by_standard = [{"standard": one, "sub_code": code, "tickets": count} for (one, code), count in found.by_standard.items()]
    body = {
        "first": begin,
        "last": end,
        "completed": found.completed,
        "by_standard": by_standard,
        "financed": found.financed,
        "financed_yuan": found.financed_yuan,
        "unread": found.unread,
    }

    def show(console: Console) -> None:
        table = session.table("outcomes", "standard", "sub_code", "tickets", first=begin, last=end)
        for (standard, code), count in found.by_standard.items():
            table.add_row(session.word("standard", standard), session.word("sub_code", code) if code else "", str(count))
        console.print(table)
        wan = f"{found.financed_yuan / 10_000:g}"
        console.print(session.say("desk.financed", tickets=found.financed, wan=wan))
        session.tell_left_out(console, found.unread)

    session.answer(body, show)


def _actor(session: Session, node: Any, view: Any) -> Actor:
    name, _, role = session.acting().partition(":")
    return actor_of(view.connection, node.code, name, role or "")
