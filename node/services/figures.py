"""
What a level counts, and the one page a day for its leader (USERS B16).

Counts come from thin rows; rates are shown only from 20 on, below that two counts say more than a percentage.  From a
superior's finding on a ticket counts as not completed, until it is completed anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, true

from node.domain.entry import Actor
from node.domain.ticket.row import UNREACHED
from node.domain.ticket.state import DONE, OPEN, With
from node.domain.ticket.ticket import Ticket
from node.domain.time import end_of, local_day
from node.domain.time.calendar import at
from node.services import ticket_view
from node.services.scope import sees_all, visible_to
from node.services.step_limits import StepLimits, step_limits
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import View

# Below so many tickets a rate misleads.
rate_from = 20
leader_tickets_max = 5

_OPEN = sorted(state.value for state in OPEN)
_WITH_LEADERS = sorted(one.value for one in (With.LEADER, With.GOVERNMENT))
_DONE = sorted(state.value for state in DONE)


@dataclass(frozen=True)
class Counts:
    """
    Tickets of one origin, or of a whole subtree.  ``late`` were completed after their limit, ``overdue`` are open past it.

    ``not_evaluated`` are completed without any word of the appellant: they are in neither of the two that a satisfaction rate is made
    of (FJ25-4.10.3b).

    What was open before its node began (``legacy``) is in none of the other figures: its time ran elsewhere (USERS B15).
    """

    tickets: int
    open: int
    completed: int
    on_time: int
    late: int
    overdue: int
    satisfied: int
    dissatisfied: int
    not_accepted: int
    terminated: int
    merged: int
    reworked: int
    decided_above: int
    legacy: int
    not_evaluated: int = 0

    @property
    def votes(self) -> int:
        """What a satisfaction rate is out of: who said neither yes nor no is in it as little as who said nothing."""
        return self.satisfied + self.dissatisfied

    @property
    def needs(self) -> int:
        """Needs behind the registrations: what was merged into another ticket is no need of its own (AS25-4.2.1.2b)."""
        return self.tickets - self.merged


@dataclass(frozen=True)
class SampleLine:
    """A round of sampled revisits: ``frame`` N, ``drawn`` k, and how many were ``reached``."""

    round: str
    county: str
    period: str
    state: str
    rate: int
    frame: int
    drawn: int
    reached: int
    findings: int


@dataclass(frozen=True)
class UnitLine:
    """A department: what it has in hand, what of it is overdue, what it completed and how much of that in time."""

    unit: str
    name: str
    open: int
    overdue: int
    completed: int
    on_time: int


@dataclass(frozen=True)
class Level:
    """What one level counts: its subtree by origin, and the rounds that it knows."""

    node: str
    name: str
    total: Counts
    by_origin: tuple[tuple[str, str, Counts], ...]
    samples: tuple[SampleLine, ...]


@dataclass(frozen=True)
class Waiting:
    """
    A ticket that waits for the leader or the government: what it is about, which step was put to him (a kind of event), since
    when, and the question in the words of whoever put it; texts are "" where they do not open here.
    """

    ticket: str
    number: str
    with_whom: str
    about: str
    put: str
    question: str
    since: datetime | None


@dataclass(frozen=True)
class LeaderPage:
    """
    每日一页: in, due, overdue, completed, satisfied with counts; departments worst first; what waits for the leader.

    ``came_in`` are those since the begin of ``since``, the working day before: at eight in the morning nothing came in today yet.

    ``due_today`` and ``counts.overdue`` are about the handling limit alone, ``steps`` about every limit.  What is open is with a
    department (``units``), with the office, which dispatched it to nobody (``with_office``), or held by another level (``elsewhere``).
    """

    node: str
    name: str
    as_of: datetime
    came_in_today: int
    due_today: int
    counts: Counts
    units: tuple[UnitLine, ...]
    findings_from_above: int
    # At most ``leader_tickets_max``, the oldest first; ``waiting`` is how many there are.
    waiting: int = 0
    waiting_for_leader: tuple[Waiting, ...] = field(default=())
    link_heard_at: int | None = None
    since: date | None = None
    came_in: int = 0
    steps: StepLimits = field(default=StepLimits())
    with_office: int = 0
    with_office_overdue: int = 0
    elsewhere: int = 0


def level(view: View, now: datetime, viewer: Actor | None = None) -> Level:
    """What *viewer* may count of this node's subtree: everything, a department what concerns it and no samples (AS25-3.1.1a)."""
    origin, shown = schema.tickets.c.origin, visible_to(viewer)
    names = {row.code: row.name for row in view.connection.execute(select(schema.nodes.c.code, schema.nodes.c.name))}
    names |= {view.head.node: view.head.name}
    by_origin = counts_by(view, now, origin, shown)
    return Level(
        node=view.head.node,
        name=view.head.name,
        total=together(by_origin.values()),
        by_origin=tuple((one, names.get(one, ""), of_origin) for one, of_origin in sorted(by_origin.items())),
        samples=tuple(_samples(view)) if sees_all(viewer) else (),
    )


