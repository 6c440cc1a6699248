"""The registers' pages: who may open which, what stands on them, and what they leave behind."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from node.domain.enterprise.filing import OpenEnterprise
from node.domain.entry import Subject, SubjectKind
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.registry import PayloadOpened, unit_code
from node.domain.time import BEIJING
from node.packs.file import effective_pack, finder, shipped
from node.services.link_proof import AGREES, DIFFERS, UNWITNESSED, proof_of
from node.services.numbers import short_number
from node.services.pack_words import in_words, key_in_words
from node.services.reconcile import Reconciled, keep
from node.services.reconcile_wishes import ask
from node.services.status import LinkLine
from node.services.what_if import is_replayed
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.texts.catalogue import LANGS
from node.web.pages.registers.common import REGISTERS
from tests.clauses.given import CITY, a_county, refuses
from tests.support.levels import carry_up, join
from tests.support.node import Hands
from tests.web.registers_given import PHONE, Given, a_county_with_registers
from tests.web.support import at_desk

EVERYBODY = {"enterprises", "contacts", "units", "calendar", "packs", "groups"}
WHOLE = EVERYBODY | {"channels", "what-if", "links"}
# What the accounts of the county are offered beside the register of accounts, which has a test of its own.
OFFERED = {
    "centre": WHOLE,
    "mayor": WHOLE,
    "clerk": WHOLE,
    "operator": WHOLE,
    "audit": WHOLE | {"audit"},
    "d-housing": EVERYBODY,
    "finder": set(),
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    made = a_county_with_registers(tmp_path_factory.mktemp("registers"))
    yield made
    made.hands.node.close()


def plain(html: str) -> str:
    """The words of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def openings(hands: Hands) -> list[PayloadOpened]:
    """Every opening in the journal."""
    with hands.node.store.read() as view:
        stored = view.journal.of_subject(Subject("node", hands.node.code))
    return [one.content.event for one in stored if isinstance(one.content.event, PayloadOpened)]


class TestRights:
    """Each register asks for itself who looks, whatever the menu shows."""

    @pytest.mark.parametrize("account", sorted(OFFERED))
    def test_a_desk_opens_the_registers_of_its_role_and_no_other(self, given: Given, account: str) -> None:
        client = at_desk(given.hands, account)
        answers = {name: client.get(f"/registers/{name}").status_code for name in REGISTERS if name != "accounts"}

        assert {name: 200 if name in OFFERED[account] else 403 for name in answers} == answers

    @pytest.mark.parametrize("account", ["audit", "centre", "clerk", "director", "mayor", "operator"])
    def test_the_register_of_accounts_is_offered_to_whoever_may_open_it(self, given: Given, account: str) -> None:
        client, way = at_desk(given.hands, account), 'href="/registers/accounts"'
        page = client.get("/registers").text
        menus = page.partition('class="registers-menu"')[2].partition("</nav>")[0], page.partition('class="registers-menu"')[0]

        may = client.get("/registers/accounts").status_code == 200
        assert (may, [may, may]) == (account in ("audit", "centre", "director"), [way in menu for menu in menus])

    def test_the_menu_offers_what_opens(self, given: Given) -> None:
        shown = at_desk(given.hands, "d-housing").get("/registers").text

        assert EVERYBODY == set(re.findall(r'<dt><a href="/registers/([a-z-]+)"', shown))


