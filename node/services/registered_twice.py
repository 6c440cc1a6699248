"""
Needs that stand under two numbers (FEDERATION 2.3 no. 9).

Two copies of a node gave one number to two needs.  When the node followed its superior, it set one of them aside and registered it
once more under a number of its own (``federation.registered_anew``), since nobody could know whether its first registration would
ever come back.  Where a neighbour held that one, it does: under the old number, with what had been done about it.  Then both are the
same need, and people merge them; until they have, nobody must do for the second what was done for the first.
"""

from dataclasses import dataclass

from sqlalchemy import select

from node.domain.entry import Subject, SubjectKind
from node.domain.identifier import uuid5_of
from node.domain.ticket.fold import line_of
from node.domain.ticket.intake import Registered
from node.domain.ticket.state import FINAL, State
from node.storage import schema
from node.storage.unit_of_work import View

# Of an incident: a need of this node that was registered once more, because another one has its number.
RENUMBERED = "renumbered"


@dataclass(frozen=True, order=True)
class Renumbered:
    """A need's ``former`` number, which another need was given, too, and the one under which it was registered ``anew``."""

    former: str
    anew: str


def renumbered(view: View) -> list[Renumbered]:
    """Every need that this node registered once more."""
    table = schema.incidents
    rows = view.connection.execute(select(table.c.content).where(table.c.kind == RENUMBERED)).scalars()
    return sorted(Renumbered(*bytes(content).decode().split()) for content in rows)


def stands_twice(view: View, one: Renumbered) -> bool:
    """
    True if the first registration came back and takes effect, and the two tickets are neither merged nor both at their end.  Asked of
    headers and rows: a ticket that does not fold must not stop the status that says so.
    """
    states = {State(row.state) for row in view.readings.rows({one.former, one.anew}).values()}
    if State.MERGED in states or states <= FINAL:
        return False
    line = line_of([entry.folded for entry in view.journal.of_subject(_ticket(one.former))], view.place().rank)
    first = [entry.header.id for entry in line.entries if entry.header.kind == Registered.kind()]
    known = {entry.header.id for entry in view.journal.of_subject(_ticket(one.anew))}
    return any(uuid5_of(id, one.anew) in known for id in first)


def other_number(view: View, ticket: str) -> str:
    """The number under which the need of *ticket* stands, too; empty if there is none."""
    for one in renumbered(view):
        if ticket in (one.former, one.anew) and stands_twice(view, one):
            return one.anew if ticket == one.former else one.former
    return ""


def _ticket(number: str) -> Subject:
    return Subject(SubjectKind.TICKET.value, number)
