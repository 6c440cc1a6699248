"""From a finding over the recheck to the second revisit and the close, through pages alone (AS25-4.7.2, 4.8)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from node.domain.payload import Text
from node.domain.ticket.handling import AddEvidence
from node.domain.ticket.recheck import ProposeRecheck
from node.domain.ticket.revisit import RecordRevisit
from node.web.app import create_app
from tests.support.node import make_node
from tests.web.busy_county import County, staffed
from tests.web.support import at_desk, csrf


@pytest.fixture
def county(tmp_path: Path) -> County:
    """A revisit found that nothing was done; the lead disputes that."""
    found = staffed(make_node(tmp_path))
    found.completed("need", "power", 0)
    heard = RecordRevisit(is_consistent=False, is_standard_met=False, evaluation="dissatisfied", remarks=Text("仍然停电。"))
    found.by("office-2:office", heard, "need")
    found.by("power:department", ProposeRecheck("finding_disputed", Text("已改造完毕,请复查。")), "need")
    return found


class Floor:
    """The county with everybody at his desk, one each for the whole of the story."""

    def __init__(self, county: County) -> None:
        self.county, self.app = county, create_app(county.hands.node)
        self._desks: dict[str, TestClient] = {}

    @property
    def page(self) -> str:
        return f"/tickets/{self.county.tickets['need']}"

    def sits(self, who: str, role: str) -> TestClient:
        if who not in self._desks:
            self._desks[who] = at_desk(self.county.hands, who, role, app=self.app)
        return self._desks[who]


def steps(floor: Floor, who: str, role: str) -> list[str]:
    """What the page of the need puts first for somebody."""
    page = floor.sits(who, role).get(floor.page).text
    found = re.search(r'<ul class="next">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r'/do/([a-z-]+)"', found[1]) if found else []


def give(floor: Floor, who: str, role: str, verb: str, **typed: object) -> None:
    """Fill in the form that the page leads to."""
    assert verb in steps(floor, who, role)
    client, path = floor.sits(who, role), f"{floor.page}/do/{verb}"
    hidden = dict(re.findall(r'name="(command_id|seen)" value="([^"]*)"', client.get(path).text))
    answer = client.post(path, data={"csrf": csrf, **hidden, **typed})
    assert answer.status_code == 303, re.findall(r'role="alert".*?</div>', answer.text, re.DOTALL)


def test_what_is_to_be_done_again_is_checked_off_revisited_and_closed(county: County) -> None:
    """Each step stands where somebody looks for it; what a round has once is not offered again."""
    hands, floor = county.hands, Floor(county)
    give(floor, "centre", "office", "open-recheck", participants=[county.unit("power"), county.unit("water")])
    for member in ("power", "water"):
        give(floor, member, "department", "give-recheck-opinion", opinion="现场已查看。")
    day = (hands.now + timedelta(days=9)).date().isoformat()
    give(floor, "centre", "office", "decide-recheck", outcome="redo", opinion="须整改。", rectify_by=day)
    photo = hands.node.blobs.put(b"photo")
    county.by("power:department", AddEvidence(photo, Text("现场.jpg")), "need")
    result = {"result": "已整改", "is_truthful": "yes", "evidence": photo, "feedback_way": "phone", "feedback": "已电话告知"}
    give(floor, "power", "department", "complete", standard="solved", **result)

    before = steps(floor, "office-2", "office")
    give(floor, "office-2", "office", "check-off-rectification", is_accepted="yes", needs_revisit="yes")
    give(floor, "office-2", "office", "record-revisit", is_consistent="yes", is_standard_met="yes", evaluation="satisfied", way="phone")
    after = steps(floor, "office-2", "office")
    give(floor, "centre", "office", "close")

    assert ["check-off-rectification", "record-revisit", "record-revisit-attempt"] == before[:3]
    assert "record-revisit" not in after and "check-off-rectification" not in after


def test_a_leader_is_entered_appointed_and_put_in_charge_from_the_board(county: County) -> None:
    """FJ23-2.4b: from an empty board on; who holds no post cannot be put in charge, and the board says so."""
    floor = Floor(county)
    office = floor.sits("centre", "office")
    empty = office.get("/boards/leading").text
    entered = office.post("/new/enter-leader", data={"csrf": csrf, "leader": "government"})
    board = office.get("/boards/leading").text
    appoint = re.findall(r'href="(/leader/[^"?]+/do/appoint-leader)', board)

    answer = office.post(appoint[0], data={"csrf": csrf, "post": "member"})

    assert ("/new/enter-leader" in empty, "现未任职" in board, "/do/relieve-leader" in board) == (True, True, False)
    assert ([303, 303], True) == ([entered.status_code, answer.status_code], "/do/relieve-leader" in office.get("/boards/leading").text)
