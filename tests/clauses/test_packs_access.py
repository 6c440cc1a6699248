"""Who may do what under which mechanism: roles that one person holds together, and rights that come in groups."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from node.domain import registry as g
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.evaluation import RecordEvaluation
from node.domain.ticket.first_contact import AnswerOnTheSpot, ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.recheck import OpenRecheck, ProposeRecheck
from node.domain.ticket.supervision import VerifyHandling
from node.domain.ticket.termination import ApplyTermination, DecideTermination
from node.services import enterprises
from node.services.acting import act
from node.services.imports import KINDS
from node.services.imports.plan import Options, Parts, run
from node.services.meetings import RECHECK, invitations
from node.services.staffing import staffing
from node.storage import schema
from tests.clauses.given import COUNTY, HOUSING, a_county, a_revisit, beijing, completed, handled, kinds_of, page_of, refuses, the
from tests.support.node import Hands, make_node

XIANGSHAN, FENGJIE = "330225", "500236"
REFORM = "development_reform"


def a_need(channel: str = "window", **fields: Any) -> Register:
    given = {"appeal": Text("厂房门口道路施工"), "name": Contact("王某"), "phone": Contact("13800001234")}
    return Register(channel, **(given | fields))


@pytest.mark.clause("AS25-1.2b")
def test_the_director_of_the_joint_office_is_a_member_as_well(tmp_path: Path):
    """AS25-1.2b: one person holds both roles; the act shows the role in which it was done, the members' list stays as it is."""
    county = a_county(tmp_path)
    county.act("office", g.OpenUnit("service_centre", "政务服务中心", "member"), COUNTY)
    county.act("office", g.OpenAccount("deputy", ("member", "director"), f"{COUNTY}-service_centre"), COUNTY)
    before = members(county)
    ticket = handled(county)
    told = county.node.blobs.put("撤回说明".encode())
    county.act("department", ApplyTermination("withdrawn", evidence=(told,)), ticket, "housing")

    with refuses(Code.PERMISSION_DENIED, role="member"):
        act(county.node, "deputy:member", DecideTermination(is_granted=True), ticket=ticket)
    act(county.node, "deputy:director", DecideTermination(is_granted=True), ticket=ticket)

    granted = page_of(county, ticket).timeline[-1]
    assert ("deputy", "director", "terminated") == (granted.account, granted.role, the(county, ticket).state.value)
    assert ["deputy"] == before == members(county)


@pytest.mark.clause("FJ25-3.6c")
def test_towns_and_industry_departments_register_and_whoever_only_reads_does_not(tmp_path: Path):
    """FJ25-3.6c: the unit that registered stays with the need; the auditor reads and enters nothing."""
    county = make_node(tmp_path, FENGJIE, "fengjie-2025", now=beijing("2025-06-03 10:00"))
    for unit, kind in (("agriculture", "department"), ("yongan", "town")):
        county.act("office", g.OpenUnit(unit, unit, kind), FENGJIE)
        county.act("office", g.OpenAccount(f"d-{unit}", ("department",), f"{FENGJIE}-{unit}"), FENGJIE)
    command = a_need(category="infrastructure", desk="window_1")

    tickets = [act(county.node, f"d-{unit}", command).subject.id for unit in ("agriculture", "yongan")]
    with refuses(Code.PERMISSION_DENIED, role="audit_admin"):
        county.act("audit_admin", command)

    registered_at = [{hand.unit for hand in the(county, one).hands} for one in tickets]
    assert [{f"{FENGJIE}-agriculture"}, {f"{FENGJIE}-yongan"}] == registered_at


@pytest.mark.clause("XS25-5.1b")
def test_the_centre_coordinates_supervises_and_appraises_and_no_department_does(tmp_path: Path):
    """XS25-5.1b: dispatch; urge and verify; evaluate: each by the centre, none by a department."""
    county = make_node(tmp_path, XIANGSHAN, "xiangshan-2025", now=beijing("2026-03-02 09:00"))
    county.staff("housing", "water")
    need = a_need("centre_offline", category="consultation")
    ticket, answered = (county.act("window_clerk", need).subject.id for _ in range(2))
    county.act("office", Form("consultation", "simple"), ticket)
    county.act("window_clerk", AnswerOnTheSpot(Text("已当场答复"), "solved", "consultation"), answered)
    urge = IssueOrder("urge", "other_ground", unit=f"{XIANGSHAN}-housing", tickets=(ticket,), demand=Text("请尽快办理"))
    groups = (
        (Dispatch(f"{XIANGSHAN}-housing"), ticket),
        (urge, ""),
        (VerifyHandling("true", Text("核查属实")), ticket),
        (RecordEvaluation("satisfied", "phone", is_solved=True), answered),
    )

    for command, subject in groups:
        with refuses(Code.PERMISSION_DENIED, role="department"):
            county.act("department", command, subject, "housing")
        assert county.act("office", command, subject, account="o-2").entries

    assert {"Dispatched", "HandlingVerified"} <= set(kinds_of(county, ticket))
    assert "Evaluated" in kinds_of(county, answered)


@pytest.mark.clause("FJ23-3.2c")
def test_five_thousand_officials_are_members_of_service_groups(tmp_path: Path):
    """FJ23-3.2c: 5446 accounts from one list; each group has exactly those that the list puts into it."""
    county = make_node(tmp_path, FENGJIE, "fengjie-2023", now=beijing("2023-06-05 10:00"))
    with county.node.store.read() as view:
        towns = county.node.policies.of_node(view, county.now).pack.names("groups.town")
    rows = [f"office_{number % 60},部门{number % 60},d{number:04},department,{towns[number % len(towns)]}" for number in range(5446)]
    content = "\n".join(["单位编码,单位名称,账号,角色,服务群", *rows]).encode()

    made = Parts(county.node.writer, county.node.handler, county.node.policies, county.node.blobs, county.node.now)
    report = run(made, KINDS["units"], content, ".csv", Options("centre"))

    with county.node.store.read() as view:
        found = {town: enterprises.members(view, town) for town in towns}
        staff = view.connection.execute(select(func.count()).where(schema.accounts.c.id.like("d____"))).scalar_one()
    assert (5446, 5446, 5446) == (report.imported, staff, sum(len(members) for members in found.values()))
    assert found["town_02"] == [f"d{number:04}" for number in range(1, 5446, len(towns))]


class TestSpecialists:
    """AS25-1.2d: collect, register, transfer, urge, revisit; and the unit's named contact for joint work."""

    def staffed(self, directory: Path) -> Hands:
        """A county whose development and reform bureau has a specialist and a clerk."""
        county = a_county(directory)
        county.act("office", g.OpenUnit(REFORM, REFORM, "member"), COUNTY)
        for account, role in (("s-reform", "specialist"), ("d-reform", "department")):
            county.act("office", g.OpenAccount(account, (role,), f"{COUNTY}-{REFORM}"), COUNTY)
        return county

    @pytest.mark.clause("AS25-1.2d")
    def test_five_rights_of_which_a_clerk_of_the_unit_has_not_all(self, tmp_path: Path):
        """One call of each kind; urging and revisiting are not a clerk's, and what his unit is invited to lies with the specialist."""
        county = self.staffed(tmp_path)
        own = f"{COUNTY}-{REFORM}"
        done = completed(county)
        urge = IssueOrder("urge", "may_overdue", unit=HOUSING, tickets=(handled(county),), demand=Text("请尽快办理"))

        collected = act(county.node, "s-reform", a_need("visit", first_contact=own, judgement="foreign")).subject.id
        assert act(county.node, "s-reform", a_need("window")).entries
        assert act(county.node, "s-reform", ReportToOffice("foreign"), ticket=collected).entries
        # The revisit by a clerk who sees the ticket: to others it is not there at all.
        for command, ticket, clerk in ((urge, "", "d-reform"), (a_revisit(is_consistent=False), done, "d-housing")):
            with refuses(Code.PERMISSION_DENIED, role="department"):
                act(county.node, clerk, command, ticket=ticket)
            assert act(county.node, "s-reform", command, ticket=ticket).entries

        county.act("department", ProposeRecheck("finding_disputed", Text("与事实不符")), done, "housing")
        county.act("office", OpenRecheck((HOUSING, own)), done, account="o-2")
        with county.node.store.read() as view:
            invited = {one: [(mine.meeting, mine.meeting_kind) for mine in invitations(view, one)] for one in ("s-reform", "d-reform")}
        assert {"s-reform": [(done, RECHECK)], "d-reform": []} == invited


def members(hands: Hands) -> list[str]:
    """The members of the joint mechanism, as the staffing check lists them."""
    with hands.node.store.read() as view:
        return [seat.account for seat in staffing(view, hands.node.policies.of_node(view, hands.now).pack).members]
