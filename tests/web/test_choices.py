"""Who and what is offered to choose from: those that the command takes, by their names."""

import re
import uuid
from datetime import date
from pathlib import Path

import pytest

from node.domain.payload import Contact, Text
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.filling import FillIn
from node.domain.ticket.forming import Form
from tests.web.office import CLERK, DIRECTOR, HANDLER, OFFICER, PASSED, Office, open_account, open_office
from tests.web.support import at_desk, csrf


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A county with two bureaus, and those who keep the platform running."""
    made = open_office(tmp_path / "node")
    open_account(made.hands, "run", ("operator",), name="运维员")
    open_account(made.hands, "watch", ("audit_admin",), name="审计员")
    open_account(made.hands, "d-housing-2", ("department",), "housing", "刘工")
    return made


def offered(page: str, field: str) -> set[str]:
    """The values of a list, or of boxes to tick."""
    chosen = re.search(rf'<select id="f-{field}".*?</select>', page, re.DOTALL)
    values = re.findall(r'<option value="([^"]*)"', chosen[0]) if chosen else re.findall(rf'name="{field}" value="([^"]*)"', page)
    return set(values) - {""}


def test_a_unit_names_one_of_its_own_as_the_person_who_answers(office: Office) -> None:
    """AS25-4.3.1: another unit's people are refused, so they are not offered."""
    page = at_desk(office.hands, HANDLER).get(f"/tickets/{office.handled}/do/sign-and-answer").text

    assert {HANDLER, "d-housing-2"} == offered(page, "person")


def test_meetings_and_joint_items_have_no_administrators(office: Office) -> None:
    """Whoever only keeps the platform running sits in no meeting and answers for nothing."""
    office.hands.act("department", Sign(), office.handled, "housing")
    client = at_desk(office.hands, OFFICER)
    meeting, item = (client.get(path).text for path in ("/new/convene-meeting", f"/tickets/{office.handled}/do/add-joint-item"))

    for people in (offered(meeting, "persons"), offered(item, "person")):
        assert ({OFFICER, HANDLER} <= people, people & {"run", "watch"}) == (True, set())


def test_approvals_call_those_who_decide_by_their_names(office: Office) -> None:
    """Nobody knows accounts by heart."""
    for role, command, unit in (
        ("office", FillIn(name=Contact("赵某")), ""),
        ("office", Form("coordination", passed=PASSED), ""),
        ("office", Dispatch(f"{office.hands.node.code}-housing"), ""),
        ("department", Sign(), "housing"),
        ("department", RequestExtension(date(2026, 3, 20), "complex", Text("需现场复核")), "housing"),
    ):
        office.hands.act(role, command, office.pooled, unit)

    people = re.findall(r'<td class="people">([^<]*)</td>', at_desk(office.hands, OFFICER).get("/boards/approvals").text)

    assert ["王芳" in one and OFFICER not in one for one in people] == [True]
    assert DIRECTOR not in people[0]


def test_a_need_can_be_hidden_from_neither_the_hub_nor_the_clerks_own_unit(office: Office) -> None:
    """XS25-4.3.1.4: what is always refused is not offered; what is sent all the same is refused by names, with a way that there is."""
    client, draft = at_desk(office.hands, CLERK), str(uuid.uuid4())
    node = office.hands.node.code
    sent = {"appeal": "投诉服务态度", "phone": "13900005555", "channel": "window", "received_at": "2026-02-23 09:30"}

    answer = client.post(f"/intake/{draft}", data={"csrf": csrf, "do": "register", **sent, "conceal_from": f"{node}-centre"}).text
    page = client.get(f"/intake/{uuid.uuid4()}").text

    assert {f"{node}-housing", f"{node}-water"} == offered(page, "conceal_from")
    assert ("是本级工作机构" in answer, f"{node}-centre 是本级工作机构" in answer, "（）" in answer) == (True, False, False)
    assert "本级还没有接入上级" in answer
