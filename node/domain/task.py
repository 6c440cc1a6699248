"""
Regular tasks (定期任务): what a body owes once in each period of the pack, such as sorting what the grass roots reported (HM20-3.1c).

The node itself opens one task for each kind and period; its clock ends with the period.  A task that was not done stays open and
overdue beside the next one, so that a week in which nobody sorted anything is seen as such.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import ClassVar

from node.domain.command import Facts
from node.domain.dossier import Dossier, DossierCommand, DossierEvent, stop_clock
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.assignment import need_person
from node.domain.ticket.checks import need_field, need_value
from node.domain.time.calendar import at

CLOCK = "regular_task"
OPEN, DONE = "open", "done"
# The roles that a pack may charge with a regular task.
CHARGED = (Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.STEWARD, Role.MEMBER, Role.SUPERVISION, Role.GOVERNMENT)


@dataclass(frozen=True)
class RegularTask(Dossier):
    """
    One task of one period.  ``state``: "open" or "done".  ``role`` owes it, ``person`` is the account that was named for it, or
    empty.  ``left`` counts what still waited for it when it was done.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.TASK

    task_kind: str = ""
    period: str = ""
    ends_on: date | None = None
    role: str = ""
    person: str = ""
    done_at: datetime | None = None
    done_by: str = ""
    left: int = 0
    note: Words | None = None

    @property
    def key(self) -> str:
        """Its kind and period, e.g. "sort_reports/2026-W10"."""
        return key_of(self.task_kind, self.period)


@dataclass(frozen=True)
class OpenTask(DossierCommand):
    """The period named ``period``, from ``begins_on`` to ``ends_on``, has begun, or went by unseen: its task is owed."""

    subject_kind = SubjectKind.TASK
    roles = frozenset({Role.NODE})
    starts = True

    task_kind: str
    period: str
    begins_on: date
    ends_on: date


@dataclass(frozen=True)
class AssignTask(DossierCommand):
    """Name the account that does the task."""

    subject_kind = SubjectKind.TASK
    roles = frozenset({Role.OFFICE})
    needs = ("accounts",)

    person: str


@dataclass(frozen=True)
class CompleteTask(DossierCommand):
    """The task of this period is done."""

    subject_kind = SubjectKind.TASK
    roles = frozenset(CHARGED)
    needs = ("waiting_for_task",)

    note: Text | None = None


@dataclass(frozen=True)
class TaskOpened(DossierEvent):
    """
    `role` owes the task `task_kind` of the pack for `period`, whose last day is `ends_on`. The header's clock ends with that day.
    """

    begins = True

    task_kind: str
    period: str
    ends_on: date
    role: str

    def begin(self, head: Header) -> RegularTask:
        return RegularTask(
            id=head.subject.id,
            owner=head.node,
            state=OPEN,
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            task_kind=self.task_kind,
            period=self.period,
            ends_on=self.ends_on,
            role=self.role,
        )


@dataclass(frozen=True)
class TaskAssigned(DossierEvent):
    """The account `person` does the task, instead of `former`, if that is not empty."""

    person: str
    former: str = ""

    def apply(self, dossier: RegularTask, head: Header) -> RegularTask:
        return replace(dossier, person=self.person)


@dataclass(frozen=True)
class TaskCompleted(DossierEvent):
    """The task was done by the actor; `left` is how many matters still waited for it then."""

    left: int = 0
    note: Words | None = None

    def apply(self, dossier: RegularTask, head: Header) -> RegularTask:
        return replace(dossier, state=DONE, done_at=head.recorded_at, done_by=head.actor.account, left=self.left, note=self.note)


def open_task(command: OpenTask, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.1c: at the pack's interval, whoever the pack charges with it."""
    need_value(policy, "tasks.kinds", command.task_kind)
    role = policy.pack.choice(f"task.{command.task_kind}.role")
    event = TaskOpened(command.task_kind, command.period, command.ends_on, role)
    # It is owed since its period began, however late this node looked.
    since = min(now, at(command.begins_on, time.min))
    clock = replace(clocks.start_until(policy, since, CLOCK, role, command.ends_on), since=since)
    return [Happened(Subject(SubjectKind.TASK.value, facts.fresh_id), event, clocks=(clock,))]


def assign(task: RegularTask, command: AssignTask, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Somebody who has the role that owes it."""
    _need_open(task)
    need_field("person", command.person)
    need_person(facts, command.person, role=Role(task.role))
    if command.person == task.person:
        return []
    return [Happened(task.subject, TaskAssigned(command.person, task.person))]


def complete(task: RegularTask, command: CompleteTask, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Whoever owes it, or was named for it; late is done, too, and the clock has said that it was late."""
    if facts.actor.role != task.role and facts.actor.account != task.person:
        raise Refusal(Code.PERMISSION_DENIED, command="CompleteTask", role=facts.actor.role)
    if task.state == DONE:
        return []
    left: int = facts.given["waiting_for_task"]
    return [Happened(task.subject, TaskCompleted(left, command.note), clocks=stop_clock(task))]


def key_of(task_kind: str, period: str) -> str:
    """By what a task is found."""
    return f"{task_kind}/{period}"


def _need_open(task: RegularTask) -> None:
    if task.state != OPEN:
        raise Refusal(Code.TASK_DONE, task=task.id, period=task.period)


DECISIONS = {OpenTask: open_task, AssignTask: assign, CompleteTask: complete}
