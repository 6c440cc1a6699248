"""
Files that come in pieces, those of tickets and those of letters: after the manner of tus 1.0.0 (https://tus.io) POST makes room, HEAD
says where it stands, PATCH goes on from there, DELETE gives up; the form then names what came.

*about* is what a file is handed in for: a ticket's number, or ``LETTER``, since a letter that is still written has none.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from email.utils import format_datetime

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.domain.whole_number import whole_number
from node.services.begun_uploads import Begun, BegunUploads, Piece
from node.texts.catalogue import Lang
from node.web import files
from node.web.desk import Desk

LETTER = "letter"
_TUS = {"Tus-Resumable": "1.0.0"}


def begin(desk: Desk, about: str, place: str, length: str, metadata: str) -> Response:
    """Make room for a file of so many bytes; the answer says where below *place* to send it, and until when."""
    size = whole_number(length or "0")
    if size is None:
        raise Refusal(Code.MALFORMED_COMMAND, field="Upload-Length")
    begun = _uploads(desk).begin(desk.account, about, _name_in(metadata), size, desk.node.wall())
    return Response(status_code=201, headers={**_TUS, **_stands(begun, 0), "Location": f"{place}/{begun.id}"})


def where(desk: Desk, about: str, id: str) -> Response:
    """Where to go on."""
    begun = _uploads(desk)
    found = begun.find(id, desk.account, about)
    return Response(headers={**_TUS, **_stands(found, begun.offset(found)), "Upload-Length": str(found.size)})


async def carry_on(request: Request, desk: Desk, about: Callable[[], str], id: str, offset: str) -> Response:
    """Take what follows from the offset on.  It is written as it comes, so that a cut takes nothing away."""
    found, piece = await run_in_threadpool(lambda: _open(desk, about(), id, offset))
    try:
        async for part in request.stream():
            await run_in_threadpool(piece.take, part)
    except ClientDisconnect:
        pass  # nobody reads the answer; he asks where it stands
    finally:
        await run_in_threadpool(piece.close)
    return Response(status_code=204, headers={**_TUS, **_stands(found, piece.offset)})


def give_up(desk: Desk, about: str, id: str) -> Response:
    """Throw away what came."""
    begun = _uploads(desk)
    begun.forget(begun.find(id, desk.account, about))
    return Response(status_code=204, headers=_TUS)


def finish(desk: Desk, about: str, id: str) -> tuple[str, str]:
    """
    Keep what came, once; digest and name.

    Raises:
        Refusal: UPLOAD_UNKNOWN; as ``BegunUploads.finish``.
    """
    begun = _uploads(desk)
    return begun.finish(begun.find(id, desk.account, about), desk.node.blobs)


def come(desk: Desk, about: str, ids: Sequence[str]) -> list[Begun]:
    """Those of *ids* that came whole and are still here, each once."""
    begun, found = _uploads(desk), list[Begun]()
    for id in dict.fromkeys(ids):
        try:
            one = begun.find(id, desk.account, about)
        except Refusal:
            continue
        if begun.offset(one) == one.size:
            found.append(one)
    return found


def look_at(desk: Desk, about: str, ids: Sequence[str], lang: Lang) -> tuple[str, str] | None:
    """As ``files.look_at``, of what came in pieces; what is refused is thrown away."""
    begun = _uploads(desk)
    for id in ids:
        name = ""
        try:
            found = begun.find(id, desk.account, about)
            name = found.name
            begun.look_at(found)
        except Refusal as refusal:
            return files.not_taken(name, refusal, lang)
    return None


def _uploads(desk: Desk) -> BegunUploads:
    return BegunUploads(desk.node.data_dir)


def _open(desk: Desk, about: str, id: str, offset: str) -> tuple[Begun, Piece]:
    begun = _uploads(desk)
    found = begun.find(id, desk.account, about)
    place = whole_number(offset)
    if place is None:
        raise Refusal(Code.UPLOAD_OFFSET, offset=begun.offset(found))
    return found, begun.piece(found, place)


def _stands(begun: Begun, offset: int) -> dict[str, str]:
    return {"Upload-Offset": str(offset), "Upload-Expires": format_datetime(begun.expires_at, usegmt=True)}


def _name_in(metadata: str) -> str:
    """The name among the pairs of a key and base64; empty if there is none."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                return ""
    return ""
