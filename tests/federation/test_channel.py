"""The ends of a link on loopback: mTLS as gRPC does it, and the look that tells an identity from an outage (FEDERATION 2.4, E8)."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from federation.certificates import (
    Authority,
    Credentials,
    Identity,
    IdentityError,
    certificate_to_pem,
    identify,
    issue_bootstrap,
    key_to_pem,
    node_of,
    server_name,
)
from federation.channel import PortCredentials, probe_identity, secure_channel, server_options
from tests.federation.identities import CITY, STRANGER, WALL, credentials, listening


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

    def test_an_invited_node_is_let_in_as_invited_only(self, city: Post) -> None:
        """The service then sees that it may only enrol."""
        assert "520402" == answer(city.address, issue_bootstrap(CITY, "520402", WALL))
        assert city.callers[-1].bootstrap

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


class TestProbe:
    """One look by plain TLS tells 身份问题 from 网络中断."""

    def test_a_good_link_is_ok(self, city: Post, tmp_path: Path) -> None:
        """The outage was over by the time of the probe."""
        assert "ok" == probe(city.address, credentials(), tmp_path)

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
