"""
Levels under different releases (T20): the program of the first released wire and this one, in every mixture, on real processes.

Whoever is newer writes what the older cannot read: it is kept, passed on byte for byte, and takes effect after the upgrade.
"""

import itertools
from pathlib import Path

import pytest

from tests.federation.situations import CITY, COUNTY, PROVINCE
from tests.federation.skew import ROOT, Levels, Release, first_release, linked

# The round of February is opened before it, cut and drawn after it, and revealed when its window ended.
JANUARY, BEFORE, FEBRUARY, MARCH, AFTER_WINDOW = (f"2026-{day}T09:00:00+08:00" for day in ("01-27", "01-28", "02-10", "03-02", "03-10"))
ROUND = f"R{CITY}-{COUNTY}-2026-02"
NEW = Release("new", ROOT)
REASON = {"Text": "超出权限"}
# Province, city, county.
MIXTURES = list(itertools.product(("old", "new"), repeat=3))
# Upgrades go from the top down; a superior that lags behind is the harder case.
QUICK = (("old", "old", "new"),)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return first_release(tmp_path_factory.mktemp("first_release"))


@pytest.fixture
def releases(old: Release) -> dict[str, Release]:
    return {"old": old, "new": NEW}


def mixtures() -> list[object]:
    return [pytest.param(one, id="-".join(one), marks=[] if one in QUICK else [pytest.mark.slow]) for one in MIXTURES]


@pytest.mark.parametrize("mixture", mixtures())
def test_every_mixture_of_releases_carries_the_whole_scenario(
    tmp_path: Path, releases: dict[str, Release], mixture: tuple[str, str, str]
) -> None:
    """Registered, escalated twice, decided above, answered, closed, sampled; the bytes above are those of the origin (I08)."""
    with linked(tmp_path, [releases[name] for name in mixture], JANUARY) as levels:
        escalated, consulted = play(levels)

        assert [("formed", COUNTY)] * 3 == [levels.standing(code, escalated) for code in levels.seats]
        agree(levels)
        upgraded(levels)
        assert [("closed", COUNTY)] * 3 == [levels.standing(code, consulted) for code in levels.seats]
        agree(levels)


@pytest.mark.slow
def test_an_upgrade_in_the_middle_of_an_escalation(tmp_path: Path, old: Release) -> None:
    """All are old; each is upgraded, top down, between two steps of the saga, and goes on where it stood."""
    with linked(tmp_path, [old] * 3, JANUARY) as levels:
        levels.at(FEBRUARY)
        ticket = asked(levels)
        levels.change(PROVINCE, NEW)
        accepted(levels, CITY, ticket)
        ask_on(levels, ticket)
        levels.change(CITY, NEW)
        accepted(levels, PROVINCE, ticket)
        levels.change(COUNTY, NEW)
        decided(levels, ticket)

        levels.rest()
        for seat in levels.seats.values():
            assert 0 == NEW.qyzj("--data", str(seat.directory), "rebuild", "--check")[0]
        assert [("formed", COUNTY)] * 3 == [levels.standing(code, ticket) for code in levels.seats]
        agree(levels)


def test_an_older_program_refuses_a_newer_database(tmp_path: Path, old: Release) -> None:
    """It says so and changes nothing: a downgrade is a restore of the backup that was taken before."""
    made = ("init", "--node", CITY, "--name", "安顺", "--pack", "anshun-2025")
    data = ("--data", str(tmp_path / "city"))
    assert 0 == old.qyzj(*data, *made)[0]
    stale, said = NEW.qyzj(*data, "status")
    assert (2, True) == (stale, "SCHEMA_OLD" in said and "qyzj upgrade" in said)
    assert 0 == NEW.qyzj(*data, "upgrade")[0]
    before = (tmp_path / "city" / "node.db").read_bytes()

    refused = [old.qyzj(*data, verb) for verb in ("status", "serve")]

    assert [(2, True)] * 2 == [(code, "SCHEMA_OLD" in said) for code, said in refused]
    assert before == (tmp_path / "city" / "node.db").read_bytes()


# --- what is played ---------------------------------------------------------------------------------------------------


