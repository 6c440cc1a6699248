"""
Texts and contacts: what people write, and how to reach them.

A field of type ``Text`` or ``Contact`` is sealed by the codec when its event is appended and folds back to a
``SealedRef``: no entry, log or reading of a superior ever holds the words.  Facts (codes, states, times, amounts) are
ordinary fields.
"""

from dataclasses import dataclass
from enum import Enum


class PayloadKind(Enum):
    """Which key of the subject opens it."""

    TEXT = "text"
    CONTACT = "contact"


@dataclass(frozen=True)
class Text:
    """Free text: an appeal, a reply, a note, an opinion, a file name."""

    plain: str

    def __repr__(self) -> str:
        return f"Text(<{len(self.plain)} characters>)"  # never in a log or a traceback

    def __bool__(self) -> bool:
        return bool(self.plain.strip())


@dataclass(frozen=True)
class Contact:
    """A person's name, phone, address or identity number, or the code of an individual business."""

    plain: str

    def __repr__(self) -> str:
        return f"Contact(<{len(self.plain)} characters>)"

    def __bool__(self) -> bool:
        return bool(self.plain.strip())


@dataclass(frozen=True)
class SealedRef:
    """Where a text or contact lies sealed: the entry that brought it and its place there."""

    entry: str
    place: int
    kind: PayloadKind
    digest: bytes

    def __bool__(self) -> bool:
        return True


Words = Text | SealedRef
Reach = Contact | SealedRef
