"""
The revisits that are due, one call an enterprise: the first sentence, earlier contacts of 30 days by any level, wishes about being
called, and a sheet a ticket (USERS B21, 无事不扰).  The number is opened for one call, with its purpose, and the opening is kept.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.revisit import RecordRevisit
from node.services import call_plan
from node.services.headlines import headlines
from node.services.openings import HANDLING, open_payloads
from node.services.unreadable import folded
from node.web.desk import Desk, SignedIn
from node.web.pages.boards.room import Posted, board, need_board, room_of, said

router = APIRouter(prefix="/boards")
# What is due first; the rest is counted, and comes up as these are called.
tickets_shown_max = 100


@router.get("/revisits", name="revisits")
def revisits(request: Request, desk: SignedIn, days: Annotated[int, Query(ge=0, le=60)] = call_plan.window_days) -> Response:
    """The calls of the next *days*, what is due first first."""
    return _shown(request, desk, days, {})


@router.post("/revisits/open", name="open_for_revisit")
def open_for_revisit(request: Request, desk: SignedIn, form: Posted) -> Response:
    """Open name and number of whoever is called about a ticket, for handling; shown once, on this answer alone."""
    need_board(desk, "revisits")
    number = said(form, "ticket")
    with room_of(desk) as room:
        if not room.seen([number]):
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=number)
        ticket = folded(room.view, number)
        if not room.may(RecordRevisit):
            raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=desk.role)
    contacts = {"name": ticket.appellant.name, "phone": ticket.appellant.phone}
    refs = {name: ref for name, ref in contacts.items() if isinstance(ref, SealedRef)}
    now = desk.node.now()
    desk.need_second_factor()
    opened = desk.node.writer.command(lambda work: open_payloads(work, desk.viewer, ticket, refs, HANDLING, now))
    answer = _shown(request, desk, call_plan.window_days, {number: opened})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _shown(request: Request, desk: Desk, days: int, opened: dict[str, dict[str, str]]) -> Response:
    with room_of(desk) as room:
        need_board(desk, "revisits")
        found = call_plan.planned(room.view, desk.node.policies, room.now, days, desk.viewer, tickets_shown_max)
        called = {sheet.ticket for one in found.calls for sheet in one.sheets}
        return board(
            request,
            room,
            "revisits",
            calls=found.calls,
            shown=len(called),
            titles=headlines(room.view, room.view.readings.rows(called).values(), desk.viewer),
            days=days,
            opened=opened,
            office=call_plan.office_of(room.view, room.policy),
            may_call=room.may(RecordRevisit),
            tickets=found.tickets,
            overdue=found.overdue,
        )
