"""Ledger, register of enterprises, what-if and calendar over HTTP: as their pages have them, and nobody's name or number."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from node.domain.directory import JoinGroup
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.payload import Text
from node.domain.registry import OpenAccount
from node.services import enterprise_register, ledger
from node.services.account_list import accounts_of
from node.services.queries import names
from node.storage import schema
from node.web.api.query import cursor_of
from tests.clauses.given import COUNTY, a_county, dispatched, handled
from tests.support.node import Hands
from tests.web.api import Caller
from tests.web.registers_given import PHONE, Given, a_county_with_registers
from tests.web.support import at_desk


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return a_county_with_registers(tmp_path_factory.mktemp("registers"))


@pytest.fixture(scope="module")
def office(given: Given) -> Caller:
    return Caller(given.hands, "centre", "office")


def walked(caller: Caller, path: str, key: str, **query: Any) -> list[Any]:
    """Every page of two, one behind the other."""
    found: list[Any] = []
    for _ in range(9):
        page = caller.get(path, limit=2, **query).json()
        found += page[key]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    return found


def entries(hands: Hands) -> int:
    with hands.node.store.read() as view:
        return view.connection.execute(select(func.count()).select_from(schema.entries)).scalar_one()


class TestLedger:
    """台账: one row a ticket, as the sheet of the page has it."""

    def test_its_rows_are_those_of_the_sheet_but_for_who_is_no_enterprise(self, given: Given, office: Caller):
        """An enterprise has its file's name; where the sheet opens the name of a person, there is none here, and no entry."""
        hands, before = given.hands, entries(given.hands)
        rows, whole = walked(office, "/ledger", "rows"), office.get("/ledger").text
        assert before == entries(hands)
        with hands.node.store.read() as view:
            called = names(view)
        actor = ledger.Actor("centre", "office", f"{COUNTY}-centre")
        sheet = hands.node.writer.command(lambda work: ledger.ledger(work, ledger.Wanted(), actor, called, hands.now))

        assert [one.ticket for one in sheet] == [one["ticket"] for one in rows]
        assert {"安顺市西秀区双堡果业有限公司", "黔中面粉加工厂", ""} == {one["enterprise"] for one in rows}
        assert {"王某"} == {one.enterprise for one in sheet} - {one["enterprise"] for one in rows}
        assert [] == [said for said in ("王某", "欧阳建国", PHONE) if said in whole]

    def test_a_department_has_its_own_whatever_it_asks_for(self, given: Given):
        """What it leads or was met first; nothing of another unit, and nothing that is hidden from it."""
        housing = Caller(given.hands, "d-housing")
        own, other = housing.get("/ledger").json(), housing.get("/ledger", unit="water").json()

        assert own == other and f"{COUNTY}-housing" == own["unit"]
        assert {given.late, given.done} == {one["ticket"] for one in own["rows"]}

    def test_a_period_has_what_was_registered_in_it(self, given: Given, office: Caller):
        """Both days included."""
        assert [] == office.get("/ledger", first="2025-01-01", last="2025-12-31").json()["rows"]
        assert 422 == office.get("/ledger", first="2026-2-1").status_code


class TestEnterprises:
    """企业库: the list of the page, place by place."""

    def test_a_word_of_a_name_finds_it(self, given: Given, office: Caller):
        """From one character on; a note counts, too; of contacts nothing is here."""
        found = {
            text: [one["id"] for one in office.get("/enterprise-register", text=text).json()["enterprises"]] for text in ("堡", "灌溉渠")
        }
        whole = office.get("/enterprise-register").text

        assert {"堡": [given.farm], "灌溉渠": [given.farm]} == found
        assert [] == [said for said in ("欧阳建国", PHONE, "塘山村") if said in whole]

    def test_what_hides_a_need_hides_it_in_the_counts(self, given: Given, office: Caller):
        """The office counts two needs of the farm; the unit complained of counts one."""
        housing = Caller(given.hands, "d-housing")
        counts = [
            {one["id"]: one["needs"] for one in caller.get("/enterprise-register").json()["enterprises"]} for caller in (office, housing)
        ]

        assert [2, 1] == [one[given.farm] for one in counts]

    def test_the_pages_are_the_whole_list(self, tmp_path: Path):
        """Those with overdue needs first, then by the last change; nothing twice, and each page counts all."""
        county = a_county(tmp_path)
        files = [county.later(minutes=1).act("office", OpenEnterprise(Text(f"安顺第{n}厂"), "project")).subject.id for n in range(5)]
        handled(county, enterprise=files[1])
        county.later(days=40)
        caller = Caller(county, "centre", "office")
        actor = enterprise_register.Actor("centre", "office", f"{COUNTY}-centre")
        with county.node.store.read() as view:
            whole = enterprise_register.listed(view, enterprise_register.Wanted(), actor, county.now).lines

        assert [one.id for one in whole] == [one["id"] for one in walked(caller, "/enterprise-register", "enterprises")]
        assert files[1] == whole[0].id and 5 == caller.get("/enterprise-register", limit=1).json()["count"]
        assert [files[1]] == [one["id"] for one in walked(caller, "/enterprise-register", "enterprises", needs="overdue")]


