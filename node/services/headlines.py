"""
The first words of needs, for lists: people know a matter by what it says, not by its number.

They are opened for the desk that handles the ticket, where it is held, as the page of the ticket opens them; nothing is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from node.domain.entry import Actor, Event, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.correction import FactCorrected
from node.domain.ticket.filling import IntakeFilled
from node.domain.ticket.intake import Registered
from node.domain.ticket.row import TicketRow
from node.domain.ticket.sight import reads_texts
from node.services.ticket_view import EntryLine
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Stored
from node.storage.unit_of_work import View

_TITLING = (Registered.kind(), IntakeFilled.kind(), FactCorrected.kind())

headline_characters_max = 38
# The last: an entry that is damaged must not take a whole list down.
_UNREADABLE = (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED, Code.MALFORMED_ENTRY)


@dataclass(frozen=True)
class _Opening:
    stored: Stored
    refs: tuple[SealedRef, ...]


def headlines(view: View, rows: Iterable[TicketRow], viewer: Actor) -> dict[str, str]:
    """
    The title of now, else the beginning of the appeal, of each of *rows* that is held here; what cannot be opened is left out, and
    everything from *viewer*, who may see the rows, where he reads no words (``reads_texts``).
    """
    held = [row.id for row in rows if row.holder == view.head.node] if reads_texts(viewer) else []
    if not held:
        return {}
    openings = _openings(view, held)
    view.payloads.bring_texts({one.stored.header.subject for one in openings}, {one.stored.taken: one.stored.header.id for one in openings})
    found = {}
    for one in openings:
        words = _first_words(view, one)
        if words:
            found[one.stored.header.subject.id] = words
    return found


def title_in(timeline: Sequence[EntryLine]) -> str:
    """The title that *timeline* ends with: the registered one, or what was filled in or put in its place; empty where none is opened."""
    said = ""
    for one in timeline:
        if one.kind in _TITLING and one.counts:
            is_put_right = one.kind == FactCorrected.kind() and one.facts.get("field") == "title"
            said = one.texts.get("words" if is_put_right else "title") or said
    return said


def _openings(view: View, tickets: list[str]) -> list[_Opening]:
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.taken, table.c.content, table.c.leaf)
        .where(table.c.subject_id.in_(tickets), table.c.subject_kind == SubjectKind.TICKET.value, table.c.kind.in_(_TITLING))
        .order_by(table.c.taken)
    )
    found = []
    for row in rows:
        try:
            stored = Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf))
        except Refusal as refusal:
            if refusal.code not in _UNREADABLE:
                raise
            continue
        refs = tuple(ref for ref in _titles(stored.folded.event) if isinstance(ref, SealedRef))
        if refs:
            found.append(_Opening(stored, refs))
    return found


def _titles(event: Event | None) -> tuple[object, ...]:
    """What an entry calls its ticket, the best first."""
    match event:
        case Registered():
            return event.title, event.appeal
        case IntakeFilled():
            return (event.title,)
        case FactCorrected(field="title"):
            return (event.words,)
        case _:
            return ()


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
