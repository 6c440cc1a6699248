"""The next serial of a node's ticket numbers: of the Beijing day on which it is given, or of the year (HM20-3.2a, 4.3a)."""

from datetime import datetime

from sqlalchemy import select

from node.domain.command import Order
from node.domain.division import NodeCode
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.register_number import serials_of
from node.domain.ticket.forming import OF_YEAR, serial_pattern, series_of
from node.domain.ticket.intake import Register
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork


def running_number(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> int:
    """
    One more than the highest serial of this node's series; 0 for a registration that gives no ticket number.

    A number is never reused: the journal forgets no ticket, whatever became of it.  The head row's lock makes it unique.  Nodes of one
    division, which may write their numbers alike, count in the ranges of a day that their register numbers count in.

    Raises:
        Refusal: SERIALS_EXHAUSTED, after the last number of the day.
    """
    command = order.command
    if isinstance(command, Register) and not command.answer:
        return 0
    head, pattern = serial_pattern(policy, now)
    number = schema.tickets.c.number
    # The first bound lets a database without a way for prefixes begin where the series does.
    of_series = (number >= head, number.startswith(head, autoescape=True), number != "")
    written = work.connection.execute(select(number).where(*of_series)).scalars()
    serials = [int(match[1]) for match in map(pattern.fullmatch, written) if match]
    if series_of(policy) == OF_YEAR:
        return max(serials, default=0) + 1
    own = serials_of(policy.node, 0 if NodeCode.parse(policy.node).suffix else None)
    serial = max((one for one in serials if one in own), default=own[0] - 1) + 1
    if serial not in own:
        raise Refusal(Code.SERIALS_EXHAUSTED, node=policy.node, serial=serial)
    return serial
