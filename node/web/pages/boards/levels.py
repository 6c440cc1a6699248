"""What goes between levels: asked of us, asked by us, in hand above, returned, and what the levels below wait for (DESIGN 6)."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import ColumnElement, select
from starlette.responses import Response

from node.domain.ticket.state import OPEN
from node.domain.ticket.ticket import Ticket
from node.services.boards import bring_titles, title_of
from node.services.letters import AskedLine, asked_levels, returned_again
from node.services.queries import ClockLine, whole_clock_line
from node.services.scope import visible_to
from node.storage import schema
from node.web.desk import SignedIn
from node.web.pages.boards.room import Room, board, room_of

router = APIRouter(prefix="/boards")
lines_max = 100
ANSWERS = {"escalation_answer": ("accept-escalation", "return-escalation"), "transfer_answer": ("accept-transfer", "object-transfer")}
_OPEN = sorted(state.value for state in OPEN)


@dataclass(frozen=True)
class Asked:
    """An open ask with its ticket and the clock of who must answer."""

    line: AskedLine
    ticket: Ticket
    title: str | None
    clock: ClockLine | None
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Away:
    """A ticket of ours at another level, or back from it: ``clock`` is the one that the holder must keep next."""

    ticket: Ticket
    title: str | None
    clock: ClockLine | None


@router.get("/escalations", name="escalations")
def escalations(request: Request, desk: SignedIn) -> Response:
    """What we must answer, then what we wait for, then what came back, then what others wait for."""
    with room_of(desk) as room:
        here = room.view.head.node
        lines = asked_levels(room.view, room.now)
        seen = room.seen(one.ticket for one in lines)
        put = room.view.readings.tickets(one.ticket for one in lines if one.ticket in seen)
        bring_titles(room.view, put.values())
        asked = [_asked(room, one, put[one.ticket]) for one in lines if one.ticket in put]
        table = schema.tickets
        ours = table.c.parties.contains(f",{here},", autoescape=True)
        away = _tickets(room, ours, table.c.holder != here, table.c.asked == "", ~table.c.holder.in_(sorted(room.below)))
        # What another level had a part in and is here again.
        back = _tickets(room, table.c.holder == here, table.c.asked == "", table.c.parties != f",{here},")
        bring_titles(room.view, (*away, *back))
        again = returned_again(room.view)
        seen_again = room.seen(one.ticket for one in again)
        facts: dict[str, Any] = {
            "to_answer": [one for one in asked if one.line.node == here],
            "waiting": [one for one in asked if one.line.asker == here],
            "others": [one for one in asked if here not in (one.line.node, one.line.asker)],
            "away": [_away(room, one) for one in away],
            "returned": [_away(room, one) for one in back if one.escalation is not None and one.escalation.outcome == "returned"],
            "received": [_away(room, one) for one in back if one.origin != here],
            "again": [one for one in again if one.ticket in seen_again],
            "overdue": sum(1 for one in asked if one.line.is_overdue),
        }
        return board(request, room, "escalations", **facts)


def _asked(room: Room, line: AskedLine, ticket: Ticket) -> Asked:
    here = room.view.head.node
    clock = next(
        (one for one in ticket.clocks.values() if one.name == line.kind and one.node == line.node and one.stopped_at is None), None
    )
    shown = None if clock is None else whole_clock_line(ticket.id, clock, room.calendar, room.now)
    verbs: tuple[str, ...] = ANSWERS.get(line.kind, ()) if line.node == here else ()
    if line.asker == here and line.kind == "escalation_answer":
        verbs = ("request-withdrawal-of-escalation",)
    elif line.asker == here and ticket.escalation is not None and ticket.escalation.objection:
        verbs = ("rule-transfer",)
    return Asked(line, ticket, title_of(room.view, ticket), shown, verbs)


def _tickets(room: Room, *wanted: ColumnElement[bool]) -> list[Ticket]:
    table = schema.tickets
    query = select(table.c.id).where(table.c.state.in_(_OPEN), visible_to(room.desk.viewer), *wanted).order_by(table.c.registered_at)
    return list(room.view.readings.tickets(room.view.connection.execute(query.limit(lines_max)).scalars().all()).values())


def _away(room: Room, ticket: Ticket) -> Away:
    running = [one for one in ticket.clocks_of(ticket.custody.holder) if one.is_running]
    first = min(running, key=lambda one: str(one.due_at), default=None)
    clock = None if first is None else whole_clock_line(ticket.id, first, room.calendar, room.now)
    return Away(ticket, title_of(room.view, ticket), clock)
