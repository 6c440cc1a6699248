"""Several departments on one ticket: co-handlers, the lead's one reply, joint plan and task force, tracker, opinions."""

from datetime import date
from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.checks import steward_of
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution, RefuseCoHandling
from node.domain.ticket.completion import GiveFeedback
from node.domain.ticket.countersigning import DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.handling import RecordProgress, SubmitMaterial
from node.domain.ticket.opinion import AskOpinion, FileOpinion, WithdrawOpinionRequest
from node.domain.ticket.state import State
from node.domain.ticket.task_force import (
    AddJointItem,
    AttachTaskForce,
    DropJointItem,
    MoveJointItem,
    TickJointItem,
    percent_of_baseline,
    progress,
)
from node.domain.ticket.tracking import NameTracker, RecordTracking
from node.packs.file import effective_pack, finder
from node.services.progress import progress as progress_of
from node.services.replies import contributions, reply_of
from node.services.ticket_view import ticket_page
from node.services.trays import tray
from tests.clauses.given import (
    FINANCE,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    beijing,
    clock_of,
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

CROSSING = """
[classes]
value = ["coordination"]
clause = "FJ25-3.6a"
[complexities]
coordination = { value = ["plain", "cross_department"], clause = "FJ25-3.8" }
[dispatch]
"needs.cross_department" = { value = ["co_handler", "limit", "tracker"], clause = "FJ25-3.8.1a" }
[co_handling]
binding = { value = true, clause = "FJ25-3.8.1a" }
[completion]
needs = { value = ["standard", "co_handling"], clause = "FJ25-3.8.1a" }
"""
ONE_REPLY = """
[co_handling]
binding = { value = true, clause = "HM20-3.3b" }
[completion]
needs = { value = ["standard", "co_handling", "contact_person"], clause = "HM20-3.3b, HM20-A1.7" }
open_part = { value = "with_reason", clause = "HM20-3.3b" }
"""
CONTACT = {"contact_name": Contact("陈某"), "contact_phone": Contact("0513-82100000")}


def with_tracker(hands: Hands, *accounts: str) -> None:
    """Accounts of the centre that follow tickets."""
    for account in accounts:
        hands.act("node", g.OpenAccount(account, ("tracker",), g.unit_code(hands.node.code, "centre")), hands.node.code)


def inboxes(hands: Hands, *units: str) -> list[list[str]]:
    """What lies in each unit's tray."""
    with hands.node.store.read() as view:
        return [[line.row.id for line in tray(view, unit)] for unit in units]


class TestCrossDepartment:
    """FJ25-3.8.1: lead, co-handlers, a limit and one tracker before anything starts."""

    @pytest.mark.clause("FJ25-3.8.1a")
    def test_it_starts_with_a_lead_a_co_handler_and_a_limit(self, tmp_path: Path):
        """Without a limit or a co-handler it does not; with A, B, C and 2026-03-20 it does, and all three have it in their trays."""
        county = a_county(tmp_path, "2026-03-02 10:00", rules=CROSSING)
        with_tracker(county, "p")
        ticket = formed(county, complexity="cross_department")
        for missing, command in (
            ("limit", Dispatch(HOUSING, (WATER, FINANCE), tracker="p")),
            ("co_handler", Dispatch(HOUSING, due_on=date(2026, 3, 20), tracker="p")),
            ("tracker", Dispatch(HOUSING, (WATER, FINANCE), due_on=date(2026, 3, 20))),
        ):
            with refuses(Code.JOINT_HANDLING_INCOMPLETE, missing=missing):
                county.act("office", command, ticket)

        county.act("office", Dispatch(HOUSING, (WATER, FINANCE), due_on=date(2026, 3, 20), tracker="p"), ticket)

        due_at = clock_of(county, ticket, "resolve").due_at
        assert due_at is not None
        assert beijing("2026-03-21 00:00") == due_at
        assert [[ticket]] * 3 == inboxes(county, HOUSING, WATER, FINANCE)
        assert (State.DISPATCHED, "p") == (the(county, ticket).state, the(county, ticket).tracker)

    def test_what_does_not_cross_departments_needs_none_of_it(self, tmp_path: Path):
        """The pack names the complexity that does."""
        county = a_county(tmp_path, rules=CROSSING)

        assert State.DISPATCHED is the(county, dispatched(county)).state

    def test_a_day_that_is_over_is_no_limit_and_a_department_no_tracker(self, tmp_path: Path):
        """The limit lies ahead; the tracker has the role."""
        county = a_county(tmp_path, rules=CROSSING)
        with_tracker(county, "p")
        ticket = formed(county, complexity="cross_department")
        with refuses(Code.DATE_TOO_EARLY, date="2026-02-12"):
            county.act("office", Dispatch(HOUSING, (WATER,), due_on=date(2026, 2, 12), tracker="p"), ticket)
        with refuses(Code.PERSON_UNFIT, account="d-water", role="tracker"):
            county.act("office", Dispatch(HOUSING, (WATER,), due_on=date(2026, 3, 20), tracker="d-water"), ticket)

    def test_a_second_tracker_takes_the_place_of_the_first(self, tmp_path: Path):
        """Exactly one; the file says whom he replaced; only he records his tracking."""
        county = a_county(tmp_path, rules=CROSSING)
        with_tracker(county, "p", "q")
        ticket = handled(county)
        county.act("office", NameTracker("p"), ticket)
        county.act("tracker", RecordTracking(Text("已到现场了解")), ticket, account="p")

        county.act("office", NameTracker("q"), ticket)

        last = page_of(county, ticket).timeline[-1]
        assert ("TrackerNamed", "p", "q") == (last.kind, last.facts["former"], last.facts["tracker"])
        with refuses(Code.PERMISSION_DENIED, wanted="q"):
            county.act("tracker", RecordTracking(Text("再次了解")), ticket, account="p")


class TestOneReply:
    """HM20-3.3b, XS25-4.4.2h: the lead gathers the parts and answers once."""

    @pytest.mark.clause("HM20-3.3b")
    def test_the_lead_replies_once_all_inputs_are_in(self, tmp_path: Path):
        """Before B and C it is refused, naming them, unless the lead says why; the reply lists both inputs."""
        county = a_county(tmp_path, rules=ONE_REPLY)
        ticket = handled(county)
        for unit in (WATER, FINANCE):
            county.act("department", AddCoHandler(unit, Text("请核实")), ticket, "housing")
        with refuses(Code.PART_OPEN, units=f"{WATER}, {FINANCE}"):
            county.act("department", a_completion(county, **CONTACT), ticket, "housing")
        county.act("department", FileContribution(Text("管线已迁改")), ticket, "water")
        with refuses(Code.PART_OPEN, units=FINANCE):
            county.act("department", a_completion(county, **CONTACT), ticket, "housing")
        county.act("department", FileContribution(Text("资金已拨付")), ticket, "finance")

        county.act("department", a_completion(county, **CONTACT), ticket, "housing")

        with county.node.store.read() as view:
            reply = reply_of(view, the(county, ticket), county.order("office", DraftReply(Text("x"))).actor)
        assert reply is not None
        assert [(WATER, "管线已迁改"), (FINANCE, "资金已拨付")] == [(part.unit, part.report) for part in reply.parts]
        assert ("施工便道已开通", county.now) == (reply.reply, reply.replied_at)
        contributed = [entry.id for entry in page_of(county, ticket).timeline if entry.kind == "ContributionFiled"]
        assert tuple(contributed) == page_of(county, ticket).timeline[-1].facts["contributions"]

    def test_the_override_is_in_the_file(self, tmp_path: Path):
        """HM20-3.3b: replying without a part takes a reason that everybody can read afterwards."""
        county = a_county(tmp_path, rules=ONE_REPLY)
        ticket = handled(county, WATER)

        county.act("department", a_completion(county, open_part_reason=Text("水务事项另案办理"), **CONTACT), ticket, "housing")

        assert "水务事项另案办理" == page_of(county, ticket).timeline[-1].texts["open_part_reason"]

    @pytest.mark.clause("HM20-A1.7")
    def test_a_reply_names_a_contact_person(self, tmp_path: Path):
        """HM20-A1.7: name and phone of the lead's person, or it is not filed."""
        county = a_county(tmp_path, rules=ONE_REPLY)
        ticket = handled(county)
        with refuses(Code.FIELD_REQUIRED, field="contact_name"):
            county.act("department", a_completion(county), ticket, "housing")
        with refuses(Code.FIELD_REQUIRED, field="contact_phone"):
            county.act("department", a_completion(county, contact_name=Contact("陈某")), ticket, "housing")

        county.act("department", a_completion(county, **CONTACT), ticket, "housing")

        with county.node.store.read() as view:
            reply = reply_of(view, the(county, ticket), county.order("office", DraftReply(Text("x"))).actor)
        assert reply is not None
        assert ("陈某", "0513-82100000") == (reply.contact_name, reply.contact_phone)

    @pytest.mark.clause("XS25-4.4.2h")
    def test_only_the_lead_speaks_with_the_enterprise_and_once(self, tmp_path: Path):
        """A co-handler's feedback is refused; the lead's one message is all that the enterprise gets, beside the parts in its reply."""
        county = a_county(tmp_path, rules=ONE_REPLY)
        ticket = handled(county, WATER)
        with refuses(Code.PERMISSION_DENIED, unit=WATER):
            county.act("department", GiveFeedback("phone", Text("我局已办")), ticket, "water")
        county.act("department", FileContribution(Text("管线已迁改")), ticket, "water")

        county.act("department", a_completion(county, feedback=Text("便道已开通，管线已迁改"), **CONTACT), ticket, "housing")

        with county.node.store.read() as view:
            code = view.payloads.query_code(the(county, ticket).subject) or ""
            seen = progress_of(view, ticket, code, county.node.policies.bare(view).calendar, county.now)
            reply = reply_of(view, the(county, ticket), county.order("department", DraftReply(Text("x")), unit="housing").actor)
        assert ["便道已开通，管线已迁改"] == [paper.says["feedback"] for paper in seen.papers]
        assert reply is not None
        assert ["管线已迁改"] == [part.report for part in reply.parts]

    def test_what_is_named_binds_where_the_pack_says_so(self, tmp_path: Path):
        """FJ25-3.8.1a, XS25-4.3.2.1c: nobody refuses the part that the centre gave him."""
        county = a_county(tmp_path, rules=ONE_REPLY)
        ticket = handled(county, WATER)
        with refuses(Code.PART_BINDING, unit=WATER):
            county.act("department", RefuseCoHandling(Text("不属本局职责")), ticket, "water")


@pytest.mark.clause("AS25-4.4.3c")
def test_a_contribution_is_for_the_lead_and_the_joint_office(tmp_path: Path):
    """AS25-4.4.3c: not completed while B's part is open; B's feedback is read by the lead and the office, by nobody else."""
    county = a_county(tmp_path)
    ticket = handled(county, WATER, FINANCE)
    county.act("department", ConfirmCoHandling(), ticket, "water")
    with refuses(Code.PART_OPEN, units=WATER):
        county.act("department", a_completion(county), ticket, "housing")
    county.act("department", FileContribution(Text("管线权属有争议，内部意见")), ticket, "water")
    county.act("department", a_completion(county), ticket, "housing")

    def read(role: str, unit: str = "") -> list[str]:
        with county.node.store.read() as view:
            return [part.report for part in contributions(view, the(county, ticket), county.order(role, Sign(), unit=unit).actor)]

    assert [["管线权属有争议，内部意见"]] * 3 == [read("department", "housing"), read("office"), read("department", "water")]
    assert [] == read("department", "finance")
    for role in ("supervision", "enterprise"):
        with refuses(Code.PERMISSION_DENIED):
            read(role)
    shown = [entry.texts for entry in page_of(county, ticket).timeline if entry.kind == "ContributionFiled"]
    assert [{"report": None}] == shown


class TestJointPlan:
    """FJ23-2.1c, 2.2: many items, many departments, one ticket."""

    UNITS = tuple(f"unit{n}" for n in range(1, 10))

    def county(self, directory: Path) -> Hands:
        """A county with nine more departments."""
        county = a_county(directory, "2026-03-02 10:00", rules=CROSSING)
        county.staff(*self.UNITS)
        return county

    def plan(self, county: Hands, ticket: str, items: int = 17) -> list[tuple[str, str]]:
        """So many items over the nine departments: (item, unit)."""
        planned = [(f"item-{n + 1}", self.UNITS[n % 9]) for n in range(items)]
        for item, unit in planned:
            command = AddJointItem(item, g.unit_code(county.node.code, unit), date(2026, 3, 20), Text(f"审批{item}"))
            county.act("department", command, ticket, "housing")
        return planned

    @pytest.mark.clause("FJ23-2.2a")
    def test_seventeen_items_over_nine_departments(self, tmp_path: Path):
        """16 done: open, 16/17; with the last one it can be completed."""
        county = self.county(tmp_path)
        ticket = handled(county)
        planned = self.plan(county, ticket)
        for item, unit in planned[:-1]:
            county.act("department", TickJointItem(item, Text(f"{item}已批")), ticket, unit)

        assert (State.HANDLING, (16, 17)) == (the(county, ticket).state, progress(the(county, ticket)))
        with refuses(Code.PART_OPEN):
            county.act("department", a_completion(county), ticket, "housing")
        item, unit = planned[-1]
        county.act("department", TickJointItem(item, Text("全部办结")), ticket, unit)
        county.act("department", a_completion(county), ticket, "housing")

        assert (State.COMPLETED, (17, 17)) == (the(county, ticket).state, progress(the(county, ticket)))

    def test_an_open_item_of_the_lead_itself_holds_it_up_too(self, tmp_path: Path):
        """The plan belongs to the ticket, whoever owes the item."""
        county = self.county(tmp_path)
        ticket = handled(county)
        county.act("department", AddJointItem("own", HOUSING, date(2026, 3, 20), Text("自办")), ticket, "housing")
        with refuses(Code.ITEM_OPEN, items="own"):
            county.act("department", a_completion(county), ticket, "housing")

        county.act("department", DropJointItem("own", Text("不再需要")), ticket, "housing")
        county.act("department", a_completion(county), ticket, "housing")

        assert (0, 0) == progress(the(county, ticket))

    def test_each_item_has_its_own_owner_and_its_own_clock(self, tmp_path: Path):
        """Nobody ticks another unit's item; a moved date moves that clock alone; late is said."""
        county = self.county(tmp_path)
        ticket = handled(county)
        (first, unit), (second, _) = self.plan(county, ticket, 2)
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", TickJointItem(second, Text("代办")), ticket, unit)
        county.act("department", MoveJointItem(first, date(2026, 3, 25), Text("需公示")), ticket, "housing")
        due = {name: clock_of(county, ticket, f"joint_item/{name}").due_at for name in (first, second)}
        assert {first: beijing("2026-03-26 00:00"), second: beijing("2026-03-21 00:00")} == due

        county.at(beijing("2026-03-26 09:00")).act("department", TickJointItem(first, Text("已批")), ticket, unit)

        done = [entry.facts["is_late"] for entry in page_of(county, ticket).timeline if entry.kind == "JointItemDone"]
        assert [True] == done

    @pytest.mark.clause("FJ23-2.1c")
    def test_one_upload_is_read_by_all_and_the_enterprise_sees_one_status(self, tmp_path: Path):
        """Three departments read what was filed once, each files its own item's result, and there is one state for them all."""
        county = self.county(tmp_path)
        ticket = handled(county)
        planned = self.plan(county, ticket, 3)
        plan_of_site = county.node.blobs.put("总平面图".encode())

        county.act("window_clerk", SubmitMaterial(plan_of_site, Text("总平面图.pdf")), ticket)
        for item, unit in planned:
            viewer = county.order("department", Sign(), unit=unit).actor
            with county.node.store.read() as view:
                page = ticket_page(view, ticket, county.node.policies.bare(view).calendar, county.now, viewer)
            filed = next(entry for entry in page.timeline if entry.kind == "MaterialSubmitted")
            assert ("总平面图.pdf", "总平面图") == (filed.texts["file_name"], county.node.blobs.get(str(filed.facts["digest"])).decode())
            county.act("department", TickJointItem(item, Text(f"{item}已批")), ticket, unit)

        with county.node.store.read() as view:
            code = view.payloads.query_code(the(county, ticket).subject) or ""
            seen = progress_of(view, ticket, code, county.node.policies.bare(view).calendar, county.now)
        assert ("handling", (3, 3)) == (seen.state, progress(the(county, ticket)))
        assert 1 == kinds_of(county, ticket).count("MaterialSubmitted")
        assert () == county.act("window_clerk", SubmitMaterial(plan_of_site, Text("总平面图.pdf")), ticket).entries

    @pytest.mark.clause("FJ23-2.2b")
    def test_a_task_force_handles_this_ticket_and_no_other(self, tmp_path: Path):
        """Five members; 20 days instead of 40 are -50%; of another ticket they may do no more than before."""
        county = a_county(tmp_path, "2026-03-02 10:00", rules=CROSSING)
        county.staff(*self.UNITS[:5])
        ticket, other = handled(county, title=Text("一")), handled(county, title=Text("二"))
        members = tuple(f"d-{unit}" for unit in self.UNITS[:5])
        county.act("office", AttachTaskForce(members, baseline_days=40), ticket)
        for member, unit in zip(members, self.UNITS, strict=False):
            county.act("department", RecordProgress(Text("已推进")), ticket, unit, account=member)
            with refuses(Code.PERMISSION_DENIED):
                county.act("department", RecordProgress(Text("已推进")), other, unit, account=member)
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", RecordProgress(Text("旁人")), ticket, self.UNITS[0], account="somebody")

        county.at(beijing("2026-03-22 10:00")).act("department", a_completion(county), ticket, "housing")

        assert -50 == percent_of_baseline(the(county, ticket))

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (AddJointItem("需要审批", WATER, date(2026, 3, 20), Text("x")), Code.MALFORMED_COMMAND),
            (AddJointItem("a", WATER, date(2026, 3, 1), Text("x")), Code.DATE_TOO_EARLY),
            (AddJointItem("a", "520402-nobody", date(2026, 3, 20), Text("x")), Code.UNIT_UNKNOWN),
            (TickJointItem("a", Text("x")), Code.VALUE_NOT_OFFERED),
            (AttachTaskForce(("d-water",)), Code.PERMISSION_DENIED),
        ],
        ids=["words as a code", "a day that is over", "an unknown unit", "an unknown item", "not the office"],
    )
    def test_what_the_plan_refuses(self, tmp_path: Path, command: object, code: Code):
        """Codes, days, units."""
        county = a_county(tmp_path, "2026-03-02 10:00", rules=CROSSING)
        ticket = handled(county)
        with refuses(code):
            county.act("department", command, ticket, "housing")  # type: ignore[arg-type]


