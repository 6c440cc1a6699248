"""
The wire between two levels: messages that are lost, doubled, late, out of order, or go one way only.

A call is a message up and a message down, as bytes.  Whoever called waits until the answer is there or the deadline of the
product's own client is over; what arrives later changes the superior all the same.  A waiting `Pull` is held by the superior's
process until a commit there has something for the link.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from federation import client
from federation.link import Lane
from federation.retry import CallFailed, Failure, failed
from federation.simulation.schedule import Task
from federation.simulation.world import Crash
from federation.v1 import link_pb2
from node.domain.refusal import Code, Refusal

if TYPE_CHECKING:
    from federation.simulation.process import Process
    from federation.simulation.simulation import Simulation

DEADLINES = {
    "Hello": client.hello_deadline_seconds,
    "Push": client.push_deadline_seconds,
    "Pull": client.pull_deadline_seconds,
    "Fetch": client.fetch_deadline_seconds,
    "Reconcile": client.fetch_deadline_seconds,
    "GiveBack": client.fetch_deadline_seconds,
    "PutBlob": client.blob_deadline_seconds,
    "GetBlob": client.blob_deadline_seconds,
}
_quick_seconds = (0.002, 0.02)


@dataclass
class Link:
    """
    One subordinate's wire, as it is just now.  ``loss`` and ``copies`` are the share of messages that are lost and doubled;
    ``late_seconds`` bounds how late a message comes; a doubled one comes up to ``echo_seconds`` after the first.
    """

    random: random.Random
    loss: float = 0.0
    copies: float = 0.0
    late_seconds: float = 0.0
    echo_seconds: float = 1.0
    is_cut: bool = False
    loses_up: bool = False
    loses_down: bool = False
    # The subordinate's certificate is over: it does not get as far as a call.
    is_expired: bool = False

    def seconds(self) -> float:
        """How long the next message is on its way."""
        quick = self.random.uniform(*_quick_seconds)
        return quick + (self.random.uniform(0, self.late_seconds) if self.late_seconds else 0.0)

    def is_lost(self) -> bool:
        """True if the next message does not arrive."""
        return self.random.random() < self.loss


@dataclass
class _Exchange:
    """A call that is out.  ``task`` goes on with the answer, once."""

    caller: Process
    task: Task
    name: str
    is_over: bool = False
    give_up: Any = None


@dataclass
class Waiting:
    """A `Pull` that the superior's process holds."""

    link: str
    exchange: _Exchange
    request: bytes
    until: float
    is_over: bool = field(default=False)


class Network:
    """Carries calls in the time of *simulation*."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def call(self, caller: Process, lane: Lane, name: str, request: Any) -> Any:
        """From inside a lane's task: send, wait, and give the answer as it came over the wire.  Raises: CallFailed."""
        schedule = self._simulation.schedule
        exchange = _Exchange(caller, caller.tasks[lane], name)
        exchange.give_up = schedule.after(DEADLINES[name], lambda: self._end(exchange, Failure("DEADLINE_EXCEEDED")))
        if name == "Hello":
            caller.greeted_at = schedule.seconds
        self._send(exchange, request.SerializeToString())
        answer = exchange.task.pause()
        if isinstance(answer, Failure):
            self._simulation.note(caller.node.code, f"{name} failed: {answer.word}")
            raise failed(answer)
        return answer

    def _send(self, exchange: _Exchange, data: bytes) -> None:
        link, schedule = exchange.caller.link, self._simulation.schedule
        if link.is_expired:
            refusal = Refusal(Code.PEER_IDENTITY, peer=exchange.caller.superior, fault="CERTIFICATE_EXPIRED")
            schedule.after(0.001, lambda: self._end(exchange, Failure("UNAVAILABLE", refusal)))
            return
        if link.is_cut:
            schedule.after(link.seconds(), lambda: self._end(exchange, Failure("UNAVAILABLE")))
            return
        if link.loses_up or link.is_lost():
            return
        schedule.after(link.seconds(), lambda: self._arrive(exchange, data))
        if link.random.random() < link.copies:
            schedule.after(link.seconds() + link.random.uniform(0, link.echo_seconds), lambda: self._arrive(exchange, data))

    def _arrive(self, exchange: _Exchange, data: bytes) -> None:
        simulation = self._simulation
        above = simulation.processes.get(exchange.caller.superior)
        if above is None:
            self._answer(exchange, Failure("UNAVAILABLE"))
        elif exchange.name == "Pull":
            self._pull(above, exchange, data, simulation.schedule.seconds + client.pull_deadline_seconds - 5)
        else:
            self._answer(exchange, self.serve(above.node.code, exchange.caller.node.code, exchange.name, data))

    def _pull(self, above: Process, exchange: _Exchange, data: bytes, until: float) -> None:
        answer = self.serve(above.node.code, exchange.caller.node.code, exchange.name, data)
        is_empty = isinstance(answer, link_pb2.PullResponse) and not answer.entries
        if is_empty and not exchange.is_over and self._simulation.schedule.seconds + _quick_seconds[0] < until:
            above.waiting.append(Waiting(exchange.caller.node.code, exchange, data, until))
            held = above.waiting[-1]
            self._simulation.schedule.after(until - self._simulation.schedule.seconds, lambda: self.wake(above, held))
        else:
            self._answer(exchange, answer)

    def wake(self, above: Process, held: Waiting) -> None:
        """Look again for a `Pull` that waits: something came, or its time is up."""
        if not held.is_over and not above.is_dead:
            held.is_over = True
            above.waiting.remove(held)
            self._pull(above, held.exchange, held.request, held.until)

    def hang_up(self, above: Process) -> None:
        """The superior's process is gone: whoever waits there is told so by TCP."""
        for held in above.waiting:
            held.is_over = True
            self._answer(held.exchange, Failure("UNAVAILABLE"))
        above.waiting.clear()

    def serve(self, at: str, caller: str, name: str, data: bytes) -> Any:
        """What the servicer of *at* answers to *caller* just now: a message, or how the call failed."""
        above = self._simulation.processes.get(at)
        if above is None:
            return Failure("UNAVAILABLE")
        request = getattr(link_pb2, f"{name}Request").FromString(data)
        if name == "Pull":
            request.wait_ms = 0  # waiting is done here, in virtual time
        try:
            answer = getattr(above.servicer, name)(request, _Context(caller))
        except Refusal as refusal:
            self._simulation.note(at, f"refuses {name} of {caller}: {refusal.code.name}")
            return Failure(refusal.code.status, Refusal(refusal.code, **refusal.facts))
        except Crash as crash:
            self._simulation.crashed(crash)
            return Failure("UNAVAILABLE")
        except Exception as error:
            self._simulation.bug(at, name, error)
            return Failure("INTERNAL")
        return answer

    def _answer(self, exchange: _Exchange, answer: Any) -> None:
        link = exchange.caller.link
        if link.loses_down or link.is_lost():
            return
        if not isinstance(answer, Failure):
            answer = type(answer).FromString(answer.SerializeToString())
        self._simulation.schedule.after(link.seconds(), lambda: self._end(exchange, answer))

    def _end(self, exchange: _Exchange, answer: Any) -> None:
        if not exchange.is_over:
            exchange.is_over = True
            exchange.give_up.is_off = True
            exchange.caller.resume(exchange.task, answer)


