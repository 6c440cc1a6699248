"""
To the provider of identities and back.

A link and no form begins it: the pages' policy lets no form end at another site.  Whatever goes wrong leads to the door, where the
password still opens.
"""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from node.domain.login import flow_minutes_max
from node.domain.refusal import Code, Refusal
from node.services import oidc_flows
from node.services.login_sessions import Session
from node.services.oidc import Provider
from node.web.pages.sign_in import address_of, door
from node.web.sessions import SignIns, onward, safe_path, step_of

router = APIRouter(prefix="/login/oidc")

_SECURE_NAME, _PLAIN_NAME = "__Host-qyzj_oidc", "qyzj_oidc"


@router.get("", name="oidc")
def go(request: Request, back: str = "/") -> Response:
    """Send the browser to the provider; whoever stands inside already is shown on."""
    provider = _provider(request)
    session: Session | None = request.state.session
    if session is not None:
        return RedirectResponse(step_of(session, back) or safe_path(back), 303)
    node = request.app.state.node
    now = node.wall()
    try:
        flow = oidc_flows.begin(node.store.database, request.cookies.get(_cookie_name(request), ""), safe_path(back), now)
        address = provider.address(flow, str(request.url_for("oidc_back")), now)
    except Refusal as refusal:
        return door(request, back, refusal)
    answer = RedirectResponse(address, 303)
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        _cookie_name(request), flow.secret, path="/", secure=is_secure, httponly=True, samesite="lax", max_age=flow_minutes_max * 60
    )
    return answer


@router.get("/back", name="oidc_back")
def come_back(request: Request, logins: SignIns, code: str = "", state: str = "", iss: str = "", error: str = "") -> Response:
    """What the provider sends the browser back with: the session begins, or the door says why not."""
    provider, node = _provider(request), request.app.state.node
    now, back = node.wall(), "/"
    former: Session | None = request.state.session
    try:
        flow, back = oidc_flows.take(node.store.database, request.cookies.get(_cookie_name(request), ""), state, now)
        if error or not code:
            raise Refusal(Code.OIDC_REFUSED)
        identity = provider.identity(code, iss, flow, str(request.url_for("oidc_back")), now)
        client = request.headers.get("user-agent", "")
        cookie, session = logins.sign_in_as(identity, now, address=address_of(request), client=client)
    except Refusal as refusal:
        return door(request, back, refusal)
    if former is not None:
        logins.end(former.digest, now)
    return onward(request, cookie, session, back)


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise Refusal(Code.PAGE_UNKNOWN, path=request.url.path)
    return found


def _cookie_name(request: Request) -> str:
    return _SECURE_NAME if request.url.scheme == "https" else _PLAIN_NAME
