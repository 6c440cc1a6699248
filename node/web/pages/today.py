"""What is due today, before anything else: mine and my unit's, by clock."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.web.desk import SignedIn
from node.web.templating import page

router = APIRouter()


@router.get("/", name="today")
def today(request: Request, desk: SignedIn) -> Response:
    """The first page after signing in."""
    return page(request, "today.html", now=desk.node.now())
