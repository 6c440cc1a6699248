"""The door: password, second factor, one's own account, and what no page of another site gets done."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient

from node.domain import registry as g
from node.services.logins import logins_of
from node.storage import schema
from node.web.app import create_app
from node.web.pages.me import browser_of
from tests.support.node import Hands, make_node
from tests.web.office import open_account
from tests.web.support import at_desk, csrf

NOW = datetime(2026, 1, 26, 1, tzinfo=UTC)
GOOD = "Tea2Kettle#9"


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("sign_in") / "node")
    made.node.wall = lambda: NOW
    return made


@pytest.fixture(autouse=True)
def _at_nine(hands: Hands) -> None:
    """Nine o'clock, and nobody has a password."""
    hands.node.wall = lambda: NOW
    with hands.node.store.database.write() as connection:
        for table in (schema.logins, schema.sessions, schema.login_attempts):
            connection.execute(table.delete())


@pytest.fixture
def browser(hands: Hands) -> TestClient:
    return TestClient(create_app(hands.node), follow_redirects=False)


def token(html: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', html)[0]


def sign_in(browser: TestClient, account: str, password: str, back: str = "/") -> str:
    """Where the browser is sent to."""
    return browser.post("/login", data={"account": account, "password": password, "back": back}).headers.get("location", "")


def change(browser: TestClient, old: str, new: str) -> str:
    form = {"old": old, "new": new, "again": new, "csrf": token(browser.get("/me/password").text)}
    return browser.post("/me/password", data=form).headers.get("location", "")


class TestDoor:
    def test_who_is_not_signed_in_comes_to_the_door_and_from_there_to_where_he_wanted(self, browser: TestClient, hands: Hands) -> None:
        start = logins_of(hands.node).start_password("centre", NOW)
        sent = browser.get("/me?x=1").headers["location"]
        went = [sign_in(browser, "centre", start, "/me?x=1"), change(browser, start, GOOD)]

        assert "/login?back=%2Fme%3Fx%3D1" == sent.removeprefix("http://testserver")
        assert ["/me/password?back=/me%3Fx%3D1", "/"] == went
        assert 200 == browser.get("/me").status_code

    @pytest.mark.parametrize("back", ["//evil.example/x", "https://evil.example", "/\\evil.example", "\nx", ""])
    def test_it_sends_nobody_to_another_site(self, browser: TestClient, hands: Hands, back: str) -> None:
        logins = logins_of(hands.node)
        start = logins.start_password("centre", NOW)
        logins.change_password(logins.sign_in("centre", start, NOW)[1], start, GOOD, NOW)

        assert "/" == sign_in(browser, "centre", GOOD, back)

    def test_a_leader_begins_with_his_page_and_goes_where_he_wanted_if_anywhere(self, browser: TestClient, hands: Hands) -> None:
        """Walk (f): he landed on an empty Today."""
        open_account(hands, "mayor", ("leader",), name="莫县长")
        start = logins_of(hands.node).start_password("mayor", hands.node.wall())
        sign_in(browser, "mayor", start)
        first = change(browser, start, GOOD)
        led = {back: sign_in(TestClient(browser.app, follow_redirects=False), "mayor", GOOD, back) for back in ("/", "/tickets")}

        assert ("/leader", {"/": "/leader", "/tickets": "/tickets"}) == (first, led)

    def test_a_wrong_password_and_an_unknown_account_look_alike(self, browser: TestClient) -> None:
        shown = [browser.post("/login", data={"account": one, "password": "Wrong-2026-x"}) for one in ("security", "no-such-one")]

        assert [401, 401] == [one.status_code for one in shown]
        assert 1 == len({one.text.replace(name, "X") for one, name in zip(shown, ("security", "no-such-one"), strict=True)})
        assert "账号或密码不正确" in shown[0].text

    def test_it_speaks_english_when_asked(self, browser: TestClient) -> None:
        browser.get("/login?lang=en")

        assert '<html lang="en">' in browser.get("/login").text

    def test_a_start_password_opens_the_change_and_nothing_else(self, browser: TestClient, hands: Hands) -> None:
        start = logins_of(hands.node).start_password("centre", NOW)
        sign_in(browser, "centre", start)

        assert [303, 303, 200] == [browser.get(path).status_code for path in ("/", "/me", "/me/password")]
        assert "须先更换" in browser.get("/me/password").text

    def test_an_administrator_sets_up_one_time_codes_and_needs_one_from_then_on(self, browser: TestClient, hands: Hands) -> None:
        start = logins_of(hands.node).start_password("operator", NOW)
        sign_in(browser, "operator", start)
        assert "/me/second" == change(browser, start, GOOD)
        page = browser.get("/me/second").text
        totp = pyotp.TOTP(re.findall(r"<code>([A-Z2-7 ]+)</code>", page)[0].replace(" ", ""))
        shown = browser.post("/me/second/confirm", data={"code": totp.at(NOW), "csrf": token(page)})
        codes = re.findall(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>", shown.text)
        assert "<svg" in page
        assert (10, 200) == (len(codes), browser.get("/").status_code)

        browser.post("/logout", data={"csrf": token(browser.get("/me").text)})
        hands.node.wall = lambda: NOW + timedelta(minutes=1)
        assert "/login/second" == sign_in(browser, "operator", GOOD)
        assert 303 == browser.get("/").status_code
        page = browser.get("/login/second").text
        wrong = browser.post("/login/second", data={"code": "ABCDE-FGHJK", "csrf": token(page)})
        right = browser.post("/login/second", data={"code": codes[3], "csrf": token(page)})

        assert (403, "验证码不正确") == (wrong.status_code, re.findall("验证码不正确", wrong.text)[0])
        assert ("/", 200) == (right.headers["location"], browser.get("/").status_code)

    def test_a_closed_account_is_refused_at_its_next_call(self, hands: Hands) -> None:
        hands.act("office", g.OpenAccount("li", ("window_clerk",), "520402-centre"))
        browser = at_desk(hands, "li")
        before = browser.get("/me").status_code

        hands.act("office", g.CloseAccount("li"))

        assert (200, 303) == (before, browser.get("/me").status_code)


class TestCookie:
    def test_it_is_kept_from_scripts_and_bound_to_this_host_where_tls_is(self, hands: Hands) -> None:
        logins = logins_of(hands.node)
        start = logins.start_password("centre", NOW)
        said = {}
        for scheme in ("http", "https"):
            browser = TestClient(create_app(hands.node), base_url=f"{scheme}://testserver", follow_redirects=False)
            answer = browser.post("/login", data={"account": "centre", "password": start})
            said[scheme] = re.sub("=[A-Za-z0-9_-]{43};", "=ID;", answer.headers["set-cookie"])

        assert {
            "http": "qyzj=ID; HttpOnly; Path=/; SameSite=lax",
            "https": "__Host-qyzj=ID; HttpOnly; Path=/; SameSite=lax; Secure",
        } == said

    def test_signing_out_ends_the_session_on_the_node(self, hands: Hands) -> None:
        browser = at_desk(hands, "centre")
        cookie = browser.cookies["qyzj"]
        browser.post("/logout")
        browser.cookies.set("qyzj", cookie)

        assert 303 == browser.get("/").status_code

    def test_an_idle_session_comes_to_the_door(self, hands: Hands) -> None:
        browser = at_desk(hands, "centre")
        hands.node.wall = lambda: NOW + timedelta(minutes=15)

        assert browser.get("/").headers["location"].startswith("http://testserver/login")


class TestOwnAccount:
    def test_another_role_is_another_session(self, hands: Hands) -> None:
        browser = at_desk(hands, "centre")
        former = browser.cookies["qyzj"]

        answer = browser.post("/me/role", data={"role": "window_clerk", "back": "/me"})

        assert (303, "/me") == (answer.status_code, answer.headers["location"])
        assert former != answer.cookies["qyzj"]

    def test_a_language_stays_with_the_account(self, hands: Hands) -> None:
        browser = at_desk(hands, "centre")
        browser.post("/me/lang", data={"lang": "en"})

        assert "<h1>Today" in browser.get("/").text

    def test_another_phone_needs_the_password_again(self, hands: Hands) -> None:
        logins = logins_of(hands.node)
        start = logins.start_password("centre", NOW)
        logins.change_password(logins.sign_in("centre", start, NOW)[1], start, GOOD, NOW)
        browser = at_desk(hands, "centre")
        shown = [browser.post("/me/second", data={"password": one}).text for one in ("Wrong-2026-x", GOOD)]

        assert [False, True] == ["<svg" in one for one in shown]


def test_a_browser_is_called_what_people_call_it() -> None:
    said = [
        "Mozilla/5.0 (Windows NT 6.1; rv:78.0) Gecko/20100101 Firefox/78.0",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0",
        "curl/8",
    ]

    assert ["Firefox 78 · Windows", "Chrome 78 · Linux", "Edge 120 · Windows", ""] == [browser_of(one) for one in said]


class TestOtherSites:
    """ASVS 3.5: what changes something comes from a page of this node."""

    @pytest.mark.parametrize(
        ("headers", "form", "status"),
        [
            ({}, {}, 403),
            ({}, {"csrf": "guessed"}, 403),
            ({}, {"csrf": csrf}, 303),
            ({"x-csrf-token": csrf}, {}, 303),
            ({"origin": "http://testserver"}, {"csrf": csrf}, 303),
            ({"origin": "http://evil.example"}, {"csrf": csrf}, 403),
            ({"origin": "null"}, {"csrf": csrf}, 403),
            ({"sec-fetch-site": "cross-site"}, {"csrf": csrf}, 403),
            ({"sec-fetch-site": "same-site"}, {"csrf": csrf}, 403),
            ({"sec-fetch-site": "same-origin"}, {"csrf": csrf}, 303),
        ],
    )
    def test_a_form_needs_the_token_and_an_own_origin(
        self, hands: Hands, headers: dict[str, str], form: dict[str, str], status: int
    ) -> None:
        browser = at_desk(hands, "centre")
        del browser.headers["x-csrf-token"]

        assert status == browser.post("/me/sessions/end", data=form, headers=headers).status_code

    def test_signing_in_from_another_site_is_refused_too(self, browser: TestClient) -> None:
        answer = browser.post("/login", data={"account": "centre", "password": GOOD}, headers={"origin": "http://evil.example"})

        assert 403 == answer.status_code


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/static/desk.css", "/api/v1/nowhere"])
    def test_every_answer_says_what_the_browser_may_do(self, hands: Hands, path: str) -> None:
        said = at_desk(hands, "centre").get(path).headers

        assert "default-src 'self'" in said["content-security-policy"]
        assert "frame-ancestors 'none'" in said["content-security-policy"]
        assert "unsafe" not in said["content-security-policy"]
        assert ("nosniff", "same-origin") == (said["x-content-type-options"], said["referrer-policy"])
        assert ("max-age=3600" if path.startswith("/static/") else "no-store") == said["cache-control"]
        assert "strict-transport-security" not in said

    def test_a_body_has_a_limit(self, hands: Hands) -> None:
        browser = at_desk(hands, "centre")

        assert 413 == browser.post("/me/lang", content=b"x" * (2 * 1024 * 1024 + 1)).status_code

    def test_a_body_of_no_said_length_is_counted(self, hands: Hands) -> None:
        browser = at_desk(hands, "centre")
        parts = (b"lang=" + b"x" * 65_536 for _ in range(40))
        kind = {"content-type": "application/x-www-form-urlencoded"}

        assert 400 <= browser.post("/me/lang", content=parts, headers=kind).status_code < 500