def play(levels: Levels) -> tuple[str, str]:
    """The whole scenario; gives the escalated ticket and the one that was closed."""
    levels.at(BEFORE)
    levels.at(FEBRUARY)
    consulted = registered(levels)
    levels.act(COUNTY, "centre:window_clerk", "AnswerOnTheSpot", consulted, answer={"Text": "已答复"}, category="consultation")
    escalated = asked(levels)
    if levels.seats[COUNTY].release is NEW:
        levels.act(COUNTY, "centre:window_clerk", "LogEnquiry", consulted, **ENQUIRY)
    accepted(levels, CITY, escalated)
    ask_on(levels, escalated)
    accepted(levels, PROVINCE, escalated)
    decided(levels, escalated)
    levels.at(MARCH)
    call(levels, consulted)
    # Nobody revisits his own case.
    levels.act(COUNTY, "security", "OpenAccount", account="second", account_roles=["office"], unit=f"{COUNTY}-centre")
    levels.act(COUNTY, "second:office", "RecordRevisit", consulted, is_consistent=True, is_standard_met=True, evaluation="satisfied")
    levels.act(COUNTY, "second:office", "Close", consulted)
    levels.at(AFTER_WINDOW)
    assert [("revealed",)] == levels.rows(CITY, "SELECT state FROM rounds WHERE id = ?", ROUND)
    assert [("revealed",)] == levels.rows(COUNTY, "SELECT state FROM rounds WHERE id = ?", ROUND)
    return escalated, consulted


ENQUIRY = {"way": "phone", "told": {"Text": "正在办理"}}


def registered(levels: Levels) -> str:
    fields = {"channel": "window", "appeal": {"Text": "厂房没有证"}, "name": {"Contact": "王某"}, "phone": {"Contact": "13800001234"}}
    return levels.act(COUNTY, "centre:window_clerk", "Register", **fields, judgement="foreign")


def asked(levels: Levels) -> str:
    ticket = registered(levels)
    levels.act(COUNTY, "centre:office", "RequestEscalation", ticket, power_item="LAND-07", reason=REASON, tried=["x"])
    levels.rest()
    return ticket


def ask_on(levels: Levels, ticket: str) -> None:
    levels.act(CITY, "centre:office", "RequestEscalation", ticket, power_item="LAND-07", reason=REASON, tried=["x"])
    levels.rest()


def accepted(levels: Levels, code: str, ticket: str) -> None:
    levels.act(code, "centre:office", "AcceptEscalation", ticket, category="coordination", complexity="plain")
    levels.rest()


def decided(levels: Levels, ticket: str) -> None:
    levels.act(PROVINCE, "centre:office", "DecideAbove", ticket, decision={"Text": "同意用地"})
    levels.rest()


def call(levels: Levels, ticket: str) -> None:
    answers = {"is_reached": True, "is_consistent": True, "is_standard_met": True, "is_satisfied": True}
    levels.act(CITY, "centre:office", "RecordCall", ROUND, key=f"{ticket}#1", **answers)
    levels.rest()


def agree(levels: Levels) -> None:
    """Every stream is above what it is at its origin, and nothing was lost on the way: what is not understood is awaited."""
    for node, holders in ((COUNTY, (CITY, PROVINCE)), (CITY, (PROVINCE,))):
        own = levels.contents(node, node)
        assert own
        for code in holders:
            assert own == levels.contents(code, node)
    for code, seat in levels.seats.items():
        aside = {reason for (reason,) in levels.rows(code, "SELECT reason FROM quarantine")}
        awaits = seat.release is not NEW and levels.seats[COUNTY].release is NEW
        assert aside == ({"unknown_kind"} if awaits else set()), code
        assert [] == levels.rows(code, "SELECT kind FROM incidents")


def upgraded(levels: Levels) -> None:
    """Top down, and then nothing waits any more."""
    for code in levels.seats:
        if levels.seats[code].release is not NEW:
            levels.change(code, NEW)
    levels.rest()
    for code in levels.seats:
        assert [] == levels.rows(code, "SELECT reason FROM quarantine")
