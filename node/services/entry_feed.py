"""
The journal by position, for other systems: what happened behind a place, as far as whoever asks sees what it is about.

The journal is the outbox: nothing is copied, nothing is queued, and who asks again from a position gets the same again.  An entry goes out
with its plain facts only; texts and contacts stay where they are sealed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, select

from node.domain.entry import Actor, Header, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import OUTSIDE
from node.services.bodies import plain
from node.services.dossiers import hidden_from
from node.services.readership import EVENT_READERS, SUBJECT_READERS
from node.services.redaction import is_about_one, unseen_in, without
from node.services.scope import sees_all, visible_to
from node.services.ticket_view import event_fields
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import UnitOfWork, View

entries_max = 500
# Rows that one look goes over at most: what whoever asks does not see is passed by, and the position moves all the same.
looked_at_max = 5_000


@dataclass(frozen=True)
class FeedLine:
    """One entry: where it stands, its header, and its event's plain facts."""

    position: int
    id: str
    kind: str
    subject_kind: str
    subject: str
    node: str
    epoch: int
    seq: int
    recorded_at: datetime
    occurred_at: datetime | None
    custody: int
    version: int
    state: str
    account: str
    role: str
    unit: str
    addressee: str
    answers: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Feed:
    """``next`` is the position to ask from again; ``end`` is the journal's."""

    entries: tuple[FeedLine, ...]
    next: int
    end: int


def feed(view: View | UnitOfWork, after: int, viewer: Actor, kinds: Sequence[str] = (), limit: int = entries_max) -> Feed:
    """
    The entries behind position *after* that *viewer* sees, of *kinds* if any are named, at most *limit*, in their order; fewer where he is
    not to read some of them (``readership``).

    Raises:
        Refusal: PERMISSION_DENIED, to whoever files from outside: how offices deal with one another is not his.
    """
    if viewer.role in OUTSIDE:
        raise Refusal(Code.PERMISSION_DENIED, command="entries", role=viewer.role)
    table, end = schema.entries, view.head.taken
    last = min(after + looked_at_max, end)
    others = [kind for kind, roles in SUBJECT_READERS.items() if viewer.role not in roles]
    within = (table.c.taken > after, table.c.taken <= last, _shown_to(viewer), table.c.subject_kind.not_in(others))
    query = select(table.c.taken, table.c.content).where(*within)
    if kinds:
        query = query.where(table.c.kind.in_(kinds))
    rows = view.connection.execute(query.order_by(table.c.taken).limit(limit)).all()
    lines = [_line(row.taken, bytes(row.content)) for row in rows]
    lines = _without_unseen(view, [one for one in lines if _is_read_by(viewer, one)], viewer)
    return Feed(tuple(lines), rows[-1].taken if len(rows) == limit else max(last, after), end)


def _without_unseen(view: View | UnitOfWork, lines: Sequence[FeedLine], viewer: Actor) -> list[FeedLine]:
    """What is about another subject than a ticket may name one: as the page of that subject, it does not name those that are hidden."""
    others = [one.facts for one in lines if one.subject_kind != SubjectKind.TICKET.value]
    unseen = unseen_in(view, viewer, others)
    if not unseen:
        return list(lines)
    found = []
    for one in lines:
        if one.subject_kind == SubjectKind.TICKET.value:
            found.append(one)
        elif not is_about_one(one.facts, unseen):
            found.append(replace(one, facts=without(one.facts, unseen)))
    return found


def _is_read_by(viewer: Actor, line: FeedLine) -> bool:
    """As the page that shows such entries; what he wrote himself everybody reads."""
    roles = EVENT_READERS.get(line.kind)
    return roles is None or viewer.role in roles or line.account == viewer.account


def _shown_to(viewer: Actor) -> ColumnElement[bool]:
    """What is about a ticket by the scope of tickets; what is about another subject for whoever sees all, or has a part in it."""
    table, tickets, dossiers = schema.entries, schema.tickets, schema.dossiers
    same = (dossiers.c.kind == table.c.subject_kind, dossiers.c.id == table.c.subject_id)
    is_ticket = table.c.subject_kind == SubjectKind.TICKET.value
    shown = select(tickets.c.id).where(tickets.c.id == table.c.subject_id, visible_to(viewer)).correlate(table).exists()
    if sees_all(viewer):
        hidden = select(dossiers.c.id).where(*same, hidden_from(viewer)).correlate(table).exists()
        return or_(and_(is_ticket, shown), and_(table.c.subject_kind != SubjectKind.TICKET.value, not_(hidden)))
    has_part: ColumnElement[bool] = false()
    if viewer.unit:
        mine = dossiers.c.parties.contains(f",{viewer.unit},", autoescape=True)
        has_part = select(dossiers.c.id).where(*same, mine).correlate(table).exists()
    return or_(and_(is_ticket, shown), has_part)


def _line(position: int, content: bytes) -> FeedLine:
    read = decode_content(content)
    head: Header = read.header
    facts = {} if read.event is None else {name: plain(value) for name, value in event_fields(read.event) if not _is_sealed(value)}
    return FeedLine(
        position=position,
        id=head.id,
        kind=head.kind,
        subject_kind=head.subject.kind,
        subject=head.subject.id,
        node=head.node,
        epoch=head.epoch,
        seq=head.seq,
        recorded_at=head.recorded_at,
        occurred_at=head.occurred_at,
        custody=head.custody.number,
        version=head.version,
        state=head.state,
        account=head.actor.account,
        role=head.actor.role,
        unit=head.actor.unit,
        addressee=head.addressee,
        answers=head.answers,
        facts=facts,
    )


def _is_sealed(value: object) -> bool:
    """A text or a contact, by itself or among others."""
    return isinstance(value, SealedRef) or (isinstance(value, tuple) and any(_is_sealed(one) for one in value))
