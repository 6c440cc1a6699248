"""
How many batches a superior takes at once: what is beyond is told to come again, each at another moment (FEDERATION 2.3 no. 17).

A batch that waits holds a thread and its bytes; 88 subordinates that come back together would hold them all.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from node.domain.refusal import Code, Refusal

# In the writer's hands, and waiting for it.
batches_max = 8 + 32
retry_after_least_ms = 500
retry_after_most_ms = 5_000


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
