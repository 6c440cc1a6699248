"""
The ledger (台账) and the summary list (海门, annex 2) of a unit and a period: one row a ticket, read from the tickets themselves.

FJ25-3.6e: the ledger is no copy.  Each read folds the tickets, so a row shows what the ticket's own sheet shows at that moment.
Names and phones are contacts: whoever asks for a list opens them as for any other work (``openings``).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import or_, select

from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.registry import AccountOpened
from node.domain.ticket.records import Clock
from node.domain.ticket.row import TicketRow, row_of
from node.domain.ticket.ticket import Ticket
from node.domain.time import end_of
from node.services.openings import HANDLING, RIGHTS, open_payloads
from node.services.queries import Names
from node.services.scope import visible_to
from node.services.ticket_view import opened
from node.services.unreadable import Unreadable, those_unreadable
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import micros
from node.storage.dossier_readings import readable_dossier
from node.storage.unit_of_work import UnitOfWork, View

_OF_A_UNIT = frozenset({Role.DEPARTMENT.value, Role.DEPARTMENT_LEADER.value})
# Needs of these channels were reported on a list, which has words of its own for where they come from.
REPORTED = frozenset({"grassroots_report", "department_report", "grassroots_governance"})


@dataclass(frozen=True)
class Wanted:
    """Whose tickets: of a unit (its first contact or its lead; "" for all of this node), registered from ``first`` to ``last``."""

    unit: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class LedgerLine:
    """
    One ticket as the ledger has it: codes and moments, and the names of enterprise and units.

    ``due_at`` is the limit that ``is_in_time`` was or will be told by; of a clock that stands (``is_paused``) nobody knows it yet.
    ``unreadable`` says why (``unreadable.MISSING`` ...) there is no more than what lists have of it, which may be wrong itself.
    """

    ticket: str
    number: str
    enterprise: str
    channel: str
    registered_at: datetime
    category: str
    complexity: str
    lead: str
    co_handlers: tuple[str, ...]
    signed_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    is_in_time: bool | None
    standard: str
    is_satisfied: bool | None
    is_consistent: bool | None
    state: str
    with_whom: str
    unreadable: str = ""
    is_paused: bool = False


@dataclass(frozen=True)
class SummaryLine:
    """One ticket as annex 2 has it, its source as a code or in the reporting list's own words; ``unreadable`` as in the ledger."""

    number: str
    enterprise: str
    problem: str
    channel: str
    source: str
    contact: str
    phone: str
    unreadable: str = ""


@dataclass(frozen=True)
class Reporter:
    """Who reports a list (HM20-A2.1); what nobody entered is empty."""

    unit: str
    name: str
    phone: str


