"""
What a superior wrote, sent down and lost: its subordinates give it back (FEDERATION 2.3 no. 11; its end is ``taking_back``).

Until then a subordinate says, whenever it greets, what the last of its superior's entries is that it holds.
"""

from sqlalchemy import bindparam, select, update

from federation import outgoing
from federation.client import Peer
from federation.codec import Place, entry_to_pb, place_to_pb
from federation.level import Level
from federation.link import batch_entries_max
from federation.v1 import link_pb2
from node.storage import schema
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

_entries, _links = schema.entries.c, schema.links.c
_EPOCH = select(_links.peer_epoch).where(_links.peer == bindparam("superior")).scalar_subquery()
_LAST = Prepared(
    select(_entries.epoch, _entries.seq, _entries.leaf)
    .where(_entries.node == bindparam("superior"), _entries.epoch == _EPOCH)
    .order_by(_entries.seq.desc())
    .limit(1)
)
_GIVEN = Prepared(select(_links.given_epoch).where(_links.peer == bindparam("peer")))


def last_of(view: View, superior: str) -> Place | None:
    """The last entry of the current epoch of *superior* that this node holds."""
    row = _LAST.first(view.connection, superior=superior)
    return None if row is None else Place(row[0], row[1], bytes(row[2]))


def give_back(level: Level, superior: str, end: Peer, boot_id: bytes, epoch: int) -> int:
    """
    Offer the *superior*, now in *epoch*, what this node holds of its former ones, unless that was done; gives how many entries
    it took.

    Raises:
        CallFailed.
    """
    links = schema.links
    with level.store.read() as view:
        given = _GIVEN.scalar(view.connection, peer=superior)
        if epoch <= given:
            return 0
        places = _former(view, superior, epoch)
    written = 0
    for start in range(0, len(places), batch_entries_max):
        part = places[start : start + batch_entries_max]
        answer = end.give_back(link_pb2.GiveBackRequest(boot_id=boot_id, places=[place_to_pb(one) for one in part]))
        with level.store.read() as view:
            entries = outgoing.read_places(view, superior, [(one.epoch, one.seq) for one in answer.unknown])
        for fitting in outgoing.batches(entries):
            written += end.give_back(link_pb2.GiveBackRequest(boot_id=boot_id, entries=[entry_to_pb(one) for one in fitting])).written
    end.give_back(link_pb2.GiveBackRequest(boot_id=boot_id, done=True))

    def note(work: UnitOfWork) -> None:
        work.connection.execute(update(links).where(links.c.peer == superior).values(given_epoch=epoch))

    level.writer.command(note)
    return written


def _former(view: View, superior: str, epoch: int) -> list[Place]:
    """What this node holds of the epochs of *superior* before *epoch*, in the order in which it took it."""
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.epoch, table.c.seq, table.c.leaf).where(table.c.node == superior, table.c.epoch < epoch).order_by(table.c.taken)
    )
    return [Place(row.epoch, row.seq, bytes(row.leaf)) for row in rows]
