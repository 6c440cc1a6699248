"""Channels: by which ways needs come in and how many did, and by which ways messages go out and what waits there."""

from datetime import timedelta

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from starlette.responses import Response

from node.domain.time import local_day
from node.services import tallies
from node.storage import schema
from node.storage.unit_of_work import View
from node.web.desk import Desk, SignedIn
from node.web.pages.registers.common import need_offered, register_page

router = APIRouter()
days_back = 30
OUTGOING = ("in_app", "sms", "email", "robot")
_SETTINGS = {"sms": "sms_url", "email": "smtp_url", "robot": "robot_url"}


@router.get("/registers/channels", name="channels")
def channels(request: Request, desk: SignedIn) -> Response:
    """Both ways, with the counts of the last thirty days."""
    need_offered(desk, "channels")
    today = local_day(desk.node.now())
    with desk.node.store.read() as view:
        pack = desk.node.policies.of_node(view, desk.node.now()).pack
        recent = tallies.by_channel(view, tallies.Period(today - timedelta(days=days_back - 1), today, desk.viewer))
        ever = tallies.by_channel(view, tallies.Period(viewer=desk.viewer))
        outgoing = _outgoing(desk, view)
    offered = pack.names("intake.channels")
    used = sorted(ever, key=lambda code: (-recent.get(code, 0), -ever[code], code))
    lines = [(code, recent.get(code, 0), ever[code], code in offered) for code in used]
    unused = [code for code in offered if code not in ever]
    told = {"appellant": pack.names("notify.appellant"), "staff": pack.names("notify.staff")}
    facts = {"lines": lines, "unused": unused, "outgoing": outgoing, "told": told, "days_back": days_back}
    return register_page(request, desk, "channels", "registers/channels.html", **facts)


def _outgoing(desk: Desk, view: View) -> list[tuple[str, bool, dict[str, int], str]]:
    """Each way out: is it set, how many messages by state, and the last error of one that waits or failed."""
    table = schema.notices
    rows = view.connection.execute(select(table.c.channel, table.c.state, func.count()).group_by(table.c.channel, table.c.state))
    counts: dict[str, dict[str, int]] = {}
    for channel, state, count in rows:
        counts.setdefault(channel, {})[state] = count
    found = []
    for channel in OUTGOING:
        failed = select(table.c.error).where(table.c.channel == channel, table.c.error != "").order_by(table.c.created_at.desc()).limit(1)
        error = view.connection.execute(failed).scalar() or ""
        is_set = channel not in _SETTINGS or bool(getattr(desk.node.settings, _SETTINGS[channel]))
        found.append((channel, is_set, counts.get(channel, {}), error))
    return found
