"""What is due today, before anything else: mine and my unit's, by clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from node.domain.entry import SubjectKind
from node.domain.organisation import Role
from node.domain.ticket.row import TicketRow
from node.notify.notice import audiences_of
from node.services import dossiers, inbox, kept_forms, queries
from node.services import today as desk_today
from node.services.first_day import StepWords, still_needed, words_of
from node.services.headlines import headlines
from node.services.leader_daily import TEMPLATE
from node.services.readership import BOARD_READERS
from node.services.scope import visible_to
from node.services.telling import sentence
from node.storage import notices, schema
from node.storage.unit_of_work import View
from node.web.desk import Desk, SignedIn
from node.web.intake_drafts import tab_of, under_way
from node.web.navigation import groups_of
from node.web.templating import language_of, page

router = APIRouter()

notices_max, notices_looked_through = 8, 100
_PAGES: Mapping[str, str] = {
    SubjectKind.TICKET.value: "/tickets/{}",
    SubjectKind.ORDER.value: "/boards/supervision/{}",
    SubjectKind.MEETING.value: "/boards/meetings/{}",
    SubjectKind.LETTER.value: "/boards/letters/{}",
    SubjectKind.TASK.value: "/task/{}/do/complete-task?back=/",
}
_BOARDS = {SubjectKind.ORDER.value: "supervision", SubjectKind.MEETING.value: "meetings", SubjectKind.LETTER.value: "letters"}
_GETTING_READY = frozenset({Role.OFFICE.value, Role.DIRECTOR.value, Role.OPERATOR.value})


@dataclass(frozen=True)
class Told:
    """
    What was told of one matter, in one sentence; ``href`` is its page, empty if there is none for this desk, ``about`` the first words of
    the ticket, where they may be read here.
    """

    rows: list[notices.Row]
    sentence: str
    href: str
    about: str


@router.get("/", name="today")
def today(request: Request, desk: SignedIn) -> Response:
    """The first page after signing in."""
    lang = language_of(request)
    with desk.node.store.read() as view:
        found = desk_today.today(view, desk.viewer, desk.node.policies, desk.node.now())
        names = queries.names(view)
        told = _by_matter(inbox.unread(view, audiences_of(desk.viewer), notices_looked_through, desk.unit))
        unsent = [tab_of(draft) for draft in under_way(view, desk.account)]
        untaken = kept_forms.of_account(view, desk.account, desk.node.now())
        told_of = _tickets_of(view, desk, [rows[0] for rows in told[:notices_max]])
        words = headlines(view, {row.id: row for row in (*found.rows, *told_of)}.values(), desk.viewer)
        matters = {row.id: words.get(row.id, "") for row in told_of}
        said = [
            Told(rows, sentence(view, rows[0], names, lang), _page_of(rows[0], desk.role), matters.get(rows[0].subject_id, ""))
            for rows in told[:notices_max]
        ]
        lost = dossiers.shown(view, view.readings.unread_dossiers, desk.viewer)
        unready = _unready(desk, view)
    return page(
        request,
        "today.html",
        lost=lost,
        found=found,
        names=names,
        headlines=words,
        address=lambda query: f"/tickets?{urlencode(query)}",
        notices=said,
        has_more_notices=len(told) > notices_max,
        unsent=unsent,
        not_taken=untaken,
        unready=unready,
        ways={way.path for group in groups_of(desk.role) for way in group.ways},
    )


def _tickets_of(view: View, desk: Desk, rows: list[notices.Row]) -> list[TicketRow]:
    """The tickets of *rows*, as far as whoever sits here sees them still."""
    told = sorted({row.subject_id for row in rows if row.subject_kind == SubjectKind.TICKET.value})
    table = schema.tickets
    shown = view.connection.execute(select(table.c.id).where(table.c.id.in_(told), visible_to(desk.viewer))).scalars().all()
    return list(view.readings.rows(set(shown)).values())


def _page_of(row: notices.Row, role: str) -> str:
    """Where that stands of which *row* tells; empty where there is no page of it, or none for whoever sits here as *role*."""
    if row.template == TEMPLATE:
        return "/leader"
    board = _BOARDS.get(row.subject_kind, "")
    return (
        _PAGES[row.subject_kind].format(row.subject_id)
        if row.subject_kind in _PAGES and (not board or role in BOARD_READERS[board])
        else ""
    )


def _by_matter(rows: list[notices.Row]) -> list[list[notices.Row]]:
    """What was told of one subject in the same words, together, the latest first: read once they are all read."""
    found: dict[tuple[str, str, str], list[notices.Row]] = {}
    for row in rows:
        found.setdefault((row.subject_kind, row.subject_id, row.template), []).append(row)
    return list(found.values())


def _unready(desk: Desk, view: View) -> tuple[StepWords, ...]:
    """The needed steps of the first day that whoever gets the node ready has still before him."""
    if desk.role not in _GETTING_READY:
        return ()
    return tuple(words_of(step, desk.lang) for step in still_needed(desk.node, view))


@router.post("/notices/read", name="read_notices")
def read_notices(desk: SignedIn, id: Annotated[list[str], Form()]) -> Response:
    """Mark notices as read: those of the page that was looked at, as far as they are this desk's."""
    with desk.node.store.read() as view:
        own = {row.id for row in inbox.unread(view, audiences_of(desk.viewer), unit=desk.unit)}
        gone = inbox.settled(view, audiences_of(desk.viewer))
    with desk.node.store.write() as work:
        # With what was read goes what nobody needs to read any more.
        notices.mark_read(work.connection, sorted({*own & set(id), *gone}), desk.node.now())
    return RedirectResponse("/?done=notices-read", 303)
