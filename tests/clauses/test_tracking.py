"""奉节: the one who tracks a matter, progress that the enterprise sees at once, the invitation to vote, and the way onto a 7+N agenda."""

from datetime import date
from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.meeting.agenda import SubmitTickets
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import FileContribution
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.progress_report import ReportProgress
from node.domain.ticket.state import State
from node.domain.ticket.tracking import NameTracker, RecordTracking
from node.services.figures import Counts, counts
from node.services.progress import Progress, progress
from node.services.queries import names
from node.services.telling import sentence
from node.services.votes import vote
from node.storage import notices
from node.texts.catalogue import LANGS
from tests.clauses.after_given import completed, signed
from tests.clauses.given import COUNTY, FINANCE, HOUSING, WATER, a_completion, a_county, kinds_of, page_of, refuses, registered, the
from tests.clauses.sitting import convened, the_meeting, units_opened
from tests.support.node import Hands

FENGJIE, FENGJIE_2023 = "fengjie-2025", "fengjie-2023"
MONDAY = "2026-03-02 09:00"
LIMIT = date(2026, 3, 20)


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    return a_county(tmp_path, MONDAY, pack=FENGJIE)


def told(county: Hands, ticket: str, audience: str, channel: str = "in_app") -> list[notices.Row]:
    """What one audience was told of a ticket by one channel, in order."""
    with county.node.store.read() as view:
        rows = notices.of_subject(view.connection, ticket)
    return [row for row in rows if (row.audience, row.channel) == (audience, channel)]


def states_told(county: Hands, ticket: str, account: str) -> list[str]:
    """The states that a tracker was told of."""
    return [row.facts["state"] for row in told(county, ticket, f"account:{account}")]


def its_page(county: Hands, ticket: str) -> Progress:
    """What the enterprise sees of its need."""
    with county.node.store.read() as view:
        code = view.payloads.query_code(the(county, ticket).subject) or ""
        return progress(view, ticket, code, county.node.policies.bare(view).calendar, county.now)


class TestTracker:
    """FJ25-3.8.1b: each cross-department ticket has exactly one who follows it."""

    def formed(self, county: Hands) -> str:
        """A ticket that crosses departments and waits for its dispatch, and two who may track it."""
        for account in ("p", "q"):
            county.act("office", g.OpenAccount(account, ("tracker",), f"{COUNTY}-centre"), COUNTY)
        ticket = registered(county, "website", category="infrastructure")
        county.act("office", Form("infrastructure", "cross_department"), ticket)
        return ticket

    def urge(self, county: Hands, ticket: str, account: str) -> str:
        """The order by which somebody urges the lead on."""
        command = IssueOrder("urge", "may_overdue", tickets=(ticket,), unit=HOUSING)
        return county.act("tracker", command, account=account).subject.id

    @pytest.mark.clause("FJ25-3.8.1b")
    def test_the_tracker_hears_of_every_state_and_urges_until_another_takes_his_place(self, county: Hands):
        """None named: refused.  P hears of each change once and urges; Q replaces P, which is logged, and P hears and urges no more."""
        ticket = self.formed(county)
        with refuses(Code.JOINT_HANDLING_INCOMPLETE, missing="tracker"):
            county.act("office", Dispatch(HOUSING, (WATER, FINANCE), due_on=LIMIT), ticket)
        assert State.FORMED is the(county, ticket).state

        county.act("office", Dispatch(HOUSING, (WATER, FINANCE), due_on=LIMIT, tracker="p"), ticket)
        county.act("department", Sign(), ticket, "housing")
        assert ["dispatched", "handling"] == states_told(county, ticket, "p")
        order = self.urge(county, ticket, "p")
        assert ["urge"] == [step.measure for step in the(county, ticket).supervision]
        assert order == the(county, ticket).supervision[0].order
        county.act("tracker", RecordTracking(Text("已催主办单位")), ticket, account="p")

        county.act("office", NameTracker("q"), ticket)

        logged = page_of(county, ticket).timeline[-1]
        assert ("TrackerNamed", "q", "p", "a-office") == (logged.kind, logged.facts["tracker"], logged.facts["former"], logged.account)
        assert "q" == the(county, ticket).tracker
        before = len(told(county, ticket, "account:p"))
        with refuses(Code.PERMISSION_DENIED, wanted="q"):
            county.act("tracker", RecordTracking(Text("还在跟")), ticket, account="p")
        with refuses(Code.PERMISSION_DENIED, wanted="q"):
            self.urge(county, ticket, "p")
        for unit in ("water", "finance"):
            self.contribute(county, ticket, unit)
        county.act("department", a_completion(county, standard="done"), ticket, "housing")

        assert before == len(told(county, ticket, "account:p"))
        assert ["handling", "completed"] == states_told(county, ticket, "q")

    def contribute(self, county: Hands, ticket: str, unit: str) -> None:
        """A co-handler does its part."""
        county.act("department", FileContribution(Text("本单位部分已完成")), ticket, unit)

    def test_one_change_is_told_once(self, county: Hands):
        """A dispatch that sets limit and tracker beside it is one change, to the appellant, the lead and the tracker alike."""
        ticket = self.formed(county)
        county.act("office", Dispatch(HOUSING, (WATER,), due_on=LIMIT, tracker="p"), ticket)

        states = [row.facts["state"] for row in told(county, ticket, "appellant") if row.template == "state"]
        assert ["registered", "formed", "dispatched"] == states
        assert ["turn"] == [row.template for row in told(county, ticket, f"unit:{HOUSING}")]
        assert ["dispatched"] == states_told(county, ticket, "p")