class TestOpinion:
    """USERS part 2 (b): a written opinion of another unit, without giving the ticket away."""

    def test_a_unit_that_is_asked_owes_an_answer(self, tmp_path: Path):
        """A clock of its own, the ticket in its tray, the lead's limit unmoved; its answer ends it."""
        county = a_county(tmp_path)
        ticket = handled(county)
        before = clock_of(county, ticket, "resolve").due_at
        asked = county.act("department", AskOpinion(WATER, Text("是否影响取水口？")), ticket, "housing").entries[-1].header.id
        assert (WATER, beijing("2026-02-25 00:00")) == (
            clock_of(county, ticket, f"opinion/{WATER}").owes,
            clock_of(county, ticket, f"opinion/{WATER}").due_at,
        )
        assert [[ticket], [ticket]] == inboxes(county, HOUSING, WATER)
        with refuses(Code.NOT_ASKED):
            county.act("department", FileOpinion(Text("无意见")), ticket, "finance")

        county.act("department", FileOpinion(Text("不影响")), ticket, "water")

        after = the(county, ticket)
        assert (before, State.HANDLING, []) == (clock_of(county, ticket, "resolve").due_at, after.state, inboxes(county, WATER)[0])
        assert [(asked, True)] == [(one.ask, one.answered_at is not None) for one in after.opinions]
        assert "OpinionFiled" == kinds_of(county, ticket)[-1]

    def test_a_question_that_nobody_needs_any_more_ends_with_its_clock(self, tmp_path: Path):
        """Withdrawn by the lead, or by the ticket's own end."""
        county = a_county(tmp_path)
        ticket = handled(county)
        county.act("department", AskOpinion(WATER, Text("是否影响？")), ticket, "housing")
        county.act("department", WithdrawOpinionRequest(WATER), ticket, "housing")
        county.act("department", AskOpinion(FINANCE, Text("资金来源？")), ticket, "housing")

        county.act("department", a_completion(county), ticket, "housing")

        after = the(county, ticket)
        assert [True, True] == [one.is_withdrawn for one in after.opinions]
        assert (["revisit"], ()) == ([clock.name for clock in after.clocks.values() if clock.is_running], after.open_asks("OpinionAsked"))


