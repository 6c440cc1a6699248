"""The list of tickets, what is due first on top, within the scope of whoever looks."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import State
from node.domain.whole_number import whole_number
from node.services import queries
from node.services import today as desk_today
from node.services.headlines import headlines
from node.services.narrowing import DUE_CHOICES, Wanted
from node.services.triage_inputs import units_here
from node.storage.unit_of_work import View
from node.web.desk import SignedIn
from node.web.paging import Page
from node.web.templating import page

router = APIRouter()
rows_a_page = 30
_ASKED = ("whose", "due", "state", "unit", "category", "only", "since")
_CHOICES = {
    "whose": ("", *desk_today.WHOSE),
    "due": ("", *DUE_CHOICES),
    "state": ("", "all", *(state.value for state in State)),
    "only": ("", *desk_today.ONLY),
}


@router.get("/tickets", name="tickets")
def tickets(request: Request, desk: SignedIn) -> Response:
    """
    One page of the list that the address asks for.

    Raises:
        Refusal: VALUE_NOT_OFFERED, MALFORMED_COMMAND.
    """
    query = {name: request.query_params[name] for name in _ASKED if request.query_params.get(name)}
    for name, offered in _CHOICES.items():
        if query.get(name, "") not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key=name, value=query[name], offered=offered[1:])
    number, now = _page_number(request.query_params.get("page", "1")), desk.node.now()
    with desk.node.store.read() as view:
        try:
            wanted = desk_today.wanted_of(query, desk.viewer)
        except ValueError:
            raise Refusal(Code.MALFORMED_COMMAND, field="since") from None
        policy = desk.node.policies.of_node(view, now)
        where = _where(view, wanted, Page(number, rows_a_page, 0, "/tickets", query), now)
        wanted = replace(wanted, rows_max=rows_a_page, rows_skipped=where.skipped)
        lines = queries.list_tickets(view, wanted, policy.calendar, now)
        facts: dict[str, Any] = {
            "lines": lines,
            "headlines": headlines(view, [line.row for line in lines], desk.viewer),
            "names": queries.names(view),
            "units": sorted(units_here(view).items(), key=lambda one: one[1]),
            "categories": policy.pack.names("classes"),
        }
    return page(request, "tickets.html", where=where, query=query, states=_CHOICES["state"][2:], **facts)


def _where(view: View, wanted: Wanted, where: Page, now: datetime) -> Page:
    """*where* with its count: a full thousand behind the page that is shown, and whether there are more."""
    most = (where.skipped // queries.counted_max + 1) * queries.counted_max
    count = queries.count_tickets(view, wanted, now, most)
    return replace(where, count=min(count, most), is_more=count > most)


def _page_number(said: str) -> int:
    number = whole_number(said)
    if number is None or not 1 <= number <= 1_000_000:
        raise Refusal(Code.MALFORMED_COMMAND, field="page")
    return number