class TestEnterprises:
    """One file an enterprise, under the viewer's scope, its contacts shut."""

    def test_the_list_has_names_and_what_is_overdue(self, given: Given) -> None:
        shown = at_desk(given.hands, "centre").get("/registers/enterprises", params={"q": "果"}).text

        assert "双堡<mark>果</mark>业" in shown
        assert "黔中面粉" not in shown
        assert '<td class="number">2</td><td class="number">2</td><td class="number"><strong class="bad">1</strong>' in shown

    def test_who_sees_a_part_is_not_told_that_there_is_none(self, tmp_path: Path) -> None:
        """A department that reads 「还没有企业档案」 opens what the office has already; the code finds it without showing it."""
        hands, code = a_county(tmp_path), "91520400MAD0R8F80E"
        hands.act("office", OpenEnterprise(Text("黔中面粉加工厂"), credit_code=code))
        shown = {
            (account, q): at_desk(hands, account).get("/registers/enterprises", params={"q": q}).text
            for account in ("d-housing", "centre")
            for q in ("", code)
        }
        with refuses(Code.ALREADY_EXISTS):
            hands.act("member", OpenEnterprise(Text("黔中面粉"), credit_code=code), unit="housing")

        of_unit = [shown["d-housing", q] for q in ("", code)]
        assert all("只是不在此显示" in page and "您可查看的0户" in page and "黔中" not in page for page in of_unit)
        assert all("还没有企业档案" not in page and "没有符合条件的企业。可以" not in page for page in of_unit)
        assert all("共1户" in shown["centre", q] and "不在此显示" not in shown["centre", q] for q in ("", code))

    def test_a_file_shows_its_needs_and_no_contact(self, given: Given) -> None:
        shown = at_desk(given.hands, "centre").get(f"/registers/enterprises/{given.farm}").text

        assert all(f'href="/tickets/{one}"' in shown for one in (given.late, given.concealed))
        assert given.done not in shown
        assert "询问灌溉渠修复进展" in shown
        assert not any(said in shown for said in (PHONE, "欧阳", "塘山村"))

    def test_a_need_that_is_concealed_from_a_unit_is_not_in_its_file(self, given: Given) -> None:
        """Neither as a line nor in the counts."""
        shown = at_desk(given.hands, "d-housing").get(f"/registers/enterprises/{given.farm}").text

        assert given.late in shown
        assert given.concealed not in shown
        assert "诉求1件，在办1件。" in plain(shown)

    def test_what_is_not_the_units_to_see_does_not_exist(self, given: Given) -> None:
        assert 404 == at_desk(given.hands, "d-water").get(f"/registers/enterprises/{given.farm}").status_code

    def test_contacts_open_for_a_purpose_are_shown_once_and_entered(self, given: Given) -> None:
        """Once an account, file and day; without a purpose, or by who only supervises, nothing opens."""
        hands, path = given.hands, f"/registers/enterprises/{given.farm}/contacts"
        before = len(openings(hands))
        assert 403 == at_desk(hands, "centre").post(path, data={}).status_code
        assert 403 == at_desk(hands, "audit").post(path, data={"purpose": "handling"}).status_code
        assert 404 == at_desk(hands, "d-water").post(path, data={"purpose": "handling"}).status_code
        assert before == len(openings(hands))

        answers = [at_desk(hands, "clerk").post(path, data={"purpose": "handling"}) for _ in range(2)]

        assert [200, 200] == [one.status_code for one in answers]
        assert all(said in answers[0].text for said in (PHONE, "欧阳建国", "塘山村"))
        assert "no-store" == answers[0].headers["cache-control"]
        new = openings(hands)[before:]
        assert [("enterprise", given.farm, "handling")] * 3 == [(one.opened_kind, one.opened, one.purpose) for one in new]
        assert PHONE not in at_desk(hands, "clerk").get(f"/registers/enterprises/{given.farm}").text


class TestContacts:
    """Who opened what; everybody his own, the office and the auditor all."""

    def test_openings_are_listed_with_what_and_why(self, given: Given) -> None:
        hands = given.hands
        at_desk(hands, "clerk").post(f"/registers/enterprises/{given.farm}/contacts", data={"purpose": "handling"})

        for account in ("audit", "clerk"):
            shown = plain(at_desk(hands, account).get("/registers/contacts").text)
            assert "clerk 窗口人员" in shown
            assert "办理" in shown
            assert PHONE not in shown
        others = plain(at_desk(hands, "d-housing").get("/registers/contacts", params={"account": "clerk"}).text)
        assert "这段时间没有人查看过联系方式。" in others

    def test_days_and_subjects_narrow_the_list(self, given: Given) -> None:
        hands = given.hands
        at_desk(hands, "clerk").post(f"/registers/enterprises/{given.farm}/contacts", data={"purpose": "handling"})
        asked = [{}, {"subject": given.farm}, {"subject": given.mill}, {"until": "2026-03-01"}, {"since": "2026-03-02"}]
        shown = [at_desk(hands, "audit").get("/registers/contacts", params=one).text.count("企业档案</a></td>") for one in asked]

        assert [3, 3, 0, 0, 3] == shown


class TestCalendar:
    """Each day with its reason."""

    @pytest.mark.parametrize(
        ("month", "said"),
        [
            ("2026-02", "2026-02-14 星期六 调休上班 春节调休上班 已启用的放假安排"),
            ("2026-02", "2026-02-17 星期二 法定节假日 春节 已启用的放假安排"),
            ("2024-10", "工作日19天"),
            ("2031-05", "2031-05-01 星期四 暂定（尚无当年放假安排） 尚无安排，按周次暂定"),
        ],
    )
    def test_a_day_has_its_kind_and_its_order(self, given: Given, month: str, said: str) -> None:
        assert said in plain(at_desk(given.hands, "d-housing").get("/registers/calendar", params={"month": month}).text)

    def test_a_month_that_is_none_is_refused(self, given: Given) -> None:
        assert 422 == at_desk(given.hands, "centre").get("/registers/calendar", params={"month": "2026-13"}).status_code


