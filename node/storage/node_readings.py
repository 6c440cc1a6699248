"""
Readings of what is no ticket: nodes, units, accounts, adoptions.  Rare, so one statement each is enough.

Whoever writes an entry speaks for itself and for what stands directly below it, and for nobody else: a county that says
that its sister is suspended, or that it stands elsewhere in the tree, is not believed.  Such an entry is kept, forwarded
and set aside like one that cannot be folded.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from node.domain import accounts as a
from node.domain import registry as g
from node.domain.entry import Event, Folded, Header
from node.domain.merkle import Range
from node.domain.reparenting import NodeReparented, ReparentingOrdered
from node.storage import catalogue_readings, directory_readings, lane, reparenting_readings, schema
from node.storage.codec import decode_content
from node.storage.database import micros
from node.storage.statements import Prepared, insert_missing, upsert_many


def fold(connection: Connection, own: str, one: Folded) -> bool:
    """
    Fold an entry of a node, or leave it: most kinds have no reading of their own.  False if its writer may not say that.

    *own* is the node that folds: only its own word says who stands above it.
    """
    way = _WAYS.get(type(one.event)) if one.event is not None else None
    if way is None:
        return True
    if one.header.subject.kind == "node" and one.header.subject.id != one.header.node:
        return False
    return way(connection, own, one.header, one.event)


_NODE = Prepared(select(schema.nodes).where(schema.nodes.c.code == bindparam("code")))


def _node(connection: Connection, code: str) -> Any:
    """The row of a node, its values by the names of the columns; None if it is not known."""
    return _NODE.record(connection, code=code)


def _epoch_started(connection: Connection, _own: str, head: Header, event: g.EpochStarted) -> bool:
    if _node(connection, head.node) is None:
        upsert_many(connection, schema.nodes, [_top(head.node, event.name)])
    return True


def _top(code: str, name: str) -> dict[str, str]:
    """A node above which nobody is known yet."""
    return {"code": code, "superior": "", "name": name, "status": "active", "fingerprint": ""}


def _node_admitted(connection: Connection, own: str, head: Header, event: g.NodeAdmitted) -> bool:
    if event.node == own:
        return True  # its place is what it was told when it joined
    known = _node(connection, event.node)
    # One that stands nowhere yet, or its own already; never itself, nor one that is known to stand elsewhere.
    if event.node == head.node or (known is not None and known.superior not in ("", head.node)):
        return False
    if known is not None and known.superior == "" and known.name:
        return False  # a top node is nobody's subordinate because somebody below says so
    row = {"code": event.node, "superior": head.node, "name": event.name, "status": "active", "fingerprint": event.fingerprint}
    upsert_many(connection, schema.nodes, [row])
    reparenting_readings.note_joined(connection, event.node, head.node)
    return True


def _moved(connection: Connection, own: str, head: Header, event: ReparentingOrdered | NodeReparented) -> bool:
    """
    As ``reparenting_readings`` has it.  Where the move was told of once more, by a common superior that was restored from before it,
    the new superior's admission may stand before it here, and was not believed: it counts from now on.
    """
    if not reparenting_readings.WAYS[type(event)](connection, own, head, event):
        return False
    if isinstance(event, NodeReparented):
        _forget_fork(connection, event.node)  # it begins an epoch of its new superior's, who holds one history of it
    entries, quarantine = schema.entries, schema.quarantine
    its = (quarantine.c.reason == lane.NOT_ITS_OWN, entries.c.kind == g.NodeAdmitted.kind())
    query = select(entries.c.taken, entries.c.content).join(quarantine, quarantine.c.taken == entries.c.taken).where(*its)
    for taken, content in connection.execute(query.order_by(entries.c.taken)).all():
        one = decode_content(bytes(content))
        admitted = one.event
        if isinstance(admitted, g.NodeAdmitted) and admitted.node == event.node and _node_admitted(connection, own, one.header, admitted):
            connection.execute(delete(quarantine).where(quarantine.c.taken == taken))
    return True


def _status_set(connection: Connection, _own: str, head: Header, event: g.NodeStatusSet) -> bool:
    known = _node(connection, event.node)
    if known is None or known.superior != head.node:
        return _came_too_late(known, head)
    connection.execute(update(schema.nodes).where(schema.nodes.c.code == event.node).values(status=event.status))
    if event.status == "revoked":
        _forget_fork(connection, event.node)  # nothing more of it is taken, whatever it brings
    return True


def _came_too_late(known: Any, head: Header) -> bool:
    """
    True if the node stood below the writer once: he had not heard yet that it was named another superior.  What he says then has no
    effect, and nobody has to look at it.
    """
    return known is not None and head.node in known.former.split(",")


def _epoch_granted(connection: Connection, own: str, head: Header, event: g.EpochGranted) -> bool:
    """The stream of the new epoch is held from here on; only the node's superior may say so."""
    known = _node(connection, event.node)
    if event.node == own:
        return True  # it begins the epoch itself, once its operator says so, too
    if known is None or known.superior != head.node:
        return _came_too_late(known, head)
    table = schema.streams
    row = {"node": event.node, "epoch": event.epoch, "size": 0, "peaks": Range().to_bytes()}
    insert_missing(connection, table, [row])
    former = (table.c.node == event.node, table.c.epoch == event.previous)
    connection.execute(update(table).where(*former).values(kept=event.kept_size))
    forks = schema.forks
    connection.execute(update(forks).where(forks.c.node == event.node).values(granted=event.epoch))
    return True


