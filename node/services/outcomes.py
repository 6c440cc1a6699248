"""What completed tickets came to in a period: by standard and what it is told apart by, and what financing needs got."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from node.domain.time import end_of
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Outcomes:
    """
    Tickets held here whose round in force was completed from the first to the last day, both included.

    ``by_standard`` counts them by (standard, sub-code): partly solved and objectively hard are never one figure
    (AS25-4.5.2.2).  ``financed`` are those that got money, ``financed_yuan`` how much together (FJ23-3.3a).
    """

    completed: int
    by_standard: Mapping[tuple[str, str], int]
    financed: int
    financed_yuan: int
    unread: tuple[str, ...] = ()


def outcomes(view: View, first: date, last: date) -> Outcomes:
    """The outcomes of the Beijing days *first* to *last*; each ticket is folded, so this is a report and no page."""
    table = schema.tickets
    since, until = micros(end_of(first)) - 86_400_000_000, micros(end_of(last))
    held = view.connection.execute(
        select(table.c.id).where(table.c.holder == view.head.node, table.c.completed_at >= since, table.c.completed_at < until)
    ).scalars()
    tickets = {id: view.readings.readable(id) for id in list(held)}
    done = [ticket.completion for ticket in tickets.values() if ticket is not None and ticket.completion is not None]
    financed = [one.financing_amount_yuan for one in done if one.financing_amount_yuan]
    by_standard = Counter((one.standard, one.sub_code) for one in done)
    return Outcomes(
        len(done),
        dict(sorted(by_standard.items())),
        len(financed),
        sum(financed),
        tuple(sorted(id for id, ticket in tickets.items() if ticket is None)),
    )
