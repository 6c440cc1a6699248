"""
Who is on the telephone, beside the intake: the files that may be meant with their names, their open needs, and earlier needs that
may be the same as what is being typed.

Names of files are texts and opened for the desk; contacts are shown masked: that a number is the file's own is seen by the blind index.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import may_read
from node.domain.time import WorkCalendar
from node.services import lookup, lookup_index
from node.services.intake_facts import file_of
from node.services.openings import masked_contacts
from node.services.scope import visible_to
from node.services.triage_inputs import KnownNeed, need_of
from node.storage import schema
from node.storage.unit_of_work import View

files_max = 10
# Compared with what is typed beside the caller's own needs: enough for the same trouble of this week, few enough for each pause.
recent_max = 40


@dataclass(frozen=True)
class CallerFile:
    """An enterprise that may be calling; ``is_number_known``: what was typed is a number of its file."""

    id: str
    name: str
    credit_code: str
    subject_type: str
    state: str
    area: str
    is_number_known: bool
    # Masked: whom the file names, and his phone.
    contacts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """Files and needs that may be meant, open needs first."""

    files: tuple[CallerFile, ...]
    tickets: tuple[lookup.StatusLine, ...]


@dataclass(frozen=True)
class Typed:
    """What is known of a need that is not registered yet."""

    text: str
    phone: str = ""
    credit_code: str = ""
    enterprise: str = ""
    matter: str = ""


def caller(view: View, said: str, viewer: Actor, calendar: WorkCalendar, now: datetime) -> Caller:
    """
    Whoever *said* may mean (see ``lookup.find``).

    Raises:
        Refusal: PERMISSION_DENIED, FIELD_REQUIRED.
    """
    found = lookup.find(view, said, viewer, calendar, now)
    tickets = sorted(found.tickets, key=lambda line: not line.is_open)
    return Caller(_files(view, found, said, viewer), tuple(tickets))


def files_meant(view: View, said: str, viewer: Actor, calendar: WorkCalendar, now: datetime) -> tuple[CallerFile, ...]:
    """
    The files that *said* may mean, at most ``files_max``; none of a single letter, of nothing, and for whoever takes nothing in.

    A piece of a number that means more than one is no reason to say anything else.
    """
    if len(said.strip()) < 2 or not looks_up(viewer):
        return ()
    try:
        return _files(view, lookup.find(view, said.strip(), viewer, calendar, now), said, viewer)
    except Refusal as refusal:
        if refusal.code is Code.FIELD_REQUIRED:
            return ()
        raise


def looks_up(viewer: Actor) -> bool:
    """True of whoever may look a caller up."""
    return viewer.role in {role.value for role in lookup.DESKS}


def _files(view: View, found: lookup.Found, said: str, viewer: Actor) -> tuple[CallerFile, ...]:
    by_number = _files_with(view, lookup_index.PHONE, said)
    return tuple(_file(view, one, viewer, one.id in by_number) for one in found.enterprises[:files_max])


def chosen_file(view: View, id: str, viewer: Actor) -> CallerFile | None:
    """The file that was chosen earlier, by its id; None if there is none."""
    file = file_of(view, id)
    if file is None:
        return None
    contacts = masked_contacts(view, viewer, file)
    return CallerFile(id, name_of_file(view, id), file.credit_code, file.subject_type, file.state, file.area, False, contacts)


def earlier_needs(view: View, typed: Typed, viewer: Actor, now: datetime) -> tuple[KnownNeed, list[KnownNeed]]:
    """*typed* as it is compared, and what it is compared with: the same appellant's needs and the latest, as far as *viewer* sees them."""
    tickets, lookups, traits = schema.tickets, schema.lookups, schema.traits
    who = _tokens(view, typed)
    tokens = [token.partition(":")[2] for token in who]
    same = select(lookups.c.subject_id).where(lookups.c.subject_kind == SubjectKind.TICKET.value, lookups.c.token.in_(tokens))
    of_file = select(traits.c.ticket).where(traits.c.name == "enterprise", traits.c.value == typed.enterprise)
    recent = (
        select(tickets.c.id)
        .where(tickets.c.holder == view.head.node, visible_to(viewer))
        .order_by(tickets.c.registered_at.desc())
        .limit(recent_max)
    )
    ids = {id for query in (same, of_file, recent) for id in view.connection.execute(query).scalars()}
    found = [ticket for ticket in view.readings.tickets(sorted(ids)).values() if may_read(ticket, viewer, view.head.node)]
    return KnownNeed("", typed.text, now, who, typed.matter), [need_of(view, ticket) for ticket in found]


def _tokens(view: View, typed: Typed) -> frozenset[str]:
    found = {f"file:{typed.enterprise}"} if typed.enterprise else set()
    for kind, words in ((lookup_index.PHONE, typed.phone), (lookup_index.CODE, typed.credit_code)):
        for piece in lookup_index.pieces(kind, words):
            token = view.payloads.lookup_token(kind, piece)
            found |= {f"{kind}:{token}"} if token else set()
    return frozenset(found)


def _files_with(view: View, kind: str, said: str) -> set[str]:
    table = schema.lookups
    wanted = [view.payloads.lookup_token(kind, piece) for piece in lookup_index.pieces(kind, said)]
    rows = view.connection.execute(
        select(table.c.subject_id).where(
            table.c.kind == kind, table.c.token.in_([one for one in wanted if one]), table.c.subject_kind == SubjectKind.ENTERPRISE.value
        )
    )
    return set(rows.scalars())


def _file(view: View, found: lookup.FoundFile, viewer: Actor, is_number_known: bool) -> CallerFile:
    file = file_of(view, found.id)
    area = file.area if file is not None else ""
    contacts = masked_contacts(view, viewer, file) if file is not None else {}
    name = name_of_file(view, found.id)
    return CallerFile(found.id, name, found.credit_code, found.subject_type, found.state, area, is_number_known, contacts)


def name_of_file(view: View, id: str) -> str:
    """What the file is called; empty where its texts cannot be read here."""
    file = file_of(view, id)
    if file is None or not isinstance(file.name, SealedRef):
        return ""
    try:
        return view.payloads.open(Subject(SubjectKind.ENTERPRISE.value, id), file.name)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise
