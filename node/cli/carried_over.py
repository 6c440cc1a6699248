"""``qyzj ticket carried-over``: matters that were put to the leader and not settled in their month (HM20-3.3e)."""

import dataclasses
import re
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from node.cli.console import Session, Usage
from node.services import deadlines

Month = Annotated[str, typer.Argument(metavar="YYYY-MM", show_default=False)]


def carried_over(session: Session, month: Month) -> None:
    """The matters that a month left unsettled, each with the reason that was given."""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) is None:
        raise Usage("month_wanted", value=month)
    with session.node() as node, node.store.read() as view:
        found = deadlines.carried_over(view, date.fromisoformat(f"{month}-01"))
    session.answer({"month": month, "tickets": [dataclasses.asdict(one) for one in found]}, lambda console: _show(session, console, found))


def _show(session: Session, console: Console, found: list[deadlines.CarriedOver]) -> None:
    table = session.table("carried_over", "ticket", "unit", "settled_since", "reason")
    for one in found:
        settled = session.word("truth", "yes" if one.is_settled else "no")
        table.add_row(one.number or one.ticket, one.unit, settled, one.reason or "")
    console.print(table)
