"""
Attachments between two levels, in pieces: what a superior wants of its subordinate goes up by `PutBlob`, what a subordinate
wants of its superior comes down by `GetBlob`.

Both are made by a job of the subordinate's own, beside the lanes: a large file on a slow line holds up no entry.  Which file may
go where, entries say: a superior takes only what it wants, and it wants only what the entries of a ticket of its subtree name; it
gives only what the entries of a ticket name that goes down to the caller.  Each piece is durable before it is answered, so
whoever dies goes on where it was.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog

from federation.client import Peer
from federation.level import Level
from federation.retry import CallFailed
from federation.v1 import link_pb2
from node.domain.entry import Subject, SubjectKind
from node.domain.letter.record import Letter
from node.domain.refusal import Code, Refusal
from node.services import attachments, letter_files
from node.services.attachments import Filed, Wanted
from node.storage.unit_of_work import UnitOfWork, View
from node.v1 import entry_pb2

log = structlog.get_logger()

FEATURE = "blobs"
piece_bytes_max = 256 * 1024
# Larger ones are brought by hand; the entry that names them holds all the same.
blob_bytes_max = 256 * 1024 * 1024


# --- the superior -----------------------------------------------------------------------------------------------------


def take_piece(level: Level, peer: str, request: link_pb2.PutBlobRequest) -> link_pb2.PutBlobResponse:
    """
    Keep a piece of a file that is wanted of *peer*.

    Raises:
        Refusal: BLOB_FOREIGN (not wanted of it), BLOB_TOO_LARGE, STORAGE_FULL.
    """
    digest, blobs = request.sha256.hex(), level.handler.blobs
    if blobs.has(digest):
        _note(level, digest)  # it came on another way
        return link_pb2.PutBlobResponse(next_offset=request.size)
    with level.store.read() as view:
        if not attachments.is_wanted_from(view, peer, digest):
            raise Refusal(Code.BLOB_FOREIGN, blob=digest, peer=peer)
    if request.size > blob_bytes_max or len(request.chunk) > piece_bytes_max or request.offset + len(request.chunk) > request.size:
        raise Refusal(Code.BLOB_TOO_LARGE, blob=digest, bytes=request.size, bytes_max=blob_bytes_max)
    following = blobs.add_piece(digest, request.offset, request.chunk, request.size)
    if blobs.has(digest):
        _note(level, digest)
    return link_pb2.PutBlobResponse(next_offset=following)


def give_piece(level: Level, peer: str, request: link_pb2.GetBlobRequest) -> link_pb2.GetBlobResponse:
    """
    A piece of a file of a ticket or a letter that goes down to *peer*; where it is not here, it is asked for further on.

    Raises:
        Refusal: BLOB_FOREIGN (no entry of such a ticket or letter names it), BLOB_MISSING.
    """
    digest, blobs = request.sha256.hex(), level.handler.blobs
    with level.store.read() as view:
        of = _goes_down(view, peer, _subject_from_pb(request.subject), digest)
    if of is None:
        raise Refusal(Code.BLOB_FOREIGN, blob=digest, peer=peer)
    if not blobs.has(digest):
        level.writer.command(lambda work: attachments.want(work, blobs, of, level.now(), [digest]))
    length = min(request.max or piece_bytes_max, piece_bytes_max)
    return link_pb2.GetBlobResponse(chunk=blobs.piece(digest, request.offset, length), size=blobs.size(digest))


def _goes_down(view: View, peer: str, subject: Subject, digest: str) -> Filed | None:
    """The ticket or the letter on whose right *peer* gets the file, None without one."""
    place = view.place()
    if subject.kind == SubjectKind.TICKET.value:
        row = view.readings.rows({subject.id}).get(subject.id)
        if row is None or not any(place.branch(party) == peer for party in row.parties):
            return None
    # One that cannot be read is answered as one that is not the peer's: its files wait, those of all others do not.
    of = attachments.subject_of(view, subject)
    if isinstance(of, Letter):
        return of if letter_files.concerns(of, digest, place, peer) else None
    return of if of is not None and digest in attachments.digests_of(of) else None


def wanted_to_pb(wanted: Iterable[Wanted]) -> list[link_pb2.WantedBlob]:
    """What is wanted, for an answer to `Hello`."""
    return [link_pb2.WantedBlob(sha256=bytes.fromhex(one.digest), subject=_subject_to_pb(one.subject)) for one in wanted]


def wanted_from_pb(wanted: Iterable[link_pb2.WantedBlob]) -> tuple[Wanted, ...]:
    """The same, as the subordinate reads it."""
    return tuple(Wanted(one.sha256.hex(), _subject_from_pb(one.subject)) for one in wanted)


# --- the subordinate --------------------------------------------------------------------------------------------------


def exchange(level: Level, superior: str, end: Peer, wanted: Iterable[Wanted]) -> int:
    """
    Give the *superior* what it wants, fetch from it what is wanted here, and return how many files are whole on the other side
    or here that were not.  What is neither here nor known is passed by.

    Raises:
        CallFailed.
    """
    with level.store.read() as view:
        ours = attachments.wanted_from(view, superior)
    if len(ours) == attachments.asked_at_once_max:  # fewer are all there are: nothing waits behind them
        ours = level.writer.command(lambda work: attachments.ask(work, superior))
    return sum(_put(level, end, one) for one in wanted) + sum(_get(level, end, one) for one in ours)


def _put(level: Level, end: Peer, one: Wanted) -> bool:
    blobs = level.handler.blobs
    if not blobs.has(one.digest):
        level.writer.command(lambda work: _ask_on(work, level, one, level.now()))
        return False
    size, sha256 = blobs.size(one.digest), bytes.fromhex(one.digest)
    offset, begun_anew = 0, False
    while True:
        piece = blobs.piece(one.digest, offset, piece_bytes_max)
        request = link_pb2.PutBlobRequest(sha256=sha256, size=size, offset=offset, chunk=piece, subject=_subject_to_pb(one.subject))
        try:
            following = end.put_blob(request).next_offset
        except CallFailed as error:
            if error.failure.code in (Code.BLOB_FOREIGN, Code.BLOB_TOO_LARGE):
                log.info("attachment not taken", blob=one.digest, code=error.failure.code.name)
                return False
            raise
        if following == size:
            return True
        if following <= offset and begun_anew:
            return False  # what is here is not what its name says, or the superior cannot keep it: the integrity check tells
        begun_anew |= following <= offset
        offset = following


def _get(level: Level, end: Peer, one: Wanted) -> bool:
    blobs = level.handler.blobs
    if blobs.has(one.digest):
        _note(level, one.digest)  # it came on another way, or by another subject
        return False
    while not blobs.has(one.digest):
        offset = blobs.begun(one.digest)
        request = link_pb2.GetBlobRequest(
            sha256=bytes.fromhex(one.digest), offset=offset, max=piece_bytes_max, subject=_subject_to_pb(one.subject)
        )
        try:
            answer = end.get_blob(request)
        except CallFailed as error:
            if error.failure.code in (Code.BLOB_FOREIGN, Code.BLOB_MISSING):
                return False
            raise
        if answer.size > blob_bytes_max or blobs.add_piece(one.digest, offset, answer.chunk, answer.size) <= offset:
            return False
    _note(level, one.digest)
    return True


def _ask_on(work: UnitOfWork, level: Level, one: Wanted, now: datetime) -> None:
    """The superior wants what this node does not have either: whoever below wrote of it may."""
    of, place = attachments.subject_of(work, one.subject), work.place()
    if of is not None and one.digest in attachments.digests_of(of) and attachments.neighbour(place, of, one.digest) != place.superior:
        attachments.want(work, level.handler.blobs, of, now, [one.digest])


def _note(level: Level, digest: str) -> None:
    with suppress(Refusal):  # a node that writes nothing just now is told again
        level.writer.command(lambda work: attachments.arrived(work, digest))


def _subject_to_pb(subject: Subject) -> entry_pb2.Subject:
    return entry_pb2.Subject(kind=subject.kind, id=subject.id)


def _subject_from_pb(subject: entry_pb2.Subject) -> Subject:
    return Subject(subject.kind, subject.id)
