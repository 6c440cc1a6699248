"""
The clock service: due times become commands, once each, whatever was missed while the node was off.

A rung's command id is made from what it is about (ticket, clock, when it started, rung), so firing it twice is a no-op.
Only clocks that this node started are swept.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from node.domain.command import Command, Order
from node.domain.dossier import FireDossierRung
from node.domain.dossier import due_rungs as dossier_due_rungs
from node.domain.entry import Subject
from node.domain.refusal import Refusal
from node.domain.ticket.supplement import LapseSupplement
from node.domain.ticket.sweep import OVERDUE, FireRung, Rung, due_rungs
from node.services.handle import Handler
from node.services.policies import Policies
from node.services.registry import NODE_ACTOR
from node.storage import schema
from node.storage.database import micros
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import Store, View

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0001")
# No warning comes earlier than this before its due time: what a sweep must look at (3 working days, over a long holiday).
horizon_days = 20


@dataclass(frozen=True)
class Swept:
    """What a sweep did."""

    fired: int
    refused: int


class Sweep:
    """Looks for rungs that are due and fires them."""

    def __init__(self, store: Store, handler: Handler, policies: Policies) -> None:
        self._store = store
        self._handler = handler
        self._policies = policies

    def run(self, now: datetime) -> Swept:
        """Fire every rung that is due at *now*, in the order in which they fell due."""
        fired = refused = 0
        for order in self._orders(now):
            try:
                fired += len(self._handler.handle(order).entries)
            except Refusal:
                refused += 1  # the ticket moved on between looking and firing
        self._note(now)
        return Swept(fired, refused)

    def _note(self, now: datetime) -> None:
        """A rehearsal waits until its nodes have swept; nobody else asks, and an idle node writes nothing."""
        with self._store.read() as view:
            if not view.head.is_rehearsal:
                return
        with self._store.write() as work:
            work.head.swept_at = max(work.head.swept_at, micros(now))

    def _orders(self, now: datetime) -> list[Order]:
        orders: list[tuple[datetime, Order]] = []
        with self._store.read() as view:
            table = schema.clocks
            horizon = micros(now) + horizon_days * 86_400_000_000
            rows = view.connection.execute(
                select(table.c.ticket)
                .where(
                    table.c.node == view.head.node,
                    table.c.due_at <= horizon,
                    or_(table.c.fired.notlike("%overdue%"), table.c.fired.notlike("%early_warning%")),
                )
                .distinct()
            ).scalars()
            for ticket_id in list(rows):
                ticket = view.readings.ticket(ticket_id)
                if ticket is None:
                    orders += self._orders_of_dossier(view, ticket_id, now)
                    continue
                policy = self._policies.for_ticket(view, ticket, now)
                for rung in due_rungs(ticket, policy, now):
                    orders += [(rung.at, order) for order in _orders_of(ticket.id, rung)]
        return [order for _, order in sorted(orders, key=lambda pair: pair[0])]

    def _orders_of_dossier(self, view: View, dossier_id: str, now: datetime) -> list[tuple[datetime, Order]]:
        kind = view.connection.execute(select(schema.dossiers.c.kind).where(schema.dossiers.c.id == dossier_id)).scalar()
        dossier = None if kind is None else dossier_of(view.journal, Subject(kind, dossier_id))
        if dossier is None:
            return []
        policy = self._policies.of_node(view, now)
        found = []
        for rung in dossier_due_rungs(dossier, policy, now):
            name = f"{dossier_id}|{rung.clock}|{micros(rung.started_at)}|{rung.rung}|{micros(rung.due_at)}"
            command = FireDossierRung(rung.clock, rung.rung, dossier.kind)
            found.append((rung.at, Order(str(uuid.uuid5(_NAMESPACE, name)), NODE_ACTOR, dossier_id, command)))
        return found


def _orders_of(ticket_id: str, rung: Rung) -> list[Order]:
    """The rung itself, and what follows by the node's own rule when a limit is over."""
    name = f"{ticket_id}|{rung.clock}|{micros(rung.started_at)}|{rung.rung}|{micros(rung.due_at)}"
    commands: list[Command] = [FireRung(clock=rung.clock, rung=rung.rung)]
    if rung.rung == OVERDUE and rung.clock == "supplement":
        # USERS part 3 no. 11: nobody answered; the office decides, or the handling limit goes on.
        commands.append(LapseSupplement())
    return [Order(str(uuid.uuid5(_NAMESPACE, f"{name}|{type(command).__name__}")), NODE_ACTOR, ticket_id, command) for command in commands]
