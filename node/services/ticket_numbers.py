"""The next running number of a pack whose ticket numbers count by the year (HM20-3.2a, 4.3a)."""

from datetime import datetime

from sqlalchemy import select

from node.domain.command import Order
from node.domain.policy import Policy
from node.domain.ticket.forming import OF_YEAR, serial_pattern, series_of
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork


def running_number(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> int:
    """
    One more than the highest serial of this node's series of the Beijing year; 0 where the pack numbers by the day.

    A number is never reused: the journal forgets no ticket, whatever became of it.  The head row's lock makes it unique.
    """
    if series_of(policy) != OF_YEAR:
        return 0
    pattern, table = serial_pattern(policy, now), schema.tickets
    literal = policy.pack.choice("number.prefix")
    rows = work.connection.execute(
        select(table.c.number).where(table.c.number.startswith(literal, autoescape=True), table.c.number != "")
        if literal
        else select(table.c.number).where(table.c.number != "")
    ).scalars()
    found = (pattern.fullmatch(number) for number in rows)
    return max((int(match[1]) for match in found if match), default=0) + 1
