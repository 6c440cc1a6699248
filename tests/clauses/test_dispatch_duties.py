"""The tug of war ended: the responsibility catalogue, objections that cite it, rulings that settle a matter for later tickets."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from node.domain.duty_list import AdoptDutyList, DutyItem
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import ChangeLead, Dispatch, Recall, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.objection import CoordinateObjection, Object, ProposeLead, ReportToGovernment, RuleByGovernment, RuleObjection
from node.domain.ticket.state import State, With
from node.services.duties import advice, duty_list
from tests.clauses.given import (
    COUNTY,
    FINANCE,
    HOUSING,
    WATER,
    a_county,
    clock_of,
    end_of,
    formed,
    kinds_of,
    page_of,
    refuses,
    registered,
    rungs_of,
    swept,
    the,
)
from tests.support.node import Hands

LAND = DutyItem("520402-H-01", HOUSING, "land_use", "土地使用", "infrastructure", "《中华人民共和国土地管理法》第六十七条", "county")
PIPES = DutyItem("520402-W-07", WATER, "water_pipe", "供水管线", "infrastructure", "《城市供水条例》第二十七条", "county")
NOT_PIPES = DutyItem("520402-H-90", HOUSING, "water_pipe", "供水管线", law_basis="三定规定", is_negative=True)
WHY = Text("不属本部门职责")


def with_list(directory: Path, *items: DutyItem, pack: str = "xixiu-2025", version: str = "2026-1") -> Hands:
    """A county with a responsibility catalogue."""
    county = a_county(directory, pack=pack)
    adopt(county, version, *(items or (LAND, PIPES, NOT_PIPES)))
    return county


def adopt(county: Hands, version: str, *items: DutyItem) -> None:
    """Put a version into force from today on."""
    county.act("office", AdoptDutyList(version, date(2026, 2, 1), items), COUNTY)


def sent(county: Hands, lead: str = HOUSING, **fields: str) -> str:
    """A ticket on the matter of land use, dispatched to *lead*."""
    ticket = formed(county, **({"matter": "land_use"} | fields))
    county.act("office", Dispatch(lead, deviation=Text("先核实")), ticket)
    return ticket


def advised(county: Hands, ticket: str) -> list[tuple[str, str, str]]:
    """Who should lead, on what ground, by what."""
    with county.node.store.read() as view:
        policy = county.node.policies.for_ticket(view, the(county, ticket), county.now)
        return [(one.unit, one.ground, one.of) for one in advice(view, ticket, policy, county.now).proposals]


class TestTheList:
    """FEATURES 52: a version whole, with law basis, level and validity."""

    @pytest.mark.clause("XS25-4.2d")
    def test_a_departure_from_the_table_needs_a_reason(self, tmp_path: Path):
        """XS25-4.2d: land use is N's; to M without a reason is refused, with one it is logged."""
        county = with_list(tmp_path, pack="xiangshan-2025")
        ticket = registered(county, channel="centre_offline", matter="land_use")
        county.act("office", Form("coordination", "simple"), ticket)
        assert [(HOUSING, "duty_list", LAND.code)] == advised(county, ticket)

        with refuses(Code.DEPARTS_FROM_DUTIES, named=HOUSING, items=LAND.code):
            county.act("office", Dispatch(WATER), ticket)
        county.act("office", Dispatch(WATER, deviation=Text("涉及水源保护区，由水务局牵头")), ticket)

        entry = page_of(county, ticket).timeline[-1]
        assert ("Dispatched", "涉及水源保护区，由水务局牵头", "2026-1") == (entry.kind, entry.texts["deviation"], entry.facts["duty_list"])

    def test_a_dispatch_by_the_list_names_the_item_by_itself(self, tmp_path: Path):
        """The routing explains its rule."""
        county = with_list(tmp_path)
        ticket = formed(county, matter="land_use")
        county.act("office", Dispatch(HOUSING), ticket)

        assert (LAND.code, "2026-1") == tuple(page_of(county, ticket).timeline[-1].facts[name] for name in ("duty_item", "duty_list"))

    def test_an_item_holds_in_its_time_and_a_later_version_in_its(self, tmp_path: Path):
        """Validity is of the item, effect of the version; the former version stays for what it was cited by."""
        county = with_list(tmp_path, LAND, DutyItem("520402-F-01", FINANCE, "loan", valid_to=date(2026, 2, 28)))
        moved = DutyItem("520402-W-01", WATER, "land_use")
        county.act("office", AdoptDutyList("2026-2", date(2026, 3, 9), (moved,)), COUNTY)

        with county.node.store.read() as view:
            on = {day: duty_list(view.connection, COUNTY, day) for day in (date(2026, 2, 13), date(2026, 3, 1), date(2026, 3, 9))}
        assert ["2026-1", "2026-1", "2026-2"] == [one.version for one in on.values()]
        assert [True, False] == [found.item("520402-F-01", day) is not None for day, found in list(on.items())[:2]]
        assert [WATER] == [one.unit for one in on[date(2026, 3, 9)].items]

    def test_the_same_list_again_is_nothing_and_a_department_keeps_none(self, tmp_path: Path):
        """Repeatable; the centre's alone."""
        county = with_list(tmp_path)

        again = county.act("office", AdoptDutyList("2026-1", date(2026, 2, 1), (PIPES, NOT_PIPES, LAND)), COUNTY)

        assert () == again.entries
        with refuses(Code.PERMISSION_DENIED, role="department"):
            county.act("department", AdoptDutyList("2026-2", date(2026, 2, 1), (LAND,)), COUNTY, "housing")


