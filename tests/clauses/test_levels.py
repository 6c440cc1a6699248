"""What climbs from a county to the city and the province, and what every level sees of it."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from federation.reactions import Reactions
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.correction import Correct
from node.domain.ticket.custody import DecideAbove
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation, ReturnEscalation
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.state import DONE, ENDED_OTHERWISE, State, With
from node.services import tallies
from node.storage import schema
from node.storage.notices import Row
from node.texts.catalogue import word
from tests.clauses.after_given import signed
from tests.clauses.given import (
    CITY,
    COUNTY,
    HOUSING,
    PASSED,
    PROVINCE,
    WATER,
    a_completion,
    a_county,
    a_revisit,
    clock_of,
    kinds_of,
    page_of,
    refuses,
    registered,
    the,
)
from tests.notify.test_outbox import told
from tests.support.levels import carry_down, carry_up, join
from tests.support.node import Hands
from tests.web.api import Caller
from tests.web.support import at_desk

ENDED = {one.value for one in DONE | ENDED_OTHERWISE}
XIANGSHAN, LEVELS = "xiangshan-2025", ("local", "county", "city", "province")
BEYOND = RequestEscalation(power_item="LAND-07", reason=Text("用地指标超出本级权限"))


def carried(lower: Hands, upper: Hands) -> None:
    """Everything that either owes the other, with what follows from it by rule."""
    for _ in range(2):
        carry_up(lower, upper)
        react(upper)
        carry_down(upper, lower)
        react(lower)


def react(hands: Hands) -> None:
    """The node's own reactions to what arrived."""
    Reactions(hands.node.store, hands.node.writer, hands.node.handler, hands.node.now).run()


def under_one_clock(directory: Path, *codes: str, county: str = "xixiu-2025") -> list[Hands]:
    """Nodes of these codes, each below the next one; the county under that pack."""
    packs = {PROVINCE: "guizhou", CITY: "anshun-2025", COUNTY: county}
    made = [a_county(directory, code=code, pack=packs[code]) for code in codes]
    for lower, upper in reversed(list(pairwise(made))):
        join(upper, lower)
    return made


@pytest.mark.clause("AS25-4.1a")
def test_who_was_asked_first_is_the_same_at_every_level(tmp_path: Path):
    """AS25-4.1a: A receives, B handles, the province takes over; nobody can change who was asked first."""
    county, city, province = under_one_clock(tmp_path, COUNTY, CITY, PROVINCE)
    entered = Register("visit", Text("用地手续办不下来"), name=Contact("王某"), first_contact=HOUSING)
    ticket = county.act("department", entered, unit="housing").subject.id
    county.act("department", ReportToOffice("foreign"), ticket, "housing")
    county.act("office", Form("coordination", passed=PASSED), ticket)
    county.act("office", Dispatch(WATER), ticket)
    county.act("department", Sign(), ticket, "water")
    for lower, upper in ((county, city), (city, province)):
        lower.act("office", BEYOND, ticket)
        carried(lower, upper)
        upper.act("office", AcceptEscalation("coordination", "plain"), ticket)
        carried(lower, upper)
    carried(county, city)

    seen = [the(hands, ticket) for hands in (county, city, province)]
    assert [(HOUSING, PROVINCE)] * 3 == [(one.intake.first_contact, one.custody.holder) for one in seen]
    for hands, code in ((county, Code.NOT_HOLDER), (city, Code.NOT_HOLDER), (province, Code.VALUE_NOT_OFFERED)):
        with refuses(code):
            hands.act("office", Correct("first_contact", WATER, reason=Text("登记有误")), ticket)


@pytest.mark.clause("XS25-4.3.3a")
def test_three_levels_hold_one_ticket(tmp_path: Path):
    """XS25-4.3.3a: raised twice it keeps its number; what the county wrote reaches the province through the city, byte for byte."""
    county, city, province = under_one_clock(tmp_path, COUNTY, CITY, PROVINCE)
    ticket = registered(county)
    for lower, upper in ((county, city), (city, province)):
        lower.act("office", BEYOND, ticket)
        carried(lower, upper)
        upper.act("office", AcceptEscalation("coordination", "plain"), ticket)
        carried(lower, upper)
    carried(county, city)

    assert [(ticket, PROVINCE)] * 3 == [(the(hands, ticket).id, the(hands, ticket).custody.holder) for hands in (county, city, province)]
    written = [contents_of(hands, ticket, by=COUNTY) for hands in (county, city, province)]
    assert len(written[0]) > 0 and written[0] == written[1] == written[2]


@pytest.mark.clause("XS25-4.3.3a")
def test_the_county_shows_the_level_of_whoever_holds_its_ticket(tmp_path: Path):
    """XS25-4.3.3a: local here, city, then province, on the page and for machines; asked is not taken over, and back is as it was."""
    county, city, province = under_one_clock(tmp_path, COUNTY, CITY, PROVINCE, county=XIANGSHAN)
    ticket = signed(county, XIANGSHAN)
    assert ("local", True) == level_shown(county, ticket)
    for lower, upper, level in ((county, city, "city"), (city, province, "province")):
        before = level_shown(county, ticket)
        lower.act("office", BEYOND, ticket)
        carried(city, province)
        carried(county, city)
        assert before == level_shown(county, ticket)
        upper.act("office", AcceptEscalation("coordination", "plain"), ticket)
        carried(city, province)
        carried(county, city)
        assert (level, True) == level_shown(county, ticket)

    province.act("office", DecideAbove(Text("同意调剂用地指标5亩")), ticket)
    carried(city, province)
    carried(county, city)
    assert (COUNTY, ("local", True)) == (the(county, ticket).custody.holder, level_shown(county, ticket))


