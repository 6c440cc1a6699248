"""
What a third party sees and what it came to: its own batch of ended tickets, and the averages of a batch (FJ25-5.14.2a).

A ticket was given by an entry that stays an open ask until its scores are filed, so the table of asks finds the batches.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from node.domain.refusal import Code, Refusal
from node.domain.ticket.after_record import Assessment
from node.domain.time import WorkCalendar
from node.services import ticket_view
from node.storage import schema
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Report:
    """A batch: how many tickets were ``given`` and how many scored, and of each indicator the average in tenths of a point."""

    batch: str
    given: int
    filed: int
    tenths: Mapping[str, int]


def tickets_of(view: View, assessor: str, batch: str = "") -> tuple[str, ...]:
    """The tickets that were given to *assessor*, of one *batch* or of all, by number."""
    return tuple(ticket for ticket, one in _given(view) if one.assessor == assessor and batch in ("", one.batch))


def page(view: View, assessor: str, ticket: str, calendar: WorkCalendar, now: datetime) -> ticket_view.TicketPage:
    """
    A ticket's page for the third party.

    Raises:
        Refusal: NOT_IN_BATCH, for a ticket that was never given to *assessor*.
    """
    if ticket not in tickets_of(view, assessor):
        raise Refusal(Code.NOT_IN_BATCH, ticket=ticket)
    return ticket_view.ticket_page(view, ticket, calendar, now)


def report(view: View, batch: str) -> Report:
    """What the third party came to; averages are rounded half up."""
    given = [one for _, one in _given(view) if one.batch == batch]
    points: dict[str, list[int]] = {}
    for one in given:
        for indicator, number in one.scores:
            points.setdefault(indicator, []).append(number)
    tenths = {indicator: (20 * sum(numbers) + len(numbers)) // (2 * len(numbers)) for indicator, numbers in points.items()}
    return Report(batch, len(given), sum(one.filed_at is not None for one in given), tenths)


def _given(view: View) -> Iterator[tuple[str, Assessment]]:
    table = schema.asks
    ids = view.connection.execute(select(table.c.ticket).where(table.c.kind == "AssessmentAssigned").distinct().order_by(table.c.ticket))
    for id, ticket in view.readings.tickets(ids.scalars()).items():
        for one in ticket.assessments:
            yield id, one
