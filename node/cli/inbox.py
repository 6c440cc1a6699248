"""``qyzj inbox``: what the node has to tell an account.  ``qyzj vote``: an appellant's vote by the link that he was sent."""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.payload import Text
from node.domain.ticket.evaluation import Evaluate
from node.notify.notice import audiences_of
from node.services.bodies import outcome_body
from node.services.inbox import unread as still_unread
from node.services.queries import names
from node.services.registry import actor_of
from node.services.telling import sentence
from node.services.votes import vote
from node.storage import notices


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verbs onto the program."""
    verbs.add(app, "inbox", inbox)
    verbs.add(app, "vote", vote_by_link)


def inbox(
    session: Session,
    all: Annotated[bool, typer.Option("--all", show_default=False)] = False,
    read: Annotated[bool, typer.Option("--read", show_default=False)] = False,
) -> None:
    """What waits for the account, its unit and its roles; --read marks it as read, --all shows what was read, too."""
    with session.node() as node:
        name, _, role = session.acting().partition(":")
        with node.store.read() as view:
            actor = actor_of(view.connection, node.code, name, role)
            to = audiences_of(actor)
            rows = notices.of_audience(view.connection, to, unread=False) if all else still_unread(view, to)
            called = names(view)
            said = [sentence(view, row, called, session.lang) for row in rows]
        if read and rows:
            with node.store.write() as work:
                notices.mark_read(work.connection, [row.id for row in rows], node.now())
    told = list(zip(rows, said, strict=True))
    session.answer({"notices": [_body(*one) for one in told]}, lambda console: _show(session, console, told))


def _body(row: notices.Row, said: str) -> dict[str, object]:
    return {
        "id": row.id,
        "subject": {"kind": row.subject_kind, "id": row.subject_id},
        "template": row.template,
        "facts": dict(row.facts),
        "says": said,
        "created_at": row.created_at,
        "read_at": row.read_at,
    }


def _show(session: Session, console: Console, told: list[tuple[notices.Row, str]]) -> None:
    # The id is for the next command: ``qyzj letter read ID``.
    table = session.table("inbox", "recorded", "what", "key")
    for row, said in told:
        table.add_row(session.moment(row.created_at), RichText(said), row.subject_id)
    console.print(table)


def vote_by_link(
    session: Session,
    link: Annotated[str, typer.Option("--link", metavar="LINK", show_default=False)],
    value: Annotated[str, typer.Option("--value", metavar="CODE", show_default=False)],
    remarks: Annotated[str, typer.Option("--remarks", metavar="TEXT", show_default=False)] = "",
) -> None:
    """Vote by the link of an invitation; it can be used once."""
    command = Evaluate(value=value, remarks=Text(remarks) if remarks else None)
    with session.node() as node:
        token = link.rsplit("/", 1)[-1].rsplit("=", 1)[-1]
        outcome = node.writer.command(lambda work: vote(work, node.handler, token, command, node.now()))
    session.answer(outcome_body(outcome, ""), lambda console: console.print(RichText(session.say("inbox.voted"), style="green")))
