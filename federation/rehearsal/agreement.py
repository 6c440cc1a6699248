"""
Do all levels tell the same truth?  Compared after everything came to rest:

- every journal against every mirror of it, byte for byte, and against the roots on both sides;
- every entry that went down against the journal that it came from;
- every reading against a refold;
- every ticket, its state, holder, custody and version, at every level that holds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from node.domain.merkle import Range, leaf_hash
from node.domain.ticket.row import row_of
from node.services.rebuild import check
from node.storage import schema
from node.storage.unit_of_work import Store, View

# Contents by node and epoch.
Journals = dict[str, Mapping[int, list[bytes]]]


@dataclass
class Agreement:
    """What was compared, and each difference as a sentence for an operator."""

    journals: int = 0
    mirrors: int = 0
    entries: int = 0
    readings: int = 0
    tickets: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        """True if nothing differed."""
        return not self.broken

    def line(self) -> str:
        """The line that a demo ends with."""
        if self.is_ok:
            held = f"{self.journals} journals, {self.mirrors} mirrors, {self.entries} entries byte for byte"
            return f"agreement: ok ({held}, {self.readings} readings refolded, {self.tickets} tickets)"
        return f"agreement: broken ({len(self.broken)}: {self.broken[0]})"


def compare(stores: Mapping[str, Store]) -> Agreement:
    """Compare the nodes of one tree, by node code."""
    found = Agreement()
    journals: Journals = {}
    for code, store in stores.items():
        with store.read() as view:
            journals[code] = _streams(view, code)
            found.journals += 1
            _check_roots(view, code, code, journals[code], found)
    for code, store in stores.items():
        with store.read() as view:
            _compare_mirrors(view, code, journals, found)
            _compare_from_above(view, code, journals, found)
            _compare_whole(view, code, found)
        found.readings += _compare_readings(store, code, found)
    _compare_tickets(stores, found)
    return found


def _streams(view: View, node: str) -> Mapping[int, list[bytes]]:
    """A node's entries by epoch, in order, as they are held here."""
    table, found = schema.entries, dict[int, list[bytes]]()
    its = (table.c.node == node, table.c.from_above.is_(False))
    for row in view.connection.execute(select(table.c.epoch, table.c.content).where(*its).order_by(table.c.epoch, table.c.seq)):
        found.setdefault(row.epoch, []).append(bytes(row.content))
    return found


def _check_roots(view: View, at: str, node: str, streams: Mapping[int, Sequence[bytes]], found: Agreement) -> None:
    for epoch, contents in streams.items():
        position = view.journal.position(node, epoch)
        if position.size != len(contents) or Range().extend([leaf_hash(content) for content in contents]).root() != position.root:
            found.broken.append(f"{at}: the root over {node}'s journal in epoch {epoch} is not that of its entries")


def _compare_mirrors(view: View, at: str, journals: Journals, found: Agreement) -> None:
    place = view.place()
    for node, own in journals.items():
        if node == at or not place.is_below(node):
            continue
        mirror = _streams(view, node)
        found.mirrors += 1
        for epoch in sorted({*own, *mirror}):
            theirs, ours = mirror.get(epoch, []), own.get(epoch, [])
            found.entries += len(theirs)
            if len(theirs) != len(ours):
                found.broken.append(f"{at}: mirror of {node} has {len(theirs)} entries of epoch {epoch}, the journal {len(ours)}")
            seq = next((seq for seq, (one, other) in enumerate(zip(theirs, ours, strict=False), 1) if one != other), 0)
            if seq:
                found.broken.append(f"{at}: entry {seq} of {node} in epoch {epoch} differs from its journal")
        _check_roots(view, at, node, mirror, found)


def _compare_from_above(view: View, at: str, journals: Journals, found: Agreement) -> None:
    table = schema.entries
    rows = view.connection.execute(select(table.c.node, table.c.epoch, table.c.seq, table.c.content).where(table.c.from_above.is_(True)))
    for row in rows:
        found.entries += 1
        journal = journals.get(row.node, {}).get(row.epoch, [])
        if row.seq > len(journal) or journal[row.seq - 1] != bytes(row.content):
            found.broken.append(f"{at}: entry {row.seq} of {row.node}, taken from above, differs from its journal")


def _compare_whole(view: View, at: str, found: Agreement) -> None:
    """A row that was folded entry by entry is what the whole ticket says."""
    ids = set(view.connection.execute(select(schema.tickets.c.id)).scalars())
    rows = view.readings.rows(ids)
    for ticket_id in sorted(ids):
        whole = view.readings.ticket(ticket_id)
        if whole is None or row_of(whole) != rows[ticket_id]:
            found.broken.append(f"{at}: row of ticket {ticket_id} is not what its entries say")


def _compare_readings(store: Store, at: str, found: Agreement) -> int:
    refolded = check(store)
    found.broken += [f"{at}: reading {one}" for one in refolded.differences]
    return refolded.rows


def _compare_tickets(stores: Mapping[str, Store], found: Agreement) -> None:
    told: dict[str, dict[str, tuple[object, ...]]] = {}
    table = schema.tickets
    for code, store in stores.items():
        with store.read() as view:
            for row in view.connection.execute(select(table)):
                told.setdefault(row.id, {})[code] = (
                    row.state,
                    row.with_whom,
                    row.holder,
                    row.asked,
                    row.custody,
                    row.version,
                    row.outcomes,
                    row.is_incomplete,
                )
    found.tickets = len(told)
    for ticket, views in sorted(told.items()):
        if len(set(views.values())) > 1:
            found.broken.append(
                f"ticket {ticket}: {', '.join(f'{code} says {row[0]}/{row[1]} {row[4]}.{row[5]}' for code, row in sorted(views.items()))}"
            )
