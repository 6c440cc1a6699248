"""What a completion needs beside its words: visits, red lines, grounds with their records, papers, signatures on paper."""

from datetime import date
from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.close_out import RecordLiaison
from node.domain.ticket.countersigning import ConfirmSignedReply, CountersignReply, DraftReply, FileSignedReply
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.handling import FlagRedLine, RecordProgress, RecordSiteVisit, RequireSiteVisit
from node.domain.ticket.state import State
from node.services.outcomes import outcomes
from node.services.progress import progress
from node.services.replies import reply_of
from node.services.trays import without_owner
from node.services.verify import verify
from tests.clauses.given import (
    HOUSING,
    a_completion,
    a_county,
    completed,
    dispatched,
    handled,
    kinds_of,
    page_of,
    refuses,
    registered,
    the,
)
from tests.support.node import Hands

PLAIN = '[completion]\nneeds = { value = ["standard", "paper"], clause = "HM20-2.1c" }\n'
HAIMEN = """
[red_lines]
value = ["land_planning", "ecology", "fire_safety", "work_safety"]
clause = "HM20-2.2"
[completion]
standards = { value = ["solved", "determined"], clause = "HM20-2.1c" }
"papers.determined" = { value = ["determination"], clause = "HM20-2.1c" }
needs = { value = ["standard", "paper"], clause = "HM20-2.1c" }
"""
XIANGSHAN = """
[classes]
value = ["coordination"]
clause = "XS25-4.2a"
[complexities]
coordination = { value = ["plain", "complex"], clause = "XS25-4.4.2" }
[completion]
standards = { value = ["solved", "upper_power", "against_law"], clause = "XS25-4.4.2j" }
needs = { value = ["standard", "coordination", "push", "submissions"], clause = "XS25-4.4.2j, XS25-4.4.1c" }
coordination_for = { value = ["upper_power", "against_law"], clause = "XS25-4.4.2j" }
push_first = { value = ["upper_power"], default = "POLICY_PACKS 2 no. 42" }
submissions_for = { value = ["complex"], clause = "XS25-4.4.1c" }
"""
PAPER = '[completion]\nneeds = { value = ["standard", "countersignature"], clause = "XS25-4.4.2i" }\n'


class TestVisit:
    """HM20-3.3a: what needs looking at is looked at before it is completed."""

    @pytest.mark.clause("HM20-3.3a")
    def test_a_flagged_ticket_needs_a_visit(self, tmp_path: Path):
        """Without a visit record it is refused; with day, people and findings it is accepted."""
        county = a_county(tmp_path, rules=PLAIN)
        ticket = handled(county)
        county.act("office", RequireSiteVisit(Text("需现场研判")), ticket)
        with refuses(Code.VISIT_MISSING):
            county.act("department", a_completion(county), ticket, "housing")
        for field, visit in (
            ("people", RecordSiteVisit(date(2026, 2, 13), Contact(""), Text("路面已破"))),
            ("findings", RecordSiteVisit(date(2026, 2, 13), Contact("陈某"), Text(""))),
        ):
            with refuses(Code.FIELD_REQUIRED, field=field):
                county.act("department", visit, ticket, "housing")
        with refuses(Code.MALFORMED_COMMAND, field="visited_on"):
            county.act("department", RecordSiteVisit(date(2026, 2, 14), Contact("陈某"), Text("路面已破")), ticket, "housing")

        county.act("department", RecordSiteVisit(date(2026, 2, 13), Contact("陈某"), Text("路面已破")), ticket, "housing")
        county.act("department", a_completion(county), ticket, "housing")

        assert State.COMPLETED is the(county, ticket).state

    def test_another_look_is_another_visit(self, tmp_path: Path):
        """A visit before the flag does not count for it."""
        county = a_county(tmp_path, rules=PLAIN)
        ticket = handled(county)
        visit = RecordSiteVisit(date(2026, 2, 13), Contact("陈某"), Text("路面已破"))
        county.act("department", visit, ticket, "housing")
        county.later(minutes=1).act("office", RequireSiteVisit(Text("核实整改")), ticket)
        with refuses(Code.VISIT_MISSING):
            county.act("department", a_completion(county), ticket, "housing")

        county.later(minutes=1).act("department", visit, ticket, "housing")
        county.act("department", a_completion(county), ticket, "housing")

        assert 2 == len(the(county, ticket).site.visits)