class _Context:
    """What a servicer asks of a call."""

    def __init__(self, node: str) -> None:
        self._node = node

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"node": [self._node.encode()]}

    def peer(self) -> str:
        return "memory"

    def time_remaining(self) -> float | None:
        return None

    def is_active(self) -> bool:
        return True


class Wire:
    """The superior as one lane of a session calls it."""

    def __init__(self, network: Network, process: Process, lane: Lane, on_redial: Callable[[], None] = lambda: None) -> None:
        self._network, self._process, self._lane, self._on_redial = network, process, lane, on_redial

    def hello(self, request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
        """`Hello`.  Raises: CallFailed."""
        answer: link_pb2.HelloResponse = self._network.call(self._process, self._lane, "Hello", request)
        return answer

    def push(self, request: link_pb2.PushRequest) -> link_pb2.PushResponse:
        """`Push`.  Raises: CallFailed."""
        answer: link_pb2.PushResponse = self._network.call(self._process, self._lane, "Push", request)
        return answer

    def pull(self, request: link_pb2.PullRequest) -> link_pb2.PullResponse:
        """`Pull`.  Raises: CallFailed."""
        answer: link_pb2.PullResponse = self._network.call(self._process, self._lane, "Pull", request)
        return answer

    def fetch(self, request: link_pb2.FetchRequest) -> link_pb2.FetchResponse:
        """`Fetch`.  Raises: CallFailed."""
        answer: link_pb2.FetchResponse = self._network.call(self._process, self._lane, "Fetch", request)
        return answer

    def reconcile(self, request: Any) -> Any:
        """`Reconcile`.  Raises: CallFailed."""
        return self._network.call(self._process, self._lane, "Reconcile", request)

    def give_back(self, request: link_pb2.GiveBackRequest) -> link_pb2.GiveBackResponse:
        """`GiveBack`.  Raises: CallFailed."""
        answer: link_pb2.GiveBackResponse = self._network.call(self._process, self._lane, "GiveBack", request)
        return answer

    def put_blob(self, request: link_pb2.PutBlobRequest) -> link_pb2.PutBlobResponse:
        """`PutBlob`.  Raises: CallFailed."""
        answer: link_pb2.PutBlobResponse = self._network.call(self._process, self._lane, "PutBlob", request)
        return answer

    def get_blob(self, request: link_pb2.GetBlobRequest) -> link_pb2.GetBlobResponse:
        """`GetBlob`.  Raises: CallFailed."""
        answer: link_pb2.GetBlobResponse = self._network.call(self._process, self._lane, "GetBlob", request)
        return answer

    def redial(self) -> None:
        """A new channel is an old one here."""
        self._on_redial()

    def close(self) -> None:
        """Nothing is kept open."""


__all__ = ["CallFailed", "Link", "Network", "Waiting", "Wire"]
