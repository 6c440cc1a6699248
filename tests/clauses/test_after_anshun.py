"""安顺, after the answer: who decides a recheck when everybody here had a part, and what a withdrawal asks of the office."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.registry import OpenAccount, unit_code
from node.domain.ticket.closing import Close
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.recheck import AskRecheck, DecideRecheck, GiveRecheckOpinion, OpenRecheck, ProposeRecheck
from node.domain.ticket.recheck_above import MoveRecheckUp
from node.domain.ticket.state import State
from node.services.bodies import page_body
from tests.clauses.after_given import state_of
from tests.clauses.given import COUNTY, FINANCE, HOUSING, WATER, a_county, a_revisit, completed, page_of, refuses, the
from tests.support.node import Hands

PROPOSE = ProposeRecheck("finding_disputed", Text("企业所指的是另一处厂房"))
UP = MoveRecheckUp(Text("本级经办人员均须回避"))


def sent_back(county: Hands, by: str = "a-office") -> str:
    """A ticket that a revisit sent back, and whose lead proposes a recheck."""
    ticket = completed(county)
    county.act("office", a_revisit(is_consistent=False), ticket, account=by)
    county.act("department", PROPOSE, ticket, "housing")
    return ticket


def opened(county: Hands, account: str, role: str) -> None:
    """An account of the centre."""
    county.act("node", OpenAccount(account, (role,), unit_code(COUNTY, "centre")), COUNTY)


class TestDeciders:
    """DESIGN 5, USERS A10: the office; if nobody is left, a member unit; then the superior.  The centre has one office account."""

    def test_while_somebody_of_the_office_is_left_no_member_unit_decides(self, tmp_path: Path):
        """And nothing moves up."""
        county = a_county(tmp_path)
        opened(county, "o-other", "office")
        opened(county, "m-one", "member")
        ticket = sent_back(county, "centre")
        county.act("office", OpenRecheck((WATER,)), ticket, account="o-other")
        county.act("department", GiveRecheckOpinion(Text("认定有误")), ticket, "water")

        for role, account, code in (("office", "centre", Code.OWN_CASE), ("member", "m-one", Code.PERMISSION_DENIED)):
            with refuses(code):
                county.act(role, DecideRecheck("stands", Text("维持")), ticket, account=account)
        with refuses(Code.DECIDER_LEFT, role="member, office"):
            county.act("office", UP, ticket, account="centre")
        county.act("office", DecideRecheck("stands", Text("维持")), ticket, account="o-other")

        assert State.COMPLETED is the(county, ticket).state

    def test_a_member_unit_decides_where_the_office_found(self, tmp_path: Path):
        """The one person of the office wrote the finding."""
        county = a_county(tmp_path)
        opened(county, "m-one", "member")
        ticket = sent_back(county, "centre")
        county.act("member", OpenRecheck((WATER,)), ticket, account="m-one")
        county.act("department", GiveRecheckOpinion(Text("认定有误")), ticket, "water")

        county.act("member", DecideRecheck("stands", Text("维持")), ticket, account="m-one")

        assert State.COMPLETED is the(county, ticket).state


@pytest.mark.clause("AS25-4.8a")
def test_three_departments_are_heard_and_the_outcome_is_one_of_the_list(tmp_path: Path):
    """AS25-4.8a: participants, opinions and the central judgement stand in the file, which the page of the ticket shows."""
    county = a_county(tmp_path)
    ticket = sent_back(county)
    county.act("office", OpenRecheck((HOUSING, WATER, FINANCE)), ticket)
    for unit in ("housing", "water", "finance"):
        county.act("department", GiveRecheckOpinion(Text(f"{unit}：应重新办理")), ticket, unit)
    with refuses(Code.VALUE_NOT_OFFERED, value="annulled"):
        county.act("office", DecideRecheck("annulled", Text("x")), ticket, account="o-2")

    county.act("office", DecideRecheck("redo", Text("集中研判：重新办理"), date(2026, 3, 20)), ticket, account="o-2")

    recheck = the(county, ticket).recheck
    assert recheck is not None
    assert ("redo", (HOUSING, WATER, FINANCE), (HOUSING, WATER, FINANCE)) == (recheck.outcome, recheck.participants, recheck.opinions)
    file = page_body(page_of(county, ticket), "", county.now)  # what `qyzj --json ticket show` gives out
    lines = [entry for entry in file["timeline"] if entry["kind"] in ("RecheckOpinionGiven", "RecheckDecided")]
    assert ["housing：应重新办理", "water：应重新办理", "finance：应重新办理", "集中研判：重新办理"] == [
        line["texts"]["opinion"] for line in lines
    ]
    assert [(unit, True) for unit in (HOUSING, WATER, FINANCE)] == [(one["unit"], one["has_spoken"]) for one in file["heard"]]


def test_a_vote_alone_sends_nothing_back(tmp_path: Path):
    """USERS A9, AS25-4.7.2a: dissatisfied but consistent is closed; the enterprise may ask once for a recheck."""
    county = a_county(tmp_path)
    ticket = completed(county)
    county.act("office", a_revisit(evaluation="dissatisfied"), ticket)
    county.act("office", Close(), ticket)

    county.act("enterprise", Evaluate("dissatisfied", is_solved=False), ticket)
    county.act("enterprise", AskRecheck(Text("便道太窄")), ticket)

    assert ("rechecking", "office") == state_of(county, ticket)
