"""
One writing transaction: journal, readings, payloads and down rows together, or nothing.

The head row is its first statement and orders all writers.  Nothing of heads or positions is cached between
transactions, so the CLI may write beside a running node.
"""

import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, select, text

from node.domain.entry import Draft, Event, Header, SubjectKind
from node.domain.organisation import Place
from node.storage import lane, schema, text_index, waiting
from node.storage.database import Database
from node.storage.downs import Downs
from node.storage.journal import Head, Journal, Stored, lock_head, read_head
from node.storage.keyring import KeyRing
from node.storage.payloads import Payloads
from node.storage.readings import Moved, Readings
from node.storage.sealing import Random
from node.storage.statements import Prepared, write

log = structlog.get_logger()

Fault = Callable[[str], None]
V = TypeVar("V")


def no_fault(_point: str) -> None:
    """Where tests let a node die: nothing, outside them."""


# Whether an entry of a kind may call for a reaction (``head.reacted``).  Who reacts says so; nobody else passes one by.
Concerns = Callable[[str], bool]


def everything_concerns(_kind: str) -> bool:
    """The answer of a process that does not know what is reacted to, as the command line beside a serving node."""
    return True


# So many entries of a transaction are looked at one by one before it commits; more are left to whoever reacts.
looked_at_max = 16
# Whether that entry, of a kind that may, does call for a reaction as everything stands at the end of its transaction.
Follows = Callable[["UnitOfWork", Header], bool]


def everything_follows(_work: "UnitOfWork", _head: Header) -> bool:
    """As ``everything_concerns``."""
    return True


# What is to be told of own entries that were just folded: writes into the outbox in the same transaction.
Announce = Callable[["UnitOfWork", Sequence[Stored], Mapping[str, Moved]], None]


class UnitOfWork:
    """What a job may touch.  Made by ``Store.write``; commits when its job ends well."""

    def __init__(
        self, connection: Connection, head: Head, ring: KeyRing | None, random: Random, fault: Fault, announce: Announce | None = None
    ) -> None:
        self.connection = connection
        self.head = head
        self.fault = fault
        self.payloads = Payloads(connection, head.node, head.line, ring, random)
        self.journal = Journal(connection, head, self.payloads)
        self.readings = Readings(connection, self.journal, self.place)
        self._downs = Downs(connection, self.journal, self.place)
        self._place: Place | None = None
        # What was read of the node itself in this very transaction; gone with the next entry about a node.
        self.memo: dict[Hashable, Any] = {}
        self._heads: list[Header] = []
        self._has_completed = False
        # Entries that come are taken one by one, and what cannot be is set aside: as soon as a batch has failed as a whole.
        self.is_one_by_one = False
        self._announce = announce

    def once(self, name: Hashable, read: Callable[[], V]) -> V:
        """What *read* gives of the node itself, read once a transaction: an import carries thousands of commands out in one."""
        return _once(self.memo, name, read)

    def append(self, drafts: Sequence[Draft]) -> list[Stored]:
        """Append own entries, fold them and route them."""
        stored = self.journal.append(drafts)
        self.fault("append.after_entries")
        moved = self._fold_and_route(stored, {one.taken: draft.event for one, draft in zip(stored, drafts, strict=True)})
        if self._announce is not None:
            self._announce(self, stored, moved)
        return stored

    def fold_and_route(self, stored: Sequence[Stored]) -> dict[str, Moved]:
        """Fold what was just appended, own or mirrored, index the texts that this node holds, and write the down rows."""
        return self._fold_and_route(stored, {})

    def fold_or_set_aside(self, one: Stored) -> None:
        """
        As ``fold_and_route``, of one entry alone: where that stumbles, nothing of it is left but that the entry is set aside.

        Whatever the fault is, it is this program's: the entry is held, acknowledged and passed on, and holds up its own lane only.
        """
        try:
            with waiting.savepoint(self.connection):
                self.fold_and_route([one])
        except Exception as error:
            if not lane.would_come_again(error):
                raise
            head = one.header
            log.exception("entry set aside", node=head.node, epoch=head.epoch, seq=head.seq, kind=head.kind)
            self.forget_tree()
            moved = self.readings.leave_out(one, type(error).__name__)
            self._heads.append(head)
            with suppress(Exception), waiting.savepoint(self.connection):
                self._downs.route([one], moved)

    def _fold_and_route(self, stored: Sequence[Stored], plain: Mapping[int, Event]) -> dict[str, Moved]:
        moved = self.readings.fold(stored)
        text_index.follow(self.connection, self.journal, self.payloads, stored, moved, plain)
        if "node" in {one.header.subject.kind for one in stored}:
            self.forget_tree()
        self._downs.route(stored, moved)
        self._heads += [one.header for one in stored]
        self._has_completed = self._has_completed or any(one.is_completed for one in moved.values())
        return moved

    def send_down(self, link: str, rows: Sequence[tuple[int, bytes]]) -> None:
        """Let *link* carry entries (taken, leaf) down that are held here and did not concern it when they came."""
        if rows:
            self._downs.add(link, rows)

    def wake_down(self, link: str) -> None:
        """Let a waiting `Pull` of *link* look, though no entry goes down."""
        self._downs.woken.add(link)

    def place(self) -> Place:
        """Where this node stands, as the registry says in this very transaction."""
        if self._place is None:
            self._place = place_of(self.connection, self.head)
        return self._place

    def forget_tree(self) -> None:
        """Read anew who stands where, when it is asked next: entries about nodes came, or all readings were made anew."""
        self._place = None
        self.memo.clear()

    def calls_for_reaction(self, concerns: Concerns, follows: Follows) -> bool:
        """
        True if something that was appended does, or may: because a ticket that was incomplete has all its entries now, or because
        it is of such a kind and too much to look at here.
        """
        if self._has_completed:
            return True
        kinds = {kind for kind in {head.kind for head in self._heads} if concerns(kind)}
        looked_at = [head for head in self._heads if head.kind in kinds] if kinds else []
        return len(looked_at) > looked_at_max or any(follows(self, head) for head in looked_at)

    @property
    def has_changed_registry(self) -> bool:
        """True if something was appended about a node itself."""
        return any(head.subject.kind == SubjectKind.NODE.value for head in self._heads)

    @property
    def woken(self) -> frozenset[str]:
        """Links that have something new to carry down."""
        return frozenset(self._downs.woken)


