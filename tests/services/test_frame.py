"""The frame of a sampling round: what a county completed, as everybody derives it from its journal."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from node.domain import round as d
from node.domain import round_record as record
from node.domain.entry import CustodyHead, Draft, Header, Subject
from node.domain.identifier import uuid7
from node.domain.payload import Contact, Text
from node.domain.ticket.completion import Complete
from node.domain.ticket.custody import CustodyOverridden, DecideAbove, ResumeAfterReturn
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation, ReturnEscalation
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.transfer import AcceptTransfer, TransferDown
from node.services.registry import NODE_ACTOR
from node.services.rounds import find_round, frame_of, round_facts
from node.storage.codec import decode_content
from tests.support.levels import carry_down, carry_up, join
from tests.support.node import Hands, make_node
from tests.support.sampling import (
    BEFORE,
    CITY,
    COUNTY,
    CUT_DAY,
    DURING,
    ROUND,
    answered,
    beijing,
    city_and_county,
    drawn_round,
    the_ticket,
)

FORMING_TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[tuple[Hands, Hands]]:
    """A city and a county below it, the round of February opened."""
    city, county = city_and_county(tmp_path)
    yield city, county
    city.node.close()
    county.node.close()


class TestFrame:
    """FEDERATION 3.2: what the county completed, by position in its journal, as the mirror has it."""

    def test_the_county_and_the_city_derive_the_same_frame(self, tmp_path: Path, database_url: str) -> None:
        """The key is the register number and the outcome; the leaf index is the place of the completion in the stream."""
        city, county = city_and_county(tmp_path, database_url)
        county.at(DURING)
        tickets = answered(county, 3)
        county.act("window_clerk", Register(channel="window", appeal=Text("x"), name=Contact("y"), phone=Contact("13800000000")))
        carry_up(county, city)
        span = record.Span(record.Place(1, 0), record.Place(1, 1000))
        frames = []
        for hands in (city, county):
            with hands.node.store.read() as view:
                frames.append(frame_of(view, COUNTY, span))

        assert frames[0] == frames[1]
        assert [f"{ticket}#1" for ticket in tickets] == [entry.key for entry in frames[0]]
        with county.node.store.read() as view:
            kinds = [decode_content(view.journal.at(COUNTY, 1, entry.leaf_index + 1) or b"").header.kind for entry in frames[0]]
        assert ["AnsweredOnTheSpot"] * 3 == kinds
        with city.node.store.read() as view:
            policy = city.node.policies.of_node(view, city.now)
            assert {ROUND} == round_facts(view.connection, tickets[0], city.now, policy)

    def test_what_lies_behind_the_cut_stands_in_the_next_frame(self, levels: tuple[Hands, Hands]) -> None:
        """Each outcome is in exactly one frame, whatever its date: membership is by position."""
        city, county = levels
        city.at(DURING)
        city.act("office", d.OpenRound(COUNTY, "2026-03"))
        first = drawn_round(city, county, 2)
        answered(county.at(CUT_DAY), 3)
        carry_up(county, city)
        city.at(beijing("2026-04-02 09:00"))
        march = f"R{CITY}-{COUNTY}-2026-03"
        city.act("office", d.CutFrame(), march)
        city.act("office", d.DrawSample(), march)
        with city.node.store.read() as view:
            second = find_round(view, march)

        assert second is not None
        assert (2, 3) == (first.frame_size, second.frame_size)
        assert first.span.end == second.span.begin

    def test_the_first_frame_begins_at_the_first_commitment(self, tmp_path: Path) -> None:
        """What was completed before anybody was bound is in no frame."""
        city, county = make_node(tmp_path, CITY, "anshun-2025", now=BEFORE), make_node(tmp_path, COUNTY, now=BEFORE)
        join(city, county)
        answered(county, 2)
        carry_up(county, city)
        city.act("office", d.OpenRound(COUNTY, "2026-02"))

        assert 1 == drawn_round(city, county, 1).frame_size

    def test_what_the_city_decided_is_in_no_frame_but_what_was_done_before_is(self, levels: tuple[Hands, Hands]) -> None:
        """DESIGN 8: it is revisited in full above.  An outcome from before the escalation stays in its frame for ever."""
        city, county = levels
        county.at(DURING).staff("housing")
        ticket = in_hand(county)
        complete(county, ticket)
        county.act("office", RecordRevisit(is_consistent=False, is_standard_met=True, evaluation="satisfied"), ticket)
        county.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), ticket)
        returned = in_hand(county)
        county.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), returned)
        carry_up(county, city)
        city.act("office", AcceptEscalation(), ticket)
        city.act("office", DecideAbove(decision=Text("同意")), ticket)
        city.act("office", ReturnEscalation(reason_code="within_authority", reason=Text("可在本级办理")), returned)
        carry_down(city, county)
        for number in (ticket, returned):
            county.act("node", ResumeAfterReturn(), number)
            complete(county, number)
        carry_up(county, city)

        assert [2, 1] == [the_ticket(county, number).outcomes for number in (ticket, returned)]
        whole = record.Span(record.Place(1, 0), record.Place(1, 10_000))
        with city.node.store.read() as view:
            assert [f"{ticket}#1", f"{returned}#1"] == [entry.key for entry in frame_of(view, COUNTY, whole)]

    def test_what_the_city_handed_down_is_in_no_frame(self, levels: tuple[Hands, Hands]) -> None:
        """DESIGN 8: the city revisits it in full itself."""
        city, county = levels
        county.at(DURING).staff("housing")
        appeal = Register(channel="window", appeal=Text("x"), name=Contact("y"), phone=Contact("13800000000"), judgement="foreign")
        ticket = city.act("window_clerk", appeal).subject.id
        city.act("office", Form(category="consultation", passed=FORMING_TESTS), ticket)
        city.act("office", TransferDown(COUNTY, date(2026, 2, 27)), ticket)
        carry_down(city, county)
        county.act("office", AcceptTransfer(), ticket)
        county.act("office", Dispatch(lead=f"{COUNTY}-housing"), ticket)
        county.act("department", Sign(), ticket, "housing")
        complete(county, ticket)
        carry_up(county, city)

        assert 1 == the_ticket(city, ticket).outcomes
        with city.node.store.read() as view:
            assert () == frame_of(view, COUNTY, record.Span(record.Place(1, 0), record.Place(1, 10_000)))

    def test_a_completion_without_effect_is_in_no_frame(self, levels: tuple[Hands, Hands]) -> None:
        """FEDERATION 2.5: what was written behind the version that the next opener follows is void evidence."""
        city, county = levels
        county.at(DURING).staff("housing")
        ticket = in_hand(county)
        follows = the_ticket(county, ticket).version
        complete(county, ticket)
        carry_up(county, city)
        whole = record.Span(record.Place(1, 0), record.Place(1, 10_000))
        with city.node.store.write() as work:
            before = frame_of(work, COUNTY, whole)
            head = Header(
                CITY, 1, 0, uuid7(city.now, work.payloads.random), city.now, Subject("ticket", ticket), "CustodyOverridden", NODE_ACTOR,
                custody=CustodyHead(2, CITY, follows), version=1,
            )  # fmt: skip
            work.append([Draft(head, CustodyOverridden())])
            after = frame_of(work, COUNTY, whole)

        assert ([f"{ticket}#1"], ()) == ([entry.key for entry in before], after)


def in_hand(county: Hands) -> str:
    """A ticket that the housing department works on."""
    appeal = Register(channel="window", appeal=Text("厂房没有证"), name=Contact("王某"), phone=Contact("13800000000"), judgement="foreign")
    ticket = county.act("window_clerk", appeal).subject.id
    county.act("office", Form(category="consultation", passed=FORMING_TESTS), ticket)
    county.act("office", Dispatch(lead=f"{COUNTY}-housing"), ticket)
    county.act("department", Sign(), ticket, "housing")
    return ticket


def complete(county: Hands, ticket: str) -> None:
    """Its department states that it is done."""
    result, feedback = Text("已办理"), Text("已告知")
    done = Complete("solved", result, is_truthful=True, feedback_way="phone", feedback=feedback, has_call_record=True)
    county.act("department", done, ticket, "housing")
