"""
The vote for five-star units and best practice cases (共同评选, FJ23-4.2c).

The office prepares a contest, enters the candidates and opens the vote to both rolls at once; from then on neither roll nor
candidates change.  Each voter has the pack's number of choices, one vote a candidate, and no unit votes for itself.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Facts
from node.domain.contest.record import (
    CLOSED,
    ENTERPRISES,
    PREPARED,
    UNITS,
    VOTING,
    Candidate,
    Contest,
    ContestCommand,
    ContestEvent,
    Vote,
)
from node.domain.dossier import stop_clock
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.open_codes import need_plain_code
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field
from node.domain.time import end_of, local_day

CLOCK = "voting"
_ORGANISERS = frozenset({Role.OFFICE, Role.SUPERVISION})


@dataclass(frozen=True)
class PrepareContest(ContestCommand):
    """Prepare a contest of a kind of the pack."""

    roles = _ORGANISERS
    starts = True

    contest_kind: str
    title: Text


@dataclass(frozen=True)
class NominateCandidate(ContestCommand):
    """Enter a candidate: a unit, or a unit's case by its code and title where the contest is one of cases."""

    roles = _ORGANISERS

    unit: str
    case_code: str = ""
    title: Text | None = None


@dataclass(frozen=True)
class OpenVoting(ContestCommand):
    """Open the vote to these representatives (accounts of enterprises) and these units, up to and with the day ``until``."""

    roles = _ORGANISERS
    needs = ("accounts",)

    representatives: tuple[str, ...]
    units: tuple[str, ...]
    until: date


@dataclass(frozen=True)
class CastVote(ContestCommand):
    """Vote for a candidate by its number: a representative for himself, anybody else for his unit."""

    roles = frozenset({Role.ENTERPRISE, Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.SPECIALIST})

    candidate: int


@dataclass(frozen=True)
class CloseVoting(ContestCommand):
    """End the vote once its last day is over, or everybody has voted."""

    roles = _ORGANISERS


@dataclass(frozen=True)
class ContestPrepared(ContestEvent):
    """A contest of `contest_kind` is being prepared; each voter may vote for `choices_max` candidates."""

    begins = True

    contest_kind: str
    choices_max: int
    title: Words | None = None

    def begin(self, head: Header) -> Contest:
        return Contest(
            id=head.subject.id,
            owner=head.node,
            state=PREPARED,
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            contest_kind=self.contest_kind,
            title=self.title,
            choices_max=self.choices_max,
        )


@dataclass(frozen=True)
class CandidateNominated(ContestEvent):
    """Candidate `number` is the unit, or its case `case_code`."""

    number: int
    unit: str
    case_code: str = ""
    title: Words | None = None

    def apply(self, dossier: Contest, head: Header) -> Contest:
        return replace(dossier, candidates=(*dossier.candidates, Candidate(self.number, self.unit, self.case_code, self.title)))


@dataclass(frozen=True)
class VotingOpened(ContestEvent):
    """The vote is open to these representatives, by account, and these units, up to and with the day `until`."""

    representatives: tuple[str, ...]
    units: tuple[str, ...]
    until: date

    def apply(self, dossier: Contest, head: Header) -> Contest:
        return replace(dossier, state=VOTING, representatives=self.representatives, units=self.units, until=self.until)


@dataclass(frozen=True)
class VoteCast(ContestEvent):
    """One vote for a candidate; `voter_group` is "enterprises" (the voter is the account) or "units" (the voter is the actor's unit)."""

    voter_group: str
    candidate: int

    def apply(self, dossier: Contest, head: Header) -> Contest:
        voter = head.actor.account if self.voter_group == ENTERPRISES else head.actor.unit
        return replace(dossier, votes=(*dossier.votes, Vote(voter, self.voter_group, self.candidate, head.recorded_at)))


@dataclass(frozen=True)
class VotingClosed(ContestEvent):
    """The vote is over; its result stands."""

    def apply(self, dossier: Contest, head: Header) -> Contest:
        return replace(dossier, state=CLOSED)


