"""
The conduct of sampling rounds over time: which step of which round is due at this node, as orders for its own handler.

Nobody needs to remember a round: for each subordinate the next period's is opened before it begins, cut a day after it
ended, drawn at once, and revealed when the revisit window has ended, whatever the node missed while it was off.  Each step's
command id follows from round and step, so that a repeat is a no-op; the calls between are people's.  An office that has
settled every call may reveal earlier by hand.

What goes down with the reveal (secret, results, findings) is addressed by the entries themselves; a finding is carried out by
its custodian's own reaction.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime

import structlog
from sqlalchemy import func, select

from node.domain import round as d
from node.domain import round_record as record
from node.domain.command import Order
from node.domain.period import next_period
from node.domain.policy import Policy
from node.domain.refusal import Refusal
from node.domain.time import local_day
from node.services.handle import Handler, Outcome
from node.services.policies import Policies
from node.services.registry import NODE_ACTOR
from node.services.rounds import readable_round
from node.services.situations import skew_seconds_max
from node.storage import lane, schema
from node.storage.unit_of_work import Store, UnitOfWork, View

log = structlog.get_logger()

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0003")


def due_steps(view: UnitOfWork | View, policy: Policy, now: datetime) -> list[Order]:
    """
    The steps that are due at *now*, at most one a round, rounds of one county in the order of their periods.

    *policy* is the node's own.  Where its pack does not sample, nothing is opened; rounds that are open are brought to their
    end all the same.
    """
    return [*_next_steps(view, policy, now), *_openings(view, policy, now)]


def conduct(store: Store, handler: Handler, policies: Policies, now: datetime) -> list[Outcome]:
    """
    Carry out every step that is due, and those that become due by them, and return their outcomes.

    A refused step stays due and is tried again at the next call; it holds up no other county's round.
    """
    outcomes: list[Outcome] = []
    refused: set[str] = set()
    while True:
        with store.read() as view:
            orders = [order for order in due_steps(view, policies.of_node(view, now), now) if order.id not in refused]
        if not orders:
            return outcomes
        for order in orders:
            try:
                outcome = handler.handle(order)
            except Refusal:
                refused.add(order.id)
                continue
            except Exception as error:
                if lane.may_pass(error):
                    raise
                # A bug in one county's round: the others' go on, and with them the clock of this node.
                log.exception("round stumbled", round=order.subject)
                refused.add(order.id)
                continue
            outcomes.append(outcome)
            # What changed nothing would be due for ever.
            if outcome.is_repeat or not outcome.entries:
                refused.add(order.id)


def _openings(view: UnitOfWork | View, policy: Policy, now: datetime) -> Iterator[Order]:
    if policy.pack.find("revisit.sampling.rate") is None:
        return
    period = next_period(local_day(now), policy.pack.choice("revisit.sampling.period")).name
    nodes, rounds = schema.nodes, schema.rounds
    begun = set(view.connection.execute(select(rounds.c.county).where(rounds.c.node == policy.node, rounds.c.period == period)).scalars())
    revoked = set(view.connection.execute(select(nodes.c.code).where(nodes.c.status == "revoked")).scalars())
    for county in sorted(policy.place.subordinates - begun - revoked):
        yield _order(record.round_id(policy.node, county, period), "", d.OpenRound(county, period))


def _next_steps(view: UnitOfWork | View, policy: Policy, now: datetime) -> Iterator[Order]:
    table = schema.rounds
    skewed = _skewed(view)
    rows = view.connection.execute(
        select(table.c.id, table.c.state, table.c.period, table.c.county)
        .where(table.c.node == policy.node, table.c.state != record.REVEALED)
        .order_by(table.c.county, table.c.opened_at)
    ).all()
    for row in rows:
        if row.state == record.OPENED and row.county in skewed:
            continue  # which closings came in time nobody can say before the clocks agree (FEDERATION 2.3 no. 13)
        if row.state == record.OPENED and now >= d.cut_from(row.period, policy):
            yield _order(row.id, row.id, d.CutFrame())
        elif row.state == record.CUT:
            yield _order(row.id, row.id, d.DrawSample())
        elif row.state == record.DRAWN:
            found = readable_round(view, row.id)
            if found is not None and found.window_until is not None and now >= found.window_until:
                yield _order(row.id, row.id, d.RevealRound())


def _skewed(view: UnitOfWork | View) -> frozenset[str]:
    """Subordinates whose clock is so far from this node's that nothing is dated by both."""
    links = schema.links
    its = (links.c.side == "subordinate", func.abs(links.c.skew_seconds) > skew_seconds_max)
    return frozenset(view.connection.execute(select(links.c.peer).where(*its)).scalars())


def _order(round_id: str, subject: str, command: d.RoundCommand) -> Order:
    step = type(command).__name__
    return Order(str(uuid.uuid5(_NAMESPACE, f"{round_id}|{step}")), NODE_ACTOR, subject, command)
