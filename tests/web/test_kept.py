"""USERS C24: what was typed is not lost when a form comes too late or is refused, and nobody else sees it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlalchemy import func, select

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.services import kept_forms
from node.services.kept_forms import KeptForm
from node.services.logins import logins_of
from node.storage import schema
from node.web.app import create_app
from node.web.intake_drafts import new_id
from node.web.refill import refill
from tests.support.node import Hands, make_node
from tests.web.browser import patience_ms, serving

NOW = datetime(2026, 1, 26, 1, tzinfo=UTC)
IDLE, ABSOLUTE = timedelta(minutes=15), timedelta(hours=8)
GOOD = "Tea2Kettle#9"
REASON = "现场勘测要等雨停。\r\n<b>已约</b> & 「六月三日」再去"
HOME = "http://testserver"


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("kept") / "node")
    made.staff("housing")
    made.act("office", g.OpenAccount("li", ("department",), "520402-housing"))
    return made


@pytest.fixture(scope="module")
def app(hands: Hands) -> FastAPI:
    return create_app(hands.node)


@pytest.fixture(scope="module")
def form(hands: Hands) -> str:
    """The address of a form about a ticket that housing handles."""
    register = Register("hotline_12345", Text("路面破损"), name=Contact("王五"), phone=Contact("13900001111"), received_at=hands.now)
    ticket = hands.act("office", register).subject.id
    with hands.node.store.read() as view:
        passed = hands.node.policies.of_node(view, hands.now).pack.names("forming.tests")
    hands.act("office", Form(category="coordination", passed=passed), ticket)
    hands.act("office", Dispatch(lead="520402-housing"), ticket)
    hands.act("department", Sign(), ticket, unit="housing", account="d-housing")
    return f"/tickets/{ticket}/do/request-extension"


@pytest.fixture(autouse=True)
def _at_nine(hands: Hands) -> None:
    """Nine o'clock, and nothing typed yet."""
    hands.node.wall = lambda: NOW
    hands.at(NOW)
    with hands.node.store.database.write() as connection:
        for table in (schema.sessions, schema.former_sessions, schema.drafts, schema.logins):
            connection.execute(table.delete())


def seated(hands: Hands, app: FastAPI, account: str) -> TestClient:
    """At a desk, with a token of its own that stands in the forms alone, as browsers send it."""
    client = TestClient(app, follow_redirects=False)
    client.cookies.set("qyzj", logins_of(hands.node).begin(account, hands.node.wall(), is_strong=True)[0])
    return client


def typed(client: TestClient, path: str, **fields: Any) -> dict[str, Any]:
    """The form at *path* with its hidden fields, filled in."""
    inner = client.get(path).text
    hidden = {name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', inner)}
    return {**hidden, **fields}


def entries(hands: Hands) -> int:
    with hands.node.store.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.entries)).scalar_one())


def back_of(answer: httpx2.Response) -> str:
    """Where the door will lead back to."""
    assert 303 == answer.status_code, answer.text
    return str(httpx2.URL(answer.headers["location"]).params.get("back", ""))


def shown(client: TestClient, kept: str) -> httpx2.Response:
    """The page of the form that is kept at *kept*."""
    return client.get(client.get(kept).headers["location"])


def area(html: str, name: str) -> str:
    """What stands in an area, as a browser reads it: its first end of line is the tag's own."""
    inner = re.findall(rf'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', html, re.S)[0]
    return unescape(inner).removeprefix("\n").replace("\r\n", "\n")


def fields(**more: str) -> dict[str, Any]:
    return {"promised": "2026-02-20", "ground": "complex", "reason": REASON, **more}


