"""The status table of FEDERATION 2.4 as the link lives it: what it calls next after a `Push` failed so, when, and what people are shown."""

from datetime import timedelta
from random import Random

import pytest

from federation.link import Call, Greeted, Hello, Lane, Pull, Push, Pushed, Standing, Uplink
from federation.retry import Failure
from node.domain.refusal import Code, Refusal
from tests.federation.test_link import NOON, refusing

TEN_MINUTES = 600.0
FIVE_MINUTES = 300.0
waiting_hours_looked_at = 2
IDENTITY = Failure("UNAVAILABLE", Refusal(Code.PEER_IDENTITY))
BUSY = refusing(Code.BUSY, retry_after_ms=1_500)


def running(hello_every: timedelta = timedelta(days=1)) -> Uplink:
    """A link with 2,000 entries to send, greeted; no heartbeat comes in between unless it is asked for."""
    machine = Uplink("520402", Random(1), tail=2_000, hello_every=hello_every)
    call = machine.next_call(Lane.UP, NOON)
    assert call == Hello()
    machine.on_reply(call, Greeted(Standing(0), 500, 20), NOON)
    return machine


def fail(machine: Uplink, failure: Failure, times: int) -> float:
    """Let its pushes fail so, one after the other, each as soon as it may be; gives the seconds until the last failure."""
    seconds = 0.0
    for _ in range(times):
        call, seconds = following(machine, seconds)
        while isinstance(call, Hello):
            machine.on_reply(call, Greeted(Standing(0), 500, 20), NOON + timedelta(seconds=seconds))
            call, seconds = following(machine, seconds)
        assert isinstance(call, Push)
        machine.on_failure(call, failure, NOON + timedelta(seconds=seconds))
    return seconds


def following(machine: Uplink, since: float) -> tuple[Call | None, float]:
    """The next call up and when, in seconds; (None, ...) if there is none in two hours."""
    seconds, end = since, since + waiting_hours_looked_at * 3_600
    while seconds <= end:
        call = machine.next_call(Lane.UP, NOON + timedelta(seconds=seconds))
        if call is not None:
            return call, seconds
        seconds += 0.5
    return None, seconds


# How `Push` failed, how often in a row -> next call up, after so many seconds (least, most), whether `Pull` goes on, shown.
ROWS = [
    # UNAVAILABLE: jitter that grows; identity: probed every ten minutes.
    (Failure("UNAVAILABLE"), 1, Push(0, 500), 5, 10.5, False, ("waiting", "")),
    (IDENTITY, 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "identity")),
    # Outcome unknown: ask first.
    (Failure("DEADLINE_EXCEEDED"), 1, Hello(), 5, 10.5, False, ("waiting", "")),
    # At once, three times.
    (Failure("ABORTED"), 1, Push(0, 500), 0, 0, True, ("running", "")),
    (Failure("ABORTED"), 3, Push(0, 500), 0, 0, True, ("running", "")),
    (Failure("ABORTED"), 4, Push(0, 500), 5, 80.5, True, ("waiting", "")),
    # Exactly as long as was asked; without our word it is gRPC's limit on size.
    (BUSY, 1, Push(0, 500), 1.5, 1.5, True, ("waiting", "")),
    (BUSY, 9, Push(0, 500), 1.5, 1.5, True, ("waiting", "")),
    (refusing(Code.STORAGE_FULL), 1, Push(0, 500), 5, 10.5, True, ("waiting", "")),
    (Failure("RESOURCE_EXHAUSTED"), 1, Push(0, 250), 0, 0, True, ("running", "")),
    (refusing(Code.BATCH_TOO_LARGE), 1, Push(0, 250), 0, 0, True, ("running", "")),
    (Failure("RESOURCE_EXHAUSTED"), 9, Push(0, 1), FIVE_MINUTES, FIVE_MINUTES, True, ("stopped", "oversized")),
    # A fault there: three times, then smaller and smaller, then the circuit is open for five minutes.
    (Failure("INTERNAL"), 3, Push(0, 500), 5, 40.5, True, ("waiting", "")),
    (Failure("INTERNAL"), 4, Push(0, 250), 5, 80.5, True, ("waiting", "")),
    (Failure("UNKNOWN"), 4, Push(0, 250), 5, 80.5, True, ("waiting", "")),
    (Failure("UNKNOWN"), 12, Push(0, 1), FIVE_MINUTES, FIVE_MINUTES, True, ("stopped", "fault")),
    # The state machine's.
    (refusing(Code.NEED_HELLO), 1, Hello(), 0, 0, False, ("greeting", "")),
    (refusing(Code.DOWN_EPOCH), 1, Hello(), 0, 0, False, ("greeting", "")),
    (refusing(Code.STALE_EPOCH), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "stale")),
    (refusing(Code.SUPERIOR_FENCED), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "fenced")),
    (refusing(Code.PROTOCOL_UNSUPPORTED), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "version")),
    (Failure("FAILED_PRECONDITION"), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "version")),
    # Refused as a node: a probe every ten minutes.
    (refusing(Code.NODE_SUSPENDED), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "suspended")),
    (refusing(Code.NODE_REVOKED), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "revoked")),
    (refusing(Code.NODE_NOT_REGISTERED), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "unregistered")),
    (refusing(Code.FOREIGN_STREAM), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "foreign")),
    (Failure("UNAUTHENTICATED"), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "denied")),
    (Failure("PERMISSION_DENIED"), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "denied")),
    # A bug or another version: one greeting at once to negotiate anew, then a probe and an alarm.
    (refusing(Code.MALFORMED_ENTRY), 1, Hello(), 0, 0, False, ("greeting", "")),
    (Failure("INVALID_ARGUMENT"), 1, Hello(), 0, 0, False, ("greeting", "")),
    (Failure("INVALID_ARGUMENT"), 2, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "version")),
    (Failure("OUT_OF_RANGE"), 2, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "version")),
    (Failure("NOT_FOUND"), 2, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "version")),
    (Failure("UNIMPLEMENTED"), 2, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "version")),
    # Damage there: it asks again when that may be repaired.
    (Failure("DATA_LOSS"), 1, Hello(), TEN_MINUTES, TEN_MINUTES, False, ("stopped", "damaged")),
    # Our own shutdown.
    (Failure("CANCELLED"), 1, Push(0, 500), 0, 0, True, ("running", "")),
]


