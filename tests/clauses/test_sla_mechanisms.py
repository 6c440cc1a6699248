"""Limits of 奉节, 象山 and 海门 under their own packs: hours, plans, preliminary replies, regular acts, months."""

from datetime import date, datetime
from pathlib import Path

import pytest

from node.documents.matter import matter_of
from node.documents.papers import layout_of
from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.holding import DecideItem, HoldMeeting
from node.domain.meeting.minutes import FileMinutes
from node.domain.paper import ASSIGNMENT
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.registry import OpenAccount
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.intake import Register
from node.domain.ticket.layers import DecideAtLayer, PassUp, RaiseLayer
from node.domain.ticket.plan import AnswerSolvability, EnterStatutoryLimit, FilePlan, GivePreliminaryReply, plan_of
from node.domain.ticket.progress_report import ReportProgress
from node.domain.ticket.state import State
from node.domain.ticket.turns import ExplainMissedTurn
from node.services import deadlines
from node.services.progress import progress
from tests.clauses.given import (
    COUNTY,
    HOUSING,
    WATER,
    a_county,
    beijing,
    clock_of,
    end_of,
    kinds_of,
    page_of,
    refuses,
    rungs_of,
    swept,
    the,
)
from tests.clauses.sitting import convened, the_meeting
from tests.support.node import Hands

FJ23, FJ25, XIANGSHAN, HAIMEN = "fengjie-2023", "fengjie-2025", "xiangshan-2025", "haimen-2020"


def taken_in(hands: Hands, channel: str, received_at: datetime | None = None, **fields: object) -> str:
    """An appeal that the centre enters now; it came in at *received_at*."""
    given = {"name": Contact("王某"), "phone": Contact("13800001234"), "received_at": received_at, "is_read_back": True, "desk": "hall"}
    return hands.act("window_clerk", Register(channel, Text("厂房门口道路施工，货车进不来"), **(given | fields))).subject.id  # type: ignore[arg-type]


def sent(hands: Hands, channel: str, category: str, complexity: str, **fields: object) -> str:
    """A ticket of that class that the housing department has not signed yet."""
    ticket = taken_in(hands, channel, hands.now)
    hands.act("office", RecordVerification("confirmed"), ticket)
    hands.act("office", Form(category, complexity, **fields), ticket)  # type: ignore[arg-type]
    hands.act("office", Dispatch(HOUSING), ticket)
    return ticket


def received(hands: Hands, *of: str, **fields: object) -> str:
    """The same, received by the housing department."""
    ticket = sent(hands, *of, **fields)
    hands.act("department", Sign(person="d-housing"), ticket, "housing")
    return ticket


def hard(hands: Hands, complexity: str = "hard") -> str:
    """A ticket of 象山 in the hands of the housing department."""
    return received(hands, "centre_offline", "coordination", complexity)


def lead(hands: Hands, command: object, ticket: str) -> None:
    """The housing department acts."""
    hands.act("department", command, ticket, "housing")  # type: ignore[arg-type]


# --- registration and first contact -----------------------------------------------------------------------------------


@pytest.mark.clause("FJ25-3.6d")
def test_an_appeal_is_in_the_ledger_on_the_day_of_its_receipt_or_late_and_counted(tmp_path: Path):
    """FJ25-3.6d: at 23:50 in time, ten minutes past midnight late; the unit that entered it bears the count."""
    county = a_county(tmp_path, "2026-03-02 23:50", pack=FJ25)
    in_time = taken_in(county, "promotion_centre", beijing("2026-03-02 16:00"), category="infrastructure")
    county.at(beijing("2026-03-03 00:10"))
    late = taken_in(county, "promotion_centre", beijing("2026-03-02 16:00"), category="infrastructure")

    assert [False, True] == [bool(page_of(county, one).timeline[0].facts.get("is_late")) for one in (in_time, late)]
    with county.node.store.read() as view:
        unit = clock_of(county, late, "register").owes
        assert {"register": 1} == deadlines.late_by_kind(view, county.now, unit=unit)
        assert {} == deadlines.late_by_kind(view, county.now, unit=HOUSING)


@pytest.mark.clause("FJ23-3.4a")
@pytest.mark.parametrize(("entered", "is_late"), [("2026-03-02 12:00", False), ("2026-03-02 12:01", True)])
def test_an_appeal_is_collected_within_two_hours(tmp_path: Path, entered: str, is_late: bool):
    """FJ23-3.4a: by the hand of the clock, from the appeal."""
    county = a_county(tmp_path, entered, pack=FJ23)

    ticket = taken_in(county, "private_economy_line", beijing("2026-03-02 10:00"))

    assert is_late == bool(page_of(county, ticket).timeline[0].facts.get("is_late"))
    assert beijing("2026-03-02 12:00") == the(county, ticket).clocks["register"].last_due_at


