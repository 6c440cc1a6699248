"""
``qyzj letter inbox``, ``late``, ``receipts``, ``read``, ``attach``, ``hand-down``, ``adopt`` and ``decisions``: what goes along the
tree beside tickets, as its desks see it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText

from node.cli.console import Session
from node.cli.pack_files import SUFFIX, read_pack_file
from node.cli.packs import adoption, check_whole, keep_own
from node.cli.staff import CENTRE
from node.cli.tickets import attach
from node.domain.entry import SubjectKind
from node.domain.letter import record as r
from node.domain.letter.answering import ADOPTED, ReportLetter
from node.domain.letter.record import Letter
from node.domain.letter.sending import HandDown
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.packs.calendar_file import Layer, parse_calendar
from node.packs.file import finder, parse_pack
from node.services import attachments, dossiers, letter_files, letters
from node.services.acting import Node, act
from node.services.bodies import outcome_body
from node.services.handed_down import calendar_adoption, file_text
from node.services.registry import actor_of

if TYPE_CHECKING:
    from node.services.uploads import Stored

LetterId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
Kind = Annotated[str, typer.Option("--kind", metavar="|".join(r.KINDS), show_default=False)]
To = Annotated[list[str] | None, typer.Option("--to", metavar="NODE", show_default=False)]
File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def inbox(session: Session, kind: Kind = "") -> None:
    """Letters for which somebody here still has to do something, what is due first on top."""
    _need_kind(kind)
    with session.node() as node, node.store.read() as view:
        lines = letters.inbox(view, node.now(), kind)
        unread = sorted(view.readings.unread_dossiers)
    _tell(session, "inbox", lines, unread)


def late(session: Session, kind: Kind = "") -> None:
    """What is overdue here and at the nodes below: reports on notices, answers to questions (AS25-3.2.3)."""
    _need_kind(kind)
    with session.node() as node, node.store.read() as view:
        lines = letters.late(view, node.now(), kind)
        unread = sorted(view.readings.unread_dossiers)
    _tell(session, "late", lines, unread)


def _tell(session: Session, title: str, lines: list[letters.LetterLine], unread: list[str]) -> None:
    def shown(console: Console) -> None:
        _show_lines(session, console, title, lines)
        session.tell_left_out(console, unread)

    session.answer({"letters": [_plain_line(line) for line in lines], "unread": unread}, shown)


def receipts(session: Session, letter: LetterId) -> None:
    """At which node the letter was received, read and reported on, and where the report is overdue (AS25-3.2.3a)."""
    with session.node() as node, node.store.read() as view:
        found = letters.letter_of(view, dossiers.find(view, SubjectKind.LETTER, letter))
        lines = letters.receipts(found, node.now())
    body = {"letter": found.id, "due_on": found.due_on, "nodes": [vars(line) for line in lines]}

    def show(console: Console) -> None:
        table = session.table("letter_receipts", "node", "letter_received", "order_read", "reported", "result", "overdue")
        for line in lines:
            overdue = session.say("letter.overdue") if line.is_overdue else ""
            times = (session.moment(line.received_at), session.moment(line.read_at), session.moment(line.reported_at))
            result = session.word("letter_result", line.result) if line.result else ""
            table.add_row(line.node, *times, result, overdue, style="red" if line.is_overdue else "")
        console.print(table)

    session.answer(body, show)


def read(session: Session, letter: LetterId) -> None:
    """
    What the letter says, its answer and its reports, and their files; that it was read, and when, is kept where it is addressed.  A file
    that is not here is asked for.
    """
    from node.services import uploads  # what looks at the bytes takes long to load, and other commands do without

    with session.node() as node:
        account, _, role = session.acting().partition(":")
        with node.store.read() as view:
            actor = actor_of(view.connection, node.code, account, role)
            found = dossiers.find(view, SubjectKind.LETTER, letter)
        opened = node.writer.command(lambda work: letters.open_letter(work, node.handler, found, actor))
        with node.store.read() as view:
            place = view.place()
            parts = [(one, letter_files.names_of(view, opened.letter, one)) for one in letter_files.parts_of(opened.letter)]
        every = [(part.node, one, called.get(one, "")) for part, called in parts for one in part.digests]
        named = [one for one in every if letter_files.passes(opened.letter, one[1], place)]
        asked = attachments.missing(node.blobs, (digest for _, digest, _ in named))
        if asked:
            node.writer.command(lambda work: attachments.want(work, node.blobs, opened.letter, node.now(), asked))
        files = [(by, digest, name, uploads.stored(node.blobs, digest)) for by, digest, name in named]
    plain_files = [{"by": by, "digest": digest, "name": name} | _plain_file(file) for by, digest, name, file in files]
    body = {"letter": _plain(opened.letter), "texts": dict(opened.texts), "files": plain_files}

    def show(console: Console) -> None:
        table = session.table("opened", "fact", "value")
        for name, plain in opened.texts.items():
            field, _, of = name.partition("/")
            table.add_row(session.word("field", field) + (f" {of}" if of else ""), RichText(plain))
        console.print(table)
        if files:
            table = session.table("letter_files", "node", "name", "file_type", "bytes", "digest")
            for by, digest, name, file in files:
                kind = file.extension.removeprefix(".") if file else session.say("letter.file_missing")
                table.add_row(by, RichText(name), kind, str(file.size) if file else "", digest)
            console.print(table)

    session.answer(body, show)


def hand_down(session: Session, file: File, to: To = None) -> None:
    """Hand a calendar or a pack down to the nodes below; a statutory calendar they adopt by themselves (DESIGN 6)."""
    text = read_pack_file(file)
    with session.node() as node:
        outcome = act(node, session.acting(CENTRE), _handed_down(node, file, text, tuple(to or ())))
    session.answer(
        outcome_body(outcome, ""), lambda console: console.print(session.say("letter.handed_down", id=outcome.subject.id, file=file.name))
    )


def adopt(session: Session, letter: LetterId) -> None:
    """Put the calendar or the pack that was handed down into force here, and report so."""
    account = session.acting(CENTRE)
    with session.node() as node:
        with node.store.read() as view:
            found = letters.letter_of(view, dossiers.find(view, SubjectKind.LETTER, letter))
        if found.letter_kind not in r.FILES:
            raise Refusal(Code.LETTER_KIND, letter=found.id, kind=found.letter_kind)
        text = node.writer.command(lambda work: file_text(work, found))
        if found.letter_kind == r.CALENDAR:
            act(node, account, calendar_adoption(parse_calendar(found.file, text), text, node.blobs))
        else:
            id = parse_pack(found.file, text).id
            check_whole(id, text, finder(node.data_dir / "packs"))
            keep_own(node.data_dir, id, text)
            act(node, account, adoption(node, id))
        outcome = act(node, account, ReportLetter(result=ADOPTED), subject=found.id)
    session.answer(outcome_body(outcome, ""), lambda console: console.print(session.say("letter.adopted", file=found.file)))


def decisions(session: Session, overdue: Annotated[bool, typer.Option("--overdue", show_default=False)] = False) -> None:
    """Tickets that wait for another level's decision: this node's, its superior's, and those of the levels below (FEDERATION 2.5)."""
    with session.node() as node, node.store.read() as view:
        lines = letters.asked_levels(view, node.now(), overdue_only=overdue)
        again = letters.returned_again(view)
    body = {"decisions": [vars(line) for line in lines], "returned_again": [vars(line) for line in again]}

    def show(console: Console) -> None:
        table = session.table("decisions", "ticket", "what", "node", "author", "due", "overdue")
        for line in lines:
            mark = session.say("letter.overdue") if line.is_overdue else ""
            row = (line.ticket, session.word("clock", line.kind), line.node, line.asker, session.due(line.due_at), mark)
            table.add_row(*row, style="red" if line.is_overdue else "")
        console.print(table)
        if again:
            table = session.table("returned_again", "ticket", "why", "node", "author")
            for one in again:
                table.add_row(one.ticket, session.word("return_reason", one.reason), one.node, one.asker)
            console.print(table)

    session.answer(body, show)


