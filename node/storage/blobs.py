"""
Content-addressed files: attachments, large sealed payloads, texts of packs and calendars.

A blob's name is the SHA-256 of its bytes; an entry that speaks of it carries that digest, so a changed byte is found.
Written to a temporary file, synced and renamed: a blob is there whole or not at all.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from node.domain.refusal import Code, Refusal


class Blobs:
    """The blobs below a directory, two levels deep by the first digits of their names."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, content: bytes) -> str:
        """
        Keep *content* and return its SHA-256 in hex; keeping it again is a no-op.

        Raises:
            Refusal: STORAGE_FULL; nothing is left behind.
        """
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
                try:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).rename(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise Refusal(Code.STORAGE_FULL) from error
        return name

    def get(self, name: str) -> bytes:
        """
        The bytes of a blob, checked against its name.

        Raises:
            Refusal: BLOB_MISSING or BLOB_DAMAGED.
        """
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError:
            raise Refusal(Code.BLOB_MISSING, blob=name) from None
        if hashlib.sha256(content).hexdigest() != name:
            raise Refusal(Code.BLOB_DAMAGED, blob=name)
        return content

    def size(self, name: str) -> int:
        """
        How many bytes a blob has.

        Raises:
            Refusal: BLOB_MISSING.
        """
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            raise Refusal(Code.BLOB_MISSING, blob=name) from None

    def piece(self, name: str, offset: int, length: int) -> bytes:
        """
        *length* bytes of a blob from *offset* on, fewer at its end; not checked against its name, which only the whole can be.

        Raises:
            Refusal: BLOB_MISSING.
        """
        try:
            with self._path(name).open("rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError:
            raise Refusal(Code.BLOB_MISSING, blob=name) from None

    def begun(self, name: str) -> int:
        """How many bytes are here of a blob that comes in pieces; its size once it is whole."""
        if self.has(name):
            return self.size(name)
        part = self._part(name)
        return part.stat().st_size if part.exists() else 0

    def add_piece(self, name: str, offset: int, piece: bytes, size: int) -> int:
        """
        Put *piece* of the blob *name* at *offset*, and return where to go on: *size* once the blob is whole.

        A piece that does not follow what is here changes nothing, so a repeat is harmless.  Bytes that come to another digest are
        thrown away, and the answer is 0: begin anew.

        Raises:
            Refusal: STORAGE_FULL.
        """
        here = self.begun(name)
        if self.has(name) or offset != here or not piece:
            return here
        part = self._part(name)
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("ab") as file:
                file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            part.unlink(missing_ok=True)
            raise Refusal(Code.STORAGE_FULL) from error
        here += len(piece)
        if here < size:
            return here
        with part.open("rb") as file:
            is_whole = hashlib.file_digest(file, "sha256").hexdigest() == name
        if not is_whole:
            part.unlink()
            return 0
        part.rename(self._path(name))
        return here

    def discard(self, name: str) -> None:
        """Take a blob away that nothing speaks of: what brought it was rolled back."""
        self._path(name).unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        """True if the blob is here."""
        return self._path(name).exists()

    def names(self) -> list[str]:
        """Every blob here, sorted."""
        return sorted(path.name for path in self._directory.glob("??/*") if not path.name.startswith("."))

    def damaged(self) -> list[str]:
        """Blobs whose bytes are not what their name says (AS25-3.6.5a)."""
        return [name for name in self.names() if hashlib.sha256(self._path(name).read_bytes()).hexdigest() != name]

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name

    def _part(self, name: str) -> Path:
        return self._directory / name[:2] / f".begun-{name}"
