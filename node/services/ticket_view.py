"""
The page of one ticket: the whole ticket, folded from its entries, with its clocks and its timeline, in one snapshot.

Nothing here writes, and nothing opens a contact; texts are opened where the node holds the ticket (DESIGN 13).
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.domain.entry import Actor, Event, Folded, Header, Subject, SubjectKind
from node.domain.payload import PayloadKind, SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.fold import in_order, line_of
from node.domain.ticket.sight import RESERVED, need_sight, reads_texts
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar
from node.services.queries import ClockLine, Names, names, whole_clock_line
from node.services.registered_twice import other_number
from node.services.unreadable import folded
from node.storage.journal import Stored
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class EntryLine:
    """
    An entry of a ticket's timeline.  ``facts`` are the event's plain fields, ``texts`` its texts: opened, or None where this
    node may not read them; ``contacts`` names the fields that hold one, which only an opening shows.  ``is_void``: kept as
    evidence, without effect.  ``is_read``: its content counts here; it does not where it is of a newer program, or was passed by as an
    operator decided.  ``behalf`` is the account in whose place ``account`` acted, or empty.
    """

    id: str
    kind: str
    node: str
    recorded_at: datetime
    occurred_at: datetime | None
    account: str
    behalf: str
    role: str
    unit: str
    state: str
    custody: int
    version: int
    addressee: str
    facts: Mapping[str, object]
    texts: Mapping[str, str | None]
    contacts: tuple[str, ...]
    is_void: bool
    is_read: bool

    @property
    def counts(self) -> bool:
        """True if what it says is so."""
        return self.is_read and not self.is_void


@dataclass(frozen=True)
class TicketPage:
    """
    A ticket with its clocks and its timeline; *names* says what its nodes and units are called.

    ``channels`` are its own and those of what was merged into it (AS25-4.2.1.2b); ``other_number`` is the one under which the same
    need stands a second time until the two are merged, or empty.
    """

    ticket: Ticket
    names: Names
    clocks: tuple[ClockLine, ...]
    timeline: tuple[EntryLine, ...]
    channels: tuple[str, ...]
    other_number: str


def ticket_page(view: View, ticket_id: str, calendar: WorkCalendar, now: datetime, viewer: Actor | None = None) -> TicketPage:
    """
    Everything about a ticket that this node knows, for *viewer* if somebody is named.  Texts are opened where it holds the ticket.

    Raises:
        Refusal: SUBJECT_UNKNOWN, also where it is hidden from the viewer's unit; PERMISSION_DENIED, for another's filing;
            TICKET_UNREADABLE.
    """
    ticket = folded(view, ticket_id)
    if viewer is not None:
        need_sight(ticket, viewer, view.head.node)
    clocks = tuple(whole_clock_line(ticket.id, clock, calendar, now) for clock in ticket.clocks.values())
    return TicketPage(ticket, names(view), clocks, timeline(view, ticket, viewer), _channels(view, ticket), other_number(view, ticket.id))


@dataclass(frozen=True)
class Heard:
    """A unit that was asked for its opinion in ``about`` ("judgement" or "recheck"), and whether it gave one (AS25-2.5)."""

    about: str
    unit: str
    name: str
    has_spoken: bool


def heard(page: TicketPage) -> tuple[Heard, ...]:
    """Who was asked for an opinion on the ticket of *page*, in the order of the invitation; who is absent has not spoken."""
    judgement, recheck = page.ticket.judgement, page.ticket.recheck
    asked = [("judgement", unit, unit in judgement.opinions) for unit in judgement.members] if judgement else []
    asked += [("recheck", unit, unit in recheck.opinions) for unit in recheck.participants] if recheck else []
    return tuple(Heard(about, unit, page.names.unit(unit), has_spoken) for about, unit, has_spoken in asked)


def _channels(view: View, ticket: Ticket) -> tuple[str, ...]:
    merged = view.readings.rows(set(ticket.merge.taken_in))
    return tuple(dict.fromkeys((ticket.intake.channel, *(merged[one].channel for one in ticket.merge.taken_in if one in merged))))


def timeline(view: View, ticket: Ticket, viewer: Actor | None = None) -> tuple[EntryLine, ...]:
    """
    The entries of *ticket* in the order in which they take effect; texts are opened where this node holds it, for whoever reads them.
    """
    subject = Subject(SubjectKind.TICKET.value, ticket.id)
    opens = ticket.custody.holder == view.head.node and reads_texts(viewer)
    return tuple(entry_line(view, subject, one, opens, ticket) for one in _timeline(view, view.journal.of_subject(subject)))


def _timeline(view: View, stored: Sequence[Stored]) -> list[Folded]:
    """The entries in the order in which they take effect; those without effect stand where they were written."""
    entries = list({one.header.id: one.folded for one in stored}.values())
    line = line_of(entries, view.place().rank)
    ordered = in_order(line.entries, [entry for entry in entries if not entry.header.is_line])
    shown = {entry.header.id for entry in ordered}
    for entry in sorted((entry for entry in entries if entry.header.id not in shown), key=lambda one: one.header.recorded_at):
        place = sum(1 for one in ordered if one.header.recorded_at <= entry.header.recorded_at)
        ordered.insert(place, entry)
    return ordered


def entry_line(view: View, subject: Subject, one: Folded, opens: bool, ticket: Ticket | None = None) -> EntryLine:
    """One entry about a *ticket* or a dossier; its texts are opened if this node *opens* them."""
    head = one.header
    facts: dict[str, object] = {}
    texts: dict[str, str | None] = {}
    contacts: list[str] = []
    for name, value in event_fields(one.event):
        if not isinstance(value, SealedRef):
            facts[name] = value
        elif value.kind is PayloadKind.CONTACT:
            contacts.append(name)
        else:
            texts[name] = opened(view, subject, value) if opens and head.kind not in RESERVED else None
    return EntryLine(
        id=head.id,
        kind=head.kind,
        node=head.node,
        recorded_at=head.recorded_at,
        occurred_at=head.occurred_at,
        account=head.actor.account,
        behalf=head.actor.behalf,
        role=head.actor.role,
        unit=head.actor.unit,
        state=head.state,
        custody=head.custody.number,
        version=head.version,
        addressee=head.addressee,
        facts=facts,
        texts=texts,
        contacts=tuple(contacts),
        is_void=ticket is not None and head.id in ticket.void,
        is_read=one.event is not None and (ticket is None or head.id not in ticket.unknown),
    )


def event_fields(event: Event | None) -> Iterable[tuple[str, object]]:
    """The event's fields that say something: neither empty nor the no or the nought that stands where nothing was said."""
    if event is None or not dataclasses.is_dataclass(event):
        return []
    values = ((field, getattr(event, field.name)) for field in dataclasses.fields(event))
    return [(field.name, value) for field, value in values if value or (value in (False, 0) and value != field.default)]


def bring_words(view: View, tickets: Iterable[Ticket], is_wanted: Callable[[Ticket, Header], bool]) -> None:
    """
    Read what opens the texts of those entries of *tickets* together that *is_wanted* says: for as many tickets as a page shows.  Where
    this node does not hold a ticket, it opens none.
    """
    held = {ticket.id: ticket for ticket in tickets if ticket.custody.holder == view.head.node}
    view.journal.bring(SubjectKind.TICKET.value, held)
    wanted = [(ticket, one) for ticket in held.values() for one in view.journal.of_subject(ticket.subject) if is_wanted(ticket, one.header)]
    view.payloads.bring_texts({ticket.subject for ticket, _ in wanted}, {one.taken: one.header.id for _, one in wanted})


def opened(view: View, subject: Subject, ref: SealedRef) -> str | None:
    """What the text says; None where it or its key is not here."""
    try:
        return view.payloads.open(subject, ref)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return None
        raise
