"""
The problem library (涉企问题库): every need of every source in one place, found by text, type, source, unit, state and date
(XS25-4.2b).

Conditions on facts are asked of the thin rows, so they hold for mirrored needs, too; words are found only in the texts that this
node holds in plain right (``storage.text_index``), and only in needs that the searcher may look at.  What the index over-matches
is held against the text itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from node.domain.entry import Actor, SubjectKind
from node.domain.refusal import Code, Refusal
from node.domain.ticket.row import TicketRow
from node.domain.ticket.sight import reads_texts
from node.domain.time.calendar import at, end_of
from node.services.narrowing import Wanted, narrowed
from node.storage import schema, text_index
from node.storage.codec import decode_content
from node.storage.database import micros
from node.storage.journal import Stored
from node.storage.ticket_rows import ticket_row
from node.storage.unit_of_work import View

words_max = 8
# Needs whose texts are opened for one search where the index alone does not say what they hold.
verified_max = 1_000
tickets_at_once = 200
# What an excerpt shows on either side of the word.
around_characters = 16


@dataclass(frozen=True)
class Sought:
    """
    What is looked for.  Empty fields ask for nothing.

    ``text``: words with blanks between, each of which must stand in some text of the need.  ``since`` and ``until`` are the first
    and the last Beijing day of registration, both included, ``between`` the first and the last moment.  ``due``: one of
    ``narrowing.DUE_CHOICES``.  ``viewer``: who looks; nothing is found that is hidden from him.
    """

    text: str = ""
    category: str = ""
    channel: str = ""
    unit: str = ""
    states: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    viewer: Actor | None = None
    rows_max: int = 200
    due: str = ""
    # Counted no further; None counts all.
    counted_max: int | None = None
    # Of one of these classes.
    categories: tuple[str, ...] = ()
    between: tuple[datetime, datetime] | None = None
    # Behind this place of the list only (``Found.next``); the count is of the whole list.
    after: tuple[int, str] | None = None


@dataclass(frozen=True)
class Excerpt:
    """
    Where a word was found: kind of entry, field, and what stands around it; "…" is what was left out.  ``hit``: begin and end of
    the word in ``words``.
    """

    event: str
    field: str
    words: str
    hit: tuple[int, int] = (0, 0)

    @property
    def parts(self) -> tuple[str, str, str]:
        """What stands before the word, the word as it was written, and what stands behind it."""
        begin, end = self.hit
        return self.words[:begin], self.words[begin:end], self.words[end:]


@dataclass(frozen=True)
class FoundTicket:
    """A need that was found, with where each word that was sought stands first; one place may have several."""

    row: TicketRow
    excerpts: tuple[Excerpt, ...]


@dataclass(frozen=True)
class Found:
    """
    What was found, the latest registration first, at most ``Sought.rows_max``; ``count`` is of all.

    ``is_exact``: whatever is counted has the words.  Else there are more than ``verified_max`` that may, and ``count`` is of these.
    ``is_more``: there are more than ``count``, which were not counted (``Sought.counted_max``).  ``next``: the place, registration in
    microseconds and number, behind which the list goes on; None at its end.
    """

    tickets: tuple[FoundTicket, ...]
    count: int
    is_exact: bool = True
    is_more: bool = False
    next: tuple[int, str] | None = None


def search(view: View, sought: Sought, now: datetime) -> Found:
    """
    The needs that *sought* describes.

    Raises:
        Refusal: FIELD_REQUIRED, for a text without a letter or a figure; TOO_MANY_WORDS, for more than ``words_max``;
            PAYLOAD_SEALED, where this process has no keys to find words with; PERMISSION_DENIED, for words that the viewer may not read.
    """
    words = words_of(sought.text)
    if words and sought.viewer is not None and not reads_texts(sought.viewer):
        raise Refusal(Code.PERMISSION_DENIED, command="search", role=sought.viewer.role)
    query = _query(view, sought, words, now)
    if all(text_index.is_exact(word) for word in words):
        rows = _rows(view, query, sought.rows_max + 1, sought.after) if sought.rows_max else []
        count, is_more = _count(view, query, sought.counted_max)
        shown = rows[: sought.rows_max]
        return Found(tuple(_verified(view, shown, words)), count, is_more=is_more, next=_next(rows, len(shown)))
    rows = _rows(view, query, verified_max + 1)
    is_exact = len(rows) <= verified_max
    if is_exact:
        verified = tuple(_verified(view, rows, words))
        rest = [one for one in verified if sought.after is None or _place(one.row) < sought.after]
        return Found(tuple(rest[: sought.rows_max]), len(verified), next=_next([one.row for one in rest], sought.rows_max))
    if sought.after is not None:
        rows = _rows(view, query, verified_max + 1, sought.after)
    verified = tuple(_verified(view, rows[:verified_max], words))
    count, is_more = _count(view, query, sought.counted_max)
    # Where too few of what was looked at have the words, the list goes on behind all of it.
    following = _next([one.row for one in verified], sought.rows_max) or _next(rows, verified_max)
    return Found(verified[: sought.rows_max], count, is_exact, is_more, following)


def _place(row: TicketRow) -> tuple[int, str]:
    return micros(row.registered_at), row.id


def _next(rows: Sequence[TicketRow], shown: int) -> tuple[int, str] | None:
    """The place behind the first *shown* of *rows*, if there are more."""
    return _place(rows[shown - 1]) if 0 < shown < len(rows) else None


def words_of(text: str) -> list[str]:
    """The words of *text*, each once; signs that stand alone only part them."""
    words = [word for word in dict.fromkeys(text.split()) if text_index.is_word(word)]
    if text.strip() and not words:
        raise Refusal(Code.FIELD_REQUIRED, field="text")
    if len(words) > words_max:
        raise Refusal(Code.TOO_MANY_WORDS, count=len(words), count_max=words_max)
    return words


def may_have(view: View, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """For each of *words* that an entry may have it."""
    key = view.payloads.text_index_key()
    if key is None:
        raise Refusal(Code.PAYLOAD_SEALED, subject="", kind="text")
    return [text_index.has_word(word, key) for word in words]


def _query(view: View, sought: Sought, words: Sequence[str], now: datetime) -> Select[tuple[object, ...]]:
    tickets, entries = schema.tickets, schema.entries
    query: Select[tuple[object, ...]] = select(tickets)
    for column, code in ((tickets.c.category, sought.category), (tickets.c.channel, sought.channel)):
        if code:
            query = query.where(column == code)
    if sought.categories:
        query = query.where(tickets.c.category.in_(sought.categories))
    if sought.between is not None:
        first, last = sought.between
        query = query.where(tickets.c.registered_at.between(micros(first), micros(last)))
    if sought.since is not None:
        query = query.where(tickets.c.registered_at >= micros(at(sought.since, time.min)))
    if sought.until is not None:
        query = query.where(tickets.c.registered_at < micros(end_of(sought.until)))
    for has_word in may_have(view, words) if words else ():
        query = query.where(tickets.c.id.in_(select(entries.c.subject_id).where(has_word)))
    return narrowed(view, query, Wanted(states=sought.states, unit=sought.unit, due=sought.due, viewer=sought.viewer), now)


def _rows(view: View, query: Select[tuple[object, ...]], rows_max: int, after: tuple[int, str] | None = None) -> list[TicketRow]:
    tickets = schema.tickets
    if after is not None:
        registered_at, id = after
        same = and_(tickets.c.registered_at == registered_at, tickets.c.id < id)
        query = query.where(or_(tickets.c.registered_at < registered_at, same))
    order = (tickets.c.registered_at.desc(), tickets.c.id.desc())
    return [ticket_row(row) for row in view.connection.execute(query.order_by(*order).limit(rows_max))]


def _count(view: View, query: Select[tuple[object, ...]], most: int | None) -> tuple[int, bool]:
    """How many *query* finds, counted up to *most*, and whether there are more."""
    counted = query.with_only_columns(schema.tickets.c.id).limit(None if most is None else most + 1).subquery()
    count: int = view.connection.execute(select(func.count()).select_from(counted)).scalar_one()
    return (count, False) if most is None else (min(count, most), count > most)


def _verified(view: View, rows: Sequence[TicketRow], words: Sequence[str]) -> Iterator[FoundTicket]:
    """Those of *rows* whose texts have every one of *words*, with where."""
    for start in range(0, len(rows), tickets_at_once):
        part = rows[start : start + tickets_at_once]
        entries = _entries(view, [row.id for row in part], words) if words else {}
        for row in part:
            found = _excerpts(view, entries.get(row.id, ()), words)
            if len(found) == len(words):
                yield FoundTicket(row, tuple(dict.fromkeys(found)))


def _entries(view: View, tickets: Sequence[str], words: Sequence[str]) -> dict[str, list[Stored]]:
    """The entries about each of *tickets* that may have one of *words*, in the order in which they were taken."""
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.taken, table.c.content, table.c.leaf)
        .where(table.c.subject_id.in_(tickets), table.c.subject_kind == SubjectKind.TICKET.value, or_(*may_have(view, words)))
        .order_by(table.c.taken)
    )
    found: dict[str, list[Stored]] = {}
    for row in rows:
        one = Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf))
        found.setdefault(one.header.subject.id, []).append(one)
    every = [one for stored in found.values() for one in stored]
    view.payloads.bring_texts({one.header.subject for one in every}, {one.taken: one.header.id for one in every})
    return found


def _excerpts(view: View, entries: Iterable[Stored], words: Sequence[str]) -> list[Excerpt]:
    """Where each of *words* stands first, in their order; fewer than *words* where one stands nowhere."""
    found: dict[str, Excerpt] = {}
    for one in entries:
        for field, text in text_index.opened(view.payloads, one):
            for word in words:
                if word not in found and (around := around_of(text, word)) is not None:
                    found[word] = Excerpt(one.header.kind, field, *around)
            if len(found) == len(words):
                return [found[word] for word in words]
    return list(found.values())


def around_of(text: str, word: str) -> tuple[str, tuple[int, int]] | None:
    """
    What stands around *word* in *text*, as it was written where that has as many characters, and where the word stands in that; None
    if it is not there.
    """
    plain, sought = text_index.normal(text), text_index.normal(word)
    place = plain.find(sought)
    if place < 0:
        return None
    shown = text if len(text) == len(plain) else plain
    first, end = max(place - around_characters, 0), place + len(sought)
    last = end + around_characters
    before, hit, behind = (_one_line(part) for part in (shown[first:place], shown[place:end], shown[end:last]))
    before = f"{'…' if first else ''}{before.lstrip()}"
    words = f"{before}{hit}{behind.rstrip()}{'…' if last < len(shown) else ''}"
    return words, (len(before), len(before) + len(hit))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
