"""Units: the bodies of this node, their people, and what each has in hand."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.registry import OpenUnit
from node.services.unit_list import unit_lines
from node.web.desk import SignedIn
from node.web.pages.registers.common import may_give, need_offered, register_page

router = APIRouter()


@router.get("/registers/units", name="units")
def units(request: Request, desk: SignedIn) -> Response:
    """Every unit, those with overdue tickets first; closed ones last."""
    need_offered(desk, "units")
    with desk.node.store.read() as view:
        lines = unit_lines(view, desk.viewer, desk.node.now())
    return register_page(request, desk, "units", "registers/units.html", lines=lines, may_open=may_give(desk, OpenUnit))
