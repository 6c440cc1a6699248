"""
What the people of a node were told and have not read, as far as it still holds.

Three things fall away by themselves: a warning of a limit once its step is done, stands, or has another limit; "it is your turn" once
the ticket is in another state, or it is somebody else's; an order once it is closed.  Nobody is to read that something may become
overdue which was signed in the meantime.  What is read here only is not written: the row stays as it was told.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import SubjectKind
from node.domain.order.record import OPEN
from node.domain.ticket.state import who_acts
from node.services.scope import conceals_from
from node.storage import notices, schema
from node.storage.database import instant
from node.storage.unit_of_work import View

RUNG, TURN = "rung", "turn"
_TICKET, _ORDER = SubjectKind.TICKET.value, SubjectKind.ORDER.value


def unread(view: View, audiences: Sequence[str], rows_max: int = 200, unit: str = "") -> list[notices.Row]:
    """
    What *audiences* were told and nobody read, of the latest *rows_max*, without warnings that are settled, and for somebody of *unit*
    without tickets that are concealed from it: all members are told at once.  The latest first.
    """
    told = notices.of_audience(view.connection, audiences, rows_max=rows_max)
    gone = _settled(view, told) | (_concealed(view, told, unit) if unit else set())
    return [row for row in told if row.id not in gone]


def _concealed(view: View, told: Sequence[notices.Row], unit: str) -> set[str]:
    traits, tickets = schema.traits, {row.subject_id for row in told if row.subject_kind == _TICKET}
    query = select(traits.c.ticket).where(conceals_from(unit), traits.c.ticket.in_(tickets))
    found = set(view.connection.execute(query).scalars()) if tickets else set()
    return {row.id for row in told if row.subject_id in found}


def settled(view: View, audiences: Sequence[str], rows_max: int = 200) -> list[str]:
    """The warnings that ``unread`` leaves out."""
    return sorted(_settled(view, notices.of_audience(view.connection, audiences, rows_max=rows_max)))


def _settled(view: View, told: Sequence[notices.Row]) -> set[str]:
    of_tickets = [row for row in told if row.subject_kind == _TICKET]
    warnings = [row for row in of_tickets if row.template == RUNG]
    turns = [row for row in of_tickets if row.template == TURN]
    orders = [row for row in told if row.subject_kind == _ORDER]
    return {*_without_limit(view, warnings), *_over(view, turns), *_closed(view, orders)}


def _without_limit(view: View, warnings: Sequence[notices.Row]) -> list[str]:
    if not warnings:
        return []
    clocks = schema.clocks
    running = (clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), clocks.c.due_at.is_not(None))
    rows = view.connection.execute(
        select(clocks.c.ticket, clocks.c.name, clocks.c.due_at).where(clocks.c.ticket.in_({row.subject_id for row in warnings}), *running)
    )
    due = {(row.ticket, row.name): instant(row.due_at) for row in rows}
    return [row.id for row in warnings if due.get((row.subject_id, row.facts["clock"])) != datetime.fromisoformat(row.facts["due"])]


def _over(view: View, turns: Sequence[notices.Row]) -> list[str]:
    """Those of *turns* whose ticket is in another state, or with somebody else in the same one, as after an upheld objection."""
    if not turns:
        return []
    table = schema.tickets
    columns = (table.c.id, table.c.state, table.c.with_whom, table.c.lead)
    rows = view.connection.execute(select(*columns).where(table.c.id.in_({row.subject_id for row in turns})))
    told = {row.id: (row.state, who_acts(row.with_whom, row.lead)) for row in rows}
    return [row.id for row in turns if row.subject_id in told and told[row.subject_id] != (row.facts["state"], _audience(row))]


def _audience(row: notices.Row) -> tuple[str, str]:
    """Unit and role of whom *row* told, as ``who_acts`` says them."""
    kind, _, code = row.audience.partition(":")
    return (code, "") if kind == "unit" else ("", code)


def _closed(view: View, orders: Sequence[notices.Row]) -> list[str]:
    if not orders:
        return []
    table = schema.dossiers
    rows = view.connection.execute(select(table.c.id, table.c.state).where(table.c.id.in_({row.subject_id for row in orders})))
    over = {row.id for row in rows if row.state not in OPEN}
    return [row.id for row in orders if row.subject_id in over]
