"""
Clients that ask a server over HTTP/1.1 on the loopback, as a process of their own: connections that stay open, each of which asks
again as soon as it was answered, or after a pause as a person would.

It does as little as a client can, so that both sides of a ratio have the machine to themselves: no header is looked at but the
length of the answer.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

serial_mark = "{serial}"
start_seconds_max = 60.0
_PROGRAM = "from federation.rehearsal.bench.load import main; main()"


class Failed(RuntimeError):
    """A server answered otherwise than it should; says how."""


@dataclass(frozen=True)
class Request:
    """
    One request; ``{serial}`` in path, body and the values of its headers is a number of eight digits that no other request of the
    load has.

    *kind* is what its time is counted under.
    """

    path: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True)
class Load:
    """
    What is asked of the server on *port*: each client has *requests* of his own, which he asks from the first to the last and then
    again, for *seconds*, with *pause_seconds* on average between two of them (half to one and a half of it).

    *once*: each asks each of his requests one time, however long that takes.  *expect*: the only status that is right.  *seed* draws
    the pauses.
    """

    port: int
    clients: Sequence[Sequence[Request]]
    seconds: float
    expect: int = 200
    pause_seconds: float = 0.0
    first_serial: int = 1
    seed: int = 1
    once: bool = False


@dataclass(frozen=True)
class Answered:
    """Requests that were answered, in how many seconds, and how long each took in milliseconds, by kind."""

    count: int
    seconds: float
    taken_ms: Mapping[str, Sequence[float]]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.count / self.seconds

    def part_ms(self, part: float, kind: str | None = None) -> float:
        """Milliseconds within which this part of the requests was answered: 0.5 is the median."""
        values = sorted(one for name, taken in self.taken_ms.items() if kind in (None, name) for one in taken)
        return values[max(0, -(-len(values) * round(part * 1000) // 1000) - 1)]


def put(load: Load) -> Answered:
    """
    Let clients ask, and give what they saw.

    Raises:
        Failed: an answer was not the expected one, or a connection broke.
    """
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    if run.returncode:
        raise Failed(run.stderr[-2_000:])
    return Answered(**json.loads(run.stdout))


def main() -> None:
    """Read a load from standard input, put it on, and print what was answered."""
    given = json.loads(sys.stdin.read())
    given["clients"] = [[Request(**one) for one in requests] for requests in given["clients"]]
    print(json.dumps(asdict(asyncio.run(_run(Load(**given))))))


async def _run(load: Load) -> Answered:
    serials = _serials(load.first_serial)
    clients = [_Client(load, requests, serials, random.Random(load.seed + place)) for place, requests in enumerate(load.clients)]
    for client in clients:
        await client.open()
    begun = time.perf_counter()
    await asyncio.gather(*(client.ask_until(begun + load.seconds) for client in clients))
    seconds = time.perf_counter() - begun
    taken: dict[str, list[float]] = {}
    for client in clients:
        for kind, milliseconds in client.taken:
            taken.setdefault(kind, []).append(milliseconds)
    return Answered(sum(map(len, taken.values())), seconds, taken)


def _serials(first: int) -> Iterator[int]:
    while True:
        yield first
        first += 1


@dataclass
class _Client:
    load: Load
    requests: Sequence[Request]
    serials: Iterator[int]
    pauses: random.Random
    taken: list[tuple[str, float]] = field(default_factory=list)

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.load.port, limit=8 << 20)

    async def ask_until(self, end: float) -> None:
        place = 0
        # Twenty people do not click at the same moment.
        await self._pause(0.0)
        while place < len(self.requests) if self.load.once else time.perf_counter() < end:
            await self._ask(self.requests[place % len(self.requests)])
            place += 1
            await self._pause(0.5)
        self.writer.close()

    async def _pause(self, least: float) -> None:
        if self.load.pause_seconds:
            await asyncio.sleep(self.load.pause_seconds * (least + self.pauses.random()))

    async def _ask(self, request: Request) -> None:
        wire = _wire(request, f"{next(self.serials):08}")
        begun = time.perf_counter()
        if self.reader.at_eof():
            await self.open()
        self.writer.write(wire)
        try:
            status, closes, body = await self._answer()
        except (asyncio.IncompleteReadError, ConnectionError):
            if request.method != "GET":
                raise
            # The server closed what was idle at that very moment; a browser asks again.
            await self.open()
            self.writer.write(wire)
            status, closes, body = await self._answer()
        self.taken.append((request.kind, (time.perf_counter() - begun) * 1e3))
        if status != self.load.expect:
            raise Failed(f"{request.method} {request.path}: {status} {body[:400]!r}")
        if closes:
            self.writer.close()
            await self.open()

    async def _answer(self) -> tuple[int, bool, bytes]:
        """Status, whether the server closes, and body of the next answer, whose length its head tells."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        _, _, rest = head.partition(b"\r\ncontent-length:")
        if not rest:
            raise Failed(f"an answer without its length: {head!r}")
        body = await self.reader.readexactly(int(rest.partition(b"\r\n")[0]))
        return status, b"\r\nconnection: close" in head, body


def _wire(request: Request, serial: str) -> bytes:
    body = request.body.replace(serial_mark, serial).encode()
    headers = {"host": "127.0.0.1", **request.headers}
    if request.method != "GET":
        headers["content-length"] = str(len(body))
    lines = "".join(f"{name}: {value.replace(serial_mark, serial)}\r\n" for name, value in headers.items())
    return f"{request.method} {request.path.replace(serial_mark, serial)} HTTP/1.1\r\n{lines}\r\n".encode() + body
