"""Every command of the domain over HTTP: one endpoint a command, on the road that every entrance takes."""

import json
import re
import uuid
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from node.domain.entry import SubjectKind
from node.domain.refusal import Code, Refusal
from node.services.acting import order_of
from node.services.bodies import as_json, outcome_body
from node.services.command_fields import verb_of
from node.services.handle import Outcome
from node.services.requests import once
from node.web.api import converting, shape
from node.web.api.door import Body, Caller, need_verb, token_of_request
from node.web.api.shape import Endpoint
from node.web.desk import Desk
from node.web.problems import problem

router = APIRouter()


@router.post("/{collection}")
def begin(request: Request, desk: Caller, body: Body, collection: str) -> Response:
    """A command that starts a subject, the usual one of its kind."""
    return _carry_out(request, desk, body, _endpoint(request, collection, False, ""), "")


@router.post("/{collection}/{verb}")
def begin_otherwise(request: Request, desk: Caller, body: Body, collection: str, verb: str) -> Response:
    """Another command that starts a subject, or one about the node itself."""
    return _carry_out(request, desk, body, _endpoint(request, collection, False, verb), "")


@router.post("/{collection}/{id:path}/{verb}")
def go_on(request: Request, desk: Caller, body: Body, collection: str, id: str, verb: str) -> Response:
    """A command about a subject that is there."""
    return _carry_out(request, desk, body, _endpoint(request, collection, True, verb), id)


def _endpoint(request: Request, collection: str, takes_id: bool, verb: str) -> Endpoint:
    found = shape.endpoints().get((collection, takes_id, verb)) if verb or not takes_id else None
    if found is None:
        raise Refusal(Code.PAGE_UNKNOWN, path=request.url.path)
    return found


def _carry_out(request: Request, desk: Desk, body: bytes, endpoint: Endpoint, said: str) -> Response:
    """
    Give the command.  The version that somebody saw comes as If-Match and, unlike elsewhere, is refused as HTTP has it: 412.
    """
    kind = endpoint.command
    need_verb(request, desk, verb_of(kind))
    given = converting.read_json(body)
    command, occurred_at = converting.command_of(kind, given)
    ticket, subject = _subject(endpoint, said)
    key = converting.key_of(request.headers.get("idempotency-key"))
    seen = seen_of(request.headers.get("if-match"))
    order = order_of(
        desk.node,
        _acts_as(request, desk),
        command,
        ticket=ticket,
        subject=subject,
        id=key or str(uuid.uuid4()),
        seen=seen,
        occurred_at=occurred_at,
        behalf=desk.behalf,
    )
    try:
        outcome = once(desk.node, order, _content(desk, endpoint, order.subject, given)) if key else desk.node.handler.handle(order)
    except Refusal as refusal:
        if refusal.code is not Code.VERSION_CONFLICT:
            raise
        return problem(refusal, desk.lang, 412)
    return _answer(desk, endpoint, outcome, order.id)


def _acts_as(request: Request, desk: Desk) -> str:
    """The account, in the one role of its token if that has one."""
    token = token_of_request(request)
    return desk.account if token is None else token.acts_as


def _subject(endpoint: Endpoint, said: str) -> tuple[str, str]:
    """Ticket and subject as ``order_of`` takes them."""
    if not endpoint.takes_id:
        return "", ""
    if not converting.words("id", said, shape.code_characters_max).strip():
        raise Refusal(Code.FIELD_REQUIRED, field="id")
    return (said, "") if endpoint.command.subject_kind is SubjectKind.TICKET else ("", said)


def seen_of(header: str | None) -> tuple[int, int] | None:
    """
    Custody number and version of the page that somebody saw, as its ETag said: ``"1.4"``.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if header is None or header.strip() == "*":
        return None
    match = re.fullmatch(r'"(\d{1,9})\.(\d{1,9})"', header.strip())
    if match is None:
        raise Refusal(Code.MALFORMED_COMMAND, field="If-Match")
    return int(match[1]), int(match[2])


def _content(desk: Desk, endpoint: Endpoint, subject: str, given: dict[str, Any]) -> bytes:
    """Who asks for what about what: two requests with the same content are one."""
    said = [desk.account, endpoint.command.__name__, subject, given]
    return json.dumps(said, sort_keys=True, ensure_ascii=True).encode()


def _answer(desk: Desk, endpoint: Endpoint, outcome: Outcome, command_id: str) -> Response:
    body, headers = outcome_body(outcome, command_id), {}
    if outcome.ticket is not None:
        headers["ETag"] = etag(outcome.ticket.custody.number, outcome.ticket.version)
    if endpoint.command.starts and endpoint.command.subject_kind is SubjectKind.TICKET:
        with desk.node.store.read() as view:
            body["query_code"] = view.payloads.query_code(outcome.subject)
    is_new = endpoint.command.starts and not outcome.is_repeat
    if is_new:
        headers["Location"] = f"/api/v1/{endpoint.collection}/{quote(outcome.subject.id)}"
    return Response(as_json(body), 201 if is_new else 200, headers, "application/json")


def etag(custody: int, version: int) -> str:
    """The ETag of a subject in a state."""
    return f'"{custody}.{version}"'
