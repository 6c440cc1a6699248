"""象山: eight stages in one closed loop, what the lead submits to the centre, its own meeting, and major complaints."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from node.domain import registry as g
from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.calling import CallCoHandlers
from node.domain.meeting.convening import CancelMeeting, ConveneMeeting
from node.domain.meeting.holding import DecideItem, HoldMeeting
from node.domain.meeting.minutes import FileMinutes
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.assessment import AssignAssessment, FileAssessment
from node.domain.ticket.assignment import ReceiveAssignment
from node.domain.ticket.closing import Close
from node.domain.ticket.complaint_centre import DecideComplaint, SubmitToComplaintCentre
from node.domain.ticket.completion import GiveFeedback
from node.domain.ticket.confirmation import Confirm
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.forming import Form
from node.domain.ticket.invitation import InviteEvaluation
from node.domain.ticket.layers import PassUp, RaiseLayer
from node.domain.ticket.plan import FilePlan
from node.domain.ticket.progress_report import ReportProgress
from node.domain.ticket.state import State, With
from node.domain.ticket.submission import AnswerSubmission
from node.services.stages import loop_of
from node.services.submissions import submissions_of
from node.storage import notices
from tests.clauses.given import (
    COUNTY,
    FINANCE,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    beijing,
    clock_of,
    kinds_of,
    listed,
    page_of,
    refuses,
    registered,
    the,
)
from tests.clauses.sitting import CENTRE, WORD, history_of, sitting, the_meeting
from tests.support.node import Hands

XIANGSHAN = "xiangshan-2025"
MONDAY = "2026-03-02 09:00"
# As 象山, but for the invitation that goes out by itself.
BY_HAND = """
[pack]
id = "own-2025"
version = "1"
level = "county"
name = "本县机制"
effective_from = 2025-01-07
parents = ["xiangshan-2025"]
[notify]
invite_evaluation = { value = false, default = "the node's own choice: the centre invites itself" }
"""


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    return a_county(tmp_path, MONDAY, pack=XIANGSHAN)


def in_hand(county: Hands, category: str = "coordination", complexity: str = "complex", *co_handlers: str) -> str:
    """A ticket that the housing department has received."""
    ticket = registered(county, "centre_offline")
    county.act("office", Form(category, complexity), ticket)
    county.act("office", Dispatch(HOUSING, co_handlers), ticket)
    received(county, ticket)
    return ticket


def received(county: Hands, ticket: str) -> None:
    """The housing department signs, and writes the receipt into its register."""
    county.act("department", Sign("d-housing"), ticket, "housing")
    county.act("department", ReceiveAssignment("d-housing"), ticket, "housing")


def complete(county: Hands, ticket: str, **fields: Any) -> None:
    """The lead applies for the write-off, with the reply that its deputy signed."""
    draft = county.act("department", DraftReply(Text("拟答复：便道已开通")), ticket, "housing").entries[-1].header.id
    county.act("department_leader", CountersignReply(draft), ticket, "housing", account="deputy")
    county.act("department", a_completion(county, draft=draft, **fields), ticket, "housing")


def invitations(county: Hands, ticket: str) -> list[notices.Row]:
    """The invitations to vote in the outbox, on the platform's own page."""
    with county.node.store.read() as view:
        return [one for one in notices.of_subject(view.connection, ticket) if (one.template, one.channel) == ("evaluate", "in_app")]


def told_of(county: Hands, subject: str) -> dict[str, int]:
    """Audiences that were told of a meeting, with how often."""
    with county.node.store.read() as view:
        audiences = [one.audience for one in notices.of_subject(view.connection, subject)]
    return {audience: audiences.count(audience) for audience in audiences}


