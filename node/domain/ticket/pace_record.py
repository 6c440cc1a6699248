"""What a ticket remembers of its plans, promises and regular acts."""

from dataclasses import dataclass
from datetime import date, datetime

from node.domain.payload import Words


@dataclass(frozen=True)
class Plan:
    """
    What the lead said in place of a result.  ``kind``: "solution_plan" (XS25-4.4.2f), "preliminary_reply" (HM20-3.2e), "can" or
    "cannot" (XS25-4.4.2g).  ``until`` is the date that became the limit, None for "cannot".  ``round``: the one that it is of.
    """

    kind: str
    at: datetime
    round: int
    until: date | None
    is_in_time: bool


@dataclass(frozen=True)
class MissedTurn:
    """
    A regular act that was not done in its turn: clock ``clock``, whose turn ended at ``due_at``.  ``reason`` is what was said
    about it later, if anything.
    """

    clock: str
    due_at: datetime
    reason: Words | None = None
