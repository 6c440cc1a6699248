"""
Who may decide a recheck, and what happens if nobody here may (DESIGN 5, USERS A10).

Excluded are the units that led or co-handled any round, the writer of the finding and the countersigner.  The office decides; if
nobody of it is left, a member unit; if nobody is left there either, the ruling moves to the superior, whose word the holder
carries out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Actor, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import need_outside_recheck
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

DECIDED = "decided"
# What ``handle`` gives: everybody here with an account who could decide, were he not excluded.
DECIDERS = "recheck_deciders"


@dataclass(frozen=True)
class MoveRecheckUp(Command):
    """Put a recheck to the superior, since nobody of the office or of a member unit may decide it."""

    roles = frozenset({Role.OFFICE, Role.NODE})
    needs = (DECIDERS,)

    reason: Text


@dataclass(frozen=True)
class RecheckMovedUp(TicketEvent):
    """
    Nobody at the holder may decide the recheck: all had a part in the ticket. `decides` is the superior, to which it is addressed.

    It answers by RecheckRuled, which the holder carries out.
    """

    asks = True

    decides: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.recheck is not None
        moved = replace(ticket.recheck, decides=self.decides, ask=head.id)
        return replace(ticket, with_whom=With.SUPERIOR, recheck=moved)


def move_up(ticket: Ticket, command: MoveRecheckUp, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS A10: only if nobody is left here; the superior has the time that a decision has."""
    recheck = need_open(ticket, policy)
    left = left_to_decide(ticket, facts)
    if left:
        raise Refusal(Code.DECIDER_LEFT, ticket=ticket.id, role=sorted({who.role for who in left}))
    if policy.superior is None:
        raise Refusal(Code.NO_SUPERIOR, node=policy.node)
    need_field("reason", command.reason)
    changes = (*clocks.stop_if_on(ticket, "recheck_decision", "recheck"), clocks.start(policy, now, "recheck_decision", With.SUPERIOR))
    event = RecheckMovedUp(policy.superior, command.reason)
    return [Happened(ticket.subject, event, clocks=changes, addressee=policy.superior, answers=recheck.ask)]


def need_open(ticket: Ticket, policy: Policy) -> r.Recheck:
    """The recheck that this node has to decide."""
    need_state(ticket, {State.RECHECKING})
    recheck = ticket.recheck
    if recheck is None or recheck.stage == DECIDED:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="recheck")
    if recheck.decides != policy.node:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node, asked=recheck.decides)
    return recheck


def need_turn(ticket: Ticket, facts: Facts) -> None:
    """Nobody who is excluded decides, and a member unit only where nobody of the office is left."""
    need_outside_recheck(ticket, facts)
    if facts.is_role(Role.MEMBER) and any(who.role == Role.OFFICE.value for who in left_to_decide(ticket, facts)):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=With.OFFICE)


def left_to_decide(ticket: Ticket, facts: Facts) -> tuple[Actor, ...]:
    """Those of the office and the member units who are not excluded."""
    known: Iterable[Actor] = facts.given.get(DECIDERS, ())
    return tuple(who for who in known if _is_outside(ticket, who, facts))


def _is_outside(ticket: Ticket, who: Actor, facts: Facts) -> bool:
    try:
        need_outside_recheck(ticket, replace(facts, actor=who))
    except Refusal:
        return False
    return True


DECISIONS = {MoveRecheckUp: move_up}
