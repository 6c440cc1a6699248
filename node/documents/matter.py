"""What papers and lists say of a ticket, opened at its holder: plain words, ready to be printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from node.domain.dossier import fold_dossier
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Subject, SubjectKind
from node.domain.payload import PayloadKind, SealedRef
from node.domain.refusal import Refusal
from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.journal import Stored
from node.storage.unit_of_work import UnitOfWork, View


@dataclass(frozen=True)
class Matter:
    """A ticket in words.  What was never said, or cannot be opened here any more, is empty."""

    ticket: Ticket
    enterprise: str = ""
    address: str = ""
    contact: str = ""
    phone: str = ""
    title: str = ""
    appeal: str = ""
    lead: str = ""
    co_handlers: tuple[str, ...] = ()
    # By event kind: the fields of the latest entry of that kind that has effect, texts opened.
    said: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    at: Mapping[str, datetime] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()

    def of(self, kind: str, name: str) -> str:
        """What the latest event of *kind* says in the field *name*, as text."""
        value = self.said.get(kind, {}).get(name, "")
        if isinstance(value, tuple):
            return "、".join(str(one) for one in value)
        if isinstance(value, date):
            return value.isoformat()
        return str(value or "")


def matter_of(view: View | UnitOfWork, ticket: Ticket, *, at_assignment: bool = False, unopened: str = "") -> Matter:
    """
    Open what is to be printed of *ticket*; contacts only where the caller may have them (papers are made by who handles it).

    Name and address of an enterprise are those of its file as it stands now, or, *at_assignment*, as it stood when the ticket was
    assigned (HM20-A1.2); where it has no file, or the file is silent, what was said on intake.  *unopened* stands for every contact
    where none is to be opened.
    """
    opened = _Opened(view, ticket.subject, unopened)
    said: dict[str, dict[str, Any]] = {}
    at: dict[str, datetime] = {}
    names: list[str] = []
    assigned = 0
    for one in view.journal.of_subject(ticket.subject):
        event: Any = one.folded.event
        if event is None or one.header.id in ticket.void:
            continue
        said[one.header.kind] = {name: opened.plain(getattr(event, name)) for name in event.__dataclass_fields__}
        at[one.header.kind] = one.header.recorded_at
        if _is_assignment(one, ticket):
            assigned = one.taken
        if one.header.kind == "EvidenceAdded":
            names.append(str(said[one.header.kind]["file_name"] or said[one.header.kind]["digest"][:12]))
    appellant, units = ticket.appellant, _unit_names(view)
    name, address = _of_file(view, ticket, assigned if at_assignment else 0)
    return Matter(
        ticket=ticket,
        enterprise=name or opened.words(ticket.details.enterprise_name) or opened.words(appellant.name),
        address=address or opened.words(ticket.details.address),
        contact=opened.words(appellant.name),
        phone=opened.words(appellant.phone),
        title=opened.words(ticket.intake.title),
        appeal=opened.words(ticket.intake.appeal),
        lead=units.get(ticket.lead, ticket.lead),
        co_handlers=tuple(units.get(part.unit, part.unit) for part in ticket.co_handlers),
        said=said,
        at=at,
        attachments=(*names, *(digest[:12] for digest in ticket.intake.materials)),
    )


class _Opened:
    """The sealed words of one subject as plain ones."""

    def __init__(self, view: View | UnitOfWork, subject: Subject, unopened: str = "") -> None:
        self._view = view
        self._subject = subject
        # Stands for every contact, if it is said.
        self._unopened = unopened

    def plain(self, value: object) -> Any:
        return self.words(value) if isinstance(value, SealedRef) else value

    def words(self, value: object) -> str:
        if not isinstance(value, SealedRef):
            return str(value or "")
        if self._unopened and value.kind is PayloadKind.CONTACT:
            return self._unopened
        try:
            return self._view.payloads.open(self._subject, value)
        except Refusal:
            return ""  # erased: the paper has a blank there


def _unit_names(view: View | UnitOfWork) -> dict[str, str]:
    return {row.code: row.name for row in view.connection.execute(select(schema.units.c.code, schema.units.c.name))}


def _is_assignment(one: Stored, ticket: Ticket) -> bool:
    """The entry that gave the ticket its present lead: a dispatch, a ruling that named one, or what the unit took up by itself."""
    dispatch, event = ticket.dispatch, one.folded.event
    if dispatch is None or not one.header.is_line or one.header.recorded_at != dispatch.dispatched_at:
        return False
    named = {getattr(event, name, "") for name in ("lead", "new_lead", "unit")} - {""}
    return dispatch.lead in (named or {one.header.actor.unit})


def _of_file(view: View | UnitOfWork, ticket: Ticket, until: int) -> tuple[str, str]:
    """Name and address in the enterprise's own file, where the ticket names one; *until* is the last entry that counts, 0: all do."""
    if not ticket.appellant.enterprise:
        return "", ""
    subject = Subject(SubjectKind.ENTERPRISE.value, ticket.appellant.enterprise)
    file = fold_dossier(one.folded for one in view.journal.of_subject(subject) if not until or one.taken < until)
    if not isinstance(file, Enterprise):
        return "", ""
    opened = _Opened(view, subject)
    return opened.words(file.name), opened.words(file.address)
