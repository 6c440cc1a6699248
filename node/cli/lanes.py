"""``qyzj lane``: tickets that cannot be read here, and what an operator does about them."""

import dataclasses
import uuid
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.payload import Text
from node.domain.registry import HandleLane
from node.services import lanes
from node.services.acting import acting
from node.services.bodies import outcome_body
from node.services.queries import find_ticket

OPERATOR = "operator"

TicketArgument = Annotated[str, typer.Argument(metavar="TICKET", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "lane")
    verbs.add(noun, "list", list_lanes, key="lane.list")
    verbs.add(noun, "retry", retry, key="lane.retry")
    verbs.add(noun, "skip", skip, key="lane.skip")
    verbs.add(noun, "report", report, key="lane.report")


def list_lanes(session: Session) -> None:
    """Every entry that was set aside."""
    with session.node() as node, node.store.read() as view:
        found = lanes.listed(view)

    def lines(console: Console) -> None:
        if not found:
            console.print(session.say("lane.none"))
            return
        table = session.table("lanes", "ticket", "node", "epoch", "seq", "kind", "reason", "at")
        for one in found:
            reason = session.word("lane_reason", one.reason)
            table.add_row(
                one.ticket, one.node, str(one.epoch), str(one.seq), session.word("event", one.kind), reason, session.moment(one.at)
            )
        console.print(table)

    session.answer({"lanes": [dataclasses.asdict(one) for one in found]}, lines)


def retry(session: Session, ticket: TicketArgument) -> None:
    """Read the ticket once more."""
    _act(session, ticket, "retried", "")


def skip(session: Session, ticket: TicketArgument, reason: Reason) -> None:
    """Go on without the content of the entry in the way."""
    _act(session, ticket, "skipped", reason)


def report(session: Session, ticket: TicketArgument, reason: Reason = "") -> None:
    """Put it to the superior's operators."""
    _act(session, ticket, "reported", reason)


def _act(session: Session, ticket: str, act: str, reason: str) -> None:
    words = Text(reason) if reason else None
    with session.node() as node:
        with node.store.read() as view:
            actor = acting(node, view, session.acting(OPERATOR), HandleLane(ticket, act, words))
            # What cannot be read may have no row to be found by: then the number is meant as it stands.
            subject = ticket if any(one.ticket == ticket for one in lanes.listed(view)) else find_ticket(view, ticket)
        order_id = str(uuid.uuid4())
        outcome = node.writer.command(lambda work: lanes.handle_lane(node.handler, work, order_id, actor, subject, act, words))
        with node.store.read() as view:
            stands = act == "skipped" and view.readings.is_set_aside(subject)
    said, style = (f"{act}_one", "yellow") if stands else (act, "green")
    session.answer(
        outcome_body(outcome, "") | {"ticket": subject, "act": act, "stands": stands},
        lambda console: console.print(RichText(session.say(f"lane.{said}", ticket=subject), style=style)),
    )
