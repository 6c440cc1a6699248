"""
The ladder at work: what a limit that may be missed, or is, sets off by the pack's own rule (FJ23-3.4f, AS25-4.6.1.2).

The mark on the ticket and the supervision order are one decision, so that neither is there without the other.
"""

from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened
from node.domain.order import record as o
from node.domain.order.issuing import OrderIssued, marks, number_of, opened
from node.domain.order.proposing import OrderProposed, proposed
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.supervision_ladder import AT_WARNING, LadderStep, steps_of
from node.domain.ticket.sweep import Rung, RungFired, due_rungs
from node.domain.ticket.ticket import Ticket


@dataclass(frozen=True)
class ClimbLadder(Command):
    """Take step ``times`` of the pack's ladder on ``clock``."""

    roles = frozenset({Role.NODE})
    is_side = True
    needs = ("order_id",)

    clock: str
    times: int


def climb(ticket: Ticket, command: ClimbLadder, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-3.4f: in order, none skipped, each once for each start and due time of the limit."""
    clock = ticket.clock(command.clock, policy.node)
    if clock is None:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=ticket.id, clock=command.clock)
    steps = steps_of(policy.pack)
    # Behind the last step it is the last one again.
    step = steps[min(command.times, len(steps)) - 1] if steps and command.times > 0 else None
    if step is not None and f"{step.measure}/{command.times}" in clock.fired:
        return []
    due = [one for one in due_rungs(ticket, policy, now) if one.clock == command.clock and one.times]
    if step is None or not due or due[0].times != command.times:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=ticket.id, clock=command.clock, rung=command.times)
    rung, order_id = due[0], facts.given["order_id"]
    fired = RungFired(rung.clock, rung.rung, rung.due_at, rung.started_at, rung.times, order_id)
    return [Happened(ticket.subject, fired), _order(ticket, step, rung, clock.owes, order_id, policy, now)]


def _order(ticket: Ticket, step: LadderStep, rung: Rung, unit: str, order_id: str, policy: Policy, now: datetime) -> Happened:
    """The order of *step*, in the office's name, or the proposal of it."""
    ground = o.MAY_OVERDUE if step.on == AT_WARNING else o.OVERDUE
    if step.is_proposed or step.measure in o.NEVER_AUTOMATIC:
        wanted = OrderProposed(
            measure=step.measure,
            ground=ground,
            unit=unit,
            tickets=(ticket.id,),
            clock=rung.clock,
            times=rung.times,
            started_at=rung.started_at,
            due_at=rung.due_at,
            addressed_to=step.to,
        )
        return proposed(order_id, wanted, policy, now)
    issued = OrderIssued(
        number=number_of(order_id, policy),
        measure=step.measure,
        ground=ground,
        form=step.form,
        issuer=Role.OFFICE.value,
        unit=unit,
        addressed_to=step.to,
        tickets=(ticket.id,),
        clock=rung.clock,
        times=rung.times,
        started_at=rung.started_at,
        due_at=rung.due_at,
    )
    return opened(order_id, issued, policy, now)


def below_standard(ticket: Ticket, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    AS25-4.6.1.5: a revisit or a review found the standard not met; the order against the lead stands beside what sends the
    ticket back.  Empty where the pack does not have it, or nobody leads.  The command must ``need`` "order_id".
    """
    if not policy.pack.flag("supervision.below_standard_opens") or not ticket.lead:
        return []
    order_id = facts.given["order_id"]
    issued = OrderIssued(
        number=number_of(order_id, policy),
        measure=o.SUPERVISE,
        ground=o.BELOW_STANDARD,
        form=o.SYSTEM,
        issuer=Role.OFFICE.value,
        unit=ticket.lead,
        tickets=(ticket.id,),
    )
    return [*marks(order_id, issued, [ticket]), opened(order_id, issued, policy, now)]


DECISIONS = {ClimbLadder: climb}