class TestPacks:
    """Values with their clauses, differences, and what would have been."""

    def test_a_value_stands_with_its_clause_in_words(self, given: Given) -> None:
        shown = plain(at_desk(given.hands, "d-housing").get("/registers/packs", params={"q": "resolve.consultation"}).text)

        assert re.search(r"办理 · 咨询类 · \S+ limit\.resolve\.consultation\.plain 1个工作日 AS25-4\.4\.1\.1 anshun-2025", shown)

    def test_what_may_be_tried_is_called_by_its_name(self, given: Given) -> None:
        """A key of the pack says nothing to whoever leads an office; a value that is a code keeps it, since it is typed."""
        page = at_desk(given.hands, "centre").get("/registers/what-if").text
        offered = re.findall(r"<option[^>]*>([^<]+)</option>", page)

        assert [] == [words for words in offered if re.match(r"[a-z_]+\.[a-z_]", words)]
        assert "办理时限从哪一步起算 = 形成工单（formed）" in offered

    def test_service_groups_stand_by_their_names(self) -> None:
        """奉节: numbered codes of villages, and the kinds of groups that a channel has."""
        rules = effective_pack("fengjie-2025", finder()).rules
        said = {key: in_words(key, rules[key].value, "zh-CN") for key in ("groups.industry", "groups.town", "channel.groups.wechat_group")}

        assert {key: [] for key in said} == {key: re.findall("[a-z_]{3,}", words) for key, words in said.items()}
        assert "现代农业群" in said["groups.industry"] and "重点企业群、行业群、镇街群" == said["channel.groups.wechat_group"]

    def test_every_key_that_may_be_tried_has_words(self) -> None:
        """In both languages, in every pack that comes with the program."""
        tried = {key for id in shipped() for key in effective_pack(id, finder()).rules if is_replayed(key)}

        assert {lang: [] for lang in LANGS} == {lang: sorted(key for key in tried if not key_in_words(key, lang)) for lang in LANGS}

    def test_two_packs_differ_in_what_is_listed(self, given: Given) -> None:
        shown = plain(at_desk(given.hands, "centre").get("/registers/packs/difference", params={"right": "anshun-2025"}).text)

        assert "bodies.government" in shown
        assert re.search(r"xixiu-2025 \S+与anshun-2025 \S+有\d+项不同。", shown)

    @pytest.mark.parametrize("value", ["1 workday", "1个工作日"])
    def test_a_shorter_limit_makes_what_was_in_time_late(self, given: Given, value: str) -> None:
        asked = {"key": "limit.resolve.coordination.plain", "value": value, "since": "2026-01-01"}
        with given.hands.node.store.read() as view:
            before = view.journal.position(given.hands.node.code, 1)
        shown = plain(at_desk(given.hands, "centre").get("/registers/what-if", params=asked).text)

        assert "新增超期" in shown
        assert "办理 3 1" in shown
        with given.hands.node.store.read() as view:
            assert before == view.journal.position(given.hands.node.code, 1)

    @pytest.mark.parametrize(("key", "value"), [("rights.Form", "office"), ("limit.sign", "soon")])
    def test_what_cannot_be_tried_is_refused(self, given: Given, key: str, value: str) -> None:
        assert 422 == at_desk(given.hands, "centre").get("/registers/what-if", params={"key": key, "value": value}).status_code


class TestAudit:
    """The journal backwards, and the state of its chain."""

    def test_entries_are_found_by_subject_account_and_kind(self, given: Given) -> None:
        client = at_desk(given.hands, "audit")
        of_ticket = plain(client.get("/registers/audit", params={"subject": given.late}).text)
        of_account = plain(client.get("/registers/audit", params={"account": "a-department"}).text)
        of_registry = plain(client.get("/registers/audit", params={"about": "registry"}).text)

        assert "签收" in of_ticket
        assert "部门经办人" in of_account
        assert "联合服务工作机制办公室" not in of_account.split("办了什么")[1]
        assert "工单" not in of_registry.split("办了什么")[1]

    def test_a_subject_is_asked_for_and_shown_as_people_call_it(self, given: Given) -> None:
        """A ticket by its spoken number; an order, shown under its day, by its own number and not by its id."""
        client, hands = at_desk(given.hands, "audit"), given.hands
        command = IssueOrder("supervise", "overdue", tickets=(given.late,), unit=unit_code(hands.node.code, "housing"))
        order = hands.act("office", command).subject.id
        with hands.node.store.read() as view:
            number = dossier_of(view.journal, Subject(SubjectKind.ORDER.value, order)).number

        by_number = plain(client.get("/registers/audit", params={"subject": short_number(given.late)}).text)
        by_order = client.get("/registers/audit", params={"subject": number}).text

        assert "签收" in by_number.split("办了什么")[1]
        rows = plain(by_order).split("办了什么")[1]
        assert (True, False) == (f"督办 {number}" in rows, order in rows)
        assert f"{hands.now.astimezone(BEIJING):%Y-%m-%d} 星期" in rows

    def test_the_chain_is_told_with_size_and_root(self, given: Given) -> None:
        with given.hands.node.store.read() as view:
            position = view.journal.position(given.hands.node.code, 1)
        shown = at_desk(given.hands, "audit").get("/registers/audit").text

        assert f"{position.size}条，第1纪元" in shown
        assert position.root.hex() in shown


