"""
Finding the caller: by phone, by two characters of a name, by code or by a former number (USERS C26).

Whoever answers the telephone types what he heard; the enterprises and needs that it may mean come back, each open need with the
one line that is read aloud: who has it, until when.  Names and phones are found by the blind index, so that nothing is opened; to
see a contact is an opening of its own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, or_, select

from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.entry import Actor, SubjectKind
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import may_read
from node.domain.ticket.state import unit_with
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar, last_day
from node.services import lookup_index as index
from node.services.intake_facts import id_of_code
from node.services.narrowing import is_numbered
from node.services.numbers import number_pattern, short_number
from node.services.progress import running_clock
from node.storage import schema
from node.storage.unit_of_work import View

# Who looks a caller up: whoever sits at a desk that takes needs in.
DESKS = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.STEWARD, Role.MEMBER})
# Shorter digits are no phone: a serial, a part of a number.
PHONE_DIGITS_MIN = 7
found_max = 50


@dataclass(frozen=True)
class StatusLine:
    """
    What is read aloud about one need: its spoken number, where it stands, who has it, which limit runs and its last day.

    ``unit`` is the code of the unit that has it now, empty where a part has it that is no unit's (``with_whom``); ``clock`` the kind of
    the limit, empty where none runs.
    """

    ticket: str
    spoken: str
    number: str
    state: str
    with_whom: str
    unit: str
    due: date | None
    is_overdue: bool
    enquiries: int
    is_open: bool
    clock: str = ""


@dataclass(frozen=True)
class FoundFile:
    """An enterprise file, with its unified code where that stands in the open."""

    id: str
    credit_code: str
    subject_type: str
    state: str


@dataclass(frozen=True)
class Found:
    """What somebody may mean, the latest need first."""

    enterprises: tuple[FoundFile, ...]
    tickets: tuple[StatusLine, ...]


def find(view: View, said: str, viewer: Actor, calendar: WorkCalendar, now: datetime) -> Found:
    """
    Whatever *said* may mean: a register or ticket number, a unified code, a phone, a name or a piece of one, a number elsewhere.

    Raises:
        Refusal: PERMISSION_DENIED, for a role that takes nothing in; FIELD_REQUIRED, if nothing was said.
    """
    if viewer.role not in {role.value for role in DESKS}:
        raise Refusal(Code.PERMISSION_DENIED, command="find", role=viewer.role)
    if not said.strip():
        raise Refusal(Code.FIELD_REQUIRED, field="said")
    tickets = _by_number(view, said.strip())
    files = _by_code(view, said)
    for kind, id in _by_words(view, said):
        (tickets if kind == SubjectKind.TICKET.value else files).add(id)
    tickets |= _of_files(view, files)
    return Found(tuple(_file_lines(view, files)), tuple(_status_lines(view, tickets, viewer, calendar, now)))


def status_line(ticket: Ticket, calendar: WorkCalendar, now: datetime) -> StatusLine:
    """The one line about *ticket* that is read aloud."""
    clock = running_clock(ticket)
    due_at = clock.due_at if clock is not None else None
    return StatusLine(
        ticket=ticket.id,
        spoken=short_number(ticket.id),
        number=ticket.number,
        state=ticket.state.value,
        with_whom=ticket.with_whom.value,
        unit=unit_with(ticket.with_whom.value, ticket.lead, ticket.intake.first_contact),
        due=None if due_at is None else last_day(due_at),
        is_overdue=due_at is not None and now >= due_at,
        enquiries=len(ticket.details.enquiries),
        is_open=ticket.is_open,
        clock=clock.kind if clock is not None else "",
    )


def of_receipt(view: View, receipt: str, viewer: Actor, calendar: WorkCalendar, now: datetime) -> tuple[StatusLine, ...]:
    """Every need of one call that *viewer* sees, in the order in which they were taken in (XS25-4.0)."""
    traits = schema.traits
    rows = view.connection.execute(select(traits.c.ticket).where(traits.c.name == "receipt", traits.c.value == receipt)).scalars()
    found = view.readings.tickets(sorted({receipt, *rows})).values()
    return tuple(status_line(ticket, calendar, now) for ticket in found if may_read(ticket, viewer, view.head.node))


def described(view: View, words: str) -> list[str]:
    """Needs whose channel was described by these words (AS25-2.2.8), the earliest first."""
    return sorted(id for _, id in _having(view, index.DESCRIBED, words))


def _by_number(view: View, said: str) -> set[str]:
    """Register number, its spoken form, ticket number, and the number that another system gave it."""
    table = schema.tickets
    same = [table.c.number == said, table.c.external_number == said]
    pattern = number_pattern(said)
    if pattern is not None:
        same.append(is_numbered(pattern))
    return set(view.connection.execute(select(table.c.id).where(or_(*same)).limit(found_max)).scalars())


def _by_code(view: View, said: str) -> set[str]:
    if check_credit_code(said).verdict is Verdict.INVALID:
        return set()
    return {id_of_code(view, said)} - {""}


def _by_words(view: View, said: str) -> set[tuple[str, str]]:
    """A phone if there are digits enough, else a name; a code that is sealed either way."""
    digits = re.sub(r"[\s()+-]", "", said)
    if digits.isdigit() and len(digits) >= PHONE_DIGITS_MIN:
        return _having(view, index.PHONE, said)
    found = _having(view, index.NAME, said)
    return found | _having(view, index.CODE, said) if check_credit_code(said).personal else found


def _having(view: View, kind: str, words: str) -> set[tuple[str, str]]:
    """Subjects that have every piece of *words*."""
    table = schema.lookups
    wanted = [view.payloads.lookup_token(kind, piece) for piece in index.pieces(kind, words)]
    if not wanted or None in wanted:
        return set()
    rows = view.connection.execute(
        select(table.c.subject_kind, table.c.subject_id)
        .where(table.c.kind == kind, table.c.token.in_(wanted))
        .group_by(table.c.subject_kind, table.c.subject_id)
        .having(func.count() == len(wanted))
        .order_by(table.c.subject_id.desc())
        .limit(found_max)
    )
    return {(row.subject_kind, row.subject_id) for row in rows}


def _of_files(view: View, files: Iterable[str]) -> set[str]:
    """The needs of the enterprises that were found: by their file, or by a code that came in before there was one."""
    table, traits, rows = schema.tickets, schema.traits, schema.enterprises
    ids = sorted(files)
    if not ids:
        return set()
    codes = select(rows.c.credit_code).where(rows.c.id.in_(ids), rows.c.credit_code != "")
    linked = select(traits.c.ticket).where(traits.c.name == "enterprise", traits.c.value.in_(ids))
    by_code = and_(table.c.credit_code.in_(codes), table.c.credit_code != "")  # said for the index, too
    query = select(table.c.id).where(or_(by_code, table.c.id.in_(linked))).order_by(table.c.id.desc())
    return set(view.connection.execute(query.limit(found_max)).scalars())


def _file_lines(view: View, files: Iterable[str]) -> list[FoundFile]:
    table, dossiers = schema.enterprises, schema.dossiers
    rows = view.connection.execute(
        select(table.c.id, table.c.credit_code, table.c.subject_type, dossiers.c.state)
        .join(dossiers, dossiers.c.id == table.c.id)
        .where(table.c.id.in_(sorted(files)))
        .order_by(table.c.id)
    )
    return [FoundFile(row.id, row.credit_code, row.subject_type, row.state) for row in rows]


def _status_lines(view: View, ids: Iterable[str], viewer: Actor, calendar: WorkCalendar, now: datetime) -> list[StatusLine]:
    found = view.readings.tickets(sorted(ids, reverse=True)[:found_max]).values()
    return [status_line(ticket, calendar, now) for ticket in found if may_read(ticket, viewer, view.head.node)]
