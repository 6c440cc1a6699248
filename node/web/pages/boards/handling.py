"""
Between units: who handles jointly and still owes his word, his part or an opinion; disagreements about whose duty a ticket is, with
the rulings of this node on the same matter and about the same unit (AS25-4.3, 4.4.3, 4.4.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.duty_list import Precedent
from node.domain.ticket.duties import matter_of
from node.domain.ticket.state import State
from node.services.boards import KINDS, Waiting, entries_of
from node.services.precedents import seen_by
from node.services.ticket_view import EntryLine, bring_words
from node.web.desk import SignedIn
from node.web.pages.boards.room import Room, board, room_of

router = APIRouter(prefix="/boards")
PARTS = KINDS["co-handling"]
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "co_handle": ("confirm-co-handling", "refuse-co-handling"),
    "opinion": ("file-opinion",),
    "joint_item": ("tick-joint-item",),
}
DISPUTES = KINDS["objections"]
precedents_shown, precedents_looked_through = 30, 500


@dataclass(frozen=True)
class Part:
    """What one unit owes on another's ticket; ``side`` says whose turn it is for this desk: "mine", "asked" by its unit, or "other"."""

    line: Waiting
    unit: str
    side: str
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Dispute:
    """An objection or a disagreement: who raised it and what he wrote, and the rulings on the same matter or about the same unit."""

    line: Waiting
    unit: str
    proposed: str
    raised: tuple[EntryLine, ...]
    same_matter: tuple[Precedent, ...]
    same_unit: tuple[Precedent, ...]
    verbs: tuple[str, ...]


@router.get("/co-handling", name="co_handling")
def co_handling(request: Request, desk: SignedIn, unit: str = "") -> Response:
    """Mine to answer first, then what my unit asked of others, then the rest that this desk sees."""
    with room_of(desk) as room:
        found = room.waiting(*PARTS, unit=unit, everything=True)
        parts = [_part(room, line) for line in found.lines]
        return board(request, room, "co-handling", template="co_handling", board=found, parts_of=_by_side(parts), unit=unit)


@router.get("/objections", name="objections")
def objections(request: Request, desk: SignedIn, unit: str = "") -> Response:
    """What must be ruled, and what was ruled before."""
    with room_of(desk) as room:
        found = room.waiting(*DISPUTES, unit=unit)
        ruled = seen_by(room.view, desk.viewer, precedents_looked_through)
        raised = (one for line in found.lines for one in (line.ticket.objection, line.ticket.coordination))
        asks = {one.ask for one in raised if one is not None}
        bring_words(room.view, [line.ticket for line in found.lines], lambda _ticket, head: head.id in asks)
        rows = [_dispute(room, line, ruled) for line in found.lines]
        return board(request, room, "objections", board=found, rows=rows, ruled=ruled[:precedents_shown], unit=unit)


def _part(room: Room, line: Waiting) -> Part:
    kind, own = line.clock.name.partition("/")[0], room.desk.viewer.unit
    unit = line.clock.name.partition("/")[2] if kind != "joint_item" else line.clock.owes
    verbs = _ANSWERS.get(kind, ())
    if kind == "co_handle" and any(one.unit == unit and one.state != "asked" for one in line.ticket.co_handlers):
        verbs = ("file-contribution",)
    if own and unit == own:
        return Part(line, unit, "mine", verbs)
    return Part(line, unit, "asked" if own and line.ticket.lead == own else "other", ())


def _by_side(parts: list[Part]) -> list[tuple[str, list[Part]]]:
    return [(side, [one for one in parts if one.side == side]) for side in ("mine", "asked", "other")]


def _dispute(room: Room, line: Waiting, ruled: list[Precedent]) -> Dispute:
    ticket, kind = line.ticket, line.clock.name
    objection, coordination = ticket.objection, ticket.coordination
    unit, proposed, ask = "", "", ""
    verbs: tuple[str, ...]
    if kind == "objection_ruling" or (kind == "government_ruling" and ticket.state is State.OBJECTED):
        is_government = kind == "government_ruling"
        verbs = ("rule-by-government",) if is_government else ("rule-objection", "coordinate-objection", "report-to-government")
        if objection is not None:
            unit, proposed, ask = objection.unit, objection.proposed_unit, objection.ask
    else:
        verbs = ("rule-coordination",) if kind == "government_ruling" else ("record-coordination", "report-coordination")
        if coordination is not None:
            unit, ask = coordination.unit, coordination.ask
    matter = matter_of(ticket, room.policy)
    on_matter = tuple(one for one in ruled if matter and one.matter == matter)
    about = tuple(one for one in ruled if unit and one.unit == unit and one not in on_matter)
    return Dispute(line, unit, proposed, tuple(entries_of(room.view, ticket, id=ask)) if ask else (), on_matter[:5], about[:5], verbs)
