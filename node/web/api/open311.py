"""
The Open311 door: GeoReport v2 in JSON, with the extension for updates, over the same tickets under the same scope.

``service_code`` is our class, ``service_request_id`` the register number; a request is "open" until it is closed.  No personal field
and no text of a ticket is ever answered.  ``api_key`` is a token of a service account; here it reads, too, as whoever has it.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from node.domain.division import NodeCode
from node.domain.refusal import Code, Refusal
from node.domain.ticket.intake import Register
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import State
from node.domain.time import BEIJING
from node.services import queries, ticket_view
from node.services.acting import order_of
from node.services.bodies import as_json
from node.services.progress import for_appellant
from node.services.requests import once
from node.services.search import Sought, search
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import View
from node.texts.catalogue import explain, text, word
from node.web.api import converting, shape
from node.web.api.door import Body, bearer, need_verb, seat, token_of_request
from node.web.desk import Desk
from node.web.problems import http_status
from node.web.templating import language_of

router = APIRouter(prefix="/api/open311/v2")
window_days = 90
rows_max = 1_000
description_characters_max = 4_000
_CLOSED = frozenset({State.CLOSED, State.ARCHIVED, State.TERMINATED, State.NOT_ACCEPTED, State.MERGED})
_STATUS = {"open": tuple(one.value for one in State if one not in _CLOSED), "closed": tuple(sorted(one.value for one in _CLOSED))}
_ENDPOINT = Callable[..., Response]


def _answering(endpoint: Callable[..., Any]) -> _ENDPOINT:
    """A refusal goes out as GeoReport has it: a list of errors, each with code and description."""

    @wraps(endpoint)
    def answered(request: Request, *args: Any, **given: Any) -> Response:
        try:
            return _json(endpoint(request, *args, **given))
        except Refusal as refusal:
            sentence, remedy = explain(refusal, language_of(request))
            status = http_status(refusal.code)
            return _json([{"code": refusal.code.name, "description": f"{sentence} {remedy}"}], status)

    return answered


def _json(body: Any, status: int = 200) -> Response:
    return Response(as_json(body), status, {"Cache-Control": "no-store"}, "application/json")


@router.get("/services.json")
@_answering
def services(request: Request) -> Any:
    """The classes of the pack in force, as services."""
    desk = _reader(request, request.query_params.get("api_key", ""))
    with desk.node.store.read() as view:
        classes = desk.node.policies.of_node(view, desk.node.now()).pack.names("classes")
    return [
        {"service_code": one, "service_name": word("category", one, desk.lang), "metadata": False, "type": "realtime", "group": ""}
        for one in classes
    ]


@router.get("/requests.json")
@_answering
def requests(request: Request) -> Any:
    """Requests of at most 90 days and at most 1,000, the latest first."""
    asked = request.query_params
    desk = _reader(request, asked.get("api_key", ""))
    last = _moment("end_date", asked.get("end_date")) or desk.node.now()
    first = _moment("start_date", asked.get("start_date")) or last - timedelta(days=window_days)
    if not timedelta() <= last - first <= timedelta(days=window_days):
        raise Refusal(Code.MALFORMED_COMMAND, field="start_date")
    states = tuple(state for said in _listed(asked.get("status", "")) for state in _states(said))
    wanted = tuple(_listed(asked.get("service_code", "")))
    named = _listed(asked.get("service_request_id", ""))
    with desk.node.store.read() as view:
        if named:
            rows = [_row(view, desk, one) for one in named[:50]]
        else:
            # Nobody asks how many there are in all.
            sought = Sought(categories=wanted, states=states, between=(first, last), viewer=desk.viewer, rows_max=rows_max, counted_max=0)
            rows = [one.row for one in search(view, sought, desk.node.now()).tickets]
        return _requests(view, desk, rows)


@router.get("/requests/{id}.json")
@_answering
def one_request(request: Request, id: str) -> Any:
    """One request, by any form of its number."""
    desk = _reader(request, request.query_params.get("api_key", ""))
    with desk.node.store.read() as view:
        return _requests(view, desk, [_row(view, desk, id)])


@router.get("/servicerequestupdates.json")
@_answering
def updates(request: Request) -> Any:
    """What became of one request, step by step: only what is meant for whoever brought it in, without its words."""
    asked = request.query_params
    desk = _reader(request, asked.get("api_key", ""))
    with desk.node.store.read() as view:
        row = _row(view, desk, asked.get("service_request_id", ""))
        calendar = desk.node.policies.bare(view).calendar
        page = for_appellant(ticket_view.ticket_page(view, row.id, calendar, desk.node.now(), desk.viewer))
    return [
        {
            "update_id": line.id,
            "service_request_id": row.id,
            "status": _status(line.state or row.state),
            "updated_datetime": _local(line.recorded_at),
            "description": word("event", line.kind, desk.lang),
        }
        for line in page.timeline
    ]


@router.post("/requests.json")
@_answering
def file_request(request: Request, body: Body) -> Any:
    """
    Take a request in; the register number comes back at once, so no token stands in between.

    The standard knows no way to send it twice; whoever has one sends an ``Idempotency-Key`` along, as to the API.
    """
    try:
        form = {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=100).items()}
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field="body") from None
    desk = _caller(request, form.get("api_key", ""))
    need_verb(request, desk, "register")
    jurisdiction = form.get("jurisdiction_id", "")
    if jurisdiction and jurisdiction != NodeCode.parse(desk.node.code).division:
        raise Refusal(Code.NODE_UNKNOWN, node=converting.words("jurisdiction_id", jurisdiction, shape.code_characters_max))
    name = " ".join(part for part in (form.get("last_name", ""), form.get("first_name", "")) if part)
    said = {
        "channel": form.get("attribute[channel]"),
        "appeal": converting.words("description", form.get("description", ""), description_characters_max) or None,
        "category": form.get("service_code", ""),
        "name": name or None,
        "phone": form.get("phone"),
        "address": form.get("address_string"),
    }
    command, _ = converting.command_of(Register, said)
    token = token_of_request(request)
    assert token is not None  # _caller lets nobody else in
    key = converting.key_of(request.headers.get("idempotency-key"))
    order = order_of(desk.node, token.acts_as, command, id=key)
    made = desk.node.writer.command(once(desk.node, order, _content(desk, said))) if key else desk.node.handler.handle(order)
    return [{"service_request_id": made.subject.id, "service_notice": text("web.api.notice", desk.lang), "account_id": ""}]


def _content(desk: Desk, said: dict[str, str | None]) -> bytes:
    """Who files what: two requests with the same content are one."""
    return json.dumps(["open311", desk.account, said], sort_keys=True, ensure_ascii=True).encode()


def _caller(request: Request, key: str) -> Desk:
    """By token alone: a form that any site can send asks for no cookie."""
    if key:
        return seat(request, key)
    bearer(request)
    desk: Desk | None = getattr(request.state, "desk", None)
    if desk is None or token_of_request(request) is None:
        raise Refusal(Code.UNAUTHENTICATED, account="")
    return desk


def _reader(request: Request, key: str) -> Desk:
    desk = _caller(request, key)
    token = token_of_request(request)
    if token is None or not token.may_read("tickets"):
        raise Refusal(Code.PERMISSION_DENIED, command="tickets", role=desk.role)
    return desk


def _listed(said: str) -> list[str]:
    return [part.strip() for part in converting.words("list", said, description_characters_max).split(",") if part.strip()]


def _states(said: str) -> tuple[str, ...]:
    if said not in _STATUS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="status", value=said, offered=tuple(_STATUS))
    return _STATUS[said]


def _status(state: str) -> str:
    return "closed" if state in _STATUS["closed"] else "open"


def _moment(name: str, said: str | None) -> datetime | None:
    return converting.moment(name, said) if said else None


def _local(moment: datetime | None) -> str | None:
    """RFC 3339 in Beijing time, to the second."""
    return None if moment is None else moment.astimezone(BEIJING).isoformat(timespec="seconds")


def _row(view: View, desk: Desk, said: str) -> TicketRow:
    """
    The row of the ticket that *said* names.

    Raises:
        Refusal: SUBJECT_UNKNOWN, PERMISSION_DENIED.
    """
    found = queries.find_ticket(view, converting.words("service_request_id", said, shape.code_characters_max), desk.viewer)
    return view.readings.rows({found})[found]


def _requests(view: View, desk: Desk, rows: Sequence[TicketRow]) -> list[dict[str, Any]]:
    ids, calendar = [row.id for row in rows], desk.node.policies.bare(view).calendar
    changed, called = _changed(view, ids), queries.names(view)
    clocks = queries.next_clocks(view, ids, calendar, desk.node.now())
    return [_request(desk, row, changed.get(row.id), clocks.get(row.id), called) for row in rows]


def _request(
    desk: Desk, row: TicketRow, changed: datetime | None, clock: queries.ClockLine | None, called: queries.Names
) -> dict[str, Any]:
    lang = desk.lang
    limit = "" if clock is None else f"{clock.limit.count} {word('limit_unit', clock.limit.unit, lang)}"
    return {
        "service_request_id": row.id,
        "jurisdiction_id": NodeCode.parse(row.origin).division,
        "status": _status(row.state),
        "status_notes": word("state", row.state, lang),
        "service_code": row.category,
        "service_name": word("category", row.category, lang) if row.category else "",
        "description": None,
        "agency_responsible": called.unit(row.lead) if row.lead else "",
        "service_notice": limit,
        "requested_datetime": _local(row.registered_at),
        "updated_datetime": _local(changed),
        "expected_datetime": None if clock is None else _local(clock.due_at),
    }


def _changed(view: View, tickets: Sequence[str]) -> dict[str, datetime]:
    """When the last entry about each of *tickets* was recorded."""
    table = schema.entries
    found = {}
    for start in range(0, len(tickets), 500):
        part = tickets[start : start + 500]
        last = (
            select(func.max(table.c.taken))
            .where(table.c.subject_id.in_(part), table.c.subject_kind == "ticket")
            .group_by(table.c.subject_id)
        )
        for content in view.connection.execute(select(table.c.content).where(table.c.taken.in_(last))).scalars():
            head = decode_content(bytes(content)).header
            found[head.subject.id] = head.recorded_at
    return found
