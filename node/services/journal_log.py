"""
This node's own journal as the audit reads it: who did what about which subject when, and who opened what for which purpose.

The journal is read backwards from its end, a bounded piece at a time; nothing here writes, and nothing opens a payload.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, select

from node.domain.entry import Actor, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import PayloadKind, SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.registry import PayloadOpened, TicketRead
from node.domain.time import local_day
from node.services.readership import AUDITORS, OPENING_READERS
from node.services.scope import out_of_sight
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Stored
from node.storage.unit_of_work import View

lines_max = 100
# Entries looked through for one page; where the conditions are rare the next page goes on from there.
scanned_max = 5_000
_AT_ONCE = 500
_OPENING = (PayloadOpened.kind(), TicketRead.kind())


@dataclass(frozen=True)
class Asked:
    """
    Which entries.  ``is_registry``: only what was done to the node itself: accounts, units, packs, calendars, levels, and readings of
    what is sealed.  ``before``: only what was taken before that place, for the next page.
    """

    account: str = ""
    subject: str = ""
    is_registry: bool = False
    first: date | None = None
    last: date | None = None
    before: int = 0


@dataclass(frozen=True)
class LogLine:
    """One entry: its place in the journal, who wrote it in which role, about what."""

    taken: int
    epoch: int
    seq: int
    at: datetime
    actor: Actor
    kind: str
    subject_kind: str
    subject: str


@dataclass(frozen=True)
class OpeningLine:
    """
    One opening: who read which sealed ``field`` of what for which purpose; ``field`` is "" where its entry is not here.  With the
    event "TicketRead" nothing was opened: somebody read the page of a subordinate's ticket.
    """

    at: datetime
    actor: Actor
    opened_kind: str
    opened: str
    event: str
    field: str
    purpose: str
    is_contact: bool


@dataclass(frozen=True)
class Log:
    """A page of lines, the latest first; ``next`` is where the following one begins, 0 at the end of the journal."""

    lines: tuple[LogLine, ...] = ()
    openings: tuple[OpeningLine, ...] = ()
    next: int = field(default=0)


def log(view: View, asked: Asked, viewer: Actor) -> Log:
    """
    Entries that this node wrote, the latest first.

    Raises:
        Refusal: PERMISSION_DENIED, for who is no auditor.
    """
    if viewer.role not in AUDITORS:
        raise Refusal(Code.PERMISSION_DENIED, command="audit", role=viewer.role)
    subjects = [asked.subject] if asked.subject else [view.head.node] if asked.is_registry else []
    found, following = _read(view, asked, subjects, lambda one: True)
    # From a unit complained of a need is hidden always (XS25-4.3.1.4): also from who audits there.
    unseen = out_of_sight(view, viewer, [one.header.subject.id for one in found])
    return Log(lines=tuple(_line(one) for one in found if one.header.subject.id not in unseen), next=following)


def openings(view: View, asked: Asked, viewer: Actor) -> Log:
    """
    Who opened what, the latest first; whoever may not read all reads his own.

    Raises:
        Refusal: PERMISSION_DENIED, for the enterprise's side.
    """
    if viewer.role == Role.ENTERPRISE.value:
        raise Refusal(Code.PERMISSION_DENIED, command="contacts", role=viewer.role)
    whose = asked.account if viewer.role in OPENING_READERS else viewer.account
    rounds = view.connection.execute(select(schema.rounds.c.id).where(schema.rounds.c.node == view.head.node)).scalars()

    def is_one(one: Stored) -> bool:
        return _opened_by(one) is not None and asked.subject in ("", _opened_by(one))

    # What was opened for a drawn call stands with its round.
    found, following = _read(view, replace(asked, account=whose), [view.head.node, *rounds], is_one, _OPENING)
    lines = [line for one in found if (line := _opening(view, one)) is not None]
    unseen = out_of_sight(view, viewer, [one.opened for one in lines])
    return Log(openings=tuple(one for one in lines if one.opened not in unseen), next=following)


def _read(
    view: View, asked: Asked, subjects: Sequence[str], fits: Callable[[Stored], bool], kinds: Sequence[str] = ()
) -> tuple[list[Stored], int]:
    """At most ``lines_max`` entries about one of *subjects* (none: about anything), and where to go on."""
    found: list[Stored] = []
    for scanned, one in enumerate(_backwards(view, asked.before, subjects, kinds), 1):
        day = local_day(one.header.recorded_at)
        if asked.first is not None and day < asked.first:
            return found, 0  # own entries stand in the order of their times
        is_asked = (not asked.account or one.header.actor.account == asked.account) and (asked.last is None or day <= asked.last)
        if is_asked and fits(one):
            found.append(one)
        if len(found) == lines_max or scanned == scanned_max:
            return found, one.taken
    return found, 0


def _backwards(view: View, before: int, subjects: Sequence[str], kinds: Sequence[str]) -> Iterator[Stored]:
    table = schema.entries
    where: list[ColumnElement[bool]] = [table.c.node == view.head.node]
    if subjects:
        where.append(table.c.subject_id.in_(subjects))
    if kinds:
        where.append(table.c.kind.in_(kinds))
    query = select(table.c.taken, table.c.content, table.c.leaf).where(*where).order_by(table.c.taken.desc()).limit(_AT_ONCE)
    while True:
        rows = view.connection.execute(query.where(table.c.taken < before) if before else query).all()
        if not rows:
            return
        for row in rows:
            yield Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf))
        before = rows[-1].taken


def _line(one: Stored) -> LogLine:
    head = one.header
    return LogLine(one.taken, head.epoch, head.seq, head.recorded_at, head.actor, head.kind, head.subject.kind, head.subject.id)


def _opened_by(one: Stored) -> str | None:
    """What was opened or read by this entry; None if it is no such entry."""
    event = one.content.event
    return event.ticket if isinstance(event, TicketRead) else event.opened if isinstance(event, PayloadOpened) else None


def _opening(view: View, one: Stored) -> OpeningLine | None:
    event, head = one.content.event, one.header
    if isinstance(event, TicketRead):
        return OpeningLine(head.recorded_at, head.actor, SubjectKind.TICKET.value, event.ticket, event.kind(), "", "", is_contact=False)
    if not isinstance(event, PayloadOpened):
        return None
    what, name, is_contact = _field(view, event)
    return OpeningLine(head.recorded_at, head.actor, event.opened_kind, event.opened, what, name, event.purpose, is_contact)


def _field(view: View, event: PayloadOpened) -> tuple[str, str, bool]:
    """Kind and field of the entry that brought what was opened, and whether that is a contact."""
    table = schema.entries
    content = view.connection.execute(select(table.c.content).where(table.c.subject_id == event.opened, table.c.id == event.entry)).scalar()
    brought = decode_content(bytes(content)).event if content is not None else None
    if brought is None or not is_dataclass(brought):
        return "", "", False
    for one in fields(brought):
        value = getattr(brought, one.name)
        if isinstance(value, SealedRef) and (value.entry, value.place) == (event.entry, event.place):
            return brought.kind(), one.name, value.kind is PayloadKind.CONTACT
    return brought.kind(), "", False