def _fork_seen(connection: Connection, _own: str, head: Header, event: g.ForkSeen) -> bool:
    known = _node(connection, event.node)
    if known is None or known.superior != head.node:
        return _came_too_late(known, head)
    place = {"stream": event.stream, "epoch": event.epoch, "seq": event.seq}
    upsert_many(connection, schema.forks, [{"node": event.node, "seen_by": head.node, **place, "granted": 0}])
    return True


def _forget_fork(connection: Connection, node: str) -> None:
    connection.execute(delete(schema.forks).where(schema.forks.c.node == node))


def _superior_joined(connection: Connection, own: str, head: Header, event: g.SuperiorJoined) -> bool:
    if head.node != own:
        return True  # where a node below stands its superior's entry has said
    below = head.node
    for node, name in zip(event.line, event.names, strict=False):
        connection.execute(update(schema.nodes).where(schema.nodes.c.code == below).values(superior=node))
        if _node(connection, node) is None:
            upsert_many(connection, schema.nodes, [_top(node, name)])
        below = node
    if event.line:
        reparenting_readings.note_joined(connection, own, event.line[0])
    return True


def _is_unit_of(head: Header, unit: str) -> bool:
    return unit.startswith(f"{head.node}-")


def _unit_opened(connection: Connection, _own: str, head: Header, event: g.UnitOpened) -> bool:
    if not _is_unit_of(head, event.unit):
        return False
    upsert_many(
        connection, schema.units, [{"code": event.unit, "node": head.node, "kind": event.unit_kind, "name": event.name, "is_active": True}]
    )
    return True


def _unit_closed(connection: Connection, _own: str, head: Header, event: g.UnitClosed) -> bool:
    if not _is_unit_of(head, event.unit):
        return False
    connection.execute(update(schema.units).where(schema.units.c.code == event.unit).values(is_active=False))
    return True


def _account_opened(connection: Connection, _own: str, head: Header, event: g.AccountOpened) -> bool:
    row = {
        "node": head.node,
        "id": event.account,
        "unit": event.unit,
        "roles": ",".join(event.roles),
        "is_active": True,
        "status": "active",
    }
    upsert_many(connection, schema.accounts, [row])
    return True


def _account_closed(connection: Connection, _own: str, head: Header, event: g.AccountClosed) -> bool:
    return _set_account(connection, head, event.account, "closed")


def _account_suspended(connection: Connection, _own: str, head: Header, event: a.AccountSuspended) -> bool:
    return _set_account(connection, head, event.account, "suspended")


def _account_resumed(connection: Connection, _own: str, head: Header, event: a.AccountResumed) -> bool:
    return _set_account(connection, head, event.account, "active")


def _set_account(connection: Connection, head: Header, account: str, status: str) -> bool:
    table = schema.accounts
    values = {"is_active": status == "active", "status": status}
    connection.execute(update(table).where(table.c.node == head.node, table.c.id == account).values(values))
    return True


def _deputy_named(connection: Connection, _own: str, head: Header, event: a.DeputyNamed) -> bool:
    row = {"node": head.node, "account": event.account, "deputy": event.deputy, "duty": event.duty}
    days = {"from_day": event.from_day.isoformat(), "to_day": event.to_day.isoformat()}
    upsert_many(connection, schema.deputies, [row | days])
    return True


def _deputy_ended(connection: Connection, _own: str, head: Header, event: a.DeputyEnded) -> bool:
    table = schema.deputies
    connection.execute(delete(table).where(table.c.node == head.node, table.c.account == event.account, table.c.deputy == event.deputy))
    return True


def _pack_adopted(connection: Connection, _own: str, head: Header, event: g.PackAdopted) -> bool:
    row = {
        "node": head.node,
        "kind": "pack",
        "id": event.pack,
        "version": event.version,
        "digest": event.digest,
        "blob": bytes.fromhex(event.blob),
        "effective_from": event.effective_from.isoformat(),
        "adopted_at": micros(head.recorded_at),
        "seq": head.seq,
    }
    upsert_many(connection, schema.adoptions, [row])
    return True


def _calendar_adopted(connection: Connection, _own: str, head: Header, event: g.CalendarAdopted) -> bool:
    row = {
        "node": head.node,
        "kind": "calendar",
        "id": event.calendar,
        "version": event.version,
        "digest": event.blob,
        "blob": bytes.fromhex(event.blob),
        "effective_from": "",
        "adopted_at": micros(head.recorded_at),
        "seq": head.seq,
    }
    upsert_many(connection, schema.adoptions, [row])
    return True


_WAYS: dict[type[Event], Callable[[Connection, str, Header, Any], bool]] = {
    g.EpochStarted: _epoch_started,
    g.NodeAdmitted: _node_admitted,
    g.EpochGranted: _epoch_granted,
    g.ForkSeen: _fork_seen,
    g.NodeStatusSet: _status_set,
    g.SuperiorJoined: _superior_joined,
    g.UnitOpened: _unit_opened,
    g.UnitClosed: _unit_closed,
    g.AccountOpened: _account_opened,
    g.AccountClosed: _account_closed,
    a.AccountSuspended: _account_suspended,
    a.AccountResumed: _account_resumed,
    a.DeputyNamed: _deputy_named,
    a.DeputyEnded: _deputy_ended,
    g.PackAdopted: _pack_adopted,
    g.CalendarAdopted: _calendar_adopted,
    **catalogue_readings.WAYS,
    **directory_readings.WAYS,
    **reparenting_readings.WAYS,
    ReparentingOrdered: _moved,
    NodeReparented: _moved,
}
