"""USERS A6, "wrong enterprise", at a desk: the page, the API, the paper and the registers all follow the correction."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from node.domain.enterprise.filing import OpenEnterprise
from node.domain.payload import Contact, Text
from node.domain.ticket.correction import Correct
from node.services import rebuild
from node.storage import schema
from tests.web.api import Caller
from tests.web.office import CODE, HANDLER, OFFICER, Office, open_office
from tests.web.support import at_desk, csrf

OTHER_CODE, OTHER_NAME, OWN_NAME = "91520400MAD0R8F80E", "黔中机械厂", "西秀区惠民餐饮店"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path)


@pytest.fixture
def other(office: Office) -> str:
    """The file of the enterprise that the need is really about."""
    command = OpenEnterprise(Text(OTHER_NAME), "enterprise", OTHER_CODE, contact=Contact("钱某"), phone=Contact("13700002222"))
    return office.hands.act("office", command).subject.id


def filed_under(office: Office, ticket: str) -> set[str]:
    """The files among whose needs a search by file finds *ticket*."""
    table = schema.traits
    with office.hands.node.store.read() as view:
        rows = view.connection.execute(select(table).where(table.c.ticket == ticket, table.c.name == "enterprise"))
        return {row.value for row in rows}


def test_a_ticket_moves_to_the_right_enterprise_and_its_papers_with_it(office: Office, other: str) -> None:
    """By the code that stands on the licence; the receipt prints the right name, and both names stand in what happened."""
    client, path = at_desk(office.hands, OFFICER), f"/tickets/{office.handled}"
    facts, form = (client.get(f"{path}/do/correct{of}").text for of in ("", "?field=enterprise"))
    before = client.get(f"{path}/papers/receipt").text

    sent = {"csrf": csrf, "field": "enterprise", "value": OTHER_CODE, "reason": "登记时挂错企业"}
    answer = client.post(f"{path}/do/correct", data=sent)

    page, after = client.get(path).text, client.get(f"{path}/papers/receipt").text
    assert (True, True) == (f"企业档案（原值：{OWN_NAME}）" in facts, 'name="value"' in form)
    assert (303, {other}) == (answer.status_code, filed_under(office, office.handled))
    assert [(True, False), (False, True)] == [(OWN_NAME in one, OTHER_NAME in one) for one in (before, after)]
    assert re.search(rf"原值.*{OWN_NAME}.*新值.*{OTHER_NAME}", page, re.DOTALL)


def look_for(client: TestClient, ticket: str, said: str, **typed: str | list[str]) -> str:
    """The form after its button for searching."""
    data = {"csrf": csrf, "field": "enterprise", "then": "find", "find": said, **typed}
    return client.post(f"/tickets/{ticket}/do/correct", data=data).text


def offered(page: str) -> list[tuple[str, str]]:
    """The files that the form offers: number, and what stands beside it."""
    return re.findall(r'<input type="radio" name="value" value="([^"]+)"[^>]*> ([^<]+)</label>', page)


@pytest.mark.parametrize("said", ["黔中机械", OTHER_CODE, "13700002222"], ids=["a piece of its name", "its code", "its phone"])
def test_the_right_enterprise_is_looked_for_as_at_intake(office: Office, other: str, said: str) -> None:
    """Without a script: what was typed is searched and kept, and nothing is corrected before a file is chosen."""
    client = at_desk(office.hands, OFFICER)

    page = look_for(client, office.handled, said, reason="登记时挂错企业")
    (found,) = offered(page)
    before = filed_under(office, office.handled)
    sent = {"csrf": csrf, "field": "enterprise", "find": said, "value": [found[0], ""], "reason": "登记时挂错企业"}
    answer = client.post(f"/tickets/{office.handled}/do/correct", data=sent)

    assert (other, True, True) == (found[0], OTHER_NAME in found[1], OTHER_CODE in found[1])
    assert "钱某" not in page and "登记时挂错企业</textarea>" in page and f'value="{said}"' in page
    assert ({office.file}, 303, {other}) == (before, answer.status_code, filed_under(office, office.handled))


def test_what_was_chosen_and_what_was_searched_outlast_a_refusal_and_a_way_round(office: Office, other: str) -> None:
    """A reason is missing: the file stays chosen, also once the form is opened again."""
    client, path = at_desk(office.hands, OFFICER), f"/tickets/{office.handled}/do/correct"
    refused = client.post(path, data={"csrf": csrf, "field": "enterprise", "find": "黔中", "value": [other, ""]})
    again = client.get(f"{path}?field=enterprise").text

    assert 422 == refused.status_code
    for page in (refused.text, again):
        assert re.search(rf'value="{other}" checked>', page) and 'name="find" value="黔中"' in page


def test_what_nobody_has_on_file_is_said_and_may_be_typed(office: Office, other: str) -> None:
    client = at_desk(office.hands, OFFICER)

    page = look_for(client, office.handled, "不存在的公司", value=["", OTHER_CODE])

    assert "没有查到企业档案" in page and f'name="value" value="{OTHER_CODE}"' in page


def test_a_department_looks_nobody_up(office: Office, other: str) -> None:
    """It types a number, as before: whose files there are is for those who take needs in."""
    client = at_desk(office.hands, HANDLER)

    page = look_for(client, office.handled, "黔中机械")

    assert (False, False, True) == (OTHER_NAME in page, 'name="find"' in page, 'name="value"' in page)


def test_the_api_takes_the_fields_of_the_command(office: Office, other: str) -> None:
    """The file by its id; what the enterprise is called, a title and an address sealed."""
    caller = Caller(office.hands, OFFICER)
    given = [
        {"field": "enterprise", "value": other},
        {"field": "enterprise_name", "text": "黔中机械二厂"},
        {"field": "title", "text": "厂门口积水"},
        {"field": "address", "contact": "北二路2号"},
    ]
    answers = [caller.post(f"/tickets/{office.handled}/correct", {**one, "reason": "登记有误"}).status_code for one in given]

    with office.hands.node.store.read() as view:
        ticket = view.readings.ticket(office.handled)
        assert ticket is not None
        entries = schema.entries.c
        stored = view.connection.execute(select(entries.content).where(entries.subject_id == ticket.id)).scalars().all()
        said = [view.payloads.open(ticket.subject, ref) for ref in (ticket.details.enterprise_name, ticket.intake.title)]  # type: ignore[arg-type]
    assert ([200] * 4, other) == (answers, ticket.appellant.enterprise)
    assert ["黔中机械二厂", "厂门口积水"] == said
    assert not any("北二路2号".encode() in bytes(one) for one in stored)


def test_a_corrected_title_stands_on_the_page_and_in_the_lists(office: Office) -> None:
    """The former one stands in the history only."""
    client = at_desk(office.hands, OFFICER)
    office.hands.act("office", Correct("title", text=Text("施工许可一次性告知"), reason=Text("标题不准")), office.handled)

    page, found = client.get(f"/tickets/{office.handled}").text, client.get("/tickets").text

    assert ("<h1>施工许可一次性告知</h1>" in page, "施工许可反复补材料" in page) == (True, True)
    assert (True, False) == ("施工许可一次性告知" in found, "施工许可反复补材料" in found)


@pytest.mark.parametrize("batch_entries_max", [1, 500])
def test_a_rebuild_says_the_same(office: Office, other: str, monkeypatch: pytest.MonkeyPatch, batch_entries_max: int) -> None:
    """There and back, by file and by code: what was folded step by step is what a refold gives, in any batch."""
    reason = Text("登记有误")
    office.hands.act("office", Correct("enterprise", other, reason=reason), office.handled)
    office.hands.act("office", Correct("credit_code", CODE, reason=reason), office.handled)
    office.hands.act("office", Correct("credit_code", OTHER_CODE, reason=reason), office.pooled)
    office.hands.act("office", Correct("enterprise", office.file, reason=reason), office.pooled)
    monkeypatch.setattr(rebuild, "batch_entries_max", batch_entries_max)

    assert rebuild.check(office.hands.node.store).agrees
    assert {office.file} == filed_under(office, office.handled) == filed_under(office, office.pooled)
