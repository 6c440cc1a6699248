"""How needs come in, by whatever channel, and what whoever brought one can see of it."""

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from node.domain.directory import PlanTurn
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.acceptance import NotAccept
from node.domain.ticket.correction import Correct
from node.domain.ticket.first_contact import HandleOwnDuty, ReportToOffice, SortOwnDuty
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.merging import Merge, UndoMerge
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import State, With
from node.domain.ticket.termination import ApplyTermination, DecideTermination
from node.services import tallies
from node.services.figures import Counts, counts
from node.services.queries import Wanted, list_tickets
from tests.clauses.given import (
    COUNTY,
    HOUSING,
    PASSED,
    a_county,
    beijing,
    handled,
    listed,
    page_of,
    refuses,
    registered,
    the,
)
from tests.cli.given import APPEAL, PHONE, Program
from tests.support.node import Hands


def channels(hands: Hands, unit: str = "") -> dict[str, int]:
    """The channel report of the node, or of one department of it."""
    with hands.node.store.read() as view:
        return dict(tallies.by_channel(view, unit=unit))


def counted(hands: Hands) -> Counts:
    """What the node counts of itself."""
    with hands.node.store.read() as view:
        return counts(view, hands.now)


class TestChannels:
    """AS25-2.2: nine ways in."""

    @pytest.mark.clause("AS25-2.2.1")
    def test_what_the_portal_sends_twice_is_one_need(self, tmp_path: Path):
        """AS25-2.2.1: by platform and portal; the portal's own number makes a repeat harmless."""
        county = a_county(tmp_path)
        registered(county, "platform")
        first = registered(county, "portal", external_number="P-2026-0001")

        with refuses(Code.ALREADY_EXISTS, id=first):
            registered(county, "portal", external_number="P-2026-0001")

        assert {"platform": 1, "portal": 1} == channels(county)

    @pytest.mark.clause("XS25-4.1.5")
    def test_a_number_belongs_to_the_platform_that_gave_it(self, tmp_path: Path):
        """XS25-4.1.5: the same number of the same platform is the same problem, of another platform another one."""
        county = a_county(tmp_path)
        called = {"external_number": "20260213-7", "received_at": county.now}
        registered(county, "hotline_12345", **called)
        with refuses(Code.ALREADY_EXISTS):
            registered(county, "hotline_12345", **called)
        assert {"hotline_12345": 1} == channels(county)

        registered(county, "platform", external_number="20260213-7")

        assert {"hotline_12345": 1, "platform": 1} == channels(county)

    @pytest.mark.clause("AS25-2.2.2")
    def test_a_hotline_says_when_it_was_called(self, tmp_path: Path):
        """AS25-2.2.2: one of each; without the time of the call nothing is taken in."""
        county = a_county(tmp_path)
        registered(county, "hotline_12345", received_at=county.now)
        registered(county, "direct_train", received_at=county.now)
        with refuses(Code.FIELD_REQUIRED, field="received_at"):
            registered(county, "hotline_12345")

        assert {"direct_train": 1, "hotline_12345": 1} == channels(county)

    @pytest.mark.clause("AS25-2.2.5")
    def test_what_a_department_hears_of_itself(self, tmp_path: Path):
        """AS25-2.2.5: told, visited, surveyed, at a symposium; the report is the department's own."""
        county = a_county(tmp_path)
        for channel in ("department_report", "visit", "survey", "symposium"):
            command = Register(channel, Text("缺少装卸场地"), name=Contact("王某"), first_contact=HOUSING, judgement="foreign")
            county.act("department", command, unit="housing")
        registered(county, "visit", first_contact=f"{COUNTY}-water")

        assert dict.fromkeys(("department_report", "visit", "survey", "symposium"), 1) == channels(county, HOUSING)

    @pytest.mark.clause("XS25-4.1.2")
    def test_the_centre_takes_in_online_and_at_its_window(self, tmp_path: Path):
        """XS25-4.1.2: one by each, told apart."""
        county = a_county(tmp_path)
        registered(county, "platform")
        registered(county, "window")

        assert {"platform": 1, "window": 1} == channels(county)

    @pytest.mark.clause("FJ25-2.4.3a")
    def test_a_letter_says_when_it_came(self, tmp_path: Path):
        """FJ25-2.4.3a: by the network, by an official account, by letter; a letter without its date is not taken in."""
        rules = """
[intake]
channels = { value = ["internet_other", "wechat_official_account", "letter"], clause = "FJ25-2.4.3a" }
time_required = { value = ["letter"], clause = "FJ25-2.4.3a" }
"""
        county = a_county(tmp_path, rules=rules)
        for channel in ("internet_other", "wechat_official_account"):
            registered(county, channel)
        with refuses(Code.FIELD_REQUIRED, field="received_at"):
            registered(county, "letter")

        registered(county, "letter", received_at=beijing("2026-02-11 00:00"))

        assert dict.fromkeys(("internet_other", "letter", "wechat_official_account"), 1) == channels(county)

    @pytest.mark.clause("XS25-2.2a")
    def test_both_ways_in_lead_to_one_list(self, tmp_path: Path):
        """XS25-2.2a: in the same minute, one sequence of numbers, nothing differs but the channel."""
        county = a_county(tmp_path)
        online, window = registered(county, "platform"), registered(county, "window")

        assert 1 == int(window[14:19]) - int(online[14:19]) and online[:14] == window[:14]
        with county.node.store.read() as view:
            lines = list_tickets(view, Wanted(), county.node.policies.bare(view).calendar, county.now)
        rows = {line.row.id: line.row for line in lines}
        assert {online, window} == rows.keys()
        differs = {field.name for field in fields(TicketRow) if getattr(rows[online], field.name) != getattr(rows[window], field.name)}
        # The opener is the id of the registration itself.
        assert {"id", "channel", "opener"} == differs

    @pytest.mark.clause("XS25-3.2a")
    def test_every_channel_ends_in_the_centres_list_with_a_deadline(self, tmp_path: Path):
        """XS25-3.2a: one desk, one flow, a limit for everything."""
        county = a_county(tmp_path)
        with county.node.store.read() as view:
            names = county.node.policies.of_node(view, county.now).pack.names("intake.channels")
        shift = PlanTurn("2026-07", "chamber_rotation", "餐饮商会", beijing("2026-02-09 00:00"), beijing("2026-02-14 00:00"))
        county.act("office", shift, COUNTY)
        filled = {"received_at": county.now, "channel_note": Text("来信"), "assigned_by": "区委办", "occasion": "2026-07"}
        tickets = {registered(county, channel, **filled) for channel in names}

        assert len(names) == len(tickets) and tickets == set(listed(county, mine=("office", f"{COUNTY}-centre")))
        with county.node.store.read() as view:
            lines = list_tickets(view, Wanted(), county.node.policies.bare(view).calendar, county.now)
        assert [] == [line.row.id for line in lines if line.clock is None or line.clock.due_at is None]

    @pytest.mark.clause("XS25-1.0")
    def test_twenty_characters_and_a_phone_are_enough(self, tmp_path: Path):
        """XS25-1.0: no threshold, but for saying what it is about."""
        county = a_county(tmp_path)
        text = "厂区门口修路三个月仍未完工大货车无法进出"
        assert 20 == len(text)

        number = county.act("enterprise", Register("platform", Text(text), phone=Contact("13800001234"))).subject.id

        assert (20, State.REGISTERED) == (len(number), the(county, number).state)
        with refuses(Code.FIELD_REQUIRED, field="appeal"):
            county.act("enterprise", Register("platform", Text(""), phone=Contact("13800001234")))


