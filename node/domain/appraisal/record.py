"""
An appraisal as a file: one period, the units that are assessed, the indicators, and every score with its author and time.

A score is never overwritten: a correction, or an entry in place of a proposal, keeps what stood before behind it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier, DossierCommand, DossierEvent
from node.domain.entry import SubjectKind
from node.domain.payload import Words

OPEN, CLOSED = "open", "closed"


class AppraisalEvent(DossierEvent):
    """An event of an appraisal."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.APPRAISAL


class AppraisalCommand(DossierCommand):
    """A command about an appraisal."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.APPRAISAL


@dataclass(frozen=True)
class Score:
    """
    Whole ``points`` of a unit in an indicator, by the account ``author`` at ``at``.  ``confirmed_by`` and ``confirmed_at`` are the third
    party's: at once for what it enters itself, "" and None for what was only proposed to it.
    """

    unit: str
    indicator: str
    points: int
    author: str
    at: datetime
    words: Words | None = None
    confirmed_by: str = ""
    confirmed_at: datetime | None = None

    @property
    def is_confirmed(self) -> bool:
        """The third party stands for it."""
        return self.confirmed_at is not None


@dataclass(frozen=True)
class Appraisal(Dossier):
    """
    ``period`` is a period's name ("2026-Q1"), ``assessor`` the account of the third party, ``until`` the last day for its scores.
    ``scores`` are those that stand, one for each unit and indicator at most; ``former_scores`` those whose place
    others took, in order.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.APPRAISAL

    period: str = ""
    assessor: str = ""
    until: date | None = None
    units: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    former_scores: tuple[Score, ...] = ()

    @property
    def key(self) -> str:
        """The period."""
        return self.period

    @property
    def parties(self) -> frozenset[str]:
        """The units that are assessed: they read it."""
        return frozenset(self.units)

    def score(self, unit: str, indicator: str) -> Score | None:
        """The score that stands."""
        return next((one for one in self.scores if (one.unit, one.indicator) == (unit, indicator)), None)

    def with_score(self, score: Score) -> "Appraisal":
        """The appraisal in which *score* stands, and what stood in its place is kept as a former one."""
        before = self.score(score.unit, score.indicator)
        if before is None:
            return replace(self, scores=(*self.scores, score))
        scores = tuple(score if one is before else one for one in self.scores)
        # A confirmation changes neither points nor author: nothing is lost by it.
        is_same = (before.points, before.author, before.at) == (score.points, score.author, score.at)
        return replace(self, scores=scores, former_scores=self.former_scores if is_same else (*self.former_scores, before))

    @property
    def missing(self) -> tuple[str, ...]:
        """What the third party has neither entered nor confirmed, as "unit/indicator"."""
        found = {(one.unit, one.indicator) for one in self.scores if one.is_confirmed}
        return tuple(f"{unit}/{name}" for unit in self.units for name in self.indicators if (unit, name) not in found)
