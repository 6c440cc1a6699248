"""A third party scores units by indicators; enterprises and units vote for units and cases."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from node.domain.appraisal.record import Appraisal
from node.domain.appraisal.scoring import CloseAppraisal, ConfirmScore, CorrectScore, EnterScore, OpenAppraisal, ProposeScore
from node.domain.command import Command
from node.domain.contest.record import Contest
from node.domain.contest.voting import CastVote, CloseVoting, NominateCandidate, OpenVoting, PrepareContest
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.registry import OpenAccount, unit_code
from node.services import dossiers, rebuild
from node.storage.dossier_readings import dossier_of
from tests.clauses.given import FINANCE, HOUSING, WATER, a_county, beijing, refuses
from tests.support.node import Hands

INDICATORS = ("reply", "completion", "satisfaction")
ASSESSOR, REPRESENTATIVES = "institute", ("e-1", "e-2", "e-3")


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    """A county under the 2023 practice of 奉节, with a third party and three enterprise representatives."""
    hands = a_county(tmp_path, pack="fengjie-2023")
    account(hands, ASSESSOR, "assessor")
    for name in REPRESENTATIVES:
        account(hands, name, "enterprise")
    return hands


def account(hands: Hands, name: str, role: str, unit: str = "centre") -> None:
    command = OpenAccount(name, (role,), unit_code(hands.node.code, unit), Contact("某某"))
    hands.act("node", command, hands.node.code)


# --- FJ23-4.1c: scores --------------------------------------------------------------------------------------------------


def opened(hands: Hands, *units: str, period: str = "2026-Q1") -> str:
    command = OpenAppraisal(period, ASSESSOR, units or (HOUSING, WATER), date(2026, 4, 30), INDICATORS)
    return hands.act("office", command).subject.id


def scores(hands: Hands, command: Command, appraisal: str) -> None:
    hands.act("assessor", command, appraisal, account=ASSESSOR)


def the_appraisal(hands: Hands, id: str) -> Appraisal:
    with hands.node.store.read() as view:
        found = dossier_of(view.journal, Subject("appraisal", id))
    assert isinstance(found, Appraisal)
    return found


@pytest.mark.clause("FJ23-4.1c")
def test_the_third_party_writes_a_score_and_the_assessed_unit_only_reads_it(county: Hands):
    """Its account enters: kept with author and time.  The unit that is assessed may not, in any way; it sees what was entered."""
    appraisal = opened(county)
    county.at(beijing("2026-02-24 09:30"))

    scores(county, EnterScore(HOUSING, "reply", 90, Text("抽查20件")), appraisal)

    for role in ("department", "department_leader"):
        for command in (
            EnterScore(HOUSING, "reply", 100),
            ConfirmScore(HOUSING, "reply", 90),
            CorrectScore(HOUSING, "reply", 100, Text("我局认为偏低")),
            ProposeScore(HOUSING, "completion", 100),
            CloseAppraisal(),
        ):
            with refuses(Code.PERMISSION_DENIED):
                county.act(role, command, appraisal, "housing")
    assert [("reply", 90, ASSESSOR, beijing("2026-02-24 09:30"))] == [
        (one.indicator, one.points, one.author, one.at) for one in the_appraisal(county, appraisal).scores
    ]
    with county.node.store.read() as view:
        read = [line.id for line in dossiers.listed(view, Appraisal.kind, unit=HOUSING)]
    assert [appraisal] == read


@pytest.mark.clause("FJ23-4.1c")
def test_the_third_party_confirms_what_was_proposed_to_it(county: Hands):
    """A proposal of the office is nobody's score until it is confirmed; author and confirmer, with both times, are kept."""
    appraisal = opened(county)
    county.at(beijing("2026-02-24 09:30"))
    county.act("office", ProposeScore(WATER, "completion", 85), appraisal)
    assert "water/completion" in {one.partition("-")[2] for one in the_appraisal(county, appraisal).missing}

    county.at(beijing("2026-02-25 15:00"))
    with refuses(Code.SCORE_STANDS, points="85"):  # what it saw has changed since
        scores(county, ConfirmScore(WATER, "completion", 80), appraisal)
    scores(county, ConfirmScore(WATER, "completion", 85), appraisal)

    score = the_appraisal(county, appraisal).score(WATER, "completion")
    assert score is not None
    assert ("a-office", beijing("2026-02-24 09:30")) == (score.author, score.at)
    assert (ASSESSOR, beijing("2026-02-25 15:00")) == (score.confirmed_by, score.confirmed_at)
    with refuses(Code.SCORE_STANDS):
        county.act("office", ProposeScore(WATER, "completion", 95), appraisal)


