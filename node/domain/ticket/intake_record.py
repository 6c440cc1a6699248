"""What a ticket remembers of how it came in, beyond the four fields that suffice for its number (USERS C26)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.domain.payload import Reach, Words
from node.domain.ticket.records import Left


@dataclass(frozen=True)
class Details:
    """
    ``appeal_kind``: "problem" or "suggestion".  ``topic`` tells a matter apart (a stage of life, a kind of policy).  ``group``,
    ``desk`` and ``occasion`` say where exactly its channel was; ``finder`` who found it, where nobody reported it
    (``is_found``).  ``local_unit`` is the unit that the group belongs to.  ``receipt`` is the register number of the first need of
    the same call, empty for that one itself.  ``enterprises`` are the files for which a common appeal was made.  ``duty`` is the
    account that was on duty when it came in after hours.
    """

    appeal_kind: str = ""
    topic: str = ""
    group: str = ""
    local_unit: str = ""
    desk: str = ""
    occasion: str = ""
    finder: str = ""
    is_found: bool = False
    receipt: str = ""
    enterprises: tuple[str, ...] = ()
    is_after_hours: bool = False
    duty: str = ""
    is_number_withheld: bool = False
    # What was written was read back to whoever called, who agreed.
    read_back_at: datetime | None = None
    address: Reach | None = None
    # Units that must not see it, beside the one that was named on registration.
    concealed: tuple[str, ...] = ()
    # Somebody from outside who filed it himself: an enterprise, a special supervisor.
    filed_by: str = ""
    # When somebody asked how it stands (FJ25-4.10.2c).
    enquiries: tuple[datetime, ...] = ()
    # Every item of material that was asked for so far.
    items_asked: tuple[str, ...] = ()
    # What it is called on the list that it came by (HM20-A2.2).
    list_number: Words | None = None
    # Open before this node began: in no rate, in no frame (USERS B15).
    is_legacy: bool = False
    enterprise_name: Words | None = None
    # Intermediary bodies that were introduced, by their codes in the directory (FJ25-1.2.4a).
    introductions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """The office asked the enterprise whether it is as the need says (HM20-3.1d)."""

    at: datetime
    account: str
    result: str


@dataclass(frozen=True)
class Offer:
    """
    A need that units may claim (FJ23-2.3b).  ``claimed_by`` is the unit that was first; ``is_over``: nobody was in time, or the
    office took it back.  ``left`` is the state it was offered from.
    """

    units: tuple[str, ...]
    offered_at: datetime
    left: Left
    claimed_by: str = ""
    is_over: bool = False


@dataclass(frozen=True)
class DueTaken:
    """The earlier due time of the need ``merged`` that was taken in; ``former_limit`` and ``former_unit`` are the ticket's own."""

    merged: str
    due_at: datetime
    former_limit: int = 0
    former_unit: str = ""


@dataclass(frozen=True)
class MergeConsent:
    """
    The appellant was asked whether this ticket may be merged into ``into``; ``answer``: "", "given" or "refused".

    ``read_out`` is the text that was read to him, ``said`` what he answered, ``way`` how.
    """

    into: str
    asked_at: datetime
    read_out: Words | None
    way: str
    answer: str = ""
    answered_at: datetime | None = None
    said: Words | None = None
