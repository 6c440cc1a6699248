"""
Files of a ticket for other systems: one is handed in first and answered by its digest, which a command then files (``add-evidence``,
``complete`` ...); from then on whoever sees the ticket is given it.

Who may, what is taken and how it is given out is said once, with the pages.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from node.domain.refusal import Code, Refusal
from node.services import uploads
from node.services.bodies import as_json
from node.services.command_fields import verb_of
from node.web.api import answers as a
from node.web.api import converting, door, shape
from node.web.api.query import Parameter, read_parameters
from node.web.desk import Desk
from node.web.pages.attachments import HANDING_IN, for_handing_in, given_out, seen_ticket

router = APIRouter()
PLACE = "/tickets/{id}/attachments"
ONE = f"{PLACE}/{{digest}}"
SCOPE = "attachments"
# Either opens the way in: a system that may file neither has nothing to hand in.
SCOPES_IN = tuple(verb_of(command) for command in HANDING_IN)
ID, DIGEST = Parameter("id", is_required=True, place="path"), Parameter("digest", is_required=True, place="path")
NAME = Parameter("name")
ANSWER: Mapping[str, Any] = a.whole(digest=a.WORD, bytes=a.NUMBER, media_type=a.WORD, name=a.WORD)


@router.post(PLACE, name="api attach")
async def hand_in(request: Request, desk: door.Caller, id: str) -> Response:
    """Keep a file, once however often it comes; nothing of it is read before it is known who sends it."""
    said = await run_in_threadpool(_begin, request, desk, id)
    content, name = await _file_of(request, said)
    kept = await run_in_threadpool(uploads.keep, desk.node.blobs, content, name)
    body = {"digest": kept.digest, "bytes": kept.size, "media_type": kept.media_type, "name": kept.name}
    return Response(as_json(body), 201, {"Cache-Control": "no-store"}, "application/json")


@router.get(ONE, name="api attachment")
def give_out(request: Request, id: str, digest: str, desk: Desk = Depends(door.asking(SCOPE))) -> Response:  # noqa: B008  # as queries
    """A file that an entry of the ticket names, checked against its digest."""
    read_parameters(request, (ID, DIGEST))
    return given_out(desk, seen_ticket(desk, id), digest)


def _begin(request: Request, desk: Desk, id: str) -> str:
    """Who may, about what, and the name that was said."""
    token = door.token_of_request(request)
    if token is not None and not any(token.may_do(verb) for verb in SCOPES_IN):
        raise Refusal(Code.PERMISSION_DENIED, command=SCOPES_IN[0], role=desk.role)
    said = read_parameters(request, (ID, NAME))
    for_handing_in(desk, id)
    return said["name"] or ""


async def _file_of(request: Request, said: str) -> tuple[bytes, str]:
    """Bytes and name of the file: the field ``file`` of a form, or the body itself.  Of what is too large no more is read than tells so."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _whole(request), said
    async with request.form(max_files=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refusal(Code.FIELD_REQUIRED, field="file")
        content = await file.read(uploads.upload_bytes_max + 1)
        return content, said or converting.words("name", file.filename or "", shape.code_characters_max)


async def _whole(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > uploads.upload_bytes_max:
            raise Refusal(Code.BLOB_TOO_LARGE, blob="", bytes=size, bytes_max=uploads.upload_bytes_max)
        parts.append(part)
    return b"".join(parts)
