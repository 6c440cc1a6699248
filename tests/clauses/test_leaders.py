"""Leaders: who holds which post, what each has to see, what he leads and owes, which report he read."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.entry import SubjectKind
from node.domain.leader.appointing import LinkLeader, RelieveLeader
from node.domain.leader.reporting import DeliverReport, OpenReport
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.leading import AssignLeader, NameSubmitter, RecordLeaderAct, ReleaseLeader
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment, RuleByGovernment
from node.domain.ticket.state import State
from node.services import leaders
from tests.clauses.given import (
    COUNTY,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    beijing,
    dispatched,
    refuses,
    registered,
    rungs_of,
    swept,
    the,
    words_at,
)
from tests.clauses.sitting import WORD, a_leader, history_of, matters_of, the_leader
from tests.support.node import Hands

NEEDED = {"onsite_session": {"venue": Text("经开区三号楼"), "attendees": Text("县领导、住建局、企业负责人")}}
LINKED = "91520402MA6TEXA128"


def a_key_matter(county: Hands) -> str:
    """Formed as a key matter under the mechanism of 2023."""
    ticket = registered(county, "other", channel_note=Text("县领导信箱"))
    county.act("office", Form("key", "key_difficult", grounds=("hard_to_solve",)), ticket)
    return ticket


def acted(county: Hands, ticket: str, act: str, at: str) -> None:
    """The leader did what he owes, and the office wrote it down for him that day."""
    county.at(beijing(at)).act("office", RecordLeaderAct(act, Text("已调度，按计划推进"), **NEEDED.get(act, {})), ticket)


def flags_of(county: Hands) -> list[tuple[str, str]]:
    """What is flagged now: the flag and the last day of its period."""
    with county.node.store.read() as view:
        return [(one.flag, one.period_ended_on) for one in leaders.flags(view)]


@pytest.mark.clause("AS25-1.1b")
def test_convenor_and_deputy_are_told_what_is_put_to_the_government_and_either_decides(tmp_path: Path):
    """Report a ticket: both see it, either records a decision. A second convenor ends the first one's term, and that is logged."""
    county = a_county(tmp_path)
    first = a_leader(county, "zhao", "convenor", role="government")
    a_leader(county, "qian", "deputy_convenor", role="government")
    tickets = [dispatched(county) for _ in range(2)]
    for ticket in tickets:
        county.act("department", Object(WORD, WATER, none_listed=True), ticket, "housing")
        county.act("office", CoordinateObjection((HOUSING, WATER), has_failed=True, minutes=WORD), ticket)
        county.act("office", ReportToGovernment(WORD), ticket)
    seen = [set(matters_of(county, account)) for account in ("zhao", "qian")]
    for ticket, account in zip(tickets, ("zhao", "qian"), strict=True):
        county.act("government", RuleByGovernment(HOUSING, WORD), ticket, account=account)

    a_leader(county, "sun", "convenor", role="government")

    assert [set(tickets)] * 2 == seen
    assert [State.DISPATCHED] * 2 == [the(county, ticket).state for ticket in tickets]
    assert ("LeaderRelieved", "sun") == (history_of(county, SubjectKind.LEADER, first)[-1], the_leader(county, "zhao").terms[0].successor)
    assert [(), ("convenor",)] == [
        tuple(one.post for one in the_leader(county, account).posts_on(date(2026, 2, 13))) for account in ("zhao", "sun")
    ]


@pytest.mark.clause("FJ23-1.1a")
def test_what_the_key_enterprise_group_brings_is_on_the_main_leaders_list_at_once(tmp_path: Path):
    """Flagged leader-direct in the same read; what another group brings is not, and no other leader has it."""
    county = a_county(tmp_path, pack="fengjie-2023")
    a_leader(county, "zhao", "main_leader")
    a_leader(county, "qian", "leader_in_charge")
    groups = dict(group="key_enterprise_1"), dict(group="industry_1")
    direct = registered(county, "key_enterprise_group", **_group(county, "key_enterprise_group", groups[0]))
    registered(county, "industry_group", **_group(county, "industry_group", groups[1]))

    assert {direct: True} == {ticket: one.is_leader_direct for ticket, one in matters_of(county, "zhao").items()}
    assert {} == matters_of(county, "qian")


