"""
Scoring units by a third party (由第三方机构按指标开展量化考评, FJ23-4.1c).

The office opens an appraisal and may propose scores, those that the platform counts among them; only the third party that is
named enters, confirms and corrects.  The units that are assessed read every score and write none.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from node.domain.appraisal.record import CLOSED, OPEN, Appraisal, AppraisalCommand, AppraisalEvent, Score
from node.domain.command import Facts
from node.domain.dossier import stop_clock
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.open_codes import need_plain_code
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.period import period_named
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_value
from node.domain.time import local_day

CLOCK = "appraisal"


@dataclass(frozen=True)
class OpenAppraisal(AppraisalCommand):
    """
    Open the appraisal of ``units`` for ``period`` ("2026-Q1"): the third party ``assessor`` scores each by every one of
    ``indicators`` up to and with the day ``until``.  Without indicators those of the pack are taken.
    """

    roles = frozenset({Role.OFFICE, Role.SUPERVISION})
    starts = True
    needs = ("accounts", "appraisals_of_period")

    period: str
    assessor: str
    units: tuple[str, ...]
    until: date
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProposeScore(AppraisalCommand):
    """Put a score to the third party, which confirms it or enters another; ``grounds`` say what it was counted from."""

    roles = frozenset({Role.OFFICE, Role.SUPERVISION, Role.NODE})

    unit: str
    indicator: str
    points: int
    grounds: Text | None = None


@dataclass(frozen=True)
class EnterScore(AppraisalCommand):
    """Enter a unit's score in an indicator."""

    roles = frozenset({Role.ASSESSOR})

    unit: str
    indicator: str
    points: int
    grounds: Text | None = None


@dataclass(frozen=True)
class ConfirmScore(AppraisalCommand):
    """Confirm the score that was proposed; ``points`` are those that the third party saw."""

    roles = frozenset({Role.ASSESSOR})

    unit: str
    indicator: str
    points: int


@dataclass(frozen=True)
class CorrectScore(AppraisalCommand):
    """Put another score in the place of the third party's own; the former one is kept."""

    roles = frozenset({Role.ASSESSOR})

    unit: str
    indicator: str
    points: int
    reason: Text


@dataclass(frozen=True)
class CloseAppraisal(AppraisalCommand):
    """Close it once every score was entered or confirmed; from then on nobody writes any more."""

    roles = frozenset({Role.OFFICE, Role.SUPERVISION})


@dataclass(frozen=True)
class AppraisalOpened(AppraisalEvent):
    """The third party `assessor` scores `units` for `period` by `indicators`, up to and with the day `until`."""

    begins = True

    period: str
    assessor: str
    units: tuple[str, ...]
    indicators: tuple[str, ...]
    until: date

    def begin(self, head: Header) -> Appraisal:
        return Appraisal(
            id=head.subject.id,
            owner=head.node,
            state=OPEN,
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            period=self.period,
            assessor=self.assessor,
            until=self.until,
            units=self.units,
            indicators=self.indicators,
        )


@dataclass(frozen=True)
class ScoreProposed(AppraisalEvent):
    """A score was put to the third party; it counts once that confirms it."""

    unit: str
    indicator: str
    points: int
    grounds: Words | None = None

    def apply(self, dossier: Appraisal, head: Header) -> Appraisal:
        return dossier.with_score(Score(self.unit, self.indicator, self.points, head.actor.account, head.recorded_at, self.grounds))


@dataclass(frozen=True)
class ScoreEntered(AppraisalEvent):
    """The third party scored the unit in the indicator. A score that was proposed is kept behind it."""

    unit: str
    indicator: str
    points: int
    grounds: Words | None = None

    def apply(self, dossier: Appraisal, head: Header) -> Appraisal:
        return dossier.with_score(_own(self.unit, self.indicator, self.points, head, self.grounds))


@dataclass(frozen=True)
class ScoreConfirmed(AppraisalEvent):
    """The third party stands for the score that was proposed."""

    unit: str
    indicator: str

    def apply(self, dossier: Appraisal, head: Header) -> Appraisal:
        score = dossier.score(self.unit, self.indicator)
        if score is None:
            return dossier
        return dossier.with_score(replace(score, confirmed_by=head.actor.account, confirmed_at=head.recorded_at))


@dataclass(frozen=True)
class ScoreCorrected(AppraisalEvent):
    """The third party put another score in the place of its own; the former one is kept behind it."""

    unit: str
    indicator: str
    points: int
    reason: Words | None = None

    def apply(self, dossier: Appraisal, head: Header) -> Appraisal:
        return dossier.with_score(_own(self.unit, self.indicator, self.points, head, self.reason))


@dataclass(frozen=True)
class AppraisalClosed(AppraisalEvent):
    """Every score was entered or confirmed; nobody writes any more."""

    def apply(self, dossier: Appraisal, head: Header) -> Appraisal:
        return replace(dossier, state=CLOSED)


def _own(unit: str, indicator: str, points: int, head: Header, words: Words | None) -> Score:
    by, at = head.actor.account, head.recorded_at
    return Score(unit, indicator, points, by, at, words, confirmed_by=by, confirmed_at=at)


