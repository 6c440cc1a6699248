"""
The register of enterprise files (一企一档) as a desk reads it: a list by name, code and kind, and one file with its needs.

Whoever sees the node's whole subtree sees every file of the node; who sees needs by part sees the files behind those needs and
those that he acts for.  Names are texts and are opened; contacts never are here.  Needs are counted for the files of one page; what
leads the list, the overdue ones, is found from the clocks that run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, or_, select, true, union

from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import OPEN
from node.services.intake_facts import file_of
from node.services.scope import has_few, listed_for, need_inside, sees_all, visible_to
from node.services.search import Excerpt, around_of, may_have, words_of
from node.services.ticket_view import opened
from node.storage import schema, text_index
from node.storage.codec import decode_content
from node.storage.database import micros
from node.storage.journal import Stored
from node.storage.planning import unsought
from node.storage.unit_of_work import UnitOfWork, View

files_max = 100
# Needs of a unit that are gathered to find the files behind them.
gathered_max = 20_000
_OPEN = sorted(state.value for state in OPEN)
_KIND = SubjectKind.ENTERPRISE.value


@dataclass(frozen=True)
class Wanted:
    """Which files.  ``text`` are words of a name or a note, or a unified code; empty fields ask for nothing."""

    text: str = ""
    subject_type: str = ""
    area: str = ""
    block: str = ""
    # Only with an open need, or only with one that is overdue.
    needs: str = ""
    page: int = 1
    # Behind this place, and not by pages: overdue needs, last change in microseconds, id; ``rows_max`` of them, 0 for ``files_max``.
    after: tuple[int, int, str] | None = None
    rows_max: int = 0


@dataclass(frozen=True)
class FileLine:
    """A file in the list; ``needs`` are those that the viewer sees, ``open`` and ``overdue`` of them; ``excerpts`` where words stand."""

    id: str
    name: str
    credit_code: str
    subject_type: str
    size: str
    area: str
    block: str
    state: str
    needs: int
    open: int
    overdue: int
    visited_on: date | None
    excerpts: tuple[Excerpt, ...] = ()


@dataclass(frozen=True)
class FileList:
    """
    One page of the list, those with overdue needs first, then by the last change; ``count`` is of all.  ``next`` is what another page
    begins behind (``Wanted.after``).
    """

    lines: tuple[FileLine, ...]
    count: int
    next: tuple[int, int, str] | None = None


def need_register(viewer: Actor) -> None:
    """
    Raises:
        Refusal: PERMISSION_DENIED, for who files from outside.
    """
    need_inside(viewer, "registers")


def listed(view: View, wanted: Wanted, viewer: Actor, now: datetime) -> FileList:
    """
    The files that *wanted* describes and *viewer* may see, ``files_max`` a page.

    Raises:
        Refusal: PERMISSION_DENIED; FIELD_REQUIRED or TOO_MANY_WORDS, for the words; PAYLOAD_SEALED, without the node's keys.
    """
    need_register(viewer)
    table, dossiers = schema.enterprises, schema.dossiers
    where: list[ColumnElement[bool]] = [table.c.owner == view.head.node]
    if not sees_all(viewer):
        # Of many, the first needs of a file are likely to hold one; of few, most files have none, and all their needs would be passed.
        few = has_few(view, viewer, gathered_max)
        where.append(or_(_has(listed_for(viewer)), table.c.agent == viewer.account) if few else shown_to(viewer))
    for column, code in ((table.c.subject_type, wanted.subject_type), (table.c.area, wanted.area), (table.c.block, wanted.block)):
        if code:
            where.append(column == code)
    words = _words(view, wanted.text, where)
    if wanted.needs == "open":
        where.append(_has(schema.tickets.c.state.in_(_OPEN), visible_to(viewer)))
    # What is overdue is little: it is found from the clocks that run, and leads; nothing else is counted before the page is known.
    late = _late_by_file(viewer, now)
    if wanted.needs == "overdue":
        where.append(late.c.late.is_not(None))
    first_late, changed_at = func.coalesce(late.c.late, 0), dossiers.c.changed_at
    query = select(table, dossiers.c.state, changed_at, first_late.label("late"))
    query = query.join(dossiers, dossiers.c.id == table.c.id).outerjoin(late, late.c.file == table.c.id).where(*where)
    count = view.connection.execute(select(func.count()).select_from(query.with_only_columns(table.c.id).subquery())).scalar_one()
    size = wanted.rows_max or files_max
    first = (max(wanted.page, 1) - 1) * size
    if wanted.after is not None:
        needs, changed, id = wanted.after
        changed_before = or_(changed_at < changed, and_(changed_at == changed, table.c.id > id))
        query = query.where(or_(first_late < needs, and_(first_late == needs, changed_before)))
    query = query.order_by(first_late.desc(), changed_at.desc(), table.c.id).limit(size + 1).offset(first)
    rows = view.connection.execute(query).all()
    is_more, rows = len(rows) > size, rows[:size]
    counts = _counts(view, [row.id for row in rows], viewer, now)
    lines = [_line(view, row, counts.get(row.id, (0, 0, 0)), words) for row in rows]
    # A word of three characters or more is found by its pairs, which may stand apart.
    following = (rows[-1].late, rows[-1].changed_at, rows[-1].id) if is_more else None
    return FileList(tuple(line for line in lines if len(line.excerpts) == len(words)), count, following)


def whole_file(view: View | UnitOfWork, id: str, viewer: Actor) -> Enterprise:
    """
    The file, if *viewer* may see it.

    Raises:
        Refusal: PERMISSION_DENIED; SUBJECT_UNKNOWN, also for one that is not his to see.
    """
    need_register(viewer)
    table = schema.enterprises
    seen = view.connection.execute(select(table.c.id).where(table.c.id == id, table.c.owner == view.head.node, shown_to(viewer))).scalar()
    file = file_of(view, id) if seen is not None else None
    if file is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=_KIND, id=id)
    return file


def shown_to(viewer: Actor) -> ColumnElement[bool]:
    """That *viewer* may see the file of a row of ``enterprises``: asked of one or a few; a list gathers what is his once."""
    if sees_all(viewer):
        return true()
    table = schema.enterprises
    seen = [pairs.where(file == table.c.id).correlate(table).exists() for file, pairs in _along_files(visible_to(viewer))]
    return or_(*seen, table.c.agent == viewer.account)


def name_of(view: View, file: Enterprise) -> str:
    """What it is called now; "" where that does not open here."""
    return (opened(view, file.subject, file.name) or "") if isinstance(file.name, SealedRef) else ""


def choices(view: View, column: str) -> list[str]:
    """What stands in *column* ("area", "block", "subject_type") of this node's files, for a list to choose from."""
    table = schema.enterprises
    wanted = table.c[column]
    query = select(wanted).where(table.c.owner == view.head.node, wanted != "").distinct().order_by(wanted)
    return list(view.connection.execute(query).scalars())


