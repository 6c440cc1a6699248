"""``qyzj round``: rounds of sampled revisits, from the commitment to the reveal."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.command_line import Typed, function_of
from node.cli.console import Session
from node.cli.tickets import verbs_help
from node.cli.verbs import Verbs
from node.domain import round as d
from node.domain.command import Command
from node.services import rounds
from node.services.acting import act
from node.services.bodies import achieved_body, outcome_body
from node.services.command_fields import is_for_people
from node.services.handle import Outcome

RoundId = Annotated[str, typer.Argument(metavar="ROUND", show_default=False)]
COMMANDS: tuple[type[Command], ...] = (d.OpenRound, d.CutFrame, d.DrawSample, d.RecordCall, d.RevealRound)


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "round")
    verbs.add(noun, "list", list_rounds, key="round.list")
    verbs.add(noun, "calls", show_calls, key="round.calls")
    verbs.add(noun, "recompute", recompute, key="round.recompute")
    for command in COMMANDS:
        if is_for_people(command):
            make = partial(function_of, command, verbs, _carry_out, positional="ROUND")
            verbs.add_made(noun, verb_of(command), make, verbs_help(verbs, command))


def verb_of(command: type[Command]) -> str:
    """The verb without its noun: OpenRound is "open", CutFrame "cut", RecordCall "call"."""
    return "call" if command is d.RecordCall else re.findall("[A-Z][a-z]*", command.__name__)[0].lower()


def _carry_out(session: Session, typed: Typed) -> None:
    with session.node() as node:
        outcome = act(
            node, session.acting(), typed.command, subject=typed.ticket, id=typed.id, seen=typed.seen, occurred_at=typed.occurred_at
        )
    session.answer(outcome_body(outcome, typed.id), lambda console: _show_outcome(session, console, outcome))


def _show_outcome(session: Session, console: Console, outcome: Outcome) -> None:
    kinds = session.say("between").join(session.word("event", one.header.kind) for one in outcome.entries)
    key = "ticket.repeated" if outcome.is_repeat else "ticket.done" if outcome.entries else "ticket.nothing"
    console.print(RichText(session.say(key, events=kinds), style="green"))
    console.print(session.say("round.id", id=outcome.subject.id))


def list_rounds(
    session: Session, county: Annotated[list[str] | None, typer.Option("--county", metavar="NODE", show_default=False)] = None
) -> None:
    """Every round held here, with what was achieved."""
    with session.node() as node, node.store.read() as view:
        found = rounds.achieved(view, county or ())
    session.answer({"rounds": [achieved_body(one) for one in found]}, lambda console: _show_list(session, console, found))


def _show_list(session: Session, console: Console, found: Sequence[rounds.Achieved]) -> None:
    if not found:
        console.print(session.say("round.none"))
        return
    table = session.table("", "round", "county", "period", "stage", "frame", "drawn", "reached", "satisfied", "findings")
    for one in found:
        reached = f"{one.reached}" + (f" ({one.reached_percent} %)" if one.reached_percent is not None else "")
        drawn = f"{one.drawn}" + (f" ({one.drawn_percent} %)" if one.drawn_percent is not None else "")
        stage = session.word("stage", one.stage)
        table.add_row(one.id, one.county, one.period, stage, str(one.frame), drawn, reached, str(one.satisfied), str(one.findings))
    console.print(table)


def show_calls(session: Session, round: RoundId) -> None:
    """The calls to make, by enterprise; names and phones only by ``ticket open --purpose drawn``."""
    with session.node() as node, node.store.read() as view:
        now = node.now()
        calls = rounds.call_list(view, round, now)
    body = {
        "round": round,
        "calls": [
            {
                "enterprise": call.enterprise,
                "is_settled": call.is_settled,
                "sheets": [
                    {"key": one.key, "ticket": one.ticket, "attempts": one.attempts, "is_settled": one.is_settled} for one in call.sheets
                ],
                "contacts": [{"at": one.at, "node": one.node, "ticket": one.ticket, "kind": one.kind} for one in call.contacts],
            }
            for call in calls
        ],
    }
    session.answer(body, lambda console: _show_calls(session, console, calls))


def _show_calls(session: Session, console: Console, calls: Sequence[rounds.PlannedCall]) -> None:
    table = session.table("calls", "enterprise", "key", "attempts", "settled", "contacts")
    for call in calls:
        for place, sheet in enumerate(call.sheets):
            first = place == 0
            settled = session.say("yes" if sheet.is_settled else "no")
            table.add_row(
                call.enterprise if first else "", sheet.key, str(sheet.attempts), settled, str(len(call.contacts)) if first else ""
            )
    console.print(table)


def recompute(session: Session, round: RoundId) -> None:
    """Repeat frame and draw from the journal and say whether they are what was recorded."""
    with session.node() as node, node.store.read() as view:
        again = rounds.recompute(view, round)
    body = {
        "round": round,
        "agrees": again.is_same,
        "commitment": again.is_commitment_kept,
        "frame": again.is_frame_same,
        "sample": again.is_sample_same,
        "frame_size": again.frame_size,
    }
    session.answer(
        body, lambda console: console.print(session.say("round.agrees" if again.is_same else "round.differs", frame=again.frame_size))
    )
    if not again.is_same:
        raise typer.Exit(1)
