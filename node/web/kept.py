"""
What somebody sent and the node did not take is not lost to him: it is kept under his account, and shown to him in its form again.

That a form comes too late is known by its token, which was that of a session that ended (``login_sessions.owner_of``); whoever sits at
the browser by then may be somebody else.  Where passwords and codes are typed nothing is kept.
"""

import re
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request
from starlette.datastructures import FormData

from node.domain.refusal import Refusal
from node.services import drafts, kept_forms
from node.services.acting import Node
from node.services.kept_forms import KeptForm
from node.storage.unit_of_work import UnitOfWork
from node.web.desk import Desk
from node.web.intake_drafts import ENDED, PREFIX, REVISION, form_of
from node.web.intake_form import as_typed

FIELD = "kept"
_NEVER = ("/login", "/logout", "/me/password", "/me/second", "/me/codes", "/language", "/notices", "/drafts", "/api/", "/kept")
_BESIDE = frozenset({"csrf", FIELD})
_ID = re.compile(r"[0-9a-f]{32}")


def keep(request: Request, form: FormData, account: str, page: str = "") -> str | None:
    """
    Keep *form*, which this request brought, for *account*; returns its id, None if there is nothing to keep.  *page* is where it stands
    if the board knows better than the browser says.
    """
    path = request.url.path
    if path.startswith(_NEVER) or path.endswith("/aside"):
        return None
    said = form.get(FIELD)
    return keep_as(request, form, account, path, said if isinstance(said, str) and is_id(said) else "", page)


def keep_as(request: Request, form: FormData, account: str, path: str, id: str, page: str = "") -> str | None:
    """As ``keep``: the form that is sent to *path*, under the *id* by which its page knows it; empty: by its command."""
    fields: dict[str, list[str]] = {}
    files = []
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif value.filename:
            files.append(value.filename)
    fields = {name: values for name, values in fields.items() if name not in _BESIDE and not name.startswith("@")}
    if not files and not any(any(values) for name, values in fields.items() if name != "command_id"):
        return None
    node: Node = request.app.state.node
    page = page or _page_of(request)

    def write(work: UnitOfWork) -> str | None:
        _keep_intake(work, account, path, fields, node)
        return kept_forms.keep(work, account, path, page, fields, files, node.now(), id)

    try:
        return node.writer.command(write)
    except Refusal:
        return None  # without the node's keys nothing is sealed, and nothing is kept in the clear


def drop(node: Node, account: str, id: str) -> None:
    """What was kept is sent and taken."""
    node.writer.command(lambda work: kept_forms.drop(work, account, id))


def of_page(request: Request, desk: Desk) -> list[KeptForm]:
    """What *desk* typed into forms of this page and did not get through, unless the page shows it already."""
    if FIELD in request.query_params:
        return []
    with desk.node.store.read() as view:
        found = kept_forms.of_account(view, desk.account, desk.node.now())
    return [one for one in found if one.page.partition("?")[0] == request.url.path]


def is_id(said: str) -> bool:
    """True of what a form can be called."""
    return _ID.fullmatch(said) is not None


def asked_for(request: Request, desk: Desk | None) -> KeptForm | None:
    """The form that the address of this page asks to be filled again; None without one."""
    id = request.query_params.get(FIELD, "") if request.method == "GET" else ""
    if desk is None or not id:
        return None
    with desk.node.store.read() as view:
        return kept_forms.load(view, desk.account, id, desk.node.now())


def address_of(kept: KeptForm) -> str:
    """The page that *kept* stood on, asked to be filled with it."""
    path, _, query = kept.page.partition("?")
    return f"{path}?{urlencode([*parse_qsl(query), (FIELD, kept.id)])}"


def _page_of(request: Request) -> str:
    """The page that the form stood on, as the browser says it; else the address that it was sent to, which is mostly a page, too."""
    said = urlsplit(request.headers.get("referer", ""))
    is_own = said.netloc == request.headers.get("host", "") and said.path.startswith("/") and not said.path.startswith("//")
    path, query = (said.path, said.query) if is_own else (request.url.path, request.url.query)
    rest: list[tuple[str, Any]] = [one for one in parse_qsl(query) if one[0] not in (FIELD, "done", "report")]
    return f"{path}?{urlencode(rest)}" if rest else path


def _keep_intake(work: UnitOfWork, account: str, path: str, fields: dict[str, list[str]], node: Node) -> None:
    """An intake is a draft anyway, and which fields it shows follows from it; one that is over stays over."""
    id = path.removeprefix(f"/{PREFIX}")
    if f"/{PREFIX}{id}" != path:
        return
    try:
        uuid.UUID(id)
    except ValueError:
        return
    known = drafts.load(work, account, form_of(id))
    if known is not None and known.text(ENDED):
        return
    typed = as_typed([(name, one) for name, values in fields.items() for one in values])
    drafts.save(work, account, form_of(id), {**typed, REVISION: (uuid.uuid4().hex,)}, node.now())
