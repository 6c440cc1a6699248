"""
Lanes: the entries of one ticket, which fold one after the other.  Where one does not fold, its lane stands, and no other
(FEDERATION 2.3 no. 15).

A failure that would come again sets the lane aside at once.  One that may pass (the database was busy, memory was short) fails the batch,
which is then taken again; only what failed so ``transient_tries_max`` times is set aside.
"""

from collections import Counter
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, select
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from node.domain.refusal import Refusal
from node.storage.database import is_full
from node.storage.journal_tables import entries, quarantine
from node.storage.statements import Prepared

# Of an entry in quarantine: it waits behind one of its ticket that does not fold.
WAITS = "waits"
# An operator had it passed by: of its content nothing counts here but the header.
SKIPPED = "skipped"
# An operator put a ticket to the superior: one of this node, or a subordinate's; the row is that of his word.
REPORTED = "reported"
TRANSIENT = "transient"
UNKNOWN_KIND = "unknown_kind"
# Its writer may not say that, as far as is known here.
NOT_ITS_OWN = "not_its_own"
# Reasons that stop no lane.
BESIDE = (UNKNOWN_KIND, NOT_ITS_OWN, SKIPPED, REPORTED)
REACTION = "reaction:"

transient_tries_max = 3
_PASSING = (OperationalError, InterfaceError, TimeoutError, MemoryError)

# Not in the database: what may pass has left no trace there.  Gone with the process, which is one more try.
_tries: WeakKeyDictionary[Engine, Counter[str]] = WeakKeyDictionary()


def stops() -> tuple[ColumnElement[bool], ...]:
    """The rows of the quarantine that stop a lane, as conditions."""
    return quarantine.c.reason.not_in(BESIDE), quarantine.c.reason.not_like(f"{REACTION}%")


_ANY = Prepared(select(quarantine.c.taken).limit(1))
_STOPPED = select(quarantine.c.taken).where(quarantine.c.subject_id == bindparam("ticket"), *stops()).limit(1)
_SKIPPED = Prepared(select(quarantine.c.taken).where(quarantine.c.reason == SKIPPED))


def is_any(connection: Connection) -> bool:
    """Whether anything is in quarantine; usually nothing is."""
    return _ANY.first(connection) is not None


def is_set_aside(connection: Connection, ticket: str) -> bool:
    """True if the ticket's readings stand where an entry did not fold."""
    return connection.execute(_STOPPED, {"ticket": ticket}).first() is not None


def skipped(connection: Connection) -> frozenset[int]:
    """What an operator had passed by, by ``taken``."""
    return frozenset(taken for (taken,) in _SKIPPED.rows(connection))


def in_the_way(connection: Connection, ticket: str) -> tuple[str, int, int] | None:
    """Where the first entry stands that could not be read, or not be reacted to: node, epoch, seq; None if the lane runs."""
    return _first(connection, ticket, quarantine.c.reason.not_in((SKIPPED, REPORTED)))


def reported_by(connection: Connection, node: str, ticket: str) -> tuple[str, int, int] | None:
    """Where an operator of *node* put the ticket to the superior, who is still asked: node, epoch, seq."""
    return _first(connection, ticket, quarantine.c.reason == REPORTED, entries.c.node == node)


def _first(connection: Connection, ticket: str, *where: ColumnElement[bool]) -> tuple[str, int, int] | None:
    found = connection.execute(
        select(entries.c.node, entries.c.epoch, entries.c.seq)
        .join(quarantine, quarantine.c.taken == entries.c.taken)
        .where(quarantine.c.subject_id == ticket, *where)
        .order_by(entries.c.taken)
        .limit(1)
    ).first()
    return None if found is None else (found.node, found.epoch, found.seq)


def may_pass(error: Exception) -> bool:
    """True if the same entry may fold the next time."""
    return isinstance(error, _PASSING)


def would_come_again(error: Exception) -> bool:
    """
    True if it is the entry's that was read alone, and the same entry would fail so the next time: neither an answer of this program's,
    nor what the database could not do just then.
    """
    return not isinstance(error, Refusal) and not may_pass(error) and not is_full(error)


def note_try(connection: Connection, ticket: str) -> None:
    """One more failure that may pass."""
    _tries.setdefault(connection.engine, Counter())[ticket] += 1


def tried_out(connection: Connection, tickets: set[str]) -> set[str]:
    """Those of *tickets* that failed so often that they are set aside, too."""
    counted = _tries.get(connection.engine)
    return {ticket for ticket in tickets if counted[ticket] >= transient_tries_max} if counted else set()


def forget_tries(connection: Connection, ticket: str) -> None:
    """It begins anew."""
    if connection.engine in _tries:
        _tries[connection.engine].pop(ticket, None)