def level_shown(hands: Hands, ticket: str) -> tuple[str, bool]:
    """The level in the answer to machines, and whether its word, and no other level's, stands with the class on the page."""
    level = Caller(hands, "centre", "office").get(f"/tickets/{ticket}").json()["ticket"]["level"]
    classed = at_desk(hands, "centre", "office").get(f"/tickets/{ticket}").text.split("<dt>分类</dt>", 1)[1].split("</dd>", 1)[0]
    return level, [word("level", level)] == [one for one in map(partial(word, "level"), LEVELS) if one in classed]


def contents_of(hands: Hands, ticket: str, *, by: str) -> list[bytes]:
    """What *by* wrote about the ticket, as this node keeps it."""
    table = schema.entries
    with hands.node.store.read() as view:
        rows = view.connection.execute(
            select(table.c.content).where(table.c.subject_id == ticket, table.c.node == by).order_by(table.c.epoch, table.c.seq)
        )
        return [bytes(content) for content in rows.scalars()]


class TestToTheProvince:
    """AS25-4.2.1.3c: what exceeds the city's authority is put to the province at triage."""

    @pytest.mark.clause("AS25-4.2.1.3c")
    def test_returned_it_is_back_in_triage_with_the_reason(self, tmp_path: Path):
        """Pending above, waiting here with its clock standing; a return says why, and the clock goes on."""
        city, province = under_one_clock(tmp_path, CITY, PROVINCE)
        ticket = registered(city)
        city.act("office", BEYOND, ticket)
        carried(city, province)
        for hands in (city, province):
            assert (State.ESCALATED, With.SUPERIOR, PROVINCE) == (
                the(hands, ticket).state, the(hands, ticket).with_whom, the(hands, ticket).custody.asked,
            )  # fmt: skip
        assert clock_of(city, ticket, "form").is_paused
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            province.act("office", ReturnEscalation("within_authority", Text("")), ticket)

        city.later(hours=1)
        province.act("office", ReturnEscalation("within_authority", Text("属市级权限")), ticket)
        carried(city, province)

        after = the(city, ticket)
        assert (State.REGISTERED, With.OFFICE, True) == (after.state, after.with_whom, clock_of(city, ticket, "form").is_running)
        said = next(entry for entry in page_of(city, ticket).timeline if entry.kind == "EscalationReturned")
        assert ("within_authority", "属市级权限") == (said.facts["reason_code"], said.texts["reason"])

    @pytest.mark.clause("AS25-4.2.1.3c")
    def test_decided_above_the_result_comes_back_and_the_enterprise_hears_it_once(self, tmp_path: Path):
        """The province decides; the city, and the city alone, tells the enterprise."""
        city, province = under_one_clock(tmp_path, CITY, PROVINCE)
        ticket = registered(city)
        city.act("office", BEYOND, ticket)
        carried(city, province)
        province.act("office", AcceptEscalation("coordination", "plain"), ticket)
        province.act("office", DecideAbove(Text("同意调剂用地指标5亩")), ticket)
        carried(city, province)

        shown = next(entry for entry in page_of(city, ticket).timeline if entry.kind == "DecidedAbove")
        assert ("同意调剂用地指标5亩", CITY, True) == (
            shown.texts["decision"], the(city, ticket).custody.holder, the(city, ticket).decided_above,
        )  # fmt: skip
        city.act("office", Dispatch(f"{CITY}-housing"), ticket)
        city.act("department", Sign(), ticket, "housing")
        city.act("department", a_completion(city), ticket, "housing")
        carried(city, province)

        for hands in (city, province):
            told = [one for one in page_of(hands, ticket).timeline if one.kind == "FeedbackGiven" or one.facts.get("feedback_way")]
            assert [("Completed", CITY)] == [(one.kind, one.node) for one in told]
        results = [(hands.node.code, one.facts["state"]) for hands in (city, province) for one in results_told(hands, ticket)]
        assert [(CITY, "completed")] == results


def results_told(hands: Hands, ticket: str) -> list[Row]:
    """What this node's outbox tells the appellant of an end of his ticket, or in words of the file, by the way that every notice goes."""
    return [one for one in told(hands, ticket) if one.facts.get("state") in ENDED or one.words is not None or one.template == "step"]


@pytest.mark.clause("AS25-3.2.4a")
def test_the_city_revisits_everything_that_it_completed(tmp_path: Path):
    """AS25-3.2.4a: 37 tickets over nine channels, 37 tasks; 36 of them done are 97.3 percent, and the missing one is named."""
    city = a_county(tmp_path, code=CITY, pack="anshun-2025")
    with city.node.store.read() as view:
        pack = city.node.policies.of_node(view, city.now).pack
    groups = ("online", "hotline", "offline", "federated", "organised", "assistance", "other", "authority")
    # A chamber's turn and a special supervisor's term are planned first, which is another story.
    channels = [*(pack.names(f"channels.{group}")[0] for group in groups), pack.names("channels.organised")[1]]
    filled = {"received_at": city.now, "channel_note": Text("来信"), "assigned_by": "市委办", "category": "consultation"}
    tickets = [registered(city, channels[place % 9], answer=Text("已答复"), **filled) for place in range(37)]
    tasks = [clock_of(city, ticket, "revisit") for ticket in tickets]
    assert [("office", True)] * 37 == [(task.owes, task.is_running) for task in tasks]

    for ticket in tickets[:-1]:
        city.act("office", a_revisit(), ticket)

    with city.node.store.read() as view:
        coverage = tallies.revisit_coverage(view)
        assert 9 == len(tallies.by_channel(view))
    assert (37, 36, 973, (tickets[-1],)) == (coverage.due, coverage.done, coverage.per_mille, coverage.missing)
    assert "RevisitFiled" not in kinds_of(city, tickets[-1])
