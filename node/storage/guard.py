"""
The guard file: how far this node's journal is known to be held elsewhere (FEDERATION 2.3 no. 10): above, because the superior
said so, or below, because it went down from here.

It lies beside the data directory and in no backup.  A database that is older than its guard was restored, copied back or
swapped: it writes nothing before the superior has said where it stands.  It is rewritten by renaming, so it is whole or the
former one; a guard that cannot be read says nothing.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from node.domain.merkle import Range
from node.storage import schema
from node.storage.journal import Position
from node.storage.unit_of_work import UnitOfWork, View

HELD = "guard"


@dataclass
class Guard:
    """The guard of one node, in *file*."""

    file: Path
    _written: Position | None = field(default=None)

    def read(self) -> Position | None:
        """What it says; None if there is none, or none that can be read."""
        try:
            said = json.loads(self.file.read_text(encoding="utf-8"))
            return Position(said["node"], int(said["epoch"]), int(said["size"]), bytes.fromhex(said["root"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def note(self, position: Position) -> None:
        """Write how far the journal is held elsewhere; what was written last is not written again."""
        if position == self._written:
            return
        said = {"node": position.node, "epoch": position.epoch, "size": position.size, "root": position.root.hex()}
        part = self.file.with_name(f"{self.file.name}.part")
        try:
            part.write_text(json.dumps(said), encoding="utf-8")
            part.replace(self.file)
        except OSError:
            return  # a guard that is behind says less, and never anything wrong
        self._written = position

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


def _root_at(view: View | UnitOfWork, said: Position) -> bytes:
    table = schema.entries
    rows = view.connection.execute(
        table.select()
        .with_only_columns(table.c.leaf)
        .where(table.c.node == said.node, table.c.epoch == said.epoch, table.c.seq <= said.size)
        .order_by(table.c.seq)
    ).scalars()
    return Range().extend([bytes(leaf) for leaf in rows]).root()
