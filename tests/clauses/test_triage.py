"""Joint judgement and recheck: who is asked, who speaks."""

from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Text
from node.domain.ticket.judgement import GiveOpinion, OpenJudgement
from node.domain.ticket.recheck import GiveRecheckOpinion, OpenRecheck, ProposeRecheck
from node.services.ticket_view import heard
from tests.clauses.given import COUNTY, a_county, a_revisit, completed, page_of, registered
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
