"""Several dispatches at once (HM20-4.3b: 梳理一批,交办一批): all of them or none, each with the papers that the pack issues with it."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from node.domain.command import Order
from node.domain.paper import IssuePaper
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.ticket import Ticket
from node.services.handle import Handler, Outcome
from node.storage.unit_of_work import UnitOfWork
from node.storage.writer import Writer

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0012")
# The papers that go out with a ticket that was just dispatched: the pack names them, whoever prints them makes them.
Papers = Callable[[UnitOfWork, Ticket], Iterator[IssuePaper]]


def no_papers(work: UnitOfWork, ticket: Ticket) -> Iterator[IssuePaper]:
    """For a batch that goes out without paper."""
    return iter(())


def dispatch_batch(writer: Writer, handler: Handler, code: str, orders: Sequence[Order], papers: Papers = no_papers) -> list[Outcome]:
    """
    Carry out the dispatches of *orders* in one transaction, each marked with the batch *code*, and issue their *papers*.

    Raises:
        Refusal: what the first refused one says; nothing is dispatched, and no paper issued, then.
    """
    marked = [replace(order, command=_marked(order, code)) for order in orders]
    return writer.command(lambda work: [_carry_out(work, handler, order, papers) for order in marked])


def _carry_out(work: UnitOfWork, handler: Handler, order: Order, papers: Papers) -> Outcome:
    outcome = handler.carry_out(work, order)
    if outcome.ticket is not None and not outcome.is_repeat:
        for paper in papers(work, outcome.ticket):
            id = str(uuid.uuid5(_NAMESPACE, f"{order.id}|{paper.paper}"))
            handler.carry_out(work, Order(id, order.actor, "", paper))
    return outcome


def _marked(order: Order, code: str) -> Dispatch:
    if not isinstance(order.command, Dispatch):
        raise TypeError(f"a batch takes dispatches, not {type(order.command).__name__}")
    return replace(order.command, batch=code)
