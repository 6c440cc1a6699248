"""
What begins in a transaction: subjects of which nothing was here before, seen once where each reader would look for it again.

Nothing is taken on trust: what is here is asked of the tables and of what waits to be written, and asked again once a statement
may have changed them.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, exists, or_, select

from node.storage import schema
from node.storage.statements import Prepared
from node.storage.waiting import changes_so_far, waiting_values

# What a subject that is new everywhere has no row in.
_TRACES = ((schema.entries, "subject_id"), (schema.tickets, "id"), (schema.wrapped_keys, "subject_id"))
_IS_HERE = Prepared(select(or_(*(exists().where(table.c[name] == bindparam("id")) for table, name in _TRACES)).label("is_here")))
_IS_BEHIND = Prepared(
    select(or_(*(exists().where(table.c[name].between(bindparam("id"), bindparam("last"))) for table, name in _TRACES)).label("is_behind"))
)


class Beginnings:
    """Those of the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Where the first entry stands, by the subject's id; None until it is appended.
        self._first: dict[str, int | None] = {}
        # From where to where no id is in any table, and after which changes of this transaction that was seen.
        self._free: tuple[str, str, int] | None = None

    def note(self, id: str, last: str) -> bool:
        """Note that *id* begins, unless something of it is here; one look serves for those behind it, up to *last*."""
        if any(id in waiting_values(self._connection, table, (name,)) for table, name in _TRACES) or not self._is_free(id, last):
            return False
        self._first[id] = None
        return True

    def follow(self, appended: Iterable[tuple[str, int]]) -> None:
        """Entries were appended: the subject of each, and where it stands (``taken``)."""
        if self._first:
            for id, taken in appended:
                if self._first.get(id, taken) is None:
                    self._first[id] = taken

    def first_of(self, id: str) -> int | None:
        """Where the first entry about *id* stands, if it began here."""
        return self._first.get(id)

    def forget(self) -> None:
        """Rows were taken out by another way: what begins next is looked for anew."""
        self._first.clear()
        self._free = None

    def _is_free(self, id: str, last: str) -> bool:
        changes = changes_so_far(self._connection)
        if self._free is not None and self._free[0] <= id <= self._free[1] and self._free[2] == changes:
            return True
        if changes is not None and not _IS_BEHIND.written(self._connection, id=id, last=last)[0][0]:
            self._free = id, last, changes
            return True
        # Another node's, whose numbers stand behind these, say nothing about this one.
        return not _IS_HERE.written(self._connection, id=id)[0][0]
