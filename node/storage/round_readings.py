"""
Readings of sampling rounds: one thin row each, wherever the round's entries are held.

The node that draws and those above it fold every entry; the county begins with the reveal, which says all of it again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, update

from node.domain import round_record as record
from node.domain.entry import Event, Folded, Header
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import upsert_many


def fold(connection: Connection, one: Folded) -> None:
    """Fold an entry of a round, or leave it: openings and what is shown below change no count."""
    way = _WAYS.get(type(one.event)) if one.event is not None else None
    if way is not None:
        way(connection, one.header, one.event)


def _opened(connection: Connection, head: Header, event: record.RoundOpened) -> None:
    upsert_many(connection, schema.rounds, [_new_row(head, event)])


def _new_row(head: Header, event: record.RoundOpened | record.RoundRevealed) -> Mapping[str, Any]:
    return {
        "id": head.subject.id, "node": head.node, "county": event.county, "period": event.period, "state": record.OPENED,
        "rate": event.rate, "floor": event.floor, "cut_epoch": event.from_epoch, "cut_from": event.from_seq, "cut": 0,
        "frame": 0, "drawn": 0, "reached": 0, "findings": 0, "satisfied": 0, "seed": "",
        "opened_at": micros(head.recorded_at), "cut_at": None, "revealed_at": None,
    }  # fmt: skip


def _cut(connection: Connection, head: Header, event: record.FrameCut) -> None:
    cut_at = micros(head.recorded_at)
    _change(connection, head, state=record.CUT, cut_epoch=event.cut_epoch, cut_from=event.from_seq, cut=event.cut, cut_at=cut_at)


def _drawn(connection: Connection, head: Header, event: record.SampleDrawn) -> None:
    _change(connection, head, state=record.DRAWN, frame=event.frame_size, drawn=len(event.keys))


def _further(connection: Connection, head: Header, event: record.FurtherDrawn) -> None:
    _change(connection, head, drawn=schema.rounds.c.drawn + len(event.keys))


def _called(connection: Connection, head: Header, event: record.CallRecorded) -> None:
    # Nobody is called again once reached, so each key counts once.
    if event.is_reached:
        table = schema.rounds
        _change(connection, head, reached=table.c.reached + 1, satisfied=table.c.satisfied + int(event.is_satisfied is True))


def _revealed(connection: Connection, head: Header, event: record.RoundRevealed) -> None:
    table = schema.rounds
    if connection.execute(table.select().where(table.c.id == head.subject.id)).first() is None:
        upsert_many(connection, table, [_new_row(head, event)])
    _change(
        connection, head, state=record.REVEALED, cut_epoch=event.cut_epoch, cut_from=event.from_seq, cut=event.cut, frame=event.frame_size,
        drawn=len(event.drawn), findings=len(event.findings), seed=event.seed, revealed_at=micros(head.recorded_at),
    )  # fmt: skip


def _shown(connection: Connection, head: Header, event: record.CallRevealed) -> None:
    # Where the round began with the reveal, what was heard is known from here; elsewhere the calls were counted already.
    table = schema.rounds
    if not event.is_reached:
        return
    connection.execute(
        update(table)
        .where(table.c.id == head.subject.id, table.c.cut_at.is_(None))
        .values(reached=table.c.reached + 1, satisfied=table.c.satisfied + int(event.is_satisfied is True))
    )


def _change(connection: Connection, head: Header, **values: object) -> None:
    connection.execute(update(schema.rounds).where(schema.rounds.c.id == head.subject.id).values(**values))


_WAYS: dict[type[Event], Callable[[Connection, Header, Any], None]] = {
    record.RoundOpened: _opened,
    record.FrameCut: _cut,
    record.SampleDrawn: _drawn,
    record.FurtherDrawn: _further,
    record.CallRecorded: _called,
    record.RoundRevealed: _revealed,
    record.CallRevealed: _shown,
}