def _once(memo: dict[Hashable, Any], name: Hashable, read: Callable[[], V]) -> V:
    if name not in memo:
        memo[name] = read()
    found: V = memo[name]
    return found


_nodes = schema.nodes.c
_NODES = Prepared(select(_nodes.code, _nodes.superior, _nodes.former, _nodes.leaving))


def place_of(connection: Connection, head: Head) -> Place:
    """The node's place in the tree, from the registry."""
    rows = _NODES.rows(connection)
    return Place(
        head.node,
        head.line,
        {code: superior for code, superior, _, _ in rows},
        {code: tuple(former.split(",")) for code, _, former, _ in rows if former},
        frozenset([code for code, _, _, leaving in rows if leaving]),
    )


@dataclass(frozen=True)
class Outcome:
    """
    What a committed transaction woke: something to send up, and links with something to send down.

    ``reacts``: there is something to react to.  ``registry``: an entry about a node itself came.  ``taken`` is the head's.
    """

    up: bool
    down: frozenset[str]
    reacts: bool = True
    registry: bool = True
    taken: int = 0


@dataclass
class Store:
    """A node's database with what is needed to write into it."""

    database: Database
    ring: KeyRing | None = None
    random: Random = os.urandom
    fault: Fault = no_fault
    concerns: Concerns = everything_concerns
    follows: Follows = everything_follows
    announce: Announce | None = None
    on_commit: list[Callable[[Outcome], None]] = field(default_factory=list)

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A unit of work; commits at the end of the block and then wakes whoever waits."""
        with self.database.write() as connection:
            head = lock_head(connection)
            before = head.taken
            work = UnitOfWork(connection, head, self.ring, self.random, self.fault, self.announce)
            with waiting.begin(connection, write) as rows:
                yield work
                rows.settle()
            if head.reacted >= before and not work.calls_for_reaction(self.concerns, self.follows):
                head.reacted = head.taken  # no commit for the cursor alone
            work.journal.save_head()
            has_grown = head.taken > before
            outcome = Outcome(work.journal.has_for_above, work.woken, head.reacted < head.taken, work.has_changed_registry, head.taken)
            if has_grown and not self.database.is_sqlite:
                connection.execute(text("NOTIFY qyzj"))
            self.fault("commit.before")
        self.fault("commit.after")
        if has_grown:
            for wake in self.on_commit:
                wake(outcome)

    @contextmanager
    def read(self) -> Iterator["View"]:
        """A transaction that only reads."""
        with self.database.read() as connection:
            yield View(connection, read_head(connection), self.ring)

    def close(self) -> None:
        """Give back every connection."""
        self.database.close()


class View:
    """What may be read of a node in one snapshot."""

    def __init__(self, connection: Connection, head: Head, ring: KeyRing | None) -> None:
        self.connection = connection
        self.head = head
        self.payloads = Payloads(connection, head.node, head.line, ring, os.urandom)
        self.journal = Journal(connection, head, self.payloads)
        self.readings = Readings(connection, self.journal, self.place)
        # What was read of the node itself in this snapshot, for whoever asks again.
        self.memo: dict[Hashable, Any] = {}
        self._place: Place | None = None

    def place(self) -> Place:
        """Where this node stands."""
        if self._place is None:
            self._place = place_of(self.connection, self.head)
        return self._place

    def once(self, name: Hashable, read: Callable[[], V]) -> V:
        """What *read* gives of the node itself, read once a snapshot."""
        return _once(self.memo, name, read)
