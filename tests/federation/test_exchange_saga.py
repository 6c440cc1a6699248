"""The escalation saga between any two levels, over a province, a city and two counties (FEDERATION 2.5)."""

import re
from datetime import date, timedelta

import pytest

from federation.certificates import Credentials, create_authority, issue, new_key
from node.domain.command import Command
from node.domain.entry import Subject
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.custody import DecideAbove, OverrideCustody, ReturnCustody
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import (
    AcceptEscalation,
    RequestEscalation,
    RequestWithdrawalOfEscalation,
    ReturnEscalation,
)
from node.domain.ticket.finding import RaiseFinding
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.opinion import AskOpinion, FileOpinion
from node.domain.ticket.transfer import AcceptTransfer, TransferDown
from node.domain.time import local_day
from node.services import letters, tallies
from node.storage import schema
from node.texts.catalogue import word
from tests.clauses.given import a_completion, a_revisit, beijing, refuses
from tests.federation.exchange import CITY, COUNTY, PASSED, PROVINCE, SISTER, Tree, at
from tests.federation.levels import WALL, Context, Place
from tests.federation.test_client_server import hello_of
from tests.web.support import at_desk

BEYOND = RequestEscalation("LAND-07", Text("用地指标超出本级权限"))
TAKEN = AcceptEscalation("coordination", "plain")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """One for all tests, which each look at a ticket of their own."""
    tree = Tree(tmp_path_factory.mktemp("tree"), province="anshun-2025")
    tree.city.hands.staff("planning")
    tree.county.hands.at(beijing("2026-03-02 09:00"))
    tree.settle(60)
    return tree


def formed(place: Place, appeal: str = "水渠堵塞") -> str:
    """A ticket that waits for its dispatch."""
    ticket = place.register(appeal)
    place.hands.act("office", Form("coordination", "plain", PASSED), ticket)
    return ticket


def in_hand(place: Place) -> str:
    """A ticket in the hands of the county's housing department."""
    ticket = formed(place)
    place.hands.act("office", Dispatch(f"{place.code}-housing"), ticket)
    place.hands.act("department", Sign(), ticket, "housing")
    return ticket


def handled(place: Place, ticket: str) -> None:
    """What came down is dispatched, signed and completed by the housing department."""
    place.hands.act("office", Dispatch(f"{place.code}-housing"), ticket)
    place.hands.act("department", Sign(), ticket, "housing")
    completion: Complete = a_completion(place.hands)
    place.hands.act("department", completion, ticket, "housing")


def due_in(tree: Tree, days: int) -> date:
    """So many days from now."""
    return local_day(tree.county.hands.now) + timedelta(days=days)


def kinds(place: Place, ticket: str) -> list[str]:
    """The kinds of the ticket's entries, in the order in which this level took them."""
    with place.level.store.read() as view:
        return [one.header.kind for one in view.journal.of_subject(Subject("ticket", ticket))]


def decisions(place: Place, *, overdue_only: bool = False) -> list[tuple[str, str, str]]:
    """What waits for another level's decision: ticket, who owes it, who asked."""
    with place.level.store.read() as view:
        return [(one.ticket, one.node, one.asker) for one in letters.asked_levels(view, place.hands.now, overdue_only=overdue_only)]


def answer_on_the_board(place: Place, ticket: str) -> str:
    """The first answer that the office's board between levels offers for *ticket*; "" if nothing about it waits there for an answer."""
    page = at_desk(place.hands, "centre", "office").get("/boards/escalations").text
    inbox = page.split("<h2>请我们答复", 1)[-1].split("<h2>", 1)[0]
    return next(iter(re.findall(rf"/tickets/{ticket}/do/([a-z-]+)", inbox)), "")