@pytest.mark.clause("HM20-2.2")
def test_a_red_line_needs_a_statement_that_it_was_checked(tmp_path: Path):
    """HM20-2.2: flagged fire_safety, it is refused without; with it the statement is kept; what is no red line is not flagged."""
    county = a_county(tmp_path, rules=HAIMEN)
    ticket = handled(county)
    with refuses(Code.VALUE_NOT_OFFERED, value="noise"):
        county.act("office", FlagRedLine("noise"), ticket)
    county.act("office", FlagRedLine("fire_safety"), ticket)
    with refuses(Code.RED_LINE_UNCHECKED, red_lines="fire_safety"):
        county.act("department", a_completion(county), ticket, "housing")

    county.act("department", a_completion(county, red_line_statement=Text("消防间距符合规范，已现场核查")), ticket, "housing")

    assert "消防间距符合规范，已现场核查" == page_of(county, ticket).timeline[-1].texts["red_line_statement"]


@pytest.mark.clause("HM20-2.1c")
def test_every_item_ends_solved_or_determined_and_none_is_ever_without_an_owner(tmp_path: Path):
    """HM20-2.1c: at each step nobody's list is empty; of 20 each has one of the two results, determined with its conclusion."""
    county = a_county(tmp_path, rules=HAIMEN)

    def ownerless() -> list[str]:
        with county.node.store.read() as view:
            return without_owner(view)

    tickets = []
    for n in range(20):
        for make in (registered, dispatched, handled):
            last = make(county, title=Text(f"{n}"))
            assert [] == ownerless()
        tickets.append(last)
    with refuses(Code.FIELD_REQUIRED, field="determination"):
        county.act("department", a_completion(county, standard="determined"), tickets[0], "housing")
    with refuses(Code.VALUE_NOT_OFFERED, value="explained"):
        county.act("department", a_completion(county, standard="explained"), tickets[0], "housing")
    for n, ticket in enumerate(tickets):
        result = {"standard": "determined", "determination": Text("属历史遗留，已定性")} if n % 4 == 0 else {"standard": "solved"}
        county.act("department", a_completion(county, **result), ticket, "housing")
        assert [] == ownerless()

    with county.node.store.read() as view:
        found = outcomes(view, date(2026, 2, 1), date(2026, 2, 28))
    assert {("determined", ""): 5, ("solved", ""): 15} == found.by_standard


class TestGrounds:
    """XS25-4.4.2j, 4.4.1c: what the lead must have done before it applies for the write-off."""

    @pytest.mark.clause("XS25-4.4.2j")
    def test_a_ground_other_than_solved_needs_a_record_of_the_coordination(self, tmp_path: Path):
        """upper_power without one is refused, with one accepted; an unknown ground is refused."""
        county = a_county(tmp_path, rules=XIANGSHAN)
        ticket = handled(county)
        applied = {"standard": "upper_power", "push_impossible": Text("省级暂停受理此类事项")}
        with refuses(Code.COORDINATION_MISSING):
            county.act("department", a_completion(county, **applied), ticket, "housing")
        with refuses(Code.VALUE_NOT_OFFERED, value="too_hard"):
            county.act("department", a_completion(county, standard="too_hard"), ticket, "housing")

        talk = RecordLiaison((f"{county.node.code}-finance", "520400-planning"), date(2026, 2, 13), Text("市级无权调整"))
        county.act("department", talk, ticket, "housing")
        county.act("department", a_completion(county, **applied), ticket, "housing")

        assert State.COMPLETED is the(county, ticket).state

    def test_upper_power_is_a_ground_only_once_the_push_came_to_its_end(self, tmp_path: Path):
        """POLICY_PACKS 2 no. 42: neither pushed nor shown to be impossible, the ticket stays open."""
        county = a_county(tmp_path, rules=XIANGSHAN)
        ticket = handled(county)
        county.act("department", RecordLiaison(("520400-planning",), date(2026, 2, 13), Text("市级无权调整")), ticket, "housing")
        with refuses(Code.GROUND_NOT_MET, ground="push_ended"):
            county.act("department", a_completion(county, standard="upper_power"), ticket, "housing")

        county.act("department", a_completion(county, standard="against_law"), ticket, "housing")

        assert State.COMPLETED is the(county, ticket).state

    def test_what_is_not_simple_is_planned_or_reported_on_first(self, tmp_path: Path):
        """XS25-4.4.1c: with neither plan nor progress on a complex ticket the application is refused."""
        county = a_county(tmp_path, rules=XIANGSHAN)
        ticket = handled(county, complexity="complex")
        with refuses(Code.SUBMISSION_MISSING):
            county.act("department", a_completion(county), ticket, "housing")

        county.act("department", RecordProgress(Text("方案已报中心")), ticket, "housing")
        county.act("department", a_completion(county), ticket, "housing")

        assert ["ProgressRecorded", "Completed"] == kinds_of(county, ticket)[-2:]