class TestTimeOut:
    """Issue 5 item 3: every form keeps its text and survives time-out."""

    @pytest.mark.parametrize("over", [IDLE, ABSOLUTE])
    def test_a_form_of_a_session_that_ended_is_there_again_after_signing_in(
        self, hands: Hands, app: FastAPI, form: str, over: timedelta
    ) -> None:
        """By a real sign-in, at the form, as it was typed; nothing was sent by itself."""
        logins = logins_of(hands.node)
        start = logins.start_password("d-housing", NOW)
        logins.change_password(logins.sign_in("d-housing", start, NOW)[1], start, GOOD, NOW)
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        before = entries(hands)
        if over == ABSOLUTE:
            for minutes in range(10, 480, 10):
                hands.node.wall = lambda at=NOW + timedelta(minutes=minutes): at  # type: ignore[misc]
                logins.find(client.cookies["qyzj"], hands.node.wall())
        hands.node.wall = lambda: NOW + over

        back = back_of(client.post(form, data=sent))
        door = client.get(f"/login?back={back}").text
        answer = client.post("/login", data={"account": "d-housing", "password": GOOD, "back": back})
        page = shown(client, answer.headers["location"])

        assert f'name="back" value="{back}"' in door
        assert REASON.replace("\r\n", "\n") == area(page.text, "reason")
        assert 'value="2026-02-20"' in page.text and re.search(r'<option value="complex" selected', page.text)
        assert "尚未提交" in page.text
        assert before == entries(hands)

    def test_sent_again_it_is_taken_and_kept_no_more(self, hands: Hands, app: FastAPI, form: str) -> None:
        path = form.replace("request-extension", "record-progress")
        client = seated(hands, app, "d-housing")
        sent = typed(client, path, note="已到现场")
        hands.node.wall = lambda: NOW + IDLE
        back = back_of(client.post(path, data=sent))
        again = seated(hands, app, "d-housing")
        location = again.get(back).headers["location"]
        html = again.get(location).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html[html.index('<form class="sheet act"') :]))
        waiting = "没有提交成功" in again.get("/").text
        answer = again.post(path, data={**hidden, "note": area(html, "note")})

        assert (True, 303, "/?done=kept_gone") == (waiting, answer.status_code, again.get(back).headers["location"])
        assert "没有提交成功" not in again.get("/").text

    def test_whoever_else_signs_in_sees_nothing_of_it(self, hands: Hands, app: FastAPI, form: str) -> None:
        """Of the same unit, at the same browser, by the same address; and nothing stands in the database in the clear."""
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        hands.node.wall = lambda: NOW + IDLE
        back = back_of(client.post(form, data=sent))
        other = seated(hands, app, "li")
        pages = [other.get(path).text for path in ("/", f"{form}?kept={back.rpartition('/')[2]}")]
        with hands.node.store.database.read() as connection:
            sealed = b"".join(bytes(one) for one in connection.execute(select(schema.drafts.c.sealed)).scalars())

        assert "/?done=kept_gone" == other.get(back).headers["location"]
        assert [False, False] == ["勘测" in one for one in pages]
        assert "勘测".encode() not in sealed and len(sealed) > 0

    def test_it_is_kept_for_a_day(self, hands: Hands, app: FastAPI, form: str) -> None:
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        hands.node.wall = lambda: NOW + IDLE
        back = back_of(client.post(form, data=sent))
        hands.at(NOW + timedelta(hours=24))

        assert "/?done=kept_gone" == seated(hands, app, "d-housing").get(back).headers["location"]

    def test_an_intake_is_there_with_the_fields_that_its_channel_asks_for(self, hands: Hands, app: FastAPI) -> None:
        client = seated(hands, app, "centre")
        path = f"/intake/{new_id()}"
        sent = typed(client, path, appeal="门前积水", channel="assigned", assigned_by="市政府办", do="keep")
        hands.node.wall = lambda: NOW + IDLE
        back = back_of(client.post(path, data=sent))
        page = shown(seated(hands, app, "centre"), back).text

        assert ("门前积水", True) == (area(page, "appeal"), 'value="市政府办"' in page)

    def test_files_are_named_as_lost(self, hands: Hands, app: FastAPI, form: str) -> None:
        path = form.replace("/do/request-extension", "/attach")
        client = seated(hands, app, "d-housing")
        sent = typed(client, path, kind="material")
        hands.node.wall = lambda: NOW + IDLE
        back = back_of(client.post(path, data=sent, files={"file": ("现场 1.jpg", b"\xff\xd8\xff\xe0")}))
        page = shown(seated(hands, app, "d-housing"), back).text

        assert "附件 现场 1.jpg 没有保留，请重新选择" in page
        assert re.search(r'value="material" checked', page)

    def test_passwords_are_never_kept(self, hands: Hands, app: FastAPI) -> None:
        client = seated(hands, app, "d-housing")
        sent = typed(client, "/me/password", old="Old#Kettle#1", new=GOOD, again=GOOD)
        hands.node.wall = lambda: NOW + IDLE
        answer = client.post("/me/password", data=sent)
        with hands.node.store.read() as view:
            assert ("/", []) == (back_of(answer), kept_forms.of_account(view, "d-housing", hands.now))

    def test_what_was_kept_by_itself_while_typing_comes_back(self, hands: Hands, app: FastAPI, form: str) -> None:
        """The draft of the page's own script, without the form ever being sent."""
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        kept = client.post("/drafts", data=sent).status_code
        hands.node.wall = lambda: NOW + ABSOLUTE
        late = client.post("/drafts", data={**sent, "reason": "换了一个人"}).status_code
        page = seated(hands, app, "d-housing").get(form).text

        assert (204, 303) == (kept, late)
        assert REASON.replace("\r\n", "\n") == area(page, "reason")

    def test_a_part_of_a_page_says_it_in_its_place(self, hands: Hands, app: FastAPI) -> None:
        """The script that looks up while somebody types gets a sentence, not the door in the middle of the form."""
        client = seated(hands, app, "centre")
        path = f"/intake/{new_id()}"
        sent = typed(client, path, appeal="门前积水")
        hands.node.wall = lambda: NOW + ABSOLUTE
        answer = client.post(f"{path}/aside", data=sent, headers={"hx-request": "true"})

        assert (200, True, False) == (answer.status_code, "登录已过期" in answer.text, "password" in answer.text)

    def test_it_is_forgotten_when_it_is_wanted_no_more(self, hands: Hands, app: FastAPI, form: str) -> None:
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        hands.node.wall = lambda: NOW + IDLE
        back = back_of(client.post(form, data=sent))
        again = seated(hands, app, "d-housing")
        again.post(f"{back}/drop", data=typed(again, "/"))

        assert "/?done=kept_gone" == again.get(back).headers["location"]


