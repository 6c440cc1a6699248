"""What meetings decide: item by item, carried into the tickets, with tasks that are timed, closed by their minutes."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.entry import SubjectKind
from node.domain.meeting.agenda import SubmitCases, SubmitProblem, SubmitTickets, WithdrawItem
from node.domain.meeting.holding import DecideItem, FinishTask, HoldMeeting, PostponeItem, SetTask
from node.domain.meeting.minutes import FileMinutes, decisions_digest
from node.domain.meeting.record import CLOSED
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.coordination import DeclareDisagreement, FilePosition, ReportCoordination
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.layers import FileProposal, PassUp, RaiseLayer
from node.domain.ticket.meetings import MarkCase
from node.domain.ticket.state import State, With
from node.services import meetings
from tests.clauses.given import FINANCE, HOUSING, WATER, a_county, beijing, handled, refuses, registered, swept, the
from tests.clauses.sitting import CENTRE, WORD, a_leader, convened, history_of, matters_of, sitting, the_meeting
from tests.support.node import Hands

NEXT_MONTH = date(2026, 3, 13)


def in_hand(county: Hands, category: str = "coordination", complexity: str = "hard", layer: str = "") -> str:
    """A ticket in the hands of the housing department, in another county than one of Anshun."""
    ticket = registered(county, "assigned", assigned_by="县委办")
    county.act("office", Form(category, complexity, layer=layer), ticket)
    county.act("office", Dispatch(HOUSING), ticket)
    county.act("department", Sign("d-housing"), ticket, "housing")
    return ticket


@pytest.mark.clause("XS25-4.3.2.0a")
def test_each_ticket_of_a_meeting_gets_one_decision_or_is_postponed(tmp_path: Path):
    """3 tickets, a decision for each: every history has one; minutes with one undecided: rejected, until it is marked postponed."""
    county = a_county(tmp_path, pack="xiangshan-2025")
    tickets = [in_hand(county) for _ in range(3)]
    late = in_hand(county)
    meeting = sitting(county, "coordination_meeting", [*tickets, late], present=(HOUSING, CENTRE), units=(HOUSING,))
    for number in (1, 2, 3):
        county.act("office", DecideItem(number, "decided", WORD, unit=HOUSING, due=NEXT_MONTH), meeting)

    with refuses(Code.ITEM_UNDECIDED, items="4"):
        county.act("office", FileMinutes(WORD), meeting)
    with refuses(Code.ITEM_UNKNOWN, item="1"):
        county.act("office", DecideItem(1, "decided", WORD), meeting)
    county.act("office", PostponeItem(4, WORD), meeting)
    county.act("office", FileMinutes(WORD), meeting)

    decided = [[one.outcome for one in the(county, ticket).sittings] for ticket in (*tickets, late)]
    assert [["decided"]] * 3 + [["postponed"]] == decided
    assert (CLOSED, (HOUSING, CENTRE)) == (the_meeting(county, meeting).state, the_meeting(county, meeting).present)
    assert 3 == len([one for one in history_of(county, SubjectKind.MEETING, meeting) if one == "TaskSet"])
    with refuses(Code.MEETING_STATE, state=CLOSED):
        county.act("office", SubmitTickets((late,)), meeting)


@pytest.mark.clause("XS25-4.3.2.4b")
def test_a_decision_making_body_is_named_with_its_decision(tmp_path: Path):
    """A decision of each body on 2 tickets: both show body, date, decision; an unknown body is rejected."""
    county = a_county(tmp_path, pack="xiangshan-2025")
    shown = []
    for body in ("party_standing_committee", "government_executive_meeting"):
        tickets = [in_hand(county) for _ in range(2)]
        meeting = sitting(county, "county_decision", tickets, deciding_body=body)
        for number in (1, 2):
            county.act("office", DecideItem(number, "decided", WORD), meeting)
        shown += [(one.body, one.decided_on, bool(one.decision)) for ticket in tickets for one in the(county, ticket).sittings]

    day = date(2026, 2, 13)
    assert [("party_standing_committee", day, True)] * 2 + [("government_executive_meeting", day, True)] * 2 == shown
    for body, code in (("town_meeting", Code.VALUE_NOT_OFFERED), ("", Code.FIELD_REQUIRED)):
        with refuses(code):
            convened(county, "county_decision", deciding_body=body)


@pytest.mark.clause("HM20-4.1b")
def test_a_consultation_deals_with_tickets_and_running_problems(tmp_path: Path):
    """2 tickets and 1 running problem: minutes with one lacking a conclusion are rejected; each has owner and date."""
    county = a_county(tmp_path, pack="haimen-2020")
    tickets = [registered(county, "assigned", assigned_by="区委办") for _ in range(2)]
    meeting = sitting(county, "monthly_consultation", tickets)
    county.act("office", SubmitProblem(Text("12345转交件回填不及时")), meeting)
    for number in (1, 2):
        county.act("office", DecideItem(number, "decided", WORD, unit=HOUSING, due=NEXT_MONTH), meeting)

    with refuses(Code.ITEM_UNDECIDED, items="3"):
        county.act("office", FileMinutes(WORD), meeting)
    with refuses(Code.FIELD_REQUIRED, field="unit"):
        county.act("office", DecideItem(3, "decided", WORD, due=NEXT_MONTH), meeting)
    with refuses(Code.FIELD_REQUIRED, field="due"):
        county.act("office", DecideItem(3, "decided", WORD, unit=CENTRE), meeting)
    county.act("office", DecideItem(3, "decided", WORD, unit=CENTRE, due=NEXT_MONTH), meeting)
    county.act("office", FileMinutes(WORD), meeting)

    assert [(HOUSING, NEXT_MONTH)] * 2 + [(CENTRE, NEXT_MONTH)] == [(one.unit, one.due) for one in the_meeting(county, meeting).agenda]


@pytest.mark.clause("AS25-1.3a")
def test_an_analysis_meeting_decides_tickets_and_running_problems(tmp_path: Path):
    """2 tickets and 1 running problem, minutes filed: the 2 histories and the problem each hold a decision."""
    county = a_county(tmp_path)
    tickets = [handled(county) for _ in range(2)]
    meeting = sitting(county, "analysis_meeting", tickets)
    county.act("department", SubmitProblem(Text("部门间推诿")), meeting, "housing")
    for number in (1, 2, 3):
        county.act("office", DecideItem(number, "decided", WORD, unit=FINANCE, due=NEXT_MONTH), meeting)
    county.act("office", FileMinutes(WORD), meeting)

    assert [("decided", FINANCE, NEXT_MONTH)] * 2 == [
        (one.outcome, one.unit, one.due) for ticket in tickets for one in the(county, ticket).sittings
    ]
    problem = the_meeting(county, meeting).agenda[2]
    assert ("problem", "decided", True) == (problem.kind, problem.outcome, problem.decision is not None)


@pytest.mark.clause("AS25-3.1.1b")
def test_a_special_scheduling_is_about_one_matter_and_times_its_tasks(tmp_path: Path):
    """Opened on T: linked to T only; adding U: rejected; tasks past due are listed, until they are ticked off."""
    county = a_county(tmp_path)
    one, other = handled(county), handled(county)
    meeting = convened(county, "special_scheduling", role="government")
    county.act("government", SubmitTickets((one,)), meeting)

    with refuses(Code.TOO_MANY_MATTERS, most="1"):
        county.act("government", SubmitTickets((other,)), meeting)
    with refuses(Code.PERMISSION_DENIED):
        convened(county, "special_scheduling")
    county.act("government", HoldMeeting((CENTRE,)), meeting)
    county.act("government", DecideItem(1, "decided", WORD, unit=HOUSING, due=date(2026, 2, 26)), meeting)
    county.act("government", SetTask(1, WATER, date(2026, 3, 2), Text("三日内恢复供水")), meeting)
    county.act("government", FileMinutes(WORD), meeting)
    swept(county, "2026-02-27 00:00")

    def tasks() -> list[tuple[str, bool]]:
        with county.node.store.read() as view:
            return [(line.unit, line.is_overdue) for line in meetings.open_tasks(view, county.now)]

    assert {one} == the_meeting(county, meeting).about
    assert [(HOUSING, True), (WATER, False)] == tasks()
    assert ["milestone/task_1"] == [name for name, clock in the_meeting(county, meeting).clocks.items() if "overdue" in clock.fired]
    with refuses(Code.PERMISSION_DENIED):
        county.act("department", FinishTask(1, WORD), meeting, "water")
    county.act("department", FinishTask(1, WORD), meeting, "housing")
    assert [(WATER, False)] == tasks()


@pytest.mark.clause("HM20-3.3d")
def test_what_a_department_cannot_settle_goes_to_the_line_leaders_meeting_and_back(tmp_path: Path):
    """Without a proposal: rejected; with it the leader's list has it; after the minutes the ticket holds the decision, with the lead."""
    county = a_county(tmp_path, pack="haimen-2020")
    a_leader(county, "zhao", "line_leader")
    ticket = registered(county, "assigned", assigned_by="区委办")
    county.act("office", RecordVerification("confirmed"), ticket)
    county.act("office", Form("routine", "routine", layer="department"), ticket)
    county.act("office", Dispatch(HOUSING), ticket)
    county.act("department", Sign("d-housing"), ticket, "housing")
    county.act("department", PassUp(WORD), ticket, "housing")
    with refuses(Code.PROPOSAL_MISSING):
        county.act("office", RaiseLayer("line_leader", WORD), ticket)
    county.act("department", FileProposal(WORD), ticket, "housing")
    county.act("office", RaiseLayer("line_leader", WORD, to="zhao"), ticket)
    waiting = the(county, ticket)
    a_leader(county, "qian", "line_leader")
    listed = [list(matters_of(county, account)) for account in ("zhao", "qian")]

    meeting = convened(county, "leader_meeting", role="leader", account="zhao")
    county.act("office", SubmitTickets((ticket,)), meeting)
    county.act("leader", HoldMeeting((CENTRE,)), meeting, account="zhao")
    county.act("office", DecideItem(1, "decided", WORD, unit=HOUSING, due=NEXT_MONTH), meeting)
    county.act("office", FileMinutes(WORD), meeting)

    after = the(county, ticket)
    assert (With.LEADER, [[ticket], []]) == (waiting.with_whom, listed)
    assert (With.DEPARTMENT, "decided", True) == (after.with_whom, after.sittings[-1].outcome, after.layering.decisions[-1].is_settled)
    assert "" == after.layering.stage


