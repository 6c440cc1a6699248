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
