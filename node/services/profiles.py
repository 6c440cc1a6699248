"""What the enterprise files say of enterprises, as conditions of support policies ask it."""

from datetime import datetime

from sqlalchemy import select

from node.domain.command import Order
from node.domain.policy import Policy
from node.domain.support_policy import Profile
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork


def profiles(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> tuple[Profile, ...]:
    """Of every file that this node keeps; projects that became an enterprise are left to that one's file."""
    table = schema.enterprises
    rows = work.connection.execute(select(table).where(table.c.owner == policy.node, table.c.became == ""))
    return tuple(
        Profile(row.id, row.industry, row.block, row.size, row.area, frozenset(part for part in row.tags.split(",") if part))
        for row in rows
    )
