"""The HTTP port of a node: uvicorn in a thread of its own, started and stopped with the rest."""

import threading
import time

import structlog
import uvicorn
from fastapi import FastAPI

log = structlog.get_logger()

start_seconds_max = 10.0


class WebServer:
    """
    Serves *app* on *listen* ("host:port"; port 0 lets the system choose).

    Without *certificate* and *key* (files) it speaks HTTP in the clear, which ``node.web.security`` allows on loopback only.
    """

    def __init__(self, app: FastAPI, listen: str, certificate: str = "", key: str = "") -> None:
        host, _, port = listen.rpartition(":")
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=host.strip("[]"),
                port=int(port),
                ssl_certfile=certificate or None,
                ssl_keyfile=key or None,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                # A long upload or a slow reader ends with the process, not after it.
                timeout_graceful_shutdown=5,
            )
        )
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on, once it has started."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def start(self) -> None:
        """
        Start, and return once requests are taken.

        Raises:
            OSError: the address is in use, or is none of this machine.
        """
        self._thread.start()
        end = time.monotonic() + start_seconds_max
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise OSError(f"no HTTP port on {self._server.config.host}:{self._server.config.port}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Take no more requests, finish what runs, end."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
