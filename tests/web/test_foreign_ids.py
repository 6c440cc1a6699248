"""
T22, IDOR: the id of what is somebody else's opens, changes and betrays nothing, whatever kind of thing it is and by whatever road.

For every kind of subject, everybody who has no part in one tries its id on all pages and calls that take an id of that kind, next to an
id that was never given: the answers are the same to the letter, and the journal is as long as before.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from node.domain import registry as g
from node.domain.appraisal.scoring import OpenAppraisal
from node.domain.enterprise.contact import TICKET, VisitEnterprise
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.entry import SubjectKind
from node.domain.leader.appointing import EnterLeader
from node.domain.letter.sending import AskGuidance, RaiseIssue
from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.convening import ConveneMeeting, InviteParticipants
from node.domain.order.issuing import IssueOrder
from node.domain.paper import IssuePaper
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.round import OpenRound
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.handling import AddEvidence
from node.domain.ticket.intake import Register
from node.services import saved_filters
from node.services.acting import act
from node.services.command_fields import commands_by_kind, fields_of, is_many, may_give, verb_of
from node.services.tokens import make_token
from node.web import forms
from node.web.api import shape
from node.web.app import create_app
from tests.clauses.given import COUNTY, HOUSING, a_county, formed, handled, refuses, registered
from tests.support.levels import join
from tests.support.node import Hands, make_node
from tests.web.support import at_desk, csrf

# Who has no part in what is tried, and their roles: all those whose scope is not the whole node.
STRANGERS = {
    "d-water": ("department", f"{COUNTY}-water"),
    "chief": ("department_leader", f"{COUNTY}-finance"),
    "member": ("member", f"{COUNTY}-finance"),
    "tracker": ("tracker", f"{COUNTY}-finance"),
    "third": ("assessor", ""),
    "rival": ("enterprise", ""),
    "passer": ("finder", ""),
}
WORDS, CODE = "灌溉渠垮塌三百亩桃树缺水", "91350211M000100Y43"
NEVER = {SubjectKind.TICKET: f"{COUNTY}QZ99999999"}
_UNKNOWN = "01900000-0000-7000-8000-000000000000"
# Pages of one subject beside those of tickets, by the kind whose id they take.
PAGES = {
    SubjectKind.ORDER: ("/boards/supervision/{}",),
    SubjectKind.MEETING: ("/boards/meetings/{}", "/boards/judgement/{}"),
    SubjectKind.LETTER: ("/boards/letters/{}",),
    SubjectKind.ENTERPRISE: ("/registers/enterprises/{}",),
    SubjectKind.ROUND: ("/boards/rounds/{}",),
}
POSTED = {
    SubjectKind.TICKET: ("/tickets/{}/open", "/tickets/{}/attach"),
    SubjectKind.ORDER: ("/boards/supervision/{}/open",),
    SubjectKind.LETTER: ("/boards/letters/{}/open",),
    SubjectKind.ENTERPRISE: ("/registers/enterprises/{}/contacts",),
    SubjectKind.ROUND: ("/boards/rounds/{}/open", "/boards/rounds/{}/call"),
}
# Forms of one kind that are tried: they are made by one road for all commands.
_FORMS = 2
_COMMANDS = 4


@dataclass
class County:
    """A county with one thing of every kind that is housing's, the centre's or a firm's; ``hidden`` is kept from water, too."""

    hands: Hands
    app: FastAPI
    ids: dict[str, tuple[SubjectKind, str]]
    digest: str
    seats: dict[str, TestClient] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def ask(self, account: str, method: str, path: str, **more: Any) -> httpx2.Response:
        """A page's answer to a session, or the API's to a token."""
        if account not in self.seats:
            self.seats[account] = at_desk(self.hands, account, app=self.app)
            with self.hands.node.store.write() as work:
                wall, now = self.hands.node.wall(), self.hands.node.now()
                self.keys[account] = make_token(work, account, "a system", ("all",), 30, wall, now=now)[1]
        client = self.seats[account]
        if path.startswith("/api/"):
            more["headers"] = {"Authorization": f"Bearer {self.keys[account]}", **more.get("headers", {})}
            client = self.bare
        return client.request(method, path, **more)

    @cached_property
    def bare(self) -> TestClient:
        """Whom no cookie lets in."""
        return TestClient(self.app, follow_redirects=False)

    @property
    def length(self) -> int:
        """How many entries the journal has, beside one of each token that is made here."""
        with self.hands.node.store.read() as view:
            return view.head.taken - len(self.keys)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    hands = a_county(tmp_path_factory.mktemp("foreign"))
    node = hands.node
    for account, (role, unit) in {**STRANGERS, "firm": ("enterprise", ""), "mayor": ("leader", ""), "judge": ("assessor", "")}.items():
        if account != "d-water":
            act(node, "centre", g.OpenAccount(account, (role,), unit))
    ticket = handled(hands, appeal=Text(WORDS), title=Text(WORDS))
    digest = node.blobs.put(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400))
    hands.act("department", AddEvidence(digest, Text("现场.jpg")), ticket, "housing")
    hidden = registered(hands, "platform", category="complaint", conceal_from=STRANGERS["d-water"][1], appeal=Text(WORDS))
    filed = act(node, "firm", Register("platform", Text(WORDS), name=Contact("王某"), phone=Contact("13800001234"))).subject.id
    ids = {"ticket": (SubjectKind.TICKET, ticket), "hidden": (SubjectKind.TICKET, hidden), "filed": (SubjectKind.TICKET, filed)}
    starts = {
        "order": IssueOrder("urge", "overdue", "system", tickets=(ticket,), unit=HOUSING, demand=Text(WORDS)),
        "meeting": ConveneMeeting("joint_judgement", hands.now + timedelta(days=2), units=(HOUSING,)),
        "letter": RaiseIssue("process", Text(WORDS), Text(WORDS)),
        "enterprise": OpenEnterprise(Text("惠民餐饮店"), "enterprise", CODE, contact=Contact("赵某"), phone=Contact("13700001111")),
        "leader": EnterLeader("mayor"),
        "appraisal": OpenAppraisal("2026-Q1", "judge", (HOUSING,), date(2026, 4, 30), ("reply", "completion", "satisfaction")),
    }
    for name, command in starts.items():
        ids[name] = (command.subject_kind, act(node, "centre:office", command).subject.id)
    hands.act("operator", g.InviteNode("520499", "分中心", "00" * 32), COUNTY)
    hands.act("node", g.AdmitNode("520499", "分中心", "00" * 32), COUNTY)
    ids["round"] = (SubjectKind.ROUND, act(node, "centre:office", OpenRound("520499", "2026-03")).subject.id)
    return County(hands, create_app(node), ids, digest)