@pytest.mark.clause("FJ23-3.3a")
def test_a_financing_need_is_completed_with_what_it_got(tmp_path: Path):
    """FJ23-3.3a: body, visit and amount; 70 (10,000 yuan) are one ticket and 70 in the report."""
    rules = PLAIN + '"fields.financing" = { value = ["financing_body", "visited_on", "financing_amount_yuan"], clause = "FJ23-3.3a" }\n'
    county = a_county(tmp_path, rules=rules)
    ticket = handled(county, matter="financing")
    for field, fields in (
        ("financing_body", {}),
        ("visited_on", {"financing_body": Text("某农商行")}),
        ("financing_amount_yuan", {"financing_body": Text("某农商行"), "visited_on": date(2026, 2, 13)}),
    ):
        with refuses(Code.FIELD_REQUIRED, field=field):
            county.act("department", a_completion(county, **fields), ticket, "housing")

    fields = {"financing_body": Text("某农商行"), "visited_on": date(2026, 2, 13), "financing_amount_yuan": 700_000}
    county.act("department", a_completion(county, **fields), ticket, "housing")
    completed(county)

    with county.node.store.read() as view:
        found = outcomes(view, date(2026, 2, 13), date(2026, 2, 13))
    assert (2, 1, 70) == (found.completed, found.financed, found.financed_yuan / 10_000)


@pytest.mark.clause("AS25-4.5.2.2")
def test_what_is_not_wholly_solved_is_explained_in_writing(tmp_path: Path):
    """AS25-4.5.2.2: refused without the explanation; with it the enterprise reads it; the two sub-codes are counted apart."""
    county = a_county(tmp_path)
    ticket, other = handled(county, title=Text("一")), handled(county, title=Text("二"))
    partly = {"standard": "explained", "sub_code": "partly"}
    with refuses(Code.FIELD_REQUIRED, field="explanation"):
        county.act("department", a_completion(county, **partly), ticket, "housing")

    county.act("department", a_completion(county, **partly, explanation=Text("便道已通，绿化待春季补种")), ticket, "housing")
    hard = {"standard": "explained", "sub_code": "objectively_hard", "explanation": Text("规划红线内，暂不能拓宽")}
    county.act("department", a_completion(county, **hard), other, "housing")

    with county.node.store.read() as view:
        code = view.payloads.query_code(the(county, ticket).subject) or ""
        seen = progress(view, ticket, code, county.node.policies.bare(view).calendar, county.now)
        found = outcomes(view, date(2026, 2, 13), date(2026, 2, 13))
    assert ["便道已通，绿化待春季补种"] == [paper.says["explanation"] for paper in seen.papers if "explanation" in paper.says]
    assert {("explained", "objectively_hard"): 1, ("explained", "partly"): 1} == found.by_standard


def test_an_undecided_application_does_not_outlive_the_completion(tmp_path: Path):
    """What the office had to decide for a lead that is done is nobody's question any more, and the journal can say so."""
    county = a_county(tmp_path)
    ticket = handled(county)
    county.act("department", RequestExtension(date(2026, 4, 1), "complex", Text("工程量大")), ticket, "housing")

    county.act("department", a_completion(county), ticket, "housing")

    assert ["ApplicationLapsed", "Completed"] == kinds_of(county, ticket)[-2:]
    assert (None, ()) == (the(county, ticket).extension, the(county, ticket).open_asks("ExtensionRequested"))
    with county.node.store.read() as view:
        assert verify(view, county.node.blobs).is_sound


