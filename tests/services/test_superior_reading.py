"""A superior's reading of a subordinate's ticket, a rating by whoever filed, and in whose place somebody acted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain import accounts
from node.domain import registry as g
from node.domain import round_record as record
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import TicketRead
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.services import queries, ticket_view
from node.services.acting import act
from node.services.entry_words import who_said
from tests.support.node import Hands, make_node
from tests.support.sampling import city_and_county, drawn_round, frame_keys
from tests.web.support import at_desk

PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")


def need(hands: Hands, channel: str) -> Register:
    return Register(channel, Text("路灯不亮"), name=Contact("王五"), phone=Contact("13900001111"), received_at=hands.now)


def read_at(hands: Hands) -> list[tuple[str, str, str]]:
    """Who read what at the node, as its journal has it, and about what the entry stands."""
    with hands.node.store.read() as view:
        found = view.journal.of_subject(Subject("node", hands.node.code))
        return [
            (one.header.actor.account, one.content.event.ticket, one.header.subject.kind)
            for one in found
            if isinstance(one.content.event, TicketRead)
        ]


class TestSuperiorsReading:
    """FEDERATION 4.6: reading by supervisors is itself journaled at their own node."""

    @pytest.fixture
    def levels(self, tmp_path: Path) -> Iterator[tuple[Hands, Hands]]:
        city, county = city_and_county(tmp_path)
        drawn_round(city, county, 3)
        yield city, county
        city.node.close()
        county.node.close()

    def test_it_is_an_entry_once_a_person_ticket_and_day(self, levels: tuple[Hands, Hands]) -> None:
        """By page and by REST alike, about the node and not the ticket: it goes up and never down."""
        city, _ = levels
        ticket = record.ticket_of(frame_keys(city)[0])
        client = at_desk(city, "centre", "office")

        answers = [client.get(path).status_code for path in (f"/tickets/{ticket}", f"/api/v1/tickets/{ticket}", f"/tickets/{ticket}")]

        assert ([200, 200, 200], [("centre", ticket, "node")]) == (answers, read_at(city))
        city.later(days=1)
        client.get(f"/tickets/{ticket}")
        assert 2 == len(read_at(city))
        assert ticket[-6:-1].lstrip("0") in at_desk(city, "centre", "office").get("/registers/contacts").text

    def test_who_handles_it_reads_without_an_entry(self, levels: tuple[Hands, Hands]) -> None:
        """At the node that has it nothing is written by looking."""
        city, county = levels
        ticket = record.ticket_of(frame_keys(city)[0])
        at_desk(county, "centre", "office").get(f"/tickets/{ticket}")

        assert [] == read_at(county)


class TestByWhomever:
    """One rule for pages, REST and the command line: ``services.acting`` is the road of all three."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        made = make_node(tmp_path / "node")
        made.staff("housing")
        for account, roles in (("firm", ("enterprise",)), ("rival", ("enterprise",))):
            act(made.node, "centre", g.OpenAccount(account, roles, "520402-centre"))
        for account, roles in (("boss", ("department",)), ("helper", ("department",))):
            act(made.node, "centre", g.OpenAccount(account, roles, "520402-housing"))
        return made

    def test_only_who_filed_rates_whatever_the_entrance(self, county: Hands) -> None:
        """AS25-2.2.7: a rival cannot vote on another's need; who filed can."""
        ticket = act(
            county.node,
            "firm",
            need(county, "platform"),
        ).subject.id
        act(county.node, "centre:office", Form(category="consultation", passed=PASSED), ticket=ticket)
        act(county.node, "centre:office", Dispatch("520402-housing"), ticket=ticket)
        act(county.node, "d-housing", Sign(), ticket=ticket)
        done = Complete("solved", Text("已修复"), is_truthful=True, feedback_way="phone", feedback=Text("已告知"), has_call_record=True)
        act(county.node, "d-housing", done, ticket=ticket)

        with pytest.raises(Refusal) as refused:
            act(county.node, "rival", Evaluate("dissatisfied"), ticket=ticket)

        assert Code.PERMISSION_DENIED is refused.value.code
        assert ["Evaluated"] == [one.header.kind for one in act(county.node, "firm", Evaluate("satisfied"), ticket=ticket).entries][:1]

    def test_the_timeline_says_in_whose_place_somebody_acted(self, county: Hands) -> None:
        """AS25-1.2b: a deputy's entry names him and whom he stood for, on the page and at the command line."""
        today = county.now.date()
        ticket = county.act("window_clerk", need(county, "window")).subject.id
        county.act("office", Form(category="consultation", passed=PASSED), ticket)
        county.act("office", Dispatch("520402-housing"), ticket)
        act(county.node, "d-housing", Sign(), ticket=ticket)
        act(county.node, "boss", accounts.NameDeputy("boss", "helper", today, today))
        act(county.node, "helper", RecordProgress(Text("已联系养护单位")), ticket=ticket, behalf="boss")

        with county.node.store.read() as view:
            line = next(one for one in ticket_view.timeline(view, view.readings.ticket(ticket)) if one.kind == "ProgressRecorded")  # type: ignore[arg-type]
            said = who_said(line, queries.names(view), "zh-CN")

        assert "helper 代boss（housing）" == said
        assert said in at_desk(county, "centre", "office").get(f"/tickets/{ticket}").text