def counts(view: View, now: datetime, *where: ColumnElement[bool]) -> Counts:
    """Count the tickets that *where* names; all of them without."""
    return Counts(*tuple(view.connection.execute(_counted(now, *where)).one()))


def counts_by(view: View, now: datetime, column: ColumnElement[str], *where: ColumnElement[bool]) -> dict[str, Counts]:
    """The same for each value of *column* that occurs, in one pass."""
    rows = view.connection.execute(_counted(now, *where).add_columns(column).group_by(column)).all()
    return {row[-1]: Counts(*row[:-1]) for row in rows}


def together(parts: Iterable[Counts]) -> Counts:
    """What is counted in *parts*, no ticket in two of them, as one."""
    figures = [astuple(one) for one in parts]
    return Counts(*map(sum, zip(*figures, strict=True))) if figures else Counts(*[0] * len(fields(Counts)))


def _counted(now: datetime, *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The figures of ``Counts`` in their order."""
    table = schema.tickets
    overdue = select(schema.clocks.c.ticket).where(
        schema.clocks.c.name == "resolve",
        schema.clocks.c.node == table.c.holder,
        schema.clocks.c.ticket == table.c.id,
        schema.clocks.c.due_at <= micros(now),
    )
    is_done = table.c.state.in_(_DONE)
    # Looked up once a ticket, and not once for each of its figures.
    traits = schema.traits
    legacy = select(traits.c.ticket).where(traits.c.name == "legacy", traits.c.value == "yes").subquery()
    is_legacy = legacy.c.ticket.isnot(None)

    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(and_(condition, not_(is_legacy)))

    return (
        select(
            how_many(true()),
            how_many(table.c.state.in_(_OPEN)),
            how_many(is_done),
            how_many(and_(is_done, table.c.completed_in_time.is_(True))),
            how_many(and_(is_done, table.c.completed_in_time.is_(False))),
            how_many(and_(table.c.state.in_(_OPEN), overdue.exists())),
            how_many(and_(is_done, table.c.satisfied.is_(True))),
            how_many(and_(is_done, table.c.satisfied.is_(False))),
            how_many(table.c.state == "not_accepted"),
            how_many(table.c.state == "terminated"),
            how_many(table.c.state == "merged"),
            how_many(table.c.rounds > 1),
            how_many(table.c.decided_above.is_(True)),
            func.count().filter(is_legacy),
            how_many(and_(is_done, table.c.satisfied.is_(None), table.c.evaluation.in_(("", UNREACHED)))),
        )
        .select_from(table.outerjoin(legacy, legacy.c.ticket == table.c.id))
        .where(*where)
    )


def leader_page(
    view: View, now: datetime, viewer: Actor | None = None, put_to: Collection[str] | None = None, since: date | None = None
) -> LeaderPage:
    """
    The page for the leader of this node, for the Beijing day of *now*, as far as *viewer* sees it.

    *put_to*: the tickets that wait for one leader; None: whatever waits for a leader or the government.
    """
    table, clocks = schema.tickets, schema.clocks
    own = and_(or_(table.c.origin == view.head.node, table.c.holder == view.head.node), visible_to(viewer))
    tonight = micros(end_of(local_day(now)))
    morning = tonight - 86_400_000_000
    first = since or local_day(now)
    came_in, came_in_today = view.connection.execute(
        select(func.count(), func.count().filter(table.c.registered_at >= morning)).where(
            own, table.c.origin == view.head.node, table.c.registered_at >= micros(at(first, time.min)), table.c.registered_at < tonight
        )
    ).one()
    due = view.connection.execute(
        select(func.count(func.distinct(clocks.c.ticket)))
        .join(table, table.c.id == clocks.c.ticket)
        .where(own, clocks.c.node == view.head.node, clocks.c.name == "resolve", clocks.c.due_at > micros(now), clocks.c.due_at <= tonight)
    ).scalar_one()
    findings = view.connection.execute(
        select(func.count()).where(schema.asks.c.kind == "FindingRaised", schema.asks.c.addressee == view.head.node)
    ).scalar_one()
    of_own = _of_own(view, now, viewer)
    waits = _waits(view, viewer, put_to)
    oldest = select(table.c.id).where(waits).order_by(table.c.registered_at, table.c.id).limit(leader_tickets_max)
    waiting = view.connection.execute(oldest).scalars().all()
    link = schema.links
    heard = view.connection.execute(select(link.c.heard_at).where(link.c.side == "superior")).scalar()
    with_office = together(one for (lead, holder, _), one in of_own.items() if holder == view.head.node and not lead)
    return LeaderPage(
        node=view.head.node,
        name=view.head.name,
        as_of=now,
        came_in_today=came_in_today,
        since=first,
        came_in=came_in,
        due_today=due,
        counts=together(of_own.values()),
        units=tuple(_units(view, of_own)),
        findings_from_above=findings,
        waiting=count_waiting(view, put_to, viewer),
        waiting_for_leader=tuple(_waiting(view, ticket, viewer) for ticket in view.readings.tickets(waiting).values()),
        link_heard_at=heard,
        steps=step_limits(view, now, viewer),
        with_office=with_office.open,
        with_office_overdue=with_office.overdue,
        elsewhere=sum(one.open for (_, holder, _), one in of_own.items() if holder != view.head.node),
    )


def count_waiting(view: View, put_to: Collection[str] | None = None, viewer: Actor | None = None) -> int:
    """How many tickets wait for a decision, as on ``leader_page``."""
    return view.connection.execute(select(func.count()).where(_waits(view, viewer, put_to))).scalar_one()


def _waits(view: View, viewer: Actor | None, put_to: Collection[str] | None) -> ColumnElement[bool]:
    table = schema.tickets
    his = table.c.with_whom.in_(_WITH_LEADERS) if put_to is None else table.c.id.in_(sorted(put_to))
    return and_(table.c.holder == view.head.node, his, table.c.state.in_(_OPEN), visible_to(viewer))


def _waiting(view: View, ticket: Ticket, viewer: Actor | None) -> Waiting:
    """The last step on the ticket's line put it to him; its first words are the question, for whoever reads words."""
    lines = ticket_view.timeline(view, ticket, viewer)
    last = next(line for line in reversed(lines) if line.version > 0 and not line.is_void)
    first = lines[0].texts
    return Waiting(
        ticket=ticket.id,
        number=ticket.number,
        with_whom=ticket.with_whom.value,
        about=first.get("title") or first.get("appeal") or "",
        put=last.kind,
        question=next((said for said in last.texts.values() if said), ""),
        since=last.recorded_at,
    )


def _of_own(view: View, now: datetime, viewer: Actor | None) -> dict[tuple[str, str, bool], Counts]:
    """
    What this node took in or holds, as far as *viewer* sees it, each ticket once: by its lead, its holder, and whether it arrived from
    another level.  What arrived is asked for by itself, since each part has an index of its own.
    """
    table, found = schema.tickets, dict[tuple[str, str, bool], Counts]()
    arrived = and_(table.c.holder == view.head.node, table.c.holder != table.c.origin)
    for has_arrived, where in ((False, table.c.origin == view.head.node), (True, arrived)):
        query = _counted(now, where, visible_to(viewer)).add_columns(table.c.lead, table.c.holder)
        for *counted, lead, holder in view.connection.execute(query.group_by(table.c.lead, table.c.holder)):
            found[lead, holder, has_arrived] = Counts(*counted)
    return found


def _units(view: View, of_own: Mapping[tuple[str, str, bool], Counts]) -> Sequence[UnitLine]:
    """Departments with tickets that are held here, the worst first: most overdue, then most late."""
    names = {row.code: row.name for row in view.connection.execute(select(schema.units.c.code, schema.units.c.name))}
    led: dict[str, list[Counts]] = {}
    for (lead, holder, _), counted in of_own.items():
        if lead and holder == view.head.node:
            led.setdefault(lead, []).append(counted)
    whole = {lead: together(counted) for lead, counted in led.items()}
    lines = [UnitLine(lead, names.get(lead, lead), one.open, one.overdue, one.completed, one.on_time) for lead, one in whole.items()]
    return sorted(lines, key=lambda line: (-line.overdue, line.on_time - line.completed, -line.open, line.unit))


def _samples(view: View) -> list[SampleLine]:
    table = schema.rounds
    rows = view.connection.execute(select(table).order_by(table.c.period, table.c.county))
    return [
        SampleLine(row.id, row.county, row.period, row.state, row.rate, row.frame, row.drawn, row.reached, row.findings) for row in rows
    ]
