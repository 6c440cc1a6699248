"""
What suggestions are made from: the texts that people sorted at this node, and the earlier needs of the same appellant.

Texts are opened where the ticket is held, for its own handling; nothing of them is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Refusal
from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.unit_of_work import View

history_max = 500
recent_max = 200


@dataclass(frozen=True)
class KnownNeed:
    """A need as it is compared; ``who`` are the tokens of the blind index, which say nothing but whether two are the same."""

    id: str
    text: str
    registered_at: datetime
    who: frozenset[str]
    matter: str


def text_of(view: View, ticket: Ticket) -> str:
    """Title and appeal of a ticket that is held here, or nothing."""
    if ticket.custody.holder != view.head.node:
        return ""
    parts = []
    for ref in (ticket.intake.title, ticket.intake.appeal):
        if isinstance(ref, SealedRef):
            try:
                parts.append(view.payloads.open(ticket.subject, ref))
            except Refusal:
                continue
    return "\n".join(parts)


def history(view: View) -> Iterator[tuple[str, str]]:
    """(text, unit) of the latest tickets held here that people gave to a unit."""
    table = schema.tickets
    held = (table.c.holder == view.head.node, table.c.lead != "")
    for id in view.connection.execute(select(table.c.id).where(*held).order_by(table.c.registered_at.desc()).limit(history_max)).scalars():
        ticket = view.readings.ticket(id)
        if ticket is not None and (text := text_of(view, ticket)):
            yield text, ticket.lead


def need_of(view: View, ticket: Ticket) -> KnownNeed:
    """One need as it is compared."""
    table = schema.lookups
    rows = view.connection.execute(
        select(table.c.kind, table.c.token).where(table.c.subject_kind == SubjectKind.TICKET.value, table.c.subject_id == ticket.id)
    )
    # A phone or a code is somebody; two characters of a name are not.
    who = {f"{row.kind}:{row.token}" for row in rows if row.kind in ("phone", "code")}
    who |= {f"file:{ticket.appellant.enterprise}"} if ticket.appellant.enterprise else set()
    return KnownNeed(ticket.id, text_of(view, ticket), ticket.intake.registered_at, frozenset(who), ticket.intake.matter)


def earlier_needs(view: View, ticket: Ticket) -> list[KnownNeed]:
    """What *ticket* is compared with: every need of the same appellant, and the latest of everybody."""
    tickets, lookups = schema.tickets, schema.lookups
    tokens = select(lookups.c.token).where(
        lookups.c.subject_kind == SubjectKind.TICKET.value, lookups.c.subject_id == ticket.id, lookups.c.kind.in_(("phone", "code"))
    )
    same = select(lookups.c.subject_id).where(lookups.c.subject_kind == SubjectKind.TICKET.value, lookups.c.token.in_(tokens))
    recent = select(tickets.c.id).where(tickets.c.holder == view.head.node).order_by(tickets.c.registered_at.desc()).limit(recent_max)
    ids = {*view.connection.execute(same).scalars(), *view.connection.execute(recent).scalars()} - {ticket.id}
    found = [view.readings.ticket(id) for id in sorted(ids)]
    return [need_of(view, one) for one in found if one is not None]


def units_here(view: View) -> dict[str, str]:
    """Active units of this node by code, with their names."""
    table = schema.units
    rows = view.connection.execute(select(table.c.code, table.c.name).where(table.c.node == view.head.node, table.c.is_active.is_(True)))
    return {row.code: row.name for row in rows}
