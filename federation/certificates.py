"""
Who a node is on the wire: each superior is the certificate authority of its own subordinates (DESIGN 13, Identity).

- The name is exactly one URI SAN, ``spiffe://qyzj/node/<code>``; nothing else in a certificate is believed.  A server's
  certificate has the DNS name ``n<code>.qyzj.internal`` too, which the channel demands, so that addresses may change.
- An invitation's certificate is ``spiffe://qyzj/bootstrap/<code>``: it may call `Enrol`, and nothing else.
- A certificate serves one end only (client or server), lives 13 months, and is renewed from a third of that before its
  end.  Keys are ECDSA P-256: gRPC takes no Ed25519 certificates.
- To gRPC every refused identity looks UNAVAILABLE, like a peer that is away.  So a node checks its own certificate
  before it dials (`check_own`), and after some failures asks once by plain TLS (`channel.probe_identity`).
- A connection outlives the certificate that opened it: `identify` is asked on every call.

*now* is the wall clock, aware; never business time.
"""

import calendar
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.domain.division import NodeCode
from node.storage.keyring import write_private
from node.storage.sealing import CodedError

authority_life_months = 20 * 12
certificate_life_months = 13
bootstrap_life_hours = 72
# A peer whose clock is a little behind takes a new certificate at once.
backdated_minutes = 5

_URI = re.compile(r"spiffe://qyzj/(node|bootstrap)/([0-9a-z-]+)")
# What the library raises for bytes that it cannot take apart.
_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class IdentityError(CodedError):
    """
    A certificate, a request or a key does not show who it should.

    Codes, each with facts that name what is wrong:
        NODE_CODE_INVALID: no division code, with or without "-suffix".
        CERTIFICATE_MISSING: the call came without one, or not over TLS.  CERTIFICATE_UNREADABLE: no certificate or key.
        CERTIFICATE_NAMELESS: no URI SAN.  CERTIFICATE_NAMES_MANY: more than one.
        CERTIFICATE_FOREIGN: a name that is not of our form, or an authority's certificate in the place of a node's.
        CERTIFICATE_NOT_YET_VALID, CERTIFICATE_EXPIRED: says since or until when.
        CERTIFICATE_OTHER_NODE, CERTIFICATE_OTHER_KEY, CERTIFICATE_OTHER_AUTHORITY: fits, but not here.
        BOOTSTRAP_ONLY_ENROLS: an invitation's certificate where a node's own is due.
        REQUEST_MALFORMED: the fact ``wrong`` is "encoding", "signature", "key" or "name".
    """


# What gRPC gives is lists of bytes; its type stubs say bytes.  Anything but a list is refused.
AuthContext = Mapping[str, Iterable[bytes] | bytes]


@dataclass(frozen=True)
class Identity:
    """Who a certificate says that its holder is.  *bootstrap*: only invited, so far; *fingerprint*: SHA-256, hex."""

    node: str
    bootstrap: bool
    fingerprint: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True)
class Authority:
    """A superior's certificate authority: who holds *key* says who is its subordinate."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def write(self, path: Path) -> None:
        """Write key and certificate into one private file, whole or not at all."""
        write_private(path, key_to_pem(self.key) + certificate_to_pem(self.certificate), replace=True)

    @classmethod
    def read(cls, path: Path) -> "Authority":
        """Read what `write` wrote.  Raises: IdentityError CERTIFICATE_UNREADABLE or _OTHER_KEY; OSError."""
        pem = path.read_bytes()
        key, certificate = key_from_pem(pem), certificate_from_pem(pem)
        _check_key(certificate, key)
        return cls(certificate, key)


@dataclass(frozen=True)
class Credentials:
    """What one end of a link shows (*certificate*, by *key*), and the authority by which it judges the other end."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    authority: x509.Certificate

    def write(self, path: Path) -> None:
        """Write key, certificate and authority into one private file: a renewal replaces all of them or none."""
        write_private(path, self.to_pem(), replace=True)

    def to_pem(self) -> bytes:
        return key_to_pem(self.key) + certificate_to_pem(self.certificate) + certificate_to_pem(self.authority)

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """Read what `write` wrote.  Raises: IdentityError, as `from_pem`; OSError."""
        return cls.from_pem(path.read_bytes())

    @classmethod
    def from_pem(cls, pem: bytes) -> "Credentials":
        """Raises: IdentityError CERTIFICATE_UNREADABLE, _OTHER_KEY or _OTHER_AUTHORITY."""
        return cls.from_chain(pem, key_from_pem(pem))

    @classmethod
    def from_chain(cls, pem: bytes, key: ec.EllipticCurvePrivateKey) -> "Credentials":
        """
        Join *key* to what its request was answered with: the node's certificate, then the authority's.

        Raises:
            IdentityError: CERTIFICATE_UNREADABLE, _OTHER_KEY or _OTHER_AUTHORITY.
        """
        certificate, authority = _chain_from_pem(pem, certificates_due=2)
        _check_key(certificate, key)
        _check_issuer(certificate, authority)
        return cls(certificate, key, authority)


