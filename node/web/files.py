"""
Files that come with a form and files that are given out: the same rules for those of tickets and those of letters.

Of several all are looked at before one is kept, so that a form that is refused leaves nothing behind.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from node.domain.command import Command
from node.domain.refusal import Code, Refusal
from node.services import letter_files, uploads
from node.services.uploads import Upload
from node.storage.blobs import Blobs
from node.texts.catalogue import Lang, explain, text

# What a form remembers of files that were chosen and not kept: how they are called.
CHOSEN = "chosen"
# And the begun uploads of those that came in pieces before the form.
COME = "upload"
# The field of a command that says how the files of its field for files are called; nobody types it into a form.
NAMES = "file_names"
# Letters that no file system takes in a name, or that end it.
_NO_NAME = dict.fromkeys(map(ord, '\\/:*?"<>|'), "_") | dict.fromkeys(range(32), None)
name_characters_max = 60


async def _brought(request: Request) -> list[UploadFile]:
    try:
        form = await request.form()
    except ClientDisconnect as gone:
        raise Refusal(Code.MALFORMED_COMMAND, field="form") from gone
    # A field in which nothing was chosen comes as a file without a name.
    return [value for _, value in form.multi_items() if not isinstance(value, str) and value.filename]


Brought = Annotated[list[UploadFile], Depends(_brought)]


def names_of(files: Sequence[UploadFile]) -> list[str]:
    """How *files* are called by whoever chose them."""
    return [file.filename or "" for file in files]


def keep(blobs: Blobs, file: UploadFile) -> Upload:
    """
    Keep a file that came with a form.

    Raises:
        Refusal: as ``uploads.keep``.
    """
    return uploads.keep(blobs, _content(file), file.filename or "")


def look_at(files: Sequence[UploadFile], lang: Lang) -> tuple[str, str] | None:
    """What is wrong with the first of *files* that is not taken, by its name, and what to do; None if all are."""
    for file in files:
        try:
            uploads.look_at(_content(file), file.filename or "")
        except Refusal as refusal:
            return not_taken(file.filename or "", refusal, lang)
    return None


def not_taken(name: str, refusal: Refusal, lang: Lang) -> tuple[str, str]:
    """What is wrong with the file *name*, and what to do."""
    sentence, remedy = explain(refusal, lang)
    return (text("web.form.file_refused", lang, name=name, sentence=sentence) if name else sentence), remedy


def with_files(command: Command, field: str, blobs: Blobs, files: Sequence[UploadFile], come: Sequence[tuple[str, str]] = ()) -> Command:
    """
    *command* with the digests of *come*, digests and names of what is kept already, and of *files*, which are kept, in *field*, and how
    they are called in ``NAMES``.

    Raises:
        Refusal: as ``uploads.keep``.
    """
    if not files and not come:
        return command
    of_fields: Any = command
    kept: dict[str, str] = {}
    for digest, name in come:
        kept.setdefault(digest, name)
    for one in (keep(blobs, file) for file in files):
        kept.setdefault(one.digest, one.name)
    named: Command = replace(of_fields, **{field: tuple(kept), NAMES: letter_files.said_names(tuple(kept.values()))})
    return named


def as_download(content: bytes, stem: str) -> Response:
    """A file to be saved, called *stem* with the ending that its bytes have, once; never shown as a page of ours."""
    media_type = uploads.media_type_of(content, stem)
    extension = next((one for one, known in uploads.ACCEPTED.items() if known == media_type), "")
    name = f"{_without_ending(stem).translate(_NO_NAME).strip(' .')[:name_characters_max]}{extension}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


def _without_ending(name: str) -> str:
    """*name* without an ending of the kinds that are taken: its bytes say which it has."""
    return name[: -len(suffix)] if (suffix := PurePath(name).suffix) and uploads.is_ending(suffix) else name


def _content(file: UploadFile) -> bytes:
    # One byte more than is taken: what is too large is told by its size, and never read whole.
    file.file.seek(0)
    return file.file.read(uploads.upload_bytes_max + 1)
