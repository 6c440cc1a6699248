"""
Letters between levels as lists: what waits at this node, what became of a letter at each node that it addresses, what is late; and
the opening of one, which is kept as its reading (AS25-3.2.1c, 3.2.3).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from node.domain.command import Order
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.letter import record as r
from node.domain.letter.answering import ReadLetter
from node.domain.letter.record import Letter
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.time import end_of
from node.services.handle import Handler
from node.services.readership import LETTER_READERS
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork, View

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0031")


@dataclass(frozen=True)
class LetterLine:
    """A letter in a list, with its author and his node; ``due_at`` is the limit of the node at which it waits, ``node``."""

    letter: Letter
    node: str
    due_at: datetime | None
    is_overdue: bool


@dataclass(frozen=True)
class ReceiptLine:
    """What became of a letter at one node; ``is_overdue``: its report is late, or was not there when the last day was over."""

    node: str
    received_at: datetime | None
    read_at: datetime | None
    reported_at: datetime | None
    result: str
    is_overdue: bool


@dataclass(frozen=True)
class OpenedLetter:
    """A letter as its reader sees it, with its texts by where they stand: "title", "text", "answer", "reason", "report/<node>"."""

    letter: Letter
    texts: Mapping[str, str]


def letter_of(view: View | UnitOfWork, letter_id: str) -> Letter:
    """
    The letter of that id.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    found = dossier_of(view.journal, Subject(SubjectKind.LETTER.value, letter_id))
    if not isinstance(found, Letter):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=SubjectKind.LETTER.value, id=letter_id)
    return found


def inbox(view: View | UnitOfWork, now: datetime, kind: str = "") -> list[LetterLine]:
    """
    Letters for which somebody at this node still has to do something, what is due first on top: to read, to report, to decide, to
    answer, and platform issues collected here that nobody has submitted.
    """
    node = view.head.node
    found = []
    for letter in _letters(view, kind, node, (r.SENT, r.COLLECTED)):
        waits = letter.state == r.COLLECTED and letter.owner == node
        waits |= node in letter.to_nodes and not letter.is_done_by(node)
        if waits:
            found.append(_line(letter, node, now))
    return sorted(found, key=lambda line: (line.due_at is None, line.due_at or line.letter.opened_at, line.letter.id))


def late(view: View | UnitOfWork, now: datetime, kind: str = "") -> list[LetterLine]:
    """
    What is overdue at this node or at one that this node sees: a line for each letter and each node that owes its answer or its
    report, the longest overdue first (AS25-3.2.3b: questions older than the pack's limit).
    """
    lines = []
    for letter in _letters(view, kind, "", (r.SENT,)):
        for node in letter.to_nodes:
            if letter.is_done_by(node):
                continue
            line = _line(letter, node, now)
            if line.is_overdue:
                lines.append(line)
    return sorted(lines, key=lambda line: (line.due_at or line.letter.opened_at, line.letter.id, line.node))


def receipts(letter: Letter, now: datetime) -> list[ReceiptLine]:
    """What became of *letter* at each node that it addresses, those that have not even received it first."""
    lines = []
    for node in letter.to_nodes:
        receipt = letter.receipt(node)
        overdue = letter.is_late_at(node, now) and letter.is_downward
        lines.append(ReceiptLine(node, receipt.received_at, receipt.read_at, receipt.reported_at, receipt.result, overdue))
    return sorted(lines, key=lambda line: (line.received_at is not None, line.node))


def open_letter(work: UnitOfWork, handler: Handler, letter_id: str, actor: Actor) -> OpenedLetter:
    """
    What the letter says, its answer and its reports too; that it was read is noted the first time, where it is addressed.

    Raises:
        Refusal: SUBJECT_UNKNOWN; PERMISSION_DENIED, PAYLOAD_MISSING, PAYLOAD_SEALED, and then nothing is written.
    """
    letter = letter_of(work, letter_id)
    if actor.role not in LETTER_READERS and (letter.owner, letter.author) != (work.head.node, actor.account):
        raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=actor.role, unit=actor.unit)
    texts = letter_texts(work, letter)
    reads = {role.value for role in ReadLetter.roles}
    if actor.role in reads and work.head.node in letter.to_nodes and letter.receipt(work.head.node).read_at is None:
        order_id = str(uuid.uuid5(_NAMESPACE, f"{letter.id}|{work.head.node}"))
        handler.carry_out(work, Order(order_id, actor, letter.id, ReadLetter()))
        letter = letter_of(work, letter_id)
    return OpenedLetter(letter, texts)


