"""Node identity: who is let in, who is not, and that the difference to an outage is told (FEDERATION 2.4, T18)."""

import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from federation.certificates import (
    Authority,
    Credentials,
    Identity,
    IdentityError,
    certificate_from_pem,
    certificate_to_pem,
    check_own,
    create_authority,
    days_left,
    fingerprint,
    identify,
    issue,
    issue_bootstrap,
    key_from_pem,
    key_to_pem,
    make_request,
    new_key,
    node_of,
    renewal_due,
    server_name,
    verify_request,
)
from federation.channel import PortCredentials, probe_identity, secure_channel, server_options

NOON = datetime(2026, 2, 10, 4, 0, tzinfo=UTC)
# OpenSSL and BoringSSL read the machine's clock, so what they judge is issued by it.
WALL = datetime.now(UTC)
KEY = new_key()
CITY = create_authority("520400", WALL - timedelta(days=1000))
STRANGER = create_authority("520400", WALL)


def credentials(
    node: str = "520402", *, by: Authority = CITY, at: datetime = WALL, server: bool = False, trusting: Authority | None = None
) -> Credentials:
    key = new_key()
    return Credentials(issue(by, key.public_key(), node, at, server=server), key, (trusting or by).certificate)


def self_signed(*names: x509.GeneralName, is_authority: bool = False, key: ec.EllipticCurvePrivateKey | None = None) -> x509.Certificate:
    """A certificate as anyone can make one; valid now."""
    key = key or new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "520402")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, WALL - timedelta(hours=1), WALL + timedelta(days=9))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True).sign(key, hashes.SHA256())


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(IdentityError) as caught:
        act()
    return caught.value.code