class TestIds:
    """What is not yours is not there."""

    @pytest.mark.parametrize("stranger", STRANGERS)
    def test_another_s_id_is_answered_like_one_that_was_never_given(self, county: County, stranger: str) -> None:
        """Each kind by each of its roads; a state, a version or a limit of what is there would be a word too many."""
        before, role = county.length, STRANGERS[stranger][0]
        told = {}
        for name in _tried_by(stranger):
            kind, id = county.ids[name]
            never = NEVER.get(kind, _UNKNOWN)
            for method, road, more in _roads(kind, role, everything=name == "hidden"):
                answers = [county.ask(stranger, method, road.format(one), **more) for one in (id, never)]
                foreign, absent = (_plain(one, said) for one, said in zip(answers, (id, never), strict=True))
                if foreign != absent or foreign[0] < 400:
                    told[name, method, road] = (foreign, absent)

        assert {} == told
        assert before == county.length

    def test_what_its_own_people_do_by_the_same_roads_is_taken(self, county: County) -> None:
        """Or the test above could not fail: housing reads its ticket, its order and its meeting, and writes."""
        ids, housing = {name: id for name, (_, id) in county.ids.items()}, "d-housing"
        read = [f"/tickets/{ids['ticket']}", f"/boards/supervision/{ids['order']}", f"/boards/meetings/{ids['meeting']}"]
        read += [f"/api/v1{one}" for one in (f"/tickets/{ids['ticket']}", f"/orders/{ids['order']}", f"/meetings/{ids['meeting']}")]
        read.append(f"/tickets/{ids['ticket']}/attachments/{county.digest}")
        before = county.length

        assert {200} == {county.ask(housing, "GET", path).status_code for path in read}
        assert 200 == county.ask("firm", "GET", f"/tickets/{ids['filed']}").status_code
        assert 200 == county.ask(housing, "POST", f"/api/v1/orders/{ids['order']}/receive-order", json={}).status_code
        assert before < county.length

    def test_a_file_of_another_ticket_is_not_had_by_way_of_an_own_one(self, county: County) -> None:
        """By its digest, as if nobody had ever given such a file."""
        own, water = handled_by_water(county), "d-water"

        found, never = (county.ask(water, "GET", f"/tickets/{own}/attachments/{one}") for one in (county.digest, "0" * 64))

        assert 404 <= found.status_code and _plain(found, county.digest) == _plain(never, "0" * 64)

    @pytest.mark.parametrize("stranger", ["d-water", "rival"])
    def test_a_command_about_an_own_thing_names_no_foreign_ticket(self, county: County, stranger: str) -> None:
        """Neither does its refusal tell that it is there."""
        told = []
        for id in (county.ids["hidden"][1], NEVER[SubjectKind.TICKET]):
            body = {"paper": "receipt", "ticket": id}
            told.append(_plain(county.ask(stranger, "POST", "/api/v1/papers", json=body), id))

        assert told[0] == told[1] and 400 <= told[0][0]


