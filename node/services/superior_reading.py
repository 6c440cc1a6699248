"""
What a superior reads of its subtree is an entry (FEDERATION 4.6): who, which ticket, once a person, ticket and day, in the reader's own
journal, before anything is shown.  That goes up and never down, so that nobody below learns what is looked at (DESIGN 8).
"""

import uuid
from datetime import datetime

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.registry import TicketRead
from node.domain.ticket.row import row_of
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day
from node.services.acting import Node
from node.services.noting import note
from node.storage.unit_of_work import UnitOfWork

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0043")


def note_reading(node: Node, viewer: Actor, ticket: Ticket) -> None:
    """Enter that *viewer* reads *ticket*, if it is one in which this node has no part and he did not read it today already."""
    if viewer.role == Role.NODE.value or node.code in row_of(ticket).parties | {ticket.custody.holder, ticket.custody.asked}:
        return
    now = node.now()
    cause = str(uuid.uuid5(_NAMESPACE, f"{viewer.account}|{viewer.behalf}|{ticket.id}|{local_day(now)}"))
    with node.store.read() as view:
        if view.journal.of_cause(cause):
            return
    node.writer.command(lambda work: _enter(work, viewer, ticket, cause, now))


def _enter(work: UnitOfWork, viewer: Actor, ticket: Ticket, cause: str, now: datetime) -> None:
    # Two of his windows at once: the second comes here, too.
    if work.journal.of_cause(cause):
        return
    note(work, viewer, TicketRead(ticket.id), now, cause)
