"""
What became of the needs of a channel, by the numbers that they have there: the way back to a hotline (USERS B15).

A need that is not over stands in the list, too, with its state and without an answer.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from node.domain.ticket.state import DONE
from node.domain.ticket.ticket import Ticket
from node.services.ticket_view import timeline
from node.services.unreadable import Unreadable, those_unreadable
from node.storage import schema
from node.storage.unit_of_work import View

# The entries that end a need, and the field of each that is the answer to whoever brought it in; the first that is filled counts.
_ANSWERING = {
    "Completed": ("result", "feedback"),
    "AnsweredOnTheSpot": ("answer",),
    "FeedbackGiven": ("content",),
    "NotAccepted": ("note",),
    "Terminated": ("note",),
}


@dataclass(frozen=True)
class Answer:
    """
    One need: the channel's number for it, ours, its state, and the answer of the round in force; empty while there is none.

    ``unreadable`` says why (``unreadable.MISSING`` ...) no more is known of it than what lists have.
    """

    external_number: str
    ticket: str
    number: str
    state: str
    received_at: datetime | None
    completed_at: datetime | None
    is_in_time: bool | None
    standard: str
    answer: str
    unreadable: str = ""


def answers(view: View, channel: str) -> list[Answer]:
    """Every need that came in here by *channel* under a number of its own, in the order of these numbers."""
    table = schema.tickets
    ids = view.connection.execute(
        select(table.c.id)
        .where(table.c.origin == view.head.node, table.c.channel == channel, table.c.external_number != "")
        .order_by(table.c.external_number, table.c.id)
    ).scalars()
    read = {id: view.readings.readable(id) for id in list(ids)}
    broken = {one.row.id: one for one in those_unreadable(view, [id for id, ticket in read.items() if ticket is None])}
    return [_answer(view, ticket) if ticket is not None else _unreadable(broken[id]) for id, ticket in read.items()]


def _unreadable(one: Unreadable) -> Answer:
    """What lists have of a need that cannot be read: the hotline's number stays on the list, with the reason instead of an answer."""
    row = one.row
    return Answer(
        external_number=row.external_number,
        ticket=row.id,
        number=row.number,
        state=row.state,
        received_at=None,
        completed_at=row.completed_at,
        is_in_time=row.completed_in_time,
        standard=row.standard,
        answer="",
        unreadable=one.why,
    )


def _answer(view: View, ticket: Ticket) -> Answer:
    done = ticket.completion if ticket.state in DONE else None
    is_over = done is not None or ticket.state.value in ("not_accepted", "terminated")
    return Answer(
        ticket.intake.external_number,
        ticket.id,
        ticket.number,
        ticket.state.value,
        ticket.intake.received_at,
        done.completed_at if done else None,
        done.is_in_time if done else None,
        done.standard if done else "",
        _words(view, ticket) if is_over else "",
    )


def _words(view: View, ticket: Ticket) -> str:
    """The latest of the answering entries that has effect and can be read here."""
    for line in reversed(timeline(view, ticket)):
        if line.kind in _ANSWERING and line.counts:
            said = next((text for name in _ANSWERING[line.kind] if (text := line.texts.get(name))), "")
            if said:
                return said
    return ""
