"""By whom and by what channel a need comes in under each mechanism, and what the channel asks for."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from node.domain.directory import PlanTurn
from node.domain.entry import Actor
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.filling import FillIn
from node.domain.ticket.first_contact import AnswerOnTheSpot
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.services import enterprises, lookup, tallies, ticket_view
from tests.clauses.given import PASSED, a_county, beijing, listed, refuses, registered, the
from tests.support.node import Hands

FENGJIE, XIANGSHAN, HAIMEN = "500236", "330225", "320684"


def fengjie(directory: Path, pack: str = "fengjie-2025", at: str = "2026-03-06 10:00") -> Hands:
    """奉节 with three departments."""
    return a_county(directory, at, pack=pack, code=FENGJIE)


def tally(hands: Hands, trait: str) -> dict[str, int]:
    """Registrations by one of their traits."""
    with hands.node.store.read() as view:
        return dict(tallies.by_trait(view, trait))


def channels(hands: Hands) -> dict[str, int]:
    """The channel report."""
    with hands.node.store.read() as view:
        return dict(tallies.by_channel(view))


def plan(hands: Hands, turn: str, kind: str, who: str, begins: str, ends: str, place: str = "") -> None:
    """Enter a turn into the plan."""
    hands.act("office", PlanTurn(turn, kind, who, beijing(begins), beijing(ends), place), hands.node.code)


def brought(hands: Hands, channel: str, **fields: Any) -> str:
    """A need of 奉节 2025, which has a class from the first."""
    return registered(hands, channel, **({"category": "other_matter"} | fields))


class TestFengjie:
    """FJ25-1.2, 2.4, 2.5: what may be brought in and how."""

    @pytest.mark.clause("FJ25-1.2.1")
    def test_life_cycle_by_stage_and_nature(self, tmp_path: Path):
        """FJ25-1.2.1: one need a stage, two problems, two suggestions."""
        county = fengjie(tmp_path)
        natures = ("problem", "problem", "suggestion", "suggestion")
        for stage, nature in zip(("set_up", "operation", "development", "deregistration"), natures, strict=True):
            brought(county, "website", matter="life_cycle_service", topic=stage, appeal_kind=nature)

        assert {"set_up": 1, "operation": 1, "development": 1, "deregistration": 1} == tally(county, "topic")
        assert {"problem": 2, "suggestion": 2} == tally(county, "appeal_kind")

    @pytest.mark.clause("FJ25-1.2.2")
    def test_policy_consultation_offers_its_topics(self, tmp_path: Path):
        """FJ25-1.2.2: exactly tax, fiscal subsidy, financing, other; a search finds the topic and no other."""
        county = fengjie(tmp_path)
        with refuses(Code.VALUE_NOT_OFFERED, offered="tax, fiscal_subsidy, financing, other"):
            brought(county, "website", matter="policy_consultation", topic="labour")
        tickets = {
            topic: brought(county, "website", matter="policy_consultation", topic=topic)
            for topic in ("tax", "fiscal_subsidy", "financing", "other")
        }

        def found(topic: str) -> list[str]:
            return listed(county, traits=(("matter", "policy_consultation"), ("topic", topic)))

        assert {topic: [ticket] for topic, ticket in tickets.items()} == {topic: found(topic) for topic in tickets}

    @pytest.mark.clause("FJ25-1.2.3")
    def test_approval_service_by_item(self, tmp_path: Path):
        """FJ25-1.2.3: four named items, each on its ticket; an unknown one is rejected."""
        county = fengjie(tmp_path)
        items = ("opening_closing", "business_registration", "tax_filing", "project_approval")
        tickets = [brought(county, "website", matter="approval_service", topic=item) for item in items]

        assert list(items) == [the(county, ticket).details.topic for ticket in tickets]
        with refuses(Code.VALUE_NOT_OFFERED, value="fishing_permit"):
            brought(county, "website", matter="approval_service", topic="fishing_permit")

    @pytest.mark.clause("FJ25-2.4.1")
    def test_a_group_is_one_of_forty_one(self, tmp_path: Path):
        """FJ25-2.4.1: 1 + 7 + 33; a need from a group names it and counts there."""
        county = fengjie(tmp_path)
        with county.node.store.read() as view:
            pack = county.node.policies.of_node(view, county.now).pack
        kinds = {kind: len(pack.names(f"groups.{kind}")) for kind in ("key_enterprise", "industry", "town")}
        assert ({"key_enterprise": 1, "industry": 7, "town": 33}, 41) == (kinds, sum(kinds.values()))

        with refuses(Code.FIELD_REQUIRED, field="group"):
            brought(county, "wechat_group")
        with refuses(Code.GROUP_UNKNOWN, group="neighbours"):
            brought(county, "wechat_group", group="neighbours")
        brought(county, "wechat_group", group="town_07")

        assert {"town_07": 1} == tally(county, "group")

    @pytest.mark.clause("FJ25-2.4.2")
    def test_a_visit_is_the_specialists_own_report(self, tmp_path: Path):
        """FJ25-2.4.2: channel, specialist and day of the visit; an enterprise does not report its own visit."""
        county = fengjie(tmp_path)
        visit = Register(
            "specialist_visit",
            Text("厂区用电容量不足"),
            category="infrastructure",
            name=Contact("王某"),
            received_at=beijing("2026-03-05 15:00"),
        )
        ticket = county.act("specialist", visit).subject.id

        intake = the(county, ticket).intake
        assert ("specialist_visit", "a-specialist", beijing("2026-03-05 15:00")) == (
            intake.channel,
            intake.registered_by,
            intake.received_at,
        )
        with refuses(Code.PERMISSION_DENIED):
            county.act("enterprise", visit)

    @pytest.mark.clause("FJ25-2.5.1")
    def test_two_places_to_come_to(self, tmp_path: Path):
        """FJ25-2.5.1: hall and promotion centre; without the window nothing is taken in."""
        county = fengjie(tmp_path)
        with refuses(Code.FIELD_REQUIRED, field="desk"):
            brought(county, "window")
        brought(county, "window", desk="window-3")
        brought(county, "promotion_centre", desk="desk-1")

        assert {"promotion_centre": 1, "window": 1} == channels(county)

    @pytest.mark.clause("FJ25-2.5.2")
    def test_an_event_lists_what_was_said_there(self, tmp_path: Path):
        """FJ25-2.5.2: one event of each kind, one need of each; without its event it is rejected."""
        county = fengjie(tmp_path)
        tickets = {}
        for kind in ("government_enterprise_talk", "themed_salon", "entrepreneurs_day", "merchants_congress"):
            plan(county, f"2026-{kind}", kind, "促进中心", "2026-03-06 09:00", "2026-03-06 12:00", "会展中心")
            tickets[kind] = brought(county, "event", occasion=f"2026-{kind}")

        assert {kind: [ticket] for kind, ticket in tickets.items()} == {
            kind: listed(county, traits=(("occasion", f"2026-{kind}"),)) for kind in tickets
        }
        with refuses(Code.FIELD_REQUIRED, field="occasion"):
            brought(county, "event")
        with refuses(Code.NOT_LISTED, id="2026-none"):
            brought(county, "event", occasion="2026-none")


class TestGroups:
    """FJ23-1.2, 1.3, 3.2: groups with their units, two lines, and a desk at night."""

    @pytest.mark.clause("FJ23-1.3a")
    def test_a_town_group_belongs_to_its_town(self, tmp_path: Path):
        """FJ23-1.3a: 33 town groups; a need from one has that town for its local unit."""
        county = fengjie(tmp_path, "fengjie-2023")
        with county.node.store.read() as view:
            pack = county.node.policies.of_node(view, county.now).pack

        assert 33 == len(pack.names("groups.town"))
        ticket = registered(county, "town_group", group="town_12")
        assert f"{FENGJIE}-town_12" == the(county, ticket).details.local_unit

    @pytest.mark.clause("FJ23-3.2a")
    def test_two_lines_and_a_number(self, tmp_path: Path):
        """FJ23-3.2a: one call on each; without the number it must say that it was withheld. Number, time and operator are stored."""
        county = fengjie(tmp_path, "fengjie-2023")
        called = {"received_at": county.now}
        ticket = registered(county, "private_economy_line", **called)
        registered(county, "peoples_voice_line", phone=None, is_number_withheld=True, **called)
        with refuses(Code.FIELD_REQUIRED, field="phone"):
            registered(county, "peoples_voice_line", phone=None, **called)

        assert {"peoples_voice_line": 1, "private_economy_line": 1} == channels(county)
        stored = the(county, ticket)
        assert (True, county.now, "a-window_clerk") == (
            stored.appellant.phone is not None,
            stored.intake.received_at,
            stored.intake.registered_by,
        )

    @pytest.mark.clause("FJ23-3.2b")
    def test_at_night_somebody_is_on_duty(self, tmp_path: Path):
        """FJ23-3.2b: a question on a weekday at 21:30 is taken, marked, and lies with who is on duty then."""
        county = fengjie(tmp_path, "fengjie-2023", "2026-03-05 08:00")
        plan(county, "d1", "duty", "d-housing", "2026-03-05 17:00", "2026-03-05 21:00")
        plan(county, "d2", "duty", "d-water", "2026-03-05 21:00", "2026-03-06 08:00")
        county.at(beijing("2026-03-05 11:00"))
        by_day = registered(county, "after_hours_service")
        county.at(beijing("2026-03-05 21:30"))

        at_night = registered(county, "after_hours_service")

        details = the(county, at_night).details
        assert (True, "d-water") == (details.is_after_hours, details.duty)
        assert not the(county, by_day).details.is_after_hours
        assert [at_night] == listed(county, traits=(("duty", "d-water"),))


class TestXiangshan:
    """XS25-4.1: what was found and what was reported, and by whom."""

    @pytest.mark.clause("XS25-4.1.1b")
    def test_found_not_reported(self, tmp_path: Path):
        """XS25-4.1.1b: an association's finding, with its kind; the report tells found from reported."""
        county = a_county(tmp_path, pack="xiangshan-2025", code=XIANGSHAN)
        found = Register("active_search", Text("园区多家企业缺叉车工"), name=Contact("王某"), finder="association")
        with refuses(Code.FIELD_REQUIRED, field="finder"):
            county.act("finder", Register("active_search", Text("园区多家企业缺叉车工"), name=Contact("王某")))

        ticket = county.act("finder", found).subject.id

        details = the(county, ticket).details
        assert ("active_search", "association", True) == (the(county, ticket).intake.channel, details.finder, details.is_found)
        with county.node.store.read() as view:
            assert tallies.Found(1, 0) == tallies.found_and_reported(view)

    @pytest.mark.clause("XS25-4.1.3b")
    def test_four_kinds_of_helpers(self, tmp_path: Path):
        """XS25-4.1.3b: one problem of each, counted by kind."""
        county = a_county(tmp_path, pack="xiangshan-2025", code=XIANGSHAN)
        kinds = ("delegate_or_member", "project_agent", "service_specialist", "environment_observer")
        for kind in kinds:
            helping = Register("helper_finding", Text("门口道路积水"), name=Contact("王某"), finder=kind)
            county.act("finder", helping, account=f"a-{kind}")

        assert dict.fromkeys(sorted(kinds), 1) == tally(county, "finder")

    @pytest.mark.clause("XS25-4.0")
    def test_three_matters_in_one_call(self, tmp_path: Path):
        """XS25-4.0: three tickets, one receipt, each with its own class and end."""
        county = a_county(tmp_path, pack="xiangshan-2025", code=XIANGSHAN)
        call = county.act(
            "window_clerk",
            Register("centre_online", Text("缺普工"), name=Contact("王某"), further=(Text("门口积水"), Text("厂房办证"))),
        )
        first = call.subject.id
        with county.node.store.read() as view:
            calendar = county.node.policies.bare(view).calendar
            lines = lookup.of_receipt(view, first, Actor("o", "office", f"{XIANGSHAN}-centre"), calendar, county.now)

        assert (3, first) == (len(lines), lines[0].ticket)
        assert {"registered"} == {line.state for line in lines}
        assert ["", first, first] == [the(county, line.ticket).details.receipt for line in lines]
        later = registered(county, "centre_online", same_call=first)
        assert first == the(county, later).details.receipt
        with county.node.store.read() as view:
            simple = county.node.policies.of_node(view, county.now).pack.names("on_the_spot.classes")[0]
        county.act("window_clerk", AnswerOnTheSpot(Text("已告知招聘会时间"), category=simple), lines[1].ticket)
        with county.node.store.read() as view:
            after = lookup.of_receipt(view, first, Actor("o", "office", f"{XIANGSHAN}-centre"), calendar, county.now)
        assert [True, False, True, True] == [line.state == "registered" for line in after]


