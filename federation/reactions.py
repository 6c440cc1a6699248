"""
What arrived, as commands: the second half of taking a peer's entries, with a cursor of its own over ``taken`` (DESIGN 13).

Only what needs no judgement is here: receipts, a superior's findings and rulings, an appellant's vote or wish that was told
elsewhere, clocks that go on after a return.  Each is a command whose id is made from the entry and the command's name, so a
repeat is a no-op, and goes the one road of every command, in one transaction with the cursor; what arrived together is reacted
to in one commit.  All else that is asked stays in the tray of the office.

An ask is answered once: where it is addressed, or, if it speaks to whoever holds the ticket, by the holder; there it waits
while the ticket is frozen or on its way, and is looked at again when custody comes (a new opener).  Where entries of the
ticket are missing it waits, too, and is looked at again when they come, of whatever kind they are.  What the domain refuses
for good is answered by AskRefused; what may pass (a clock that stands behind) keeps the cursor where it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Select, bindparam, exists, literal, or_, select

from federation import reparenting
from federation.taking_back import is_awaiting
from node.domain.command import Command, Order
from node.domain.entry import Actor, Header, SubjectKind
from node.domain.identifier import uuid5_of
from node.domain.letter.answering import ReceiveLetter, RelayLetter, ReleaseLetter
from node.domain.order.answering import ReceiveOrder, RelayOrder
from node.domain.organisation import Place, Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.custody import PassDownDecision, ReleaseClocks, ResumeAfterReturn
from node.domain.ticket.escalation import ReceiveEscalation, WithdrawEscalation
from node.domain.ticket.finding import ExecuteFinding, RefuseAsk
from node.domain.ticket.hops import accepted_hop
from node.domain.ticket.opinion import ReceiveOpinionRequest, ReleaseOpinionRequest
from node.domain.ticket.recheck import ExecuteRecheckRuling
from node.domain.ticket.records import Ask
from node.domain.ticket.termination import TakeWithdrawal
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import CarryOutTransferRuling, ReceiveTransfer
from node.domain.ticket.vote_elsewhere import TakeEvaluation
from node.services import attachments
from node.services.handed_down import adopt_by_itself
from node.services.handle import Handler
from node.services.letters import letter_of
from node.storage import lane, schema
from node.storage.codec import content_at_hand
from node.storage.database import micros
from node.storage.statements import Prepared, insert_missing
from node.storage.unit_of_work import Store, UnitOfWork
from node.storage.writer import Writer

log = structlog.get_logger()

# So many entries are looked at in one transaction; if one of them cannot be, each in its own.
entries_max = 64
ACTOR = Actor("reaction", Role.NODE.value)

Make = Callable[[str], Command]

# Asks that a level answers as the one that is addressed: from below, from above.
FROM_BELOW: dict[str, Make] = {
    "EscalationRequested": lambda _ask: ReceiveEscalation(),
    "EscalationWithdrawalRequested": lambda _ask: WithdrawEscalation(),
}
FROM_ABOVE: dict[str, Make] = {
    "TransferRequested": lambda _ask: ReceiveTransfer(),
    "TransferRuled": lambda _ask: CarryOutTransferRuling(),
}
# Asks that speak to whoever holds the ticket: of a superior, and of anybody who has the ticket.
OF_A_SUPERIOR: dict[str, Make] = {"FindingRaised": ExecuteFinding, "RecheckRuled": ExecuteRecheckRuling}
OF_ANYBODY: dict[str, Make] = {"WithdrawalRequested": TakeWithdrawal, "EvaluationPassedOn": TakeEvaluation}
OF_THE_HOLDER = OF_A_SUPERIOR | OF_ANYBODY
# What a unit of this node is asked for, by whoever holds the ticket: a limit begins here, and ends when the question is withdrawn.
OF_A_UNIT: dict[str, Make] = {"OpinionAsked": ReceiveOpinionRequest}
WITHDRAWN = "OpinionRequestWithdrawn"
# Custody moved: who has it now goes on, and takes up what had waited for the holder.
OPENERS = frozenset(
    {
        "CustodyOverridden",
        "CustodyReturned",
        "DecidedAbove",
        "EscalationAccepted",
        "EscalationReturned",
        "EscalationWithdrawn",
        "TransferAccepted",
        "TransferReturned",
    }
)
ASKS = frozenset({*FROM_BELOW, *FROM_ABOVE, *OF_THE_HOLDER, *OF_A_UNIT})
# A superior's supervision order is confirmed at once; what is done about it, people answer (DESIGN 6).
ORDERS = frozenset({"OrderIssued"})
# A letter is confirmed at once, passed on to whom it addresses further down, and let go when it is withdrawn.
LETTERS = frozenset({"LetterSent", "IssueSubmitted"})
LETTER_WITHDRAWN = "LetterWithdrawn"
# A file was handed in: who has to decide the ticket wants it.
FILES = frozenset({"EvidenceAdded", "MaterialSubmitted"})
KINDS = FILES | ASKS | OPENERS | {WITHDRAWN} | ORDERS | LETTERS | {LETTER_WITHDRAWN}

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


@dataclass(frozen=True)
class Reaction:
    """A command that follows from an entry; ``about`` is the id that makes the command's, ``ask`` the ask it settles, or empty."""

    about: str
    command: Command
    ask: str = ""

    @property
    def order_id(self) -> str:
        """The same for the same two, for ever."""
        return uuid5_of(self.about, type(self.command).__name__)


