"""
Who calls the API: another system with its token, or a person's page with his session.

A token goes in ``Authorization: Bearer`` and may do what its scopes name.  A session's cookie alone changes nothing: a page sends the
token of its forms along, in ``X-CSRF-Token``.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.services.tokens import Token, token_in, token_of
from node.storage.unit_of_work import View
from node.web.desk import Desk, SignedIn, signed_in
from node.web.templating import language_of

body_bytes_max = 4 * 1024 * 1024


def bearer(request: Request) -> None:
    """
    Seat whoever shows a token, if one is shown; who shows a wrong one is not let in by his cookie either.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    said = _shown(request)
    if said is not None:
        seat(request, said)


def _shown(request: Request) -> str | None:
    """
    The token that is shown, if one is.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    said = request.headers.get("authorization")
    if said is None:
        return None
    scheme, _, value = said.partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(Code.UNAUTHENTICATED, account="")
    return value.strip()


def seat(request: Request, said: str) -> Desk:
    """
    Let whoever shows the token *said* be the desk of this request.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    node: Node = request.app.state.node
    return _seated(request, *token_of(node.store, said, node.wall()))


def seat_in(request: Request, view: View) -> Desk:
    """
    As ``caller``, in a snapshot that is open already; that the token is in use is for the caller to note.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    said = _shown(request)
    if said is None:
        return signed_in(request)
    key = ("token", said)
    if key not in view.memo:
        node: Node = request.app.state.node
        view.memo[key] = token_in(view, said, node.wall())
    return _seated(request, *view.memo[key])


def _seated(request: Request, token: Token, actor: Actor, roles: tuple[str, ...]) -> Desk:
    node: Node = request.app.state.node
    request.state.token = token
    desk = Desk(node, token.account, token.name, actor.unit, roles, actor.role, language_of(request), session=token.id, is_service=True)
    request.state.desk = desk
    return desk


def caller(_: Annotated[None, Depends(bearer)], desk: SignedIn) -> Desk:
    """
    Whoever calls; for a change by a cookie alone ``security.need_own_form`` has refused already.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    return desk


Caller = Annotated[Desk, Depends(caller)]


def asking(query: str) -> Callable[..., Desk]:
    """The caller of the query *query*, whose token has it in its scopes."""

    def reader(request: Request, desk: Caller) -> Desk:
        token = token_of_request(request)
        if token is not None and not token.may_read(query):
            raise Refusal(Code.PERMISSION_DENIED, command=query, role=desk.role)
        return desk

    return reader


def need_verb(request: Request, desk: Desk, verb: str) -> None:
    """
    Refuse a token a command that is none of its scopes.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    token = token_of_request(request)
    if token is not None and not token.may_do(verb):
        raise Refusal(Code.PERMISSION_DENIED, command=verb, role=desk.role)


def token_of_request(request: Request) -> Token | None:
    """The token that the request came with; None for a session."""
    found: Token | None = getattr(request.state, "token", None)
    return found


async def whole_body(request: Request) -> bytes:
    """
    The body, as long as it is not longer than ``body_bytes_max``.

    Raises:
        Refusal: PAYLOAD_TOO_LARGE.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > body_bytes_max:
            raise Refusal(Code.PAYLOAD_TOO_LARGE, bytes=size, bytes_max=body_bytes_max)
        parts.append(part)
    return b"".join(parts)


Body = Annotated[bytes, Depends(whole_body)]
