"""Facts for what follows a completion: who here could decide a recheck, were he not excluded by his part in the ticket."""

from datetime import datetime

from sqlalchemy import select

from node.domain.command import Order
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork

DECIDING = (Role.OFFICE.value, Role.MEMBER.value)


def recheck_deciders(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> tuple[Actor, ...]:
    """Every active account of this node that the office or a member unit could let decide, each in that role."""
    table = schema.accounts
    rows = work.connection.execute(
        select(table.c.id, table.c.unit, table.c.roles).where(table.c.node == policy.node, table.c.is_active.is_(True)).order_by(table.c.id)
    )
    return tuple(Actor(row.id, role, row.unit) for row in rows for role in DECIDING if role in row.roles.split(","))
