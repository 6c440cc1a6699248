"""
Supervision: orders and proposals with their steps on the ladder, the daily tracking list, and what a period left open
(AS25-4.6, HM20-3.4a).
"""

from dataclasses import dataclass
from datetime import time
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from node.domain.entry import Subject, SubjectKind
from node.domain.order import record as o
from node.domain.order.record import SupervisionOrder
from node.domain.refusal import Code, Refusal
from node.domain.time import end_of, local_day
from node.domain.time.calendar import at
from node.services import dossiers
from node.services import supervision_lists as lists
from node.services.headlines import headlines
from node.services.order_messages import open_message
from node.services.scope import sees_all
from node.storage.dossier_readings import dossier_of
from node.web.desk import SignedIn
from node.web.pages.boards.room import Posted, Room, board, commands, need_board, room_of

router = APIRouter(prefix="/boards")
# What is due first; the rest is counted, and shown for one unit.
tracked_shown_max = 100


@dataclass(frozen=True)
class Line:
    """An order with the verbs that this desk may give now, and which of its tickets it may look at."""

    line: lists.OrderLine
    verbs: tuple[str, ...]
    tickets: tuple[str, ...]
    is_ours: bool


@router.get("/supervision", name="supervision")
def supervision(request: Request, desk: SignedIn, unit: str = "") -> Response:
    """What must be answered or decided, what is under way, then every open assignment by its limit."""
    with room_of(desk) as room:
        viewer = desk.viewer
        found = lists.order_lines(room.view, room.calendar, room.now, unit=unit, viewer=viewer)
        lines = sorted((_line(room, one) for one in found), key=_by_clock)
        shown = lists.tracking_list(room.view, room.calendar, room.now, viewer, unit=unit, rows_max=tracked_shown_max)
        today = local_day(room.now)
        facts: dict[str, Any] = {
            "ours": [one for one in lines if one.verbs],
            "others": [one for one in lines if not one.verbs],
            "tracking": shown,
            "tracked": lists.tracked(room.view, viewer, unit=unit),
            "titles": headlines(room.view, room.view.readings.rows({one.ticket for one in shown}).values(), viewer),
            "backlog": lists.backlog(room.view, at(today.replace(day=1), time.min), end_of(today), viewer),
            "unit": unit,
            "total": len(lines),
            "overdue": sum(1 for one in lines if _is_late(room, one)),
        }
        return board(request, room, "supervision", **facts)


@router.get("/supervision/{id}", name="supervision_order")
def order(request: Request, desk: SignedIn, id: str) -> Response:
    """One order: its steps, and what it says once it was opened."""
    with room_of(desk) as room:
        found = _found(room, id)
        here = room.view.head.node
        must_open = lists.must_open(found, desk.viewer, here)
        texts = lists.order_texts(room.view, found, desk.viewer) if lists.shows_texts(found, desk.viewer, here) else {}
        line = _line(room, lists.OrderLine(found, None, 0))
        return board(request, room, "supervision", template="order", order=found, texts=texts, line=line, must_open=must_open)


@router.post("/supervision/{id}/open", name="open_order")
def open_order(request: Request, desk: SignedIn, form: Posted, id: str) -> Response:
    """Open it; the reading receipt is written where it is addressed (AS25-4.6.2)."""
    need_board(desk, "supervision")
    with room_of(desk) as room:
        _found(room, id)
    desk.node.writer.command(lambda work: open_message(work, desk.node.handler, id, desk.viewer))
    return RedirectResponse(f"/boards/supervision/{id}", 303)


def _found(room: Room, id: str) -> SupervisionOrder:
    """
    The order, if its sides are this desk's.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    found = dossier_of(room.view.journal, Subject(SubjectKind.ORDER.value, id))
    viewer = room.desk.viewer
    is_hidden = id in dossiers.hidden(room.view, SubjectKind.ORDER, viewer)
    if not isinstance(found, SupervisionOrder) or is_hidden or not (sees_all(viewer) or (viewer.unit or viewer.account) in found.parties):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.ORDER.value, id=id)
    return found


def _line(room: Room, line: lists.OrderLine) -> Line:
    found = line.order
    is_ours = bool(found.unit) and found.unit == room.desk.viewer.unit
    verbs: tuple[str, ...] = ()
    if found.state == o.PROPOSED:
        verbs = ("adopt-proposal", "decline-proposal")
    elif is_ours and found.state in (o.ISSUED, o.RECEIVED):
        verbs = ("receive-order", "answer-order") if found.state == o.ISSUED else ("answer-order",)
    elif found.state == o.ANSWERED and not is_ours:
        verbs = ("close-order", "return-answer")
    allowed = tuple(verb for verb in verbs if room.may(commands()[verb]))
    return Line(line, allowed, tuple(sorted(room.seen(found.tickets))), is_ours)


def _by_clock(one: Line) -> tuple[bool, str, str]:
    due = one.line.reply_due_at or one.line.order.due_at
    return due is None, str(due), one.line.order.id


def _is_late(room: Room, one: Line) -> bool:
    return one.line.reply_due_at is not None and one.line.reply_due_at <= room.now
