"""
Files that people hand in: what they are is told by their bytes and never by their name, and what could run is refused.

Photos from a phone (JPEG, PNG, HEIC), PDF, Word and Excel in both generations, OFD (GB/T 33190), MP4 and sound.  A document
may bring a program along: macros of Office, scripts and attached files of PDF.  Those are looked for in the bytes as they stand;
a PDF that hides one in a compressed stream is not opened here, and is sent on as a file to be saved, never to be shown.
"""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePath

import puremagic

from node.domain.refusal import Code, Refusal
from node.services import compound_files
from node.storage.blobs import Blobs

upload_bytes_max = 50 * 1024 * 1024
_looked_at_bytes = 8192
# Of a zip that unpacks to more nobody looks at the parts: it is refused as a bomb.
_parts_max = 10_000

ACCEPTED = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".heic": "image/heic",
    ".pdf": "application/pdf",
    ".ofd": "application/ofd",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".amr": "audio/amr",
}
_SAME = {".jpeg": ".jpg", ".jfif": ".jpg", ".heif": ".heic", ".hif": ".heic", ".heix": ".heic", ".mov": ".mp4", ".m4v": ".mp4"}
_OLE = compound_files.HEAD
# What the old formats call the stream that they are about.
_OF_OLE = {"WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls"}
_ZIP = b"PK\x03\x04"
_ACTIVE_IN_PDF = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")
# Names of streams in the directory of a compound file, UTF-16: where Word and Excel keep macros.
_ACTIVE_IN_OLE = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "Macros", "VBA\0"))


@dataclass(frozen=True)
class Upload:
    """A file that is stored here: SHA-256 in hex, bytes, extension as its bytes say, media type, and how it was called."""

    digest: str
    size: int
    extension: str
    media_type: str
    name: str


@dataclass(frozen=True)
class Stored:
    """A file as it lies here: its size in bytes, and its extension as its bytes say, empty of what is none of ``ACCEPTED``."""

    size: int
    extension: str


def keep(blobs: Blobs, content: bytes, name: str) -> Upload:
    """
    Keep a file that somebody handed in.

    Raises:
        Refusal: as ``look_at``, STORAGE_FULL; nothing is then kept.
    """
    extension = look_at(content, name)
    return Upload(blobs.put(content), len(content), extension, ACCEPTED[extension], PurePath(name.replace("\\", "/")).name)


def look_at(content: bytes, name: str) -> str:
    """
    The extension of a file that is taken.

    Raises:
        Refusal: FIELD_REQUIRED (empty), BLOB_TOO_LARGE, FILE_TYPE, FILE_ACTIVE.
    """
    if not content:
        raise Refusal(Code.FIELD_REQUIRED, field="file")
    if len(content) > upload_bytes_max:
        raise Refusal(Code.BLOB_TOO_LARGE, blob="", bytes=len(content), bytes_max=upload_bytes_max)
    extension = extension_of(content, name)
    if _is_active(content, extension):
        raise Refusal(Code.FILE_ACTIVE, type=extension.removeprefix("."))
    return extension


def stored(blobs: Blobs, digest: str) -> Stored | None:
    """What the file of that digest is; None if it is not here.  Only what is told by its list of parts is read whole."""
    try:
        size, head = blobs.size(digest), blobs.piece(digest, 0, _looked_at_bytes)
        return Stored(size, extension_of(blobs.piece(digest, 0, size) if head.startswith((_ZIP, _OLE)) else head))
    except Refusal as refusal:
        return Stored(size, "") if refusal.code is Code.FILE_TYPE else None


def extension_of(content: bytes, name: str = "") -> str:
    """
    What *content* is, as an extension of ``ACCEPTED``; *name* only tells Word from Excel in an old format whose list of parts does not.

    Raises:
        Refusal: FILE_TYPE.
    """
    if content.startswith(_ZIP):
        found = _of_zip(content)
    elif content.startswith(_OLE):
        found = _of_ole(content, name)
    else:
        found = _of_bytes(content)
    if found not in ACCEPTED:
        raise Refusal(Code.FILE_TYPE, type=found.removeprefix("."), offered=", ".join(one.removeprefix(".") for one in ACCEPTED))
    return found


def is_ending(suffix: str) -> bool:
    """True of an ending that a file of a kind that is taken may have."""
    return suffix.lower() in ACCEPTED or suffix.lower() in _SAME


def media_type_of(content: bytes, name: str = "") -> str:
    """The media type under which a stored file is given out; what is none of the accepted kinds is only bytes."""
    try:
        return ACCEPTED[extension_of(content, name)]
    except Refusal:
        return "application/octet-stream"


def _of_bytes(content: bytes) -> str:
    try:
        found = puremagic.magic_string(content[:_looked_at_bytes])
    except (puremagic.PureError, ValueError):
        return ""
    best = max(found, key=lambda one: one.confidence, default=None)
    if best is None:
        return ""
    extension = str(best.extension).lower()
    return _SAME.get(extension, extension)


def _of_ole(content: bytes, name: str) -> str:
    kinds = {_OF_OLE[one] for one in compound_files.root_names(content) if one in _OF_OLE}
    if len(kinds) == 1:
        return kinds.pop()
    return ".xls" if PurePath(name).suffix.lower() in (".xls", ".et") else ".doc"


def _of_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = set(parts.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ".zip"
    if len(names) > _parts_max:
        return ".zip"
    if "OFD.xml" in names:
        return ".ofd"
    if "[Content_Types].xml" not in names:
        return ".zip"
    return ".docx" if "word/document.xml" in names else ".xlsx" if "xl/workbook.xml" in names else ".zip"


def _is_active(content: bytes, extension: str) -> bool:
    if extension == ".pdf":
        return _ACTIVE_IN_PDF.search(content) is not None
    if content.startswith(_OLE):
        return any(name in content for name in _ACTIVE_IN_OLE)
    if content.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return any(
                PurePath(name).name.lower() in ("vbaproject.bin",) or name.lower().endswith((".js", ".exe")) for name in parts.namelist()
            )
    return False
