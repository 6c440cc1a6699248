"""What happens to a need between its number and its ticket: claimed, verified, hidden, merged, asked about, found again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from node.domain.directory import ListIntermediary
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.consent import AskMergeConsent, RecordMergeConsent
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.enquiry import LogEnquiry
from node.domain.ticket.filling import Conceal, RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.introduction import RecordIntroduction
from node.domain.ticket.merging import Merge, UndoMerge
from node.domain.ticket.objection import Object
from node.domain.ticket.offering import Claim, Offer, WithdrawOffer
from node.domain.ticket.state import State, With
from node.domain.ticket.supplement import AskSupplement, NotifySupplement, ReportSupplement
from node.packs.linter import check
from node.services import lookup, rebuild, ticket_view
from node.services.enterprises import file_page
from node.services.numbers import short_number
from node.services.openings import HANDLING, open_payloads
from node.services.progress import progress
from node.storage import schema
from tests.clauses.given import (
    HOUSING,
    PASSED,
    WATER,
    a_completion,
    a_county,
    beijing,
    clock_of,
    end_of,
    formed,
    listed,
    refuses,
    registered,
    swept,
    the,
)
from tests.support.node import Hands

FENGJIE, XIANGSHAN, HAIMEN = "500236", "330225", "320684"
CODE = "91350211M000100Y43"


def groups(directory: Path, *units: str, at: str = "2026-03-02 10:00") -> Hands:
    """奉节 2023 with the units of its groups."""
    county = a_county(directory, at, pack="fengjie-2023", code=FENGJIE)
    county.staff(*units)
    return county


class TestClaiming:
    """FJ23-2.3b, 2.3c: offered to the units of field and level; the first to claim has it."""

    @pytest.mark.clause("FJ23-2.3b")
    def test_of_two_that_claim_at_once_one_has_it(self, tmp_path: Path):
        """FJ23-2.3b: two parallel calls: exactly one succeeds, the other is told so; a unit of another field is rejected."""
        county = groups(tmp_path, "agriculture", "town_12")
        ticket = registered(county, "town_group", group="town_12")
        assert State.OFFERED is the(county, ticket).state
        county.act("office", WithdrawOffer(Text("两家均有职责")), ticket)
        both = ("agriculture", "town_12")
        county.act("office", Offer(tuple(f"{FENGJIE}-{unit}" for unit in both)), ticket)
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", Claim("general", "general"), ticket, "water")
        orders = [county.order("department", Claim("general", "general"), ticket, unit, account=f"d-{unit}") for unit in both]

        def answer(order: object) -> str:
            try:
                county.node.handler.handle(order)  # type: ignore[arg-type]
            except Refusal as refusal:
                return refusal.code.name
            return "claimed"

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(answer, orders))

        assert ["ALREADY_CLAIMED", "claimed"] == sorted(answers)
        winner = both[answers.index("claimed")]
        assert (State.HANDLING, f"{FENGJIE}-{winner}") == (the(county, ticket).state, the(county, ticket).lead)

    @pytest.mark.clause("FJ23-2.3c")
    def test_the_enterprise_sees_who_claimed_and_the_centre_has_the_rest(self, tmp_path: Path):
        """FJ23-2.3c: A stands on the status page; what nobody claims in two hours is the centre's to assign."""
        county = groups(tmp_path, "agriculture")
        claimed, left = (registered(county, "industry_group", group="modern_agriculture") for _ in range(2))
        county.act("department", Claim("general", "general"), claimed, "agriculture")

        with county.node.store.read() as view:
            code = view.payloads.query_code(the(county, claimed).subject)
            assert code is not None
            seen = progress(view, claimed, code, county.node.policies.bare(view).calendar, county.now)
        assert f"{FENGJIE}-agriculture" == seen.lead
        swept(county, "2026-03-02 11:59")
        assert State.OFFERED is the(county, left).state
        swept(county, "2026-03-02 12:00")
        after = the(county, left)
        assert (State.REGISTERED, With.OFFICE, "office") == (after.state, after.with_whom, clock_of(county, left, "form").owes)
        assert left in listed(county, mine=("office", f"{FENGJIE}-centre"))

    @pytest.mark.clause("FJ23-1.2b")
    def test_a_block_has_its_group_and_its_department(self, tmp_path: Path):
        """FJ23-1.2b: the group of modern agriculture goes to its department; a block without a group fails the check."""
        county = groups(tmp_path, "agriculture")
        ticket = registered(county, "industry_group", group="modern_agriculture")

        offered = the(county, ticket)
        assert (f"{FENGJIE}-agriculture", (f"{FENGJIE}-agriculture",)) == (
            offered.details.local_unit,
            offered.offer and offered.offer.units,
        )
        text = (Path("node/packs/fengjie-2023.toml")).read_text("utf-8")
        lacking = text.replace('industry_7 = { value = "unnamed_7", clause = "FJ23-1.2b" }\n', "")
        assert text != lacking
        assert "block_without_group" in {fault.rule.value for fault in check("fengjie-2023.toml", lacking)}

    @pytest.mark.clause("FJ23-1.3b")
    def test_three_hundred_and_twenty_three_village_groups(self, tmp_path: Path):
        """FJ23-1.3b: each under one of 33 towns; one without a parent fails the check."""
        county = groups(tmp_path)
        with county.node.store.read() as view:
            pack = county.node.policies.of_node(view, county.now).pack
        villages, towns = pack.names("groups.village"), set(pack.names("groups.town"))

        assert (323, 33) == (len(villages), len(towns))
        assert {True} == {pack.choice(f"group.parent.{village}") in towns for village in villages}
        text = Path("node/packs/fengjie-village-groups.toml").read_text("utf-8")
        orphaned = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("village_200 "))
        assert [("group.parent.village_200", "group_without_parent")] == [
            (fault.key, fault.rule.value) for fault in check("fengjie-village-groups.toml", orphaned) if fault.key.startswith("group.")
        ]


