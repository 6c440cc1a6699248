"""Tickets, their clocks and asks as the rows of their tables, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy.engine import Row

from node.domain.entry import Header
from node.domain.ticket.row import TicketRow
from node.domain.ticket.ticket import Ticket
from node.storage import dossier_readings
from node.storage.database import instant_or_none, micros, micros_or_none

_MOMENTS = frozenset({"registered_at", "completed_at", "changed_at"})
_FIELDS = tuple(field.name for field in fields(TicketRow))
# Keys that fit one IN list.
keys_max = 500


def ticket_values(row: TicketRow) -> dict[str, Any]:
    """A row as its table keeps it."""
    moments = {name: micros_or_none(getattr(row, name)) for name in _MOMENTS}
    return {**vars(row), **moments, "parties": f",{','.join(sorted(row.parties))},"}


def ticket_row(row: Row[Any]) -> TicketRow:
    """A row as the domain knows it."""
    return row_of_values(row._mapping)


def row_of_values(values: Mapping[Any, Any]) -> TicketRow:
    """The same from its columns by name."""
    found: dict[str, Any] = {}
    for name in _FIELDS:
        value = values[name]
        if name in _MOMENTS:
            value = instant_or_none(value)
        elif name == "parties":
            value = frozenset(part for part in value.split(",") if part)
        found[name] = value
    return TicketRow(**found)


def clock_values(ticket: Ticket) -> list[dict[str, Any]]:
    """The clock rows of a whole ticket."""
    return [dossier_readings.clock_row(ticket.id, clock) for clock in ticket.clocks.values()]


def ask_values(ticket: Ticket) -> list[dict[str, Any]]:
    """The ask rows of a whole ticket."""
    return [
        {
            "id": ask.id,
            "ticket": ticket.id,
            "kind": ask.kind,
            "node": ask.node,
            "addressee": ask.addressee,
            "asked_at": micros(ask.asked_at),
            "is_answered": ask.is_answered,
        }
        for ask in ticket.asks.values()
    ]


def ask_row(head: Header) -> dict[str, Any]:
    """The row of what an entry asks."""
    return {
        "id": head.id,
        "ticket": head.subject.id,
        "kind": head.kind,
        "node": head.node,
        "addressee": head.addressee,
        "asked_at": micros(head.recorded_at),
        "is_answered": False,
    }


def early_answer(head: Header) -> dict[str, Any]:
    """The row of an answer that is here before what it answers."""
    return {
        "id": head.answers,
        "ticket": head.subject.id,
        "kind": "",
        "node": "",
        "addressee": "",
        "asked_at": micros(head.recorded_at),
        "is_answered": True,
    }


def parts(keys: Sequence[str], size: int = keys_max) -> list[Sequence[str]]:
    """Keys in parts that fit one IN list."""
    return [keys[start : start + size] for start in range(0, len(keys), size)]
