"""
The lead calls its co-handlers together about one ticket (牵头召集, XS25-4.3.2.1c).

It is a meeting like any other, of the kind that the pack names in ``co_handling.meeting``: it stands in the ticket's file, every
co-handler with a part is invited, and the lead records who came and what came of it.  It settles how the units go about it; who
leads, and on which layer, is not its to change.
"""

from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Subject, SubjectKind
from node.domain.meeting.agenda import ItemSubmitted, need_free
from node.domain.meeting.convening import MeetingConvened, minutes_due
from node.domain.meeting.record import TICKET, MeetingCommand, form_of
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_own_unit, need_state
from node.domain.ticket.meetings import PutOnAgenda, is_behind
from node.domain.ticket.parts import involved_units
from node.domain.ticket.state import IN_HAND


@dataclass(frozen=True)
class CallCoHandlers(MeetingCommand):
    """Call the co-handlers of ``ticket`` together, for ``planned_at``."""

    roles = frozenset({Role.DEPARTMENT})
    starts = True
    also = ("ticket",)

    ticket: str
    planned_at: datetime
    theme: Text
    venue: Text | None = None


def call(command: CallCoHandlers, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.1c: by the lead alone, while it handles the ticket; all its co-handlers are invited."""
    need_field("ticket", command.ticket)
    ticket = facts.others[command.ticket]
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    rule = policy.pack.find("co_handling.meeting")
    if rule is None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="meetings.kinds", value="", offered=policy.pack.names("meetings.kinds"))
    invited = tuple(unit for unit in involved_units(ticket) if unit != ticket.lead)
    if not invited:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="two_departments")
    need_field("theme", command.theme)
    form = form_of(policy.pack, str(rule.value))
    need_free(ticket, form, policy)
    subject = Subject(SubjectKind.MEETING.value, facts.fresh_id)
    convened = MeetingConvened(
        meeting_kind=form.code,
        planned_at=command.planned_at,
        convener=facts.actor.account,
        convener_role=facts.actor.role,
        units=invited,
        venue=command.venue,
        theme=command.theme,
    )
    is_late = is_behind(ticket, command.planned_at)
    return [
        Happened(subject, convened, clocks=(minutes_due(policy, now, command.planned_at, facts.actor.unit),)),
        Happened(subject, ItemSubmitted(1, TICKET, ticket.id, is_late)),
        Happened(ticket.subject, PutOnAgenda(subject.id, form.code, command.planned_at, is_late)),
    ]


DECISIONS = {CallCoHandlers: call}
