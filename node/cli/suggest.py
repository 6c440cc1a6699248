"""
``qyzj ticket suggest``: which unit, which class, which earlier need may be the same; a person decides.

``dispatch --suggested`` keeps what was proposed beside what was chosen.
"""

import dataclasses
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.pack import Pack
from node.domain.refusal import Code, Refusal
from node.services.queries import find_ticket
from node.services.triage_inputs import earlier_needs, history, need_of, text_of, units_here
from node.storage.unit_of_work import View
from node.texts.catalogue import with_more, word
from node.triage.duplicates import Likely, Need, likely_duplicates
from node.triage.lexicon import shipped
from node.triage.offered import SWITCH, functions_here, suggest_classes
from node.triage.suggest import Suggester, Suggestion


def add_to(ticket: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the noun ``ticket``."""
    verbs.add(ticket, "suggest", suggest, key="ticket.suggest", group="look")


def suggest(session: Session, ticket: Annotated[str, typer.Argument(metavar="TICKET", show_default=False)]) -> None:
    """Proposals for a ticket, each with its grounds."""
    with session.node() as node, node.store.read() as view:
        whole = view.readings.ticket(find_ticket(view, ticket))
        if whole is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=ticket)
        pack = node.policies.for_ticket(view, whole, node.now()).pack
        is_on = pack.flag(SWITCH)
        text = text_of(view, whole) if is_on else ""
        units, model = _units(view, text, pack) if is_on else ([], "")
        classes = suggest_classes(text, pack) if is_on else []
        same = _duplicates(view, whole) if is_on else []
    body = {
        "ticket": whole.id,
        "is_on": is_on,
        "model": model,
        "units": [dataclasses.asdict(one) for one in units],
        "classes": [dataclasses.asdict(one) for one in classes],
        "duplicates": [dataclasses.asdict(one) for one in same],
    }
    session.answer(body, lambda console: _show(session, console, body))


def _units(view: View, text: str, pack: Pack) -> tuple[list[Suggestion], str]:
    """Among the units of this node that stand for a function of the lexicon; it learns from where people sent tickets."""
    functions = functions_here(units_here(view), pack)
    suggester = Suggester(shipped(), functions, history(view))
    return suggester.suggest(text), suggester.model


def _duplicates(view: View, whole: Any) -> list[Likely]:
    def need(known: Any) -> Need:
        return Need(known.id, known.text, known.registered_at, known.who, known.matter)

    return likely_duplicates(need(need_of(view, whole)), [need(one) for one in earlier_needs(view, whole)])


def _show(session: Session, console: Console, body: dict[str, Any]) -> None:
    if not body["is_on"]:
        console.print(session.say("suggest.off"))
        return
    table = session.table("suggest", "what", "name", "value", "why", model=body["model"])
    for key in ("units", "classes"):
        for one in body[key]:
            why = "、".join((*one["words"], *(word("suggested_by", way, session.lang) for way in one["ways"])))
            table.add_row(session.say(f"suggest.{key}"), with_more(one["name"], one["code"], session.lang), f"{one['score']:.2f}", why)
    for one in body["duplicates"]:
        why = "、".join(word("same_because", reason, session.lang) for reason in one["reasons"])
        table.add_row(session.say("suggest.duplicates"), one["id"], f"{one['likeness']:.2f}", why)
    console.print(table)
