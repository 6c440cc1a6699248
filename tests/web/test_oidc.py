"""Signing in through a provider of identities: who it vouches for sits down at an account that is bound to him, and at no other."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey, RSAKey

from node import config
from node.domain import registry as g
from node.domain.accounts import CredentialsReset, ResumeAccount, SuspendAccount
from node.domain.entry import Subject
from node.domain.refusal import Code, Refusal
from node.services.acting import act
from node.services.logins import logins_of
from node.services.oidc import provider_of
from node.storage import schema
from node.web.app import create_app
from tests.support.node import Hands, make_node
from tests.web.identity_provider import CLIENT, REDIRECT, SECRET, IdentityProvider, listening
from tests.web.support import at_desk

NOW = datetime(2026, 1, 26, 1, tzinfo=UTC)
SUBJECT = "u-1001"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with listening(IdentityProvider(NOW)) as found:
        yield found


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory, provider: IdentityProvider) -> Hands:
    directory = tmp_path_factory.mktemp("oidc")
    made = make_node(directory / "node")
    secret = directory / "secret"
    secret.write_text(f"{SECRET}\n")
    given = {"oidc_issuer": provider.issuer, "oidc_client": CLIENT, "oidc_secret_file": secret, "oidc_amr": "mfa otp", "oidc_acr": "loa3"}
    made.node.settings = made.node.settings.model_copy(update={**given, "oidc_name": "安顺市统一身份认证"})
    act(made.node, "centre", g.OpenAccount("li", ("window_clerk",), "520402-centre"))
    return made


@pytest.fixture(scope="module")
def app(hands: Hands) -> FastAPI:
    return create_app(hands.node)


@pytest.fixture(autouse=True)
def _anew(hands: Hands, provider: IdentityProvider, app: FastAPI) -> None:
    """Nine o'clock, an honest provider, and li bound to his subject."""
    hands.node.wall = lambda: NOW
    provider.claims, provider.lying_key, provider.tamper, provider.algorithm, provider.said = {}, None, False, "RS256", {}
    provider.subject = SUBJECT
    with hands.node.store.database.write() as connection:
        for table in (schema.logins, schema.sessions, schema.login_attempts, schema.login_subjects, schema.sign_in_flows):
            connection.execute(table.delete())
    logins_of(hands.node).bind_subject("li", provider.issuer, SUBJECT, NOW)
    app.state.provider = provider_of(hands.node.settings)  # one that asked nothing yet


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    return TestClient(app, follow_redirects=False)


def there(browser: TestClient, back: str = "/") -> str:
    """The address that the provider sends the browser back to."""
    sent = browser.get("/login/oidc", params={"back": back})
    assert 303 == sent.status_code, sent.text
    return httpx2.get(sent.headers["location"]).headers["location"]


def come(browser: TestClient, back: str = "/") -> httpx2.Response:
    """To the provider and back."""
    return browser.get(there(browser, back).removeprefix("http://testserver"))


def code_of_door(answer: httpx2.Response) -> str:
    """What the door says: the code of the refusal by its sentence."""
    said = {
        "暂时连不上统一身份认证系统": Code.OIDC_AWAY,
        "统一身份认证没有完成": Code.OIDC_REFUSED,
        "您的统一身份还没有关联": Code.OIDC_UNBOUND,
        "账号或密码不正确": Code.SIGN_IN_REFUSED,
    }
    assert 'name="password"' in answer.text, "the password form stands there still"
    return next(code.name for sentence, code in said.items() if sentence in answer.text)


