"""``/registers/accounts``: who may act here, opened, suspended and closed by the centre, administrators by the security administrator."""

import uuid
from collections.abc import Collection
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from node.domain import accounts as a
from node.domain import registry as g
from node.domain.login import start_password_hours
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.services.account_list import KEEPING, account_of, accounts_of, count_accounts, need_reader
from node.services.deputies import deputyships
from node.services.group_register import groups_with
from node.services.oidc import Provider
from node.storage import schema
from node.web.desk import Desk, SignedIn
from node.web.paging import Page
from node.web.sessions import SignIns
from node.web.templating import page

router = APIRouter(prefix="/registers/accounts")

Typed = Annotated[str, Form()]
accounts_a_page = 100
_OFFERED = tuple(role.value for role in Role if role not in (Role.NODE, Role.ENTERPRISE))


@router.get("", name="accounts")
def accounts(
    request: Request, desk: SignedIn, words: str = "", unit: str = "", number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1
) -> Response:
    """The list, by unit, a hundred a page; filtered by a part of the account or by unit."""
    need_reader(desk.role)
    units = schema.units
    with desk.node.store.read() as view:
        count = count_accounts(view, desk.node.code, words=words.strip(), unit=unit)
        where = Page(number, accounts_a_page, count, request.url.path, {"words": words.strip(), "unit": unit})
        rows = accounts_of(view, desk.node.code, words=words.strip(), unit=unit, skipped=where.skipped, most=where.size)
        offered = view.connection.execute(
            select(units.c.code, units.c.name).where(units.c.node == desk.node.code, units.c.is_active.is_(True)).order_by(units.c.code)
        ).all()
    return page(
        request,
        "accounts.html",
        rows=rows,
        where=where,
        words=words,
        unit=unit,
        units=offered,
        may_keep=desk.role in KEEPING,
        roles=_roles_of(desk),
        form_id=str(uuid.uuid4()),
    )


@router.post("")
def open_account(
    desk: SignedIn,
    account: Typed = "",
    roles: Annotated[list[str] | None, Form()] = None,
    unit: Typed = "",
    name: Typed = "",
    phone: Typed = "",
    command_id: Typed = "",
) -> Response:
    """Open an account, set roles and unit of one anew, or say whose it is."""
    called, reached = (Contact(one.strip()) if one.strip() else None for one in (name, phone))
    is_named = called is not None or reached is not None
    command = g.OpenAccount(account.strip(), tuple(roles or ()), unit, called, reached, is_named_anew=is_named)
    desk.act(command, id=command_id)
    return _back(account.strip())


@router.get("/{account}", name="account")
def account(request: Request, desk: SignedIn, logins: SignIns, account: str) -> Response:
    """One account: roles, how it signs in, who stands in, and what may be done about it."""
    need_reader(desk.role)
    return _account(request, desk, logins, account)


@router.post("/{account}/suspend")
def suspend(desk: SignedIn, account: str, reason: Typed = "", command_id: Typed = "") -> Response:
    """No call of the account is taken from now on."""
    desk.act(a.SuspendAccount(account, Text(reason) if reason.strip() else None), id=command_id)
    return _back(account)


@router.post("/{account}/resume")
def resume(desk: SignedIn, account: str, command_id: Typed = "") -> Response:
    """The account acts again in its former roles."""
    desk.act(a.ResumeAccount(account), id=command_id)
    return _back(account)


@router.get("/{account}/close", name="ask_close")
def ask_close(request: Request, desk: SignedIn, logins: SignIns, account: str) -> Response:
    """What closing does, that it can be undone, and what else there is, before it is done."""
    need_reader(desk.role)
    with desk.node.store.read() as view:
        found, _ = account_of(view, desk.node, logins, account)
    if not _may_keep(desk, found.account, found.roles):
        raise Refusal(Code.PERMISSION_DENIED, command=g.CloseAccount.__name__, role=desk.role)
    if found.status == "closed":
        return _back(account)
    return page(request, "account_close.html", one=found, form_id=str(uuid.uuid4()))


@router.post("/{account}/close")
def close(desk: SignedIn, account: str, command_id: Typed = "") -> Response:
    """The account is over; its entries stay its own."""
    desk.act(g.CloseAccount(account), id=command_id)
    return _back(account)


@router.post("/{account}/reset")
def reset(
    request: Request, desk: SignedIn, logins: SignIns, account: str, credential: Typed = "password", command_id: Typed = ""
) -> Response:
    """
    A start password, shown on this one answer, or the second factor taken away; the journal says who did it.

    A form that is sent again resets nothing again.
    """
    outcome = desk.act(a.ResetCredentials(account, credential), id=command_id)
    if outcome.is_repeat:
        return _back(account)
    now = desk.node.wall()
    if credential == "password":
        return _account(request, desk, logins, account, logins.start_password(account, now))
    if credential == "oidc":
        logins.drop_subjects(account, now)
    else:
        logins.reset_second(account, now)
    return _back(account)


@router.post("/{account}/oidc")
def bind_subject(request: Request, desk: SignedIn, logins: SignIns, account: str, subject: Typed = "", command_id: Typed = "") -> Response:
    """Let whom the provider of identities calls *subject* sign in as this account; the journal says who said so."""
    if desk.role not in KEEPING:
        raise Refusal(Code.PERMISSION_DENIED, command=a.ResetCredentials.__name__, role=desk.role)
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise Refusal(Code.PAGE_UNKNOWN, path=request.url.path)
    logins.need_free(account, provider.issuer, subject.strip())
    desk.act(a.ResetCredentials(account, "oidc"), id=command_id)
    logins.bind_subject(account, provider.issuer, subject.strip(), desk.node.wall())
    return _back(account)


def _account(request: Request, desk: Desk, logins: SignIns, account: str, password: str = "") -> Response:
    with desk.node.store.read() as view:
        found, standing = account_of(view, desk.node, logins, account)
        lent = deputyships(view.connection, desk.node.code, account)
        groups = groups_with(view, account)
    return page(
        request,
        "account.html",
        one=found,
        standing=standing,
        deputies=lent,
        groups=groups,
        may_keep=_may_keep(desk, account, found.roles),
        # The first account of a node is nobody else's to name.
        may_name=_is_his_to_keep(desk, found.roles) and found.status == "active",
        password=password,
        hours=start_password_hours,
        roles=_roles_of(desk),
        has_provider=request.app.state.provider is not None,
        ids=[str(uuid.uuid4()) for _ in range(10)],
    )


def _may_keep(desk: Desk, account: str, roles: Collection[str]) -> bool:
    """Nobody decides about his own account."""
    return desk.account != account and _is_his_to_keep(desk, roles)


def _is_his_to_keep(desk: Desk, roles: Collection[str]) -> bool:
    is_administrator = bool(set(roles) & g.ADMINISTRATORS)
    return desk.role == Role.SECURITY_ADMIN.value or (desk.role in KEEPING and not is_administrator)


def _roles_of(desk: Desk) -> tuple[str, ...]:
    """Those that he gives: administrators are the security administrator's."""
    return tuple(role for role in _OFFERED if role not in g.ADMINISTRATORS or desk.role == Role.SECURITY_ADMIN.value)


def _back(account: str) -> Response:
    return RedirectResponse(f"/registers/accounts/{quote(account, safe='')}", 303)
