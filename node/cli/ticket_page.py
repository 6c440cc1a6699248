"""
How a ticket is shown to people: where it stands, its clocks, its timeline.

Units and nodes are said by their names, codes in the words of the catalogue.  What ties entries together for machines (ids,
whole digests) is left to ``--json``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.services import queries, ticket_view
from node.services.entry_words import facts_said, who_said
from node.services.numbers import short_number
from node.texts.catalogue import COLON


def show_page(session: Session, console: Console, page: ticket_view.TicketPage, level: str) -> None:
    """Everything about a ticket that this node knows; *level* is where it is handled."""
    ticket, names = page.ticket, page.names
    show_where(session, console, page)
    holder, origin = node_words(names, ticket.custody.holder), node_words(names, ticket.origin)
    console.print(session.say("ticket.custody", holder=holder, number=ticket.custody.number, origin=origin))
    if ticket.custody.asked:
        console.print(RichText(session.say("ticket.asked", asked=node_words(names, ticket.custody.asked)), style="yellow"))
    if ticket.is_incomplete:
        console.print(RichText(session.say("ticket.incomplete"), style="yellow"))
    if page.other_number:
        console.print(RichText(session.say("ticket.twice", other=page.other_number), style="yellow"))
    _show_asks(session, console, page)
    console.print(_facts_table(session, page, level))
    show_clocks(session, console, page.clocks, names)
    if any(clock.stopped_at is None for clock in page.clocks):
        console.print(session.say("clock.explained", id=ticket.id))
    timeline = session.table("timeline", "recorded", "node", "who", "what", "says")
    for entry in page.timeline:
        timeline.add_row(
            session.moment(entry.recorded_at),
            names.node(entry.node),
            who(session, entry, names),
            session.word("event", entry.kind)
            + (session.say("ticket.void") if entry.is_void else "")
            + ("" if entry.is_read else session.say("ticket.unread")),
            says(session, entry, names),
            style="" if entry.counts else "strike",
        )
    console.print(timeline)


def show_where(session: Session, console: Console, page: ticket_view.TicketPage) -> None:
    """Numbers, state, whose turn it is, and every running clock."""
    ticket = page.ticket
    console.print(session.say("ticket.number", id=ticket.id, spoken=short_number(ticket.id), number=ticket.number or "—"))
    console.print(
        session.say("ticket.stands", state=ticket.state, with_whom=ticket.with_whom, seen=f"{ticket.custody.number}.{ticket.version}")
    )
    for clock in page.clocks:
        if clock.is_running:
            console.print(RichText(clock_sentence(session, clock, page.names), style="red" if clock.is_overdue else ""))


def _show_asks(session: Session, console: Console, page: ticket_view.TicketPage) -> None:
    for ask in page.ticket.open_asks():
        said = session.say(
            "ticket.ask",
            kind=session.word("event", ask.kind),
            asker=node_words(page.names, ask.node),
            addressee=node_words(page.names, ask.addressee or page.ticket.custody.holder),
            at=session.moment(ask.asked_at),
        )
        console.print(RichText(said, style="yellow"))


def _facts_table(session: Session, page: ticket_view.TicketPage, level: str) -> Any:
    table = session.table("facts", "fact", "value")
    ticket, intake, classing = page.ticket, page.ticket.intake, page.ticket.classing
    rows: Mapping[str, str] = {
        "channel": session.say("between").join(session.word("channel", channel) for channel in page.channels),
        "appellant_kind": session.word("appellant_kind", ticket.appellant.kind),
        "credit_code": ticket.appellant.credit_code,
        "category": session.word("category", classing.category) if classing.category else "",
        "complexity": session.word("complexity", classing.complexity) if classing.complexity else "",
        "level": session.word("level", level) if level else "",
        "first_contact": page.names.unit(intake.first_contact),
        "lead": page.names.unit(ticket.lead),
        "received_at": session.moment(intake.received_at),
        "absent": session.say("between").join(one.name for one in ticket_view.heard(page) if not one.has_spoken),
    }
    for name, value in rows.items():
        if value:
            table.add_row(session.word("field", name), value)
    table.add_row(session.say("column.registered"), session.moment(intake.registered_at))
    return table


# --- clocks -----------------------------------------------------------------------------------------------------------


def show_clocks(session: Session, console: Console, lines: Sequence[queries.ClockLine], names: queries.Names) -> None:
    """Every clock with its limit, who owes it and what is left."""
    clocks = session.table("clocks", "clock", "node", "owes", "limit", "started", "due", "left")
    for clock in lines:
        limit = session.say("clock.limit", count=clock.limit.count, unit=session.word("limit_unit", clock.limit.unit))
        clocks.add_row(
            clock_name(session, clock.name, names),
            names.node(clock.node),
            whose(session, clock.owes, names),
            limit,
            session.moment(clock.started_at),
            session.due(clock.due_at) + (session.say("clock.provisional") if clock.is_provisional else ""),
            left_of(session, clock),
            style="red" if clock.is_overdue else "dim" if clock.stopped_at is not None else "",
        )
    console.print(clocks)


def clock_sentence(session: Session, clock: queries.ClockLine, names: queries.Names | None = None) -> str:
    """One running clock in a line: who owes what by when, and what is left."""
    return session.say(
        "clock.runs",
        name=clock_name(session, clock.name, names),
        owes=whose(session, clock.owes, names),
        due=session.due(clock.due_at),
        left=left_of(session, clock),
    )


def clock_name(session: Session, name: str, names: queries.Names | None = None) -> str:
    """The clock in words; a unit that stands behind its kind by name, where names are known."""
    kind, slash, rest = name.partition("/")
    return session.word("clock", kind) + (f" {names.unit(rest) if names else rest}" if slash else "")


def whose(session: Session, owes: str, names: queries.Names | None = None) -> str:
    """Who owes: a part or a role in words, a unit by its name, where names are known."""
    called = session.word("with_whom", owes)
    if called == owes and names:
        called = names.unit(owes)
    return called if called != owes else session.word("role", owes)


def left_of(session: Session, clock: queries.ClockLine) -> str:
    """What is left of a clock, or by how much it is overdue, or when it ended, or that it stands."""
    if clock.stopped_at is not None:
        return session.say("clock.stopped", at=session.moment(clock.stopped_at))
    if clock.left is None:
        return session.say("clock.paused")
    unit = session.word("limit_unit", clock.limit.unit)
    if clock.is_overdue:
        return session.say("clock.overdue", count=-clock.left, unit=unit)
    return session.say("clock.left", count=clock.left, unit=unit)


def node_words(names: queries.Names, code: str) -> str:
    """A node by code and name."""
    called = names.node(code)
    return code if called == code else f"{code} {called}"


# --- the timeline -----------------------------------------------------------------------------------------------------


def who(session: Session, entry: ticket_view.EntryLine, names: queries.Names) -> str:
    """The account with its role, or with its unit where it acts for that; the node itself by one word."""
    return who_said(entry, names, session.lang)


def says(session: Session, entry: ticket_view.EntryLine, names: queries.Names) -> str:
    """What the entry says, a line for each field that has a name: codes in words, texts as they are, contacts as sealed."""
    sealed = session.say("ticket.sealed")
    return "\n".join(
        f"{called}{COLON[session.lang]}{sealed if words is None else words}" for called, words in facts_said(entry, names, session.lang)
    )
