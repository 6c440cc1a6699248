"""The first day: from an empty node to the first dispatched ticket, each missing thing with what follows from it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.services import first_day as steps
from node.web.desk import SignedIn
from node.web.templating import page

router = APIRouter()
# Who sets a node up.
SETTING_UP = frozenset(
    role.value for role in (Role.OFFICE, Role.DIRECTOR, Role.OPERATOR, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN, Role.LEADER)
)


@router.get("/first-day", name="first_day")
def first_day(request: Request, desk: SignedIn) -> Response:
    """Every step in the order in which it is done."""
    if desk.role not in SETTING_UP:
        raise Refusal(Code.PERMISSION_DENIED, command="first-day", role=desk.role)
    return page(request, "first_day.html", now=desk.node.now(), found=steps.first_day(desk.node))
