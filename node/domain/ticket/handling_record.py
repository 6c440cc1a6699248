"""What a ticket remembers of its handling: who has it inside a unit, receipts, joint items, opinions, visits, decisions on behalf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from node.domain.payload import Words


@dataclass(frozen=True)
class Desk:
    """Who has the ticket inside *unit*.  ``person`` is an account, or empty while it lies in the unit's shared tray."""

    unit: str
    person: str
    since: datetime


@dataclass(frozen=True)
class Receipt:
    """A line of a unit's receipt register (收文登记): ``number`` counts the unit's receipts of the Beijing ``year`` from 1."""

    unit: str
    year: int
    number: int
    received_at: datetime
    account: str
    person: str = ""


@dataclass(frozen=True)
class TaskForce:
    """People of several units who handle the ticket together (专班).  ``baseline_days``: what such a matter took before, or 0."""

    members: tuple[str, ...]
    baseline_days: int
    attached_at: datetime


@dataclass(frozen=True)
class JointItem:
    """One item of the joint plan: a ``unit`` (and person) owes it by the end of ``due``."""

    code: str
    unit: str
    person: str
    due: date
    done_at: datetime | None = None
    is_dropped: bool = False

    @property
    def is_open(self) -> bool:
        """Somebody still owes it."""
        return self.done_at is None and not self.is_dropped


@dataclass(frozen=True)
class OpinionRequest:
    """
    An opinion asked of a unit of this node or of another one, whose code is ``node``.  ``opinion`` is the entry that gave it.
    """

    ask: str
    unit: str
    node: str
    asked_at: datetime
    opinion: str = ""
    answered_at: datetime | None = None
    is_withdrawn: bool = False

    @property
    def is_open(self) -> bool:
        """The unit has not answered yet."""
        return self.answered_at is None and not self.is_withdrawn


@dataclass(frozen=True)
class Visit:
    """Somebody went to see (现场走访): ``visited_on`` as stated, ``recorded_at`` as written down."""

    visited_on: date
    recorded_at: datetime
    unit: str
    account: str


@dataclass(frozen=True)
class Site:
    """A ticket that must be looked at on the spot, and the visits that were made."""

    flagged_at: datetime | None = None
    visits: tuple[Visit, ...] = ()

    @property
    def is_owed(self) -> bool:
        """A visit was asked for and none was recorded since."""
        return self.flagged_at is not None and not any(visit.recorded_at >= self.flagged_at for visit in self.visits)


@dataclass(frozen=True)
class Liaison:
    """A talk with other units or levels about the ticket (协调对接), as stated and as written down."""

    bodies: tuple[str, ...]
    held_on: date
    recorded_at: datetime


# What a lead submits to the centre.
PLAN, PROGRESS, CLOSE_OUT = "plan", "progress", "close_out"


@dataclass(frozen=True)
class Submission:
    """
    What the lead submitted to the centre (报送), by the entry that did it: a ``kind`` of "plan", "progress" or "close_out".

    ``answer`` is the entry that answered a plan or a report; an application for the write-off is answered by what follows it.
    """

    entry: str
    kind: str
    submitted_at: datetime
    unit: str
    answer: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True)
class ScannedSignature:
    """A reply that was signed on paper: the draft, the scan's digest, and who filed it; a second person confirms."""

    draft: str
    scan: str
    account: str


@dataclass(frozen=True)
class ProxyDecision:
    """
    A decision that the office recorded for a leader or a body who does not log in (代录), by the entry ``id``.

    ``decision`` names what was pending and ``ask`` which one, ``outcome`` what was decided by ``body`` in the role ``decider``.
    It has no effect before another account confirmed it, and none any more once it is ``is_void``.
    """

    id: str
    decision: str
    outcome: str
    body: str
    decider: str
    decided_on: date
    scan: str
    recorded_by: str
    reason: Words | None = None
    ask: str = ""
    lead: str = ""
    due: date | None = None
    confirmed_at: datetime | None = None
    contradicted_at: datetime | None = None
    # The contradiction's own entry, which the office answers.
    contradiction: str = ""
    is_void: bool = False

    @property
    def is_pending(self) -> bool:
        """It still waits for the second person."""
        return self.confirmed_at is None and not self.is_void
