"""Codes of a long list are chosen while they are typed, and what the list does not have is refused at its field."""

import re
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from node.domain.duty_list import AdoptDutyList, DutyItem
from node.domain.leader.appointing import AppointLeader, EnterLeader
from node.domain.letter.sending import PublishStandard
from node.domain.payload import Contact
from node.domain.ticket.filling import FillIn
from tests.clauses.given import HOUSING, WATER
from tests.federation.exchange import Tree
from tests.web.office import OFFICER, PASSED, Office, open_account, open_office
from tests.web.support import at_desk, csrf

LAND = DutyItem("520402-H-01", HOUSING, "land_use", "土地使用", "infrastructure", "《中华人民共和国土地管理法》第六十七条", "county")
PIPES = DutyItem("520402-W-07", WATER, "water_pipe", "供水管线", "infrastructure", "《城市供水条例》第二十七条", "county")
GONE = DutyItem("520402-W-01", WATER, "well", "打井", valid_to=date(2026, 1, 31))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = open_office(tmp_path)
    office.hands.act("office", AdoptDutyList("2026-1", date(2026, 2, 1), (LAND, PIPES, GONE)), office.hands.node.code)
    office.hands.act("office", FillIn(name=Contact("赵某")), office.pooled)
    return office


def options(page: str, field: str) -> dict[str, str]:
    """What the list of *field* offers: the words by the code that is sent."""
    found = re.search(
        rf'<input id="f-{field}"[^>]* list="f-{field}-list".*?<datalist id="f-{field}-list">(.*?)</datalist>', page, re.DOTALL
    )
    return dict(re.findall(r'<option value="([^"]*)">([^<]*)</option>', found[1])) if found else {}


def sent(client: TestClient, path: str, **fields: object) -> str:
    return client.post(path, data={"csrf": csrf, **fields}).text


def test_an_item_of_the_duty_list_is_found_by_its_matter_and_its_unit(office: Office) -> None:
    """USERS B15: nobody knows codes by heart; what holds no more is not offered."""
    page = at_desk(office.hands, OFFICER).get(f"/tickets/{office.pooled}/do/form").text

    assert {"land_use": "土地使用 · 区住房和城乡建设局", "water_pipe": "供水管线 · 区水务局"} == options(page, "duty_matter")


def test_the_dispatch_offers_the_items_that_hold_today(office: Office) -> None:
    """XS25-4.2d: the item that makes it the lead's duty is chosen, with its law."""
    client = at_desk(office.hands, OFFICER)
    sent(client, f"/tickets/{office.pooled}/do/form", category="coordination", passed=list(PASSED), duty_matter="land_use")

    offered = options(client.get(f"/tickets/{office.pooled}/do/dispatch").text, "duty_item")

    assert {
        LAND.code: f"土地使用 · 区住房和城乡建设局 · {LAND.law_basis}",
        PIPES.code: f"供水管线 · 区水务局 · {PIPES.law_basis}",
    } == offered


@pytest.mark.parametrize("typed", ["no_such_matter", "well"])
def test_a_matter_that_the_list_does_not_have_is_refused_at_its_field(office: Office, typed: str) -> None:
    """Neither what never stood there nor what holds no more; what was typed stays."""
    page = sent(
        at_desk(office.hands, OFFICER), f"/tickets/{office.pooled}/do/form", category="coordination", passed=list(PASSED), duty_matter=typed
    )

    refused = re.search(r'id="f-duty_matter-refused"><strong>([^<]*)</strong> ([^<]*)<', page)
    assert refused is not None
    assert (True, True, True) == (f"“{typed}”" in refused[1], "请从现行清单中选择" in refused[2], f'value="{typed}"' in page)


def test_an_item_that_does_not_exist_is_refused_at_the_field_of_the_dispatch(office: Office) -> None:
    """A slip in a code is no ground of a dispatch."""
    client = at_desk(office.hands, OFFICER)
    sent(client, f"/tickets/{office.pooled}/do/form", category="coordination", passed=list(PASSED))

    page = sent(client, f"/tickets/{office.pooled}/do/dispatch", lead=HOUSING, duty_item="520402-X-99")

    assert re.search(r'id="f-duty_item-refused"><strong>[^<]*520402-X-99', page)


def test_a_node_without_a_list_is_not_asked_for_an_item(tmp_path: Path) -> None:
    """On the first day there is no list: the form is shorter, and names a matter as it likes."""
    office = open_office(tmp_path)
    office.hands.act("office", FillIn(name=Contact("赵某")), office.pooled)
    client = at_desk(office.hands, OFFICER)
    form = client.get(f"/tickets/{office.pooled}/do/form").text

    answer = client.post(
        f"/tickets/{office.pooled}/do/form", data={"csrf": csrf, "category": "coordination", "passed": list(PASSED), "duty_matter": "x"}
    )

    assert (False, 303) == ('id="f-duty_matter"' in form, answer.status_code)


def test_what_goes_up_names_an_item_that_the_superior_takes(tmp_path: Path) -> None:
    """XS25-4.3.3c: the items of the standard that came down are offered; without one the code is typed as it was published."""
    tree = Tree(tmp_path)
    county = tree.county.hands
    ticket = tree.county.register()
    client = at_desk(county, "centre", "office")
    path = f"/tickets/{ticket}/do/request-escalation"
    before = client.get(path).text
    tree.city.hands.act("office", PublishStandard(power_items=("LAND-07", "LAND-08")))
    tree.settle()

    assert ({}, ["LAND-07", "LAND-08"]) == (options(before, "power_item"), list(options(client.get(path).text, "power_item")))


def test_a_correction_shows_what_stands_there_and_takes_the_new_word_for_its_code(office: Office) -> None:
    """USERS A6: 原值 beside 新值; nobody types codes of channels."""
    client, path = at_desk(office.hands, OFFICER), f"/tickets/{office.pooled}/do/correct"
    page, channel, phone = (client.get(f"{path}{of}").text for of in ("", "?field=channel", "?field=phone"))

    answer = client.post(path, data={"csrf": csrf, "field": "channel", "value": "12345政务服务便民热线", "reason": "登记时选错"})

    old = [words in page for words in ("渠道（原值：", "联系电话（原值已加密）")]
    fits = [('name="value"' in one, 'name="contact"' in one) for one in (page, channel, phone)]
    with office.hands.node.store.read() as view:
        ticket = view.readings.ticket(office.pooled)
    assert [(False, False), (True, False), (False, True)] == fits
    assert '<option value="hotline_12345">' in channel
    assert ([True] * 2, 303, "hotline_12345") == (old, answer.status_code, ticket.intake.channel if ticket else "")


def test_a_list_with_nothing_in_it_says_who_fills_it(office: Office) -> None:
    """Walk (c): the form asked for a leader, and the register had none."""
    client, path = at_desk(office.hands, OFFICER), f"/tickets/{office.handled}/do/assign-leader"
    before = client.get(path).text
    open_account(office.hands, "mayor", ("leader",), name="莫县长")
    id = office.hands.act("office", EnterLeader("mayor")).subject.id
    office.hands.act("office", AppointLeader("convenor"), id)

    after = client.get(path).text

    said = "领导名册里还没有在任的领导"
    assert (True, False, True) == (said in before, said in after, "莫县长" in after)
