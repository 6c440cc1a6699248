"""Signing in and out: password or certificate, then the second factor."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from node.domain.login import Stage
from node.domain.refusal import Code, Refusal
from node.services.login_sessions import Session
from node.texts.catalogue import LANGS, explain
from node.web.problems import http_status
from node.web.sessions import LANG_COOKIE, SignIns, drop_cookie, onward, safe_path, session_of, step_of
from node.web.templating import language_of, page

router = APIRouter()

Typed = Annotated[str, Form()]
# What signing in itself answers with is said on its own page.
ON_THE_PAGE = frozenset(
    {
        Code.SIGN_IN_REFUSED, Code.SIGN_IN_LOCKED, Code.CODE_REFUSED, Code.PASSWORD_WEAK,
        Code.OIDC_AWAY, Code.OIDC_REFUSED, Code.OIDC_UNBOUND,
    }
)  # fmt: skip


@router.get("/login", name="login")
def login(request: Request, back: str = "/", lang: str = "") -> Response:
    """The door; whoever stands inside already is shown on."""
    session: Session | None = request.state.session
    if session is not None:
        return RedirectResponse(step_of(session, back) or safe_path(back), 303)
    if lang in LANGS:
        answer: Response = RedirectResponse(request.url_for("login").include_query_params(back=safe_path(back)), 303)
        answer.set_cookie(LANG_COOKIE, lang, path="/", samesite="lax", httponly=True, secure=request.url.scheme == "https")
        return answer
    return door(request, back)


@router.post("/login")
def enter(request: Request, logins: SignIns, account: Typed = "", password: Typed = "", back: Typed = "/") -> Response:
    """Password shown: the session begins."""
    now, client = request.app.state.node.wall(), request.headers.get("user-agent", "")
    former: Session | None = request.state.session
    try:
        cookie, session = logins.sign_in(account.strip(), password, now, address=address_of(request), client=client)
    except Refusal as refusal:
        return door(request, back, refusal, account)
    if former is not None:
        logins.end(former.digest, now)
    return onward(request, cookie, session, back)


@router.post("/login/certificate")
def enter_by_certificate(request: Request, logins: SignIns, back: Typed = "/") -> Response:
    """The browser showed a certificate while it connected; whose it is the node knows by its fingerprint."""
    fingerprint = shown_certificate(request)
    try:
        if not fingerprint:
            raise Refusal(Code.SIGN_IN_REFUSED)
        cookie, session = logins.sign_in_with(
            fingerprint, request.app.state.node.wall(), address=address_of(request), client=request.headers.get("user-agent", "")
        )
    except Refusal as refusal:
        return door(request, back, refusal)
    return onward(request, cookie, session, back)


@router.get("/login/second")
def second(request: Request, back: str = "/") -> Response:
    """Asks for the second factor."""
    session = session_of(request)
    if session.stage is not Stage.SECOND:
        return RedirectResponse(step_of(session, back) or safe_path(back), 303)
    return _second(request, session, back)


@router.post("/login/second")
def show_second(request: Request, logins: SignIns, code: Typed = "", back: Typed = "/") -> Response:
    """A one-time code or a recovery code shown: the session goes on under another id."""
    session = session_of(request)
    try:
        cookie, went_on = logins.show_second(session, code, request.app.state.node.wall())
    except Refusal as refusal:
        return _second(request, session, back, refusal)
    return onward(request, cookie, went_on, back)


@router.post("/logout", name="logout")
def logout(request: Request, logins: SignIns) -> Response:
    """The session ends here and on the node, whatever else the browser keeps."""
    session: Session | None = request.state.session
    if session is not None:
        logins.end(session.digest, request.app.state.node.wall())
    answer = RedirectResponse(request.url_for("login"), 303)
    drop_cookie(request, answer)
    answer.headers["clear-site-data"] = '"cache"'
    return answer


def said(request: Request, refusal: Refusal | None) -> dict[str, str]:
    """
    Sentence and remedy of *refusal* for the form that it belongs to; empty without one.

    Raises:
        Refusal: one that is not about what was typed here.
    """
    if refusal is None:
        return {}
    if refusal.code not in ON_THE_PAGE:
        raise refusal
    sentence, remedy = explain(refusal, language_of(request))
    return {"sentence": sentence, "remedy": remedy}


def status_of(refusal: Refusal | None) -> int:
    """The status of a form that is shown again."""
    return 200 if refusal is None else http_status(refusal.code)


def shown_certificate(request: Request) -> str:
    """SHA-256 of the certificate that the browser showed, in hex; empty without one."""
    found = getattr(request.state, "certificate", "")
    return found if isinstance(found, str) else ""


def door(request: Request, back: str, refusal: Refusal | None = None, account: str = "") -> Response:
    """
    The page that asks who somebody is, with what *refusal* says.

    Raises:
        Refusal: as ``said``.
    """
    node = request.app.state.node
    with node.store.read() as view:
        name = view.head.name
    return page(
        request,
        "sign_in.html",
        status_code=status_of(refusal),
        back=safe_path(back),
        account=account[:100],
        name=name,
        has_certificate=bool(shown_certificate(request)),
        provider=request.app.state.provider,
        langs=LANGS,
        fault=said(request, refusal),
    )


def _second(request: Request, session: Session, back: str, refusal: Refusal | None = None) -> Response:
    return page(
        request,
        "second.html",
        status_code=status_of(refusal),
        back=safe_path(back),
        session=session,
        fault=said(request, refusal),
    )


def address_of(request: Request) -> str:
    """Where the request came from, as failures are counted."""
    return request.client.host if request.client is not None else ""
