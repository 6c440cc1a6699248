"""
What follows from an entry, and whether anything does: a receipt, a superior's finding, clocks that go on.  ``reactions`` carries it out.

Only what needs no judgement follows.  An ask is answered once: where it is addressed, or, if it speaks to whoever holds the
ticket, by the holder; there it waits while the ticket is frozen or on its way, and is looked at again when custody comes (a new
opener).  All else that is asked stays in the tray of the office.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from sqlalchemy.exc import DBAPIError

from federation.taking_back import is_awaiting
from node.domain.command import Command
from node.domain.entry import Header, SubjectKind
from node.domain.identifier import uuid5_of
from node.domain.letter.answering import ReceiveLetter, RelayLetter, ReleaseLetter
from node.domain.letter.record import Letter
from node.domain.order.answering import ReceiveOrder, RelayOrder
from node.domain.organisation import Place
from node.domain.ticket.custody import PassDownDecision, ReleaseClocks, ResumeAfterReturn
from node.domain.ticket.escalation import ReceiveEscalation, WithdrawEscalation
from node.domain.ticket.finding import ExecuteFinding
from node.domain.ticket.hops import accepted_hop
from node.domain.ticket.opinion import ReceiveOpinionRequest, ReleaseOpinionRequest
from node.domain.ticket.recheck import ExecuteRecheckRuling
from node.domain.ticket.records import Ask
from node.domain.ticket.termination import TakeWithdrawal
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import CarryOutTransferRuling, ReceiveTransfer
from node.domain.ticket.vote_elsewhere import TakeEvaluation
from node.services import attachments, letter_files
from node.services.attachments import Filed
from node.storage.blobs import Blobs
from node.storage.unit_of_work import UnitOfWork, View

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
# A letter, a report or an answer came, and may name files: who is addressed wants them.
LETTER_FILES = LETTERS | {"LetterReported", "LetterAnswered"}
KINDS = FILES | ASKS | OPENERS | {WITHDRAWN} | ORDERS | LETTER_FILES | {LETTER_WITHDRAWN}


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


def of_orders(head: Header, place: Place) -> list[Reaction]:
    """What follows from a supervision order: a receipt where it is addressed, at the levels between a way further."""
    if head.kind not in ORDERS:
        return []
    if head.addressee == place.node != head.node:
        return [Reaction(head.id, ReceiveOrder())]
    return [Reaction(head.id, RelayOrder())] if head.node in place.line and place.is_below(head.addressee) else []


def reactions_to(head: Header, place: Callable[[], Place], ticket: Callable[[], Ticket | None]) -> Iterator[Reaction]:
    """All that follows from an entry; *place* and *ticket* are asked again when the first ones were carried out: they may have changed."""
    yield from of_orders(head, place())
    yield from of_letters(head, place())
    if head.subject.kind == SubjectKind.TICKET.value:
        for find in (of_custody, of_asks, of_withdrawn_questions):
            found = ticket()
            if found is not None:
                yield from find(head, found, place())


def adopts(head: Header, place: Place) -> bool:
    """True of a letter that may bring what is adopted without judgement."""
    return head.kind == "LetterSent" and head.node in place.line


def has_to_decide(ticket: Ticket | None, node: str) -> TypeGuard[Ticket]:
    """True if *node* holds *ticket*, or is asked to take it."""
    return ticket is not None and node in (ticket.custody.holder, ticket.custody.asked)


def due_files(view: View | UnitOfWork, head: Header) -> tuple[Filed, tuple[str, ...]] | None:
    """
    Which files this node has before somebody asks for them, after an entry (AS25-3.2.1d, 3.2.3): those of a ticket that it has to
    decide, of a letter to it, of the answers to what it wrote.  None if the entry calls for none.
    """
    node = view.head.node
    if head.subject.kind == SubjectKind.TICKET.value:
        ticket = view.readings.ticket(head.subject.id)
        return (ticket, attachments.digests_of(ticket)) if has_to_decide(ticket, node) else None
    # What this node itself names is here.
    if head.kind not in LETTER_FILES or head.node == node:
        return None
    letter = attachments.subject_of(view, head.subject)
    return (letter, letter_files.addressed_to(letter, node)) if isinstance(letter, Letter) else None


@dataclass(frozen=True)
class Following:
    """
    Whether anything follows from an entry of ``KINDS`` (``Store.follows``): asked at the end of the transaction that appended it, so
    that what calls for nothing, as most of a node's own entries do, costs neither a look nor a commit for the cursor.
    """

    blobs: Blobs
    wall: Callable[[], datetime]

    def __call__(self, work: UnitOfWork, head: Header) -> bool:
        try:
            return self._is_called_for(work, head)
        except DBAPIError:
            raise
        except Exception:
            return True  # whoever reacts stumbles over it in a transaction of its own

    def _is_called_for(self, work: UnitOfWork, head: Header) -> bool:
        if work.head.epoch > 1 and is_awaiting(work, self.wall()):
            return True  # what is still given back may change the answer

        def ticket() -> Ticket | None:
            return work.readings.ticket(head.subject.id)

        if adopts(head, work.place()) or next(reactions_to(head, work.place, ticket), None) is not None:
            return True
        due = due_files(work, head)
        return due is not None and bool(attachments.missing(self.blobs, due[1]))