def need_reader(actor: Actor) -> None:
    """
    Refuse whoever handles nothing.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if actor.role not in {role.value for role in RIGHTS[HANDLING]}:
        raise Refusal(Code.PERMISSION_DENIED, command="ledger", role=actor.role)


def is_bound(actor: Actor) -> bool:
    """True if his list is his own unit's: of what it was only asked about, a department opens nobody's name."""
    return actor.role in _OF_A_UNIT


def wanted_by(actor: Actor, unit: str, first: date | None, last: date | None) -> Wanted:
    """
    What *actor* is given who asks for *unit* and these days.

    Raises:
        Refusal: PERMISSION_DENIED, for whoever handles nothing.
    """
    need_reader(actor)
    return Wanted(actor.unit if is_bound(actor) else unit, first, last)


def part(view: View, wanted: Wanted, viewer: Actor, called: Names, after: str, lines_max: int) -> tuple[list[LedgerLine], str]:
    """
    The first *lines_max* lines behind the ticket *after*, for a system that opens nothing: an enterprise has the name of its file, else the
    one that the need has in its words; nobody's own name stands in for it.

    Returns:
        The lines, and the ticket that the next part begins behind; "" where nothing follows.
    """
    found = tickets_of(view, wanted, viewer, after=after, rows_max=lines_max + 1)
    shown = found[:lines_max]
    lines = [
        _listed_line(one.row, called, one.why) if isinstance(one, Unreadable) else _whole_line(one, called, _written_name(view, one))
        for one in shown
    ]
    return lines, lines[-1].ticket if len(found) > lines_max else ""


def _written_name(view: View, ticket: Ticket) -> str:
    name = ticket.details.enterprise_name
    written = opened(view, ticket.subject, name) if isinstance(name, SealedRef) else None
    return _file_name(view, ticket.appellant.enterprise) or written or ""


def ledger(work: UnitOfWork, wanted: Wanted, actor: Actor, called: Names, now: datetime) -> list[LedgerLine]:
    """
    The ledger, by register number.

    Raises:
        Refusal: PERMISSION_DENIED, for a list with somebody's tickets whose contacts *actor* may not open.
    """
    return [
        _listed_line(one.row, called, one.why) if isinstance(one, Unreadable) else _ledger_line(work, one, actor, called, now)
        for one in tickets_of(work, wanted, actor)
    ]


def _ledger_line(work: UnitOfWork, ticket: Ticket, actor: Actor, called: Names, now: datetime) -> LedgerLine:
    return _whole_line(ticket, called, _opened(work, ticket, actor, now).enterprise)


def _whole_line(ticket: Ticket, called: Names, enterprise: str) -> LedgerLine:
    clock = _limit(ticket)
    return replace(
        _listed_line(row_of(ticket), called),
        enterprise=enterprise,
        co_handlers=tuple(called.unit(part.unit) for part in ticket.co_handlers),
        signed_at=ticket.dispatch.signed_at if ticket.dispatch else None,
        due_at=None if clock is None or clock.is_paused else clock.last_due_at,
        is_paused=clock is not None and clock.is_paused,
    )


def _limit(ticket: Ticket) -> Clock | None:
    """
    The holder's clock that a completion is judged by, as ``completion.is_in_time`` judged it: a date set by a recheck replaces the class
    limit.  One that was stopped is the limit of a completed ticket only.
    """
    found = [clock for name in ("rectification", "resolve") if (clock := ticket.clocks.get(name)) is not None]
    if running := [clock for clock in found if clock.stopped_at is None]:
        return running[0]
    if ticket.completion is None:
        return None
    return max(found, key=lambda clock: clock.stopped_at or ticket.intake.registered_at, default=None)


def _listed_line(row: TicketRow, called: Names, unreadable: str = "") -> LedgerLine:
    """What lists have of a ticket; all that there is of one that is *unreadable*, which the ledger does not leave out."""
    return LedgerLine(
        ticket=row.id,
        number=row.number,
        enterprise="",
        channel=row.channel,
        registered_at=row.registered_at,
        category=row.category,
        complexity=row.complexity,
        lead=called.unit(row.lead),
        co_handlers=(),
        signed_at=None,
        due_at=None,
        completed_at=row.completed_at,
        is_in_time=row.completed_in_time,
        standard=row.standard,
        is_satisfied=row.satisfied,
        is_consistent=row.revisit_consistent,
        state=row.state,
        with_whom=row.with_whom,
        unreadable=unreadable,
    )


def summary(work: UnitOfWork, wanted: Wanted, actor: Actor, now: datetime) -> list[SummaryLine]:
    """
    The rows of annex 2, by register number.

    Raises:
        Refusal: PERMISSION_DENIED, for a list with somebody's tickets whose contacts *actor* may not open.
    """
    lines = []
    for ticket in tickets_of(work, wanted, actor):
        if isinstance(ticket, Unreadable):
            row = ticket.row
            lines.append(SummaryLine(row.number or row.id, "", "", row.channel, "", "", "", ticket.why))
            continue
        said = _opened(work, ticket, actor, now)
        listed = said.list_number if ticket.intake.channel in REPORTED else ""
        source = said.source if ticket.intake.channel in REPORTED else ""
        number = listed or ticket.number or ticket.id
        lines.append(SummaryLine(number, said.enterprise, said.problem, ticket.intake.channel, source, said.contact, said.phone))
    return lines


def reporter_of(view: UnitOfWork | View, actor: Actor, called: Names) -> Reporter:
    """Unit, name and phone of the account that reports, as it was opened last (HM20-A2.1)."""
    table, node = schema.entries, view.head.node
    rows = view.connection.execute(
        select(table.c.content)
        .where(table.c.node == node, table.c.kind == "AccountOpened")
        .order_by(table.c.epoch.desc(), table.c.seq.desc())
    ).scalars()
    unit, subject = called.unit(actor.unit), Subject(SubjectKind.NODE.value, node)
    for content in rows:
        event = decode_content(bytes(content)).event
        if isinstance(event, AccountOpened) and event.account == actor.account:
            return Reporter(unit, _plain(view, subject, event.name), _plain(view, subject, event.phone))
    return Reporter(unit, "", "")


def tickets_of(
    work: UnitOfWork | View, wanted: Wanted, viewer: Actor, *, after: str = "", rows_max: int | None = None
) -> list[Ticket | Unreadable]:
    """
    The tickets of this node that a list is about, by register number, the first *rows_max* behind *after*; what is hidden from *viewer*
    is not there.
    """
    table = schema.tickets
    query = select(table.c.id).where(table.c.holder == work.head.node, visible_to(viewer))
    if wanted.unit:
        query = query.where(or_(table.c.lead == wanted.unit, table.c.first_contact == wanted.unit))
    if wanted.first is not None:
        query = query.where(table.c.registered_at >= micros(end_of(date.fromordinal(wanted.first.toordinal() - 1))))
    if wanted.last is not None:
        query = query.where(table.c.registered_at < micros(end_of(wanted.last)))
    if after:
        query = query.where(table.c.id > after)
    ids = list(work.connection.execute(query.order_by(table.c.id).limit(rows_max)).scalars())
    found: dict[str, Ticket | Unreadable] = {id: ticket for id in ids if (ticket := work.readings.readable(id)) is not None}
    found |= {one.row.id: one for one in those_unreadable(work, [id for id in ids if id not in found])}
    return [found[id] for id in ids]


@dataclass(frozen=True)
class _Said:
    enterprise: str
    problem: str
    source: str
    list_number: str
    contact: str
    phone: str


def _opened(work: UnitOfWork, ticket: Ticket, actor: Actor, now: datetime) -> _Said:
    """What the lists say in words: opened by *actor* to be worked with, so that the opening stands in the journal."""
    wanted = {
        "enterprise": ticket.details.enterprise_name,
        "problem": ticket.intake.appeal,
        "source": ticket.intake.channel_note,
        "list_number": ticket.details.list_number,
        "contact": ticket.appellant.name,
        "phone": ticket.appellant.phone,
    }
    refs = {name: ref for name, ref in wanted.items() if isinstance(ref, SealedRef)}
    try:
        said = open_payloads(work, actor, ticket, refs, HANDLING, now)
    except Refusal as refusal:
        if refusal.code not in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            raise
        said = {}  # erased: the row has blanks there
    name = _file_name(work, ticket.appellant.enterprise) or said.get("enterprise") or said.get("contact", "")
    return _Said(name, *(said.get(one, "") for one in ("problem", "source", "list_number", "contact", "phone")))


def _file_name(work: UnitOfWork | View, file: str) -> str:
    """What the enterprise's own file calls it."""
    if not file:
        return ""
    subject = Subject(SubjectKind.ENTERPRISE.value, file)
    found = readable_dossier(work.journal, subject)
    return _plain(work, subject, found.name) if found is not None else ""


def _plain(view: UnitOfWork | View, subject: Subject, ref: object) -> str:
    if not isinstance(ref, SealedRef):
        return ""
    try:
        return view.payloads.open(subject, ref)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise
