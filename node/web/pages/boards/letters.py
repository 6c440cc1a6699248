"""Letters between levels: what waits to be read, reported or answered, what was sent and what became of it (AS25-3.2)."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from node.domain.command import Command
from node.domain.entry import SubjectKind
from node.domain.letter import record as r
from node.domain.letter.record import Letter
from node.domain.letter.sending import RaiseIssue
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.services import attachments, dossiers, letter_files, letters, uploads
from node.services.readership import LETTER_READERS
from node.services.ticket_view import opened
from node.storage import schema
from node.web import files, forms, pieces
from node.web.desk import Desk, SignedIn
from node.web.pages.boards.room import Posted, Room, board, commands, need_board, room_of
from node.web.templating import page

router = APIRouter(prefix="/boards")
sent_max = 50
STARTS = ("publish-notice", "publish-standard", "ask-guidance", "raise-issue")


@dataclass(frozen=True)
class Line:
    """A letter in a list: its title where this desk may read it, and the verbs that are due here."""

    line: letters.LetterLine
    title: str | None
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class FileLine:
    """A file of a letter: its number on the page, how it is called (empty where nobody said), and what it is; None while it is not here."""

    digest: str
    number: int
    name: str
    stored: uploads.Stored | None


@dataclass(frozen=True)
class Said:
    """
    What one node says in a letter: ``texts`` by the field in which they stand, and ``files``.  ``node`` is empty for the letter itself
    and for its one answer.
    """

    node: str
    texts: tuple[tuple[str, str], ...]
    files: tuple[FileLine, ...]


@router.get("/letters", name="letters")
def all_letters(request: Request, desk: SignedIn, kind: str = "") -> Response:
    """What somebody here has to do something about, then what was sent, then what is late anywhere below."""
    with room_of(desk) as room:
        wanted = kind if kind in r.KINDS else ""
        found = [one for one in letters.inbox(room.view, room.now, wanted) if _may_read(room, one.letter)]
        late = [one for one in letters.late(room.view, room.now, wanted) if _may_read(room, one.letter)]
        own = [one for one in _sent(room, wanted) if _may_read(room, one)]
        here = room.view.head.node
        facts: dict[str, Any] = {
            "inbox": [Line(one, _title(room, one.letter), _verbs(room, one.letter)) for one in found],
            "late": [Line(one, _title(room, one.letter), ()) for one in late if one.node != here],
            "sent": [(one, _title(room, one), letters.receipts(one, room.now)) for one in own],
            "overdue": sum(1 for one in found if one.is_overdue),
            "kinds": r.KINDS,
            "kind": wanted,
            "starts": [one for one in STARTS if room.may(commands()[one])],
        }
        return board(request, room, "letters", **facts)


# --- files in pieces: a letter's form names them, whoever it goes to -------------------------------------------------------


@router.post("/letters/parts", name="letter_parts")
def begin(
    request: Request,
    desk: SignedIn,
    upload_length: Annotated[str, Header()] = "",
    upload_metadata: Annotated[str, Header()] = "",
) -> Response:
    """Make room for a file of so many bytes, for whoever may write a letter with files; the answer says where to send it."""
    return pieces.begin(desk, _for_letters(desk), request.url.path, upload_length, upload_metadata)


@router.head("/letters/parts/{id}")
def where(desk: SignedIn, id: str) -> Response:
    """Where to go on."""
    return pieces.where(desk, _for_letters(desk), id)


@router.patch("/letters/parts/{id}")
async def carry_on(request: Request, desk: SignedIn, id: str, upload_offset: Annotated[str, Header()] = "") -> Response:
    """Take what follows from the offset on."""
    return await pieces.carry_on(request, desk, lambda: _for_letters(desk), id, upload_offset)


@router.delete("/letters/parts/{id}")
def give_up(desk: SignedIn, id: str) -> Response:
    """Throw away what came."""
    return pieces.give_up(desk, _for_letters(desk), id)


def _for_letters(desk: Desk) -> str:
    """
    What such a file is for.

    Raises:
        Refusal: PERMISSION_DENIED, to whoever writes no letter that takes files.
    """
    with room_of(desk) as room:
        if not any(room.may(one) for one in _bringing()):
            raise Refusal(Code.PERMISSION_DENIED, command=RaiseIssue.__name__, role=desk.role)
    return pieces.LETTER


@cache
def _bringing() -> tuple[type[Command], ...]:
    """The commands whose forms bring files."""
    return tuple(one for one in commands().values() if forms.files_field(one))


@router.get("/letters/{id}", name="letter")
def one_letter(request: Request, desk: SignedIn, id: str) -> Response:
    """A letter: what it says, once it was opened here, and what became of it at each node."""
    with room_of(desk) as room:
        found = letters.letter_of(room.view, id)
        _need_concerned(room, found)
        is_unread = _is_unread(room, found)
        facts: dict[str, Any] = {
            "letter": found,
            "said": () if is_unread else _said(room, found),
            "is_unread": is_unread,
            "verbs": _verbs(room, found),
            "receipts": letters.receipts(found, room.now),
        }
        return board(request, room, "letters", template="letter", **facts)


@router.get("/letters/{id}/files/{digest}", name="letter_file")
def letter_file(request: Request, desk: SignedIn, id: str, digest: str) -> Response:
    """
    A file of a letter, for whoever may read that, once it was opened where it is addressed; one that is not here is asked for.

    Raises:
        Refusal: SUBJECT_UNKNOWN; EVIDENCE_UNKNOWN, also while the letter is not opened and where it only passes by.
    """
    blobs = desk.node.blobs
    with room_of(desk) as room:
        found = letters.letter_of(room.view, id)
        _need_concerned(room, found)
        need_board(desk, "letters")
        if _is_unread(room, found) or not letter_files.passes(found, digest, room.view.place()):
            raise Refusal(Code.EVIDENCE_UNKNOWN, digests=digest)
        names = [letter_files.names_of(room.view, found, part) for part in letter_files.parts_of(found) if digest in part.digests]
        called = next((one[digest] for one in names if digest in one), "")
        stem = called or f"{_title(room, found) or found.id}-{_numbers(found)[digest]}"
    try:
        return files.as_download(attachments.content_of(blobs, found, digest), stem)
    except Refusal as refusal:
        if refusal.code is not Code.BLOB_MISSING:
            raise
    desk.node.writer.command(lambda work: attachments.want(work, blobs, found, desk.node.now(), [digest]))
    again = request.url_for("letter_file", id=found.id, digest=digest).path
    return page(
        request,
        "attachment_missing.html",
        status_code=404,
        why="missing",
        again=again,
        way_out=f"/boards/letters/{found.id}",
        is_letter=True,
    )


@router.post("/letters/{id}/open", name="open_letter")
def open_letter(request: Request, desk: SignedIn, form: Posted, id: str) -> Response:
    """Open it; that it was read, and when, is kept where it is addressed."""
    need_board(desk, "letters")
    with room_of(desk) as room:
        _need_concerned(room, letters.letter_of(room.view, id))
    desk.node.writer.command(lambda work: letters.open_letter(work, desk.node.handler, id, desk.viewer))
    return RedirectResponse(f"/boards/letters/{id}", 303)


def _may_read(room: Room, letter: Letter) -> bool:
    """Whoever opens letters sees them all; everybody else his own."""
    own = (letter.owner, letter.author) == (room.view.head.node, room.desk.account)
    if letter.id in dossiers.hidden(room.view, SubjectKind.LETTER, room.desk.viewer):
        return False
    return own or room.desk.role in LETTER_READERS


def _need_concerned(room: Room, letter: Letter) -> None:
    if not _may_read(room, letter):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.LETTER.value, id=letter.id)


def _is_unread(room: Room, letter: Letter) -> bool:
    """True where it is addressed and nobody opened it yet: what it says is then not shown."""
    here = room.view.head.node
    return here in letter.to_nodes and letter.receipt(here).read_at is None


def _said(room: Room, letter: Letter) -> tuple[Said, ...]:
    """The letter, then each report or its answer, with texts and files."""
    texts, numbers, blobs = letters.letter_texts(room.view, letter), _numbers(letter), room.desk.node.blobs
    own, *answers = letter_files.parts_of(letter)
    named: list[tuple[str, tuple[str, ...], letter_files.Part]] = [("", ("title", "text", "reason"), own)]
    named += [(part.node, (f"report/{part.node}",) if letter.is_downward else ("answer",), part) for part in answers]
    said = []
    for node, names, part in named:
        called = letter_files.names_of(room.view, letter, part)
        lines = (FileLine(one, numbers[one], called.get(one, ""), uploads.stored(blobs, one)) for one in dict.fromkeys(part.digests))
        shown = tuple((name.partition("/")[0], texts[name]) for name in names if name in texts)
        said.append(Said(node if letter.is_downward else "", shown, tuple(lines)))
    return tuple(said)


def _numbers(letter: Letter) -> dict[str, int]:
    """The files of *letter* by digest, numbered in the order in which they are shown."""
    digests = dict.fromkeys(digest for part in letter_files.parts_of(letter) for digest in part.digests)
    return {digest: number for number, digest in enumerate(digests, 1)}


def _title(room: Room, letter: Letter) -> str | None:
    return opened(room.view, letter.subject, letter.title) if isinstance(letter.title, SealedRef) else None


def _verbs(room: Room, letter: Letter) -> tuple[str, ...]:
    """What this node has to do about it now, as far as this desk may."""
    here = room.view.head.node
    verbs: tuple[str, ...] = ()
    if letter.state == r.COLLECTED and letter.owner == here:
        verbs = ("submit-issue", "decline-issue")
    elif here in letter.to_nodes and not letter.is_done_by(here):
        verbs = ("report-letter",) if letter.is_downward else ("answer-letter",)
    elif letter.owner == here and letter.state == r.SENT:
        verbs = ("withdraw-letter",)
    return tuple(verb for verb in verbs if room.may(commands()[verb]))


def _sent(room: Room, kind: str) -> list[Letter]:
    """This node's own letters that are still under way, and the last that are over."""
    table = schema.dossiers
    wanted = [table.c.kind == SubjectKind.LETTER.value, table.c.owner == room.view.head.node]
    if kind:
        wanted.append(table.c.key == kind)
    order = (table.c.state != r.SENT, table.c.opened_at.desc(), table.c.id)
    ids = room.view.connection.execute(select(table.c.id).where(*wanted).order_by(*order).limit(sent_max)).scalars()
    return room.view.readings.dossiers(SubjectKind.LETTER, ids)