def letter_texts(view: View | UnitOfWork, letter: Letter) -> dict[str, str]:
    """
    The texts of *letter* that stand at this node, by where they stand.

    Raises:
        Refusal: PAYLOAD_MISSING, PAYLOAD_SEALED.
    """
    refs: dict[str, object] = {name: getattr(letter, name) for name in ("title", "text", "reason")}
    refs |= {f"report/{one.node}" if letter.is_downward else "answer": one.report for one in letter.receipts if one.node in letter.to_nodes}
    return {name: view.payloads.open(letter.subject, ref) for name, ref in refs.items() if isinstance(ref, SealedRef)}


def _letters(view: View | UnitOfWork, kind: str, party: str, states: tuple[str, ...]) -> list[Letter]:
    table = schema.dossiers
    wanted: list[ColumnElement[bool]] = [table.c.kind == SubjectKind.LETTER.value, table.c.state.in_(states)]
    if kind:
        wanted.append(table.c.key == kind)
    if party:
        wanted.append(table.c.parties.contains(f",{party},", autoescape=True))
    ids = list(view.connection.execute(select(table.c.id).where(*wanted).order_by(table.c.opened_at, table.c.id)).scalars())
    return view.readings.dossiers(SubjectKind.LETTER, ids)


def _line(letter: Letter, node: str, now: datetime) -> LetterLine:
    running = letter.clock(letter.clock_name, node)
    due_at = running.due_at if running is not None else None
    # A node that has not even received a notice owes its report by the same day.
    due_at = due_at or (end_of(letter.due_on) if letter.due_on is not None else None)
    return LetterLine(letter, node, due_at, due_at is not None and due_at <= now)


@dataclass(frozen=True)
class AskedLine:
    """
    A ticket that was put to another level and waits for its decision: ``node`` owes it until ``due_at``, ``asker`` waits.
    ``kind`` is "escalation_answer" or "transfer_answer".
    """

    ticket: str
    kind: str
    node: str
    asker: str
    asked_at: datetime
    due_at: datetime
    is_overdue: bool


def asked_levels(view: View | UnitOfWork, now: datetime, *, overdue_only: bool = False) -> list[AskedLine]:
    """
    The asks for another level's decision that this node sees: its own, those that wait at its superior, and those of the levels
    below, so that one level up sees what is overdue (FEDERATION 2.5: shown and reported, never accepted by silence).
    """
    clocks, tickets = schema.clocks, schema.tickets
    wanted: list[ColumnElement[bool]] = [
        # Few tickets are asked of another level at a time, and an index has them alone.
        tickets.c.asked != "",
        tickets.c.asked == clocks.c.node,
        clocks.c.name.in_(("escalation_answer", "transfer_answer")),
        clocks.c.stopped_at.is_(None),
        clocks.c.due_at.is_not(None),
    ]
    if overdue_only:
        wanted.append(clocks.c.due_at <= micros(now))
    asked = select(clocks).join(tickets, tickets.c.id == clocks.c.ticket).where(*wanted)
    rows = view.connection.execute(asked.order_by(clocks.c.due_at, clocks.c.ticket)).all()
    wholes, found = view.readings.tickets(row.ticket for row in rows), []
    for row in rows:
        ticket = wholes.get(row.ticket)
        if ticket is None or ticket.custody.asked != row.node:
            continue
        due_at = instant(row.due_at)
        found.append(AskedLine(row.ticket, row.name, row.node, ticket.custody.holder, instant(row.started_at), due_at, due_at <= now))
    return found


@dataclass(frozen=True)
class ReturnedLine:
    """A ticket that ``node`` gave back to ``asker`` more than once for the same ``reason``."""

    ticket: str
    node: str
    asker: str
    reason: str


def returned_again(view: View | UnitOfWork) -> list[ReturnedLine]:
    """What two levels hand to and fro for the same reason: the level above both sees it (FEDERATION 2.5)."""
    table = schema.traits
    ids = view.connection.execute(select(table.c.ticket, table.c.value).where(table.c.name == "returned_again").order_by(table.c.ticket))
    rows = ids.all()
    tickets, found = view.readings.tickets(row.ticket for row in rows), []
    for row in rows:
        ticket = tickets.get(row.ticket)
        hop = None if ticket is None else next((one for one in ticket.escalations if one.return_reason == row.value), None)
        if hop is not None:
            found.append(ReturnedLine(row.ticket, hop.to_node, hop.from_node, row.value))
    return found
