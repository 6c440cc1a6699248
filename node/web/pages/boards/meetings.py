"""
Meetings with agenda, invitations, tasks and minutes, and matters that leaders have in charge with what they owe on them
(AS25-1.3, 3.1, FJ23-2.4).
"""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.domain.entry import SubjectKind
from node.domain.meeting.record import CLOSED, CONVENED, HELD, Meeting, form_of
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.services import leader_led, leaders, meetings
from node.services.boards import rows_max
from node.services.headlines import headlines
from node.services.scope import sees_all
from node.services.ticket_view import opened
from node.web.desk import SignedIn
from node.web.pages.boards.room import Room, board, commands, room_of
from node.web.paging import Page

router = APIRouter(prefix="/boards")
closed_shown, ripe_shown = 20, 30
Number = Annotated[int, Query(ge=1, le=10**6)]


@router.get("/meetings", name="meetings")
def all_meetings(request: Request, desk: SignedIn, unit: str = "") -> Response:
    """Invitations, meetings ahead, minutes that are missing, tasks, and what could be submitted."""
    with room_of(desk) as room:
        found = [one for one in meetings.meetings(room.view, CONVENED, HELD) if room.sees_meeting(one)]
        closed = [one for one in meetings.meetings(room.view, CLOSED) if room.sees_meeting(one)][-closed_shown:]
        viewer = desk.viewer
        of_unit = unit or ("" if sees_all(viewer) else viewer.unit or viewer.account)
        tasks = meetings.open_tasks(room.view, room.now, unit=of_unit)
        forms = [form_of(room.policy.pack, kind) for kind in room.policy.pack.names("meetings.kinds")]
        ripe = [
            (form.code, [one for one in meetings.candidates(room.view, room.policy, form.code) if one.is_ripe][:ripe_shown])
            for form in forms
            if not form.judges and sees_all(viewer)
        ]
        facts: dict[str, Any] = {
            "invitations": meetings.invitations(room.view, desk.account),
            "ahead": sorted((one for one in found if one.state == CONVENED), key=lambda one: str(one.planned_at)),
            "held": [one for one in found if one.state == HELD],
            "closed": closed[::-1],
            "judging": {form.code for form in forms if form.judges},
            "tasks": tasks,
            "seen": room.seen(one.ticket for one in tasks if one.ticket),
            "missed": [one for one in meetings.missed(room.view, room.policy, room.now) if not one.is_explained]
            if sees_all(viewer)
            else [],
            "ripe": [(kind, lines) for kind, lines in ripe if lines],
            "unit": unit,
            "overdue": sum(1 for one in tasks if one.is_overdue),
        }
        return board(request, room, "meetings", **facts)


@router.get("/meetings/{id}", name="meeting")
def one_meeting(request: Request, desk: SignedIn, id: str) -> Response:
    """One meeting: who is invited, the agenda with what came of it, its tasks, its minutes."""
    with room_of(desk) as room:
        found = meetings.meeting_of(room.view, id)
        if found is None or not room.sees_meeting(found):
            raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.MEETING.value, id=id)
        facts: dict[str, Any] = {
            "meeting": found,
            "items": meetings.agenda(room.view, found),
            "seen": (seen := room.seen(found.about)),
            "texts": _texts(room, found, seen),
            "titles": headlines(room.view, room.view.readings.rows(seen).values(), desk.viewer),
            "protocol": meetings.protocol(room.view, found),
            "verbs": tuple(verb for verb in _verbs(found) if room.may(commands()[verb])),
            "is_judging": form_of(room.policy.pack, found.meeting_kind).judges,
        }
        return board(request, room, "meetings", template="meeting", **facts)


@router.get("/leading", name="leading")
def leading(
    request: Request, desk: SignedIn, page: Number = 1, unassigned: Number = 1, unnamed: Number = 1, missed: Number = 1
) -> Response:
    """Matters in charge of leaders with what is due on each, and those that should have a leader and have none, each list by pages."""
    numbers = {"page": page, "unassigned": unassigned, "unnamed": unnamed, "missed": missed}
    query = {name: str(number) for name, number in numbers.items() if number > 1}

    def where(name: str, count: int) -> Page:
        return Page(numbers[name], rows_max, count, request.url.path, query, parameter=name)

    with room_of(desk) as room:
        skipped = {name: where(name, 0).skipped for name in numbers}
        led = leader_led.led(room.view, room.calendar, desk.viewer, room.now, lines_max=rows_max, skipped=skipped["page"])
        lacking = {
            lack: leader_led.lacking(room.view, room.policy, lack, desk.viewer, lines_max=rows_max, skipped=skipped[lack])
            for lack in leader_led.LACKS
        }
        flags = leader_led.missed(room.view, desk.viewer)
        totals = {"page": led.total, "missed": len(flags), **{lack: found.total for lack, found in lacking.items()}}
        facts: dict[str, Any] = {
            "lines": led.lines,
            "total": led.total,
            "overdue": led.overdue,
            "leaders": leaders.leaders(room.view),
            "load": leaders.load(room.view),
            "today": local_day(room.now),
            "lacking": {lack: found.lines for lack, found in lacking.items()},
            "flags": flags[skipped["missed"] :][:rows_max],
            "where": {name: where(name, totals[name]) for name in numbers},
            # A form leads back to where somebody stood.
            "path": f"{request.url.path}?{urlencode(query)}" if query else request.url.path,
        }
        return board(request, room, "leading", **facts)


def _verbs(meeting: Meeting) -> tuple[str, ...]:
    if meeting.state == CONVENED:
        return ("submit-tickets", "submit-problem", "invite-participants", "move-meeting", "hold-meeting", "cancel-meeting")
    if meeting.state == HELD:
        return ("decide-item", "postpone-item", "set-task", "raise-needs", "finish-task", "file-minutes")
    return ("finish-task",) if any(one.done_at is None for one in meeting.tasks) else ()


def _texts(room: Room, meeting: Meeting, seen: set[str]) -> dict[str, str | None]:
    """
    The words of the meeting, by where they stand: "minutes", "item/3", "problem/3", "task/1"; what was decided of a ticket and is to be
    done about it for whoever has it in *seen*.
    """
    agenda = [one for one in meeting.agenda if not one.ticket or one.ticket in seen]
    refs: dict[str, object] = {"minutes": meeting.minutes}
    refs |= {f"item/{one.number}": one.decision for one in agenda}
    refs |= {f"problem/{one.number}": one.description for one in agenda}
    out = {one.number for one in meeting.agenda} - {one.number for one in agenda}
    refs |= {f"task/{one.number}": one.description for one in meeting.tasks if one.item not in out}
    return {name: opened(room.view, meeting.subject, ref) for name, ref in refs.items() if isinstance(ref, SealedRef)}
