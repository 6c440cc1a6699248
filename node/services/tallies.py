"""
Tallies: how many needs came in by which channel, and how many ended without a result for which reason.

They count what this node took in itself (``origin``), by the thin rows; a merged need counts where it came in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select

from node.domain.ticket.state import DONE
from node.domain.time import end_of
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Period:
    """Beijing days, both ends included; None is open."""

    first: date | None = None
    last: date | None = None


ALWAYS = Period()


def by_channel(view: View, period: Period = ALWAYS, *, unit: str = "") -> Mapping[str, int]:
    """
    Registrations of this node by channel (AS25-2.2.*); channels by which nothing came are left out.

    *unit*: only of that first-contact department.
    """
    table = schema.tickets
    where = [table.c.origin == view.head.node, *_registered_in(period)]
    if unit:
        where.append(table.c.first_contact == unit)
    return _counted(view, table.c.channel, *where)


def by_refusal(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """Needs of this node that are not accepted, by the ground of the pack (AS25-4.2.2)."""
    table = schema.tickets
    where = (table.c.origin == view.head.node, table.c.state == "not_accepted", *_registered_in(period))
    return _counted(view, table.c.refused_for, *where)


def by_termination(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """Tickets of this node that were terminated, by reason (AS25-4.4.4)."""
    table = schema.tickets
    where = (table.c.origin == view.head.node, table.c.state == "terminated", *_registered_in(period))
    return _counted(view, table.c.terminated_for, *where)


@dataclass(frozen=True)
class Coverage:
    """
    How far this node's full revisit got (AS25-3.2.4a): ``due`` completed tickets, ``done`` of them revisited, and the numbers of
    those that are not.  What a higher level decided or revisits itself is not this node's to revisit.
    """

    due: int
    missing: tuple[str, ...]

    @property
    def done(self) -> int:
        """Revisited, reached or not."""
        return self.due - len(self.missing)

    @property
    def per_mille(self) -> int:
        """The share of ``done``, rounded half up; 1000 where nothing was due."""
        return 1000 if self.due == 0 else (self.done * 2000 + self.due) // (2 * self.due)


def revisit_coverage(view: View, period: Period = ALWAYS) -> Coverage:
    """Full revisits of what was completed in *period* and is still completed."""
    tickets, clocks = schema.tickets, schema.clocks
    rows = view.connection.execute(
        select(tickets.c.id, clocks.c.stopped_at)
        .join(clocks, (clocks.c.ticket == tickets.c.id) & (clocks.c.name == "revisit") & (clocks.c.node == view.head.node))
        .where(
            tickets.c.holder == view.head.node,
            tickets.c.state.in_(sorted(state.value for state in DONE)),
            *_within(tickets.c.completed_at, period),
        )
        .order_by(tickets.c.id)
    ).all()
    return Coverage(len(rows), tuple(row.id for row in rows if row.stopped_at is None))


def _counted(view: View, column: ColumnElement[str], *where: ColumnElement[bool]) -> Mapping[str, int]:
    rows = view.connection.execute(select(column, func.count()).where(*where).group_by(column).order_by(column))
    return {code: count for code, count in rows}


def _registered_in(period: Period) -> list[ColumnElement[bool]]:
    return _within(schema.tickets.c.registered_at, period)


def _within(column: ColumnElement[int], period: Period) -> list[ColumnElement[bool]]:
    where = []
    if period.first is not None:
        where.append(column >= micros(_begin_of(period.first)))
    if period.last is not None:
        where.append(column < micros(end_of(period.last)))
    return where


def _begin_of(day: date) -> datetime:
    return end_of(date.fromordinal(day.toordinal() - 1))