def prepare(command: PrepareContest, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.2c: five-star units, best practice cases, or whatever else the pack lets vote on."""
    need_field("contest_kind", command.contest_kind)
    if command.contest_kind not in (offered := policy.pack.names("contest.kinds")):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="contest.kinds", value=command.contest_kind, offered=offered)
    need_field("title", command.title)
    event = ContestPrepared(command.contest_kind, policy.pack.number("contest.choices_max"), command.title)
    return [Happened(Subject(SubjectKind.CONTEST.value, facts.fresh_id), event)]


def nominate(contest: Contest, command: NominateCandidate, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A unit once, or each of its cases once; nobody is entered into a vote that has begun."""
    _need(contest, PREPARED)
    if command.unit not in facts.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.unit)
    if contest.contest_kind in policy.pack.names("contest.case_kinds"):
        need_field("case_code", command.case_code)
        need_plain_code("case_code", command.case_code)
        need_field("title", command.title)
    elif command.case_code:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="case_code", value=command.case_code, offered=())
    if any((one.unit, one.case_code) == (command.unit, command.case_code) for one in contest.candidates):
        return []
    event = CandidateNominated(len(contest.candidates) + 1, command.unit, command.case_code, command.title)
    return [Happened(contest.subject, event)]


def open_voting(contest: Contest, command: OpenVoting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.2c: to both groups, each by its roll."""
    _need(contest, PREPARED)
    need_field("candidates", contest.candidates)
    need_field("representatives", command.representatives)
    need_field("units", command.units)
    accounts = facts.given["accounts"]
    for name in command.representatives:
        if name not in accounts or not accounts[name].is_active:
            raise Refusal(Code.ACCOUNT_UNKNOWN, account=name)
        if Role.ENTERPRISE.value not in accounts[name].roles:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="role", value=sorted(accounts[name].roles), offered=(Role.ENTERPRISE.value,))
    for unit in command.units:
        if unit not in facts.units:
            raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    if command.until < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=contest.id, date=command.until, earliest=local_day(now))
    event = VotingOpened(tuple(dict.fromkeys(command.representatives)), tuple(dict.fromkeys(command.units)), command.until)
    return [Happened(contest.subject, event, clocks=(clocks.start_until(policy, now, CLOCK, Role.OFFICE.value, command.until),))]


def cast(contest: Contest, command: CastVote, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.2c: who is on a roll, one vote a candidate, never for the own unit."""
    _need(contest, VOTING)
    assert contest.until is not None
    if now >= end_of(contest.until):
        raise Refusal(Code.CONTEST_STATE, id=contest.id, state=CLOSED, wanted=[VOTING])
    is_representative = facts.is_role(Role.ENTERPRISE)
    group, voter = (ENTERPRISES, facts.actor.account) if is_representative else (UNITS, facts.actor.unit)
    if voter not in (contest.representatives if is_representative else contest.units):
        raise Refusal(Code.NOT_A_VOTER, id=contest.id)
    candidate = contest.candidate(command.candidate)
    if candidate is None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="candidate", value=command.candidate, offered=[one.number for one in contest.candidates])
    if group == UNITS and candidate.unit == voter:
        raise Refusal(Code.VOTE_FOR_ITSELF, unit=candidate.unit)
    votes = contest.votes_of(voter, group)
    if any(one.candidate == command.candidate for one in votes):
        raise Refusal(Code.VOTED_BEFORE, candidate=command.candidate)
    if len(votes) >= contest.choices_max:
        raise Refusal(Code.VOTES_USED, count=contest.choices_max)
    return [Happened(contest.subject, VoteCast(group, command.candidate))]


def close(contest: Contest, command: CloseVoting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Not before its last day is over, unless nobody is left who could still vote."""
    if contest.state == CLOSED:
        return []
    _need(contest, VOTING)
    assert contest.until is not None
    if now < end_of(contest.until) and not _have_all_voted(contest):
        raise Refusal(Code.VOTING_RUNS, id=contest.id, until=contest.until)
    return [Happened(contest.subject, VotingClosed(), clocks=stop_clock(contest))]


def _have_all_voted(contest: Contest) -> bool:
    return all(
        len(contest.votes_of(voter, group)) >= contest.choices_max
        for group, roll in ((ENTERPRISES, contest.representatives), (UNITS, contest.units))
        for voter in roll
    )


def _need(contest: Contest, state: str) -> None:
    if contest.state != state:
        raise Refusal(Code.CONTEST_STATE, id=contest.id, state=contest.state, wanted=[state])


DECISIONS = {
    PrepareContest: prepare,
    NominateCandidate: nominate,
    OpenVoting: open_voting,
    CastVote: cast,
    CloseVoting: close,
}
