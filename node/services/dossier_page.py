"""
The page of a dossier as an office reads it: with the names of units, nodes and enterprises, the short numbers of its tickets, its
clocks, and its history in words.

Nothing here writes, and nothing opens a contact.  Texts are opened where the dossier is this node's own, but for those that are
RESERVED; what came here from another one is opened by its own verb, which leaves a trace.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from node.domain.dossier import Dossier
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.order.record import SupervisionOrder
from node.domain.payload import PayloadKind, SealedRef
from node.domain.ticket.sight import RESERVED
from node.domain.time import WorkCalendar
from node.services.numbers import short_number
from node.services.queries import ClockLine, Names, names, whole_clock_line
from node.services.supervision_lists import shows_texts
from node.services.ticket_view import EntryLine, entry_line, opened
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class DossierPage:
    """
    ``texts`` are the dossier's sealed texts by where they stand, None for what is not opened here.  ``called`` are the names of what it
    speaks of: tickets by their short numbers, enterprises by their names.
    """

    dossier: Dossier
    names: Names
    texts: Mapping[SealedRef, str | None]
    called: Mapping[str, str]
    clocks: tuple[ClockLine, ...]
    history: tuple[EntryLine, ...]


def dossier_page(view: View, subject: Subject, calendar: WorkCalendar, now: datetime, viewer: Actor | None = None) -> DossierPage | None:
    """
    The page of the dossier *subject*; None if it is not here.  To *viewer* an order says nothing that its own page does not show him:
    whoever has to open it does so first (AS25-4.6.2).
    """
    dossier = dossier_of(view.journal, subject)
    if dossier is None:
        return None
    opens = dossier.owner == view.head.node
    if viewer is not None and isinstance(dossier, SupervisionOrder):
        opens = opens and shows_texts(dossier, viewer, view.head.node)
    entries = sorted(view.journal.of_subject(subject), key=lambda one: (one.header.recorded_at, one.header.node, one.header.seq))
    reserved = {one.header.id for one in entries if one.header.kind in RESERVED}
    texts = [ref for ref in _refs(dossier) if ref.kind is PayloadKind.TEXT]
    return DossierPage(
        dossier=dossier,
        names=names(view),
        texts={ref: opened(view, subject, ref) if opens and ref.entry not in reserved else None for ref in texts},
        called=_called(view, frozenset(_codes(dossier))),
        clocks=tuple(whole_clock_line(dossier.id, clock, calendar, now) for clock in dossier.clocks.values()),
        history=tuple(entry_line(view, subject, one.folded, opens) for one in entries),
    )


def _called(view: View, codes: frozenset[str]) -> dict[str, str]:
    tickets, dossiers = schema.tickets, schema.dossiers
    rows = view.connection.execute(select(tickets.c.id, tickets.c.number).where(tickets.c.id.in_(sorted(codes)))).all()
    called = {row.id: f"{short_number(row.id)} ({row.number or row.id})" for row in rows}
    own = (dossiers.c.kind == SubjectKind.ENTERPRISE.value, dossiers.c.owner == view.head.node, dossiers.c.id.in_(sorted(codes)))
    for id in view.connection.execute(select(dossiers.c.id).where(*own)).scalars().all():
        file = Subject(SubjectKind.ENTERPRISE.value, id)
        name = dossier_of(view.journal, file).name
        said = opened(view, file, name) if isinstance(name, SealedRef) else None
        called[id] = f"{said} ({id})" if said else id
    return called


def _parts(value: object) -> Iterator[object]:
    """*value* and everything in it: fields, items, keys."""
    yield value
    if isinstance(value, SealedRef):
        return
    inner: list[Any] = []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, tuple | list | frozenset):
        inner = list(value)
    for one in inner:
        yield from _parts(one)


def _refs(dossier: Dossier) -> Iterator[SealedRef]:
    return (one for one in _parts(dossier) if isinstance(one, SealedRef))


def _codes(dossier: Dossier) -> Iterator[str]:
    return (one for one in _parts(dossier) if isinstance(one, str) and one)
