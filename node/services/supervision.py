"""
The rules of supervision that look at more than one ticket: what they find becomes commands of the node (AS25-4.6.1, FJ25-5.14.1a).

A rule proposes, or settles, or links, or opens a regular task; it never orders.  What it found once it finds no more: the
proposal has left its mark on the tickets, the settled order is closed.  So a second look, and a look after a restart, do
nothing.  Nothing is looked at twice while neither an entry was taken nor a new day began.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Label, func, select

from node.domain.command import Command, Order
from node.domain.entry import Subject, SubjectKind
from node.domain.order import record as o
from node.domain.order.answering import LinkTicket, SettleOrder, TakeAnswer, settled
from node.domain.order.issuing import IssueForFinding
from node.domain.order.proposing import ExtendProposal, ProposeOrder
from node.domain.order.record import SupervisionOrder
from node.domain.period import Period, period_of
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day
from node.services import tasks
from node.services.policies import Policies
from node.services.registry import NODE_ACTOR
from node.storage import schema
from node.storage.database import micros
from node.storage.dossier_readings import readable_dossier
from node.storage.unit_of_work import View

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0005")
# So many tickets are named by one proposal; the rest joins it with the next look.
tickets_at_once_max = 100
# Rounds that are a second handling.
_AGAIN = frozenset({"rework", "finding", "recheck", "unconfirmed"})


@dataclass(frozen=True)
class Standing:
    """How a unit stood in the evaluation of one quarter: satisfied votes of all that said yes or no."""

    unit: str
    satisfied: int
    votes: int


class Watch:
    """Looks for what the rules find.  Whole tickets and orders are kept as long as nothing about them changes."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._seen: tuple[int, date] | None = None
        # Up to which entry the rules about a single ticket have looked: 0 at the start, when they look at all of them once.
        self.since = 0
        self._tickets: dict[str, tuple[int, Ticket]] = {}
        self._orders: dict[str, tuple[int, SupervisionOrder]] = {}

    def orders(self, view: View, now: datetime) -> list[Order]:
        """What follows from the rules at *now*; empty if nothing was taken, and no day began, since they found nothing."""
        seen = (view.head.taken, local_day(now))
        if self._seen == seen:
            return []
        try:
            policy = self._policies.of_node(view, now)
        except Refusal as refusal:
            if refusal.code is Code.PACK_MISSING:
                return []
            raise
        look = _Look(self, view, policy, now)
        found = [*look.closings(), *look.unanswered_findings(), *look.complaints(), *look.reworked(), *look.overdue(), *look.last_in_row()]
        found += tasks.due_now(view, policy, now)
        if not found:
            self._seen, self.since = seen, seen[0]
        return found

    def ticket(self, view: View, id: str, taken: int) -> Ticket | None:
        """
        The whole ticket *id*, about which *taken* was the last entry; None of one that cannot be read, which must not keep the rules from
        all others (FEDERATION 2.3 no. 15).
        """
        kept = self._tickets.get(id)
        if kept is not None and kept[0] == taken:
            return kept[1]
        ticket = view.readings.readable(id)
        if ticket is not None:
            if len(self._tickets) >= kept_max:
                self._tickets.clear()
            self._tickets[id] = (taken, ticket)
        return ticket

    def order(self, view: View, id: str, taken: int) -> SupervisionOrder | None:
        """The whole order *id*, about which *taken* was the last entry; None, as of a ticket, of one that cannot be read."""
        kept = self._orders.get(id)
        if kept is not None and kept[0] == taken:
            return kept[1]
        found: SupervisionOrder | None = readable_dossier(view.journal, Subject(SubjectKind.ORDER.value, id))
        if found is not None:
            if len(self._orders) >= kept_max:
                self._orders.clear()
            self._orders[id] = (taken, found)
        return found


# Whole tickets and orders that are kept between two looks, each.
kept_max = 5_000