class TestDownAndAcross:
    """Transfers through the levels between, and across through the common superior."""

    @pytest.mark.clause("XS25-5.1a")
    def test_what_the_province_hands_down_through_the_city_is_completed_in_the_county_and_seen_above(self, tree: Tree):
        """It arrives in the county's pool; its completion is visible in the province; custody goes back the way it came."""
        ticket = formed(tree.province)
        tree.province.hands.act("office", TransferDown(CITY, due_in(tree, 20)), ticket)
        tree.settle()
        tree.city.hands.act("office", AcceptTransfer("coordination", "plain"), ticket)
        tree.city.hands.act("office", TransferDown(COUNTY, due_in(tree, 15)), ticket)
        tree.settle()
        assert COUNTY == at(tree.county, ticket).custody.asked
        assert ("accept-transfer", True) == (answer_on_the_board(tree.county, ticket), (ticket, COUNTY, CITY) in decisions(tree.county))
        assert ["", ""] == [answer_on_the_board(place, ticket) for place in (tree.sister, tree.city)]

        tree.county.hands.act("office", AcceptTransfer("coordination", "plain"), ticket)
        assert "" == answer_on_the_board(tree.county, ticket)
        handled(tree.county, ticket)
        tree.settle()
        assert [("completed", COUNTY)] * 3 == [
            (at(place, ticket).state.value, at(place, ticket).custody.holder) for place in (tree.county, tree.city, tree.province)
        ]
        for place in (tree.county, tree.city):
            place.hands.act("office", ReturnCustody(Text("已办结")), ticket)
            tree.settle()
        assert [(PROVINCE, 5)] * 3 == [
            (at(place, ticket).custody.holder, at(place, ticket).custody.number) for place in (tree.county, tree.city, tree.province)
        ]

    @pytest.mark.clause("XS25-5.1a")
    def test_a_node_with_an_unknown_certificate_is_refused(self, tree: Tree):
        """One of another authority, and a certificate of this one that the registry does not have."""
        key = new_key()
        stranger = Credentials(issue(create_authority(CITY, WALL), key.public_key(), COUNTY, WALL, server=False), key, ())
        authority = tree.city.files.authority(CITY, WALL)
        unknown = Credentials(issue(authority, key.public_key(), "520499", WALL, server=False), key, ())
        before = tree.city.position(COUNTY)
        for credentials in (stranger, unknown):
            with pytest.raises(Refusal) as refused:
                tree.city.servicer().Hello(hello_of(tree.county), Context(credentials))  # type: ignore[arg-type]
            assert refused.value.code in (Code.PEER_IDENTITY, Code.NODE_NOT_REGISTERED)
        assert before == tree.city.position(COUNTY)

    @pytest.mark.clause("AS25-2.2.4")
    def test_the_same_transfer_three_times_is_one_ticket_and_one_answer(self, tree: Tree):
        """Given three times, delivered three times: one ticket with the sender's number and full content, one receipt."""
        ticket = formed(tree.city, "跨区管网无人接管")
        order = tree.city.hands.order("office", TransferDown(COUNTY, due_in(tree, 10)), ticket)
        first = [tree.city.hands.node.handler.handle(order) for _ in range(3)]
        assert [False, True, True] == [one.is_repeat for one in first]

        answers = []
        for _ in range(3):
            tree.wires[COUNTY].lose_replies = 1
            tree.settle(30)
            with tree.county.level.store.write() as work:
                work.head.reacted = 0
            tree.settle(30)
            with tree.county.level.store.read() as view:
                found = [one for one in view.journal.of_subject(Subject("ticket", ticket)) if one.header.kind == "TransferReceived"]
                answers.append([(one.header.subject.id, one.header.id, one.header.node) for one in found])
                assert [ticket] == [row.id for row in tree.county.rows(schema.tickets) if row.id == ticket]
                intake = at(tree.county, ticket).intake
                appeal = view.payloads.open(Subject("ticket", ticket), intake.appeal)  # type: ignore[arg-type]
        assert answers[0] == answers[1] == answers[2] and 1 == len(answers[0])
        assert ("跨区管网无人接管", CITY) == (appeal, at(tree.county, ticket).origin)
        accepts = [tree.county.hands.order("office", AcceptTransfer("coordination", "plain"), ticket, id=f"accept-{ticket}")] * 3
        numbers = [tree.county.hands.node.handler.handle(one).subject.id for one in accepts]
        assert [ticket] * 3 == numbers

    @pytest.mark.clause("AS25-2.2.4")
    def test_what_came_across_is_counted_apart_from_what_came_from_another_level(self, tree: Tree):
        """A sister county's need comes through the common superior; the channel report tells the two apart."""
        with tree.county.level.store.read() as view:
            before = dict(tallies.by_arrival(view))
        across, down = in_hand(tree.sister), formed(tree.city)
        tree.sister.hands.act("office", BEYOND, across)
        tree.settle()
        tree.city.hands.act("office", TAKEN, across)
        for ticket in (across, down):
            tree.city.hands.act("office", TransferDown(COUNTY, due_in(tree, 10)), ticket)
        tree.settle()
        for ticket in (across, down):
            tree.county.hands.act("office", AcceptTransfer("coordination", "plain"), ticket)
        tree.settle()

        with tree.county.level.store.read() as view:
            after = tallies.by_arrival(view)
        assert (1, 1) == tuple(after.get(one, 0) - before.get(one, 0) for one in ("cross_region", "from_above"))
        assert (SISTER, COUNTY) == (at(tree.sister, across).origin, at(tree.sister, across).custody.holder)

        handled(tree.county, across)
        tree.county.hands.act("office", ReturnCustody(Text("已办结")), across)
        tree.settle()
        tree.city.hands.act("office", DecideAbove(Text("由西秀区解决")), across)
        tree.settle()
        assert (SISTER, "handling") == (at(tree.sister, across).custody.holder, at(tree.sister, across).state.value)