class TestProgress:
    """FJ25-3.8.4b: the enterprise sees each step at once, and is told of it."""

    @pytest.mark.clause("FJ25-3.8.4b")
    def test_a_reported_step_is_on_the_page_at_once_with_one_notice_in_the_same_transaction(self, county: Hands):
        """The next status read contains it; one notice waits, on each of the pack's channels; before the commit neither is there."""
        ticket = signed(county, FENGJIE)
        before = self.steps(county, ticket)
        said = "已到现场测量，下周一施工"

        county.node.store.fault = self.die_before_commit
        with pytest.raises(KeyError):
            county.act("department", ReportProgress(Text(said)), ticket, "housing")
        assert ([], before) == (self.on_page(county, ticket), self.steps(county, ticket))

        county.node.store.fault = lambda point: None
        outcome = county.act("department", ReportProgress(Text(said)), ticket, "housing")

        assert [said] == self.on_page(county, ticket)
        assert {(outcome.entries[-1].header.id, "ProgressReported")} == {
            (row.entry, row.facts["event"]) for row in self.rows(county, ticket) if row.template == "step"
        }
        assert {channel: count + 1 for channel, count in before.items()} == self.steps(county, ticket)

    def test_each_change_of_state_is_on_the_page_and_told(self, county: Hands):
        """As the ticket goes its way, the page shows the state of that very moment, and there is one notice of each."""
        ticket = registered(county, "website", category="infrastructure")
        seen = [its_page(county, ticket).state]
        county.act("office", Form("infrastructure", "general"), ticket)
        seen.append(its_page(county, ticket).state)
        county.act("office", Dispatch(HOUSING), ticket)
        seen.append(its_page(county, ticket).state)
        county.act("department", Sign(), ticket, "housing")
        seen.append(its_page(county, ticket).state)
        county.act("department", a_completion(county, standard="done"), ticket, "housing")
        seen.append(its_page(county, ticket).state)

        assert ["registered", "formed", "dispatched", "handling", "completed"] == seen
        assert seen == [row.facts["state"] for row in told(county, ticket, "appellant") if row.template == "state"]

    def test_what_a_department_notes_for_itself_never_reaches_the_enterprise(self, county: Hands):
        """Neither on its page, nor in a notice, in whatever channel or language."""
        ticket = signed(county, FENGJIE)
        county.act("department", RecordProgress(Text("企业态度恶劣，拟拖一拖")), ticket, "housing")

        assert "拖一拖" not in repr(its_page(county, ticket))
        for row in self.rows(county, ticket):
            assert row.words is None
            with county.node.store.read() as view:
                for lang in LANGS:
                    assert "拖一拖" not in sentence(view, row, names(view), lang)

    def rows(self, county: Hands, ticket: str) -> list[notices.Row]:
        """All that the appellant was told, by every channel."""
        return [row for channel in ("in_app", "sms") for row in told(county, ticket, "appellant", channel)]

    def steps(self, county: Hands, ticket: str) -> dict[str, int]:
        """How many steps he was told of, by channel."""
        rows = [row for row in self.rows(county, ticket) if row.template == "step"]
        return {channel: sum(row.channel == channel for row in rows) for channel in ("in_app", "sms")}

    def on_page(self, county: Hands, ticket: str) -> list[str]:
        """The reports on the enterprise's page."""
        return [paper.says["report"] for paper in its_page(county, ticket).papers if paper.kind == "ProgressReported"]

    @staticmethod
    def die_before_commit(point: str) -> None:
        """The process is gone when everything is written and nothing is committed."""
        if point == "commit.before":
            raise KeyError(point)


