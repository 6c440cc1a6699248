"""
Joint judgement (集中研判): sessions with their batch, members, opinions and one outcome for each need; needs judged singly; and what was
judged and waits to be carried out (AS25-3.2.2a, 4.2.1.3a).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from node.domain.entry import Header, SubjectKind
from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.holding import JudgeItem
from node.domain.meeting.record import CONVENED, HELD, Item, Meeting, form_of
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.judgement import OUTCOMES, UNDECIDED
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.services import meetings
from node.services.boards import Waiting, bring_titles, entries_of, title_of
from node.services.ticket_view import EntryLine, bring_words
from node.web.desk import Desk, SignedIn
from node.web.pages.boards.room import Posted, Room, board, chosen, each, need_board, reported, room_of, said

router = APIRouter(prefix="/boards")
pool_shown_max = 100
# How an outcome is carried out by the office.
CARRIED_OUT: Mapping[str, str] = {
    "form": "form",
    "merge": "merge",
    "supplement": "ask-supplement",
    "not_accept": "not-accept",
    "escalate": "request-escalation",
}


@dataclass(frozen=True)
class Judged:
    """A need before its members: what each has said, and who is silent; ``verbs`` are what this desk may do about it now."""

    ticket: Ticket
    title: str | None
    opinions: tuple[EntryLine, ...]
    silent: tuple[str, ...]
    verbs: tuple[str, ...]
    line: Waiting | None = None
    item: Item | None = None


@router.get("/judgement", name="judgement")
def judgement(request: Request, desk: SignedIn) -> Response:
    """Sessions, needs judged singly, outcomes to carry out, and what could be put before the members."""
    with room_of(desk) as room:
        found = room.waiting("judgement")
        done = room.waiting("form", states=(State.IN_JUDGEMENT,))
        kinds = [kind for kind in room.policy.pack.names("meetings.kinds") if form_of(room.policy.pack, kind).judges]
        sessions = [one for one in meetings.meetings(room.view, CONVENED, HELD) if one.meeting_kind in kinds and room.sees_meeting(one)]
        ahead = [one for one in sessions if one.is_open]
        may_submit = room.may(SubmitTickets)
        pool = _pool(room, kinds) if may_submit else []
        submittable = room.view.readings.tickets(one.ticket for one in pool[:pool_shown_max])
        bring_titles(room.view, submittable.values())
        single = [one for one in found.lines if one.ticket.judgement and not one.ticket.judgement.session]
        bring_words(room.view, [one.ticket for one in single], _is_opinion)
        facts: dict[str, Any] = {
            "board": found,
            "sessions": ahead,
            "single": [_judged(room, one.ticket, line=one) for one in single],
            "done": [(one, CARRIED_OUT.get(_outcome(one.ticket), "")) for one in done.lines if _outcome(one.ticket)],
            "pool": [(one, title_of(room.view, submittable[one.ticket])) for one in pool[:pool_shown_max]],
            "has_more": len(pool) > pool_shown_max,
            "kinds": kinds,
            "may_submit": may_submit,
        }
        return board(request, room, "judgement", **facts)


@router.post("/judgement/{id}/submit", name="submit_to_session")
@router.post("/judgement/submit", name="submit_to_chosen_session")
def submit(request: Request, desk: SignedIn, form: Posted, id: str = "") -> Response:
    """Put what was ticked before a session, each need for itself."""
    meeting = id or said(form, "meeting")
    if not meeting:
        raise Refusal(Code.FIELD_REQUIRED, field="meeting")

    def do(row: str, command_id: str) -> list[str]:
        return [one.header.kind for one in desk.act(SubmitTickets((row,)), subject=meeting, id=command_id).entries]

    return reported(request, desk, f"/boards/judgement/{meeting}", each(desk, form, chosen(form, "row"), do))


@router.get("/judgement/{id}", name="judgement_session")
def session(request: Request, desk: SignedIn, id: str) -> Response:
    """One session: its members, and need by need opinions and outcome."""
    with room_of(desk) as room:
        found = _session(room, id)
        seen = room.seen(one.ticket for one in found.agenda)
        tickets = room.view.readings.tickets(one.ticket for one in found.agenda if one.ticket in seen)
        bring_titles(room.view, tickets.values())
        bring_words(room.view, tickets.values(), _is_opinion)
        facts: dict[str, Any] = {
            "meeting": found,
            "items": [_judged(room, tickets[one.ticket], item=one) for one in found.agenda if one.ticket in tickets],
            "outcomes": OUTCOMES,
            "undecided": UNDECIDED,
            "units": room.staffed(),
            "may_judge": room.may(JudgeItem) and found.state == HELD,
            "may_convene": room.may(JudgeItem),
        }
        return board(request, room, "judgement", template="session", **facts)


@router.post("/judgement/{id}", name="judge")
def judge(request: Request, desk: SignedIn, form: Posted, id: str) -> Response:
    """Write the outcomes that were chosen, one for each need; a need without one stays undecided on the agenda."""
    need_board(desk, "judgement")
    rows = [said(form, "only")] if said(form, "only") else [name[8:] for name in form if name.startswith("outcome:") and said(form, name)]
    if not rows:
        raise Refusal(Code.FIELD_REQUIRED, field="outcome")
    outcomes = each(desk, form, rows, lambda row, command_id: _judge(desk, form, id, row, command_id))
    return reported(request, desk, f"/boards/judgement/{id}", outcomes, ("conclusion",))


def _judge(desk: Desk, form: FormData, id: str, row: str, command_id: str) -> list[str]:
    with room_of(desk) as room:
        item = _session(room, id).item_of(row)
    if item is None:
        raise Refusal(Code.ITEM_UNKNOWN, meeting=id, item=row)
    outcome, lead, conclusion = (said(form, f"{name}:{row}") for name in ("outcome", "lead", "conclusion"))
    command = JudgeItem(item.number, outcome, Text(conclusion), (lead,) if outcome == "form" and lead else ())
    return [one.header.kind for one in desk.act(command, subject=id, id=command_id).entries]


# --- reading --------------------------------------------------------------------------------------------------------------


def _session(room: Room, id: str) -> Meeting:
    """
    The session, for its sides.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    found = meetings.meeting_of(room.view, id)
    if found is None or not room.sees_meeting(found):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.MEETING.value, id=id)
    return found


