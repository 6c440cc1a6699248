"""All boards on one page, with how much waits on each."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.services import boards
from node.services.readership import boards_of
from node.web.desk import SignedIn
from node.web.pages.boards.room import board, room_of

router = APIRouter()


@router.get("/boards", name="boards")
def all_boards(request: Request, desk: SignedIn) -> Response:
    """The boards of this role, with what waits and what is overdue, as far as this desk sees it."""
    shown = boards_of(desk.role)
    with room_of(desk) as room:
        counts = boards.counted(room.view, shown, room.now, desk.viewer)
        return board(request, room, shown[0], template="index", counts=counts)