class TestIssue:
    """The superior's authority says who its subordinates are, for 13 months at a time."""

    @pytest.mark.parametrize("node", ["520402", "520402-kfq"])
    @pytest.mark.parametrize("server", [False, True])
    def test_a_certificate_says_who_and_how_long(self, node: str, server: bool) -> None:
        """Exactly one URI; one DNS name at a server; from five minutes before."""
        authority = create_authority("520400", NOON)

        certificate = issue(authority, new_key().public_key(), node, NOON, server=server)

        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [f"spiffe://qyzj/node/{node}"] == names.get_values_for_type(x509.UniformResourceIdentifier)
        assert ([f"n{node}.qyzj.internal"] if server else []) == names.get_values_for_type(x509.DNSName)
        until = datetime(2027, 3, 10, 4, 0, tzinfo=UTC)
        assert Identity(node, False, fingerprint(certificate), NOON - timedelta(minutes=5), until) == node_of(certificate)
        certificate.verify_directly_issued_by(authority.certificate)

    @pytest.mark.parametrize(
        ("now", "until"),
        [
            (datetime(2026, 1, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),
            (datetime(2027, 1, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
            (datetime(2026, 11, 30, tzinfo=UTC), datetime(2027, 12, 30, tzinfo=UTC)),
            (datetime(2026, 12, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)),
        ],
    )
    def test_thirteen_months_end_on_the_same_day_or_the_last(self, now: datetime, until: datetime) -> None:
        """A month that has no 31st ends the certificate on its last day."""
        certificate = issue(create_authority("520400", NOON - timedelta(days=60)), new_key().public_key(), "520402", now, server=False)

        assert until == certificate.not_valid_after_utc

    def test_an_authority_lives_twenty_years(self) -> None:
        """Over a leap day too: from the 29th to the 29th."""
        authority = create_authority("520400", datetime(2028, 2, 29, tzinfo=UTC))

        assert datetime(2048, 2, 29, tzinfo=UTC) == authority.certificate.not_valid_after_utc

    def test_no_certificate_outlives_its_authority(self) -> None:
        """It would fail while it still looks good."""
        authority = create_authority("520400", NOON)
        last_year = datetime(2045, 9, 1, tzinfo=UTC)

        certificate = issue(authority, new_key().public_key(), "520402", last_year, server=False)

        assert authority.certificate.not_valid_after_utc == certificate.not_valid_after_utc

    def test_an_ended_authority_issues_nothing(self) -> None:
        """The office hears it, not the county."""
        authority = create_authority("520400", NOON)

        act = lambda: issue(authority, new_key().public_key(), "520402", datetime(2046, 2, 10, 4, 0, tzinfo=UTC), server=False)  # noqa: E731

        assert "CERTIFICATE_EXPIRED" == code_of(act)

    def test_an_invitation_lasts_72_hours(self) -> None:
        """And says of itself that it only enrols."""
        bootstrap = issue_bootstrap(create_authority("520400", NOON), "520402", NOON)

        identity = node_of(bootstrap.certificate)

        assert ("520402", True, NOON + timedelta(hours=72)) == (identity.node, identity.bootstrap, identity.valid_until)

    @pytest.mark.parametrize(
        "node", ["", "52040", "5204022", "520402-", "520402-KFQ", "520402.kfq", "520402\n", "52040２", "520402-" + "k" * 17]
    )
    def test_a_malformed_code_is_never_certified(self, node: str) -> None:
        """Six digits, or with a suffix of small letters and digits."""
        authority = create_authority("520400", NOON)

        assert "NODE_CODE_INVALID" == code_of(lambda: issue(authority, new_key().public_key(), node, NOON, server=False))
        assert "NODE_CODE_INVALID" == code_of(lambda: issue_bootstrap(authority, node, NOON))
        assert "NODE_CODE_INVALID" == code_of(lambda: server_name(node))


class TestRequest:
    """A node asks for a certificate of its own key; all else in it is the superior's choice."""

    def test_the_key_that_was_asked_for_is_certified(self) -> None:
        """The secret half never leaves the node."""
        key = new_key()

        assert key.public_key() == verify_request(make_request("520402", key), "520402")

    def test_what_else_a_request_wishes_is_not_granted(self) -> None:
        """A county that asks to be an authority does not become one."""
        key = new_key()
        wish = (
            x509.CertificateSigningRequestBuilder(x509.Name([]))
            .add_extension(x509.SubjectAlternativeName([uri("spiffe://qyzj/node/520402")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )

        certificate = issue(CITY, verify_request(pem_of(wish), "520402"), "520402", WALL, server=False)

        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    @pytest.mark.parametrize(
        ("request_pem", "wrong"),
        [
            (b"", "encoding"),
            (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "encoding"),
            (make_request("520424", new_key()), "name"),
            (make_request("520402-kfq", new_key()), "name"),
        ],
        ids=["nothing", "no request", "another county", "a zone of the county"],
    )
    def test_a_request_of_another_sort_is_refused(self, request_pem: bytes, wrong: str) -> None:
        """And says what is wrong with it."""
        assert wrong == wrong_of(request_pem)

    @pytest.mark.parametrize(
        "names",
        [
            [],
            [uri("spiffe://qyzj/node/520402"), uri("spiffe://qyzj/node/520424")],
            [uri("spiffe://qyzj/node/520402"), x509.DNSName("n520400.qyzj.internal")],
            [x509.DNSName("spiffe://qyzj/node/520402")],
            [uri("spiffe://qyzj/bootstrap/520402")],
        ],
        ids=["no name", "two names", "the city's server too", "as a DNS name", "bootstrap"],
    )
    def test_a_request_has_its_own_name_and_no_other(self, names: Sequence[x509.GeneralName]) -> None:
        """What a node asks for beyond its name is an attempt."""
        builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)

        assert "name" == wrong_of(pem_of(builder.sign(new_key(), hashes.SHA256())))

    @pytest.mark.parametrize("key", ["ed25519", "rsa", "p384"])
    def test_only_keys_that_grpc_takes_are_certified(self, key: str) -> None:
        """An Ed25519 certificate would fail at the first handshake, far from here."""
        made: dict[str, Callable[[], ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]] = {
            "ed25519": ed25519.Ed25519PrivateKey.generate,
            "rsa": lambda: rsa.generate_private_key(65537, 2048),
            "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        }
        names = x509.SubjectAlternativeName([uri("spiffe://qyzj/node/520402")])
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(names, critical=False)

        signed = request.sign(made[key](), None if key == "ed25519" else hashes.SHA256())

        assert "key" == wrong_of(pem_of(signed))

    def test_a_request_for_a_key_that_one_does_not_have_is_refused(self) -> None:
        """The signature is the proof of possession."""
        der = bytearray(x509.load_pem_x509_csr(make_request("520402", new_key())).public_bytes(serialization.Encoding.DER))
        der[-1] ^= 1

        assert "signature" == wrong_of(pem_of(x509.load_der_x509_csr(bytes(der))))


class TestNodeOf:
    """A name is read in one way, and anything unclear is refused."""

    @pytest.mark.parametrize(
        ("names", "code"),
        [
            ([], "CERTIFICATE_NAMELESS"),
            ([x509.DNSName("n520402.qyzj.internal")], "CERTIFICATE_NAMELESS"),
            ([uri("spiffe://qyzj/node/520402"), uri("spiffe://qyzj/node/520424")], "CERTIFICATE_NAMES_MANY"),
            ([uri("spiffe://qyzj/node/520402"), uri("https://example.org")], "CERTIFICATE_NAMES_MANY"),
            ([uri("https://qyzj/node/520402")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://other/node/520402")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/staff/520402")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/node/52040")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/node/520402/")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/node/520402\n")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/node/520402?as=520400")], "CERTIFICATE_FOREIGN"),
            ([uri("SPIFFE://qyzj/node/520402")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/node/520402"), x509.DNSName("n520400.qyzj.internal")], "CERTIFICATE_FOREIGN"),
            ([uri("spiffe://qyzj/node/520402"), x509.RFC822Name("a@example.org")], "CERTIFICATE_FOREIGN"),
        ],
        ids=lambda value: value if isinstance(value, str) else " ".join(str(name.value) for name in value) or "CN only",
    )
    def test_what_is_not_one_name_of_ours_is_refused(self, names: Sequence[x509.GeneralName], code: str) -> None:
        """The common name, which says 520402 in each of these, is never believed."""
        assert code == code_of(lambda: node_of(self_signed(*names)))

    def test_an_authority_is_no_node(self) -> None:
        """The certificate that signs others cannot be used to call."""
        assert "CERTIFICATE_NAMELESS" == code_of(lambda: node_of(CITY.certificate))
        assert "CERTIFICATE_FOREIGN" == code_of(lambda: node_of(self_signed(uri("spiffe://qyzj/node/520402"), is_authority=True)))

    @pytest.mark.parametrize("pem", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    def test_what_is_no_certificate_is_refused(self, pem: bytes) -> None:
        """Damaged input has a code too."""
        assert "CERTIFICATE_UNREADABLE" == code_of(lambda: node_of(pem))

    @pytest.mark.parametrize(
        "auth_context",
        [
            {},
            {"transport_security_type": [b"ssl"]},
            {"transport_security_type": [b"ssl"], "x509_pem_cert": []},
            {"transport_security_type": [b"insecure"], "x509_pem_cert": [certificate_to_pem(credentials().certificate)]},
            {"x509_pem_cert": [certificate_to_pem(credentials().certificate)]},
            {"transport_security_type": [b"ssl"], "x509_common_name": [b"520402"], "peer_spiffe_id": [b"spiffe://qyzj/node/520402"]},
            {"transport_security_type": [b"ssl"], "x509_pem_cert": [certificate_to_pem(credentials().certificate)] * 2},
        ],
        ids=["plain", "no certificate", "empty", "not by TLS", "by nothing", "names only", "two certificates"],
    )
    def test_a_call_without_a_certificate_is_nobody_s(self, auth_context: Mapping[str, list[bytes]]) -> None:
        """Fail closed: names beside the certificate are not looked at."""
        assert "CERTIFICATE_MISSING" == code_of(lambda: identify(auth_context, WALL))

    @pytest.mark.parametrize(
        ("later", "code"),
        [(timedelta(minutes=-6), "CERTIFICATE_NOT_YET_VALID"), (timedelta(days=400), "CERTIFICATE_EXPIRED")],
    )
    def test_a_call_is_judged_by_its_own_time(self, later: timedelta, code: str) -> None:
        """Not by when its connection was made."""
        auth_context = {"transport_security_type": [b"ssl"], "x509_pem_cert": [certificate_to_pem(credentials().certificate)]}

        assert code == code_of(lambda: identify(auth_context, WALL + later))


class TestOwn:
    """A node knows the state of its own certificate before it dials."""

    @pytest.mark.parametrize(
        ("own", "now", "code"),
        [
            (credentials(at=WALL), WALL - timedelta(minutes=6), "CERTIFICATE_NOT_YET_VALID"),
            (credentials(at=WALL), WALL + timedelta(days=400), "CERTIFICATE_EXPIRED"),
            (credentials("520424"), WALL, "CERTIFICATE_OTHER_NODE"),
            (credentials("520402-kfq"), WALL, "CERTIFICATE_OTHER_NODE"),
            (Credentials(credentials().certificate, new_key(), CITY.certificate), WALL, "CERTIFICATE_OTHER_KEY"),
            (credentials(trusting=STRANGER), WALL, "CERTIFICATE_OTHER_AUTHORITY"),
            (issue_bootstrap(CITY, "520402", WALL), WALL, "BOOTSTRAP_ONLY_ENROLS"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_the_alarm_says_what_is_wrong(self, own: Credentials, now: datetime, code: str) -> None:
        """An operator does something else about each."""
        assert code == code_of(lambda: check_own(own, "520402", now))

    def test_a_good_one_raises_no_alarm(self) -> None:
        """From five minutes before it was issued to the second of its end."""
        own = credentials()
        end = own.certificate.not_valid_after_utc

        assert [None] * 3 == [check_own(own, "520402", now) for now in (WALL - timedelta(minutes=5), WALL, end - timedelta(seconds=1))]  # type: ignore[func-returns-value]
        assert "CERTIFICATE_EXPIRED" == code_of(lambda: check_own(own, "520402", end))

    def test_days_left_are_whole_and_go_below_zero(self) -> None:
        """What a card shows."""
        certificate = issue(create_authority("520400", NOON), new_key().public_key(), "520402", NOON, server=False)
        end = certificate.not_valid_after_utc

        moments = [NOON, end - timedelta(days=1), end - timedelta(seconds=1), end, end + timedelta(seconds=1)]

        assert [393, 1, 0, 0, -1] == [days_left(certificate, now) for now in moments]

    def test_renewal_begins_with_the_last_third(self) -> None:
        """DESIGN 7: from a third of their life before the end."""
        certificate = issue(create_authority("520400", NOON), new_key().public_key(), "520402", NOON, server=False)
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        due = end - (end - begin) / 3

        assert [False, False, True, True] == [renewal_due(certificate, now) for now in (NOON, due - timedelta(seconds=1), due, end)]


class TestFiles:
    """Keys lie in private files, together with what belongs to them."""

    def test_credentials_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Key, certificate and authority in one file: a renewal replaces all or none."""
        own = credentials()

        own.write(tmp_path / "node.pem")

        read = Credentials.read(tmp_path / "node.pem")
        assert (own.certificate, own.authority, own.to_pem()) == (read.certificate, read.authority, read.to_pem())
        assert 0o600 == stat.S_IMODE((tmp_path / "node.pem").stat().st_mode)

    def test_an_authority_comes_back_and_goes_on_issuing(self, tmp_path: Path) -> None:
        """What it issues after a restart is trusted like what it issued before."""
        CITY.write(tmp_path / "authority.pem")

        later = Authority.read(tmp_path / "authority.pem")

        check_own(credentials(by=later, trusting=CITY), "520402", WALL)
        assert CITY.certificate == later.certificate
        assert 0o600 == stat.S_IMODE((tmp_path / "authority.pem").stat().st_mode)

    @pytest.mark.parametrize(
        ("pem", "code"),
        [
            (b"", "CERTIFICATE_UNREADABLE"),
            (credentials().to_pem()[:300], "CERTIFICATE_UNREADABLE"),
            (key_to_pem(new_key()) + certificate_to_pem(CITY.certificate), "CERTIFICATE_UNREADABLE"),
            (
                key_to_pem(new_key()) + certificate_to_pem(credentials().certificate) + certificate_to_pem(CITY.certificate),
                "CERTIFICATE_OTHER_KEY",
            ),
            (credentials(trusting=STRANGER).to_pem(), "CERTIFICATE_OTHER_AUTHORITY"),
        ],
        ids=["empty", "cut", "no own certificate", "other key", "other authority"],
    )
    def test_what_does_not_belong_together_is_not_used(self, tmp_path: Path, pem: bytes, code: str) -> None:
        """Found when it is read, not at three in the morning when it is dialled with."""
        (tmp_path / "node.pem").write_bytes(pem)

        assert code == code_of(lambda: Credentials.read(tmp_path / "node.pem"))

    def test_printing_shows_no_key(self) -> None:
        """Credentials may stand in a traceback."""
        assert "key" not in repr(credentials()).lower()
        assert "key" not in repr(CITY).lower()

    def test_other_kinds_of_key_are_not_read(self) -> None:
        """ECDSA P-256 alone."""
        other = ed25519.Ed25519PrivateKey.generate()
        pem = other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

        assert "CERTIFICATE_UNREADABLE" == code_of(lambda: key_from_pem(pem))

    def test_two_certificates_are_not_one(self) -> None:
        """Which of them would be meant?"""
        assert "CERTIFICATE_UNREADABLE" == code_of(lambda: certificate_from_pem(certificate_to_pem(CITY.certificate) * 2))


class Post:
    """A superior's port on loopback that answers each call with the name of the caller, judged by its own clock."""

    def __init__(self, own: Credentials) -> None:
        self.now = WALL
        self.callers: list[Identity] = []
        self.server = grpc.server(ThreadPoolExecutor(4), options=server_options())
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(self.whoami)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Post", {"WhoAmI": handler}),))
        self.address = f"127.0.0.1:{self.server.add_secure_port('127.0.0.1:0', PortCredentials(own).for_grpc)}"
        self.server.start()

    def whoami(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            identity = identify(context.auth_context(), self.now)
        except IdentityError as error:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, error.code)
        self.callers.append(identity)
        return identity.node.encode()


@contextmanager
def post(own: Credentials) -> Iterator[Post]:
    opened = Post(own)
    try:
        yield opened
    finally:
        opened.server.stop(None).wait()


@pytest.fixture(scope="module")
def city() -> Iterator[Post]:
    with post(credentials("520400", server=True)) as opened:
        yield opened


def call(channel: grpc.Channel) -> str:
    """What the caller sees: the answer, or the status."""
    who_am_i: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test.Post/WhoAmI")
    try:
        return who_am_i(b"", timeout=10).decode()
    except grpc.RpcError as error:
        return error.code().name


def answer(address: str, own: Credentials, superior: str = "520400") -> str:
    with secure_channel(address, own, superior) as channel:
        return call(channel)


class TestWire:
    """mTLS as gRPC does it, on loopback."""

    @pytest.mark.parametrize("node", ["520402", "520402-kfq"])
    def test_a_subordinate_is_let_in_under_its_name(self, city: Post, node: str) -> None:
        """The identity comes from the certificate, on each call."""
        own = credentials(node)

        assert node == answer(city.address, own)
        assert node_of(own.certificate) == city.callers[-1]

    def test_a_renewed_key_is_the_same_node(self, city: Post) -> None:
        """With another fingerprint, which the registry looks at."""
        assert ["520402", "520402"] == [answer(city.address, credentials()) for _ in range(2)]
        assert city.callers[-1].fingerprint != city.callers[-2].fingerprint

    def test_an_invited_node_is_let_in_as_invited_only(self, city: Post) -> None:
        """The service then sees that it may only enrol."""
        assert "520402" == answer(city.address, issue_bootstrap(CITY, "520402", WALL))
        assert city.callers[-1].bootstrap

    @pytest.mark.parametrize(
        "own",
        [
            credentials(by=STRANGER, trusting=CITY),
            credentials(at=WALL - timedelta(days=500)),
            credentials(at=WALL + timedelta(days=2)),
            Credentials(self_signed(uri("spiffe://qyzj/node/520402"), key=KEY), KEY, CITY.certificate),
            credentials(server=True),
        ],
        ids=["other authority of the same name", "expired", "not yet valid", "self-signed", "a server's certificate"],
    )
    def test_a_wrong_certificate_looks_like_an_outage(self, city: Post, own: Credentials) -> None:
        """FEDERATION E8: the caller sees UNAVAILABLE whatever the reason, and no handler was reached."""
        before = len(city.callers)

        assert "UNAVAILABLE" == answer(city.address, own)
        assert before == len(city.callers)

    def test_nobody_is_let_in_without_a_certificate(self, city: Post) -> None:
        """Neither by TLS nor in the clear."""
        options = [("grpc.ssl_target_name_override", server_name("520400")), ("grpc.enable_retries", 0)]
        trust_alone = grpc.ssl_channel_credentials(certificate_to_pem(CITY.certificate))
        before = len(city.callers)

        with grpc.secure_channel(city.address, trust_alone, options) as without, grpc.insecure_channel(city.address, options) as plain:
            assert ["UNAVAILABLE", "UNAVAILABLE"] == [call(without), call(plain)]
        assert before == len(city.callers)

    def test_a_county_is_no_authority(self, city: Post) -> None:
        """What a subordinate signs by its own certificate is worth nothing, also with the whole chain shown."""
        county = credentials("520402")
        forged = credentials("520424", by=Authority(county.certificate, county.key), trusting=CITY)
        chain = certificate_to_pem(forged.certificate) + certificate_to_pem(county.certificate)
        shown = grpc.ssl_channel_credentials(certificate_to_pem(CITY.certificate), key_to_pem(forged.key), chain)

        with grpc.secure_channel(city.address, shown, [("grpc.ssl_target_name_override", server_name("520400"))]) as channel:
            assert "UNAVAILABLE" == call(channel)

    @pytest.mark.parametrize(
        ("server", "own", "superior"),
        [
            (credentials("520400", server=True), credentials(), "520000"),
            (credentials("520424", server=True), credentials(), "520400"),
            (credentials("520400", by=STRANGER, server=True, trusting=CITY), credentials(), "520400"),
            (credentials("520400", server=True, at=WALL - timedelta(days=500)), credentials(), "520400"),
            (credentials("520400"), credentials(), "520400"),
        ],
        ids=["another superior's port", "a county as the city", "other authority", "expired", "a client's certificate"],
    )
    def test_a_superior_has_to_show_itself_too(self, server: Credentials, own: Credentials, superior: str) -> None:
        """By its name, and not by its address: nothing is pushed to whoever answers there."""
        with post(server) as opened:
            assert "UNAVAILABLE" == answer(opened.address, own, superior)
            assert [] == opened.callers

    def test_an_open_connection_does_not_outlive_its_certificate(self) -> None:
        """FEDERATION E9: the handshake was good, so each call is judged anew."""
        own = credentials()
        with post(credentials("520400", server=True)) as opened, secure_channel(opened.address, own, "520400") as channel:
            assert "520402" == call(channel)
            opened.now = own.certificate.not_valid_after_utc

            assert "UNAUTHENTICATED" == call(channel)

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
    def test_old_tls_is_refused(self, city: Post, tmp_path: Path) -> None:
        """TLS 1.1, even with the right certificate; 1.3 is what is spoken, and 1.2 if one must."""
        credentials().write(own := tmp_path / "node.pem")
        taken = [spoken(city.address, own, newest) for newest in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)]

        assert ["TLSv1.3", "TLSv1.2"] == taken
        # gRPC hangs up without an alert; had OpenSSL refused on its own, it would be another error.
        with pytest.raises(ssl.SSLEOFError):
            spoken(city.address, own, ssl.TLSVersion.TLSv1_1)


class TestProbe:
    """One look by plain TLS tells 身份问题 from 网络中断."""

    def test_a_good_link_is_ok(self, city: Post, tmp_path: Path) -> None:
        """The outage was over by the time of the probe."""
        assert "ok" == probe(city.address, credentials(), tmp_path)

    @pytest.mark.parametrize(
        "own",
        [
            credentials(at=WALL - timedelta(days=500)),
            credentials(at=WALL + timedelta(days=2)),
            credentials(server=True),
            credentials(by=STRANGER),
        ],
        ids=["our certificate expired", "not yet valid", "a server's", "another superior's authority"],
    )
    def test_a_refused_certificate_is_an_identity_problem(self, city: Post, tmp_path: Path, own: Credentials) -> None:
        """gRPC hangs up on a client without an alert; that it showed itself first makes the difference."""
        assert "identity" == probe(city.address, own, tmp_path)

    def test_our_certificate_of_an_authority_that_it_no_longer_knows_is_an_identity_problem(self, tmp_path: Path) -> None:
        """The superior was set up anew: it still shows what we trust, and trusts what we do not have."""
        shown = credentials("520400", server=True)
        with post(Credentials(shown.certificate, shown.key, STRANGER.certificate)) as opened:
            assert "identity" == probe(opened.address, credentials(), tmp_path)

    @pytest.mark.parametrize(
        "server",
        [
            credentials("520424", server=True),
            credentials("520400", by=STRANGER, server=True, trusting=CITY),
            credentials("520400", server=True, at=WALL - timedelta(days=500)),
        ],
        ids=["another node", "other authority", "expired"],
    )
    def test_another_server_is_an_identity_problem(self, tmp_path: Path, server: Credentials) -> None:
        """Somebody answers at the superior's address who is not the superior."""
        with post(server) as opened:
            assert "identity" == probe(opened.address, credentials(), tmp_path)

    def test_no_tls_is_an_identity_problem(self, tmp_path: Path) -> None:
        """A portal of the network answers in its place."""

        def redirect(taken: socket.socket) -> None:
            taken.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n")
            taken.recv(4096)

        with listening(redirect) as address:
            assert "identity" == probe(address, credentials(), tmp_path)

    def test_nobody_there_is_an_outage(self, tmp_path: Path) -> None:
        """The port is closed."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = f"127.0.0.1:{closed.getsockname()[1]}"

        assert "outage" == probe(address, credentials(), tmp_path)

    def test_silence_is_an_outage(self, tmp_path: Path) -> None:
        """Something takes the connection and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            assert "outage" == probe(f"127.0.0.1:{silent.getsockname()[1]}", credentials(), tmp_path, timeout_seconds=0.2)

    def test_hanging_up_before_showing_a_certificate_is_an_outage(self, tmp_path: Path) -> None:
        """A forwarder whose own way on is broken."""
        with listening(lambda taken: taken.recv(1)) as address:
            assert "outage" == probe(address, credentials(), tmp_path)


def probe(address: str, own: Credentials, directory: Path, timeout_seconds: float = 10.0) -> str:
    own.write(directory / "node.pem")
    return probe_identity(address, directory / "node.pem", "520400", timeout_seconds=timeout_seconds)


@contextmanager
def listening(act: Callable[[socket.socket], object]) -> Iterator[str]:
    """A port whose first caller gets *act*, and is then hung up on."""

    def serve() -> None:
        taken, _ = port.accept()
        with taken:
            act(taken)

    with socket.create_server(("127.0.0.1", 0)) as port:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{port.getsockname()[1]}"
        thread.join()


def spoken(address: str, own: Path, newest: ssl.TLSVersion) -> str | None:
    """The TLS version that the port at *address* agrees to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate_to_pem(CITY.certificate).decode())
    context.load_cert_chain(own)
    # OpenSSL's own floor would otherwise refuse before the server could.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.set_alpn_protocols(["h2"])
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    host, port = address.split(":")
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname=server_name("520400")) as secure,
    ):
        return secure.version()


def wrong_of(request: bytes) -> str | int:
    with pytest.raises(IdentityError) as caught:
        verify_request(request, "520402")
    assert "REQUEST_MALFORMED" == caught.value.code
    return caught.value.facts["wrong"]


def pem_of(request: x509.CertificateSigningRequest) -> bytes:
    return request.public_bytes(serialization.Encoding.PEM)
