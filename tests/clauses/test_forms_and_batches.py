"""海门: the assignment form of annex 1 as it is stored, tickets that go out in batches, and what is sorted once a week."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from node.cli.packs import adoption
from node.documents.issuing import papers_of_dispatch
from node.documents.layout import Layout, from_json
from node.documents.render import to_html
from node.documents.stamp import Stamp
from node.domain import registry as g
from node.domain.enterprise.filing import OpenEnterprise, RenameEnterprise, UpdateEnterprise
from node.domain.entry import Subject, SubjectKind
from node.domain.paper import ASSIGNMENT, IssuePaper, Paper
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.task import AssignTask, CompleteTask, RegularTask
from node.domain.ticket.closing import Close
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import Dispatch, Recall, Sign
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State
from node.packs.file import finder
from node.services import tasks
from node.services.dispatches import dispatch_batch
from node.services.dossiers import listed
from node.services.problem_list import batch
from node.storage import notices
from node.storage.dossier_readings import dossier_of
from node.storage.notices import Row
from tests.clauses.given import a_completion, a_county, beijing, refuses, registered, swept, the
from tests.clauses.test_enterprise import a_code
from tests.clauses.test_lists import a_list, imported, three_rows
from tests.cli.given import Program
from tests.support.node import Hands

HAIMEN = "320684"
HOUSING = f"{HAIMEN}-housing"
OFFICE = ("行政中心1231室", "82111701", "hmmfb@126.com")


@pytest.fixture
def haimen(tmp_path: Path) -> Hands:
    """A district under the mechanism of 海门, on Monday 2026-03-02 at 9:00."""
    return a_county(tmp_path, "2026-03-02 09:00", pack="haimen-2020", code=HAIMEN)


def ready(hands: Hands, channel: str = "haiqitong_app", **fields: object) -> str:
    """A ticket that was verified with the enterprise and waits for its assignment."""
    ticket = registered(hands, channel, **fields)
    hands.act("office", RecordVerification("confirmed"), ticket)
    hands.act("office", Form("routine", "routine"), ticket)
    return ticket


def assigned(hands: Hands, channel: str = "haiqitong_app", **fields: object) -> str:
    """A ticket that was assigned to the housing department."""
    ticket = ready(hands, channel, **fields)
    hands.act("office", Dispatch(HOUSING), ticket)
    return ticket


def issued(hands: Hands, ticket: str) -> str:
    """The assignment form of the ticket, issued now; its id."""
    return hands.act("office", IssuePaper(ASSIGNMENT, ticket=ticket)).subject.id


def stored(hands: Hands, paper: str) -> Layout:
    """What an issued form says, as it is stored."""
    with hands.node.store.read() as view:
        found: Paper = dossier_of(view.journal, Subject(SubjectKind.PAPER.value, paper))
        assert found.content is not None
        return from_json(view.payloads.open(found.subject, found.content))


def value(form: Layout, label: str) -> str:
    """What stands beside a label."""
    (found,) = {given for row in form.rows for name, given in ((row.label, row.value), (row.label_2, row.value_2)) if name == label}
    return found


def told(hands: Hands, subject: str, audience: str) -> list[Row]:
    """What an audience was told of a ticket, an order or a task on the page."""
    with hands.node.store.read() as view:
        rows = notices.of_subject(view.connection, subject)
    return [row for row in rows if (row.audience, row.channel) == (audience, "in_app")]


class TestAssignmentForm:
    """海门 annex 1, field by field, kept as it was issued."""

    @pytest.mark.clause("HM20-A1.2")
    def test_name_and_address_are_those_of_the_enterprise_file_when_it_was_assigned(self, haimen: Hands):
        """HM20-A1.2: the stored form keeps the old address; a new assignment, of this ticket or of another, has the new one."""
        code = a_code(HAIMEN, 1)
        file = haimen.act("office", OpenEnterprise(Text("某某纺织厂"), credit_code=code, address=Contact("老街1号"))).subject.id
        ticket = assigned(haimen, credit_code=code)
        form = issued(haimen, ticket)

        # The clock stands still: what was written after the assignment counts as after it, in the very same moment, too.
        haimen.act("office", UpdateEnterprise(address=Contact("新区8号")), file)
        haimen.act("office", RenameEnterprise(Text("某某家纺有限公司")), file)

        old, new = ("某某纺织厂", "老街1号"), ("某某家纺有限公司", "新区8号")
        late, other = issued(haimen, ticket), issued(haimen, assigned(haimen, credit_code=code))
        haimen.later(hours=1).act("office", Recall(Text("派错部门")), ticket)
        haimen.act("office", Dispatch(HOUSING), ticket)
        again = issued(haimen, ticket)
        said = [stored(haimen, paper) for paper in (form, late, other, again)]
        assert [old, old, new, new] == [(value(one, "企业名称"), value(one, "企业地址")) for one in said]

    @pytest.mark.clause("HM20-A1.3")
    def test_time_and_source_are_on_the_form_and_without_a_source_there_is_nothing_to_assign(self, haimen: Hands):
        """
        HM20-A1.3: 12345 and the time of the call are printed.

        No ticket is without a source: the channel is asked for when a problem is taken in, and a correction cannot empty it.  So
        none that lacks it ever comes to an assignment, and what is refused is the registration; of a call so is one without its
        time.  Every other problem has the time at which it was registered.
        """
        with refuses(Code.FIELD_REQUIRED, field="channel"):
            registered(haimen, "")
        with refuses(Code.FIELD_REQUIRED, field="received_at"):
            registered(haimen, "hotline_12345_transfer")
        ticket = ready(haimen, "hotline_12345_transfer", received_at=beijing("2026-03-02 08:17"), external_number="12345-001")
        with refuses(Code.FIELD_REQUIRED, field="value"):
            haimen.act("office", Correct("channel", "", reason=Text("来源填错")), ticket)
        haimen.act("office", Dispatch(HOUSING), ticket)

        form = stored(haimen, issued(haimen, ticket))
        html = to_html(form, Stamp("HM〔2026〕1号", "办公室", "办公室", "0" * 16, "HM 1"))

        assert ("2026-03-02 08:17", True) == (value(form, "反映时间"), "12345" in value(form, "问题来源"))
        assert all(printed in html for printed in (value(form, "反映时间"), value(form, "问题来源")))
        by_app = stored(haimen, issued(haimen, assigned(haimen)))
        assert ("2026-03-02 09:00", True) == (value(by_app, "反映时间"), "海企通" in value(by_app, "问题来源"))

    @pytest.mark.clause("HM20-A1.10")
    def test_the_form_ends_with_the_office_and_keeps_the_phone_that_it_had(self, haimen: Hands):
        """HM20-A1.10: address, phone and e-mail of the pack; another phone in the pack is on new forms only."""
        ticket = assigned(haimen)
        form = issued(haimen, ticket)
        before = stored(haimen, form)
        html = to_html(before, Stamp("HM〔2026〕1号", "办公室", "办公室", "0" * 16, "HM 1"))
        told_where = "，".join(f"{label}：{one}" for label, one in zip(("地址", "联系电话", "邮箱"), OFFICE, strict=True))
        assert before.foot.endswith(f"{told_where}。")
        assert html.index(before.foot) > max(html.rindex(row.label) for row in before.rows if "\n" not in row.label)

        moved = pack_text().replace(OFFICE[1], "82119999").replace('version = "1"', 'version = "2"')
        (haimen.node.data_dir / "packs").mkdir(exist_ok=True)
        (haimen.node.data_dir / "packs" / "haimen-2020.toml").write_text(moved, "utf-8")
        haimen.act("office", adoption(haimen.node, "haimen-2020"), HAIMEN)

        new = [stored(haimen, issued(haimen, one)) for one in (ticket, assigned(haimen))]
        assert (before, [True, True]) == (stored(haimen, form), ["82119999" in one.foot for one in new])


def pack_text() -> str:
    """The shipped pack of 海门."""
    text = finder()("haimen-2020")
    assert text is not None
    return text


class TestBatch:
    """HM20-4.3b: sorted as one batch, assigned as one, settled one by one."""

    @pytest.mark.clause("HM20-4.3b")
    def test_four_go_out_in_one_call_and_the_batch_counts_what_is_written_off(
        self, haimen: Hands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        """HM20-4.3b: four forms, four notifications; three of four are written off."""
        tickets = [ready(haimen) for _ in range(4)]
        orders = [haimen.order("office", Dispatch(HOUSING), ticket) for ticket in tickets]
        papers = papers_of_dispatch(haimen.node.policies, haimen.now)
        bad = haimen.order("office", Dispatch(f"{HAIMEN}-nobody"), tickets[3])
        with refuses(Code.UNIT_UNKNOWN, unit=f"{HAIMEN}-nobody"):
            dispatch_batch(haimen.node.writer, haimen.node.handler, "2026-03-02", [*orders[:3], bad], papers)
        assert ([], {State.FORMED}) == (forms_of(haimen, tickets), {the(haimen, one).state for one in tickets})

        dispatch_batch(haimen.node.writer, haimen.node.handler, "2026-03-02", orders, papers)
        # The same call once more, as after a lost answer, adds nothing.
        dispatch_batch(haimen.node.writer, haimen.node.handler, "2026-03-02", orders, papers)

        assert sorted(tickets) == sorted(forms_of(haimen, tickets))
        assert [1, 1, 1, 1] == [len(told(haimen, one, f"unit:{HOUSING}")) for one in tickets]
        assert {"主办部门": "housing"} == {"主办部门": value(stored(haimen, form_id(haimen, tickets[0])), "主办部门")}
        for ticket in tickets[:3]:
            written_off(haimen, ticket)
        with haimen.node.store.read() as view:
            found = batch(view, "2026-03-02")
        assert (sorted(tickets), sorted(tickets[:3])) == (sorted(found.tickets), sorted(found.struck_off))
        assert "4 张中已销号 3 张" in Program(tmp_path, capsys)("duty", "batch", "2026-03-02", data=haimen.node.data_dir).out


def forms_of(hands: Hands, tickets: Sequence[str]) -> list[str]:
    """Of each assignment form that was issued about one of *tickets*, the ticket."""
    with hands.node.store.read() as view:
        return [one for line in listed(view, SubjectKind.PAPER) for one in line.about if one in tickets]


def form_id(hands: Hands, ticket: str) -> str:
    """The only paper about the ticket."""
    with hands.node.store.read() as view:
        (line,) = listed(view, SubjectKind.PAPER, ticket=ticket)
    return line.id


def written_off(hands: Hands, ticket: str) -> None:
    """Answered, revisited, struck off."""
    hands.act("department", Sign(), ticket, "housing")
    done = a_completion(hands, contact_name=Contact("李某"), contact_phone=Contact("0513-1234567"))
    hands.act("department", done, ticket, "housing")
    heard = RecordRevisit(evaluation="satisfied", is_solved=True, revisited_on=hands.now.date())
    hands.act("office", heard, ticket)
    hands.act("office", Close(), ticket)


class TestSortingOnceAWeek:
    """HM20-3.1c: what the grass roots report on annex 2 and what visits bring is sorted at a fixed interval."""

    @pytest.mark.clause("HM20-3.1c")
    def test_three_rows_are_three_tickets_and_each_week_has_its_task(self, haimen: Hands):
        """HM20-3.1c: three tickets of that channel; however often the node looks in a week, one task exists for it."""
        report = imported(haimen, "summary", a_list(*three_rows()), is_confirmed=True)
        assert (3, {"grassroots_report"}) == (len(report.tickets), {the(haimen, one).intake.channel for one in report.tickets})

        for at in ("2026-03-02 09:30", "2026-03-02 18:00", "2026-03-05 09:00", "2026-03-08 23:59"):
            swept(haimen, at)
            assert [("sort_reports", "2026-W10", "open")] == weeks(haimen)
        for at in ("2026-03-09 00:00", "2026-03-13 09:00"):
            swept(haimen, at)
            assert ["2026-W10", "2026-W11"] == [period for _, period, _ in weeks(haimen)]

    def test_a_node_that_was_off_shows_the_weeks_in_which_nobody_sorted(self, haimen: Hands):
        """Each week once, the missed ones overdue; a year's last days belong to the week of the next one."""
        swept(haimen, "2026-03-02 09:30")
        swept(haimen, "2026-03-25 09:00")
        assert ["2026-W10", "2026-W11", "2026-W12", "2026-W13"] == [period for _, period, _ in weeks(haimen)]
        swept(haimen, "2026-03-25 09:01")
        late = [len([row for row in told(haimen, one.id, "role:office") if row.facts.get("rung") == "overdue"]) for one in all_of(haimen)]
        assert [1, 1, 1, 0] == late
        swept(haimen, "2026-12-30 09:00")
        assert ("2026-W53", 44) == (weeks(haimen)[-1][1], len(weeks(haimen)))

    def test_a_task_is_done_by_whom_it_was_given_to_and_says_what_is_left(self, haimen: Hands):
        """The office owes it, the named person is reminded; what came in on Monday and was sorted does not wait any more."""
        first, *others = imported(haimen, "summary", a_list(*three_rows()), is_confirmed=True).tickets
        swept(haimen, "2026-03-02 09:30")
        (task,) = all_of(haimen)
        (row,) = told(haimen, task.id, "role:office")
        assert ("task", "sort_reports") == (row.template, row.facts["task_kind"])
        haimen.act("office", g.OpenAccount("chen", ("office",), f"{HAIMEN}-centre"), HAIMEN)
        with refuses(Code.PERSON_UNFIT, account="d-housing"):
            haimen.act("office", AssignTask("d-housing"), task.id)
        haimen.act("office", AssignTask("chen"), task.id)
        assert ["task_named"] == [row.template for row in told(haimen, task.id, "account:chen")]

        haimen.act("office", RecordVerification("confirmed"), first)
        haimen.act("office", Form("routine", "routine"), first)
        swept(haimen, "2026-03-09 08:00")
        assert ["task_named", "rung", "rung"] == [row.template for row in told(haimen, task.id, "account:chen")]
        with refuses(Code.PERMISSION_DENIED, command="CompleteTask"):
            haimen.act("specialist", CompleteTask(), task.id)
        haimen.act("office", CompleteTask(Text("已梳理一件")), task.id, account="chen")

        done = next(one for one in all_of(haimen) if one.id == task.id)
        assert ("done", "chen", len(others)) == (done.state, done.done_by, done.left)
        assert [] == list(haimen.act("office", CompleteTask(), task.id).entries)
        with refuses(Code.TASK_DONE, task=task.id):
            haimen.act("office", AssignTask("centre"), task.id)

    def test_a_mechanism_without_regular_tasks_has_none(self, tmp_path: Path):
        """安顺 names none."""
        county = a_county(tmp_path / "anshun")
        swept(county, "2026-03-02 09:30")
        assert [] == weeks(county)


def all_of(hands: Hands) -> list[RegularTask]:
    """The tasks of sorting, the first one first."""
    with hands.node.store.read() as view:
        return tasks.tasks(view, "sort_reports")[::-1]


def weeks(hands: Hands) -> list[tuple[str, str, str]]:
    """Kind, period and state of each regular task."""
    return [(one.task_kind, one.period, one.state) for one in all_of(hands)]
