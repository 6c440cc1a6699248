"""安顺, the joint office and the government office: who sees what, the four forms of supervision, letters and reports in its name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from node.documents.layout import from_json
from node.domain import paper as p
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.meeting.agenda import SubmitProblem, SubmitTickets
from node.domain.meeting.convening import ConveneMeeting
from node.domain.organisation import Role
from node.domain.payload import SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.co_handling import ConfirmCoHandling
from node.domain.ticket.coordination import DeclareDisagreement, FilePosition, RecordCoordination, ReportCoordination, RuleCoordination
from node.domain.ticket.dispatching import ChangeLead, Dispatch
from node.domain.ticket.enquiry import LogEnquiry
from node.domain.ticket.forming import Form
from node.domain.ticket.judgement import OpenJudgement
from node.services import figures, ledger, lookup, queries, supervision_lists, tallies, ticket_view
from node.services.rebuild import check
from node.storage.dossier_readings import dossier_of
from tests.clauses import given
from tests.clauses.given import CITY, a_county, dispatched, formed, handled, refuses, registered
from tests.cli.given import PASSED, Program
from tests.support.levels import carry_up, join
from tests.support.node import Hands

HOUSING, WATER, FINANCE = (f"{CITY}-{unit}" for unit in ("housing", "water", "finance"))
COUNTIES = ("520402", "520403", "520422")
OFFICE_NAME, SEAL = "安顺市“企业之家”联合服务工作机制办公室", "安顺市人民政府政务服务中心（代章）"


def a_city(directory: Path, pack: str = "anshun-2025") -> Hands:
    """The city's own node."""
    return a_county(directory, code=CITY, pack=pack)


# --- who sees what ----------------------------------------------------------------------------------------------------------


class Seen:
    """What an account finds at a node, by every way of looking."""

    def __init__(self, hands: Hands, role: str, unit: str = "") -> None:
        self.hands = hands
        self.actor: Actor = hands.order(role, LogEnquiry(), unit=unit).actor
        # The account of the unit, where ``a_county`` opened one.
        if role == Role.DEPARTMENT.value:
            self.actor = Actor(f"d-{unit}", role, self.actor.unit)

    def counted(self) -> tuple[int, list[tuple[str, int]]]:
        """The overview: of all, and by where they came in."""
        with self.hands.node.store.read() as view:
            found = figures.level(view, self.hands.now, self.actor)
        return found.total.tickets, [(code, counts.tickets) for code, _, counts in found.by_origin]

    def listed(self) -> list[str]:
        with self.hands.node.store.read() as view:
            wanted = queries.Wanted(viewer=self.actor)
            found = queries.list_tickets(view, wanted, self.hands.node.policies.bare(view).calendar, self.hands.now)
        return sorted(line.row.id for line in found)

    def in_ledger(self) -> list[str]:
        with self.hands.node.store.read() as view:
            return [one.id for one in ledger.tickets_of(view, ledger.Wanted("", None, None), self.actor)]

    def tally(self) -> int:
        with self.hands.node.store.read() as view:
            return sum(tallies.by_channel(view, tallies.Period(viewer=self.actor)).values())

    def search(self, said: str) -> list[str]:
        with self.hands.node.store.read() as view:
            found = lookup.find(view, said, self.actor, self.hands.node.policies.bare(view).calendar, self.hands.now)
        return sorted(line.ticket for line in found.tickets)

    def tracked(self) -> list[str]:
        with self.hands.node.store.read() as view:
            calendar = self.hands.node.policies.bare(view).calendar
            return sorted(line.ticket for line in supervision_lists.tracking_list(view, calendar, self.hands.now, self.actor))

    def page(self, ticket: str) -> ticket_view.TicketPage:
        with self.hands.node.store.read() as view:
            return ticket_view.ticket_page(view, ticket, self.hands.node.policies.bare(view).calendar, self.hands.now, self.actor)

    def pages(self, tickets: Sequence[str]) -> list[str]:
        """Those of *tickets* whose page opens."""
        opened = []
        for ticket in tickets:
            try:
                opened.append(self.page(ticket).ticket.id)
            except Refusal as refusal:
                assert Code.SUBJECT_UNKNOWN is refusal.code
        return sorted(opened)