def a_link(**more: object) -> LinkLine:
    """A superior's link that is well."""
    values: dict[str, object] = {
        "peer": CITY, "side": "superior", "name": "", "address": "", "status": "active", "up": 0, "down": 0, "heard_at": None,
        "is_silent": False, "next_attempt_at": None, "attempts": 0, "last_error": "", "program": "", "skew_seconds": 0,
    }  # fmt: skip
    return LinkLine(**(values | more))  # type: ignore[arg-type]


class TestLinks:
    """The two copies in one word."""

    @pytest.mark.parametrize(
        ("link", "differences", "word"),
        [
            ({}, None, UNWITNESSED),
            ({}, 0, AGREES),
            ({"up": 3}, 0, UNWITNESSED),
            ({}, 2, DIFFERS),
            ({"up": 3}, 2, DIFFERS),
            ({"status": "forked"}, 0, DIFFERS),
            ({"status": "forked"}, None, DIFFERS),
            ({"is_silent": True}, 0, AGREES),
        ],
    )
    def test_a_word_says_how_far_it_is_proved(self, link: dict[str, object], differences: int | None, word: str) -> None:
        at = datetime(2026, 1, 27, tzinfo=UTC)
        compared = None if differences is None else Reconciled(CITY, at, 1, 5, 0, differences)

        assert word == proof_of(a_link(**link), compared).proof

    def test_a_comparison_of_nothing_proves_nothing(self, tmp_path: Path) -> None:
        """The first one after joining runs before the first entry went up: it stands nowhere as a certificate."""
        city, county = a_county(tmp_path, code=CITY, pack="anshun-2025"), a_county(tmp_path)
        join(city, county)
        compared = Reconciled(CITY, county.now, 1, 0, 13, 0, (), 0)
        with county.node.store.write() as work:
            keep(work, compared)
            work.connection.execute(update(schema.links).values(acked=work.head.taken))

        found, page = proof_of(a_link(), compared), at_desk(county, "centre").get("/registers/links").text

        assert (UNWITNESSED, None) == (found.proof, found.compared_at)
        assert "还没有共有的记录可核对" in page and "尚未核对" in page and "核对一致" not in page

    def test_the_page_tells_it_before_and_after_a_comparison(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        directory = tmp_path_factory.mktemp("links")
        city, county = a_county(directory, code=CITY, pack="anshun-2025"), a_county(directory)
        join(city, county)
        carry_up(county, city)

        def told() -> set[str]:
            row = at_desk(county, "centre").get("/registers/links").text.partition("<tbody>")[2].partition("</tbody>")[0]
            return {word for word in ("与上级副本一致", "待见证", "历史不一致") if word in row}

        seen = [told()]
        for differences in (0, 1):
            with county.node.store.write() as work:
                work.connection.execute(update(schema.links).values(acked=work.head.taken))
                keep(work, Reconciled(CITY, county.later(minutes=1).now, 1, work.head.taken, 0, differences))
            seen.append(told())

        assert [{"待见证"}, {"与上级副本一致"}, {"历史不一致"}] == seen

    def test_the_page_tells_what_came_down_and_who_is_asked(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        directory = tmp_path_factory.mktemp("asked")
        city, county = a_county(directory, code=CITY, pack="anshun-2025"), a_county(directory)
        join(city, county)
        with city.node.store.write() as work:
            keep(work, Reconciled("520402", city.now, 1, 5, 0, 0, (), 17))

        def page() -> str:
            return at_desk(city, "centre").get("/registers/links").text

        before = page()
        with city.node.store.write() as work:
            ask(work, city.now)

        assert "上级下发的17条" in before and "已要求核对" not in before
        assert "已要求核对" in page()
