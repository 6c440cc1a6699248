"""
The complaint supervision centre (营商环境投诉监督中心): it stands beside the local ladder, not on it (XS25-4.3.2.2c).

The centre submits a complaint that is major and hard; the complaint centre convenes a joint meeting of the responsible units and
decides with its minutes.  The layer stays as it is, the handling limit runs on, and whoever must decide has a limit of its own.
Which class it takes, on which grounds, and which kind of meeting it decides by, is the pack's.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import triage_record as t
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.layers import ON_THE_LADDER
from node.domain.ticket.local_ladder import BESIDE, FORWARD, LAYER, LAYER_CLOCKS
from node.domain.ticket.meetings import DECIDED, NOT_SETTLED
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

if TYPE_CHECKING:  # a meeting is built on what tickets are, not the other way round
    from node.domain.meeting.record import Item, Meeting


@dataclass(frozen=True)
class SubmitToComplaintCentre(Command):
    """Submit a major complaint to the complaint supervision centre; ``ground`` is the code of the pack that makes it one."""

    roles = frozenset({Role.OFFICE})

    ground: str
    reason: Text


@dataclass(frozen=True)
class DecideComplaint(Command):
    """The complaint centre's decision, with the joint ``meeting`` whose minutes carry it; due with the day that the meeting set."""

    roles = frozenset({Role.SUPERVISION})
    needs = ("named_meeting",)

    decision: Text
    meeting: str = ""


@dataclass(frozen=True)
class SubmittedToComplaintCentre(TicketEvent):
    """The centre submitted the complaint, which is major on the `ground`, to the complaint supervision centre, which must decide."""

    asks = True

    ground: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        layering = replace(ticket.layering, stage=BESIDE, asked=head.id, to="")
        return replace(ticket, with_whom=With.COMPLAINT_CENTRE, layering=layering)


@dataclass(frozen=True)
class ComplaintDecided(TicketEvent):
    """
    The complaint centre decided by the minutes of a joint `meeting`, at which `units` were present; `unit` owes it by the day `due`.

    Not `is_settled`: the meeting could not settle it, and the office passes the ticket on or takes it back.
    """

    meeting: str
    is_settled: bool
    units: tuple[str, ...]
    unit: str = ""
    due: date | None = None
    decision: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        decided = t.LayerDecision(BESIDE, head.recorded_at, head.actor.account, head.id, self.is_settled, self.due)
        layering = replace(
            ticket.layering, stage="" if self.is_settled else FORWARD, asked="", decisions=(*ticket.layering.decisions, decided)
        )
        is_back = self.is_settled and ticket.state is not State.FORMED
        return replace(ticket, with_whom=With.DEPARTMENT if is_back else With.OFFICE, layering=layering)


def submit(ticket: Ticket, command: SubmitToComplaintCentre, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.2c: by the centre, of a class that the pack names, on one of its grounds."""
    need_state(ticket, ON_THE_LADDER)
    classes = policy.pack.names("complaint_centre.classes")
    if not classes:
        raise Refusal(Code.NO_LADDER, ticket=ticket.id)
    if ticket.layering.stage == BESIDE:
        return []
    if ticket.classing.category not in classes:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="classes", value=ticket.classing.category, offered=classes)
    if ticket.layering.stage == LAYER:
        raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="layer_decision")
    need_field("ground", command.ground)
    offered = policy.pack.names("complaint_centre.grounds")
    if command.ground not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="ladder.grounds.", value=command.ground, offered=offered)
    need_field("reason", command.reason)
    changes = (*clocks.stop_if_on(ticket, *LAYER_CLOCKS), clocks.start(policy, now, "layer_decision", With.COMPLAINT_CENTRE))
    return [Happened(ticket.subject, SubmittedToComplaintCentre(command.ground, command.reason), clocks=changes)]


def decide(ticket: Ticket, command: DecideComplaint, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.2c: only with the minutes of the joint meeting, which list the units and what was decided on this ticket."""
    need_state(ticket, ON_THE_LADDER)
    if ticket.layering.stage != BESIDE:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="layer_decision")
    need_field("decision", command.decision)
    meeting, item = _with_minutes(ticket, facts.given["named_meeting"], policy)
    units = tuple(unit for unit in meeting.present if unit != meeting.host)
    is_settled = item.outcome == DECIDED
    event = ComplaintDecided(meeting.id, is_settled, units, item.unit, item.due, command.decision)
    changes = [*clocks.stop_if_on(ticket, *LAYER_CLOCKS)]
    if not is_settled:
        changes.append(clocks.start(policy, now, "layer_forward", With.OFFICE))
    elif ticket.state is State.FORMED and ticket.clock("dispatch") is None:
        changes.append(clocks.start(policy, now, "dispatch", With.OFFICE))
    return [Happened(ticket.subject, event, clocks=tuple(changes), answers=ticket.layering.asked)]


def _with_minutes(ticket: Ticket, meeting: "Meeting | None", policy: Policy) -> "tuple[Meeting, Item]":
    """
    The *meeting* and its item about *ticket*: of the pack's kind, with its minutes filed, another unit than its host present, and a
    decision on the ticket since it was submitted.  Anything less is no minutes.
    """
    wanted = policy.pack.choice("complaint_centre.meeting")
    if meeting is not None and meeting.meeting_kind == wanted and meeting.closed_at is not None and set(meeting.present) - {meeting.host}:
        asked_at = ticket.asks[ticket.layering.asked].asked_at
        for item in reversed(meeting.agenda):
            is_decided = item.outcome in (DECIDED, NOT_SETTLED) and item.decided_at is not None and item.decided_at >= asked_at
            if item.ticket == ticket.id and is_decided:
                return meeting, item
    raise Refusal(Code.MINUTES_MISSING, ticket=ticket.id, meeting_kind=wanted)


DECISIONS = {SubmitToComplaintCentre: submit, DecideComplaint: decide}
