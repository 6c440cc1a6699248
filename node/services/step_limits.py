"""
What the leader's page counts beside the handling limit: every other step that somebody owes has a limit, too, the office first of all
(USERS A7).  The lists behind these numbers are those of Today.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.ticket.state import OPEN
from node.services.narrowing import Wanted, narrowed
from node.storage import schema
from node.storage.unit_of_work import View

_OPEN = tuple(sorted(state.value for state in OPEN))


@dataclass(frozen=True)
class StepLimits:
    """
    Open tickets of the subtree with any limit that ends today (``due``) or is over (``overdue``), as Today counts them all, and those
    of which this node's own office owes such a step.  A ticket with two such steps is one.
    """

    due: int = 0
    overdue: int = 0
    office_due: int = 0
    office_overdue: int = 0


def step_limits(view: View, now: datetime, viewer: Actor | None = None) -> StepLimits:
    """The limits of every step, as *viewer* sees them; nobody in particular is the node itself."""

    def count(due: str, owed: tuple[str, str] | None = None) -> int:
        wanted = Wanted(states=_OPEN, due=due, owed=owed, viewer=viewer)
        found = narrowed(view, select(schema.tickets.c.id), wanted, now).subquery()
        return view.connection.execute(select(func.count()).select_from(found)).scalar_one()

    office = (Role.OFFICE.value, "")
    return StepLimits(count("today"), count("overdue"), count("today", office), count("overdue", office))
