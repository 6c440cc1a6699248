"""Every query at its address: what it takes, what it answers, and how it is asked over HTTP."""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from node.domain.entry import SubjectKind
from node.domain.ticket.state import State
from node.services import dossiers, figures, lookup, rounds, status
from node.services.bodies import as_json
from node.services.entry_feed import Feed, entries_max
from node.services.narrowing import DUE_CHOICES
from node.web.api import answers as a
from node.web.api import boards, leading, registers
from node.web.api import queries as q
from node.web.api.commands import etag
from node.web.api.door import asking
from node.web.api.query import DAY, FLAG, LIMIT, NEXT, NUMBER, WORDS, Parameter, Query, read
from node.web.api.shape import COLLECTIONS
from node.web.desk import Desk

_STATES = tuple(state.value for state in State)
_ID = Parameter("id", is_required=True, place="path")
_OTHERS = (SubjectKind.TICKET, SubjectKind.ROUND, SubjectKind.NODE)
_DOSSIERS = tuple(
    (name, kind) for name, kind in COLLECTIONS.items() if kind not in (SubjectKind.TICKET, SubjectKind.ROUND, SubjectKind.NODE)
)
_STATE, _UNIT = Parameter("state", WORDS, _STATES), Parameter("unit")
_PERIOD = (Parameter("first", DAY), Parameter("last", DAY))


@cache
def all_queries() -> tuple[Query, ...]:
    """Every query; what has a fixed name in its path before what has an id there."""
    return (
        *_OF_TICKETS,
        *boards.QUERIES,
        *leading.QUERIES,
        *registers.QUERIES,
        *_OF_THE_NODE,
        *(one for name, kind in _DOSSIERS for one in _of_dossiers(name, kind)),
    )


_IN_A_TRAY = a.whole(id=a.WORD, person=a.WORD, is_lead=a.YES_OR_NO, due_at=a.maybe(a.MOMENT))
_FOUND_IN = a.many(a.whole(event=a.WORD, field=a.WORD, words=a.WORD))
_OF_TICKETS = (
    Query(
        "/tickets",
        "tickets",
        "tickets",
        a.whole(now=a.MOMENT, tickets=a.many(a.ref("TicketLine")), next=a.maybe(a.WORD)),
        q.tickets_answer,
        (
            *(_STATE, _UNIT, Parameter("due", codes=DUE_CHOICES), Parameter("mine", FLAG), Parameter("unsorted", FLAG)),
            *(Parameter("layer"), Parameter("level"), LIMIT, NEXT),
        ),
    ),
    Query(
        "/tickets/{id}/clocks/{clock}",
        "clock",
        "tickets",
        a.ref("DeadlineReceipt"),
        q.clock_answer,
        (_ID, Parameter("clock", is_required=True, place="path")),
    ),
    Query("/tickets/{id}", "ticket", "tickets", a.ref("TicketPage"), q.ticket_answer, (_ID,), has_state=True),
    Query(
        "/search",
        "search",
        "search",
        a.whole(
            now=a.MOMENT,
            count=a.NUMBER,
            is_exact=a.YES_OR_NO,
            is_more=a.YES_OR_NO,
            next=a.maybe(a.WORD),
            tickets=a.many(a.whole(id=a.WORD, state=a.WORD, found_in=_FOUND_IN)),
        ),
        q.search_answer,
        (
            *(Parameter("text"), Parameter("category"), Parameter("channel"), _UNIT, _STATE),
            *(Parameter("since", DAY), Parameter("until", DAY), Parameter("due", codes=DUE_CHOICES), LIMIT, NEXT),
        ),
    ),
    Query("/lookup", "lookup", "lookup", a.of_type(lookup.Found), q.lookup_answer, (Parameter("said", is_required=True),)),
    Query(
        "/tray",
        "tray",
        "tray",
        a.whole(
            unit=a.WORD,
            count=a.NUMBER,
            tickets=a.many(a.whole(id=a.WORD, person=a.WORD, is_lead=a.YES_OR_NO, due_at=a.maybe(a.MOMENT))),
            next=a.maybe(a.WORD),
        ),
        q.tray_answer,
        (Parameter("whose", codes=("all", "own", "shared")), LIMIT, NEXT),
    ),
    Query(
        "/progress/{id}",
        "progress",
        "progress",
        a.whole(
            id=a.WORD,
            number=a.WORD,
            state=a.WORD,
            with_whom=a.WORD,
            lead=a.WORD,
            clock=a.maybe(a.ref("Clock")),
            due=a.maybe(a.DAY),
            promised=a.maybe(a.DAY),
            papers=a.many(a.whole(kind=a.WORD, says=a.by_name(a.WORD))),
        ),
        q.progress_answer,
        (_ID, Parameter("code", is_required=True)),
    ),
)
_DAYS = a.many(
    a.whole(day=a.DAY, is_workday=a.YES_OR_NO, is_provisional=a.YES_OR_NO, why=a.WORD, source=a.WORD, name=a.WORD, document=a.WORD)
)
_RULES = a.by_name(a.whole(value=a.ANYTHING, clause=a.WORD, origin=a.WORD))
_PACK = a.whole(id=a.WORD, version=a.WORD, digest=a.WORD, effective_from=a.DAY, is_in_force=a.YES_OR_NO, rules=_RULES)
_CALLS = a.whole(round=a.WORD, calls=a.many(a.of_type(rounds.PlannedCall)), next=a.maybe(a.WORD))
_ROUNDS = a.whole(rounds=a.many(a.of_type(rounds.Achieved)))
_OWN = {"account": a.WORD, "roles": a.many(a.WORD), "unit": a.WORD}
_OF_THE_NODE = (
    Query("/rounds", "rounds", "rounds", _ROUNDS, q.rounds_answer, (Parameter("county", WORDS),)),
    Query("/rounds/{id}/calls", "calls", "rounds", _CALLS, q.round_calls_answer, (_ID, LIMIT, NEXT)),
    Query("/overview", "overview", "overview", a.of_type(figures.Level), q.overview_answer),
    Query(
        "/tallies/{by}",
        "tally",
        "tallies",
        a.whole(by=a.WORD, counts=a.by_name(a.NUMBER)),
        q.tally_answer,
        (Parameter("by", codes=(*q.TALLIES, "late"), is_required=True, place="path"), *_PERIOD),
    ),
    Query("/links", "links", "links", a.whole(links=a.many(a.of_type(status.LinkLine))), q.links_answer),
    Query(
        "/packs",
        "packs",
        "packs",
        a.whole(
            packs=a.many(a.whole(id=a.WORD, version=a.WORD, digest=a.WORD, effective_from=a.DAY, is_in_force=a.YES_OR_NO, rules=_RULES))
        ),
        q.packs_answer,
    ),
    Query("/calendars", "calendars", "calendars", a.whole(calendar=a.WORD, days=_DAYS), q.calendars_answer, _PERIOD),
    Query(
        "/node",
        "node",
        "node",
        a.whole(
            node=a.WORD, name=a.WORD, line=a.many(a.WORD), now=a.MOMENT, end=a.NUMBER, account=a.WORD, roles=a.many(a.WORD), unit=a.WORD
        ),
        q.node_answer,
    ),
    Query(
        "/entries",
        "entries",
        "entries",
        a.of_type(Feed),
        q.entries_answer,
        (
            Parameter("after", NUMBER, usual=0),
            Parameter("kind", WORDS),
            Parameter("limit", NUMBER, usual=entries_max, least=1, most=entries_max),
        ),
    ),
)