def _group(county: Hands, channel: str, given: dict[str, str]) -> dict[str, str]:
    with county.node.store.read() as view:
        pack = county.node.policies.of_node(view, county.now).pack
    kinds = pack.names(f"channel.groups.{channel}")
    offered = [code for kind in kinds for code in pack.names(f"groups.{kind}")]
    return {"group": offered[0]} if offered else given


@pytest.mark.clause("FJ23-2.4b")
def test_36_leaders_take_37_key_matters_one_leader_each(tmp_path: Path):
    """The load list sums to 37; a matter without a leader is on the list of those; a second leader on one matter is rejected."""
    county = a_county(tmp_path, pack="fengjie-2023")
    accounts = [f"leader-{number:02}" for number in range(1, 37)]
    for account in accounts:
        a_leader(county, account, "leader_in_charge")
    tickets = [a_key_matter(county) for _ in range(38)]
    for place, ticket in enumerate(tickets[:37]):
        county.act("office", AssignLeader(accounts[place % 36]), ticket)

    with refuses(Code.ALREADY_LED, leader=accounts[0]):
        county.act("office", AssignLeader(accounts[1]), tickets[0])
    with refuses(Code.ACCOUNT_UNKNOWN, account="nobody"):
        county.act("office", AssignLeader("nobody"), tickets[37])
    with county.node.store.read() as view:
        load = leaders.load(view)
        waiting = leaders.unassigned(view, county.node.policies.of_node(view, county.now))
    assert (36, 37, 2) == (len(load), sum(load.values()), load[accounts[0]])
    assert [tickets[37]] == waiting


@pytest.mark.clause("FJ23-2.4c")
def test_a_month_without_a_check_is_flagged(tmp_path: Path):
    """Taken on 10 January, checked in January and March only: February is flagged on 1 March, and stays so."""
    county = a_county(tmp_path, "2026-01-10 10:00", pack="fengjie-2023")
    a_leader(county, "zhao", "leader_in_charge")
    ticket = a_key_matter(county)
    county.act("office", AssignLeader("zhao"), ticket)
    acted(county, ticket, "monthly_check", "2026-01-20 10:00")
    swept(county, "2026-02-28 23:59")
    before = [flag for flag in flags_of(county) if flag[0] == "missing_monthly_check"]

    swept(county, "2026-03-01 00:00")
    acted(county, ticket, "monthly_check", "2026-03-05 10:00")
    swept(county, "2026-04-01 00:00")

    assert [] == before
    assert [("missing_monthly_check", "2026-02-28")] == [flag for flag in flags_of(county) if flag[0] == "missing_monthly_check"]
    assert 1 == len(rungs_of(county, ticket, "monthly_check", "overdue"))


@pytest.mark.clause("FJ23-2.4d")
@pytest.mark.parametrize(("on", "flagged"), [("", [("missing_onsite_session", "2026-02-28")]), ("2026-02-20 10:00", [])])
def test_two_months_without_a_session_on_site_are_flagged(tmp_path: Path, on: str, flagged: list[tuple[str, str]]):
    """No session in January and February: flagged on 1 March; one on 20 February prevents it. It says place, people and result."""
    county = a_county(tmp_path, "2026-01-12 10:00", pack="fengjie-2023")
    a_leader(county, "zhao", "leader_in_charge")
    ticket = a_key_matter(county)
    county.act("office", AssignLeader("zhao"), ticket)
    with refuses(Code.FIELD_REQUIRED, field="venue"):
        county.act("office", RecordLeaderAct("onsite_session", WORD), ticket)
    if on:
        acted(county, ticket, "onsite_session", on)

    swept(county, "2026-03-01 00:00")

    assert flagged == [flag for flag in flags_of(county) if flag[0] == "missing_onsite_session"]


