"""The registers: enterprise files, contacts that were opened, calendar, packs, what-if, channels, audit, links, units, service groups."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.web.desk import SignedIn
from node.web.pages.registers import audit, calendar, channels, contacts, enterprises, groups, links, packs, units, what_if
from node.web.pages.registers.common import need_staff, offered, register_page

router = APIRouter()


@router.get("/registers", name="registers")
def registers(request: Request, desk: SignedIn) -> Response:
    """Every register that the desk may open, with what stands in it."""
    need_staff(desk)
    return register_page(request, desk, "", "registers/index.html", names=offered(desk))


for one in (enterprises, contacts, calendar, packs, what_if, channels, audit, links, units, groups):
    router.include_router(one.router)
