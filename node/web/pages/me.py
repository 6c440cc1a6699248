"""One's own account: password, second factor, role, language, sessions."""

import io
import re
import uuid
from datetime import date
from typing import Annotated

import pyotp
import segno
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from node.domain.accounts import DEPUTY, DUTIES, EndDeputy, NameDeputy
from node.domain.login import Stage
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.registry import ADMINISTRATORS
from node.domain.time import local_day
from node.services import daily_way, leader_daily
from node.services.acting import Node
from node.services.deputies import deputyship, deputyships, standing_in
from node.services.login_sessions import Session
from node.texts.catalogue import LANGS, text
from node.web.desk import SignedIn
from node.web.pages.sign_in import said, status_of
from node.web.sessions import LANG_COOKIE, Begun, SignIns, keep_cookie, onward, safe_path
from node.web.templating import language_of, page

router = APIRouter(prefix="/me")

Typed = Annotated[str, Form()]


class DeputyForm(BaseModel):
    """What the form says; everything may be missing, as a form may."""

    deputy: str = ""
    from_day: str = ""
    to_day: str = ""
    duty: str = DEPUTY
    ends: str = ""
    command_id: str = ""

    def day(self, field: str) -> date:
        """
        The day in *field*.

        Raises:
            Refusal: MALFORMED_COMMAND.
        """
        try:
            return date.fromisoformat(getattr(self, field))
        except ValueError:
            raise Refusal(Code.MALFORMED_COMMAND, field=field) from None


@router.get("", name="me")
def me(request: Request, desk: SignedIn, logins: SignIns, session: Begun) -> Response:
    """What the person may set himself, and where else he is signed in."""
    return _me(request, logins, session)


@router.post("/role")
def set_role(request: Request, logins: SignIns, desk: SignedIn, session: Begun, role: Typed, back: Typed = "/") -> Response:
    """Look around in another role."""
    cookie, went_on = logins.act_as(session, role, desk.node.wall())
    return onward(request, cookie, went_on, back)


@router.post("/place")
def set_place(request: Request, logins: SignIns, desk: SignedIn, session: Begun, account: Typed = "", back: Typed = "/") -> Response:
    """Sit in the place of somebody who is away and named this person his deputy, or at one's own desk again."""
    if not account:
        cookie, went_on = logins.sit_for(session, "", session.roles[0], desk.node.wall())
        return onward(request, cookie, went_on, back)
    with desk.node.store.read() as view:
        found = deputyship(view.connection, desk.node.code, desk.account, account, local_day(desk.node.now()))
    cookie, went_on = logins.sit_for(session, account, found.roles[0], desk.node.wall())
    return onward(request, cookie, went_on, back)


@router.post("/deputy")
def name_deputy(desk: SignedIn, form: Annotated[DeputyForm, Form()]) -> Response:
    """Name a deputy for one's own leave, or take it back."""
    if form.ends:
        desk.act(EndDeputy(desk.account, form.deputy.strip()), id=form.command_id)
    else:
        command = NameDeputy(desk.account, form.deputy.strip(), form.day("from_day"), form.day("to_day"), form.duty)
        desk.act(command, id=form.command_id)
    return RedirectResponse("/me", 303)


@router.post("/lang")
def set_lang(request: Request, logins: SignIns, desk: SignedIn, lang: Typed, back: Typed = "/me") -> Response:
    """Read in another language, from any browser."""
    if lang not in LANGS:
        raise Refusal(Code.MALFORMED_COMMAND, field="lang")
    logins.set_lang(desk.account, lang, desk.node.wall())
    answer = RedirectResponse(safe_path(back), 303)
    answer.set_cookie(LANG_COOKIE, lang, path="/", samesite="lax", httponly=True, secure=request.url.scheme == "https")
    return answer


@router.post("/daily")
def set_daily(desk: SignedIn, way: Typed = "", email: Typed = "") -> Response:
    """On which way the daily page comes beside the desk."""
    desk.node.writer.command(lambda work: daily_way.choose(work, desk.account, way, email.strip()))
    return RedirectResponse("/me?done=daily_way", 303)


@router.get("/password")
def password_form(request: Request, session: Begun, back: str = "/") -> Response:
    """Choose another password; after a start password there is no way around it."""
    return _password(request, session, back)


@router.post("/password")
def change_password(
    request: Request, logins: SignIns, session: Begun, old: Typed = "", new: Typed = "", again: Typed = "", back: Typed = "/"
) -> Response:
    """The new password counts, every other session ends."""
    try:
        if new != again:
            raise Refusal(Code.PASSWORD_WEAK, weakness="again", characters="")
        cookie, went_on = logins.change_password(session, old, new, request.app.state.node.wall())
    except Refusal as refusal:
        return _password(request, session, back, refusal)
    return onward(request, cookie, went_on, back)


@router.get("/second")
def second_form(request: Request, logins: SignIns, session: Begun, back: str = "/") -> Response:
    """Set up one-time codes: at once where they are due, else after the password was shown again."""
    if session.stage is Stage.CHANGE:
        return RedirectResponse("/me/password", 303)
    if session.stage is not Stage.ENROL:
        return _ask_password(request, session, back)
    now = request.app.state.node.wall()
    secret = logins.waiting_second(session.account) or logins.offer_second(session.account, now)
    return _second(request, session, secret, back)