class TestClosedLoop:
    """XS25-2.2b: raise, accept, assign, handle, track, feed back, evaluate, appraise."""

    @pytest.mark.clause("XS25-2.2b")
    def test_a_ticket_goes_through_all_eight_stages(self, county: Hands):
        """One record or more a stage at the end; closing before feedback, and before the invitation, names the stage that is missing."""
        ticket = in_hand(county)
        with refuses(Code.STAGE_MISSING, stage="track"):
            county.act("office", Close(), ticket)
        county.act("department", ReportProgress(Text("已到现场，方案在拟")), ticket, "housing")
        with refuses(Code.STAGE_MISSING, stage="feed_back"):
            county.act("office", Close(), ticket)
        county.act("department", GiveFeedback("phone", Text("便道已开通")), ticket, "housing")
        assert [] == invitations(county, ticket)
        with refuses(Code.STAGE_MISSING, stage="evaluate"):
            county.act("office", Close(), ticket)

        complete(county, ticket)
        assert 1 == len(invitations(county, ticket))
        county.act("enterprise", Confirm(is_settled=True), ticket)
        county.act("office", Close(), ticket)
        county.act("enterprise", Evaluate("satisfied"), ticket)
        county.act("office", AssignAssessment("2026-H1", "assessor"), ticket)
        scores = ("flow_efficiency=95", "closing_efficiency=90", "satisfaction=100")
        county.act("assessor", FileAssessment("2026-H1", scores), ticket, account="assessor")

        records = {stage: [one.kind for one in found] for stage, found in loop_of(page_of(county, ticket).timeline).items()}
        assert {
            "raise": ["Registered"],
            "accept": ["Formed"],
            "assign": ["Dispatched"],
            "handle": ["Signed", "AssignmentReceived", "ReplyDrafted", "Completed"],
            "track": ["ProgressReported"],
            "feed_back": ["FeedbackGiven", "Completed"],
            "evaluate": ["Evaluated"],
            "appraise": ["AssessmentFiled"],
        } == records

    def test_what_was_completed_and_nobody_was_asked_about_is_not_closed(self, tmp_path: Path):
        """XS25-2.2b: where the node does not invite by itself, the centre does, or the write-off is refused for want of it."""
        own = tmp_path / COUNTY / "packs" / "own-2025.toml"
        own.parent.mkdir(parents=True)
        own.write_text(BY_HAND, "utf-8")
        county = a_county(tmp_path, MONDAY, pack="own-2025")
        ticket = in_hand(county, complexity="simple")
        complete(county, ticket)
        county.act("enterprise", Confirm(is_settled=True), ticket)
        with refuses(Code.STAGE_MISSING, stage="evaluate"):
            county.act("office", Close(), ticket)
        assert [] == invitations(county, ticket)

        county.act("office", InviteEvaluation(), ticket)
        (invitation,) = invitations(county, ticket)
        county.act("office", Close(), ticket)

        assert (State.CLOSED, True) == (the(county, ticket).state, invitation.token != "")
        county.act("enterprise", Evaluate("satisfied"), ticket)
        with refuses(Code.ALREADY_EXISTS, kind="evaluation"):
            county.act("office", InviteEvaluation(), ticket)

    def test_a_stage_that_does_not_apply_is_not_asked_for(self, county: Hands):
        """Nobody tracks what is simple and due the next day; what is only registered lacks its acceptance."""
        simple = in_hand(county, complexity="simple")
        complete(county, simple)
        county.act("enterprise", Confirm(is_settled=True), simple)
        county.act("office", Close(), simple)
        assert State.CLOSED is the(county, simple).state

        raw = registered(county, "centre_offline", title=Text("另一件"))
        with refuses(Code.STAGE_MISSING, stage="accept"):
            county.act("office", Close(), raw)


class TestSubmissions:
    """XS25-4.4.1c: solution plan, progress report, application for the write-off."""

    @pytest.mark.clause("XS25-4.4.1c")
    def test_three_kinds_stand_in_the_file_in_their_order(self, county: Hands):
        """Each typed, dated and answered; on a complex ticket the application without plan and progress is refused."""
        ticket = in_hand(county, complexity="hard")
        started = county.now
        plan = county.act("department", FilePlan(Text("分两段施工"), date(2026, 3, 31)), ticket, "housing").entries[-1].header.id
        report = county.later(hours=1).act("department", ReportProgress(Text("第一段已通")), ticket, "housing").entries[-1].header.id
        for submission in (plan, report):
            county.act("office", AnswerSubmission(submission, Text("同意，按计划推进")), ticket)
        complete(county.later(hours=1), ticket)

        def lines() -> list[tuple[str, Any, str, str]]:
            found = submissions_of(the(county, ticket), page_of(county, ticket).timeline)
            return [(one.kind, one.submitted_at, one.unit, one.answered_by) for one in found]

        one, two = started + timedelta(hours=1), started + timedelta(hours=2)
        answered = [("plan", started, HOUSING, "SubmissionAnswered"), ("progress", one, HOUSING, "SubmissionAnswered")]
        assert [*answered, ("close_out", two, HOUSING, "")] == lines()
        county.act("enterprise", Confirm(is_settled=True), ticket)
        county.act("office", Close(), ticket)
        assert [*answered, ("close_out", two, HOUSING, "Closed")] == lines()

        bare = in_hand(county, complexity="complex")
        with refuses(Code.SUBMISSION_MISSING):
            complete(county, bare)
        assert (State.HANDLING, ()) == (the(county, bare).state, the(county, bare).submissions)

    def test_a_submission_is_answered_once_and_by_the_centre(self, county: Hands):
        """What nobody submitted is not answered, nor does the lead answer itself."""
        ticket = in_hand(county)
        report = county.act("department", ReportProgress(Text("方案在拟")), ticket, "housing").entries[-1].header.id
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", AnswerSubmission(report, WORD), ticket, "housing")
        with refuses(Code.NOTHING_PENDING, application="submission"):
            county.act("office", AnswerSubmission("nothing", WORD), ticket)
        county.act("office", AnswerSubmission(report, WORD), ticket)
        with refuses(Code.ALREADY_EXISTS, kind="answer"):
            county.act("office", AnswerSubmission(report, Text("改一下")), ticket)


