"""The interpretation notes that a node published (FJ25-6.16)."""

from dataclasses import dataclass
from datetime import datetime

from node.domain.entry import Subject, SubjectKind
from node.domain.interpretation import InterpretationPublished
from node.domain.payload import SealedRef, Text, Words
from node.domain.refusal import Refusal
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Note:
    """How *clause* of *pack* (id and digest) is to be read, by whom and when; *reason* is that of an administrator, or empty."""

    at: datetime
    account: str
    pack: str
    clause: str
    note: str
    reason: str


def published_notes(view: View) -> list[Note]:
    """All notes of this node, the latest first; a text that does not open here is empty."""
    subject = Subject(SubjectKind.NODE.value, view.head.node)
    found = []
    for one in view.journal.of_subject(subject):
        event = one.folded.event
        if isinstance(event, InterpretationPublished):
            head = one.header
            note, reason = (_words(view, subject, words) for words in (event.note, event.reason))
            found.append(Note(head.recorded_at, head.actor.account, event.pack, event.clause, note, reason))
    return found[::-1]


def _words(view: View, subject: Subject, words: Words | None) -> str:
    if isinstance(words, Text):
        return words.plain
    if not isinstance(words, SealedRef):
        return ""
    try:
        return view.payloads.open(subject, words)
    except Refusal:
        return ""
