"""Units: the bodies of this node, their people, and what each has in hand."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from node.domain.registry import OpenUnit
from node.services.figures import Counts, counts_by, together
from node.services.registry import read_units
from node.services.scope import visible_to
from node.storage import schema
from node.web.desk import SignedIn
from node.web.pages.registers.common import may_give, need_offered, register_page

router = APIRouter()


@dataclass(frozen=True)
class UnitLine:
    """A body of this node with the figures of what it leads, as far as the viewer sees it."""

    code: str
    name: str
    kind: str
    staff: int
    is_active: bool
    counts: Counts


@router.get("/registers/units", name="units")
def units(request: Request, desk: SignedIn) -> Response:
    """Every unit, those with overdue tickets first; closed ones last."""
    need_offered(desk, "units")
    table, now = schema.tickets, desk.node.now()
    with desk.node.store.read() as view:
        # All in one pass, not one for each unit.
        led = counts_by(view, now, table.c.lead, table.c.holder == desk.node.code, table.c.lead != "", visible_to(desk.viewer))
        called = {row.code: row.name for row in view.connection.execute(select(schema.units.c.code, schema.units.c.name))}
        lines = [
            UnitLine(
                unit.code,
                called.get(unit.code, unit.code),
                unit.kind,
                unit.staff,
                unit.is_active,
                led.get(unit.code, together(())),
            )
            for unit in read_units(view.connection, desk.node.code).values()
        ]
    lines.sort(key=lambda line: (not line.is_active, -line.counts.overdue, -line.counts.open, line.code))
    return register_page(request, desk, "units", "registers/units.html", lines=lines, may_open=may_give(desk, OpenUnit))