def concerns(kind: str) -> bool:
    """True if an entry of that kind may call for a reaction."""
    return kind in KINDS


def of_custody(head: Header, ticket: Ticket, place: Place) -> list[Reaction]:
    """
    What follows from an opener: the holder goes on, or hands on what was decided above; who lost custody stops its clocks.

    From one that another has followed already nothing does, but for the clocks.
    """
    if head.kind not in OPENERS or head.node == place.node or head.id in ticket.void:
        return []
    if ticket.custody.holder != place.node:
        return [Reaction(head.id, ReleaseClocks())] if head.kind == "CustodyOverridden" else []
    if ticket.custody.opener != head.id:
        return []
    if head.kind == "DecidedAbove" and accepted_hop(ticket, place.node, is_down=False) is not None:
        return [Reaction(head.id, PassDownDecision())]
    return [Reaction(head.id, ResumeAfterReturn())]


def of_asks(head: Header, ticket: Ticket, place: Place) -> list[Reaction]:
    """
    What follows from an ask; after an opener, from every ask that had waited for the holder; after any other entry, from
    every ask that is still open, since what came may be what was missing.
    """
    kinds = OF_THE_HOLDER if head.kind in OPENERS else ASKS
    waiting = [ask for ask in ticket.open_asks(*kinds) if head.kind not in ASKS or ask.id == head.id]
    return [reaction for ask in waiting if (reaction := _answer(ask, ticket, place)) is not None]


def _answer(ask: Ask, ticket: Ticket, place: Place) -> Reaction | None:
    is_ours = ask.addressee == place.node and ask.node != place.node
    holds = ticket.custody.holder == place.node and not ticket.custody.is_frozen
    # Who moved to another superior may have asked before, or written again what it asked: it stays here until it is done.
    if ask.kind in FROM_BELOW and is_ours and (place.is_below(ask.node) or place.has_left(ask.node, place.node)):
        return Reaction(ask.id, FROM_BELOW[ask.kind](ask.id), ask.id)
    if ask.kind in FROM_ABOVE and is_ours and ask.node in place.line:
        return Reaction(ask.id, FROM_ABOVE[ask.kind](ask.id), ask.id)
    if ask.kind in OF_A_UNIT and is_ours:
        return Reaction(ask.id, OF_A_UNIT[ask.kind](ask.id), ask.id)
    if (ask.kind in OF_A_SUPERIOR and holds and ask.node in place.line) or (ask.kind in OF_ANYBODY and holds):
        return Reaction(ask.id, OF_THE_HOLDER[ask.kind](ask.id), ask.id)
    return None


def of_withdrawn_questions(head: Header, ticket: Ticket, place: Place) -> list[Reaction]:
    """What follows where a unit of this node was asked for an opinion that nobody needs any more."""
    if head.kind != WITHDRAWN or head.addressee != place.node or head.node == place.node:
        return []
    withdrawn = [one for one in ticket.opinions if one.node == place.node and one.is_withdrawn and one.ask == head.answers]
    return [Reaction(head.id, ReleaseOpinionRequest(one.ask)) for one in withdrawn]


