"""
What a node answers to machines: the same bodies behind ``--json`` of the command line and in the API.

Keys are ours, codes are codes, times ISO 8601 with their zone.  No contact is in any of them, and a text only where the page of a ticket or
a dossier opens it.
"""

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from node.domain.payload import SealedRef
from node.domain.ticket.row import TicketRow
from node.domain.ticket.ticket import Ticket
from node.services import deadlines, queries, rounds, ticket_view
from node.services.handle import Outcome
from node.services.numbers import short_number


def outcome_body(outcome: Outcome, command_id: str) -> dict[str, Any]:
    """What a command led to, for machines."""
    body: dict[str, Any] = {
        "command_id": command_id,
        "is_repeat": outcome.is_repeat,
        "subject": {"kind": outcome.subject.kind, "id": outcome.subject.id},
        "entries": [{"id": one.header.id, "kind": one.header.kind, "recorded_at": one.header.recorded_at} for one in outcome.entries],
    }
    if outcome.ticket is not None:
        body["ticket"] = ticket_body(outcome.ticket)
    return body


def ticket_body(ticket: Ticket) -> dict[str, Any]:
    """Where a ticket stands, for machines."""
    return {
        "id": ticket.id,
        "spoken": short_number(ticket.id),
        "number": ticket.number,
        "state": ticket.state,
        "with": ticket.with_whom,
        "origin": ticket.origin,
        "holder": ticket.custody.holder,
        "asked": ticket.custody.asked,
        "custody": ticket.custody.number,
        "version": ticket.version,
        "category": ticket.classing.category,
        "complexity": ticket.classing.complexity,
        "layer": ticket.classing.layer,
        "level": ticket.classing.level,
        "lead": ticket.lead,
        "first_contact": ticket.intake.first_contact,
        "channel": ticket.intake.channel,
        "registered_at": ticket.intake.registered_at,
        "round": len(ticket.rounds),
        "is_incomplete": ticket.is_incomplete,
    }


def ticket_line_body(line: queries.TicketLine) -> dict[str, Any]:
    """A ticket in a list with the clock that is due next, for machines."""
    return row_body(line.row) | {"clock": None if line.clock is None else clock_body(line.clock)}


def clock_body(clock: queries.ClockLine) -> dict[str, Any]:
    """A clock, for machines."""
    return {
        "name": clock.name,
        "node": clock.node,
        "owes": clock.owes,
        "limit": {"count": clock.limit.count, "unit": clock.limit.unit},
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "stopped_at": clock.stopped_at,
        "is_paused": clock.is_paused,
        "is_overdue": clock.is_overdue,
        "is_provisional": clock.is_provisional,
        "left": clock.left,
    }


def row_body(row: TicketRow) -> dict[str, Any]:
    """A row of a list, for machines."""
    return {
        "id": row.id,
        "spoken": short_number(row.id),
        "number": row.number,
        "state": row.state,
        "with": row.with_whom,
        "origin": row.origin,
        "holder": row.holder,
        "asked": row.asked,
        "custody": row.custody,
        "version": row.version,
        "category": row.category,
        "complexity": row.complexity,
        "layer": row.layer,
        "level": row.level,
        "lead": row.lead,
        "first_contact": row.first_contact,
        "channel": row.channel,
        "registered_at": row.registered_at,
        "completed_at": row.completed_at,
    }


def page_body(page: ticket_view.TicketPage, level: str, now: datetime) -> dict[str, Any]:
    """A ticket's page, for machines; *level* is where it is handled (``ticket_levels.level_of``)."""
    return {
        "now": now,
        "ticket": ticket_body(page.ticket) | {"level": level},
        "asks": [
            {"id": ask.id, "kind": ask.kind, "node": ask.node, "addressee": ask.addressee, "asked_at": ask.asked_at}
            for ask in page.ticket.open_asks()
        ],
        "channels": page.channels,
        "other_number": page.other_number,
        "heard": [dataclasses.asdict(one) for one in ticket_view.heard(page)],
        "clocks": [clock_body(clock) for clock in page.clocks],
        "timeline": [entry_body(entry) for entry in page.timeline],
    }


def entry_body(entry: ticket_view.EntryLine) -> dict[str, Any]:
    """An entry of a timeline, for machines."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "node": entry.node,
        "recorded_at": entry.recorded_at,
        "occurred_at": entry.occurred_at,
        "actor": {"account": entry.account, "role": entry.role, "unit": entry.unit, "behalf": entry.behalf},
        "state": entry.state,
        "custody": entry.custody,
        "version": entry.version,
        "addressee": entry.addressee,
        "facts": entry.facts,
        "texts": entry.texts,
        "contacts": entry.contacts,
        "is_void": entry.is_void,
        "is_read": entry.is_read,
    }


def receipt_body(receipt: deadlines.Receipt) -> dict[str, Any]:
    """A deadline receipt, for machines."""
    return {
        "ticket": receipt.ticket,
        "clock": clock_body(receipt.clock),
        "calendar": receipt.calendar,
        "pack": receipt.pack,
        "pauses": [{"begin": pause.begin, "end": pause.end} for pause in receipt.pauses],
        "promised": receipt.promised,
        "counted_due_at": receipt.counted_due_at,
        "recounted_due_at": receipt.recounted_due_at,
        "agrees": receipt.agrees,
        "proposed_due_at": None if receipt.proposed is None else receipt.proposed.recounted,
        "days": [
            {"day": line.day, "counted": line.counted, "number": line.number, "why": line.why, "is_workday": line.is_workday}
            for line in receipt.days
        ],
    }


def achieved_body(one: rounds.Achieved) -> dict[str, Any]:
    """What came of one round, for machines."""
    return {
        "id": one.id,
        "node": one.node,
        "county": one.county,
        "period": one.period,
        "stage": one.stage,
        "rate": one.rate,
        "frame": one.frame,
        "drawn": one.drawn,
        "reached": one.reached,
        "satisfied": one.satisfied,
        "findings": one.findings,
        "drawn_percent": one.drawn_percent,
        "reached_percent": one.reached_percent,
        "is_enough": one.is_enough,
        "cut_at": one.cut_at,
        "revealed_at": one.revealed_at,
    }


def plain(value: Any) -> Any:
    """A state for machines: dataclasses as objects, sealed words by where they stand."""
    if isinstance(value, SealedRef):
        return {"sealed": f"{value.entry}/{value.place}"}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, frozenset):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def as_json(value: Any) -> str:
    """One JSON document: keys as they stand, times as ISO 8601, codes as their values."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
