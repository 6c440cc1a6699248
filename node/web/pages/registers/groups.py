"""Service groups (企业服务微信群): every group of the pack, and who is in one (FJ23-3.2c)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from node.domain.directory import JoinGroup, LeaveGroup
from node.domain.refusal import Code, Refusal
from node.domain.service_groups import KINDS
from node.services import group_register as register
from node.services.queries import names
from node.web.desk import SignedIn
from node.web.pages.registers.common import may_give, need_offered, register_page
from node.web.paging import Page

router = APIRouter()

groups_a_page = members_a_page = 100
Number = Annotated[int, Query(alias="page", ge=1, le=10**6)]


@router.get("/registers/groups", name="groups")
def groups(request: Request, desk: SignedIn, kind: str = "", number: Number = 1) -> Response:
    """
    Every group, or those of one kind: the body that it belongs to, and how many are in it.

    Raises:
        Refusal: VALUE_NOT_OFFERED.
    """
    need_offered(desk, "groups")
    offered = (*KINDS, register.UNNAMED)
    if kind and kind not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="kind", value=kind, offered=offered)
    with desk.node.store.read() as view:
        found = register.listed(view, desk.node.policies.of_registry(view, desk.node.now()).pack)
        called = names(view)
    # A kind of which there is none is not offered.
    kinds = [(one, count) for one in offered if (count := sum((line.kind or register.UNNAMED) == one for line in found))]
    lines = [line for line in found if not kind or (line.kind or register.UNNAMED) == kind]
    where = Page(number, groups_a_page, len(lines), request.url.path, {"kind": kind} if kind else {})
    shown = lines[where.skipped : where.skipped + where.size]
    facts = {"lines": shown, "kinds": kinds, "kind": kind, "where": where, "called": called}
    return register_page(request, desk, "groups", "registers/groups.html", **facts)


@router.get("/registers/groups/{group}", name="group")
def group(request: Request, desk: SignedIn, group: str, number: Number = 1) -> Response:
    """One group: its officials by unit, then its enterprises, as far as the desk may see their files."""
    need_offered(desk, "groups")
    with desk.node.store.read() as view:
        one = register.one_group(view, desk.node.policies.of_registry(view, desk.node.now()).pack, group)
        where = Page(number, members_a_page, one.officials + one.enterprises, request.url.path, {})
        members = register.members_of(view, group, desk.viewer, skipped=where.skipped, most=where.size)
        called = names(view)
    facts = {"one": one, "members": members, "where": where, "called": called}
    may = {"may_join": bool(one.kind) and may_give(desk, JoinGroup), "may_leave": bool(one.kind) and may_give(desk, LeaveGroup)}
    return register_page(request, desk, "groups", "registers/group.html", **facts, **may)
