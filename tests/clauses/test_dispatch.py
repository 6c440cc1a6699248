"""Who may be given a need, and what becomes of it when departments do not want it or cannot agree."""

from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import ConfirmCoHandling
from node.domain.ticket.coordination import DeclareDisagreement, FilePosition, RecordCoordination, ReportCoordination, RuleCoordination
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.judgement import CloseJudgement, OpenJudgement
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment, RuleByGovernment, RuleObjection
from node.domain.ticket.state import State, With
from tests.clauses.given import (
    COUNTY,
    FINANCE,
    HOUSING,
    WATER,
    a_county,
    dispatched,
    formed,
    handled,
    kinds_of,
    page_of,
    refuses,
    registered,
    the,
)
from tests.support.node import Hands


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    """One county for all: each test has a need of its own."""
    return a_county(tmp_path_factory.mktemp("dispatch"))


@pytest.mark.clause("AS25-1.2e")
def test_a_department_without_staff_gets_nothing(tmp_path: Path):
    """AS25-1.2e: at least one person for enterprise matters; without an account there is nobody to dispatch to."""
    county = a_county(tmp_path)
    county.act("office", g.OpenUnit("tax", "税务局"), COUNTY)
    ticket = formed(county)

    with refuses(Code.UNIT_UNSTAFFED, unit=f"{COUNTY}-tax"):
        county.act("office", Dispatch(f"{COUNTY}-tax"), ticket)
    county.act("office", g.OpenAccount("qian", ("department",), f"{COUNTY}-tax"), COUNTY)
    county.act("office", Dispatch(f"{COUNTY}-tax"), ticket)

    assert (State.DISPATCHED, f"{COUNTY}-tax") == (the(county, ticket).state, the(county, ticket).lead)


@pytest.mark.clause("AS25-2.4b")
def test_a_failed_meeting_opens_the_way_to_the_government(county: Hands):
    """AS25-2.4b: the office calls the units together; only what that did not settle may be reported."""
    ticket = dispatched(county)
    county.act("department", Object(Text("不属我局职责"), WATER), ticket, "housing")
    report = ReportToGovernment(Text("三部门均认为非本部门职责"))
    with refuses(Code.COORDINATION_MISSING):
        county.act("office", report, ticket)

    meeting = CoordinateObjection((HOUSING, WATER, FINANCE), has_failed=True, minutes=Text("会议未达成一致"))
    county.act("office", meeting, ticket)

    shown = page_of(county, ticket).timeline[-1]
    assert ("ObjectionCoordinated", "会议未达成一致", (HOUSING, WATER, FINANCE)) == (
        shown.kind, shown.texts["minutes"], shown.facts["participants"],
    )  # fmt: skip
    county.act("office", report, ticket)
    assert With.GOVERNMENT is the(county, ticket).with_whom


@pytest.mark.clause("AS25-4.3.2b")
def test_the_government_names_the_lead_that_nobody_wants_to_be(county: Hands):
    """AS25-4.3.2b: the office reports with the units' opinions, nobody else; the choice of the government dispatches."""
    ticket = dispatched(county)
    county.act("department", Object(Text("应由水务局办理"), WATER), ticket, "housing")
    minutes = Text("住建局：属水务管线。水务局：属道路工程。")
    county.act("office", CoordinateObjection((HOUSING, WATER), has_failed=True, minutes=minutes), ticket)
    report = ReportToGovernment(Text("住建局认为属水务管线；水务局认为属道路工程"))
    with refuses(Code.PERMISSION_DENIED, role="department"):
        county.act("department", report, ticket, "housing")
    county.act("office", report, ticket)

    seen = page_of(county, ticket).timeline[-1]
    assert ("ObjectionReported", report.opinions.plain, With.GOVERNMENT) == (
        seen.kind,
        seen.texts["opinions"],
        the(county, ticket).with_whom,
    )

    county.act("government", RuleByGovernment(WATER), ticket, "government")
    after = the(county, ticket)
    assert (State.DISPATCHED, WATER, True) == (after.state, after.lead, after.dispatch and after.dispatch.is_final)


@pytest.mark.clause("AS25-4.4.5b")
def test_what_the_office_cannot_settle_during_handling_the_government_decides(county: Hands):
    """AS25-4.4.5b: no report without a failed coordination; the decision returns the ticket to handling, with a lead."""
    ticket = handled(county, WATER)
    county.act("department", ConfirmCoHandling(), ticket, "water")
    county.act("department", DeclareDisagreement(Text("应由水务局出资")), ticket, "housing")
    county.act("department", FilePosition(Text("应由住建局出资")), ticket, "water")
    report = ReportCoordination(Text("两部门对资金来源意见不一"))
    with refuses(Code.GROUND_NOT_MET, ground="coordination_failed"):
        county.act("office", report, ticket)

    county.act("office", RecordCoordination(is_agreed=False, result=Text("协调未果")), ticket)
    county.act("office", report, ticket)
    assert (State.HANDLING, With.GOVERNMENT) == (the(county, ticket).state, the(county, ticket).with_whom)

    county.act("government", RuleCoordination(WATER, Text("由水务局牵头")), ticket, "government")
    after = the(county, ticket)
    assert (State.HANDLING, With.DEPARTMENT, WATER) == (after.state, after.with_whom, after.lead)
    assert "CoordinationRuled" == kinds_of(county, ticket)[-1]


@pytest.mark.clause("XS25-4.3.2.2a")
def test_where_the_centre_rules_last_who_declined_before_must_take_it(tmp_path: Path):
    """XS25-4.3.2.2a: both decline; the centre names one of them with its reason, and that one declines no more."""
    county = a_county(tmp_path, rules='[objection]\nfinal_by = { value = "office", clause = "XS25-4.3.2.2a" }\n')
    ticket = dispatched(county)
    county.act("department", Object(Text("应由水务局办理"), WATER), ticket, "housing")
    county.act("office", RuleObjection(is_upheld=True, reason=Text("先由水务局核实"), new_lead=WATER), ticket)
    county.act("department", Object(Text("应由住建局办理"), HOUSING), ticket, "water")

    county.act("office", RuleObjection(is_upheld=True, reason=Text("道路工程由住建局主管"), new_lead=HOUSING), ticket)

    assert (State.DISPATCHED, HOUSING) == (the(county, ticket).state, the(county, ticket).lead)
    with refuses(Code.DECISION_FINAL):
        county.act("department", Object(Text("仍认为应由水务局办理"), WATER), ticket, "housing")


@pytest.mark.clause("XS25-4.3.2.1b")
def test_a_block_of_the_centre_names_one_lead(tmp_path: Path):
    """XS25-4.3.2.1b: within its field a block dispatches by itself; two leads are none."""
    rules = '[steward]\nbusiness_environment = { value = "finance", clause = "XS25-4.3.2.1b" }\n'
    county = a_county(tmp_path, rules=rules)
    ticket = formed(county, field="business_environment")
    county.act("steward", Dispatch(HOUSING), ticket, "finance")
    sent = page_of(county, ticket).timeline[-1]
    assert ("Dispatched", HOUSING, FINANCE) == (sent.kind, the(county, ticket).lead, sent.unit)

    judged = registered(county, field="business_environment")
    county.act("steward", OpenJudgement((HOUSING, WATER)), judged, "finance")
    with refuses(Code.ONE_LEAD_NEEDED, count="2"):
        county.act("steward", CloseJudgement("form", Text("两家共同牵头"), (HOUSING, WATER)), judged, "finance")
