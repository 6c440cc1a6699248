"""
What a link owes downward: rows that index the journal, numbered without a gap, with a log of their own.

Before a ticket's first way down a link go all its earlier entries, so that who takes it over has the whole file.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select, update

from node.domain.entry import Subject, SubjectKind
from node.domain.merkle import Range
from node.domain.organisation import Place
from node.domain.routing import branches, route
from node.storage import schema
from node.storage.journal import Journal, Stored
from node.storage.readings import Moved
from node.storage.statements import Prepared, insert_many

_links = schema.links
_HEAD = Prepared(select(_links.c.down_epoch, _links.c.down_peaks).where(_links.c.peer == bindparam("link")))
_MOVE_HEAD = Prepared(
    update(_links).where(_links.c.peer == bindparam("link")).values(down_size=bindparam("down_size"), down_peaks=bindparam("down_peaks"))
)


class Downs:
    """Routes the entries of one transaction; ``woken`` are the links that got something to send."""

    def __init__(self, connection: Connection, journal: Journal, place: Callable[[], Place]) -> None:
        self._connection = connection
        self._journal = journal
        self._place = place
        self.woken: set[str] = set()

    def route(self, batch: Sequence[Stored], moved: Mapping[str, Moved]) -> None:
        """Write the down rows of *batch*; *moved* says what it did to its tickets."""
        place = self._place()
        if not place.subordinates:
            return
        owed: dict[str, list[tuple[int, bytes]]] = {}
        # Links that a ticket goes down for the first time, until its first entry of this batch has gone.
        begins = {ticket: new for ticket, found in moved.items() if (new := _new_branches(found, place))}
        # Of thousands of entries most go the same few ways.
        ways: dict[tuple[str, str, bool, frozenset[str]], list[str]] = {}
        for one in batch:
            head = one.header
            is_ticket = head.subject.kind == SubjectKind.TICKET.value
            found = moved.get(head.subject.id) if is_ticket else None
            if found is not None:
                for link in begins.pop(head.subject.id, ()):
                    # Of a new ticket this is the first entry.
                    earlier = [] if found.is_new else self._earlier(head.subject, one.taken)
                    past_rows = [(past.taken, past.leaf) for past in earlier if place.branch(past.header.node) != link]
                    if past_rows:
                        owed.setdefault(link, []).extend(past_rows)
            parties = _parties(found)
            way = (head.node, head.addressee, is_ticket, parties)
            links = ways.get(way)
            if links is None:
                links = ways[way] = sorted(route(head, parties, place))
            for link in links:
                owed.setdefault(link, []).append((one.taken, one.leaf))
        for link, rows in owed.items():
            self._append(link, rows)

    def _earlier(self, subject: Subject, taken: int) -> list[Stored]:
        """Entries of a ticket taken before *taken*."""
        return [one for one in self._journal.of_subject(subject) if one.taken < taken]

    def add(self, link: str, rows: Sequence[tuple[int, bytes]]) -> None:
        """Owe *link* these entries (taken, leaf) as well, in this order, as far as its numbering has not got them yet."""
        down, links = schema.down, schema.links
        epoch = select(links.c.down_epoch).where(links.c.peer == link).scalar_subquery()
        its = (down.c.link == link, down.c.epoch == epoch)
        known = set(self._connection.execute(select(down.c.taken).where(*its)).scalars())
        self._append(link, [row for row in rows if row[0] not in known])

    def _append(self, link: str, rows: Sequence[tuple[int, bytes]]) -> None:
        row = _HEAD.first(self._connection, link=link)
        if row is None:
            return  # invited but never joined: it gets everything that concerns it when it is admitted
        epoch, peaks = row
        progress = Range.from_bytes(bytes(peaks)) if peaks else Range()
        insert_many(
            self._connection,
            schema.down,
            [{"link": link, "epoch": epoch, "down_seq": progress.size + place, "taken": taken} for place, (taken, _) in enumerate(rows, 1)],
        )
        progress = progress.extend([leaf for _, leaf in rows])
        _MOVE_HEAD.run(self._connection, link=link, down_size=progress.size, down_peaks=progress.to_bytes())
        self.woken.add(link)


def _new_branches(moved: Moved, place: Place) -> list[str]:
    before = branches(moved.before.parties, place) if moved.before else frozenset()
    return sorted(branches(_parties(moved), place) - before)


def _parties(moved: Moved | None) -> frozenset[str]:
    return moved.after.parties if moved is not None and moved.after is not None else frozenset()
