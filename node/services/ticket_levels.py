"""
A ticket and the levels: which one it is handled at, and where else its entries stand: what the level above has durably, and how fresh
is what came from below.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from node.domain.pack import Pack
from node.domain.ticket.ticket import Ticket
from node.services.situations import BROKEN_KINDS
from node.storage import schema
from node.storage.database import instant_or_none
from node.storage.unit_of_work import View

SAME, WAITING, BROKEN, MIRRORED = "same", "waiting", "broken", "mirrored"


@dataclass(frozen=True)
class LevelState:
    """
    How another node stands to a ticket.  ``proof``: "same" (the superior holds the same history, which was checked when it took
    it), "waiting" (``waiting`` entries of the ticket are still to pass to it), "broken" (histories differ), "mirrored" (what is shown
    here came from that node, last heard at ``heard_at``).
    """

    node: str
    proof: str
    waiting: int
    heard_at: datetime | None


def level_states(view: View, ticket: Ticket) -> tuple[LevelState, ...]:
    """The superior's copy of *ticket*, then every other node that writes about it and is linked with this one."""
    place, links = view.place(), schema.links
    found = []
    for row in view.connection.execute(select(links).where(links.c.side.in_(("superior", "subordinate"))).order_by(links.c.side.desc())):
        heard_at = instant_or_none(row.heard_at)
        is_broken = row.status in ("forked", "parted") or _has_incident(view, row.peer if row.side == "subordinate" else view.head.node)
        if row.side == "superior":
            waiting = _behind(view, ticket.id, row.acked)
            found.append(LevelState(row.peer, BROKEN if is_broken else WAITING if waiting else SAME, waiting, heard_at))
        elif row.peer in {place.branch(node) for node in (ticket.origin, ticket.custody.holder, *ticket.custody.openers)}:
            found.append(LevelState(row.peer, BROKEN if is_broken else MIRRORED, 0, heard_at))
    return tuple(found)


def level_of(view: View, ticket: Ticket, pack: Pack) -> str:
    """
    The level that *ticket* is handled at, in the words of this node's *pack*: what its holder classed it as, else the holder's own
    (XS25-4.3.3a).  Empty before it is formed, and where the pack knows no levels.

    Whoever takes a ticket over classes it anew, and has no word for the level of another mechanism.  So from then on it follows custody
    by the tree, and is stored nowhere; lists are narrowed by what was classed.
    """
    levels, place, holder = pack.names("ladder.levels"), view.place(), ticket.custody.holder
    is_placed = holder in (place.node, *place.line) or place.is_below(holder)
    if ticket.classing.level or not ticket.is_formed or not is_placed or pack.level not in levels:
        return ticket.classing.level
    return dict(enumerate(levels)).get(levels.index(pack.level) - place.rank(holder), "")


def _behind(view: View, ticket: str, acked: int) -> int:
    """How many entries of the ticket that this node owes its superior were taken here after what that one has."""
    table, place = schema.entries, view.place()
    own = (table.c.subject_id == ticket, table.c.taken > acked)
    rows = view.connection.execute(select(table.c.node, func.count().label("entries")).where(*own).group_by(table.c.node))
    return sum(row.entries for row in rows if row.node not in place.line)


def _has_incident(view: View, node: str) -> bool:
    table = schema.incidents
    return (
        view.connection.execute(select(table.c.id).where(table.c.node == node, table.c.kind.in_(BROKEN_KINDS)).limit(1)).first() is not None
    )