def _of_dossiers(name: str, kind: SubjectKind) -> tuple[Query, Query]:
    page = a.whole(
        dossier=a.by_name(a.ANYTHING),
        texts=a.by_name(a.maybe(a.WORD)),
        clocks=a.many(a.ref("Clock")),
        timeline=a.many(a.ref("TimelineEntry")),
        opens_at=a.maybe(a.WORD),
    )
    listed = a.whole(dossiers=a.many(a.of_type(dossiers.Line)), next=a.maybe(a.WORD))
    parameters = (Parameter("state"), Parameter("ticket"), _UNIT, LIMIT, NEXT)
    return (
        Query(f"/{name}", "dossiers", name, listed, q.listing_of(kind), parameters),
        Query(f"/{name}/{{id}}", "dossier", name, page, q.showing_of(kind), (_ID,), has_state=True),
    )


# --- over HTTP --------------------------------------------------------------------------------------------------------


def add_to(router: APIRouter) -> None:
    """Put every query onto *router*."""
    for query in all_queries():
        path = query.path.replace("{id}", "{id:path}") if query.path.endswith("{id}") else query.path
        router.add_api_route(path, _endpoint(query), methods=["GET"], name=f"api {query.path}", response_model=None)


def _endpoint(query: Query) -> Callable[..., Response]:
    def endpoint(request: Request, desk: Desk = Depends(asking(query.scope))) -> Response:  # noqa: B008  # how the framework is told
        given = read(request, query)
        with desk.node.store.read() as view:
            answered = query.answer(desk, view, given)
        body, headers = as_json(answered.body), {"Cache-Control": "no-store"}
        if answered.state is not None or query.has_mark:
            mark = _mark(answered.body)
            tag = f'"{mark}"' if answered.state is None else etag(*answered.state, mark)
            headers |= {"ETag": tag, "Vary": "Authorization, Cookie"}
            if is_held(request.headers.get("if-none-match", ""), tag):
                return Response(status_code=304, headers=headers)
        return Response(body, 200, headers, "application/json")

    return endpoint


def _mark(body: Mapping[str, Any]) -> str:
    """
    What stands for the whole answer, but for the moment at which it was asked for: a version alone says nothing of a clock that ran out
    since, of a text that was erased, or of a second number.
    """
    whole = as_json({name: value for name, value in body.items() if name != "now"})
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def is_held(header: str, tag: str) -> bool:
    """
    True if the header If-None-Match, "*" or a list of tags, has *tag*.  A weak one is as good: a proxy that packs answers makes ours weak.
    """
    return header.strip() == "*" or tag in re.findall(r'(?:W/)?("[^"]*")', header)