class TestSignatureOnPaper:
    """USERS C25: printed with the text's short digest, scanned back, confirmed by a second account of the unit."""

    def drafted(self, county: Hands, words: str = "拟答复：便道已开通") -> tuple[str, str, str]:
        """A ticket with a draft by chen: the ticket, the draft, and the check that stands on the paper."""
        county.act("node", g.OpenAccount("wang", ("department",), HOUSING), county.node.code)
        ticket = handled(county)
        draft = county.act("department", DraftReply(Text(words)), ticket, "housing", account="chen").entries[-1].header.id
        return ticket, draft, self.check(county, ticket)

    def check(self, county: Hands, ticket: str) -> str:
        """The check that stands on the printed draft."""
        with county.node.store.read() as view:
            reply = reply_of(view, the(county, ticket), county.order("department", DraftReply(Text("x")), unit="housing").actor)
        assert reply is not None and reply.replied_at is None
        return reply.check

    def test_four_eyes_and_the_very_text(self, tmp_path: Path):
        """The sheet shows which text was signed; neither its author nor who filed the scan confirms it; then it can be completed."""
        county = a_county(tmp_path, rules=PAPER)
        ticket, draft, check = self.drafted(county)
        scan = county.node.blobs.put("签批件".encode())
        with refuses(Code.DRAFT_CHANGED, seen="00000000"):
            county.act("department", FileSignedReply(scan, "00000000", Contact("副局长")), ticket, "housing", account="wang")
        with refuses(Code.EVIDENCE_UNKNOWN):
            county.act("department", FileSignedReply("ab" * 32, check, Contact("副局长")), ticket, "housing", account="wang")
        county.act("department", FileSignedReply(scan, check.upper(), Contact("副局长")), ticket, "housing", account="wang")
        with refuses(Code.COUNTERSIGNATURE_MISSING):
            county.act("department", a_completion(county, draft=draft), ticket, "housing", account="chen")
        for account in ("wang", "chen"):
            with refuses(Code.OWN_CASE):
                county.act("department", ConfirmSignedReply(is_right=True), ticket, "housing", account=account)

        county.act("department", ConfirmSignedReply(is_right=True), ticket, "housing", account="li")
        county.act("department", a_completion(county, draft=draft), ticket, "housing", account="chen")

        signed = page_of(county, ticket).timeline[-2]
        assert ("ReplyCountersigned", draft, scan) == (signed.kind, signed.facts["draft"], signed.facts["scan"])

    def test_a_draft_that_is_changed_needs_another_sheet(self, tmp_path: Path):
        """The same words drafted again are another draft with another check."""
        county = a_county(tmp_path, rules=PAPER)
        ticket, _, check = self.drafted(county)
        scan = county.node.blobs.put("签批件".encode())
        county.act("department", FileSignedReply(scan, check, Contact("副局长")), ticket, "housing", account="wang")
        county.act("department", DraftReply(Text("拟答复：便道已开通")), ticket, "housing", account="chen")

        assert check != self.check(county, ticket)
        with refuses(Code.NOTHING_PENDING, application="countersignature"):
            county.act("department", ConfirmSignedReply(is_right=True), ticket, "housing", account="li")
        with refuses(Code.DRAFT_CHANGED, seen=check):
            county.act("department", FileSignedReply(scan, check, Contact("副局长")), ticket, "housing", account="wang")

    def test_a_scan_that_does_not_fit_is_sent_back(self, tmp_path: Path):
        """The second person says what is wrong; the draft is still there to be signed."""
        county = a_county(tmp_path, rules=PAPER)
        ticket, draft, check = self.drafted(county)
        scan = county.node.blobs.put("另一件".encode())
        county.act("department", FileSignedReply(scan, check, Contact("副局长")), ticket, "housing", account="wang")
        with refuses(Code.FIELD_REQUIRED, field="note"):
            county.act("department", ConfirmSignedReply(is_right=False), ticket, "housing", account="li")
        county.act("department", ConfirmSignedReply(is_right=False, note=Text("不是本件")), ticket, "housing", account="li")

        county.act("department_leader", CountersignReply(draft), ticket, "housing", account="deputy")
        county.act("department", a_completion(county, draft=draft), ticket, "housing", account="chen")

        assert State.COMPLETED is the(county, ticket).state

    def test_a_pack_may_want_one_way_only(self, tmp_path: Path):
        """countersignature.ways"""
        rules = PAPER + '[countersignature]\nways = { value = ["online"], default = "a test" }\n'
        county = a_county(tmp_path, rules=rules)
        ticket, _, check = self.drafted(county)
        scan = county.node.blobs.put("签批件".encode())
        with refuses(Code.VALUE_NOT_OFFERED, value="paper"):
            county.act("department", FileSignedReply(scan, check, Contact("副局长")), ticket, "housing", account="wang")
