"""When to try again (FEDERATION 2.4): each status its row, full jitter, and one inner layer with a short allow-list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from federation.retry import (
    REHEARSAL,
    USUAL,
    CallFailed,
    Decision,
    Failure,
    Inner,
    LinkAborted,
    LinkBusy,
    LinkUnavailable,
    Then,
    decide,
    failed,
    full_jitter,
    when_again,
)
from node.domain.refusal import Code, Refusal

NOON = datetime(2026, 2, 10, 4, tzinfo=UTC)
IN_TEN_MINUTES = NOON + timedelta(seconds=600)


def refusing(code: Code, **facts: object) -> Failure:
    return Failure(code.status, Refusal(code, **facts))


IDENTITY = Failure("UNAVAILABLE", Refusal(Code.PEER_IDENTITY))
BUSY = refusing(Code.BUSY, retry_after_ms=1500)


class TestDecide:
    """The table of FEDERATION 2.4."""

    @pytest.mark.parametrize(
        ("attempts", "failure", "then", "alarm", "earliest_seconds", "latest_seconds"),
        [
            (1, Failure("UNAVAILABLE"), Then.AGAIN, "", 5, 10),
            (2, Failure("UNAVAILABLE"), Then.AGAIN, "", 5, 20),
            (9, Failure("UNAVAILABLE"), Then.AGAIN, "", 5, 120),
            (99, Failure("UNAVAILABLE"), Then.AGAIN, "", 5, 120),
            (1, IDENTITY, Then.GREET, "identity", 600, 600),
            (1, Failure("DEADLINE_EXCEEDED"), Then.GREET, "", 5, 10),
            (1, Failure("ABORTED"), Then.AGAIN, "", 0, 0),
            (3, Failure("ABORTED"), Then.AGAIN, "", 0, 0),
            (4, Failure("ABORTED"), Then.AGAIN, "", 5, 80),
            (1, BUSY, Then.AGAIN, "", 1.5, 1.5),
            (7, BUSY, Then.AGAIN, "", 1.5, 1.5),
            (1, refusing(Code.STORAGE_FULL), Then.AGAIN, "", 5, 10),
            (1, Failure("RESOURCE_EXHAUSTED"), Then.SPLIT, "", 0, 0),
            (1, refusing(Code.BATCH_TOO_LARGE), Then.SPLIT, "", 0, 0),
            (3, Failure("INTERNAL"), Then.AGAIN, "", 5, 40),
            (4, Failure("INTERNAL"), Then.SPLIT, "fault", 5, 80),
            (4, Failure("UNKNOWN"), Then.SPLIT, "fault", 5, 80),
            (1, refusing(Code.NEED_HELLO), Then.GREET, "", 0, 0),
            (2, refusing(Code.NEED_HELLO), Then.GREET, "", 5, 20),
            (1, refusing(Code.DOWN_EPOCH), Then.GREET, "", 0, 0),
            (1, refusing(Code.PROTOCOL_UNSUPPORTED), Then.GREET, "version", 600, 600),
            (1, refusing(Code.REHEARSAL_MISMATCH), Then.GREET, "version", 600, 600),
            (1, refusing(Code.NODE_HELD), Then.GREET, "held_above", 600, 600),
            (1, refusing(Code.NODE_SUSPENDED), Then.GREET, "suspended", 600, 600),
            (1, refusing(Code.NODE_REVOKED), Then.GREET, "revoked", 600, 600),
            (1, refusing(Code.NODE_NOT_REGISTERED), Then.GREET, "unregistered", 600, 600),
            (1, refusing(Code.UNAUTHENTICATED), Then.GREET, "identity", 600, 600),
            (1, refusing(Code.FOREIGN_STREAM), Then.GREET, "foreign", 600, 600),
            (1, refusing(Code.MALFORMED_ENTRY), Then.GREET, "", 0, 0),
            (2, refusing(Code.MALFORMED_ENTRY), Then.GREET, "version", 600, 600),
            (1, Failure("UNIMPLEMENTED"), Then.GREET, "", 0, 0),
            (2, Failure("UNIMPLEMENTED"), Then.GREET, "version", 600, 600),
        ],
    )
    def test_each_status_has_its_row(
        self, attempts: int, failure: Failure, then: Then, alarm: str, earliest_seconds: float, latest_seconds: float
    ) -> None:
        for seed in range(20):
            decision = decide(attempts, failure, NOON, Random(seed))

            assert (then, alarm) == (decision.then, decision.alarm)
            assert decision.at is not None
            assert earliest_seconds <= (decision.at - NOON).total_seconds() <= latest_seconds

    @pytest.mark.parametrize(
        ("failure", "alarm"),
        [
            (refusing(Code.FORK), "forked"),
            (refusing(Code.STALE_EPOCH), "stale"),
            (refusing(Code.CLONE_SUSPECTED), "clone"),
            (Failure("DATA_LOSS"), "damaged"),
        ],
    )
    def test_what_an_operator_must_decide_is_not_tried_again(self, failure: Failure, alarm: str) -> None:
        """No time: the state machine stops, and people are told why."""
        assert Decision(Then.STOP, None, alarm) == decide(1, failure, NOON, Random(1))
        assert when_again(1, failure, NOON, Random(1)) is None

    def test_a_rehearsal_retries_within_a_second(self) -> None:
        """DESIGN 13, Time."""
        for failure in (Failure("UNAVAILABLE"), IDENTITY, refusing(Code.NODE_SUSPENDED), Failure("INTERNAL")):
            at = when_again(30, failure, NOON, Random(3), REHEARSAL)

            assert at is not None and at - NOON <= timedelta(seconds=1)

    def test_a_superior_that_comes_back_is_not_met_by_everybody_at_once(self) -> None:
        """E14: 88 nodes after a long outage: spread over two minutes, few in any one second."""
        waits = sorted(full_jitter(20, Random(seed), USUAL) for seed in range(88))

        assert waits[0] >= 5 and waits[-1] <= 120
        assert max(sum(1 for wait in waits if second <= wait < second + 1) for second in range(121)) <= 6


class TestInner:
    """Tenacity around one call: an allow-list, at most 3 tries, only while the peer is known to be alive."""

    @pytest.mark.parametrize(
        ("failure", "error", "tries"),
        [
            (Failure("UNAVAILABLE"), LinkUnavailable, 3),
            (BUSY, LinkBusy, 3),
            (Failure("ABORTED"), LinkAborted, 3),
            (IDENTITY, CallFailed, 1),
            (Failure("DEADLINE_EXCEEDED"), CallFailed, 1),
            (refusing(Code.FORK), CallFailed, 1),
            (refusing(Code.STORAGE_FULL), CallFailed, 1),
            (Failure("CANCELLED"), CallFailed, 1),
        ],
    )
    def test_only_what_may_pass_by_itself_is_tried_again(self, failure: Failure, error: type[CallFailed], tries: int) -> None:
        slept: list[float] = []
        calls, once = failing(failure)

        with pytest.raises(CallFailed) as caught:
            Inner(Random(1), slept.append).call(once, heard_at=NOON, now=NOON)

        assert (error, tries, tries - 1) == (type(caught.value), len(calls), len(slept))

    def test_a_busy_superior_is_left_alone_exactly_as_long_as_it_asked(self) -> None:
        slept: list[float] = []
        _, once = failing(BUSY)

        with pytest.raises(LinkBusy):
            Inner(Random(1), slept.append).call(once, heard_at=NOON, now=NOON)

        assert [1.5, 1.5] == slept

    @pytest.mark.parametrize("heard_at", [None, NOON - timedelta(seconds=61)])
    def test_a_peer_that_was_not_heard_in_the_last_minute_is_the_outer_layers(self, heard_at: datetime | None) -> None:
        calls, once = failing(Failure("UNAVAILABLE"))

        with pytest.raises(LinkUnavailable):
            Inner(Random(1), lambda _seconds: None).call(once, heard_at=heard_at, now=NOON)

        assert 1 == len(calls)

    def test_a_budget_ends_the_second_tries(self) -> None:
        """FEDERATION 2.4: 10 tokens; a try that fails takes one; at 5 there is one try a call, until successes fill it up."""
        inner = Inner(Random(1), lambda _seconds: None)
        tries = []
        for _ in range(7):
            calls, once = failing(Failure("UNAVAILABLE"))
            with pytest.raises(LinkUnavailable):
                inner.call(once, heard_at=NOON, now=NOON)
            tries.append(len(calls))

        assert ([3, 2, 1, 1, 1, 1, 1], 0.0) == (tries, inner.tokens)
        for _ in range(62):
            assert "done" == inner.call(lambda: "done", heard_at=NOON, now=NOON)
        calls, once = failing(Failure("UNAVAILABLE"))
        with pytest.raises(LinkUnavailable):
            inner.call(once, heard_at=NOON, now=NOON)
        assert 1 < len(calls)

    def test_a_pause_longer_than_the_inner_layer_lives_is_the_outer_ones(self) -> None:
        slept: list[float] = []
        calls, once = failing(refusing(Code.BUSY, retry_after_ms=25_000))

        with pytest.raises(LinkBusy):
            Inner(Random(1), slept.append).call(once, heard_at=NOON, now=NOON)

        assert (1, []) == (len(calls), slept)

    def test_the_third_try_may_succeed(self) -> None:
        answers = iter([failed(Failure("UNAVAILABLE")), failed(Failure("ABORTED")), None])

        def once() -> str:
            error = next(answers)
            if error is not None:
                raise error
            return "done"

        assert "done" == Inner(Random(1), lambda _seconds: None).call(once, heard_at=NOON, now=NOON)


def failing(failure: Failure) -> tuple[list[int], Callable[[], str]]:
    calls: list[int] = []

    def once() -> str:
        calls.append(1)
        raise failed(failure)

    return calls, once
