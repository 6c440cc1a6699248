"""Several dispatches at once (HM20-4.3b: 梳理一批,交办一批): all of them or none."""

from collections.abc import Sequence
from dataclasses import replace

from node.domain.command import Order
from node.domain.ticket.dispatching import Dispatch
from node.services.handle import Handler, Outcome
from node.storage.writer import Writer


def dispatch_batch(writer: Writer, handler: Handler, code: str, orders: Sequence[Order]) -> list[Outcome]:
    """
    Carry out the dispatches of *orders* in one transaction, each marked with the batch *code*.

    Raises:
        Refusal: what the first refused one says; nothing is dispatched then.
    """
    marked = [replace(order, command=_marked(order, code)) for order in orders]
    return writer.command(lambda work: [handler.carry_out(work, order) for order in marked])


def _marked(order: Order, code: str) -> Dispatch:
    if not isinstance(order.command, Dispatch):
        raise TypeError(f"a batch takes dispatches, not {type(order.command).__name__}")
    return replace(order.command, batch=code)
