"""``qyzj ticket calls``: the revisits that are due, one call an enterprise with an answer sheet a ticket (USERS B21)."""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.domain.ticket.after_record import CallPreference
from node.domain.time import local_day
from node.services import call_plan, queries


def show_calls(
    session: Session,
    days: Annotated[int, typer.Option("--days", metavar="NUMBER", min=0, max=60, show_default=False)] = call_plan.window_days,
) -> None:
    """The calls of the next days, what every level said to the enterprise before, and how each begins."""
    with session.node() as node, node.store.read() as view:
        now = node.now()
        calls = call_plan.planned(view, node.policies, now, days).calls
        names = queries.names(view)
        office = call_plan.office_of(view, node.policies.of_node(view, now))
        here = view.head.name
    until = local_day(now) + timedelta(days=days)
    body = {"now": now, "until": until, "calls": [call_body(call) | {"opening": _opening(session, office, call)} for call in calls]}
    session.answer(body, lambda console: _show(session, console, calls, names, office, here, until.isoformat()))


def call_body(call: call_plan.Call) -> dict[str, Any]:
    """A call, for machines."""
    return {**dataclasses.asdict(call), "first_due": call.first_due}


def _opening(session: Session, office: str, call: call_plan.Call) -> str:
    """The first sentence says which level calls, and why."""
    return session.say("calls.opening", office=office, tickets=len(call.sheets))


def _hours(session: Session, wish: CallPreference | None) -> str:
    if wish is not None and wish.do_not_call:
        return session.say("calls.do_not_call")
    if wish is None or (wish.from_hour, wish.to_hour) == (0, 24):
        return session.say("calls.any_hour")
    return session.say("calls.hours", **{"from": wish.from_hour, "to": wish.to_hour})


def _line(session: Session, one: call_plan.Contact, names: queries.Names) -> str:
    who = names.unit(one.by) if one.by in names.units else names.node(one.node)
    return f"{session.moment(one.at)} {who} {session.word('event', one.kind)}"


def _show(
    session: Session, console: Console, calls: Sequence[call_plan.Call], names: queries.Names, office: str, here: str, until: str
) -> None:
    if not calls:
        console.print(session.say("calls.none"))
        return
    table = session.table("call_plan", "enterprise", "first_due", "hours", "sheets", "contacts", node=here, until=until)
    for call in calls:
        sheets = "\n".join(f"{one.number or one.ticket} ({one.attempts}/{one.attempts_wanted})" for one in call.sheets)
        earlier = "\n".join(_line(session, one, names) for one in call.contacts)
        hours = _hours(session, call.preference)
        table.add_row(call.enterprise, session.due(call.first_due), hours, sheets, earlier or session.say("calls.no_contact"))
    console.print(table)
    console.print(session.say("calls.count", calls=len(calls), tickets=sum(len(call.sheets) for call in calls)))
    for call in calls:
        console.print(_opening(session, office, call), style="dim")
