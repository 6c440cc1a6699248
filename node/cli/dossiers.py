"""
``qyzj enterprise``, ``meeting``, ``order``, ``leader``: the nouns of dossiers.  Their verbs are the commands of the kind; ``list`` and
``show`` are the same for all.
"""

import dataclasses
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli import contests, enterprises, letters, supervision, tasks
from node.cli.command_line import Typed, function_of
from node.cli.console import Session
from node.cli.dossier_page import show_dossier
from node.cli.meetings import VIEWS
from node.cli.tickets import verbs_help
from node.cli.verbs import Verbs
from node.domain.command import Command
from node.domain.dossiers import commands_of
from node.domain.entry import Subject, SubjectKind
from node.domain.refusal import Code, Refusal
from node.services import dossiers
from node.services.acting import act
from node.services.bodies import outcome_body, plain
from node.services.command_fields import is_for_people
from node.services.dossier_page import dossier_page
from node.services.handle import Outcome
from node.services.ticket_view import EntryLine

# Kinds of dossiers whose key begins with what they are, and the words for that.
_KEYED_BY_KIND: Mapping[SubjectKind, str] = {
    SubjectKind.LETTER: "letter_kind",
    SubjectKind.MEETING: "meeting_kind",
    SubjectKind.CONTEST: "contest_kind",
    SubjectKind.TASK: "task_kind",
}
NOUNS: Mapping[str, SubjectKind] = {
    "enterprise": SubjectKind.ENTERPRISE,
    "meeting": SubjectKind.MEETING,
    "order": SubjectKind.ORDER,
    "leader": SubjectKind.LEADER,
    "policy": SubjectKind.SUPPORT_POLICY,
    "task": SubjectKind.TASK,
    "appraisal": SubjectKind.APPRAISAL,
    "contest": SubjectKind.CONTEST,
    "letter": SubjectKind.LETTER,
}

DossierId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the nouns that have commands onto the program."""
    for name, kind in NOUNS.items():
        commands = [command for command in commands_of(kind) if is_for_people(command)]
        if not commands:
            continue
        noun = verbs.group(app, name)
        add_looking(noun, verbs, kind)
        shown: set[str] = set()
        for views in (VIEWS, enterprises.VIEWS, supervision.VIEWS, tasks.VIEWS, contests.VIEWS, letters.VIEWS):
            for view, function in views.get(name, {}).items():
                verbs.add(noun, view, function, key=f"{name}.{view}", group="look")
                shown.add(view)
        for command in commands:
            if verb_of(command, name) in shown:  # a verb that does more than the command alone
                continue
            make = partial(function_of, command, verbs, _carry_out, positional="ID")
            verbs.add_made(noun, verb_of(command, name), make, verbs_help(verbs, command))


def add_looking(noun: typer.Typer, verbs: Verbs, kind: SubjectKind) -> None:
    """``list`` and ``show``, which are the same for every kind."""
    verbs.add(noun, "list", _listing(kind), key="dossier.list", group="look")
    verbs.add(noun, "show", _showing(kind), key="dossier.show", group="look")


def verb_of(command: type[Command], noun: str) -> str:
    """The verb without its noun: ConveneMeeting is "convene", RecordTask "record-task"."""
    words = [word.lower() for word in re.findall("[A-Z][a-z0-9]*", command.__name__)]
    return "-".join(word for word in words if word != noun) or noun


def _carry_out(session: Session, typed: Typed) -> None:
    with session.node() as node:
        with node.store.read() as view:
            subject = dossiers.find(view, typed.command.subject_kind, typed.ticket) if typed.ticket else ""
        outcome = act(node, session.acting(), typed.command, subject=subject, id=typed.id, seen=typed.seen, occurred_at=typed.occurred_at)
    session.answer(outcome_body(outcome, typed.id), lambda console: _show_outcome(session, console, outcome))


def _show_outcome(session: Session, console: Console, outcome: Outcome) -> None:
    kinds = session.say("between").join(session.word("event", one.header.kind) for one in outcome.entries)
    key = "ticket.repeated" if outcome.is_repeat else "ticket.done" if outcome.entries else "ticket.nothing"
    console.print(RichText(session.say(key, events=kinds), style="green"))
    console.print(session.say("dossier.id", id=outcome.subject.id))


def _listing(kind: SubjectKind) -> Any:
    def list_dossiers(
        session: Session,
        state: Annotated[str, typer.Option("--state", metavar="STATE", show_default=False)] = "",
        ticket: Annotated[str, typer.Option("--ticket", metavar="TICKET", show_default=False)] = "",
        unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    ) -> None:
        """Dossiers of one kind, the latest first."""
        with session.node() as node, node.store.read() as view:
            lines = dossiers.listed(view, kind, state=state, ticket=ticket, unit=unit)
        body = {"dossiers": [dataclasses.asdict(line) for line in lines]}
        session.answer(body, lambda console: _show_list(session, console, kind, lines))

    return list_dossiers


def _show_list(session: Session, console: Console, kind: SubjectKind, lines: list[dossiers.Line]) -> None:
    table = session.table("dossiers", "key", "state", "what", "recorded", kind=session.word("subject_kind", kind.value))
    for line in lines:
        table.add_row(
            line.id, session.word(f"{kind.value}_state", line.state), _called(session, kind, line.key), session.moment(line.changed_at)
        )
    console.print(table)


def _called(session: Session, kind: SubjectKind, key: str) -> str:
    """The key of a dossier: where that begins with its kind, which is a code, in words."""
    section = _KEYED_BY_KIND.get(kind)
    first, *rest = key.split("/")
    return "/".join((session.word(section, first), *rest)) if section else key


def _showing(kind: SubjectKind) -> Any:
    def show(session: Session, dossier: DossierId) -> None:
        """One dossier with its history."""
        with session.node() as node, node.store.read() as view:
            subject = Subject(kind.value, dossiers.find(view, kind, dossier))
            page = dossier_page(view, subject, node.policies.bare(view).calendar, node.now())
        if page is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=dossier)
        body = {"dossier": plain(page.dossier), "history": [_history(line) for line in page.history]}
        session.answer(body, lambda console: show_dossier(session, console, page))

    return show


def _history(line: EntryLine) -> dict[str, Any]:
    return {"at": line.recorded_at, "kind": line.kind, "account": line.account, "role": line.role, "node": line.node}
