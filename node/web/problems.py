"""Refusals over HTTP: the status of a code, a page with sentence and remedy, or problem+json (RFC 9457) for other systems."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.services.refusal_words import in_names
from node.texts.catalogue import Lang, explain
from node.web import kept
from node.web.templating import language_of, page

API = "/api/"
# What a script of our own pages asks for, to show the sentence where it stands.
PROBLEM = "application/problem+json"
# By the status that the code has on the wire between nodes; DESIGN 13 fixes 401 and 403.
_STATUS: Mapping[str, int] = {
    "INVALID_ARGUMENT": 422,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "FAILED_PRECONDITION": 409,
    "OUT_OF_RANGE": 422,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 503,
}


# Where HTTP has a status of its own.
_STATUS_OF_CODE: Mapping[Code, int] = {
    Code.BODY_TOO_LARGE: 413,
    # One damaged ticket is no reason for a proxy to send nobody to this node any more, as 503 would be.
    Code.TICKET_UNREADABLE: 409,
}


def http_status(code: Code) -> int:
    """The HTTP status of a refusal; 500 never is one."""
    if code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[code]
    return _STATUS.get(code.status, 409)


def problem_of(refusal: Refusal, lang: Lang) -> dict[str, Any]:
    """*refusal* as a problem: ``title`` is the sentence, ``detail`` the remedy, ``code`` what a program goes by."""
    sentence, way_out = explain(refusal, lang)
    return {
        "type": f"urn:qyzj:refusal:{refusal.code.name}",
        "title": sentence,
        "status": http_status(refusal.code),
        "detail": way_out,
        "code": refusal.code.name,
        "facts": {name: str(value) for name, value in refusal.facts.items()},
    }


def problem(refusal: Refusal, lang: Lang, status: int = 0) -> JSONResponse:
    """*refusal* as an answer of the API; *status* is another one than the code's own."""
    body = problem_of(refusal, lang)
    body["status"] = status or body["status"]
    headers = {429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}, 401: {"WWW-Authenticate": "Bearer"}}.get(body["status"])
    return JSONResponse(body, body["status"], headers, media_type=PROBLEM)


def answer(request: Request, refusal: Refusal) -> Response:
    """*refusal* as this request is answered: a problem of the API, a page, or the way to the door."""
    if request.url.path.startswith(API) or PROBLEM in request.headers.get("accept", ""):
        return problem(refusal, language_of(request))
    if request.headers.get("hx-request") and refusal.code in (Code.UNAUTHENTICATED, Code.FORM_FOREIGN):
        # A part of a page that somebody is typing into: the door would stand in the middle of it.
        return page(request, "signed_out_aside.html")
    if refusal.code is Code.UNAUTHENTICATED:
        # What was to be changed is not done again by itself: the way back is to a page, the one of the form if that was kept.
        kept = getattr(request.state, "kept", None)
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = here if request.method == "GET" else f"/kept/{kept}" if kept else "/"
        return RedirectResponse(request.url_for("login").include_query_params(back=back), 303)
    sentence, way_out = explain(_named(request, refusal), language_of(request))
    facts = {"sentence": sentence, "remedy": way_out, "code": refusal.code.name, "kept_id": _kept(request, refusal)}
    return page(request, "refusal.html", status_code=http_status(refusal.code), **facts)


# What the database itself may be the reason of: nothing is asked of it then.
_OF_STORAGE = frozenset({"DATA_LOSS", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})


def _named(request: Request, refusal: Refusal) -> Refusal:
    """*refusal* with the names of what it speaks of, for whoever is signed in."""
    desk = getattr(request.state, "desk", None)
    if desk is None or refusal.code.status in _OF_STORAGE:
        return refusal
    with desk.node.store.read() as view:
        return in_names(view, refusal, language_of(request))


def _kept(request: Request, refusal: Refusal) -> str:
    """The form that was refused, kept for whoever sent it so that he can go back to what he typed; empty if there is none of his."""
    if refusal.code in (Code.FORM_FOREIGN, Code.FORM_OTHERS):
        return ""
    found: str | None = getattr(request.state, "kept", None)
    form, desk = getattr(request.state, "form", None), getattr(request.state, "desk", None)
    if found is None and form is not None and desk is not None:
        found = kept.keep(request, form, desk.account)
    return found or ""


def add_to(app: FastAPI) -> None:
    """Let *app* answer refusals, and what the framework refuses by itself, in words."""

    @app.exception_handler(Refusal)
    def refused(request: Request, refusal: Refusal) -> Response:
        return answer(request, refusal)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return refused(request, Refusal(Code.MALFORMED_COMMAND, field=".".join(str(one) for one in first["loc"][1:])))

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> Response:
        codes = {404: Code.PAGE_UNKNOWN, 405: Code.PAGE_UNKNOWN, 401: Code.UNAUTHENTICATED, 403: Code.PERMISSION_DENIED}
        return refused(
            request, Refusal(codes.get(error.status_code, Code.MALFORMED_COMMAND), field=request.url.path, path=request.url.path)
        )