@pytest.mark.clause("FJ23-4.1c")
def test_a_correction_keeps_the_former_score(county: Hands):
    """With a reason, by the third party; both scores have author and time, and a rebuilt node says the same."""
    appraisal = opened(county)
    county.at(beijing("2026-02-24 09:30"))
    county.act("office", ProposeScore(WATER, "reply", 60), appraisal)
    scores(county, EnterScore(WATER, "reply", 70), appraisal)
    with refuses(Code.SCORE_STANDS):
        scores(county, EnterScore(WATER, "reply", 72), appraisal)
    county.at(beijing("2026-02-26 09:30"))
    scores(county, CorrectScore(WATER, "reply", 75, Text("漏计2件")), appraisal)

    found = the_appraisal(county, appraisal)
    assert [(75, ASSESSOR, beijing("2026-02-26 09:30"))] == [(one.points, one.author, one.at) for one in found.scores]
    first = beijing("2026-02-24 09:30")
    assert [(60, "a-office", first), (70, ASSESSOR, first)] == [(one.points, one.author, one.at) for one in found.former_scores]
    rebuild.rebuild(county.node.store)
    assert found == the_appraisal(county, appraisal)


def test_it_is_closed_once_nothing_is_missing_and_then_nobody_writes(county: Hands):
    """Two units and three indicators: six scores, the last of which may not be only proposed."""
    appraisal = opened(county)
    for unit in (HOUSING, WATER):
        for name in INDICATORS[:2]:
            scores(county, EnterScore(unit, name, 80), appraisal)
        county.act("office", ProposeScore(unit, INDICATORS[2], 90), appraisal)
    with refuses(Code.SCORES_MISSING, count="2"):
        county.act("office", CloseAppraisal(), appraisal)
    for unit in (HOUSING, WATER):
        scores(county, ConfirmScore(unit, INDICATORS[2], 90), appraisal)

    county.act("office", CloseAppraisal(), appraisal)

    assert ("closed", None) == (the_appraisal(county, appraisal).state, the_appraisal(county, appraisal).clock("appraisal"))
    with refuses(Code.APPRAISAL_CLOSED):
        scores(county, CorrectScore(WATER, "reply", 75, Text("漏计")), appraisal)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda: EnterScore(HOUSING, "reply", 101), Code.POINTS_OUT_OF_RANGE),
        (lambda: EnterScore(HOUSING, "reply", -1), Code.POINTS_OUT_OF_RANGE),
        (lambda: EnterScore(HOUSING, "speed", 50), Code.VALUE_NOT_OFFERED),
        (lambda: EnterScore(FINANCE, "reply", 50), Code.VALUE_NOT_OFFERED),
        (lambda: ConfirmScore(HOUSING, "reply", 50), Code.SCORE_MISSING),
        (lambda: CorrectScore(HOUSING, "reply", 50, Text("更正")), Code.SCORE_MISSING),
        (lambda: CorrectScore(HOUSING, "reply", 50, Text("")), Code.FIELD_REQUIRED),
    ],
)
def test_what_a_third_party_may_not_write(county: Hands, wrong: Callable[[], Command], code: Code):
    """Points from 0 to the pack's most, for a unit and an indicator of the appraisal."""
    appraisal = opened(county)

    with refuses(code):
        scores(county, wrong(), appraisal)


def test_only_the_third_party_that_was_named_scores_and_never_its_own_unit(county: Hands):
    """Another assessor's account is refused; an assessor of a unit that is assessed is not even named."""
    account(county, "inside", "assessor", "housing")
    appraisal = opened(county)

    with refuses(Code.PERMISSION_DENIED):
        county.act("assessor", EnterScore(HOUSING, "reply", 90), appraisal, account="another")
    with refuses(Code.OWN_SCORE, unit=HOUSING):
        county.act("office", OpenAppraisal("2026-Q2", "inside", (HOUSING,), date(2026, 7, 31), INDICATORS))
    with refuses(Code.ACCOUNT_UNKNOWN):
        county.act("office", OpenAppraisal("2026-Q2", "nobody", (HOUSING,), date(2026, 7, 31), INDICATORS))


def test_a_unit_is_scored_once_in_a_period(county: Hands):
    """A second appraisal of the quarter takes other units only (two tracks); the next quarter takes it again."""
    first = opened(county)

    with refuses(Code.ALREADY_EXISTS, id=first):
        opened(county, HOUSING)
    assert {first} < {first, opened(county, FINANCE), opened(county, HOUSING, period="2026-Q2")}
    with refuses(Code.MALFORMED_COMMAND, field="period"):
        opened(county, period="2026-Q5")


# --- FJ23-4.2c: the vote ------------------------------------------------------------------------------------------------


def a_vote(hands: Hands, kind: str = "five_star_unit", *units: str) -> str:
    contest = hands.act("office", PrepareContest(kind, Text("一季度评选"))).subject.id
    for unit in units or (HOUSING, WATER):
        case = {"case_code": f"case-{unit}", "title": Text("贷款续期")} if kind == "best_practice_case" else {}
        hands.act("office", NominateCandidate(unit, **case), contest)
    hands.act("office", OpenVoting(REPRESENTATIVES, (HOUSING, WATER, FINANCE), date(2026, 2, 27)), contest)
    return contest


