"""
Third-party assessment (第三方回访评测): somebody outside calls back on ended tickets and scores them (FJ25-5.14.2a).

It stands apart from everything that the handling side records: side entries that change no state, no vote and no rate.  A
ticket is given to one assessor in a named batch; he alone files its scores, one for each indicator of the pack, all at once.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.after_record import Assessment
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.state import DONE, State
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.whole_number import whole_number

# Ended, in whatever way; a completed ticket is still being dealt with.
ASSESSABLE = (DONE - {State.COMPLETED}) | {State.TERMINATED}


@dataclass(frozen=True)
class AssignAssessment(Command):
    """Give an ended ticket to a third party, in a named batch; ``assessor`` is its account."""

    roles = frozenset({Role.OFFICE, Role.SUPERVISION})
    is_side = True

    batch: str
    assessor: str


@dataclass(frozen=True)
class FileAssessment(Command):
    """File the scores of a ticket of one's own batch; ``scores`` are "indicator=points", one for each indicator of the pack."""

    roles = frozenset({Role.ASSESSOR})
    is_side = True

    batch: str
    scores: tuple[str, ...]
    remarks: Text | None = None


@dataclass(frozen=True)
class AssessmentAssigned(TicketEvent):
    """An ended ticket was given to the third party `assessor` in the batch `batch`; it answers by AssessmentFiled."""

    is_side = True
    asks = True

    batch: str
    assessor: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        if _of(ticket, self.batch) is not None:
            return ticket
        return replace(ticket, assessments=(*ticket.assessments, Assessment(self.batch, self.assessor, head.id)))


@dataclass(frozen=True)
class AssessmentFiled(TicketEvent):
    """
    The third party scored the ticket: `scores[n]` are the points of `indicators[n]`.

    Apart from the appellant's vote and the holder's revisit; it changes neither.
    """

    is_side = True

    batch: str
    indicators: tuple[str, ...]
    scores: tuple[int, ...]
    remarks: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        scores = tuple(zip(self.indicators, self.scores, strict=False))
        filed = (
            replace(one, scores=scores, filed_at=head.recorded_at) if one.batch == self.batch and one.filed_at is None else one
            for one in ticket.assessments
        )
        return replace(ticket, assessments=tuple(filed))


def assign(ticket: Ticket, command: AssignAssessment, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.2a: ended tickets only, each once in a batch."""
    if not policy.pack.names("assessment.indicators"):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="assessment")
    need_state(ticket, ASSESSABLE)
    need_field("batch", command.batch)
    need_field("assessor", command.assessor)
    former = _of(ticket, command.batch)
    if former is not None and former.assessor == command.assessor:
        return []
    if former is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="assessment", id=ticket.id)
    return [Happened(ticket.subject, AssessmentAssigned(command.batch, command.assessor))]


def file(ticket: Ticket, command: FileAssessment, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.2a: a result that lacks one score is none; nobody files for a batch that is not his."""
    given = _of(ticket, command.batch)
    if given is None or given.assessor != facts.actor.account:
        raise Refusal(Code.NOT_IN_BATCH, ticket=ticket.id)
    if given.filed_at is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="assessment", id=ticket.id)
    points = _read(command.scores, policy)
    indicators = policy.pack.names("assessment.indicators")
    missing = [name for name in indicators if name not in points]
    if missing:
        raise Refusal(Code.SCORES_INCOMPLETE, ticket=ticket.id, missing=missing)
    event = AssessmentFiled(command.batch, indicators, tuple(points[name] for name in indicators), command.remarks)
    return [Happened(ticket.subject, event, answers=given.ask)]


def _of(ticket: Ticket, batch: str) -> Assessment | None:
    return next((one for one in ticket.assessments if one.batch == batch), None)


def _read(scores: tuple[str, ...], policy: Policy) -> dict[str, int]:
    """Each indicator once, with whole points up to the pack's most."""
    offered = policy.pack.names("assessment.indicators")
    points: dict[str, int] = {}
    for one in scores:
        name, _, number = one.partition("=")
        if name not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="assessment.indicators", value=name, offered=offered)
        given = whole_number(number)
        if name in points or given is None or given > policy.pack.number("assessment.scores_max"):
            raise Refusal(Code.MALFORMED_COMMAND, field="scores")
        points[name] = given
    return points


DECISIONS = {AssignAssessment: assign, FileAssessment: file}
