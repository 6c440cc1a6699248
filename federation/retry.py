"""
When to try again (FEDERATION 2.4): one decision, and the two layers that follow it.

Seconds: a call is tried again inside, by tenacity, a few times, only for what may pass by itself, and only if the peer was
heard in the last minute.  Minutes and days: the link, which never gives up, and whose next attempt is kept in its row, so
that a restart does not reset the protection of a superior that just came back.  No other layer retries.
"""

import random as random_module
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from node.domain.refusal import Code, Refusal

R = TypeVar("R")
Random = random_module.Random

inner_tries_max = 3
inner_seconds_max = 20.0
heard_within_seconds = 60.0
tokens_max = 10.0
tokens_least = 5.0
success_gives_back = 0.1
# As often may the same call fail by a fault of the peer, or be aborted, before it is done otherwise.
same_call_tries_max = 3


@dataclass(frozen=True)
class Pace:
    """
    How long to wait, in seconds.  ``base`` and ``longest`` bound the full jitter; ``probe`` is for who was refused as a
    node, ``circuit`` for an entry that even alone does not pass.
    """

    base_seconds: float = 5.0
    longest_seconds: float = 120.0
    probe_seconds: float = 600.0
    circuit_seconds: float = 300.0
    inner_base_seconds: float = 1.0


USUAL = Pace()
# DESIGN 13, Time: a rehearsal node retries within a second.
REHEARSAL = Pace(base_seconds=0.1, longest_seconds=1.0, probe_seconds=1.0, circuit_seconds=1.0, inner_base_seconds=0.05)


@dataclass(frozen=True)
class Failure:
    """
    How a call failed: the gRPC status by name, and the peer's own refusal if it gave one.

    A certificate that is not taken, on either side, comes as UNAVAILABLE with PEER_IDENTITY.
    """

    status: str
    refusal: Refusal | None = None

    @property
    def code(self) -> Code | None:
        """The refusal's code."""
        return None if self.refusal is None else self.refusal.code

    @property
    def retry_after(self) -> timedelta | None:
        """How long the peer asks to be left alone."""
        said = "" if self.refusal is None else self.refusal.facts.get("retry_after_ms", "")
        return timedelta(milliseconds=int(said)) if said.isdigit() else None

    @property
    def word(self) -> str:
        """For the link's row and the status page: the code, else the status."""
        return self.status if self.code is None else self.code.name


