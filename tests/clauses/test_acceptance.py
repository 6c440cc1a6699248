"""What is accepted, what is not, and what may be accepted with gaps: as each mechanism says."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain.duty_list import DutyItem
from node.domain.guide import AdoptGuide, GuideEntry
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.acceptance import NotAccept, RecordPersuasion
from node.domain.ticket.commitment import MakeGood
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import Reclassify
from node.domain.ticket.layers import RaiseLayer
from node.domain.ticket.state import State, With
from node.domain.ticket.termination import DecideWithdrawal, Withdraw
from node.services import figures, tallies
from node.services.duties import advice
from node.services.problem_list import problem_list
from node.storage import schema
from tests.clauses.given import COUNTY, HOUSING, WATER, a_county, clock_of, completed, kinds_of, refuses, registered, swept, the
from tests.support.node import Hands

FENGJIE, FENGJIE_2023, XIANGSHAN, HAIMEN = "fengjie-2025", "fengjie-2023", "xiangshan-2025", "haimen-2020"
CATEGORIES = ("policy_consultation", "approval_service", "financing_labour", "infrastructure", "enforcement")


def refusals(hands: Hands) -> dict[str, int]:
    """How many needs were not accepted, by ground."""
    with hands.node.store.read() as view:
        return dict(tallies.by_refusal(view))


def told(hands: Hands, ticket: str, template: str, audience: str = "appellant") -> int:
    """How many notices of that kind about the ticket are queued for somebody."""
    table = schema.notices
    wanted = (table.c.subject_id == ticket, table.c.template == template, table.c.audience == audience)
    with hands.node.store.read() as view:
        return len(view.connection.execute(select(table.c.entry).where(*wanted).distinct()).all())


class TestNotAccepting:
    """The grounds are the pack's; a refusal is an outcome of its own."""

    @pytest.mark.clause("FJ25-1.3a")
    def test_unlawful_with_a_note(self, tmp_path: Path):
        """FJ25-1.3a: one reason code and a written note; the appellant is told, once."""
        county = a_county(tmp_path, pack=FENGJIE)
        ticket = registered(county, "website", category="infrastructure")
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("office", NotAccept(""), ticket)
        with refuses(Code.FIELD_REQUIRED, field="note"):
            county.act("office", NotAccept("unlawful"), ticket)
        before = told(county, ticket, "state")

        county.act("office", NotAccept("unlawful", note=Text("诉求违反规划强制性规定")), ticket)

        found = the(county, ticket)
        assert (State.NOT_ACCEPTED, "unlawful", 1) == (
            found.state,
            found.refused and found.refused.reason,
            told(county, ticket, "state") - before,
        )

    @pytest.mark.clause("FJ25-1.3b")
    def test_against_the_unified_market_is_counted_apart(self, tmp_path: Path):
        """FJ25-1.3b: two by this code, one as unlawful."""
        county = a_county(tmp_path, pack=FENGJIE)
        for reason in ("against_unified_market", "unlawful", "against_unified_market"):
            county.act("office", NotAccept(reason, note=Text("已说明")), registered(county, "website", category="enforcement"))

        assert {"against_unified_market": 2, "unlawful": 1} == refusals(county)

    @pytest.mark.clause("AS25-4.2.2b")
    def test_a_registered_ticket_ends_by_its_ground_and_no_rate_moves(self, tmp_path: Path):
        """AS25-4.2.2b: without a reason refused; with reason 1 it is over; completed stays, not accepted rises by one."""
        county = a_county(tmp_path)
        completed(county)
        ticket = registered(county)
        with county.node.store.read() as view:
            before = figures.counts(view, county.now)
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("office", NotAccept(""), ticket)

        county.act("office", NotAccept("unlawful"), ticket)

        with county.node.store.read() as view:
            after = figures.counts(view, county.now)
        assert State.NOT_ACCEPTED is the(county, ticket).state
        assert (before.completed, before.on_time, before.not_accepted + 1) == (after.completed, after.on_time, after.not_accepted)

    @pytest.mark.clause("AS25-4.2.2.3")
    def test_a_dispute_between_market_players_is_a_ground_of_anshun_alone(self, tmp_path: Path):
        """AS25-4.2.2.3: stored with the other party, counted as such; Haimen does not offer it."""
        anshun, haimen = a_county(tmp_path / "anshun"), a_county(tmp_path / "haimen", pack=HAIMEN)
        here, there = registered(anshun), registered(haimen, channel="haiqitong_app")

        anshun.act("office", NotAccept("market_dispute", other_party=Contact("乙公司")), here)
        with refuses(Code.REFUSAL_NOT_ALLOWED):
            haimen.act("office", NotAccept("market_dispute"), there)

        assert ({"market_dispute": 1}, {}) == (refusals(anshun), refusals(haimen))
        assert (State.NOT_ACCEPTED, State.REGISTERED) == (the(anshun, here).state, the(haimen, there).state)

    @pytest.mark.clause("HM20-2.1a")
    def test_haimen_accepts_everything(self, tmp_path: Path):
        """HM20-2.1a: twenty problems, twenty accepted and numbered; refusing is not there."""
        haimen = a_county(tmp_path, pack=HAIMEN)
        tickets = [registered(haimen, channel="haiqitong_app") for _ in range(20)]
        with refuses(Code.REFUSAL_NOT_ALLOWED, ticket=tickets[0]):
            haimen.act("office", NotAccept("unlawful", note=Text("x")), tickets[0])

        for ticket in tickets:
            haimen.act("office", RecordVerification("confirmed"), ticket)
            haimen.act("office", Form("routine", "routine"), ticket)

        assert {State.FORMED} == {the(haimen, ticket).state for ticket in tickets}
        assert (20, 0) == (len({the(haimen, ticket).number for ticket in tickets}), figures_of(haimen).not_accepted)

    def test_a_refusal_is_over_once_it_was_explained(self, tmp_path: Path):
        """AS25-4.2.2a: the first-contact department owes the persuasion until it recorded it."""
        county = a_county(tmp_path)
        ticket = registered(county, first_contact=HOUSING, judgement="own_duty")
        county.act("office", NotAccept("unlawful"), ticket)
        assert (With.FIRST_CONTACT, HOUSING) == (the(county, ticket).with_whom, clock_of(county, ticket, "persuasion").owes)

        county.act("department", RecordPersuasion("phone", Text("已当面说明")), ticket, "housing")

        assert With.NOBODY is the(county, ticket).with_whom


def figures_of(hands: Hands) -> figures.Counts:
    """The node's counts."""
    with hands.node.store.read() as view:
        return figures.counts(view, hands.now)


class TestGaps:
    """FJ25-3.7.3a: notice-and-commitment, acceptance with gaps."""

    def accepted(self, county: Hands, **fields: object) -> str:
        """An approval matter that lacks copies, promised for 10 March."""
        ticket = registered(county, "website", category="approval_service")
        paper = county.node.blobs.put("承诺书".encode())
        given = {"gaps": ("copies",), "gaps_due": date(2026, 3, 10), "evidence": (paper,)} | fields
        county.act("office", Form("approval_service", "general", **given), ticket)  # type: ignore[arg-type]
        return ticket

    @pytest.mark.clause("FJ25-3.7.3a")
    def test_a_secondary_item_may_follow_and_a_main_one_may_not(self, tmp_path: Path):
        """FJ25-3.7.3a: due 2026-03-10: accepted, reminded; on 03-11 without the item marked; a main item missing: refused."""
        county = a_county(tmp_path, "2026-03-02 10:00", pack=FENGJIE)
        with refuses(Code.MAIN_ITEM_MISSING, items="business_licence"):
            self.accepted(county, gaps=("copies", "business_licence"))
        ticket = self.accepted(county)
        promised = the(county, ticket).gap_commitment
        assert (State.FORMED, ("copies",), date(2026, 3, 10)) == (
            the(county, ticket).state,
            promised and promised.gaps,
            promised and promised.due,
        )

        swept(county, "2026-03-10 23:00")
        assert (1, False) == (told(county, ticket, "rung"), self.is_broken(county, ticket))
        swept(county, "2026-03-11 09:00")
        swept(county, "2026-03-11 10:00")

        assert (True, 1) == (self.is_broken(county, ticket), kinds_of(county, ticket).count("CommitmentBroken"))

    def is_broken(self, county: Hands, ticket: str) -> bool:
        promised = the(county, ticket).gap_commitment
        return promised is not None and promised.is_broken

    def test_what_came_in_time_breaks_nothing(self, tmp_path: Path):
        """Item by item; the clock stops with the last."""
        county = a_county(tmp_path, "2026-03-02 10:00", pack=FENGJIE)
        ticket = self.accepted(county, gaps=("copies", "photographs"))
        county.act("window_clerk", MakeGood(("copies",)), ticket)
        with refuses(Code.VALUE_NOT_OFFERED, value="premises_proof"):
            county.act("window_clerk", MakeGood(("premises_proof",)), ticket)
        county.act("window_clerk", MakeGood(("photographs",)), ticket)

        swept(county, "2026-03-12 09:00")

        promised = the(county, ticket).gap_commitment
        assert promised is not None and not promised.is_broken and promised.made_good_at is not None

    @pytest.mark.parametrize(
        ("category", "fields", "code"),
        [
            ("infrastructure", {}, Code.VALUE_NOT_OFFERED),
            ("approval_service", {"gaps_due": None}, Code.FIELD_REQUIRED),
            ("approval_service", {"gaps_due": date(2026, 3, 1)}, Code.DATE_TOO_EARLY),
            ("approval_service", {"evidence": ()}, Code.FIELD_REQUIRED),
            ("approval_service", {"evidence": ("ab" * 32,)}, Code.EVIDENCE_UNKNOWN),
        ],
    )
    def test_refusals(self, tmp_path: Path, category: str, fields: dict[str, object], code: Code):
        """Another class, no day, a day that passed, no signed paper, a paper that is not here."""
        county = a_county(tmp_path, "2026-03-02 10:00", pack=FENGJIE)
        ticket = registered(county, "website", category=category)
        paper = county.node.blobs.put("承诺书".encode())
        given = {"gaps": ("copies",), "gaps_due": date(2026, 3, 10), "evidence": (paper,)} | fields

        with refuses(code):
            county.act("office", Form(category, "general", **given), ticket)  # type: ignore[arg-type]


