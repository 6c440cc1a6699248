"""
Opening a supervision order as a message (系统督办): whoever it is addressed to reads it, and that he did is noted the first time
(AS25-4.6.2).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from node.domain.command import Order
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.order.answering import ReadOrder, is_addressed
from node.domain.order.record import SupervisionOrder
from node.domain.refusal import Code, Refusal
from node.services.handle import Handler
from node.services.supervision_lists import order_texts
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0013")


@dataclass(frozen=True)
class Message:
    """An order as its reader sees it, with its texts by field."""

    order: SupervisionOrder
    texts: Mapping[str, str]


def open_message(work: UnitOfWork, handler: Handler, order_id: str, actor: Actor) -> Message:
    """
    What the order says, for those whom it concerns; the reading receipt is written if *actor* is of the side addressed.

    Raises:
        Refusal: SUBJECT_UNKNOWN; PERMISSION_DENIED, PAYLOAD_MISSING, PAYLOAD_SEALED, and then nothing is written.
    """
    order = _order(work, order_id)
    texts = order_texts(work, order, actor)
    if order.read_at is None and is_addressed(order, actor, work.head.node):
        handler.carry_out(work, Order(str(uuid.uuid5(_NAMESPACE, order.id)), actor, order.id, ReadOrder()))
        order = _order(work, order_id)
    return Message(order, texts)


def _order(work: UnitOfWork, order_id: str) -> SupervisionOrder:
    found = dossier_of(work.journal, Subject(SubjectKind.ORDER.value, order_id))
    if not isinstance(found, SupervisionOrder):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.ORDER.value, id=order_id)
    return found
