"""
The protocol without one of its rules, each as a change to the product that a test applies (FEDERATION 0.1 and T03).

A mutant is put on with a monkeypatch, so the product has no switches.  What no seed can find, since another rule does the
same, stands in ``EQUIVALENT`` with its reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from federation import codec, giving_back, greeting, mirror, outgoing, server
from federation.link import Lane, Standing, Uplink
from federation.session import Session
from federation.v1 import link_pb2
from node.domain.merkle import leaf_hash
from node.domain.refusal import Code, Refusal
from node.domain.ticket import fold
from node.domain.ticket.decide import decide as decide_ticket
from node.domain.ticket.records import Custody
from node.services import handle
from node.services.handle import Handler
from node.storage import schema
from node.storage.guard import Guard

Mutate = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """A rule that is left out, the fault that brings it to light, and the invariants that may notice."""

    mutate: Mutate
    fault: str
    noticed_by: frozenset[str]


class _Early(Exception):
    """Ends the transaction of a Push after its answer was made."""

    def __init__(self, taken: mirror.Taken) -> None:
        super().__init__()
        self.taken = taken


def _ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Now and then the answer to a Push goes out before its transaction commits, which then does not."""
    take, push = mirror.Mirror.take, server.LinkServer.Push
    is_early = [False]

    def taking(self: Any, work: Any, peer: str, segments: Any) -> Any:
        taken = take(self, work, peer, segments)
        if is_early[0] and taken.entries:
            raise _Early(taken)
        return taken

    def pushing(self: Any, request: Any, context: Any) -> Any:
        is_early[0] = self._level.random.random() < 0.1
        try:
            return push(self, request, context)
        except _Early as early:
            return link_pb2.PushResponse(positions=[codec.position_to_pb(one) for one in early.taken.positions], credit=500)
        finally:
            is_early[0] = False

    patch.setattr(mirror.Mirror, "take", taking)
    patch.setattr(server.LinkServer, "Push", pushing)


def _repeat_is_appended(patch: pytest.MonkeyPatch) -> None:
    """The id of a reaction's command is not looked for: what is done twice has two effects."""
    patch.setattr(Handler, "_first_outcome", lambda _self, _work, _order: None)


def _gap_is_jumped(patch: pytest.MonkeyPatch) -> None:
    """Entries behind a gap are taken under their own numbers, as if what lies before were there."""
    real = mirror._Batch.take

    def take(self: Any, segment: Any) -> Any:
        stream = segment.node, segment.epoch
        size = self._sizes.setdefault(stream, self.work.journal.range_of(*stream).size)
        self._sizes[stream] = max(size, segment.from_seq - 1)
        return real(self, segment)

    patch.setattr(mirror._Batch, "take", take)


def _cursor_runs_ahead(patch: pytest.MonkeyPatch) -> None:
    """The cursor is set to what was sent, whatever the answer says."""
    real = outgoing.after_push
    patch.setattr(outgoing, "after_push", lambda view, batch, reported, roots: replace(real(view, batch, [], roots), cursor=batch.upto))
    patch.setattr(outgoing, "standing", lambda view, *_args: Standing(view.head.taken))


def _positions_only_grow(patch: pytest.MonkeyPatch) -> None:
    """Positions only grow: what a restored superior says is not believed."""
    real = Uplink._on_greeted

    def on_greeted(self: Any, reply: Any, now: Any) -> None:
        former = self.cursor
        real(self, reply, now)
        self.cursor = max(former, self.cursor)

    patch.setattr(Uplink, "_on_greeted", on_greeted)


def _custody_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Whoever has the ticket's file may handle it."""
    real = decide_ticket

    def decide(ticket: Any, command: Any, facts: Any, policy: Any, now: Any) -> Any:
        if ticket is not None and not command.is_side and not command.starts:
            own = replace(ticket.custody, holder=policy.node, asked="")
            return real(replace(ticket, custody=own), command, facts, policy, now)
        return real(ticket, command, facts, policy, now)

    patch.setattr(handle, "decide_ticket", decide)


def _idle_nodes_do_not_greet(patch: pytest.MonkeyPatch) -> None:
    """A node that has nothing to send does not ask where its superior stands, and does not wake for it."""
    next_up, look_again_at = Uplink._next_up, Uplink.look_again_at

    def is_idle(self: Any) -> bool:
        return bool(self._greeted and not self._must_greet and self.cursor >= self.tail)

    patch.setattr(Uplink, "_next_up", lambda self, now: None if is_idle(self) else next_up(self, now))
    patch.setattr(
        Uplink, "look_again_at", lambda self, lane, now: None if lane is Lane.UP and is_idle(self) else look_again_at(self, lane, now)
    )


def _forks_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """Roots are not compared, neither above nor below."""
    patch.setattr(greeting, "_is_forked", lambda *_args: False)
    real = outgoing.standing
    patch.setattr(outgoing, "standing", lambda *args: replace(real(*args), forked=()))


def _position_has_a_transaction_of_its_own(patch: pytest.MonkeyPatch) -> None:
    """Entries are durable, and now and then the node dies before it has written how far they go."""
    push = server.LinkServer.Push

    def pushing(self: Any, request: Any, context: Any) -> Any:
        level, streams = self._level, schema.streams
        with level.store.read() as view:
            before = view.connection.execute(select(streams)).all()
        answer = push(self, request, context)
        if level.random.random() < 0.05:

            def forget(work: Any) -> None:
                for row in before:
                    its = (streams.c.node == row.node, streams.c.epoch == row.epoch, streams.c.node != work.head.node)
                    work.connection.execute(update(streams).where(*its).values(size=row.size, peaks=row.peaks))

            level.writer.command(forget)
            raise Refusal(Code.BUSY, retry_after_ms=500)
        return answer

    patch.setattr(server.LinkServer, "Push", pushing)