def _words(view: View, text: str, where: list[ColumnElement[bool]]) -> list[str]:
    """The words to be shown in excerpts, each with its condition in *where*; a whole code is looked up instead."""
    if not text.strip():
        return []
    code = check_credit_code(text)
    if code.verdict is not Verdict.INVALID:
        where.append(schema.enterprises.c.credit_code == code.normalised)
        return []
    words = words_of(text)
    entries = schema.entries
    for has_word in may_have(view, words):
        about = (entries.c.subject_kind == _KIND, entries.c.node == view.head.node)
        where.append(schema.enterprises.c.id.in_(select(entries.c.subject_id).where(has_word, *about)))
    return words


def _line(view: View, row: Row[tuple[object, ...]], counts: tuple[int, int, int], words: Sequence[str]) -> FileLine:
    values = row._mapping
    file = file_of(view, values["id"])
    assert file is not None  # its row is folded from the same entries
    return FileLine(
        id=file.id,
        name=name_of(view, file),
        credit_code=file.credit_code,
        subject_type=file.subject_type,
        size=file.size,
        area=file.area,
        block=file.block,
        state=values["state"],
        needs=counts[0],
        open=counts[1],
        overdue=counts[2],
        visited_on=date.fromisoformat(values["visited_on"]) if values["visited_on"] else None,
        excerpts=tuple(_excerpts(view, file.subject, words)),
    )


