"""
A vote that was given where the ticket is not held: an ask that follows the ticket, until its holder takes the vote up (DESIGN 13).

The vote itself counts wherever it was given.  What follows from it, a verification by the supervision side or the next step on the
way to closing, is the holder's to begin, as the pack of the ticket says there.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.after import stepping
from node.domain.ticket.finding import granting
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.verification import refer

VOTING = frozenset({State.COMPLETED, State.CLOSED})


@dataclass(frozen=True)
class TakeEvaluation(Command):
    """The holder takes up a vote that was given where custody was not.  ``ask`` is the entry that passed it on."""

    roles = frozenset({Role.NODE, Role.OFFICE})

    ask: str


@dataclass(frozen=True)
class EvaluationPassedOn(TicketEvent):
    """
    The appellant's vote on round `round`, which stands before this entry, was given at a node that does not hold the ticket.

    A request: it stays open and follows the ticket until the holder begins what its pack says, or grants it where nothing follows.
    """

    is_side = True
    asks = True

    round: int

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def follow(ticket: Ticket, of: r.Round, policy: Policy, now: datetime) -> list[Happened]:
    """Where the effective vote of *of* takes *ticket*: to the supervision side, or to its next step; nowhere, if it waits for none."""
    if referred := refer(ticket, of, policy, now):
        return referred
    return stepping(ticket, of, policy, now) if ticket.clock("evaluate") is not None else []


def pass_on(ticket: Ticket) -> Happened:
    """The vote that was just given on the round in force, put to whoever holds *ticket*."""
    return Happened(ticket.subject, EvaluationPassedOn(len(ticket.rounds)), addressee=ticket.custody.holder)


def take(ticket: Ticket, command: TakeEvaluation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-4.11.1a, USERS A9: as if it had been given here.  A vote on a former round, or one dealt with, is granted as it is."""
    ask = ticket.asks.get(command.ask)
    if ask is None or ask.kind != EvaluationPassedOn.kind():
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, ask=command.ask)
    if ask.is_answered:
        return []
    of = ticket.round
    followed = follow(ticket, of, policy, now) if ticket.state in VOTING and of is not None and of.evaluation is not None else []
    if not followed:
        return [granting(ticket, ask)]
    first, *more = followed
    return [replace(first, answers=ask.id), *more]


DECISIONS = {TakeEvaluation: take}
