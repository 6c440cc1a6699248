"""
What arrived, as commands: the second half of taking a peer's entries, with a cursor of its own over ``taken`` (DESIGN 13).

What follows from which entry, ``following`` says.  Each is a command whose id is made from the entry and the command's name, so
a repeat is a no-op, and goes the one road of every command, in one transaction with the cursor; what arrived together is
reacted to in one commit.  What calls for nothing is passed by where it is appended (``Store.follows``), without a commit of its own.

Where entries of the ticket are missing an ask waits, and is looked at again when they come, of whatever kind they are.  What the
domain refuses for good is answered by AskRefused; what may pass (a clock that stands behind) keeps the cursor where it is.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Select, bindparam, exists, literal, or_, select

from federation import reparenting
from federation.following import ASKS, KINDS, Following, Reaction, adopts, due_files, reactions_to
from federation.taking_back import is_awaiting
from node.domain.command import Order
from node.domain.entry import Actor, Header
from node.domain.identifier import uuid5_of
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.finding import RefuseAsk
from node.services import attachments
from node.services.handed_down import adopt_by_itself
from node.services.handle import Handler
from node.services.letters import letter_of
from node.storage import lane, reparenting_readings, schema
from node.storage.codec import content_at_hand
from node.storage.database import micros
from node.storage.statements import Prepared, insert_missing
from node.storage.unit_of_work import Store, UnitOfWork, looked_at_max
from node.storage.writer import Writer

log = structlog.get_logger()

# So many entries are looked at in one transaction; if one of them cannot be, each in its own.
entries_max = 64
ACTOR = Actor("reaction", Role.NODE.value)

# The ask waits: for custody, for a missing entry, for a pack.
WAITING = frozenset({Code.NOT_HOLDER, Code.HANDLING_FROZEN, Code.TICKET_INCOMPLETE, Code.PACK_MISSING, Code.SUBJECT_UNKNOWN})
# The node itself is not able just now: nothing is skipped.
UNABLE = frozenset({Code.CLOCK_BEHIND, Code.BUSY, Code.STORAGE_FULL, Code.NODE_HELD})


def _next() -> Select[int]:
    table, asks, before = schema.entries, schema.asks, schema.entries.alias("before")
    # Behind an ask that is still open every entry of its ticket may be the one that was missing.
    is_behind_an_ask = exists().where(
        before.c.subject_id == table.c.subject_id,
        before.c.taken < table.c.taken,
        asks.c.id == before.c.id,
        asks.c.is_answered.is_(False),
        asks.c.kind.in_([literal(kind) for kind in sorted(ASKS)]),
    )
    return (
        select(table.c.taken)
        .where(table.c.taken > bindparam("reacted"), or_(table.c.kind.in_([literal(kind) for kind in sorted(KINDS)]), is_behind_an_ask))
        .order_by(table.c.taken)
        .limit(entries_max)
    )


_NEXT = Prepared(_next())
_CONTENT = Prepared(select(schema.entries.c.content).where(schema.entries.c.taken == bindparam("taken")))


class Reactions:
    """Reads on from the cursor.  One runs a node at a time; a second one would only repeat it."""

    def __init__(self, store: Store, writer: Writer, handler: Handler, wall: Callable[[], datetime]) -> None:
        self._store = store
        self._wall = wall
        self._writer = writer
        self._handler = handler
        self._follows = Following(handler.blobs, wall)
        # As of the last run: something could not be reacted to yet; a node has moved, or moves, to another superior.
        self.is_held_up = False
        self.has_moves = True

    def run(self) -> int:
        """
        React to everything that was taken, and return how many entries called for it.

        Stops where the node is not able just now (its clock stands behind): the next run goes on from there.  What follows of a
        move from one superior to another follows here, too.
        """
        count = self._run()
        if self.has_moves:
            reparenting.advance(self._store, self._writer, self._handler)
        return count

    def _run(self) -> int:
        count = 0
        while True:
            taken, upto = self._next()
            if not taken:
                if upto:
                    self._move_on(upto)
                return count
            if len(taken) > 1 and self._react_together(taken):
                count += len(taken)
                continue
            for one in taken:
                if not self._react(one):
                    self.is_held_up = True
                    return count
                count += 1

    def _next(self) -> tuple[list[int], int]:
        """The next entries that may call for a reaction, by ``taken``; where there is none, how far the cursor may move on (0: not)."""
        with self._store.read() as view:
            self.has_moves, self.is_held_up = bool(reparenting_readings.listed(view.connection)), False
            if view.head.reacted >= view.head.taken:
                return [], 0
            if view.head.epoch > 1 and is_awaiting(view, self._wall()):
                # What it answered before it was restored comes back first: it would answer once more, and otherwise.
                self.is_held_up = True
                return [], 0
            return [taken for (taken,) in _NEXT.rows(view.connection, reacted=view.head.reacted)], view.head.taken

    def _move_on(self, upto: int) -> None:
        def move(work: UnitOfWork) -> None:
            work.head.reacted = max(work.head.reacted, upto)

        self._writer.command(move)

    def _react_together(self, taken: Sequence[int]) -> bool:
        """React to several entries in one transaction; False if one of them has to be looked at alone, and nothing was done."""

        def carry_out(work: UnitOfWork) -> None:
            upto = work.head.taken
            for one in taken:
                self._carry_out(work, one)
            self._pass_by(work, upto)

        try:
            self._writer.command(carry_out)
        except Exception:
            return False
        return True

    def _react(self, taken: int) -> bool:
        """React to one entry and move the cursor behind it, in one transaction; False if the node is not able just now."""

        def carry_out(work: UnitOfWork) -> None:
            upto = work.head.taken
            self._carry_out(work, taken)
            self._pass_by(work, upto)

        try:
            self._try_again(lambda: self._writer.command(carry_out))
        except Refusal as refusal:
            if refusal.code not in UNABLE:
                raise
            log.warning("reactions wait", code=refusal.code.name, taken=taken)
            return False
        except Exception as error:
            # A bug must not stop what stands behind it: the entry waits for an operator.
            log.exception("reaction failed", taken=taken)
            reason = type(error).__name__
            self._writer.command(lambda work: self._set_aside(work, taken, reason))
        return True

    def _try_again(self, act: Callable[[], None]) -> None:
        """What may pass is tried ``lane.transient_tries_max`` times before it counts as a failure (FEDERATION 2.3 no. 15)."""
        for left in reversed(range(lane.transient_tries_max)):
            try:
                act()
            except Exception as error:
                if not left or not lane.may_pass(error):
                    raise
                log.warning("reaction tried again", error=type(error).__name__)
            else:
                return

    def _carry_out(self, work: UnitOfWork, taken: int) -> None:
        head = self._header(work, taken)
        for reaction in reactions_to(head, work.place, lambda: work.readings.ticket(head.subject.id)):
            self._try(work, head.subject.id, reaction)
        if adopts(head, work.place()):
            self._adopt(work, head.subject.id)
        self._want_attachments(work, head)
        work.head.reacted = max(work.head.reacted, taken)

    def _pass_by(self, work: UnitOfWork, upto: int) -> None:
        """Let the cursor pass, in the same commit, by what came up to *upto* meanwhile and calls for nothing."""
        if work.head.reacted >= upto:
            return
        coming = [taken for (taken,) in _NEXT.rows(work.connection, reacted=work.head.reacted) if taken <= upto]
        stops = next((taken for taken in coming[:looked_at_max] if self._follows(work, self._header(work, taken))), None)
        if stops is None and len(coming) <= looked_at_max:
            work.head.reacted = upto

    def _want_attachments(self, work: UnitOfWork, head: Header) -> None:
        """Who has to decide a ticket, or is addressed, has the files; all others ask for one when somebody opens it."""
        due = due_files(work, head)
        if due is not None:
            attachments.want(work, self._handler.blobs, due[0], self._handler.now(), due[1])

    def _try(self, work: UnitOfWork, subject: str, reaction: Reaction) -> None:
        try:
            self._handler.carry_out(work, Order(reaction.order_id, ACTOR, subject, reaction.command))
        except Refusal as refusal:
            if refusal.code in UNABLE:
                raise
            log.info("reaction refused", command=type(reaction.command).__name__, subject=subject, code=refusal.code.name)
            if reaction.ask and refusal.code not in WAITING:
                self._refuse(work, subject, reaction, refusal)

    def _adopt(self, work: UnitOfWork, letter_id: str) -> None:
        """DESIGN 6: a statutory calendar from above is adopted by itself; what cannot be is left in the office's inbox."""
        try:
            adopt_by_itself(work, self._handler, self._handler.blobs, letter_of(work, letter_id), ACTOR)
        except Refusal as refusal:
            if refusal.code in UNABLE:
                raise
            log.info("not adopted", letter=letter_id, code=refusal.code.name)

    def _refuse(self, work: UnitOfWork, subject: str, reaction: Reaction, refusal: Refusal) -> None:
        """DESIGN 13: a peer's refused ask is answered by AskRefused."""
        order = Order(uuid5_of(reaction.ask, "RefuseAsk"), ACTOR, subject, RefuseAsk(reaction.ask, refusal.code.name))
        try:
            self._handler.carry_out(work, order)
        except Refusal as again:
            if again.code in UNABLE:
                raise
            log.info("ask left open", subject=subject, ask=reaction.ask, code=again.code.name)

    def _header(self, work: UnitOfWork, taken: int) -> Header:
        data = _CONTENT.scalar(work.connection, taken=taken)
        return content_at_hand(bytes(data)).header

    def _set_aside(self, work: UnitOfWork, taken: int, reason: str) -> None:
        head = self._header(work, taken)
        row = {"taken": taken, "subject_id": head.subject.id, "reason": f"reaction:{reason}", "at": micros(head.recorded_at)}
        insert_missing(work.connection, schema.quarantine, [row])  # what does not fold lies there already, for its own reason
        work.head.reacted = max(work.head.reacted, taken)