def _excerpts(view: View, subject: Subject, words: Iterable[str]) -> list[Excerpt]:
    wanted, found = list(words), dict[str, Excerpt]()
    if not wanted:
        return []
    for one in reversed(_entries(view, subject)):
        for field, said in text_index.opened(view.payloads, one):
            for word in wanted:
                if word not in found and (around := around_of(said, word)) is not None:
                    found[word] = Excerpt(one.header.kind, field, *around)
    return list(found.values())


def _entries(view: View, subject: Subject) -> list[Stored]:
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.taken, table.c.content, table.c.leaf)
        .where(table.c.subject_id == subject.id, table.c.subject_kind == subject.kind, table.c.is_laden)
        .order_by(table.c.taken)
    )
    return [Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf)) for row in rows]


# --- the needs behind files: those that name one, and those under its code ---------------------------------------------


def _along_tickets(*conditions: ColumnElement[bool]) -> list[Select[tuple[str, str]]]:
    """File and ticket, each way of belonging alone, for the tickets of *conditions*, which are looked up first: they are few."""
    tickets, traits, files = schema.tickets, schema.traits.alias(), schema.enterprises.alias()
    named = select(traits.c.value.label("file"), tickets.c.id.label("ticket")).join(traits, traits.c.ticket == tickets.c.id)
    coded = select(files.c.id.label("file"), tickets.c.id.label("ticket"))
    coded = coded.join(files, files.c.credit_code == unsought(tickets.c.credit_code))
    has_code = (tickets.c.credit_code != "", files.c.credit_code != "")
    named = named.where(unsought(traits.c.name) == "enterprise", *conditions)
    return [one.correlate(None) for one in (named, coded.where(*has_code, *conditions))]


def _along_files(*conditions: ColumnElement[bool]) -> list[tuple[ColumnElement[str], Select[tuple[str, str]]]]:
    """The same for few files, each way of belonging alone with the column that the files are to be said of."""
    tickets, traits, files = schema.tickets, schema.traits.alias(), schema.enterprises.alias()
    named = select(traits.c.value.label("file"), tickets.c.id.label("ticket")).join(tickets, tickets.c.id == traits.c.ticket)
    coded = select(files.c.id, tickets.c.id).join(tickets, tickets.c.credit_code == files.c.credit_code)
    has_code = (tickets.c.credit_code != "", files.c.credit_code != "")
    return [(traits.c.value, named.where(traits.c.name == "enterprise", *conditions)), (files.c.id, coded.where(*has_code, *conditions))]


def _has(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """That the file of a row has a need of *conditions*; such needs are gathered once a query."""
    return or_(
        *(schema.enterprises.c.id.in_(pairs.with_only_columns(pairs.selected_columns.file)) for pairs in _along_tickets(*conditions))
    )


def _late_by_file(viewer: Actor, now: datetime) -> Subquery:
    """How many overdue needs that *viewer* sees a file has, of those that have one."""
    clocks, tickets = schema.clocks, schema.tickets
    due = select(clocks.c.ticket).where(clocks.c.name == "resolve", clocks.c.due_at <= micros(now)).correlate(None)
    found = union(*_along_tickets(tickets.c.id.in_(due), _is_overdue(now), visible_to(viewer))).subquery()
    return select(found.c.file, func.count().label("late")).group_by(found.c.file).subquery()


def _counts(view: View, ids: Sequence[str], viewer: Actor, now: datetime) -> dict[str, tuple[int, int, int]]:
    """Of each of the files *ids* with needs that *viewer* sees: how many, how many of them open, how many overdue."""
    tickets = schema.tickets
    found = union(*(pairs.where(file.in_(ids)) for file, pairs in _along_files(visible_to(viewer)))).subquery()
    sums = [func.sum(case((one, 1), else_=0)) for one in (tickets.c.state.in_(_OPEN), _is_overdue(now))]
    query = select(found.c.file, func.count(), *sums).join(tickets, tickets.c.id == found.c.ticket).group_by(found.c.file)
    return {file: (needs, open, overdue) for file, needs, open, overdue in view.connection.execute(query)}


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    clocks, tickets = schema.clocks, schema.tickets
    late = (clocks.c.ticket == tickets.c.id, clocks.c.node == tickets.c.holder, clocks.c.name == "resolve", clocks.c.due_at <= micros(now))
    return unsought(tickets.c.state).in_(_OPEN) & select(clocks.c.ticket).where(*late).correlate(tickets).exists()
