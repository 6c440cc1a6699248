"""What there is to see of meetings and leaders, beside their lists and files: agendas, what is ripe, invitations, matters, flags."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.domain.entry import SubjectKind
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.services import dossiers, leaders, meetings

Id = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
Kind = Annotated[str, typer.Argument(metavar="KIND", show_default=False)]
Line = Annotated[str, typer.Option("--line", metavar="LINE", show_default=False)]
UnitName = Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)]
Report = Annotated[str, typer.Argument(metavar="REPORT", show_default=False)]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", show_default=False)]


def agenda(session: Session, meeting: Id) -> None:
    """The agenda of a meeting with what came of it, the needs raised there, its material and its tasks."""
    with session.node() as node, node.store.read() as view:
        found = meetings.meeting_of(view, dossiers.find(view, SubjectKind.MEETING, meeting))
        if found is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.MEETING, id=meeting)
        items, raised, material = meetings.agenda(view, found), meetings.raised(view, found), meetings.material(view, found)
        protocol = meetings.protocol(view, found)
        tasks = [one for one in meetings.open_tasks(view, node.now()) if one.meeting == found.id]
    body = {
        "meeting": found.id,
        "items": _plain(items),
        "raised": _plain(raised),
        "material": _plain(material),
        "tasks": _plain(tasks),
        "protocol": _plain(protocol),
    }

    def lines(console: Console) -> None:
        table = session.table("agenda", "agenda_item", "kind", "ticket", "state", "outcome", "unit", "due", "warning")
        for one in items:
            warning = session.say("meeting.behind_limit") if one.is_behind_limit else ""
            state = session.word("state", one.state) if one.state else ""
            outcome = session.word("outcome", one.outcome) if one.outcome else ""
            kind = session.word("item_kind", one.kind)
            table.add_row(str(one.number), kind, one.ticket, state, outcome, one.unit, str(one.due or ""), warning)
        console.print(table)
        _show_protocol(session, console, protocol)
        _show_needs(session, console, "raised", raised)
        _show_needs(session, console, "material", material, industry=found.industry)
        _show_tasks(session, console, tasks)

    session.answer(body, lines)


def candidates(session: Session, kind: Kind, line: Line = "") -> None:
    """The tickets that could be put on the agenda of a kind of meeting, and what each still lacks."""
    with session.node() as node, node.store.read() as view:
        found = meetings.candidates(view, node.policies.of_node(view, node.now()), kind, line)
    body = {"candidates": [dataclasses.asdict(one) | {"is_ripe": one.is_ripe} for one in found]}

    def lines(console: Console) -> None:
        table = session.table("candidates", "ticket", "state", "missing", meeting_kind=session.word("meeting_kind", kind))
        for one in found:
            table.add_row(
                one.ticket, session.word("state", one.state), session.say("between").join(_words(session, "ripeness", one.missing))
            )
        console.print(table)

    session.answer(body, lines)


def invitations(session: Session) -> None:
    """The meetings ahead to which whoever acts is invited, in person or as his unit's contact."""
    with session.node() as node, node.store.read() as view:
        found = meetings.invitations(view, session.acting().partition(":")[0])

    def lines(console: Console) -> None:
        table = session.table("", "meeting", "kind", "planned", "unit")
        for one in found:
            table.add_row(one.meeting, session.word("meeting_kind", one.meeting_kind), session.moment(one.planned_at), one.unit)
        console.print(table)

    session.answer({"invitations": _plain(found)}, lines)


def tasks(session: Session, unit: UnitName = "") -> None:
    """Tasks that meetings set and nobody ticked off."""
    with session.node() as node, node.store.read() as view:
        found = meetings.open_tasks(view, node.now(), unit=unit_code(node.code, unit) if unit else "")
        unread = sorted(view.readings.unread_dossiers)

    def lines(console: Console) -> None:
        _show_tasks(session, console, found)
        session.tell_left_out(console, unread)

    session.answer({"tasks": _plain(found), "unread": unread}, lines)


def missed(session: Session) -> None:
    """Meetings that were due in a period and not held, with the reason where one was given."""
    with session.node() as node, node.store.read() as view:
        found = meetings.missed(view, node.policies.of_node(view, node.now()), node.now())
        unread = sorted(view.readings.unread_dossiers)
    body = {"missed": [dataclasses.asdict(one) | {"is_explained": one.is_explained} for one in found], "unread": unread}

    def lines(console: Console) -> None:
        table = session.table("", "kind", "period", "explained")
        for one in found:
            table.add_row(session.word("meeting_kind", one.meeting_kind), one.period, one.explained_by)
        console.print(table)
        session.tell_left_out(console, unread)

    session.answer(body, lines)


