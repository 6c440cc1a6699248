"""
Which pack and calendar govern what.

Packs and calendars in force are entries; their texts are blobs, a pack's together with its parents' as one bundle, so
that an upgrade of the program changes nothing under a running ticket.  A ticket is governed by the pack named by the
opener of its custody term; a new one by the pack that is in force on the Beijing day.
"""

import json
import threading
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, select

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
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

_adoptions = schema.adoptions.c
_ADOPTED = Prepared(
    select(_adoptions.id, _adoptions.blob)
    .where(_adoptions.node == bindparam("node"), _adoptions.kind == bindparam("kind"))
    .order_by(_adoptions.seq)
)

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
        if ticket is not None and ticket.custody.holder == work.head.node:
            named = next((pack for pack in self._adopted_in(work) if pack.name == ticket.pack), None)
            if named is not None:
                return self._policy(work, named)
        return self._policy(work, self._in_force(work, now))

    def of_node(self, work: UnitOfWork | View, now: datetime) -> Policy:
        """
        The policy in force at this node.

        Raises:
            Refusal: PACK_MISSING, if no adopted pack is in force.
        """
        return self._policy(work, self._in_force(work, now))

    def of_registry(self, work: UnitOfWork | View, now: datetime) -> Policy:
        """The policy for commands about the node itself: the one in force, or the bare one before a pack is."""
        pack = in_force(self._adopted_in(work), local_day(now))
        return self._policy(work, pack or _NO_PACK)

    def bare(self, work: UnitOfWork | View) -> Policy:
        """Place and calendar without a pack: all that decisions about the node itself need."""
        return self._policy(work, _NO_PACK)

    def adopted(self, work: UnitOfWork | View) -> list[Pack]:
        """Every pack that was ever put into force here, each version, in that order."""
        return self._adopted(work.connection, work.head.node)

    def _policy(self, work: UnitOfWork | View, pack: Pack) -> Policy:
        def made() -> Policy:
            place: Place = work.place()
            history = work.once("calendars", lambda: self._calendars_of(work.connection, work.head.node))
            return Policy(pack, history[-1], place, {calendar.version: calendar for calendar in history})

        return work.once(f"policy {pack.name}", made)

    def _adopted_in(self, work: UnitOfWork | View) -> list[Pack]:
        return work.once("packs", lambda: self._adopted(work.connection, work.head.node))

    def _in_force(self, work: UnitOfWork | View, now: datetime) -> Pack:
        day = local_day(now)
        # Of one pack's versions the one that was adopted last.
        pack = work.once(f"in force {day}", lambda: in_force({pack.id: pack for pack in self._adopted_in(work)}.values(), day))
        if pack is None:
            raise Refusal(Code.PACK_MISSING, day=day.isoformat())
        return pack

    def _adopted(self, connection: Connection, node: str) -> list[Pack]:
        rows = _ADOPTED.rows(connection, node=node, kind="pack")
        return [self._pack(id, bytes(blob).hex()) for id, blob in rows]

    def _pack(self, pack_id: str, blob: str) -> Pack:
        with self._lock:
            if blob not in self._packs:
                texts: dict[str, str] = json.loads(self._blobs.get(blob))
                self._packs[blob] = effective_pack(pack_id, texts.get)
            return self._packs[blob]

    def _calendars_of(self, connection: Connection, node: str) -> list[WorkCalendar]:
        """
        Every calendar that was ever in force at *node*, in that order, the one in force last; before any adoption there is the
        bare one.
        """
        rows = _ADOPTED.rows(connection, node=node, kind="calendar")
        adopted: dict[str, str] = {}
        history = [self._calendar(())]
        for place, (id, blob) in enumerate(rows, 1):
            # Of one calendar's versions the one that was adopted last.
            adopted[id] = bytes(blob).hex()
            blobs = tuple(blob for _, blob in sorted(adopted.items()))
            # A former calendar whose text is no longer here explains nothing any more; that in force is never done without.
            if place == len(rows) or all(self._blobs.has(blob) for blob in blobs):
                history.append(self._calendar(blobs))
        return history

    def _calendar(self, blobs: tuple[str, ...]) -> WorkCalendar:
        with self._lock:
            if blobs not in self._calendars:
                files = [parse_calendar(blob, self._blobs.get(blob).decode()) for blob in blobs]
                self._calendars[blobs] = work_calendar(files, published)
            return self._calendars[blobs]


def bundle(pack_id: str, find: Find) -> bytes:
    """A pack's own text and its parents', as the blob that its adoption names."""
    texts = {}
    for one in pack_line(pack_id, find):
        text = find(one.id)
        assert text is not None
        texts[one.id] = text
    return json.dumps(texts, ensure_ascii=False, sort_keys=True).encode()
