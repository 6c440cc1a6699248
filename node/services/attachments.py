"""
Attachments: which files a ticket's entries name, and which of them a neighbour is still to give (FEATURES 96).

Bytes never travel in entries, which carry a digest only: a file that is missing holds up nothing.  A node that needs one asks
the neighbour on whose side the ticket came from or went to; that one has it, or asks on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from node.domain.organisation import Place
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.database import micros
from node.storage.statements import insert_missing
from node.storage.unit_of_work import UnitOfWork, View

told_at_once_max = 100


@dataclass(frozen=True)
class Wanted:
    """A file, by its SHA-256 in hex, and the ticket whose entries name it."""

    digest: str
    ticket: str


def digests_of(ticket: Ticket) -> tuple[str, ...]:
    """The files that the entries of *ticket* name, each once, sorted."""
    named = [digest for one in ticket.rounds for digest in (*one.evidence, *(one.completion.evidence if one.completion else ()))]
    return tuple(sorted({*named, *ticket.intake.materials}))


def content_of(view: View, blobs: Blobs, ticket: Ticket, digest: str) -> bytes:
    """
    The bytes of a file of *ticket*, checked against its digest.

    Raises:
        Refusal: EVIDENCE_UNKNOWN, if no entry of the ticket names it; BLOB_MISSING, BLOB_DAMAGED.
    """
    if digest not in digests_of(ticket):
        raise Refusal(Code.EVIDENCE_UNKNOWN, digests=digest)
    return blobs.get(digest)


def is_whole(blobs: Blobs, ticket: Ticket) -> bool:
    """True if every file that the entries of *ticket* name is here."""
    return all(blobs.has(digest) for digest in digests_of(ticket))


def want(work: UnitOfWork, blobs: Blobs, ticket: Ticket, now: datetime, digests: Iterable[str] | None = None) -> int:
    """
    Ask a neighbour for those files of *ticket* (or of *digests*, which its entries name) that are not here; gives how many are
    asked for that were not before.
    """
    missing = [one for one in digests_of(ticket) if (digests is None or one in digests) and not blobs.has(one)]
    peer = _neighbour(work.place(), ticket) if missing else None
    if peer is None:
        return 0
    table = schema.wanted_blobs
    known = set(work.connection.execute(select(table.c.digest).where(table.c.peer == peer, table.c.digest.in_(missing))).scalars())
    fresh = [one for one in missing if one not in known]
    rows = [{"peer": peer, "digest": one, "ticket": ticket.id, "since": micros(now), "is_told": False} for one in fresh]
    if rows:
        insert_missing(work.connection, table, rows)
        work.wake_down(peer)
    return len(fresh)


def _neighbour(place: Place, ticket: Ticket) -> str | None:
    """Who has the files, or knows whom to ask: the branch that has or had the ticket, else the superior."""
    for node in (ticket.custody.holder, ticket.custody.asked, *reversed(ticket.custody.openers), ticket.origin):
        branch = place.branch(node) if node != place.node else None
        if branch is not None:
            return branch
    return place.superior


def wanted_from(view: View | UnitOfWork, peer: str) -> list[Wanted]:
    """What *peer* is to give, the longest awaited first, at most ``told_at_once_max``."""
    table = schema.wanted_blobs
    rows = view.connection.execute(
        select(table.c.digest, table.c.ticket).where(table.c.peer == peer).order_by(table.c.since, table.c.digest).limit(told_at_once_max)
    )
    return [Wanted(row.digest, row.ticket) for row in rows]


def tell(work: UnitOfWork, peer: str) -> Sequence[Wanted]:
    """``wanted_from`` for an answer to *peer*, which is then told."""
    table = schema.wanted_blobs
    found = wanted_from(work, peer)
    if found:
        its = (table.c.peer == peer, table.c.is_told.is_(False), table.c.digest.in_([one.digest for one in found]))
        work.connection.execute(update(table).where(*its).values(is_told=True))
    return found


def arrived(work: UnitOfWork, digest: str) -> None:
    """The file is here: nobody is to give it any more."""
    work.connection.execute(delete(schema.wanted_blobs).where(schema.wanted_blobs.c.digest == digest))