class TestTwoTabs:
    """A form whose session got another id in the other tab, or ended there."""

    def test_another_role_in_the_other_tab_loses_nothing(self, hands: Hands, app: FastAPI, form: str) -> None:
        """It is explained, nothing is changed, and the way back leads to the text."""
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        client.post("/me/role", data=typed(client, "/me", role="department"))
        before = entries(hands)
        answer = client.post(form, data=sent)
        kept = re.findall(r'href="(/kept/\w+)"', answer.text)[0]

        assert (409, True, before) == (answer.status_code, "没有任何改动" in answer.text, entries(hands))
        assert REASON.replace("\r\n", "\n") == area(shown(client, kept).text, "reason")

    def test_the_page_goes_on_keeping_what_is_typed(self, hands: Hands, app: FastAPI, form: str) -> None:
        client = seated(hands, app, "d-housing")
        sent = typed(client, form, **fields())
        client.post("/me/role", data=typed(client, "/me", role="department"))

        assert 204 == client.post("/drafts", data=sent).status_code
        assert REASON.replace("\r\n", "\n") == area(client.get(form).text, "reason")

    def test_a_form_of_whoever_sat_there_before_is_kept_for_him_and_not_shown(self, hands: Hands, app: FastAPI, form: str) -> None:
        first = seated(hands, app, "d-housing")
        sent = typed(first, form, **fields())
        first.post("/logout", data=sent)
        second = seated(hands, app, "li")
        answer = second.post(form, data=sent)
        own = seated(hands, app, "d-housing").get("/").text

        assert (409, False, False) == (answer.status_code, "勘测" in answer.text, "/kept/" in answer.text)
        assert "由原账号登录后继续" in answer.text
        assert "/kept/" in own
        assert "/kept/" not in second.get("/").text

    @pytest.mark.parametrize("account", ["", "d-housing"])
    def test_a_token_that_was_nobody_s_keeps_nothing(self, hands: Hands, app: FastAPI, form: str, account: str) -> None:
        """ASVS 3.5.1: of a page of another site nothing stays either."""
        client = seated(hands, app, account) if account else TestClient(app, follow_redirects=False)
        answers = [client.post(form, data={**fields(), "csrf": "guessed"}, headers=one) for one in ({}, {"origin": "http://evil.example"})]

        assert [403 if account else 303, 403] == [one.status_code for one in answers]
        with hands.node.store.database.read() as connection:
            assert 0 == connection.execute(select(func.count()).select_from(schema.drafts)).scalar_one()


