"""All boards on one page, with how much waits on each."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.services import boards
from node.web.desk import SignedIn
from node.web.pages.boards import approvals, handling, triage
from node.web.pages.boards.room import BOARDS, board, room_of

router = APIRouter()
# The boards that are clocks of one kind or some; what the others hold is counted on them.
COUNTED: Mapping[str, tuple[str, ...]] = {
    "triage": triage.POOL,
    "dispatch": ("dispatch",),
    "judgement": ("judgement",),
    "approvals": tuple(approvals.KINDS),
    "co-handling": handling.PARTS,
    "objections": handling.DISPUTES,
    "escalations": ("escalation_answer", "transfer_answer"),
    "revisits": ("revisit",),
}


@router.get("/boards", name="boards")
def all_boards(request: Request, desk: SignedIn) -> Response:
    """The boards of this role, with what waits and what is overdue, as far as this desk sees it."""
    shown = [one for one, roles in BOARDS.items() if desk.role in roles]
    if not shown:
        raise Refusal(Code.PERMISSION_DENIED, command="boards", role=desk.role)
    with room_of(desk) as room:
        counts = boards.count(room.view, {name: COUNTED[name] for name in shown if name in COUNTED}, room.now, desk.viewer)
        return board(request, room, shown[0], template="index", counts=counts)