@pytest.mark.clause("FJ23-3.4b")
def test_the_handling_unit_has_talked_with_the_enterprise_within_a_day(tmp_path: Path):
    """FJ23-3.4b: 24 hours from the appeal, over night and weekend; only a contact that was made and logged meets it."""
    county = a_county(tmp_path, "2026-03-06 17:00", pack=FJ23)
    talked, silent = (sent(county, "private_economy_line", "general", "general") for _ in range(2))
    for ticket in (talked, silent):
        assert beijing("2026-03-07 17:00") == clock_of(county, ticket, "contact").due_at
        assert HOUSING == clock_of(county, ticket, "contact").owes
        lead(county, Sign(), ticket)

    county.at(beijing("2026-03-07 16:59"))
    lead(county, RecordAttempt(is_reached=True), talked)
    lead(county, RecordAttempt(is_reached=False), silent)
    swept(county, "2026-03-07 17:00")

    assert [0, 1] == [len(rungs_of(county, ticket, "contact", "overdue")) for ticket in (talked, silent)]


@pytest.mark.clause("XS25-4.4.2b")
def test_the_department_contacts_the_enterprise_within_one_working_day_of_its_receipt(tmp_path: Path):
    """XS25-4.4.2b: received on Friday the thirteenth, by the end of the Saturday that makes up."""
    county = a_county(tmp_path, pack=XIANGSHAN)
    talked, silent = hard(county), hard(county)
    assert end_of("2026-02-14") == clock_of(county, talked, "contact").due_at

    county.at(beijing("2026-02-14 18:00"))
    lead(county, RecordAttempt(is_reached=True, way="phone"), talked)
    swept(county, "2026-02-15 00:00")

    assert [0, 1] == [len(rungs_of(county, ticket, "contact", "overdue")) for ticket in (talked, silent)]


def test_without_a_receipt_the_limits_start_at_the_end_of_the_day_on_which_it_was_due(tmp_path: Path):
    """POLICY_PACKS 2 no. 60: dispatched on Friday, to be received on Saturday; five working days from then, contact in one."""
    county = a_county(tmp_path, pack=XIANGSHAN)
    prompt, slow = (sent(county, "centre_offline", "coordination", "hard") for _ in range(2))
    for ticket in (prompt, slow):
        assert end_of("2026-02-14") == clock_of(county, ticket, "sign").due_at
        assert [end_of("2026-02-28"), end_of("2026-02-24")] == [clock_of(county, ticket, name).due_at for name in ("resolve", "contact")]

    lead(county, Sign(person="d-housing"), prompt)
    assert [end_of("2026-02-27"), end_of("2026-02-14")] == [clock_of(county, prompt, name).due_at for name in ("resolve", "contact")]

    county.at(beijing("2026-02-26 09:00"))
    lead(county, Sign(person="d-housing"), slow)
    assert [end_of("2026-02-28"), end_of("2026-02-24")] == [clock_of(county, slow, name).due_at for name in ("resolve", "contact")]


def test_an_appeal_after_hours_is_taken_and_its_contact_limit_counts_as_the_pack_says(tmp_path: Path):
    """Several windows a day, Saturday apart: an appeal at noon on Friday or late on Saturday counts from the next opening."""
    hours = """
[opening]
workday = { value = "09:00-12:00 13:30-17:30", default = "the hall's own" }
saturday = { value = "09:00-16:00", clause = "FJ25-2.5.4a" }
[limit]
contact = { value = "2 hours", default = "of the hall's time" }
[contact]
starts_on = { value = "registered", default = "from the appeal" }
after_hours = { value = "next_opening", default = "somebody must be there" }
"""
    county = a_county(tmp_path, "2026-03-06 12:10", rules=hours)
    at_noon = taken_in(county, "window")
    county.at(beijing("2026-03-07 16:30"))
    on_saturday = taken_in(county, "window")

    due = [clock_of(county, ticket, "contact").due_at for ticket in (at_noon, on_saturday)]
    assert [beijing("2026-03-06 15:30"), beijing("2026-03-09 11:00")] == due


# --- milestones and regular acts --------------------------------------------------------------------------------------


