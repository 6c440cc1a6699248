"""Meetings: who convenes them, whom they always have, what is ripe for them, when one was due, whose inbox they are in."""

from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.meeting.agenda import CompileMaterial, RaiseNeeds, SubmitTickets
from node.domain.meeting.convening import CancelMeeting, ConveneMeeting, ExplainMissedMeeting, InviteParticipants, MoveMeeting, UninviteUnit
from node.domain.meeting.holding import HoldMeeting
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.acceptance import NotAccept
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.meetings import PrepareForMeeting, SetIndustry
from node.domain.ticket.opinion import AskOpinion, FileOpinion
from node.services import meetings
from tests.clauses.given import COUNTY, HOUSING, PASSED, WATER, a_county, beijing, formed, handled, refuses, registered, the
from tests.clauses.sitting import CENTRE, WORD, a_leader, convened, sitting, the_meeting, units_opened
from tests.support.node import Hands

SEVEN = ("agriculture", "industry", "trade", "housing_block", "culture", "transport", "finance_block")
SEVEN_PLUS_N = f"""
[meeting.joint_meeting]
fixed = {{ value = {list(SEVEN)}, default = "POLICY_PACKS 2 no. 36: the node fills in whom the report does not name" }}
""".replace("'", '"')
FIVE_CODES = ("91520402MA6TEXA128", "91520402MA6TEXB27E", "91520402MA6TEXC31J", "91520402MA6TEXD46Q", "91520402MA6TEXE50W")


def in_xiangshan(directory: Path) -> Hands:
    """A county under the mechanism of Xiangshan, with the deputies of two lines."""
    county = a_county(directory, pack="xiangshan-2025")
    a_leader(county, "d-one", "line_deputy_director", "industry")
    a_leader(county, "d-two", "line_deputy_director", "agriculture")
    return county


def in_hand(county: Hands) -> str:
    """A hard ticket in the hands of the housing department, under Xiangshan's mechanism."""
    ticket = registered(county, "centre_offline")
    county.act("office", Form("coordination", "hard", layer="block"), ticket)
    county.act("office", Dispatch(HOUSING), ticket)
    county.act("department", Sign("d-housing"), ticket, "housing")
    return ticket


def ripened(county: Hands, ticket: str, *, line: str = "industry", with_proposal: bool = True) -> str:
    """Material, the units' opinion and the centre's proposal are in the file."""
    county.act("department", AskOpinion(WATER, WORD), ticket, "housing")
    county.act("department", FileOpinion(WORD), ticket, "water")
    digest = county.node.blobs.put(b"report of the survey")
    if with_proposal:
        county.act("office", PrepareForMeeting("line_coordination", WORD, line, (digest,)), ticket)
    return ticket


@pytest.mark.clause("FJ23-2.1a")
def test_seven_departments_always_sit_in_the_joint_meeting_and_n_are_added(tmp_path: Path):
    """A 7+N meeting on a ticket with 2 extra units: 9 invitations; none of the seven can be taken out."""
    own = tmp_path / COUNTY / "packs" / "own-2023.toml"
    own.parent.mkdir(parents=True)
    head = (
        '[pack]\nid = "own-2023"\nversion = "1"\nlevel = "county"\nname = "本县"\neffective_from = 2023-01-01\nparents = ["fengjie-2023"]\n'
    )
    own.write_text(head + SEVEN_PLUS_N, "utf-8")
    county = a_county(tmp_path, pack="own-2023")
    seven = units_opened(county, *SEVEN)
    ticket = registered(county, "other", channel_note=Text("来信"))
    county.act("office", Form("composite", "composite", grounds=("crossing_functions",)), ticket)

    meeting = convened(county, "joint_meeting", units=(HOUSING, WATER))
    county.act("office", SubmitTickets((ticket,)), meeting)

    assert (9, {*seven, HOUSING, WATER}) == (len(the_meeting(county, meeting).units), set(the_meeting(county, meeting).units))
    with refuses(Code.FIXED_PARTICIPANT, unit=seven[0]):
        county.act("office", UninviteUnit(seven[0]), meeting)
    county.act("office", UninviteUnit(WATER), meeting)
    assert {*seven, HOUSING} == set(the_meeting(county, meeting).units)


@pytest.mark.clause("XS25-4.3.2.3a")
def test_a_line_deputy_convenes_his_own_line_only(tmp_path: Path):
    """D1 convenes X: accepted; D1 convenes Y: rejected; and nobody else convenes either."""
    county = in_xiangshan(tmp_path)

    meeting = convened(county, "line_coordination", role="leader", account="d-one", duty_line="industry")

    assert ("d-one", "industry") == (the_meeting(county, meeting).convener, the_meeting(county, meeting).duty_line)
    for role, account, line in (("leader", "d-one", "agriculture"), ("office", "a-office", "industry"), ("leader", "d-one", "trade")):
        with refuses(Code.NOT_THE_CONVENER, duty_line=line):
            county.act(role, ConveneMeeting("line_coordination", county.now, duty_line=line), account=account)