class TestCiting:
    """USERS B15: an objection cites an item, or says that the list has none; it always names the right body."""

    @pytest.mark.parametrize(
        ("cited", "none_listed", "proposed", "code"),
        [
            ("", False, WATER, Code.FIELD_REQUIRED),
            ("520402-X-99", False, WATER, Code.DUTY_ITEM_UNKNOWN),
            # The water department's item does not make it the finance department's duty.
            (PIPES.code, False, FINANCE, Code.DUTY_ITEM_OTHER),
            # It is about another matter.
            (LAND.code, False, HOUSING, Code.MALFORMED_COMMAND),
            ("", True, WATER, Code.DUTY_LISTED),
            (PIPES.code, False, "", Code.FIELD_REQUIRED),
        ],
    )
    def test_what_does_not_prove_it(self, tmp_path: Path, cited: str, none_listed: bool, proposed: str, code: Code):
        """Neither, unknown, another's, another matter's, a false statement, nobody named."""
        county = with_list(tmp_path)
        ticket = sent(county, matter="water_pipe")

        with refuses(code):
            county.act("department", Object(WHY, proposed, cited, none_listed), ticket, "housing")

    @pytest.mark.parametrize("cited", [PIPES.code, NOT_PIPES.code])
    def test_the_other_units_item_or_a_negative_one_proves_it(self, tmp_path: Path, cited: str):
        """What the list says somebody does, or does not do."""
        county = with_list(tmp_path)
        ticket = sent(county, matter="water_pipe")

        county.act("department", Object(WHY, WATER, cited), ticket, "housing")

        assert (State.OBJECTED, cited) == (the(county, ticket).state, page_of(county, ticket).timeline[-1].facts["duty_item"])

    def test_a_matter_that_the_list_does_not_know_is_said_to_have_none(self, tmp_path: Path):
        """The statement stands in the file."""
        county = with_list(tmp_path)
        ticket = sent(county, matter="drone_flights")

        county.act("department", Object(WHY, WATER, none_listed=True), ticket, "housing")

        assert page_of(county, ticket).timeline[-1].facts["none_listed"]

    def test_a_node_without_a_list_asks_for_none(self, tmp_path: Path):
        """USERS B15: on day one the catalogue is empty."""
        county = a_county(tmp_path)
        ticket = sent(county)

        county.act("department", Object(WHY, WATER), ticket, "housing")

        assert State.OBJECTED is the(county, ticket).state


