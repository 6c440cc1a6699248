"""What each kind of fault does to the world, and how it ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from federation.reparenting import abort, order
from federation.simulation import acts, operators
from federation.simulation.plan import Item
from federation.simulation.world import Crash, Node, copy_of
from node.domain import registry as g
from node.domain import reparenting as m
from node.domain.entry import CustodyHead, Draft, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Completed
from node.domain.ticket.custody import CustodyReturned
from node.services.registry import NODE_ACTOR
from node.storage.database import instant
from node.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

REASON = "区划调整"
restart_seconds = (0.1, 60.0)
operator_seconds = (5.0, 60.0)


def inject(simulation: Simulation, item: Item) -> None:
    """Begin *item*, and see to its end."""
    _KINDS[item.kind](simulation, item)


# --- the wire -----------------------------------------------------------------------------------------------------------


def _wire(name: str) -> Callable[[Simulation, Item], None]:
    def begin(simulation: Simulation, item: Item) -> None:
        link = simulation.links[item.node]
        setattr(link, name, item.size if item.size else True)
        simulation.at(item.until, lambda: setattr(link, name, type(getattr(link, name))(0)))

    return begin


def _reorder(simulation: Simulation, item: Item) -> None:
    """Whatever is sent comes twice, the second time much later: behind what was sent after it."""
    link = simulation.links[item.node]
    link.copies, link.echo_seconds = 0.5, item.size

    def end() -> None:
        link.copies, link.echo_seconds = 0.0, 1.0

    simulation.at(item.until, end)


def _clog(simulation: Simulation, item: Item) -> None:
    """Swizzle-clog: wires stop one after the other, and come back in another order."""
    chance = random.Random(item.seed)
    links = list(simulation.links.values())
    chance.shuffle(links)
    now = simulation.schedule.seconds
    for place, link in enumerate(links):
        simulation.at(now + place * 3.0, partial(setattr, link, "is_cut", True))
    chance.shuffle(links)
    for place, link in enumerate(links):
        simulation.at(now + 30.0 + place * 3.0, partial(setattr, link, "is_cut", False))


# --- processes and databases ----------------------------------------------------------------------------------------------


def _crash(simulation: Simulation, item: Item) -> None:
    simulation.arm(item.node, item.point, int(item.size), item.seed)


def _restart(simulation: Simulation, item: Item) -> None:
    simulation.stop(item.node)
    simulation.start_later(item.node, random.Random(item.seed).uniform(*restart_seconds))


def _disk_full(simulation: Simulation, item: Item) -> None:
    node = simulation.nodes[item.node]
    node.fill_disk()
    simulation.at(item.until, node.clear_disk)


def back_up(simulation: Simulation, item: Item) -> None:
    """Keep a copy of the node's database, as an operator does every night."""
    node = simulation.nodes[item.node]
    simulation.backups.setdefault(item.node, []).append(copy_of(node))


def _restore(simulation: Simulation, item: Item, *, has_guard: bool) -> None:
    """An old backup takes the database's place; *has_guard*: on the same machine, where the guard file still lies."""
    chance = random.Random(item.seed)
    copies = simulation.backups.get(item.node)
    if not copies:
        simulation.note(item.node, "has no backup to be restored from")
        return
    simulation.stop(item.node)
    node = simulation.nodes[item.node]
    node.clear_disk()
    node.copy_from(chance.choice(copies))
    if not has_guard:
        node.guard.said = None
        simulation.two_lives.add(item.node)
    simulation.restored(node)
    simulation.start_later(item.node, chance.uniform(*restart_seconds))


def _clock_jump(simulation: Simulation, item: Item) -> None:
    simulation.jump(item.node, item.size)
    simulation.at(item.until, lambda: simulation.jump(item.node, 0.0))


def _clone(simulation: Simulation, item: Item) -> None:
    """The virtual machine is started twice; an operator stops the copy, and starts the right one anew."""
    chance = random.Random(item.seed)
    if simulation.start_clone(item.node, writes=bool(item.size)):
        simulation.at(item.until + chance.uniform(*operator_seconds), lambda: simulation.stop_clone(item.node))


# --- what a node writes -----------------------------------------------------------------------------------------------------


def _unknown_kind(simulation: Simulation, item: Item) -> None:
    """An entry of a kind that a later release writes."""
    node = simulation.nodes[item.node]
    event = g.UnitOpened(f"{item.node}-future", "department", "未来局")

    def write(work: UnitOfWork) -> None:
        head = _header(node, Subject(SubjectKind.NODE.value, node.code), "FromTheFuture")
        work.append([Draft(head, _renamed(event))])

    _append(simulation, node, write)


