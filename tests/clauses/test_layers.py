"""The local ladder: what a unit cannot settle goes up this node's own layers, and the decision comes down."""

from pathlib import Path
from typing import Any

import pytest

from node.domain import registry as g
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import AddCoHandler
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import ChangeLead, Dispatch, Sign
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import Reclassify
from node.domain.ticket.layers import ChangeLevel, DecideAtLayer, FileProposal, LowerLayer, PassUp, RaiseLayer
from node.domain.ticket.state import State, With
from node.services import queries
from node.services.layers import solved_at_the_centre, solved_by_layer
from node.services.registry import actor_of
from tests.clauses.given import (
    COUNTY,
    FINANCE,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    clock_of,
    kinds_of,
    listed,
    page_of,
    refuses,
    registered,
    swept,
    the,
)
from tests.support.node import Hands

FENGJIE, XIANGSHAN, HAIMEN = "fengjie-2025", "xiangshan-2025", "haimen-2020"
WHY = Text("部门之间意见不一，本级难以协调")
L1, L2 = "l-1", "l-2"


def with_leaders(county: Hands) -> Hands:
    """Two leaders of the county government."""
    county.act("office", g.OpenUnit("leadership", "县领导", "government"), COUNTY)
    for leader in (L1, L2):
        county.act("office", g.OpenAccount(leader, ("leader",), f"{COUNTY}-leadership"), COUNTY)
    return county


def lead(county: Hands, account: str, command: Any, ticket: str) -> None:
    """A leader acts."""
    county.act("leader", command, ticket, "leadership", account=account)


def in_hand(county: Hands, channel: str, category: str, complexity: str, **fields: Any) -> str:
    """A ticket that the housing department handles."""
    ticket = registered(county, channel, **({"category": category} | fields))
    if channel == "haiqitong_app":
        county.act("office", RecordVerification("confirmed"), ticket)
    county.act("office", Form(category, complexity), ticket)
    county.act("office", Dispatch(HOUSING), ticket)
    person = "d-housing" if channel == "centre_offline" else ""
    county.act("department", Sign(person), ticket, "housing")
    return ticket


def inbox(county: Hands, account: str) -> list[str]:
    """What waits for an account."""
    with county.node.store.read() as view:
        actor = actor_of(view.connection, COUNTY, account)
        calendar = county.node.policies.bare(view).calendar
        return [line.row.id for line in queries.list_tickets(view, queries.Wanted(mine=(actor.role, actor.unit)), calendar, county.now)]


