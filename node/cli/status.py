"""``qyzj status``: the node at a glance."""

import dataclasses
import shutil
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session, coded_words
from node.cli.reconcile import reconciled_body, show_reconciled, show_wish
from node.cli.ticket_page import node_words, whose
from node.cli.verbs import Verbs
from node.services import queries, reconcile_wishes
from node.services.acting import Node
from node.services.link_proof import state_of
from node.services.reconcile_wishes import Wish
from node.services.situations import Situation
from node.services.status import Status
from node.services.status import status as status_of
from node.texts.catalogue import text

_STYLES = {"red": "bold red", "amber": "yellow", "note": ""}


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "status", status)


def status(session: Session) -> None:
    """Node, pack, calendar, links with their lag, clocks due today and overdue, what was set aside."""
    with session.node() as node, node.store.read() as view:
        calendar = node.policies.bare(view).calendar
        found = status_of(
            view,
            calendar,
            node.now(),
            node.wall(),
            node.settings.heartbeat_seconds,
            free_percent=_free_percent(node),
            certificate_days=_certificate_days(node),
        )
        names, wishes = queries.names(view), reconcile_wishes.wishes(view)
    body = dataclasses.asdict(found) | {
        "links": [dataclasses.asdict(link) | {"state": state_of(link)} for link in found.links],
        "situations": [dataclasses.asdict(one) | {"sentence": sentence_of(session, one)} for one in found.situations],
        "reconciled": [reconciled_body(one) for one in found.reconciled],
    }
    asked = [one for one in wishes if one.asked_at is not None]
    session.answer(body, lambda console: _show(session, console, found, names, asked))


def _show(session: Session, console: Console, found: Status, names: queries.Names, asked: Sequence[Wish]) -> None:
    console.print(session.say("status.node", node=found.node, name=found.name, epoch=found.epoch, size=found.size))
    if found.is_rehearsal:
        console.print(RichText(session.say("status.rehearsal"), style="yellow"))
    console.print(
        session.say("status.line", line=" > ".join(node_words(names, code) for code in found.line))
        if found.line
        else session.say("status.top")
    )
    for pack in found.packs:
        console.print(session.say("status.pack", id=pack.id, version=pack.version, digest=pack.digest, day=pack.effective_from))
    console.print(session.say("status.calendar", version=found.calendar, until=found.calendar_until or ""))
    if found.is_calendar_ending:
        console.print(RichText(session.say("status.calendar_ending"), style="yellow"))
    if found.links:
        table = session.table("links", "peer", "side", "state", "up", "down", "heard", "next", "error")
        for link in found.links:
            table.add_row(
                f"{link.peer} {link.name}",
                session.word("link_side", link.side),
                session.word("link_state", state_of(link)),
                str(link.up),
                str(link.down),
                session.moment(link.heard_at),
                session.moment(link.next_attempt_at),
                _last_error(link.last_error, session),
                style="red" if state_of(link) != "connected" else "",
            )
        console.print(table)
    for situation in found.situations:
        console.print(RichText(sentence_of(session, situation), style=_STYLES[situation.colour]))
    for compared in found.reconciled:
        show_reconciled(session, console, compared, found.node)
    for wish in asked:
        show_wish(session, console, wish)
    if found.below:
        _show_below(session, console, found)
    if found.due:
        table = session.table("due", "unit", "today", "overdue")
        for one in found.due:
            table.add_row(whose(session, one.unit, names), str(one.today), str(one.overdue), style="red" if one.overdue else "")
        console.print(table)
    else:
        console.print(session.say("status.nothing_due"))
    if found.tickets:
        parts = [f"{session.word('state', state)} {count}" for state, count in found.tickets.items()]
        console.print(session.say("status.tickets", parts=session.say("between").join(parts)))
    for key, count in (("status.quarantine", found.quarantine), ("status.incidents", found.incidents)):
        if count:
            # What is to be done about them, the situations say, as long as it is.
            console.print(session.say(key, count=count))


def _last_error(code: str, session: Session) -> str:
    """In words that need no facts: what they would be stands nowhere, but the situation below the table has them."""
    if not code:
        return ""
    short = session.word("link_error", code)
    return short if short != code else coded_words(code, session.lang)[0]


def _show_below(session: Session, console: Console, found: Status) -> None:
    """The subtree, a line a node: what it holds by its own clocks, and how far behind our copy may be."""
    table = session.table("below", "node", "state", "open", "today", "overdue", "up", "heard", "last_entry")
    for one in found.below:
        via = "" if one.via == one.node else session.say("status.via", node=one.via)
        style = "red" if one.overdue or one.status != "active" else ""
        table.add_row(
            f"{one.node} {one.name}",
            session.word("node_status", one.status),
            str(one.open),
            str(one.today),
            str(one.overdue),
            f"{one.waiting}{via}",
            session.moment(one.heard_at),
            session.moment(one.last_entry_at),
            style=style,
        )
    console.print(table)


def sentence_of(session: Session, situation: Situation) -> str:
    """A situation in words: what is the case, and what to do."""
    facts = {"node": "", **situation.facts, "peer": situation.peer}
    if "error" in facts:
        facts["error"] = coded_words(str(facts["error"]), session.lang)[0] if facts["error"] else ""
    return text(f"situation.{situation.code}", session.lang, **facts)


def _free_percent(node: Node) -> int:
    usage = shutil.disk_usage(node.data_dir)
    return usage.free * 100 // usage.total


def _certificate_days(node: Node) -> dict[str, int]:
    """Whole days until each certificate ends; of files that cannot be read nothing is known."""
    from federation.credentials import KeyFiles  # what only this needs of it takes long to load

    try:
        return KeyFiles(node.data_dir / "keys").days_left(node.wall())
    except (OSError, ValueError):
        return {}