class TestPrecedents:
    """FEATURES 36: each ruling is a precedent that later dispatches show and that ends the repeat."""

    def settled(self, county: Hands) -> str:
        """Water had to take a matter of land use: the housing department objected, and the office agreed."""
        ticket = sent(county)
        county.act("department", Object(WHY, WATER, none_listed=True), ticket, "housing")
        county.act("office", RuleObjection(is_upheld=True, reason=Text("属河道管理范围"), new_lead=WATER), ticket)
        return ticket

    def test_a_later_dispatch_shows_it_and_follows_it(self, tmp_path: Path):
        """“Same matter ruled to 水务局”."""
        county = a_county(tmp_path)
        ruled = self.settled(county)
        ticket = formed(county, matter="land_use")

        assert [(WATER, "precedent", ruled)] == advised(county, ticket)
        with refuses(Code.AGAINST_PRECEDENT, of=ruled, named=WATER, unit=HOUSING, ruled_on="2026-02-13"):
            county.act("office", Dispatch(HOUSING), ticket)
        county.act("office", Dispatch(WATER), ticket)

        assert ruled == page_of(county, ticket).timeline[-1].facts["precedent"]

    def test_who_was_named_may_not_object_to_the_same_matter_again(self, tmp_path: Path):
        """The refusal names the precedent."""
        county = a_county(tmp_path)
        ruled = self.settled(county)
        ticket = formed(county, matter="land_use")
        county.act("office", Dispatch(WATER), ticket)

        with refuses(Code.SETTLED_BEFORE, of=ruled, unit=WATER, matter="land_use", ruled_on="2026-02-13", body="office"):
            county.act("department", Object(WHY, HOUSING, none_listed=True), ticket, "water")

    def test_who_was_overruled_may_not_object_to_the_same_matter_again(self, tmp_path: Path):
        """Rejected once, for the unit that has it and this matter."""
        county = a_county(tmp_path)
        first = sent(county)
        county.act("department", Object(WHY, WATER), first, "housing")
        county.act("office", RuleObjection(is_upheld=False, reason=Text("属住建职责")), first)

        again, other = sent(county), sent(county, matter="noise")

        with refuses(Code.SETTLED_BEFORE, of=first, unit=HOUSING):
            county.act("department", Object(WHY, WATER), again, "housing")
        county.act("department", Object(WHY, WATER), other, "housing")
        assert State.OBJECTED is the(county, other).state

    @pytest.mark.parametrize("says_otherwise", [True, False])
    def test_a_list_that_says_something_else_opens_the_question_again(self, tmp_path: Path, says_otherwise: bool):
        """Facts changed: a version that says something else on the matter; a new one that only repeats it changes nothing."""
        county = with_list(tmp_path, LAND, PIPES)
        first, second = sent(county, WATER), sent(county, WATER)
        objection = Object(WHY, HOUSING, LAND.code)
        county.act("department", objection, first, "water")
        county.act("office", RuleObjection(is_upheld=False, reason=Text("涉及水源地，由水务局承办")), first)
        with refuses(Code.SETTLED_BEFORE, of=first, unit=WATER):
            county.act("department", objection, second, "water")

        law = "《中华人民共和国土地管理法》（2026年修正）" if says_otherwise else LAND.law_basis
        adopt(county, "2026-2", replace(LAND, law_basis=law), PIPES, DutyItem("520402-F-05", FINANCE, "loan"))

        if says_otherwise:
            county.act("department", objection, second, "water")
            assert State.OBJECTED is the(county, second).state
        else:
            with refuses(Code.SETTLED_BEFORE, of=first):
                county.act("department", objection, second, "water")

    def test_the_governments_choice_is_one_too(self, tmp_path: Path):
        """AS25-4.3.2b: final for the ticket, and settled for the next."""
        county = a_county(tmp_path)
        first = sent(county)
        county.act("department", Object(WHY, WATER), first, "housing")
        county.act("office", CoordinateObjection((HOUSING, WATER), has_failed=True, minutes=Text("未达成一致")), first)
        county.act("office", ReportToGovernment(Text("两部门意见不一")), first)
        county.act("government", RuleByGovernment(WATER), first, "government")

        ticket = formed(county, matter="land_use")
        county.act("office", Dispatch(WATER), ticket)
        with refuses(Code.SETTLED_BEFORE, of=first, body="government"):
            county.act("department", Object(WHY, HOUSING), ticket, "water")

    def test_a_matter_that_nobody_named_sets_none(self, tmp_path: Path):
        """Matter and unit make a precedent; without a matter there is nothing to recognise again."""
        county = a_county(tmp_path)
        ticket = sent(county, matter="")
        county.act("department", Object(WHY, WATER), ticket, "housing")
        county.act("office", RuleObjection(is_upheld=False, reason=WHY), ticket)

        assert "PrecedentSet" not in kinds_of(county, ticket)


