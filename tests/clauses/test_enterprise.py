"""One enterprise, one file: what stands in it, what follows from it, and whom it serves."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from node.domain.credit_code import _check_character, _organisation_check
from node.domain.directory import JoinGroup
from node.domain.enterprise.contact import AssignOfficial, SetContact, VisitEnterprise
from node.domain.enterprise.filing import LinkEnterprise, OpenEnterprise, RenameEnterprise, TagEnterprise, UpdateEnterprise
from node.domain.enterprise.record import Enterprise
from node.domain.enterprise.service import AssignAgent, DrawService, GrantBenefit, RecordStep
from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code
from node.domain.support_policy import PublishSupportPolicy
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.services import enterprises
from node.services.enterprises import Wanted
from node.services.intake_facts import file_of
from node.services.openings import HANDLING, STATISTICS, open_payloads
from tests.clauses.given import a_completion, a_county, beijing, refuses, registered, the, words_at
from tests.support.node import Hands

FENGJIE = "500236"
CODE = "91350211M000100Y43"


def a_code(division: str, serial: int) -> str:
    """A unified code that passes every check: authority 9, class 1, registered in *division*."""
    organisation = f"MA5{serial:05d}"
    body = f"91{division}{organisation}{_organisation_check(organisation)}"
    return body + _check_character(body)


def opened(hands: Hands, name: str = "西秀区惠民餐饮店", **fields: Any) -> str:
    """A file."""
    return hands.act("office", OpenEnterprise(Text(name), **fields)).subject.id


def file(hands: Hands, id: str) -> Enterprise:
    """The file as this node knows it."""
    with hands.node.store.read() as view:
        found = file_of(view, id)
    assert found is not None
    return found


def page(hands: Hands, id: str) -> enterprises.FilePage:
    """The file with its needs."""
    with hands.node.store.read() as view:
        return enterprises.file_page(view, id, hands.node.policies.bare(view).calendar, hands.now)


def found(hands: Hands, **wanted: Any) -> list[str]:
    """What a search finds."""
    with hands.node.store.read() as view:
        return enterprises.search(view, Wanted(**wanted))


def fengjie(directory: Path, pack: str = "fengjie-2025") -> Hands:
    """奉节."""
    return a_county(directory, "2026-03-02 10:00", pack=pack, code=FENGJIE)


class TestFile:
    """FJ25-2.4.4c: exactly one a subject."""

    @pytest.mark.clause("FJ25-2.4.4c")
    def test_one_file_a_code(self, tmp_path: Path):
        """FJ25-2.4.4c: the second one is rejected and names the first; needs of three channels with that code lie in it."""
        county = a_county(tmp_path)
        id = opened(county, credit_code=CODE)
        with refuses(Code.ALREADY_EXISTS, id=id):
            opened(county, "同码企业", credit_code=CODE.lower())
        tickets = [registered(county, channel, credit_code=CODE) for channel in ("platform", "window")]
        tickets.append(registered(county, "visit", enterprise=id))

        assert sorted(tickets, reverse=True) == [line.ticket for line in page(county, id).tickets]
        assert {id} == {the(county, ticket).appellant.enterprise for ticket in tickets}

    def test_a_personal_code_is_sealed_and_still_one_file(self, tmp_path: Path):
        """The code of an individual business stands nowhere in the open; its second file is rejected all the same."""
        county = a_county(tmp_path)
        code = _personal_code()
        id = opened(county, subject_type="individual_business", credit_code=code)

        assert ("", True) == (file(county, id).credit_code, isinstance(file(county, id).private_code, SealedRef))
        with refuses(Code.ALREADY_EXISTS, id=id):
            opened(county, subject_type="individual_business", credit_code=code)

    def test_a_wrong_code_is_refused_and_none_is_refused(self, tmp_path: Path):
        """Everything but a project or a person has a code, and a right one."""
        county = a_county(tmp_path)
        with refuses(Code.CREDIT_CODE_INVALID):
            opened(county, credit_code="91350211M000100Y4")
        with refuses(Code.FIELD_REQUIRED, field="credit_code"):
            opened(county)

    def test_names_contacts_officials_and_tags_keep_their_history(self, tmp_path: Path):
        """Who was to be reached, and what it was called, stays; what is current is the last."""
        county = a_county(tmp_path)
        id = opened(county, credit_code=CODE, contact=Contact("赵某"), phone=Contact("13700001111"))
        county.later(days=1).act("office", SetContact(Contact("钱某"), Contact("13700002222"), Contact("总经理")), id)
        county.act("office", RenameEnterprise(Text("西秀区惠民餐饮有限公司")), id)
        county.act("office", TagEnterprise(("key_project",)), id)
        county.act("office", AssignOfficial("a-office"), id)
        county.act("office", UpdateEnterprise(size="small"), id)

        known = file(county, id)
        assert [county.now, None] == [one.until for one in known.people]
        assert (2, 2, ("key_project",), "small") == (len(known.people), len(known.names), known.tags, known.size)
        assert ["a-office"] == [official.account for official in known.officials]

    @pytest.mark.clause("FJ25-0.1")
    def test_no_contact_without_a_purpose(self, tmp_path: Path):
        """FJ25-0.1: without one it is rejected; three in a month stand there with day, unit and purpose."""
        county = fengjie(tmp_path)
        id = opened(county, credit_code=a_code(FENGJIE, 1))
        with refuses(Code.FIELD_REQUIRED, field="purpose"):
            county.act("office", VisitEnterprise(visited_on=date(2026, 3, 2)), id)
        ticket = registered(county, "website", category="other_matter", enterprise=id)
        visits = (("planned_visit", ""), ("ticket", ticket), ("policy_service", ""))
        for day, (purpose, about) in enumerate(visits, 2):
            county.at(beijing(f"2026-03-{day:02d} 11:00"))
            county.act("department", VisitEnterprise(purpose, ticket_number=about), id, "housing")

        assert [(date(2026, 3, day), f"{FENGJIE}-housing", purpose) for day, (purpose, _) in enumerate(visits, 2)] == [
            (visit.on, visit.unit, visit.purpose) for visit in file(county, id).visits
        ]


class TestWhoIsServed:
    """FJ25-1.1.2, 1.1.3: projects and natives."""

    @pytest.mark.clause("FJ25-1.1.2")
    def test_a_project_becomes_an_enterprise(self, tmp_path: Path):
        """FJ25-1.1.2: without a code it files; once it is an enterprise, its ticket stands in that file."""
        county = fengjie(tmp_path)
        project = opened(county, "脐橙深加工项目", subject_type="project")
        ticket = registered(county, "website", category="infrastructure", appellant_kind="project", enterprise=project)
        enterprise = opened(county, "奉节某某食品有限公司", credit_code=a_code(FENGJIE, 2))

        county.act("office", LinkEnterprise("became", enterprise), project)

        shown = page(county, enterprise)
        assert ((project,), [ticket]) == (shown.tied, [line.ticket for line in shown.tickets])
        assert ("became", enterprise) == (file(county, project).state, file(county, project).became)
        assert [ticket] == [line.ticket for line in page(county, project).tickets]

    @pytest.mark.clause("FJ25-1.1.3")
    def test_a_native_from_elsewhere_and_his_enterprise(self, tmp_path: Path):
        """FJ25-1.1.3: both can file; the same enterprise without the tie is out of scope."""
        county = fengjie(tmp_path)
        away = a_code("350211", 3)
        common = {"category": "other_matter", "credit_code": away}
        with refuses(Code.SUBJECT_OUT_OF_SCOPE, division="350211"):
            registered(county, "website", **common)
        native = opened(county, "夔门籍企业家李某", subject_type="person", is_native=True, division="350211")
        linked = opened(county, "厦门某某有限公司", credit_code=away, division="350211")
        with refuses(Code.SUBJECT_OUT_OF_SCOPE, division="350211"):
            registered(county, "website", **common)

        county.act("office", LinkEnterprise("native_of", native), linked)

        by_enterprise = registered(county, "website", **common)
        by_person = registered(county, "website", category="other_matter", appellant_kind="person", enterprise=native)
        assert [by_enterprise] == [line.ticket for line in page(county, linked).tickets]
        assert [by_person] == [line.ticket for line in page(county, native).tickets]


class TestServices:
    """Service packages, agents, policies, groups."""

    @pytest.mark.clause("FJ25-1.2.4b")
    def test_the_package_is_for_small_ones(self, tmp_path: Path):
        """FJ25-1.2.4b: a micro enterprise draws, and it is counted; a large one is not eligible."""
        county = fengjie(tmp_path)
        micro = opened(county, credit_code=a_code(FENGJIE, 1), size="micro")
        large = opened(county, credit_code=a_code(FENGJIE, 2), size="large")

        county.act("office", DrawService("legal_advice"), micro)

        assert ["legal_advice"] == [draw.item for draw in file(county, micro).draws]
        with refuses(Code.NOT_ELIGIBLE, item="legal_advice"):
            county.act("office", DrawService("legal_advice"), large)

    @pytest.mark.clause("FJ25-3.7.3b")
    def test_a_park_project_has_an_agent(self, tmp_path: Path):
        """FJ25-3.7.3b: it is on the list of those that lack one until one is assigned, who files for it."""
        county = fengjie(tmp_path)
        project = opened(county, "生态工业园区项目", subject_type="project", is_park=True)
        assert [project] == found(county, lacks_agent=True)

        county.act("office", AssignAgent("a-specialist"), project)
        county.act("specialist", RecordStep("registration"), project)

        assert [] == found(county, lacks_agent=True)
        filing = Register(
            "website",
            Text("项目用电报装"),
            category="infrastructure",
            appellant_kind="project",
            enterprise=project,
            name=Contact("项目公司"),
        )
        ticket = county.act("specialist", filing).subject.id
        shown = the(county, ticket)
        assert ("a-specialist", project) == (shown.intake.registered_by, shown.appellant.enterprise)
        assert (("registration",), "a-specialist") == (file(county, project).steps, file(county, project).agent)

    @pytest.mark.clause("FJ23-1.1b")
    def test_who_is_invited_into_the_key_group(self, tmp_path: Path):
        """FJ23-1.1b: of three tagged two are in, one is to be invited; an untagged one asks for a reason."""
        county = fengjie(tmp_path, "fengjie-2023")
        tagged = [opened(county, credit_code=a_code(FENGJIE, n), tags=("major_taxpayer",)) for n in range(3)]
        plain = opened(county, credit_code=a_code(FENGJIE, 9))
        for id in tagged[:2]:
            county.act("office", JoinGroup("key_enterprises", enterprise=id), FENGJIE)

        with county.node.store.read() as view:
            tags = county.node.policies.of_node(view, county.now).pack.names("groups.key_enterprise_tags")
            assert [tagged[2]] == enterprises.to_invite(view, "key_enterprises", tags)
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("office", JoinGroup("key_enterprises", enterprise=plain), FENGJIE)
        county.act("office", JoinGroup("key_enterprises", enterprise=plain, reason=Text("重点招商企业")), FENGJIE)

    @pytest.mark.clause("AS25-3.6.2c")
    def test_a_policy_enjoyed_without_application(self, tmp_path: Path):
        """AS25-3.6.2c: of twenty six are eligible and listed; all six granted is a coverage of 100 percent."""
        county = a_county(tmp_path)
        sizes = ["small"] * 6 + ["large"] * 14
        ids = [opened(county, credit_code=a_code("520402", n), size=size) for n, size in enumerate(sizes)]
        published = PublishSupportPolicy(Text("小微企业房租补贴"), Text("免申即享"), sizes=("small",), mode="without_application")
        policy = county.act("office", published).subject.id

        def read() -> tuple[list[str], int | None]:
            with county.node.store.read() as view:
                return enterprises.eligible(view, policy), enterprises.coverage_percent(view, policy)

        assert (ids[:6], 0) == read()
        for id in ids[:6]:
            county.act("office", GrantBenefit(policy), id)
        with refuses(Code.NOT_ELIGIBLE):
            county.act("office", GrantBenefit(policy), ids[6])
        assert (ids[:6], 100) == read()


class TestSearch:
    """XS25-4.1.1a, FJ25-2.4.4b: what the register says of them all, and of one."""

    @pytest.mark.clause("XS25-4.1.1a")
    def test_no_contact_for_six_months(self, tmp_path: Path):
        """XS25-4.1.1a: of ten enterprises three were not heard of for six months: exactly these."""
        county = a_county(tmp_path, "2026-01-05 10:00", pack="xiangshan-2025", code="330225")
        ids = [opened(county, credit_code=a_code("330225", n)) for n in range(10)]
        for id in ids:
            county.act("office", VisitEnterprise("planned_visit"), id)
        county.at(beijing("2026-07-20 10:00"))
        for id in ids[:4]:
            county.act("office", VisitEnterprise("planned_visit"), id)
        for n in range(4, 7):
            registered(county, "centre_online", credit_code=a_code("330225", n))

        assert ids[7:] == found(county, no_contact_since=date(2026, 1, 20))

    @pytest.mark.clause("FJ25-2.4.4b")
    def test_the_profile_counts(self, tmp_path: Path):
        """FJ25-2.4.4b: four tickets, three of financing and one of approval, one overdue, two votes and one."""
        county = fengjie(tmp_path)
        code = a_code(FENGJIE, 1)
        id = opened(county, credit_code=code, size="small", industry="trade", address=Contact("永安街道"), tags=("specialised_new",))
        votes = ("very_satisfied", "very_satisfied", "dissatisfied")
        for vote in votes:
            ticket = _done(county, code, "financing_labour")
            county.act("enterprise", Evaluate(vote), ticket)
        formed_late = registered(county, "website", category="approval_service", credit_code=code)
        county.at(beijing("2026-03-09 10:00"))

        with county.node.store.read() as view:
            seen = enterprises.profile(view, id, county.node.policies.bare(view).calendar, county.now)

        assert (4, {"approval_service": 1, "financing_labour": 3}, 1) == (seen.tickets, seen.by_category, seen.overdue)
        assert ({"dissatisfied": 1, "very_satisfied": 2}, True) == (seen.votes, seen.has_address)
        assert ("enterprise", "small", "trade", ("specialised_new",), ()) == (
            seen.subject_type,
            seen.size,
            seen.industry,
            seen.tags,
            seen.policies,
        )
        assert formed_late in {line.ticket for line in page(county, id).tickets if line.is_overdue}


def _done(county: Hands, code: str, category: str) -> str:
    ticket = registered(county, "website", category=category, credit_code=code)
    county.act("office", Form(category, "general"), ticket)
    county.act("office", Dispatch(f"{FENGJIE}-housing"), ticket)
    county.act("department", Sign(), ticket, "housing")
    county.act("department", a_completion(county, standard="done"), ticket, "housing")
    return ticket


def _personal_code() -> str:
    """The code of an individual business: authority 9, class 2."""
    organisation = "MA6DKJ6R"
    body = f"92520402{organisation}{_organisation_check(organisation)}"
    return body + _check_character(body)


@pytest.mark.clause("HM20-A1.4")
def test_who_needs_no_contact_sees_a_mask(tmp_path: Path):
    """HM20-A1.4: the lead reads the phone, a statistics role its first three and last four digits."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack="haimen-2020", code="320684")
    ticket = registered(county, "haiqitong_app", name=Contact("王某"), phone=Contact("13800001234"))
    county.act("office", RecordVerification("confirmed"), ticket)
    county.act("office", Form("routine", "routine"), ticket)
    county.act("office", Dispatch("320684-housing"), ticket)

    def read(role: str, purpose: str, unit: str = "") -> str:
        known = the(county, ticket)
        assert isinstance(known.appellant.phone, SealedRef)
        with county.node.store.write() as work:
            actor = county.order(role, Sign(), ticket, unit).actor
            return open_payloads(work, actor, known, {"phone": known.appellant.phone}, purpose, county.now)["phone"]

    assert "13800001234" == read("department", HANDLING, "housing")
    assert "138****1234" == read("supervisor", STATISTICS)
    with refuses(Code.PERMISSION_DENIED):
        read("supervisor", HANDLING)


def test_a_known_caller_is_not_asked_again(tmp_path: Path):
    """USERS C26: name, phone and address of the file are sealed with the need, unless others are given."""
    county = a_county(tmp_path)
    id = opened(county, credit_code=CODE, contact=Contact("赵某"), phone=Contact("13700001111"), address=Contact("中华南路1号"))

    ticket = county.act("window_clerk", Register("window", Text("门前积水"), enterprise=id)).subject.id

    known = the(county, ticket)
    said = {"name": known.appellant.name, "phone": known.appellant.phone, "address": known.details.address}
    assert {"name": "西秀区惠民餐饮店", "phone": "13700001111", "address": "中华南路1号"} == {
        name: words_at(county, ticket, ref) for name, ref in said.items()
    }
