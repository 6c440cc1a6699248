"""``qyzj task waiting``: what a regular task is to sort."""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer
from rich.console import Console

from node.cli.console import Session
from node.domain.entry import Subject, SubjectKind
from node.domain.task import RegularTask
from node.services import dossiers, tasks
from node.storage.dossier_readings import dossier_of


def waiting(session: Session, task: Annotated[str, typer.Argument(metavar="ID", show_default=False)]) -> None:
    """The needs that nobody has sorted yet, of the channels of the task."""
    with session.node() as node, node.store.read() as view:
        found: RegularTask = dossier_of(view.journal, Subject(SubjectKind.TASK.value, dossiers.find(view, SubjectKind.TASK, task)))
        needs = tasks.waiting(view, node.policies.of_node(view, node.now()), found.task_kind)

    def show(console: Console) -> None:
        table = session.table("to_sort", "ticket", task=session.word("task_kind", found.task_kind), period=found.period)
        for one in needs:
            table.add_row(one)
        console.print(table)

    session.answer({"task": found.id, "task_kind": found.task_kind, "period": found.period, "tickets": needs}, show)


VIEWS: Mapping[str, Mapping[str, Callable[..., None]]] = {"task": {"waiting": waiting}}
