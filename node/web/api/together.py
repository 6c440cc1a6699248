"""
Commands that wait at the same time go through together: one snapshot tells who gives them, one group of the writer carries them out,
and one word to the event loop answers them.

What a thread a request would cost is the handing over: from the loop to it, to the writer, back, and to the loop again, each at the
interpreter's lock that all of them want.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.services import requests
from node.services.acting import Node
from node.services.tokens import Token, note_use
from node.storage.unit_of_work import UnitOfWork, View

# While one group is being committed the next one is read.
groups_at_once_max = 2
# With the job that reads for them, as many as the writer takes at once.
group_commands_max = 63
read_together_min = 3
waiting_max = 1_000
retry_after_ms = 500


class Begun(Protocol):
    """A command that is known whole: who gives it, and what it does."""

    @property
    def token(self) -> Token | None:
        """What it was given with, if not by a session."""

    @property
    def id(self) -> str:
        """The order's."""

    def carry_out(self, work: UnitOfWork) -> Any:
        """The writer's job."""

    def answer(self, outcome: Any) -> Response:
        """What is answered once its outcome is durable."""

    def refused(self, refusal: Refusal) -> Response:
        """What is answered to a refusal; raises it where it is answered like any other."""


class Asked(Protocol):
    """A request that gives a command."""

    def begin(self, view: View) -> Begun:
        """Read it whole; raises what it refuses."""


@dataclass(frozen=True)
class _Waiting:
    asked: Asked
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Response]"


Told = tuple[_Waiting, Response | Exception]


class Together:
    """Carries out the commands that requests to *node* give."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._at_work = 0
        self._hands = ThreadPoolExecutor(groups_at_once_max, thread_name_prefix="commands")

    async def carry_out(self, asked: Asked) -> Response:
        """
        The answer to *asked*, once what it leads to is durable.

        Raises:
            Refusal: whatever it refuses, or BUSY.
        """
        loop = asyncio.get_running_loop()
        one = _Waiting(asked, loop, loop.create_future())
        with self._lock:
            if len(self._waiting) >= waiting_max:
                raise Refusal(Code.BUSY, retry_after_ms=retry_after_ms)
            self._waiting.append(one)
            begins = self._at_work < groups_at_once_max
            self._at_work += begins
        if begins:
            self._hands.submit(self._run)
        return await one.answer

    def _run(self) -> None:
        while group := self._next_group():
            told = self._told(group)
            for loop in {one.loop for one in group}:
                _tell(loop, [each for each in told if each[0].loop is loop])

    def _next_group(self) -> list[_Waiting]:
        with self._lock:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), group_commands_max))]
            if not group:
                self._at_work -= 1
            return group

    def _told(self, group: Sequence[_Waiting]) -> list[Told]:
        try:
            read = self._read(group)
        except Exception:  # one that breaks the snapshot spoils no other
            read = [self._read_alone(one) for one in group]
        told: list[Told] = [(one, found) for one, found in read if isinstance(found, Exception)]
        begun = [(one, found) for one, found in read if not isinstance(found, Exception)]
        try:
            for token in {each.token.id: each.token for _, each in begun if each.token is not None}.values():
                note_use(self._node.store, token, self._node.wall())
            outcomes = self._carried_out([each for _, each in begun])
        except Exception as error:
            return [*told, *((one, error) for one, _ in begun)]
        return told + [(one, _answer(each, outcome)) for (one, each), outcome in zip(begun, outcomes, strict=True)]

    def _carried_out(self, begun: Sequence[Begun]) -> "Sequence[Future[Any]]":
        """The outcomes, in order.  What is asked of each before it is carried out is read for all, by a job that goes before theirs."""
        jobs: list[Callable[[UnitOfWork], Any]] = [each.carry_out for each in begun]
        if len(jobs) < read_together_min:
            return self._node.writer.commands(jobs)
        ids = [each.id for each in begun]
        return self._node.writer.commands([lambda work: requests.bring(work, ids), *jobs])[1:]

    def _read(self, group: Sequence[_Waiting]) -> list[tuple[_Waiting, Begun | Exception]]:
        found: list[tuple[_Waiting, Begun | Exception]] = []
        with self._node.store.read() as view:
            for one in group:
                try:
                    found.append((one, one.asked.begin(view)))
                except Refusal as refusal:
                    found.append((one, refusal))
        return found

    def _read_alone(self, one: _Waiting) -> tuple[_Waiting, Begun | Exception]:
        try:
            return self._read([one])[0]
        except Exception as error:
            return one, error


def _answer(begun: Begun, outcome: Any) -> Response | Exception:
    try:
        return begun.answer(outcome.result())
    except Refusal as refusal:
        try:
            return begun.refused(refusal)
        except Refusal as other:
            return other
    except Exception as error:
        return error


def _tell(loop: asyncio.AbstractEventLoop, told: Sequence[Told]) -> None:
    def tell() -> None:
        for one, answer in told:
            if one.answer.done():
                continue  # whoever asked went away
            if isinstance(answer, Exception):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)

    with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
        loop.call_soon_threadsafe(tell)