class TestRefused:
    """A refusal leaves the way back to what was typed, also from a page whose form keeps no draft of its own."""

    def test_the_way_back_leads_to_the_form_with_every_choice(self, hands: Hands, app: FastAPI) -> None:
        client = seated(hands, app, "centre")
        path = "/registers/accounts"
        sent = typed(client, path, account="zhao", roles=["operator", "tracker"], unit="520402-centre", name="赵 <六>")
        answer = client.post(path, data=sent, headers={"referer": f"{HOME}/registers/accounts?words=zh"})
        kept = re.findall(r'href="(/kept/\w+)"', answer.text)[0]
        location = client.get(kept).headers["location"]
        page = client.get(location).text

        assert 403 == answer.status_code
        assert location.startswith("/registers/accounts?words=zh&kept=")
        assert 'value="赵 &lt;六&gt;"' in page and 'value="zhao"' in page
        assert re.search(r'name="roles" value="tracker" checked', page)
        assert "operator" in page.partition("<dl>")[2].partition("</dl>")[0], "what the page offers no more stands above the form"


class TestRefill:
    """The page stays byte for byte what it was but for the values of one form."""

    PAGE = (
        '<form method="get" action="/x"><input name="a" value="1"></form>\n'
        '<form method="post" action="/x"><input type="hidden" name="id" value="1"><input name="a" value="é&amp;"></form>\n'
        '<form method="post" action="/x"><input type="hidden" name="id" value="2"><input type="hidden" name="csrf" value="t">'
        '<input name="a" value=""><input name="a"><input type="password" name="p"><textarea name="b">\nold &lt;</textarea>'
        '<select name="c"><option value="1" selected>1<option value="2">2</select>'
        '<details><input type="checkbox" name="d" value="x" checked></details><details><input name="e"></details></form><p>é</p>'
    )

    def test_the_form_that_is_likest_gets_every_value(self) -> None:
        kept = KeptForm(
            "k",
            "/x",
            "/x",
            {"id": ("2",), "csrf": ("old",), "a": ('1"<', "2"), "p": ("s",), "b": ("n<",), "c": ("2",), "e": ("5",)},
            (),
            NOW,
        )
        filled, left = refill(self.PAGE, "/x", kept)
        head, changed = self.PAGE[: self.PAGE.index('<input type="hidden" name="id" value="2">')], filled

        assert {} == left
        assert (
            head + '<input type="hidden" name="kept" value="k">'
            '<input type="hidden" name="id" value="2"><input type="hidden" name="csrf" value="t">'
            '<input name="a" value="1&quot;&lt;"><input name="a" value="2"><input type="password" name="p">'
            '<textarea name="b">\nn&lt;</textarea>'
            '<select name="c"><option value="1">1<option value="2" selected>2</select>'
            '<details><input type="checkbox" name="d" value="x"></details><details open><input name="e" value="5"></details></form><p>é</p>'
        ) == changed

    def test_what_has_no_place_is_told(self) -> None:
        kept = KeptForm("k", "/x", "/x", {"a": ("1", "2", "3"), "c": ("9",), "gone": ("text",), "csrf": ("t",)}, (), NOW)
        elsewhere = KeptForm("k", "/gone", "/x", {"a": ("1",), "csrf": ("t",)}, (), NOW)

        assert {"a": ("3",), "c": ("9",), "gone": ("text",)} == refill(self.PAGE, "/x", kept)[1]
        assert (self.PAGE, {"a": ("1",)}) == refill(self.PAGE, "/x", elsewhere)


def test_in_a_browser_the_text_is_back_after_the_door(hands: Hands, app: FastAPI, form: str, browser: Browser) -> None:
    """Typed, timed out, sent, signed in, and there; without a script, too."""
    logins = logins_of(hands.node)
    start = logins.start_password("d-housing", NOW)
    cookie, _ = logins.change_password(logins.sign_in("d-housing", start, NOW)[1], start, GOOD, NOW)
    with serving(app) as address:
        room = browser.new_context(base_url=address, java_script_enabled=False)
        room.add_cookies([{"name": "qyzj", "value": cookie, "url": address}])
        room.set_default_timeout(patience_ms)
        page = room.new_page()
        page.goto(form)
        page.fill("[name=reason]", "等雨停\n再去")
        page.fill("[name=promised]", "2026-02-20")
        page.select_option("[name=ground]", "complex")
        hands.node.wall = lambda: NOW + IDLE
        page.click("form.act button.first")
        page.fill("[name=account]", "d-housing")
        page.fill("[name=password]", GOOD)
        page.click("form[action='/login'] button")

        assert page.url.startswith(f"{address}{form}?")
        assert ("等雨停\n再去", "2026-02-20", "complex") == tuple(
            page.input_value(f"[name={one}]") for one in ("reason", "promised", "ground")
        )
        room.close()
