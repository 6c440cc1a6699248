"""
A contest as a file: what is voted on, who may vote, and every vote.

There are two groups of voters: enterprise representatives, each by his account, and units, each with one ballot whichever of
its accounts casts it.  A vote is given by name, as every entry is; it is not secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier, DossierCommand, DossierEvent
from node.domain.entry import SubjectKind
from node.domain.payload import Words

PREPARED, VOTING, CLOSED = "prepared", "voting", "closed"
ENTERPRISES, UNITS = "enterprises", "units"
GROUPS = (ENTERPRISES, UNITS)


class ContestEvent(DossierEvent):
    """An event of a contest."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.CONTEST


class ContestCommand(DossierCommand):
    """A command about a contest."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.CONTEST


@dataclass(frozen=True)
class Candidate:
    """``number`` from 1.  The unit itself, or its case of that code where cases are voted on."""

    number: int
    unit: str
    case_code: str = ""
    title: Words | None = None


@dataclass(frozen=True)
class Vote:
    """One vote of ``voter`` (an account, or a unit's code) of ``voter_group`` for the candidate of that number."""

    voter: str
    voter_group: str
    candidate: int
    at: datetime


@dataclass(frozen=True)
class Standing:
    """How many votes of each group a candidate has; ``rank`` from 1, shared by those with equally many."""

    rank: int
    candidate: Candidate
    enterprises: int
    units: int

    @property
    def total(self) -> int:
        """Of both groups together."""
        return self.enterprises + self.units


@dataclass(frozen=True)
class Contest(Dossier):
    """``until`` is the last day of the vote, None before it begins; ``choices_max`` how many candidates a voter may vote for."""

    kind: ClassVar[SubjectKind] = SubjectKind.CONTEST

    contest_kind: str = ""
    title: Words | None = None
    until: date | None = None
    choices_max: int = 1
    candidates: tuple[Candidate, ...] = ()
    representatives: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()

    @property
    def key(self) -> str:
        """The kind of contest."""
        return self.contest_kind

    @property
    def parties(self) -> frozenset[str]:
        """The units that are candidates, or vote."""
        return frozenset({*self.units, *(one.unit for one in self.candidates)})

    def candidate(self, number: int) -> Candidate | None:
        """The candidate of that number."""
        return next((one for one in self.candidates if one.number == number), None)

    def votes_of(self, voter: str, group: str) -> tuple[Vote, ...]:
        """What *voter* has cast so far."""
        return tuple(one for one in self.votes if (one.voter, one.voter_group) == (voter, group))

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Every candidate with its votes, the most first; of equally many the lower number first."""
        counts = {one.number: tuple(_count(self.votes, one.number, group) for group in GROUPS) for one in self.candidates}
        ordered = sorted(self.candidates, key=lambda one: (-sum(counts[one.number]), one.number))
        ranks = {one.number: 1 + sum(sum(other) > sum(counts[one.number]) for other in counts.values()) for one in ordered}
        return tuple(Standing(ranks[one.number], one, *counts[one.number]) for one in ordered)


def _count(votes: Iterable[Vote], candidate: int, group: str) -> int:
    return sum((one.candidate, one.voter_group) == (candidate, group) for one in votes)
