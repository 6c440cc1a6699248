"""Every command of the domain over HTTP: one endpoint a command, on the road that every entrance takes."""

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from node.domain.command import Order
from node.domain.entry import SubjectKind
from node.domain.refusal import Code, Refusal
from node.services.acting import order_in
from node.services.bodies import as_json, outcome_body
from node.services.command_fields import verb_of
from node.services.handle import Outcome
from node.services.requests import once
from node.services.tokens import Token
from node.storage.unit_of_work import UnitOfWork, View
from node.web.api import converting, door, shape
from node.web.api.shape import Endpoint
from node.web.api.together import Together
from node.web.desk import Desk, signed_in
from node.web.problems import problem
from node.web.security import need_own_form

# What a client got as ETag, see ``seen_of``.
SEEN = r'"(\d{1,9})\.(\d{1,9})(?:-[0-9a-f]{1,64})?"'
# A longer body is read only once it is known who sends it.
unasked_bytes_max = 64 * 1024


class Posted(BaseRoute):
    """
    Whatever is posted below ``prefix`` and was for no route before it, as one route of the whole app: it is asked before a hundred
    others, and what the framework does for each endpoint (its dependencies, its parameters, its stacks) would cost as much as reading
    the request does.

    Its paths: "tickets" begins a subject, the usual one of its kind; "tickets/import-legacy" is another command that starts one, or
    one about the node itself; "tickets/<id>/accept" is about a subject that is there.
    """

    def __init__(self, prefix: str) -> None:
        self._path = re.compile(re.escape(prefix) + r"/(?P<collection>[^/]+)(?:(?:/(?P<id>.*))?/(?P<verb>[^/]+))?", re.DOTALL)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] != "POST":
            return Match.NONE, {}
        found = self._path.fullmatch(scope["path"])
        return (Match.FULL, {"path_params": found.groupdict()}) if found is not None else (Match.NONE, {})

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)  # no page leads here by its name

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, said = Request(scope, receive, send), scope["path_params"]
        # As every endpoint of the framework's depends on it (``app``).
        await need_own_form(request)
        id, verb = said["id"], said["verb"]
        response = await _carry_out(request, (said["collection"], id is not None, verb or ""), id or "")
        await response(scope, receive, send)


async def _carry_out(request: Request, place: tuple[str, bool, str], said: str = "") -> Response:
    """Give the command: among those that wait at the same moment, who gives it is looked up with the rest."""
    if not _is_short(request):
        # Whoever is nobody is not listened to for long.
        await run_in_threadpool(door.bearer, request)
        signed_in(request)
    together: Together = request.app.state.together
    return await together.carry_out(_Asked(request, place, said, await door.whole_body(request)))


def _is_short(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return length.isdigit() and int(length) <= unasked_bytes_max


@dataclass(frozen=True)
class _Asked:
    """A request at ``place`` (as ``shape.endpoints`` names it) about the subject ``said``."""

    request: Request
    place: tuple[str, bool, str]
    said: str
    body: bytes

    def begin(self, view: View) -> "_Begun":
        """The version that somebody saw comes as If-Match and, unlike elsewhere, is refused as HTTP has it: 412."""
        request = self.request
        desk = door.seat_in(request, view)
        endpoint = self._endpoint()
        kind = endpoint.command
        door.need_verb(request, desk, verb_of(kind))
        given = converting.read_json(self.body)
        command, occurred_at = converting.command_of(kind, given)
        ticket, subject = _subject(endpoint, self.said)
        key = converting.key_of(request.headers.get("idempotency-key"))
        seen = seen_of(request.headers.get("if-match"))
        order = order_in(
            desk.node,
            view,
            _acts_as(request, desk),
            command,
            ticket=ticket,
            subject=subject,
            id=key or str(uuid.uuid4()),
            seen=seen,
            occurred_at=occurred_at,
            behalf=desk.behalf,
        )
        content = _content(desk, endpoint, order.subject, given) if key else None
        return _Begun(desk, endpoint, order, content, door.token_of_request(request))

    def _endpoint(self) -> Endpoint:
        _, takes_id, verb = self.place
        found = shape.endpoints().get(self.place) if verb or not takes_id else None
        if found is None:
            raise Refusal(Code.PAGE_UNKNOWN, path=self.request.url.path)
        return found


@dataclass(frozen=True)
class _Begun:
    """An order from ``desk``; ``content`` is what it is held against if its id comes again, None where that was not asked for."""

    desk: Desk
    endpoint: Endpoint
    order: Order
    content: bytes | None
    token: Token | None

    @property
    def id(self) -> str:
        return self.order.id

    def carry_out(self, work: UnitOfWork) -> tuple[Outcome, str | None]:
        """The outcome, and of a ticket that was filed the code that its appellant asks with."""
        node, order = self.desk.node, self.order
        outcome = node.handler.carry_out(work, order) if self.content is None else once(node, order, self.content)(work)
        return outcome, work.payloads.query_code(outcome.subject) if self._files_a_ticket else None

    def answer(self, done: tuple[Outcome, str | None]) -> Response:
        outcome, query_code = done
        body, headers = outcome_body(outcome, self.order.id), {}
        if outcome.ticket is not None:
            headers["ETag"] = etag(outcome.ticket.custody.number, outcome.ticket.version)
        if self._files_a_ticket:
            body["query_code"] = query_code
        is_new = self.endpoint.command.starts and not outcome.is_repeat
        if is_new:
            headers["Location"] = f"/api/v1/{self.endpoint.collection}/{quote(outcome.subject.id)}"
        return Response(as_json(body), 201 if is_new else 200, headers, "application/json")

    def refused(self, refusal: Refusal) -> Response:
        if refusal.code is not Code.VERSION_CONFLICT:
            raise refusal
        return problem(refusal, self.desk.lang, 412)

    @property
    def _files_a_ticket(self) -> bool:
        return self.endpoint.command.starts and self.endpoint.command.subject_kind is SubjectKind.TICKET


def _acts_as(request: Request, desk: Desk) -> str:
    """The account, in the one role of its token if that has one."""
    token = door.token_of_request(request)
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
    Custody number and version of the page that somebody saw, as its ETag said: ``"1.4-5f0c..."`` of a query, whose latter part tells two
    answers about one version apart and is nothing to a command; ``"1.4"`` of a command.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if header is None or header.strip() == "*":
        return None
    match = re.fullmatch(SEEN, header.strip())
    if match is None:
        raise Refusal(Code.MALFORMED_COMMAND, field="If-Match")
    return int(match[1]), int(match[2])


def _content(desk: Desk, endpoint: Endpoint, subject: str, given: dict[str, Any]) -> bytes:
    """Who asks for what about what: two requests with the same content are one."""
    said = [desk.account, endpoint.command.__name__, subject, given]
    return json.dumps(said, sort_keys=True, ensure_ascii=True).encode()


def etag(custody: int, version: int, mark: str = "") -> str:
    """The ETag of a subject in a state; *mark* tells answers apart that this state alone does not, as an hour that passed does."""
    return f'"{custody}.{version}{"-" if mark else ""}{mark}"'
