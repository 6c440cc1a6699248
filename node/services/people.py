"""
What this node's own people are called: the names that their accounts were opened with.

A name stands nowhere but in the sealed payload of its entry (DESIGN 4), so it is opened for pages, papers and lists of this node and
is kept in memory only.  An account of another node has no name here: its people's names are not for this one to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from node.domain.entry import Subject, SubjectKind
from node.domain.payload import SealedRef
from node.domain.registry import AccountOpened
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import View


def people_of(view: View) -> Mapping[str, str]:
    """
    Names by account, of those who were opened with one.  Of two people who are called the same the account stands behind the name.

    What was read once is kept: a page asks with one statement for what was written since.
    """
    with _LOCK:
        kept = _KEPT.setdefault(view.connection.engine, _Kept())
        _read_on(view, kept)
        return kept.said


@dataclass
class _Kept:
    """``taken``: up to where entries were read; ``own`` names by account, ``said`` as they are shown."""

    taken: int = 0
    own: dict[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


# One for each database that is open; a second process that writes is seen, since what is new is asked of the database.
_KEPT: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_LOCK = Lock()


def _read_on(view: View, kept: _Kept) -> None:
    table, node = schema.entries, view.head.node
    subject = Subject(SubjectKind.NODE.value, node)
    since = (table.c.subject_id == node, table.c.taken > kept.taken)
    rows = view.connection.execute(
        select(table.c.taken, table.c.content)
        .where(*since, table.c.node == node, table.c.kind == AccountOpened.kind())
        .order_by(table.c.taken)
    ).all()
    if rows:
        events = [event for row in rows if isinstance(event := decode_content(bytes(row.content)).event, AccountOpened)]
        refs = {event.account: event.name for event in events if isinstance(event.name, SealedRef)}
        opened = view.payloads.open_all(subject, refs, [row.taken for row in rows])
        # Roles that are set anew without a name leave the name that was given.
        kept.own |= opened
        names = list(kept.own.values())
        kept.said = {account: name if names.count(name) == 1 else f"{name} {account}" for account, name in kept.own.items()}
    # The head was read first: everything that it counts is committed.
    kept.taken = max(kept.taken, view.head.taken)
