"""
The problem list (问题清单) of a day: what was judged, numbered, with class, layer, level and proposed unit; and what still waits
for its judgement, with its age (XS25-4.2c).  And a batch: what went out together, and how much of it is struck off (HM20-4.3b).
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select

from node.domain.entry import Actor
from node.domain.ticket.state import DONE, FINAL, State
from node.domain.time import BEIJING, local_day
from node.services.scope import visible_to
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class ProblemLine:
    """A problem that was judged on the day; ``place`` counts from 1."""

    place: int
    ticket: str
    number: str
    category: str
    complexity: str
    layer: str
    level: str
    proposed: str


@dataclass(frozen=True)
class WaitingLine:
    """A problem that nobody has judged yet; ``age_days`` are calendar days since it came in."""

    ticket: str
    state: str
    registered_at: datetime
    age_days: int


@dataclass(frozen=True)
class ProblemList:
    """The list of a day and what waits; of ``unread``, tickets that cannot be read, nobody knows whether they were judged that day."""

    day: date
    judged: tuple[ProblemLine, ...]
    waiting: tuple[WaitingLine, ...]
    unread: tuple[str, ...] = ()


# What nobody has judged: the office's pool, and what its members still confer on or the appellant still completes.
_WAITING = (State.REGISTERED.value, State.IN_JUDGEMENT.value, State.SUPPLEMENTING.value)


def problem_list(view: View, now: datetime, viewer: Actor | None = None) -> ProblemList:
    """The list of the Beijing day of *now* as far as *viewer* sees it, in the order of the numbers that were given."""
    table = schema.tickets
    day = local_day(now)
    here = and_(table.c.holder == view.head.node, visible_to(viewer))
    recent = view.connection.execute(
        select(table.c.id).where(here, table.c.number != "", table.c.changed_at >= micros(_begin(day))).order_by(table.c.number)
    ).scalars()
    tickets = {id: view.readings.readable(id) for id in list(recent)}
    judged = [ticket for ticket in tickets.values() if ticket is not None and ticket.sorting.formed_on == day]
    lines = tuple(
        ProblemLine(
            place,
            one.id,
            one.number,
            one.classing.category,
            one.classing.complexity,
            one.classing.layer,
            one.classing.level,
            one.lead or one.sorting.proposed,
        )
        for place, one in enumerate(judged, 1)
    )
    waiting = view.connection.execute(
        select(table.c.id, table.c.state, table.c.registered_at)
        .where(here, table.c.state.in_(_WAITING))
        .order_by(table.c.registered_at, table.c.id)
    )
    aged = (
        WaitingLine(row.id, row.state, instant(row.registered_at), (day - local_day(instant(row.registered_at))).days) for row in waiting
    )
    return ProblemList(day, lines, tuple(aged), tuple(id for id, ticket in tickets.items() if ticket is None))


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)


@dataclass(frozen=True)
class BatchState:
    """How a batch stands: every ticket that went out in it, and those that are struck off by now."""

    code: str
    tickets: tuple[str, ...]
    struck_off: tuple[str, ...]
    completed: tuple[str, ...]


_STRUCK_OFF = frozenset(state.value for state in FINAL)
_COMPLETED = frozenset(state.value for state in DONE)


def batch(view: View, code: str, viewer: Actor | None = None) -> BatchState:
    """The batch *code* of this node, as far as *viewer* sees it."""
    table = schema.tickets
    rows = view.connection.execute(
        select(table.c.id, table.c.state)
        .where(table.c.batch == code, table.c.origin == view.head.node, visible_to(viewer))
        .order_by(table.c.id)
    ).all()
    return BatchState(
        code,
        tuple(row.id for row in rows),
        tuple(row.id for row in rows if row.state in _STRUCK_OFF),
        tuple(row.id for row in rows if row.state in _COMPLETED),
    )
