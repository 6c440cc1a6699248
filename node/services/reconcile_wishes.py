"""
Asking subordinates to compare: a superior cannot dial them, so it keeps the wish with the link and says it at each greeting until the
subordinate's conclusion is here.  Nothing of it is in the journal: it changes no history, and a restored node is only asked again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from node.services.reconcile import latest
from node.storage import schema
from node.storage.database import instant_or_none, micros
from node.storage.unit_of_work import UnitOfWork, View

# What a program names in its greeting that carries such a wish out.
FEATURE = "reconcile-asked"


@dataclass(frozen=True)
class Wish:
    """
    How it stands with asking a subordinate: since when it is asked (None: it is not), when it was compared last (None: never), and
    whether its program cannot be asked, as far as it has greeted.
    """

    peer: str
    asked_at: datetime | None
    compared_at: datetime | None
    is_too_old: bool


def wishes(view: View) -> list[Wish]:
    """Every subordinate that may call, by its code."""
    links, nodes = schema.links, schema.nodes
    rows = view.connection.execute(
        select(links.c.peer, links.c.features, links.c.asked_at)
        .join(nodes, nodes.c.code == links.c.peer)
        .where(links.c.side == "subordinate", nodes.c.superior == view.head.node, nodes.c.status == "active")
        .order_by(links.c.peer)
    )
    compared = latest(view)
    return [
        Wish(
            row.peer,
            instant_or_none(row.asked_at),
            compared[row.peer].at if row.peer in compared else None,
            row.features is not None and FEATURE not in row.features.split(),
        )
        for row in rows
    ]


def ask(work: UnitOfWork, wall: datetime) -> None:
    """Ask every subordinate to compare; one that is asked already stays so, and one whose program is too old is not asked."""
    links, nodes = schema.links, schema.nodes
    rows = work.connection.execute(
        select(links.c.peer, links.c.features)
        .join(nodes, nodes.c.code == links.c.peer)
        .where(links.c.side == "subordinate", links.c.asked_at.is_(None), nodes.c.superior == work.head.node, nodes.c.status == "active")
    )
    peers = [row.peer for row in rows if row.features is None or FEATURE in row.features.split()]
    work.connection.execute(update(links).where(links.c.peer.in_(peers)).values(asked_at=micros(wall)))


def carried_out(work: UnitOfWork, peer: str) -> None:
    """The conclusion of *peer* is here: it is asked no more."""
    links = schema.links
    work.connection.execute(update(links).where(links.c.peer == peer, links.c.asked_at.is_not(None)).values(asked_at=None))
