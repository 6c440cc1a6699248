"""What a link needs of the node that it belongs to; put together by ``app``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from federation.following import Following, concerns
from node.services.handle import Handler
from node.storage.guard import Guard
from node.storage.unit_of_work import Store
from node.storage.writer import Writer

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Level:
    """
    One node among its peers.  ``now`` is business time, ``wall`` the machine's, ``monotonic`` counts seconds and never jumps.

    ``random`` is for jitter only.
    """

    store: Store
    writer: Writer
    handler: Handler
    now: Clock
    wall: Clock
    monotonic: Callable[[], float]
    random: Random = field(default_factory=Random)
    program: str = ""
    # How far the journal is known to be held elsewhere; None: nothing is kept of it.
    guard: Guard | None = None

    def __post_init__(self) -> None:
        # Who reacts knows what calls for it; whatever else is appended here moves the cursor with it.
        self.store.concerns = concerns
        self.store.follows = Following(self.handler.blobs, self.wall)


def steady(wall: Clock, monotonic: Callable[[], float]) -> Clock:
    """A clock that begins at the wall's and never jumps: retries and heartbeats go by it."""
    begun, since = wall(), monotonic()
    return lambda: begun + timedelta(seconds=monotonic() - since)