@pytest.mark.clause("AS25-3.1.1a")
def test_the_government_office_sees_the_whole_city_and_a_department_its_own(tmp_path: Path):
    """Three counties of 10 needs and 20 of the city: it counts 50 by every way of looking; finance what it leads, helps or took in."""
    city = a_city(tmp_path)
    counties = [a_county(tmp_path, code=code) for code in COUNTIES]
    join(city, *counties)
    below = [registered(county) for county in counties for _ in range(10)]
    county, running_below = counties[0], below[0]
    county.act("office", Form("coordination", "plain", given.PASSED), running_below)
    county.act("office", Dispatch(f"{COUNTIES[0]}-housing"), running_below)
    for one in counties:
        carry_up(one, city)
    led, running = dispatched(city, lead=FINANCE), handled(city, lead=HOUSING)
    joint, taken_in, judged = dispatched(city, FINANCE, lead=HOUSING), registered(city, first_contact=FINANCE), registered(city)
    city.act("office", OpenJudgement((FINANCE, WATER)), judged)
    foreign = [dispatched(city, lead=HOUSING), formed(city), *(registered(city) for _ in range(13))]
    own = sorted((led, joint, taken_in, judged))
    everything = sorted((*below, *own, running, *foreign))

    government = Seen(city, "government", "government")
    assert (50, [(CITY, 20), *((code, 10) for code in COUNTIES)]) == government.counted()
    assert everything == government.listed()
    assert (("dispatched", everything), 20) == (
        (government.page(running_below).ticket.state.value, government.pages(everything)),
        government.tally(),
    )

    finance = Seen(city, "department", "finance")
    assert (4, [(CITY, 4)]) == finance.counted()
    assert (own, own, 4, own) == (finance.listed(), finance.in_ledger(), finance.tally(), finance.pages(everything))
    assert [one for one in government.tracked() if one in own] == finance.tracked()
    with refuses(Code.SUBJECT_UNKNOWN, id=running):
        finance.page(running)
    member = Seen(city, "member", "finance")
    assert (own, own) == (member.listed(), member.search("13800001234"))
    assert sorted((*own, running, *foreign)) == Seen(city, "window_clerk").search("13800001234")

    # It opens a coordination on a running problem: of one ticket, or of how the mechanism runs.
    meeting = city.act("government", ConveneMeeting("coordination_meeting", city.now, units=(HOUSING,)), unit="government").subject.id
    city.act("government", SubmitTickets((running,)), meeting, "government")
    city.act("government", SubmitProblem(Text("三县的首问责任落实不一")), meeting, "government")
    with city.node.store.read() as view:
        agenda = dossier_of(view.journal, Subject(SubjectKind.MEETING.value, meeting)).agenda
    assert [running, ""] == [item.ticket for item in agenda]
    with refuses(Code.PERMISSION_DENIED, command="ConveneMeeting"):
        city.act("department", ConveneMeeting("coordination_meeting", city.now), unit="finance")


def test_a_part_begins_with_what_a_unit_is_asked_and_is_never_lost(tmp_path: Path):
    """A former lead may look up what it did; who is named or asks has no part; rows say the same as whole tickets."""
    city = a_city(tmp_path)
    ticket = handled(city, lead=HOUSING)
    water, finance = Seen(city, "department", "water"), Seen(city, "department", "finance")
    city.act("department", LogEnquiry(), ticket, "finance")
    assert ([], []) == (water.listed(), finance.listed())

    city.act("office", ChangeLead(Text("由水务局牵头")), ticket)
    city.act("office", Dispatch(WATER), ticket)

    assert ([ticket], [ticket], []) == (Seen(city, "department", "housing").listed(), water.listed(), finance.listed())
    assert [[ticket], [ticket], []] == [Seen(city, "department", unit).pages([ticket]) for unit in ("housing", "water", "finance")]