class TestWayThereAndBack:
    """OpenID Connect Core 1.0, 3.1: authorization code, PKCE, state, nonce."""

    def test_a_bound_subject_sits_down_where_he_wanted_to_go(self, browser: TestClient) -> None:
        answer = come(browser, "/me?x=1")

        assert (303, "/me?x=1") == (answer.status_code, answer.headers["location"])
        assert "li" in browser.get("/me").text

    def test_the_address_asks_for_a_code_with_a_challenge_and_shows_no_secret(self, browser: TestClient) -> None:
        asked = parse_qs(urlsplit(browser.get("/login/oidc").headers["location"]).query)

        assert {
            "response_type": ["code"],
            "client_id": [CLIENT],
            "redirect_uri": [REDIRECT],
            "scope": ["openid"],
            "code_challenge_method": ["S256"],
            "acr_values": ["loa3"],
        } == {name: value for name, value in asked.items() if name not in ("state", "nonce", "code_challenge")}
        assert [43, 43, 43] == [len(asked[name][0]) for name in ("state", "nonce", "code_challenge")]

    def test_the_door_shows_the_way_by_the_name_that_staff_know(self, browser: TestClient) -> None:
        assert "使用安顺市统一身份认证登录" in browser.get("/login").text

    def test_a_node_without_a_provider_shows_none(self, tmp_path: Path) -> None:
        browser = TestClient(create_app(make_node(tmp_path / "node").node), follow_redirects=False)

        assert ("/login/oidc" in browser.get("/login").text, 404) == (False, browser.get("/login/oidc").status_code)

    @pytest.mark.parametrize("back", ["//evil.example/x", "https://evil.example", "/\\evil.example"])
    def test_it_sends_nobody_to_another_site(self, browser: TestClient, back: str) -> None:
        assert "/" == come(browser, back).headers["location"]

    def test_two_tabs_of_one_browser_both_come_back(self, browser: TestClient) -> None:
        first, second = there(browser, "/me"), there(browser, "/tickets")
        came = [browser.get(one.removeprefix("http://testserver")).headers["location"] for one in (second, first)]

        assert ["/tickets", "/me"] == came