class TestFengjie:
    """FJ25-3.8: the centre, the line leader, the main leaders, in this order."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        return with_leaders(a_county(tmp_path, pack=FENGJIE))

    @pytest.mark.clause("FJ25-3.8.2")
    def test_the_centre_puts_a_complex_matter_to_the_line_leader(self, county: Hands):
        """FJ25-3.8.2: with its reason; he sees it; his instruction stands in the lead's inbox; a department may not submit."""
        ticket = in_hand(county, "website", "infrastructure", "complex")
        submit = RaiseLayer("line_leader", WHY, to=L2)
        with refuses(Code.PERMISSION_DENIED, role="department"):
            county.act("department", submit, ticket, "housing")
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("office", RaiseLayer("line_leader", Text(""), to=L2), ticket)

        county.act("office", submit, ticket)

        assert (With.LEADER, "leader", [ticket]) == (
            the(county, ticket).with_whom,
            clock_of(county, ticket, "layer_decision").owes,
            inbox(county, L2),
        )
        lead(county, L2, DecideAtLayer(is_settled=True, decision=Text("由住建局牵头，十日内开通")), ticket)

        assert (With.DEPARTMENT, [ticket]) == (the(county, ticket).with_whom, inbox(county, "d-housing"))
        assert "由住建局牵头，十日内开通" == page_of(county, ticket).timeline[-1].texts["decision"]

    @pytest.mark.clause("FJ25-3.8.3")
    def test_the_line_leader_passes_a_specially_major_matter_to_the_main_leaders(self, county: Hands):
        """FJ25-3.8.3: level three, the history shows centre, L2, L1; the centre passing him over is refused."""
        ticket = in_hand(county, "website", "infrastructure", "specially_major")
        with refuses(Code.PERMISSION_DENIED, role="office"):
            county.act("office", RaiseLayer("main_leaders", WHY, to=L1), ticket)
        with refuses(Code.LAYER_SKIPPED, layer="main_leaders", wanted="line_leader"):
            lead(county, L2, RaiseLayer("main_leaders", WHY, to=L1), ticket)
        county.act("office", RaiseLayer("line_leader", WHY, to=L2), ticket)
        with refuses(Code.PERMISSION_DENIED, wanted=L2):
            lead(county, L1, RaiseLayer("main_leaders", WHY, to=L1), ticket)

        lead(county, L2, RaiseLayer("main_leaders", WHY, to=L1), ticket)

        steps = the(county, ticket).layering.steps
        assert [("centre", "line_leader", L2), ("line_leader", "main_leaders", L1)] == [(one.former, one.layer, one.to) for one in steps]
        assert ["a-office", L2] == [one.account for one in steps]
        assert 3 == ["centre", "line_leader", "main_leaders"].index(the(county, ticket).classing.layer) + 1

    def test_what_is_not_specially_major_stays_with_the_line_leader(self, county: Hands):
        """FJ25-3.8.3: the article names the matters."""
        ticket = in_hand(county, "website", "infrastructure", "complex")
        county.act("office", RaiseLayer("line_leader", WHY, to=L2), ticket)

        with refuses(Code.VALUE_NOT_OFFERED, value="complex"):
            lead(county, L2, RaiseLayer("main_leaders", WHY, to=L1), ticket)

    def test_whoever_must_act_on_the_ladder_is_timed(self, county: Hands):
        """USERS A7: leader included; the office, once he could not settle it."""
        ticket = in_hand(county, "website", "infrastructure", "complex")
        county.act("office", RaiseLayer("line_leader", WHY), ticket)
        swept(county, "2026-03-04 09:00")
        assert ["layer_decision"] == [one.name for one in page_of(county, ticket).clocks if one.is_overdue and one.owes == "leader"]

        lead(county, L2, DecideAtLayer(is_settled=False, decision=Text("仍需专题研究")), ticket)

        assert (With.OFFICE, True) == (the(county, ticket).with_whom, clock_of(county, ticket, "layer_forward").is_running)

    def test_another_lead_ends_what_was_asked_of_a_layer(self, county: Hands):
        """Nobody is timed for what is nobody's question any more."""
        ticket = in_hand(county, "website", "infrastructure", "complex")
        county.act("office", RaiseLayer("line_leader", WHY), ticket)
        county.act("office", ChangeLead(Text("职能调整")), ticket)

        assert ("", False) == (the(county, ticket).layering.stage, clock_of(county, ticket, "layer_decision").is_running)
        with refuses(Code.NOTHING_PENDING):
            lead(county, L2, DecideAtLayer(is_settled=True, decision=Text("x")), ticket)


