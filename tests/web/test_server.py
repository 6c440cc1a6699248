"""The port: HTTP on loopback alone, TLS with a certificate of the node's own elsewhere, and certificates of staff."""

import hashlib
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from sqlalchemy import select

from federation.certificates import IdentityError, node_of
from federation.credentials import KeyFiles, staff_package
from node import config
from node.domain.refusal import Code, Refusal
from node.services.logins import logins_of
from node.storage import schema
from node.web.server import WebServer, authority_file, certificate_file, names_of, server_of
from tests.support.node import Hands, make_node


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    return make_node(tmp_path_factory.mktemp("server") / "node")


def with_settings(hands: Hands, **more: str) -> Hands:
    given = hands.node.settings
    hands.node.settings = config.check({**given.model_dump(), "web_certificate": "", "web_names": "", "web_proxy": "", **more})
    return hands


@dataclass
class Answer:
    status: int
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def fetch(url: str, context: ssl.SSLContext | None = None, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(url, data, dict(headers or {}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=20) as answer:
            return Answer(answer.status, answer.url, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.url or "", error.read(), error.headers)


def trusting(hands: Hands) -> ssl.SSLContext:
    """A browser that imported the root certificate."""
    return ssl.create_default_context(cafile=str(authority_file(hands.node)))


@contextmanager
def serving(hands: Hands, **settings: str) -> Iterator[WebServer]:
    """The port of the node on loopback with these settings."""
    made = server_of(with_settings(hands, web_listen="127.0.0.1:0", **settings).node)
    assert made is not None
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def secure(hands: Hands) -> Iterator[WebServer]:
    with serving(hands, web_certificate="own", web_names="localhost") as made:
        yield made


class TestSettings:
    @pytest.mark.parametrize(
        ("listen", "more", "tls"),
        [
            ("127.0.0.1:8080", {}, "none"),
            ("[::1]:8080", {}, "none"),
            ("localhost:8080", {}, "none"),
            ("10.1.2.3:8443", {}, "own"),
            ("0.0.0.0:8443", {"web_names": "hub.example"}, "own"),
            ("10.1.2.3:8080", {"web_proxy": "10.1.2.1"}, "none"),
            ("127.0.0.1:8443", {"web_certificate": "own"}, "own"),
        ],
    )
    def test_beyond_this_machine_there_is_tls_or_a_proxy(self, hands: Hands, listen: str, more: dict[str, str], tls: str) -> None:
        assert tls == with_settings(hands, web_listen=listen, **more).node.settings.web_tls

    @pytest.mark.parametrize("listen", ["10.1.2.3:8080", "0.0.0.0:8080", "hub.example:8080"])
    def test_http_beyond_this_machine_is_refused(self, hands: Hands, listen: str) -> None:
        with pytest.raises(Refusal) as raised:
            with_settings(hands, web_listen=listen, web_certificate="none")

        assert (Code.SETTING_REFUSED, "web_certificate") == (raised.value.code, raised.value.facts["setting"])

    def test_a_certificate_needs_a_name_that_browsers_use(self, hands: Hands) -> None:
        with pytest.raises(Refusal) as raised:
            server_of(with_settings(hands, web_listen="0.0.0.0:0").node)

        assert (Code.SETTING_REFUSED, "web_names") == (raised.value.code, raised.value.facts["setting"])

    def test_without_an_address_nothing_is_served(self, hands: Hands) -> None:
        assert server_of(with_settings(hands, web_listen="").node) is None


class TestPort:
    def test_on_loopback_it_speaks_http(self, hands: Hands) -> None:
        with serving(hands) as served:
            answer, door = fetch(f"{served.address}/"), f"{served.address}/login?back="

        assert (200, True) == (answer.status, answer.url.startswith(door))

    def test_a_browser_with_the_root_certificate_is_satisfied(self, hands: Hands, secure: WebServer) -> None:
        addresses = [secure.address, secure.address.replace("127.0.0.1", "localhost")]

        assert [200, 200] == [fetch(f"{one}/login", trusting(hands)).status for one in addresses]
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(f"{addresses[0]}/login", ssl.create_default_context())

    def test_a_browser_is_bound_to_tls_by_tls_alone(self, hands: Hands, secure: WebServer) -> None:
        """ASVS 3.4.1: said in the clear it could be anybody's word, and would lock a machine's own loopback out."""
        over_tls = fetch(f"{secure.address}/login", trusting(hands))
        with serving(hands) as plain:
            in_the_clear = fetch(f"{plain.address}/login")

        assert ["max-age=31536000", None] == [one.headers.get("strict-transport-security") for one in (over_tls, in_the_clear)]

    def test_tls_1_1_is_refused(self, hands: Hands, secure: WebServer) -> None:
        """ASVS 12.1.1: by a browser that offers nothing newer, and would speak to a server that takes it."""
        old = trusting(hands)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        address = f"{secure.address}/login"

        with pytest.raises(urllib.error.URLError, match="SSL"):
            fetch(address, old)

        lax = secure._config.ssl  # of this very server, now as it must never be
        assert lax is not None
        lax.minimum_version = ssl.TLSVersion.TLSv1_1
        lax.set_ciphers("ALL:@SECLEVEL=0")
        assert 200 == fetch(address, old).status

    def test_the_root_certificate_is_there_to_be_downloaded_and_compared(self, hands: Hands, secure: WebServer) -> None:
        page = fetch(f"{secure.address}/trust", trusting(hands)).body.decode()
        file = fetch(f"{secure.address}/trust/ca.crt", trusting(hands)).body
        held = KeyFiles(hands.node.data_dir / "keys").authority(hands.node.code, hands.node.wall()).certificate

        assert held.public_bytes(serialization.Encoding.DER) == file
        assert b"PRIVATE" not in file
        assert ":".join(f"{byte:02X}" for byte in bytes.fromhex(_sha256(file))) in page

    def test_it_is_made_anew_when_it_grows_old_or_is_called_otherwise(self, hands: Hands) -> None:
        node = with_settings(hands, web_listen="127.0.0.1:0", web_certificate="own", web_names="hub.example").node
        files, wall = KeyFiles(node.data_dir / "keys"), node.wall()
        made = [
            files.web(node.code, names, moment).read_bytes()
            for names, moment in (
                (names_of(node), wall),
                (names_of(node), wall + timedelta(days=200)),
                (names_of(node), wall + timedelta(days=300)),
                (("other.example",), wall + timedelta(days=300)),
            )
        ]

        assert ("127.0.0.1", "hub.example") == names_of(node)
        assert [True, False, False] == [one == other for one, other in pairwise(made)]

    def test_no_link_takes_it_for_a_node(self, hands: Hands) -> None:
        node = with_settings(hands, web_listen="127.0.0.1:0", web_certificate="own").node
        leaf = certificate_file(node).read_bytes().split(b"-----BEGIN CERTIFICATE-----")[1]

        with pytest.raises(IdentityError) as raised:
            node_of(b"-----BEGIN CERTIFICATE-----" + leaf)

        assert "CERTIFICATE_NAMELESS" == raised.value.code


class TestProxy:
    """ASVS 4.1.3: where a request came from, and how, is believed of the proxy of the settings and of nobody else."""

    FORGED: ClassVar[Mapping[str, str]] = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "198.51.100.1, 203.0.113.7",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.7;proto=https;host=evil.example",
    }

    @pytest.mark.parametrize("proxy", ["", "10.1.2.1"])
    def test_another_peer_is_itself_and_speaks_in_the_clear(self, hands: Hands, proxy: str) -> None:
        answer, ways, counted = self._asked(hands, proxy)

        assert (None, "127.0.0.1") == (answer.headers.get("strict-transport-security"), counted)
        assert [] == [way for way in ways if way.startswith("https:") or "evil.example" in way]

    def test_the_proxy_is_believed_and_not_what_its_client_forged(self, hands: Hands) -> None:
        """A proxy adds whom it heard behind what that one said of himself."""
        answer, ways, counted = self._asked(hands, "127.0.0.1")

        assert ("max-age=31536000", "203.0.113.7") == (answer.headers.get("strict-transport-security"), counted)
        assert [] == [way for way in ways if "evil.example" in way]

    def _asked(self, hands: Hands, proxy: str) -> tuple[Answer, list[str], str]:
        """The door's answer, where it leads on to, and under which address a failure is counted."""
        with hands.node.store.database.write() as connection:
            connection.execute(schema.login_attempts.delete())
        with serving(hands, web_proxy=proxy) as served:
            answer = fetch(f"{served.address}/login", headers=self.FORGED)
            fetch(f"{served.address}/login", data=b"account=nobody&password=Wrong-2026-x", headers=self.FORGED)
        with hands.node.store.database.read() as connection:
            found = connection.execute(select(schema.login_attempts.c.name).where(schema.login_attempts.c.kind == "address"))
            (counted,) = found.scalars()
        return answer, re.findall(r'(?:href|action|src)="([^"]+)"', answer.body.decode()), counted


class TestStaffCertificate:
    def test_its_holder_sits_down_at_his_desk_and_nobody_else_does(self, hands: Hands, secure: WebServer, tmp_path: Path) -> None:
        node = hands.node
        wall = node.wall()
        authority = KeyFiles(node.data_dir / "keys").authority(node.code, wall)
        packed = staff_package(authority, node.code, "operator", "a-phrase", wall)
        other = staff_package(authority, node.code, "security", "a-phrase", wall)
        logins_of(node).add_certificate("operator", packed.fingerprint, wall, packed.until)
        answers = []
        for one in (packed, other):
            context = trusting(hands)
            context.load_cert_chain(_unpacked(one.content, tmp_path))
            answers.append(fetch(f"{secure.address}/login/certificate", context, b"back=/me"))
        answers.append(fetch(f"{secure.address}/login/certificate", trusting(hands), b"back=/me"))

        assert [(200, "/me"), (401, "/login/certificate"), (401, "/login/certificate")] == [
            (one.status, one.url.removeprefix(secure.address)) for one in answers
        ]
        assert "operator" in answers[0].body.decode()

    def test_no_link_takes_it_for_a_node(self, hands: Hands) -> None:
        node = hands.node
        authority = KeyFiles(node.data_dir / "keys").authority(node.code, node.wall())
        packed = staff_package(authority, node.code, "operator", "a-phrase", node.wall())
        certificate = pkcs12.load_key_and_certificates(packed.content, b"a-phrase")[1]
        assert certificate is not None

        with pytest.raises(IdentityError) as raised:
            node_of(certificate)

        assert "CERTIFICATE_FOREIGN" == raised.value.code


def _unpacked(content: bytes, directory: Path) -> Path:
    key, certificate, _ = pkcs12.load_key_and_certificates(content, b"a-phrase")
    assert key is not None
    assert certificate is not None
    path = directory / "staff.pem"
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(plain + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
