"""
One peer's session as a state machine, from the subordinate's side, without any input or output.

In come replies, failures, commits and the time; out come the next call of each lane and when to look again.  Two lanes run
at once, each with one call in flight at most: *up* greets, pushes and fetches, *down* pulls.

Durable is nothing here.  The journal is; the cursor, the number of attempts and the next one are kept in the link's row by
whoever drives the machine, and even those only spare work: each session begins with `Hello`, whose answer sets the cursor
to what the superior really holds.  So a position that went back (the superior was restored) takes the cursor back, and
nothing is ever pruned.  Bounds: one batch of 500 entries in flight; a `Hello` at most 60 s after the last; a `Pull` waits
25 s at most.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from federation.retry import USUAL, Decision, Failure, Pace, Random, Then, decide
from node.domain.refusal import Code
from node.storage.journal import Position, Spot

# One batch carries at most so much; an entry that is larger alone goes alone.
batch_entries_max = 500
batch_bytes_max = 1024 * 1024
hello_every_seconds = 50.0
pull_wait_ms = 25_000

# The peer did not answer: any answer at all ends this.  What it cannot take just now is another matter, that call's own.
_AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})
# The superior holds another history: nothing goes up before operators have said which one goes on.
_SPLIT = ("forked", "parted")


class State(Enum):
    """For the status page."""

    GREETING = "greeting"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"


class Lane(Enum):
    """What may run at once."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Hello:
    """Ask where the superior stands, and say that this node is there."""

    lane = Lane.UP


@dataclass(frozen=True)
class Push:
    """Send what was taken behind ``after``: at most ``entries_max`` entries."""

    lane = Lane.UP

    after: int
    entries_max: int


@dataclass(frozen=True)
class Fetch:
    """Get back entries, own ones or mirrored ones, that only the superior still holds, from ``from_seq`` on."""

    lane = Lane.UP

    node: str
    epoch: int
    from_seq: int


@dataclass(frozen=True)
class Repair:
    """Get one entry of a stream that is damaged here as the superior holds it."""

    lane = Lane.UP

    node: str
    epoch: int
    seq: int


@dataclass(frozen=True)
class Pull:
    """Ask for what comes down, and wait for it."""

    lane = Lane.DOWN

    wait_ms: int


Call = Hello | Push | Fetch | Repair | Pull


@dataclass(frozen=True)
class Standing:
    """
    How the positions that the superior reported stand to the own streams (``outgoing`` compares them).

    ``cursor``: everything taken up to here is held there.  ``forked``: streams whose root there is another one.
    ``ahead``: streams of which the superior holds more than this node; ``lost``: those of the subtree among them that can be
    fetched, with how many entries are here.
    """

    cursor: int
    forked: tuple[Position, ...] = ()
    ahead: tuple[Position, ...] = ()
    lost: tuple[tuple[Position, int], ...] = ()


@dataclass(frozen=True)
class Greeted:
    """
    `Hello` was answered.  ``credit`` 0: the superior takes nothing (the link is forked there).  ``damaged``: places whose
    entries are to be fetched from it.  ``epochs``: in which the superior and those above it are, as far as it says.
    """

    standing: Standing
    credit: int
    own_size: int
    damaged: tuple[Spot, ...] = ()
    epochs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pushed:
    """`Push` was answered; ``standing`` is that of the batch's streams."""

    standing: Standing
    retry_after: timedelta = timedelta()


@dataclass(frozen=True)
class Fetched:
    """`Fetch` was answered, and what came is durable here; nothing came if ``entries`` is 0."""

    entries: int


@dataclass(frozen=True)
class Repaired:
    """`Fetch` was answered for a damaged place.  ``is_healed``: what came fits the stream's root, and stands there now."""

    spot: Spot
    is_healed: bool


@dataclass(frozen=True)
class Pulled:
    """`Pull` was answered, and what came is durable here.  ``fits``: both roots of the down stream agree."""

    entries: int
    fits: bool = True