class TestHaimen:
    """HM20-3.1d: verified with the enterprise first."""

    @pytest.mark.clause("HM20-3.1d")
    def test_nothing_is_assigned_unverified(self, tmp_path: Path):
        """HM20-3.1d: rejected without a record; whatever is no plain confirmation has a note; time, person and result are kept."""
        county = a_county(tmp_path, "2026-03-02 10:00", pack="haimen-2020", code=HAIMEN)
        ticket = registered(county, "haiqitong_app")
        assert end_of("2026-03-02") == clock_of(county, ticket, "verification").due_at
        with refuses(Code.NOT_VERIFIED, ticket=ticket):
            county.act("office", Form("routine", "routine"), ticket)
        with refuses(Code.FIELD_REQUIRED, field="note"):
            county.act("office", RecordVerification("not_the_enterprise"), ticket)

        county.act("office", RecordVerification("confirmed"), ticket)
        county.act("office", Form("routine", "routine"), ticket)

        found = the(county, ticket)
        assert found.verification is not None
        assert (State.FORMED, county.now, "a-office", "confirmed") == (
            found.state,
            found.verification.at,
            found.verification.account,
            found.verification.result,
        )


class TestConcealment:
    """XS25-4.3.1.4, in every pack: the unit complained of neither sees the need nor is sent it."""

    def complaint(self, county: Hands) -> str:
        """A complaint about the housing bureau."""
        return registered(county, "platform", category="complaint", conceal_from=f"{county.node.code}-housing")

    @pytest.mark.parametrize(("pack", "code"), [("xixiu-2025", "520402"), ("fengjie-2023", FENGJIE)])
    def test_it_is_not_there_for_the_unit(self, tmp_path: Path, pack: str, code: str):
        """Its accounts find nothing: no page, no line in a list, no opening, no command; nor can it be dispatched there."""
        county = a_county(tmp_path, "2026-03-02 10:00", pack=pack, code=code)
        ticket = registered(county, "other", channel_note=Text("来访"), conceal_from=f"{code}-housing")
        housing = county.order("department", Sign(), ticket, "housing").actor
        centre = county.order("office", Sign(), ticket).actor

        def lines(viewer: object) -> list[str]:
            return listed(county, viewer=viewer)

        with county.node.store.read() as view, refuses(Code.SUBJECT_UNKNOWN):
            ticket_view.ticket_page(view, ticket, county.node.policies.bare(view).calendar, county.now, housing)
        assert ([], [ticket]) == (lines(housing), lines(centre))
        with county.node.store.write() as work, refuses(Code.SUBJECT_UNKNOWN):
            found = the(county, ticket)
            assert found.appellant.phone is not None
            open_payloads(work, housing, found, {"phone": found.appellant.phone}, HANDLING, county.now)  # type: ignore[dict-item]
        with refuses(Code.SUBJECT_UNKNOWN):
            county.act("department", LogEnquiry(), ticket, "housing")

    def test_nobody_can_send_it_there(self, tmp_path: Path):
        """Neither as lead nor as co-handler, nor by offering it."""
        county = a_county(tmp_path)
        ticket = self.complaint(county)
        with refuses(Code.COMPLAINED_OF, unit=HOUSING):
            county.act("office", Offer((HOUSING, WATER)), ticket)
        county.act("office", Form("complaint", "plain", PASSED), ticket)
        for command in (Dispatch(HOUSING), Dispatch(WATER, (HOUSING,))):
            with refuses(Code.COMPLAINED_OF, unit=HOUSING):
                county.act("office", command, ticket)

    def test_who_took_it_in_has_seen_it(self, tmp_path: Path):
        """A unit that has a part already, or runs the hub, cannot be hidden from; another one still can."""
        county = a_county(tmp_path)
        ticket = registered(county, "window", first_contact=HOUSING, judgement="foreign")
        with refuses(Code.SEEN_ALREADY, unit=HOUSING):
            county.act("office", Conceal((HOUSING,)), ticket)
        with refuses(Code.NONE_ABOVE_FOR_COMPLAINT):
            registered(county, "platform", conceal_from=f"{county.node.code}-centre")

        county.act("office", Conceal((WATER,)), ticket)

        assert (WATER,) == the(county, ticket).details.concealed


