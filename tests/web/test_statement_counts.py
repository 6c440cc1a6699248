"""
A page asks the database no oftener for many needs than for few: what it shows is read together, and what it counts is counted there
(DESIGN 12).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import event

from node.domain import registry as g
from node.domain.payload import Text
from node.domain.ticket.co_handling import AddCoHandler
from node.domain.ticket.coordination import DeclareDisagreement
from node.domain.ticket.countersigning import DraftReply
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.judgement import GiveOpinion, OpenJudgement
from node.domain.ticket.objection import Object
from node.services.acting import act
from node.web.app import create_app
from tests.clauses.test_enterprise import a_code
from tests.support.node import make_node
from tests.web.busy_county import County, staffed
from tests.web.support import at_desk

FEW, MANY = 5, 20
# Who looks: account, role, and what he opens.
PAGES = (
    *(("centre", "office", path) for path in ("/", "/tickets", "/tickets?due=today", "/tickets?state=all", "/boards", "/boards/triage")),
    *(("centre", "office", f"/boards/{name}") for name in ("dispatch", "judgement", "approvals", "co-handling", "objections")),
    *(("centre", "office", f"/boards/{name}") for name in ("revisits", "supervision", "escalations", "leading", "meetings")),
    *(("centre", "office", path) for path in ("/leader", "/export", "/search?q=停电", "/registers/calendar", "/registers/channels")),
    *(("centre", "office", path) for path in ("/registers/units", "/registers/links", "/registers/enterprises")),
    *(("development_reform", "member", path) for path in ("/", "/boards/judgement")),
    *(("housing", "department", path) for path in ("/", "/tickets", "/boards/tray")),
    *(("housing-head", "department_leader", path) for path in ("/", "/boards/tray", "/boards/approvals")),
)


def _of_each_kind(county: County, numbers: range) -> None:
    """For each of *numbers* a need in every state that a board shows, of an enterprise of its own."""
    members = (county.unit("development_reform"), county.unit("investment_promotion"))
    opinion = GiveOpinion(Text("属自然资源部门职责，建议立案。"), "form", county.unit("natural_resources"))
    today = county.hands.now.date()
    for number in numbers:
        code = a_code("520402", number)
        county.need(f"pool-{number}", number, credit_code=code)
        county.need(f"single-{number}", number, credit_code=code)
        county.by("centre:office", OpenJudgement(members, ("cross_department",), Text("请发表意见。")), f"single-{number}")
        county.by("development_reform:member", opinion, f"single-{number}")
        county.formed(f"formed-{number}", number, credit_code=code)
        county.sent(f"sent-{number}", "housing", number, credit_code=code)
        county.in_hand(f"joint-{number}", "housing", number, credit_code=code)
        county.by("housing:department", RequestExtension(today + timedelta(days=30), "complex", Text("需等待意见。")), f"joint-{number}")
        county.by("housing:department", AddCoHandler(county.unit("fire"), Text("请协助。")), f"joint-{number}")
        county.by("housing:department", DraftReply(Text("拟答复：已排期。")), f"joint-{number}")
        county.in_hand(f"dispute-{number}", "natural_resources", number, credit_code=code)
        county.by("natural_resources:department", AddCoHandler(county.unit("housing"), Text("请认定。")), f"dispute-{number}")
        county.by("natural_resources:department", DeclareDisagreement(Text("认定不一致。")), f"dispute-{number}")
        county.sent(f"objection-{number}", "water", number, credit_code=code)
        county.by("water:department", Object(Text("不属我局。"), county.unit("power")), f"objection-{number}")
        county.completed(f"done-{number}", "power", number, credit_code=code)


@contextmanager
def _heard(county: County) -> Iterator[list[str]]:
    """The statements that pages read by."""
    said: list[str] = []
    engine = county.hands.node.store.database.reader

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def _counted(county: County, app: FastAPI) -> dict[tuple[str, str], int]:
    """How many statements each page takes, once what a process learns is learnt."""
    found = {}
    for account, role, path in PAGES:
        client = at_desk(county.hands, account, role, app=app)
        assert 200 == client.get(path).status_code, (account, path)
        with _heard(county) as said:
            client.get(path)
        found[account, path] = len(said)
    return found


def test_a_page_asks_no_oftener_for_many_needs_than_for_few(tmp_path: Path) -> None:
    """Every board, Today, lists and registers, with five and with twenty of each kind; a list that fills its page asks for no more."""
    county = staffed(make_node(tmp_path / "node"))
    leader = g.OpenAccount("housing-head", ("department_leader",), county.unit("housing"))
    act(county.hands.node, "centre", leader)
    app = create_app(county.hands.node)

    _of_each_kind(county, range(FEW))
    few = _counted(county, app)
    _of_each_kind(county, range(FEW, MANY))
    many = _counted(county, app)

    assert {} == {page: (few[page], many[page]) for page in few if many[page] > few[page]}
