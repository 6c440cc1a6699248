"""Readings of what stands around a node: turns, members of service groups, intermediary bodies."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete

from node.domain import directory as d
from node.domain.entry import Event, Header
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import upsert_many


def _turn_planned(connection: Connection, _own: str, head: Header, event: d.TurnPlanned) -> bool:
    row = {
        "node": head.node,
        "id": event.turn,
        "kind": event.turn_kind,
        "who": event.who,
        "place": event.place,
        "begins_at": micros(event.begins_at),
        "ends_at": micros(event.ends_at),
    }
    upsert_many(connection, schema.turns, [row])
    return True


def _turn_cancelled(connection: Connection, _own: str, head: Header, event: d.TurnCancelled) -> bool:
    table = schema.turns
    connection.execute(delete(table).where(table.c.node == head.node, table.c.id == event.turn))
    return True


def _group_joined(connection: Connection, _own: str, head: Header, event: d.GroupJoined) -> bool:
    row = {"node": head.node, "service_group": event.group, "member": event.member, "kind": event.member_kind}
    upsert_many(connection, schema.group_members, [row])
    return True


def _group_left(connection: Connection, _own: str, head: Header, event: d.GroupLeft) -> bool:
    table = schema.group_members
    of_member = (table.c.node == head.node, table.c.service_group == event.group, table.c.member == event.member)
    connection.execute(delete(table).where(*of_member))
    return True


def _intermediary_listed(connection: Connection, _own: str, head: Header, event: d.IntermediaryListed) -> bool:
    row = {"node": head.node, "id": event.intermediary, "kind": event.intermediary_kind, "name": event.name}
    upsert_many(connection, schema.intermediaries, [row])
    return True


WAYS: Mapping[type[Event], Callable[[Connection, str, Header, Any], bool]] = {
    d.TurnPlanned: _turn_planned,
    d.TurnCancelled: _turn_cancelled,
    d.GroupJoined: _group_joined,
    d.GroupLeft: _group_left,
    d.IntermediaryListed: _intermediary_listed,
}
