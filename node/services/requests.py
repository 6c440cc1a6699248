"""
Carrying a command of another system out once: the same key with the same content gives the first outcome, with another one a refusal.

What was asked for is kept as a digest under a key of this node: nobody who reads the table tries a phone number against it.
"""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from node.domain.command import Order
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.services.handle import Outcome
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import Prepared, insert_rows
from node.storage.unit_of_work import UnitOfWork

kept_for = timedelta(days=30)
_cleared_every = 256


def once(node: Node, order: Order, content: bytes) -> Callable[[UnitOfWork], Outcome]:
    """
    The job that carries *order* out as ``Handler.carry_out`` does; *content* is everything by which two requests differ: who, what,
    about what.

    It raises:
        Refusal: SAME_ID_OTHER_CONTENT, if the order's id came with another content before, also through another entrance by
            somebody else; whatever ``handle`` refuses.
    """

    def carry_out(work: UnitOfWork) -> Outcome:
        digest = _digest(work, content)
        known = _KNOWN.scalar(work.connection, id=order.id)
        if known is not None and not hmac.compare_digest(bytes(known), digest):
            raise Refusal(Code.SAME_ID_OTHER_CONTENT, id=order.id, subject=order.subject)
        outcome = node.handler.carry_out(work, order)
        if known is None:
            if outcome.is_repeat and outcome.entries[0].header.actor.account != order.actor.account:
                raise Refusal(Code.SAME_ID_OTHER_CONTENT, id=order.id, subject=order.subject)
            now = node.now()
            insert_rows(work.connection, schema.requests, ("id", "digest", "at"), [(order.id, digest, micros(now))])
            if work.head.taken % _cleared_every == 0:
                _clear(work, now)
        return outcome

    return carry_out


_KNOWN = Prepared(select(schema.requests.c.digest).where(schema.requests.c.id == bindparam("id")))


def _clear(work: UnitOfWork, now: datetime) -> None:
    table = schema.requests
    work.connection.execute(delete(table).where(table.c.at < micros(now - kept_for)))


def _digest(work: UnitOfWork, content: bytes) -> bytes:
    key = work.payloads.purpose_key("requests")
    if key is None:
        raise Refusal(Code.PAYLOAD_SEALED, subject="", kind="text")
    return hmac.digest(key, content, "sha256")