class TestLeadsMeeting:
    """XS25-4.3.2.1c: the block names lead and co-handlers; the lead calls them together."""

    def named_by_block(self, county: Hands) -> str:
        """A ticket of which a block named A as the lead, B and C as co-handlers."""
        county.act("office", g.OpenUnit("project_block", "项目服务板块", "block"), COUNTY)
        county.act("office", g.OpenAccount("d-block", ("steward",), f"{COUNTY}-project_block"), COUNTY)
        ticket = registered(county, "centre_offline", first_contact=f"{COUNTY}-project_block")
        county.act("office", Form("coordination", "complex"), ticket)
        county.act("steward", Dispatch(HOUSING, (WATER, FINANCE)), ticket, "project_block", account="d-block")
        received(county, ticket)
        return ticket

    @pytest.mark.clause("XS25-4.3.2.1c")
    def test_the_lead_calls_and_its_co_handlers_are_invited(self, county: Hands):
        """B and C get one invitation each, the meeting stands in the ticket's file; a co-handler calling it is refused."""
        ticket = self.named_by_block(county)
        assert (HOUSING, [WATER, FINANCE]) == (the(county, ticket).lead, [part.unit for part in the(county, ticket).co_handlers])
        call = CallCoHandlers(ticket, beijing("2026-03-02 15:00"), Text("管线迁改与资金"))
        for unit in ("water", "finance"):
            with refuses(Code.PERMISSION_DENIED, wanted=HOUSING):
                county.act("department", call, "", unit)

        meeting = county.act("department", call, "", "housing").subject.id

        assert {f"unit:{WATER}": 1, f"unit:{FINANCE}": 1} == told_of(county, meeting)
        assert ("co_handling_meeting", (WATER, FINANCE), HOUSING) == (
            the_meeting(county, meeting).meeting_kind,
            the_meeting(county, meeting).units,
            the_meeting(county, meeting).host,
        )
        assert [(meeting, "")] == [(one.meeting, one.outcome) for one in the(county, ticket).sittings]

    def test_the_lead_holds_it_and_moves_neither_lead_nor_layer(self, county: Hands):
        """What it comes to stands in the ticket's file; who leads is not the lead's to change, nor is a co-handler the host."""
        ticket = self.named_by_block(county)
        call = CallCoHandlers(ticket, county.now, Text("管线迁改与资金"))
        meeting = county.act("department", call, "", "housing", account="d-housing").subject.id
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", CancelMeeting(WORD), meeting, "water", account="d-water")
        county.act("department", HoldMeeting((HOUSING, WATER, FINANCE)), meeting, "housing")
        with refuses(Code.MALFORMED_COMMAND, field="lead"):
            county.act("department", DecideItem(1, "decided", WORD, lead=WATER), meeting, "housing")
        county.act("department", DecideItem(1, "decided", WORD, unit=WATER, due=date(2026, 3, 6)), meeting, "housing")
        county.act("department", FileMinutes(WORD), meeting, "housing")

        assert ["decided"] == [one.outcome for one in the(county, ticket).sittings]
        assert "MeetingDecided" in kinds_of(county, ticket)
        assert ["MeetingConvened", "ItemSubmitted", "MeetingHeld"] == history_of(county, the_meeting(county, meeting).kind, meeting)[:3]

    def test_a_lead_alone_has_nobody_to_call(self, county: Hands):
        """And nobody calls a meeting about what is done, or convenes this kind in another way."""
        alone = in_hand(county)
        with refuses(Code.GROUND_NOT_MET, ground="two_departments"):
            county.act("department", CallCoHandlers(alone, county.now, WORD), "", "housing")
        waiting = registered(county, "centre_offline")
        county.act("office", Form("coordination", "simple"), waiting)
        county.act("office", Dispatch(HOUSING, (WATER,)), waiting)
        with refuses(Code.WRONG_STATE):
            county.act("department", CallCoHandlers(waiting, county.now, WORD), "", "housing")
        with refuses(Code.PERMISSION_DENIED):
            county.act("office", ConveneMeeting("co_handling_meeting", county.now))


