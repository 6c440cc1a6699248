"""The first day: from an empty node to the first dispatched ticket, each missing thing with what follows from it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.services import first_day as steps
from node.web.desk import SignedIn
from node.web.templating import page

router = APIRouter()


@router.get("/first-day", name="first_day")
def first_day(request: Request, desk: SignedIn) -> Response:
    """Every step in the order in which it is done."""
    steps.need_reader(desk.role)
    found = steps.first_day(desk.node)
    lines = [(one, steps.words_of(one, desk.lang)) for one in found.steps]
    return page(request, "first_day.html", now=desk.node.now(), found=found, lines=lines)