def _acknowledged_is_pruned(patch: pytest.MonkeyPatch) -> None:
    """What the superior holds is deleted here."""
    keep = Session._keep

    def keeping(self: Any) -> None:
        keep(self)
        table = schema.entries

        def prune(work: Any) -> None:
            work.connection.execute(delete(table).where(table.c.taken <= self.machine.cursor, table.c.subject_kind == "ticket"))

        self.level.writer.command(prune)

    patch.setattr(Session, "_keep", keeping)


def _stale_epoch_gets_no_answer(patch: pytest.MonkeyPatch) -> None:
    """Who greets in an epoch that is over is put off for ever."""
    real = greeting._stale

    def stale(*args: Any) -> Any:
        return None if real(*args) is None else Refusal(Code.BUSY, retry_after_ms=5_000)

    patch.setattr(greeting, "_stale", stale)


def _nothing_is_compared(patch: pytest.MonkeyPatch) -> None:
    """Neither roots nor the bytes of what comes again."""
    _forks_are_not_looked_for(patch)
    real = mirror._Batch.take

    def take(self: Any, segment: Any) -> Any:
        spots = [(segment.node, segment.epoch, seq) for seq in range(segment.from_seq, segment.from_seq + len(segment.entries))]
        self.leaves |= {spot: leaf_hash(one.data) for spot, one in zip(spots, segment.entries, strict=True)}
        return real(self, segment)

    patch.setattr(mirror._Batch, "take", take)


def _asking_freezes_nothing(patch: pytest.MonkeyPatch) -> None:
    """Who asked the level above goes on handling."""
    patch.setattr(Custody, "is_frozen", property(lambda _self: False))


def _any_opener_is_lawful(patch: pytest.MonkeyPatch) -> None:
    """What comes too late under a former number takes effect: there is no fence at the sink."""
    patch.setattr(fold, "_may_open", lambda head, run, _rank: 1 <= head.custody.follows <= len(run))


def _nothing_is_given_back(patch: pytest.MonkeyPatch) -> None:
    """What a superior lost stays below."""
    patch.setattr(giving_back, "give_back", lambda *_args: 0)


def _guard_is_not_read(patch: pytest.MonkeyPatch) -> None:
    """Nothing outside the database is asked whether the database is an old one."""
    patch.setattr(Guard, "fits", lambda _self, _view: True)


def _left_behind_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Who gives up a history for another one keeps nothing of what it gives up."""
    keep = mirror.Mirror.keep_incident

    def keeping(self: Any, work: Any, kind: str, *rest: Any) -> None:
        if kind != "branch":
            keep(self, work, kind, *rest)

    patch.setattr(mirror.Mirror, "keep_incident", keeping)


MUTANTS: Mapping[str, Mutant] = {
    "ack before commit": Mutant(_ack_before_commit, "partition", frozenset({"I02"})),
    "a repeat has a second effect": Mutant(_repeat_is_appended, "reorder", frozenset({"I05"})),
    "the position has a transaction of its own": Mutant(
        _position_has_a_transaction_of_its_own, "loss", frozenset({"BUG", "I01", "I03", "I09"})
    ),
    "what is acknowledged is pruned": Mutant(_acknowledged_is_pruned, "restore", frozenset({"I01", "I06", "I08", "BUG"})),
    "positions only grow": Mutant(_positions_only_grow, "restore", frozenset({"I02", "I09"})),
    "the cursor is advanced whatever the answer says": Mutant(_cursor_runs_ahead, "loss", frozenset({"I02"})),
    "an idle node does not greet": Mutant(_idle_nodes_do_not_greet, "restore", frozenset({"I09", "I11"})),
    "a stale epoch gets no answer": Mutant(_stale_epoch_gets_no_answer, "restore_unguarded", frozenset({"I09"})),
    "a gap is jumped over": Mutant(_gap_is_jumped, "restore", frozenset({"I01", "I13", "BUG", "I09"})),
    "roots are not compared": Mutant(_forks_are_not_looked_for, "restore_unguarded", frozenset({"I01", "I02", "I04", "I08", "I09", "I13"})),
    "nothing is compared": Mutant(_nothing_is_compared, "restore_unguarded", frozenset({"I01", "I02", "I04", "I08", "I13"})),
    "the custody number is not compared": Mutant(_custody_is_not_compared, "partition", frozenset({"I16", "I17", "I18"})),
    "asking freezes nothing": Mutant(_asking_freezes_nothing, "partition", frozenset({"I16", "I17", "I18"})),
    "any opener is lawful": Mutant(_any_opener_is_lawful, "usurp", frozenset({"I16", "I18", "I19", "I22", "I24"})),
    "nothing is given back": Mutant(_nothing_is_given_back, "restore", frozenset({"I11", "I16", "I18", "I19", "I20"})),
    "what is left behind is not kept": Mutant(_left_behind_is_not_kept, "restore_unguarded", frozenset({"I15"})),
    "the guard is not read": Mutant(_guard_is_not_read, "restore", frozenset({"I04", "I09", "I11", "I13"})),
}
# Rules of table 0.1 whose lack no seed shows, and why.
EQUIVALENT: Mapping[str, str] = {
    "the sequence is max() + 1 over the table": (
        "nothing is ever deleted from the epoch that is being written, so both give the same number"
    ),
    "what lies behind a gap is taken as the next": "an entry says its own place, so it is refused there as malformed",
    "bytes of what comes again are not compared": "the root of the next answer tells the same, one call later",
    "roots are compared by the superior alone": "it compares at each greeting, and so finds what an answer to a push would have shown",
}