def create_authority(node: str, now: datetime) -> Authority:
    """Make the authority of the superior *node*, valid for 20 years.  Its own name is no URI: it cannot pass as a node."""
    key = new_key()
    name = _common_name(f"qyzj authority {_checked(node)}")
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _blank(name, name, key.public_key(), now, _months_later(now, authority_life_months))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(own, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue(authority: Authority, public_key: ec.EllipticCurvePublicKey, node: str, now: datetime, *, server: bool) -> x509.Certificate:
    """
    Certify that *public_key* is *node*'s, for 13 months from *now*, for one end of a link: *server* or client.

    Raises:
        IdentityError: NODE_CODE_INVALID; CERTIFICATE_EXPIRED, if the authority itself has.
    """
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"spiffe://qyzj/node/{_checked(node)}")]
    if server:
        names.append(x509.DNSName(server_name(node)))
    usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    return _signed(authority, public_key, node, names, usage, now, _months_later(now, certificate_life_months))


def issue_web(authority: Authority, public_key: ec.EllipticCurvePublicKey, names: Sequence[str], now: datetime) -> x509.Certificate:
    """
    Certify that *public_key* is that of the pages at *names*, host names and IP addresses, for 13 months from *now*.

    It names no node, so no peer takes it for one.

    Raises:
        IdentityError: CERTIFICATE_EXPIRED, if the authority itself has.
        ValueError: *names* is empty, or has one that is no name.
    """
    if not names:
        raise ValueError("a certificate of pages needs a name")
    shown = [_web_name(name) for name in names]
    until = _months_later(now, certificate_life_months)
    return _signed(authority, public_key, names[0][:64], shown, ExtendedKeyUsageOID.SERVER_AUTH, now, until)


def issue_staff(authority: Authority, public_key: ec.EllipticCurvePublicKey, node: str, account: str, now: datetime) -> x509.Certificate:
    """
    Certify that *public_key* is that of *account*, who signs in at the pages of *node* by it, for 13 months from *now*.

    The node knows it by its fingerprint; its name is of a form that no link takes for a node's.
    """
    name = x509.UniformResourceIdentifier(f"spiffe://qyzj/staff/{_checked(node)}/{quote(account, safe='')}")
    until = _months_later(now, certificate_life_months)
    return _signed(authority, public_key, account[:64], [name], ExtendedKeyUsageOID.CLIENT_AUTH, now, until)


