"""
Regular tasks: which are to be opened, and what waits for one (HM20-3.1c).

Of each kind of the pack the next task follows the last one, up to the period of today.  So
a node that was off opens what went by meanwhile as well, once, and shows that nobody did it.
"""

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import select

from node.domain.command import Order
from node.domain.entry import Subject, SubjectKind
from node.domain.period import next_period, period_of
from node.domain.policy import Policy
from node.domain.task import OpenTask, RegularTask, key_of
from node.domain.ticket.state import BEFORE_FORMING
from node.domain.time import last_day, local_day
from node.services.registry import NODE_ACTOR
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork, View

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0011")
# Missed tasks of one kind that one look opens: two years of weeks.  The rest follows with the next look.
tasks_at_once_max = 104
_WAITING = sorted(state.value for state in BEFORE_FORMING)


def due_now(view: View, policy: Policy, now: datetime) -> list[Order]:
    """The commands that open what is owed at *now* and not open yet, the oldest first; none under a pack without regular tasks."""
    return [
        Order(str(uuid.uuid5(_NAMESPACE, f"{policy.node}|{key_of(one.task_kind, one.period)}")), NODE_ACTOR, "", one)
        for kind in policy.pack.names("tasks.kinds")
        for one in _next_of(view, policy, kind, local_day(now))
    ]


def _next_of(view: View, policy: Policy, kind: str, today: date) -> Iterator[OpenTask]:
    every, last = policy.pack.choice(f"task.{kind}.every"), _last_end(view, kind)
    period = period_of(today if last is None else last + timedelta(days=1), every)
    for _ in range(tasks_at_once_max):
        begins_on = local_day(period.begins)
        if begins_on > today:
            return
        yield OpenTask(kind, period.name, begins_on, last_day(period.ends))
        period = next_period(begins_on, every)


def _last_end(view: View, kind: str) -> date | None:
    """The last day that a task of this kind covers; None where there is none yet."""
    return next((one.ends_on for one in tasks(view, kind, tasks_max=1)), None)


def tasks(view: View | UnitOfWork, kind: str, *, tasks_max: int = tasks_at_once_max) -> list[RegularTask]:
    """The regular tasks of this node of one *kind*, the last opened first, at most *tasks_max*."""
    table = schema.dossiers
    query = (
        select(table.c.id)
        .where(
            table.c.kind == SubjectKind.TASK.value,
            table.c.owner == view.head.node,
            table.c.key.startswith(key_of(kind, ""), autoescape=True),
        )
        .order_by(table.c.opened_at.desc(), table.c.id.desc())
        .limit(tasks_max)
    )
    ids = view.connection.execute(query).scalars().all()
    return [dossier_of(view.journal, Subject(SubjectKind.TASK.value, id)) for id in ids]


def waiting(view: View | UnitOfWork, policy: Policy, kind: str) -> list[str]:
    """The needs held here that the task *kind* is to sort and that nobody has sorted: of its channels, the oldest first."""
    table = schema.tickets
    rows = view.connection.execute(
        select(table.c.id)
        .where(
            table.c.holder == view.head.node,
            table.c.channel.in_(policy.pack.names(f"task.{kind}.channels")),
            table.c.state.in_(_WAITING),
        )
        .order_by(table.c.registered_at, table.c.id)
    )
    return list(rows.scalars())


def waiting_for_task(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> int:
    """How much still waits for the task that the command is about."""
    task = dossier_of(work.journal, Subject(SubjectKind.TASK.value, order.subject))
    return 0 if task is None else len(waiting(work, policy, task.task_kind))
