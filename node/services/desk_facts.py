"""Facts about the inside of units: the accounts that a command names, and a unit's next receipt number."""

from datetime import datetime

from sqlalchemy import func, select

from node.domain.command import Order
from node.domain.policy import Policy
from node.domain.registry import Account
from node.domain.time import local_day
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork

# Fields of commands that name accounts of this node.
ACCOUNT_FIELDS = ("person", "persons", "tracker", "members", "assessor", "representatives")


def named_accounts(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> dict[str, Account]:
    """The accounts of this node that the command names, by id; one that nobody has is missing."""
    named: set[str] = set()
    for field in ACCOUNT_FIELDS:
        value = getattr(order.command, field, ())
        named |= {value} if isinstance(value, str) else set(value)
    if not named - {""}:
        return {}
    table = schema.accounts
    rows = work.connection.execute(select(table).where(table.c.node == policy.node, table.c.id.in_(sorted(named - {""}))))
    return {row.id: Account(row.id, row.unit, frozenset(row.roles.split(",")), row.is_active) for row in rows}


def next_receipt_number(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> int:
    """The next number of the actor's unit in this Beijing year; the head row's lock makes it unique."""
    table = schema.receipts
    of_unit = (table.c.unit == order.actor.unit, table.c.year == local_day(now).year)
    return (work.connection.execute(select(func.max(table.c.number)).where(*of_unit)).scalar() or 0) + 1