def votes(hands: Hands, contest: str, voter: str, candidate: int) -> None:
    """A representative by his account, or a unit by its short name."""
    is_representative = voter in REPRESENTATIVES
    unit = "" if is_representative else voter
    hands.act("enterprise" if is_representative else "department", CastVote(candidate), contest, unit, account=voter)


def result_of(hands: Hands, contest: str) -> list[tuple[int, str, int, int, int]]:
    with hands.node.store.read() as view:
        found = dossier_of(view.journal, Subject("contest", contest))
    assert isinstance(found, Contest)
    return [(one.rank, one.candidate.unit, one.enterprises, one.units, one.total) for one in found.standings]


@pytest.mark.clause("FJ23-4.2c")
@pytest.mark.parametrize("kind", ["five_star_unit", "best_practice_case"])
def test_two_groups_vote_once_each_and_nobody_for_itself(county: Hands, kind: str):
    """A second vote of a voter is rejected, and a unit's for itself; the result has the votes of each group and in all."""
    contest = a_vote(county, kind)  # candidate 1: housing, 2: water
    for voter, candidate in (("e-1", 2), ("e-2", 2), ("e-3", 1), ("finance", 1), ("housing", 2)):
        votes(county, contest, voter, candidate)

    for voter, candidate, code in (("e-1", 2, Code.VOTED_BEFORE), ("e-1", 1, Code.VOTES_USED), ("finance", 1, Code.VOTED_BEFORE)):
        with refuses(code):
            votes(county, contest, voter, candidate)
    with refuses(Code.VOTE_FOR_ITSELF, unit=WATER):
        votes(county, contest, "water", 2)

    assert [(1, WATER, 2, 1, 3), (2, HOUSING, 1, 1, 2)] == result_of(county, contest)
    rebuild.rebuild(county.node.store)
    assert [(1, WATER, 2, 1, 3), (2, HOUSING, 1, 1, 2)] == result_of(county, contest)


def test_a_unit_is_one_voter_whoever_votes_for_it(county: Hands):
    """A second account of the unit finds its vote cast."""
    contest = a_vote(county)
    votes(county, contest, "finance", 1)

    with refuses(Code.VOTED_BEFORE):
        county.act("department_leader", CastVote(1), contest, "finance", account="another")


@pytest.mark.parametrize(
    ("role", "unit", "by"), [("enterprise", "", "e-9"), ("department", "centre", "d-centre"), ("office", "centre", "a-office")]
)
def test_only_who_is_on_a_roll_votes(county: Hands, role: str, unit: str, by: str):
    """An enterprise or a unit that was not entered, and the organiser, have no vote."""
    contest = a_vote(county)

    with refuses(Code.PERMISSION_DENIED if role == "office" else Code.NOT_A_VOTER):
        county.act(role, CastVote(1), contest, unit, account=by)


def test_the_vote_ends_with_its_last_day_and_then_the_result_stands(county: Hands):
    """Before that it is closed only when every vote was cast; what comes after the last day is too late."""
    contest = a_vote(county)
    votes(county, contest, "e-1", 2)
    with refuses(Code.VOTING_RUNS):
        county.act("office", CloseVoting(), contest)
    county.at(beijing("2026-02-28 00:00"))
    with refuses(Code.CONTEST_STATE):
        votes(county, contest, "e-2", 2)

    county.act("office", CloseVoting(), contest)

    assert [(1, WATER, 1, 0, 1), (2, HOUSING, 0, 0, 0)] == result_of(county, contest)


def test_everybody_has_voted_and_the_vote_may_be_closed_early(county: Hands):
    """Three representatives and three units; equally many votes share a rank."""
    contest = a_vote(county)
    for voter, candidate in (("e-1", 2), ("e-2", 1), ("e-3", 1), ("finance", 2), ("housing", 2), ("water", 1)):
        votes(county, contest, voter, candidate)

    county.act("office", CloseVoting(), contest)

    assert [1, 1] == [rank for rank, *_ in result_of(county, contest)]


def test_candidates_and_rolls_do_not_change_once_the_vote_is_open(county: Hands):
    """Nobody is entered, and the vote is not opened a second time; where cases are voted on each is named."""
    contest = a_vote(county)
    with refuses(Code.CONTEST_STATE):
        county.act("office", NominateCandidate(FINANCE), contest)
    with refuses(Code.CONTEST_STATE):
        county.act("office", OpenVoting(("e-1",), (WATER,), date(2026, 3, 6)), contest)
    cases = county.act("office", PrepareContest("best_practice_case", Text("案例"))).subject.id
    with refuses(Code.FIELD_REQUIRED, field="case_code"):
        county.act("office", NominateCandidate(FINANCE), cases)


def test_a_pack_without_a_vote_offers_none(tmp_path: Path):
    """安顺 knows no such vote: nothing can be prepared."""
    with refuses(Code.VALUE_NOT_OFFERED, key="contest.kinds"):
        a_county(tmp_path).act("office", PrepareContest("five_star_unit", Text("评选")))