class CallFailed(Exception):
    """A call to a peer failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.word)
        self.failure = failure


class LinkUnavailable(CallFailed):
    """The peer is away; it may be back in a moment."""


class LinkBusy(CallFailed):
    """The peer has too much to do just now."""


class LinkAborted(CallFailed):
    """Two transactions met; the same again may pass."""


class Then(Enum):
    """What to do when the time has come."""

    AGAIN = "again"
    # Ask first where the peer stands.
    GREET = "greet"
    # Never again as it is: half as many entries.
    SPLIT = "split"
    # An operator has to decide; nothing of this kind is tried until then.
    STOP = "stop"


@dataclass(frozen=True)
class Decision:
    """``at`` is None only with STOP.  ``alarm`` is the word that people are shown, or empty."""

    then: Then
    at: datetime | None
    alarm: str = ""


def decide(attempts: int, failure: Failure, now: datetime, random: Random, pace: Pace = USUAL) -> Decision:
    """
    Say what follows from the failure of a call that has now failed *attempts* times (1 or more) in a row.

    The table of FEDERATION 2.4.  CANCELLED is not in it: a shutdown is no failure.
    """
    jittered = now + timedelta(seconds=full_jitter(attempts, random, pace))
    probe = now + timedelta(seconds=pace.probe_seconds)
    match failure.status:
        case "UNAVAILABLE":
            return Decision(Then.GREET, probe, "identity") if failure.code is Code.PEER_IDENTITY else Decision(Then.AGAIN, jittered)
        case "DEADLINE_EXCEEDED":
            return Decision(Then.GREET, jittered)  # outcome unknown
        case "ABORTED":
            return Decision(Then.AGAIN, now if attempts <= same_call_tries_max else jittered)
        case "RESOURCE_EXHAUSTED":
            if failure.refusal is None:
                return Decision(Then.SPLIT, now)  # gRPC's own limit (E11)
            return Decision(Then.AGAIN, jittered if failure.retry_after is None else now + failure.retry_after)
        case "UNKNOWN" | "INTERNAL":
            return Decision(Then.AGAIN, jittered) if attempts <= same_call_tries_max else Decision(Then.SPLIT, jittered, "fault")
        case "FAILED_PRECONDITION":
            return _precondition(attempts, failure, now, jittered, probe)
        case "UNAUTHENTICATED" | "PERMISSION_DENIED":
            return Decision(Then.GREET, probe, _DENIED.get(failure.code, "denied"))
        case "ALREADY_EXISTS":
            return Decision(Then.STOP, None, "clone")
        case "DATA_LOSS":
            return Decision(Then.STOP, None, "damaged")
        case _:
            if failure.code is Code.BATCH_TOO_LARGE:
                return Decision(Then.SPLIT, now)
            # A bug or another version: once at once, to negotiate anew.
            return Decision(Then.GREET, now, "") if attempts <= 1 else Decision(Then.GREET, probe, "version")


def _precondition(attempts: int, failure: Failure, now: datetime, jittered: datetime, probe: datetime) -> Decision:
    match failure.code:
        case Code.NEED_HELLO | Code.DOWN_EPOCH:
            return Decision(Then.GREET, now if attempts <= 1 else jittered)
        case Code.FORK:
            return Decision(Then.STOP, None, "forked")
        case Code.STALE_EPOCH:
            return Decision(Then.STOP, None, "stale")
        case Code.HANDED_OVER:
            return Decision(Then.AGAIN, jittered)
        case Code.SUPERIOR_FENCED:
            return Decision(Then.GREET, probe, "fenced")
        case Code.NODE_HELD:
            return Decision(Then.GREET, probe, "held_above")
        case _:
            return Decision(Then.GREET, probe, "version")


_DENIED: dict[Code | None, str] = {
    Code.NODE_SUSPENDED: "suspended",
    Code.NODE_REVOKED: "revoked",
    Code.NODE_NOT_REGISTERED: "unregistered",
    Code.UNAUTHENTICATED: "identity",
    Code.FOREIGN_STREAM: "foreign",
    Code.REPARENTED: "reparented",
}


def when_again(attempts: int, failure: Failure, now: datetime, random: Random, pace: Pace = USUAL) -> datetime | None:
    """When the next attempt may be, or None if only an operator can let there be one.  As ``decide``."""
    return decide(attempts, failure, now, random, pace).at


def full_jitter(attempts: int, random: Random, pace: Pace = USUAL) -> float:
    """
    Seconds to wait after *attempts* failures in a row: from ``base`` to a bound that doubles up to ``longest``.

    88 nodes that lost their superior at once come back spread over ``longest`` seconds (E14).
    """
    bound = min(pace.longest_seconds, pace.base_seconds * 2.0 ** min(attempts, 32))
    return random.uniform(pace.base_seconds, bound)


class Inner:
    """
    The inner layer: the same call again, within seconds.

    A budget of 10 tokens a link (each try that fails takes one, a success gives a tenth back) keeps it from doubling the load
    of a superior that is in trouble: at 5 or fewer there is no further try inside.  A pause that would end after
    ``inner_seconds_max`` is the outer layer's, too.
    """

    def __init__(self, random: Random, sleep: Callable[[float], None], pace: Pace = USUAL) -> None:
        self._random = random
        self._sleep = sleep
        self._pace = pace
        self.tokens = tokens_max

    def call(self, once: Callable[[], R], *, heard_at: datetime | None, now: datetime) -> R:
        """
        Call *once*, again only if the peer was heard within a minute of *now*.

        Raises:
            CallFailed: what the last try raised.
        """
        is_heard = heard_at is not None and now - heard_at <= timedelta(seconds=heard_within_seconds)
        tries = inner_tries_max if is_heard else 1
        bounds = stop_after_attempt(tries) | stop_before_delay(inner_seconds_max)
        retrying = Retrying(
            retry=retry_if_exception_type((LinkUnavailable, LinkBusy, LinkAborted)),
            stop=lambda state: self.tokens <= tokens_least or bounds(state),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(lambda: self._counted(once))

    def _counted(self, once: Callable[[], R]) -> R:
        try:
            answer = once()
        except CallFailed as error:
            if error.failure.status != "CANCELLED":
                self.tokens = max(0.0, self.tokens - 1)
            raise
        self.tokens = min(tokens_max, self.tokens + success_gives_back)
        return answer

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.failure.retry_after if isinstance(error, CallFailed) else None
        if asked is not None:
            return asked.total_seconds()
        return self._random.uniform(0, min(inner_seconds_max / 2, self._pace.inner_base_seconds * 2.0**state.attempt_number))


def failed(failure: Failure) -> CallFailed:
    """The exception for *failure*, of the class that the inner layer goes by."""
    match failure.status:
        case "UNAVAILABLE" if failure.code is not Code.PEER_IDENTITY:
            return LinkUnavailable(failure)
        case "RESOURCE_EXHAUSTED" if failure.retry_after is not None:
            return LinkBusy(failure)
        case "ABORTED":
            return LinkAborted(failure)
        case _:
            return CallFailed(failure)
