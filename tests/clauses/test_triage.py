"""Joint judgement and recheck: who is asked, who speaks; and what is not accepted."""

from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.acceptance import NotAccept
from node.domain.ticket.judgement import GiveOpinion, OpenJudgement
from node.domain.ticket.recheck import GiveRecheckOpinion, OpenRecheck, ProposeRecheck
from node.domain.ticket.state import State
from node.services import tallies
from node.services.queries import heard
from tests.clauses.given import COUNTY, a_county, a_revisit, completed, page_of, refuses, registered, the
from tests.support.node import Hands

FIVE = {"a": "市政府办", "b": "政务中心", "c": "发改委", "d": "投促局", "e": "工商联"}


def with_five(directory: Path) -> Hands:
    """A county with five units, opened under their names."""
    county = a_county(directory)
    for unit, name in FIVE.items():
        county.act("office", g.OpenUnit(unit, name, "member"), COUNTY)
        county.act("office", g.OpenAccount(f"m-{unit}", ("member",), f"{COUNTY}-{unit}"), COUNTY)
    return county


@pytest.mark.clause("AS25-2.5")
@pytest.mark.parametrize("about", ["judgement", "recheck"])
def test_who_was_invited_and_did_not_speak_is_named(tmp_path: Path, about: str):
    """AS25-2.5: five are asked to a joint judgement or a recheck, four give an opinion, and the fifth stands there as absent."""
    county = with_five(tmp_path)
    invited = tuple(f"{COUNTY}-{unit}" for unit in FIVE)
    if about == "judgement":
        ticket = registered(county)
        county.act("office", OpenJudgement(invited), ticket)
    else:
        ticket = completed(county)
        county.act("office", a_revisit(is_consistent=False), ticket)
        county.act("department", ProposeRecheck("finding_disputed", Text("回访对象不是诉求人")), ticket, "housing")
        county.act("office", OpenRecheck(invited), ticket, account="other-officer")
    opinion = GiveOpinion if about == "judgement" else GiveRecheckOpinion
    for unit in list(FIVE)[:4]:
        county.act("member", opinion(Text(f"{FIVE[unit]}:同意")), ticket, unit)

    record = heard(page_of(county, ticket))

    assert {about} == {one.about for one in record}
    assert [("市政府办", True), ("政务中心", True), ("发改委", True), ("投促局", True), ("工商联", False)] == [
        (one.name, one.has_spoken) for one in record
    ]


def test_a_dispute_between_market_players_is_refused_only_where_the_mechanism_says_so(tmp_path: Path):
    """AS25-4.2.2.3: a ground of Anshun, counted as such; Haimen, which accepts everything (HM20-2.1a), does not offer it."""
    anshun = a_county(tmp_path / "anshun")
    haimen = a_county(tmp_path / "haimen", rules='[acceptance]\nrefusal_reasons = { value = [], clause = "HM20-2.1a" }\n')
    here, there = registered(anshun), registered(haimen)

    anshun.act("office", NotAccept("market_dispute"), here)
    with refuses(Code.VALUE_NOT_OFFERED, value="market_dispute"):
        haimen.act("office", NotAccept("market_dispute"), there)

    with anshun.node.store.read() as view:
        assert {"market_dispute": 1} == tallies.by_refusal(view)
    assert (State.NOT_ACCEPTED, State.REGISTERED) == (the(anshun, here).state, the(haimen, there).state)
