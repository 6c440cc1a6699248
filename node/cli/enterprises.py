"""
What there is to see of enterprise files and of the directory: one enterprise with all its needs, its profile, searches; turns, group
members, the digest of a day.
"""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.command_line import Typed, function_of, read_date
from node.cli.console import Session
from node.cli.find import line_body
from node.cli.tickets import verbs_help
from node.cli.verbs import Verbs
from node.cli.viewing import viewer_of
from node.domain import directory as d
from node.domain.entry import SubjectKind
from node.domain.time import local_day
from node.services import dossiers, enterprises, group_register
from node.services.acting import act
from node.services.bodies import outcome_body
from node.services.command_fields import is_for_people, verb_of
from node.services.queries import names
from node.services.spoken import said_aloud

Id = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
Day = Annotated[str, typer.Option("--day", metavar="DATE", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "directory")
    verbs.add(noun, "turns", turns, key="directory.turns", group="look")
    verbs.add(noun, "groups", groups, key="directory.groups", group="look")
    verbs.add(noun, "members", members, key="directory.members", group="look")
    verbs.add(noun, "digest", digest, key="directory.digest", group="look")
    for command in d.DECISIONS:
        if is_for_people(command):
            make = partial(function_of, command, verbs, _carry_out, positional="")
            verbs.add_made(noun, verb_of(command), make, verbs_help(verbs, command))


def _carry_out(session: Session, typed: Typed) -> None:
    with session.node() as node:
        outcome = act(node, session.acting(), typed.command, id=typed.id, seen=typed.seen, occurred_at=typed.occurred_at)
    kinds = session.say("between").join(session.word("event", one.header.kind) for one in outcome.entries)
    key = "ticket.repeated" if outcome.is_repeat else "ticket.done" if outcome.entries else "ticket.nothing"
    session.answer(outcome_body(outcome, typed.id), lambda console: console.print(session.say(key, events=kinds)))


# --- enterprise files -------------------------------------------------------------------------------------------------


def show_file(session: Session, enterprise: Id) -> None:
    """One enterprise, one file: what is tied to it, and every need that was brought in for it."""
    with session.node() as node, node.store.read() as view:
        id = dossiers.find(view, SubjectKind.ENTERPRISE, enterprise)
        page = enterprises.file_page(view, id, node.policies.bare(view).calendar, node.now(), viewer_of(session, node.code, view))
        called = names(view)
    body: dict[str, Any] = {"id": id, "credit_code": page.file.credit_code, "state": page.file.state, "tied": page.tied}
    body |= {
        "tickets": [line_body(line) for line in page.tickets],
        "visits": [dataclasses.asdict(one) for one in page.file.visits],
        "tags": page.file.tags,
        "officials": [dataclasses.asdict(one) for one in page.file.officials],
    }

    def show(console: Console) -> None:
        state = session.word("enterprise_state", page.file.state)
        console.print(RichText(f"{id}  {page.file.credit_code}  {state}", style="bold"))
        for line in page.tickets:
            console.print(RichText(said_aloud(line, called, session.lang), style="red" if line.is_overdue else ""))
        table = session.table("visits", "day", "unit", "what", "who")
        for visit in page.file.visits:
            table.add_row(visit.on.isoformat(), called.unit(visit.unit), session.word("visit_purpose", visit.purpose), visit.account)
        console.print(table)

    session.answer(body, show)


def show_profile(session: Session, enterprise: Id) -> None:
    """What the file's own data say of an enterprise."""
    with session.node() as node, node.store.read() as view:
        id = dossiers.find(view, SubjectKind.ENTERPRISE, enterprise)
        seen = enterprises.profile(view, id, node.policies.bare(view).calendar, node.now(), viewer_of(session, node.code, view))
    body = {field.name: getattr(seen, field.name) for field in dataclasses.fields(seen)}

    def show(console: Console) -> None:
        table = session.table("profile", "fact", "value")
        for name, value in body.items():
            shown = value if not isinstance(value, Mapping) else ", ".join(f"{key} {count}" for key, count in value.items())
            table.add_row(session.word("profile_fact", name), RichText(str(", ".join(shown) if isinstance(shown, tuple) else shown)))
        console.print(table)

    session.answer(body, show)


def search(
    session: Session,
    industry: Annotated[str, typer.Option("--industry", metavar="CODE", show_default=False)] = "",
    block: Annotated[str, typer.Option("--block", metavar="CODE", show_default=False)] = "",
    size: Annotated[str, typer.Option("--size", metavar="CODE", show_default=False)] = "",
    area: Annotated[str, typer.Option("--area", metavar="CODE", show_default=False)] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="CODE", show_default=False)] = None,
    quiet_months: Annotated[int, typer.Option("--quiet-months", metavar="NUMBER", min=0, show_default=False)] = 0,
    tickets_min: Annotated[int, typer.Option("--tickets-min", metavar="NUMBER", min=0, show_default=False)] = 0,
    lacks_agent: Annotated[bool, typer.Option("--lacks-agent", show_default=False)] = False,
) -> None:
    """Enterprise files by what they are, and by what has (not) happened with them."""
    with session.node() as node, node.store.read() as view:
        since = _months_before(local_day(node.now()), quiet_months) if quiet_months else None
        wanted = enterprises.Wanted("", industry, block, size, area, tuple(tag or ()), since, tickets_min, lacks_agent)
        found = enterprises.search(view, wanted)
    session.answer({"enterprises": found}, lambda console: console.print("\n".join(found)))


