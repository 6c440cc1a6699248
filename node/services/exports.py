"""
A search as a table that leaves the desk: the same needs, under the same scope and masks, with who took it and as of when.

Without texts it has what a list shows.  With texts each need's are opened to be worked with, so that every one of them leaves its
entry (``openings``); what the person may not open stays blank, contacts come masked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import Actor
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.row import TicketRow
from node.domain.ticket.ticket import Ticket
from node.services.acting import Node
from node.services.openings import HANDLING, masked, masked_name, open_payloads
from node.services.search import Sought, search
from node.services.unreadable import those_unreadable
from node.storage import schema
from node.storage.database import instant
from node.storage.unit_of_work import UnitOfWork, View

rows_max = 5_000
# Beyond, an export says that there are more: nobody takes a hundred thousand away five thousand at a time.
counted_max = 100_000
# Texts are opened one by one, and each leaves an entry.
rows_with_texts_max = 500
_CLOSED = frozenset({Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED, Code.PERMISSION_DENIED, Code.PURPOSE_REQUIRED})


@dataclass(frozen=True)
class ExportLine:
    """
    A need in the table: its row, its handling limit and, where texts were asked for, what opened; contacts are masked.  A limit that
    stands (``is_paused``) has no day.

    ``unreadable`` says why (``unreadable.MISSING`` ...) nothing could: looked at where texts are asked for.
    """

    row: TicketRow
    due_at: datetime | None
    texts: Mapping[str, str]
    unreadable: str = ""
    is_paused: bool = False


@dataclass(frozen=True)
class Export:
    """
    The table; ``count`` is of all that were found, of which ``lines`` are the first; ``is_more``: of more than ``count``, which were not
    counted.  ``opened`` needs left an entry or had one.
    """

    lines: tuple[ExportLine, ...]
    count: int
    has_texts: bool
    opened: int
    is_more: bool = False


def export(node: Node, sought: Sought, actor: Actor, *, with_texts: bool) -> Export:
    """
    What *sought* finds for *actor*, at most ``rows_max`` needs, with texts ``rows_with_texts_max``.

    Raises:
        Refusal: as ``search.search``.
    """
    now = node.now()
    with node.store.read() as view:
        most = rows_with_texts_max if with_texts else rows_max
        found = search(view, replace(sought, viewer=actor, rows_max=most, counted_max=counted_max), now)
        rows = [one.row for one in found.tickets]
        due = _due(view, [row.id for row in rows])
    texts, broken = node.writer.command(lambda work: _all_texts(work, rows, actor, now)) if with_texts else ({}, {})
    lines = tuple(
        ExportLine(row, due.get(row.id), texts.get(row.id, {}), broken.get(row.id, ""), row.id in due and due[row.id] is None)
        for row in rows
    )
    return Export(lines, found.count, with_texts, sum(bool(line.texts) for line in lines), found.is_more)


def _due(view: View, ids: Sequence[str]) -> dict[str, datetime | None]:
    """The last day of each ticket's handling limit, as its holder issued it; None where the clock stands."""
    clocks, tickets = schema.clocks, schema.tickets
    found: dict[str, datetime | None] = {}
    is_paused = clocks.c.due_at.is_(None) & clocks.c.stopped_at.is_(None)
    for start in range(0, len(ids), 500):
        rows = view.connection.execute(
            select(clocks.c.ticket, clocks.c.last_due_at, is_paused.label("is_paused"))
            .join(tickets, (tickets.c.id == clocks.c.ticket) & (tickets.c.holder == clocks.c.node))
            .where(clocks.c.ticket.in_(ids[start : start + 500]), clocks.c.name == "resolve", clocks.c.last_due_at.is_not(None))
        )
        found |= {row.ticket: None if row.is_paused else instant(row.last_due_at) for row in rows}
    return found


def _all_texts(
    work: UnitOfWork, rows: Sequence[TicketRow], actor: Actor, now: datetime
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """By ticket: the texts that opened; and why a ticket cannot be read, where that is so."""
    tickets = {row.id: work.readings.readable(row.id) for row in rows}
    texts = {id: _texts(work, ticket, actor, now) for id, ticket in tickets.items() if ticket is not None}
    return texts, {one.row.id: one.why for one in those_unreadable(work, [id for id in tickets if id not in texts])}


def _texts(work: UnitOfWork, ticket: Ticket, actor: Actor, now: datetime) -> dict[str, str]:
    wanted = {
        "title": ticket.intake.title,
        "appeal": ticket.intake.appeal,
        "enterprise": ticket.details.enterprise_name,
        "contact": ticket.appellant.name,
        "phone": ticket.appellant.phone,
    }
    refs = {name: ref for name, ref in wanted.items() if isinstance(ref, SealedRef)}
    try:
        opened = open_payloads(work, actor, ticket, refs, HANDLING, now, is_export=True)
    except Refusal as refusal:
        if refusal.code not in _CLOSED:
            raise
        return {}
    return {name: masked_name(said) if name == "contact" else masked(said) if name == "phone" else said for name, said in opened.items()}
