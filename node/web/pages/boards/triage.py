"""
Triage and dispatch: the office's pool and what is formed and not sent yet, each with its waiting time, its clock and what the
classifier proposes; stewards in their scope only (AS25-3.3, 3.4, 4.2.1).

From the pool a need is formed and sent with one click; several with one click each and one for all.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from starlette.datastructures import FormData
from starlette.responses import Response

from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.dispatching import Dispatch, Recall
from node.domain.ticket.first_contact import SortOwnDuty
from node.domain.ticket.forming import Form
from node.domain.ticket.state import OPEN, State, With
from node.domain.ticket.ticket import Ticket
from node.domain.time import Unit, left
from node.services import drafts
from node.services.boards import KINDS, Board, Waiting
from node.services.scope import visible_to
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork
from node.web.desk import Desk, SignedIn
from node.web.pages.boards.proposals import Proposal, Proposals
from node.web.pages.boards.room import Posted, Room, board, chosen, each, kinds_of, reported, room_of, said

router = APIRouter(prefix="/boards")
POOL = KINDS["triage"]
proposals = Proposals()
# The fields of a row into which people write.
_TEXTS = ("other", "deviation")


@dataclass(frozen=True)
class Row:
    """A need on the board: how many working days it waits, what is proposed, and how many other needs its enterprise has open."""

    line: Waiting
    waited: int
    proposal: Proposal
    others: int
    named: str

    @property
    def ticket(self) -> Ticket:
        """The need."""
        return self.line.ticket

    @property
    def lead(self) -> str:
        """
        The unit that is chosen beforehand: whom the members named, else the best proposal if words of the need speak for it.  What
        only earlier dispatches speak for is proposed and not chosen, or a quick hand would send it there.
        """
        return self.named or next((one.code for one in self.proposal.units[:1] if one.words), "")

    @property
    def category(self) -> str:
        """
        The class that is chosen beforehand, which sets the limit: the one that was given at intake, else the best proposal if words of
        the need speak for it, as with the lead.  Else somebody chooses.
        """
        return self.ticket.classing.category or next((one.code for one in self.proposal.classes[:1] if one.words), "")

    @property
    def is_sorting(self) -> bool:
        """A department took it up as its own duty: the office only looks at it (AS25-4.1c)."""
        return self.line.clock.name == "sort"

    @property
    def is_pool(self) -> bool:
        """It can be formed right here."""
        return self.ticket.state is State.REGISTERED and self.ticket.with_whom is With.OFFICE


@router.get("/triage", name="triage")
def triage(request: Request, desk: SignedIn) -> Response:
    """The pool: what is not formed yet."""
    with room_of(desk) as room:
        found = room.waiting(*POOL)
        return board(request, room, "triage", board=found, rows=_rows(room, found), **_choices(room))


@router.get("/dispatch", name="dispatch")
def dispatch(request: Request, desk: SignedIn) -> Response:
    """What is formed and not sent yet, and what was sent and waits to be signed."""
    with room_of(desk) as room:
        found = room.waiting("dispatch")
        return board(
            request,
            room,
            "dispatch",
            board=found,
            rows=_rows(room, found),
            sent=room.waiting("sign", states=(State.DISPATCHED,)),
            **_choices(room),
        )


@router.post("/triage")
def form_and_send(request: Request, desk: SignedIn, form: Posted) -> Response:
    """Form what was ticked, or the one whose button was pressed, and send it."""
    formed: list[str] = []
    outcomes = each(desk, form, _rows_meant(form), lambda row, id: _formed(desk, form, row, id, formed), "form")
    half = {one.about for one in outcomes if one.code and one.about in formed}
    _keep_for_dispatch(desk, form, half)
    outcomes = [replace(one, verb="dispatch") if one.about in half else one for one in outcomes]
    return reported(request, desk, "/boards/triage", outcomes, _TEXTS, half)


@router.post("/dispatch")
def send(request: Request, desk: SignedIn, form: Posted) -> Response:
    """Send what was ticked, or the one whose button was pressed."""
    outcomes = each(desk, form, _rows_meant(form), lambda row, id: _sent_to(desk, form, row, id), "dispatch")
    return reported(request, desk, "/boards/dispatch", outcomes, _TEXTS)


@router.post("/dispatch/recall")
def recall(request: Request, desk: SignedIn, form: Posted) -> Response:
    """Take a wrong dispatch back before it is signed (USERS A6)."""
    command = Recall(Text(said(form, "reason")))
    outcomes = each(desk, form, chosen(form, "row"), lambda row, id: kinds_of(desk, command, row, id), "recall")
    return reported(request, desk, "/boards/dispatch", outcomes)


@router.post("/triage/sort")
def look_at(request: Request, desk: SignedIn, form: Posted) -> Response:
    """The office has looked at what a department handles itself (AS25-4.2.1.0)."""
    outcomes = each(desk, form, chosen(form, "own"), lambda row, id: kinds_of(desk, SortOwnDuty(), row, id), "sort-own-duty")
    return reported(request, desk, "/boards/triage", outcomes)


def _rows_meant(form: FormData) -> list[str]:
    """A button in a row means that row alone, whatever is ticked."""
    return [said(form, "only")] if said(form, "only") else chosen(form, "row")


def _formed(desk: Desk, form: FormData, row: str, id: str, formed: list[str]) -> list[str]:
    """Form *row* and send it; *formed* takes those that are formed, whatever becomes of the sending."""
    category = said(form, f"category:{row}")
    if not category:
        raise Refusal(Code.FIELD_REQUIRED, field="category")
    with room_of(desk) as room:
        tests = room.policy.pack.names("forming.tests")
    other = said(form, f"other:{row}")
    if not (_unit_meant(desk, other) if other else said(form, f"lead:{row}")):
        # Nothing is formed either: the button says both, and half of it would lie formed and unseen.
        raise Refusal(Code.FIELD_REQUIRED, field="lead")
    command = Form(category=category, complexity=said(form, f"complexity:{row}") or "plain", passed=tests)
    kinds = kinds_of(desk, command, row, id)
    formed.append(row)
    # An id of its own: the forming stands even where the dispatch is refused, and is not done twice.
    return kinds + _sent_to(desk, form, row, f"{id}/dispatch")


def _keep_for_dispatch(desk: Desk, form: FormData, rows: Collection[str]) -> None:
    """Of those of *rows* that are formed and were not sent: they left this board, and what was typed waits in the form that sends them."""

    def keep(work: UnitOfWork) -> None:
        for row in rows:
            other = said(form, f"other:{row}")
            lead = _unit_meant(desk, other) if other else said(form, f"lead:{row}")
            typed = {"lead": [lead], "deviation": [said(form, f"deviation:{row}")]}
            drafts.save(work, desk.account, f"ticket/{row}/dispatch", typed, desk.node.now())

    if rows:
        desk.node.writer.command(keep)


def _sent_to(desk: Desk, form: FormData, row: str, id: str) -> list[str]:
    other = said(form, f"other:{row}")
    lead = _unit_meant(desk, other) if other else said(form, f"lead:{row}")
    if not lead:
        raise Refusal(Code.FIELD_REQUIRED, field="lead")
    deviation = said(form, f"deviation:{row}")
    command = Dispatch(
        lead=lead,
        deviation=Text(deviation) if deviation else None,
        suggested=tuple(one for one in said(form, f"suggested:{row}").split(",") if one),
        suggested_by=said(form, f"model:{row}"),
    )
    return kinds_of(desk, command, row, id)


def _unit_meant(desk: Desk, typed: str) -> str:
    """
    The unit that is meant: by its code, its name, or a part of the name that only one has ("水务").

    Raises:
        Refusal: UNIT_UNKNOWN.
    """
    with room_of(desk) as room:
        units = dict(room.staffed())
    found = [code for code, name in units.items() if typed in (code, name)] or [code for code, name in units.items() if typed in name]
    if len(found) != 1:
        raise Refusal(Code.UNIT_UNKNOWN, unit=typed)
    return found[0]


# --- reading --------------------------------------------------------------------------------------------------------------


def _choices(room: Room) -> dict[str, Any]:
    pack = room.policy.pack
    complexities = list(dict.fromkeys(one for category in pack.names("classes") for one in pack.names(f"complexities.{category}")))
    return {
        "units": room.staffed(),
        "classes": pack.names("classes"),
        "complexities": complexities,
        "tests": pack.names("forming.tests"),
        "may_form": room.may(Form),
        "may_send": room.may(Dispatch),
    }


def _rows(room: Room, found: Board) -> list[Row]:
    tickets = [one.ticket for one in found.lines]
    proposed = proposals.of(room.view, room.policy.pack, tickets)
    others = _open_by_enterprise(room, {one.appellant.credit_code for one in tickets} - {""})
    rows = []
    for line in found.lines:
        ticket = line.ticket
        # Its limit counts from here: what a supplement or a return began anew is not held against the office.
        waited = -left(line.clock.started_at, room.now, Unit.WORKDAY, room.calendar)
        same = max(others.get(ticket.appellant.credit_code, 0) - 1, 0)
        rows.append(Row(line, max(waited, 0), proposed.get(ticket.id, Proposal()), same, ticket.judged_lead))
    return rows


def _open_by_enterprise(room: Room, codes: set[str]) -> dict[str, int]:
    """How many needs of each unified code are open, as far as this desk sees them."""
    table = schema.tickets
    if not codes:
        return {}
    rows = room.view.connection.execute(
        select(table.c.credit_code, func.count().label("open"))
        .where(table.c.credit_code.in_(sorted(codes)), table.c.state.in_(sorted(one.value for one in OPEN)), visible_to(room.desk.viewer))
        .group_by(table.c.credit_code)
    )
    return {row.credit_code: row.open for row in rows}