@pytest.mark.clause("FJ25-5.14.3b")
def test_the_negative_cases_of_the_quarter_are_on_the_heads_agenda_and_reported(tmp_path: Path):
    """Q1 has 3: the agenda draft lists these 3; after the minutes are filed each case shows the day on which it was reported."""
    county = a_county(tmp_path, pack="fengjie-2025")
    cases = [registered(county, "letter", received_at=county.now, category="other_matter") for _ in range(4)]
    for case in cases[:3]:
        county.act("office", MarkCase("negative", Text("办理敷衍")), case)
    county.act("office", MarkCase("positive", Text("主动上门")), cases[3])
    county.at(beijing("2026-04-08 10:00"))
    later = registered(county, "letter", received_at=county.now, category="other_matter")
    county.act("office", MarkCase("negative", Text("二季度的案例")), later)
    meeting = convened(county, "unit_heads_quarterly")
    county.act("office", SubmitCases("2026-Q1"), meeting)
    draft = [(one.kind, one.ticket) for one in the_meeting(county, meeting).agenda]
    county.act("office", HoldMeeting((CENTRE,)), meeting)
    county.act("office", FileMinutes(WORD), meeting)

    assert [("case", case) for case in cases[:3]] == draft
    assert [date(2026, 4, 8)] * 3 == [the(county, case).cases[0].reported_on for case in cases[:3]]
    assert [None, None] == [the(county, case).cases[0].reported_on for case in (cases[3], later)]
    county.act("office", SubmitCases("2026-Q1"), again := convened(county, "unit_heads_quarterly"))
    assert () == the_meeting(county, again).agenda


