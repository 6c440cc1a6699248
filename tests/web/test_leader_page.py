"""每日一页: the leader's page on a phone and on one sheet, and the notice that brings it at eight."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import select

from node.app import dispatcher
from node.domain.leader.appointing import AppointLeader, EnterLeader
from node.domain.payload import Text
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment
from node.notify.gateways import Message
from node.services import figures, leader_daily
from node.services.queries import names
from node.services.telling import sentence
from node.storage import notices, schema
from node.web.pages.leader import percent
from tests.clauses.given import COUNTY, beijing, dispatched, handled, registered
from tests.notify.doors import smtp_door
from tests.support.node import Hands, make_node
from tests.web.browser import SitDown
from tests.web.busy_county import a_busy_day
from tests.web.registers_given import Given, a_county_with_registers, open_account
from tests.web.support import at_desk

UNITS = (f"{COUNTY}-water", f"{COUNTY}-housing")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    made = a_county_with_registers(tmp_path_factory.mktemp("leader"))
    yield made
    made.hands.node.close()


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def put_to_the_government(hands: Hands, title: str) -> str:
    ticket = dispatched(hands, lead=UNITS[0], title=Text(title))
    hands.act("department", Object(Text("不属本单位职责"), UNITS[1]), ticket, "water")
    hands.act("office", CoordinateObjection(UNITS, True, Text("未达成一致")), ticket)
    hands.act("office", ReportToGovernment(Text(f"{title}：请明确由谁承办" * 12)), ticket)
    return ticket


class TestPage:
    """Figures, departments, and what waits for a decision."""

    def test_the_figures_are_those_of_the_overview(self, given: Given) -> None:
        hands = given.hands
        with hands.node.store.read() as view:
            total = figures.level(view, hands.now).total
        shown = plain(at_desk(hands, "mayor").get("/leader").text)

        assert (1, 1) == (total.overdue, total.completed)
        assert f"超期 {total.overdue} 办理期限 办结 {total.completed} 按期{total.on_time} 满意 {total.satisfied} 评价{total.votes}" in shown
        assert "新收 0 自02-28，今日0" in shown, "the Saturday before is a working day"
        assert "截至2026-03-02 08:30" in shown

    def test_what_the_office_owes_stands_beside_the_handling_limits(self, tmp_path: Path) -> None:
        """A7: a need that nobody formed in time is the office's own lateness, which no handling limit shows; Today counts it."""
        hands = make_node(tmp_path, now=beijing("2026-01-26 09:00"))
        hands.staff("housing")
        open_account(hands, "mayor", ("leader",))
        registered(hands)
        said = []
        for day in ("2026-01-27 09:00", "2026-01-28 09:00"):
            hands.at(beijing(day))
            shown, today = (plain(at_desk(hands, account).get(path).text) for account, path in (("mayor", "/leader"), ("centre", "/")))
            limits = re.findall(r"(?:今日到期|超期) (\d+) 办理期限", shown)
            steps = re.findall(r"今日到期(\d+)件，已超期(\d+)件", shown)
            said.append((limits, steps, *(re.findall(rf"{name} (\d+)|(\d+) {name}", today) for name in ("全部今天到期", "全部超期"))))

        office, every = said[0][1]
        assert (["0", "0"], ("1", "0"), ("1", "0")) == (said[0][0], office, every)
        assert (["0", "0"], [("0", "1"), ("0", "1")]) == said[1][:2]
        assert [["1"], ["1"]] == [["".join(one) for one in said[0][2]], ["".join(one) for one in said[1][3]]]

    def test_every_open_need_stands_somewhere(self, tmp_path: Path) -> None:
        """With a department, with the office, which dispatched it to nobody, or with another level."""
        hands = make_node(tmp_path, now=beijing("2026-01-26 09:00"))
        a_busy_day(hands)
        with hands.node.store.read() as view:
            page = figures.leader_page(view, hands.now)
        of_units, shown = sum(one.open for one in page.units), plain(at_desk(hands, "centre").get("/leader").text)

        assert page.with_office > 0 and page.counts.open == of_units + page.with_office + page.elsewhere
        assert f"尚未派到单位{page.with_office}件 · 在办合计{page.counts.open}件" in shown

    def test_a_question_stands_with_what_it_is_about(self, given: Given) -> None:
        shown = at_desk(given.hands, "mayor").get("/leader").text

        assert "待决定（1件）" in shown
        assert "扩建与水源保护" in shown
        assert "住建局、水务局均认为不属本单位职责，请明确由谁承办" in shown
        assert f'href="/tickets/{given.disputed}"' in shown

    def test_departments_stand_worst_first(self, given: Given) -> None:
        table = at_desk(given.hands, "mayor").get("/leader").text.partition("<tbody>")[2]

        assert ["housing", "water"] == re.findall(r"<tr><td>(\w+)</td>", table)

    @pytest.mark.parametrize(("account", "status"), [("mayor", 200), ("centre", 200), ("d-housing", 403), ("finder", 403)])
    def test_who_sees_the_whole_level_reads_it(self, given: Given, account: str, status: int) -> None:
        assert status == at_desk(given.hands, account).get("/leader").status_code

    def test_a_leader_of_the_register_finds_what_waits_for_himself(self, tmp_path: Path) -> None:
        """FJ23, AS25-1.1b: the main leader answers for the government; who has another post finds nothing."""
        hands = make_node(tmp_path, now=beijing("2026-01-26 09:00"))
        hands.staff("water", "housing")
        for account, post in (("head", "convenor"), ("deputy", "member")):
            open_account(hands, account, ("leader",))
            id = hands.act("office", EnterLeader(account)).subject.id
            hands.act("office", AppointLeader(post), id)
        put_to_the_government(hands, "扩建")
        seen = {account: plain(at_desk(hands, account).get("/leader").text) for account in ("head", "deputy", "centre")}
        own = {account: seen[account].partition("等您决定（")[2][:1] for account in seen}
        assert {"head": "1", "deputy": "0", "centre": ""} == own
        assert "待决定（1件）" in seen["centre"] and "由人民政府决定" in seen["centre"], "the office enters what the government decided"

    def test_the_head_decides_from_his_phone_and_the_office_enters_what_he_wrote(self, tmp_path: Path, sit_down: SitDown) -> None:
        """B16: a button at the question for whoever decides it; for the office the record of the paper; for others neither."""
        hands = make_node(tmp_path, now=beijing("2026-01-26 09:00"))
        hands.staff("water", "housing")
        open_account(hands, "head", ("leader", "government"))
        open_account(hands, "deputy", ("leader",))
        hands.act("office", AppointLeader("convenor"), hands.act("office", EnterLeader("head")).subject.id)
        ticket = put_to_the_government(hands, "扩建")
        seen = {account: at_desk(hands, account).get("/leader").text for account in ("deputy", "centre")}
        phone = sit_down(hands, "head", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
        phone.goto("/leader")
        wide = phone.evaluate("document.documentElement.scrollWidth")
        phone.tap(".decide")
        phone.select_option("#f-lead", UNITS[1])
        phone.fill("#f-decision", "厂房归住建局主办，水务局配合")
        phone.tap("form.act button.first")
        phone.wait_for_url("**/leader?done=*")

        with hands.node.store.read() as view:
            found = view.readings.ticket(ticket)
        assert found is not None and (UNITS[1], 390) == (found.lead, wide)
        assert "等您决定（0件）" in phone.inner_text("main")
        record = f"/tickets/{ticket}/do/record-decision-for?back=/leader&amp;decision=objection"
        assert {"deputy": False, "centre": True} == {account: record in shown for account, shown in seen.items()}
        assert "rule-by-government" not in seen["deputy"] + seen["centre"]
        assert [True, True] == ["决定（head）" in seen[account] for account in ("deputy", "centre")], "who decides is said to all others"
        form = at_desk(hands, "centre").get(record.replace("&amp;", "&")).text
        assert '<option value="objection" selected>' in form

    @pytest.mark.parametrize(("part", "whole", "said"), [(0, 0, ""), (19, 19, ""), (19, 20, "95.0%"), (20, 20, "100.0%"), (1, 300, "0.3%")])
    def test_a_rate_stands_from_twenty_on_and_never_below(self, part: int, whole: int, said: str) -> None:
        assert said == percent(part, whole)


class TestPaper:
    """One sheet A4 however much there is."""

    def test_the_fullest_page_is_one_sheet(self, tmp_path: Path, sit_down: SitDown) -> None:
        """Seven questions in long words and sixteen departments with overdue tickets."""
        hands = make_node(tmp_path, now=beijing("2026-01-26 09:00"))
        hands.staff("water", "housing", *(f"unit{number}" for number in range(16)))
        open_account(hands, "mayor", ("leader",))
        for number in range(7):
            put_to_the_government(hands, f"第{number}件，关于工业园区供水管网改造与水源地保护范围重叠问题" * 3)
        for number in range(16):
            ticket = dispatched(hands, lead=f"{COUNTY}-unit{number}")
            assert ticket
        hands.at(beijing("2026-03-02 08:30"))
        page = sit_down(hands, "mayor")
        page.goto("/leader")
        html = page.content()
        assert 5 == html.count('class="question"')
        assert "另有2件" in html
        paper = page.pdf(prefer_css_page_size=True)

        assert 1 == len(re.findall(rb"/Type\s*/Page\b", paper))


class TestAtEight:
    """The notice of a working day, once."""

    @pytest.fixture
    def county(self, tmp_path: Path) -> Hands:
        hands = make_node(tmp_path, now=beijing("2026-01-26 07:00"))
        hands.staff("housing")
        open_account(hands, "mayor", ("leader",), phone="13985300001")
        open_account(hands, "chief", ("leader",))
        handled(hands)
        return hands

    def sent(self, hands: Hands, at: str, **gateways: bool) -> int:
        hands.at(beijing(at))
        return leader_daily.send_due(hands.node.store, hands.node.policies, gateways, hands.now)

    def test_it_goes_out_once_on_each_working_day_from_eight_on(self, county: Hands) -> None:
        """Saturday 2026-02-14 is one; the Spring Festival and Sundays are none."""
        asked = {
            "2026-01-26 07:59": 0, "2026-01-26 08:00": 2, "2026-01-26 08:01": 0, "2026-01-26 17:00": 0, "2026-01-27 07:00": 0,
            "2026-01-27 11:00": 2, "2026-02-01 09:00": 0, "2026-02-14 08:00": 2, "2026-02-17 08:00": 0,
        }  # fmt: skip

        assert asked == {at: self.sent(county, at) for at in asked}

    def test_at_his_desk_it_is_a_way_to_the_page(self, county: Hands) -> None:
        """Who has no phone here finds it on Today, and the page behind it."""
        self.sent(county, "2026-01-26 08:00")

        assert re.search(r'<a href="/leader">2026-01-26 每日一页：', at_desk(county, "chief").get("/").text)

    def test_it_counts_what_waits_for_him_as_his_page_does(self, county: Hands) -> None:
        """Walk (f): the notice said none where the page had one, and one where it was another's to decide."""
        for account, post in (("mayor", "convenor"), ("chief", "member")):
            id = county.act("office", EnterLeader(account)).subject.id
            county.act("office", AppointLeader(post), id)
        county.staff("water")
        put_to_the_government(county, "扩建")

        self.sent(county, "2026-01-27 08:00")

        told = {account: plain(at_desk(county, account).get("/").text) for account in ("mayor", "chief")}
        read = {account: plain(at_desk(county, account).get("/leader").text) for account in ("mayor", "chief")}
        assert {"mayor": 1, "chief": 0} == {account: int(re.findall(r"待决定(\d+)件", said)[0]) for account, said in told.items()}
        assert {"mayor": 1, "chief": 0} == {account: int(said.partition("等您决定（")[2][0]) for account, said in read.items()}

    def test_it_reaches_a_phone_where_there_is_one_and_the_rest_is_printed(self, county: Hands) -> None:
        assert 3 == self.sent(county, "2026-01-26 08:00", sms=True)
        with county.node.store.read() as view:
            rows = notices.due(view.connection, county.now)
            daily = [row for row in rows if row.template == leader_daily.TEMPLATE]
            printed = [one.account for one in leader_daily.to_print(view, {"sms": True}, county.now)]

        assert {("account:chief", "in_app"), ("account:mayor", "in_app"), ("account:mayor", "sms")} == {
            (row.audience, row.channel) for row in daily
        }
        assert ["chief"] == printed
        assert "chief" in at_desk(county, "centre").get("/leader").text.partition("需打印送达")[2]

    def test_the_message_has_counts_and_goes_to_his_own_phone(self, county: Hands) -> None:
        """By the dispatcher of the node, as any other message."""
        self.sent(county, "2026-01-26 08:00", sms=True)
        sender, taken = dispatcher(county.node), list[Message]()

        class Door:
            def send(self, message: Message) -> None:
                taken.append(message)

        sender.gateways = {"sms": Door()}
        sender.run(None, county.now)

        expected = "【企业之家】每日一页：2026-01-23以来新收1，办理今日到期0、超期0，办公室今日到期0、超期0，办结0，满意0，待决定0件。"
        assert [("13985300001", expected)] == [(one.to, one.body) for one in taken if "每日一页" in one.body]
        with county.node.store.read() as view:
            (row,) = [one for one in notices.of_subject(view.connection, COUNTY) if one.audience == "account:chief"]
            assert sentence(view, row, names(view), "zh-CN").startswith("2026-01-26 每日一页：")

    def test_each_leader_chooses_how_it_comes_and_the_mail_goes_to_his_own_address(self, county: Hands) -> None:
        """B16: by mail over a real SMTP server, on the page alone, or as before; the address is nowhere in the open."""
        mayor, chief = at_desk(county, "mayor"), at_desk(county, "chief")
        with smtp_door() as door:
            county.node.settings = county.node.settings.model_copy(update={"smtp_url": door.url})
            answers = [
                mayor.post("/me/daily", data={"way": "email", "email": "mayor@example.cn"}),
                chief.post("/me/daily", data={"way": "in_app"}),
            ]
            count = self.sent(county, "2026-01-26 08:00", sms=True, email=True)
            dispatcher(county.node).run(None, county.now)
        with county.node.store.read() as view:
            printed = leader_daily.to_print(view, {"sms": True, "email": True}, county.now)
            kept = bytes(
                view.connection.execute(select(schema.daily_ways.c.address).where(schema.daily_ways.c.account == "mayor")).scalar_one()
            )

        mails = [message_from_bytes(one.encode(), policy=default) for one in door.mails]
        (mail,) = [one for one in mails if one["to"] == "mayor@example.cn"]
        assert ([303, 303], 3, [], False) == ([one.status_code for one in answers], count, printed, b"mayor@" in kept)
        assert ("企业之家每日一页 2026-01-26", True) == (mail["subject"], "待决定：0件" in mail.get_content())
        assert ['value="mayor@example.cn"' in mayor.get("/me").text, 'value="in_app" checked' in chief.get("/me").text] == [True, True]

    @pytest.mark.parametrize(("way", "email"), [("email", ""), ("email", "nobody"), ("email", "a@b.cn\nBcc: x@y.cn"), ("pigeon", "")])
    def test_what_reaches_nobody_is_refused_and_the_former_way_stays(self, county: Hands, way: str, email: str) -> None:
        mayor = at_desk(county, "mayor")
        mayor.post("/me/daily", data={"way": "in_app"})

        answer = mayor.post("/me/daily", data={"way": way, "email": email})

        assert (422, True) == (answer.status_code, 'value="in_app" checked' in mayor.get("/me").text)

    def test_who_gets_no_daily_page_is_not_asked_how_it_comes(self, county: Hands) -> None:
        assert [True, False] == ["/me/daily" in at_desk(county, one).get("/me").text for one in ("mayor", "d-housing")]