VIEWS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "letter": {
        "inbox": inbox,
        "late": late,
        "receipts": receipts,
        "read": read,
        "attach": attach,
        "hand-down": hand_down,
        "adopt": adopt,
        "decisions": decisions,
    }
}


def _handed_down(node: Node, file: Path, text: str, to: tuple[str, ...]) -> HandDown:
    digest = hashlib.sha256(text.encode()).hexdigest()
    if re.search(r"^\[pack\]", text, re.MULTILINE):
        pack = parse_pack(file.name, text)
        check_whole(pack.id, text, finder(file.parent, node.data_dir / "packs"))
        return HandDown(r.PACK, f"{pack.id}{SUFFIX}", pack.version, digest, Text(text), to=to)
    found = parse_calendar(file.name, text)
    is_statutory = found.layer is Layer.STATUTORY
    return HandDown(r.CALENDAR, f"{found.origin}.toml", found.version, digest, Text(text), is_statutory, to)


def _need_kind(kind: str) -> None:
    if kind and kind not in r.KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="letter_kind", value=kind, offered=r.KINDS)


def _plain(letter: Letter) -> dict[str, Any]:
    kept = ("id", "letter_kind", "owner", "author", "state", "topic", "to_nodes", "due_on", "sent_at")
    answer = letter.answer
    answered = None if answer is None else {"by": answer.node, "at": answer.reported_at, "result": answer.result}
    return {name: getattr(letter, name) for name in kept} | {"answered": answered}


def _plain_file(file: "Stored | None") -> dict[str, Any]:
    return {"is_here": file is not None, "bytes": file.size if file else None, "type": file.extension if file else ""}


def _plain_line(line: letters.LetterLine) -> dict[str, Any]:
    return _plain(line.letter) | {"node": line.node, "due_at": line.due_at, "is_overdue": line.is_overdue}


def _show_lines(session: Session, console: Console, title: str, lines: list[letters.LetterLine]) -> None:
    table = session.table(f"letters_{title}", "key", "kind", "what", "author", "node", "recorded", "due", "overdue")
    for line in lines:
        letter = line.letter
        topic = session.word("issue_topic", letter.topic) if letter.topic else letter.file
        mark = session.say("letter.overdue") if line.is_overdue else ""
        row = (letter.id, session.word("letter_kind", letter.letter_kind), topic, f"{letter.owner} {letter.author}", line.node)
        at = session.moment(letter.sent_at or letter.opened_at)
        table.add_row(*row, at, session.due(line.due_at), mark, style="red" if line.is_overdue else "")
    console.print(table)
