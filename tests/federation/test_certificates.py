"""Node identity: who is let in, who is not, and that the difference to an outage is told (FEDERATION 2.4, T18)."""

import stat
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

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
from tests.federation.identities import CITY, STRANGER, WALL, credentials, self_signed, uri

NOON = datetime(2026, 2, 10, 4, 0, tzinfo=UTC)


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
        assert code == code_of(lambda: node_of(self_signed(*names, now=WALL)))

    def test_an_authority_is_no_node(self) -> None:
        """The certificate that signs others cannot be used to call."""
        assert "CERTIFICATE_NAMELESS" == code_of(lambda: node_of(CITY.certificate))
        assert "CERTIFICATE_FOREIGN" == code_of(lambda: node_of(self_signed(uri("spiffe://qyzj/node/520402"), now=WALL, is_authority=True)))

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


def wrong_of(request: bytes) -> str | int:
    with pytest.raises(IdentityError) as caught:
        verify_request(request, "520402")
    assert "REQUEST_MALFORMED" == caught.value.code
    return caught.value.facts["wrong"]


def pem_of(request: x509.CertificateSigningRequest) -> bytes:
    return request.public_bytes(serialization.Encoding.PEM)