class TestInvitation:
    """FJ25-4.10.3b: a link that can be used once; silence is no satisfaction."""

    @pytest.mark.clause("FJ25-4.10.3b")
    def test_one_invitation_one_use_and_silence_is_not_evaluated(self, county: Hands):
        """One invitation a completion, on the platform and by SMS; used once by either; who is silent is in no rate and counted apart."""
        voted, silent, unhappy = (completed(county, FENGJIE, title=Text(f"第{n}件")) for n in range(3))
        invited = [row for channel in ("in_app", "sms") for row in told(county, voted, "appellant", channel) if row.template == "evaluate"]
        assert (1, ["in_app", "sms"]) == (len({row.entry for row in invited}), [row.channel for row in invited])
        assert (0, 3) == (self.counted(county).votes, self.counted(county).not_evaluated)

        self.by_link(county, invited[1].token, "satisfied")
        for row in invited:
            with refuses(Code.LINK_USED):
                self.by_link(county, row.token, "dissatisfied")
        county.act("enterprise", Evaluate("average"), unhappy)

        here = self.counted(county)
        assert (3, 1, 0, 1, 1) == (here.completed, here.satisfied, here.dissatisfied, here.votes, here.not_evaluated)
        evaluation = the(county, voted).rounds[-1].evaluation
        assert evaluation is not None
        assert ("satisfied", None) == (evaluation.value, the(county, silent).rounds[-1].evaluation)
        assert 1 == kinds_of(county, voted).count("Evaluated")

    def by_link(self, county: Hands, token: str, value: str) -> None:
        """Somebody follows the link and votes."""
        county.node.writer.command(lambda work: vote(work, county.node.handler, token, Evaluate(value), county.now))

    def counted(self, county: Hands) -> Counts:
        """What the node counts."""
        with county.node.store.read() as view:
            return counts(view, county.now)


@pytest.mark.clause("FJ23-2.1b")
def test_only_a_composite_matter_with_its_ground_comes_onto_a_seven_plus_n_agenda(tmp_path: Path):
    """Composite without a ground: refused; with crossing_functions it may be put on the agenda; a plain ticket may not."""
    county = a_county(tmp_path, MONDAY, pack=FENGJIE_2023)
    units_opened(county, *(f"unnamed_{n}" for n in range(1, 8)))
    composite, plain = (registered(county, "peoples_voice_line", received_at=county.now, title=Text(title)) for title in ("综合", "一般"))
    with refuses(Code.FIELD_REQUIRED, field="grounds"):
        county.act("office", Form("composite", "composite"), composite)
    county.act("office", Form("composite", "composite", grounds=("crossing_functions",)), composite)
    county.act("office", Form("general", "general"), plain)
    meeting = convened(county, "joint_meeting", units=(HOUSING, WATER))

    with refuses(Code.VALUE_NOT_OFFERED, value="general", offered="composite"):
        county.act("office", SubmitTickets((plain,)), meeting)
    with refuses(Code.VALUE_NOT_OFFERED, value="general"):
        county.act("office", SubmitTickets((composite, plain)), meeting)
    assert () == the_meeting(county, meeting).agenda
    county.act("office", SubmitTickets((composite,)), meeting)

    assert ([composite], ("crossing_functions",)) == (
        [one.ticket for one in the_meeting(county, meeting).agenda],
        the(county, composite).sorting.grounds,
    )
    assert () == the(county, plain).sittings
