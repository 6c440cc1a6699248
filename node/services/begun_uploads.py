"""
Files that come in pieces over a bad line: begun, carried on after a cut from where they stand, and kept once they are whole.

What came lies below ``uploads/`` of the node's directory as it came: the bytes, whose count is where to go on, and beside them a
note whose they are.  One that was kept leaves its note, so that the same form sent twice files once.  Either goes a day after it was
begun; a backup leaves them out.
"""

import json
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

from node.domain.refusal import Code, Refusal
from node.services import uploads
from node.storage.blobs import Blobs

T = TypeVar("T")

begun_hours_max = 24
# Of one account, so that nobody fills the disk with beginnings.
begun_at_once_max = 4
_FOLDER = "uploads"
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Begun:
    """
    A file of *size* bytes that *account* hands in for *ticket*, or for what its pages call so; ``digest`` once it is whole and kept.
    """

    id: str
    account: str
    ticket: str
    name: str
    size: int
    begun_at: str
    digest: str = ""

    @property
    def expires_at(self) -> datetime:
        """When it is thrown away, whatever came."""
        return datetime.fromisoformat(self.begun_at) + timedelta(hours=begun_hours_max)


class BegunUploads:
    """The files that are under way at the node in *data_dir*; one process writes them."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / _FOLDER

    def begin(self, account: str, ticket: str, name: str, size: int, wall: datetime) -> Begun:
        """
        Make room for a file.

        Raises:
            Refusal: FIELD_REQUIRED (empty), BLOB_TOO_LARGE, UPLOADS_MANY, STORAGE_FULL.
        """
        if size < 1:
            raise Refusal(Code.FIELD_REQUIRED, field="file")
        if size > uploads.upload_bytes_max:
            raise Refusal(Code.BLOB_TOO_LARGE, blob="", bytes=size, bytes_max=uploads.upload_bytes_max)
        self.expire(wall)
        under_way = [one for one in self._all() if one.account == account and not one.digest]
        if len(under_way) >= begun_at_once_max:
            raise Refusal(Code.UPLOADS_MANY, count=len(under_way), hours=begun_hours_max)
        begun = Begun(uuid.uuid4().hex, account, ticket, name, size, wall.isoformat())
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._bytes_of(begun.id).touch(mode=0o600)
            self._note(begun)
        except OSError as error:
            raise Refusal(Code.STORAGE_FULL) from error
        return begun

    def find(self, id: str, account: str, ticket: str) -> Begun:
        """
        What *account* began for *ticket*.

        Raises:
            Refusal: UPLOAD_UNKNOWN; also where another account began it.
        """
        found = self._read(id) if _ID.fullmatch(id) else None
        if found is None or (found.account, found.ticket) != (account, ticket):
            raise Refusal(Code.UPLOAD_UNKNOWN)
        return found

    def offset(self, begun: Begun) -> int:
        """How many bytes are here: where to go on."""
        return begun.size if begun.digest else self._bytes_of(begun.id).stat().st_size

    def piece(self, begun: Begun, offset: int) -> "Piece":
        """
        What follows from *offset* on, to be closed by whoever opened it.

        Raises:
            Refusal: UPLOAD_OFFSET, if that is not where it stands; BUSY, while another piece is being written.
        """
        return Piece(self._bytes_of(begun.id), offset, begun.size)

    def look_at(self, begun: Begun) -> None:
        """
        Say whether ``finish`` would take it: of several all are looked at before one is kept.

        Raises:
            Refusal: as ``finish``, but for STORAGE_FULL.
        """
        if not begun.digest:
            self._whole(begun, lambda content: uploads.look_at(content, begun.name))

    def finish(self, begun: Begun, blobs: Blobs) -> tuple[str, str]:
        """
        Keep the whole file, once.

        Returns:
            Digest and name.
        Raises:
            Refusal: UPLOAD_OFFSET, if bytes are missing; as ``uploads.keep``, which looks at the whole: what is refused is thrown away.
        """
        if begun.digest:
            return begun.digest, begun.name
        kept = self._whole(begun, lambda content: uploads.keep(blobs, content, begun.name))
        self._note(replace(begun, digest=kept.digest, name=kept.name))
        self._bytes_of(begun.id).unlink(missing_ok=True)
        return kept.digest, kept.name

    def _whole(self, begun: Begun, take: Callable[[bytes], T]) -> T:
        file = self._bytes_of(begun.id)
        if file.stat().st_size != begun.size:
            raise Refusal(Code.UPLOAD_OFFSET, offset=file.stat().st_size)
        try:
            return take(file.read_bytes())
        except Refusal as refusal:
            if refusal.code is not Code.STORAGE_FULL:
                self.forget(begun)
            raise

    def forget(self, begun: Begun) -> None:
        """Throw away what came."""
        for path in (self._note_of(begun.id), self._bytes_of(begun.id)):
            path.unlink(missing_ok=True)

    def expire(self, wall: datetime) -> int:
        """Throw away what was begun more than ``begun_hours_max`` ago; gives how many."""
        old = [one for one in self._all() if one.expires_at <= wall]
        for one in old:
            self.forget(one)
        return len(old)

    def _all(self) -> Iterator[Begun]:
        for path in sorted(self._folder.glob("*.json")):
            found = self._read(path.stem)
            if found is not None:
                yield found

    def _read(self, id: str) -> Begun | None:
        try:
            return Begun(**json.loads(self._note_of(id).read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _note(self, begun: Begun) -> None:
        path = self._note_of(begun.id)
        fresh = path.with_suffix(".tmp")
        fresh.write_text(json.dumps(asdict(begun), ensure_ascii=False), "utf-8")
        fresh.replace(path)

    def _note_of(self, id: str) -> Path:
        return self._folder / f"{id}.json"

    def _bytes_of(self, id: str) -> Path:
        return self._folder / f"{id}.part"


class Piece:
    """A file while one piece is added to it; whatever came before a cut stays."""

    _busy: ClassVar[set[Path]] = set()
    _lock = threading.Lock()

    def __init__(self, path: Path, offset: int, size: int) -> None:
        with self._lock:
            if path in self._busy:
                raise Refusal(Code.BUSY)
            here = path.stat().st_size if path.exists() else size
            if offset != here:
                raise Refusal(Code.UPLOAD_OFFSET, offset=here)
            self._busy.add(path)
        self._path, self._size = path, size
        self.offset = offset
        self._file = path.open("ab")

    def take(self, part: bytes) -> None:
        """
        Add *part*.

        Raises:
            Refusal: BLOB_TOO_LARGE, past the size that was said; STORAGE_FULL.
        """
        if self.offset + len(part) > self._size:
            raise Refusal(Code.BLOB_TOO_LARGE, blob="", bytes=self.offset + len(part), bytes_max=self._size)
        try:
            self._file.write(part)
        except OSError as error:
            raise Refusal(Code.STORAGE_FULL) from error
        self.offset += len(part)

    def close(self) -> None:
        """What came is on the disk; another piece may follow."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Refusal(Code.STORAGE_FULL) from error
        finally:
            self._file.close()
            with self._lock:
                self._busy.discard(self._path)
