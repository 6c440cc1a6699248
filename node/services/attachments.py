"""
Attachments: which files the entries of a ticket or a letter name, and which of them a neighbour is still to give (FEATURES 96).

Bytes never travel in entries, which carry a digest only: a file that is missing holds up nothing.  A node that needs one asks
the neighbour on whose side the ticket came from or went to, or the letter's writer stands; that one has it, or asks on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from node.domain import round_record as record
from node.domain.entry import Subject, SubjectKind
from node.domain.letter.record import Letter
from node.domain.organisation import Place
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket
from node.services import letter_files
from node.services.rounds import find_round, frame_of
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.database import micros
from node.storage.dossier_readings import readable_dossier
from node.storage.statements import insert_missing
from node.storage.unit_of_work import UnitOfWork, View

asked_at_once_max = 100
Filed = Ticket | Letter


@dataclass(frozen=True)
class Wanted:
    """A file, by its SHA-256 in hex, and the ticket or the letter whose entries name it."""

    digest: str
    subject: Subject


def digests_of(of: Filed) -> tuple[str, ...]:
    """The files that the entries of a ticket or a letter name, each once, sorted."""
    if isinstance(of, Letter):
        return letter_files.digests_of(of)
    named = [digest for one in of.rounds for digest in (*one.evidence, *(one.completion.evidence if one.completion else ()))]
    return tuple(sorted({*named, *of.intake.materials}))


def content_of(blobs: Blobs, of: Filed, digest: str) -> bytes:
    """
    The bytes of a file of a ticket or a letter, checked against its digest.

    Raises:
        Refusal: EVIDENCE_UNKNOWN, if no entry of it names the file; BLOB_MISSING, BLOB_DAMAGED.
    """
    if digest not in digests_of(of):
        raise Refusal(Code.EVIDENCE_UNKNOWN, digests=digest)
    return blobs.get(digest)


def missing(blobs: Blobs, digests: Iterable[str]) -> list[str]:
    """Those of *digests* that are not here."""
    return [one for one in digests if not blobs.has(one)]


def subject_of(view: View | UnitOfWork, subject: Subject) -> Filed | None:
    """What *subject* is; None also of one that cannot be read, which keeps the files of no other waiting, and of all that has no files."""
    if subject.kind == SubjectKind.TICKET.value:
        return view.readings.readable(subject.id)
    found = readable_dossier(view.journal, subject) if subject.kind == SubjectKind.LETTER.value else None
    return found if isinstance(found, Letter) else None


def want(work: UnitOfWork, blobs: Blobs, of: Filed, now: datetime, digests: Iterable[str] | None = None) -> int:
    """
    Ask a neighbour for those files of a ticket or a letter (or of *digests*, which its entries name) that are not here; gives how
    many are asked for that were not before.
    """
    wanted = missing(blobs, (one for one in digests_of(of) if digests is None or one in digests))
    place = work.place() if wanted else None
    table, subject, count = schema.wanted_blobs, of.subject, 0
    for digest in wanted:
        peer = neighbour(place, of, digest) if place is not None else None
        if peer is None:
            continue
        row = {"peer": peer, "digest": digest, "kind": subject.kind, "subject": subject.id}
        if work.connection.execute(select(table.c.since).filter_by(**row)).first() is None:
            insert_missing(work.connection, table, [row | {"since": micros(now), "times_asked": 0}])
            work.wake_down(peer)
            count += 1
    return count


def want_of_frame(work: UnitOfWork, blobs: Blobs, round_id: str, now: datetime) -> int:
    """
    Ask for the files of every ticket of a round's frame that are not here; gives how many.

    To ask for those of a drawn one alone would tell the subordinate which were drawn while the round is secret (USERS A2).
    """
    found = find_round(work, round_id)
    if found is None or found.stage == record.OPENED:
        return 0
    numbers = {record.ticket_of(one.key) for one in frame_of(work, found.county, found.span)}
    return sum(want(work, blobs, ticket, now) for ticket in work.readings.tickets(sorted(numbers)).values())


def neighbour(place: Place, of: Filed, digest: str) -> str | None:
    """Who has the file, or knows whom to ask: the branch that has or had the ticket, or where the file was named; else the superior."""
    if isinstance(of, Letter):
        return letter_files.neighbour(of, digest, place)
    for node in (of.custody.holder, of.custody.asked, *reversed(of.custody.openers), of.origin):
        branch = place.branch(node) if node != place.node else None
        if branch is not None:
            return branch
    return place.superior


def wanted_from(view: View | UnitOfWork, peer: str) -> list[Wanted]:
    """
    What *peer* is to give, at most ``asked_at_once_max``: those it was asked for least often, so that a file which is lost for good
    takes no other's place, then the longest awaited.  Files of tickets come before those of letters, which a peer of an older
    program does not give.
    """
    table = schema.wanted_blobs
    order = (table.c.times_asked, table.c.kind.desc(), table.c.since, table.c.digest, table.c.subject)
    query = select(table.c.digest, table.c.kind, table.c.subject).where(table.c.peer == peer).order_by(*order)
    rows = view.connection.execute(query.limit(asked_at_once_max))
    return [Wanted(row.digest, Subject(row.kind, row.subject)) for row in rows]


def is_wanted_from(view: View | UnitOfWork, peer: str, digest: str) -> bool:
    """True if *peer* is to give the file of *digest*."""
    table = schema.wanted_blobs
    return view.connection.execute(select(table.c.since).filter_by(peer=peer, digest=digest).limit(1)).first() is not None


def ask(work: UnitOfWork, peer: str) -> list[Wanted]:
    """``wanted_from`` *peer*, which is asked for them now."""
    table = schema.wanted_blobs
    found = wanted_from(work, peer)
    if found:
        its = (table.c.peer == peer, table.c.digest.in_([one.digest for one in found]))
        work.connection.execute(update(table).where(*its).values(times_asked=table.c.times_asked + 1))
    return found


def arrived(work: UnitOfWork, digest: str) -> None:
    """The file is here: nobody is to give it any more."""
    work.connection.execute(delete(schema.wanted_blobs).where(schema.wanted_blobs.c.digest == digest))
