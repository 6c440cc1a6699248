"""What papers and lists say of a ticket, opened at its holder: plain words, ready to be printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from node.domain.entry import Subject, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Refusal
from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import View


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


def matter_of(view: View, ticket: Ticket) -> Matter:
    """Open what is to be printed of *ticket*; contacts only where the caller may have them (papers are made by who handles it)."""
    opened = _Opened(view, ticket)
    said: dict[str, dict[str, Any]] = {}
    at: dict[str, datetime] = {}
    names: list[str] = []
    for one in view.journal.of_subject(ticket.subject):
        event = one.folded.event
        if event is None or one.header.id in ticket.void:
            continue
        said[one.header.kind] = {name: opened.plain(getattr(event, name)) for name in event.__dataclass_fields__}  # type: ignore[attr-defined]
        at[one.header.kind] = one.header.recorded_at
        if one.header.kind == "EvidenceAdded":
            names.append(str(said[one.header.kind]["file_name"] or said[one.header.kind]["digest"][:12]))
    appellant, units = ticket.appellant, _unit_names(view)
    return Matter(
        ticket=ticket,
        enterprise=_enterprise(view, ticket) or opened.words(ticket.details.enterprise_name) or opened.words(appellant.name),
        address=opened.words(ticket.details.address),
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
    def __init__(self, view: View, ticket: Ticket) -> None:
        self._view = view
        self._ticket = ticket

    def plain(self, value: object) -> Any:
        return self.words(value) if isinstance(value, SealedRef) else value

    def words(self, value: object) -> str:
        if not isinstance(value, SealedRef):
            return str(value or "")
        try:
            return self._view.payloads.open(self._ticket.subject, value)
        except Refusal:
            return ""  # erased: the paper has a blank there


def _unit_names(view: View) -> dict[str, str]:
    return {row.code: row.name for row in view.connection.execute(select(schema.units.c.code, schema.units.c.name))}


def _enterprise(view: View, ticket: Ticket) -> str:
    """The name in the enterprise's own file, where the ticket names one."""
    if not ticket.appellant.enterprise:
        return ""
    subject = Subject(SubjectKind.ENTERPRISE.value, ticket.appellant.enterprise)
    file = dossier_of(view.journal, subject)
    if file is None or not isinstance(file.name, SealedRef):
        return ""
    try:
        return view.payloads.open(subject, file.name)
    except Refusal:
        return ""