class TestRefused:
    """ASVS 10.5: what is not signed by the provider, for this node, for this very way, signs nobody in."""

    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"aud": "another-client"},
            {"aud": [CLIENT, "another-client"]},
            {"aud": [CLIENT, "another-client"], "azp": "another-client"},
            {"iss": "https://evil.example"},
            {"iss": None},
            {"exp": int((NOW - timedelta(minutes=2)).timestamp())},
            {"exp": None},
            {"iat": int((NOW + timedelta(minutes=2)).timestamp())},
            {"sub": None},
            {"sub": ""},
            {"sub": 1001},
            {"amr": "mfa"},
        ],
    )
    def test_a_token_that_says_something_else(self, browser: TestClient, provider: IdentityProvider, claims: dict[str, Any]) -> None:
        provider.claims = claims
        answer = come(browser)

        assert (401, "OIDC_REFUSED") == (answer.status_code, code_of_door(answer))
        assert 303 == browser.get("/me").status_code

    def test_a_token_that_another_key_signed(self, browser: TestClient, provider: IdentityProvider) -> None:
        provider.lying_key = RSAKey.generate_key(2048, {"kid": "k1"})

        assert "OIDC_REFUSED" == code_of_door(come(browser))

    def test_a_token_that_was_changed_behind_its_signature(self, browser: TestClient, provider: IdentityProvider) -> None:
        provider.tamper = True

        assert "OIDC_REFUSED" == code_of_door(come(browser))

    def test_a_token_that_the_shared_secret_signed(self, browser: TestClient, provider: IdentityProvider) -> None:
        """The provider offers HS256; this node takes no algorithm that it could sign with itself."""
        provider.algorithm, provider.lying_key = "HS256", OctKey.import_key(SECRET * 2)  # type: ignore[assignment]

        assert "OIDC_REFUSED" == code_of_door(come(browser))

    def test_coming_back_twice(self, browser: TestClient) -> None:
        way = there(browser).removeprefix("http://testserver")
        first = browser.get(way)
        browser.cookies.delete("qyzj")

        assert (303, "OIDC_REFUSED") == (first.status_code, code_of_door(browser.get(way)))

    def test_a_code_that_was_used_under_a_fresh_state(self, browser: TestClient) -> None:
        used = parse_qs(urlsplit(there(browser)).query)["code"][0]
        fresh = parse_qs(urlsplit(there(browser)).query)["state"][0]

        assert "OIDC_REFUSED" == code_of_door(browser.get("/login/oidc/back", params={"code": used, "state": fresh}))

    def test_another_browser_with_the_address_of_somebody_s_way_back(self, browser: TestClient, app: FastAPI) -> None:
        """Else an attacker seats others at his own account."""
        way = there(browser).removeprefix("http://testserver")
        other = TestClient(app, follow_redirects=False)
        there(other)

        assert "OIDC_REFUSED" == code_of_door(other.get(way))

    def test_a_state_that_nobody_began(self, browser: TestClient) -> None:
        assert "OIDC_REFUSED" == code_of_door(browser.get("/login/oidc/back?code=x&state=y"))

    def test_coming_back_too_late(self, browser: TestClient, hands: Hands, provider: IdentityProvider) -> None:
        way = there(browser).removeprefix("http://testserver")
        hands.node.wall = lambda: NOW + timedelta(minutes=10)

        assert "OIDC_REFUSED" == code_of_door(browser.get(way))

    def test_a_provider_that_says_no(self, browser: TestClient) -> None:
        state = parse_qs(urlsplit(there(browser)).query)["state"][0]

        assert "OIDC_REFUSED" == code_of_door(browser.get("/login/oidc/back", params={"error": "access_denied", "state": state}))

    def test_another_issuer_beside_the_code(self, browser: TestClient) -> None:
        """RFC 9207: an answer of another provider."""
        assert "OIDC_REFUSED" == code_of_door(browser.get(f"{there(browser).removeprefix('http://testserver')}&iss=https://evil.example"))

    @pytest.mark.parametrize("said", [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}])
    def test_a_discovery_that_leads_elsewhere(self, browser: TestClient, provider: IdentityProvider, said: dict[str, str]) -> None:
        provider.said = said

        assert "OIDC_REFUSED" == code_of_door(browser.get("/login/oidc"))

    def test_a_provider_that_is_away(self, browser: TestClient, hands: Hands, app: FastAPI) -> None:
        """503 with a plain sentence, and the password form beside it."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            away = f"http://127.0.0.1:{free.getsockname()[1]}"
        app.state.provider = provider_of(hands.node.settings.model_copy(update={"oidc_issuer": away}))
        answer = browser.get("/login/oidc?back=/me")

        assert (503, "OIDC_AWAY") == (answer.status_code, code_of_door(answer))
        assert 'name="back" value="/me"' in answer.text


class TestAccounts:
    """DESIGN 10: accounts, roles and sessions are this node's own, whoever vouches for the person."""

    def test_a_subject_that_nobody_bound_makes_no_account_and_is_told_what_to_say(
        self, browser: TestClient, hands: Hands, provider: IdentityProvider
    ) -> None:
        provider.subject = "u-2002"
        answer = come(browser)

        assert (403, "OIDC_UNBOUND") == (answer.status_code, code_of_door(answer))
        assert "u-2002" in answer.text
        with hands.node.store.read() as view:
            assert [] == list(view.connection.execute(schema.sessions.select()))

    def test_a_suspended_account_stays_outside_until_it_is_resumed(self, browser: TestClient, hands: Hands) -> None:
        act(hands.node, "centre", SuspendAccount("li"))
        before = come(browser)
        act(hands.node, "centre", ResumeAccount("li"))

        assert ("SIGN_IN_REFUSED", 303) == (code_of_door(before), come(browser).status_code)

    @pytest.mark.parametrize(
        ("claims", "is_strong"),
        [({}, False), ({"amr": ["pwd"]}, False), ({"amr": ["pwd", "otp"]}, True), ({"acr": "loa3"}, True), ({"acr": "loa1"}, False)],
    )
    def test_a_second_factor_was_shown_where_the_provider_says_so_in_the_operator_s_words(
        self, browser: TestClient, hands: Hands, provider: IdentityProvider, claims: dict[str, Any], is_strong: bool
    ) -> None:
        provider.claims = claims
        cookie = come(browser).cookies["qyzj"]

        found = logins_of(hands.node).find(cookie, NOW)
        assert found is not None and is_strong == found.is_strong

    @pytest.mark.parametrize(("claims", "goes_to"), [({}, "/me/second"), ({"amr": ["otp"]}, "/")])
    def test_an_administrator_shows_one_here_unless_the_provider_vouches_for_it(
        self, browser: TestClient, hands: Hands, provider: IdentityProvider, claims: dict[str, Any], goes_to: str
    ) -> None:
        logins_of(hands.node).bind_subject("operator", provider.issuer, "u-3003", NOW)
        provider.subject, provider.claims = "u-3003", claims

        assert goes_to == come(browser).headers["location"]

    def test_a_session_ends_like_any_other(self, browser: TestClient, hands: Hands) -> None:
        come(browser)
        before = browser.get("/me").status_code
        hands.node.wall = lambda: NOW + timedelta(minutes=15)

        assert (200, 303) == (before, browser.get("/me").status_code)


