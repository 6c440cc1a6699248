"""
The record of truthfulness of a department and its people: completions that a revisit found not to be so (AS25-3.6.5b).

Whoever completes a ticket confirms that what he says is true; the confirmation stands in the completion's entry for ever.  A
finding that says otherwise, the office's revisit or a superior's, is shown here beside it, both as entries that can be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import or_, select

from node.domain.entry import Header, Subject, SubjectKind
from node.domain.ticket.completion import Completed
from node.domain.ticket.finding import FindingRaised
from node.domain.ticket.revisit import RevisitFiled
from node.storage import schema
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Untrue:
    """``unit`` and ``account`` completed ``ticket``; ``statement`` is the entry of their word, ``finding`` that of who found otherwise."""

    ticket: str
    unit: str
    account: str
    statement: str
    finding: str


def untrue_completions(view: View, *, unit: str = "", account: str = "") -> tuple[Untrue, ...]:
    """
    The findings against completions of this node, the oldest ticket first; of one *unit* or *account* if named.

    A finding leaves its mark on the ticket's row, or has opened another round: only such tickets are read whole.
    """
    table = schema.tickets
    marked = or_(table.c.rounds > 1, table.c.revisit_consistent.is_(False))
    tickets = view.connection.execute(select(table.c.id).where(table.c.origin == view.head.node, marked).order_by(table.c.id)).scalars()
    found = (one for ticket in list(tickets) for one in _of_ticket(view, ticket))
    return tuple(one for one in found if unit in ("", one.unit) and account in ("", one.account))


def _of_ticket(view: View, ticket: str) -> Iterator[Untrue]:
    said: Header | None = None
    for one in view.journal.of_subject(Subject(SubjectKind.TICKET.value, ticket)):
        match one.folded.event:
            case Completed():
                said = one.header
            case RevisitFiled(consistent="no") | FindingRaised(is_consistent=False) if said is not None:
                yield Untrue(ticket, said.actor.unit, said.actor.account, said.id, one.header.id)
