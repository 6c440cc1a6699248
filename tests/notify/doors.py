"""Gateways on loopback that keep what they are sent, and can be told to fail."""

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Taken:
    """What a gateway was sent, and what it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.mails: list[str] = []
        # Who signed in at the mail server, with what password.
        self.logins: list[tuple[str, str]] = []
        self.status = 200
        self.answer: dict[str, Any] = {"errcode": 0}


@contextmanager
def http_door() -> Iterator[Taken]:
    """An HTTP gateway."""
    taken = Taken()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.headers.append(dict(self.headers.items()))
            taken.bodies.append(json.loads(body) | {"raw": body})
            self.send_response(taken.status)
            self.end_headers()
            self.wfile.write(json.dumps(taken.answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        taken.url = f"http://127.0.0.1:{server.server_address[1]}/send"
        yield taken
        server.shutdown()


@contextmanager
def smtp_door() -> Iterator[Taken]:
    """A mail server that takes every mail."""
    taken = Taken()

    class Door(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                if verb == "EHLO":
                    self._say("250-ready\r\n250 AUTH PLAIN")
                    continue
                if verb == "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    taken.logins.append((user, password))
                    self._say("235 welcome")
                    continue
                if verb == "DATA":
                    self._say("354 go on")
                    lines = []
                    while (part := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(part)
                    taken.mails.append("\n".join(lines))
                self._say("221 bye" if verb == "QUIT" else "250 done")
                if verb == "QUIT":
                    return

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        taken.url = f"smtp://127.0.0.1:{server.server_address[1]}/office@example.cn"
        yield taken
        server.shutdown()