class TestUpAndBack:
    """Chained county, city, province; the answer flows back one level at a time."""

    def test_decided_two_levels_up_it_comes_back_through_the_city(self, tree: Tree):
        """The numbers form a chain that everybody sees; exactly one node holds it at each step."""
        ticket = in_hand(tree.county)
        for below, above in ((tree.county, tree.city), (tree.city, tree.province)):
            below.hands.act("office", BEYOND, ticket)
            tree.settle()
            above.hands.act("office", TAKEN, ticket)
            tree.settle()
        assert [(PROVINCE, 3)] * 3 == [
            (at(place, ticket).custody.holder, at(place, ticket).custody.number) for place in (tree.county, tree.city, tree.province)
        ]
        tree.province.hands.act("office", DecideAbove(Text("同意调剂用地指标")), ticket)
        tree.settle()

        after = [at(place, ticket) for place in (tree.county, tree.city, tree.province)]
        assert [(COUNTY, 5, "handling", PROVINCE)] * 3 == [
            (one.custody.holder, one.custody.number, one.state.value, one.escalations[0].decided_by) for one in after
        ]

    @pytest.mark.clause("AS25-4.4.5c")
    def test_each_change_above_shows_below_where_nothing_can_be_completed_meanwhile(self, tree: Tree):
        """From the request until the city is done with it the county follows, state by state, and its department completes nothing."""
        ticket = in_hand(tree.county)
        done: Complete = a_completion(tree.county.hands)
        tree.county.hands.act("office", BEYOND, ticket)
        with refuses(Code.HANDLING_FROZEN):
            tree.county.hands.act("department", done, ticket, "housing")
        tree.settle()
        planning = f"{CITY}-planning"
        steps: tuple[tuple[str, Command, str, str], ...] = (
            ("office", TAKEN, "", "formed"),
            ("office", Dispatch(planning), "", "dispatched"),
            ("department", Sign(), "planning", "handling"),
            ("department", RecordProgress(Text("已报省厅")), "planning", "handling"),
            ("department", a_completion(tree.city.hands), "planning", "completed"),
            ("office", a_revisit(is_standard_met=False, evaluation="dissatisfied"), "", "reworking"),
        )
        for role, step, unit, state in steps:
            tree.city.hands.act(role, step, ticket, unit)
            tree.settle()
            above, below = (at(place, ticket) for place in (tree.city, tree.county))
            assert (CITY, state, above.with_whom, above.lead, above.version) == (
                below.custody.holder, below.state.value, below.with_whom, below.lead, below.version,
            )  # fmt: skip
            assert word("state", state, "zh-CN") in at_desk(tree.county.hands, "centre", "office").get(f"/tickets/{ticket}").text
            with refuses(Code.NOT_HOLDER, holder=CITY):
                tree.county.hands.act("department", done, ticket, "housing")

    def test_a_withdrawal_in_flight_and_a_decision_cross_and_one_of_them_stands(self, tree: Tree):
        """The superior's journal is the arbiter of the race: at the city taken over first, at the province asked back in time."""
        late, timely = in_hand(tree.county), formed(tree.city)
        tree.county.hands.act("office", BEYOND, late)
        tree.city.hands.act("office", BEYOND, timely)
        tree.settle()
        tree.wires[COUNTY].is_cut = tree.wires[CITY].is_cut = True
        tree.county.hands.act("office", RequestWithdrawalOfEscalation(Text("已自行解决")), late)
        tree.city.hands.act("office", TAKEN, late)
        tree.city.hands.act("office", RequestWithdrawalOfEscalation(Text("已自行解决")), timely)
        tree.wires[COUNTY].is_cut = tree.wires[CITY].is_cut = False
        tree.settle(60)
        with pytest.raises(Refusal):
            tree.province.hands.act("office", TAKEN, timely)
        tree.settle()

        assert [(CITY, "accepted")] * 2 == [
            (at(place, late).custody.holder, at(place, late).escalations[-1].outcome) for place in (tree.county, tree.city)
        ]
        assert [(CITY, "withdrawn", "formed")] * 2 == [
            (at(place, timely).custody.holder, at(place, timely).escalations[-1].outcome, at(place, timely).state.value)
            for place in (tree.city, tree.province)
        ]

    def test_a_decision_that_is_overdue_is_shown_at_both_ends_and_one_level_up_and_never_taken_for_a_yes(self, tree: Tree):
        """FEDERATION 2.5: two working days; after that it stands in the province's list, and the ticket is still asked."""
        ticket = in_hand(tree.county)
        tree.county.hands.act("office", BEYOND, ticket)
        tree.settle()
        wanted = (ticket, CITY, COUNTY)
        assert [True] * 3 == [wanted in decisions(place) for place in (tree.county, tree.city, tree.province)]
        assert [False] * 3 == [wanted in decisions(place, overdue_only=True) for place in (tree.county, tree.city, tree.province)]

        tree.sweep(days=3)
        tree.settle()
        assert [True] * 3 == [wanted in decisions(place, overdue_only=True) for place in (tree.county, tree.city, tree.province)]
        assert ("escalated", CITY) == (at(tree.county, ticket).state.value, at(tree.county, ticket).custody.asked)
        tree.city.hands.act("office", ReturnEscalation("within_authority", Text("属县级权限")), ticket)
        tree.settle()
        assert [False] * 3 == [wanted in decisions(place) for place in (tree.county, tree.city, tree.province)]

    def test_what_is_returned_twice_for_the_same_reason_stands_in_the_next_levels_list(self, tree: Tree):
        """FEDERATION 2.5: once is an answer, twice is a matter for the level above both."""
        ticket = in_hand(tree.county)
        for listed in (False, True):
            tree.county.hands.act("office", BEYOND, ticket)
            tree.settle()
            tree.city.hands.act("office", ReturnEscalation("within_authority", Text("属县级权限")), ticket)
            tree.settle()
            with tree.province.level.store.read() as view:
                found = [(one.node, one.asker, one.reason) for one in letters.returned_again(view) if one.ticket == ticket]
            assert ([(CITY, COUNTY, "within_authority")] if listed else []) == found

    def test_the_level_above_both_moves_custody_over_a_superior_that_does_nothing(self, tree: Tree):
        """The city's late completion has a lower number: void evidence, no effect; the override is shown for ever."""
        ticket = in_hand(tree.county)
        tree.county.hands.act("office", BEYOND, ticket)
        tree.settle()
        tree.city.hands.act("office", TAKEN, ticket)
        tree.settle()
        with refuses(Code.NOT_ABOVE):
            tree.county.hands.act("office", OverrideCustody(COUNTY, Text("市级无人办理")), ticket)
        tree.wires[CITY].is_cut = True
        tree.province.hands.act("office", OverrideCustody(COUNTY, Text("市级无人办理")), ticket)
        tree.city.hands.act("office", DecideAbove(Text("同意")), ticket)
        tree.wires[CITY].is_cut = False
        tree.settle(60)
        tree.settle(60)

        found = [at(place, ticket) for place in (tree.county, tree.city, tree.province)]
        assert [(COUNTY, "overridden", "handling")] * 3 == [
            (one.custody.holder, one.escalations[-1].outcome, one.state.value) for one in found
        ]
        with tree.county.level.store.read() as view:
            void = {one.header.kind for one in view.journal.of_subject(found[0].subject) if one.header.id in found[0].void}
        assert "DecidedAbove" in void

    def test_who_was_asked_on_the_line_that_an_override_made_void_hears_of_it(self, tree: Tree):
        """Seed 130001216: the city, cut off, had handed the ticket on; who got it there has no part on the line that holds."""
        ticket = in_hand(tree.county)
        tree.county.hands.act("office", BEYOND, ticket)
        tree.settle()
        tree.wires[CITY].is_cut = True
        tree.city.hands.act("office", TAKEN, ticket)
        tree.city.hands.act("office", TransferDown(SISTER, due_in(tree, 20)), ticket)
        tree.settle()
        assert (CITY, SISTER) == (at(tree.sister, ticket).custody.holder, at(tree.sister, ticket).custody.asked)
        tree.province.hands.act("office", OverrideCustody(COUNTY, Text("市级无人办理")), ticket)
        tree.wires[CITY].is_cut = False
        for _ in range(2):
            tree.settle(60)

        places = (tree.county, tree.sister, tree.city, tree.province)
        assert [(COUNTY, "", 2)] * 4 == [
            (one.custody.holder, one.custody.asked, one.custody.number) for one in (at(place, ticket) for place in places)
        ]
        with refuses(Code.NOT_ASKED):
            tree.sister.hands.act("office", AcceptTransfer(), ticket)


