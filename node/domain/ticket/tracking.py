"""
Cross-department handling (跨部门事项): before it starts, the centre names lead, co-handlers, a limit and one tracker, where the
pack asks for them; the tracker follows the ticket to its end (FJ25-3.8.1).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.assignment import need_person
from node.domain.ticket.checks import need_field, need_scope
from node.domain.ticket.parts import with_round
from node.domain.ticket.state import FINAL
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class NameTracker(Command):
    """Name the one who follows the ticket; another one takes the place of the former."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})
    needs = ("accounts",)

    tracker: str


@dataclass(frozen=True)
class RecordTracking(Command):
    """The tracker writes down what he saw and did."""

    roles = frozenset({Role.TRACKER})

    note: Text


@dataclass(frozen=True)
class TrackerNamed(TicketEvent):
    """The account `tracker` follows the ticket from now on, instead of `former` (FJ25-3.8.1b: exactly one)."""

    tracker: str
    former: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, tracker=self.tracker, tracker_node=head.node)


@dataclass(frozen=True)
class TrackingRecorded(TicketEvent):
    """The tracker wrote down what he saw."""

    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class CaseLimitSet(TicketEvent):
    """The centre set this ticket's own limit: the header moves the resolve clock to the end of `due_on` (FJ25-3.8.1a)."""

    due_on: date

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, promised=self.due_on))


def need_case_named(ticket: Ticket, co_handlers: tuple[str, ...], due_on: date | None, tracker: str, policy: Policy) -> None:
    """FJ25-3.8.1: what a dispatch of this complexity must name; co-handlers that have a part already count."""
    is_tracked = bool(tracker or ticket.tracker_at(policy.node))
    given = {"co_handler": bool(co_handlers or ticket.co_handlers), "limit": due_on is not None, "tracker": is_tracked}
    missing = [need for need in policy.pack.names(f"dispatch.needs.{ticket.classing.complexity}") if not given[need]]
    if missing:
        raise Refusal(Code.JOINT_HANDLING_INCOMPLETE, ticket=ticket.id, missing=missing)


def set_for_case(
    ticket: Ticket, lead: str, due_on: date | None, tracker: str, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """What a dispatch to *lead* sets beside it: the case's own limit and its tracker."""
    happened = []
    if due_on is not None:
        if due_on < local_day(now):
            raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=due_on, earliest=local_day(now))
        running = ticket.clock("resolve")
        if running is not None:
            change = clocks.move_to(replace(running, owes=lead), due_on, policy)
        else:
            change = clocks.start_until(policy, now, "resolve", lead, due_on)
        happened.append(Happened(ticket.subject, CaseLimitSet(due_on), clocks=(change,)))
    former = ticket.tracker_at(policy.node)
    if tracker and tracker != former:
        need_person(facts, tracker, role=Role.TRACKER)
        happened.append(Happened(ticket.subject, TrackerNamed(tracker, former)))
    return happened


def name_tracker(ticket: Ticket, command: NameTracker, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.8.1b: exactly one; naming another replaces him, and the file says whom."""
    if ticket.state in FINAL:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_scope(ticket, facts, policy)
    need_field("tracker", command.tracker)
    need_person(facts, command.tracker, role=Role.TRACKER)
    former = ticket.tracker_at(policy.node)
    if command.tracker == former:
        return []
    return [Happened(ticket.subject, TrackerNamed(command.tracker, former))]


def record_tracking(ticket: Ticket, command: RecordTracking, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.8.1b: by the tracker of this very ticket."""
    if ticket.state in FINAL:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_tracker(ticket, facts, policy)
    need_field("note", command.note)
    return [Happened(ticket.subject, TrackingRecorded(command.note))]


def need_tracker(ticket: Ticket, facts: Facts, policy: Policy) -> None:
    """A tracker acts on his own tickets only."""
    tracker = ticket.tracker_at(policy.node)
    if not tracker or facts.actor.account != tracker:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=tracker)


DECISIONS = {NameTracker: name_tracker, RecordTracking: record_tracking}
