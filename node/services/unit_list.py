"""The bodies of a node with what each has in hand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import Actor
from node.services.figures import Counts, counts_by, together
from node.services.registry import read_units
from node.services.scope import need_inside, visible_to
from node.storage import schema
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class UnitLine:
    """A body of this node with the figures of what it leads, as far as the viewer sees it."""

    code: str
    name: str
    kind: str
    staff: int
    is_active: bool
    counts: Counts


def unit_lines(view: View, viewer: Actor, now: datetime) -> list[UnitLine]:
    """
    Every unit, those with overdue tickets first; closed ones last.

    Raises:
        Refusal: PERMISSION_DENIED, for who files from outside.
    """
    need_inside(viewer, "units")
    table, here = schema.tickets, view.head.node
    # All in one pass, not one for each unit.
    led = counts_by(view, now, table.c.lead, table.c.holder == here, table.c.lead != "", visible_to(viewer))
    called = {row.code: row.name for row in view.connection.execute(select(schema.units.c.code, schema.units.c.name))}
    lines = [
        UnitLine(unit.code, called.get(unit.code, unit.code), unit.kind, unit.staff, unit.is_active, led.get(unit.code, together(())))
        for unit in read_units(view.connection, here).values()
    ]
    return sorted(lines, key=lambda line: (not line.is_active, -line.counts.overdue, -line.counts.open, line.code))
