"""
What the lead submits to the centre (报送): solution plan, progress report, application for the write-off (XS25-4.4.1c).

Each is an act of its own with its kind and its time (``plan``, ``progress_report``, ``completion``); the file keeps them in order.
The centre answers plan and report here; it answers the application by striking the ticket off or by sending it back.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field
from node.domain.ticket.handling_record import CLOSE_OUT
from node.domain.ticket.parts import need_not_handler
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class AnswerSubmission(Command):
    """Answer what the lead submitted, by the id of its entry."""

    roles = frozenset({Role.OFFICE})

    submission: str
    answer: Text


@dataclass(frozen=True)
class SubmissionAnswered(TicketEvent):
    """The centre answered a plan or a report on progress, `submission`, by its entry id."""

    submission: str
    answer: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        answered = (
            replace(one, answer=head.id, answered_at=head.recorded_at) if one.entry == self.submission else one
            for one in ticket.submissions
        )
        return replace(ticket, submissions=tuple(answered))


def answer(ticket: Ticket, command: AnswerSubmission, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.1c: each submission is answered once, by the centre, while the ticket is open."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_not_handler(ticket, facts)
    need_field("submission", command.submission)
    found = next((one for one in ticket.submissions if one.entry == command.submission and one.kind != CLOSE_OUT), None)
    if found is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="submission")
    need_field("answer", command.answer)
    if found.answered_at is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="answer", id=found.entry)
    return [Happened(ticket.subject, SubmissionAnswered(command.submission, command.answer))]


DECISIONS = {AnswerSubmission: answer}