@pytest.mark.clause("FJ25-3.8.1c")
def test_what_crosses_departments_has_its_milestone_beside_the_limit_of_the_case(tmp_path: Path):
    """FJ25-3.8.1c: seven working days from registration until lead, co-handler, limit and tracker are set and the lead has signed."""
    county = a_county(tmp_path, pack=FJ25)
    county.act("office", OpenAccount("tracker", ("tracker",), f"{COUNTY}-centre"), COUNTY)
    entered, waiting = (taken_in(county, "promotion_centre", category="infrastructure") for _ in range(2))
    for ticket in (entered, waiting):
        county.act("office", Form("infrastructure", "cross_department"), ticket)
        assert end_of("2026-03-02") == clock_of(county, ticket, "enter_handling").due_at
        county.act("office", Dispatch(HOUSING, (WATER,), due_on=date(2026, 3, 20), tracker="tracker"), ticket)
        assert end_of("2026-03-20") == clock_of(county, ticket, "resolve").due_at

    county.at(beijing("2026-03-02 17:00"))
    lead(county, Sign(), entered)
    swept(county, "2026-03-03 00:00")

    assert [0, 1] == [len(rungs_of(county, ticket, "enter_handling", "overdue")) for ticket in (entered, waiting)]
    assert end_of("2026-03-20") == clock_of(county, entered, "resolve").due_at


