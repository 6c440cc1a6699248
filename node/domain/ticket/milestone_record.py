"""What a ticket remembers of its milestones."""

from dataclasses import dataclass
from datetime import date, datetime

from node.domain.payload import Words


@dataclass(frozen=True)
class Milestone:
    """One step of a long matter: the day it is planned for, and when it was reached."""

    number: int
    planned_on: date
    what: Words | None
    reached_at: datetime | None = None
