"""A department's week on the pages: replying, countersigning, calling, handing in a file (USERS part 2, walk (b))."""

import re
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.supplement import AskSupplement, NotifySupplement
from node.services.acting import act
from node.services.command_fields import command_fields, commands
from node.texts.catalogue import label
from node.web.forms import OWN_FIELDS
from tests.support.node import make_node
from tests.web.busy_county import County, staffed
from tests.web.support import at_desk, csrf

REPLY = "贵公司反映的线路已列入二月检修计划，三月底前完成改造。"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """One node for all: each test has tickets of its own."""
    found = staffed(make_node(tmp_path_factory.mktemp("county")))
    for account, roles in (("li", ("department",)), ("boss", ("department_leader",))):
        act(found.hands.node, "centre", g.OpenAccount(account, roles, found.unit("housing"), Contact(account)))
    return found


def desk(county: County, account: str, role: str = "") -> TestClient:
    return at_desk(county.hands, account, role)


def aside(page: str) -> str:
    """What stands beside the form."""
    found: str = re.findall(r"<aside.*?</aside>", page, re.DOTALL)[0]
    return found


def drafted(county: County, name: str) -> str:
    county.in_hand(name, "housing")
    county.by("housing:department", DraftReply(Text(REPLY)), name)
    return county.tickets[name]


class TestReply:
    """What is drafted by one is read and signed by another, and sent by the first."""

    def test_no_command_has_a_field_that_forms_need_for_themselves(self) -> None:
        """A field of the same name came twice, and the form's own was taken for what was chosen: nobody could countersign."""
        assert [] == [(verb, one.name) for verb, command in commands().items() for one in command_fields(command) if one.name in OWN_FIELDS]

    def test_a_leader_reads_the_draft_beside_the_form_and_signs_it(self, county: County) -> None:
        """DESIGN 5: over the exact text, by the form as a browser sends it."""
        ticket = drafted(county, "countersigned")
        boss, path = desk(county, "boss"), f"/tickets/{ticket}/do/countersign-reply"
        page = boss.get(path).text
        sent = _fields(page)

        answer = boss.post(path, data=sent)

        assert (True, 303) == (REPLY in aside(page), answer.status_code)
        assert _ticket(county, ticket).round.countersigned == sent["draft"]

    def test_only_the_last_draft_is_offered(self, county: County) -> None:
        """An older one cannot be signed any more."""
        ticket = drafted(county, "twice")
        county.by("housing:department", DraftReply(Text("改后的答复")), "twice")

        page = desk(county, "boss").get(f"/tickets/{ticket}/do/countersign-reply").text

        assert 1 == len(re.findall(r'<option value="[0-9a-f-]{36}"', page))

    def test_what_was_countersigned_is_not_typed_again(self, county: County) -> None:
        """The completion begins with the text that was signed, and names it."""
        ticket = drafted(county, "signed-text")
        draft = _ticket(county, ticket).round.draft
        county.by("boss:department_leader", CountersignReply(draft), "signed-text")

        page = desk(county, "housing").get(f"/tickets/{ticket}/do/complete").text

        assert f">\n{REPLY}</textarea>" in page and f'<option value="{draft}" selected>' in page

    def test_the_lead_reads_what_the_co_handlers_filed_where_it_replies(self, county: County) -> None:
        """AS25-4.4.3c: for the lead and the office; HM20-3.3b: the lead's one reply sums it up."""
        county.in_hand("joint", "housing")
        county.by("housing:department", AddCoHandler(county.unit("fire"), Text("请协助")), "joint")
        county.by("fire:department", ConfirmCoHandling(), "joint")
        county.by("fire:department", FileContribution(Text("消防验收已排期至周四。")), "joint")

        path = f"/tickets/{county.tickets['joint']}/do/draft-reply"

        assert "消防验收已排期至周四。" in aside(desk(county, "housing").get(path).text)


