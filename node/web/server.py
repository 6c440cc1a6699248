"""The HTTP port of a node: uvicorn in a thread of its own, started and stopped with the rest."""

import asyncio
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from federation.certificates import certificate_to_pem
from federation.credentials import KeyFiles
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.web.app import create_app

log = structlog.get_logger()

start_seconds_max = 10.0
# Connections that the system lets wait for the process to take them: uvicorn's own.
_waiting_max = 2048


def server_of(node: Node) -> "WebServer | None":
    """
    The port of *node*'s pages as its settings say, not started yet; None if it has none.

    TLS shows a certificate of the node's own authority unless the settings name another, and asks browsers for one of its staff,
    which nobody has to have.

    Raises:
        Refusal: SETTING_REFUSED, if the certificate would have no name.
    """
    given = node.settings
    if not given.web_listen:
        return None
    if given.web_tls == "own" and not names_of(node):
        raise Refusal(Code.SETTING_REFUSED, setting="web_names", fault="the certificate needs a name or an address that browsers use")
    app = create_app(node)
    if given.web_tls == "none":
        return WebServer(app, given.web_listen, proxy=given.web_proxy)
    if given.web_tls != "own":
        return WebServer(app, given.web_listen, given.web_tls, authority=authority_file(node))
    return WebServer(app, given.web_listen, str(certificate_file(node)), authority=authority_file(node))


def certificate_file(node: Node) -> Path:
    """What the pages of *node* show, renewed if that is due."""
    return KeyFiles(node.data_dir / "keys").web(node.code, names_of(node), node.wall())


def authority_file(node: Node) -> Path:
    """The authority's certificate alone, without its key, as uvicorn reads it."""
    files = KeyFiles(node.data_dir / "keys")
    path = files.directory / "authority.crt"
    content = certificate_to_pem(files.authority(node.code, node.wall()).certificate)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return path


def names_of(node: Node) -> tuple[str, ...]:
    """What browsers may call this node: the address that is listened on, unless it is every address, and what the settings add."""
    host = node.settings.web_listen.rpartition(":")[0].strip("[]")
    said = [one.strip() for one in node.settings.web_names.split(",") if one.strip()]
    return tuple(dict.fromkeys([*([] if host in ("0.0.0.0", "::") else [host]), *said]))


class WebServer:
    """
    Serves *app* on *listen* ("host:port"; port 0 lets the system choose).

    Without *certificate* (a file of key and chain) it speaks HTTP in the clear, which the settings allow on loopback and behind *proxy*
    only.  *authority*: the file of the certificate by which those of staff are judged.
    """

    def __init__(self, app: FastAPI, listen: str, certificate: str = "", *, authority: Path | None = None, proxy: str = "") -> None:
        host, _, port = listen.rpartition(":")
        self._listen, self._certificate = listen, certificate
        self._config = uvicorn.Config(
            app,
            host=host.strip("[]"),
            port=int(port),
            http=_KnowingProtocol,
            ws="none",
            ssl_certfile=certificate or None,
            ssl_ca_certs=str(authority) if certificate and authority is not None else None,
            ssl_cert_reqs=ssl.CERT_OPTIONAL if certificate and authority is not None else ssl.CERT_NONE,
            proxy_headers=bool(proxy),
            forwarded_allow_ips=proxy or None,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            # Longer than people read between two clicks: a new connection is a new TLS handshake.
            timeout_keep_alive=60,
            # A long upload or a slow reader ends with the process, not after it.
            timeout_graceful_shutdown=5,
        )
        self._config.load()
        if self._config.ssl is not None:
            self._config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self._server = uvicorn.Server(self._config)
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._server.run, args=(self._sockets,), name="web", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on, once it has started."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    @property
    def address(self) -> str:
        """Where browsers find it, once it has started."""
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"{'https' if self._certificate else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        """
        Start, and return once requests are taken.

        Raises:
            Refusal: ADDRESS_TAKEN, if the address is in use, or is none of this machine's.
            OSError: it did not start in 10 seconds.
        """
        # Bound here and not by uvicorn, which ends its thread without a word to whoever started it.
        try:
            self._sockets += _bound(self._config.host, self._config.port)
        except OSError:
            raise Refusal(Code.ADDRESS_TAKEN, setting="web_listen", address=self._listen) from None
        self._thread.start()
        end = time.monotonic() + start_seconds_max
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise OSError(f"no HTTP port on {self._listen}")
            time.sleep(0.01)

    def renew(self, node: Node) -> None:
        """Show a certificate of *node*'s own that is good for long to whoever connects from here on; open connections go on."""
        if self._config.ssl is not None and node.settings.web_tls == "own":
            self._config.ssl.load_cert_chain(certificate_file(node))

    def stop(self) -> None:
        """Take no more requests, finish what runs, end."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(timeout=10)


def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket for each address that *host* stands for."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, address in dict.fromkeys((one[0], one[4]) for one in found):
        yield socket.create_server(address[:2], family=family, backlog=_waiting_max)


class _KnowingProtocol(H11Protocol):
    """HTTP/1.1 that tells the application which certificate the browser showed: SHA-256 in hex, checked by TLS already."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class has it
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object")
        certificate = shown.getpeercert(binary_form=True) if shown is not None else None
        if certificate:
            self.app_state = {**self.app_state, "certificate": hashlib.sha256(certificate).hexdigest()}
