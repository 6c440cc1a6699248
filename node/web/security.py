"""
What every answer says to the browser, and what no request may do.

- Nothing but this node's own files is run or shown, nothing stands inside another page, nothing with data stays in a cache.
- A request that changes something comes from a page of this node: by the token of its session, and by what the browser says of
  where it comes from.  What comes with the token of a session that ended changes nothing, and its text is kept (``node.web.kept``).
- A body has a limit before it is read.
"""

import hmac

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.domain.login import Stage
from node.domain.refusal import Code, Refusal
from node.domain.whole_number import whole_number
from node.services.login_sessions import Session
from node.web import kept, problems

form_bytes_max = 2 * 1024 * 1024
# Photos and films of a site, tables of enterprises.
upload_bytes_max = 256 * 1024 * 1024
_UPLOADS = ("multipart/form-data", "application/octet-stream", "application/offset+octet-stream")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

# What pages send by themselves, to keep what is typed.
_ASIDE = ("/drafts", "/aside")

CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# As a response carries them.
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_KEPT, _NOT_KEPT = (b"cache-control", b"max-age=3600"), (b"cache-control", b"no-store")


class Guarded:
    """Answers of *app* with their headers, its requests within their limits."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        limit = _limit(request)
        is_static, is_tls = scope["path"].startswith("/static/"), scope["scheme"] == "https"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message.get("headers", ())]
                names = {name.lower() for name, _ in given}
                wanted = (*_HEADERS, *((_STRICT_TRANSPORT,) if is_tls else ()), _KEPT if is_static else _NOT_KEPT)
                message["headers"] = [*given, *(one for one in wanted if one[0] not in names)]
            await send(message)

        said = request.headers.get("content-length", "")
        length = whole_number(said)
        if said.isdigit() and (length is None or length > limit):
            await _too_large(request, limit)(scope, receive, send_with_headers)
            return
        await self.app(scope, _limited(receive, limit), send_with_headers)


def _limited(receive: Receive, limit: int) -> Receive:
    """*receive*, which ends with a refusal once more than *limit* bytes came: a length that was not said is counted."""
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > limit:
            raise Refusal(Code.BODY_TOO_LARGE, bytes_max=limit)
        return message

    return counted


def _limit(request: Request) -> int:
    kind = request.headers.get("content-type", "")
    return upload_bytes_max if kind.startswith(_UPLOADS) else form_bytes_max


def _too_large(request: Request, limit: int) -> Response:
    request.state.desk = None
    return problems.answer(request, Refusal(Code.BODY_TOO_LARGE, bytes_max=limit))


async def need_own_form(request: Request) -> None:
    """
    A dependency of every endpoint: what changes something was sent by a page of this node, for whoever sits there.

    Raises:
        Refusal: FORM_FOREIGN; of a form that comes too late UNAUTHENTICATED, FORM_LATE, FORM_OTHERS.
    """
    if request.method in _SAFE:
        return
    if _is_foreign(request):
        raise Refusal(Code.FORM_FOREIGN)
    session: Session | None = request.state.session
    # Read once: the endpoint finds the same form.
    is_form = request.headers.get("content-type", "").startswith(_FORMS) and not (
        session is None and request.url.path.startswith(problems.API)
    )
    form = await request.form() if is_form else FormData()
    said = request.headers.get(CSRF_HEADER, "") or _text(form, CSRF_FIELD)
    if session is not None and hmac.compare_digest(said.encode(), session.csrf.encode()):
        request.state.form = form
        request.state.resent = _text(form, kept.FIELD)
        return
    owner = await run_in_threadpool(_owner_of, request, said) if said else ""
    # What the page keeps by itself while somebody types goes on, if it is still he who sits there.
    path = request.url.path
    if session is not None and owner == session.account and (path.endswith(_ASIDE) or path.startswith("/kept/")):
        return
    if owner:
        request.state.kept = await run_in_threadpool(kept.keep, request, form, owner)
    late = _late(request, session, owner)
    if late is not None:
        raise Refusal(late)


def _late(request: Request, session: Session | None, owner: str) -> Code | None:
    """Why a form is not taken that has not the token of *session* but that of a former one of *owner*, if he is known; None: it may be."""
    is_kept = request.state.kept is not None
    if session is None:
        # Where nobody has to be signed in there is nothing that needs a token, and elsewhere the endpoint says so.
        return Code.UNAUTHENTICATED if is_kept else None
    if not is_kept:
        return Code.FORM_FOREIGN
    if session.account != owner:
        return Code.FORM_OTHERS
    return Code.FORM_LATE if session.stage is Stage.OPEN else Code.UNAUTHENTICATED


def _owner_of(request: Request, token: str) -> str:
    owner: str = request.state.logins.owner_of(token, request.app.state.node.wall())
    return owner


def _text(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _is_foreign(request: Request) -> bool:
    """What the browser itself says: a page of another site has no way to change these two."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host', '')}"
