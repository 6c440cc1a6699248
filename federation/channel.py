"""
The ends of a link as gRPC wants them: credentials and options of port and channel, and why a superior does not answer.

Everything is mTLS: the port takes nobody without a certificate of its own authority, and the channel asks for the
superior's name, wherever the address leads.
"""

import socket
import ssl
from pathlib import Path
from typing import Any, Literal

import grpc

from federation.certificates import Credentials, certificate_to_pem, key_to_pem, server_name

Verdict = Literal["identity", "outage", "ok"]
# FEDERATION 2.3, row 21: a certificate that ended or was taken back serves no connection for longer.
connection_age_seconds_most = 300.0


class PortCredentials:
    """
    What the port to which subordinates dial shows: no call without a certificate of its own authority.

    A renewal needs no restart: ``show`` changes it from the next handshake on; connections that stand keep what they saw.
    """

    def __init__(self, own: Credentials) -> None:
        self._fresh: grpc.ServerCertificateConfiguration | None = None
        # Its stub does not know that None is an answer: as before.
        fetch: Any = self._fetch
        self.for_grpc = grpc.dynamic_ssl_server_credentials(_configuration(own), fetch, require_client_authentication=True)

    def show(self, own: Credentials) -> None:
        """Show *own* from the next handshake on."""
        self._fresh = _configuration(own)

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Asked by gRPC before each handshake; None: as before."""
        fresh, self._fresh = self._fresh, None
        return fresh


def _configuration(own: Credentials) -> grpc.ServerCertificateConfiguration:
    pair = (key_to_pem(own.key), certificate_to_pem(own.certificate))
    return grpc.ssl_server_certificate_configuration([pair], certificate_to_pem(own.authority))


def server_options(connection_age_seconds: float = connection_age_seconds_most) -> list[tuple[str, int]]:
    """
    Return the channel options of that port: a second server cannot share it, and no connection is older than
    *connection_age_seconds* when it is told to end.  What is under way then has up to 30 s more, each look of it judged anew.
    """
    # gRPC spreads the age by a tenth to both sides.
    age_ms = int(connection_age_seconds * 1000 / 1.1)
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_connection_age_ms", age_ms),
        ("grpc.max_connection_age_grace_ms", min(30_000, age_ms)),
    ]


def secure_channel(address: str, own: Credentials, superior: str) -> grpc.Channel:
    """Return a channel to *superior* at *address*, wherever that is: its certificate is asked for *superior*'s name."""
    pems = certificate_to_pem(own.authority), key_to_pem(own.key), certificate_to_pem(own.certificate)
    # gRPC's own retries are off: there is one layer of retry, and it is not here.
    options = [("grpc.ssl_target_name_override", server_name(superior)), ("grpc.enable_retries", 0)]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(*pems), options)


def probe_identity(address: str, credentials_file: Path, superior: str, *, timeout_seconds: float = 5.0) -> Verdict:
    """
    Ask once, by plain TLS, why *superior* is UNAVAILABLE (FEDERATION 2.4): "identity", "outage", or by now "ok".

    "identity": something there answered with no TLS or with a certificate that is not the superior's; or the superior,
    having shown its own, hung up on ours (gRPC sends no alert).  "outage": no such address, nobody listening, silence, or
    a connection cut before the superior showed itself.

    Args:
        address: "host:port", as in the link's settings.
        credentials_file: what `Credentials.write` wrote; ``ssl`` reads keys from files only.
    Raises:
        IdentityError: *credentials_file* is not such a file.
    """
    own = Credentials.read(credentials_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=certificate_to_pem(own.authority).decode())
    context.load_cert_chain(credentials_file)
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    shown = False
    try:
        with (
            socket.create_connection((host.strip("[]"), int(port)), timeout_seconds) as plain,
            context.wrap_socket(plain, server_hostname=server_name(superior)) as secure,
        ):
            # In TLS 1.3 a client has finished before the server has judged its certificate: HTTP/2 settings follow, or the end.
            shown = True
            return "ok" if secure.recv(1) else "identity"
    except TimeoutError:
        return "outage"
    except (ssl.SSLEOFError, ConnectionError):
        return "identity" if shown else "outage"
    except ssl.SSLError:
        return "identity"
    except OSError:
        return "outage"
