"""What a ticket remembers of meetings: that it is ready for one, on which it was, what came of it; and as which case it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Readiness:
    """
    The centre's submission to a meeting (成熟一批、上会一批): for which kind and line, with what it proposes, by entry.
    """

    meeting_kind: str
    duty_line: str
    proposal: str
    prepared_at: datetime
    materials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sitting:
    """
    One meeting that dealt with the ticket.  ``relation``: "agenda", or "raised" where the need came up there.  ``outcome`` is "" until
    there is one, then "decided", "not_settled", "postponed" or "withdrawn"; ``decision`` is its entry, ``body`` who decided where a
    decision-making body did.
    """

    meeting: str
    meeting_kind: str
    relation: str
    since: datetime
    outcome: str = ""
    decision: str = ""
    body: str = ""
    decided_on: date | None = None
    unit: str = ""
    due: date | None = None


@dataclass(frozen=True)
class Case:
    """
    The ticket as a case to be told, ``tone`` "positive" or "negative".  ``reported_on`` is the day of the meeting, ``meeting``, at which
    it was reported.
    """

    tone: str
    marked_at: datetime
    account: str
    reported_on: date | None = None
    meeting: str = ""