@pytest.mark.clause("FJ23-3.4d")
def test_a_difficult_matter_is_reported_on_every_week(tmp_path: Path):
    """FJ23-3.4d: opened on Monday, reported on Friday, silent since: flagged on the fourteenth, and again each week after."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack=FJ23)
    ticket = received(county, "private_economy_line", "key", "key_difficult", grounds=("hard_to_solve",))

    county.at(beijing("2026-03-06 15:00"))
    lead(county, ReportProgress(Text("已到现场，方案在拟")), ticket)
    swept(county, "2026-03-13 23:59")
    assert [] == rungs_of(county, ticket, "progress_report", "overdue")

    swept(county, "2026-03-14 00:00")
    (missed,) = rungs_of(county, ticket, "progress_report", "overdue")
    assert (beijing("2026-03-14 00:00"), "TurnMissed") == (missed.recorded_at, kinds_of(county, ticket)[-1])
    assert end_of("2026-03-20") == clock_of(county, ticket, "progress_report").due_at

    # The node was off for two weeks: each week is flagged once, in order, with its own time.
    swept(county, "2026-04-04 09:00")
    swept(county, "2026-04-04 09:05")
    due = [one.facts["due_at"] for one in rungs_of(county, ticket, "progress_report", "overdue")]
    assert [end_of("2026-03-13"), end_of("2026-03-20"), end_of("2026-03-27"), end_of("2026-04-03")] == due


@pytest.mark.clause("HM20-3.3e")
def test_what_was_put_to_the_leader_is_settled_in_its_month_or_carried_over_with_a_reason(tmp_path: Path):
    """HM20-3.3e, "原则上当月": on the list of March, never overdue; the month after goes on."""
    county = a_county(tmp_path, "2026-03-04 10:00", pack=HAIMEN)
    ticket = received(county, "face_to_face_visit", "complex_or_statutory", "complex")
    lead(county, PassUp(Text("涉及多部门"), proposal=Text("建议由住建牵头改造")), ticket)
    county.at(beijing("2026-03-05 10:00"))
    county.act("office", RaiseLayer("line_leader", Text("请区分管领导协调")), ticket)
    assert end_of("2026-03-31") == clock_of(county, ticket, "settlement").due_at
    assert [] == carried(county, "2026-03-01")

    swept(county, "2026-04-01 00:00")
    (listed,) = carried(county, "2026-03-01")
    assert (ticket, False, None) == (listed.ticket, listed.is_settled, listed.reason)
    assert (0, 1) == tuple(len(rungs_of(county, ticket, "settlement", rung)) for rung in ("overdue", "carried_over"))
    assert (end_of("2026-04-30"), False) == (
        clock_of(county, ticket, "settlement").due_at,
        clock_of(county, ticket, "settlement").is_overdue,
    )

    county.act("office", ExplainMissedTurn("settlement", Text("等待省级规划调整")), ticket)
    assert ["等待省级规划调整"] == [one.reason for one in carried(county, "2026-03-01")]
    assert [] == carried(county, "2026-04-01")


def carried(hands: Hands, month: str) -> list[deadlines.CarriedOver]:
    """The carry-over list of a month."""
    with hands.node.store.read() as view:
        return deadlines.carried_over(view, date.fromisoformat(month))


# --- plans, preliminary replies, statutory limits ---------------------------------------------------------------------


@pytest.mark.clause("XS25-4.4.2f")
def test_a_plan_with_a_date_meets_the_limit_of_a_hard_matter_and_sets_the_next(tmp_path: Path):
    """XS25-4.4.2f: due on 27 February; a plan filed on that day for 30 April, and none without a date."""
    county = a_county(tmp_path, pack=XIANGSHAN)
    planned, missed = hard(county), hard(county)
    assert end_of("2026-02-27") == clock_of(county, planned, "resolve").due_at

    county.at(beijing("2026-02-27 17:00"))
    with refuses(Code.FIELD_REQUIRED, field="finishing"):
        lead(county, FilePlan(Text("分三步改造")), planned)
    lead(county, FilePlan(Text("分三步改造"), date(2026, 4, 30)), planned)
    swept(county, "2026-02-28 00:00")

    assert [0, 1] == [len(rungs_of(county, ticket, "resolve", "overdue")) for ticket in (planned, missed)]
    assert (end_of("2026-04-30"), True) == (clock_of(county, planned, "resolve").due_at, plan_of(the(county, planned)).is_in_time)  # type: ignore[union-attr]
    with refuses(Code.PLAN_FILED):
        lead(county, FilePlan(Text("再延"), date(2026, 6, 30)), planned)
    swept(county, "2026-05-01 00:00")
    assert 1 == len(rungs_of(county, planned, "resolve", "overdue"))


def test_only_what_is_hard_is_answered_by_a_plan(tmp_path: Path):
    """XS25-4.4.2d: a simple matter is answered, not planned."""
    county = a_county(tmp_path, pack=XIANGSHAN)
    with refuses(Code.VALUE_NOT_OFFERED, value="simple"):
        lead(county, FilePlan(Text("方案"), date(2026, 4, 30)), hard(county, "simple"))


@pytest.mark.clause("XS25-4.4.2g")
def test_what_is_specially_hard_is_answered_within_the_limit_of_the_law(tmp_path: Path):
    """XS25-4.4.2g: no limit without its legal basis, no completion without "can" or "cannot" (POLICY_PACKS 2 no. 66)."""
    county = a_county(tmp_path, pack=XIANGSHAN)
    ticket = hard(county, "specially_hard")

    with refuses(Code.FIELD_REQUIRED, field="basis"):
        lead(county, EnterStatutoryLimit(60, Text("")), ticket)
    lead(county, EnterStatutoryLimit(60, Text("《行政许可法》第四十二条")), ticket)
    assert end_of("2026-04-14") == clock_of(county, ticket, "resolve").due_at

    with refuses(Code.SOLVABILITY_UNANSWERED):
        lead(county, Complete("solved", Text("已解决")), ticket)
    with refuses(Code.VALUE_NOT_OFFERED, key="solvable", value="perhaps"):
        lead(county, AnswerSolvability("perhaps", Text("再看")), ticket)
    with refuses(Code.FIELD_REQUIRED, field="finishing"):
        lead(county, AnswerSolvability("can", Text("可以解决")), ticket)
    lead(county, AnswerSolvability("can", Text("可以解决"), date(2026, 6, 30)), ticket)
    assert end_of("2026-06-30") == clock_of(county, ticket, "resolve").due_at

    other = hard(county, "specially_hard")
    lead(county, AnswerSolvability("cannot", Text("上位法不允许")), other)
    with refuses(Code.VALUE_NOT_OFFERED, key="completion.standards", value="solved"):
        lead(county, Complete("solved", Text("已解决")), other)


@pytest.mark.clause("HM20-3.2e")
def test_a_complex_problem_gets_a_preliminary_reply_within_three_working_days(tmp_path: Path):
    """HM20-3.2e: received on Friday the thirteenth, due on the 25th, with its ground; it completes nothing."""
    county = a_county(tmp_path, pack=HAIMEN)
    ticket = received(county, "face_to_face_visit", "complex_or_statutory", "complex")
    assert end_of("2026-02-25") == clock_of(county, ticket, "resolve").due_at

    with refuses(Code.VALUE_NOT_OFFERED, value="busy"):
        lead(county, GivePreliminaryReply("busy", Text("还在办"), date(2026, 4, 15)), ticket)
    lead(county, GivePreliminaryReply("complex", Text("需多部门会商"), date(2026, 4, 15)), ticket)

    (said,) = (one for one in page_of(county, ticket).timeline if one.kind == "PreliminaryReplyGiven")
    assert ("complex", State.HANDLING, None) == (said.facts["ground"], the(county, ticket).state, the(county, ticket).completion)


@pytest.mark.clause("HM20-3.2f")
def test_the_promised_date_of_a_preliminary_reply_is_the_deadline(tmp_path: Path):
    """HM20-3.2f: none without a date; the enterprise sees it; open on the day after, it is overdue."""
    county = a_county(tmp_path, pack=HAIMEN)
    ticket = received(county, "face_to_face_visit", "complex_or_statutory", "complex")

    with refuses(Code.FIELD_REQUIRED, field="promised"):
        lead(county, GivePreliminaryReply("complex", Text("需多部门会商")), ticket)
    lead(county, GivePreliminaryReply("complex", Text("需多部门会商"), date(2026, 4, 15)), ticket)
    assert (end_of("2026-04-15"), date(2026, 4, 15)) == (clock_of(county, ticket, "resolve").due_at, promised_to(county, ticket))

    swept(county, "2026-04-15 23:59")
    assert not clock_of(county, ticket, "resolve").is_overdue
    swept(county, "2026-04-16 00:00")
    assert (1, True) == (len(rungs_of(county, ticket, "resolve", "overdue")), clock_of(county, ticket, "resolve").is_overdue)


def promised_to(hands: Hands, ticket: str) -> date | None:
    """The date that the enterprise's own page shows."""
    with hands.node.store.read() as view:
        code = view.payloads.query_code(the(hands, ticket).subject)
        assert code is not None
        return progress(view, ticket, code, hands.node.policies.bare(view).calendar, hands.now).promised


