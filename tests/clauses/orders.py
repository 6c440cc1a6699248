"""Supervision orders for clause tests: opening one, and what a node's lists show."""

from typing import Any

from node.domain.entry import Subject, SubjectKind
from node.domain.order.issuing import IssueOrder
from node.domain.order.record import SupervisionOrder
from node.services import supervision_lists as lists
from node.storage.dossier_readings import dossier_of
from tests.support.node import Hands


def ordered(hands: Hands, role: str = "office", **fields: Any) -> str:
    """An order that *role* issued: a supervision of what is overdue, but for *fields*."""
    command = IssueOrder(**({"measure": "supervise", "ground": "overdue"} | fields))
    return hands.act(role, command).subject.id


def the_order(hands: Hands, order: str) -> SupervisionOrder:
    """The order as this node knows it."""
    with hands.node.store.read() as view:
        found: SupervisionOrder = dossier_of(view.journal, Subject(SubjectKind.ORDER.value, order))
    return found


def order_lines(hands: Hands, **wanted: Any) -> list[lists.OrderLine]:
    """The orders in the node's list."""
    with hands.node.store.read() as view:
        return lists.order_lines(view, hands.node.policies.bare(view).calendar, hands.now, **wanted)


def orders(hands: Hands, **wanted: Any) -> list[SupervisionOrder]:
    """The orders in the node's list, without what the list says beside them."""
    return [line.order for line in order_lines(hands, **wanted)]
