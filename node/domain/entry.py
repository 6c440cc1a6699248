"""
What a journal keeps, as values.

``Happened`` is what a decision says; ``Header`` is what the journal adds when it writes it down; ``Folded`` is both
together, as anybody folds it, at home or three levels up.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import ClassVar


class SubjectKind(Enum):
    """What entries are about; each subject has one owner, who writes its line."""

    TICKET = "ticket"
    ENTERPRISE = "enterprise"
    ROUND = "round"
    INSPECTION = "inspection"
    ORDER = "order"
    MEETING = "meeting"
    LEADER = "leader"
    SUPPORT_POLICY = "support_policy"
    PAPER = "paper"
    TASK = "task"
    APPRAISAL = "appraisal"
    CONTEST = "contest"
    LETTER = "letter"
    ACCOUNT = "account"
    NODE = "node"


@dataclass(frozen=True, order=True)
class Subject:
    """``kind`` is a value of SubjectKind; ``id`` a register number, a node code, or the id that the owner gave."""

    kind: str
    id: str


@dataclass(frozen=True)
class Actor:
    """
    Account id, role value and unit code: codes only, a name never stands in an entry.

    ``behalf`` is the account in whose place he acts, in that one's role and unit; empty if he acts for himself.
    """

    account: str
    role: str
    unit: str = ""
    behalf: str = ""


@dataclass(frozen=True)
class CustodyHead:
    """
    ``holder`` and ``follows`` are set only in an opener, the first line entry of a custody number.

    ``opener`` is the id of the opener under which the writer stood: its own number's, in an opener the former number's,
    empty in the very first.  Of two openers of one number one holds: what was written under the other is void.
    """

    number: int = 0
    holder: str = ""
    follows: int = 0
    opener: str = ""


class Change(Enum):
    """What an entry does to a clock."""

    STARTED = "started"
    MOVED = "moved"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ClockChange:
    """
    One clock, as the origin's decision left it.  Folding copies it; it never computes a due time.

    ``clock`` is the kind, or "kind/unit" where a ticket has several.  ``limit`` counts in ``unit`` ("workday", "hour",
    "day", "month_end", "month", "quarter_end").  ``due_at`` is None while the clock stands or is stopped.  ``owes`` is who
    must act.  ``promised`` is the date that was set where no limit was counted: granted, promised, or kept by the office.
    """

    clock: str
    change: Change
    limit: int = 0
    unit: str = ""
    due_at: datetime | None = None
    owes: str = ""
    pack: str = ""
    calendar: str = ""
    since: datetime | None = None
    provisional: bool = False
    promised: date | None = None


class Event:
    """
    Something that happened, in the past tense: a frozen dataclass whose name is a message of ``events.proto``.

    ``subject_kind`` says what it is about.  ``is_side``: it fills the file and the tray, never the state (version 0).
    ``opens``: it opens the next custody number.  ``asks``: somebody must answer it by an entry that names it.
    """

    subject_kind: ClassVar[SubjectKind] = SubjectKind.TICKET
    is_side: ClassVar[bool] = False
    opens: ClassVar[bool] = False
    asks: ClassVar[bool] = False

    @classmethod
    def kind(cls) -> str:
        """The name under which it stands in entries."""
        return cls.__name__


@dataclass(frozen=True)
class Happened:
    """
    What follows from a command, before any journal numbers it.

    ``holder`` is set only with an event that opens a custody number.  ``answers`` is the id of the ask that it settles.
    """

    subject: Subject
    event: Event
    clocks: tuple[ClockChange, ...] = ()
    addressee: str = ""
    answers: str = ""
    holder: str = ""


@dataclass(frozen=True)
class Header:
    """
    The hashed header of an entry (``EntryContent`` without payloads and body), see ``entry.proto``.

    ``seq`` is 0 in a draft: the journal numbers it.  Times are aware, UTC, whole microseconds.
    """

    node: str
    epoch: int
    seq: int
    id: str
    recorded_at: datetime
    subject: Subject
    kind: str
    actor: Actor
    occurred_at: datetime | None = None
    custody: CustodyHead = CustodyHead()
    version: int = 0
    state: str = ""
    with_whom: str = ""
    clocks: tuple[ClockChange, ...] = ()
    addressee: str = ""
    answers: str = ""
    cause: str = ""

    @property
    def spot(self) -> tuple[str, int, int]:
        """Its place among all entries: node, epoch, number."""
        return self.node, self.epoch, self.seq

    @property
    def is_line(self) -> bool:
        """True for what may change a state."""
        return self.version > 0

    @property
    def is_opener(self) -> bool:
        """True for the first line entry of a custody number."""
        return self.version == 1 and self.custody.holder != ""


@dataclass(frozen=True)
class Folded:
    """An entry as anybody folds it.  ``event`` is None where this program does not know the kind or cannot read the body."""

    header: Header
    event: Event | None


@dataclass(frozen=True)
class Draft:
    """An event with its header, ready for the journal to number: ``header.node``, ``epoch`` and ``seq`` are still blank."""

    header: Header
    event: Event
