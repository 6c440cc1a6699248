"""
Evaluation (满意度评价): the appellant's vote on a round, on the pack's scale.

A round has one effective vote: the last one given in time, else the last one given late.  All others stay as entries with
their time, so that nobody is talked out of a vote unseen.  The federation-wide mapping, satisfied yes or no, is stored beside
the local value (POLICY_PACKS 2 no. 24); a value in neither list ("average") is neither (no. 29).
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
from node.domain.ticket.after import with_after
from node.domain.ticket.calls import need_welcome
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.parts import need_not_handler, round_of, with_round
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.vote_elsewhere import VOTING, follow, pass_on
from node.domain.time import due

# How somebody votes who does not say how.
ONLINE = "online"
STAFF = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST, Role.WINDOW_CLERK})


@dataclass(frozen=True)
class Evaluate(Command):
    """The appellant votes on the round in force; he may change his vote where the pack lets him."""

    roles = frozenset({Role.ENTERPRISE})
    is_side = True

    value: str
    remarks: Text | None = None
    # Whether the problem is solved, where the pack's form asks for it beside the vote (HM20-A1.8c).
    is_solved: bool | None = None
    way: str = ""


@dataclass(frozen=True)
class RecordEvaluation(Command):
    """Record the vote that the appellant gave on the phone, on a visit or on a questionnaire."""

    roles = STAFF

    value: str
    way: str
    remarks: Text | None = None
    is_solved: bool | None = None


@dataclass(frozen=True)
class RecordEvaluationAttempt(Command):
    """The appellant was asked for his vote and not reached.  The last attempt that the pack asks for closes the question."""

    roles = STAFF

    way: str


@dataclass(frozen=True)
class Evaluated(TicketEvent):
    """
    A vote on round `round`. Effective is the last one that was given in time, else the last late one.

    `value` is of the scale that `scale` names; `satisfied` maps it for the whole federation: "yes", "no", or "" for neither.
    `source`: "appellant" by himself, "recorded" by staff, "revisit" as told to the office. `solved`: "yes", "no" or "" (not asked).
    """

    is_side = True

    round: int
    scale: str
    value: str
    satisfied: str
    source: str
    remarks: Words | None = None
    solved: str = ""
    way: str = ""
    is_late: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        given = r.Evaluation(
            at=head.recorded_at,
            scale=self.scale,
            value=self.value,
            is_satisfied=truth_of(self.satisfied),
            is_solved=truth_of(self.solved),
            way=self.way,
            source=self.source,
            is_late=self.is_late,
        )
        return replace(ticket, rounds=tuple(_with_vote(one, given) if one.number == self.round else one for one in ticket.rounds))


@dataclass(frozen=True)
class EvaluationAttempted(TicketEvent):
    """
    The appellant was asked for his vote and not reached. `is_last`: as often as the pack wants; counted as not reached.

    `is_unwelcome`: outside the hours that he had named; it does not count.
    """

    way: str
    is_last: bool = False
    is_unwelcome: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        attempt = r.Attempt(head.recorded_at, False, head.actor.account, "unwelcome" if self.is_unwelcome else "evaluation")
        attempts = (*round_of(ticket, head.recorded_at).attempts, attempt)
        ticket = replace(ticket, rounds=with_round(ticket, head, attempts=attempts))
        return with_after(ticket, head, unreached_at=head.recorded_at) if self.is_last else ticket


def evaluate(ticket: Ticket, command: Evaluate, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """One effective vote a round; what is sent twice is one vote.  不满意 goes to the supervision side where the pack says so."""
    of, way = _need_round(ticket), command.way or ONLINE
    need_field("value", command.value)
    satisfied = need_vote(policy, command.value)
    need_value(policy, "evaluation.ways", way)
    solved = need_solved(policy, command.is_solved)
    need_changeable(ticket, policy)
    former = of.evaluation
    if former is not None and former.value == command.value and not command.remarks and command.is_solved in (None, former.is_solved):
        return []
    voted = vote(ticket, policy, now, command.value, satisfied, "appellant", way, command.remarks, solved)
    return [voted, *what_follows(ticket, voted, policy, now)]


def record(ticket: Ticket, command: RecordEvaluation, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.6a: each vote with its way; nobody records what his own handling is worth."""
    _need_round(ticket)
    need_not_handler(ticket, facts)
    need_field("value", command.value)
    satisfied = need_vote(policy, command.value)
    need_field("way", command.way)
    need_value(policy, "evaluation.ways", command.way)
    solved = need_solved(policy, command.is_solved)
    need_changeable(ticket, policy)
    voted = vote(ticket, policy, now, command.value, satisfied, "recorded", command.way, command.remarks, solved)
    return [voted, *what_follows(ticket, voted, policy, now)]


def record_attempt(ticket: Ticket, command: RecordEvaluationAttempt, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.6b: a value, or not reached with attempts; after the last one the question is closed."""
    of = _need_round(ticket)
    need_not_handler(ticket, facts)
    need_field("way", command.way)
    need_value(policy, "evaluation.ways", command.way)
    if of.evaluation is not None or of.after.unreached_at is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="evaluation", id=ticket.id)
    is_unwelcome = need_welcome(ticket, command.way, now)
    made = sum(one.purpose == "evaluation" for one in of.attempts) + (not is_unwelcome)
    is_last = made >= policy.pack.number("revisit.attempts")
    return [Happened(ticket.subject, EvaluationAttempted(command.way, is_last, is_unwelcome))]


def what_follows(ticket: Ticket, voted: Happened, policy: Policy, now: datetime) -> list[Happened]:
    """
    Where this node holds the ticket, the effective vote takes it on: to the supervision side, or to its next step.

    A vote given while custody is elsewhere, or an entry is still missing here, is passed on to the holder.
    """
    assert ticket.round is not None
    of = with_vote(ticket.round, voted, now)
    if of.evaluation is ticket.round.evaluation:
        return []
    if ticket.custody.holder != policy.node or ticket.custody.is_frozen or ticket.is_incomplete:
        return [pass_on(ticket)]
    return follow(ticket, of, policy, now)


def with_vote(of: r.Round, voted: Happened, now: datetime) -> r.Round:
    """*of* with the vote that is being given, if that is the effective one."""
    event = voted.event
    assert isinstance(event, Evaluated)
    given = r.Evaluation(now, event.scale, event.value, truth_of(event.satisfied), truth_of(event.solved), is_late=event.is_late)
    return _with_vote(of, given)


def vote(
    ticket: Ticket,
    policy: Policy,
    now: datetime,
    value: str,
    satisfied: str,
    source: str,
    way: str = "",
    remarks: Text | None = None,
    solved: str = "",
) -> Happened:
    """The vote on the round in force, marked if the time for voting is over."""
    until = vote_due(ticket, policy)
    event = Evaluated(
        round=len(ticket.rounds),
        scale=ticket.pack,
        value=value,
        satisfied=satisfied,
        source=source,
        remarks=remarks,
        solved=solved,
        way=way,
        is_late=until is not None and now > until,
    )
    return Happened(ticket.subject, event)


def vote_due(ticket: Ticket, policy: Policy) -> datetime | None:
    """Until when a vote on the round in force is in time: the clock that waits or waited for it, else counted from completion."""
    done, asked = ticket.completion, ticket.clocks.get("evaluate")
    if done is None:
        return None
    if asked is not None and asked.started_at >= done.completed_at:
        return asked.last_due_at
    return due(done.completed_at, policy.pack.limit("evaluate"), policy.calendar)


def need_vote(policy: Policy, value: str) -> str:
    """The mapping of a *value* on the pack's scale: "yes", "no" or ""; refused if the scale has no such value."""
    scale = policy.pack.names("evaluation.scale")
    if value not in scale:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="evaluation.scale", value=value, offered=scale)
    if value in policy.pack.names("evaluation.satisfied"):
        return "yes"
    return "no" if value in policy.pack.names("evaluation.dissatisfied") else ""


def need_solved(policy: Policy, is_solved: bool | None) -> str:
    """The answer to "is it solved" as a code; refused where the pack's form does not ask."""
    if is_solved is not None and not policy.pack.flag("evaluation.solved"):
        raise Refusal(Code.MALFORMED_COMMAND, field="is_solved")
    return code_of(is_solved)


def need_changeable(ticket: Ticket, policy: Policy) -> None:
    """XS25-4.6b: one matter, one evaluation; elsewhere a vote may be changed, and the former one stays as an entry."""
    is_cast = ticket.round is not None and (ticket.round.evaluation is not None or ticket.round.after.unreached_at is not None)
    if is_cast and not policy.pack.flag("evaluation.may_change"):
        raise Refusal(Code.ALREADY_EXISTS, kind="evaluation", id=ticket.id)


def code_of(truth: bool | None) -> str:
    """ "yes", "no", or "" where it was not answered."""
    return "" if truth is None else "yes" if truth else "no"


def truth_of(code: str) -> bool | None:
    """The other way round."""
    return {"yes": True, "no": False}.get(code)


def _need_round(ticket: Ticket) -> r.Round:
    if ticket.state not in VOTING or ticket.completion is None or ticket.round is None:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted=sorted(state.value for state in VOTING))
    return ticket.round


def _with_vote(of: r.Round, given: r.Evaluation) -> r.Round:
    """Side entries may come in any order: in time before late, then the later one."""
    former = of.evaluation
    return replace(of, evaluation=given) if former is None or _rank(former) <= _rank(given) else of


def _rank(given: r.Evaluation) -> tuple[bool, datetime]:
    return not given.is_late, given.at


DECISIONS = {Evaluate: evaluate, RecordEvaluation: record, RecordEvaluationAttempt: record_attempt}
