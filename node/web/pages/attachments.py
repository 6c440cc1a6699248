"""Files of a ticket: handing one in, and opening one; a file that is not here yet is asked for and holds up nothing."""

import re
import uuid
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from node.domain.command import Command
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.handling import AddEvidence, SubmitMaterial
from node.domain.ticket.sight import not_shown
from node.domain.ticket.ticket import Ticket
from node.services import attachments, uploads
from node.services.queries import find_ticket
from node.web.desk import Desk, SignedIn
from node.web.templating import page

router = APIRouter()

# Who hands in what the enterprise gave him; all others file what they did.
_FOR_THE_ENTERPRISE = frozenset({Role.ENTERPRISE.value, Role.WINDOW_CLERK.value, Role.SPECIALIST.value})
_DIGEST = re.compile(r"[0-9a-f]{64}")


@router.get("/tickets/{ticket}/attach", name="attach")
def form(request: Request, desk: SignedIn, ticket: str) -> Response:
    """The form for a file."""
    found = _seen(desk, ticket)
    return page(
        request,
        "attach.html",
        ticket=found.id,
        command_id=str(uuid.uuid4()),
        megabytes=uploads.upload_bytes_max // (1024 * 1024),
        is_material=desk.role in _FOR_THE_ENTERPRISE,
        accept=",".join(uploads.ACCEPTED),
    )


@router.post("/tickets/{ticket}/attach")
def attach(
    desk: SignedIn,
    ticket: str,
    file: Annotated[UploadFile, File()],
    command_id: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
) -> Response:
    """Keep the file and say so in the ticket's journal, as evidence or as the enterprise's material."""
    found = _seen(desk, ticket)
    # One byte more than is taken: what is too large is told by its size, and never read whole.
    upload = uploads.keep(desk.node.blobs, file.file.read(uploads.upload_bytes_max + 1), file.filename or "")
    command: Command = (
        SubmitMaterial(upload.digest, Text(upload.name)) if kind == "material" else AddEvidence(upload.digest, Text(upload.name))
    )
    desk.act(command, ticket=found.id, id=command_id)
    return RedirectResponse(f"/tickets/{found.id}", 303)


@router.get("/tickets/{ticket}/attachments/{digest}", name="attachment")
def attachment(request: Request, desk: SignedIn, ticket: str, digest: str) -> Response:
    """A file of a ticket that this person may read; always as a file to be saved, never as a page of ours."""
    found = _seen(desk, ticket)
    if not _DIGEST.fullmatch(digest):
        raise Refusal(Code.EVIDENCE_UNKNOWN, digests=digest)
    blobs = desk.node.blobs
    try:
        with desk.node.store.read() as view:
            content = attachments.content_of(view, blobs, found, digest)
    except Refusal as refusal:
        if refusal.code is not Code.BLOB_MISSING:
            raise
        desk.node.writer.command(lambda work: attachments.want(work, blobs, found, desk.node.now(), [digest]))
        return page(request, "attachment_missing.html", status_code=404, ticket=found.id, digest=digest)
    media_type = uploads.media_type_of(content)
    extension = next((one for one, known in uploads.ACCEPTED.items() if known == media_type), "")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{found.id}-{digest[:8]}{extension}')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


def _seen(desk: Desk, ticket: str) -> Ticket:
    with desk.node.store.read() as view:
        found = view.readings.ticket(find_ticket(view, ticket, desk.viewer))
    if found is None:
        raise not_shown(desk.viewer, ticket)
    return found
