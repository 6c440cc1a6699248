"""The joint judgement session, and the road of a need through the six stages with its four duties."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.entry import SubjectKind
from node.domain.meeting.agenda import SubmitTickets, WithdrawItem
from node.domain.meeting.convening import CancelMeeting, ConveneMeeting
from node.domain.meeting.holding import DecideItem, HoldMeeting, JudgeItem
from node.domain.meeting.minutes import FileMinutes
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.acceptance import NotAccept
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import RequestEscalation
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.judgement import CloseJudgement, GiveOpinion
from node.domain.ticket.merging import Merge
from node.domain.ticket.recheck import OpenRecheck, ProposeRecheck
from node.domain.ticket.state import State
from node.domain.ticket.supervision import FollowTicket
from node.domain.ticket.supplement import AskSupplement
from node.services import meetings, stages
from node.services.rebuild import rebuild
from tests.clauses.given import (
    HOUSING,
    PASSED,
    WATER,
    a_completion,
    a_county,
    a_revisit,
    formed,
    handled,
    kinds_of,
    page_of,
    refuses,
    registered,
    the,
)
from tests.clauses.sitting import CENTRE, WORD, convened, history_of, sitting, the_meeting, units_opened
from tests.support.levels import join
from tests.support.node import Hands, make_node

SIX = ("form", "merge", "supplement", "not_accept", "escalate", "undecided")


def in_session(county: Hands, *needs: str) -> tuple[str, tuple[str, ...]]:
    """A session over *needs* before two members, and the members."""
    members = units_opened(county, "service_centre", "development_reform", role="member")
    meeting = sitting(county, "joint_judgement", needs, units=members, present=members)
    return meeting, members


def test_a_session_gives_each_need_of_every_channel_one_outcome_of_six(tmp_path: Path):
    """AS25-3.2.2a: each leaves the pool by the way that the session named; the undecided one stays and is listed again."""
    county = a_county(tmp_path)
    city = make_node(tmp_path / "above", "520400", "anshun-2025", now=county.now)
    join(city, county)
    main = handled(county)
    needs = [registered(county, channel) for channel in ("window", "portal", "symposium", "visit", "platform", "survey")]
    meeting, members = in_session(county, *needs)
    for need in needs:
        county.act("member", GiveOpinion(WORD, "form", HOUSING), need, "service_centre")
    with refuses(Code.IN_SESSION, meeting=meeting):
        county.act("office", CloseJudgement("form", WORD, (HOUSING,)), needs[0])
    with refuses(Code.ONE_LEAD_NEEDED):
        county.act("office", JudgeItem(1, "form", WORD), meeting)
    for number, outcome in enumerate(SIX[:5], 1):
        county.act("office", JudgeItem(number, outcome, WORD, (HOUSING,) if outcome == "form" else ()), meeting)
    county.act("office", FileMinutes(Text("集中研判纪要")), meeting)

    consent = Merge(main, "phone", WORD, date(2026, 2, 13), is_same_appellant=True)
    carried_out = (
        Form("coordination", "plain", PASSED),
        consent,
        AskSupplement(("lease",)),
        NotAccept("unlawful"),
        RequestEscalation("LAND-07", WORD),
    )
    for need, command in zip(needs, carried_out, strict=False):
        county.act("office", command, need)

    with county.node.store.read() as view:
        policy = county.node.policies.of_node(view, county.now)
        pool = [one.ticket for one in meetings.candidates(view, policy, "joint_judgement")]
        protocol = meetings.protocol(view, the_meeting(county, meeting))
    assert [State.FORMED, State.MERGED, State.SUPPLEMENTING, State.NOT_ACCEPTED, State.ESCALATED, State.REGISTERED] == [
        the(county, need).state for need in needs
    ]
    assert [needs[5]] == pool
    assert list(zip(needs, SIX, strict=True)) == [(one.ticket, one.outcome) for one in protocol]
    assert {((members[0],), (members[1],))} == {(one.opinions, one.silent) for one in protocol}


def test_a_session_that_is_called_off_leaves_its_needs_in_the_pool(tmp_path: Path):
    """AS25-3.2.2a: nothing waits for members who do not meet; their forming clock runs on, and one alone may be taken off."""
    county = a_county(tmp_path)
    needs = [registered(county) for _ in range(3)]
    members = units_opened(county, "service_centre", role="member")
    meeting = convened(county, "joint_judgement", units=members)
    county.act("office", SubmitTickets(tuple(needs)), meeting)
    paused = the(county, needs[0]).clocks["form"].is_paused
    county.act("office", WithdrawItem(1, WORD), meeting)
    county.act("office", CancelMeeting(WORD), meeting)

    assert paused
    assert [(State.REGISTERED, True, "withdrawn")] * 3 == [
        (the(county, need).state, the(county, need).clocks["form"].is_running, the(county, need).sittings[-1].outcome) for need in needs
    ]
    assert "MeetingCancelled" == history_of(county, SubjectKind.MEETING, meeting)[-1]


def test_a_session_needs_members_and_takes_only_what_is_in_the_pool(tmp_path: Path):
    """AS25-3.2.2a: what a department still has in its own ledger, or what is formed, is not the pool's."""
    county = a_county(tmp_path)
    ledger = registered(county, "visit", first_contact=HOUSING, judgement="foreign")
    with refuses(Code.FIELD_REQUIRED, field="units"):
        county.act("office", ConveneMeeting("joint_judgement", county.now))
    members = units_opened(county, "service_centre", role="member")
    meeting = convened(county, "joint_judgement", units=members)
    for need, code in ((ledger, Code.NOT_REPORTED), (formed(county), Code.WRONG_STATE)):
        with refuses(code):
            county.act("office", SubmitTickets((registered(county), need)), meeting)

    assert () == the_meeting(county, meeting).agenda


