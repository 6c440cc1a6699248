"""``qyzj tally``: how many needs came in by which channel, and how many ended without a result for which reason."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from node.cli.console import Session, Usage
from node.cli.verbs import Verbs
from node.cli.viewing import viewer_of
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.services import deadlines, tallies
from node.storage.unit_of_work import View

# By what is counted, and the section of the words for its codes.
SECTIONS: Mapping[str, str] = {
    "channel": "channel",
    "refusal": "refusal_reason",
    "termination": "ground",
    "late": "clock",
    "arrival": "arrival",
}


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "tally", tally)


def tally(
    session: Session,
    by: Annotated[str, typer.Option("--by", metavar="channel|refusal|termination|late|arrival")] = "channel",
    first: Annotated[str, typer.Option("--first", metavar="DAY", show_default=False)] = "",
    last: Annotated[str, typer.Option("--last", metavar="DAY", show_default=False)] = "",
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
) -> None:
    """Registrations of this node by channel, what ended without a result by reason, or limits that were missed by kind."""
    if by not in SECTIONS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="by", value=by, offered=tuple(SECTIONS))
    with session.node() as node, node.store.read() as view:
        code = unit_code(node.code, unit) if unit else ""
        period = tallies.Period(_day("--first", first), _day("--last", last), viewer_of(session, node.code, view))
        counting: Mapping[str, Callable[[View], Mapping[str, int]]] = {
            "channel": lambda view: tallies.by_channel(view, period, unit=code),
            "refusal": lambda view: tallies.by_refusal(view, period),
            "termination": lambda view: tallies.by_termination(view, period),
            "arrival": lambda view: tallies.by_arrival(view, period),
            "late": lambda view: deadlines.late_by_kind(
                view, node.now(), unit=code, first=period.first, last=period.last, viewer=period.viewer
            ),
        }
        counted = counting[by](view)
    session.answer({"by": by, "counts": counted}, lambda console: _show(session, console, by, counted))


def _day(option: str, said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise Usage("date_wanted", option=option, value=said) from None


def _show(session: Session, console: Console, by: str, counted: Mapping[str, int]) -> None:
    table = session.table("", "what", "counted")
    for code, count in counted.items():
        table.add_row(session.word(SECTIONS[by], code), str(count))
    console.print(table)
