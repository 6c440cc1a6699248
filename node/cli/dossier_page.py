"""
How a dossier is shown to people, whatever its kind: what it is, its plain facts, a section for each list in it, its clocks and its
history.

Units, nodes and enterprises are said by their names, tickets by their short numbers, codes in the words of the catalogue.  What
ties things together for machines is left to ``--json``.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.ticket_page import clock_sentence, says, show_clocks, who
from node.domain.payload import PayloadKind, SealedRef
from node.services.dossier_page import DossierPage
from node.texts.catalogue import COLON, catalogue, label, sections

# What stands in the head of the page, and what only programs read.
_IN_THE_HEAD = frozenset({"id", "owner", "state", "opened_at", "changed_at", "version", "clocks"})
_FOR_MACHINES = frozenset({"content", "digest", "finding"})
# Codes of these fields are words of another section than the field's own name; a field that means different things, by kind.
_SECTIONS = {
    "convener_role": "role",
    "issuer": "role",
    "post": "leader_post",
    "meeting.kind": "item_kind",
    "order.ground": "supervision_ground",
    "order.form": "supervision_form",
    "order.result": "supervision_result",
    "order.cause": "supervision_cause",
    "letter.topic": "issue_topic",
    "letter.result": "letter_result",
    "letter.author_role": "role",
    "letter.requires": "field",
    "letter.classes": "category",
    "support_policy.mode": "benefit_mode",
}


def show_dossier(session: Session, console: Console, page: DossierPage) -> None:
    """Everything about a dossier that this node knows."""
    dossier, kind = page.dossier, page.dossier.kind.value
    what = session.word("subject_kind", kind)
    state = session.word(f"{kind}_state", dossier.state)
    console.print(RichText(session.say("dossier.head", kind=what, id=dossier.id, state=state), style="bold"))
    opened = session.moment(dossier.opened_at)
    console.print(session.say("dossier.kept", owner=page.names.node(dossier.owner), opened=opened, seen=f"0.{dossier.version}"))
    for clock in page.clocks:
        if clock.is_running:
            console.print(RichText(clock_sentence(session, clock, page.names), style="red" if clock.is_overdue else ""))
    plain, lists = _split(dossier)
    facts = session.table("", "fact", "value")
    for name, value in plain.items():
        facts.add_row(_field(session, page, name), RichText(_said(session, page, name, value)))
    if plain:
        console.print(facts)
    for name, rows in lists.items():
        _show_list(session, console, page, name, rows)
    if page.clocks:
        show_clocks(session, console, page.clocks, page.names)
    history = session.table("history", "recorded", "node", "who", "what", "says")
    for entry in page.history:
        at, event = session.moment(entry.recorded_at), session.word("event", entry.kind)
        history.add_row(at, page.names.node(entry.node), who(session, entry, page.names), event, RichText(says(session, entry, page.names)))
    console.print(history)


def _split(dossier: Any) -> tuple[dict[str, Any], dict[str, Sequence[Mapping[str, Any]]]]:
    """The facts that are a line each, and the lists of things that have several facts of their own; nothing that is empty."""
    plain: dict[str, Any] = {}
    lists: dict[str, Sequence[Mapping[str, Any]]] = {}
    for field in dataclasses.fields(dossier):
        value = getattr(dossier, field.name)
        if field.name in _IN_THE_HEAD | _FOR_MACHINES or _is_empty(value):
            continue
        if isinstance(value, Mapping):
            lists[field.name] = [{"about": key, "at": one} for key, one in sorted(value.items())]
        elif isinstance(value, tuple) and dataclasses.is_dataclass(value[0]) and not isinstance(value[0], SealedRef):
            lists[field.name] = [dict(_facts(one)) for one in value]
        elif dataclasses.is_dataclass(value) and not isinstance(value, type | SealedRef):
            plain |= {name: one for name, one in _facts(value) if not _is_empty(one)}
        else:
            plain[field.name] = value
    return plain, lists


def _facts(value: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))


def _is_empty(value: object) -> bool:
    return value is None or value is False or value in ("", (), {}, frozenset(), 0)


def _show_list(session: Session, console: Console, page: DossierPage, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table with a column for each fact that at least one of *rows* has."""
    columns = [column for column in rows[0] if any(not _is_empty(row[column]) for row in rows) and column not in _FOR_MACHINES]
    table = session.table("")
    table.title, table.title_justify = _field(session, page, name), "left"
    for column in columns:
        table.add_column(_field(session, page, column), overflow="fold")
    for row in rows:
        table.add_row(*(RichText("" if _is_empty(row[column]) else _said(session, page, column, row[column])) for column in columns))
    console.print(table)


def _field(session: Session, page: DossierPage, name: str) -> str:
    """What a fact is called on a page of dossiers, else by the dossier's kind, else as the field of a command."""
    called = catalogue(session.lang)
    return called.get(f"dossier_fact.{name}") or label(type(page.dossier).__name__, name, session.lang)


def _said(session: Session, page: DossierPage, name: str, value: object) -> str:
    """A fact as people read it; several of them one after another."""
    if isinstance(value, SealedRef):
        said = page.texts.get(value) if value.kind is PayloadKind.TEXT else None
        return session.say("ticket.sealed") if said is None else said
    if isinstance(value, datetime):
        return session.moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return session.say("yes" if value else "no")
    if isinstance(value, tuple | list | frozenset):
        many = sorted(value) if isinstance(value, frozenset) else value
        return session.say("between").join(_said(session, page, name, one) for one in many)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = (
            f"{_field(session, page, one)}{COLON[session.lang]}{_said(session, page, one, what)}"
            for one, what in _facts(value)
            if not _is_empty(what)
        )
        return "\n".join(parts)
    return _called(session, page, name, str(value))


def _called(session: Session, page: DossierPage, name: str, code: str) -> str:
    """The name of a unit, a node, a ticket or an enterprise; else the word for a code; else what it is."""
    if code in page.called:
        return page.called[code]
    if code in page.names.units or code in page.names.nodes:
        return page.names.units.get(code) or page.names.nodes[code]
    section = _SECTIONS.get(f"{page.dossier.kind.value}.{name}") or _SECTIONS.get(name) or name
    return session.word(section, code) if section in sections(session.lang) else code
