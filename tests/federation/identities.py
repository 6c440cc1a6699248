"""What the matrix of identities is made of (T18): certificates as anyone might show them, and ports that are not the superior's."""

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from federation.certificates import Authority, Credentials, certificate_to_pem, create_authority, issue, new_key, server_name

# OpenSSL and BoringSSL read the machine's clock, so what they judge is issued by it.
WALL = datetime.now(UTC)
CITY = create_authority("520400", WALL - timedelta(days=1000))
STRANGER = create_authority("520400", WALL - timedelta(days=1000))


def credentials(
    node: str = "520402", *, by: Authority = CITY, at: datetime = WALL, server: bool = False, trusting: Authority | None = None
) -> Credentials:
    """What a node of that code shows; *trusting* another authority than the one that certified it, if there is one."""
    key = new_key()
    return Credentials(issue(by, key.public_key(), node, at, server=server), key, (trusting or by).certificate)


def certified(
    authority: Authority, names: Sequence[x509.GeneralName], now: datetime, key: ec.EllipticCurvePrivateKey, common_name: str = "520402"
) -> Credentials:
    """A client's certificate by *authority* with *names*, whatever they are: what a careless or broken-into authority would sign."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    begin, end = now - timedelta(hours=1), now + timedelta(days=9)
    builder = x509.CertificateBuilder(authority.certificate.subject, subject, key.public_key(), x509.random_serial_number(), begin, end)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return Credentials(builder.sign(authority.key, hashes.SHA256()), key, authority.certificate)


def self_signed(
    *names: x509.GeneralName, now: datetime, is_authority: bool = False, key: ec.EllipticCurvePrivateKey | None = None
) -> x509.Certificate:
    """A certificate as anyone can make one; valid at *now*."""
    key = key or new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "520402")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(hours=1), now + timedelta(days=9))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True).sign(key, hashes.SHA256())


def uri(text: str) -> x509.UniformResourceIdentifier:
    """One URI as a name."""
    return x509.UniformResourceIdentifier(text)


@contextmanager
def listening(act: Callable[[socket.socket], object], callers: int | None = 1) -> Iterator[str]:
    """A port on loopback whose first *callers*, or all, each get *act*, and are then hung up on."""

    def serve() -> None:
        for _ in itertools.count() if callers is None else range(callers):
            try:
                taken, _address = port.accept()
            except OSError:  # closed: nobody else came
                return
            with taken:
                act(taken)

    with socket.create_server(("127.0.0.1", 0)) as port:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{port.getsockname()[1]}"
        finally:
            # A thread that waits in accept is not woken by close.
            port.shutdown(socket.SHUT_RDWR)
            thread.join()


def answer_in_the_clear(taken: socket.socket) -> None:
    """As a portal of the network answers in the place of whoever was meant."""
    taken.settimeout(2)
    try:
        taken.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n")
        taken.recv(4096)
    except OSError:
        return


def speak_tls_1_1(shown: Path) -> Callable[[socket.socket], None]:
    """A port that has the right certificate and knows nothing newer than TLS 1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(shown)

    def act(taken: socket.socket) -> None:
        taken.settimeout(2)
        try:
            context.wrap_socket(taken, server_side=True)
        except OSError:
            return

    return act


def spoken(address: str, own: Path, newest: ssl.TLSVersion, authority: x509.Certificate, superior: str) -> str | None:
    """The TLS version that the port at *address* agrees to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate_to_pem(authority).decode())
    context.load_cert_chain(own)
    # OpenSSL's own floor would otherwise refuse before the server could.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.set_alpn_protocols(["h2"])
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    host, port = address.split(":")
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname=server_name(superior)) as secure,
    ):
        return secure.version()


class Watched:
    """A channel of which it is noted when its connection came about, and when it ended."""

    def __init__(self, channel: grpc.Channel, clock: Callable[[], float]) -> None:
        self.channel = channel
        self._clock = clock
        self._began: float | None = None
        self.lived_seconds: float | None = None
        channel.subscribe(self._noted)

    @property
    def stood(self) -> bool:
        """A handshake was taken."""
        return self._began is not None

    def _noted(self, state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.READY:
            self._began = self._began or self._clock()
        elif self._began is not None and self.lived_seconds is None:
            self.lived_seconds = self._clock() - self._began