@router.post("/second")
def offer_second(request: Request, logins: SignIns, desk: SignedIn, session: Begun, password: Typed = "", back: Typed = "/me") -> Response:
    """The password was shown again: here is the secret for the phone."""
    now = desk.node.wall()
    try:
        logins.check_password(session.account, password, now)
    except Refusal as refusal:
        return _ask_password(request, session, back, refusal)
    return _second(request, session, logins.offer_second(session.account, now), back)


@router.post("/second/confirm")
def confirm_second(request: Request, logins: SignIns, session: Begun, code: Typed = "", back: Typed = "/") -> Response:
    """The first code shown: from now on one is asked for.  The recovery codes are on this one answer and nowhere else."""
    secret = logins.waiting_second(session.account)
    if secret is None or session.stage is Stage.CHANGE:
        raise Refusal(Code.CODE_REFUSED)
    try:
        cookie, _, codes = logins.confirm_second(session, code, request.app.state.node.wall())
    except Refusal as refusal:
        return _second(request, session, secret, back, refusal)
    answer = _codes(request, codes, back)
    keep_cookie(request, answer, cookie)
    return answer


@router.post("/codes")
def renew_codes(request: Request, logins: SignIns, desk: SignedIn, session: Begun, password: Typed = "") -> Response:
    """Fresh recovery codes; the former ones end."""
    desk.need_second_factor()
    try:
        logins.check_password(session.account, password, desk.node.wall())
    except Refusal as refusal:
        return _me(request, logins, session, refusal)
    return _codes(request, logins.new_recovery_codes(session.account), "/me")


@router.post("/sessions/end")
def end_sessions(logins: SignIns, desk: SignedIn, session: Begun) -> Response:
    """End every other session of one's own."""
    logins.end_all(desk.account, desk.node.wall(), but=session.digest)
    return RedirectResponse("/me", 303)


def _me(request: Request, logins: SignIns, session: Session, refusal: Refusal | None = None) -> Response:
    node: Node = request.app.state.node
    today = local_day(node.now())
    gateways = {"sms": bool(node.settings.sms_url), "email": bool(node.settings.smtp_url)}
    with node.store.read() as view:
        standing = standing_in(view.connection, node.code, session.account, today)
        way = daily_way.way_of(view, session.account)
        gets_daily = session.account in {one.account for one in leader_daily.recipients(view, {}, node.now())}
        own = [one for one in deputyships(view.connection, node.code, session.account) if one.account == session.account]
    return page(
        request,
        "me.html",
        status_code=status_of(refusal),
        session=session,
        standing=logins.standing_of(session.account),
        sessions=logins.sessions_of(session.account, request.app.state.node.wall()),
        langs=LANGS,
        gets_daily=gets_daily,
        way=way,
        ways=[("", "default", True), *((one, one, one == daily_way.IN_APP or gateways.get(one, False)) for one in daily_way.WAYS)],
        standing_in=standing,
        own_deputies=own,
        duties=DUTIES if set(session.roles) & {Role.LEADER.value, Role.GOVERNMENT.value} else (DEPUTY,),
        today=today.isoformat(),
        may_lend=not set(session.roles) & ADMINISTRATORS,
        browser_of=browser_of,
        form_id=str(uuid.uuid4()),
        fault=said(request, refusal),
    )


def _password(request: Request, session: Session, back: str, refusal: Refusal | None = None) -> Response:
    fault = said(request, refusal)
    if refusal is not None and refusal.code is Code.PASSWORD_WEAK:
        why = text(f"web.accounts.weakness.{refusal.facts['weakness']}", language_of(request), **refusal.facts)
        fault["sentence"] = why
    return page(
        request, "password.html", status_code=status_of(refusal), session=session, back=safe_path(back), fault=fault,
        is_due=session.stage is Stage.CHANGE,
    )  # fmt: skip


def _ask_password(request: Request, session: Session, back: str, refusal: Refusal | None = None) -> Response:
    return page(
        request, "second_setup.html", status_code=status_of(refusal), session=session, back=safe_path(back), fault=said(request, refusal),
        secret="", drawn="",
    )  # fmt: skip


def _second(request: Request, session: Session, secret: str, back: str, refusal: Refusal | None = None) -> Response:
    issuer = text("web.product", language_of(request))
    address = pyotp.TOTP(secret).provisioning_uri(name=session.account, issuer_name=issuer)
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return page(
        request, "second_setup.html", status_code=status_of(refusal), session=session, back=safe_path(back), fault=said(request, refusal),
        secret=grouped, drawn=drawn(address),
    )  # fmt: skip


def _codes(request: Request, codes: list[str], back: str) -> Response:
    return page(request, "codes.html", codes=codes, back=safe_path(back))


def browser_of(client: str) -> str:
    """What a browser says that it is, as people call it: "Firefox 78 · Windows"; empty if it says nothing known."""
    names = (("Edg", "Edge"), ("QQBrowser", "QQ"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Version", "Safari"))
    name = next((f"{called} {found[1]}" for said, called in names if (found := re.search(rf"{said}/(\d+)", client))), "")
    systems = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("Mac OS", "macOS"), ("Linux", "Linux"))
    system = next((called for said, called in systems if said in client), "")
    return " · ".join(one for one in (name, system) if one)


def drawn(address: str) -> Markup:
    """*address* as a QR code: an SVG element, without a style of its own, which the policy of the pages would not let in."""
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        scale=5,
        border=4,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return Markup(out.getvalue().decode())
