"""Channels: by which ways needs come in and how many did, and by which ways messages go out and what waits there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import ColumnElement, func, select
from starlette.responses import Response

from node.domain.time import local_day
from node.services import tallies
from node.services.queries import counted_max
from node.storage import schema
from node.storage.unit_of_work import View
from node.web.desk import Desk, SignedIn
from node.web.pages.registers.common import need_offered, register_page

router = APIRouter()
days_back = 30
OUTGOING = ("in_app", "sms", "email", "robot")
# What is counted of a way out, by the states of its messages.
_COUNTED = {"waiting": ("waiting",), "sent": ("sent", "read"), "failed": ("failed",)}
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


@dataclass(frozen=True)
class Counted:
    """How many messages; ``is_more``: there are more than ``count``, which were not counted."""

    count: int
    is_more: bool


@dataclass(frozen=True)
class Outgoing:
    """A way out: is it set, how many messages wait, went out and failed, and the last error of one that waits or failed."""

    channel: str
    is_set: bool
    counts: Mapping[str, Counted]
    error: str


def _outgoing(desk: Desk, view: View) -> list[Outgoing]:
    """Every way out; all counts and errors in one statement, each from an index and no further than it is shown."""
    table, asked = schema.notices, list[ColumnElement[Any]]()
    for channel in OUTGOING:
        for states in _COUNTED.values():
            first = select(table.c.channel).where(table.c.channel == channel, table.c.state.in_(states)).limit(counted_max + 1).subquery()
            asked.append(select(func.count()).select_from(first).scalar_subquery())
        failed = select(table.c.error).where(table.c.channel == channel, table.c.error != "")
        asked.append(failed.order_by(table.c.created_at.desc()).limit(1).scalar_subquery())
    said = iter(view.connection.execute(select(*(one.label(f"said_{place}") for place, one in enumerate(asked)))).one())
    found = []
    for channel in OUTGOING:
        counts = {name: Counted(min(count, counted_max), count > counted_max) for name, count in zip(_COUNTED, said, strict=False)}
        is_set = channel not in _SETTINGS or bool(getattr(desk.node.settings, _SETTINGS[channel]))
        found.append(Outgoing(channel, is_set, counts, next(said) or ""))
    return found