def matters(session: Session, account: Account) -> None:
    """What a leader has to see: what he leads, handed over, is linked to, or must decide."""
    with session.node() as node, node.store.read() as view:
        found = leaders.matters(view, node.policies.of_node(view, node.now()), account, node.now())
    body = {"matters": [_matter(one) for one in found]}

    def lines(console: Console) -> None:
        table = session.table("", "ticket", "state", "with", "unit", "reasons", "days")
        for one in found:
            why = session.say("between").join(_words(session, "matter_reason", one.reasons))
            state, with_whom = session.word("state", one.state), session.word("with_whom", one.with_whom)
            table.add_row(one.ticket, state, with_whom, one.unit, why, str(one.days_open))
        console.print(table)

    session.answer(body, lines)


def _matter(matter: leaders.Matter) -> dict[str, Any]:
    """For machines: the result by where it stands, never in words."""
    result = f"{matter.result.entry}/{matter.result.place}" if matter.result is not None else ""
    plain = {field.name: getattr(matter, field.name) for field in dataclasses.fields(matter)}
    return plain | {"result": result, "is_leader_direct": matter.is_leader_direct}


def load(session: Session) -> None:
    """How many open matters each leader has in charge."""
    with session.node() as node, node.store.read() as view:
        found = leaders.load(view)

    def lines(console: Console) -> None:
        table = session.table("", "leader", "matters")
        for account, count in found.items():
            table.add_row(account, str(count))
        console.print(table)

    session.answer({"load": found}, lines)


def waiting(session: Session) -> None:
    """Open matters that want a leader in charge and have none, and those that a leader handed over whom nobody knows."""
    with session.node() as node, node.store.read() as view:
        policy = node.policies.of_node(view, node.now())
        without, unnamed = leaders.unassigned(view, policy), leaders.unnamed(view, policy)

    def lines(console: Console) -> None:
        table = session.table("", "ticket", "reasons")
        for reason, ids in (("in_charge", without), ("submitted", unnamed)):
            for id in ids:
                table.add_row(id, session.word("matter_reason", reason))
        console.print(table)

    session.answer({"unassigned": without, "unnamed": unnamed}, lines)


def flags(session: Session) -> None:
    """Periods in which a leader did not do what he owed on a matter in his charge."""
    with session.node() as node, node.store.read() as view:
        found = leaders.flags(view)

    def lines(console: Console) -> None:
        table = session.table("", "ticket", "leader", "what", "period")
        for one in found:
            table.add_row(one.ticket, one.leader, session.word("leader_flag", one.flag), one.period_ended_on)
        console.print(table)

    session.answer({"flags": _plain(found)}, lines)


def deliveries(session: Session, report: Report) -> None:
    """Who got a report and when he opened it."""
    with session.node() as node, node.store.read() as view:
        found = leaders.deliveries(view, report)

    def lines(console: Console) -> None:
        table = session.table("", "leader", "delivered", "read")
        for one in found:
            table.add_row(one.leader, session.moment(one.delivered_at), session.moment(one.read_at))
        console.print(table)

    session.answer({"deliveries": _plain(found)}, lines)


def _show_protocol(session: Session, console: Console, protocol: Sequence[meetings.ProtocolLine]) -> None:
    if not protocol:
        return
    table = session.table("protocol", "agenda_item", "ticket", "outcome", "unit", "opinions", "silent")
    for one in protocol:
        outcome = session.word("outcome", one.outcome) if one.outcome else ""
        table.add_row(str(one.number), one.ticket, outcome, one.lead, ", ".join(one.opinions), ", ".join(one.silent))
    console.print(table)


def _show_needs(session: Session, console: Console, title: str, needs: Sequence[meetings.NeedLine], industry: str = "") -> None:
    if not needs:
        return
    table = session.table(title, "ticket", "state", "unit", industry=session.word("industry", industry))
    for one in needs:
        table.add_row(one.ticket, session.word("state", one.state), one.unit)
    console.print(table)


def _show_tasks(session: Session, console: Console, found: Sequence[meetings.TaskLine]) -> None:
    table = session.table("tasks", "meeting", "agenda_item", "ticket", "unit", "due", "overdue")
    for one in found:
        overdue = session.word("rung", "overdue") if one.is_overdue else ""
        table.add_row(one.meeting, str(one.task), one.ticket, one.unit, str(one.due), overdue)
    console.print(table)


def _words(session: Session, section: str, codes: Sequence[str]) -> list[str]:
    return [session.word(section, code) for code in codes]


def _plain(lines: Sequence[Any]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(one) for one in lines]


# What each noun has besides its commands.
VIEWS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "meeting": {"agenda": agenda, "candidates": candidates, "invitations": invitations, "tasks": tasks, "missed": missed},
    "leader": {"matters": matters, "load": load, "waiting": waiting, "flags": flags, "deliveries": deliveries},
}