def test_a_decision_changes_the_lead_and_settles_the_disagreement(tmp_path: Path):
    """AS25-4.4.5a, 4.4.5b: the new lead owes the limit that is left; the coordination is answered and its clock stops."""
    county = a_county(tmp_path)
    ticket = handled(county, WATER)
    due_at = the(county, ticket).clocks["resolve"].due_at
    county.act("department", DeclareDisagreement(WORD), ticket, "housing")
    meeting = sitting(county, "coordination_meeting", [ticket], present=(HOUSING, WATER), units=(HOUSING, WATER))
    with refuses(Code.PERMISSION_DENIED):
        county.act("department", DecideItem(1, "decided", WORD, lead=WATER), meeting, "housing")
    county.act("office", DecideItem(1, "decided", WORD, lead=WATER, unit=WATER, due=NEXT_MONTH, settles_coordination=True), meeting)

    after = the(county, ticket)
    assert (WATER, True, ()) == (after.lead, after.dispatch is not None and after.dispatch.is_final, after.co_handlers)
    assert (WATER, due_at) == (after.clocks["resolve"].owes, after.clocks["resolve"].due_at)
    assert ("settled", "met", None, ()) == (
        after.coordination and after.coordination.stage,
        after.coordination and after.coordination.outcome,
        after.clock("coordination"),
        after.open_asks("DisagreementDeclared"),
    )


