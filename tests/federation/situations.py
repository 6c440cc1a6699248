"""What the tests of FEDERATION 2.3 share: backups of a level, and what its status says."""

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, update

from federation.epochs import Rejoined, grant, rejoin
from federation.reconciling import look
from federation.retry import CallFailed, Failure
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.payload import SealedRef, Text
from node.domain.refusal import Refusal
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.services import reconcile
from node.services.situations import Situation, situations
from node.services.status import link_lines
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.guard import Guard
from node.storage.journal import Spot
from node.texts.catalogue import LANGS, text
from tests.federation.levels import WALL, MemoryWire, Place, connect, settle

COUNTY, CITY, PROVINCE = "520402", "520400", "520000"
OPERATOR = Actor("a-operator", Role.OPERATOR.value, "")
heartbeat_seconds = 30.0


def found(place: Place, *, wall: datetime = WALL, **known: object) -> Sequence[Situation]:
    """What `qyzj status` of a level says of its situations; each has its sentence in both languages."""
    with place.level.store.read() as view:
        links = link_lines(view, wall, heartbeat_seconds)
        several = situations(view, links, place.hands.now, **known)  # type: ignore[arg-type]
    for one in several:
        for lang in LANGS:
            assert "—" not in text(f"situation.{one.code}", lang, **{"node": "", **one.facts, "peer": one.peer}), one
    return several


def told(place: Place, *, wall: datetime = WALL, **known: object) -> dict[str, str]:
    """As ``found``: colour by code."""
    return {one.code: one.colour for one in found(place, wall=wall, **known)}


def alarms(place: Place, **known: object) -> dict[str, str]:
    """As ``told``, without what is only to be known."""
    return {code: colour for code, colour in told(place, **known).items() if colour != "note"}  # type: ignore[arg-type]


def back_up(place: Place, to: Path) -> Path:
    """A copy of the level's database, as it stands."""
    with place.level.store.database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql(f"VACUUM INTO '{to}'")
        connection.exec_driver_sql("BEGIN")
    return to


def restore(place: Place, backup: Path) -> None:
    """Put the level's database back to what it was; nobody tells the node."""
    place.level.store.database.close()
    database = place.hands.node.data_dir / "node.db"
    for leftover in database.parent.glob("node.db-*"):
        leftover.unlink()
    shutil.copy(backup, database)


def incidents(place: Place) -> list[str]:
    """Kinds of what must never happen, as the level kept it."""
    return sorted({row.kind for row in place.rows(schema.incidents)})


def tickets(place: Place) -> dict[str, str]:
    """State by number."""
    return {row.id: row.state for row in place.rows(schema.tickets)}


def held(place: Place) -> str:
    """Why the level writes nothing of its own, or empty."""
    with place.level.store.read() as view:
        return view.head.held


def agree(*places: Place) -> None:
    """Each level holds of the ones below it what they hold of themselves, byte for byte and by its readings."""
    for below, above in pairwise(places):
        assert below.contents(below.code) == above.contents(below.code)
        with below.level.store.read() as view:
            own = view.journal.positions()
        for one in own:
            assert above.position(one.node, one.epoch) == (one.size, one.root)


def grant_to(above: Place, below: Place, reason: str = "恢复旧备份后继续写入") -> int:
    """The superior's operator lets the node begin a new epoch."""
    return grant(above.level, below.code, reason, OPERATOR)


def rejoin_by(below: Place, wire: MemoryWire, reason: str = "旧备份") -> Rejoined:
    """The node's operator follows."""
    return rejoin(below.level, wire, reason, OPERATOR)


def refused(act: Callable[[], object]) -> Refusal:
    """The refusal that *act* ends in."""
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def escalate(place: Place, number: str) -> None:
    """The level asks its superior to take a ticket."""
    place.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)


def accept(place: Place, number: str) -> None:
    """The level takes a ticket that it was asked to take."""
    place.hands.act("office", AcceptEscalation(category="consultation", complexity="plain"), number)


def holder(place: Place, number: str) -> tuple[str, str]:
    """Who has the ticket, and who is asked to take it, as this level reads it."""
    row = next(row for row in place.rows(schema.tickets) if row.id == number)
    return row.holder, row.asked


def reasons(place: Place, *kinds: str) -> list[str]:
    """What was given as the reason in entries of *kinds*, as this level reads it, in the order in which it took them."""
    table = schema.entries
    with place.level.store.read() as view:
        rows = view.connection.execute(select(table.c.content).where(table.c.kind.in_(kinds)).order_by(table.c.taken)).scalars()
        entries = [decode_content(bytes(content)) for content in rows]
        sealed = [(one.header.subject, getattr(one.event, "reason", None)) for one in entries]
        return [view.payloads.open(subject, ref) for subject, ref in sealed if isinstance(ref, SealedRef)]


def failure(call: Callable[[], object]) -> Failure:
    """What the call fails with."""
    with pytest.raises(CallFailed) as caught:
        call()
    return caught.value.failure


def fork(county: Place, city: Place, tmp_path: Path) -> list[bytes]:
    """The county wrote on after an old backup; gives what the city holds of it."""
    connect(county, city)
    settle(county, city)
    backup = back_up(county, tmp_path / "backup.db")
    county.register(appeal="first past")
    settle(county, city)
    mirrored = city.contents(COUNTY)
    restore(county, backup)
    county.register(appeal="second past")
    connect(county, city)
    settle(county, city)
    return mirrored


def guarded(place: Place) -> Guard:
    """Let the level keep its guard file, as a serving node does."""
    guard = Guard(place.hands.node.settings.guard)
    object.__setattr__(place.level, "guard", guard)
    return guard


def damage(place: Place, node: str, seq: int, epoch: int = 1) -> Spot:
    """One flipped bit in the bytes of an entry, as a bad page leaves it."""
    table = schema.entries
    its = (table.c.node == node, table.c.epoch == epoch, table.c.seq == seq)
    with place.level.store.database.write() as connection:
        content = bytearray(connection.execute(table.select().with_only_columns(table.c.content).where(*its)).scalar_one())
        content[-1] ^= 1
        connection.execute(update(table).where(*its).values(content=bytes(content)))
    return node, epoch, seq


def look_at(place: Place) -> None:
    """The night's look."""
    with place.level.store.write() as work:
        look(work, place.hands.now, WALL)


def damaged(place: Place) -> list[Spot]:
    """Places that the level knows to be damaged."""
    with place.level.store.read() as view:
        return reconcile.damaged(view.connection)
