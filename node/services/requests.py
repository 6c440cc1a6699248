"""
Carrying a command of another system out once: the same key with the same content gives the first outcome, with another one a refusal.

What was asked for is kept as a digest under a key of this node: nobody who reads the table tries a phone number against it.  The digest
goes after ``kept_for``, the outcome stays in the journal: from then on the key is used up, for nobody can tell any more what it came with.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select

from node.domain.command import Order
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.services.handle import Outcome
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import Prepared, PreparedForMany, insert_rows
from node.storage.unit_of_work import UnitOfWork

kept_for = timedelta(days=30)
_cleared_every = 256


def once(node: Node, order: Order, content: bytes) -> Callable[[UnitOfWork], Outcome]:
    """
    The job that carries *order* out as ``Handler.carry_out`` does; *content* is everything by which two requests differ: who, what,
    about what.

    It raises:
        Refusal: SAME_ID_OTHER_CONTENT, if the order's id came with another content before, also through another entrance by
            somebody else; ID_USED_UP, if it came before and with what is not kept (any more); whatever ``handle`` refuses.
    """

    def carry_out(work: UnitOfWork) -> Outcome:
        digest, brought = _digest(work, content), _brought(work)
        known = brought[order.id] if order.id in brought else _KNOWN.scalar(work.connection, id=order.id)
        if known is not None and not hmac.compare_digest(bytes(known), digest):
            raise Refusal(Code.SAME_ID_OTHER_CONTENT, id=order.id, subject=order.subject)
        outcome = node.handler.carry_out(work, order)
        if known is None:
            if outcome.is_repeat:
                # Whose it is not is told nothing of what it led to.
                if outcome.entries[0].header.actor.account != order.actor.account:
                    raise Refusal(Code.SAME_ID_OTHER_CONTENT, id=order.id, subject=order.subject)
                # Taken for a repeat, another act under this id would be lost without a word.
                raise Refusal(Code.ID_USED_UP, id=order.id, subject=outcome.subject.id, days=kept_for.days)
            now = node.now()
            insert_rows(work.connection, schema.requests, ("id", "digest", "at"), [(order.id, digest, micros(now))])
            if order.id in brought:
                brought[order.id] = digest
            if work.head.taken % _cleared_every == 0:
                _clear(work, now)
        return outcome

    return carry_out


def bring(work: UnitOfWork, ids: Sequence[str]) -> None:
    """Read together what ``once`` asks of each order of *ids*: two statements instead of two an order."""
    work.journal.bring_outcomes(ids)
    _brought(work).update({**dict.fromkeys(ids), **{id: bytes(digest) for id, digest in _KNOWN_OF.rows(work.connection, ids)}})


def _brought(work: UnitOfWork) -> dict[str, bytes | None]:
    """The digests that were read for many at once, by the orders' ids."""
    return work.once("requests", dict[str, bytes | None])


_requests = schema.requests.c
_KNOWN = Prepared(select(_requests.digest).where(_requests.id == bindparam("id")))
_KNOWN_OF = PreparedForMany(lambda ids: select(_requests.id, _requests.digest).where(_requests.id.in_(ids)))


def _clear(work: UnitOfWork, now: datetime) -> None:
    table = schema.requests
    work.connection.execute(delete(table).where(table.c.at < micros(now - kept_for)))
    _brought(work).clear()


def _digest(work: UnitOfWork, content: bytes) -> bytes:
    key = work.payloads.purpose_key("requests")
    if key is None:
        raise Refusal(Code.PAYLOAD_SEALED, subject="", kind="text")
    return hmac.digest(key, content, "sha256")