class _Look:
    """One look, in one snapshot."""

    def __init__(self, watch: Watch, view: View, policy: Policy, now: datetime) -> None:
        self._watch, self._view, self._policy, self._now = watch, view, policy, now
        self._pack = policy.pack
        self._open = self._open_orders()

    # --- orders that are open -------------------------------------------------------------------------------------------------

    def _open_orders(self) -> list[SupervisionOrder]:
        table = schema.dossiers
        rows = self._view.connection.execute(
            select(table.c.id, _last(table.c.id))
            .where(table.c.kind == SubjectKind.ORDER.value, table.c.owner == self._policy.node, table.c.state.in_(sorted(o.OPEN)))
            .order_by(table.c.id)
        )
        return [order for row in rows.all() if (order := self._watch.order(self._view, row.id, row.last)) is not None]

    def closings(self) -> list[Order]:
        """Orders whose limit is over and done with, whose ticket came after all, whose answer arrived from below."""
        found = []
        for order in self._open:
            if order.follows and order.tickets:
                ticket = self._ticket(order.tickets[0])
                if ticket is not None and settled(order, ticket, self._policy.node):
                    found.append(_order_of("settle", order.id, SettleOrder(order.tickets[:1]), order.id))
            elif order.state == o.ANSWERED and order.to_node and order.clock("supervision_reply") is not None:
                at = order.answered_at.isoformat() if order.answered_at else ""
                found.append(_order_of("answer", f"{order.id}|{at}", TakeAnswer(), order.id))
            elif order.ground == o.UNREGISTERED and not order.tickets:
                tickets = self._registered_as(order.reference)
                if tickets:
                    found.append(_order_of("link", f"{order.id}|{','.join(tickets)}", LinkTicket(tickets), order.id))
        return found

    def _registered_as(self, reference: str) -> tuple[str, ...]:
        """AS25-4.6.1.1: the tickets that the record elsewhere became."""
        table = schema.tickets
        rows = self._view.connection.execute(select(table.c.id).where(table.c.external_number == reference).order_by(table.c.id))
        return tuple(rows.scalars())

    def unanswered_findings(self) -> list[Order]:
        """USERS A3: a finding of this node whose answer is overdue where the ticket is."""
        asks, clocks = schema.asks, schema.clocks
        rows = self._view.connection.execute(
            select(asks.c.id, asks.c.ticket, clocks.c.started_at)
            .join(clocks, clocks.c.ticket == asks.c.ticket)
            .where(
                asks.c.kind == "FindingRaised",
                asks.c.node == self._policy.node,
                clocks.c.name == "finding_answer",
                clocks.c.node != self._policy.node,
                clocks.c.stopped_at.is_(None),
                clocks.c.due_at <= micros(self._now),
            )
            .order_by(asks.c.asked_at)
        )
        found: list[Order] = []
        for row in rows.all():
            ticket = self._ticket(row.ticket)
            is_done = ticket is None or any(step.ground == o.FINDING_UNANSWERED and step.node == self._policy.node
                                            and micros(step.at) >= row.started_at for step in ticket.supervision)  # fmt: skip
            # The latest finding of a ticket is the one that its clock is about.
            if not is_done and not any(isinstance(one.command, IssueForFinding) and one.command.tickets == (row.ticket,) for one in found):
                command = IssueForFinding((row.ticket,), row.id)
                found.append(_order_of("finding", f"{row.id}|{row.started_at}", command))
        return found

    # --- proposals --------------------------------------------------------------------------------------------------------------

    def complaints(self) -> list[Order]:
        """AS25-4.6.1.3: so many complaints on one topic or one target within so many days are grouped and proposed."""
        least, classes = self._pack.number("supervision.complaints"), self._pack.names("supervision.complaint_classes")
        if not least or not classes:
            return []
        table = schema.tickets
        since = micros(self._now - timedelta(days=self._pack.number("supervision.complaint_days")))
        rows = self._view.connection.execute(
            select(table.c.id, _last(table.c.id))
            .where(table.c.origin == self._policy.node, table.c.registered_at >= since, table.c.category.in_(classes))
            .order_by(table.c.registered_at, table.c.id)
        ).all()
        if len(rows) < least:
            return []
        groups: dict[tuple[str, str], list[Ticket]] = {}
        for row in rows:
            ticket = self._watch.ticket(self._view, row.id, row.last)
            if ticket is not None and not any(step.ground == o.CONCENTRATED for step in ticket.supervision):
                for group in _targets(ticket):
                    groups.setdefault(group, []).append(ticket)
        found: list[Order] = []
        for (reference, unit), tickets in sorted(groups.items()):
            pending = self._pending(o.SUPERVISE, o.CONCENTRATED, reference=reference)
            if pending is None and len(tickets) < least:
                continue
            against = unit or (pending.unit if pending else _most_named(tickets))
            if against:
                found += self._propose(o.SUPERVISE, o.CONCENTRATED, against, tickets, pending=pending, reference=reference)
        return found

    def reworked(self) -> list[Order]:
        """AS25-4.6.1.4: dissatisfied after so many reworks: to be judged whose fault it was, and no more."""
        least = self._pack.number("supervision.rework_rounds")
        if not least:
            return []
        table, entries = schema.tickets, schema.entries
        wanted = [table.c.holder == self._policy.node, table.c.rounds > least, table.c.satisfied.is_(False)]
        if self._watch.since:
            wanted.append(table.c.id.in_(select(entries.c.subject_id).where(entries.c.taken > self._watch.since)))
        rows = self._view.connection.execute(select(table.c.id, _last(table.c.id)).where(*wanted))
        found: list[Order] = []
        for row in rows.all():
            ticket = self._watch.ticket(self._view, row.id, row.last)
            if ticket is None or ticket.round is None or sum(one.cause in _AGAIN for one in ticket.rounds) < least or not ticket.lead:
                continue
            begun = ticket.round.begun_at
            if not any(step.ground == o.REPEATED_REWORK and step.at >= begun for step in ticket.supervision):
                found += self._propose(o.SUPERVISE, o.REPEATED_REWORK, ticket.lead, [ticket])
        return found

    def overdue(self) -> list[Order]:
        """FJ25-5.14.1a: what is over its limit and not handled gives its unit a proposal of a talk."""
        if o.OVERDUE not in self._pack.names("talk.triggers"):
            return []
        clocks, tickets = schema.clocks, schema.tickets
        rows = self._view.connection.execute(
            select(tickets.c.id, _last(tickets.c.id), clocks.c.owes, clocks.c.started_at)
            .join(tickets, tickets.c.id == clocks.c.ticket)
            .where(
                clocks.c.node == self._policy.node,
                clocks.c.name == "resolve",
                clocks.c.stopped_at.is_(None),
                clocks.c.due_at <= micros(self._now),
            )
            .order_by(clocks.c.due_at, tickets.c.id)
        )
        late: dict[str, list[Ticket]] = {}
        for row in rows.all():
            ticket = self._watch.ticket(self._view, row.id, row.last)
            if ticket is None or "-" not in row.owes:
                continue
            if not any(
                step.measure == o.TALK and step.ground == o.OVERDUE and micros(step.at) >= row.started_at for step in ticket.supervision
            ):
                late.setdefault(row.owes, []).append(ticket)
        found: list[Order] = []
        for unit, tickets_of_unit in sorted(late.items()):
            pending = self._pending(o.TALK, o.OVERDUE, unit=unit)
            found += self._propose(o.TALK, o.OVERDUE, unit, tickets_of_unit, pending=pending)
        return found

    def last_in_row(self) -> list[Order]:
        """FJ25-5.14.1a: last in the evaluation of so many closed quarters in a row (POLICY_PACKS 2 no. 31)."""
        if o.LAST_IN_ROW not in self._pack.names("talk.triggers"):
            return []
        quarters = closed_quarters(self._now, self._pack.number("talk.quarters"))
        lasts = []
        evidence: dict[str, list[str]] = {}
        for quarter in quarters:
            standings = standings_of(self._view, self._policy.node, quarter)
            last = last_of(standings)
            lasts.append({one.unit for one in last})
            for one in last:
                evidence.setdefault(one.unit, []).append(f"{quarter.name} {one.satisfied}/{one.votes}")
        found = []
        for unit in sorted(set.intersection(*lasts)):
            command = ProposeOrder(o.TALK, o.LAST_IN_ROW, unit, evidence=tuple(evidence[unit]), reference=quarters[-1].name)
            order = _order_of("last", f"{unit}|{quarters[-1].name}", command)
            if not self._view.journal.of_cause(order.id):
                found.append(order)
        return found

    def _pending(self, measure: str, ground: str, *, unit: str = "", reference: str = "") -> SupervisionOrder | None:
        """The proposal of this kind that nobody has decided yet."""
        return next(
            (
                one
                for one in self._open
                if (one.state, one.measure, one.ground) == (o.PROPOSED, measure, ground)
                and (not unit or one.unit == unit)
                and (not reference or one.reference == reference)
            ),
            None,
        )

    def _propose(
        self,
        measure: str,
        ground: str,
        unit: str,
        tickets: Sequence[Ticket],
        *,
        pending: SupervisionOrder | None = None,
        reference: str = "",
    ) -> list[Order]:
        named = tuple(ticket.id for ticket in tickets[:tickets_at_once_max])
        # What was said about a ticket makes the name: after another round it may be proposed again.
        about = "|".join(f"{ticket.id}/{len(ticket.rounds)}/{len(ticket.supervision)}" for ticket in tickets[:tickets_at_once_max])
        if pending is not None:
            return [_order_of("extend", f"{pending.id}|{about}", ExtendProposal(named), pending.id)]
        command = ProposeOrder(measure, ground, unit, named, reference=reference)
        return [_order_of("propose", f"{measure}|{ground}|{unit}|{reference}|{about}", command)]

    def _ticket(self, id: str) -> Ticket | None:
        table = schema.entries
        last = self._view.connection.execute(select(func.max(table.c.taken)).where(table.c.subject_id == id)).scalar()
        return None if last is None else self._watch.ticket(self._view, id, last)