def _web_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def issue_bootstrap(authority: Authority, node: str, now: datetime) -> Credentials:
    """Make the key and the certificate of an invitation of *node*: good for `Enrol`, for 72 hours from *now*."""
    key = new_key()
    names = [x509.UniformResourceIdentifier(f"spiffe://qyzj/bootstrap/{_checked(node)}")]
    until = now + timedelta(hours=bootstrap_life_hours)
    certificate = _signed(authority, key.public_key(), node, names, ExtendedKeyUsageOID.CLIENT_AUTH, now, until)
    return Credentials(certificate, key, authority.certificate)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a fresh ECDSA P-256 key; the system's own randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def make_request(node: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return *node*'s request to certify *key*: PKCS #10 in PEM, signed by it."""
    uri = x509.UniformResourceIdentifier(f"spiffe://qyzj/node/{_checked(node)}")
    request = x509.CertificateSigningRequestBuilder(_common_name(node)).add_extension(x509.SubjectAlternativeName([uri]), critical=False)
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def verify_request(request: bytes, node: str) -> ec.EllipticCurvePublicKey:
    """
    Return the key that *node* asks to certify.  All else in the certificate is the authority's own choice.

    Raises:
        IdentityError: REQUEST_MALFORMED.
    """
    try:
        read = x509.load_pem_x509_csr(request)
        key, signed = read.public_key(), read.is_signature_valid
        names = _names(read.extensions)
    except _UNREADABLE:
        raise IdentityError("REQUEST_MALFORMED", wrong="encoding") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IdentityError("REQUEST_MALFORMED", wrong="key")
    if not signed:
        raise IdentityError("REQUEST_MALFORMED", wrong="signature")
    if names != [x509.UniformResourceIdentifier(f"spiffe://qyzj/node/{_checked(node)}")]:
        raise IdentityError("REQUEST_MALFORMED", wrong="name", node=node)
    return key


def identify(auth_context: AuthContext, now: datetime) -> Identity:
    """
    Say who is calling, from gRPC's ``auth_context()``.  Asked on every call: a connection outlives its certificate.

    The registry then says whether that node may; a bootstrap identity may only `Enrol`.

    Raises:
        IdentityError: CERTIFICATE_MISSING, what `node_of` raises, CERTIFICATE_NOT_YET_VALID or CERTIFICATE_EXPIRED.
    """
    identity = node_of(auth_context)
    _check_period(identity.valid_from, identity.valid_until, now)
    return identity