class TestLists:
    """Neither lists nor counts, searches, exports or feeds have what is not theirs."""

    @pytest.mark.parametrize("stranger", STRANGERS)
    def test_no_list_names_it(self, county: County, stranger: str) -> None:
        """Every call that takes no id, asked for what is there, and every page of the navigation."""
        foreign = [id for name, (_, id) in county.ids.items() if name != "enterprise"]
        found = {}
        for path in _lists():
            answer = county.ask(stranger, "GET", path)
            said = answer.content.decode("utf-8", "replace")
            assert answer.status_code < 500, path
            if any(id in said for id in foreign) or WORDS in said.replace(f'value="{WORDS}"', ""):
                found[path] = said

        assert {} == found

    @pytest.mark.parametrize("stranger", ["chief", "member", "rival"])
    def test_no_count_counts_it(self, county: County, stranger: str) -> None:
        """Nothing here is theirs, so all counts are nought."""
        search = county.ask(stranger, "GET", f"/api/v1/search?text={WORDS}")
        tallies = [county.ask(stranger, "GET", f"/api/v1/tallies/{by}").json() for by in ("channel", "arrival", "late")]
        overview = county.ask(stranger, "GET", "/api/v1/overview").json()

        assert search.status_code == 403 or 0 == search.json()["count"]
        assert [{}, {}, {}] == [{name: count for name, count in one["counts"].items() if count} for one in tallies]
        assert [] == [number for number in re.findall(r'"(?:open|overdue|tickets|total)": ?(\d+)', json.dumps(overview)) if number != "0"]

    def test_a_list_about_a_hidden_ticket_is_one_about_none(self, county: County) -> None:
        """``?ticket=`` would tell by an empty list what is refused for a number that nobody has."""
        ids = (county.ids["hidden"][1], NEVER[SubjectKind.TICKET])
        told = [_plain(county.ask("d-water", "GET", f"/api/v1/orders?ticket={id}"), id) for id in ids]

        assert told[0] == told[1] and 404 == told[0][0]


COMPLAINED = {"boss": "leader", "sitter": "member", "d-water": "department"}


@pytest.fixture(scope="module")
def complaint(tmp_path_factory: pytest.TempPathFactory) -> County:
    """A complaint about the water bureau, ``hidden`` from it, and a dossier of each kind about it; the bureau is invited to the meeting."""
    hands, water = a_county(tmp_path_factory.mktemp("complaint")), STRANGERS["d-water"][1]
    node = hands.node
    for account, (role, unit) in {"boss": ("leader", water), "sitter": ("member", water), "mayor": ("leader", "")}.items():
        act(node, "centre", g.OpenAccount(account, (role,), unit))
    join(make_node(hands.clock.parent, "520400", "anshun-2025", clock=hands.clock), hands)
    hidden = registered(hands, category="complaint", appeal=Text(WORDS), conceal_from=water)
    other = registered(hands, category="complaint")
    ids = {"hidden": (SubjectKind.TICKET, hidden), "other": (SubjectKind.TICKET, other)}
    starts = {
        "paper": IssuePaper("receipt", ticket=hidden),
        "order": IssueOrder("urge", "overdue", "system", tickets=(hidden,), unit=HOUSING, demand=Text(WORDS)),
        "letter": AskGuidance(Text(WORDS), Text(WORDS), tickets=(hidden,)),
        "meeting": ConveneMeeting("joint_judgement", hands.now + timedelta(days=2), units=(HOUSING,)),
        "enterprise": OpenEnterprise(Text("惠民餐饮店"), "enterprise", CODE),
    }
    for name, command in starts.items():
        ids[name] = (command.subject_kind, act(node, "centre:office", command).subject.id)
    act(node, "centre:office", SubmitTickets((hidden, other)), subject=ids["meeting"][1])
    act(node, "centre:office", InviteParticipants((water,)), subject=ids["meeting"][1])
    act(
        node,
        "centre:office",
        VisitEnterprise(TICKET, visited_on=date(2026, 2, 13), ticket_number=hidden, note=Text(WORDS)),
        subject=ids["enterprise"][1],
    )
    return County(hands, create_app(node), ids, "")