class TestClasses:
    """What belongs where is data of the pack and of its guide."""

    @pytest.mark.clause("FJ25-3.6a")
    def test_fengjies_categories(self, tmp_path: Path):
        """FJ25-3.6a: each of the five is taken in; none without one; Anshun does not offer them."""
        fengjie, anshun = a_county(tmp_path / "f", pack=FENGJIE), a_county(tmp_path / "a")

        assert list(CATEGORIES) == [the(fengjie, registered(fengjie, "website", category=one)).classing.category for one in CATEGORIES]
        with refuses(Code.FIELD_REQUIRED, field="category"):
            registered(fengjie, "website")
        for one in CATEGORIES:
            with refuses(Code.VALUE_NOT_OFFERED, value=one):
                registered(anshun, category=one)

    @pytest.mark.clause("FJ25-3.6b")
    def test_a_ticket_keeps_the_version_of_the_guide_it_was_sorted_by(self, tmp_path: Path):
        """FJ25-3.6b: v1, T1; v2 with another unit for infrastructure, T2: each stores its own, T2 proposes the new unit."""
        county = a_county(tmp_path, pack=FENGJIE)
        usual = GuideEntry("infrastructure", definition="水电路气讯", examples=("厂区道路",), key_words=("道路",), default_unit=HOUSING)
        county.act("office", AdoptGuide("v1", date(2026, 2, 1), (usual,)), COUNTY)
        first = registered(county, "website", category="infrastructure")
        county.act("office", AdoptGuide("v2", date(2026, 2, 1), (GuideEntry("infrastructure", default_unit=WATER),)), COUNTY)
        second = registered(county, "website", category="infrastructure")

        assert ("v1", "v2") == (the(county, first).sorting.guide, the(county, second).sorting.guide)
        with county.node.store.read() as view:
            policy = county.node.policies.for_ticket(view, the(county, second), county.now)
            found = advice(view, second, policy, county.now).proposals
        assert [(WATER, "guide", "v2")] == [(one.unit, one.ground, one.of) for one in found]

    @pytest.mark.clause("XS25-4.2a")
    def test_the_standard_is_the_centres_and_nothing_lies_outside_it(self, tmp_path: Path):
        """XS25-4.2a: the centre adds a kind, a department may not; a type outside the standard is refused."""
        county = a_county(tmp_path, pack=XIANGSHAN)
        types = tuple(GuideEntry(one) for one in ("consultation", "coordination", "suggestion", "complaint"))
        county.act("office", AdoptGuide("2025-1", date(2025, 1, 7), types), COUNTY)
        more = (*types, GuideEntry("coordination", "land_quota"))
        with refuses(Code.PERMISSION_DENIED, role="department"):
            county.act("department", AdoptGuide("2025-2", date(2025, 1, 7), more), COUNTY, "housing")
        ticket = registered(county, channel="centre_offline")
        with refuses(Code.VALUE_NOT_OFFERED, value="land_quota"):
            county.act("office", Form("coordination", "simple", subtype="land_quota"), ticket)

        county.act("office", AdoptGuide("2025-2", date(2025, 1, 7), more), COUNTY)

        with refuses(Code.VALUE_NOT_OFFERED, value="tax_refund"):
            county.act("office", Form("tax_refund", "simple"), ticket)
        county.act("office", Form("coordination", "simple", subtype="land_quota"), ticket)
        assert ("land_quota", "2025-2") == (the(county, ticket).sorting.subtype, the(county, ticket).sorting.guide)

    def test_composite_has_one_of_its_three_grounds(self, tmp_path: Path):
        """FJ23-2.1b: no ground, refused; crossing functions, taken; a ground that is another's, refused."""
        county = a_county(tmp_path, pack=FENGJIE_2023)
        ticket = registered(county, channel="peoples_voice_line", received_at=county.now)
        with refuses(Code.FIELD_REQUIRED, field="grounds"):
            county.act("office", Form("composite", "composite"), ticket)
        with refuses(Code.VALUE_NOT_OFFERED, value="wide_scope"):
            county.act("office", Form("composite", "composite", grounds=("wide_scope",)), ticket)

        county.act("office", Form("composite", "composite", grounds=("crossing_functions",)), ticket)

        assert ("composite", ("crossing_functions",)) == (the(county, ticket).classing.complexity, the(county, ticket).sorting.grounds)

    @pytest.mark.clause("FJ23-2.4a")
    def test_a_key_matter_has_its_ground_and_opens_the_leaders_door(self, tmp_path: Path):
        """FJ23-2.4a: no ground, refused; hard to solve, taken, and it may be put to a leader; a plain one may not."""
        county = a_county(tmp_path, pack=FENGJIE_2023)
        plain, ticket = (registered(county, channel="peoples_voice_line", received_at=county.now) for _ in range(2))
        county.act("office", Form("general", "general"), plain)
        with refuses(Code.VALUE_NOT_OFFERED, value="general"):
            county.act("office", RaiseLayer("leader", Text("请领导领办")), plain)
        county.act("office", Form("general", "general"), ticket)
        with refuses(Code.FIELD_REQUIRED, field="grounds"):
            county.act("office", Reclassify("key", "key_difficult", Text("难度大")), ticket)

        county.act("office", Reclassify("key", "key_difficult", Text("难度大"), grounds=("hard_to_solve",)), ticket)
        county.act("office", RaiseLayer("leader", Text("请领导领办")), ticket)

        assert (("hard_to_solve",), With.LEADER) == (the(county, ticket).sorting.grounds, the(county, ticket).with_whom)