class TestWhatIf:
    """A period under another limit; nothing is written."""

    def test_what_would_have_been_late_is_named_and_nothing_written(self, tmp_path: Path):
        """As the page has it."""
        county = a_county(tmp_path)
        ticket = dispatched(county)
        county.later(days=4)
        office, before = Caller(county, "centre", "office"), entries(county)
        found = office.get("/what-if", key="limit.sign", value="1 workdays").json()

        assert ticket in {one["ticket"] for one in found["newly_late"]} or ticket in found["tickets_late_after"]
        assert before == entries(county)
        assert 422 == office.get("/what-if", key="limit.sign", value="soon").status_code

    def test_of_a_need_that_is_hidden_from_him_it_says_nothing(self, tmp_path: Path):
        """Neither here nor on the page."""
        county = a_county(tmp_path)
        hidden, known = dispatched(county, conceal_from=f"{COUNTY}-water"), dispatched(county)
        county.act("office", OpenAccount("head-of-water", ("director",), f"{COUNTY}-water"), COUNTY)
        county.later(days=4)
        asked = {"key": "limit.sign", "value": "1 workdays"}
        told = [
            Caller(county, "head-of-water").get("/what-if", **asked).text,
            at_desk(county, "head-of-water").get("/registers/what-if", params=asked).text,
        ]

        assert [(True, False)] * 2 == [(known in one, hidden in one) for one in told]
        assert hidden in Caller(county, "centre", "office").get("/what-if", **asked).text


def test_a_day_has_its_reason(office: Caller):
    """A holiday by its name with the order behind it; a make-up day, a weekend."""
    days = office.get("/calendars", first="2026-02-13", last="2026-02-28").json()["days"]
    found = {one["day"]: (one["is_workday"], one["why"]) for one in days}

    assert {(True, "workday"), (False, "holiday"), (True, "make_up_workday")} <= set(found.values())
    assert all(one["source"] for one in days)


class TestUnits:
    """单位 and 服务群, with what each has in hand as far as somebody sees it."""

    def test_a_unit_has_the_figures_of_what_it_leads(self, given: Given, office: Caller):
        """The office counts all; a department nothing of another's."""
        found = [
            {one["code"]: one["counts"]["overdue"] for one in caller.get("/units").json()["units"]}
            for caller in (office, Caller(given.hands, "d-finance"))
        ]

        assert [1, 0] == [one[f"{COUNTY}-housing"] for one in found]

    def test_the_groups_are_those_of_the_pack_page_by_page(self, tmp_path: Path):
        """With their members: an official by his name."""
        county = a_county(tmp_path, pack="fengjie-2023")
        office = Caller(county, "centre", "office")
        whole = office.get("/groups", limit=200).json()
        group = whole["groups"][0]["group"]
        county.act("office", JoinGroup(group, account="centre"), COUNTY)
        first = office.get(f"/groups/{group}", limit=1).json()

        assert [one["group"] for one in whole["groups"]][:9] == [one["group"] for one in walked(office, "/groups", "groups")][:9]
        assert ([200, 1], ["centre"]) == ([len(whole["groups"]), first["officials"]], [one["id"] for one in first["members"]])
        assert whole["count"] == 200 + len(office.get("/groups", limit=200, cursor=whole["next"]).json()["groups"])
        assert "GROUP_UNKNOWN" == office.get("/groups/nothing").json()["code"]


class TestChannels:
    """渠道, as the register of channels counts them for whom it is."""

    def test_both_ways_are_those_of_the_page(self, given: Given, office: Caller):
        """What came by each way, what the pack offers beside them, and each way out with whether it is set."""
        found, page = office.get("/channels").json(), at_desk(given.hands, "centre").get("/registers/channels").text
        rows = re.findall(r'href="/search\?channel=(\w+)".*?<td class="number">(\d+)</td><td class="number">(\d+)</td>', page)

        assert rows == [(one["channel"], str(one["recent"]), str(one["ever"])) for one in found["incoming"]] and rows
        assert 4 == sum(one["ever"] for one in found["incoming"])
        assert set() == {one["channel"] for one in found["incoming"]} & set(found["unused"]) and found["unused"]
        assert {"in_app": True, "sms": False, "email": False, "robot": False} == {
            one["channel"]: one["is_set"] for one in found["outgoing"]
        }
        assert "sms" in found["told"]["appellant"] and {"waiting", "sent", "failed"} == set(found["outgoing"][0]["counts"])

    def test_what_is_hidden_from_a_unit_is_not_counted_for_it(self, tmp_path: Path):
        """Also where somebody sees all otherwise."""
        county = a_county(tmp_path)
        dispatched(county)
        dispatched(county, conceal_from=f"{COUNTY}-water")
        county.act("office", OpenAccount("head-of-water", ("director",), f"{COUNTY}-water"), COUNTY)
        counts = [
            sum(one["ever"] for one in caller.get("/channels").json()["incoming"])
            for caller in (Caller(county, "centre", "office"), Caller(county, "head-of-water"))
        ]

        assert [2, 1] == counts