@pytest.mark.clause("XS25-4.3.2.2b")
@pytest.mark.parametrize(
    ("field", "unit"),
    [
        ("major_projects", "development_reform"),
        ("government_service", "business_environment"),
        ("enforcement_supervision", "justice"),
        ("policy_service", "economy_information"),
    ],
)
def test_each_common_class_has_its_lead_coordinator(tmp_path: Path, field: str, unit: str):
    """XS25-4.3.2.2b: the department that the document names coordinates it, and no other one."""
    county = a_county(tmp_path, pack="xiangshan-2025")
    ticket = registered(county, channel="centre_offline", field=field)

    with county.node.store.read() as view:
        policy = county.node.policies.for_ticket(view, the(county, ticket), county.now)
    assert g.unit_code(county.node.code, unit) == steward_of(the(county, ticket).intake.field, policy)


@pytest.mark.parametrize(
    ("pack", "key", "value"),
    [
        ("fengjie-2025", "dispatch.needs.cross_department", ("co_handler", "limit", "tracker")),
        ("fengjie-2025", "completion.papers.cannot_be_handled", ("explanation",)),
        ("fengjie-2023", "completion.fields.financing", ("financing_body", "visited_on", "financing_amount_yuan")),
        ("xiangshan-2025", "receipt.numbered", True),
        ("xiangshan-2025", "receipt.person_required", True),
        ("xiangshan-2025", "co_handling.binding", True),
        ("xiangshan-2025", "completion.coordination_for", ("upper_power", "against_law")),
        ("xiangshan-2025", "completion.push_first", ("upper_power",)),
        ("haimen-2020", "red_lines", ("land_planning", "ecology", "fire_safety", "work_safety")),
        ("haimen-2020", "completion.papers.determined", ("determination",)),
        ("haimen-2020", "completion.open_part", "with_reason"),
        ("anshun-2025", "co_handling.binding", False),
        ("anshun-2025", "receipt.numbered", False),
    ],
)
def test_what_the_shipped_packs_say(pack: str, key: str, value: object):
    """The rules that these tests write out are those of the documents."""
    assert value == effective_pack(pack, finder()).rules[key].value
