"""
A wire that misbehaves byte by byte: a TCP proxy between a subordinate and its superior (T11, T17).

It knows nothing of TLS or HTTP/2, so what it does to them it does anywhere: in a handshake, between frames, in the middle of one.
A connection that a fault has touched is lost to its path: healing lets new ones pass, as after a firewall forgot the old.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

chunk_bytes = 16_384


class Fault(Enum):
    """What the wire does."""

    NONE = "none"
    # Every piece comes late, by another time each.
    DELAY = "delay"
    # What comes from above is late by twice the delay, each piece.
    LATE_ANSWERS = "late_answers"
    # A connection that was made later gets through before those made earlier.
    REORDER = "reorder"
    # Both ends are told that the connection was reset.
    RESET = "reset"
    # Some more bytes, then silence both ways, nobody is told: half-open.
    STALL = "stall"
    # As STALL, in one direction only.
    STALL_UP = "stall_up"
    STALL_DOWN = "stall_down"
    # A byte a second.
    TRICKLE = "trickle"
    # Connections end in good order, new ones too.
    CUT = "cut"
    # Connections are taken and never read.
    NEVER_READ = "never_read"


LASTING = frozenset({Fault.STALL, Fault.STALL_UP, Fault.STALL_DOWN, Fault.TRICKLE, Fault.NEVER_READ})


@dataclass(eq=False)
class _Pair:
    """One connection: the two ends, and the fault that it once met for good."""

    below: asyncio.StreamWriter
    above: asyncio.StreamWriter | None = None
    lost: Fault = Fault.NONE
    # So many bytes still pass when it stalls: the rest of nothing in particular.
    bytes_left: int = 0


@dataclass
class Proxy:
    """
    Listens on ``port`` and passes on to *port_above* of the loopback.

    *opened* and *open* count connections, *moments* when each was made by the monotonic clock, *in_flight_max* the most at once.
    """

    port_above: int
    seed: int = 0
    fault: Fault = Fault.NONE
    delay_seconds: float = 0.05
    opened: int = 0
    open: int = 0
    open_max: int = 0
    port: int = 0
    moments: list[float] = field(default_factory=list)
    _pairs: set[_Pair] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.port = self._do(self._listen)

    @property
    def address(self) -> str:
        """What a subordinate dials."""
        return f"127.0.0.1:{self.port}"

    def break_by(self, fault: Fault) -> None:
        """From here on the wire does *fault*, to connections that stand and to new ones."""

        async def change() -> None:
            self.fault = fault
            for pair in list(self._pairs):
                self._touch(pair, fault)

        self._do(change)

    def heal(self) -> None:
        """New connections pass."""

        async def change() -> None:
            self.fault = Fault.NONE

        self._do(change)

    def close(self) -> None:
        """End every connection, and the proxy."""

        async def end() -> None:
            self._server.close()
            for pair in list(self._pairs):
                _abort(pair)
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._do(end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.opened += 1
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        self.moments.append(self._loop.time())
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            await self._serve(pair, reader)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._pairs.discard(pair)
            self._tasks.discard(task)
            _abort(pair)

    async def _serve(self, pair: _Pair, below: asyncio.StreamReader) -> None:
        self._touch(pair, self.fault)
        if pair.lost is Fault.NEVER_READ:
            await self._silence()
        if self.fault in (Fault.CUT, Fault.RESET):
            return
        if self.fault is Fault.REORDER:
            await asyncio.sleep(self._chance.uniform(0, 10 * self.delay_seconds))
        above, pair.above = await asyncio.open_connection("127.0.0.1", self.port_above)
        ways = [
            asyncio.ensure_future(self._pump(pair, below, pair.above, is_up=True)),
            asyncio.ensure_future(self._pump(pair, above, pair.below, is_up=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool) -> None:
        while True:
            content = await reader.read(1 if pair.lost is Fault.TRICKLE else chunk_bytes)
            if not content:
                return
            if self.fault is Fault.DELAY:
                await asyncio.sleep(self._chance.uniform(0, 2 * self.delay_seconds))
            elif self.fault is Fault.LATE_ANSWERS and not is_up:
                await asyncio.sleep(2 * self.delay_seconds)
            content = await self._as_lost(pair, content, is_up=is_up)
            writer.write(content)
            await writer.drain()

    async def _as_lost(self, pair: _Pair, content: bytes, *, is_up: bool) -> bytes:
        match pair.lost:
            case Fault.TRICKLE:
                await asyncio.sleep(1)
                # What was read before the fault trickles, too.
                return content[:1] if len(content) > 1 else content
            case Fault.STALL | Fault.STALL_UP | Fault.STALL_DOWN if pair.lost is not (Fault.STALL_DOWN if is_up else Fault.STALL_UP):
                passed, pair.bytes_left = content[: pair.bytes_left], max(0, pair.bytes_left - len(content))
                return passed or await self._silence()
            case Fault.NEVER_READ:
                return await self._silence()
            case _:
                return content

    async def _silence(self) -> bytes:
        await asyncio.Event().wait()
        return b""

    def _touch(self, pair: _Pair, fault: Fault) -> None:
        if fault in LASTING:
            pair.lost, pair.bytes_left = fault, self._chance.randrange(200)
        elif fault is Fault.RESET:
            _abort(pair)
        elif fault is Fault.CUT:
            pair.below.close()
            if pair.above is not None:
                pair.above.close()


def _abort(pair: _Pair) -> None:
    """Close both ends with a reset."""
    for writer in (pair.below, pair.above):
        if writer is not None and not writer.transport.is_closing():
            end = writer.get_extra_info("socket")
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
