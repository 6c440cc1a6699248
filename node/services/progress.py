"""
What an appellant sees of his need: who has it, which clock runs, what was promised and what came of it (AS25-2.2.3).

He reads with the register number and the query code of his receipt, without an account.  The code is derived from the need's
own text key: it stands in no entry, any level that may read the texts can check it, and with the key it is gone.  Nothing that
offices write to each other is shown, only what is meant for him.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.entry import Event
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.acceptance import NotAccepted
from node.domain.ticket.completion import Completed, FeedbackGiven
from node.domain.ticket.custody import DecidedAbove
from node.domain.ticket.first_contact import AnsweredOnTheSpot
from node.domain.ticket.progress_report import ProgressReported
from node.domain.ticket.records import Clock
from node.domain.ticket.termination import Terminated
from node.domain.ticket.ticket import Ticket
from node.domain.time import WorkCalendar, last_day
from node.services.queries import ClockLine, find_ticket, whole_clock_line
from node.services.ticket_view import TicketPage
from node.storage.unit_of_work import View

# The limits at whose end an answer is owed; any other that runs is a step on the way.
HANDLING_CLOCKS = frozenset({"resolve", "rectification"})
# What is meant for the appellant, by event: plain facts and texts of these fields and no others.
PAPERS: Mapping[type[Event], tuple[str, ...]] = {
    NotAccepted: ("reason", "procedure", "note"),
    AnsweredOnTheSpot: ("standard", "answer"),
    DecidedAbove: ("decision",),
    ProgressReported: ("report",),
    FeedbackGiven: ("content",),
    Completed: ("standard", "sub_code", "result", "explanation", "determination", "path_means", "path_body", "path_limit", "feedback"),
    Terminated: ("reason",),
}


@dataclass(frozen=True)
class Paper:
    """One thing that is meant for the appellant: the event's kind and what its fields say, texts opened."""

    kind: str
    says: Mapping[str, str]


@dataclass(frozen=True)
class Progress:
    """
    ``lead`` is the unit that is responsible, empty before there is one (FJ23-2.3c).  ``due`` is the last day of the clock that
    runs; ``promised`` the date that was promised with an extension, if any.
    """

    id: str
    number: str
    state: str
    with_whom: str
    holder: str
    lead: str
    clock: ClockLine | None
    due: date | None
    promised: date | None
    papers: tuple[Paper, ...]


def progress(view: View, said: str, code: str, calendar: WorkCalendar, now: datetime) -> Progress:
    """
    The progress of the need that *said* names, for whoever has its query code.

    Raises:
        Refusal: QUERY_REFUSED, alike for a number that nobody has and for a wrong code: neither can be guessed at alone.
    """
    ticket = _the_one(view, said, code)
    clock = running_clock(ticket)
    line = None if clock is None else whole_clock_line(ticket.id, clock, calendar, now)
    return Progress(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state.value,
        with_whom=ticket.with_whom.value,
        holder=ticket.custody.holder,
        lead=ticket.lead,
        clock=line,
        due=None if clock is None or clock.due_at is None else last_day(clock.due_at),
        promised=ticket.round.promised if ticket.round else None,
        papers=tuple(_papers(view, ticket)),
    )


def _the_one(view: View, said: str, code: str) -> Ticket:
    try:
        ticket = view.readings.readable(find_ticket(view, said))
    except Refusal:
        ticket = None
    expected = view.payloads.query_code(ticket.subject) if ticket is not None else None
    given = code.strip().upper().replace("-", "")
    if ticket is None or expected is None or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Refusal(Code.QUERY_REFUSED, ticket=said)
    return ticket


def for_appellant(page: TicketPage) -> TicketPage:
    """Of the page of his own need what is meant for whoever brought it in: who has it, what runs, and the papers."""
    shown = {kind.kind(): fields for kind, fields in PAPERS.items()}
    lines = [
        replace(
            line,
            facts={name: value for name, value in line.facts.items() if name in shown[line.kind]},
            texts={name: value for name, value in line.texts.items() if name in shown[line.kind]},
            contacts=(),
            account="",
            behalf="",
        )
        for line in page.timeline
        if line.kind in shown and line.counts
    ]
    clock = running_clock(page.ticket)
    clocks = tuple(one for one in page.clocks if clock is not None and one.name == clock.name and one.node == clock.node)
    return replace(page, names=replace(page.names, people={}), timeline=tuple(lines), clocks=clocks, other_number="")


def running_clock(ticket: Ticket) -> Clock | None:
    """The clock of the handling itself if it runs, else the one of whoever must act now that is due next (DESIGN 6)."""
    running = [clock for clock in ticket.clocks_of(ticket.custody.holder) if clock.is_running]
    handling = [clock for clock in running if clock.kind in HANDLING_CLOCKS]
    return min(handling or running, key=lambda clock: (clock.due_at, clock.name), default=None)


def _papers(view: View, ticket: Ticket) -> Iterator[Paper]:
    opens = ticket.custody.holder == view.head.node
    for one in view.journal.of_subject(ticket.subject):
        event = one.folded.event
        if event is None or one.header.id in ticket.void:
            continue
        fields = PAPERS.get(type(event), ())
        says = {name: _plain(view, ticket, getattr(event, name), opens) for name in fields}
        if any(says.values()):
            yield Paper(one.header.kind, {name: said for name, said in says.items() if said})


def _plain(view: View, ticket: Ticket, value: object, opens: bool) -> str:
    """What a field says; texts only where the ticket is held, as elsewhere each opening needs a purpose (DESIGN 13)."""
    if not isinstance(value, SealedRef):
        return str(value or "")
    if not opens:
        return ""
    try:
        return view.payloads.open(ticket.subject, value)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise
