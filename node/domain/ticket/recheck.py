"""
Recheck (复查复核): is the finding right that sent a ticket back (AS25-4.7.2b, 4.8)?

The lead proposes it instead of reworking; its clock stands until that is decided.  The office lets it be rechecked or
declines.  A recheck of a superior's finding is the superior's: it rules by a side entry, which the holder carries out.
Under every pack a dissatisfied appellant may ask once; the office decides (POLICY_PACKS 2 no. 59).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.after import OWES, enter, step_of, with_whom
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_unit, need_value
from node.domain.ticket.parts import need_not_handler, need_outside_recheck, recheck_decider, with_round
from node.domain.ticket.recheck_above import DECIDERS, need_turn
from node.domain.ticket.rework import BEGINS_IN, LEAD, unled, way_back
from node.domain.ticket.state import ENDED_OTHERWISE, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

PROPOSED, UNDER_REVIEW, DECIDED = "proposed", "under_review", "decided"
STANDS, DECLINED = "stands", "declined"
BY_APPELLANT = "appellant_dissatisfied"


@dataclass(frozen=True)
class ProposeRecheck(Command):
    """The lead proposes a recheck.  ``ground``: "finding_disputed" or "hard_to_solve"."""

    roles = frozenset({Role.DEPARTMENT})

    ground: str
    reason: Text


@dataclass(frozen=True)
class AskRecheck(Command):
    """The dissatisfied appellant asks for a recheck, once."""

    roles = frozenset({Role.ENTERPRISE})

    reason: Text


@dataclass(frozen=True)
class DeclineRecheck(Command):
    """No recheck: the rework is upheld, or the result stays as it was."""

    roles = frozenset({Role.OFFICE, Role.MEMBER})
    needs = (DECIDERS,)

    reason: Text


@dataclass(frozen=True)
class OpenRecheck(Command):
    """Recheck it, with the units named; those that handled it may be among them and are heard."""

    roles = frozenset({Role.OFFICE, Role.MEMBER})

    participants: tuple[str, ...]


@dataclass(frozen=True)
class GiveRecheckOpinion(Command):
    """A participating unit files its opinion."""

    roles = frozenset({Role.DEPARTMENT, Role.MEMBER, Role.SPECIALIST, Role.OFFICE})

    opinion: Text


@dataclass(frozen=True)
class DecideRecheck(Command):
    """The outcome: one of the pack's list; unless the result stands, with the date for the rectification."""

    roles = frozenset({Role.OFFICE, Role.MEMBER})
    needs = (DECIDERS,)

    outcome: str
    opinion: Text
    rectify_by: date | None = None


@dataclass(frozen=True)
class RuleRecheck(Command):
    """At the superior whose finding it is: decide the recheck that the holder's lead proposed.  ``outcome`` may be "declined"."""

    roles = frozenset({Role.OFFICE})
    is_side = True

    outcome: str
    opinion: Text
    rectify_by: date | None = None


@dataclass(frozen=True)
class ExecuteRecheckRuling(Command):
    """At the holder: carry out the superior's ruling.  ``ruling`` is the id of its entry."""

    roles = frozenset({Role.NODE})

    ruling: str


@dataclass(frozen=True)
class RecheckProposed(TicketEvent):
    """
    The lead department proposes a recheck instead of reworking. `ground`: finding_disputed or hard_to_solve.

    `decides` is the node that must answer: the holder's office, or the superior, to which the entry is then addressed.
    """

    asks = True

    ground: str
    decides: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        with_whom = With.OFFICE if self.decides == head.node else With.SUPERIOR
        return replace(ticket, state=State.RECHECKING, with_whom=with_whom, recheck=_opened(ticket, head, self.ground, self.decides))


@dataclass(frozen=True)
class RecheckAsked(TicketEvent):
    """The appellant is dissatisfied and asks for a recheck; the office of the holder must answer."""

    asks = True

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(
            ticket,
            state=State.RECHECKING,
            with_whom=With.OFFICE,
            left=r.Left(ticket.state, ticket.with_whom),
            recheck=_opened(ticket, head, BY_APPELLANT, head.node),
            rechecks_used=ticket.rechecks_used + 1,
        )


@dataclass(frozen=True)
class RecheckDeclined(TicketEvent):
    """No recheck: the lead reworks with the time that was left, or, where the appellant had asked, the result stays."""

    reason: Words | None = None
    with_whom_next: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.recheck is not None
        decided = replace(ticket.recheck, stage=DECIDED, outcome=DECLINED)
        if ticket.recheck.ground == BY_APPELLANT:
            left = ticket.left or r.Left(State.COMPLETED, With.OFFICE)
            with_next = _with_after(left.state, self.with_whom_next)
            return replace(ticket, state=left.state, with_whom=with_next, left=None, recheck=decided)
        return replace(ticket, state=State.REWORKING, with_whom=With.DEPARTMENT, recheck=decided)


@dataclass(frozen=True)
class RecheckOpened(TicketEvent):
    """The recheck begins; `participants` are the units asked for an opinion, those that handled it included."""

    participants: tuple[str, ...]

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.recheck is not None
        return replace(ticket, with_whom=With.OFFICE, recheck=replace(ticket.recheck, stage=UNDER_REVIEW, participants=self.participants))


@dataclass(frozen=True)
class RecheckOpinionGiven(TicketEvent):
    """A participating unit's opinion."""

    unit: str
    opinion: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.recheck is not None
        opinions = tuple(dict.fromkeys((*ticket.recheck.opinions, self.unit)))
        return replace(ticket, recheck=replace(ticket.recheck, opinions=opinions))


@dataclass(frozen=True)
class RecheckRuled(TicketEvent):
    """
    The superior decided the recheck of its own finding. Addressed to the holder, who carries it out at once.

    `outcome` as in RecheckDecided, or "declined": then the rework goes on.
    """

    is_side = True
    asks = True

    outcome: str
    rectify_by: date | None = None
    opinion: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        if ticket.recheck is None or ticket.recheck.ask != head.answers:
            return ticket
        return replace(ticket, recheck=replace(ticket.recheck, ruling=head.id, ruled_outcome=self.outcome, ruled_due=self.rectify_by))


@dataclass(frozen=True)
class RecheckDecided(TicketEvent):
    """
    The recheck is decided. "stands": the former result holds, the finding does not. Any other outcome: the lead must
    rectify until the end of `rectify_by`, which is then its deadline. `to` is "dispatch" where nobody led it so far.
    """

    outcome: str
    rectify_by: date | None = None
    opinion: Words | None = None
    with_whom_next: str = ""
    to: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.recheck is not None
        ticket = replace(ticket, recheck=replace(ticket.recheck, stage=DECIDED, outcome=self.outcome))
        if self.outcome == STANDS:
            return _upheld(ticket, head, self.with_whom_next)
        rounds = ticket.rounds
        if ticket.completion is not None:  # the appellant had asked: what was completed is done over in a new round
            rounds = (*rounds, r.Round(len(rounds) + 1, "recheck", head.recorded_at, left=ticket.left))
        rounds = (*rounds[:-1], replace(rounds[-1], rectification_due=self.rectify_by, rectified_at=None))
        if self.to in BEGINS_IN:
            return replace(unled(ticket, self.to, head), state=BEGINS_IN[self.to], with_whom=With.OFFICE, left=None, rounds=rounds)
        return replace(ticket, state=State.REWORKING, with_whom=With.DEPARTMENT, left=None, rounds=rounds)


def propose(ticket: Ticket, command: ProposeRecheck, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.2b: only from rework, by the lead, with one of two grounds, once a round; the rework clock pauses."""
    need_state(ticket, {State.REWORKING})
    need_own_unit(ticket, facts, ticket.lead)
    need_field("ground", command.ground)
    need_value(policy, "recheck.grounds", command.ground)
    need_field("reason", command.reason)
    number = len(ticket.rounds)
    was_used = ticket.recheck is not None and ticket.recheck.round == number
    if was_used or ticket.round is None or ticket.round.cause not in ("rework", "finding"):
        raise Refusal(Code.RECHECK_USED, ticket=ticket.id, round=number)
    decides = recheck_decider(ticket, policy)
    is_ours = decides == policy.node
    owes = With.OFFICE if is_ours else With.SUPERIOR
    changes = (
        *clocks.pause_if_on(ticket, "resolve"),
        *clocks.stop_if_on(ticket, "finding_answer"),
        clocks.start(policy, now, "recheck_decision", owes),
    )
    event = RecheckProposed(command.ground, decides, command.reason)
    return [Happened(ticket.subject, event, clocks=changes, addressee="" if is_ours else decides)]


def ask(ticket: Ticket, command: AskRecheck, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 59: only who is dissatisfied, and once."""
    need_state(ticket, {State.COMPLETED, State.CLOSED})
    need_field("reason", command.reason)
    voted = ticket.round.evaluation if ticket.round else None
    if voted is None or voted.is_satisfied is not False:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="dissatisfied")
    if ticket.rechecks_used:
        raise Refusal(Code.RECHECK_USED, ticket=ticket.id, round=len(ticket.rounds))
    changes = (*clocks.stop_all(ticket, policy.node), clocks.start(policy, now, "recheck_decision", With.OFFICE))
    return [Happened(ticket.subject, RecheckAsked(command.reason), clocks=changes)]


def decline(ticket: Ticket, command: DeclineRecheck, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.2b: the rework is upheld, its clock runs on."""
    recheck = _need_ours(ticket, policy, PROPOSED)
    need_turn(ticket, facts)
    need_field("reason", command.reason)
    return [*_lapsed(ticket, recheck.ground == BY_APPELLANT), _declined(ticket, recheck, command.reason, policy, now, recheck.ask)]


def open_recheck(ticket: Ticket, command: OpenRecheck, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.2b, 4.8a: the departments concerned are brought together, within the pack's limit."""
    _need_ours(ticket, policy, PROPOSED)
    need_not_handler(ticket, facts)
    need_field("participants", command.participants)
    for unit in command.participants:
        need_unit(facts, unit)
    changes = (*clocks.stop_if_on(ticket, "recheck_decision"), clocks.start(policy, now, "recheck", With.OFFICE))
    return [Happened(ticket.subject, RecheckOpened(tuple(dict.fromkeys(command.participants))), clocks=changes)]


def give_opinion(ticket: Ticket, command: GiveRecheckOpinion, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.8a: every participant is heard, also who handled it."""
    recheck = _need_ours(ticket, policy, UNDER_REVIEW)
    if facts.actor.unit not in recheck.participants:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=recheck.participants)
    need_field("opinion", command.opinion)
    return [Happened(ticket.subject, RecheckOpinionGiven(facts.actor.unit, command.opinion))]


def decide_recheck(ticket: Ticket, command: DecideRecheck, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.2b, 4.8a: after at least one opinion, by nobody who handled it, wrote the finding or countersigned."""
    recheck = _need_ours(ticket, policy, UNDER_REVIEW)
    need_turn(ticket, facts)
    _need_outcome(command.outcome, command.rectify_by, ticket, policy, now)
    need_field("opinion", command.opinion)
    if not recheck.opinions:
        raise Refusal(Code.OPINION_MISSING, ticket=ticket.id, missing=recheck.participants)
    event = RecheckDecided(command.outcome, command.rectify_by, command.opinion)
    return [*_lapsed(ticket), _decided(ticket, event, policy, now, recheck.ask)]


def rule(ticket: Ticket, command: RuleRecheck, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: the superior decides the recheck of its own finding, not by the writer of the finding."""
    recheck = ticket.recheck
    if recheck is None or recheck.stage == DECIDED:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="recheck")
    if recheck.decides != policy.node or ticket.custody.holder == policy.node:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node, asked=recheck.decides)
    if recheck.ruling:
        return []
    need_outside_recheck(ticket, facts)
    if command.outcome != DECLINED:
        _need_outcome(command.outcome, command.rectify_by, ticket, policy, now)
    need_field("opinion", command.opinion)
    event = RecheckRuled(command.outcome, command.rectify_by, command.opinion)
    return [Happened(ticket.subject, event, addressee=ticket.custody.holder, answers=recheck.ask)]


def execute_ruling(ticket: Ticket, command: ExecuteRecheckRuling, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 13: a superior's ruling is carried out at once, by the holder's own entry."""
    recheck = ticket.recheck
    ruled = ticket.asks.get(command.ruling)
    if recheck is None or recheck.ruling != command.ruling or ruled is None:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node, asked=command.ruling)
    if ruled.is_answered:
        return []
    need_state(ticket, {State.RECHECKING})
    if recheck.ruled_outcome == DECLINED:
        declined = _declined(ticket, recheck, None, policy, now, command.ruling)
        return [*_lapsed(ticket, recheck.ground == BY_APPELLANT), declined]
    return [*_lapsed(ticket), _decided(ticket, RecheckDecided(recheck.ruled_outcome, recheck.ruled_due), policy, now, command.ruling)]


def _need_ours(ticket: Ticket, policy: Policy, stage: str) -> r.Recheck:
    need_state(ticket, {State.RECHECKING})
    recheck = ticket.recheck
    if recheck is None or recheck.stage != stage:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="recheck")
    if recheck.decides != policy.node:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node, asked=recheck.decides)
    return recheck


def _need_outcome(outcome: str, rectify_by: date | None, ticket: Ticket, policy: Policy, now: datetime) -> None:
    offered = policy.pack.names("recheck.outcomes")
    if outcome not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="recheck.outcomes", value=outcome, offered=offered)
    if outcome == STANDS:
        return
    if rectify_by is None:
        raise Refusal(Code.FIELD_REQUIRED, field="rectify_by")
    if rectify_by < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=rectify_by, earliest=local_day(now))


def _opened(ticket: Ticket, head: Header, ground: str, decides: str) -> r.Recheck:
    return r.Recheck(ask=head.id, ground=ground, stage=PROPOSED, proposed_at=head.recorded_at, decides=decides, round=len(ticket.rounds))


def _lapsed(ticket: Ticket, is_over: bool = True) -> list[Happened]:
    """What was asked meanwhile lapses with the recheck, or a withdrawal would end what is completed or closed again by then."""
    return lapse_open(ticket, "decision_record") if is_over else []


def _declined(ticket: Ticket, recheck: r.Recheck, reason: Text | None, policy: Policy, now: datetime, answers: str) -> Happened:
    changes = [*clocks.stop_if_on(ticket, "recheck_decision")]
    event = RecheckDeclined(reason)
    if recheck.ground != BY_APPELLANT:
        changes += clocks.resume_if_paused(ticket, policy, now, "resolve")
    elif ticket.left is None or ticket.left.state is State.COMPLETED:
        # What it had waited for when the appellant asked, it waits for again.
        assert ticket.round is not None
        step = step_of(ticket, ticket.round, policy)
        changes.append(enter(ticket, step, policy, now))
        event = replace(event, with_whom_next=OWES[step].value)
    return Happened(ticket.subject, event, clocks=tuple(changes), answers=answers)


def _decided(ticket: Ticket, event: RecheckDecided, policy: Policy, now: datetime, answers: str) -> Happened:
    changes = clocks.stop_all(ticket, policy.node)
    if event.outcome != STANDS:
        to, last = way_back(ticket), event.rectify_by
        assert last is not None
        if to != LEAD:  # nobody led it: the office names who rectifies
            changes = (*changes, clocks.start(policy, now, "dispatch", With.OFFICE))
            event = replace(event, to=to)
        owes = ticket.lead if to == LEAD else With.OFFICE
        changes = (*changes, clocks.start_until(policy, now, "rectification", owes, last))
    elif _state_upheld(ticket) is State.COMPLETED:
        # The round that was overturned counts again: what it had gathered stands.
        of = ticket.round
        assert of is not None
        step = step_of(ticket, replace(of, upheld_at=now, feedback_at=of.feedback_at or _former(ticket, "feedback_at")), policy)
        changes = (*changes, enter(ticket, step, policy, now))
        event = replace(event, with_whom_next=OWES[step].value)
    return Happened(ticket.subject, event, clocks=changes, answers=answers)


def _former(ticket: Ticket, name: str) -> Any:
    """What the round before had of *name*."""
    return getattr(ticket.rounds[-2], name) if len(ticket.rounds) > 1 else None


def _upheld(ticket: Ticket, head: Header, with_next: str) -> Ticket:
    """The former result stands: the round that the finding opened ends with the result of the one before."""
    completion = ticket.completion or _former(ticket, "completion")
    feedback_at = (ticket.round.feedback_at if ticket.round else None) or _former(ticket, "feedback_at")
    rounds = with_round(ticket, head, completion=completion, feedback_at=feedback_at, upheld_at=head.recorded_at)
    state = _state_upheld(ticket)
    ticket = replace(ticket, state=state, with_whom=_with_after(state, with_next), left=None, rounds=rounds)
    ended = rounds[-1].overturned if state in ENDED_OTHERWISE else None
    if ended is None:
        return ticket
    merge = replace(ticket.merge, into=ended.merged_into)
    return replace(
        ticket,
        terminated_for=ended.terminated_for,
        ended_as=ended.ended_as,
        refused=ended.refused,
        merge=merge,
        ended_at=head.recorded_at,
    )


def _state_upheld(ticket: Ticket) -> State:
    """Where there was no result but another end (not accepted, terminated), that end stands; a closed ticket is closed anew."""
    left = ticket.left or (ticket.round.left if ticket.round else None)
    return left.state if left is not None and left.state in ENDED_OTHERWISE else State.COMPLETED


def _with_after(state: State, with_next: str) -> With:
    return with_whom(with_next) if state is State.COMPLETED else With.NOBODY


DECISIONS = {
    ProposeRecheck: propose,
    AskRecheck: ask,
    DeclineRecheck: decline,
    OpenRecheck: open_recheck,
    GiveRecheckOpinion: give_opinion,
    DecideRecheck: decide_recheck,
    RuleRecheck: rule,
    ExecuteRecheckRuling: execute_ruling,
}