class TestMerging:
    """AS25-4.2.1.2b: with consent, by voice too; the earlier due time wins, and undoing gives each its own."""

    def test_consent_by_voice(self, tmp_path: Path):
        """The text that was read out, the answer, the way and who asked are kept; a refusal forbids the merge."""
        county = a_county(tmp_path)
        main, twin, third = (registered(county, "platform", credit_code=CODE) for _ in range(3))
        for ticket, answer in ((twin, True), (third, False)):
            county.act("window_clerk", AskMergeConsent(main, Text("您的两件诉求拟合并办理，是否同意？")), ticket)
            assert [ticket] == listed(county, traits=(("awaits_consent", "yes"),))
            county.act("window_clerk", RecordMergeConsent(answer, Text("同意" if answer else "不同意")), ticket)
            assert [] == listed(county, traits=(("awaits_consent", "yes"),))

        county.act("office", Merge(main), twin)
        with refuses(Code.CONSENT_REQUIRED):
            county.act("office", Merge(main), third)

        asked = the(county, twin).merge_consent
        assert asked is not None
        assert ("phone", "given", county.now) == (asked.way, asked.answer, asked.answered_at)
        assert (State.MERGED, (twin,)) == (the(county, twin).state, the(county, main).merge.taken_in)

    def test_the_earlier_due_time_wins(self, tmp_path: Path):
        """Ten working days and five: the main ticket is due with the five; split again it has its own ten."""
        county = a_county(tmp_path, "2026-03-02 10:00")
        main = formed(county, credit_code=CODE)
        twin = formed(county, "complaint", credit_code=CODE)
        assert (end_of("2026-03-16"), end_of("2026-03-09")) == tuple(clock_of(county, one, "resolve").due_at for one in (main, twin))

        county.act("office", Merge(main, "phone", Text("同意"), date(2026, 3, 2)), twin)
        assert end_of("2026-03-09") == clock_of(county, main, "resolve").due_at

        county.act("office", UndoMerge(main, Text("两件事不同")), twin)
        assert end_of("2026-03-16") == clock_of(county, main, "resolve").due_at

    def test_a_need_that_is_formed_later_keeps_the_earlier_due_time(self, tmp_path: Path):
        """Merged before the main need was formed: its limit is no later than that of what it took in."""
        county = a_county(tmp_path, "2026-03-02 10:00")
        main = registered(county, "platform", credit_code=CODE)
        twin = formed(county, "complaint", credit_code=CODE)
        county.act("office", Merge(main, "phone", Text("同意"), date(2026, 3, 2)), twin)

        county.at(beijing("2026-03-03 09:00")).act("office", Form("coordination", "plain", PASSED), main)

        assert end_of("2026-03-09") == clock_of(county, main, "resolve").due_at


def test_the_same_material_only_with_the_offices_approval(tmp_path: Path):
    """A second request for what was asked for before: only the office, and only with its reason."""
    county = a_county(tmp_path)
    ticket = registered(county, "platform")
    county.act("office", AskSupplement(("licence",)), ticket)
    county.act("office", NotifySupplement("phone"), ticket)
    county.act("office", ReportSupplement(("licence",)), ticket)
    with refuses(Code.ITEM_ASKED_BEFORE, items="licence"):
        county.act("office", AskSupplement(("licence", "site_plan")), ticket)

    county.act("office", AskSupplement(("licence",), again_reason=Text("复印件不清晰，经批准再次索要")), ticket)

    assert State.SUPPLEMENTING is the(county, ticket).state


