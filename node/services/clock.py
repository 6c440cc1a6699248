"""
The clock service: due times become commands, once each, whatever was missed while the node was off.

A rung's command id is made from what it is about (ticket, clock, when it started, rung), so firing it twice is a no-op.
Only clocks that this node started are swept.
"""

import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from node.domain.command import Command, Order
from node.domain.dossier import FireDossierRung
from node.domain.dossier import due_rungs as dossier_due_rungs
from node.domain.entry import Subject
from node.domain.refusal import Refusal
from node.domain.ticket import commitment
from node.domain.ticket.after import LAPSING, LapseStep
from node.domain.ticket.dispatching import DeemSigned
from node.domain.ticket.offering import CLAIM, LapseOffer
from node.domain.ticket.supplement import LapseSupplement
from node.domain.ticket.sweep import CARRIED_OVER, OVERDUE, FireRung, Rung, due_rungs, next_rung_at
from node.domain.ticket.turns import TURNS, MissTurn
from node.domain.ticket.urging import ClimbLadder
from node.services.handle import Handler
from node.services.policies import Policies
from node.services.registry import NODE_ACTOR
from node.services.supervision import Watch
from node.storage import schema
from node.storage.database import micros
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import Store, View

log = structlog.get_logger()

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0001")
# No warning comes earlier than this before its due time: what a sweep must look at (3 working days, over a long holiday).
horizon_days = 20
# Turns of one regular act that one sweep catches up: the weekly reports of two years.  The rest follows with the next sweep.
turns_at_once_max = 100
# Looks of the rules of supervision in one sweep.  The rest follows with the next sweep.
looks_at_once_max = 5


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
        self._watch = Watch(policies)
        # What was looked at and had nothing due: what its rungs depend on, and when the next one is.
        self._looked: dict[str, tuple[Hashable, datetime | None]] = {}
        # Follow-ups that led to nothing here: they are not tried again before a restart.
        self._tried: set[str] = set()

    def run(self, now: datetime) -> Swept:
        """Fire every rung that is due at *now*, in the order in which they fell due."""
        fired = refused = 0
        for _ in range(turns_at_once_max):
            again = False
            for order in self._orders(now):
                try:
                    outcome = self._handler.handle(order)
                except Refusal:
                    refused += 1  # the ticket moved on between looking and firing
                    self._tried.add(order.id)
                    continue
                if not outcome.entries:
                    self._tried.add(order.id)
                fired += 0 if outcome.is_repeat else len(outcome.entries)
                # The next turn of a regular act may be over, too, if the node was off for long.
                again |= isinstance(order.command, MissTurn) and bool(outcome.entries) and not outcome.is_repeat
            if not again:
                break
        done, unmet = self._supervise(now)
        fired, refused = fired + done, refused + unmet
        self._note(now)
        return Swept(fired, refused)

    def _supervise(self, now: datetime) -> tuple[int, int]:
        """Carry out what the rules of supervision find; what one of them leads to may be found by the next look."""
        done = refused = 0
        for _ in range(looks_at_once_max):
            with self._store.read() as view:
                orders = self._watch.orders(view, now)
            for order in orders:
                try:
                    done += len(self._handler.handle(order).entries)
                except Refusal:
                    refused += 1
            if not orders:
                break
        return done, refused

    def _note(self, now: datetime) -> None:
        """A rehearsal waits until its nodes have swept; nobody else asks, and an idle node writes nothing."""
        with self._store.read() as view:
            if not view.head.is_rehearsal:
                return
        with self._store.write() as work:
            work.head.swept_at = max(work.head.swept_at, micros(now))

    def _orders(self, now: datetime) -> list[Order]:
        orders: list[tuple[datetime, Order]] = []
        looked: dict[str, tuple[Hashable, datetime | None]] = {}
        with self._store.read() as view:
            for subject, seen in self._near(view, now).items():
                before = self._looked.get(subject)
                if before is not None and before[0] == seen and (before[1] is None or before[1] > now):
                    looked[subject] = before  # nothing about it has changed, and its next rung is still to come
                    continue
                try:
                    found, again_at = self._rungs_of(view, subject, now)
                except Exception:
                    # What cannot be folded waits in quarantine; the clocks of all others go on (FEDERATION 2.3 no. 15).
                    log.exception("subject does not fold", subject=subject)
                    found, again_at = [], None
                orders += found
                if not found:
                    looked[subject] = (seen, again_at)
        self._looked = looked
        return [order for _, order in sorted(orders, key=lambda pair: pair[0])]

    def _near(self, view: View, now: datetime) -> dict[str, Hashable]:
        """Whose running clocks end before the horizon, each with what its rungs depend on."""
        table, tickets, adoptions = schema.clocks, schema.tickets, schema.adoptions
        adopted = view.connection.execute(select(func.max(adoptions.c.seq)).where(adoptions.c.node == view.head.node)).scalar()
        rows = view.connection.execute(
            select(table.c.ticket, table.c.name, table.c.started_at, table.c.due_at, table.c.fired, tickets.c.custody, tickets.c.version)
            .outerjoin(tickets, tickets.c.id == table.c.ticket)
            .where(table.c.node == view.head.node, table.c.due_at <= micros(now) + horizon_days * 86_400_000_000)
            .order_by(table.c.ticket, table.c.name)
        )
        near: dict[str, list[Hashable]] = {}
        for row in rows:
            near.setdefault(row.ticket, [adopted]).append(tuple(row))
        return {subject: tuple(parts) for subject, parts in near.items()}

    def _rungs_of(self, view: View, subject: str, now: datetime) -> tuple[list[tuple[datetime, Order]], datetime | None]:
        """What is due of one ticket or dossier, with its times; and when to look again, if nothing happens to it before."""
        ticket = view.readings.ticket(subject)
        if ticket is None:
            return self._rungs_of_dossier(view, subject, now)
        policy = self._policies.for_ticket(view, ticket, now)
        found = [(rung.at, order) for rung in due_rungs(ticket, policy, now) for order in _orders_of(ticket.id, rung)]
        # What follows from a limit that is over was not carried out if the node went down in between: the same id, so at most once.
        for clock in ticket.clocks_of(policy.node):
            if clock.is_running and clock.due_at is not None and OVERDUE in clock.fired:
                over = Rung(clock.due_at, clock.name, OVERDUE, clock.due_at, clock.started_at)
                found += [(over.at, order) for order in _orders_of(ticket.id, over)[1:] if not self._is_done(view, order)]
        return found, next_rung_at(ticket, policy)

    def _is_done(self, view: View, order: Order) -> bool:
        return bool(view.journal.of_cause(order.id)) or order.id in self._tried

    def _rungs_of_dossier(self, view: View, dossier_id: str, now: datetime) -> tuple[list[tuple[datetime, Order]], datetime | None]:
        kind = view.connection.execute(select(schema.dossiers.c.kind).where(schema.dossiers.c.id == dossier_id)).scalar()
        dossier = None if kind is None else dossier_of(view.journal, Subject(kind, dossier_id))
        if dossier is None:
            return [], None
        ahead = dossier_due_rungs(dossier, self._policies.of_node(view, now), now + timedelta(days=horizon_days))
        found = []
        for rung in ahead:
            name = f"{dossier_id}|{rung.clock}|{micros(rung.started_at)}|{rung.rung}|{micros(rung.due_at)}"
            command = FireDossierRung(rung.clock, rung.rung, dossier.kind)
            order = Order(str(uuid.uuid5(_NAMESPACE, name)), NODE_ACTOR, dossier_id, command, occurred_at=rung.at)
            found.append((rung.at, order))
        return [pair for pair in found if pair[0] <= now], next((at for at, _ in found if at > now), None)