class TestBesideAForm:
    """Nobody decides or calls blind."""

    def test_who_decides_reads_what_he_is_asked(self, county: County) -> None:
        """AS25-4.4.2a: ground, promised date and reason stand beside the answer."""
        county.in_hand("extended", "housing")
        ask = RequestExtension(date(2026, 2, 20), "complex", Text("需等待图审机构出具意见。"))
        county.by("housing:department", ask, "extended")

        page = desk(county, "centre", "office").get(f"/tickets/{county.tickets['extended']}/do/decide-extension").text

        assert "需等待图审机构出具意见。" in aside(page) and "2026-02-20" in aside(page)

    def test_whoever_revisits_reads_what_was_declared_done(self, county: County) -> None:
        """AS25-4.7.1: "consistent" is asked of the result and the feedback."""
        county.completed("revisited", "power")

        page = desk(county, "centre", "office").get(f"/tickets/{county.tickets['revisited']}/do/record-revisit").text

        said = aside(page)
        assert said.index("线路已改造，电压恢复正常。") < said.index(label("Completed", "standard"))

    def test_who_reports_material_begins_with_what_was_asked_for(self, county: County) -> None:
        """AS25-4.2.1.4b: the items count by their words, so nobody types them again."""
        county.need("supplemented")
        county.by("centre:office", AskSupplement(("施工图审查意见",)), "supplemented")
        county.by("hall:window_clerk", NotifySupplement("phone"), "supplemented")

        page = desk(county, "hall", "window_clerk").get(f"/tickets/{county.tickets['supplemented']}/do/report-supplement").text

        assert ">\n施工图审查意见</textarea>" in page

    def test_a_handler_sees_that_the_enterprise_was_called_already(self, county: County) -> None:
        """USERS B21: "昨天区里刚问过": who called and when, of another's ticket without its number."""
        code = "91520400MAD6NKYB2L"
        county.in_hand("called", "water", credit_code=code)
        county.by("water:department", RecordAttempt(True, "phone", Text("已通话")), "called")
        county.in_hand("to-call", "housing", credit_code=code)

        said = aside(desk(county, "housing").get(f"/tickets/{county.tickets['to-call']}/do/record-attempt").text)

        assert "水务局" in said and "另一件工单" in said and county.tickets["called"] not in said

    def test_a_complaint_about_the_unit_leaves_no_trace_there(self, county: County) -> None:
        """XS25-4.3.1.4: not even that somebody was called about it."""
        code = "91350211M000100Y43"
        county.in_hand("complaint", "water", credit_code=code, conceal_from=county.unit("market"))
        county.by("water:department", RecordAttempt(True, "phone", Text("已通话")), "complaint")
        county.in_hand("market-own", "market", credit_code=code)

        said = aside(desk(county, "market").get(f"/tickets/{county.tickets['market-own']}/do/record-attempt").text)

        assert "水务局" not in said


class TestTray:
    """USERS C25: inside the department there are people: what is whose, and how it gets from one to another."""

    def test_today_leads_to_what_is_to_be_signed(self, county: County) -> None:
        """Monday: five came in; one click to where they are signed at a stroke."""
        county.sent("monday", "fire")

        page = desk(county, "fire").get("/").text

        assert re.search(r'<a href="/boards/tray"><span class="count">\d+</span>待本单位签收', page)

    def test_answering_at_once_is_offered_where_the_pack_lets_it(self, county: County) -> None:
        """POLICY_PACKS 2 no. 61: of a coordination nobody fills in the long form to be refused by its class."""
        county.sent("no-consultation", "fire")
        path = f"/tickets/{county.tickets['no-consultation']}"

        pages = [desk(county, "fire").get(one).text for one in (path, "/boards/tray")]

        assert [False, False] == [f"{path}/do/sign-and-answer" in page for page in pages]

    def test_what_is_signed_is_given_to_a_person_at_once(self, county: County) -> None:
        """XS25-4.4.3: a named person answers for it."""
        county.sent("named", "housing")
        ticket = county.tickets["named"]

        desk(county, "housing").post("/boards/tray/sign", data={"row": ticket, "person": "li", "command_id": "sign-named"})

        assert ("handling", "li") == (_ticket(county, ticket).state.value, _person(county, ticket))

    def test_several_are_passed_on_and_given_back(self, county: County) -> None:
        """Who was given what is not his puts it back; on leave all that he has goes to a colleague with one click."""
        names = ("pass-1", "pass-2")
        for name in names:
            county.in_hand(name, "natural_resources")
        act(county.hands.node, "centre", g.OpenAccount("sun", ("department",), county.unit("natural_resources"), Contact("sun")))
        tickets = [county.tickets[name] for name in names]
        client = desk(county, "natural_resources")

        client.post("/boards/tray/pass", data={"row": tickets, "person": "sun", "note": "请办理", "command_id": "p-1"})
        given = [_person(county, one) for one in tickets]
        shown = client.get("/boards/tray").text
        desk(county, "sun").post("/boards/tray/pass", data={"row": tickets[:1], "shared": "yes", "command_id": "p-2"})
        refused = [_person(county, one) for one in tickets]
        client.post("/boards/tray/pass", data={"former": "sun", "person": "natural_resources", "command_id": "p-3"})
        handed = [_person(county, one) for one in tickets]

        assert (["sun", "sun"], ["", "sun"], ["", "natural_resources"]) == (given, refused, handed)
        assert "sun经办的" in shown and "把sun的2件全部转交" in shown

    def test_a_leader_finds_the_drafts_that_wait_for_him(self, county: County) -> None:
        """On Today by number, on the board by their words."""
        ticket = drafted(county, "to-countersign")

        today, board = (desk(county, "boss").get(path).text for path in ("/", "/boards/tray"))

        assert "待本人签发" in today
        assert REPLY in board and f"/tickets/{ticket}/do/countersign-reply" in board
        assert f"/tickets/{ticket}/do/countersign-reply" not in desk(county, "housing").get("/boards/tray").text

    def test_a_unit_sees_its_own_tray_only(self, county: County) -> None:
        """Nor does it pass on what is another's."""
        county.in_hand("mine", "housing")
        ticket = county.tickets["mine"]
        power = desk(county, "power")
        power.post("/boards/tray/pass", data={"row": ticket, "person": "power", "command_id": "foreign"})

        assert ("", False) == (_person(county, ticket), ticket in power.get("/boards/tray").text)


