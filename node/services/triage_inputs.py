"""
What suggestions are made from: the texts that people sorted at this node, and the earlier needs of the same appellant.

Texts are opened where the ticket is held, for its own handling; nothing of them is kept.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from node.domain.entry import Header, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Refusal
from node.domain.ticket.dispatching import Dispatched
from node.domain.ticket.ticket import Ticket
from node.services.ticket_view import bring_words
from node.storage import schema
from node.storage.ticket_rows import parts
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


def bring_texts(view: View, tickets: Iterable[Ticket]) -> None:
    """Read what ``text_of`` opens of *tickets* together."""

    def says(ticket: Ticket, head: Header) -> bool:
        return any(isinstance(ref, SealedRef) and ref.entry == head.id for ref in (ticket.intake.title, ticket.intake.appeal))

    bring_words(view, tickets, says)


def history(view: View) -> Iterator[tuple[str, str]]:
    """(text, unit) of the latest tickets held here that people gave to a unit."""
    tickets = view.readings.tickets(_latest_held(view, history_max, schema.tickets.c.lead != "")).values()
    bring_texts(view, tickets)
    for ticket in tickets:
        if text := text_of(view, ticket):
            yield text, ticket.lead


def need_of(view: View, ticket: Ticket) -> KnownNeed:
    """One need as it is compared."""
    return _known(view, [ticket])[0]


def dispatched_since(view: View, taken: int) -> int:
    """How many tickets were sent to a unit at this node behind *taken*, up to the head of *view*: only what is new is read."""
    table = schema.entries
    sent = (table.c.taken > taken, table.c.taken <= view.head.taken, table.c.node == view.head.node, table.c.kind == Dispatched.kind())
    return view.connection.execute(select(func.count()).select_from(table).where(*sent)).scalar_one()


def _known(view: View, tickets: Collection[Ticket]) -> list[KnownNeed]:
    bring_texts(view, tickets)
    tokens = _tokens(view, [ticket.id for ticket in tickets])
    found = []
    for ticket in tickets:
        file = {f"file:{ticket.appellant.enterprise}"} if ticket.appellant.enterprise else set[str]()
        who = frozenset(tokens.get(ticket.id, set()) | file)
        found.append(KnownNeed(ticket.id, text_of(view, ticket), ticket.intake.registered_at, who, ticket.intake.matter))
    return found


def _tokens(view: View, tickets: list[str]) -> dict[str, set[str]]:
    """By ticket the tokens of who it is about.  A phone or a code is somebody; two characters of a name are not."""
    table, found = schema.lookups, dict[str, set[str]]()
    for part in parts(tickets):
        of_some = (table.c.subject_kind == SubjectKind.TICKET.value, table.c.subject_id.in_(part), table.c.kind.in_(("phone", "code")))
        for row in view.connection.execute(select(table.c.subject_id, table.c.kind, table.c.token).where(*of_some)):
            found.setdefault(row.subject_id, set()).add(f"{row.kind}:{row.token}")
    return found


def earlier_needs(view: View, ticket: Ticket) -> list[KnownNeed]:
    """What *ticket* is compared with: every need of the same appellant, and the latest of everybody."""
    lookups = schema.lookups
    tokens = select(lookups.c.token).where(
        lookups.c.subject_kind == SubjectKind.TICKET.value, lookups.c.subject_id == ticket.id, lookups.c.kind.in_(("phone", "code"))
    )
    same = select(lookups.c.subject_id).where(lookups.c.subject_kind == SubjectKind.TICKET.value, lookups.c.token.in_(tokens))
    ids = {*view.connection.execute(same).scalars(), *_latest_held(view, recent_max)} - {ticket.id}
    return _known(view, view.readings.tickets(sorted(ids)).values())


def _latest_held(view: View, most: int, *wanted: ColumnElement[bool]) -> list[str]:
    """The latest tickets held here, at most *most*: of those registered here and of those that arrived, each along an index of its own."""
    table, here = schema.tickets, view.head.node
    own, arrived = (table.c.origin == here, table.c.holder == here), (table.c.holder == here, table.c.holder != table.c.origin)
    rows: list[tuple[int, str]] = []
    for held in (own, arrived):
        query = select(table.c.registered_at, table.c.id).where(*held, *wanted)
        found = view.connection.execute(query.order_by(table.c.registered_at.desc(), table.c.id.desc()).limit(most))
        rows += [(row.registered_at, row.id) for row in found]
    return [id for _, id in sorted(rows, reverse=True)[:most]]


def units_here(view: View) -> dict[str, str]:
    """Active units of this node by code, with their names."""
    table = schema.units
    rows = view.connection.execute(select(table.c.code, table.c.name).where(table.c.node == view.head.node, table.c.is_active.is_(True)))
    return {row.code: row.name for row in rows}