def _poison(simulation: Simulation, item: Item) -> None:
    """An entry that can be read and not be folded: a bug of another release, written by a node about a ticket of its own."""
    node = simulation.nodes[item.node]
    found = node.rows(
        "SELECT id, custody, version FROM tickets WHERE holder = ? AND asked = '' AND state IN ('registered', 'formed')"
        " AND id NOT IN (SELECT subject_id FROM quarantine) ORDER BY id",
        node.code,
    )
    if not found:
        simulation.note(item.node, "has no ticket to write poison about")
        return
    if not acts.may_write(simulation, node.code):
        return
    ticket, custody, version = random.Random(item.seed).choice(found)
    head = _header(node, Subject(SubjectKind.TICKET.value, ticket), Completed.kind())

    def write(work: UnitOfWork) -> None:
        nonlocal head
        opener = work.readings.ticket(ticket)
        assert opener is not None
        head = replace(
            head, custody=CustodyHead(custody, opener=opener.custody.opener), version=version + 1, state="no state", with_whom=""
        )
        work.append([Draft(head, Completed("", False, False))])

    _append(simulation, node, write)
    # Asked of the database: a node that dies of writing it may have it all the same.
    if node.value("SELECT 1 FROM entries WHERE id = ?", head.id):
        simulation.poisoned.add(ticket)


def _usurp(simulation: Simulation, item: Item) -> None:
    """A program that errs, or lies: the node writes that custody came to it, of a ticket that another one holds and did not give it."""
    node = simulation.nodes[item.node]
    found = node.rows(
        "SELECT id, custody, version FROM tickets WHERE holder <> ? AND asked <> ? AND NOT is_incomplete"
        " AND id NOT IN (SELECT subject_id FROM quarantine) ORDER BY id",
        node.code,
        node.code,
    )
    if not found:
        simulation.note(item.node, "has no ticket of another to usurp")
        return
    ticket, custody, version = random.Random(item.seed).choice(found)

    head = _header(node, Subject(SubjectKind.TICKET.value, ticket), CustodyReturned.kind())
    simulation.usurped.add(head.id)

    def write(work: UnitOfWork) -> None:
        before = work.readings.ticket(ticket)
        assert before is not None
        to_itself = CustodyHead(custody + 1, holder=node.code, follows=version, opener=before.custody.opener)
        work.append([Draft(replace(head, custody=to_itself, version=1), CustodyReturned())])

    _append(simulation, node, write)


def _append(simulation: Simulation, node: Node, write: Callable[[UnitOfWork], None]) -> None:
    if not acts.may_write(simulation, node.code):
        return

    def unless_held(work: UnitOfWork) -> None:
        if work.head.held:  # of whatever release: a node that is held writes nothing
            raise Refusal(Code.NODE_HELD, reason=work.head.held)
        write(work)

    try:
        node.writer.command(unless_held)
    except Refusal as refusal:
        simulation.note(node.code, f"cannot write: {refusal.code.name}")
    except Crash as crash:
        simulation.crashed(crash)


def _header(node: Node, subject: Subject, kind: str) -> Header:
    at = max(node.now(), instant(node.value("SELECT last_at FROM heads")))
    return Header("", 0, 0, uuid7(at, node.random.randbytes), at, subject, kind, NODE_ACTOR)


def _renamed(event: g.UnitOpened) -> g.UnitOpened:
    """The same message under a name that nobody knows."""
    later = type("UnitOpened", (g.UnitOpened,), {"kind": classmethod(lambda _cls: "FromTheFuture")})
    renamed: g.UnitOpened = later(event.unit, event.unit_kind, event.name)
    return renamed


# --- who may call -----------------------------------------------------------------------------------------------------------


def _status(simulation: Simulation, item: Item, status: str) -> None:
    acts.set_status(simulation, item.node, status)


def _suspended(simulation: Simulation, item: Item) -> None:
    _status(simulation, item, "suspended")
    simulation.at(item.until, lambda: _status(simulation, item, "active"))


def _revoked(simulation: Simulation, item: Item) -> None:
    if not simulation.nodes[item.node].code.endswith("00"):  # a county; with a city its whole branch would be gone
        _status(simulation, item, "revoked")


# --- the tree ---------------------------------------------------------------------------------------------------------------


def _reparent(simulation: Simulation, item: Item) -> None:
    """The province orders a county to the other city; the county's operator joins there as soon as he may."""
    to_node = next(code for code in ("520300", "520400") if code != simulation.nodes[item.node].superior)
    escalations = m.MOVE if item.size else m.STAY
    operators.decide(
        simulation, "orders a move", lambda level, actor: order(level, item.node, to_node, REASON, actor, escalations=escalations)
    )
    if item.until:
        simulation.at(item.until, partial(_call_off, simulation, item.node))
    operators.join_when_named(simulation, item.node)


def _call_off(simulation: Simulation, node: str) -> None:
    operators.decide(simulation, "calls a move off", lambda level, actor: abort(level, node, REASON, actor))


_KINDS: dict[str, Callable[[Simulation, Item], None]] = {
    "loss": _wire("loss"),
    "duplicate": _wire("copies"),
    "delay": _wire("late_seconds"),
    "reorder": _reorder,
    "partition": _wire("is_cut"),
    "one_way_up": _wire("loses_up"),
    "one_way_down": _wire("loses_down"),
    "clog": _clog,
    "crash": _crash,
    "restart": _restart,
    "disk_full": _disk_full,
    "restore": lambda simulation, item: _restore(simulation, item, has_guard=True),
    "restore_unguarded": lambda simulation, item: _restore(simulation, item, has_guard=False),
    "clock_jump": _clock_jump,
    "clone": _clone,
    "poison": _poison,
    "unknown_kind": _unknown_kind,
    "expired": _wire("is_expired"),
    "suspended": _suspended,
    "revoked": _revoked,
    "reparent": _reparent,
    "usurp": _usurp,
}
