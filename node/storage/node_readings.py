"""Readings of what is no ticket: nodes, units, accounts, adoptions.  Rare, so one statement each is enough."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, update

from node.domain import registry as g
from node.domain.entry import Event, Folded, Header
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import upsert_many


def fold(connection: Connection, one: Folded) -> None:
    """Fold an entry of a node, or leave it: most kinds have no reading of their own."""
    way = _WAYS.get(type(one.event)) if one.event is not None else None
    if way is not None:
        way(connection, one.header, one.event)


def _epoch_started(connection: Connection, head: Header, event: g.EpochStarted) -> None:
    row = connection.execute(schema.nodes.select().where(schema.nodes.c.code == head.node)).first()
    if row is None:
        upsert_many(
            connection, schema.nodes, [{"code": head.node, "superior": "", "name": event.name, "status": "active", "fingerprint": ""}]
        )


def _node_admitted(connection: Connection, head: Header, event: g.NodeAdmitted) -> None:
    row = {"code": event.node, "superior": head.node, "name": event.name, "status": "active", "fingerprint": event.fingerprint}
    upsert_many(connection, schema.nodes, [row])


def _status_set(connection: Connection, _head: Header, event: g.NodeStatusSet) -> None:
    connection.execute(update(schema.nodes).where(schema.nodes.c.code == event.node).values(status=event.status))


def _superior_joined(connection: Connection, head: Header, event: g.SuperiorJoined) -> None:
    rows = []
    below = head.node
    for node, name in zip(event.line, event.names, strict=False):
        connection.execute(update(schema.nodes).where(schema.nodes.c.code == below).values(superior=node))
        known = connection.execute(schema.nodes.select().where(schema.nodes.c.code == node)).first()
        if known is None:
            rows.append({"code": node, "superior": "", "name": name, "status": "active", "fingerprint": ""})
        upsert_many(connection, schema.nodes, rows)
        rows, below = [], node


def _unit_opened(connection: Connection, head: Header, event: g.UnitOpened) -> None:
    upsert_many(
        connection, schema.units, [{"code": event.unit, "node": head.node, "kind": event.unit_kind, "name": event.name, "is_active": True}]
    )


def _unit_closed(connection: Connection, _head: Header, event: g.UnitClosed) -> None:
    connection.execute(update(schema.units).where(schema.units.c.code == event.unit).values(is_active=False))


def _account_opened(connection: Connection, head: Header, event: g.AccountOpened) -> None:
    row = {"node": head.node, "id": event.account, "unit": event.unit, "roles": ",".join(event.roles), "is_active": True}
    upsert_many(connection, schema.accounts, [row])


def _account_closed(connection: Connection, head: Header, event: g.AccountClosed) -> None:
    table = schema.accounts
    connection.execute(update(table).where(table.c.node == head.node, table.c.id == event.account).values(is_active=False))


def _pack_adopted(connection: Connection, head: Header, event: g.PackAdopted) -> None:
    row = {
        "node": head.node,
        "kind": "pack",
        "id": event.pack,
        "version": event.version,
        "digest": event.digest,
        "blob": bytes.fromhex(event.blob),
        "effective_from": event.effective_from.isoformat(),
        "adopted_at": micros(head.recorded_at),
    }
    upsert_many(connection, schema.adoptions, [row])


def _calendar_adopted(connection: Connection, head: Header, event: g.CalendarAdopted) -> None:
    row = {
        "node": head.node,
        "kind": "calendar",
        "id": event.calendar,
        "version": event.version,
        "digest": event.blob,
        "blob": bytes.fromhex(event.blob),
        "effective_from": "",
        "adopted_at": micros(head.recorded_at),
    }
    upsert_many(connection, schema.adoptions, [row])


_WAYS: dict[type[Event], Callable[[Connection, Header, Any], None]] = {
    g.EpochStarted: _epoch_started,
    g.NodeAdmitted: _node_admitted,
    g.NodeStatusSet: _status_set,
    g.SuperiorJoined: _superior_joined,
    g.UnitOpened: _unit_opened,
    g.UnitClosed: _unit_closed,
    g.AccountOpened: _account_opened,
    g.AccountClosed: _account_closed,
    g.PackAdopted: _pack_adopted,
    g.CalendarAdopted: _calendar_adopted,
}
