"""
The guard file: how far this node's journal is known to be held elsewhere (FEDERATION 2.3 no. 10): above, because the superior
said so, or below, because it went down from here.

It lies beside the data directory and in no backup.  A database that is older than its guard was restored, copied back or
swapped: it writes nothing before the superior has said where it stands.

The file has two places of one size, each a line with its number and its digest, written in turns: whatever a write leaves half
done, the former one is whole.  To make the file anew and rename it costs a millisecond where others wait for the same disk, and
what goes down waits for it.  A guard that cannot be read says nothing.
"""

import hashlib
import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from node.domain.merkle import Range
from node.storage import schema
from node.storage.journal import Position
from node.storage.unit_of_work import UnitOfWork, View

HELD = "guard"
_line_bytes = 512


@dataclass
class Guard:
    """The guard of one node, in *file*."""

    file: Path
    _written: Position | None = field(default=None)
    # The number of the line that was written last; 0: not looked at yet.
    _number: int = field(default=0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> Position | None:
        """What it says; None if there is none, or none that can be read."""
        return self._read()[1]

    def note(self, position: Position) -> None:
        """Write how far the journal is held elsewhere; what was written last is not written again."""
        with self._lock:
            if position == self._written:
                return
            try:
                number = (self._number or self._read()[0]) + 1
                self._write(number, _line(number, position))
            except (OSError, ValueError):
                return  # a guard that is behind says less, and never anything wrong
            self._written, self._number = position, number

    def _write(self, number: int, line: bytes) -> None:
        file = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(file, line, number % 2 * _line_bytes)
        finally:
            os.close(file)

    def _read(self) -> tuple[int, Position | None]:
        """The number of the last whole line, 0 if there is none, and what it says."""
        try:
            said = self.file.read_bytes()
        except OSError:
            return 0, None
        found = [_said(said[at : at + _line_bytes]) for at in (0, _line_bytes)]
        last = max(filter(None, found), key=lambda one: one[0], default=None)
        return last or (0, _position(said))

    def goes_beyond(self, position: Position) -> bool:
        """True if a journal that ends at *position* cannot fit: it was known to go further."""
        said = self.read()
        return said is not None and said.node == position.node and (said.epoch, said.size) > (position.epoch, position.size)

    def fits(self, view: View | UnitOfWork) -> bool:
        """True if the journal goes at least as far as the guard says, and the same way."""
        said = self.read()
        head = view.head
        if said is None or said.node != head.node:
            return True
        if said.epoch != head.epoch:
            return said.epoch < head.epoch
        own = view.journal.position(head.node, head.epoch)
        return said.size <= own.size and said.root == (own.root if said.size == own.size else _root_at(view, said))


def _line(number: int, position: Position) -> bytes:
    said = {"node": position.node, "epoch": position.epoch, "size": position.size, "root": position.root.hex(), "number": number}
    text = json.dumps(said).encode()
    line = hashlib.sha256(text).hexdigest().encode() + b" " + text
    if len(line) >= _line_bytes:
        raise ValueError(position.node)
    return line.ljust(_line_bytes - 1) + b"\n"


def _said(line: bytes) -> tuple[int, Position] | None:
    """Number and position of a line; None if it is not whole."""
    digest, _, text = line.rstrip().partition(b" ")
    if digest != hashlib.sha256(text).hexdigest().encode():
        return None
    position = _position(text)
    return None if position is None else (int(json.loads(text)["number"]), position)


def _position(text: bytes) -> Position | None:
    """The position that *text* says; the whole file of an older program is one."""
    try:
        said = json.loads(text)
        return Position(said["node"], int(said["epoch"]), int(said["size"]), bytes.fromhex(said["root"]))
    except (ValueError, KeyError, TypeError):
        return None


def _root_at(view: View | UnitOfWork, said: Position) -> bytes:
    table = schema.entries
    rows = view.connection.execute(
        table.select()
        .with_only_columns(table.c.leaf)
        .where(table.c.node == said.node, table.c.epoch == said.epoch, table.c.seq <= said.size)
        .order_by(table.c.seq)
    ).scalars()
    return Range().extend([bytes(leaf) for leaf in rows]).root()