@pytest.mark.clause("AS25-2.2.3")
def test_a_receipt_lets_the_appellant_look_it_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """AS25-2.2.3: number and query code from the window; with a wrong code nothing is told."""
    qyzj = Program(tmp_path, capsys)
    qyzj.init()
    typed = ("--channel", "window", "--appeal", APPEAL, "--name", "王某", "--phone", PHONE)
    receipt = qyzj("ticket", "register", "--as", "centre:window_clerk", *typed, "--json").json
    number, code = receipt["ticket"]["id"], receipt["query_code"]

    told = qyzj("progress", number, "--code", code, "--json")

    assert (0, "registered", "office") == (told.code, told.json["state"], told.json["with_whom"])
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    refused = [qyzj("progress", *asked, "--json") for asked in ((number, "--code", wrong), (number[:-1] + "x", "--code", code))]
    assert [(2, "QUERY_REFUSED")] * 2 == [(one.code, one.complaint["refusal"]["code"]) for one in refused]


class TestLedgers:
    """What the first-contact department keeps, and what the office has to sort."""

    @pytest.mark.clause("AS25-4.1d")
    def test_a_foreign_need_is_followed_from_the_departments_ledger_to_the_ticket(self, tmp_path: Path):
        """AS25-4.1d: a row with a number of its own; reported, it is the office's; formed, it has the ticket's number."""
        county = a_county(tmp_path)
        entered = Register("visit", Text("变压器容量不足"), name=Contact("王某"), first_contact=HOUSING, judgement="foreign")
        row = county.act("department", entered, unit="housing").subject.id
        assert ([row], With.FIRST_CONTACT) == (listed(county, unit=HOUSING), the(county, row).with_whom)
        assert [] == listed(county, unsorted=True), "not in the office's pool before it is reported"

        county.act("department", ReportToOffice(), row, "housing")
        assert ([row], [row]) == (listed(county, unit=HOUSING), listed(county, unsorted=True))
        county.act("office", Form("coordination", passed=PASSED), row)

        with county.node.store.read() as view:
            (line,) = list_tickets(view, Wanted(unit=HOUSING), county.node.policies.bare(view).calendar, county.now)
        assert (row, "formed", f"XX20260213{row[14:19]}") == (line.row.id, line.row.state, line.row.number)

    @pytest.mark.clause("AS25-4.2.1.0")
    def test_the_office_sorts_what_is_foreign_and_what_is_handled_already(self, tmp_path: Path):
        """AS25-4.2.1.0: both stand on its list; what is older than a working day and has no outcome, on the shorter one."""
        county = a_county(tmp_path)
        own, foreign, sorted_one, formed_one = (
            county.act(
                "department", Register("visit", Text("问题"), name=Contact("王某"), first_contact=HOUSING), unit="housing"
            ).subject.id
            for _ in range(4)
        )
        for ticket in (own, sorted_one):
            county.act("department", HandleOwnDuty("coordination"), ticket, "housing")
        for ticket in (foreign, formed_one):
            county.act("department", ReportToOffice("foreign"), ticket, "housing")
        assert {own, foreign, sorted_one, formed_one} == set(listed(county, unsorted=True))

        county.act("office", SortOwnDuty(), sorted_one)
        county.act("office", Form("coordination", passed=PASSED), formed_one)
        county.at(beijing("2026-02-24 09:00"))
        young = registered(county)

        assert {own, foreign, young} == set(listed(county, unsorted=True))
        assert {own, foreign} == set(listed(county, unsorted=True, due="overdue"))