def _last(id: ColumnElement[str]) -> Label[int]:
    """The last entry about a subject: whatever is written about it, on its line or beside, moves it."""
    entries = schema.entries
    return select(func.max(entries.c.taken)).where(entries.c.subject_id == id).scalar_subquery().label("last")


def closed_quarters(now: datetime, count: int) -> tuple[Period, ...]:
    """The last *count* quarters that are over at *now*, the oldest first."""
    quarters: list[Period] = []
    day = local_day(now)
    while len(quarters) < count:
        day = local_day(period_of(day, "quarter").begins) - timedelta(days=1)
        quarters.insert(0, period_of(day, "quarter"))
    return tuple(quarters)


def standings_of(view: View, node: str, period: Period) -> list[Standing]:
    """How each lead that completed something in *period* was voted on; votes that say neither count for nothing (POLICY_PACKS 2 no. 29)."""
    table = schema.tickets
    rows = view.connection.execute(
        select(table.c.lead, table.c.satisfied).where(
            table.c.holder == node,
            table.c.lead != "",
            table.c.satisfied.isnot(None),
            table.c.completed_at >= micros(period.begins),
            table.c.completed_at < micros(period.ends),
        )
    )
    votes: dict[str, list[bool]] = {}
    for row in rows:
        votes.setdefault(row.lead, []).append(bool(row.satisfied))
    return [Standing(unit, sum(given), len(given)) for unit, given in sorted(votes.items())]