class TestAccounts:
    """账号, as the register of accounts lists them, for whom it is."""

    def test_they_are_the_lines_of_the_page_page_by_page(self, given: Given, office: Caller):
        """By unit and id, with names and roles; a part of the id or a unit narrows them, and what is counted."""
        with given.hands.node.store.read() as view:
            lines = accounts_of(view, COUNTY)
        found = walked(office, "/accounts", "accounts")
        mine = [office.get("/accounts", **asked).json() for asked in ({"words": "HOUS"}, {"unit": "housing"})]

        assert [(one.account, one.name, one.unit_name, list(one.roles), one.status) for one in lines] == [
            tuple(one[name] for name in ("account", "name", "unit_name", "roles", "status")) for one in found
        ]
        assert len(lines) == office.get("/accounts", limit=1).json()["count"] > 2
        assert [(1, ["d-housing"])] * 2 == [(one["count"], [line["account"] for line in one["accounts"]]) for one in mine]

    def test_a_further_part_begins_where_a_page_does(self, given: Given, office: Caller):
        """By how many lines lie before it; a place of another list, or none that can be, is refused."""
        with given.hands.node.store.read() as view:
            lines = [accounts_of(view, COUNTY, skipped=passed, most=1)[0].account for passed in range(3)]
        found = [office.get("/accounts", limit=1, cursor=cursor_of(passed)).json()["accounts"][0]["account"] for passed in range(3)]
        foreign = [office.get("/accounts", cursor=one) for one in (cursor_of(COUNTY, lines[0]), cursor_of(10**30), cursor_of(-1))]

        assert lines == found
        assert ["MALFORMED_COMMAND"] * 3 == [one.json()["code"] for one in foreign]

    def test_how_somebody_signs_in_is_no_word_of_it(self, given: Given, office: Caller):
        """The page says who has a password and a second factor; another system is not told, and never a number."""
        (line, *_), whole = office.get("/accounts").json()["accounts"], office.get("/accounts").text

        assert {"account", "name", "unit", "unit_name", "roles", "status"} == set(line)
        assert [] == [said for said in ("password", "totp", "second", "phone", PHONE) if said in whole]


def test_the_state_of_the_node_is_what_its_page_has(given: Given, office: Caller):
    """Its size and root, what is due by unit, and what is wrong."""
    found = office.get("/status").json()
    with given.hands.node.store.read() as view:
        position = view.journal.position(given.hands.node.code, view.head.epoch)

    assert (position.size, position.root.hex()) == (found["size"], found["root"])
    assert f"{COUNTY}-housing" in {one["unit"] for one in found["due"]}
    assert {"links", "below", "situations", "reconciled"} <= set(found)


class TestJournal:
    """查阅记录 and the audit, as their pages have them."""

    def test_an_opening_is_read_by_whoever_made_it_and_by_whom_its_page_is_for(self, tmp_path: Path):
        """A ledger with names leaves one; the clerk beside reads none."""
        county = a_county(tmp_path)
        ticket = handled(county)
        for account, roles in (("auditor", ("supervision",)), ("clerk", ("window_clerk",))):
            county.act("office", OpenAccount(account, roles, f"{COUNTY}-centre"), COUNTY)
        with county.node.store.read() as view:
            called = names(view)
        actor = ledger.Actor("centre", "office", f"{COUNTY}-centre")
        county.node.writer.command(lambda work: ledger.ledger(work, ledger.Wanted(), actor, called, county.now))
        told = [
            [(one["opened"], one["actor"]["account"]) for one in Caller(county, account).get("/openings").json()["openings"]]
            for account in ("centre", "auditor", "clerk")
        ]

        assert [[(ticket, "centre")], [(ticket, "centre")], []] == told
        assert [200, 403] == [Caller(county, account).get("/audit").status_code for account in ("auditor", "clerk")]

    def test_what_is_hidden_from_a_unit_is_no_line_of_its_auditor(self, tmp_path: Path):
        """Neither that it was opened nor that something was written; nor on the pages."""
        county = a_county(tmp_path)
        hidden, known = handled(county, conceal_from=f"{COUNTY}-water"), handled(county)
        county.act("office", OpenAccount("auditor-of-water", ("supervision",), f"{COUNTY}-water"), COUNTY)
        with county.node.store.read() as view:
            called = names(view)
        actor = ledger.Actor("centre", "office", f"{COUNTY}-centre")
        county.node.writer.command(lambda work: ledger.ledger(work, ledger.Wanted(), actor, called, county.now))
        caller, desk = Caller(county, "auditor-of-water"), at_desk(county, "auditor-of-water")
        told = [caller.get("/openings").text, caller.get("/audit").text]
        told += [desk.get(path).text for path in ("/registers/contacts", "/registers/audit")]

        assert [(True, False)] * 4 == [(known in one, hidden in one) for one in told]