class TestDeclining:
    """象山: back to who was asked first, and the centre decides once two have declined."""

    def declined(self, directory: Path) -> tuple[Hands, str]:
        """A ticket of the finance department's intake, which the housing department declined."""
        county = a_county(directory, pack="xiangshan-2025")
        ticket = registered(county, channel="centre_offline", first_contact=FINANCE)
        county.act("office", Form("coordination", "complex"), ticket)
        county.act("office", Dispatch(HOUSING), ticket)
        county.act("department", Object(WHY, WATER), ticket, "housing")
        return county, ticket

    def test_a_declined_ticket_is_back_with_unit_and_person(self, tmp_path: Path):
        """XS25-4.4.2a: U registers, V declines: it returns to U with P as owner; the field is fixed."""
        county, ticket = self.declined(tmp_path)

        found = the(county, ticket)
        assert (State.FORMED, With.FIRST_CONTACT, FINANCE) == (found.state, found.with_whom, clock_of(county, ticket, "reroute").owes)
        assert [(FINANCE, "a-window_clerk")] == [(one.unit, one.person) for one in found.desks if one.unit == FINANCE]
        assert [(HOUSING, "declined")] == [(one.unit, one.why) for one in found.held]

    def test_it_says_whom_it_proposes_and_the_office_dispatches(self, tmp_path: Path):
        """Answerable until another unit has received it."""
        county, ticket = self.declined(tmp_path)
        with refuses(Code.PERMISSION_DENIED, wanted=FINANCE):
            county.act("department", ProposeLead(WATER), ticket, "housing")

        county.act("department", ProposeLead(WATER), ticket, "finance")
        assert (With.OFFICE, WATER) == (the(county, ticket).with_whom, the(county, ticket).sorting.proposed)
        county.act("office", Dispatch(WATER), ticket)

        assert (State.DISPATCHED, WATER) == (the(county, ticket).state, the(county, ticket).lead)

    @pytest.mark.clause("XS25-4.3.2.2a")
    def test_once_two_declined_the_centre_decides_and_that_binds(self, tmp_path: Path):
        """XS25-4.3.2.2a: both A and B decline; the centre decides A with its reason; A cannot decline again."""
        county, ticket = self.declined(tmp_path)
        county.act("office", Dispatch(WATER), ticket)
        county.act("department", Object(WHY, HOUSING), ticket, "water")
        assert (State.OBJECTED, With.OFFICE) == (the(county, ticket).state, the(county, ticket).with_whom)

        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("office", RuleObjection(is_upheld=True, reason=Text(""), new_lead=HOUSING), ticket)
        county.act("office", RuleObjection(is_upheld=True, reason=Text("道路工程由住建局主管"), new_lead=HOUSING), ticket)

        assert (State.DISPATCHED, HOUSING) == (the(county, ticket).state, the(county, ticket).lead)
        with refuses(Code.DECISION_FINAL):
            county.act("department", Object(WHY, WATER), ticket, "housing")


class TestTakingBack:
    """USERS A6: the time the wrong unit held it is shown apart."""

    def test_what_wrong_units_held_stands_beside_the_ticket(self, tmp_path: Path):
        """Dispatched Friday, recalled on the make-up Saturday; dispatched again, signed, taken on the first day after the feast."""
        county = a_county(tmp_path, "2026-02-13 10:00")
        ticket = sent(county)
        county.later(days=1).act("office", Recall(Text("派错")), ticket)
        county.act("office", Dispatch(WATER), ticket)
        county.act("department", Sign(), ticket, "water")
        county.later(days=10).act("office", ChangeLead(Text("机构职能调整")), ticket)

        assert [(HOUSING, "recalled", 1), (WATER, "lead_changed", 1)] == [
            (one.unit, one.why, one.workdays) for one in the(county, ticket).held
        ]

    def test_an_upheld_objection_is_the_dispatchs_time_not_the_units(self, tmp_path: Path):
        """It is shown apart, too, with what it was."""
        county = a_county(tmp_path)
        ticket = sent(county)
        county.act("department", Object(WHY, WATER), ticket, "housing")
        county.act("office", RuleObjection(is_upheld=True, reason=WHY, new_lead=WATER), ticket)

        assert [(HOUSING, "upheld")] == [(one.unit, one.why) for one in the(county, ticket).held]


class TestSilence:
    """POLICY_PACKS 2 no. 12."""

    def test_silence_is_not_signing(self, tmp_path: Path):
        """The right to object is lost, the limit is overdue once, and nobody has signed."""
        county = a_county(tmp_path, "2026-02-13 10:00")
        ticket = sent(county)

        swept(county, "2026-02-25 00:00")
        swept(county, "2026-02-25 09:00")

        assert (State.DISPATCHED, 1) == (the(county, ticket).state, len(rungs_of(county, ticket, "sign", "overdue")))
        with refuses(Code.OBJECTION_PERIOD_OVER):
            county.act("department", Object(WHY, WATER), ticket, "housing")

    def test_where_the_pack_says_so_silence_signs(self, tmp_path: Path):
        """The clock's own word, marked as such; the limit that counts from signing runs from the day it was due."""
        rules = (
            '[sign]\non_silence = { value = "deemed_signed", default = "x" }\n[resolve]\nstarts_on = { value = "signed", default = "x" }\n'
        )
        county = a_county(tmp_path, "2026-02-13 10:00", rules=rules)
        ticket = sent(county)

        swept(county, "2026-02-26 09:00")
        swept(county, "2026-02-26 10:00")

        entries = [one for one in page_of(county, ticket).timeline if one.kind == "Signed"]
        assert [(Role.NODE.value, True)] == [(one.role, one.facts["is_deemed"]) for one in entries]
        # Two working days after Friday 13 February: 14 and 24; fifteen more for an unclassed limit: 17 March.
        assert (State.HANDLING, end_of("2026-03-16")) == (the(county, ticket).state, clock_of(county, ticket, "resolve").due_at)
