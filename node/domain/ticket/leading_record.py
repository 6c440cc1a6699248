"""What a ticket remembers of its leader: who takes it, who handed it over, and what was done in person in which period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class LeaderAct:
    """
    One act of the cadence: ``act`` is a kind of turn ("monthly_check" ...).  ``done_on`` is the day as stated, ``recorded_at`` as written
    down: the latter counts.  ``period_due_at`` is the end of the period that it met; None: an act beyond what was owed.
    """

    act: str
    done_on: date
    recorded_at: datetime
    account: str
    entry: str
    period_due_at: datetime | None = None


@dataclass(frozen=True)
class Leading:
    """
    ``leader`` is the account at ``node`` of the leader in charge (领办), "" if there is none; ``source`` that of the leader who handed the
    matter over, ``visit`` where he did.  ``former`` are those who were in charge before, the last one last.
    """

    node: str
    leader: str = ""
    since: datetime | None = None
    source: str = ""
    visit: str = ""
    acts: tuple[LeaderAct, ...] = ()
    former: tuple[str, ...] = ()
