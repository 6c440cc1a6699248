"""``qyzj paper``: papers issued, printed and listed; ``qyzj ledger``: lists as xlsx."""

import uuid
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session, Usage
from node.cli.dossiers import add_looking
from node.cli.verbs import Verbs
from node.documents.layout import from_json
from node.documents.render import to_docx, to_html
from node.documents.stamp import Stamp
from node.domain import paper as p
from node.domain.entry import SubjectKind
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.services import dossiers
from node.services.acting import Node, act
from node.services.bodies import outcome_body
from node.services.openings import open_paper
from node.services.queries import find_ticket
from node.services.registry import actor_of
from node.services.unreadable import folded

PaperId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the noun onto the program."""
    noun = verbs.group(app, "paper")
    add_looking(noun, verbs, SubjectKind.PAPER)
    verbs.add(noun, "issue", issue, key="paper.issue")
    verbs.add(noun, "print", print_paper, key="paper.print")
    verbs.add(noun, "withdraw", withdraw, key="paper.withdraw")


def issue(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", show_default=False)],
    about: Annotated[str, typer.Argument(metavar="TICKET|ORDER", show_default=False)],
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", show_default=False)] = None,
    command_id: Annotated[str, typer.Option("--id", metavar="UUID", show_default=False)] = "",
) -> None:
    """Issue a paper; its words are kept with it, and --to prints it at once."""
    if kind not in p.KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="paper", value=kind, offered=p.KINDS)
    command_id = command_id or str(uuid.uuid4())
    with session.node() as node:
        command = _command(node, kind, about)
        outcome = act(node, session.acting(), command, id=command_id)
        printed = None if to is None else _printed(session, node, outcome.subject.id, to.suffix)
    if to is not None and printed is not None:
        to.write_bytes(printed)
    session.answer(outcome_body(outcome, command_id), lambda console: _show(session, console, outcome.subject.id, to))


def _command(node: Node, kind: str, about: str) -> p.IssuePaper:
    with node.store.read() as view:
        if kind == p.SUPERVISION:
            return p.IssuePaper(kind, order=dossiers.find(view, SubjectKind.ORDER, about))
        return p.IssuePaper(kind, ticket=find_ticket(view, about))


def print_paper(session: Session, paper: PaperId, to: Annotated[Path, typer.Option("--to", metavar="FILE", show_default=False)]) -> None:
    """Print an issued paper as it was issued: .html or .docx by the file's name; the opening is journaled."""
    with session.node() as node:
        with node.store.read() as view:
            found = dossiers.find(view, SubjectKind.PAPER, paper)
        printed = _printed(session, node, found, to.suffix)
    to.write_bytes(printed)
    session.answer({"paper": found, "file": str(to)}, lambda console: _show(session, console, found, to))


def _printed(session: Session, node: Node, paper_id: str, suffix: str) -> bytes:
    if suffix not in (".html", ".docx"):
        raise Usage("file_suffix", option="--to", offered=".html, .docx")
    name, _, role = session.acting().partition(":")
    with node.store.read() as view:
        actor = actor_of(view.connection, node.code, name, role)
        issued: p.Paper = dossiers.whole(view, SubjectKind.PAPER, paper_id)
        opener = next(one for one in view.journal.of_subject(issued.subject) if one.header.kind == "PaperIssued")
        ticket = folded(view, issued.ticket) if issued.ticket else None
    layout = from_json(node.writer.command(lambda work: open_paper(work, actor, issued, ticket, node.now())))
    link = f"{node.settings.public_url}{paper_id}" if node.settings.public_url else f"{issued.number} {issued.ticket or issued.order}"
    stamp = Stamp(issued.number, issued.issuer, issued.seal, opener.leaf.hex()[:16], link, issued.state == "withdrawn")
    return to_html(layout, stamp).encode() if suffix == ".html" else to_docx(layout, stamp)


def withdraw(
    session: Session, paper: PaperId, reason: Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]
) -> None:
    """Withdraw a paper that was issued by mistake; it is printed as void from then on."""
    command_id = str(uuid.uuid4())
    with session.node() as node:
        with node.store.read() as view:
            found = dossiers.find(view, SubjectKind.PAPER, paper)
        outcome = act(node, session.acting(), p.WithdrawPaper(Text(reason)), subject=found, id=command_id)
    session.answer(outcome_body(outcome, command_id), lambda console: _show(session, console, found, None))


def _show(session: Session, console: Console, paper_id: str, to: Path | None) -> None:
    console.print(RichText(session.say("paper.done", id=paper_id), style="green"))
    if to is not None:
        console.print(session.say("paper.printed", file=to))