def _orders_of(ticket_id: str, rung: Rung) -> list[Order]:
    """The rung itself, and what follows by the node's own rule when a limit is over."""
    name = f"{ticket_id}|{rung.clock}|{micros(rung.started_at)}|{rung.rung}|{micros(rung.due_at)}"
    if rung.times:
        command = ClimbLadder(rung.clock, rung.times)
        return [Order(str(uuid.uuid5(_NAMESPACE, f"{name}|{rung.times}")), NODE_ACTOR, ticket_id, command, occurred_at=rung.at)]
    commands: list[Command] = [FireRung(clock=rung.clock, rung=rung.rung)]
    if rung.rung == OVERDUE and rung.clock == "supplement":
        # USERS part 3 no. 11: nobody answered; the office decides, or the handling limit goes on.
        commands.append(LapseSupplement())
    if rung.rung in (OVERDUE, CARRIED_OVER) and rung.clock in TURNS:
        # FJ23-3.4d, HM20-3.3e: the turn was missed; the next one begins.
        commands.append(MissTurn(rung.clock))
    if rung.rung == OVERDUE and rung.clock == "sign":
        commands.append(DeemSigned())
    if rung.rung == OVERDUE and rung.clock == commitment.CLOCK:
        commands.append(commitment.BreakCommitment())
    if rung.rung == OVERDUE and rung.clock.partition("/")[0] == CLAIM:
        # FJ23-2.3c: nobody claimed it; the office dispatches it.
        commands.append(LapseOffer())
    if rung.rung == OVERDUE and rung.clock in LAPSING:
        # POLICY_PACKS 2 no. 43: who was asked did not answer; the office goes on without him, marked.
        commands.append(LapseStep())
    # Only the rung itself has a time at which it was due; what follows from it happens now.
    return [
        Order(
            id=str(uuid.uuid5(_NAMESPACE, f"{name}|{type(command).__name__}")),
            actor=NODE_ACTOR,
            subject=ticket_id,
            command=command,
            occurred_at=rung.at if isinstance(command, FireRung) else None,
        )
        for command in commands
    ]
