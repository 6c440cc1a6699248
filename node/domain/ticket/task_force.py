"""
Joint handling (联办): a task force of people from several units, and a joint plan of items, each with its unit, its date and its
tick (FJ23-2.1c, 2.2).

The plan belongs to the ticket: nothing is completed while one of its items is open.  A unit that gets an item and has no part
yet becomes a co-handler; once all its items are ticked, their results are its contribution to the lead's one reply.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import handling_record as h
from node.domain.ticket.assignment import need_person, need_received
from node.domain.ticket.checks import need_field, need_scope, need_state, need_unit
from node.domain.ticket.co_handling import CoHandlerAdded, ContributionFiled
from node.domain.ticket.parts import co_handler, involved_units, is_member
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.tracking import need_tracker
from node.domain.time import local_day

# A code, never the matter itself: it stands in the open.
ITEM_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
PLANNERS = frozenset({Role.OFFICE, Role.STEWARD, Role.TRACKER, Role.DEPARTMENT})


@dataclass(frozen=True)
class AttachTaskForce(Command):
    """
    Let ``members``, accounts of several units, handle the ticket together with the lead; another list replaces the former.

    ``baseline_days``: how many days such a matter took before, to compare with.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.LEADER})
    needs = ("accounts",)

    members: tuple[str, ...]
    baseline_days: int = 0


@dataclass(frozen=True)
class AddJointItem(Command):
    """Put an item into the joint plan: ``unit`` owes it by the end of ``due``; ``item`` is its code on this ticket."""

    roles = PLANNERS
    needs = ("accounts",)

    item: str
    unit: str
    due: date
    title: Text
    person: str = ""


@dataclass(frozen=True)
class TickJointItem(Command):
    """The unit's word that its item is done, with what came of it."""

    roles = frozenset({Role.DEPARTMENT})

    item: str
    result: Text


@dataclass(frozen=True)
class MoveJointItem(Command):
    """Set another date for an item, with the reason."""

    roles = PLANNERS

    item: str
    due: date
    reason: Text


@dataclass(frozen=True)
class DropJointItem(Command):
    """Take an item out of the plan that is not needed any more, with the reason."""

    roles = PLANNERS

    item: str
    reason: Text


@dataclass(frozen=True)
class TaskForceAttached(TicketEvent):
    """
    The accounts `members` handle the ticket together with its lead, whatever unit they belong to; of other tickets they get
    nothing. `baseline_days` is what such a matter took before, 0 if nobody said.
    """

    members: tuple[str, ...]
    baseline_days: int = 0

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, task_force=h.TaskForce(self.members, self.baseline_days, head.recorded_at))


@dataclass(frozen=True)
class JointItemAdded(TicketEvent):
    """The joint plan has one more item: `unit` owes it by the end of `due`, `person` of it answers for it, if named."""

    item: str
    unit: str
    due: date
    person: str = ""
    title: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, joint_items=(*ticket.joint_items, h.JointItem(self.item, self.unit, self.person, self.due)))


@dataclass(frozen=True)
class JointItemDone(TicketEvent):
    """An item of the joint plan was ticked off by the unit that owed it. `is_late`: after its date."""

    item: str
    unit: str
    is_late: bool = False
    result: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_item(ticket, self.item, done_at=head.recorded_at)


@dataclass(frozen=True)
class JointItemMoved(TicketEvent):
    """An item of the joint plan is due at the end of `due` instead of `former_due`."""

    item: str
    due: date
    former_due: date
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_item(ticket, self.item, due=self.due)


@dataclass(frozen=True)
class JointItemDropped(TicketEvent):
    """An item of the joint plan is not needed any more."""

    item: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_item(ticket, self.item, is_dropped=True)


def attach(ticket: Ticket, command: AttachTaskForce, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.2b: named members from several units; the right holds for this ticket."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_scope(ticket, facts, policy)
    need_field("members", command.members)
    units = {need_person(facts, member, role=Role.DEPARTMENT).unit for member in command.members}
    if len(units) < 2:
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground="two_departments")
    if command.baseline_days < 0:
        raise Refusal(Code.MALFORMED_COMMAND, field="baseline_days")
    members = tuple(dict.fromkeys(command.members))
    former = ticket.task_force
    if former is not None and (former.members, former.baseline_days) == (members, command.baseline_days):
        return []
    return [Happened(ticket.subject, TaskForceAttached(members, command.baseline_days))]