class TestConcealed:
    """XS25-4.3.1.4: the unit complained of does not learn of it by what was written about it, whatever its people see of the node."""

    @pytest.mark.parametrize("kind", ["paper", "order", "letter"])
    def test_what_is_about_it_is_answered_like_one_that_was_never_given(self, complaint: County, kind: str) -> None:
        """To a leader in that unit, who sees all else; to a leader of the county it is there."""
        subject, id = complaint.ids[kind]
        collection = next(name for name, one in shape.COLLECTIONS.items() if one is subject)
        roads = [("GET", f"/api/v1/{collection}/{{}}", {}), ("POST", f"/api/v1/{collection}/{{}}/close-order", {"json": {}})]
        # On the board of letters a leader reads his own.
        roads += [("GET", path, {}) for path in PAGES.get(subject, ()) if kind != "letter"]
        told = {}
        for method, road, more in roads:
            answers = [complaint.ask("boss", method, road.format(one), **more) for one in (id, _UNKNOWN)]
            foreign, absent = (_plain(one, said) for one, said in zip(answers, (id, _UNKNOWN), strict=True))
            if foreign != absent or foreign[0] < 400:
                told[road] = (foreign, absent)

        assert {} == told
        sees = "centre" if kind == "letter" else "mayor"  # letters are for the office
        assert {200} == {complaint.ask(sees, method, road.format(id)).status_code for method, road, _ in roads if method == "GET"}

    @pytest.mark.parametrize(("kind", "account"), [("meeting", "boss"), ("meeting", "sitter"), ("enterprise", "boss")])
    def test_what_is_about_more_is_shown_without_it(self, complaint: County, kind: str, account: str) -> None:
        """The meeting that the bureau sits in has the other ticket only; what was said of the hidden one goes with it."""
        subject, id = complaint.ids[kind]
        collection = next(name for name, one in shape.COLLECTIONS.items() if one is subject)
        hidden, other = complaint.ids["hidden"][1], complaint.ids["other"][1]

        said = complaint.ask(account, "GET", f"/api/v1/{collection}/{id}")
        shown = [complaint.ask(account, "GET", path.format(id)).text for path in PAGES[subject]]
        whole = complaint.ask("mayor", "GET", f"/api/v1/{collection}/{id}").text

        assert 200 == said.status_code
        assert [] == [one for one in (said.text, *shown) if hidden in one or WORDS in one]
        assert (True, kind == "meeting") == (hidden in whole, other in said.text)

    @pytest.mark.parametrize("account", COMPLAINED)
    def test_no_list_names_it(self, complaint: County, account: str) -> None:
        """Nor a feed, nor a board: neither the ticket nor what is about nothing else."""
        gone = [complaint.ids[name][1] for name in ("hidden", "paper", "order", "letter")]
        found = {path: answer.text for path in _lists() if any(id in (answer := complaint.ask(account, "GET", path)).text for id in gone)}

        assert {} == found

    def test_the_bureau_is_asked_for_no_opinion_on_it(self, complaint: County) -> None:
        """Refused on the road of meetings as on that of the ticket: a meeting without the bureau judges it."""
        hands, water = complaint.hands, STRANGERS["d-water"][1]
        hidden = registered(hands, category="complaint", conceal_from=water)
        convened = act(
            hands.node, "centre:office", ConveneMeeting("joint_judgement", hands.now + timedelta(days=3), units=(HOUSING, water))
        )

        with refuses(Code.COMPLAINED_OF, ticket=hidden, unit=water):
            act(hands.node, "centre:office", SubmitTickets((hidden,)), subject=convened.subject.id)

    def test_to_others_the_feed_has_all_of_it(self, complaint: County) -> None:
        """Or the test above could not fail."""
        said = complaint.ask("centre", "GET", "/api/v1/entries?after=0&limit=500").text

        assert {"hidden", "paper", "order", "letter"} == {
            name for name in ("hidden", "paper", "order", "letter") if complaint.ids[name][1] in said
        }


