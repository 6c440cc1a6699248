"""
Tallies: how many needs came in by which channel, and how many ended without a result for which reason.

They count what this node took in itself (``origin``), by the thin rows; a merged need counts where it came in.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, not_, or_, select

from node.domain.entry import Actor, Subject
from node.domain.organisation import Place
from node.domain.ticket.closing import DETERMINED, Determined
from node.domain.ticket.completion import Completed
from node.domain.ticket.state import DONE, FINAL
from node.domain.time import end_of
from node.services.scope import has_trait, visible_to
from node.storage import schema
from node.storage.database import micros
from node.storage.journal import Stored
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Period:
    """Beijing days, both ends included; None is open.  ``viewer`` counts what his scope shows him, nobody in particular everything."""

    first: date | None = None
    last: date | None = None
    viewer: Actor | None = None


ALWAYS = Period()
# With what a node confirms a ticket that another level put to it.
ARRIVED = ("TransferReceived", "EscalationReceived", "TransferAccepted", "EscalationAccepted")


def by_channel(view: View, period: Period = ALWAYS, *, unit: str = "") -> Mapping[str, int]:
    """
    Registrations of this node by channel (AS25-2.2.*); channels by which nothing came are left out.

    *unit*: only of that first-contact department.
    """
    table = schema.tickets
    where = [table.c.origin == view.head.node, *_registered_in(period)]
    if unit:
        where.append(table.c.first_contact == unit)
    return _counted(view, table.c.channel, *where)


def by_trait(view: View, name: str, period: Period = ALWAYS) -> Mapping[str, int]:
    """
    Registrations of this node by one of their traits: matter, topic, appeal_kind, group, desk, occasion, finder, enterprise ...

    What has no such trait is left out; a common appeal counts once for each enterprise.
    """
    table, traits = schema.tickets, schema.traits
    query = (
        select(traits.c.value, func.count())
        .join(table, table.c.id == traits.c.ticket)
        .where(traits.c.name == name, table.c.origin == view.head.node, *_registered_in(period))
        .group_by(traits.c.value)
        .order_by(traits.c.value)
    )
    return {value: count for value, count in view.connection.execute(query)}


def by_arrival(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """
    Needs that came here from another node (AS25-2.2.4), by where that one stands: "cross_region" (neither above nor below: through
    the common superior), "from_above", "from_below" (both cross-level).
    """
    table, own = schema.tickets, view.head.node
    entries = schema.entries
    # A party may also be one that was only asked for its opinion: what arrived, this node has confirmed.
    confirmed = exists().where(entries.c.subject_id == table.c.id, entries.c.node == own, entries.c.kind.in_(ARRIVED))
    arrived = (table.c.origin != own, table.c.parties.contains(f",{own},", autoescape=True), confirmed, *_registered_in(period))
    counted: Counter[str] = Counter()
    for origin, count in _counted(view, table.c.origin, *arrived).items():
        counted[arrival_from(origin, view.place())] += count
    return dict(sorted(counted.items()))


def arrival_from(origin: str, place: Place) -> str:
    """How what *origin* took in came to the node at *place*."""
    if origin in place.line:
        return "from_above"
    return "from_below" if place.is_below(origin) else "cross_region"


@dataclass(frozen=True)
class Found:
    """Needs that were found and needs that were reported (XS25-4.1.1b)."""

    found: int
    reported: int


def found_and_reported(view: View, period: Period = ALWAYS) -> Found:
    """Registrations of this node, by whether somebody searched for them or the appellant came."""
    table = schema.tickets
    where = (table.c.origin == view.head.node, *_registered_in(period))
    total = view.connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    found = by_trait(view, "found", period).get("yes", 0)
    return Found(found, total - found)


def by_refusal(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """Needs of this node that are not accepted, by the ground of the pack (AS25-4.2.2)."""
    table = schema.tickets
    where = (table.c.origin == view.head.node, table.c.state == "not_accepted", *_registered_in(period))
    return _counted(view, table.c.refused_for, *where)


def by_termination(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """Tickets of this node that were terminated, by reason (AS25-4.4.4)."""
    table = schema.tickets
    where = (table.c.origin == view.head.node, table.c.state == "terminated", *_registered_in(period))
    return _counted(view, table.c.terminated_for, *where)


def by_end(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """Ended tickets of this node whose end is counted apart, by its kind: unconfirmed, explained, determined, struck_off, terminated."""
    table = schema.tickets
    return _counted(view, table.c.ended_as, table.c.origin == view.head.node, table.c.ended_as != "", *_registered_in(period))


def by_evaluation_way(view: View, period: Period = ALWAYS) -> Mapping[str, int]:
    """Effective votes on the tickets of this node, by the way in which they were given (XS25-4.6a)."""
    table = schema.tickets
    where = (table.c.origin == view.head.node, table.c.evaluation_way != "", *_registered_in(period))
    return _counted(view, table.c.evaluation_way, *where)


def evaluation_gaps(view: View, period: Period = ALWAYS) -> tuple[str, ...]:
    """Tickets of this node that are written off and have neither a vote nor the record that nobody was reached (XS25-4.6b)."""
    table = schema.tickets
    written_off = (table.c.holder == view.head.node, table.c.state.in_(("closed", "archived")), table.c.evaluation == "")
    return tuple(view.connection.execute(select(table.c.id).where(*written_off, *_registered_in(period)).order_by(table.c.id)).scalars())


@dataclass(frozen=True)
class Solved:
    """Answers to "is the problem solved" on completed tickets: of ``asked``, ``solved`` said yes (HM20-A1.8c)."""

    asked: int
    solved: int


def solved(view: View, period: Period = ALWAYS) -> Solved:
    """What the completion rate is made of where the pack asks: only "solved" counts, whatever else the appellant said."""
    table = schema.tickets
    where = (
        table.c.holder == view.head.node,
        table.c.state.in_(sorted(state.value for state in DONE)),
        table.c.solved.is_not(None),
        *_within(table.c.completed_at, period),
    )
    row = view.connection.execute(select(func.count(), func.count().filter(table.c.solved.is_(True))).where(*where)).one()
    return Solved(*tuple(row))


@dataclass(frozen=True)
class Coverage:
    """
    How far this node's full revisit got (AS25-3.2.4a): ``due`` completed tickets, ``done`` of them revisited, and the numbers of
    those that are not.  What a higher level decided or revisits itself is not this node's to revisit.
    """

    due: int
    missing: tuple[str, ...]

    @property
    def done(self) -> int:
        """Revisited, reached or not."""
        return self.due - len(self.missing)

    @property
    def per_mille(self) -> int:
        """The share of ``done``, rounded half up; 1000 where nothing was due."""
        return 1000 if self.due == 0 else (self.done * 2000 + self.due) // (2 * self.due)


def revisit_coverage(view: View, period: Period = ALWAYS) -> Coverage:
    """Full revisits of what was completed in *period* and is still completed."""
    tickets, clocks = schema.tickets, schema.clocks
    rows = view.connection.execute(
        select(tickets.c.id, clocks.c.stopped_at)
        .join(clocks, (clocks.c.ticket == tickets.c.id) & (clocks.c.name == "revisit") & (clocks.c.node == view.head.node))
        .where(
            tickets.c.holder == view.head.node,
            tickets.c.state.in_(sorted(state.value for state in DONE)),
            not_(has_trait("legacy", "yes")),
            *_within(tickets.c.completed_at, period),
        )
        .order_by(tickets.c.id)
    ).all()
    return Coverage(len(rows), tuple(row.id for row in rows if row.stopped_at is None))


@dataclass(frozen=True)
class Backlog:
    """
    What was open when a period began (存量): of ``open`` so many ended in it ``solved``, ``determined`` or ``otherwise``
    (withdrawn, terminated, not accepted, merged), and the numbers of those that are ``left`` at its end (HM20-4.3c).
    """

    open: int
    solved: int
    determined: int
    otherwise: int
    left: tuple[str, ...]


def backlog(view: View, period: Period) -> Backlog:
    """
    The backlog of this node over *period*, which has both ends, as its journal had it on either day.

    A ticket that was completed and not yet closed is open.
    """
    assert period.first is not None and period.last is not None
    table = schema.tickets
    began, ended = _begin_of(period.first), end_of(period.last)
    ids = view.connection.execute(
        select(table.c.id)
        .where(
            table.c.holder == view.head.node,
            visible_to(period.viewer),
            table.c.registered_at < micros(began),
            or_(table.c.state.not_in(_FINAL), table.c.changed_at >= micros(began)),
        )
        .order_by(table.c.id)
    ).scalars()
    was, found = 0, Counter[str]()
    left: list[str] = []
    for id in ids.all():
        line = [one for one in view.journal.of_subject(Subject("ticket", id)) if one.header.is_line]
        if _state_at(line, began) in (*_FINAL, ""):
            continue
        was += 1
        if _state_at(line, ended) not in _FINAL:
            left.append(id)
        else:
            found[_end_at(line, ended)] += 1
    return Backlog(was, found["solved"], found["determined"], found["otherwise"], tuple(left))


def _state_at(line: Sequence[Stored], moment: datetime) -> str:
    return next((one.header.state for one in reversed(line) if one.header.recorded_at < moment), "")


def _end_at(line: Sequence[Stored], moment: datetime) -> str:
    """How a ticket that ended before *moment* ended: by the last word on it."""
    for one in reversed([one for one in line if one.header.recorded_at < moment]):
        event = one.content.event
        if isinstance(event, Determined):
            return "determined"
        if isinstance(event, Completed):
            return "determined" if event.standard == DETERMINED else "solved"
        if one.header.state not in ("closed", "archived", "completed"):
            break
    return "otherwise"


_FINAL = sorted(state.value for state in FINAL)


def _counted(view: View, column: ColumnElement[str], *where: ColumnElement[bool]) -> Mapping[str, int]:
    rows = view.connection.execute(select(column, func.count()).where(*where).group_by(column).order_by(column))
    return {code: count for code, count in rows}


def _registered_in(period: Period) -> list[ColumnElement[bool]]:
    return _within(schema.tickets.c.registered_at, period)


def _within(column: ColumnElement[int], period: Period) -> list[ColumnElement[bool]]:
    where = [visible_to(period.viewer)]
    if period.first is not None:
        where.append(column >= micros(_begin_of(period.first)))
    if period.last is not None:
        where.append(column < micros(end_of(period.last)))
    return where


def _begin_of(day: date) -> datetime:
    return end_of(date.fromordinal(day.toordinal() - 1))
