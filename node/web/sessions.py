"""
Who sits behind a cookie: the session of each request, found before anything else looks at it.

``request.state.session`` is the session at any stage, ``request.state.desk`` the desk once nothing is left to be shown.  The cookie
holds 256 random bits and nothing else; it is sent back over TLS only, but on a machine's own loopback.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.domain.login import Stage
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.services.acting import Node
from node.services.deputies import standing_in
from node.services.login_sessions import Session
from node.services.logins import Logins, logins_of
from node.texts.catalogue import LANGS, Lang
from node.web.desk import Desk
from node.web.kept import drop
from node.web.templating import language_of

# The prefix binds the cookie to this very host and to TLS, and the browser holds to it.
_SECURE_NAME, _PLAIN_NAME = "__Host-qyzj", "qyzj"
LANG_COOKIE = "qyzj_lang"
_STEPS = {Stage.SECOND: "/login/second", Stage.CHANGE: "/me/password", Stage.ENROL: "/me/second"}


class Sessions:
    """Puts session and desk onto each request of *app*."""

    def __init__(self, app: ASGIApp, node: Node) -> None:
        self.app = app
        self.node = node
        self.logins = logins_of(node)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            request.state.logins = self.logins
            request.state.session = None
            request.state.desk = None
            request.state.was_taken = False
            request.state.form = request.state.kept = request.state.resent = None
            cookie = request.cookies.get(cookie_name(request))
            if cookie and not request.url.path.startswith("/static/"):
                request.state.session = session = await run_in_threadpool(self.logins.find, cookie, self.node.wall())
                if session is not None and session.stage is Stage.OPEN:
                    request.state.desk = await run_in_threadpool(desk_of, self.node, session, language_of(request))
            await self.app(scope, receive, self._noting(request, send))
            if request.state.resent and request.state.was_taken:
                await run_in_threadpool(drop, self.node, request.state.session.account, request.state.resent)
            return
        await self.app(scope, receive, send)

    @staticmethod
    def _noting(request: Request, send: Send) -> Send:
        """*send*, which notes whether a form was taken: it is answered by the way to another page."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.state.was_taken = message["status"] == 303
            await send(message)

        return noting


def desk_of(node: Node, session: Session, lang: Lang) -> Desk:
    """
    The desk that *session* opens; *lang* is what the browser asks for, if its owner chose none.

    Whoever sits in another's place sits at his own desk again once that is over.
    """
    chosen = session.lang if session.lang in LANGS else lang
    unit, roles, behalf = session.unit, session.roles, ""
    if session.behalf:
        with node.store.read() as view:
            standing = standing_in(view.connection, node.code, session.account, local_day(node.now()))
        place = next((one for one in standing if one.account == session.behalf), None)
        if place is not None:
            unit, roles, behalf = place.unit, place.roles, place.account
    return Desk(
        node=node,
        account=session.account,
        name=session.account,
        unit=unit,
        roles=roles,
        role=session.role if session.role in roles else roles[0],
        behalf=behalf,
        lang=chosen,
        csrf=session.csrf,
        session=session.digest.hex(),
        is_strong=session.is_strong,
    )


def session_of(request: Request) -> Session:
    """
    The session of this request, whatever is still to be shown.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    session: Session | None = request.state.session
    if session is None:
        raise Refusal(Code.UNAUTHENTICATED, account="")
    return session


def begun(request: Request) -> Session:
    """
    The session of this request, once its second factor was shown, if it has one.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    session = session_of(request)
    if session.stage is Stage.SECOND:
        raise Refusal(Code.UNAUTHENTICATED, account="")
    return session


def the_logins(request: Request) -> Logins:
    """Signing in at this node."""
    found: Logins = request.state.logins
    return found


Begun = Annotated[Session, Depends(begun)]
SignIns = Annotated[Logins, Depends(the_logins)]


def onward(request: Request, cookie: str, session: Session, back: str) -> Response:
    """To whatever *session* asks for next, or to where its owner wanted to go; with the session's new id."""
    target = safe_path(back)
    answer = RedirectResponse(step_of(session, back) or (home_of(session) if target == "/" else target), 303)
    keep_cookie(request, answer, cookie)
    return answer


def home_of(session: Session) -> str:
    """Where somebody begins who wanted to go nowhere else: a leader with his page of the day, everybody else with Today."""
    return "/leader" if session.role == Role.LEADER.value else "/"


def step_of(session: Session, back: str) -> str | None:
    """The page of what *session* still asks for; None if its desk is open."""
    step = _STEPS.get(session.stage)
    return None if step is None else f"{step}{_query(safe_path(back))}"


def keep_cookie(request: Request, answer: Response, cookie: str) -> None:
    """Give the browser the id of its session."""
    is_secure = request.url.scheme == "https"
    answer.set_cookie(cookie_name(request), cookie, path="/", secure=is_secure, httponly=True, samesite="lax")


def drop_cookie(request: Request, answer: Response) -> None:
    """Let the browser forget its session."""
    is_secure = request.url.scheme == "https"
    answer.delete_cookie(cookie_name(request), path="/", secure=is_secure, httponly=True, samesite="lax")


def cookie_name(request: Request) -> str:
    """What the session's cookie is called."""
    return _SECURE_NAME if request.url.scheme == "https" else _PLAIN_NAME


def safe_path(back: str, otherwise: str = "/") -> str:
    """*back*, if it is a path of this node; else *otherwise*.  "//host" and "/\\host" are other hosts to a browser."""
    is_own = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if is_own else otherwise


def _query(target: str) -> str:
    return "" if target == "/" else f"?back={quote(target, safe='/')}"
