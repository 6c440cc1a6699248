"""
Drives the uplink's machine: does the calls that it asks for, and makes durable what they bring.

A step is one call: read what it needs, call, compare or take the answer, tell the machine, keep its state in the link's
row.  Steps of the two lanes may run in two threads; the machine is touched under a lock, never while a call is out.  The
simulator makes the same steps in one thread.  What is durable before it counts: entries from above before their position
is said, and nothing else; the cursor is what the superior says.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import bindparam, select, update

from federation import blobs, codec, epochs, giving_back, hello, line_epochs, outgoing, passing_on, taking_back
from federation.arriving import take_whole_or_one_by_one
from federation.client import Peer
from federation.codec import DownPosition, Segment
from federation.enrolment import REACTION_ACTOR, rewrap, take_place
from federation.level import Clock, Level
from federation.link import (
    Call,
    Fetch,
    Fetched,
    Greeted,
    Hello,
    Lane,
    Pull,
    Pulled,
    Push,
    Pushed,
    Repair,
    Repaired,
    Reply,
    Standing,
    Uplink,
    batch_entries_max,
)
from federation.mirror import Mirror
from federation.outgoing import Batch, Roots
from federation.reconciling import note_refused
from federation.retry import CallFailed, Failure, Inner, Pace
from federation.v1 import link_pb2
from node.domain.refusal import Code, Refusal
from node.services import reconcile
from node.services.attachments import Wanted
from node.storage import schema
from node.storage.database import instant_or_none, micros_or_none
from node.storage.journal import Position
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

log = structlog.get_logger()
_NAMES = Prepared(select(schema.nodes.c.code, schema.nodes.c.name))

R = TypeVar("R")
Sleep = Callable[[float], None]
# Where only the cursor moved, the link's row may be so old: what it says is shown to people, and asked for anew after a restart.
cursor_kept_every = timedelta(seconds=1)
# Why a superior does not give an entry that it sent down.
_NOT_GIVEN = (Code.FOREIGN_STREAM, Code.ENTRY_DAMAGED)


_KEPT = ("acked", "attempts", "next_attempt_at", "last_error", "status")
_KEEP = Prepared(update(schema.links).where(schema.links.c.peer == bindparam("peer")).values({name: bindparam(name) for name in _KEPT}))


@dataclass
class Session:
    """
    One process's hold of the uplink.

    Args:
        peer: the superior's code.
        ends: what each lane calls; both may be one.
        machine: made by ``machine_of``.
        boot_id: 16 random bytes, new with every process.
        now: the steady clock by which the machine lives.
        inner: the inner layer of retry.
        helper: reads the next batch while one is under way; None: each is read when its turn comes.
    """

    level: Level
    peer: str
    ends: Mapping[Lane, Peer]
    machine: Uplink
    boot_id: bytes
    now: Clock
    inner: Inner
    helper: Executor | None = None
    # Attachments that the superior named at the last greeting; whoever exchanges them takes them from here.
    wanted: tuple[Wanted, ...] = ()
    # The superior wished a comparison at the last greeting; whoever carries it out takes the wish from here.
    is_asked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ahead: "_Ahead | None" = None
    _kept_at: datetime | None = None
    _roots: Roots = field(default_factory=Roots)
    _kept: tuple[object, ...] = ()
    _is_wrapped: bool = False
    # Where the superior stood in streams of which it holds another history than this node, by its last answer: it is shown them there.
    _apart: Mapping[tuple[str, int], int] = field(default_factory=dict)
    # Mirrored streams that the superior could not give back, or gave otherwise than they are here.
    _not_fetched: set[tuple[str, int]] = field(default_factory=set)

    def step(self, lane: Lane) -> bool:
        """Do the next call of *lane*, if there is one; False if not."""
        if lane is Lane.UP and self._knows_of_nothing():
            self._look()
        with self._lock:
            call = self.machine.next_call(lane, self.now())
        if call is None:
            return False
        try:
            reply = self._carry_out(call)
        except CallFailed as error:
            self._failed(call, error.failure)
        except Refusal as refusal:
            self._failed(call, Failure(refusal.code.status, refusal))
        except Exception:
            log.exception("link step failed", call=type(call).__name__, peer=self.peer)
            self._failed(call, Failure("INTERNAL"))
        else:
            with self._lock:
                if reply is not None:
                    self.machine.on_reply(call, reply, self.now())
        self._keep()
        return True

    def seconds_until(self, lane: Lane) -> float | None:
        """How long *lane* may sleep if no commit wakes it; None: until then."""
        with self._lock:
            now = self.now()
            at = self.machine.look_again_at(lane, now)
        return None if at is None else max(0.0, (at - now).total_seconds())

    def redial(self) -> None:
        """Dial both channels anew and greet: what this node shows was renewed."""
        for end in self.ends.values():
            end.redial()
        with self._lock:
            self.machine.greet_again()

    @property
    def is_held_back(self) -> bool:
        """True while the whole link waits for its next attempt."""
        with self._lock:
            return self.machine.not_before is not None and self.machine.not_before > self.now()

    def on_heard_elsewhere(self) -> None:
        """A command at this node was answered by the superior: any success clears what is waited for (FEDERATION 2.4)."""
        with self._lock:
            self.machine.on_heard_elsewhere()

    def close(self) -> None:
        """End both channels; a call that is out comes back as CANCELLED."""
        for end in self.ends.values():
            end.close()
        if self.helper is not None:
            self.helper.shutdown(wait=False, cancel_futures=True)

    def on_commit(self, taken: int) -> None:
        """Something for above was appended by this process: the next step up need not look for it."""
        with self._lock:
            self.machine.on_commit(taken)

    def _knows_of_nothing(self) -> bool:
        with self._lock:
            return self.machine.cursor >= self.machine.tail

    def _look(self) -> None:
        with self.level.store.read() as view:
            taken = view.head.taken
        with self._lock:
            self.machine.on_commit(taken)

    def _failed(self, call: Call, failure: Failure) -> None:
        if failure.status != "CANCELLED":
            log.info("link call failed", call=type(call).__name__, peer=self.peer, failure=failure.word)
        with self._lock:
            self.machine.on_failure(call, failure, self.now())

    def _carry_out(self, call: Call) -> Reply | None:
        match call:
            case Hello():
                return self._hello()
            case Push():
                return self._push(call)
            case Fetch():
                return self._fetch(call)
            case Repair():
                return self._repair(call)
            case Pull():
                return self._pull(call)

    # --- the calls ----------------------------------------------------------------------------------------------------

    def _hello(self) -> Greeted:
        self._ahead = None  # a journal is put right between a call that failed and the next greeting
        with self.level.store.read() as view:
            with self._lock:
                cursor = self.machine.cursor
            request = hello.request_of(self.level, view, self.peer, self.boot_id, cursor)
            self._show_apart(view, request)
            taken = view.head.taken
        try:
            answer = self._called(lambda: self.ends[Lane.UP].hello(request))
        except CallFailed as error:
            if error.failure.code is Code.STALE_EPOCH:
                self._follow_epoch(error)
            raise
        self._need_superior_in_force(answer, request.superior_epoch)
        self.wanted = blobs.wanted_from_pb(answer.wanted)
        self.is_asked = answer.reconcile
        with self.level.store.read() as view:
            standing = outgoing.standing(view, [codec.position_from_pb(one) for one in answer.positions], self._roots)
            standing = hello.as_compared(replace(standing, lost=self._lost(view, standing)), request, taken)
            own = view.journal.position(view.head.node, view.head.epoch)
            damaged = tuple(reconcile.damaged(view.connection))
        held = hello.held_by(standing, own, damaged, is_taken=answer.credit > 0)

        def note(work: UnitOfWork) -> bool:
            has_written_on = answer.credit > 0 and hello.has_written_on(work, standing, request)
            hello.note_answer(self.level, work, self.peer, answer, "forked" if has_written_on else held)
            return has_written_on

        if self.level.writer.command(note):
            standing = hello.as_forked(standing, own)
        self._note_apart(standing, is_taken=answer.credit > 0)
        if not held:
            # Nothing of its own is written while another history of this node may stand above.
            self._take_place(answer)
            self._give_back(answer)
        return Greeted(standing, answer.credit, own.size, damaged, line_epochs.said_in(answer))

    def _show_apart(self, view: View, request: link_pb2.HelloRequest) -> None:
        """Say of a stream of which the superior holds another history where this node stood at its size: it compares no further itself."""
        for one in request.positions:
            size = self._apart.get((one.node, one.epoch), one.size)
            if size < one.size:
                one.size, one.root = size, self._roots.at(view, one.node, one.epoch, size)

    def _note_apart(self, standing: Standing, *, is_taken: bool) -> None:
        """A superior that would still take something has not seen what this node has: it is greeted once more, and shown it."""
        known, self._apart = self._apart, {(one.node, one.epoch): one.size for one in standing.forked}
        if is_taken and self._apart.keys() - known.keys():
            with self._lock:
                self.machine.greet_again()

    def _lost(self, view: View, standing: Standing) -> tuple[tuple[Position, int], ...]:
        """
        Mirrored streams of which the superior holds more: this node was restored.  Its subordinates may have been, too, and then
        nobody else gives them back what they lost (2.3 nos. 6 and 11 in one night).
        """
        place = view.place()
        lost = [one for one in standing.ahead if place.is_below(one.node) and (one.node, one.epoch) not in self._not_fetched]
        return tuple((one, view.journal.position(one.node, one.epoch).size) for one in lost)

    def _need_superior_in_force(self, answer: link_pb2.HelloResponse, known: int) -> None:
        """One that says a lower epoch than was heard before is another copy of the one in force (2.3 no. 12)."""
        if answer.epoch and answer.epoch < known:
            raise Refusal(Code.SUPERIOR_FENCED, peer=self.peer, epoch=answer.epoch, current=known)

    def _follow_epoch(self, error: CallFailed) -> None:
        """The superior takes from a later epoch: a node with nothing of its own behind goes on there by itself."""
        if epochs.follow(self.level, self.ends[Lane.UP], REACTION_ACTOR) is not None:
            with self._lock:
                self.machine.greet_again()
            raise CallFailed(Failure("FAILED_PRECONDITION", Refusal(Code.NEED_HELLO, node=self.machine.node))) from error

    def _give_back(self, answer: link_pb2.HelloResponse) -> None:
        """What the superior lost goes back to it before anything is taken of its new epoch; so does what those above it lost."""
        end, epochs_above = self.ends[Lane.UP], line_epochs.said_in(answer)
        if taking_back.FEATURE in answer.features:
            self._called(lambda: giving_back.give_back(self.level, self.peer, end, self.boot_id, answer.epoch))
        if passing_on.FEATURE in answer.features:
            self._called(lambda: giving_back.give_above(self.level, self.peer, end, self.boot_id, epochs_above))

    def _take_place(self, answer: link_pb2.HelloResponse) -> None:
        line = tuple(answer.line)
        keys = codec.payload_keys_from_pb(answer.payload_keys, line)

        def take(work: UnitOfWork) -> bool:
            return take_place(self.level, work, line, dict(_NAMES.rows(work.connection)), keys)

        if self.level.writer.command(take):
            self._is_wrapped = False
        if not self._is_wrapped:  # also once in each session, and again until it is done: one may have died in between, or had no room
            self.level.writer.command(lambda work: rewrap(work, self.level.store.ring, self.level.now()))
            self._is_wrapped = True

    def _push(self, call: Push) -> Pushed | None:
        try:
            batch, request = self._next_batch(call)
        except Refusal as refusal:
            if refusal.code is not Code.ENTRY_DAMAGED:
                raise
            note_refused(self.level, refusal)
            raise CallFailed(Failure("FAILED_PRECONDITION", Refusal(Code.NEED_HELLO, node=self.machine.node))) from refusal
        if not batch.entries:
            with self._lock:
                self.machine.on_nothing(call, batch.upto)
            return None
        self._read_ahead(Push(batch.upto, call.entries_max))
        answer = self._called(lambda: self.ends[Lane.UP].push(request))
        with self.level.store.read() as view:
            standing = outgoing.after_push(view, batch, [codec.position_from_pb(one) for one in answer.positions], self._roots)
        return Pushed(standing, timedelta(milliseconds=answer.retry_after_ms))

    def _next_batch(self, call: Push) -> "_Outgoing":
        """What *call* sends: read ahead if it was, else read now."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.call == call:
            found = ahead.found.result()
            if found is not None and found[0].entries:
                return found
        return self._outgoing(call)

    def _read_ahead(self, call: Push) -> None:
        """Let the helper read what comes next, if more waits: the journal only grows, so it is the same whenever it is read."""
        if self.helper is None or call.after >= self.machine.tail:
            return
        with suppress(RuntimeError):  # the session was closed
            self._ahead = _Ahead(call, self.helper.submit(self._outgoing_or_none, call))

    def _outgoing_or_none(self, call: Push) -> "_Outgoing | None":
        try:
            return self._outgoing(call)
        except Exception:
            return None  # whoever reads it when its turn comes hears why

    def _outgoing(self, call: Push) -> "_Outgoing":
        with self.level.store.read() as view:
            batch = outgoing.read_up(view, call.after, call.entries_max)
        return batch, link_pb2.PushRequest(boot_id=self.boot_id, segments=codec.segments_to_pb(batch.segments))

    def _fetch(self, call: Fetch) -> Fetched:
        request = link_pb2.FetchRequest(node=call.node, epoch=call.epoch, from_seq=call.from_seq, max=batch_entries_max)
        answer = self._called(lambda: self.ends[Lane.UP].fetch(request))
        segment = Segment(call.node, call.epoch, call.from_seq, tuple(codec.entry_from_pb(one) for one in answer.entries))
        if call.node != self.machine.node:
            self._take_lost(segment)
            return Fetched(len(segment.entries))
        mirror, writer = Mirror(self.level.now), self.level.writer
        return Fetched(take_whole_or_one_by_one(writer, lambda work: mirror.take_own(work, segment), len(segment.entries)))

    def _take_lost(self, segment: Segment) -> None:
        """Mirror what comes back from above; where it does not fit, that is the subordinate's link's trouble and not this one's."""

        def take(work: UnitOfWork) -> Refusal | None:
            branch = work.place().branch(segment.node)
            assert branch is not None
            return Mirror(self.level.now).take(work, branch, [segment], is_given_back=True).refusal

        try:
            refusal = take_whole_or_one_by_one(self.level.writer, take, len(segment.entries))
        except Refusal as error:
            refusal = error
        if refusal is not None or not segment.entries:
            log.warning("not fetched", node=segment.node, epoch=segment.epoch, code="" if refusal is None else refusal.code.name)
            self._not_fetched.add((segment.node, segment.epoch))

    def _repair(self, call: Repair) -> Repaired:
        spot = call.node, call.epoch, call.seq
        request = link_pb2.FetchRequest(node=call.node, epoch=call.epoch, from_seq=call.seq, max=1)
        try:
            answer = self._called(lambda: self.ends[Lane.UP].fetch(request))
        except CallFailed as error:
            # Damaged there, too, or of what came down and never sent from there.  The link goes on, and asks again at each greeting.
            with self.level.store.read() as view:
                place = view.place()
            is_held_above = call.node == place.node or place.is_below(call.node)
            if error.failure.code not in _NOT_GIVEN or (is_held_above and error.failure.code is not Code.ENTRY_DAMAGED):
                raise
            return Repaired(spot, is_healed=False)

        def put_right(work: UnitOfWork) -> bool:
            is_healed = bool(answer.entries) and reconcile.heal(work, spot, answer.entries[0].content, self.level.now())
            head = work.head
            if head.held == reconcile.DAMAGED and not reconcile.stops_writing(reconcile.damaged(work.connection), head.node, head.epoch):
                head.held = ""
            return is_healed

        return Repaired(spot, self.level.writer.command(put_right))

    def _pull(self, call: Pull) -> Pulled:
        with self.level.store.read() as view:
            here = outgoing.down_head(view, self.peer)
        request = link_pb2.PullRequest(boot_id=self.boot_id, down=codec.down_to_pb(here), max=batch_entries_max, wait_ms=call.wait_ms)
        # A long poll is its own retry.
        answer = self.ends[Lane.DOWN].pull(request)
        there = codec.down_from_pb(answer.down)
        if answer.wants_blobs:
            with self._lock:
                self.machine.greet_again()
        if not answer.entries:
            return Pulled(0, fits=there.size != here.size or there.root == here.root)
        entries = [codec.entry_from_pb(one) for one in answer.entries]
        mirror = Mirror(self.level.now)

        def take(work: UnitOfWork) -> DownPosition:
            return mirror.take_down(work, self.peer, answer.epoch, answer.from_seq, entries)

        try:
            applied = take_whole_or_one_by_one(self.level.writer, take, len(entries))
        except Refusal as refusal:
            if refusal.code is Code.FORK:
                self._keep_fork(mirror, refusal)
            raise
        return Pulled(len(entries), fits=applied.size != there.size or applied.root == there.root)

    def _keep_fork(self, mirror: Mirror, refusal: Refusal) -> None:
        """A superior that tells two histories: written down, and nothing more is taken from above."""
        node, epoch, seq = refusal.facts["node"], int(refusal.facts["epoch"]), int(refusal.facts["seq"])
        self.level.writer.command(lambda work: mirror.keep_incident(work, "fork", node, epoch, seq, b""))

    def _called(self, once: Callable[[], R]) -> R:
        with self._lock:
            heard_at = self.machine.heard_at
        return self.inner.call(once, heard_at=heard_at, now=self.now())

    # --- the link's row -----------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Keep what a restart must not forget, and what people are shown, if it changed."""
        with self._lock:
            machine, now = self.machine, self.now()
            status = machine.status(now)
            values = {
                "acked": machine.cursor,
                "attempts": machine.attempts,
                "next_attempt_at": micros_or_none(machine.next_attempt_at(now)),
                "last_error": machine.last_error,
                "status": status.reason or "active",
            }
            state = tuple(values.values())
            is_fresh = self._kept_at is not None and now < self._kept_at + cursor_kept_every
            is_cursor_alone = state[1:] == self._kept[1:]
            if state == self._kept or (is_cursor_alone and is_fresh and not machine.is_idle):
                return
            self._kept, self._kept_at = state, now

        def write(work: UnitOfWork) -> None:
            _KEEP.run(work.connection, peer=self.peer, **values)

        if is_cursor_alone:
            # After a crash the superior says how far it is; a commit for each push would cost more than what was pushed.
            self.level.writer.soon(("link", self.peer), write)
        else:
            self.level.writer.command(write)
        self._note_guard()

    def _note_guard(self) -> None:
        """The superior holds everything up to the cursor: a database that goes less far is an old one from here on."""
        if self.level.guard is None or not self.machine.is_idle:
            return
        with self.level.store.read() as view:
            if not view.head.held and view.head.taken <= self.machine.cursor:
                self.level.guard.note(view.journal.position(view.head.node, view.head.epoch))


_Outgoing = tuple[Batch, link_pb2.PushRequest]


@dataclass(frozen=True)
class _Ahead:
    """What was read before its turn, and the call that it is for."""

    call: Push
    found: "Future[_Outgoing | None]"


def session_of(
    level: Level,
    peer: str,
    ends: Mapping[Lane, Peer],
    boot_id: bytes,
    *,
    pace: Pace,
    hello_every: timedelta,
    now: Clock,
    sleep: Sleep,
    helper: Executor | None = None,
) -> Session:
    """
    A session with the superior *peer*, as the link's row kept it: the cursor, and when the next attempt may be.

    Args:
        now: the steady clock (``level.steady``).
        sleep: what the inner layer waits by.
        helper: as ``Session``.
    """
    table = schema.links
    with level.store.read() as view:
        row = view.connection.execute(select(table).where(table.c.peer == peer)).one()
        node = view.head.node
    machine = Uplink(
        node,
        level.random,
        pace,
        attempts=row.attempts,
        not_before=instant_or_none(row.next_attempt_at),
        last_error=row.last_error,
        hello_every=hello_every,
        cursor=row.acked,
    )
    return Session(level, peer, ends, machine, boot_id, now, Inner(level.random, sleep, pace), helper)