def test_a_meeting_that_settles_nothing_opens_the_way_to_the_government(tmp_path: Path):
    """AS25-2.4b: its result failed; the action "report to government" becomes possible."""
    county = a_county(tmp_path)
    ticket = handled(county, WATER)
    county.act("department", DeclareDisagreement(WORD), ticket, "housing")
    county.act("department", FilePosition(WORD), ticket, "water")
    meeting = sitting(county, "coordination_meeting", [ticket], units=(HOUSING, WATER, FINANCE))
    with refuses(Code.GROUND_NOT_MET, ground="coordination_failed"):
        county.act("office", ReportCoordination(WORD), ticket)
    county.act("office", DecideItem(1, "not_settled", WORD, settles_coordination=True), meeting)
    county.act("office", ReportCoordination(WORD), ticket)

    assert With.GOVERNMENT is the(county, ticket).with_whom


def test_a_failed_meeting_is_a_ground_for_the_main_leaders(tmp_path: Path):
    """XS25-4.3.2.4a: the ground "meeting failed" needs a meeting that settled nothing."""
    county = a_county(tmp_path, pack="xiangshan-2025")
    ticket = in_hand(county, layer="block")
    with refuses(Code.GROUND_NOT_MET, ground="meeting_failed"):
        county.act("office", RaiseLayer("county", WORD, "meeting_failed"), ticket)
    meeting = sitting(county, "coordination_meeting", [ticket])
    county.act("office", DecideItem(1, "not_settled", WORD), meeting)
    county.act("office", RaiseLayer("county", WORD, "meeting_failed"), ticket)

    assert "county" == the(county, ticket).classing.layer


def test_the_government_opens_a_coordination_on_a_major_running_problem(tmp_path: Path):
    """AS25-3.1.1a: it convenes the meeting itself and puts the problem on its agenda; a department does not."""
    county = a_county(tmp_path)
    meeting = convened(county, "coordination_meeting", role="government", units=(HOUSING, WATER))
    county.act("government", SubmitProblem(Text("跨部门数据不通，影响办理时效")), meeting)
    county.act("government", HoldMeeting((HOUSING, WATER)), meeting)
    county.act("government", DecideItem(1, "decided", WORD, unit=WATER, due=NEXT_MONTH), meeting)

    assert [("problem", "decided", WATER)] == [(one.kind, one.outcome, one.unit) for one in the_meeting(county, meeting).agenda]
    with refuses(Code.PERMISSION_DENIED):
        convened(county, "coordination_meeting", role="department")


def test_the_handling_unit_records_no_decision_on_its_own_ticket(tmp_path: Path):
    """DESIGN 5, separation: whoever handled the ticket is heard; somebody else records what was decided."""
    county = a_county(tmp_path)
    ticket = handled(county)
    meeting = convened(county, "joint_judgement", units=(HOUSING,))
    with refuses(Code.WRONG_STATE, state=State.HANDLING.value):
        county.act("office", SubmitTickets((ticket,)), meeting)
    own = sitting(county, "coordination_meeting", [ticket])
    with refuses(Code.OWN_CASE):
        county.act("office", DecideItem(1, "decided", WORD), own, "housing")


def test_the_minutes_are_bound_to_what_was_decided(tmp_path: Path):
    """The digest is over every item's outcome; an item that was taken off stays in the record."""
    county = a_county(tmp_path)
    tickets = [handled(county) for _ in range(2)]
    meeting = sitting(county, "coordination_meeting", tickets)
    county.act("office", WithdrawItem(2, WORD), meeting)
    county.act("office", DecideItem(1, "decided", WORD), meeting)
    filed = county.act("office", FileMinutes(Text("协调会纪要"), county.node.blobs.put(b"signed copy")), meeting)

    found = the_meeting(county, meeting)
    assert filed.entries[0].content.event.decisions_digest == decisions_digest(found.agenda)
    assert ["decided", "withdrawn"] == [one.outcome for one in found.agenda]
    assert (None, True) == (found.clock("minutes"), found.digest != "")


def test_whoever_convened_a_meeting_owes_its_minutes(tmp_path: Path):
    """USERS A7: three working days after the planned day; overdue is shown, once."""
    county = a_county(tmp_path)
    meeting = sitting(county, "coordination_meeting")
    due_at = the_meeting(county, meeting).clocks["minutes"].due_at
    swept(county, "2026-02-27 00:00")
    swept(county, "2026-02-28 00:00")

    fired = history_of(county, SubjectKind.MEETING, meeting)
    assert due_at is not None and due_at <= county.now
    assert {"early_warning", "overdue"} == set(the_meeting(county, meeting).clocks["minutes"].fired)
    assert 2 == fired.count("DossierRungFired")
