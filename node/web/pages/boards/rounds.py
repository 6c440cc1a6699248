"""
Rounds of sampled revisits: commitment, frame, draw with its recomputation step by step, the calls, the reveal, and how often a
superior heard otherwise than was reported (DESIGN 8, FEDERATION 3.2 to 3.4).
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from node.domain import round as d
from node.domain import round_record as record
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.services import disagreements, rounds
from node.services.openings import DRAWN, open_payloads
from node.services.refusal_words import in_names
from node.services.unreadable import folded
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, explain
from node.web.desk import Desk, SignedIn
from node.web.pages.boards.room import Posted, Room, board, each, need_board, reported, room_of, said
from node.web.templating import language_of

router = APIRouter(prefix="/boards")
# Of fewer a share says nothing: counts are shown (issue 5).
rate_from = 20
_STEPS = {record.OPENED: ("cut-frame",), record.CUT: ("draw-sample",), record.DRAWN: ("reveal-round",), record.REVEALED: ()}


@dataclass(frozen=True)
class Step:
    """One step of a draw, made again: what was published, what comes out here, and whether they are equal (None: nothing to compare)."""

    name: str
    published: str
    computed: str
    is_equal: bool | None


@router.get("/rounds", name="rounds")
def all_rounds(request: Request, desk: SignedIn) -> Response:
    """What waits for a step or a call first; then what was heard, county by county and unit by unit."""
    need_board(desk, "rounds")
    with room_of(desk) as room:
        here = room.view.head.node
        found = rounds.achieved(room.view)
        lines = [one for id in disagreements.rounds_with_calls(room.view) for one in _compared(room.view, id, here)]
        facts: dict[str, Any] = {
            "own": sorted((one for one in found if one.node == here), key=lambda one: (_ORDER[one.stage], one.period, one.county)),
            "others": [one for one in found if one.node != here],
            "by_county": disagreements.rates(lines, by_unit=False),
            "by_unit": disagreements.rates(lines, by_unit=True),
            "lines": [one for one in lines if one.differs],
            "rate_from": rate_from,
        }
        return board(request, room, "rounds", **facts)


@router.get("/rounds/{id}", name="round")
def one_round(request: Request, desk: SignedIn, id: str, recompute: bool = False) -> Response:
    """A round in its steps; *recompute* repeats the draw from this node's own copy of the county's journal."""
    return _shown(request, desk, id, {}, recompute=recompute)


@router.post("/rounds/{id}/open", name="open_for_round")
def open_for_round(request: Request, desk: SignedIn, form: Posted, id: str) -> Response:
    """Open who is called and what was appealed and replied, for this round; shown once, on this answer alone."""
    need_board(desk, "rounds")
    key = said(form, "key")
    with room_of(desk) as room:
        if not room.may(d.RecordCall):
            raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=desk.role)
        sheet = next((one for call in rounds.call_list(room.view, id, room.now) for one in call.sheets if one.key == key), None)
        if sheet is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=key)
        ticket = folded(room.view, record.ticket_of(key))
    now = desk.node.now()
    desk.need_second_factor()
    opened = desk.node.writer.command(lambda work: open_payloads(work, desk.viewer, ticket, sheet.refs, DRAWN, now, id))
    answer = _shown(request, desk, id, {key: opened})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/rounds/{id}/call", name="record_round_call")
def record_call(request: Request, desk: SignedIn, form: Posted, id: str) -> Response:
    """Record one call; who is not reached is tried again, as often as the pack says."""
    need_board(desk, "rounds")
    outcomes = each(desk, form, [said(form, "key")], lambda row, command_id: _recorded(desk, form, id, row, command_id))
    return reported(request, desk, f"/boards/rounds/{id}", outcomes)


def _recorded(desk: Desk, form: FormData, id: str, key: str, command_id: str) -> list[str]:
    note = said(form, "note")
    reached = said(form, "is_reached")
    if not reached:
        raise Refusal(Code.FIELD_REQUIRED, field="is_reached")
    answers = {name: _answer(form, name) for name in ("is_consistent", "is_standard_met", "is_satisfied")} if reached == "yes" else {}
    command = d.RecordCall(key=key, is_reached=reached == "yes", note=Text(note) if note else None, **answers)
    return [one.header.kind for one in desk.act(command, subject=id, id=command_id).entries]


def _answer(form: FormData, name: str) -> bool | None:
    return {"yes": True, "no": False}.get(said(form, name))


# --- reading --------------------------------------------------------------------------------------------------------------

_ORDER = {record.DRAWN: 0, record.CUT: 1, record.OPENED: 2, record.REVEALED: 3}


def _compared(view: View, id: str, here: str) -> list[disagreements.Compared]:
    found = rounds.readable_round(view, id)
    if found is None or (found.node != here and found.stage != record.REVEALED):
        return []
    return disagreements.compared(view, id)


def _shown(request: Request, desk: Desk, id: str, opened: dict[str, dict[str, str]], *, recompute: bool = False) -> Response:
    need_board(desk, "rounds")
    with room_of(desk) as room:
        found = rounds.find_round(room.view, id)
        here = room.view.head.node
        if found is None or (found.node != here and found.stage != record.REVEALED):
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="round", id=id)
        is_ours = found.node == here
        verbs = tuple(verb for verb in (_STEPS[found.stage] if is_ours else ()) if room.may(d.RevealRound))
        not_yet = _not_yet(found, room, language_of(request)) if "reveal-round" in verbs else ""
        facts: dict[str, Any] = {
            "round": found,
            "not_yet": not_yet,
            "achieved": next((one for one in rounds.achieved(room.view, (found.county,)) if one.id == id), None),
            "steps": _steps(room, found) if recompute and found.stage in (record.DRAWN, record.REVEALED) else (),
            "calls": rounds.call_list(room.view, id, room.now) if is_ours and found.stage == record.DRAWN else [],
            "lines": disagreements.compared(room.view, id),
            "verbs": () if not_yet else verbs,
            "may_call": room.may(d.RecordCall),
            "opened": opened,
        }
        return board(request, room, "rounds", template="round", **facts)


def _not_yet(found: record.Round, room: Room, lang: Lang) -> str:
    """Why the round cannot be revealed yet and what to do; empty if it can."""
    try:
        d.need_calls_done(found, room.now)
    except Refusal as refusal:
        return " ".join(explain(in_names(room.view, refusal, lang), lang))
    return ""


def _steps(room: Room, found: record.Round) -> tuple[Step, ...]:
    """The draw made again, in the order in which it was made."""
    again = rounds.recompute(room.view, found.id)
    # Before the reveal the seed is nobody's but the drawing node's, and stands in no entry.
    seed = found.revealed.seed if found.revealed is not None else ""
    size_ok = len(found.drawn) >= again.size
    return (
        Step("commitment", found.commitment, again.commitment, again.is_commitment_kept),
        Step("frame_size", str(found.frame_size), str(again.frame_size), found.frame_size == again.frame_size),
        Step("frame_root", found.frame_root, again.frame_root, again.is_frame_same),
        Step("seed", seed, again.seed if seed else "", again.seed == seed if seed else None),
        Step("size", str(len(found.drawn)), str(again.size), size_ok),
        Step("drawn", "\n".join(found.drawn), "\n".join(again.drawn), again.is_sample_same),
    )
