"""
Files of a ticket: handing one in, and opening one; a file that is not here yet is asked for and holds up nothing.

A form sends a file whole, a script in pieces (``web.pieces``).
"""

import re
import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, File, Form, Header, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from node.domain.command import Command
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.handling import AddEvidence, SubmitMaterial
from node.domain.ticket.ticket import Ticket
from node.services import attachments, openings, uploads
from node.services.command_fields import may_give
from node.services.superior_reading import note_reading
from node.services.unreadable import whole_ticket
from node.storage.unit_of_work import UnitOfWork
from node.web import files, pieces
from node.web.desk import Desk, SignedIn
from node.web.sessions import safe_path
from node.web.templating import page

router = APIRouter()

# Who hands in what the enterprise gave him; all others file what they did.
_FOR_THE_ENTERPRISE = frozenset({Role.ENTERPRISE.value, Role.WINDOW_CLERK.value, Role.SPECIALIST.value})
# What files are handed in by.
HANDING_IN: tuple[type[Command], ...] = (AddEvidence, SubmitMaterial)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@router.get("/tickets/{ticket}/attach", name="attach")
def form(request: Request, desk: SignedIn, ticket: str, back: str = "") -> Response:
    """The form for a file; *back* is where somebody goes on afterwards, the ticket's page unless it is said."""
    found = seen_ticket(desk, ticket)
    return page(
        request,
        "attach.html",
        ticket=found.id,
        back=safe_path(back, ""),
        command_id=str(uuid.uuid4()),
        megabytes=uploads.upload_bytes_max // (1024 * 1024),
        is_material=desk.role in _FOR_THE_ENTERPRISE,
        accept=",".join(uploads.ACCEPTED),
    )