def test_who_keeps_no_log_in_convenes_on_paper(tmp_path: Path):
    """USERS B16: the office enters it in his name with the scanned paper; nobody else does, and never without it."""
    county = in_xiangshan(tmp_path)
    paper = county.node.blobs.put(b"signed by the deputy director")
    command = ConveneMeeting("line_coordination", county.now, duty_line="industry", convener="d-one", digest=paper)

    with refuses(Code.FIELD_REQUIRED, field="digest"):
        county.act("office", ConveneMeeting("line_coordination", county.now, duty_line="industry", convener="d-one"))
    with refuses(Code.PERMISSION_DENIED):
        county.act("leader", command, account="d-two")
    meeting = county.act("office", command).subject.id

    assert ("d-one", "leader") == (the_meeting(county, meeting).convener, the_meeting(county, meeting).convener_role)


@pytest.mark.clause("XS25-4.3.2.3b")
def test_only_the_centre_submits_and_only_a_ripe_batch(tmp_path: Path):
    """A batch of 4, one lacking a proposal: rejected, and that ticket is named; without it 3 are submitted."""
    county = in_xiangshan(tmp_path)
    ripe = [ripened(county, in_hand(county)) for _ in range(3)]
    raw = ripened(county, in_hand(county), with_proposal=False)
    elsewhere = ripened(county, in_hand(county), line="agriculture")
    meeting = convened(county, "line_coordination", role="leader", account="d-one", duty_line="industry")

    with refuses(Code.NOT_RIPE, tickets=raw):
        county.act("office", SubmitTickets((*ripe, raw)), meeting)
    with refuses(Code.NOT_RIPE, tickets=elsewhere, missing="proposal"):
        county.act("office", SubmitTickets((elsewhere,)), meeting)
    with refuses(Code.PERMISSION_DENIED):
        county.act("leader", SubmitTickets(tuple(ripe)), meeting, account="d-one")
    assert () == the_meeting(county, meeting).agenda
    with county.node.store.read() as view:
        policy = county.node.policies.of_node(view, county.now)
        listed = [(one.ticket, one.is_ripe) for one in meetings.candidates(view, policy, "line_coordination", "industry")]
    county.act("office", SubmitTickets(tuple(ripe)), meeting)

    assert [(ticket, True) for ticket in ripe] == listed
    assert ripe == [one.ticket for one in the_meeting(county, meeting).agenda]
    assert [meeting] * 3 == [the(county, ticket).sittings[-1].meeting for ticket in ripe]


def test_a_ticket_is_on_one_agenda_at_a_time(tmp_path: Path):
    """XS25-4.3.2.3b: it is free again once the meeting was called off."""
    county = in_xiangshan(tmp_path)
    ticket = ripened(county, in_hand(county))
    first, second = (convened(county, "line_coordination", role="leader", account="d-one", duty_line="industry") for _ in range(2))
    county.act("office", SubmitTickets((ticket,)), first)

    with refuses(Code.ON_OTHER_AGENDA, meeting=first):
        county.act("office", SubmitTickets((ticket,)), second)
    county.act("leader", CancelMeeting(WORD), first, account="d-one")
    county.act("office", SubmitTickets((ticket,)), second)

    assert ["withdrawn", ""] == [one.outcome for one in the(county, ticket).sittings]


def test_a_meeting_planned_behind_a_tickets_limit_is_warned_of(tmp_path: Path):
    """POLICY_PACKS 2 no. 44: a hard matter has five working days; the meeting is not refused, the agenda says so."""
    county = in_xiangshan(tmp_path)
    ticket = ripened(county, in_hand(county))
    meeting = convened(
        county, "line_coordination", role="leader", account="d-one", duty_line="industry", planned_at=beijing("2026-02-14 15:00")
    )
    county.act("office", SubmitTickets((ticket,)), meeting)
    before = the_meeting(county, meeting).agenda[0].is_behind_limit

    county.act("leader", MoveMeeting(beijing("2026-03-20 15:00"), WORD), meeting, account="d-one")

    assert (False, True) == (before, the_meeting(county, meeting).agenda[0].is_behind_limit)
    with refuses(Code.DATE_TOO_EARLY):
        county.act("leader", HoldMeeting((CENTRE,)), meeting, account="d-one")