def open_appraisal(command: OpenAppraisal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.1c: a third party's account, no unit twice in a period, and nobody who scores his own unit."""
    need_field("period", command.period)
    need_field("units", command.units)
    need_field("assessor", command.assessor)
    try:
        period_named(command.period)
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field="period") from None
    units, indicators = tuple(dict.fromkeys(command.units)), _indicators(command, policy)
    for unit in units:
        if unit not in facts.units:
            raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    account = facts.given["accounts"].get(command.assessor)
    if account is None or not account.is_active:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=command.assessor)
    if Role.ASSESSOR.value not in account.roles:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="role", value=sorted(account.roles), offered=(Role.ASSESSOR.value,))
    if account.unit in units:
        raise Refusal(Code.OWN_SCORE, unit=account.unit)
    others: tuple[Appraisal, ...] = facts.given["appraisals_of_period"]
    if again := next((one for one in others if set(one.units) & set(units)), None):
        raise Refusal(Code.ALREADY_EXISTS, kind=SubjectKind.APPRAISAL, id=again.id)
    if command.until < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=facts.fresh_id, date=command.until, earliest=local_day(now))
    event = AppraisalOpened(command.period, command.assessor, units, indicators, command.until)
    started = clocks.start_until(policy, now, CLOCK, Role.ASSESSOR.value, command.until)
    return [Happened(Subject(SubjectKind.APPRAISAL.value, facts.fresh_id), event, clocks=(started,))]


def propose(appraisal: Appraisal, command: ProposeScore, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.1c: what the third party stands for already is not proposed over its head."""
    _need_scorable(appraisal, command, policy)
    if facts.actor.unit in appraisal.units:
        raise Refusal(Code.OWN_SCORE, unit=facts.actor.unit)
    before = appraisal.score(command.unit, command.indicator)
    if before is not None and before.is_confirmed:
        raise _stands(before)
    if before is not None and before.points == command.points:
        return []
    return [Happened(appraisal.subject, ScoreProposed(command.unit, command.indicator, command.points, command.grounds))]


def enter(appraisal: Appraisal, command: EnterScore, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.1c: by the third party that was named; its own former score is corrected with a reason, not entered over."""
    _need_assessor(appraisal, command, facts)
    _need_scorable(appraisal, command, policy)
    before = appraisal.score(command.unit, command.indicator)
    if before is not None and before.is_confirmed:
        if before.points == command.points:
            return []
        raise _stands(before)
    return [Happened(appraisal.subject, ScoreEntered(command.unit, command.indicator, command.points, command.grounds))]


def confirm(appraisal: Appraisal, command: ConfirmScore, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.1c: the score that it saw, not one that was proposed since."""
    _need_assessor(appraisal, command, facts)
    _need_scorable(appraisal, command, policy)
    before = _need_score(appraisal, command)
    if before.points != command.points:
        raise _stands(before)
    return [] if before.is_confirmed else [Happened(appraisal.subject, ScoreConfirmed(command.unit, command.indicator))]


def correct(appraisal: Appraisal, command: CorrectScore, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-4.1c: with a reason; the former score, its author and its time are kept."""
    _need_assessor(appraisal, command, facts)
    _need_scorable(appraisal, command, policy)
    need_field("reason", command.reason)
    before = _need_score(appraisal, command)
    if before.is_confirmed and before.points == command.points:
        return []
    return [Happened(appraisal.subject, ScoreCorrected(command.unit, command.indicator, command.points, command.reason))]


def close(appraisal: Appraisal, command: CloseAppraisal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Nothing may be missing: an average over gaps would be no score."""
    if appraisal.state == CLOSED:
        return []
    if appraisal.missing:
        raise Refusal(Code.SCORES_MISSING, id=appraisal.id, count=len(appraisal.missing), missing=appraisal.missing[:10])
    return [Happened(appraisal.subject, AppraisalClosed(), clocks=stop_clock(appraisal))]


def _indicators(command: OpenAppraisal, policy: Policy) -> tuple[str, ...]:
    """Those that were named, each one of the pack's where it has a list; else the pack's."""
    indicators = tuple(dict.fromkeys(command.indicators)) or policy.pack.names("appraisal.indicators")
    need_field("indicators", indicators)
    for name in indicators:
        need_plain_code("indicators", name)
        need_value(policy, "appraisal.indicators", name)
    return indicators


def _need_assessor(appraisal: Appraisal, command: AppraisalCommand, facts: Facts) -> None:
    if facts.actor.account != appraisal.assessor:
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role, unit=facts.actor.unit)
    # The account may have been moved into a unit that it assesses since.
    if facts.actor.unit in appraisal.units:
        raise Refusal(Code.OWN_SCORE, unit=facts.actor.unit)


def _need_scorable(appraisal: Appraisal, command: Any, policy: Policy) -> None:
    """Open, a unit and an indicator of it, and points within the pack's bounds: 0 up to ``appraisal.points_max``, both included."""
    if appraisal.state != OPEN:
        raise Refusal(Code.APPRAISAL_CLOSED, id=appraisal.id)
    for key, value, offered in (("unit", command.unit, appraisal.units), ("indicator", command.indicator, appraisal.indicators)):
        if value not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key=key, value=value, offered=offered)
    most = policy.pack.number("appraisal.points_max")
    if not 0 <= command.points <= most:
        raise Refusal(Code.POINTS_OUT_OF_RANGE, points=command.points, most=most)


def _need_score(appraisal: Appraisal, command: ConfirmScore | CorrectScore) -> Score:
    score = appraisal.score(command.unit, command.indicator)
    if score is None:
        raise Refusal(Code.SCORE_MISSING, unit=command.unit, indicator=command.indicator)
    return score


def _stands(score: Score) -> Refusal:
    return Refusal(Code.SCORE_STANDS, unit=score.unit, indicator=score.indicator, points=score.points)


DECISIONS = {
    OpenAppraisal: open_appraisal,
    ProposeScore: propose,
    EnterScore: enter,
    ConfirmScore: confirm,
    CorrectScore: correct,
    CloseAppraisal: close,
}