@pytest.mark.clause("FJ23-2.4e")
@pytest.mark.parametrize(("on", "flagged"), [("", [("missing_quarterly_analysis", "2026-03-31")]), ("2026-03-30 10:00", [])])
def test_a_quarter_without_an_analysis_is_flagged(tmp_path: Path, on: str, flagged: list[tuple[str, str]]):
    """Open all the first quarter with no analysis: flagged on 1 April; one of 30 March prevents it."""
    county = a_county(tmp_path, "2026-01-05 10:00", pack="fengjie-2023")
    a_leader(county, "zhao", "leader_in_charge")
    ticket = a_key_matter(county)
    county.act("office", AssignLeader("zhao"), ticket)
    if on:
        acted(county, ticket, "quarterly_analysis", on)

    swept(county, "2026-04-01 00:00")

    assert flagged == [flag for flag in flags_of(county) if flag[0] == "missing_quarterly_analysis"]


def test_a_node_that_was_off_for_months_flags_each_of_them(tmp_path: Path):
    """FJ23-2.4c: a missed February does not excuse March, whenever the sweep comes; a released leader's flags stay."""
    county = a_county(tmp_path, "2026-01-12 10:00", pack="fengjie-2023")
    a_leader(county, "zhao", "leader_in_charge")
    ticket = a_key_matter(county)
    county.act("office", AssignLeader("zhao"), ticket)

    for _ in range(4):
        swept(county, "2026-04-02 09:00")
    county.act("office", ReleaseLeader(WORD), ticket)
    swept(county, "2026-06-01 09:00")

    months = [day for flag, day in flags_of(county) if flag == "missing_monthly_check"]
    assert ["2026-01-31", "2026-02-28", "2026-03-31"] == months


def test_an_act_is_the_leaders_own(tmp_path: Path):
    """FJ23-2.4c: another leader does not act for him, nothing is owed where nobody leads, and who holds no post takes nothing."""
    county = a_county(tmp_path, pack="fengjie-2023")
    a_leader(county, "zhao", "leader_in_charge")
    a_leader(county, "qian", "leader_in_charge")
    retired = a_leader(county, "sun", "leader_in_charge")
    county.act("office", RelieveLeader("leader_in_charge"), retired)
    ticket = a_key_matter(county)

    with refuses(Code.NOT_LED):
        county.act("office", RecordLeaderAct("monthly_check", WORD), ticket)
    with refuses(Code.LEADER_OUT_OF_OFFICE, leader="sun"):
        county.act("office", AssignLeader("sun"), ticket)
    county.act("office", AssignLeader("zhao"), ticket)
    with refuses(Code.ALREADY_LED, leader="zhao"):
        county.act("leader", RecordLeaderAct("monthly_check", WORD), ticket, account="qian")
    county.act("leader", RecordLeaderAct("monthly_check", WORD), ticket, account="zhao")
    county.act("leader", RecordLeaderAct("monthly_check", WORD), ticket, account="zhao")

    assert [True, False] == [one.period_due_at is not None for one in the(county, ticket).leading_at(COUNTY).acts]


