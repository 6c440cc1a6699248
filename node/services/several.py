"""
Several tickets at a stroke: signing what lies in the tray, and handing over what somebody has (USERS C25).

Each ticket is a command of its own with an entry of its own.  One that is refused is named with its refusal and stops nothing
else; the same id given again carries out what was not carried out yet, and nothing twice.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from node.domain.command import Command, Order
from node.domain.entry import Actor
from node.domain.payload import Text
from node.domain.refusal import Refusal
from node.domain.ticket.assignment import AssignPerson
from node.domain.ticket.dispatching import Sign
from node.services.handle import Handler
from node.services.trays import tray
from node.storage.unit_of_work import Store

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0002")


@dataclass(frozen=True)
class Done:
    """What became of one ticket: its entries, none if nothing was left to do; or the refusal."""

    ticket: str
    entries: int
    refusal: Refusal | None = None


def sign_several(handler: Handler, actor: Actor, tickets: Iterable[str], id: str, person: str = "") -> list[Done]:
    """Sign each of *tickets* for the actor's unit; *person* answers for them, *id* makes a repeat harmless."""
    return _each(handler, actor, tickets, id, lambda: Sign(person))


def hand_over(handler: Handler, store: Store, actor: Actor, former: str, person: str, id: str, note: Text | None = None) -> list[Done]:
    """
    Pass everything that *former* has in the actor's unit on to *person*; to nobody: back into the shared tray.

    For leave, or for somebody who was moved elsewhere: his account need not be open any more.
    """
    with store.read() as view:
        tickets = [line.row.id for line in tray(view, actor.unit, former)] if former else []
    return _each(handler, actor, tickets, id, lambda: AssignPerson(person, note))


def _each(handler: Handler, actor: Actor, tickets: Iterable[str], id: str, make: Callable[[], Command]) -> list[Done]:
    done = []
    for ticket in dict.fromkeys(tickets):
        order = Order(str(uuid.uuid5(_NAMESPACE, f"{id}|{ticket}")), actor, ticket, make())
        try:
            done.append(Done(ticket, len(handler.handle(order).entries)))
        except Refusal as refusal:
            done.append(Done(ticket, 0, refusal))
    return done