def test_the_scope_is_the_same_after_a_rebuild(tmp_path: Path):
    """What a unit sees is folded from the entries."""
    city = a_city(tmp_path)
    tickets = [dispatched(city, lead=lead) for lead in (HOUSING, WATER, HOUSING)]
    housing = Seen(city, "department", "housing")
    before = housing.listed()
    assert check(city.node.store).agrees
    assert sorted((tickets[0], tickets[2])) == before


# --- the four forms ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The city's node at the command line, with a department."""
    for name in ("QYZJ_DATA", "QYZJ_AS", "QYZJ_LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    program = Program(tmp_path, capsys)
    program.at(given.beijing("2026-03-02 09:00"))
    begin = ("init", "--node", CITY, "--name", "安顺市", "--pack", "anshun-2025", "--rehearsal-clock", program.clock)
    assert 0 == program(*begin).code
    program.staff()
    return program


def in_hand(office: Program) -> str:
    """A ticket that the housing department signed."""
    given_at = ("--as", "centre", "--channel", "window", "--appeal", "道路不通", "--name", "某厂", "--phone", "13800001234", "--json")
    ticket: str = office("ticket", "register", *given_at).json["ticket"]["id"]
    formed = office("ticket", "form", ticket, "--as", "centre", "--category", "coordination", "--complexity", "plain", *PASSED)
    assert 0 == formed.code, formed.err
    assert 0 == office("ticket", "dispatch", ticket, "--as", "centre", "--lead", HOUSING).code
    assert 0 == office("ticket", "sign", ticket, "--as", "li").code
    return ticket


def issue(office: Program, ticket: str, form: str, *more: Any) -> Any:
    """Open a supervision of *form*."""
    basic = ("--measure", "supervise", "--ground", "overdue", "--tickets", ticket, "--form", form)
    return office("order", "issue", *basic, *more, "--as", "centre", "--json")


def missing(said: Any) -> str:
    """Which field a refused order lacks."""
    refusal = said.complaint["refusal"]
    assert "FIELD_REQUIRED" == refusal["code"]
    return str(refusal["facts"]["field"])


@pytest.mark.clause("AS25-4.6.2")
@pytest.mark.clause("AS25-1.3c")
def test_four_forms_each_with_its_own_fields(office: Program, tmp_path: Path):
    """A call has its time, a letter its file with issuer and seal, a special supervision its team; the system shows who read it when."""
    ticket = in_hand(office)
    assert "called_at" == missing(issue(office, ticket, "phone"))
    called = issue(office, ticket, "phone", "--called-at", "2026-03-02T08:40")
    assert 0 == called.code

    assert "demand" == missing(issue(office, ticket, "written"))
    written = issue(office, ticket, "written", "--demand", "三个工作日内书面报告").json["subject"]["id"]
    letter = tmp_path / "letter.docx"
    issued = office("paper", "issue", "supervision", written, "--as", "centre", "--to", letter, "--json")
    lines = [line for one in Document(str(letter)).paragraphs for line in one.text.splitlines()]
    assert ["督办函", "三个工作日内书面报告", OFFICE_NAME, SEAL] == [
        line for line in lines if line in ("督办函", "三个工作日内书面报告", OFFICE_NAME, SEAL)
    ]
    paper = office("paper", "show", issued.json["subject"]["id"], "--json").json["dossier"]
    assert (OFFICE_NAME, SEAL, written) == (paper["issuer"], paper["seal"], paper["order"])

    assert "team" == missing(issue(office, ticket, "special", "--plan", "分三步推进"))
    assert "plan" == missing(issue(office, ticket, "special", "--team", HOUSING))
    assert 0 == issue(office, ticket, "special", "--team", HOUSING, "--plan", "分三步推进").code

    system = issue(office, ticket, "system", "--demand", "请说明进度").json["subject"]["id"]
    assert read_at(office, system) is None
    assert {"demand": "请说明进度"} == office("order", "message", system, "--as", "centre", "--json").json["texts"]
    assert read_at(office, system) is None
    office.at(given.beijing("2026-03-02 10:30"))
    assert {"demand": "请说明进度"} == office("order", "message", system, "--as", "li", "--json").json["texts"]
    office.at(given.beijing("2026-03-02 11:30"))
    assert "已于2026-03-02 10:30阅知" in office("order", "message", system, "--as", "li").out
    assert "2026-03-02T02:30:00+00:00" == read_at(office, system)


def read_at(office: Program, order: str) -> str | None:
    """When the unit opened it, as the office's list shows it."""
    (line,) = (one for one in office("order", "open", "--json").json["orders"] if one["id"] == order)
    found: str | None = line["read_at"]
    return found


@pytest.mark.parametrize(
    ("key", "name", "lines"),
    [
        ("joint_office", "某办公室", ("某办公室", SEAL)),
        ("seal", "某中心（代章）", (OFFICE_NAME, "某中心（代章）")),
    ],
)
def test_issuer_and_seal_are_two_rules_of_the_pack(tmp_path: Path, key: str, name: str, lines: tuple[str, str]):
    """AS25-1.3c: each is set without the other."""
    own = tmp_path / CITY / "packs" / "own-2025.toml"
    own.parent.mkdir(parents=True)
    head = given.HEAD.replace('"default"', '"anshun-2025"').replace('"county"', '"city"')
    own.write_text(f'{head}\n[bodies]\n{key} = {{ value = "{name}", clause = "AS25-1.3c" }}\n', "utf-8")
    city = a_city(tmp_path, "own-2025")

    with city.node.store.read() as view:
        assert lines == p.issuer_of(city.node.policies.of_node(view, city.now))


# --- the report to the government -------------------------------------------------------------------------------------------


@pytest.mark.clause("AS25-2.4c")
def test_after_a_failed_coordination_the_office_reports_and_the_decision_comes_back(tmp_path: Path):
    """Neither report nor paper without the failed coordination; the paper is the joint office's; the lead reads the decision."""
    city = a_city(tmp_path)
    ticket = handled(city, WATER, lead=HOUSING)
    city.act("department", ConfirmCoHandling(), ticket, "water")
    city.act("department", DeclareDisagreement(Text("应由水务局出资")), ticket, "housing")
    city.act("department", FilePosition(Text("应由住建局出资")), ticket, "water")
    report = ReportCoordination(Text("建议由市政府明确出资单位"))
    with refuses(Code.GROUND_NOT_MET, ground="coordination_failed"):
        city.act("office", report, ticket)
    with refuses(Code.PAPER_WITHOUT_GROUND, paper="report"):
        paper_of(city, ticket)

    city.act("office", RecordCoordination(is_agreed=False, result=Text("两部门未能达成一致")), ticket)
    city.act("office", report, ticket)
    paper, layout = paper_of(city, ticket)
    assert (OFFICE_NAME, SEAL, ticket, "安顺市人民政府") == (paper.issuer, paper.seal, paper.ticket, layout.to)
    said = "".join(layout.paragraphs)
    assert all(words in said for words in ("应由水务局出资", "应由住建局出资", "两部门未能达成一致", "建议由市政府明确出资单位"))

    city.act("government", RuleCoordination(HOUSING, Text("由住建局出资，水务局配合")), ticket, "government")
    shown = Seen(city, "department", "housing").page(ticket).timeline[-1]
    assert ("CoordinationRuled", "government", "由住建局出资，水务局配合") == (shown.kind, shown.role, shown.texts["decision"])


def paper_of(hands: Hands, ticket: str) -> tuple[p.Paper, Any]:
    """The report to the government, issued by the office, and what it says."""
    issued = hands.act("office", p.IssuePaper(p.REPORT, ticket=ticket)).subject
    with hands.node.store.read() as view:
        found = dossier_of(view.journal, issued)
        assert isinstance(found, p.Paper) and isinstance(found.content, SealedRef)
        return found, from_json(view.payloads.open(issued, found.content))