class TestNumbers:
    """HM20-3.2a, 4.3a: year, class, serial; one series; a number is given once."""

    @pytest.mark.clause("HM20-3.2a")
    def test_numbers_say_year_and_class_and_are_never_reused(self, tmp_path: Path):
        """HM20-3.2a: three of class A, two of class B: five numbers; what was struck out leaves its number used."""
        county = a_county(tmp_path, pack=HAIMEN)
        classes = ("routine", "routine", "complex_or_statutory", "routine", "complex_or_statutory")
        tickets = [self.numbered(county, one) for one in classes]
        assert ["HM2026A0001", "HM2026A0002", "HM2026B0003", "HM2026A0004", "HM2026B0005"] == [the(county, one).number for one in tickets]

        county.act("enterprise", Withdraw(Text("问题已自行解决")), tickets[4])
        county.act("office", DecideWithdrawal(is_granted=True, reason=Text("已核实")), tickets[4])

        again = self.numbered(county, "complex_or_statutory")
        assert (State.TERMINATED, "HM2026B0006") == (the(county, tickets[4]).state, the(county, again).number)

    def numbered(self, county: Hands, category: str) -> str:
        complexity = "routine" if category == "routine" else "complex"
        ticket = registered(county, channel="haiqitong_app")
        county.act("office", RecordVerification("confirmed"), ticket)
        county.act("office", Form(category, complexity), ticket)
        return ticket

    def test_the_series_begins_anew_with_the_year(self, tmp_path: Path):
        """The number says the year."""
        county = a_county(tmp_path, "2026-12-31 10:00", pack=HAIMEN)
        last = self.numbered(county, "routine")
        county.later(days=2)

        first = self.numbered(county, "routine")

        assert ("HM2026A0001", "HM2027A0001") == (the(county, last).number, the(county, first).number)


@pytest.mark.clause("XS25-4.2c")
def test_the_problem_list_of_the_day(tmp_path: Path):
    """XS25-4.2c: five of eight new items were judged: numbered with class, layer, level and unit; three wait, with their age."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack=XIANGSHAN)
    tickets = [registered(county, channel="centre_offline", title=Text(str(one))) for one in range(8)]
    county.later(days=1)
    for ticket in tickets[:5]:
        county.act("office", Form("coordination", "hard", layer="centre", level="county", proposed_unit=HOUSING), ticket)

    with county.node.store.read() as view:
        found = problem_list(view, county.now)

    assert [(place, "coordination", "centre", "county", HOUSING) for place in range(1, 6)] == [
        (one.place, one.category, one.layer, one.level, one.proposed) for one in found.judged
    ]
    assert [(ticket, 1) for ticket in tickets[5:]] == [(one.ticket, one.age_days) for one in found.waiting]


def test_an_item_of_the_list_knows_its_time() -> None:
    """Both ends are included."""
    item = DutyItem("1", HOUSING, "m", valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 31))

    assert [False, True, True, False] == [item.holds_on(date(2025, 12, 31) if n == 0 else day) for n, day in enumerate(
        (date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1))
    )]  # fmt: skip