@pytest.mark.parametrize(("failure", "times", "call", "least", "most", "pulls", "shown"), ROWS)
def test_each_status_has_its_consequence(
    failure: Failure, times: int, call: Call, least: float, most: float, pulls: bool, shown: tuple[str, str]
) -> None:
    machine = running()

    failed_at = fail(machine, failure, times)

    now = NOON + timedelta(seconds=failed_at)
    status = machine.status(now)
    assert (shown, pulls) == ((status.state.value, status.reason), machine.next_call(Lane.DOWN, now) is not None)
    following_call, at = following(machine, failed_at)
    assert call == following_call
    assert least <= at - failed_at <= most


def test_a_fork_is_looked_at_again_and_nothing_is_pushed() -> None:
    """FORK: greetings and what comes down go on; the operators decide."""
    machine = running(timedelta(seconds=50))
    fail(machine, refusing(Code.FORK), 1)

    calls = {type(machine.next_call(lane, NOON)) for lane in Lane}

    assert ({type(None), Pull}, "forked") == (calls, machine.status(NOON).reason)
    assert isinstance(following(machine, 0)[0], Hello)


@pytest.mark.parametrize(("failure", "times", "word"), [(Failure("RESOURCE_EXHAUSTED"), 9, "oversized"), (Failure("UNKNOWN"), 12, "fault")])
def test_what_does_not_pass_is_shown_until_it_does(failure: Failure, times: int, word: str) -> None:
    """All that stands behind it waits: a greeting in between, which is answered, does not make it good."""
    machine = running(timedelta(seconds=50))
    seconds = fail(machine, failure, times)

    call, seconds = following(machine, seconds)
    assert call == Hello()
    machine.on_reply(call, Greeted(Standing(0), 500, 20), NOON + timedelta(seconds=seconds))
    status = machine.status(NOON + timedelta(seconds=seconds))
    assert ("stopped", word) == (status.state.value, status.reason)

    while isinstance(call, Hello):
        call, seconds = following(machine, seconds)
        assert call is not None
        reply = Greeted(Standing(0), 500, 20) if isinstance(call, Hello) else Pushed(Standing(1))
        machine.on_reply(call, reply, NOON + timedelta(seconds=seconds))
    assert "" == machine.status(NOON + timedelta(seconds=seconds)).reason


def test_who_is_away_is_shown_as_away() -> None:
    """Also where something did not pass before: an outage is the nearer trouble."""
    machine = running()
    seconds = fail(machine, Failure("RESOURCE_EXHAUSTED"), 9)
    seconds += fail(machine, Failure("UNAVAILABLE"), 1)

    assert "" == machine.status(NOON + timedelta(seconds=seconds)).reason


def test_a_second_live_copy_never_dials_again() -> None:
    """ALREADY_EXISTS: an operator releases one of the two."""
    machine = running()
    fail(machine, refusing(Code.CLONE_SUSPECTED), 1)

    assert None is following(machine, 0)[0]
    assert ("stopped", "clone") == (machine.status(NOON).state.value, machine.status(NOON).reason)


@pytest.mark.parametrize(("failure", "times", "least"), [(row[0], row[1], row[3]) for row in ROWS if row[3] >= 5])
def test_a_restart_is_no_way_around_the_wait(failure: Failure, times: int, least: float) -> None:
    """What the link's row keeps is enough: attempts, the next one, the last error."""
    machine = running()
    now = NOON + timedelta(seconds=fail(machine, failure, times))

    again = Uplink("520402", Random(2), attempts=machine.attempts, not_before=machine.next_attempt_at(now), last_error=machine.last_error)

    assert (times, failure.word) == (again.attempts, again.last_error)
    assert [] == again.calls(now + timedelta(seconds=least - 1))
    assert [Hello()] == again.calls(now + timedelta(seconds=TEN_MINUTES))
