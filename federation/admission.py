"""
How many batches a superior takes at once, and how many subordinates a second it takes back after an outage: what is beyond is
told to come again, each at another moment (FEDERATION 2.3 no. 17, 2.4).

A batch that waits holds a thread and its bytes; 88 subordinates that come back together would hold them all.  That few dial
in one second is the work of their jitter: gRPC has made the TLS handshake before anybody here is asked.  What is limited here
is what follows it, a greeting's transaction and the backlog behind it.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from node.domain.refusal import Code, Refusal

# In the writer's hands, and waiting for it.
batches_max = 8 + 32
retry_after_least_ms = 500
retry_after_most_ms = 5_000
# Greetings on new connections, in any one second.
returns_per_second_max = 10


class Admission:
    """Counts the batches that are being taken.  *random* spreads those that have to come again."""

    def __init__(self, random: Random, batches: int = batches_max) -> None:
        self._random = random
        self._most = batches
        self._count = 0
        self._lock = threading.Lock()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """
        A place for as long as the block lasts.

        Raises:
            Refusal: BUSY with ``retry_after_ms``.
        """
        with self._lock:
            if self._count >= self._most:
                raise Refusal(Code.BUSY, retry_after_ms=self._random.randint(retry_after_least_ms, retry_after_most_ms))
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1


class Returns:
    """
    Who comes on a new connection takes one of ten places a second; when they are taken, the next free moment is his alone.

    A greeting on a connection that was let in before is a heartbeat, and always is.  Kept: a line for each subordinate.
    """

    def __init__(self, monotonic: Callable[[], float], per_second: int = returns_per_second_max) -> None:
        self._monotonic = monotonic
        self._most = per_second
        self._lock = threading.Lock()
        self._connections: dict[str, str] = {}
        self._moments: dict[str, float] = {}
        self._last_moment = 0.0
        self._let_in: deque[float] = deque(maxlen=per_second)

    def enter(self, node: str, connection: str) -> None:
        """
        Let the subordinate *node* in on *connection*, as gRPC names it.

        Raises:
            Refusal: BUSY with ``retry_after_ms``.
        """
        with self._lock:
            now = self._monotonic()
            if self._connections.get(node) == connection:
                return
            is_free = len(self._let_in) < self._most or self._let_in[0] <= now - 1
            if not is_free or self._moments.get(node, now) > now:
                raise Refusal(Code.BUSY, retry_after_ms=self._ms_until_moment(node, now))
            self._moments.pop(node, None)
            self._connections[node] = connection
            self._let_in.append(now)

    def _ms_until_moment(self, node: str, now: float) -> int:
        """Who comes before his moment keeps it."""
        moment = self._moments.get(node, 0.0)
        if moment <= now:
            moment = self._last_moment = max(now, self._last_moment) + 1 / self._most
            self._moments[node] = moment
        return int((moment - now) * 1000) + 1
