"""
Evaluation (满意度评价): the appellant's vote on a round, on the pack's scale.

A round has one effective vote, the last; earlier ones stay as entries.  The federation-wide mapping, satisfied yes or no,
is stored beside the local value (POLICY_PACKS 2 no. 24); a value in neither list ("average") is neither (no. 29).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket, TicketEvent

VOTING = frozenset({State.COMPLETED, State.CLOSED})


@dataclass(frozen=True)
class Evaluate(Command):
    """The appellant votes on the round in force; he may change his vote."""

    roles = frozenset({Role.ENTERPRISE})
    is_side = True

    value: str
    remarks: Text | None = None


@dataclass(frozen=True)
class Evaluated(TicketEvent):
    """
    A vote on round `round`. The last vote of a round is the effective one.

    `value` is of the scale that `scale` names; `satisfied` maps it for the whole federation: "yes", "no", or "" for neither.
    `source`: "appellant" by himself, "revisit" as told to the office.
    """

    is_side = True

    round: int
    scale: str
    value: str
    satisfied: str
    source: str
    remarks: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        given = r.Evaluation(head.recorded_at, self.scale, self.value, truth_of(self.satisfied))
        return replace(ticket, rounds=tuple(_with_vote(one, given) if one.number == self.round else one for one in ticket.rounds))


def evaluate(ticket: Ticket, command: Evaluate, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """One effective vote a round; what is sent twice is one vote."""
    if ticket.state not in VOTING or ticket.completion is None or ticket.round is None:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted=sorted(state.value for state in VOTING))
    need_field("value", command.value)
    satisfied = need_vote(policy, command.value)
    former = ticket.round.evaluation
    if former is not None and former.value == command.value and not command.remarks:
        return []
    return [vote(ticket, command.value, satisfied, "appellant", command.remarks)]


def vote(ticket: Ticket, value: str, satisfied: str, source: str, remarks: Text | None = None) -> Happened:
    """The vote on the round in force."""
    event = Evaluated(round=len(ticket.rounds), scale=ticket.pack, value=value, satisfied=satisfied, source=source, remarks=remarks)
    return Happened(ticket.subject, event)


def need_vote(policy: Policy, value: str) -> str:
    """The mapping of a *value* on the pack's scale: "yes", "no" or ""; refused if the scale has no such value."""
    scale = policy.pack.names("evaluation.scale")
    if value not in scale:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="evaluation.scale", value=value, offered=scale)
    if value in policy.pack.names("evaluation.satisfied"):
        return "yes"
    return "no" if value in policy.pack.names("evaluation.dissatisfied") else ""


def code_of(truth: bool | None) -> str:
    """ "yes", "no", or "" where it was not answered."""
    return "" if truth is None else "yes" if truth else "no"


def truth_of(code: str) -> bool | None:
    """The other way round."""
    return {"yes": True, "no": False}.get(code)


def _with_vote(of: r.Round, given: r.Evaluation) -> r.Round:
    """Side entries may come in any order: the later vote holds."""
    return replace(of, evaluation=given) if of.evaluation is None or of.evaluation.at <= given.at else of


DECISIONS = {Evaluate: evaluate}