@pytest.mark.clause("FJ25-1.2.4a")
def test_an_introduction_to_a_law_firm(tmp_path: Path):
    """FJ25-1.2.4a: the firm of the directory and the day stand on the ticket; without any nothing is completed."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack="fengjie-2025", code=FENGJIE)
    county.act("office", ListIntermediary("law-01", "law", "重庆某某律师事务所"), FENGJIE)
    ticket = registered(county, "website", category="other_matter", matter="intermediary_matching", topic="law")
    county.act("office", Form("other_matter", "general"), ticket)
    county.act("office", Dispatch(f"{FENGJIE}-housing"), ticket)
    county.act("department", Sign(), ticket, "housing")
    done = a_completion(county, standard="done", feedback_way="", feedback=None)
    with refuses(Code.INTRODUCTION_MISSING):
        county.act("department", done, ticket, "housing")
    with refuses(Code.NOT_LISTED, id="law-99"):
        county.act("department", RecordIntroduction("law-99"), ticket, "housing")

    county.act("department", RecordIntroduction("law-01", date(2026, 3, 2)), ticket, "housing")
    county.act("department", done, ticket, "housing")

    with county.node.store.read() as view:
        page = ticket_view.ticket_page(view, ticket, county.node.policies.bare(view).calendar, county.now)
    (entry,) = [entry for entry in page.timeline if entry.kind == "IntroductionRecorded"]
    assert ("law-01", date(2026, 3, 2), State.COMPLETED) == (entry.facts["intermediary"], entry.facts["introduced_on"], page.ticket.state)


@pytest.mark.clause("FJ25-2.5.3")
def test_a_common_appeal_of_five(tmp_path: Path):
    """FJ25-2.5.3: one ticket, marked common, in the files of all five; by other channels it is one at a time."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack="fengjie-2025", code=FENGJIE)
    files = [county.act("office", OpenEnterprise(Text(f"合作项目{n}"), "project")).subject.id for n in range(5)]
    appeal = {"category": "infrastructure", "enterprises": tuple(files)}
    with refuses(Code.NOT_COMMON):
        registered(county, "website", **appeal)

    ticket = registered(county, "social_organisation", finder="chamber", **appeal)

    assert tuple(files) == the(county, ticket).details.enterprises
    assert [ticket] == listed(county, traits=(("common", "yes"),))
    with county.node.store.read() as view:
        calendar = county.node.policies.bare(view).calendar
        pages = [file_page(view, file, calendar, county.now) for file in files]
    assert [[(ticket, "registered")]] * 5 == [[(line.ticket, line.state) for line in page.tickets] for page in pages]


