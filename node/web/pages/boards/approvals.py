"""
One tray of what must be decided: extensions, terminations, withdrawals, material asked for, rechecks, each with its clock, what was
written for it, and who may decide (USERS walk (c), A7).  Nobody decides his own (AS25-4.4.2a).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.command import Command
from node.domain.ticket.co_handling import RuleCoHandling
from node.domain.ticket.extension import DecideExtension
from node.domain.ticket.parts import is_handler
from node.domain.ticket.recheck import DecideRecheck, OpenRecheck
from node.domain.ticket.rectification import CheckOffRectification
from node.domain.ticket.supplement import DecideSupplement
from node.domain.ticket.termination import DecideTermination, DecideWithdrawal
from node.domain.ticket.ticket import Ticket
from node.services.boards import Waiting, deciders, entries_of
from node.services.ticket_view import EntryLine, bring_words
from node.web.desk import SignedIn
from node.web.pages.boards.room import Room, board, room_of

router = APIRouter(prefix="/boards")


@dataclass(frozen=True)
class Kind:
    """One kind of decision: the command that decides it, and the verbs that its row offers."""

    decides: type[Command]
    verbs: tuple[str, ...]


KINDS: Mapping[str, Kind] = {
    "extension_decision": Kind(DecideExtension, ("decide-extension",)),
    "termination_decision": Kind(DecideTermination, ("decide-termination",)),
    "withdrawal_decision": Kind(DecideWithdrawal, ("decide-withdrawal",)),
    "supplement_decision": Kind(DecideSupplement, ("decide-supplement",)),
    "recheck_decision": Kind(OpenRecheck, ("open-recheck", "decline-recheck")),
    "recheck": Kind(DecideRecheck, ("decide-recheck",)),
    "rectification": Kind(CheckOffRectification, ("check-off-rectification",)),
    "co_handle_ruling": Kind(RuleCoHandling, ("rule-co-handling",)),
}


@dataclass(frozen=True)
class Row:
    """
    What must be decided: the entry that asks for it, the names of those who may decide, and whether this desk may;
    ``is_own``: its own case.
    """

    line: Waiting
    asked: EntryLine | None
    unit: str
    deciders: tuple[str, ...]
    verbs: tuple[str, ...]
    is_own: bool


@router.get("/approvals", name="approvals")
def approvals(request: Request, desk: SignedIn, kind: str = "", unit: str = "") -> Response:
    """What waits for a decision, of one *kind* or of one *unit* if they are named."""
    with room_of(desk) as room:
        kinds = (kind,) if kind in KINDS else tuple(KINDS)
        found = room.waiting(*kinds, unit=unit)
        asks = {_asked(line.ticket, line)[0] for line in found.lines} - {""}
        bring_words(room.view, [line.ticket for line in found.lines], lambda _ticket, head: head.id in asks)
        rows = [_row(room, line) for line in found.lines]
        return board(request, room, "approvals", board=found, rows=rows, kinds=tuple(KINDS), kind=kind, unit=unit)


def _row(room: Room, line: Waiting) -> Row:
    kind = KINDS[line.clock.name.partition("/")[0]]
    ticket = line.ticket
    ask, unit = _asked(ticket, line)
    entries = entries_of(room.view, ticket, id=ask) if ask else []
    is_own = is_handler(ticket, room.desk.viewer)
    verbs = tuple(verb for verb in kind.verbs if not is_own)
    people = tuple(room.names.person(one) for one in deciders(room.view, room.policy, ticket, kind.decides))
    return Row(line, entries[0] if entries else None, unit, people, verbs, is_own)


def _asked(ticket: Ticket, line: Waiting) -> tuple[str, str]:
    """The entry that asks for the decision, and the unit that does."""
    name = line.clock.name.partition("/")[0]
    asked = {
        "extension_decision": ticket.extension,
        "termination_decision": ticket.termination,
        "withdrawal_decision": ticket.withdrawal,
    }.get(name)
    if asked is not None:
        return asked.ask, asked.unit
    if name in ("recheck_decision", "recheck") and ticket.recheck is not None:
        return ticket.recheck.ask, ticket.lead
    if name == "supplement_decision" and ticket.supplement is not None:
        return ticket.supplement.ask, ticket.lead
    return "", line.unit if "-" in line.unit else ticket.lead