def add_item(ticket: Ticket, command: AddJointItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.2a: each item has its own unit, limit and state; a unit without a part gets one with its first item."""
    need_state(ticket, IN_HAND)
    _need_planner(ticket, facts, policy)
    need_field("item", command.item)
    if not ITEM_CODE.fullmatch(command.item):
        raise Refusal(Code.MALFORMED_COMMAND, field="item")
    need_field("title", command.title)
    need_unit(facts, command.unit)
    if command.person:
        need_person(facts, command.person, command.unit)
    if any(one.code == command.item for one in ticket.joint_items):
        raise Refusal(Code.ALREADY_EXISTS, kind="joint_item", id=command.item)
    _need_date(ticket, command.due, now)
    clock = clocks.start_until(policy, now, "joint_item", command.unit, command.due)
    event = JointItemAdded(command.item, command.unit, command.due, command.person, command.title)
    happened = [Happened(ticket.subject, event, clocks=(replace(clock, clock=f"joint_item/{command.item}"),))]
    if command.unit not in involved_units(ticket):
        asked = clocks.start(policy, now, "co_handle", command.unit, key=command.unit)
        happened.append(Happened(ticket.subject, CoHandlerAdded(command.unit, command.title), clocks=(asked,)))
    return happened


def tick(ticket: Ticket, command: TickJointItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.1c: each unit files its own item's result; with its last one a co-handler has made its contribution."""
    need_state(ticket, IN_HAND)
    item = _need_item(ticket, command.item)
    if facts.actor.unit != item.unit and not is_member(ticket, facts):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=item.unit)
    if item.done_at is not None:
        return []
    need_received(ticket, item.unit, policy)
    need_field("result", command.result)
    is_late = local_day(now) > item.due
    stopped = clocks.stop_if_on(ticket, "joint_item")
    done = JointItemDone(item.code, item.unit, is_late, command.result)
    happened = [Happened(ticket.subject, done, clocks=tuple(one for one in stopped if one.clock == f"joint_item/{item.code}"))]
    part = co_handler(ticket, item.unit)
    others = [one for one in ticket.joint_items if one.unit == item.unit and one.code != item.code and one.is_open]
    if part is not None and part.state in ("asked", "confirmed") and not others:
        own = ticket.clock(f"co_handle/{item.unit}")
        changes = (clocks.stop(own.name),) if own is not None else ()
        happened.append(Happened(ticket.subject, ContributionFiled(item.unit, command.result), clocks=changes))
    return happened


def move_item(ticket: Ticket, command: MoveJointItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Another date is another promise: who made the plan gives it, with the reason."""
    need_state(ticket, IN_HAND)
    _need_planner(ticket, facts, policy)
    item = _need_open_item(ticket, command.item)
    need_field("reason", command.reason)
    _need_date(ticket, command.due, now)
    if command.due == item.due:
        return []
    clock = ticket.clock(f"joint_item/{item.code}")
    changes = (clocks.move_to(clock, command.due, policy),) if clock is not None else ()
    return [Happened(ticket.subject, JointItemMoved(item.code, command.due, item.due, command.reason), clocks=changes)]


def drop_item(ticket: Ticket, command: DropJointItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """What is not needed holds up nothing; it stays in the file with the reason."""
    need_state(ticket, IN_HAND)
    _need_planner(ticket, facts, policy)
    item = _need_item(ticket, command.item)
    if item.is_dropped:
        return []
    item = _need_open_item(ticket, command.item)
    need_field("reason", command.reason)
    clock = ticket.clock(f"joint_item/{item.code}")
    changes = (clocks.stop(clock.name),) if clock is not None else ()
    return [Happened(ticket.subject, JointItemDropped(item.code, command.reason), clocks=changes)]


def progress(ticket: Ticket) -> tuple[int, int]:
    """How many items of the joint plan are done, of how many that count (FJ23-2.2a: 16/17)."""
    counted = [item for item in ticket.joint_items if not item.is_dropped]
    return sum(1 for item in counted if item.done_at is not None), len(counted)


def open_items(ticket: Ticket) -> list[str]:
    """The items that nobody has ticked yet: they hold up the completion."""
    return [item.code for item in ticket.joint_items if item.is_open]


def percent_of_baseline(ticket: Ticket) -> int | None:
    """
    By how many percent the handling took longer (or, below 0, less long) than such a matter took before (FJ23-2.2b).

    In calendar days from the begin of the round to its completion, rounded towards zero; None without a baseline, or while it
    is open.
    """
    if ticket.task_force is None or not ticket.task_force.baseline_days or ticket.round is None or ticket.completion is None:
        return None
    took = (local_day(ticket.completion.completed_at) - local_day(ticket.round.begun_at)).days
    return int((took - ticket.task_force.baseline_days) * 100 / ticket.task_force.baseline_days)


def _need_planner(ticket: Ticket, facts: Facts, policy: Policy) -> None:
    """The office, a steward within his field, the ticket's own tracker, or its lead."""
    need_scope(ticket, facts, policy)
    if facts.is_role(Role.TRACKER):
        need_tracker(ticket, facts, policy)
    if facts.is_role(Role.DEPARTMENT) and facts.actor.unit != ticket.lead:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=ticket.lead)


def _need_item(ticket: Ticket, code: str) -> h.JointItem:
    item = next((one for one in ticket.joint_items if one.code == code), None)
    if item is None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="item", value=code, offered=[one.code for one in ticket.joint_items])
    return item


def _need_open_item(ticket: Ticket, code: str) -> h.JointItem:
    item = _need_item(ticket, code)
    if not item.is_open:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="joint_item")
    return item


def _need_date(ticket: Ticket, due: date, now: datetime) -> None:
    if due < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=due, earliest=local_day(now))


def _with_item(ticket: Ticket, code: str, **changes: Any) -> Ticket:
    after = tuple(replace(one, **changes) if one.code == code else one for one in ticket.joint_items)
    return replace(ticket, joint_items=after)


DECISIONS = {
    AttachTaskForce: attach,
    AddJointItem: add_item,
    TickJointItem: tick,
    MoveJointItem: move_item,
    DropJointItem: drop_item,
}
