"""
Which pack and calendar govern what.

Packs and calendars in force are entries; their texts are blobs, a pack's together with its parents' as one bundle, so
that an upgrade of the program changes nothing under a running ticket.  A ticket is governed by the pack named by the
opener of its custody term; a new one by the pack that is in force on the Beijing day.
"""

import json
import threading
from datetime import date, datetime

from sqlalchemy import Connection, select

from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar, local_day
from node.packs.calendar_file import parse_calendar, work_calendar
from node.packs.file import Find, effective_pack, in_force, pack_line
from node.packs.published import published
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.unit_of_work import UnitOfWork, View

# What governs a node before it adopted anything: a calendar and no rules.
_NO_PACK = Pack("none", "0", "any", date.min, (), "0" * 16, {})


class Policies:
    """Reads adoptions from the database and their texts from *blobs*; parsed packs are kept by digest."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._packs: dict[str, Pack] = {}
        self._calendars: dict[tuple[str, ...], WorkCalendar] = {}
        self._lock = threading.Lock()

    def for_ticket(self, work: UnitOfWork | View, ticket: Ticket | None, now: datetime) -> Policy:
        """
        The policy that governs *ticket* here, or a new one.

        Raises:
            Refusal: PACK_MISSING, if no adopted pack is in force.
        """
        packs = self._adopted(work.connection, work.head.node)
        if ticket is not None and ticket.custody.holder == work.head.node:
            named = next((pack for pack in packs if pack.name == ticket.pack), None)
            if named is not None:
                return self._policy(work, named)
        return self._policy(work, self._in_force(packs, now))

    def of_node(self, work: UnitOfWork | View, now: datetime) -> Policy:
        """
        The policy in force at this node.

        Raises:
            Refusal: PACK_MISSING, if no adopted pack is in force.
        """
        return self._policy(work, self._in_force(self._adopted(work.connection, work.head.node), now))

    def of_registry(self, work: UnitOfWork | View, now: datetime) -> Policy:
        """The policy for commands about the node itself: the one in force, or the bare one before a pack is."""
        pack = in_force(self._adopted(work.connection, work.head.node), local_day(now))
        return self._policy(work, pack or _NO_PACK)

    def bare(self, work: UnitOfWork | View) -> Policy:
        """Place and calendar without a pack: all that decisions about the node itself need."""
        return self._policy(work, _NO_PACK)

    def _policy(self, work: UnitOfWork | View, pack: Pack) -> Policy:
        place: Place = work.place()
        return Policy(pack, self._calendar(work.connection, work.head.node), place)

    def _in_force(self, packs: list[Pack], now: datetime) -> Pack:
        # Of one pack's versions the one that was adopted last.
        pack = in_force({pack.id: pack for pack in packs}.values(), local_day(now))
        if pack is None:
            raise Refusal(Code.PACK_MISSING, day=local_day(now).isoformat())
        return pack

    def _adopted(self, connection: Connection, node: str) -> list[Pack]:
        table = schema.adoptions
        rows = connection.execute(
            select(table.c.id, table.c.blob).where(table.c.node == node, table.c.kind == "pack").order_by(table.c.seq)
        ).all()
        return [self._pack(row.id, bytes(row.blob).hex()) for row in rows]

    def _pack(self, pack_id: str, blob: str) -> Pack:
        with self._lock:
            if blob not in self._packs:
                texts: dict[str, str] = json.loads(self._blobs.get(blob))
                self._packs[blob] = effective_pack(pack_id, texts.get)
            return self._packs[blob]

    def _calendar(self, connection: Connection, node: str) -> WorkCalendar:
        table = schema.adoptions
        rows = connection.execute(
            select(table.c.id, table.c.blob).where(table.c.node == node, table.c.kind == "calendar").order_by(table.c.seq)
        ).all()
        # Of one calendar's versions the one that was adopted last.
        latest = sorted({row.id: bytes(row.blob).hex() for row in rows}.items())
        key = tuple(blob for _, blob in latest)
        with self._lock:
            if key not in self._calendars:
                files = [parse_calendar(name, self._blobs.get(blob).decode()) for name, blob in latest]
                self._calendars[key] = work_calendar(files, published)
            return self._calendars[key]


def bundle(pack_id: str, find: Find) -> bytes:
    """A pack's own text and its parents', as the blob that its adoption names."""
    texts = {}
    for one in pack_line(pack_id, find):
        text = find(one.id)
        assert text is not None
        texts[one.id] = text
    return json.dumps(texts, ensure_ascii=False, sort_keys=True).encode()
