"""
The text index (``text_grams``): how a ticket is found by one character or more of what was written about it.

Of each character of a text two keyed digests are kept: of it alone and of it with the one behind it.  So one character is found
as a word of two is, and longer ones by their pairs, which over-match: whoever searches holds what was found against the text
itself.  The key never lies in the database, no order of characters is kept, and nothing of a text is left once it is erased.

Only what this node holds in plain right is indexed: the texts of tickets in its custody, whoever wrote them, except those that
no page opens, and the texts of its own enterprise files.  It is filled in the transaction that appends the entry; a ticket that
comes into custody is indexed whole, one that leaves is dropped.  A rebuild refills it from the payloads that this node can open.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, literal, or_, select

from node.domain.entry import Event, Subject, SubjectKind
from node.domain.payload import PayloadKind, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import RESERVED
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Journal, Stored
from node.storage.payloads import Payloads
from node.storage.readings import Moved
from node.storage.sealing import gram_token
from node.storage.statements import Prepared, insert_missing_rows

entries_max = 1_000
# More pairs of one word narrow the candidates no further.
pairs_max = 8
_GRAM_CHARACTERS = 2
_FILE = SubjectKind.ENTERPRISE.value
# Letters and figures that stand together; what stands between two such runs is found by nothing of its own.
_RUN = re.compile(r"[^\W_]+")

Row = tuple[int, int, int]
_COLUMNS = ("single", "pair", "taken")

_entries = schema.entries.c
_DROP = Prepared(
    delete(schema.text_grams).where(
        schema.text_grams.c.taken.in_(
            select(_entries.taken).where(
                _entries.subject_id == bindparam("ticket"), _entries.subject_kind == literal(SubjectKind.TICKET.value)
            )
        )
    )
)


# --- filling ----------------------------------------------------------------------------------------------------------


def follow(
    connection: Connection,
    journal: Journal,
    payloads: Payloads,
    stored: Sequence[Stored],
    moved: Mapping[str, Moved],
    plain: Mapping[int, Event],
) -> None:
    """
    Index what *stored* says about the tickets in this node's custody; *moved* are their rows before and after.

    *plain* are the events as they were before they were sealed, by ``taken``, as far as this node wrote them itself.
    """
    key = payloads.text_index_key()
    if key is None:
        return
    node, rows = journal.head.node, list[Row]()
    for ticket, change in moved.items():
        was_here = change.before is not None and change.before.holder == node
        if change.after is None or change.after.holder != node:
            if was_here:
                _DROP.run(connection, ticket=ticket)
            continue
        is_followed = was_here or change.is_new
        about = _about(stored, ticket) if is_followed else journal.of_subject(Subject(SubjectKind.TICKET.value, ticket))
        for one in about:
            rows += _rows(one.taken, _texts(payloads, one, plain.get(one.taken)), key)
    for one in stored:
        if one.header.subject.kind == _FILE and one.header.node == node:
            rows += _rows(one.taken, _texts(payloads, one, plain.get(one.taken)), key)
    insert_missing_rows(connection, schema.text_grams, _COLUMNS, rows)


def refill(connection: Connection, journal: Journal, payloads: Payloads) -> None:
    """Empty the index and fill it from every text of this node's files and of tickets in its custody that can still be opened."""
    key = payloads.text_index_key()
    if key is None:
        return
    connection.execute(delete(schema.text_grams))
    entries, tickets, after = schema.entries, schema.tickets, 0
    held = select(tickets.c.id).where(tickets.c.holder == journal.head.node)
    of_tickets = and_(entries.c.subject_kind == SubjectKind.TICKET.value, entries.c.subject_id.in_(held))
    of_files = and_(entries.c.subject_kind == _FILE, entries.c.node == journal.head.node)
    wanted = (or_(of_tickets, of_files), entries.c.is_laden)
    while True:
        found = connection.execute(
            select(entries.c.taken, entries.c.content, entries.c.leaf)
            .where(*wanted, entries.c.taken > after)
            .order_by(entries.c.taken)
            .limit(entries_max)
        ).all()
        if not found:
            return
        after = found[-1].taken
        batch = [Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf)) for row in found]
        rows = [row for one in batch for row in _rows(one.taken, _texts(payloads, one, None), key)]
        insert_missing_rows(connection, schema.text_grams, _COLUMNS, rows)


def _about(stored: Sequence[Stored], ticket: str) -> list[Stored]:
    return [one for one in stored if one.header.subject == Subject(SubjectKind.TICKET.value, ticket)]


def _texts(payloads: Payloads, one: Stored, plain: Event | None) -> list[str]:
    """The texts of an entry that a page of its holder opens: from *plain* if it is at hand, else from what was sealed."""
    if plain is None or one.header.kind in RESERVED:
        return [words for _, words in opened(payloads, one)]
    return [value.plain for value in vars(plain).values() if isinstance(value, Text)]


def _rows(taken: int, texts: Iterable[str], key: bytes) -> list[Row]:
    # Each character with the one behind it, the last one of a run alone.
    runs = [run for words in texts for run in _RUN.findall(normal(words))]
    grams = sorted({run[at : at + _GRAM_CHARACTERS] for run in runs for at in range(len(run))})
    return [(gram_token(key, gram[0]), gram_token(key, gram), taken) for gram in grams]


# --- reading ----------------------------------------------------------------------------------------------------------


def opened(payloads: Payloads, one: Stored) -> Iterator[tuple[str, str]]:
    """The texts of an entry that a page of its holder opens: field and words, without those that were erased or are another's."""
    if one.content.event is None or one.header.kind in RESERVED:
        return
    for name, value in _values(one.content.event):
        if isinstance(value, SealedRef) and value.kind is PayloadKind.TEXT:
            try:
                yield name, payloads.open(one.header.subject, value)
            except Refusal as refusal:
                if refusal.code not in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
                    raise


def normal(words: str) -> str:
    """*words* as they are compared: full and half width, great and small letters are one."""
    return unicodedata.normalize("NFKC", words).casefold()


def is_word(word: str) -> bool:
    """Whether anything can be found by *word*: it has a letter or a figure."""
    return _RUN.search(normal(word)) is not None


def is_exact(word: str) -> bool:
    """Whether the index alone says if a text has *word*: one character, or two that stand together."""
    words = normal(word)
    return len(words) <= _GRAM_CHARACTERS and _RUN.fullmatch(words) is not None


def has_word(word: str, key: bytes) -> ColumnElement[bool]:
    """That an entry (``entries``) may have *word*, for which ``is_word`` holds, in one of its texts; it has, if ``is_exact``."""
    table = schema.text_grams
    first, *others = _conditions(word, key)
    found = select(table.c.taken).where(first)
    for condition in others:
        found = found.where(table.c.taken.in_(select(table.c.taken).where(condition)))
    return schema.entries.c.taken.in_(found)


def _conditions(word: str, key: bytes) -> list[ColumnElement[bool]]:
    """What the index must have for *word*: a pair for each two characters, one alone where nothing stands beside it."""
    table, found = schema.text_grams, dict[str, ColumnElement[bool]]()
    for run in _RUN.findall(normal(word)):
        for at in range(max(len(run) - 1, 1)):
            gram = run[at : at + _GRAM_CHARACTERS]
            single = table.c.single == gram_token(key, gram[0])
            found[gram] = and_(single, table.c.pair == gram_token(key, gram)) if len(gram) == _GRAM_CHARACTERS else single
    return list(found.values())[:pairs_max]


def _values(event: Event) -> Iterator[tuple[str, object]]:
    # An event's fields are its dictionary, in their order.
    if is_dataclass(event):
        yield from vars(event).items()