def _months_before(day: date, months: int) -> date:
    """The same day of the month so many months ago, or the last that month has."""
    first = day.year * 12 + day.month - 1 - months
    year, month = divmod(first, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


VIEWS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "enterprise": {"file": show_file, "profile": show_profile, "search": search},
}


# --- the directory ----------------------------------------------------------------------------------------------------


def turns(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", show_default=False)],
    first: Annotated[str, typer.Option("--from", metavar="DATE", show_default=False)] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE", show_default=False)] = "",
) -> None:
    """The plan of one kind of turns with its gaps and overlaps; of the next four weeks unless told."""
    with session.node() as node, node.store.read() as view:
        today = local_day(node.now())
        begin = read_date("from", first) if first else today
        end = read_date("to", last) if last else begin + timedelta(days=27)
        planned = enterprises.turns(view, kind, begin, end)
        faults = enterprises.faults_of_plan(view, kind, begin, end)
    body = {"turns": [dataclasses.asdict(one) for one in planned], "faults": [dataclasses.asdict(one) for one in faults]}

    def show(console: Console) -> None:
        table = session.table("turns", "key", "who", "started", "due", "what")
        for one in planned:
            table.add_row(one.id, one.who, session.moment(one.begins_at), session.moment(one.ends_at), one.place)
        console.print(table)
        missing = session.table("plan_faults", "day", "what", "who")
        for fault in faults:
            missing.add_row(fault.day.isoformat(), fault.place, ", ".join(fault.turns), style="red")
        console.print(missing)

    session.answer(body, show)


def groups(session: Session) -> None:
    """The service groups of the pack in force, and how many are in each."""
    with session.node() as node, node.store.read() as view:
        found = group_register.listed(view, node.policies.of_registry(view, node.now()).pack)
        known = names(view)

    def show(console: Console) -> None:
        table = session.table("groups", "group", "name", "kind", "unit", "officials", "enterprises")
        for one in found:
            called = (session.word("group", one.group), session.word("service_group", one.kind), known.unit(one.unit) if one.unit else "")
            table.add_row(one.group, *called, str(one.officials), str(one.enterprises))
        console.print(table)

    session.answer({"groups": [dataclasses.asdict(one) for one in found]}, show)


def members(session: Session, group: Annotated[str, typer.Argument(metavar="GROUP", show_default=False)]) -> None:
    """Who is in a service group."""
    with session.node() as node, node.store.read() as view:
        found = enterprises.members(view, group)
    session.answer({"group": group, "members": found}, lambda console: console.print("\n".join(found)))


def digest(session: Session, day: Day = "") -> None:
    """What came in on one day by the channels that the pack collects, and what of it waits still (HM20-3.1a)."""
    with session.node() as node, node.store.read() as view:
        pack = node.policies.of_node(view, node.now()).pack
        wanted = read_date("day", day) if day else local_day(node.now())
        found = enterprises.digest(view, pack.names("digest.channels"), wanted)
    body = dataclasses.asdict(found)

    def show(console: Console) -> None:
        console.print(session.say("digest.count", day=found.day, count=len(found.tickets), unhandled=len(found.unhandled)))
        for id in found.tickets:
            console.print(id, style="red" if id in found.unhandled else "")

    session.answer(body, show)