@pytest.mark.clause("XS25-4.4.2a")
def test_who_was_asked_first_stays_answerable(tmp_path: Path):
    """XS25-4.4.2a: V declines, the ticket is back with U and P; who was asked first cannot be changed."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack="xiangshan-2025", code=XIANGSHAN)
    housing = f"{XIANGSHAN}-housing"
    taken = Register("centre_offline", Text("厂房门口积水"), name=Contact("王某"), first_contact=housing)
    ticket = county.act("department", taken, unit="housing", account="d-housing").subject.id
    category, complexity = _a_class(county)
    county.act("office", Form(category, complexity), ticket)
    county.act("office", Dispatch(f"{XIANGSHAN}-water"), ticket)
    county.act("department", Object(Text("不属我局职责"), f"{XIANGSHAN}-finance", none_listed=True), ticket, "water")

    after = the(county, ticket)
    owner = [(desk.unit, desk.person) for desk in after.desks if desk.unit == housing]
    assert (With.FIRST_CONTACT, housing, [(housing, "d-housing")]) == (after.with_whom, after.intake.first_contact, owner)
    with refuses(Code.VALUE_NOT_OFFERED, value="first_contact"):
        county.act("office", Correct("first_contact", f"{XIANGSHAN}-water", reason=Text("改派")), ticket)


def _a_class(county: Hands) -> tuple[str, str]:
    """A class of the pack in force and one of its complexities."""
    with county.node.store.read() as view:
        pack = county.node.policies.of_node(view, county.now).pack
    category = pack.names("classes")[0]
    return category, pack.names(f"complexities.{category}")[1]


class TestLookUp:
    """USERS C26: a phone, two characters of a name, a code or a former number; nothing is opened for it."""

    def found(self, county: Hands, said: str, role: str = "window_clerk") -> lookup.Found:
        viewer = county.order(role, LogEnquiry()).actor
        with county.node.store.read() as view:
            return lookup.find(view, said, viewer, county.node.policies.bare(view).calendar, county.now)

    def tickets(self, county: Hands, said: str) -> list[str]:
        return [line.ticket for line in self.found(county, said).tickets]

    def test_the_caller_is_found(self, tmp_path: Path):
        """By each of them, in whatever form it is typed, and by no piece of another."""
        county = a_county(tmp_path)
        ticket = registered(
            county,
            "hotline_12345",
            received_at=county.now,
            external_number="20260213-7",
            name=Contact("欧阳建国"),
            phone=Contact("138 0000-9876"),
        )
        other = registered(county, "platform", name=Contact("建设公司"), phone=Contact("13911112222"))

        for said in ("13800009876", "+86 138-0000-9876", "阳建", "欧阳建国", "20260213-7", ticket, short_number(ticket)):
            assert [ticket] == self.tickets(county, said), said
        assert [] == self.tickets(county, "阳国")
        assert [] == self.tickets(county, "1380000")
        assert [other] == self.tickets(county, "建设")
        with refuses(Code.PERMISSION_DENIED):
            self.found(county, "阳建", "department")

    def test_an_enterprise_brings_its_needs(self, tmp_path: Path):
        """By two characters of its name or its code: the file, and its open needs with who has them until when."""
        county = a_county(tmp_path, "2026-03-02 10:00")
        command = OpenEnterprise(Text("西秀区惠民餐饮店"), "enterprise", CODE, contact=Contact("赵某"), phone=Contact("13700001111"))
        file = county.act("office", command).subject.id
        ticket = formed(county, credit_code=CODE, name=Contact("店长"), phone=None)

        for said in ("惠民", CODE.lower(), "13700001111"):
            found = self.found(county, said)
            assert ([file], [ticket]) == ([one.id for one in found.enterprises], [one.ticket for one in found.tickets]), said
        (line,) = found.tickets
        assert ("office", date(2026, 3, 16), True) == (line.with_whom, line.due, line.is_open)

    def test_a_corrected_phone_is_found_and_the_wrong_one_is_not(self, tmp_path: Path):
        """What was wrong leads to nobody."""
        county = a_county(tmp_path)
        ticket = registered(county, "platform", phone=Contact("13800000001"))
        county.act("window_clerk", Correct("phone", contact=Contact("13800000002")), ticket)

        assert ([], [ticket]) == (self.tickets(county, "13800000001"), self.tickets(county, "13800000002"))

    def test_an_enquiry_is_an_event_of_its_own(self, tmp_path: Path):
        """FJ25-4.10.2c: each counts, and is shown with the line that is read aloud."""
        county = a_county(tmp_path)
        ticket = registered(county, "platform")
        for _ in range(3):
            county.later(hours=1).act("window_clerk", LogEnquiry("phone", told=Text("已告知进展")), ticket)

        (line,) = self.found(county, ticket).tickets
        assert (3, State.REGISTERED) == (line.enquiries, the(county, ticket).state)

    def test_the_index_holds_no_word_and_is_refilled(self, tmp_path: Path):
        """The table is of digests only; a rebuild drops and refills it, and erasing a need's keys drops its rows."""
        county = a_county(tmp_path)
        ticket = registered(county, "platform", name=Contact("欧阳建国"), phone=Contact("13800009876"))
        kept = registered(county, "platform", name=Contact("欧阳娜娜"), phone=Contact("13800005555"))
        with county.node.store.write() as work:
            rows = work.connection.execute(select(schema.lookups)).all()
            # Three digits stand in many a digest by chance; the beginning that both numbers share, in none.
            assert rows and not any("1380000" in str(value) or "欧阳" in str(value) for row in rows for value in (row.token, row.kind))
            work.connection.execute(delete(schema.lookups))
        assert [] == self.tickets(county, "欧阳")
        assert rebuild.rebuild(county.node.store).agrees
        assert [kept, ticket] == self.tickets(county, "欧阳")
        with county.node.store.write() as work:
            work.payloads.erase(the(county, ticket).subject)
        assert [kept] == self.tickets(county, "欧阳")
        assert rebuild.rebuild(county.node.store).agrees
        assert [kept] == self.tickets(county, "欧阳")