@pytest.mark.clause("XS25-4.1.4")
def test_the_leader_who_handed_a_matter_over_sees_its_result(tmp_path: Path):
    """Filed on behalf of leader L: its source is L; on completion L's list shows it as completed, with the result."""
    county = a_county(tmp_path, pack="xiangshan-2025")
    a_leader(county, "zhao", "line_leader")
    ticket = registered(county, "leader_assignment", assigned_by="zhao")
    county.act("office", Form("consultation", "simple"), ticket)
    before = matters_of(county, "zhao")[ticket]
    county.act("office", Dispatch(HOUSING), ticket)
    county.act("department", Sign("d-housing"), ticket, "housing")

    assert ("zhao", ("submitted",), "formed", None) == (the(county, ticket).intake.assigned_by, before.reasons, before.state, before.result)
    draft = county.act("department", DraftReply(Text("施工便道已开通")), ticket, "housing").entries[0].header.id
    county.act("department_leader", CountersignReply(draft), ticket, "housing")
    county.act("department", a_completion(county, draft=draft), ticket, "housing")
    after = matters_of(county, "zhao")[ticket]
    assert ("completed", "施工便道已开通") == (after.state, words_at(county, ticket, after.result))


@pytest.mark.clause("HM20-3.1b")
def test_a_double_link_leader_follows_what_was_handed_over_on_a_visit(tmp_path: Path):
    """Leader L is linked to enterprise E: a visit ticket for E shows L, and is on L's list with its state and days open."""
    county = a_county(tmp_path, pack="haimen-2020")
    leader = a_leader(county, "zhao", "double_link_leader")
    a_leader(county, "qian", "double_link_leader")
    county.act("office", LinkLeader((LINKED,), (HOUSING,)), leader)
    ticket = registered(county, "double_link_visit", assigned_by="zhao", credit_code=LINKED)
    county.act("office", NameSubmitter("zhao", visit="2026-02-13-1"), ticket)
    county.at(beijing("2026-02-16 10:00"))

    found = matters_of(county, "zhao")
    assert ("zhao", "2026-02-13-1") == (the(county, ticket).leading_at(COUNTY).source, the(county, ticket).leading_at(COUNTY).visit)
    assert {ticket: (("submitted", "linked"), "registered", 3)} == {
        id: (one.reasons, one.state, one.days_open) for id, one in found.items()
    }
    assert {} == matters_of(county, "qian")


def test_a_matter_that_names_no_leader_of_the_register_is_listed(tmp_path: Path):
    """XS25-4.1.4: nobody would be told of it; a mistyped name is set right."""
    county = a_county(tmp_path, pack="xiangshan-2025")
    a_leader(county, "zhao", "line_leader")
    ticket = registered(county, "leader_assignment", assigned_by="zhaoo")

    def unnamed() -> list[str]:
        with county.node.store.read() as view:
            return leaders.unnamed(view, county.node.policies.of_node(view, county.now))

    before = unnamed()
    county.act("office", NameSubmitter("zhao"), ticket)

    assert ([ticket], []) == (before, unnamed())
    assert {ticket} == set(matters_of(county, "zhao"))


@pytest.mark.clause("FJ25-5.14.2b")
def test_a_report_to_leaders_has_proof_of_delivery_and_reading(tmp_path: Path):
    """Published to L1 and L2: both inboxes hold it; after L1 opened it, the record shows L1 read with time, L2 unread."""
    county = a_county(tmp_path, pack="fengjie-2025")
    files = [a_leader(county, account, "main_leader") for account in ("zhao", "qian")]
    digest = county.node.blobs.put("第三方回访评测报告".encode())
    for leader in files:
        county.act("office", DeliverReport("batch-2026-1", Text("第三方回访评测报告"), digest), leader)
    inboxes = [[one.report for one in the_leader(county, account).deliveries] for account in ("zhao", "qian")]
    with refuses(Code.PERMISSION_DENIED):
        county.act("leader", OpenReport("batch-2026-1"), files[0], account="qian")
    county.at(beijing("2026-02-14 09:30")).act("leader", OpenReport("batch-2026-1"), files[0], account="zhao")

    with county.node.store.read() as view:
        record = {one.leader: one.read_at for one in leaders.deliveries(view, "batch-2026-1")}
    assert [["batch-2026-1"]] * 2 == inboxes
    assert {"zhao": beijing("2026-02-14 09:30"), "qian": None} == record
