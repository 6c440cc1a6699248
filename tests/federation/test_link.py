"""The uplink's machine: what it does next, after what was answered, failed, committed, or after time alone."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from federation.link import Call, Fetch, Fetched, Greeted, Hello, Lane, Pull, Pulled, Push, Pushed, Standing, Uplink
from federation.retry import Failure
from node.domain.refusal import Code, Refusal
from node.storage.journal import Position

NOON = datetime(2026, 2, 10, 4, tzinfo=UTC)
ROOT = b"r" * 32
OWN = Position("520402", 1, 30, ROOT)


def greeted(cursor: int, *, credit: int = 500, forked: tuple[Position, ...] = (), ahead: tuple[Position, ...] = ()) -> Greeted:
    return Greeted(Standing(cursor, forked, ahead), credit, own_size=20)


def refusing(code: Code, **facts: object) -> Failure:
    return Failure(code.status, Refusal(code, **facts))


class Played:
    """A machine with a clock: each step says what was asked of the peer."""

    def __init__(self, tail: int = 0, *, greet: bool = True, cursor: int = 0) -> None:
        self.now = NOON
        self.machine = Uplink("520402", Random(1), tail=tail)
        if greet:
            self.answer(greeted(cursor))

    def next(self, lane: Lane = Lane.UP) -> Call | None:
        return self.machine.next_call(lane, self.now)

    def answer(self, reply: Greeted | Pushed | Fetched | Pulled, lane: Lane = Lane.UP) -> Call:
        call = self.next(lane)
        assert call is not None
        self.machine.on_reply(call, reply, self.now)
        return call

    def fail(self, failure: Failure, lane: Lane = Lane.UP) -> Call:
        call = self.next(lane)
        assert call is not None
        self.machine.on_failure(call, failure, self.now)
        return call

    def later(self, seconds: float) -> "Played":
        self.now += timedelta(seconds=seconds)
        return self

    @property
    def shown(self) -> tuple[str, str]:
        status = self.machine.status(self.now)
        return status.state.value, status.reason


class TestSession:
    """Greet, then push what is owed and pull what comes; one call a lane."""

    def test_a_session_begins_with_hello_and_nothing_else(self) -> None:
        played = Played(tail=20, greet=False)

        assert [Hello()] == played.machine.calls(played.now)
        assert [] == played.machine.calls(played.now), "one in flight"
        assert ("greeting", "") == played.shown

    def test_after_the_answer_both_lanes_run(self) -> None:
        played = Played(tail=20, cursor=5)

        assert [Push(5, 500), Pull(25_000)] == played.machine.calls(played.now)
        assert ("running", "") == played.shown

    def test_a_batch_is_followed_by_the_next_until_everything_is_held_above(self) -> None:
        played = Played(tail=20)
        pushes = [played.answer(Pushed(Standing(cursor))) for cursor in (8, 16, 20)]

        assert [Push(0, 500), Push(8, 500), Push(16, 500)] == pushes
        assert played.next() is None
        assert played.machine.is_idle

    def test_a_commit_makes_the_next_push(self) -> None:
        played = Played(tail=20, cursor=20)
        assert played.next() is None

        played.machine.on_commit(21)

        assert Push(20, 500) == played.next()

    def test_a_renewed_certificate_is_shown_by_a_greeting_of_its_own(self) -> None:
        """One that was in flight showed the former, and does not count."""
        played = Played(tail=20, cursor=20, greet=False)
        (former,) = played.machine.calls(played.now)

        played.machine.greet_again()
        played.machine.on_reply(former, Greeted(Standing(20), 500, 20), played.now)

        assert [Hello(), Pull(25_000)] == played.machine.calls(played.now)
        played.machine.on_reply(Hello(), Greeted(Standing(20), 500, 20), played.now)
        assert [] == played.machine.calls(played.now)

    def test_what_came_from_above_is_passed_over_without_a_call(self) -> None:
        played = Played(tail=20)
        call = played.next()
        assert isinstance(call, Push)

        played.machine.on_nothing(call, 20)

        assert played.next() is None

    def test_an_idle_link_greets_again_within_a_minute(self) -> None:
        """FEDERATION 0.4: an idle, fully acknowledged node would never notice that its superior lost data."""
        played = Played(tail=20, cursor=20)
        at = played.machine.look_again_at(Lane.UP, played.now)

        assert at is not None and at - NOON <= timedelta(seconds=60)
        assert played.next() is None
        assert Hello() == played.later(50).next()

    def test_a_busy_link_greets_in_between(self) -> None:
        played = Played(tail=1000)
        played.later(51)

        assert [Hello(), Push(3, 500)] == [played.answer(greeted(3)), played.next()]


class TestPositions:
    """A reply is a position, and the cursor follows it, also back."""

    def test_a_position_that_went_back_takes_the_cursor_back(self) -> None:
        """FEDERATION 2.3 no. 11: the superior was restored."""
        played = Played(tail=20, cursor=20)

        played.later(50).answer(greeted(7))

        assert Push(7, 500) == played.next()

    def test_a_gap_in_a_push_takes_the_cursor_back(self) -> None:
        played = Played(tail=20, cursor=10)

        played.answer(Pushed(Standing(4)))

        assert Push(4, 500) == played.next()

    @pytest.mark.parametrize("reply", [greeted(20, forked=(OWN,)), greeted(20, credit=0)])
    def test_another_root_stops_pushing_but_not_greeting_and_pulling(self, reply: Greeted) -> None:
        """FEDERATION 2.3 no. 2: what people are told from above still comes."""
        played = Played(tail=20, greet=False)
        played.answer(reply)
        played.machine.on_commit(30)

        assert (None, Pull(25_000)) == (played.next(), played.next(Lane.DOWN))
        assert ("stopped", "forked") == played.shown
        assert Hello() == played.later(50).next()

    @pytest.mark.parametrize("reply", [greeted(20, forked=(OWN,)), greeted(20, credit=0, ahead=(OWN,))])
    def test_beside_another_history_nothing_more_counts_as_held(self, reply: Greeted) -> None:
        """I02: what stands above under the same numbers is something else."""
        played = Played(tail=20, cursor=7).later(60)
        played.answer(reply)

        assert 7 == played.machine.cursor
        assert not played.machine.is_idle

    def test_once_the_operators_have_decided_pushing_goes_on(self) -> None:
        played = Played(tail=20, greet=False)
        played.answer(greeted(20, credit=0))

        played.later(50).answer(greeted(4))

        assert Push(4, 500) == played.next()
        assert ("running", "") == played.shown

    def test_a_root_that_differs_after_a_push_is_a_fork(self) -> None:
        played = Played(tail=20)
        played.answer(Pushed(Standing(20, forked=(OWN,))))
        played.machine.on_commit(30)

        assert played.next() is None
        assert ("stopped", "forked") == played.shown

    def test_a_restored_node_fetches_its_own_history_before_it_pushes(self) -> None:
        """FEDERATION 2.3 no. 6 and 8: the superior holds more of this node than the node itself."""
        played = Played(tail=20, greet=False)
        played.answer(greeted(20, ahead=(OWN,)))

        assert ("running", "behind") == played.shown
        assert Fetch("520402", 1, 21) == played.answer(Fetched(10))
        assert Hello() == played.answer(greeted(20))
        assert ("running", "") == played.shown

    def test_a_superior_that_cannot_give_it_back_is_asked_every_ten_minutes(self) -> None:
        """What is damaged there may be repaired: nobody has to start this node again for it."""
        played = Played(tail=20, greet=False)
        played.answer(greeted(20, ahead=(OWN,)))
        played.answer(Fetched(0))

        assert ("stopped", "damaged") == played.shown
        assert [] == played.later(599).machine.calls(played.now)
        assert [Hello()] == played.later(1).machine.calls(played.now)
        played.machine.on_reply(Hello(), greeted(20, ahead=(OWN,)), played.now)
        assert Fetch("520402", 1, 21) == played.answer(Fetched(10))
        played.answer(greeted(20))
        assert ("running", "") == played.shown

    def test_more_of_a_subordinates_stream_above_is_no_matter(self) -> None:
        """The subordinate itself sends it again."""
        played = Played(tail=20, greet=False)
        played.answer(greeted(10, ahead=(Position("520402-kfq", 1, 5, ROOT),)))

        assert Push(10, 500) == played.next()

    def test_a_down_stream_that_does_not_fit_is_greeted_about(self) -> None:
        played = Played(tail=20, cursor=20)
        played.answer(Pulled(3, fits=False), Lane.DOWN)

        assert (Hello(), None) == (played.next(), played.next(Lane.DOWN))


class TestFailures:
    """Waiting, greeting anew, splitting, stopping."""

    def test_a_superior_that_is_away_keeps_the_whole_link_waiting(self) -> None:
        played = Played(tail=20)
        played.fail(Failure("UNAVAILABLE"))

        assert [] == played.machine.calls(played.now)
        assert ("waiting", "") == played.shown
        at = played.machine.look_again_at(Lane.UP, played.now)
        assert at is not None and timedelta(seconds=5) <= at - NOON <= timedelta(seconds=10)
        assert Push(0, 500) == played.later(10).next()

    def test_the_wait_grows_to_two_minutes_and_never_ends(self) -> None:
        played = Played(tail=20)
        for _ in range(50):
            played.fail(Failure("UNAVAILABLE"))
            at = played.machine.next_attempt_at(played.now)
            assert at is not None and at - played.now <= timedelta(seconds=120)
            played.now = at

        assert (50, "UNAVAILABLE") == (played.machine.attempts, played.machine.last_error)

    def test_both_lanes_failing_at_once_count_as_one(self) -> None:
        played = Played(tail=20)
        up, down = played.machine.calls(played.now)

        played.machine.on_failure(up, Failure("UNAVAILABLE"), played.now)
        played.machine.on_failure(down, Failure("UNAVAILABLE"), played.now)

        assert 1 == played.machine.attempts

    def test_any_answer_clears_the_wait_at_once(self) -> None:
        """FEDERATION 2.4: a node that hears from its superior is done with waiting."""
        played = Played(tail=20)
        pull = played.next(Lane.DOWN)
        assert pull is not None
        played.fail(Failure("UNAVAILABLE"))

        played.machine.on_reply(pull, Pulled(0), played.now)

        assert Push(0, 500) == played.next()
        assert (0, "", None) == (played.machine.attempts, played.machine.last_error, played.machine.not_before)

    def test_a_wait_that_was_kept_holds_after_a_restart(self) -> None:
        """FEDERATION 2.4: a restart must not reset the protection from the storm."""
        machine = Uplink("520402", Random(1), attempts=9, not_before=NOON + timedelta(seconds=70))

        assert [] == machine.calls(NOON + timedelta(seconds=69))
        assert [Hello()] == machine.calls(NOON + timedelta(seconds=70))

    def test_who_is_heard_by_another_process_is_greeted_at_once(self) -> None:
        """FEDERATION 2.4: any success ends the wait; what stands otherwise the greeting says."""
        machine = Uplink("520402", Random(1), attempts=9, not_before=NOON + timedelta(seconds=70))

        machine.on_heard_elsewhere()

        assert [Hello()] == machine.calls(NOON)

    def test_an_unknown_outcome_is_asked_about_first(self) -> None:
        played = Played(tail=20)
        played.fail(Failure("DEADLINE_EXCEEDED"))

        assert Hello() == played.later(10).next()

    @pytest.mark.parametrize("lane", [Lane.UP, Lane.DOWN])
    def test_a_forgotten_session_greets_at_once(self, lane: Lane) -> None:
        played = Played(tail=20)
        played.fail(refusing(Code.NEED_HELLO), lane)

        assert Hello() == played.next()

    def test_a_batch_too_large_is_never_repeated_as_it_is(self) -> None:
        """FEDERATION 2.3 no. 16; after it passed, batches grow again."""
        played = Played(tail=2000)
        sizes = []
        for _ in range(4):
            call = played.fail(Failure("RESOURCE_EXHAUSTED"))
            assert isinstance(call, Push)
            sizes.append(call.entries_max)
        played.answer(Pushed(Standing(31)))

        assert [500, 250, 125, 62] == sizes
        assert Push(31, 62) == played.next()

    def test_an_entry_that_alone_does_not_pass_opens_the_circuit_for_pushes_only(self) -> None:
        played = Played(tail=2000)
        for _ in range(9):
            played.fail(Failure("RESOURCE_EXHAUSTED"))

        assert ("stopped", "oversized") == played.shown
        assert (None, Pull(25_000)) == (played.next(), played.next(Lane.DOWN))

    def test_a_fault_of_the_superior_halves_the_batch_after_three_tries(self) -> None:
        played = Played(tail=2000)
        sizes = []
        for _ in range(5):
            call = played.fail(Failure("INTERNAL"))
            assert isinstance(call, Push)
            sizes.append(call.entries_max)
            played.later(130).answer(greeted(0))

        assert [500, 500, 500, 500, 250] == sizes

    def test_busy_holds_the_pushes_back_for_as_long_as_was_asked(self) -> None:
        played = Played(tail=20)
        played.fail(refusing(Code.BUSY, retry_after_ms=1500))

        assert (None, Pull(25_000)) == (played.later(1.4).next(), played.next(Lane.DOWN))
        assert Push(0, 500) == played.later(0.1).next()

    def test_a_pause_that_the_answer_asks_for_is_kept(self) -> None:
        played = Played(tail=20)
        played.answer(Pushed(Standing(10), retry_after=timedelta(seconds=2)))

        assert played.later(1.9).next() is None
        assert Push(10, 500) == played.later(0.1).next()

    @pytest.mark.parametrize(
        ("failure", "reason"),
        [
            (refusing(Code.NODE_SUSPENDED), "suspended"),
            (refusing(Code.NODE_REVOKED), "revoked"),
            (refusing(Code.NODE_NOT_REGISTERED), "unregistered"),
            (Failure("UNAVAILABLE", Refusal(Code.PEER_IDENTITY)), "identity"),
            (refusing(Code.PROTOCOL_UNSUPPORTED), "version"),
        ],
    )
    def test_who_is_refused_as_a_node_only_probes(self, failure: Failure, reason: str) -> None:
        """One Hello in ten minutes; people are told; an answer ends it."""
        played = Played(tail=20)
        played.fail(failure)

        assert ("stopped", reason) == played.shown
        assert [] == played.later(599).machine.calls(played.now)
        assert [Hello()] == played.later(1).machine.calls(played.now)
        played.machine.on_reply(Hello(), greeted(0), played.now)
        assert ("running", "") == played.shown

    @pytest.mark.parametrize(
        ("failure", "reason"),
        [(refusing(Code.STALE_EPOCH), "stale"), (Failure("DATA_LOSS"), "damaged")],
    )
    def test_what_is_mended_at_the_other_end_is_asked_for_every_ten_minutes(self, failure: Failure, reason: str) -> None:
        """A new epoch, an entry that the superior repaired: nobody has to start this node again for it."""
        played = Played(tail=20)
        played.fail(failure)

        assert ("stopped", reason) == played.shown
        assert [] == played.later(599).machine.calls(played.now)
        assert [Hello()] == played.later(1).machine.calls(played.now)
        played.machine.on_reply(Hello(), greeted(0), played.now)
        assert ("running", "") == played.shown

    @pytest.mark.parametrize(("failure", "reason"), [(refusing(Code.CLONE_SUSPECTED), "clone")])
    def test_what_an_operator_must_decide_ends_every_call(self, failure: Failure, reason: str) -> None:
        played = Played(tail=20)
        played.fail(failure)

        assert [] == played.later(1_000_000).machine.calls(played.now)
        assert ("stopped", reason) == played.shown
        assert played.machine.look_again_at(Lane.UP, played.now) is None

    def test_a_superior_with_two_histories_is_not_pulled_from(self) -> None:
        played = Played(tail=20)
        played.fail(refusing(Code.FORK), Lane.DOWN)

        assert (Push(0, 500), None) == (played.next(), played.next(Lane.DOWN))
        assert ("running", "forked") == played.shown

    def test_our_own_shutdown_is_no_failure(self) -> None:
        played = Played(tail=20)
        played.fail(Failure("CANCELLED"))

        assert (0, "") == (played.machine.attempts, played.machine.last_error)
        assert Push(0, 500) == played.next()