class TestBesideCustody:
    """What speaks about a ticket and leaves it where it is."""

    def test_a_bureau_two_levels_up_is_asked_and_the_county_keeps_the_ticket(self, tree: Tree):
        """The province's housing department writes its opinion; the county reads it; custody never moved."""
        tree.province.hands.staff("housing")
        ticket = in_hand(tree.county)
        tree.county.hands.act("office", AskOpinion(f"{PROVINCE}-housing", Text("能否适用省级政策？")), ticket)
        tree.settle()
        assert [(ticket, "opinion/520000-housing")] == [
            (row.ticket, row.name) for row in tree.province.rows(schema.clocks) if row.ticket == ticket and row.node == PROVINCE
        ]
        tree.province.hands.act("department", FileOpinion(Text("可以适用")), ticket, "housing")
        tree.settle()

        after = at(tree.county, ticket)
        with tree.county.level.store.read() as view:
            said = next(one for one in view.journal.of_subject(after.subject) if one.header.kind == "OpinionFiled")
            assert "可以适用" == view.payloads.open(after.subject, said.content.event.opinion)
        assert (COUNTY, 1, "handling") == (after.custody.holder, after.custody.number, after.state.value)

    def test_a_county_is_asked_from_above_and_the_city_keeps_the_ticket(self, tree: Tree):
        """Opinions go down as they go up."""
        ticket = formed(tree.city)
        tree.city.hands.act("office", AskOpinion(f"{COUNTY}-housing", Text("现场情况如何？")), ticket)
        tree.settle()
        tree.county.hands.act("department", FileOpinion(Text("已现场查看")), ticket, "housing")
        tree.settle()
        custody = at(tree.city, ticket).custody
        assert (CITY, 1, 1) == (custody.holder, custody.number, kinds(tree.city, ticket).count("OpinionFiled"))

    def test_a_finding_of_the_province_opens_a_round_in_the_county_at_once(self, tree: Tree):
        """Through the city, which sees it pass."""
        ticket = in_hand(tree.county)
        tree.county.hands.act("department", a_completion(tree.county.hands), ticket, "housing")
        tree.settle()
        tree.province.hands.act("office", RaiseFinding(is_consistent=False, is_standard_met=True, note=Text("渠道仍堵塞")), ticket)
        tree.settle()
        assert [("reworking", 2)] * 3 == [
            (at(place, ticket).state.value, len(at(place, ticket).rounds)) for place in (tree.county, tree.city, tree.province)
        ]
