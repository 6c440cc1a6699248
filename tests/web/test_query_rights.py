"""
Every query of the API times every role: what each is answered, as a table; a query that is missing in it fails here.

The words are those of ``test_rights``, which has the pages; `make rights` prints both.  What a token may ask beside its account's role is
the scope of each query.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from node.domain import registry as g
from node.domain.appraisal.scoring import OpenAppraisal
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.entry import SubjectKind
from node.domain.leader.appointing import EnterLeader
from node.domain.letter.sending import RaiseIssue
from node.domain.meeting.convening import ConveneMeeting
from node.domain.order.issuing import IssueOrder
from node.domain.organisation import Role
from node.domain.paper import IssuePaper
from node.domain.payload import Text
from node.domain.round import OpenRound
from node.services import boards
from node.services.acting import act
from node.web.api import shape
from node.web.api.query_list import all_queries
from node.web.app import create_app
from tests.clauses.given import COUNTY, HOUSING, a_county, dispatched
from tests.support.node import Hands
from tests.web.support import at_desk
from tests.web.test_rights import (
    _BY_PART,
    _OUTSIDERS,
    _SEEING,
    _TAKERS,
    _UNITS,
    DENIED,
    EXPECTED,
    ROLES,
    STAFF,
    Expected,
    all_but,
    code_of,
    only,
)

_DRAWING = (Role.OFFICE, Role.DIRECTOR, Role.LEADER, Role.GOVERNMENT, Role.SUPERVISION, Role.SUPERVISOR)
_LETTER_READERS = (Role.OFFICE, Role.OPERATOR, Role.GOVERNMENT, Role.SUPERVISOR, Role.SUPERVISION)
_ALL = all_but(*_UNITS)
_COLLECTIONS = {
    kind: name for name, kind in shape.COLLECTIONS.items() if kind not in (SubjectKind.TICKET, SubjectKind.ROUND, SubjectKind.NODE)
}
QUERIED: dict[str, Expected] = {
    # Each is answered with what his scope shows him; an outsider with his own filings.
    **dict.fromkeys(("/tickets", "/tray", "/overview", "/tallies/{by}", "/packs", "/calendars", "/node"), Expected(STAFF)),
    # Whoever knows the code of the receipt.
    "/progress/{id}": Expected(STAFF),
    **dict.fromkeys(("/tickets/{id}", "/tickets/{id}/clocks/{clock}"), Expected(_SEEING)),
    **dict.fromkeys(("/search", "/entries"), all_but(*_OUTSIDERS)),
    # As the pages, board by board (TestBoards).
    "/boards": EXPECTED["GET", "/boards"],
    "/boards/{board}": EXPECTED["GET", "/boards/triage"],
    "/call-plan": EXPECTED["GET", "/boards/revisits"],
    "/leader-page": EXPECTED["GET", "/leader"],
    "/ledger": EXPECTED["GET", "/ledger"],
    "/enterprise-register": EXPECTED["GET", "/registers/enterprises"],
    "/what-if": EXPECTED["GET", "/registers/what-if"],
    "/tracking": EXPECTED["GET", "/boards/supervision"],
    "/asks": EXPECTED["GET", "/boards/escalations"],
    "/precedents": EXPECTED["GET", "/boards/objections"],
    "/units": EXPECTED["GET", "/registers/units"],
    **dict.fromkeys(("/groups", "/groups/{id}"), EXPECTED["GET", "/registers/groups"]),
    "/status": EXPECTED["GET", "/registers/links"],
    "/accounts": EXPECTED["GET", "/registers/accounts"],
    "/first-day": EXPECTED["GET", "/first-day"],
    "/channels": EXPECTED["GET", "/registers/channels"],
    **dict.fromkeys(("/leading", *(f"/leading/{one}" for one in ("unassigned", "unnamed", "missed"))), EXPECTED["GET", "/boards/leading"]),
    "/openings": EXPECTED["GET", "/registers/contacts"],
    "/audit": EXPECTED["GET", "/registers/audit"],
    "/lookup": only(*_TAKERS),
    "/rounds": only(*_DRAWING),
    "/rounds/{id}/calls": only(Role.OFFICE),
    "/links": _ALL,
    **{f"/{name}": Expected(STAFF) for name in _COLLECTIONS.values()},
    **{f"/{name}/{{id}}": _ALL for name in _COLLECTIONS.values()},
    # The department of housing is addressed and appraised; whoever is of the centre, which convened it, is of the meeting.
    **dict.fromkeys(("/orders/{id}", "/appraisals/{id}"), all_but(*_BY_PART)),
    "/meetings/{id}": all_but(*_OUTSIDERS),
    # The one who wrote it finds it on its page.
    "/letters/{id}": only(*_LETTER_READERS),
}
# Whose part in one of them decides, where the table says what those here have.
PARTLY = {f"/{name}/{{id}}": {role.value for role in _UNITS if role not in _OUTSIDERS} for name in _COLLECTIONS.values()}
# What a query has to be asked with.
_ASKED = {"/lookup": "?said=13800001234", "/progress/{id}": "?code=ABCD", "/what-if": "?key=limit.sign&value=1%20workdays"}
# Kinds of which nothing stands here: begun by their own mechanisms, shown by the same query as the others.
_MISSING = {SubjectKind.SUPPORT_POLICY, SubjectKind.TASK, SubjectKind.CONTEST}


@dataclass
class Desks:
    """A county with an account a role, and by kind the id of what only the centre and, in part, housing have to do with."""

    hands: Hands
    app: FastAPI
    ids: dict[str, str]
    seated: dict[str, TestClient] = field(default_factory=dict)

    def ask(self, role: str, path: str) -> str:
        """What *role* is told: the code of a refusal, or "" for an answer."""
        if role not in self.seated:
            self.seated[role] = at_desk(self.hands, f"r-{role}", app=self.app)
        collection = path.split("/")[1]
        target = path.replace("{id}", self.ids.get(collection, "")).replace("{clock}", "form").replace("{by}", "channel")
        target = target.replace("{board}", "triage")
        answer = self.seated[role].get(f"/api/v1{target}{_ASKED.get(path, '')}")
        assert answer.status_code < 500, f"{path} as {role}: {answer.text}"
        return code_of(answer)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    county = a_county(tmp_path_factory.mktemp("query_rights"))
    node = county.node
    for role in ROLES:
        unit = HOUSING if role.startswith("department") else f"{COUNTY}-centre"
        act(node, "security" if role in g.ADMINISTRATORS else "centre", g.OpenAccount(f"r-{role}", (role,), unit))
    ticket = dispatched(county)
    county.act("operator", g.InviteNode("520499", "分中心", "00" * 32), COUNTY)
    county.act("node", g.AdmitNode("520499", "分中心", "00" * 32), COUNTY)
    starts = (
        IssuePaper("receipt", ticket=ticket),
        IssueOrder("urge", "overdue", "system", tickets=(ticket,), unit=HOUSING, demand=Text("请说明情况")),
        ConveneMeeting("joint_judgement", county.now + timedelta(days=2), units=(HOUSING,)),
        RaiseIssue("process", Text("流程"), Text("流程")),
        OpenEnterprise(Text("惠民餐饮店"), "enterprise", "91350211M000100Y43"),
        EnterLeader("r-leader"),
        OpenAppraisal("2026-Q1", "r-assessor", (HOUSING,), date(2026, 4, 30), ("reply", "completion", "satisfaction")),
    )
    ids = {_COLLECTIONS[one.subject_kind]: act(node, "centre:office", one).subject.id for one in starts}
    ids["rounds"] = act(node, "centre:office", OpenRound("520499", "2026-03")).subject.id
    return Desks(county, create_app(node), ids | {"tickets": ticket, "progress": ticket, "groups": "none"})


def test_each_query_stands_in_the_table() -> None:
    assert {one.path for one in all_queries()} == set(QUERIED)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_answered_where_the_table_says_so(desks: Desks, role: str) -> None:
    missing = {f"/{_COLLECTIONS[kind]}/{{id}}" for kind in _MISSING}
    wrong = {}
    for path, expected in QUERIED.items():
        may = expected.who == STAFF or role in expected.who
        told = desks.ask(role, path) if path not in missing else ""
        if path not in missing and may == (told in DENIED):
            wrong[path] = told or "answered"

    assert {} == wrong


class TestBoards:
    @pytest.mark.parametrize("name", boards.KINDS)
    def test_a_board_is_for_whom_its_page_is_for(self, desks: Desks, name: str) -> None:
        told = {role: desks.ask(role, f"/boards/{name}") for role in ROLES}

        assert EXPECTED["GET", f"/boards/{name}"].who == {role for role, code in told.items() if code not in DENIED}
        assert {"", "PERMISSION_DENIED"} == set(told.values())
