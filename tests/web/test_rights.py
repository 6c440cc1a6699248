"""
Every endpoint times every role: what each answers to whom, as a table; a route that is missing in it fails here.

`make rights` prints the rights matrix.  OPEN: to everybody, also who is not signed in.  STAFF: to every role; what it sees there
is then cut by ``services.scope``.  Else the roles themselves.
"""

import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from node.domain import registry as g
from node.domain.letter.sending import RaiseIssue
from node.domain.organisation import Role
from node.domain.paper import IssuePaper
from node.domain.payload import Text
from node.domain.refusal import Code
from node.services.acting import act
from node.services.command_fields import commands
from node.services.openings import HANDLING, RIGHTS
from node.texts.catalogue import text
from node.web.app import create_app
from node.web.navigation import groups_of
from tests.clauses.given import COUNTY, HOUSING, a_county, dispatched, registered
from tests.support.node import Hands
from tests.web.support import at_desk

ROLES = tuple(role.value for role in Role if role is not Role.NODE)
# Refusals of a right.  Whatever else an endpoint answers, a refusal of another kind too, means that the right was there.
DENIED = {Code.UNAUTHENTICATED.name, Code.PERMISSION_DENIED.name, Code.SUBJECT_UNKNOWN.name}
OPEN, STAFF = "open", "staff"


@dataclass(frozen=True)
class Expected:
    """Who may call a route: OPEN, STAFF, or roles; ``form`` is what is sent along, and whether a ``file`` is."""

    who: str | frozenset[str]
    form: dict[str, Any] = field(default_factory=dict)
    file: bytes = b""


def only(*roles: Role, **form: Any) -> Expected:
    return Expected(frozenset(role.value for role in roles), form)


