"""Who may act: accounts and roles, members and specialists."""

from datetime import date
from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.entry import Subject
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.judgement import GiveOpinion, OpenJudgement
from node.packs.fault import Rule
from node.packs.linter import check
from node.services.acting import act
from node.services.staffing import Gap, Staffing, staffing
from tests.clauses.given import COUNTY, HOUSING, a_county, clock_of, end_of, handled, refuses, registered, the
from tests.support.node import Hands


@pytest.mark.clause("AS25-1.2a")
def test_an_extension_is_the_joint_offices_to_grant(tmp_path: Path):
    """AS25-1.2a: the role decides, not the house that somebody works in."""
    county = a_county(tmp_path)
    county.act("office", g.OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre"), COUNTY)
    ticket = handled(county)
    asked = RequestExtension(date(2026, 3, 20), "complex", Text("需专家论证"))
    county.act("department", asked, ticket, "housing", account="d-housing")

    with refuses(Code.PERMISSION_DENIED, role="window_clerk"):
        act(county.node, "clerk", DecideExtension(is_granted=True), ticket=ticket)
    act(county.node, "centre", DecideExtension(is_granted=True), ticket=ticket)

    assert end_of("2026-03-20") == clock_of(county, ticket, "resolve").due_at


@pytest.mark.clause("AS25-3.2.1a")
def test_the_centre_keeps_the_accounts(tmp_path: Path):
    """AS25-3.2.1a: it suspends one, and the next call is refused; a department opens none; who did what is kept."""
    county = a_county(tmp_path)
    ticket = handled(county)
    act(county.node, "d-housing", RecordProgress(Text("已到现场")), ticket=ticket)

    act(county.node, "centre", g.CloseAccount("d-housing"))

    with refuses(Code.UNAUTHENTICATED, account="d-housing"):
        act(county.node, "d-housing", RecordProgress(Text("又到现场")), ticket=ticket)
    with refuses(Code.PERMISSION_DENIED, role="department"):
        act(county.node, "d-water", g.OpenAccount("friend", ("department",), HOUSING))
    with county.node.store.read() as view:
        logged = [one for one in view.journal.of_subject(Subject("node", COUNTY)) if one.header.kind == "AccountClosed"]
    assert [("centre", "office", g.AccountClosed("d-housing"))] == [
        (one.header.actor.account, one.header.actor.role, one.folded.event) for one in logged
    ]


class TestMembers:
    """AS25-1.1a: five member units, and any number of others."""

    MEMBERS = ("government_office", "service_centre", "development_reform", "investment_promotion", "industry_commerce_federation")

    @pytest.mark.clause("AS25-1.1a")
    def test_a_member_is_heard_and_another_department_only_if_invited(self, tmp_path: Path):
        """A consultation of the members; others take part when they are asked."""
        county = a_county(tmp_path)
        with county.node.store.read() as view:
            pack = county.node.policies.of_node(view, county.now).pack
        assert self.MEMBERS == pack.names("members.units")
        county.staff(*self.MEMBERS)
        members = tuple(f"{COUNTY}-{unit}" for unit in self.MEMBERS)
        alone, joined = registered(county), registered(county)
        county.act("office", OpenJudgement(members), alone)
        county.act("office", OpenJudgement((*members, HOUSING)), joined)

        for ticket in (alone, joined):
            county.act("member", GiveOpinion(Text("建议住建局牵头"), "form", HOUSING), ticket, "development_reform")
        with refuses(Code.PERMISSION_DENIED, unit=HOUSING):
            county.act("department", GiveOpinion(Text("不宜由我局牵头")), alone, "housing")
        county.act("department", GiveOpinion(Text("可由我局牵头")), joined, "housing")

        assert [1, 2] == [len(judged.opinions) for one in (alone, joined) if (judged := the(county, one).judgement)]

    @pytest.mark.clause("AS25-1.1a")
    def test_a_pack_with_four_members_is_refused(self):
        """The document names five."""
        four = ", ".join(f'"{unit}"' for unit in self.MEMBERS[:4])
        head = '[pack]\nid = "four"\nversion = "1"\nlevel = "city"\nname = "x"\neffective_from = 2026-01-01\nparents = ["anshun-2025"]\n'

        faults = check("four.toml", f'{head}[members]\nunits = {{ value = [{four}], clause = "AS25-1.1a" }}\n')

        assert [("members.units", Rule.MEMBER_COUNT)] == [(fault.key, fault.rule) for fault in faults]


class TestStaffing:
    """The members of the joint mechanism, and the specialists that each of them sends."""

    UNITS = TestMembers.MEMBERS

    def staffed(self, directory: Path) -> Hands:
        """A county whose five member units have their members and one specialist each."""
        county = a_county(directory)
        for unit in self.UNITS:
            county.act("office", g.OpenUnit(unit, unit, "member"), COUNTY)
            county.act("office", g.OpenAccount(f"m-{unit}", ("member",), f"{COUNTY}-{unit}"), COUNTY)
            county.act("office", g.OpenAccount(f"s-{unit}", ("specialist",), f"{COUNTY}-{unit}"), COUNTY)
        county.act("office", g.OpenAccount("m-head", ("member",), f"{COUNTY}-service_centre"), COUNTY)
        return county

    @pytest.mark.clause("AS25-1.1c")
    def test_the_six_members(self, tmp_path: Path):
        """AS25-1.1c: the head and the deputy of the service centre, one deputy of each other unit; who lacks its own is named."""
        county = self.staffed(tmp_path)
        assert (6, ()) == (len(checked(county).members), checked(county).gaps)

        county.act("office", g.CloseAccount("m-development_reform"), COUNTY)

        assert (5, (Gap(f"{COUNTY}-development_reform", "member", 0, 1),)) == (len(checked(county).members), checked(county).gaps)

    @pytest.mark.clause("AS25-1.2c")
    def test_the_last_specialist_stays_until_there_is_another(self, tmp_path: Path):
        """AS25-1.2c: neither suspended nor given another role; a unit that never had one is listed."""
        county = self.staffed(tmp_path)
        unit = f"{COUNTY}-investment_promotion"
        with refuses(Code.LAST_SPECIALIST, account="s-investment_promotion", unit=unit):
            county.act("office", g.CloseAccount("s-investment_promotion"), COUNTY)
        with refuses(Code.LAST_SPECIALIST):
            county.act("office", g.OpenAccount("s-investment_promotion", ("member",), unit), COUNTY)

        county.act("office", g.OpenAccount("successor", ("specialist",), unit), COUNTY)
        county.act("office", g.CloseAccount("s-investment_promotion"), COUNTY)

        assert () == checked(county).gaps
        bare = a_county(tmp_path / "bare")
        assert {f"{COUNTY}-{name}" for name in self.UNITS} == {gap.unit for gap in checked(bare).gaps if gap.role == "specialist"}


def checked(hands: Hands) -> Staffing:
    """The staffing check of the node."""
    with hands.node.store.read() as view:
        return staffing(view, hands.node.policies.of_node(view, hands.now).pack)