@router.post("/tickets/{ticket}/attach")
def attach(
    desk: SignedIn,
    ticket: str,
    file: Annotated[UploadFile | None, File()] = None,
    upload: Annotated[str, Form()] = "",
    command_id: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    """Keep the file, or what came in pieces as *upload*, and say so in the ticket's journal: evidence, or the enterprise's material."""
    found, blobs = seen_ticket(desk, ticket), desk.node.blobs
    if upload:
        digest, name = pieces.finish(desk, found.id, upload)
    elif file is not None:
        kept = files.keep(blobs, file)
        digest, name = kept.digest, kept.name
    else:
        raise Refusal(Code.FIELD_REQUIRED, field="file")
    command: Command = SubmitMaterial(digest, Text(name)) if kind == "material" else AddEvidence(digest, Text(name))
    desk.act(command, ticket=found.id, id=command_id)
    return RedirectResponse(safe_path(back, f"/tickets/{found.id}"), 303)


# --- in pieces --------------------------------------------------------------------------------------------------------


@router.post("/tickets/{ticket}/attach/parts")
def begin(
    desk: SignedIn,
    ticket: str,
    upload_length: Annotated[str, Header()] = "",
    upload_metadata: Annotated[str, Header()] = "",
) -> Response:
    """Make room for a file of so many bytes, for whoever may hand one in; the answer says where to send it, and until when."""
    found = for_handing_in(desk, ticket)
    return pieces.begin(desk, found.id, f"/tickets/{found.id}/attach/parts", upload_length, upload_metadata)


@router.head("/tickets/{ticket}/attach/parts/{id}")
def where(desk: SignedIn, ticket: str, id: str) -> Response:
    """Where to go on."""
    return pieces.where(desk, seen_ticket(desk, ticket).id, id)


@router.patch("/tickets/{ticket}/attach/parts/{id}")
async def carry_on(request: Request, desk: SignedIn, ticket: str, id: str, upload_offset: Annotated[str, Header()] = "") -> Response:
    """Take what follows from the offset on."""
    return await pieces.carry_on(request, desk, lambda: seen_ticket(desk, ticket).id, id, upload_offset)


@router.delete("/tickets/{ticket}/attach/parts/{id}")
def give_up(desk: SignedIn, ticket: str, id: str) -> Response:
    """Throw away what came."""
    return pieces.give_up(desk, seen_ticket(desk, ticket).id, id)


def for_handing_in(desk: Desk, ticket: str) -> Ticket:
    """
    The ticket that *ticket* names, for whoever sees it and may hand files in.

    Raises:
        Refusal: as ``whole_ticket``; PERMISSION_DENIED.
    """
    found = seen_ticket(desk, ticket)
    with desk.node.store.read() as view:
        pack = desk.node.policies.for_ticket(view, found, desk.node.now()).pack
    if not any(may_give(command, desk.roles, pack) for command in HANDING_IN):
        raise Refusal(Code.PERMISSION_DENIED, command=AddEvidence.__name__, role=desk.role)
    return found


# --- opening one ------------------------------------------------------------------------------------------------------


@router.get("/tickets/{ticket}/attachments/{digest}", name="attachment")
def attachment(request: Request, desk: SignedIn, ticket: str, digest: str) -> Response:
    """A file of a ticket that this person may read, or that it was asked for just now."""
    found = seen_ticket(desk, ticket)
    try:
        return given_out(desk, found, digest)
    except Refusal as refusal:
        return _missing(request, found, digest, "missing", refusal)


@router.post("/tickets/{ticket}/attachments/{digest}", name="open_attachment")
def open_attachment(
    request: Request,
    desk: SignedIn,
    ticket: str,
    digest: str,
    purpose: Annotated[str, Form()] = "",
    round: Annotated[str, Form()] = "",
) -> Response:
    """The same for a purpose: that it is opened stands in the journal before anything is given."""
    found, now, blobs = seen_ticket(desk, ticket), desk.node.now(), desk.node.blobs
    if openings.reads_files(desk.viewer, desk.node.code, found):
        return attachment(request, desk, ticket, digest)
    desk.need_second_factor()
    desk.node.writer.command(lambda work: openings.open_attachment(work, desk.viewer, found, digest, purpose, now, round or None))
    of_round = round if purpose == openings.DRAWN else ""
    # Asked for alone, it would tell below which ticket is looked at (DESIGN 8).
    ask = (lambda work: attachments.want_of_frame(work, blobs, of_round, now)) if of_round else None
    try:
        return _file(desk, found, digest, ask)
    except Refusal as refusal:
        return _missing(request, found, digest, "missing_drawn" if of_round else "missing_above", refusal)


def given_out(desk: Desk, found: Ticket, digest: str) -> Response:
    """
    A file of the ticket *found*, which this desk sees; always as a file to be saved, never as a page of ours.

    Raises:
        Refusal: PURPOSE_REQUIRED for a ticket in which this node has no part, and to an administrator: files need a purpose, as texts do
            (``open_attachment``); EVIDENCE_UNKNOWN, if no entry of the ticket names it; BLOB_MISSING, after a neighbour was asked for it;
            BLOB_DAMAGED.
    """
    if not openings.reads_files(desk.viewer, desk.node.code, found):
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=found.id, purpose=openings.HANDLING)
    return _file(desk, found, digest, lambda work: attachments.want(work, desk.node.blobs, found, desk.node.now(), [digest]))


def _file(desk: Desk, found: Ticket, digest: str, ask: Callable[[UnitOfWork], int] | None) -> Response:
    """The file; where it is not here, *ask* is carried out before that is said."""
    if not _DIGEST.fullmatch(digest):
        raise Refusal(Code.EVIDENCE_UNKNOWN, digests=digest)
    try:
        content = attachments.content_of(desk.node.blobs, found, digest)
    except Refusal as refusal:
        if refusal.code is Code.BLOB_MISSING and ask is not None:
            desk.node.writer.command(ask)
        raise
    return files.as_download(content, f"{found.id}-{digest[:8]}")


def _missing(request: Request, found: Ticket, digest: str, why: str, refusal: Refusal) -> Response:
    """The page that says that the file is not here and what is done about it; any other *refusal* is raised."""
    if refusal.code is not Code.BLOB_MISSING:
        raise refusal
    again = request.url_for("attachment", ticket=found.id, digest=digest).path
    way_out = f"/tickets/{found.id}"
    return page(request, "attachment_missing.html", status_code=404, why=why, again=again, way_out=way_out, is_letter=False)


def seen_ticket(desk: Desk, ticket: str) -> Ticket:
    """
    The ticket that *ticket* names, whose reading is noted where it is a subordinate's.

    Raises:
        Refusal: as ``whole_ticket``.
    """
    with desk.node.store.read() as view:
        found = whole_ticket(view, ticket, desk.viewer)
    note_reading(desk.node, desk.viewer, found)
    return found
