"""Dossiers as lists and pages: enterprise files, meetings, supervision orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, not_, or_, select, true

from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import OUTSIDE
from node.services.readership import DRAWERS, LETTER_READERS
from node.services.scope import conceals_from, out_of_sight, sees_all
from node.storage import schema
from node.storage.database import instant
from node.storage.dossier_readings import ABOUT, PARTY, dossier_of
from node.storage.unit_of_work import UnitOfWork, View
from node.storage.word_lists import has_word


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


# What is about its tickets and about nothing else.  From a unit complained of it is hidden with them, unless the unit has a part in it
# itself; a meeting and an enterprise's file are shown without them (``redaction``).
_OF_TICKETS = tuple(kind.value for kind in (SubjectKind.PAPER, SubjectKind.ORDER, SubjectKind.LETTER))
_KNOWN_BY_KEY = frozenset({SubjectKind.ORDER.value, SubjectKind.LEADER.value})


@dataclass(frozen=True)
class Shown:
    """What a dossier is called by whoever cannot read it: its kind, and the ``key`` of its row, which may be empty."""

    id: str
    kind: str
    key: str

    @property
    def name(self) -> str:
        """An order's number of the document, a leader's account; of all others the key is a code, and the id is their number."""
        return self.key if self.key and self.kind in _KNOWN_BY_KEY else self.id


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


def listed(
    view: View | UnitOfWork,
    kind: SubjectKind,
    *,
    state: str = "",
    ticket: str = "",
    unit: str = "",
    viewer: Actor | None = None,
    after: tuple[int, str] | None = None,
    rows_max: int | None = None,
) -> list[Line]:
    """
    Dossiers of *kind*, the latest change first, as far as *viewer* sees them, at most *rows_max*; *ticket* and *unit* are whole
    ids of what they are about or who has a part.  *after*: only behind this change (in microseconds) of the dossier with that id.
    """
    table = schema.dossiers
    wanted = [shown_to(viewer, kind)]
    if ticket:
        wanted.append(_is_about(kind, ticket))
    if unit:
        wanted.append(_has(PARTY, unit, kind))
    if not (ticket or unit) and (viewer is None or sees_all(viewer)):
        # Else the words are of the kind, and no index of kinds may tempt the database to read all of one.
        wanted.append(table.c.kind == kind.value)
    if after is not None:
        changed_at, id = after
        wanted.append(or_(table.c.changed_at < changed_at, and_(table.c.changed_at == changed_at, table.c.id > id)))
    if state:
        wanted.append(table.c.state == state)
    query = select(table).where(*wanted).order_by(table.c.changed_at.desc(), table.c.id).limit(rows_max)
    rows = view.connection.execute(query).all()
    unseen = out_of_sight(view, viewer, {part for row in rows for part in row.about.split(",")})
    return [
        Line(
            id=row.id,
            owner=row.owner,
            state=row.state,
            key=row.key,
            about=tuple(part for part in row.about.split(",") if part and part not in unseen),
            opened_at=instant(row.opened_at),
            changed_at=instant(row.changed_at),
        )
        for row in rows
    ]


def _is_about(kind: SubjectKind, ticket: str) -> ColumnElement[bool]:
    about = schema.dossiers.c.about
    if kind is not SubjectKind.PAPER:
        return _has(ABOUT, ticket, kind)
    # About one ticket, and looked up by it.  The kind is said as it stands: an index of papers serves no kind that is only known later.
    return and_(schema.dossiers.c.kind == literal(kind.value, literal_execute=True), about == f",{ticket},")


def _has(name: str, word: str, kind: SubjectKind | None) -> ColumnElement[bool]:
    """Asked of rows of dossiers: those of *kind*, or of any, that have *word* under *name*."""
    words = schema.dossier_words
    of_kind = true() if kind is None else words.c.kind == kind.value
    return schema.dossiers.c.id.in_(select(words.c.dossier).where(words.c.name == name, words.c.word == word, of_kind))


def shown(view: View, ids: Collection[str], viewer: Actor) -> list[Shown]:
    """Those of the dossiers *ids* that *viewer* sees, of whatever kind, by what a list has of them."""
    if not ids:
        return []
    table, rounds = schema.dossiers, schema.rounds
    query = select(table.c.id, table.c.kind, table.c.key).where(table.c.id.in_(ids), shown_to(viewer)).order_by(table.c.kind, table.c.id)
    found = [Shown(row.id, row.kind, row.key) for row in view.connection.execute(query)]
    if viewer.role in DRAWERS:
        names = view.connection.execute(select(rounds.c.id).where(rounds.c.id.in_(ids)).order_by(rounds.c.id)).scalars()
        found += [Shown(name, SubjectKind.ROUND.value, "") for name in names]
    return found


def need_sight(view: View, kind: SubjectKind, id: str, viewer: Actor) -> None:
    """
    Refuse a dossier in which the unit of *viewer* has no part, unless he sees the node's whole subtree, and one that is hidden from it.

    Raises:
        Refusal: SUBJECT_UNKNOWN: what is not shown is not there.
    """
    table = schema.dossiers
    query = select(table.c.id).where(table.c.kind == kind.value, table.c.id == id, shown_to(viewer))
    if view.connection.execute(query).scalar() is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=id)


def shown_to(viewer: Actor | None, kind: SubjectKind | None = None) -> ColumnElement[bool]:
    """What of dossiers, or of those of *kind*, *viewer* sees, asked of their rows.  Nobody in particular is the node itself."""
    if viewer is None:
        return true()
    if sees_all(viewer):
        # Letters are for fewer; whoever wrote one finds it on its page.
        letters = true() if viewer.role in LETTER_READERS else schema.dossiers.c.kind != SubjectKind.LETTER.value
        return and_(letters, not_(hidden_from(viewer)))
    if viewer.role in OUTSIDE or not viewer.unit:
        return false()
    return _has(PARTY, viewer.unit, kind)


def hidden_from(viewer: Actor | None) -> ColumnElement[bool]:
    """Asked of rows of dossiers: that one is about a ticket which is concealed from the unit of *viewer* (XS25-4.3.1.4)."""
    if viewer is None or not viewer.unit:
        return false()
    table, traits = schema.dossiers, schema.traits
    named = table.c.about.contains(literal(",") + traits.c.ticket + literal(","))
    about = select(traits.c.ticket).where(conceals_from(viewer.unit), named).correlate(table).exists()
    return and_(table.c.kind.in_(_OF_TICKETS), about, not_(has_word(table.c.parties, viewer.unit)))


def hidden(view: View, kind: SubjectKind, viewer: Actor) -> frozenset[str]:
    """The ids of all dossiers of *kind* that are ``hidden_from`` *viewer*: few, since few needs are ever concealed."""
    table = schema.dossiers
    query = select(table.c.id).where(table.c.kind == kind.value, hidden_from(viewer))
    return view.once(("hidden", kind, viewer), lambda: frozenset(view.connection.execute(query).scalars()))


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
