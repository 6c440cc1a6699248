"""
Taking once more, behind everything else, what was taken from below since some place in the journal.

Entries go up, and are folded anew, in the order in which they were taken (``taken``): what a node knew when it wrote stands before what it
wrote.  Where this node's own entries are written again at the end, by which a node below was let in or went on, what came of that
node since has to follow them, or whoever is above refuses it for ever.
"""

from sqlalchemy import Connection, select, update

from node.storage import schema
from node.storage.journal import Journal

# What names an entry by its place.  The readings and the indexes of texts are made anew by whoever calls.
_BESIDE = (schema.payloads, schema.wrapped_keys, schema.down, schema.notices)


def take_again_from_below(connection: Connection, journal: Journal, after: int) -> int:
    """Move what was taken from below behind *after* (a ``taken``) to the end, in its order; gives how many entries.  Nothing is folded."""
    entries, head = schema.entries, journal.head
    its = (entries.c.taken > after, entries.c.node != head.node, entries.c.from_above.is_(False))
    found = connection.execute(select(entries.c.taken).where(*its)).scalars().all()
    if not found:
        return 0
    offset = head.taken - after
    journal.forget_files()
    moved = select(entries.c.taken).where(*its)
    for table in _BESIDE:
        connection.execute(update(table).where(table.c.taken.in_(moved)).values(taken=table.c.taken + offset))
    connection.execute(update(entries).where(*its).values(taken=entries.c.taken + offset))
    head.taken = max(found) + offset
    return len(found)