class TestAnshun:
    """AS25-2.2.6 to 2.2.8, 3.5a: chambers in turn, supervisors with a term, and any other way."""

    @pytest.mark.clause("AS25-2.2.6")
    def test_a_shift_has_its_dates(self, tmp_path: Path):
        """AS25-2.2.6: within the shift of chamber C it is taken and counted there, on another day not."""
        county = a_county(tmp_path)
        plan(county, "2026-07", "chamber_rotation", "西秀区餐饮商会", "2026-02-09 00:00", "2026-02-13 18:00", "企业之家")
        ticket = registered(county, "chamber_rotation", occasion="2026-07")

        assert ({"2026-07": 1}, [ticket]) == (tally(county, "occasion"), listed(county, traits=(("occasion", "2026-07"),)))
        county.at(beijing("2026-02-24 09:00"))
        with refuses(Code.OUTSIDE_OCCASION, occasion="2026-07"):
            registered(county, "chamber_rotation", occasion="2026-07")

    @pytest.mark.clause("AS25-2.2.7")
    def test_a_supervisor_within_his_term(self, tmp_path: Path):
        """AS25-2.2.7: within the term accepted, afterwards rejected; of another's filing he sees nothing."""
        county = a_county(tmp_path)
        for who in ("s-1", "s-2"):
            plan(county, f"term-{who}", "appointment", who, "2026-01-01 00:00", "2026-03-01 00:00")
        filing = Register("special_supervisor", Text("大厅叫号混乱"), name=Contact("王某"))
        own = county.act("finder", filing, account="s-1").subject.id
        other = county.act("finder", filing, account="s-2").subject.id

        def page(account: str, ticket: str) -> str:
            viewer = county.order("finder", filing, account=account).actor
            with county.node.store.read() as view:
                calendar = county.node.policies.bare(view).calendar
                return ticket_view.ticket_page(view, ticket, calendar, county.now, viewer).ticket.id

        assert own == page("s-1", own)
        with refuses(Code.PERMISSION_DENIED):
            page("s-1", other)
        county.at(beijing("2026-03-02 09:00"))
        with refuses(Code.APPOINTMENT_OVER, account="s-1"):
            county.act("finder", filing, account="s-1")

    @pytest.mark.clause("AS25-2.2.8")
    def test_another_channel_is_described_and_found_by_it(self, tmp_path: Path):
        """AS25-2.2.8: empty it is rejected; described it is found by these words."""
        county = a_county(tmp_path)
        with refuses(Code.FIELD_REQUIRED, field="channel_note"):
            registered(county, "other", channel_note=Text(" "))
        registered(county, "other", channel_note=Text("论坛留言"))
        ticket = registered(county, "other", channel_note=Text("letter to mayor"))

        with county.node.store.read() as view:
            assert [ticket] == lookup.described(view, "letter to mayor")

    @pytest.mark.clause("AS25-3.5a")
    def test_four_chambers_over_four_weeks(self, tmp_path: Path):
        """AS25-3.5a: without a gap; two at one place on one day are an overlap, a free week is a gap."""
        county = a_county(tmp_path, "2026-03-01 09:00")
        weeks = [(f"2026-03-{2 + 7 * n:02d} 00:00", f"2026-03-{9 + 7 * n:02d} 00:00") for n in range(4)]
        for n, (begins, ends) in enumerate(weeks):
            plan(county, f"w{n}", "chamber_rotation", f"商会{n}", begins, ends, "企业之家")

        def faults(first: str, last: str) -> list[tuple[str, tuple[str, ...]]]:
            with county.node.store.read() as view:
                days = date.fromisoformat(first), date.fromisoformat(last)
                return [(fault.day.isoformat(), fault.turns) for fault in enterprises.faults_of_plan(view, "chamber_rotation", *days)]

        assert [] == faults("2026-03-02", "2026-03-29")
        assert [(f"2026-03-{day}", ()) for day in (30, 31)] == faults("2026-03-29", "2026-03-31")
        plan(county, "w9", "chamber_rotation", "商会9", "2026-03-04 00:00", "2026-03-05 00:00", "企业之家")
        assert [("2026-03-04", ("w0", "w9"))] == faults("2026-03-02", "2026-03-29")


