"""Precedents (先例): the rulings of a node on whose duty a matter is."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from node.domain.command import Order
from node.domain.duty_list import Precedent, latest_first
from node.domain.entry import Actor
from node.domain.policy import Policy
from node.domain.ticket.duties import matter_of
from node.domain.time import local_day
from node.services.scope import in_sight
from node.storage import schema
from node.storage.database import instant
from node.storage.unit_of_work import UnitOfWork, View


def on_matter(connection: Connection, node: str, matter: str) -> list[Precedent]:
    """The rulings of *node* on *matter*, the last one first; none where the matter is not known."""
    table = schema.precedents
    if not matter:
        return []
    return latest_first(_read(connection, table.c.node == node, table.c.matter == matter))


def of_node(connection: Connection, node: str) -> list[Precedent]:
    """Every ruling of *node*, the last one first."""
    return latest_first(_read(connection, schema.precedents.c.node == node))


def seen_by(view: View, viewer: Actor, most: int | None = None) -> list[Precedent]:
    """The rulings of this node, the last *most* of them, as far as *viewer* sees the tickets that they were about; the last one first."""
    found = of_node(view.connection, view.head.node)[:most]
    seen = in_sight(view, viewer, [one.ticket for one in found])
    return [one for one in found if one.ticket in seen]


def precedents_fact(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> list[Precedent]:
    """The rulings on the matter of the ticket that the command is about, or of the item that it cites."""
    ticket = work.readings.ticket(order.subject)
    matter = matter_of(ticket, policy) if ticket else ""
    return on_matter(work.connection, policy.node, matter or _matter_of(work, policy.node, str(getattr(order.command, "duty_item", ""))))


def _matter_of(work: UnitOfWork, node: str, item: str) -> str:
    table = schema.duty_items
    if not item:
        return ""
    return work.connection.execute(select(table.c.matter).where(table.c.node == node, table.c.code == item).limit(1)).scalar() or ""


def _read(connection: Connection, *wanted: ColumnElement[bool]) -> list[Precedent]:
    table = schema.precedents
    return [
        Precedent(
            matter=row.matter,
            unit=row.unit,
            named=row.named,
            ruled_by=row.ruled_by,
            ticket=row.ticket,
            entry=row.entry,
            ruled_on=local_day(instant(row.ruled_at)),
            basis=row.basis,
        )
        for row in connection.execute(select(table).where(*wanted))
    ]