class TestComplaintCentre:
    """XS25-4.3.2.2c: a major complaint goes to the complaint supervision centre, which decides by a joint meeting."""

    MAJOR = SubmitToComplaintCentre("major_complaint", Text("涉及营商环境，部门意见长期不一"))

    @pytest.mark.clause("XS25-4.3.2.2c")
    def test_no_decision_without_the_minutes_of_a_joint_meeting(self, county: Hands):
        """Flagged major it is with the complaint centre; without minutes refused; with minutes listing units and decision accepted."""
        ticket = in_hand(county, "complaint", "hard")
        county.act("office", self.MAJOR, ticket)
        assert (With.COMPLAINT_CENTRE, "complaint_centre") == (
            the(county, ticket).with_whom,
            clock_of(county, ticket, "layer_decision").owes,
        )
        assert [ticket] == listed(county, mine=("supervision", CENTRE))
        decide = DecideComplaint(Text("由住建局限期整改，水务局配合"))
        with refuses(Code.MINUTES_MISSING):
            county.act("supervision", decide, ticket)

        meeting = self.held(county, ticket, present=(HOUSING, WATER, CENTRE))
        named = DecideComplaint(decide.decision, meeting)
        with refuses(Code.MINUTES_MISSING):  # held and decided, but its minutes are not filed
            county.act("supervision", named, ticket)
        county.act("supervision", FileMinutes(WORD), meeting)
        county.act("supervision", named, ticket)

        entry = page_of(county, ticket).timeline[-1]
        assert ("ComplaintDecided", (HOUSING, WATER), meeting, "由住建局限期整改，水务局配合") == (
            entry.kind,
            entry.facts["units"],
            entry.facts["meeting"],
            entry.texts["decision"],
        )
        assert (With.DEPARTMENT, "block", False) == (
            the(county, ticket).with_whom,
            the(county, ticket).classing.layer,
            clock_of(county, ticket, "layer_decision").is_running,
        )

    def held(self, county: Hands, ticket: str, *, present: tuple[str, ...], outcome: str = "decided") -> str:
        """A joint meeting on the ticket that came to a conclusion and has no minutes yet."""
        meeting = sitting(county, "joint_meeting", role="supervision", units=(HOUSING, WATER), present=present)
        county.act("supervision", SubmitTickets((ticket,)), meeting)
        county.act("supervision", DecideItem(1, outcome, WORD, unit=HOUSING, due=date(2026, 3, 31)), meeting)
        return meeting

    @pytest.mark.parametrize("fault", ["nobody_came", "other_kind", "other_ticket", "before"])
    def test_other_minutes_are_none(self, county: Hands, fault: str):
        """Without the responsible units, of another kind, about another ticket, or older than the submission."""
        ticket, other = in_hand(county, "complaint", "hard"), in_hand(county, "complaint", "hard")
        present = (CENTRE,) if fault == "nobody_came" else (HOUSING, CENTRE)
        if fault == "before":
            meeting = self.held(county, ticket, present=present)
            county.later(minutes=5).act("office", self.MAJOR, ticket)
        else:
            county.act("office", self.MAJOR, ticket)
            if fault == "other_kind":
                meeting = sitting(county, "coordination_meeting", [ticket], units=(HOUSING,), present=present)
                county.act("office", DecideItem(1, "decided", WORD), meeting)
            else:
                meeting = self.held(county, other if fault == "other_ticket" else ticket, present=present)
        county.act("office", FileMinutes(WORD), meeting)

        with refuses(Code.MINUTES_MISSING):
            county.act("supervision", DecideComplaint(WORD, meeting), ticket)

    def test_what_the_meeting_could_not_settle_goes_back_to_the_centre(self, county: Hands):
        """And opens the way to the main leaders, as any meeting that settled nothing (XS25-4.3.2.4a)."""
        ticket = in_hand(county, "complaint", "hard")
        county.act("office", self.MAJOR, ticket)
        meeting = self.held(county, ticket, present=(HOUSING, CENTRE), outcome="not_settled")
        county.act("supervision", FileMinutes(WORD), meeting)
        county.act("supervision", DecideComplaint(WORD, meeting), ticket)

        assert (With.OFFICE, True) == (the(county, ticket).with_whom, clock_of(county, ticket, "layer_forward").is_running)
        county.act("office", RaiseLayer("county", WORD, ground="meeting_failed"), ticket)
        assert "county" == the(county, ticket).classing.layer

    def test_only_a_major_complaint_is_submitted_and_nothing_else_is_asked_of_anybody_meanwhile(self, county: Hands):
        """A need for coordination is not one; another ground is none; while it is there the lead does not pass it up."""
        with refuses(Code.VALUE_NOT_OFFERED, value="coordination"):
            county.act("office", self.MAJOR, in_hand(county))
        ticket = in_hand(county, "complaint", "hard")
        with refuses(Code.VALUE_NOT_OFFERED, value="annoying"):
            county.act("office", SubmitToComplaintCentre("annoying", WORD), ticket)
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", self.MAJOR, ticket, "housing")
        with refuses(Code.NOTHING_PENDING):
            county.act("supervision", DecideComplaint(WORD), ticket)
        county.act("office", self.MAJOR, ticket)
        with refuses(Code.DECISION_PENDING):
            county.act("department", PassUp(WORD, WORD), ticket, "housing")
        assert 1 == kinds_of(county, ticket).count("SubmittedToComplaintCentre")
        county.act("office", self.MAJOR, ticket)
        assert 1 == kinds_of(county, ticket).count("SubmittedToComplaintCentre")
