"""Dossiers as lists and pages: enterprise files, meetings, supervision orders."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from node.domain.entry import Subject, SubjectKind
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import instant
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork, View


@dataclass(frozen=True)
class Line:
    """One dossier in a list."""

    id: str
    owner: str
    state: str
    key: str
    about: tuple[str, ...]
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class HistoryLine:
    """One entry of a dossier."""

    at: datetime
    kind: str
    account: str
    role: str
    node: str


@dataclass(frozen=True)
class Page:
    """A whole dossier and what was written about it, in order."""

    dossier: Any
    history: tuple[HistoryLine, ...]


def find(view: View | UnitOfWork, kind: SubjectKind, said: str) -> str:
    """
    The id of the dossier that somebody means: its id, or its key where only one has it.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    table = schema.dossiers
    same = (table.c.id == said) | (table.c.key == said)
    found = list(view.connection.execute(select(table.c.id).where(table.c.kind == kind.value, same).limit(2)).scalars())
    if said in found:
        return said
    if len(found) != 1:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=said)
    return str(found[0])


def listed(view: View | UnitOfWork, kind: SubjectKind, *, state: str = "", ticket: str = "", unit: str = "") -> list[Line]:
    """Dossiers of *kind*, the latest change first; *ticket* and *unit* are whole ids of what they are about or who has a part."""
    table = schema.dossiers
    wanted = [table.c.kind == kind.value]
    if state:
        wanted.append(table.c.state == state)
    if ticket:
        wanted.append(table.c.about.contains(f",{ticket},", autoescape=True))
    if unit:
        wanted.append(table.c.parties.contains(f",{unit},", autoescape=True))
    rows = view.connection.execute(select(table).where(*wanted).order_by(table.c.changed_at.desc(), table.c.id))
    return [
        Line(
            id=row.id,
            owner=row.owner,
            state=row.state,
            key=row.key,
            about=tuple(part for part in row.about.split(",") if part),
            opened_at=instant(row.opened_at),
            changed_at=instant(row.changed_at),
        )
        for row in rows
    ]


def whole(view: View | UnitOfWork, kind: SubjectKind, said: str) -> Any:
    """
    The dossier of *kind* that somebody means, folded whole.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    found = dossier_of(view.journal, Subject(kind.value, find(view, kind, said)))
    if found is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind, id=said)
    return found


def page(view: View | UnitOfWork, subject: Subject) -> Page | None:
    """The whole dossier with its history; None if it is not here."""
    dossier = dossier_of(view.journal, subject)
    if dossier is None:
        return None
    entries = sorted(view.journal.of_subject(subject), key=lambda one: (one.header.recorded_at, one.header.node, one.header.seq))
    history = tuple(
        HistoryLine(one.header.recorded_at, one.header.kind, one.header.actor.account, one.header.actor.role, one.header.node)
        for one in entries
    )
    return Page(dossier, history)
