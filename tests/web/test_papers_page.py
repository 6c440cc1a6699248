"""Papers and replies on the screen and on paper: a draft is marked on every page, and looking at one opens and keeps nothing."""

import re
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.registry import PayloadOpened
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.filling import FillIn
from tests.web.browser import SitDown
from tests.web.office import CLERK, HANDLER, OFFICER, PHONE, Office, open_account, open_office
from tests.web.support import at_desk, csrf

MARK = "草稿 未签发"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path)


def entries(office: Office) -> int:
    with office.hands.node.store.read() as view:
        return view.head.taken


def test_a_preview_is_marked_opens_no_contact_and_keeps_nothing(office: Office) -> None:
    """USERS B14: what is checked before it is issued is no paper yet."""
    client, before = at_desk(office.hands, CLERK), entries(office)

    page = client.get(f"/tickets/{office.handled}/papers/receipt").text

    said = [words in page for words in (f'data-mark="{MARK}"', "受理", "（编号：签发时编定）", "13700001111")]
    assert ([True, True, True, False], before) == (said, entries(office))


def test_what_is_issued_has_its_number_and_no_mark_and_stands_in_the_list(office: Office) -> None:
    client = at_desk(office.hands, CLERK)
    path = f"/tickets/{office.handled}/papers/receipt"
    token = re.findall(r'name="command_id" value="([^"]+)"', client.get(path).text)[0]

    answers = [client.post(path, data={"csrf": csrf, "command_id": token}) for _ in range(2)]
    page = opened(client, answers[0].headers["location"]).text
    number = re.findall(r'<p class="number">([^<]+)</p>', page)[0]

    listed = client.get(f"/tickets/{office.handled}/papers").text
    assert ([303, 303], 1, False, True) == ([one.status_code for one in answers], listed.count(number), "data-mark" in page, bool(number))


def test_an_issued_paper_opens_like_the_contacts_on_it(office: Office) -> None:
    """HM20-A1: name and phone are on the form, so its page is but a door, and who went through it stands in the journal, once a day."""
    hands, path = office.hands, f"/tickets/{office.handled}/papers/assignment"
    at = at_desk(hands, OFFICER).post(path, data={"csrf": csrf}).headers["location"]
    weak, strong = (at_desk(hands, OFFICER, is_strong=strong) for strong in (False, True))
    before = entries(office)

    shown, refused = strong.get(at).text, opened(weak, at)
    aimless = strong.post(f"{path}/open", data={"csrf": csrf, "issued": id_in(at)})
    assert (False, 403, True, 403) == (PHONE in shown, refused.status_code, "SECOND_FACTOR_REQUIRED" in refused.text, aimless.status_code)
    assert before == entries(office)
    assert [True, True] == [PHONE in opened(strong, at).text for _ in range(2)]
    assert [(OFFICER, "paper", id_in(at), "handling")] == openings(office)


def test_the_api_gives_of_an_issued_paper_no_word_that_is_printed(office: Office) -> None:
    """Neither as its text nor in its history; it says where a person opens it."""
    at = at_desk(office.hands, OFFICER).post(f"/tickets/{office.handled}/papers/assignment", data={"csrf": csrf}).headers["location"]

    answer = at_desk(office.hands, CLERK).get(f"/api/v1/papers/{id_in(at)}")
    body = answer.json()

    assert (False, [None], [{"content": None}]) == (
        PHONE in answer.text,
        [*body["texts"].values()],
        [one["texts"] for one in body["timeline"]],
    )
    assert at.partition("&done")[0] == body["opens_at"]