@pytest.mark.clause("HM20-4.1a")
def test_a_month_without_a_consultation_is_flagged_until_it_is_explained(tmp_path: Path):
    """No meeting in March: flagged on 2026-04-01; entering a reason turns the flag into explained."""
    county = a_county(tmp_path, "2026-02-13 10:00", pack="haimen-2020")
    sitting(county, "monthly_consultation")

    def missed(at: str) -> list[tuple[str, bool]]:
        county.at(beijing(at))
        with county.node.store.read() as view:
            found = meetings.missed(view, county.node.policies.of_node(view, county.now), county.now)
        return [(one.period, one.is_explained) for one in found if one.meeting_kind == "monthly_consultation"]

    before, after = missed("2026-03-31 23:59"), missed("2026-04-01 00:00")
    with refuses(Code.MEETING_NOT_MISSED, period="2026-02"):
        county.act("office", ExplainMissedMeeting("monthly_consultation", "2026-02", WORD))
    county.act("office", ExplainMissedMeeting("monthly_consultation", "2026-03", Text("当月无需会商的问题")))

    assert ([], [("2026-03", False)]) == (before, after)
    assert [("2026-03", True)] == missed("2026-04-02 09:00")


@pytest.mark.clause("FJ23-4.2b")
def test_a_quarter_without_a_contest_is_flagged_and_a_contest_shows_who_presented(tmp_path: Path):
    """None recorded for Q1 by 2026-04-01: flagged; one with 5 presenting units shows these 5, and its quarter is not flagged."""
    county = a_county(tmp_path, "2026-02-13 10:00", pack="fengjie-2023")
    five = units_opened(county, "town_one", "town_two", "town_three", "town_four", "town_five")

    def missed(at: str) -> list[str]:
        county.at(beijing(at))
        with county.node.store.read() as view:
            found = meetings.missed(view, county.node.policies.of_node(view, county.now), county.now)
        return [one.period for one in found if one.meeting_kind == "quarterly_contest"]

    before, after = missed("2026-03-31 23:59"), missed("2026-04-01 00:00")
    meeting = sitting(county, "quarterly_contest", units=five, present=five)

    assert ([], ["2026-Q1"], ["2026-Q1"]) == (before, after, missed("2026-07-01 00:00"))
    assert five == the_meeting(county, meeting).present


@pytest.mark.clause("AS25-1.3b")
def test_needs_raised_at_an_entrepreneurs_meeting_are_linked_to_it(tmp_path: Path):
    """5 enterprises, 3 needs: 3 tickets with this meeting as their source; its page shows 3 and their states."""
    county = a_county(tmp_path)
    meeting = sitting(county, "entrepreneurs_meeting", enterprises=FIVE_CODES)
    needs = [registered(county, "symposium") for _ in range(3)]
    county.act("office", RaiseNeeds(tuple(needs)), meeting)
    county.act("office", Form("coordination", "plain", PASSED), needs[0])

    with county.node.store.read() as view:
        page = [(one.ticket, one.state) for one in meetings.raised(view, the_meeting(county, meeting))]
    assert FIVE_CODES == the_meeting(county, meeting).enterprises
    assert list(zip(needs, ("formed", "registered", "registered"), strict=True)) == page
    assert [(meeting, "raised")] * 3 == [(one.meeting, one.relation) for need in needs for one in the(county, need).sittings]


@pytest.mark.clause("AS25-3.6.3")
def test_the_material_of_a_meeting_is_the_open_needs_of_an_industry(tmp_path: Path):
    """For tourism it holds exactly the open needs of that industry, with state and unit, and belongs to the meeting."""
    county = a_county(tmp_path)
    tourism = [handled(county), formed(county), registered(county)]
    for need in tourism:
        county.act("office", SetIndustry("tourism"), need)
    county.act("office", SetIndustry("agriculture"), registered(county))
    ended = registered(county)
    county.act("office", SetIndustry("tourism"), ended)
    county.act("office", NotAccept("unlawful"), ended)
    registered(county)
    meeting = convened(county, "entrepreneurs_meeting")
    county.act("specialist", CompileMaterial("tourism"), meeting)

    with county.node.store.read() as view:
        found = {one.ticket: (one.state, one.unit) for one in meetings.material(view, the_meeting(county, meeting))}
    assert dict(zip(tourism, (("handling", HOUSING), ("formed", ""), ("registered", "")), strict=True)) == found
    assert "tourism" == the_meeting(county, meeting).industry


def test_a_units_invitation_lies_with_its_specialist(tmp_path: Path):
    """AS25-1.2d: the specialist is the unit's named contact for joint work; a unit without one has it on its desk."""
    county = a_county(tmp_path)
    county.act("office", g.OpenAccount("s-housing", ("specialist",), HOUSING), COUNTY)
    meeting = convened(county, "joint_judgement", units=(HOUSING, WATER), persons=("d-finance",))
    county.act("office", InviteParticipants(persons=("d-finance",)), meeting)

    def inbox(account: str) -> list[tuple[str, str]]:
        with county.node.store.read() as view:
            return [(one.meeting, one.unit) for one in meetings.invitations(view, account)]

    assert {
        "s-housing": [(meeting, HOUSING)],
        "d-housing": [],
        "d-water": [(meeting, WATER)],
        "d-finance": [(meeting, "")],
    } == {account: inbox(account) for account in ("s-housing", "d-housing", "d-water", "d-finance")}
