"""
How a ticket is shown to people: where it stands, its clocks, its timeline.

Units and nodes are said by their names, codes in the words of the catalogue.  What ties entries together for machines (ids,
whole digests) is left to ``--json``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.domain.organisation import Role
from node.services import queries, ticket_view
from node.services.acting import UNIT_FIELDS
from node.services.numbers import short_number
from node.texts.catalogue import catalogue, label

# Codes of these fields are words of another section than the field's own name; of one event's field, where it is named with it.
_SECTIONS = {
    "MergeConsentRecorded.answer": "consent",
    "NotAccepted.reason": "refusal_reason",
    "Registered.field": "field_of_service",
    "StatutoryLimitEntered.unit": "limit_unit",
    "Terminated.reason": "ground",
    "VerificationRecorded.result": "verification_result",
    "answer_standard": "standard",
    "consent_way": "way",
    "convener_role": "role",
    "consistent": "truth",
    "decides": "with_whom",
    "feedback_way": "way",
    "former_category": "category",
    "former_complexity": "complexity",
    "former_layer": "layer",
    "former_level": "level",
    "former_state": "state",
    "grounds": "ground",
    "opened_kind": "payload_kind",
    "passed": "forming_test",
    "path_means": "way",
    "reason_code": "ground",
    "satisfied": "truth",
    "standard_met": "truth",
    "value": "evaluation",
    "with_whom_next": "with_whom",
}
_UNITS = frozenset(UNIT_FIELDS)
_NODES = frozenset({"county", "decided_by", "holder", "node", "to"})
_DIGESTS = frozenset({"digest", "evidence", "materials", "provided", "scan"})
_TIES = frozenset({"ask", "blob", "cause", "contributions", "draft", "entry", "finding", "request", "scale", "session"})
_DIGEST_CHARACTERS = 12
# Roles that act for their own unit: its name says more than the role.
_OF_UNITS = frozenset(role.value for role in (Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.STEWARD))


def show_page(session: Session, console: Console, page: ticket_view.TicketPage) -> None:
    """Everything about a ticket that this node knows."""
    ticket, names = page.ticket, page.names
    show_where(session, console, page)
    holder, origin = node_words(names, ticket.custody.holder), node_words(names, ticket.origin)
    console.print(session.say("ticket.custody", holder=holder, number=ticket.custody.number, origin=origin))
    if ticket.custody.asked:
        console.print(RichText(session.say("ticket.asked", asked=node_words(names, ticket.custody.asked)), style="yellow"))
    if ticket.is_incomplete:
        console.print(RichText(session.say("ticket.incomplete"), style="yellow"))
    _show_asks(session, console, page)
    console.print(_facts_table(session, page))
    show_clocks(session, console, page.clocks, names)
    if any(clock.stopped_at is None for clock in page.clocks):
        console.print(session.say("clock.explained", id=ticket.id))
    timeline = session.table("timeline", "recorded", "node", "who", "what", "says")
    for entry in page.timeline:
        timeline.add_row(
            session.moment(entry.recorded_at),
            names.node(entry.node),
            who(session, entry, names),
            session.word("event", entry.kind) + (session.say("ticket.void") if entry.is_void else ""),
            says(session, entry, names),
            style="strike" if entry.is_void else "",
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


def _facts_table(session: Session, page: ticket_view.TicketPage) -> Any:
    table = session.table("facts", "fact", "value")
    ticket, intake, classing = page.ticket, page.ticket.intake, page.ticket.classing
    rows: Mapping[str, str] = {
        "channel": session.say("between").join(session.word("channel", channel) for channel in page.channels),
        "appellant_kind": session.word("appellant_kind", ticket.appellant.kind),
        "credit_code": ticket.appellant.credit_code,
        "category": session.word("category", classing.category) if classing.category else "",
        "complexity": session.word("complexity", classing.complexity) if classing.complexity else "",
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
    role = session.word("role", entry.role)
    if entry.role == Role.NODE.value:
        return role
    return f"{entry.account} ({names.unit(entry.unit) if entry.unit and entry.role in _OF_UNITS else role})"


def says(session: Session, entry: ticket_view.EntryLine, names: queries.Names) -> str:
    """What the entry says, a line for each field that has a name: codes in words, texts as they are, contacts as sealed."""
    named = catalogue(session.lang)
    parts = [
        f"{label(entry.kind, name, session.lang)}: {_fact(session, entry.kind, name, value, names)}"
        for name, value in entry.facts.items()
        if f"field.{name}" in named and name not in _TIES
    ]
    parts += [
        f"{label(entry.kind, name, session.lang)}: {words if words is not None else session.say('ticket.sealed')}"
        for name, words in entry.texts.items()
    ]
    parts += [f"{label(entry.kind, name, session.lang)}: {session.say('ticket.sealed')}" for name in entry.contacts]
    return "\n".join(parts)


def _fact(session: Session, kind: str, name: str, value: object, names: queries.Names) -> str:
    """A plain fact of a *kind* of event: codes in words where there are some, units and nodes by name, digests short, times Beijing's."""
    if isinstance(value, datetime):
        return session.moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return session.say("yes" if value else "no")
    many = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    own = _SECTIONS.get(f"{kind}.{name}")
    if own:
        many = [session.word(own, one) for one in many]
    elif name in _UNITS:
        many = [names.unit(one) for one in many]
    elif name in _NODES:
        many = [names.node(one) for one in many]
    elif name in _DIGESTS:
        many = [one if len(one) <= _DIGEST_CHARACTERS else f"{one[:_DIGEST_CHARACTERS]}…" for one in many]
    else:
        many = [session.word(_SECTIONS.get(name, name), one) for one in many]
    return session.say("between").join(many)
