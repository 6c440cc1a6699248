"""What a lead submitted to the centre about a ticket, in order, each with its kind, its day and its answer (XS25-4.4.1c)."""

from dataclasses import dataclass
from datetime import datetime

from node.domain.ticket.handling_record import CLOSE_OUT
from node.domain.ticket.ticket import Ticket
from node.services.ticket_view import EntryLine

# What the application for the write-off is answered by: struck off, determined, or sent back.
_ANSWERS = frozenset({"Closed", "Determined", "Reworked"})


@dataclass(frozen=True)
class SubmissionLine:
    """
    ``kind``: "plan", "progress" or "close_out".  ``answered_by`` is the kind of the entry that answered it, "" while nobody has.
    """

    entry: str
    kind: str
    unit: str
    submitted_at: datetime
    answered_by: str = ""
    answered_at: datetime | None = None


def submissions_of(ticket: Ticket, timeline: tuple[EntryLine, ...]) -> list[SubmissionLine]:
    """The submissions about *ticket*, whose *timeline* says what became of each application for the write-off."""
    return [_line(one.entry, one.kind, one.unit, one.submitted_at, one.answer, timeline) for one in ticket.submissions]


def _line(entry: str, kind: str, unit: str, at: datetime, answer: str, timeline: tuple[EntryLine, ...]) -> SubmissionLine:
    places = {one.id: place for place, one in enumerate(timeline)}
    if kind == CLOSE_OUT:
        later = timeline[places.get(entry, len(timeline)) + 1 :]
        found = next((one for one in later if one.kind in _ANSWERS and one.counts), None)
    else:
        found = timeline[places[answer]] if answer in places else None
    return SubmissionLine(entry, kind, unit, at, found.kind if found else "", found.recorded_at if found else None)
