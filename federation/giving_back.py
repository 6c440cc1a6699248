"""
What a superior wrote, sent down and lost: its subordinates give it back (FEDERATION 2.3 no. 11; its end is ``taking_back``).

Until then a subordinate says, whenever it greets, what the last of its superior's entries is that it holds.  What those above the
superior lost goes to them by way of it, which may have lost it in the same night (``passing_on``).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Update, bindparam, select, update

from federation import line_epochs, outgoing, passing_on
from federation.client import Peer
from federation.codec import Carried, Place, entry_to_pb, place_from_pb, place_to_pb
from federation.level import Level
from federation.link import batch_entries_max
from federation.v1 import link_pb2
from node.services.situations import told_of
from node.storage import schema
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

_entries, _links = schema.entries.c, schema.links.c
_EPOCH = Prepared(select(_links.peer_epoch).where(_links.peer == bindparam("superior")))
_LAST = Prepared(
    select(_entries.seq, _entries.leaf)
    .where(_entries.node == bindparam("node"), _entries.epoch == bindparam("epoch"))
    .order_by(_entries.seq.desc())
    .limit(1)
)
_GIVEN = Prepared(select(_links.given_epoch).where(_links.peer == bindparam("peer")))
_GIVEN_ABOVE = Prepared(select(schema.line_epochs.c.given_epoch).where(schema.line_epochs.c.node == bindparam("node")))


def last_of(view: View, superior: str) -> Place | None:
    """The last entry of the current epoch of *superior* that this node holds, or that somebody below holds and this node does not."""
    return _last(view, superior, _EPOCH.scalar(view.connection, superior=superior))


def last_of_line(view: View) -> dict[str, Place]:
    """The same of each superior above the own one, by its code."""
    found = {node: _last(view, node, line_epochs.latest(view, node)) for node in view.head.line[1:]}
    return {node: place for node, place in found.items() if place is not None}


def _last(view: View, node: str, epoch: int) -> Place | None:
    told = told_of(view, node, epoch)
    if told is not None:
        return Place(epoch, *told)
    row = _LAST.first(view.connection, node=node, epoch=epoch)
    return None if row is None else Place(epoch, row[0], bytes(row[1]))


def give_back(level: Level, superior: str, end: Peer, boot_id: bytes, epoch: int) -> int:
    """
    Offer the *superior*, now in *epoch*, what this node holds of its former ones, unless that was done, and what those below gave
    this node of it; gives how many entries it took.

    Raises:
        CallFailed.
    """
    links = schema.links
    with level.store.read() as view:
        given = _GIVEN.scalar(view.connection, peer=superior)
        places = _former(view, superior, epoch) if epoch > given else []
    written = 0
    if epoch > given:
        written = _offered(end, link_pb2.GiveBackRequest(boot_id=boot_id), places, partial(_held, level, superior))
        end.give_back(link_pb2.GiveBackRequest(boot_id=boot_id, done=True))
        note = update(links).where(links.c.peer == superior).values(given_epoch=epoch)
        level.writer.command(partial(_noted, note))
    return written + _passed_on(level, end, link_pb2.GiveBackRequest(boot_id=boot_id), superior)


def give_above(level: Level, superior: str, end: Peer, boot_id: bytes, epochs: Mapping[str, int]) -> int:
    """
    As ``give_back``, by way of the *superior*, of those above it, which are in *epochs*; gives how many entries it is to pass on.

    Raises:
        CallFailed.
    """
    table, kept = schema.line_epochs, 0
    for node, epoch in epochs.items():
        if node == superior:
            continue
        asking = link_pb2.GiveBackRequest(boot_id=boot_id, node=node)
        with level.store.read() as view:
            given = _GIVEN_ABOVE.scalar(view.connection, node=node)
            places = _former(view, node, epoch) if given is not None and epoch > given else []
        if given is not None and epoch > given:
            kept += _offered(end, asking, places, partial(_held, level, node))
            note = update(table).where(table.c.node == node).values(given_epoch=epoch)
            level.writer.command(partial(_noted, note))
        kept += _passed_on(level, end, asking, node)
    return kept


Read = Callable[[Sequence[Place]], Sequence[Carried]]


def _offered(end: Peer, asking: link_pb2.GiveBackRequest, places: Sequence[Place], read: Read) -> int:
    """Say *places*, and give those entries of them, by *read*, that are unknown there; gives how many were taken."""
    written = 0
    for start in range(0, len(places), batch_entries_max):
        part = places[start : start + batch_entries_max]
        answer = end.give_back(_with(asking, places=[place_to_pb(one) for one in part]))
        for fitting in outgoing.batches(read([place_from_pb(one) for one in answer.unknown])):
            written += end.give_back(_with(asking, entries=[entry_to_pb(one) for one in fitting])).written
    return written


def _noted(note: Update, work: UnitOfWork) -> None:
    work.connection.execute(note)


def _held(level: Level, node: str, places: Sequence[Place]) -> Sequence[Carried]:
    with level.store.read() as view:
        return outgoing.read_places(view, node, [(one.epoch, one.seq) for one in places])


def _passed_on(level: Level, end: Peer, asking: link_pb2.GiveBackRequest, node: str) -> int:
    """Give on what those below gave back of *node*."""
    with level.store.read() as view:
        places = passing_on.waiting(view, node)
    written = 0
    for start in range(0, len(places), batch_entries_max):
        part = places[start : start + batch_entries_max]
        written += _offered(end, asking, part, partial(_kept, level, node))
        level.writer.command(partial(passing_on.forget, node=node, places=part))
    return written


def _kept(level: Level, node: str, places: Sequence[Place]) -> Sequence[Carried]:
    with level.store.read() as view:
        return passing_on.read(view, node, places)


def _with(asking: link_pb2.GiveBackRequest, **more: Any) -> link_pb2.GiveBackRequest:
    return link_pb2.GiveBackRequest(boot_id=asking.boot_id, node=asking.node, **more)


def _former(view: View, superior: str, epoch: int) -> list[Place]:
    """What this node holds of the epochs of *superior* before *epoch*, in the order in which it took it."""
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.epoch, table.c.seq, table.c.leaf).where(table.c.node == superior, table.c.epoch < epoch).order_by(table.c.taken)
    )
    return [Place(row.epoch, row.seq, bytes(row.leaf)) for row in rows]