def _pool(room: Room, kinds: Sequence[str]) -> list[meetings.Candidate]:
    """What could be put before the members, as far as this desk sees it: one more than is shown tells that there are more."""
    most = pool_shown_max + 1
    return [one for kind in kinds for one in meetings.candidates(room.view, room.policy, kind, seen=room.seen, most=most)][:most]


def _outcome(ticket: Ticket) -> str:
    return ticket.judgement.outcome if ticket.judgement is not None else ""


def _is_in_session(ticket: Ticket) -> bool:
    return ticket.judgement is not None and bool(ticket.judgement.session)


def _judged(room: Room, ticket: Ticket, *, line: Waiting | None = None, item: Item | None = None) -> Judged:
    judgement = ticket.judgement
    opinions = [one for one in entries_of(room.view, ticket, ("OpinionGiven",)) if judgement and one.recorded_at >= judgement.opened_at]
    last = {one.unit: one for one in opinions}
    silent = tuple(unit for unit in judgement.members if unit not in last) if judgement is not None else ()
    is_open = judgement is not None and not judgement.outcome
    is_member = judgement is not None and room.desk.viewer.unit in judgement.members
    verbs = (("give-opinion",) if is_open and is_member else ()) + (("close-judgement",) if is_open and item is None else ())
    return Judged(ticket, title_of(room.view, ticket), tuple(last.values()), silent, verbs, line, item)


def _is_opinion(_ticket: Ticket, head: Header) -> bool:
    return head.kind == "OpinionGiven"
