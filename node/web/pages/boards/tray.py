"""
A unit's own work: what was sent to it and is not signed, what nobody has yet, what each of its people has, which replies wait for a
leader's signature, and the unit's receipt register (USERS C25, XS25-4.4.1a, 4.4.3).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.assignment import AssignPerson
from node.domain.ticket.dispatching import Sign
from node.services import trays
from node.services.headlines import headlines
from node.services.trays import Lying, TrayLine
from node.web.desk import Desk, SignedIn
from node.web.pages.boards.room import Posted, board, chosen, each, kinds_of, need_board, reported, room_of, rows_at_once_max, said

router = APIRouter(prefix="/boards")
receipts_shown = 50
# Of what is to be signed, and of all else, what is due first; the rest is counted, and moves up.
shown_max = 200
_HERE = "/boards/tray"


@dataclass(frozen=True)
class Pile:
    """What one person of the unit has, or with an empty name what nobody has: ``count`` tickets, of which ``lines`` are shown."""

    person: str
    lines: tuple[TrayLine, ...]
    count: int


@router.get("/tray", name="tray")
def tray(request: Request, desk: SignedIn) -> Response:
    """What is to be signed first, then what nobody has, then one's own, then each colleague's."""
    with room_of(desk) as room:
        need_board(desk, "tray")
        unit = desk.viewer.unit
        lying = trays.lying(room.view, unit) if unit else []
        waiting, in_hand = ([one for one in lying if one.is_to_sign is is_to_sign] for is_to_sign in (True, False))
        to_sign, others = (trays.lines(room.view, one[:shown_max]) for one in (waiting, in_hand))
        drafts = trays.unsigned_replies(room.view, unit, lying) if unit else []
        drafted = room.view.readings.rows({one.ticket.id for one in drafts})
        facts: dict[str, Any] = {
            "to_sign": to_sign,
            "at_once_max": rows_at_once_max,
            "to_sign_count": len(waiting),
            "piles": _piles(others, in_hand, desk.account),
            "titles": headlines(room.view, [*(one.row for one in (*to_sign, *others)), *drafted.values()], desk.viewer),
            "answered_at_once": room.policy.pack.names("sign_and_answer.classes"),
            "people": trays.people_of(room.view, unit),
            "drafts": drafts,
            "receipts": trays.receipt_register(room.view, unit, room.now.year, receipts_shown)[::-1] if unit else [],
            "overdue": sum(1 for one in lying if one.due_at is not None and one.due_at <= room.now),
            "total": len(lying),
            "shown": len(to_sign) + len(others),
        }
        return board(request, room, "tray", **facts)


@router.post("/tray/sign", name="sign_several")
def sign_several(request: Request, desk: SignedIn, form: Posted) -> Response:
    """
    Sign what was ticked for one's unit, each ticket for itself, for the person who is named; or all that the page showed, ticked or
    not: what came in since is nobody's to sign unread.
    """
    need_board(desk, "tray")
    command, rows = Sign(said(form, "person")), chosen(form, "shown" if said(form, "all") else "row")
    outcomes = each(desk, form, rows, lambda row, id: kinds_of(desk, command, row, id), "sign")
    return reported(request, desk, _HERE, outcomes)


@router.post("/tray/pass", name="pass_on")
def pass_on(request: Request, desk: SignedIn, form: Posted) -> Response:
    """Give what was ticked to somebody of the unit, or back to nobody; with a person's button, everything that he has."""
    need_board(desk, "tray")
    former, person, note = said(form, "former"), said(form, "person"), said(form, "note")
    if not person and not said(form, "shared"):
        raise Refusal(Code.FIELD_REQUIRED, field="person")
    rows = chosen(form, "row") if not former else _everything_of(desk, former)
    command = AssignPerson("" if said(form, "shared") else person, Text(note) if note else None)
    outcomes = each(desk, form, rows, lambda row, id: kinds_of(desk, command, row, id), "assign-person")
    return reported(request, desk, _HERE, outcomes)


def _everything_of(desk: Desk, former: str) -> list[str]:
    with desk.node.store.read() as view:
        return [one.row.id for one in trays.tray(view, desk.viewer.unit, former)]


def _piles(lines: list[TrayLine], in_hand: list[Lying], own: str) -> list[Pile]:
    """Nobody's, then one's own, then the others' by name; one's own stands there also while it is empty."""
    counts = Counter(one.person for one in in_hand)
    order = ["", own, *sorted(counts.keys() - {"", own})]
    return [Pile(person, tuple(one for one in lines if one.person == person), counts[person]) for person in order]
