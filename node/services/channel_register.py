"""Channels: by which ways needs come in and how many did, and by which ways messages go out and what waits there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from node.domain.entry import Actor
from node.domain.time import local_day
from node.services import tallies
from node.services.acting import Node
from node.services.queries import counted_max
from node.services.scope import need_all
from node.storage import schema
from node.storage.unit_of_work import View

days_back = 30
OUTGOING = ("in_app", "sms", "email", "robot")
# What is counted of a way out, by the states of its messages.
_COUNTED = {"waiting": ("waiting",), "sent": ("sent", "read"), "failed": ("failed",)}
_SETTINGS = {"sms": "sms_url", "email": "smtp_url", "robot": "robot_url"}


@dataclass(frozen=True)
class Incoming:
    """A way in: how many needs came by it in the last ``days_back`` days and ever, and whether the pack still offers it."""

    channel: str
    recent: int
    ever: int
    is_offered: bool


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


@dataclass(frozen=True)
class ChannelRegister:
    """
    Both ways.  ``incoming`` are those by which something came, the busiest first, ``unused`` what the pack offers beside them; ``told``
    is whom the pack tells by which ways: "appellant" and "staff".
    """

    incoming: tuple[Incoming, ...]
    unused: tuple[str, ...]
    outgoing: tuple[Outgoing, ...]
    told: Mapping[str, tuple[str, ...]]


def channel_register(node: Node, view: View, viewer: Actor) -> ChannelRegister:
    """
    The register of channels, its counts of what *viewer* sees.

    Raises:
        Refusal: PERMISSION_DENIED, for whoever does not see the node's whole subtree; PACK_MISSING.
    """
    need_all(viewer, "channels")
    now = node.now()
    pack, today = node.policies.of_node(view, now).pack, local_day(now)
    recent = tallies.by_channel(view, tallies.Period(today - timedelta(days=days_back - 1), today, viewer))
    ever, offered = tallies.by_channel(view, tallies.Period(viewer=viewer)), pack.names("intake.channels")
    used = sorted(ever, key=lambda code: (-recent.get(code, 0), -ever[code], code))
    return ChannelRegister(
        incoming=tuple(Incoming(code, recent.get(code, 0), ever[code], code in offered) for code in used),
        unused=tuple(code for code in offered if code not in ever),
        outgoing=tuple(_outgoing(node, view)),
        told={whom: tuple(pack.names(f"notify.{whom}")) for whom in ("appellant", "staff")},
    )


def _outgoing(node: Node, view: View) -> list[Outgoing]:
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
        is_set = channel not in _SETTINGS or bool(getattr(node.settings, _SETTINGS[channel]))
        found.append(Outgoing(channel, is_set, counts, next(said) or ""))
    return found