def last_of(standings: Iterable[Standing]) -> list[Standing]:
    """Who stands last by the share of satisfied votes; nobody where all stand alike.  Shares are compared as fractions."""
    ranked = list(standings)
    if not ranked:
        return []
    lowest = min(ranked, key=lambda one: (one.satisfied / one.votes, one.unit))
    last = [one for one in ranked if one.satisfied * lowest.votes == lowest.satisfied * one.votes]
    return [] if len(last) == len(ranked) else last


def _targets(ticket: Ticket) -> list[tuple[str, str]]:
    """What a complaint is about: its topic, and the unit complained of; the second value is the unit, if it names one."""
    found = [(f"topic:{ticket.intake.matter}", "")] if ticket.intake.matter else []
    target = ticket.intake.conceal_from
    return [*found, (f"target:{target}", target)] if target else found


def _most_named(tickets: Sequence[Ticket]) -> str:
    """The lead of most of them; of several the first by name."""
    leads = [ticket.lead for ticket in tickets if ticket.lead]
    return min(leads, key=lambda lead: (-leads.count(lead), lead), default="")


def _order_of(rule: str, about: str, command: Command, subject: str = "") -> Order:
    """The rule's command; its id says what it is about, so that it is carried out once."""
    return Order(str(uuid.uuid5(_NAMESPACE, f"{rule}|{about}")), NODE_ACTOR, subject, command)
