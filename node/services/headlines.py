"""
The first words of needs, for lists: people know a matter by what it says, not by its number.

They are opened for the desk that handles the ticket, where it is held, as the page of the ticket opens them; nothing is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from node.domain.entry import SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.intake import Registered
from node.domain.ticket.row import TicketRow
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Stored
from node.storage.unit_of_work import View

headline_characters_max = 38
# The last: an entry that is damaged must not take a whole list down.
_UNREADABLE = (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED, Code.MALFORMED_ENTRY)


@dataclass(frozen=True)
class _Opening:
    stored: Stored
    refs: tuple[SealedRef, ...]


def headlines(view: View, rows: Iterable[TicketRow]) -> dict[str, str]:
    """Title, else the beginning of the appeal, of each of *rows* that is held here; what cannot be opened is left out."""
    held = [row.id for row in rows if row.holder == view.head.node]
    openings = _openings(view, held)
    view.payloads.bring_texts({one.stored.header.subject for one in openings}, {one.stored.taken: one.stored.header.id for one in openings})
    found = {}
    for one in openings:
        words = _first_words(view, one)
        if words:
            found[one.stored.header.subject.id] = words
    return found


def _openings(view: View, tickets: list[str]) -> list[_Opening]:
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.taken, table.c.content, table.c.leaf).where(
            table.c.subject_id.in_(tickets), table.c.subject_kind == SubjectKind.TICKET.value, table.c.kind == Registered.kind()
        )
    )
    found = []
    for row in rows:
        try:
            stored = Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf))
        except Refusal as refusal:
            if refusal.code not in _UNREADABLE:
                raise
            continue
        event = stored.folded.event
        if isinstance(event, Registered):
            refs = tuple(ref for ref in (event.title, event.appeal) if isinstance(ref, SealedRef))
            found.append(_Opening(stored, refs))
    return found


def _first_words(view: View, opening: _Opening) -> str:
    for ref in opening.refs:
        try:
            said = shortened(view.payloads.open(opening.stored.header.subject, ref))
        except Refusal as refusal:
            if refusal.code not in _UNREADABLE:
                raise
            continue
        return said
    return ""


def shortened(words: str) -> str:
    """The first words, in one line, of a text."""
    said = " ".join(words.split())
    return said if len(said) <= headline_characters_max else f"{said[: headline_characters_max - 1]}…"