# --- meetings and forms -----------------------------------------------------------------------------------------------


@pytest.mark.clause("XS25-4.3.2.3c")
def test_a_meeting_behind_the_limit_of_its_ticket_is_warned_of(tmp_path: Path):
    """XS25-4.3.2.3c, POLICY_PACKS 2 no. 44: due on 27 February, a meeting on the 28th is late; no minutes without an opinion."""
    county = a_county(tmp_path, pack=XIANGSHAN)
    late, in_time = hard(county), hard(county)
    assert end_of("2026-02-27") == clock_of(county, late, "resolve").due_at
    behind = convened(county, "coordination_meeting", planned_at=beijing("2026-02-28 09:00"), units=(HOUSING,))
    within = convened(county, "coordination_meeting", planned_at=beijing("2026-02-27 15:00"), units=(HOUSING,))
    for meeting, ticket in ((behind, late), (within, in_time)):
        county.act("office", SubmitTickets((ticket,)), meeting)
    assert [True, False] == [the_meeting(county, meeting).agenda[0].is_behind_limit for meeting in (behind, within)]

    county.at(beijing("2026-02-27 15:00"))
    county.act("office", HoldMeeting((HOUSING,)), within)
    with refuses(Code.ITEM_UNDECIDED, items="1"):
        county.act("office", FileMinutes(Text("会议纪要")), within)
    county.act("office", DecideItem(1, "decided", Text("由住建牵头，四月底前改造到位"), unit=HOUSING, due=date(2026, 4, 30)), within)
    county.act("office", FileMinutes(Text("会议纪要")), within)

    (item,) = the_meeting(county, within).agenda
    assert ("decided", HOUSING, date(2026, 4, 30)) == (item.outcome, item.unit, item.due)


@pytest.mark.clause("HM20-A1.9")
def test_the_limit_of_a_form_counts_from_its_receipt_and_is_printed_on_it(tmp_path: Path):
    """HM20-A1.9: issued on Friday, received on the Saturday that makes up, due three working days from then; so says the note."""
    county = a_county(tmp_path, pack=HAIMEN)
    ticket = sent(county, "face_to_face_visit", "routine", "routine")
    county.at(beijing("2026-02-14 09:00"))
    lead(county, Sign(person="d-housing"), ticket)
    assert end_of("2026-02-26") == clock_of(county, ticket, "resolve").due_at

    with county.node.store.read() as view:
        whole = the(county, ticket)
        policy = county.node.policies.for_ticket(view, whole, county.now)
        (note,) = layout_of(ASSIGNMENT, matter_of(view, whole), policy, county.now).closing

    assert "3个工作日内给予答复" in note
    assert "应于2026年2月26日前答复" in note


def test_a_decision_of_a_layer_leaves_the_month_running(tmp_path: Path):
    """HM20-3.3e: decided is not yet settled."""
    county = a_county(tmp_path, "2026-03-05 10:00", pack=HAIMEN)
    ticket = received(county, "face_to_face_visit", "complex_or_statutory", "complex")
    lead(county, PassUp(Text("涉及多部门"), proposal=Text("建议由住建牵头改造")), ticket)
    county.act("office", RaiseLayer("line_leader", Text("请区分管领导协调")), ticket)
    county.act("leader", DecideAtLayer(True, Text("由住建牵头"), minutes=Text("会议纪要")), ticket)

    assert end_of("2026-03-31") == clock_of(county, ticket, "settlement").due_at
