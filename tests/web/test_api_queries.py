"""Queries over HTTP: under the scope of whoever asks, page by page, with the state that was seen."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import delete

from node.domain.payload import Contact, Text
from node.domain.registry import OpenAccount
from node.domain.ticket.intake import Register
from node.services import queries
from node.storage import schema
from node.web.api.document import document
from node.web.api.query_list import all_queries
from tests.clauses.given import handled
from tests.support.node import Hands, make_node
from tests.web.api import Caller, a_need

NEED = Register(channel="window", appeal=Text("路面积水，货车进不来"), name=Contact("王五"), phone=Contact("13800000000"))


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("queries") / "node")
    made.staff("housing", "water")
    for _ in range(7):
        made.act("office", NEED)
    made.act("office", OpenAccount("auditor", ("supervision",), f"{made.node.code}-centre"), made.node.code)
    made.act("office", OpenAccount("firm", ("enterprise",)), made.node.code)
    return made


@pytest.fixture(scope="module")
def office(hands: Hands) -> Caller:
    return Caller(hands, "centre", "office")


def test_every_page_is_another_part_of_the_same_list(office: Caller):
    """Nothing twice, nothing left out, the same order; the last page has no next."""
    whole = [one["id"] for one in office.get("/tickets").json()["tickets"]]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    for _ in range(5):
        page = office.get("/tickets", **query).json()
        found += [one["id"] for one in page["tickets"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert whole == found
    assert 7 == len(set(found))


def walked(caller: Caller, path: str, **query: Any) -> list[str]:
    """Every page of two, one behind the other."""
    found: list[str] = []
    for _ in range(9):
        page = caller.get(path, limit=2, **query).json()
        found += [one["id"] for one in page["tickets"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    return found


def test_the_pages_of_a_search_are_the_whole_of_it(office: Caller):
    """The latest first, with the count of all on each page."""
    whole = office.get("/search", text="积水").json()

    assert [one["id"] for one in whole["tickets"]] == walked(office, "/search", text="积水")
    assert 7 <= len(whole["tickets"]) == whole["count"] and not whole["is_more"]
    assert whole["count"] == office.get("/search", text="积水", limit=1).json()["count"]


def test_a_search_counts_so_far_and_no_further(office: Caller, monkeypatch: pytest.MonkeyPatch):
    """As the page does: to count what somebody asks for would pass all that there ever was."""
    monkeypatch.setattr(queries, "counted_max", 3)

    found = office.get("/search").json()

    assert (3, True) == (found["count"], found["is_more"])


def test_a_search_asks_what_is_overdue(tmp_path: Path):
    """Or due today, as the page does."""
    hands = make_node(tmp_path / "node")
    late = hands.act("office", NEED).subject.id
    hands.later(days=9)
    hands.act("office", NEED)

    found = Caller(hands, "centre", "office").get("/search", due="overdue").json()

    assert [late] == [one["id"] for one in found["tickets"]]


def test_the_pages_of_a_tray_are_the_whole_of_it(tmp_path: Path):
    """What is due first first; a page reads its own rows and counts all."""
    hands = make_node(tmp_path / "node")
    hands.staff("housing")
    mine = [handled(hands.later(minutes=5)) for _ in range(5)]
    housing = Caller(hands, "d-housing")
    whole = housing.get("/tray").json()

    assert [one["id"] for one in whole["tickets"]] == walked(housing, "/tray")
    assert (set(mine), 5, None) == ({one["id"] for one in whole["tickets"]}, whole["count"], whole["next"])
    assert 5 == housing.get("/tray", limit=1).json()["count"]
    assert 422 == housing.get("/tray", cursor="WyJhIiwgImIiXQ").status_code


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/tickets", {"cursor": "x"}),
        ("/tickets", {"cursor": "W10"}),
        ("/orders", {"cursor": "WyJhIiwgImIiXQ"}),
        ("/tickets", {"limit": "0"}),
        ("/tickets", {"limit": "201"}),
        ("/tickets", {"limit": "-1"}),
        ("/tickets", {"mine": "yes"}),
        ("/tickets", {"nothing": "1"}),
        ("/tickets", {"due": ["today", "overdue"]}),
        ("/search", {"since": "20260101"}),
        ("/search", {"text": "。"}),
        ("/lookup", {}),
        ("/entries", {"after": "9" * 17}),
        ("/calendars", {"first": "2026-01-02", "last": "2026-01-01"}),
        ("/tallies/weather", {}),
    ],
)
def test_what_does_not_fit_is_refused(office: Caller, path: str, query: dict[str, Any]):
    """Also a parameter that the query does not have: a slip of the pen asks for everything else."""
    answer = office.get(path, **query)

    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_who_has_the_latest_state_is_told_so(office: Caller):
    """304 without a body for the ETag that was given out."""
    ticket = office.get("/tickets").json()["tickets"][0]["id"]
    first = office.get(f"/tickets/{ticket}")

    again = office.get(f"/tickets/{ticket}", headers={"If-None-Match": first.headers["etag"]})

    assert (304, b"") == (again.status_code, again.content)


@pytest.mark.parametrize("said", ["{}", "W/{}", '"x", {}', '"x,y" , W/{},"z"', "*"])
def test_a_tag_is_known_in_every_form_that_http_has(office: Caller, said: str):
    """Weak, as a proxy that packs answers makes it; in a list; or any."""
    ticket = office.get("/tickets").json()["tickets"][0]["id"]
    tag = office.get(f"/tickets/{ticket}").headers["etag"]

    assert 304 == office.get(f"/tickets/{ticket}", headers={"If-None-Match": said.format(tag)}).status_code


def test_who_has_an_older_answer_is_given_the_new_one(tmp_path: Path):
    """
    Though its version is the same: a clock that ran out since, a text that went, an enquiry beside the line.  A command on it goes through.
    """
    hands = make_node(tmp_path / "node")
    ticket = hands.act("office", NEED).subject.id
    office = Caller(hands, "centre", "office")
    tag = office.get(f"/tickets/{ticket}").headers["etag"]
    same = office.get(f"/tickets/{ticket}", headers={"If-None-Match": tag})
    hands.later(days=9)

    late = office.get(f"/tickets/{ticket}", headers={"If-None-Match": tag})
    with hands.node.store.write() as work:
        work.connection.execute(delete(schema.payloads))
    erased = office.get(f"/tickets/{ticket}", headers={"If-None-Match": late.headers["etag"]})
    other = office.get(f"/tickets/{ticket}", headers={"If-None-Match": '"1.1"'})
    done = office.post(f"/tickets/{ticket}/log-enquiry", {"way": "phone"}, seen=tag)

    assert [304, 200, 200, 200, 200] == [one.status_code for one in (same, late, erased, other, done)], done.text
    assert any(clock["is_overdue"] for clock in late.json()["clocks"])
    assert late.headers["etag"] != tag and tag.startswith('"1.1-')
    assert 200 == office.get(f"/tickets/{ticket}", headers={"If-None-Match": erased.headers["etag"]}).status_code


def test_a_clock_is_explained_day_by_day(office: Caller):
    """The deadline receipt, by the name of the clock that the page shows."""
    ticket = office.get("/tickets").json()["tickets"][0]
    receipt = office.get(f"/tickets/{ticket['id']}/clocks/{ticket['clock']['name']}").json()

    assert receipt["agrees"] and receipt["days"]
    assert 422 == office.get(f"/tickets/{ticket['id']}/clocks/nothing").status_code


class TestScope:
    """What is not shown in one list is shown in none."""

    def test_a_department_sees_what_concerns_it(self, hands: Hands):
        """Nothing of needs that the office has, in no query."""
        desk = Caller(hands, "d-housing")
        known = desk.get("/tickets").json()["tickets"], desk.get("/search", text="积水").json()["count"]
        ticket = Caller(hands, "centre").get("/tickets").json()["tickets"][0]["id"]

        assert ([], 0) == known
        assert {403, 404} >= {desk.get(f"/tickets/{ticket}").status_code}
        assert 0 == desk.get("/overview").json()["total"]["tickets"]
        assert {} == desk.get("/tallies/channel").json()["counts"]
        assert [] == desk.get("/entries").json()["entries"]
        assert [403, 403, 403] == [desk.get(path).status_code for path in ("/links", "/rounds", "/rounds/x/calls")]

    def test_a_need_is_not_there_for_whom_it_is_hidden_from(self, hands: Hands):
        """Neither in lists, nor by its number, nor in the journal; also not for whoever sees all otherwise."""
        hidden = hands.act("office", Register(**{**_fields(NEED), "conceal_from": "520402-water"})).subject.id
        hands.act("office", OpenAccount("leader-of-water", ("leader",), "520402-water"), hands.node.code)
        leader, office = Caller(hands, "leader-of-water"), Caller(hands, "centre", "office")

        shown = {one["id"] for one in leader.get("/tickets").json()["tickets"]}
        told = {one["subject"] for one in leader.get("/entries").json()["entries"]}

        assert hidden not in shown and shown
        assert hidden not in told and shown <= told
        assert 404 == leader.get(f"/tickets/{hidden}").status_code
        assert 200 == office.get(f"/tickets/{hidden}").status_code

    def test_whoever_files_from_outside_sees_his_own(self, hands: Hands):
        """His filings and no others; how offices deal with them is not his."""
        firm = Caller(hands, "firm")
        own = firm.post("/tickets", a_need(channel="platform")).json()["subject"]["id"]
        other = Caller(hands, "centre").get("/tickets").json()["tickets"][0]["id"]

        assert [own] == [one["id"] for one in firm.get("/tickets").json()["tickets"]]
        assert [200, 403, 403, 403] == [
            firm.get(path).status_code for path in (f"/tickets/{own}", f"/tickets/{other}", "/search?text=积水", "/entries")
        ]


def _fields(need: Register) -> dict[str, Any]:
    return {"channel": need.channel, "appeal": need.appeal, "name": need.name, "phone": need.phone}


class TestDocument:
    """What the document says, the API does."""

    @pytest.mark.parametrize("query", [one for one in all_queries() if "{" not in one.path], ids=lambda one: one.path)
    def test_what_is_answered_is_what_is_described(self, hands: Hands, office: Caller, query: Any):
        """Every query without an id in its path, against its own schema."""
        asked = {"/lookup": {"said": "王五"}, "/what-if": {"key": "limit.sign", "value": "1 workdays"}}
        given: dict[str, Any] = asked.get(query.path, {})
        answer = (Caller(hands, "auditor") if query.path == "/audit" else office).get(query.path, **given)

        assert 200 == answer.status_code, answer.text
        _validate(answer.json(), query.answers)

    def test_pages_are_what_is_described(self, office: Caller):
        """A ticket's page, too."""
        ticket = office.get("/tickets").json()["tickets"][0]["id"]

        _validate(office.get(f"/tickets/{ticket}").json(), document("en")["components"]["schemas"]["TicketPage"])

    def test_the_page_of_the_document_names_every_call_and_loads_nothing(self, office: Caller):
        """No script, nothing from elsewhere; each operation has its anchor."""
        page = office.client.get("/api/v1/docs").text
        whole = office.client.get("/api/v1/openapi.json").json()

        operations = [one for methods in whole["paths"].values() for one in methods.values()]
        assert [] == [one["operationId"] for one in operations if f'id="{one["operationId"]}"' not in page]
        assert "<script" not in page and "style=" not in page
        assert "3.1.0" == whole["openapi"]
        assert len({one["operationId"] for one in operations}) == len(operations)

    @pytest.mark.parametrize("lang", ["zh-CN", "en"])
    def test_every_call_says_what_it_is(self, office: Caller, lang: str):
        """In both languages, with no key of a catalogue left as it is."""
        whole = office.client.get("/api/v1/openapi.json", headers={"Accept-Language": lang}).json()

        for methods in whole["paths"].values():
            for one in methods.values():
                assert one["summary"] and "web.api" not in one["summary"]
                assert all(parameter["description"] for parameter in one["parameters"])


def _validate(body: Any, schema: Any) -> None:
    whole = {**schema, "components": document("en")["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(body)
