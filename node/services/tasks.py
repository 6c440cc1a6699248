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
from node.storage.database import instant
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
    every, (begun, unread) = policy.pack.choice(f"task.{kind}.every"), _begun(view, kind)
    period = period_of(begun or today, every)
    for _ in range(tasks_at_once_max):
        begins_on = local_day(period.begins)
        if begins_on > today:
            return
        if key_of(kind, period.name) not in unread:
            yield OpenTask(kind, period.name, begins_on, last_day(period.ends))
        period = next_period(begins_on, every)


def _begun(view: View, kind: str) -> tuple[date | None, set[str]]:
    """
    The day behind the last task of this kind, None where there is none yet, and the keys of later ones that cannot be read: they are
    there, and one that is damaged must not keep the clock from all others.  Where none can be read it is the day on which the first
    of them was opened.
    """
    begun, unread = None, set[str]()
    for id, key, opened_at in _opened(view, kind, tasks_at_once_max):
        if found := view.readings.dossiers(SubjectKind.TASK, [id]):
            return found[0].ends_on + timedelta(days=1), unread
        begun = local_day(opened_at)
        unread.add(key)
    return begun, unread


def tasks(view: View | UnitOfWork, kind: str, *, tasks_max: int = tasks_at_once_max) -> list[RegularTask]:
    """The regular tasks of this node of one *kind*, of the *tasks_max* last opened those that can be read, the last one first."""
    return view.readings.dossiers(SubjectKind.TASK, [id for id, *_more in _opened(view, kind, tasks_max)])


def _opened(view: View | UnitOfWork, kind: str, tasks_max: int) -> list[tuple[str, str, datetime]]:
    """The id, the key and the time of opening of each of the *tasks_max* tasks of *kind* that were opened last, the last one first."""
    table = schema.dossiers
    query = (
        select(table.c.id, table.c.key, table.c.opened_at)
        .where(
            table.c.kind == SubjectKind.TASK.value,
            table.c.owner == view.head.node,
            table.c.key.startswith(key_of(kind, ""), autoescape=True),
        )
        .order_by(table.c.opened_at.desc(), table.c.id.desc())
        .limit(tasks_max)
    )
    return [(row.id, row.key, instant(row.opened_at)) for row in view.connection.execute(query)]


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