def of_letters(head: Header, place: Place) -> list[Reaction]:
    """What follows from another level's letter; from one of the platform's issues also at the node itself, if it is the top."""
    if head.kind not in LETTERS and head.kind != LETTER_WITHDRAWN:
        return []
    if head.kind == LETTER_WITHDRAWN:
        return [] if head.node == place.node else [Reaction(head.id, ReleaseLetter())]
    if head.node == place.node:
        return [Reaction(head.id, ReceiveLetter())] if head.kind == "IssueSubmitted" and place.superior is None else []
    if head.node in place.line:
        return [Reaction(head.id, ReceiveLetter()), Reaction(head.id, RelayLetter())]
    return [Reaction(head.id, ReceiveLetter())] if head.addressee == place.node else []


class Reactions:
    """Reads on from the cursor.  One runs a node at a time; a second one would only repeat it."""

    def __init__(self, store: Store, writer: Writer, handler: Handler, wall: Callable[[], datetime]) -> None:
        self._store = store
        self._wall = wall
        self._writer = writer
        self._handler = handler

    def run(self) -> int:
        """
        React to everything that was taken, and return how many entries called for it.

        Stops where the node is not able just now (its clock stands behind): the next run goes on from there.  What follows of a
        move from one superior to another follows here, too.
        """
        count = self._run()
        reparenting.advance(self._store, self._writer, self._handler)
        return count

    def _run(self) -> int:
        count = 0
        while True:
            taken, upto = self._next()
            if not taken:
                self._move_on(upto)
                return count
            if len(taken) > 1 and self._react_together(taken):
                count += len(taken)
                continue
            for one in taken:
                if not self._react(one):
                    return count
                count += 1

    def _next(self) -> tuple[list[int], int]:
        """The next entries that may call for a reaction, by ``taken``, and how far was looked."""
        with self._store.read() as view:
            if view.head.reacted >= view.head.taken:
                return [], view.head.taken
            if view.head.epoch > 1 and is_awaiting(view, self._wall()):
                # What it answered before it was restored comes back first: it would answer once more, and otherwise.
                return [], view.head.reacted
            return [taken for (taken,) in _NEXT.rows(view.connection, reacted=view.head.reacted)], view.head.taken

    def _move_on(self, upto: int) -> None:
        with self._store.read() as view:
            if view.head.reacted >= upto:
                return

        def move(work: UnitOfWork) -> None:
            work.head.reacted = max(work.head.reacted, upto)

        self._writer.command(move)

    def _react_together(self, taken: Sequence[int]) -> bool:
        """React to several entries in one transaction; False if one of them has to be looked at alone, and nothing was done."""

        def carry_out(work: UnitOfWork) -> None:
            for one in taken:
                self._carry_out(work, one)

        try:
            self._writer.command(carry_out)
        except Exception:
            return False
        return True

    def _react(self, taken: int) -> bool:
        """React to one entry and move the cursor behind it, in one transaction; False if the node is not able just now."""
        try:
            self._try_again(lambda: self._writer.command(lambda work: self._carry_out(work, taken)))
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
        if head.kind in ORDERS and head.addressee == work.place().node != head.node:
            self._try(work, head.subject.id, Reaction(head.id, ReceiveOrder()))
        elif head.kind in ORDERS and head.node in work.place().line and work.place().is_below(head.addressee):
            self._try(work, head.subject.id, Reaction(head.id, RelayOrder()))
        for reaction in of_letters(head, work.place()):
            self._try(work, head.subject.id, reaction)
        if head.kind == "LetterSent" and head.node in work.place().line:
            self._adopt(work, head.subject.id)
        if head.subject.kind == SubjectKind.TICKET.value:
            for find in (of_custody, of_asks, of_withdrawn_questions):
                ticket = work.readings.ticket(head.subject.id)
                if ticket is not None:
                    for reaction in find(head, ticket, work.place()):
                        self._try(work, head.subject.id, reaction)
            self._want_attachments(work, head.subject.id)
        work.head.reacted = max(work.head.reacted, taken)

    def _want_attachments(self, work: UnitOfWork, ticket_id: str) -> None:
        """Who has to decide a ticket has its files (AS25-3.2.1d); all others ask for one when somebody opens it."""
        ticket = work.readings.ticket(ticket_id)
        if ticket is not None and work.head.node in (ticket.custody.holder, ticket.custody.asked):
            attachments.want(work, self._handler.blobs, ticket, self._handler.now())

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