_KEEPERS = Role.OFFICE, Role.SECURITY_ADMIN
_READERS = (*_KEEPERS, Role.AUDIT_ADMIN, Role.DIRECTOR)
# Roles that see every ticket of the node, and the department that this ticket is with; a unit's or a person's part sees its own.
_BLIND = ("member", "tracker", "assessor", "finder", "enterprise")
_SEEING = frozenset(ROLES) - set(_BLIND)
_PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400)
EXPECTED: dict[tuple[str, str], Expected] = {
    ("GET", "/"): Expected(STAFF),
    ("GET", "/login"): Expected(OPEN),
    ("POST", "/login"): Expected(OPEN),
    ("POST", "/login/certificate"): Expected(OPEN),
    ("GET", "/login/oidc"): Expected(OPEN),
    ("GET", "/login/oidc/back"): Expected(OPEN),
    ("GET", "/login/second"): Expected(STAFF),
    ("POST", "/login/second"): Expected(STAFF),
    ("POST", "/logout"): Expected(OPEN),
    ("GET", "/trust"): Expected(OPEN),
    ("GET", "/trust/ca.crt"): Expected(OPEN),
    ("GET", "/me"): Expected(STAFF),
    ("POST", "/me/role"): Expected(STAFF),
    ("POST", "/me/place"): Expected(STAFF),
    ("POST", "/me/deputy"): Expected(STAFF),
    ("POST", "/me/daily"): Expected(STAFF),
    ("POST", "/me/lang"): Expected(STAFF, {"lang": "zh-CN"}),
    ("GET", "/me/password"): Expected(STAFF),
    ("POST", "/me/password"): Expected(STAFF),
    ("GET", "/me/second"): Expected(STAFF),
    ("POST", "/me/second"): Expected(STAFF),
    ("POST", "/me/second/confirm"): Expected(STAFF),
    ("POST", "/me/codes"): Expected(STAFF),
    ("POST", "/me/sessions/end"): Expected(STAFF),
    ("GET", "/registers/accounts"): only(*_READERS),
    ("POST", "/registers/accounts"): only(*_KEEPERS, account="fresh", roles=["tracker"], unit=f"{COUNTY}-centre"),
    ("GET", "/registers/accounts/{account}"): only(*_READERS),
    ("GET", "/registers/accounts/{account}/close"): only(*_KEEPERS),
    ("POST", "/registers/accounts/{account}/suspend"): only(*_KEEPERS),
    ("POST", "/registers/accounts/{account}/resume"): only(*_KEEPERS),
    ("POST", "/registers/accounts/{account}/close"): only(*_KEEPERS),
    ("POST", "/registers/accounts/{account}/reset"): only(*_KEEPERS),
    ("POST", "/registers/accounts/{account}/oidc"): only(*_KEEPERS, subject="u-1"),
}
EXPECTED |= {
    ("GET", "/tickets/{ticket}/attach"): Expected(_SEEING),
    ("GET", "/tickets/{ticket}/attachments/{digest}"): Expected(_SEEING),
    # Of a ticket that is not at hand for a purpose, which is then asked of that ticket.
    ("POST", "/tickets/{ticket}/attachments/{digest}"): Expected(_SEEING),
    # As evidence; what the enterprise gave is handed in by whoever took it in.
    ("POST", "/tickets/{ticket}/attach"): Expected(frozenset({Role.DEPARTMENT.value}), file=_PHOTO),
    # In pieces: whoever may hand something in makes room, and goes on with what is his own.
    ("POST", "/tickets/{ticket}/attach/parts"): only(Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST),
    ("PATCH", "/tickets/{ticket}/attach/parts/{id}"): Expected(_SEEING),
    ("DELETE", "/tickets/{ticket}/attach/parts/{id}"): Expected(_SEEING),
    # Of a letter: whoever may write one that takes files.
    **{
        (method, f"/boards/letters/parts{one}"): Expected(frozenset(role.value for role in RaiseIssue.roles))
        for method, one in (("POST", ""), ("PATCH", "/{id}"), ("DELETE", "/{id}"))
    },
}
_ISSUING = frozenset(role.value for role in IssuePaper.roles)
# Who opens names and numbers to work with them.
_OPENING = Expected(frozenset(role.value for role in RIGHTS[HANDLING]) - {Role.NODE.value})
# The boards, the list of what each shows and whose business that is.
_OUTSIDERS = (Role.ENTERPRISE, Role.FINDER)
_BY_PART = (*_OUTSIDERS, Role.MEMBER, Role.TRACKER, Role.ASSESSOR)
_KEEPING = (Role.OPERATOR, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
_TAKERS = (Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.MEMBER, Role.STEWARD)
_WATCHERS = (Role.LEADER, Role.GOVERNMENT, Role.SUPERVISION, Role.DISCIPLINE, Role.SUPERVISOR)
_OF_THE_OFFICE = (Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.DIRECTOR, Role.STEWARD, *_WATCHERS)


def all_but(*roles: Role, **form: Any) -> Expected:
    return Expected(frozenset(ROLES) - {role.value for role in roles}, form)


_BOARDS = all_but(*_OUTSIDERS, Role.ASSESSOR, *_KEEPING)
_UNITS = (*_BY_PART, Role.DEPARTMENT, Role.DEPARTMENT_LEADER)
EXPECTED |= {
    ("GET", "/boards"): all_but(*_OUTSIDERS, Role.ASSESSOR, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN),
    ("GET", "/boards/letters"): all_but(*_OUTSIDERS, Role.ASSESSOR, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN),
    **{("GET", f"/boards/{name}"): _BOARDS for name in ("approvals", "co-handling", "judgement", "meetings", "objections", "supervision")},
    **{("GET", f"/boards/{name}"): only(*_OF_THE_OFFICE) for name in ("triage", "dispatch", "escalations")},
    ("GET", "/boards/tray"): only(Role.DEPARTMENT, Role.DEPARTMENT_LEADER),
    **{(method, "/ledger"): _OPENING for method in ("GET", "POST")},
    ("GET", "/boards/leading"): only(*_OF_THE_OFFICE, Role.TRACKER),
    ("GET", "/boards/revisits"): only(Role.SPECIALIST, Role.OFFICE, Role.DIRECTOR, Role.MEMBER, Role.SUPERVISION),
    ("GET", "/boards/rounds"): only(Role.OFFICE, Role.DIRECTOR, Role.LEADER, Role.GOVERNMENT, Role.SUPERVISION, Role.SUPERVISOR),
    ("GET", "/export"): all_but(*_OUTSIDERS),
    ("GET", "/export/table"): all_but(*_OUTSIDERS),
    ("POST", "/export"): all_but(*_OUTSIDERS),
    ("GET", "/search"): all_but(*_OUTSIDERS),
    ("POST", "/search/saved"): all_but(*_OUTSIDERS),
    ("POST", "/search/saved/forget"): all_but(*_OUTSIDERS),
    ("GET", "/first-day"): only(Role.OFFICE, Role.DIRECTOR, Role.LEADER, *_KEEPING),
    ("GET", "/leader"): all_but(*_UNITS),
    ("GET", "/intake"): only(*_TAKERS),
    ("GET", "/intake/new"): only(*_TAKERS),
    ("GET", "/intake/{draft}"): only(*_TAKERS),
    ("POST", "/intake/{draft}"): only(*_TAKERS),
    ("POST", "/intake/{draft}/aside"): only(*_TAKERS),
    ("GET", "/intake/done/{ticket}"): Expected(_SEEING),
    **{
        ("GET", f"/registers{name}"): all_but(*_OUTSIDERS)
        for name in ("", "/calendar", "/contacts", "/enterprises", "/groups", "/packs", "/units")
    },
    # Every member of the staff may look; a group that no pack names is refused.
    ("GET", "/registers/groups/{group}"): all_but(*_OUTSIDERS),
    ("GET", "/registers/packs/difference"): all_but(*_OUTSIDERS),
    **{("GET", f"/registers/{name}"): all_but(*_UNITS) for name in ("channels", "links", "what-if")},
    ("GET", "/registers/audit"): only(Role.SUPERVISION, Role.AUDIT_ADMIN),
    # The three administrators see rows and what was done when by whom, and no word of it (TestAdministrators).
    # Each sees there what his scope shows him: an outsider his own filings.
    ("GET", "/tickets"): Expected(STAFF),
    ("GET", "/tickets/{id}"): Expected(_SEEING),
    ("GET", "/tickets/{id}/clocks/{clock:path}"): Expected(_SEEING),
    ("POST", "/tickets/{id}/open"): Expected(_SEEING),
    # Whoever may issue papers, as far as he sees the ticket; the reply is the lead's and the office's.
    ("GET", "/tickets/{id}/papers"): Expected(_SEEING & _ISSUING),
    ("GET", "/tickets/{id}/papers/{paper}"): Expected(_SEEING & _ISSUING),
    # A receipt is none of a department's papers.
    ("POST", "/tickets/{id}/papers/{paper}"): Expected((_SEEING & _ISSUING) - {Role.DEPARTMENT.value, Role.DEPARTMENT_LEADER.value}),
    ("POST", "/tickets/{id}/papers/{paper}/open"): Expected(_SEEING & _ISSUING),
    ("GET", "/tickets/{id}/reply"): only(Role.OFFICE, Role.DEPARTMENT, Role.DEPARTMENT_LEADER),
    ("POST", "/drafts"): Expected(STAFF),
    ("POST", "/notices/read"): Expected(STAFF),
    ("POST", "/language"): Expected(OPEN),
    # One that nobody kept leads to the first page, somebody else's too.
    ("GET", "/kept/{id}"): Expected(STAFF),
    ("POST", "/kept/{id}"): Expected(STAFF),
    ("POST", "/kept/{id}/drop"): Expected(STAFF),
}
# Acts on many tickets at once, each of which the road of its command decides; nobody's form is empty there.
_MANY = {
    ("POST", f"/boards/{name}")
    for name in ("dispatch", "dispatch/recall", "judgement/submit", "revisits/open", "tray/pass", "tray/sign", "triage", "triage/sort")
}
# Families of routes that are made from the commands: the road of the command decides, and tests of its own try it.  The queries of the
# API have a table of their own (``test_query_rights``).
FAMILIES = ("/api/", "/tickets/{id}/do/", "/{kind}/{id}/do/", "/new/")
# Pages of one other subject: whoever may not see it is told what is told of a number that was never given.
_SUBJECTS = re.compile(r"/(boards/(judgement|letters|meetings|rounds|supervision)|registers/enterprises)/\{id\}")
# What an id in a path stands for; every other name is the ticket's.
_IDS = {"account": "target", "paper": "receipt", "digest": "0" * 64, "verb": "record-progress", "kind": "round", "clock": "form"}


def is_listed(route: tuple[str, str]) -> bool:
    """True of a route that EXPECTED has to name."""
    return not route[1].startswith(FAMILIES) and not _SUBJECTS.match(route[1]) and route not in _MANY


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path that the application answers, static files aside; found at run time, so whatever somebody adds is in it."""
    found = []
    for one in app.routes:
        many = one.effective_route_contexts() if hasattr(one, "effective_route_contexts") else [one]
        found += [(method, each.path) for each in many for method in getattr(each, "methods", None) or () if method != "HEAD"]
    return sorted(found)


@dataclass
class Desks:
    """A county with an account a role; one ticket that only housing has a part in, one more that is hidden from housing."""

    hands: Hands
    app: FastAPI
    ticket: str
    hidden: str

    seated: dict[str, TestClient] = field(default_factory=dict)

    def call(self, role: str, method: str, path: str, ticket: str = "") -> str:
        """What *role* ("" for nobody) is told of *ticket*: the code of a refusal, or "" for any other answer."""
        sent = EXPECTED.get((method, path), Expected(STAFF))
        target = re.sub(r"{(\w+)(?::\w+)?}", lambda name: _IDS.get(name[1], ticket or self.ticket), path)
        files = {"file": ("a.jpg", sent.file)} if sent.file else None
        answer = self.client(role).request(method, target, data=sent.form or None, files=files)
        if "qyzj=" in answer.headers.get("set-cookie", ""):
            self.seated.pop(role)  # the session has another id, or none any more
        assert answer.status_code < 500, f"{method} {path} as {role}: {answer.text}"
        return code_of(answer)

    def client(self, role: str) -> TestClient:
        if role not in self.seated:
            seated = at_desk(self.hands, f"r-{role}", app=self.app) if role else TestClient(self.app, follow_redirects=False)
            self.seated[role] = seated
        return self.seated[role]


def code_of(answer: httpx2.Response) -> str:
    """The code of a refusal, as a page or a problem says it."""
    if answer.status_code in (302, 303, 307) and "/login?" in answer.headers["location"]:
        return Code.UNAUTHENTICATED.name
    if answer.status_code < 400:
        return ""
    if answer.headers.get("content-type", "").startswith("application/problem"):
        return str(answer.json()["code"])
    return answer.text.partition('<span class="code">')[2].partition("<")[0]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    county = a_county(tmp_path_factory.mktemp("rights"))
    for role in ROLES:
        unit = HOUSING if role.startswith("department") else f"{COUNTY}-centre"
        by = "security" if role in g.ADMINISTRATORS else "centre"
        act(county.node, by, g.OpenAccount(f"r-{role}", (role,), unit))
    act(county.node, "centre", g.OpenAccount("target", ("tracker",), f"{COUNTY}-centre"))
    ticket = dispatched(county)
    hidden = registered(county, "platform", category="complaint", conceal_from=HOUSING)
    return Desks(county, create_app(county.node), ticket, hidden)


class TestEveryRoute:
    """DESIGN 10: nothing is open by having been forgotten."""

    def test_each_one_stands_in_the_table(self, desks: Desks) -> None:
        listed = {route for route in routes(desks.app) if is_listed(route)}

        assert set() == listed - set(EXPECTED), "say in EXPECTED who may call these"
        assert set() == set(EXPECTED) - listed, "these are gone"

    def test_whoever_is_not_signed_in_comes_to_the_door(self, desks: Desks) -> None:
        let_in = {route: told for route in routes(desks.app) if (told := desks.call("", *route)) != "UNAUTHENTICATED"}

        opened = {route for route, expected in EXPECTED.items() if expected.who == OPEN}
        # What describes the API itself is said to everybody, and Open311 answers in its own form.
        assert opened == {route for route in let_in if not route[1].startswith("/api/")}

    def test_nothing_is_changed_without_the_token_of_the_session(self, desks: Desks) -> None:
        client = at_desk(desks.hands, "r-office", app=desks.app)
        client.headers.pop("x-csrf-token")
        changing = [route for route in routes(desks.app) if route[0] not in ("GET", "OPTIONS")]
        told = {code_of(client.request(method, re.sub("{[^}]*}", "x", path))) for method, path in changing}

        assert {"FORM_FOREIGN"} == told

    @pytest.mark.parametrize("role", ROLES)
    def test_a_role_is_let_in_where_the_table_says_so(self, desks: Desks, role: str) -> None:
        wrong = {}
        for (method, path), expected in EXPECTED.items():
            may = expected.who in (OPEN, STAFF) or role in expected.who
            told = desks.call(role, method, path)
            if may == (told in DENIED):
                wrong[method, path] = told or "let in"

        assert {} == wrong

    @pytest.mark.parametrize("role", ROLES)
    def test_another_subject_that_was_never_given_is_refused(self, desks: Desks, role: str) -> None:
        told = {path: desks.call(role, method, path) for method, path in routes(desks.app) if method == "GET" and _SUBJECTS.match(path)}

        assert {} == {path: code for path, code in told.items() if code not in DENIED}

    @pytest.mark.parametrize("role", ROLES)
    def test_no_way_of_the_navigation_ends_at_a_refusal(self, desks: Desks, role: str) -> None:
        told = {way.path: desks.call(role, "GET", way.path) for group in groups_of(role) for way in group.ways}

        assert {} == {path: code for path, code in told.items() if code}


class TestNavigation:
    def test_a_page_is_headed_by_what_the_navigation_calls_it(self, desks: Desks) -> None:
        """Whoever was told "go to 函件与指导" finds that word on the page, too."""
        who = {way.path: (way.key, role) for role in ROLES for group in groups_of(role) for way in group.ways}
        headed = {}
        for path, (key, role) in who.items():
            page = desks.client(role).get(path, follow_redirects=True)
            title = page.text.partition("<h1")[2].partition("</h1>")[0] if "html" in page.headers["content-type"] else ""
            if title and text(f"web.nav.{key}", "zh-CN") not in title:
                headed[path] = title

        assert {} == headed


class TestForeignIds:
    """T22, IDOR: the id of a ticket that is not one's own opens nothing, on no endpoint that takes one."""

    def with_ticket(self, desks: Desks) -> list[tuple[str, str]]:
        return [(method, path) for method, path in routes(desks.app) if path.startswith("/tickets/{")]

    @pytest.mark.parametrize("role", _BLIND)
    def test_one_that_does_not_concern_him_is_refused(self, desks: Desks, role: str) -> None:
        told = {route: desks.call(role, *route) for route in self.with_ticket(desks)}

        assert {} == {route: code for route, code in told.items() if code not in DENIED}

    @pytest.mark.parametrize("role", ["department", "department_leader"])
    def test_one_that_is_hidden_from_a_unit_is_not_there(self, desks: Desks, role: str) -> None:
        """XS25-4.3.1.4: word for word what is said of a number that was never given."""
        never = f"{COUNTY[:6]}QZ99999999"
        hidden = {route: desks.call(role, *route, ticket=desks.hidden) for route in self.with_ticket(desks)}
        missing = {route: desks.call(role, *route, ticket=never) for route in self.with_ticket(desks)}

        assert {"SUBJECT_UNKNOWN"} == set(hidden.values())
        assert hidden == missing


class TestAdministrators:
    """FEATURES 77, 79: they keep the node and act on no need; nobody but the audit reads a text for that, with an entry."""

    @pytest.mark.parametrize("role", ["operator", "security_admin", "audit_admin"])
    def test_no_word_of_a_need_is_shown_to_them(self, desks: Desks, role: str) -> None:
        """On pages and through the API, by searching and in a table; that it is there, and where it stands, they see."""
        said = "路面积水，货车进不来"
        ticket = registered(desks.hands, "window", appeal=Text(said))
        office, keeper = desks.client("office"), desks.client(role)
        paths = (f"/tickets/{ticket}", f"/api/v1/tickets/{ticket}")

        assert [True, True] == [said in office.get(path).text for path in paths]
        assert [(200, False)] * 2 == [((answer := keeper.get(path)).status_code, said in answer.text) for path in paths]
        for path in ("/search?q=积水", "/export?q=积水", "/export/table?q=积水", "/api/v1/search?text=积水"):
            assert (200, "PERMISSION_DENIED") == (office.get(path).status_code, code_of(keeper.get(path)))
        assert 200 == keeper.get("/search?due=today").status_code

    def test_the_audit_opens_a_text_with_an_entry_and_the_others_none(self, desks: Desks) -> None:
        told = {
            role: desks.client(role).post(f"/tickets/{desks.ticket}/open", data={"purpose": "audit"})
            for role in ("audit_admin", "operator")
        }

        assert (200, 403) == (told["audit_admin"].status_code, told["operator"].status_code)


class TestContacts:
    def test_a_page_that_opens_contacts_asks_for_a_second_factor(self) -> None:
        """DESIGN 10: forced for opening contacts; a module that opens them says so itself."""
        opens = r"open_payloads\(|open_file\(|open_paper\(|exports\.export\(|lists\.ledger\("
        rooms = [Path(str(resources.files("node.web") / room)) for room in ("pages", "api")]
        opening = [one for room in rooms for one in room.rglob("*.py") if re.search(opens, one.read_text("utf-8"))]

        assert [] == [one.name for one in opening if "need_second_factor()" not in one.read_text("utf-8")]


def test_the_matrix_is_printed() -> None:
    """`make rights`: a line a page and a line a command, each with a cell a role; what stands in it is what the tests above hold to."""
    from tests.web import rights  # it imports the table of this module

    lines = list(rights.table("xixiu-2025"))
    cells = {line.split("  ")[0]: line.split()[-len(ROLES) :] for line in lines}
    place = {role: ROLES.index(role) for role in ROLES}

    assert {f"{method} {path}" for method, path in EXPECTED} | set(commands()) <= set(cells)
    assert ("scope", "yes") == (cells["GET /tickets"][place["finder"]], cells["GET /trust"][place["finder"]])
    assert ("yes", "part") == (cells["GET /tickets/{id}"][place["office"]], cells["GET /tickets/{id}"][place["member"]])
    assert ("yes", "-") == (cells["GET /registers/audit"][place["audit_admin"]], cells["GET /registers/audit"][place["office"]])
    assert ("yes", "-") == (cells["dispatch"][place["office"]], cells["dispatch"][place["department"]])
    rounds, paper = cells["GET /api/v1/rounds (rounds)"], cells["GET /api/v1/papers/{id} (papers)"]
    assert ("yes", "-") == (rounds[place["director"]], rounds[place["window_clerk"]])
    assert ("yes", "part", "-") == (paper[place["office"]], paper[place["department"]], paper[place["finder"]])
