"""The progress report (进度反馈) to the enterprise and the centre: at least every week on a difficult matter (FJ23-3.4d)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.ticket import clocks, turns
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.handling_record import PROGRESS
from node.domain.ticket.parts import with_submission
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class ReportProgress(Command):
    """Tell the enterprise and the centre how far the matter is; ``way`` is how the enterprise was told."""

    roles = frozenset({Role.DEPARTMENT})

    report: Text
    way: str = "phone"


@dataclass(frozen=True)
class ProgressReported(TicketEvent):
    """The lead reported to the enterprise and the centre how far the matter is. The header starts the next week, if there is one."""

    way: str
    report: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, submissions=with_submission(ticket, head, PROGRESS))


def report(ticket: Ticket, command: ReportProgress, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-3.4d: by the handling unit; each report begins the next seven days."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("report", command.report)
    need_value(policy, "feedback.ways", command.way)
    changes = (*turns.done(ticket, turns.WEEKLY_REPORT, policy, now), *clocks.stop_if_on(ticket, "progress_answer"))
    return [Happened(ticket.subject, ProgressReported(command.way, command.report), clocks=changes)]


DECISIONS = {ReportProgress: report}
