"""
Sign and answer (签收即答复): a consultation is signed and completed in one act, with one form (USERS C25; POLICY_PACKS 2 no. 61).

The two decisions are the ordinary ones, in this order; the second is asked about the ticket as the first leaves it.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import CustodyHead, Folded, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import SOLVED, Complete, complete
from node.domain.ticket.dispatching import Sign, sign
from node.domain.ticket.fold import evolve
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket


@dataclass(frozen=True)
class SignAndAnswer(Command):
    """
    Sign a dispatched ticket and complete it: the answer, the way and content of the feedback, the standard.  A recorded call is
    evidence of a consultation (``has_call_record``); no file is forced for it.
    """

    roles = frozenset({Role.DEPARTMENT})
    needs = ("accounts", "receipt_number")

    result: Text
    feedback_way: str
    feedback: Text
    standard: str = SOLVED
    is_truthful: bool = False
    has_call_record: bool = False
    feedback_occurred_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    person: str = ""
    sub_code: str = ""
    explanation: Text | None = None
    path_means: str = ""
    path_body: Text | None = None
    path_limit: Text | None = None
    determination: Text | None = None
    contact_name: Contact | None = None
    contact_phone: Contact | None = None
    visited_on: date | None = None


def sign_and_answer(ticket: Ticket, command: SignAndAnswer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 61, 63: for the classes that the pack names; nothing is signed if it is not answered."""
    if ticket.state is State.COMPLETED and ticket.completion is not None and ticket.completion.account == facts.actor.account:
        return []
    signed = sign(ticket, Sign(command.person), facts, policy, now)
    offered = policy.pack.names("sign_and_answer.classes")
    if ticket.classing.category not in offered:
        raise Refusal(Code.NOT_AT_SIGNING, category=ticket.classing.category, offered=offered)
    own = {field.name for field in fields(command)} & {field.name for field in fields(Complete)}
    answer = Complete(**{name: getattr(command, name) for name in own})
    return [*signed, *complete(ahead(ticket, signed, facts, policy, now), answer, facts, policy, now)]


def ahead(ticket: Ticket, happened: list[Happened], facts: Facts, policy: Policy, now: datetime) -> Ticket:
    """
    *ticket* as it will be once *happened*, line entries of its holder, are written down.

    Entry ids are still to come: what a record keeps of them is empty here.
    """
    for one in happened:
        header = Header(
            node=policy.node,
            epoch=0,
            seq=0,
            id="",
            recorded_at=now,
            subject=one.subject,
            kind=one.event.kind(),
            actor=facts.actor,
            custody=CustodyHead(ticket.custody.number, opener=ticket.custody.opener),
            version=ticket.version + 1,
            clocks=one.clocks,
            addressee=one.addressee,
            answers=one.answers,
        )
        ticket = evolve(ticket, Folded(header, one.event))
    return ticket


DECISIONS = {SignAndAnswer: sign_and_answer}
