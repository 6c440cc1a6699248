"""
The blind index: how somebody is found whose name and phone stand nowhere in plain (``lookups``).

Each name is cut into pieces of two characters, each phone and code brought to one form; what is stored are their digests under a
key of this node.  The index is filled in the transaction that writes, from the command's own words, so no fold ever opens a
payload; a rebuild refills it from the payloads that the node can open, and erasing a subject's keys drops its rows.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from sqlalchemy import delete, select

from node.domain.credit_code import normalise
from node.domain.entry import Event, Happened, Subject
from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.statements import insert_missing_rows
from node.storage.unit_of_work import UnitOfWork

NAME, PHONE, CODE, DESCRIBED = "name", "phone", "code", "described"
# Which words of which events somebody is looked up by.
INDEXED: Mapping[str, Mapping[str, str]] = {
    "Registered": {"name": NAME, "phone": PHONE, "private_code": CODE, "channel_note": DESCRIBED},
    "IntakeFilled": {"name": NAME, "phone": PHONE, "private_code": CODE},
    "ContactCorrected": {"contact": ""},
    "CreditCodeCorrected": {"private_code": CODE},
    "EnterpriseOpened": {"name": NAME, "contact": NAME, "phone": PHONE, "private_code": CODE},
    "EnterpriseRenamed": {"name": NAME},
    "ContactSet": {"contact": NAME, "phone": PHONE},
}
# A corrected word was wrong: nobody is found by it any more.  What an enterprise was called, or reached under, was right once.
_REPLACES = frozenset({"ContactCorrected", "CreditCodeCorrected"})
_COUNTRY_CODE = re.compile(r"^(\+|00)86")
_PIECE_CHARACTERS = 2
entries_max = 1_000

_WordsOf = Callable[[UnitOfWork, Subject, object], str]
_Token = Callable[[str, str], str | None]


def fill_index(work: UnitOfWork, happened: Iterable[Happened]) -> None:
    """Enter what was just written; *happened* still has the words in plain."""
    for one in happened:
        if one.event.kind() in INDEXED:
            _enter(work, one.subject, one.event, _plain_words)


def can_fill(work: UnitOfWork) -> bool:
    """Whether this process has the keys without which there is no index."""
    return work.payloads.lookup_token(NAME, "") is not None


def refill(work: UnitOfWork) -> None:
    """Empty the index and fill it from every own entry whose words can still be opened."""
    if not can_fill(work):
        return
    work.connection.execute(delete(schema.lookups))
    table, after = schema.entries, 0
    while True:
        wanted = (table.c.taken > after, table.c.node == work.head.node, table.c.kind.in_(sorted(INDEXED)))
        rows = work.connection.execute(
            select(table.c.taken, table.c.content).where(*wanted).order_by(table.c.taken).limit(entries_max)
        ).all()
        if not rows:
            return
        after = rows[-1].taken
        for row in rows:
            content = decode_content(bytes(row.content))
            if content.event is not None:
                _enter(work, content.header.subject, content.event, _opened_words)


def pieces(kind: str, words: str) -> frozenset[str]:
    """What *words* are looked up by: of a name each two characters that stand together, of a phone or a code the whole."""
    if kind == PHONE:
        digits = re.sub(r"\D", "", _COUNTRY_CODE.sub("", re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", words))))
        return frozenset({digits} - {""})
    if kind == CODE:
        return frozenset({normalise(words)} - {""})
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", words)).casefold()
    if len(plain) < _PIECE_CHARACTERS:
        return frozenset({plain} - {""})
    return frozenset(plain[at : at + _PIECE_CHARACTERS] for at in range(len(plain) - 1))


def _enter(work: UnitOfWork, subject: Subject, event: Event, words_of: _WordsOf) -> None:
    rows = []
    for field, kind in INDEXED[event.kind()].items():
        kind = kind or str(getattr(event, "field", ""))
        value = getattr(event, field, None)
        if event.kind() in _REPLACES:
            _drop(work, subject, kind)
        words = words_of(work, subject, value)
        found = [(kind, work.payloads.lookup_token(kind, piece)) for piece in pieces(kind, words)] if words else ()
        rows += [(kind, token, subject.kind, subject.id) for kind, token in found if token]
    insert_missing_rows(work.connection, schema.lookups, ("kind", "token", "subject_kind", "subject_id"), rows)


def _drop(work: UnitOfWork, subject: Subject, kind: str) -> None:
    table = schema.lookups
    same = (table.c.kind == kind, table.c.subject_kind == subject.kind, table.c.subject_id == subject.id)
    work.connection.execute(delete(table).where(*same))


def _plain_words(_work: UnitOfWork, _subject: Subject, value: object) -> str:
    return value.plain if isinstance(value, Text | Contact) else ""


def _opened_words(work: UnitOfWork, subject: Subject, value: object) -> str:
    """What a sealed word says; nothing where it was erased or is another's."""
    if not isinstance(value, SealedRef):
        return ""
    try:
        return work.payloads.open(subject, value)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise


def tokens(kinds: Iterable[str], words: str, token: _Token) -> Iterator[tuple[str, list[str]]]:
    """For each of *kinds* the tokens that a subject must have, every one of them, to be found by *words*."""
    for kind in kinds:
        found = [token(kind, piece) for piece in sorted(pieces(kind, words))]
        if found and all(found):
            yield kind, [one for one in found if one]