@pytest.mark.clause("AS25-0.1")
def test_a_need_goes_through_all_six_stages_in_their_order(tmp_path: Path):
    """Each stage has an entry in its history, in this order; what is not in the pool is not dispatched."""
    county = a_county(tmp_path)
    need = registered(county, "visit", first_contact=HOUSING, judgement="foreign")
    for command, code in ((Form("coordination", "plain", PASSED), Code.NOT_REPORTED), (Dispatch(WATER), Code.WRONG_STATE)):
        with refuses(code):
            county.act("office", command, need)
    county.act("department", ReportToOffice(materials=(county.node.blobs.put(b"lease"),)), need, "housing")
    meeting, _ = in_session(county, need)
    county.act("office", JudgeItem(1, "form", WORD, (WATER,)), meeting)
    county.act("office", FileMinutes(WORD), meeting)
    county.act("office", Form("coordination", "plain", PASSED), need)
    county.act("office", Dispatch(WATER), need)
    county.act("department", Sign(), need, "water")
    county.act("office", FollowTicket(Text("已与承办单位核实进度")), need)
    county.act("department", a_completion(county), need, "water")
    county.act("office", a_revisit(is_standard_met=False, evaluation="dissatisfied"), need)
    county.act("department", ProposeRecheck("hard_to_solve", WORD), need, "water")
    county.act("office", OpenRecheck((HOUSING,)), need)

    reached = [one.stage for one in stages.stages_of(page_of(county, need).timeline)]
    assert ["collection", "pool", "judgement", "transfer", "supervision", "recheck"] == reached


@pytest.mark.clause("AS25-2.2")
def test_the_four_duties_of_the_responsible_unit_are_typed_acts(tmp_path: Path):
    """Judge, dispatch, coordinate, follow up: 4 typed events; the report of what was not judged lists exactly those needs."""
    county = a_county(tmp_path)
    need = formed(county)
    before = stages.duties_done(page_of(county, need).timeline)
    county.act("office", Dispatch(HOUSING, (WATER,)), need)
    county.act("department", Sign(), need, "housing")
    meeting = sitting(county, "coordination_meeting", [need], units=(HOUSING, WATER))
    county.act("office", DecideItem(1, "decided", WORD), meeting)
    county.act("office", FollowTicket(WORD), need)
    raw = [registered(county), registered(county, "portal")]

    with county.node.store.read() as view:
        listed = stages.not_judged(view)
    assert {"judge": 1, "dispatch": 0, "coordinate": 0, "follow_up": 0} == before
    assert {"judge": 1, "dispatch": 1, "coordinate": 1, "follow_up": 1} == stages.duties_done(page_of(county, need).timeline)
    assert {"Formed", "Dispatched", "MeetingDecided", "TicketFollowed"} <= set(kinds_of(county, need))
    assert raw == listed


def test_what_a_meeting_recorded_survives_a_rebuild(tmp_path: Path):
    """DESIGN 2: readings are folded from the journal and may be dropped at any time."""
    county = a_county(tmp_path)
    need = registered(county)
    meeting, _ = in_session(county, need)
    county.act("office", HoldMeeting((CENTRE,)), meeting)
    before = the_meeting(county, meeting)
    rebuild(county.node.store)

    with county.node.store.read() as view:
        assert [meeting] == [one.id for one in meetings.meetings(view)]
    assert before == the_meeting(county, meeting)
    assert State.IN_JUDGEMENT is the(county, need).state
