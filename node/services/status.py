"""What an operator looks at first: the node, its links, what is due today, what was set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Row, and_, func, not_, select

from node.domain.ticket.state import OPEN
from node.domain.ticket.sweep import SETTLEMENT
from node.domain.time import WorkCalendar, end_of, local_day
from node.services.queries import unit_of
from node.services.reconcile import Reconciled, latest
from node.services.reparentings import LEFT
from node.services.situations import ALARMING, Situation, situations
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import instant_or_none, micros
from node.storage.unit_of_work import View

# So many days before a calendar ends, the status says so.
calendar_days_told = 30


@dataclass(frozen=True)
class LinkLine:
    """
    A link as its operator sees it.  ``waiting`` are entries that still have to pass, ``up`` ours to the superior or the
    subordinate's to us, ``down`` the other way.  ``is_silent``: not heard for three heartbeats, or never.
    """

    peer: str
    side: str
    name: str
    address: str
    status: str
    up: int
    down: int
    heard_at: datetime | None
    is_silent: bool
    next_attempt_at: datetime | None
    attempts: int
    last_error: str
    program: str
    skew_seconds: int
    # A subordinate: since when it is asked to compare.
    asked_at: datetime | None = None
    # A subordinate: whole days until the certificate ends that it showed last, negative once it has.
    certificate_days: int | None = None


@dataclass(frozen=True)
class Below:
    """
    A node of the subtree in its superior's words.  ``via`` is the link over which it is heard: itself, or the branch that it
    stands in; ``waiting`` are the entries that this link last said it still had to send.  ``last_entry_at``: when the newest
    entry of that node that came here was recorded.  ``open``, ``today`` and ``overdue`` count the tickets that it holds, by
    its own clocks.
    """

    node: str
    name: str
    status: str
    via: str
    waiting: int
    heard_at: datetime | None
    last_entry_at: datetime | None
    open: int
    today: int
    overdue: int


@dataclass(frozen=True)
class UnitDue:
    """How many clocks of a unit (or of a body by its role) are due today and overdue."""

    unit: str
    today: int
    overdue: int


@dataclass(frozen=True)
class Adopted:
    """A pack or calendar in force; ``until`` is the last day that an adopted calendar knows, "" for a pack."""

    id: str
    version: str
    digest: str
    effective_from: str


@dataclass(frozen=True)
class Status:
    """What an operator looks at first."""

    node: str
    name: str
    epoch: int
    is_rehearsal: bool
    line: tuple[str, ...]
    size: int
    root: str
    packs: tuple[Adopted, ...]
    calendars: tuple[Adopted, ...]
    calendar: str
    # The last day that an adopted calendar knows; None if none was adopted.
    calendar_until: str | None
    # No arrangement is known of a day within the next month: limits that reach it are guessed from Monday to Friday.
    is_calendar_ending: bool
    links: tuple[LinkLine, ...]
    below: tuple[Below, ...]
    tickets: Mapping[str, int]
    due: tuple[UnitDue, ...]
    quarantine: int
    incidents: int
    reactions_waiting: int
    # Why the node writes nothing of its own just now, or empty.
    held: str
    situations: tuple[Situation, ...]
    # The newest comparison with each neighbour.
    reconciled: tuple[Reconciled, ...]


def status(
    view: View,
    calendar: WorkCalendar,
    now: datetime,
    wall: datetime,
    heartbeat_seconds: float,
    *,
    free_percent: int | None = None,
    certificate_days: Mapping[str, int] | None = None,
) -> Status:
    """
    The node at a glance.  *now* is business time, *wall* the machine's: links live by the latter.  *free_percent* and
    *certificate_days* as ``situations`` takes them.
    """
    connection, head = view.connection, view.head
    position = view.journal.position(head.node, head.epoch)
    rows = connection.execute(
        select(schema.adoptions).where(schema.adoptions.c.node == head.node).order_by(schema.adoptions.c.adopted_at)
    ).all()
    adopted = {
        kind: tuple(Adopted(row.id, row.version, row.digest, row.effective_from) for row in rows if row.kind == kind)
        for kind in ("pack", "calendar")
    }
    links = link_lines(view, wall, heartbeat_seconds)
    states = connection.execute(
        select(schema.tickets.c.state, func.count()).where(schema.tickets.c.holder == head.node).group_by(schema.tickets.c.state)
    )
    return Status(
        node=head.node,
        name=head.name,
        epoch=head.epoch,
        is_rehearsal=head.is_rehearsal,
        line=head.line,
        size=position.size,
        root=position.root.hex(),
        packs=adopted["pack"],
        calendars=adopted["calendar"],
        calendar=calendar.version,
        calendar_until=max(calendar.days).isoformat() if calendar.days else None,
        is_calendar_ending=any(calendar.is_provisional(local_day(now) + timedelta(days=ahead)) for ahead in (0, calendar_days_told)),
        links=tuple(links),
        below=tuple(_below(view, links, now)),
        tickets={state: count for state, count in sorted(tuple(row) for row in states)},
        due=_by_unit(view, now),
        quarantine=connection.execute(select(func.count()).select_from(schema.quarantine)).scalar_one(),
        # What was kept of a new epoch or a repair is among the situations; nobody has to look at it at once.
        incidents=connection.execute(select(func.count()).where(schema.incidents.c.kind.in_(ALARMING))).scalar_one(),
        reactions_waiting=max(head.taken - head.reacted, 0),
        held=head.held,
        situations=tuple(situations(view, links, now, free_percent=free_percent, certificate_days=certificate_days)),
        reconciled=tuple(found for _, found in sorted(latest(view).items())),
    )


def link_lines(view: View, wall: datetime, heartbeat_seconds: float) -> list[LinkLine]:
    """Every link, the superior first."""
    rows = view.connection.execute(select(schema.links).order_by(schema.links.c.side.desc(), schema.links.c.peer)).all()
    lines = [_link_line(view, row, wall, heartbeat_seconds) for row in rows]
    # What the registry says of a subordinate goes before what its link does: it was suspended here, whatever it has heard of it.
    nodes = schema.nodes
    shut = {row.code: row.status for row in view.connection.execute(select(nodes).where(nodes.c.status != "active"))}
    away = (nodes.c.superior != view.head.node, nodes.c.former != "")
    shut |= dict.fromkeys(view.connection.execute(select(nodes.c.code).where(*away)).scalars(), LEFT)
    return [replace(line, status=shut.get(line.peer, line.status)) if line.side == "subordinate" else line for line in lines]


def _below(view: View, links: Sequence[LinkLine], now: datetime) -> list[Below]:
    """The subtree, each node with what it holds; branch by branch, each subordinate before what stands below it."""
    nodes = {row.code: row for row in view.connection.execute(select(schema.nodes))}
    place = view.place()
    found = [(branch, code) for code in nodes if (branch := place.branch(code)) is not None and code != place.node]
    by_peer = {link.peer: link for link in links if link.side == "subordinate"}
    held = _held(view, now)
    lines = []
    for branch, code in sorted(found, key=lambda one: (one[0], one[1] != one[0], one[1])):
        link = by_peer.get(branch)
        count = held.get(code, (0, 0, 0))
        lines.append(
            Below(
                node=code,
                name=nodes[code].name,
                status=nodes[code].status,
                via=branch,
                waiting=link.up if link else 0,
                heard_at=link.heard_at if link else None,
                last_entry_at=_last_entry_at(view, code),
                open=count[0],
                today=count[1],
                overdue=count[2],
            )
        )
    return lines


def _held(view: View, now: datetime) -> dict[str, tuple[int, int, int]]:
    """By holder: open tickets, those with a clock of the holder that is due today, and those with one that is overdue."""
    tickets, clocks = schema.tickets, schema.clocks
    is_open = tickets.c.state.in_(sorted(state.value for state in OPEN))
    opened = view.connection.execute(select(tickets.c.holder, func.count()).where(is_open).group_by(tickets.c.holder))
    is_late = clocks.c.due_at <= micros(now)
    running = (clocks.c.node == tickets.c.holder, clocks.c.stopped_at.is_(None), clocks.c.due_at <= micros(end_of(local_day(now))))
    # From the clocks, of which few run, not from the tickets, of which nearly all are settled.
    due = view.connection.execute(
        select(
            tickets.c.holder,
            func.count(func.distinct(clocks.c.ticket)).filter(not_(is_late)),
            func.count(func.distinct(clocks.c.ticket)).filter(is_late),
        )
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(*running)
        .group_by(tickets.c.holder)
    )
    timed = {holder: (today, late) for holder, today, late in due}
    counted = {holder: count for holder, count in opened}
    return {holder: (counted.get(holder, 0), *timed.get(holder, (0, 0))) for holder in counted.keys() | timed.keys()}


def _last_entry_at(view: View, node: str) -> datetime | None:
    entries = schema.entries
    newest = select(entries.c.content).where(entries.c.node == node).order_by(entries.c.epoch.desc(), entries.c.seq.desc()).limit(1)
    content = view.connection.execute(newest).scalar()
    return None if content is None else decode_content(content).header.recorded_at


def _link_line(view: View, row: Row[tuple[object, ...]], wall: datetime, heartbeat_seconds: float) -> LinkLine:
    values = row._mapping
    # One that is being left is still told what it is owed; one that was left is owed nothing either way.
    is_up, is_left = values["side"] in ("superior", "leaving"), values["side"] == "former"
    heard_at, ends_at = instant_or_none(values["heard_at"]), instant_or_none(values["certificate_ends_at"])
    owed = select(func.count()).where(schema.entries.c.taken > values["acked"], schema.entries.c.from_above.is_(False))
    return LinkLine(
        peer=values["peer"],
        side=values["side"],
        name=values["name"],
        address=values["address"],
        status=values["status"],
        up=view.connection.execute(owed).scalar_one() if is_up else values["waiting"],
        down=0 if is_left else values["waiting"] if is_up else max(values["down_size"] - values["down_acked"], 0),
        heard_at=heard_at,
        is_silent=heard_at is None or wall - heard_at > timedelta(seconds=3 * heartbeat_seconds),
        next_attempt_at=instant_or_none(values["next_attempt_at"]),
        attempts=values["attempts"],
        last_error=values["last_error"],
        program=values["program"],
        skew_seconds=values["skew_seconds"],
        asked_at=instant_or_none(values["asked_at"]),
        certificate_days=None if ends_at is None or is_up else (ends_at - wall) // timedelta(days=1),
    )


def _by_unit(view: View, now: datetime) -> tuple[UnitDue, ...]:
    """Every running clock of this node that ends with the Beijing day of *now* or before, counted by who owes it."""
    clocks, tickets = schema.clocks, schema.tickets
    is_late = and_(clocks.c.due_at <= micros(now), clocks.c.name != SETTLEMENT)
    of = (clocks.c.owes, tickets.c.lead, tickets.c.first_contact)
    rows = view.connection.execute(
        select(*of, func.count().filter(not_(is_late)), func.count().filter(is_late))
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(clocks.c.node == view.head.node, clocks.c.stopped_at.is_(None), clocks.c.due_at <= micros(end_of(local_day(now))))
        .group_by(*of)
    )
    found: dict[str, tuple[int, int]] = {}
    for owes, lead, first_contact, today, late in rows:
        unit = unit_of(owes, lead, first_contact)
        before = found.get(unit, (0, 0))
        found[unit] = (before[0] + today, before[1] + late)
    return tuple(UnitDue(unit, *found[unit]) for unit in sorted(found))
