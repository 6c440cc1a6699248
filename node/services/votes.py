"""Voting by an invitation: a link that can be used once (FJ25-4.10.3b)."""

import uuid
from datetime import datetime

from node.domain.command import Order
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.ticket.evaluation import Evaluate
from node.services.handle import Handler, Outcome
from node.storage import notices
from node.storage.unit_of_work import UnitOfWork

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0004")
_INVITED = Actor("appellant", Role.ENTERPRISE.value)


def vote(work: UnitOfWork, handler: Handler, token: str, command: Evaluate, now: datetime) -> Outcome:
    """
    Carry out *command* for whoever has the secret of an invitation, and use the invitation up.

    Raises:
        Refusal: LINK_UNKNOWN, LINK_USED, or what the vote is refused for; then the invitation stays good.
    """
    ticket = notices.invited(work.connection, token)
    order = Order(str(uuid.uuid5(_NAMESPACE, notices.digest_of(token))), _INVITED, ticket, command)
    outcome = handler.carry_out(work, order)
    notices.use_up(work.connection, token, now)
    return outcome