class TestBinding:
    """Who is who is said by an administrator, and stands in the journal."""

    def bind(self, hands: Hands, app: FastAPI, by: str, account: str, subject: str) -> httpx2.Response:
        return at_desk(hands, by, app=app).post(f"/registers/accounts/{account}/oidc", data={"subject": subject, "command_id": ""})

    def noted(self, hands: Hands) -> list[tuple[str, object]]:
        """Who reset what, by the journal."""
        with hands.node.store.read() as view:
            found = view.journal.of_subject(Subject("node", hands.node.code))
        return [(one.header.actor.account, one.folded.event) for one in found if isinstance(one.folded.event, CredentialsReset)]

    def test_the_centre_binds_staff_and_the_subject_sits_down(
        self, browser: TestClient, hands: Hands, app: FastAPI, provider: IdentityProvider
    ) -> None:
        act(hands.node, "centre", g.OpenAccount("wang", ("window_clerk",), "520402-centre"))
        answer = self.bind(hands, app, "centre", "wang", " u-4004 ")
        provider.subject = "u-4004"

        assert (303, 303) == (answer.status_code, come(browser).status_code)
        assert "u-4004" in at_desk(hands, "centre", app=app).get("/registers/accounts/wang").text
        assert ("centre", CredentialsReset("wang", "oidc")) == self.noted(hands)[-1]

    @pytest.mark.parametrize(
        ("by", "account", "status"),
        [
            ("centre", "operator", 403),
            ("security", "operator", 303),
            ("centre", "centre", 403),
            ("li", "li", 403),
            ("centre", "ghost", 404),
        ],
    )
    def test_administrators_are_the_security_administrator_s_and_nobody_binds_himself(
        self, hands: Hands, app: FastAPI, by: str, account: str, status: int
    ) -> None:
        assert status == self.bind(hands, app, by, account, "u-5005").status_code

    def test_a_subject_is_one_account_only(self, hands: Hands, app: FastAPI) -> None:
        before = self.noted(hands)
        answer = self.bind(hands, app, "security", "operator", SUBJECT)

        assert (409, True) == (answer.status_code, "已经关联到账号 li" in answer.text)
        assert before == self.noted(hands), "what was not done is not in the journal"

    def test_unbinding_ends_the_sessions(self, browser: TestClient, hands: Hands, app: FastAPI) -> None:
        come(browser)
        at_desk(hands, "centre", app=app).post("/registers/accounts/li/reset", data={"credential": "oidc"})

        assert (303, "OIDC_UNBOUND") == (browser.get("/me").status_code, code_of_door(come(browser)))


class TestSettings:
    """Off by default; what is set by half or cannot work is refused when the node starts."""

    @pytest.mark.parametrize(
        ("given", "setting"),
        [
            ({"oidc_issuer": "http://id.example", "oidc_client": "x"}, "oidc_issuer"),
            ({"oidc_issuer": "https://id.example/?a=b", "oidc_client": "x"}, "oidc_issuer"),
            ({"oidc_issuer": "https://id.example"}, "oidc_client"),
            ({"oidc_issuer": "https://id.example", "oidc_client": "x", "oidc_scopes": "profile"}, "oidc_scopes"),
        ],
    )
    def test_what_does_not_go_together_is_refused_by_its_name(self, tmp_path: Path, given: dict[str, Any], setting: str) -> None:
        with pytest.raises(Refusal) as refused:
            config.check({"data_dir": tmp_path, "node": "520402", **given})

        assert (Code.SETTING_REFUSED, setting) == (refused.value.code, refused.value.facts["setting"])

    def test_a_secret_that_is_not_there_is_refused(self, hands: Hands, tmp_path: Path) -> None:
        with pytest.raises(Refusal, match="SETTING_REFUSED"):
            provider_of(hands.node.settings.model_copy(update={"oidc_secret_file": tmp_path / "none"}))

    def test_without_the_extra_the_pages_do_not_start(self, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "node.services.oidc_tokens", None)

        with pytest.raises(Refusal) as refused:
            create_app(hands.node)
        assert (Code.EXTRA_MISSING, "oidc") == (refused.value.code, refused.value.facts["extra"])

    def test_without_a_provider_nothing_of_the_extra_is_asked_for(self) -> None:
        assert provider_of(SimpleNamespace(oidc_issuer="")) is None  # type: ignore[arg-type]
