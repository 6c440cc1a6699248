"""``qyzj order open``, ``tracking`` and ``backlog``: what the supervision side looks at every day."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session, Usage
from node.cli.viewing import viewer_of
from node.domain.entry import SubjectKind
from node.domain.order.record import SupervisionOrder
from node.domain.registry import unit_code
from node.domain.time import end_of, local_day
from node.domain.time.calendar import at
from node.services import dossiers
from node.services import supervision_lists as lists
from node.services.order_messages import Message, open_message
from node.services.registry import actor_of


def open_orders(session: Session, unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "") -> None:
    """Orders and proposals that are open, with the time of the reply and the working days that the limit is overdue."""
    with session.node() as node, node.store.read() as view:
        code = unit_code(node.code, unit) if unit else ""
        viewer = viewer_of(session, node.code, view)
        lines = lists.order_lines(view, node.policies.bare(view).calendar, node.now(), unit=code, viewer=viewer)
        unread = sorted(view.readings.unread_dossiers)
    body = {
        "orders": [_plain(line.order) | {"reply_due_at": line.reply_due_at, "overdue_workdays": line.overdue_workdays} for line in lines],
        "unread": unread,
    }

    def shown(console: Console) -> None:
        _show_orders(session, console, lines)
        session.tell_left_out(console, unread)

    session.answer(body, shown)


def tracking(session: Session) -> None:
    """Every open assignment with its state, the days left and the last progress (HM20-3.4a)."""
    with session.node() as node, node.store.read() as view:
        lines = lists.tracking_list(view, node.policies.bare(view).calendar, node.now(), viewer_of(session, node.code, view))
    session.answer({"assignments": [dataclasses.asdict(line) for line in lines]}, lambda console: _show_tracking(session, console, lines))


def backlog(
    session: Session,
    first: Annotated[str, typer.Option("--first", metavar="DAY", show_default=False)] = "",
    last: Annotated[str, typer.Option("--last", metavar="DAY", show_default=False)] = "",
) -> None:
    """What was open when the period began, and what became of it (HM20-4.3c); this month, if no days are given."""
    with session.node() as node, node.store.read() as view:
        today = local_day(node.now())
        begins = at(_day("--first", first) or today.replace(day=1), time.min)
        found = lists.backlog(view, begins, end_of(_day("--last", last) or today), viewer_of(session, node.code, view))
    counts = dataclasses.asdict(found)
    session.answer({"backlog": counts}, lambda console: _show_backlog(session, console, counts))


def message(session: Session, order: Annotated[str, typer.Argument(metavar="ID", show_default=False)]) -> None:
    """What the order says; that the unit addressed opened it, and when, is kept as its reading receipt (AS25-4.6.2)."""
    with session.node() as node:
        account, _, role = session.acting().partition(":")
        with node.store.read() as view:
            actor = actor_of(view.connection, node.code, account, role)
            found = dossiers.find(view, SubjectKind.ORDER, order)
        opened = node.writer.command(lambda work: open_message(work, node.handler, found, actor))
    body = {"order": _plain(opened.order), "texts": dict(opened.texts)}
    session.answer(body, lambda console: _show_message(session, console, opened))


VIEWS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "order": {"open": open_orders, "tracking": tracking, "backlog": backlog, "message": message}
}


def _plain(order: SupervisionOrder) -> dict[str, Any]:
    kept = (
        "id",
        "number",
        "state",
        "measure",
        "ground",
        "form",
        "unit",
        "to_node",
        "issuer",
        "is_automatic",
        "tickets",
        "reference",
        "times",
        "called_at",
        "received_at",
        "read_at",
    )
    return {name: getattr(order, name) for name in kept}


def _day(option: str, said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise Usage("date_wanted", option=option, value=said) from None


def _show_orders(session: Session, console: Console, lines: list[lists.OrderLine]) -> None:
    table = session.table("orders", "key", "state", "what", "why", "unit", "due", "overdue", "order_read")
    for line in lines:
        order = line.order
        table.add_row(
            order.number or order.id,
            session.word("order_state", order.state),
            session.word("measure", order.measure),
            session.word("supervision_ground", order.ground),
            order.unit or order.to_node,
            session.due(line.reply_due_at),
            str(line.overdue_workdays or ""),
            session.moment(order.read_at),
        )
    console.print(table)


def _show_message(session: Session, console: Console, opened: Message) -> None:
    table = session.table("opened", "fact", "value")
    for name, plain in opened.texts.items():
        table.add_row(session.word("field", name), RichText(plain))
    console.print(table)
    if opened.order.read_at is not None:
        console.print(session.say("order_message.read", at=session.moment(opened.order.read_at)))


def _show_tracking(session: Session, console: Console, lines: list[lists.TrackingLine]) -> None:
    table = session.table("assignments", "ticket", "state", "unit", "due", "left", "last_entry")
    for line in lines:
        remaining = "" if line.left is None else str(line.left)
        shown = session.moment(line.progress_at)
        table.add_row(line.number or line.ticket, session.word("state", line.state), line.unit, session.due(line.due_at), remaining, shown)
    console.print(table)


def _show_backlog(session: Session, console: Console, counts: Mapping[str, int]) -> None:
    table = session.table("backlog", "what", "counted")
    for name, count in counts.items():
        table.add_row(session.word("backlog", name), str(count))
    console.print(table)
