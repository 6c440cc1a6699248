"""
Who stands above hears of a fork below, too (FEDERATION 2.3 no. 2): red at county, city and province.

Whoever is told two histories enters it (`ForkSeen`), in the transaction that keeps the other bytes, and the entry goes up like any
other.  What it grants and what the node begins then (`EpochGranted`, `EpochStarted`) go up as well, and say that it is over.  A node
that writes nothing just now enters it when the subordinate greets again: what counts is that the link stands, and that nobody was told.
"""

from datetime import datetime

from sqlalchemy import select

from federation.enrolment import REACTION_ACTOR
from federation.mirror import FORKED
from node.domain.registry import ForkSeen
from node.services.noting import note
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import UnitOfWork

FORK = "fork"


def tell_above(work: UnitOfWork, peer: str, now: datetime) -> None:
    """Enter that the subordinate *peer* brought another history, once for each that it did; where nobody stands above, nothing."""
    head = work.head
    if not head.line or head.held or micros(now) < head.last_at:
        return
    links, forks = schema.links, schema.forks
    status = work.connection.execute(select(links.c.status).where(links.c.peer == peer)).scalar()
    told = work.connection.execute(select(forks.c.granted).where(forks.c.node == peer, forks.c.seen_by == head.node)).scalar()
    if status == FORKED and told != 0:
        note(work, REACTION_ACTOR, ForkSeen(peer, *_seen_at(work, peer)), now)


def _seen_at(work: UnitOfWork, peer: str) -> tuple[str, int, int]:
    """Where the fork was seen last in what *peer* brings: node, epoch, seq; nothing but its code, if no evidence is left."""
    table, place = schema.incidents, work.place()
    spots = select(table.c.node, table.c.epoch, table.c.seq).where(table.c.kind == FORK).order_by(table.c.at.desc(), table.c.id)
    for node, epoch, seq in work.connection.execute(spots):
        if place.branch(node) == peer:
            return node, epoch, seq
    return peer, 0, 0