@pytest.mark.clause("HM20-3.1a")
def test_the_digest_of_a_day(tmp_path: Path):
    """HM20-3.1a: three by app and two by hotline on 2 March are five; a day without any has an empty digest."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack="haimen-2020", code=HAIMEN)
    for channel, count in (("haiqitong_app", 3), ("hotline_12345_transfer", 2)):
        for _ in range(count):
            registered(county, channel, received_at=county.now)
    registered(county, "face_to_face_visit")
    with county.node.store.read() as view:
        names = county.node.policies.of_node(view, county.now).pack.names("digest.channels")
        full = enterprises.digest(view, names, date(2026, 3, 2))
        empty = enterprises.digest(view, names, date(2026, 3, 3))

    assert (5, 5) == (len(full.tickets), len(full.unhandled))
    assert enterprises.Digest(date(2026, 3, 3), (), ()) == empty


def test_four_fields_give_the_number_and_the_rest_waits(tmp_path: Path):
    """USERS C26: text, phone, channel and time; what the pack wants is filled in under the forming clock, what is there is not."""
    county = a_county(tmp_path)
    ticket = registered(county, "hotline_12345", name=None, received_at=county.now)
    with refuses(Code.INTAKE_INCOMPLETE, missing="name"):
        county.act("office", Form("coordination", "plain", PASSED), ticket)
    county.act("window_clerk", FillIn(name=Contact("王某"), is_read_back=True), ticket)
    with refuses(Code.FILLED_BEFORE, fields="name"):
        county.act("window_clerk", FillIn(name=Contact("李某")), ticket)

    assert county.now == the(county, ticket).details.read_back_at