Reply = Greeted | Pushed | Fetched | Repaired | Pulled


@dataclass(frozen=True)
class Status:
    """What people are shown: ``reason`` is a word ("identity", "forked", "suspended", ...) or empty."""

    state: State
    reason: str
    attempts: int
    next_attempt_at: datetime | None


@dataclass
class Uplink:
    """
    The machine of one uplink.

    Args:
        node: this node's code; its own stream is the one that it may have to fetch back.
        random: for jitter; seeded in the simulator.
        attempts, not_before, last_error: as the link's row kept them.
    """

    node: str
    random: Random
    pace: Pace = USUAL
    attempts: int = 0
    not_before: datetime | None = None
    last_error: str = ""
    hello_every: timedelta = timedelta(seconds=hello_every_seconds)
    # Everything taken here up to `cursor` is durable above; up to `tail` there is something.
    cursor: int = 0
    tail: int = 0
    heard_at: datetime | None = None
    _greeted: bool = False
    _must_greet: bool = False
    _hello_due: datetime | None = None
    _entries_max: int = batch_entries_max
    _in_flight: set[Lane] = field(default_factory=set)
    # How often a kind of call failed by more than absence, and when the next of it may be.
    _faults: dict[type[Call], int] = field(default_factory=dict)
    _after: dict[type[Call], datetime] = field(default_factory=dict)
    # Nothing but probing Hellos (alarm), no pushing (forked, behind), no pulling, nothing at all (ended).
    _alarm: str = ""
    _up_blocked: str = ""
    _down_blocked: str = ""
    _down_blocked_until: datetime | None = None
    _epochs: dict[str, int] = field(default_factory=dict)
    _ended: str = ""
    _missing: tuple[Position, int] | None = None
    _repairs: list[Spot] = field(default_factory=list)
    # Damage that the superior could not repair; the link goes on beside it.
    _flaw: str = ""
    # Kinds of call that do not pass even in their smallest form, and the word for it: until one passes, all behind it waits.
    _open: dict[type[Call], str] = field(default_factory=dict)

    # --- what to do next ----------------------------------------------------------------------------------------------

    def calls(self, now: datetime) -> list[Call]:
        """The next call of each lane that is free; they are in flight from here on."""
        return [call for lane in Lane if (call := self.next_call(lane, now)) is not None]

    def next_call(self, lane: Lane, now: datetime) -> Call | None:
        """The next call of *lane*, in flight from here on; None if there is none, or one is in flight."""
        if lane in self._in_flight or self._ended or (self.not_before is not None and now < self.not_before):
            return None
        call = self._next_up(now) if lane is Lane.UP else self._next_down()
        if call is None or now < self._after.get(type(call), now):
            return None
        self._in_flight.add(lane)
        self._must_greet = self._must_greet and not isinstance(call, Hello)
        return call

    def _next_up(self, now: datetime) -> Call | None:
        if self._must_greet or not self._greeted or self._hello_due is None or now >= self._hello_due:
            return Hello()
        if self._missing is not None:
            position, size = self._missing
            return Fetch(position.node, position.epoch, size + 1)
        if self._repairs:
            return Repair(*self._repairs[0])
        if self.cursor < self.tail and not self._up_blocked:
            return Push(self.cursor, self._entries_max)
        return None

    def _next_down(self) -> Call | None:
        return Pull(pull_wait_ms) if self._greeted and not self._down_blocked else None

    def look_again_at(self, lane: Lane, now: datetime) -> datetime | None:
        """When *lane* may have a call by the clock alone; None: only after a commit, a reply or an operator's act."""
        if self._ended or lane in self._in_flight:
            return None
        if self.not_before is not None and now < self.not_before:
            return self.not_before
        times = [at for kind, at in self._after.items() if kind.lane is lane and at > now]
        if lane is Lane.UP and self._hello_due is not None:
            times.append(max(self._hello_due, self._after.get(Hello, self._hello_due)))
        return min(times, default=None)

    # --- what happened ------------------------------------------------------------------------------------------------

    def on_commit(self, taken: int) -> None:
        """Something was appended here: *taken* is the head's."""
        self.tail = max(self.tail, taken)

    def greet_again(self) -> None:
        """The next call up is a greeting, also if one is in flight that began before."""
        self._must_greet = True

    def on_heard_elsewhere(self) -> None:
        """Another process of this node was answered just now: it is greeted at once, and the greeting says how things stand."""
        self.not_before = None
        self.greet_again()

    def on_nothing(self, call: Push, upto: int) -> None:
        """The journal has nothing for above behind ``call.after``, up to *upto*: what lies there came from above."""
        self._in_flight.discard(call.lane)
        self.cursor = max(self.cursor, upto)

    def on_reply(self, call: Call, reply: Reply, now: datetime) -> None:
        """The superior answered: whatever kept us waiting is over (Synapse's rule: any success clears the back-off)."""
        self._in_flight.discard(call.lane)
        self._heard(call, now)
        match reply:
            case Greeted():
                self._on_greeted(reply, now)
            case Pushed():
                self.cursor = reply.standing.cursor
                self._entries_max = min(batch_entries_max, self._entries_max * 2)
                if reply.standing.forked:
                    self._up_blocked = self._parting(reply.standing.forked)
                if reply.retry_after:
                    self._after[Push] = now + reply.retry_after
            case Fetched():
                # Where we stand now, and whether that was all, the next Hello says.
                self._missing, self._greeted = None, False
                if reply.entries == 0 and isinstance(call, Fetch) and call.node == self.node:
                    # It says that it has more and gives nothing: what is damaged there may be repaired.
                    self._alarm = "damaged"
                    self.not_before = now + timedelta(seconds=self.pace.probe_seconds)
            case Repaired():
                self._repairs = [spot for spot in self._repairs if spot != reply.spot]
                self._flaw = self._flaw if reply.is_healed else "unrepaired"
            case Pulled():
                self._greeted = self._greeted and reply.fits

    def _on_greeted(self, reply: Greeted, now: datetime) -> None:
        self._greeted, self._alarm = True, ""
        self._hello_due = now + self.hello_every
        standing = reply.standing
        is_forked = bool(standing.forked) or reply.credit == 0
        # Beside another history nothing more of this one is held there, whatever its size says.
        self.cursor = min(self.cursor, standing.cursor) if is_forked else standing.cursor
        own = next((one for one in standing.ahead if one.node == self.node), None)
        # Where the superior says that the beginnings differ, what it has more belongs behind another history.
        missing = ((own, reply.own_size),) if own is not None else standing.lost
        self._missing = next(iter(missing), None) if reply.credit else None
        self._repairs = list(reply.damaged)
        self._flaw = self._flaw if reply.damaged else ""
        # A superior in a new epoch, however far above, has found back to one history: what comes down is looked at at once.
        risen = {node: epoch for node, epoch in reply.epochs.items() if epoch > self._epochs.get(node, 0)}
        self._epochs |= risen
        if self._down_blocked_until is not None and (risen or now >= self._down_blocked_until):
            self._down_blocked, self._down_blocked_until = "", None
        if is_forked:
            self._up_blocked = self._parting(standing.forked if reply.credit else (*standing.forked, *standing.ahead))
        else:
            self._up_blocked = "behind" if own is not None else ""

    def _parting(self, apart: Iterable[Position]) -> str:
        """Whose history the superior holds another one of: "forked", this node's own; "parted", of nodes below alone."""
        nodes = {one.node for one in apart}
        return "parted" if nodes and self.node not in nodes else "forked"

    def _heard(self, call: Call, now: datetime) -> None:
        self.heard_at = now
        self._faults.pop(type(call), None)
        self._after.pop(type(call), None)
        self._open.pop(type(call), None)
        self.attempts = max(self._faults.values(), default=0)
        self.not_before = None
        if not self._faults:
            self.last_error = ""

    def on_failure(self, call: Call, failure: Failure, now: datetime) -> None:
        """The call failed.  CANCELLED is our own shutdown and changes nothing."""
        self._in_flight.discard(call.lane)
        if failure.status == "CANCELLED":
            return
        if failure.status in _AWAY and self.not_before is not None and now < self.not_before:
            return  # the other lane's call has said the same before
        if failure.status in _AWAY:
            self._open.clear()  # who is away is shown as away; what did not pass shows again at its next try
            self.attempts += 1
            attempts = self.attempts
        else:
            attempts = self._faults[type(call)] = self._faults.get(type(call), 0) + 1
            self.attempts = max(self.attempts, attempts)
        self.last_error = failure.word
        self._follow(call, failure, decide(attempts, failure, now, self.random, self.pace), now)

    def _follow(self, call: Call, failure: Failure, decision: Decision, now: datetime) -> None:
        if decision.at is not None and (decision.then is Then.GREET or failure.status == "UNAVAILABLE"):
            self.not_before = decision.at  # the whole link
        elif decision.at is not None:
            self._after[type(call)] = decision.at
        match decision.then:
            case Then.GREET:
                self._greeted = False
                self._alarm = decision.alarm
            case Then.SPLIT if isinstance(call, Push) and self._entries_max > 1:
                self._entries_max = max(1, min(self._entries_max, call.entries_max) // 2)
            case Then.SPLIT:
                # One entry alone, and it does not pass: the circuit is open, people are told until it does.
                self._after[type(call)] = now + timedelta(seconds=self.pace.circuit_seconds)
                self._open[type(call)] = decision.alarm or "oversized"
            case Then.STOP if failure.code is Code.FORK and call.lane is Lane.UP:
                self._up_blocked = "forked"
                self._after[type(call)] = now + timedelta(seconds=self.pace.probe_seconds)
            case Then.STOP if failure.code is Code.FORK:
                # Looked at again: the superior may have found back to the history that is known here.
                self._down_blocked, self._down_blocked_until = "forked", now + timedelta(seconds=self.pace.probe_seconds)
            case Then.STOP if failure.code is Code.STALE_EPOCH or failure.status == "DATA_LOSS":
                # Ends without a restart once the epoch was followed, or the damage there repaired.
                self._greeted, self._alarm = False, decision.alarm
                self.not_before = now + timedelta(seconds=self.pace.probe_seconds)
            case Then.AGAIN if failure.code is Code.HANDED_OVER:
                # What comes down still comes; each greeting looks again whether the move was called off.
                self._up_blocked = "handed_over"
            case Then.STOP:
                self._ended = decision.alarm

    # --- what people see ----------------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """True if the superior holds everything that is here for it."""
        return self._greeted and self.cursor >= self.tail

    def status(self, now: datetime) -> Status:
        """How it stands; a reason without STOPPED is an alarm beside a link that still probes or pulls."""
        does_not_pass = next(iter(self._open.values()), "")
        reason = self._ended or self._alarm or does_not_pass or self._up_blocked or self._down_blocked or self._flaw
        if self._ended or self._alarm or does_not_pass or self._up_blocked in _SPLIT:
            state = State.STOPPED
        elif self.next_attempt_at(now) is not None:
            state = State.WAITING
        else:
            state = State.RUNNING if self._greeted else State.GREETING
        return Status(state, reason, self.attempts, self.next_attempt_at(now))

    def next_attempt_at(self, now: datetime) -> datetime | None:
        """When the link goes on after a failure; None if nothing holds it back."""
        held = [at for at in (self.not_before, *self._after.values()) if at is not None and at > now]
        return max(held, default=None)