def test_another_system_says_which_paper_and_never_what_it_says(office: Office) -> None:
    """The seal is the office's, so the words are the node's: whoever brings some along is refused, and nothing is numbered."""
    client, asked = at_desk(office.hands, OFFICER), {"paper": "receipt", "ticket": office.handled}

    forged = [client.post("/api/v1/papers", json=asked | {"content": words}) for words in ("not json", "{}", '{"title":"补贴通知书"}')]
    made = client.post("/api/v1/papers", json=asked)

    assert [(422, "MALFORMED_COMMAND", "content")] * 3 == [
        (one.status_code, one.json()["code"], one.json()["facts"]["field"]) for one in forged
    ]
    at = f"/tickets/{office.handled}/papers/receipt?issued={made.json()['subject']['id']}"
    assert (201, True, True) == (made.status_code, "〕1号" in (page := opened(client, at).text), "施工许可" in page)


def opened(client: TestClient, at: str) -> httpx2.Response:
    """The issued paper that is at *at*, opened."""
    path = at.partition("?")[0]
    return client.post(f"{path}/open", data={"csrf": csrf, "issued": id_in(at), "purpose": "handling"})


def id_in(at: str) -> str:
    return re.findall(r"issued=([^&]+)", at)[0]


def openings(office: Office) -> list[tuple[str, str, str, str]]:
    """Who opened what, and what for."""
    with office.hands.node.store.read() as view:
        stored = view.journal.of_subject(Subject("node", office.hands.node.code))
    made = [(one.header.actor.account, one.content.event) for one in stored]
    return [(who, one.opened_kind, one.opened, one.purpose) for who, one in made if isinstance(one, PayloadOpened)]


def test_a_name_or_a_phone_is_put_on_paper_with_a_second_factor_only(office: Office) -> None:
    weak = at_desk(office.hands, CLERK, is_strong=False)

    answer = weak.post(f"/tickets/{office.handled}/papers/receipt", data={"csrf": csrf})

    assert (403, "SECOND_FACTOR_REQUIRED" in answer.text) == (answer.status_code, True)


def test_a_reply_is_marked_until_it_is_signed(office: Office) -> None:
    """C25: it is printed to be signed; whoever holds the paper sees that nobody has."""
    hands = office.hands
    open_account(hands, "head", ("department_leader",), "housing", "赵局长")
    hands.act("department", Sign(), office.handled, "housing")
    draft = hands.act("department", DraftReply(Text("已会同水务局一次性告知。")), office.handled, "housing").entries[0].header.id
    client = at_desk(hands, HANDLER)
    before = client.get(f"/tickets/{office.handled}/reply").text
    hands.act("department_leader", CountersignReply(draft), office.handled, "housing", account="head")
    after = client.get(f"/tickets/{office.handled}/reply").text

    assert [("已会同水务局一次性告知。" in page, "data-mark" in page) for page in (before, after)] == [(True, True), (True, False)]


def test_a_paper_that_does_not_exist_and_a_stranger_are_refused(office: Office) -> None:
    hands = office.hands
    answers = [
        at_desk(hands, OFFICER).get(f"/tickets/{office.handled}/papers/passport").status_code,
        at_desk(hands, OFFICER).get(f"/tickets/{office.handled}/papers/receipt?issued=nothing").status_code,
        at_desk(hands, "d-water").get(f"/tickets/{office.handled}/reply").status_code,
    ]

    assert [422, 404, 404] == answers


def test_a_draft_is_marked_on_paper_too(office: Office, sit_down: SitDown) -> None:
    """On every page of the print, over what stands there."""
    office.hands.act("office", FillIn(name=Contact("赵某")), office.pooled)
    page = sit_down(office.hands, CLERK)
    page.goto(f"/tickets/{office.handled}/papers/receipt")
    page.emulate_media(media="print")

    shown = page.evaluate(
        "(() => { const s = getComputedStyle(document.querySelector('.draft'), '::before'); return [s.content, s.position]; })()"
    )
    hidden = page.evaluate("getComputedStyle(document.querySelector('.actions')).display")

    assert ([f'"{MARK}"', "fixed"], "none", True) == (shown, hidden, page.pdf()[:4] == b"%PDF")
