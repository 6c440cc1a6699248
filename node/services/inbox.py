"""
What the people of a node were told and have not read, as far as it still holds.

A warning of a limit falls away by itself once its step is done, stands, or has another limit: nobody is to read that something may
become overdue which was signed in the meantime.  What is read here only is not written: the row stays as it was told.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import SubjectKind
from node.storage import notices, schema
from node.storage.database import instant
from node.storage.unit_of_work import View

RUNG = "rung"


def unread(view: View, audiences: Sequence[str], rows_max: int = 200) -> list[notices.Row]:
    """What *audiences* were told and nobody read, of the latest *rows_max*, without warnings that are settled; the latest first."""
    told = notices.of_audience(view.connection, audiences, rows_max=rows_max)
    gone = _settled(view, told)
    return [row for row in told if row.id not in gone]


def settled(view: View, audiences: Sequence[str], rows_max: int = 200) -> list[str]:
    """The warnings that ``unread`` leaves out."""
    return sorted(_settled(view, notices.of_audience(view.connection, audiences, rows_max=rows_max)))


def _settled(view: View, told: Sequence[notices.Row]) -> set[str]:
    warnings = [row for row in told if row.template == RUNG and row.subject_kind == SubjectKind.TICKET.value]
    if not warnings:
        return set()
    clocks = schema.clocks
    running = (clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), clocks.c.due_at.is_not(None))
    rows = view.connection.execute(
        select(clocks.c.ticket, clocks.c.name, clocks.c.due_at).where(clocks.c.ticket.in_({row.subject_id for row in warnings}), *running)
    )
    due = {(row.ticket, row.name): instant(row.due_at) for row in rows}
    return {row.id for row in warnings if due.get((row.subject_id, row.facts["clock"])) != datetime.fromisoformat(row.facts["due"])}
