"""What is wrong with a file: row by row, all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from node.domain.refusal import Refusal


@dataclass(frozen=True)
class Fault:
    """
    One thing that is wrong: the row as it is counted in the file, from 1 (0: the whole file), the column as the file calls it (empty:
    the whole row), and a code of section ``import_fault``, or the *refusal* of what the row asks for.  *value* is what stood there,
    *wanted* what may stand there.
    """

    row: int
    column: str
    code: str
    value: str = ""
    wanted: str = ""
    refusal: Refusal | None = None


class Faulty(Exception):
    """A file with faults; nothing of it was imported.  Sentences stand by code in the catalogues."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(sorted(faults, key=lambda one: (one.row, one.column, one.code)))