class TestFriday:
    """USERS B14: the chief wants the week's list."""

    def test_the_ledger_of_the_week_is_one_click(self, county: County) -> None:
        """A sheet of the own unit with its fixed columns; whom it names is opened, and that is kept."""
        county.in_hand("week", "water")
        county.in_hand("another's", "housing")
        client = desk(county, "water")
        page = client.get("/ledger").text

        sheet = client.post(
            "/ledger", data={name: re.findall(rf'name="{name}"[^>]*value="([^"]*)"', page)[0] for name in ("first", "last")}
        )

        rows = [[cell.value for cell in row] for row in load_workbook(BytesIO(sheet.content)).active.iter_rows()]
        assert 1 == sum(county.tickets["week"] in row for row in rows)
        assert not any(county.tickets["another's"] in row for row in rows)

    def test_without_a_second_factor_no_name_leaves(self, county: County) -> None:
        """Contacts are opened by who showed more than a password."""
        assert 403 == at_desk(county.hands, "water", is_strong=False).post("/ledger", data={}).status_code


class TestFileOnTheWay:
    """AS25-3.6.5a: the file is handed in from where it is missed, and what was typed is there afterwards."""

    def test_from_the_form_to_the_file_and_back(self, county: County) -> None:
        """One button keeps the draft; the file's page leads back to the form."""
        county.in_hand("filed", "housing")
        ticket = county.tickets["filed"]
        housing, path = desk(county, "housing"), f"/tickets/{ticket}/do/complete"
        away = housing.post(path, data={**_fields(housing.get(path).text), "result": "已经修好", "then": "attach"})
        form = housing.get(away.headers["location"]).text
        back = re.findall(r'name="back" value="([^"]*)"', form)[-1]

        there = housing.post(
            f"/tickets/{ticket}/attach",
            data={"csrf": csrf, "kind": "evidence", "back": back},
            files={"file": ("现场.txt", b"%PDF-1.4\n1 0 obj", "application/pdf")},
        )

        assert (303, path) == (there.status_code, there.headers.get("location"))
        page = housing.get(path).text
        assert "已经修好" in page and "有新的变化" not in page

    def test_it_leads_to_no_other_host(self, county: County) -> None:
        """The way back is a path of this node."""
        county.in_hand("hosts", "housing")

        page = desk(county, "housing").get(f"/tickets/{county.tickets['hosts']}/attach?back=//evil.example").text

        assert [] == re.findall(r'(?:href|value)="//evil', page)


def _ticket(county: County, id: str) -> Any:
    with county.hands.node.store.read() as view:
        return view.readings.ticket(id)


def _person(county: County, id: str) -> str:
    """Who has the ticket inside its lead's unit."""
    ticket = _ticket(county, id)
    return next((one.person for one in ticket.desks if one.unit == ticket.lead), "")


def _fields(page: str) -> dict[str, str]:
    """What a browser sends of the form as it stands: hidden fields and what is chosen; of two of one name the last."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[0] if chosen else ""
    return found
