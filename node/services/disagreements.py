"""
Where a superior heard otherwise than the subordinate reported: "the county said, the city heard", ticket by ticket, and how often,
by county and by department (DESIGN 8).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from node.domain import round_record as record
from node.domain.ticket import records as r
from node.domain.ticket.ticket import Ticket
from node.services.rounds import find_round
from node.storage import schema
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Said:
    """What one side has of an outcome: as reported, up to the standard, satisfied; None where it was not asked or not answered."""

    is_consistent: bool | None
    is_standard_met: bool | None
    is_satisfied: bool | None


@dataclass(frozen=True)
class Compared:
    """One drawn outcome whose appellant was reached: what its node said, what the drawing node heard."""

    round: str
    key: str
    ticket: str
    county: str
    unit: str
    standard: str
    said: Said | None
    heard: Said

    @property
    def differs(self) -> bool:
        """
        AS25-4.7.2a: not as reported, or below the standard; and also a satisfaction that its own revisit heard and this one did not.
        """
        if self.heard.is_consistent is False or self.heard.is_standard_met is False:
            return True
        return self.said is not None and self.said.is_satisfied is True and self.heard.is_satisfied is False


@dataclass(frozen=True)
class Rate:
    """How many outcomes of ``code`` (a county or a unit) were heard, and how many otherwise than reported."""

    code: str
    heard: int
    differing: int


def compared(view: View, round_id: str) -> list[Compared]:
    """What was heard in a round, in the order of the draw; of one that is not this node's, only once it is revealed."""
    found = find_round(view, round_id)
    if found is None:
        return []
    lines = []
    calls = _heard(found)
    known = view.readings.tickets(record.ticket_of(key) for key, _ in calls)
    for key, heard in calls:
        ticket = known.get(record.ticket_of(key))
        if ticket is not None:
            done = _round_of(ticket, key)
            unit = done.completion.unit if done is not None and done.completion is not None else ticket.lead
            standard = done.completion.standard if done is not None and done.completion is not None else ""
            lines.append(Compared(found.id, key, ticket.id, found.county, unit, standard, _said(done), heard))
    return lines


def rates(lines: Iterable[Compared], *, by_unit: bool) -> list[Rate]:
    """By unit or by county, those with the most differences first."""
    counted: dict[str, list[bool]] = {}
    for one in lines:
        counted.setdefault(one.unit if by_unit else one.county, []).append(one.differs)
    found = [Rate(code, len(heard), sum(heard)) for code, heard in counted.items()]
    return sorted(found, key=lambda one: (-one.differing, one.code))


def rounds_with_calls(view: View) -> list[str]:
    """Ids of the rounds here in which somebody was reached, the latest first."""
    table = schema.rounds
    query = select(table.c.id).where(table.c.reached > 0).order_by(table.c.opened_at.desc(), table.c.id)
    return list(view.connection.execute(query).scalars())


def _heard(found: record.Round) -> list[tuple[str, Said]]:
    if found.shown:
        return [(one.key, Said(one.is_consistent, one.is_standard_met, one.is_satisfied)) for one in found.shown if one.is_reached]
    calls = [(key, call) for key in found.reached if (call := found.last_call(key)) is not None]
    return [(key, Said(call.is_consistent, call.is_standard_met, call.is_satisfied)) for key, call in calls]


def _round_of(ticket: Ticket, key: str) -> r.Round | None:
    """The handling round that ended with the outcome *key*."""
    number = int(key.partition("#")[2])
    done = [one for one in ticket.rounds if one.completion is not None]
    return done[number - 1] if 0 < number <= len(done) else None


def _said(done: r.Round | None) -> Said | None:
    revisit = done.revisit if done is not None else None
    if revisit is None or not revisit.is_reached:
        return None
    return Said(revisit.is_consistent, revisit.is_standard_met, revisit.is_satisfied)