class TestOutcomes:
    """What is not handled is counted apart."""

    @pytest.mark.clause("AS25-4.2.1.2b")
    def test_a_merged_need_is_one_need_and_two_registrations(self, tmp_path: Path):
        """AS25-4.2.1.2b: only with the appellant's consent; undone, there are two again."""
        county = a_county(tmp_path)
        main = registered(county, "platform")
        other = registered(county, "hotline_12345", received_at=county.now)
        with refuses(Code.CONSENT_REQUIRED):
            county.act("office", Merge(main, "phone", is_same_appellant=True), other)

        consent = Merge(main, "phone", Text("同意合并办理"), date(2026, 2, 13), is_same_appellant=True)
        county.act("office", consent, other)
        assert ("platform", "hotline_12345") == page_of(county, main).channels
        assert (1, 2) == (counted(county).needs, counted(county).tickets)

        county.act("office", UndoMerge(main, Text("两处路段不同")), other)
        assert (2, 2) == (counted(county).needs, counted(county).tickets)
        assert (("platform",), State.REGISTERED) == (page_of(county, main).channels, the(county, other).state)

    @pytest.mark.clause("AS25-4.2.2.1")
    @pytest.mark.clause("FJ25-1.3b")
    def test_refusals_are_counted_by_their_ground(self, tmp_path: Path):
        """AS25-4.2.2.1, FJ25-1.3b: two of one ground, one of another."""
        rules = '[acceptance]\nrefusal_reasons = { value = ["unlawful", "unified_market"], clause = "FJ25-1.3b" }\n'
        county = a_county(tmp_path, rules=rules)
        for reason in ("unified_market", "unified_market", "unlawful"):
            ticket = registered(county)
            county.act("office", NotAccept(reason), ticket)
            refused = the(county, ticket).refused
            assert refused is not None and reason == refused.reason

        with county.node.store.read() as view:
            assert {"unified_market": 2, "unlawful": 1} == tallies.by_refusal(view)

    @pytest.mark.clause("FJ25-3.9.3")
    def test_false_information_is_noted_and_counted(self, tmp_path: Path):
        """FJ25-3.9.3: no such ground with an empty note."""
        county = a_county(tmp_path)
        ticket = handled(county)
        proof = (county.node.blobs.put("营业执照核查记录".encode()),)
        with refuses(Code.FIELD_REQUIRED, field="note"):
            county.act("department", ApplyTermination("false_information", evidence=proof), ticket, "housing")

        county.act("department", ApplyTermination("false_information", Text("所称厂房不存在"), proof), ticket, "housing")
        county.act("office", DecideTermination(is_granted=True), ticket)

        assert State.TERMINATED is the(county, ticket).state
        with county.node.store.read() as view:
            assert {"false_information": 1} == tallies.by_termination(view)


@pytest.mark.clause("FJ25-1.1.1")
def test_a_mechanism_says_whom_it_serves(tmp_path: Path):
    """FJ25-1.1.1: private enterprises, individual businesses and rural cooperatives; a state-owned enterprise is out of scope."""
    kinds = ("enterprise", "individual_business", "cooperative")
    named = ", ".join(f'"{kind}"' for kind in kinds)
    county = a_county(tmp_path, rules=f'[intake]\nappellant_kinds = {{ value = [{named}], clause = "FJ25-1.1.1" }}\n')

    tickets = [registered(county, appellant_kind=kind) for kind in kinds]
    with refuses(Code.SUBJECT_TYPE_OUT_OF_SCOPE, kind="state_owned_enterprise"):
        registered(county, appellant_kind="state_owned_enterprise")

    assert kinds == tuple(the(county, ticket).appellant.kind for ticket in tickets)
    assert set(tickets) == set(listed(county))


def test_the_first_contact_cannot_be_corrected(tmp_path: Path):
    """AS25-4.1a: it is set once."""
    county = a_county(tmp_path)
    ticket = registered(county, first_contact=HOUSING)

    with refuses(Code.VALUE_NOT_OFFERED, key="correctable", value="first_contact"):
        county.act("office", Correct("first_contact", f"{COUNTY}-water", reason=Text("登记有误")), ticket)
