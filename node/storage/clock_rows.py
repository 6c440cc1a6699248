"""Thin rows of clocks, folded entry by entry: what is due when, and who owes it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from node.domain.entry import Change, Folded
from node.domain.ticket.sweep import RungFired
from node.storage import schema
from node.storage.database import micros, micros_or_none
from node.storage.statements import Prepared, upsert_many
from node.storage.ticket_rows import parts

_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_CLOCKS_OF_ONE = Prepared(select(schema.clocks).where(schema.clocks.c.ticket == bindparam("id")))
_CLOCKS = select(schema.clocks).where(schema.clocks.c.ticket.in_(_IDS))


class ClockRows:
    """Thin rows of clocks: what is due when, and who owes it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fold(self, batch: Sequence[Folded], new: Collection[str] = ()) -> None:
        """Fold the clock changes and fired rungs of *batch* onto the rows; tickets in *new* have none yet."""
        touching = [one for one in batch if one.header.clocks or one.header.kind == "RungFired"]
        if not touching:
            return
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        for row in self._rows({one.header.subject.id for one in touching}.difference(new)):
            rows[row["ticket"], row["node"], row["name"]] = row
        touched: set[tuple[str, str, str]] = set()
        for one in touching:
            touched |= _fold_clocks(rows, one)
        upsert_many(self._connection, schema.clocks, [rows[key] for key in sorted(touched)])

    def _rows(self, tickets: Collection[str]) -> Iterator[dict[str, Any]]:
        if len(tickets) == 1:
            (ticket,) = tickets
            yield from (dict(zip(_CLOCKS_OF_ONE.names, row, strict=True)) for row in _CLOCKS_OF_ONE.rows(self._connection, id=ticket))
            return
        for part in parts(sorted(tickets)):
            yield from (dict(row._mapping) for row in self._connection.execute(_CLOCKS, {"ids": part}))


def _fold_clocks(rows: dict[tuple[str, str, str], dict[str, Any]], one: Folded) -> set[tuple[str, str, str]]:
    """As ``ticket.fold.fold_clocks``, on thin rows: a clock belongs to the node that started it, and a stopped one stays so."""
    head, touched = one.header, set()
    for change in head.clocks:
        key = (head.subject.id, head.node, change.clock)
        former = rows.get(key)
        at = micros(change.since or head.recorded_at)
        due = micros_or_none(change.due_at)
        if change.change is Change.STARTED:
            rows[key] = {
                "ticket": head.subject.id,
                "name": change.clock,
                "node": head.node,
                "owes": change.owes,
                "count": change.limit,
                "unit": change.unit,
                "started_at": at,
                "due_at": due,
                "last_due_at": due,
                "stopped_at": None,
                "is_provisional": change.provisional,
                "fired": "",
                "calendar": change.calendar,
            }
        elif former is None or former["stopped_at"] is not None:
            continue
        elif change.change is Change.PAUSED:
            rows[key] = former | {"due_at": None}
        elif change.change is Change.RESUMED:
            if former["due_at"] is None:
                rows[key] = former | {"due_at": due, "last_due_at": due, "calendar": change.calendar}
        elif change.change is Change.STOPPED:
            rows[key] = former | {"due_at": None, "stopped_at": at}
        else:
            rows[key] = former | {
                # Written where the clock still ran: it stands all the same, until it is resumed.
                "due_at": due if former["due_at"] is not None else None,
                "last_due_at": due if due is not None else former["last_due_at"],
                "count": change.limit,
                "unit": change.unit,
                "is_provisional": change.provisional,
                "owes": change.owes or former["owes"],
                "fired": former["fired"] if due is not None and due == former["due_at"] else "",
                "calendar": change.calendar,
            }
        touched.add(key)
    if isinstance(one.event, RungFired):
        key = (head.subject.id, head.node, one.event.clock)
        row = rows.get(key)
        if row is not None and row["started_at"] == micros(one.event.started_at):
            fired = [name for name in row["fired"].split(",") if name]
            if one.event.mark not in fired:
                rows[key] = row | {"fired": ",".join([*fired, one.event.mark])}
                touched.add(key)
    return touched