def node_of(source: bytes | x509.Certificate | AuthContext) -> Identity:
    """
    Read the name in a certificate: PEM, a value, or gRPC's ``auth_context()``.  Whether it is trusted, TLS has said.

    Raises:
        IdentityError: CERTIFICATE_MISSING, _UNREADABLE, _NAMELESS, _NAMES_MANY or _FOREIGN.
    """
    if isinstance(source, Mapping):
        return _node_of_shown(_shown(source))
    certificate = source if isinstance(source, x509.Certificate) else certificate_from_pem(source)
    try:
        names = _names(certificate.extensions)
        is_authority = _is_authority(certificate.extensions)
    except _UNREADABLE:
        raise IdentityError("CERTIFICATE_UNREADABLE") from None
    uris = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    if not uris:
        raise IdentityError("CERTIFICATE_NAMELESS")
    if len(uris) > 1:
        raise IdentityError("CERTIFICATE_NAMES_MANY", count=len(uris))
    match = _URI.fullmatch(uris[0])
    if match is None or not _is_code(match[2]) or is_authority:
        raise IdentityError("CERTIFICATE_FOREIGN")
    kind, node = match.groups()
    others = [name for name in names if not isinstance(name, x509.UniformResourceIdentifier)]
    if others not in ([], [x509.DNSName(server_name(node))]):
        raise IdentityError("CERTIFICATE_FOREIGN", node=node)
    return Identity(node, kind == "bootstrap", fingerprint(certificate), certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def check_own(credentials: Credentials, node: str, now: datetime) -> None:
    """
    Check before dialling that *credentials* will be taken as *node*'s; the code is what the alarm says.

    Raises:
        IdentityError: what `node_of` raises, BOOTSTRAP_ONLY_ENROLS, CERTIFICATE_OTHER_NODE, _OTHER_KEY,
            _OTHER_AUTHORITY, _NOT_YET_VALID or _EXPIRED.
    """
    identity = node_of(credentials.certificate)
    if identity.node != node:
        raise IdentityError("CERTIFICATE_OTHER_NODE", node=node, found=identity.node)
    if identity.bootstrap:
        raise IdentityError("BOOTSTRAP_ONLY_ENROLS", node=node)
    _check_key(credentials.certificate, credentials.key)
    _check_issuer(credentials.certificate, credentials.authority)
    _check_period(identity.valid_from, identity.valid_until, now)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256 of the certificate: 64 hex digits, lower case."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def days_left(certificate: x509.Certificate, now: datetime) -> int:
    """Return the whole days until *certificate* ends, rounded down; negative once it has."""
    return (certificate.not_valid_after_utc - now) // timedelta(days=1)


def renewal_due(certificate: x509.Certificate, now: datetime) -> bool:
    """Say whether the last third of *certificate*'s life has begun, in which it renews itself (DESIGN 7)."""
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return now >= certificate.not_valid_after_utc - life / 3


def server_name(node: str) -> str:
    """Return the DNS name in the server certificate of *node*; no address, and in no name server."""
    return f"n{_checked(node)}.qyzj.internal"


def certificate_to_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def certificate_from_pem(pem: bytes) -> x509.Certificate:
    """Raises: IdentityError CERTIFICATE_UNREADABLE, also if *pem* is not exactly one certificate."""
    return _chain_from_pem(pem, certificates_due=1)[0]


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return *key* as PKCS #8, not encrypted: for a private file or an invitation only."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def key_from_pem(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Raises: IdentityError CERTIFICATE_UNREADABLE, also for a key that is not ECDSA P-256."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (*_UNREADABLE, TypeError):
        raise IdentityError("CERTIFICATE_UNREADABLE", wrong="key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IdentityError("CERTIFICATE_UNREADABLE", wrong="key")
    return key


def _signed(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    node: str,
    names: Sequence[x509.GeneralName],
    usage: x509.ObjectIdentifier,
    now: datetime,
    until: datetime,
) -> x509.Certificate:
    end = authority.certificate.not_valid_after_utc
    _check_period(authority.certificate.not_valid_before_utc, end, now)
    # A certificate that outlives its authority would fail while it still looks good.
    builder = _blank(_common_name(node), authority.certificate.subject, public_key, now, min(until, end))
    return (
        builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _blank(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public_key,
        serial_number=x509.random_serial_number(),
        not_valid_before=_whole_second(now - timedelta(minutes=backdated_minutes)),
        not_valid_after=_whole_second(until),
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(text: str) -> x509.Name:
    """For people who look at a certificate; never believed."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _months_later(start: datetime, months: int) -> datetime:
    """The same day so many months on, or the last day of a month that is too short."""
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month0 + 1, day=min(start.day, calendar.monthrange(year, month0 + 1)[1]))


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _checked(node: str) -> str:
    if not _is_code(node):
        raise IdentityError("NODE_CODE_INVALID", node=node)
    return node


def _is_code(node: str) -> bool:
    try:
        return str(NodeCode.parse(node)) == node
    except ValueError:
        return False


@lru_cache(maxsize=1_000)
def _node_of_shown(pem: bytes) -> Identity:
    """What the same bytes say is the same for every call on a connection; whether it is still in force is asked on each."""
    return node_of(pem)


def _shown(source: AuthContext) -> bytes:
    shown = list(source.get("x509_pem_cert", ()))
    if list(source.get("transport_security_type", ())) != [b"ssl"] or len(shown) != 1 or not isinstance(shown[0], bytes):
        raise IdentityError("CERTIFICATE_MISSING")
    return shown[0]


def _chain_from_pem(pem: bytes, *, certificates_due: int) -> list[x509.Certificate]:
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise IdentityError("CERTIFICATE_UNREADABLE") from None
    if len(certificates) != certificates_due:
        raise IdentityError("CERTIFICATE_UNREADABLE", count=len(certificates), count_due=certificates_due)
    return certificates


def _names(extensions: x509.Extensions) -> list[x509.GeneralName]:
    try:
        return list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _is_authority(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _check_period(valid_from: datetime, valid_until: datetime, now: datetime) -> None:
    if now < valid_from:
        raise IdentityError("CERTIFICATE_NOT_YET_VALID", valid_from=valid_from.isoformat())
    if now >= valid_until:
        raise IdentityError("CERTIFICATE_EXPIRED", valid_until=valid_until.isoformat())


def _check_key(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    if certificate.public_key() != key.public_key():
        raise IdentityError("CERTIFICATE_OTHER_KEY")


def _check_issuer(certificate: x509.Certificate, authority: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise IdentityError("CERTIFICATE_OTHER_AUTHORITY") from None