class TestDesks:
    """What a person keeps at his desk is his."""

    def test_a_draft_a_search_and_an_intake_are_their_account_s(self, county: County) -> None:
        """Under the same name as another's: it is his own, and his dropping it takes nothing from the other."""
        ticket, verb = county.ids["ticket"][1], "record-progress"
        name, form = f"ticket/{ticket}/{verb}", f"/tickets/{ticket}/do/{verb}"
        county.ask("d-housing", "POST", "/drafts", data={"kept_as": name, "note": "只给自己看的话"})
        county.ask("d-housing", "POST", "/search/saved", data={"name": "我的", "query": "q=灌溉"})
        act(county.hands.node, "centre", g.OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre"))

        for account in ("d-water", "centre"):
            assert "只给自己看的话" not in county.ask(account, "GET", form).text
            county.ask(account, "POST", "/search/saved/forget", data={"name": "我的"})
            county.ask(account, "POST", "/drafts", data={"kept_as": name, "note": "别的话"})
        with county.hands.node.store.read() as view:
            assert ["我的"] == [one.name for one in saved_filters.saved(view, "d-housing")]
        assert "只给自己看的话" in county.ask("d-housing", "GET", form).text

        intake = f"/intake/{_UNKNOWN}"
        county.ask("clerk", "POST", f"{intake}/aside", data={"appeal": "只在这张桌上"})
        county.ask("clerk", "POST", intake, data={"appeal": "只在这张桌上", "then": "keep"})
        assert "只在这张桌上" not in county.ask("centre", "GET", intake).text

    def test_a_key_of_another_s_request_gives_nothing_of_it(self, county: County) -> None:
        """The same idempotency key from somebody else: refused, and nothing is written."""
        key, body = "0b6a3a3e-0000-4000-8000-000000000001", {"channel": "platform", "appeal": WORDS, "phone": "13800001234"}
        county.ask("firm", "POST", "/api/v1/tickets", json=body, headers={"Idempotency-Key": key})
        before = county.length

        answer = county.ask("rival", "POST", "/api/v1/tickets", json=body, headers={"Idempotency-Key": key})

        assert (409, "SAME_ID_OTHER_CONTENT") == (answer.status_code, answer.json()["code"])
        assert before == county.length and not re.search(COUNTY + r"\w{8,}", answer.text)

    @pytest.mark.parametrize("stranger", [*STRANGERS, "clerk"])
    def test_whoever_keeps_no_accounts_is_not_told_which_there_are(self, county: County, stranger: str) -> None:
        """An account that is there, and one that is not, by page and API."""
        if stranger == "clerk":
            act(county.hands.node, "centre", g.OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre"))
        before, told = county.length, {}
        for method, road in (("GET", ""), ("POST", "/suspend"), ("POST", "/resume"), ("POST", "/close"), ("POST", "/reset")):
            answers = [county.ask(stranger, method, f"/registers/accounts/{one}{road}") for one in ("d-housing", "nobody")]
            told[method, road] = [_plain(one, said) for one, said in zip(answers, ("d-housing", "nobody"), strict=True)]
        for verb in ("suspend-account", "close-account", "reset-credentials"):
            bodies = [{"account": one, **({"credential": "password"} if "reset" in verb else {})} for one in ("d-housing", "nobody")]
            answers = [county.ask(stranger, "POST", f"/api/v1/node/{verb}", json=one) for one in bodies]
            told["API", verb] = [_plain(one, said["account"]) for one, said in zip(answers, bodies, strict=True)]

        assert {} == {road: both for road, both in told.items() if both[0] != both[1] or both[0][0] < 400}
        assert before == county.length


# --- roads ------------------------------------------------------------------------------------------------------------


def _tried_by(stranger: str) -> Iterator[str]:
    """The things whose ids he tries: of the tickets the one that is the least his, and of everything else each."""
    is_outside = stranger in ("rival", "passer")
    yield from ("filed",) if is_outside else ("hidden", "ticket") if stranger == "d-water" else ("ticket",)
    yield from ("order", "meeting", "letter", "leader", "appraisal", "round")
    # That an enterprise is there is no secret among units; its file's own decisions say who may do what.
    yield from ("enterprise",) if is_outside else ()


def _roads(kind: SubjectKind, role: str, *, everything: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """
    Method, path with a place for the id, and what is sent: what somebody in *role* might try about a thing of *kind*; of the commands
    *everything*, or some.
    """
    collection = next(name for name, one in shape.COLLECTIONS.items() if one is kind)
    given = [one for one in commands_by_kind()[kind] if not one.starts and role in may_give(one, (role,), None)]
    denied = [one for one in commands_by_kind()[kind] if not one.starts and one not in given][:2]
    given = given if everything else given[:: max(1, len(given) // _COMMANDS)]
    pages = ("/tickets/{}", "/tickets/{}/attach", "/intake/done/{}", "/tickets/{}/clocks/form") if kind is SubjectKind.TICKET else ()
    yield from (("GET", path, {}) for path in (*pages, *PAGES.get(kind, ())))
    yield from (("POST", path, {"data": {"purpose": "handling", "key": "x"}}) for path in POSTED.get(kind, ()))
    home = "tickets" if kind is SubjectKind.TICKET else kind.value
    for command in [one for one in (*given, *denied) if forms.can_be_a_form(one)][:_FORMS]:
        path = f"/{home}/{{}}/do/{verb_of(command)}"
        yield "GET", path, {}
        yield "POST", path, {"data": {"csrf": csrf, "seen": "9.9"}}
    yield "GET", f"/api/v1/{collection}/{{}}", {}
    if kind is SubjectKind.TICKET:
        yield "GET", "/api/v1/tickets/{}/clocks/form", {}
        yield "GET", "/api/v1/progress/{}?code=ABCD", {}
        yield "GET", "/api/v1/tickets/{}/attachments/" + "0" * 64, {}
        yield "POST", "/api/v1/tickets/{}/attachments", {"content": b"%PDF-1.7", "headers": {"Content-Type": "application/octet-stream"}}
        yield "GET", "/requests/{}.json", {}
    for command in (*given, *denied):
        sent = {"json": {name: _value(one) for name, (one, default) in fields_of(command).items() if default is MISSING}}
        yield "POST", f"/api/v1/{collection}/{{}}/{verb_of(command)}", sent
    # A version that nobody saw is told of only to whom the thing is shown.
    if given:
        yield "POST", f"/api/v1/{collection}/{{}}/{verb_of(given[-1])}", {**sent, "headers": {"If-Match": '"9.9"'}}
    for method in ("PUT", "PATCH", "DELETE"):
        yield method, f"/api/v1/{collection}/{{}}", {}


def _lists() -> list[str]:
    """Every call of the API and every page that takes no id."""
    found = [f"/api/v1/{name}" for name in shape.COLLECTIONS if name != "node"]
    found += [f"/api/v1/search?text={WORDS}", f"/api/v1/search?text={WORDS[:2]}", "/api/v1/lookup?said=13800001234", "/api/v1/tray"]
    found += [
        "/api/v1/entries?after=0",
        "/api/v1/overview",
        "/api/v1/links",
        "/api/v1/leading",
        "/api/v1/leading/unassigned",
        f"/api/v1/orders?unit={HOUSING}",
        "/requests.json",
    ]
    found += [
        "/",
        "/tickets",
        f"/search?q={WORDS}",
        f"/search?q={WORDS}&kind=enterprises",
        f"/export?q={WORDS[:2]}",
        f"/export/table?q={WORDS[:2]}",
    ]
    boards = ("approvals", "co-handling", "judgement", "meetings", "objections", "supervision", "letters", "rounds", "leading", "triage")
    found += [f"/boards/{name}" for name in (*boards, "dispatch", "escalations", "revisits")]
    return [*found, "/registers/contacts", "/registers/enterprises", "/registers/audit", "/leader", "/intake"]


def _plain(answer: httpx2.Response, said: str) -> tuple[int, str]:
    """An answer with what was asked for taken out, and under which id of his own what he typed is kept."""
    return answer.status_code, re.sub(r"/kept/[0-9a-f]{32}", "/kept/…", answer.text.replace(said, "…"))


def _value(kind: Any) -> Any:
    """Some value of a field of this type, as JSON has it."""
    if is_many(kind):
        return [_value(kind.__args__[0])]
    plain = {bool: True, int: 1, str: "x", Text: "x", Contact: "x", date: "2026-02-20", datetime: "2026-02-20T09:00:00+08:00"}
    if kind in plain:
        return plain[kind]
    return {name: _value(one) for name, (one, default) in fields_of(kind).items() if default is MISSING}


def handled_by_water(county: County) -> str:
    """A ticket in the hands of the stranger himself."""
    ticket = formed(county.hands)
    county.hands.act("office", Dispatch(STRANGERS["d-water"][1]), ticket)
    return ticket