class TestXiangshan:
    """XS25-4.3: class, layer and level are three fields; the ladder's order and its jumps are the pack's."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        return with_leaders(a_county(tmp_path, pack=XIANGSHAN))

    @pytest.mark.clause("XS25-4.3.0")
    def test_a_layer_moves_and_class_and_level_stay(self, county: Hands):
        """XS25-4.3.0: from layer 1 to 3: the rest unchanged, history with the reason, a filter by layer finds it."""
        ticket = in_hand(county, "centre_offline", "coordination", "hard")
        other = in_hand(county, "centre_offline", "coordination", "hard")
        before = the(county, ticket).classing
        county.act("office", RaiseLayer("line_deputy", WHY), ticket)

        after = the(county, ticket).classing
        assert ("block", "line_deputy", "local") == (before.layer, after.layer, after.level)
        assert (before.category, before.complexity, before.level) == (after.category, after.complexity, after.level)
        entry = page_of(county, ticket).timeline[-1]
        assert ("LayerRaised", "block", WHY.plain) == (entry.kind, entry.facts["former_layer"], entry.texts["reason"])
        assert ([ticket], [other]) == (listed(county, layer="line_deputy"), listed(county, layer="block"))

    def test_a_level_has_a_history_of_its_own(self, county: Hands):
        """XS25-4.3.0."""
        ticket = in_hand(county, "centre_offline", "coordination", "hard")
        with refuses(Code.MALFORMED_COMMAND, field="level"):
            county.act("office", Reclassify("coordination", "hard", Text("x"), level="city"), ticket)
        county.act("office", ChangeLevel("city", Text("用地审批权在市级")), ticket)

        found = the(county, ticket)
        assert ("block", "city", [("local", "city")]) == (
            found.classing.layer,
            found.classing.level,
            [(one.former, one.layer) for one in found.layering.levels],
        )
        assert [ticket] == listed(county, level="city")

    def test_down_again_with_a_reason(self, county: Hands):
        """XS25-4.3.0."""
        ticket = in_hand(county, "centre_offline", "coordination", "hard")
        county.act("office", RaiseLayer("centre", WHY), ticket)
        with refuses(Code.LAYER_ORDER, layer="line_deputy"):
            county.act("office", LowerLayer("line_deputy", WHY), ticket)

        county.act("office", LowerLayer("block", Text("板块可以解决")), ticket)

        assert ("block", With.DEPARTMENT) == (the(county, ticket).classing.layer, the(county, ticket).with_whom)

    @pytest.mark.clause("XS25-4.3.2.4a")
    def test_the_main_leaders_take_three_grounds(self, county: Hands):
        """XS25-4.3.2.4a: meeting failed without any meeting is refused; a common problem of policy is layer 4 at once."""
        ticket = in_hand(county, "centre_offline", "coordination", "hard")
        with refuses(Code.FIELD_REQUIRED, field="ground"):
            county.act("office", RaiseLayer("county", WHY), ticket)
        with refuses(Code.VALUE_NOT_OFFERED, value="too_hard"):
            county.act("office", RaiseLayer("county", WHY, ground="too_hard"), ticket)
        with refuses(Code.GROUND_NOT_MET, ground="meeting_failed"):
            county.act("office", RaiseLayer("county", WHY, ground="meeting_failed"), ticket)

        county.act("office", RaiseLayer("county", WHY, ground="common_policy"), ticket)

        assert ("county", With.LEADER, "common_policy") == (
            the(county, ticket).classing.layer,
            the(county, ticket).with_whom,
            the(county, ticket).layering.steps[-1].ground,
        )

    def test_a_meeting_that_settled_nothing_opens_layer_four(self, county: Hands):
        """XS25-4.3.2.4a, the third ground."""
        ticket = in_hand(county, "centre_offline", "coordination", "hard")
        county.act("office", RaiseLayer("line_deputy", WHY), ticket)
        lead(county, L2, DecideAtLayer(is_settled=False, decision=Text("例会未能协调一致")), ticket)

        county.act("office", RaiseLayer("county", WHY, ground="meeting_failed"), ticket)

        assert "county" == the(county, ticket).classing.layer

    @pytest.mark.clause("XS25-4.3.3b")
    def test_a_town_passes_up_with_what_it_tried(self, county: Hands):
        """XS25-4.3.3b: without a record refused; with it the centre sees the ticket and sends it to layer 2 or 3."""
        county.act("office", g.OpenUnit("town", "丹城街道", "town"), COUNTY)
        county.act("office", g.OpenAccount("d-town", ("department",), f"{COUNTY}-town"), COUNTY)
        ticket = registered(county, "centre_offline")
        county.act("office", Form("coordination", "hard"), ticket)
        county.act("office", Dispatch(f"{COUNTY}-town"), ticket)
        county.act("department", Sign("d-town"), ticket, "town")
        with refuses(Code.FIELD_REQUIRED, field="tried"):
            county.act("department", PassUp(WHY), ticket, "town")

        county.act("department", PassUp(WHY, tried=Text("已三次协调村集体，未果")), ticket, "town")

        assert (With.OFFICE, True) == (the(county, ticket).with_whom, ticket in inbox(county, "centre"))
        assert "已三次协调村集体，未果" == page_of(county, ticket).timeline[-1].texts["tried"]
        county.act("office", RaiseLayer("line_deputy", Text("按条线分交")), ticket)
        assert ("line_deputy", With.LEADER) == (the(county, ticket).classing.layer, the(county, ticket).with_whom)

    @pytest.mark.clause("XS25-4.3.2.1a")
    def test_a_block_that_can_handles_it_itself(self, county: Hands):
        """XS25-4.3.2.1a: the block takes and completes it: layer 1, its own, solved at the centre."""
        ticket = self.of_the_block(county)
        county.act("steward", Dispatch(f"{COUNTY}-project_block"), ticket, "project_block")
        county.act("department", Sign("d-block"), ticket, "project_block")

        found = the(county, ticket)
        assert ("block", f"{COUNTY}-project_block", State.HANDLING) == (found.classing.layer, found.lead, found.state)
        assert "a-steward" in {hand.account for hand in found.hands if hand.kind == "Dispatched"}

        drafted = county.act("department", DraftReply(Text("已为项目开通绿色通道")), ticket, "project_block").entries[0].header.id
        county.act("department_leader", CountersignReply(drafted), ticket, "project_block")
        done = a_completion(county, draft=drafted)
        county.act("department", done, ticket, "project_block")

        assert State.COMPLETED is the(county, ticket).state
        with county.node.store.read() as view:
            policy = county.node.policies.for_ticket(view, found, county.now)
            assert ({"block": 1}, 1) == (solved_by_layer(view), solved_at_the_centre(view, policy.pack))

    def of_the_block(self, county: Hands) -> str:
        """A need that reached the centre's project block, on the office's list."""
        county.act("office", g.OpenUnit("project_block", "项目服务板块", "block"), COUNTY)
        county.act("office", g.OpenAccount("d-block", ("department", "steward"), f"{COUNTY}-project_block"), COUNTY)
        ticket = registered(county, "centre_offline", first_contact=f"{COUNTY}-project_block")
        county.act("office", Form("coordination", "simple", layer="centre"), ticket)
        return ticket

    def test_a_block_disposes_of_what_reached_it_and_of_nothing_else(self, county: Hands):
        """USERS B11: within its scope."""
        own = self.of_the_block(county)
        other = registered(county, "centre_offline", first_contact=FINANCE)
        county.act("office", Form("coordination", "simple"), other)

        county.act("steward", Dispatch(HOUSING, (WATER,)), own, "project_block")
        with refuses(Code.PERMISSION_DENIED, unit=f"{COUNTY}-project_block"):
            county.act("steward", Dispatch(HOUSING), other, "project_block")

        assert State.DISPATCHED is the(county, own).state


class TestHaimen:
    """HM20-3.3: the lead with its proposal, the office, the line leader's meeting, back to the lead."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        return with_leaders(a_county(tmp_path, pack=HAIMEN))

    @pytest.mark.clause("HM20-3.3c")
    def test_only_the_lead_declares_that_its_level_cannot_settle_it(self, county: Hands):
        """HM20-3.3c: with a reason: awaiting its proposal; a co-handler's word is refused."""
        ticket = in_hand(county, "haiqitong_app", "routine", "routine")
        county.act("department", AddCoHandler(WATER, Text("管线部分")), ticket, "housing")
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", PassUp(WHY), ticket, "water")
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("department", PassUp(Text("")), ticket, "housing")

        county.act("department", PassUp(WHY), ticket, "housing")

        assert ("awaiting_proposal", HOUSING) == (the(county, ticket).with_whom.value, clock_of(county, ticket, "proposal").owes)
        assert [ticket] == inbox(county, "d-housing")

    @pytest.mark.clause("HM20-3.3d")
    def test_no_proposal_no_meeting(self, county: Hands):
        """HM20-3.3d: without one refused; with it the leader's inbox shows the ticket; decision and minutes come back to the lead."""
        ticket = in_hand(county, "haiqitong_app", "routine", "routine")
        with refuses(Code.PROPOSAL_MISSING):
            county.act("office", RaiseLayer("line_leader", WHY, to=L2), ticket)
        county.act("department", PassUp(WHY), ticket, "housing")
        with refuses(Code.PROPOSAL_MISSING):
            county.act("office", RaiseLayer("line_leader", WHY, to=L2), ticket)
        county.act("department", FileProposal(Text("建议由住建局、水务局共同改造")), ticket, "housing")
        county.act("office", RaiseLayer("line_leader", WHY, to=L2), ticket)
        assert [ticket] == inbox(county, L2)

        decision = DecideAtLayer(is_settled=True, decision=Text("同意建议方案"), minutes=Text("3月2日专题协调会纪要"))
        with refuses(Code.FIELD_REQUIRED, field="minutes"):
            lead(county, L2, DecideAtLayer(is_settled=True, decision=Text("同意建议方案")), ticket)
        lead(county, L2, decision, ticket)

        found = the(county, ticket)
        assert (With.DEPARTMENT, HOUSING, [("line_leader", True)]) == (
            found.with_whom,
            found.lead,
            [(one.layer, one.is_settled) for one in found.layering.decisions],
        )
        entry = page_of(county, ticket).timeline[-1]
        assert ("同意建议方案", "3月2日专题协调会纪要") == (entry.texts["decision"], entry.texts["minutes"])


def test_a_mechanism_without_layers_has_none(tmp_path: Path):
    """安顺 coordinates, and then asks its government (AS25-4.4.5a, b)."""
    county = a_county(tmp_path)
    ticket = registered(county)
    county.act("office", Form("coordination", "plain", ("responsibility", "jurisdiction", "materials", "lawfulness")), ticket)

    with refuses(Code.NO_LADDER):
        county.act("office", RaiseLayer("line_leader", WHY), ticket)
    assert "" == the(county, ticket).classing.layer
    assert "LayerRaised" not in kinds_of(county, ticket)
