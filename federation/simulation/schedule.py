"""
Virtual time, and code that waits in it.

The schedule calls back in the order of time, and of asking where the times are the same.  A task is code that was written for a
thread of its own: it has one, but runs only while the schedule waits for it, so of all threads one is at work at any moment and
their order is the schedule's.
"""

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 1, 26, 1, tzinfo=UTC)  # Monday, 09:00 in Beijing
MICROS = 1_000_000


class Killed(BaseException):
    """Thrown into a task whose process is gone; nothing of the product catches it."""


@dataclass(slots=True)
class Timer:
    """A call to come; ``is_off`` lets it pass."""

    call: Callable[[], None]
    is_off: bool = False


class Task:
    """One piece of code in a thread of its own.  Whoever resumes it waits until it pauses or ends."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        # Bare locks, each held until the other side lets go: they change hands hundreds of times in a second of virtual time.
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._answer: Any = None
        self._is_killed = False
        self.is_running = False
        self._thread: threading.Thread | None = None
        self.is_over = False
        self.error: BaseException | None = None

    @property
    def is_begun(self) -> bool:
        """True once it ran at all."""
        return self._thread is not None

    def resume(self, answer: Any = None) -> None:
        """Let it go on with *answer* as what ``pause`` gives.  Raises: what ended it."""
        if self.is_over:
            return
        self._answer = answer
        self.is_running = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._go.release()
        self._back.acquire()
        self.is_running = False
        error, self.error = self.error, None
        if error is not None:
            raise error

    def pause(self) -> Any:
        """From inside: let the schedule go on until somebody resumes this.  Raises: Killed."""
        self._back.release()
        self._go.acquire()
        if self._is_killed:
            raise Killed
        return self._answer

    def kill(self) -> None:
        """End it where it stands."""
        self._is_killed = True
        if self._thread is None or self.is_over:
            self.is_over = True
            return
        self._go.release()
        self._back.acquire()

    def _run(self) -> None:
        try:
            self._work()
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.is_over = True
            self._back.release()


class Schedule:
    """Virtual time in microseconds since ``BEGIN``, and what is to come."""

    def __init__(self) -> None:
        self.now = 0
        self._serial = 0
        self._heap: list[tuple[int, int, Timer]] = []

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.now / MICROS

    @property
    def moment(self) -> datetime:
        """The same as an instant: the steady clock of every process."""
        return BEGIN + timedelta(microseconds=self.now)

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call back in so many seconds."""
        self._serial += 1
        timer = Timer(call)
        heapq.heappush(self._heap, (self.now + max(0, round(seconds * MICROS)), self._serial, timer))
        return timer

    def run_until(self, seconds: float) -> None:
        """Let time go on to *seconds* since the beginning."""
        end = round(seconds * MICROS)
        while self._heap and self._heap[0][0] <= end:
            at, _, timer = heapq.heappop(self._heap)
            self.now = max(self.now, at)
            if not timer.is_off:
                timer.call()
        self.now = max(self.now, end)
