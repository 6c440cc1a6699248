"""
What an operator has to know of a node's links, one situation a line: FEDERATION 2.3, each under its row there.

It reads what the links, the journal and the night's comparison wrote down, and judges nothing anew: a situation is here as
long as its cause is.  ``red`` waits for people, ``amber`` mends itself or has time, ``note`` is only to be known.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import func, select

from node.domain.ticket.state import FINAL, State
from node.services import reconcile, registered_twice, reparentings
from node.services.registered_twice import RENUMBERED
from node.storage import lane, schema
from node.storage.clashes import CLASH
from node.storage.codec import decode_content
from node.storage.database import instant, micros
from node.storage.unit_of_work import UnitOfWork, View

RED, AMBER, NOTE = "red", "amber", "note"

# Row 13: from here on people are told; from there on nothing falls due and no frame is cut.
skew_seconds_told = 5
skew_seconds_max = 600
# Row 15: what lies in quarantine for longer is an alarm.
quarantine_hours_max = 24
# Row 18: below so much free space a node says so before it stops.
free_percent_least = 5
certificate_days_told = 30
# What a link's line says once the superior was asked for damaged entries and could not give them.
UNREPAIRED = "unrepaired"
# Of an incident: a subordinate holds an entry of this node that this node does not hold so.
TOLD_BELOW = "told_below"
# Kinds of incidents that must never happen; the others are what was kept of a repair or a new epoch.
BROKEN_KINDS = ("fork", "clone", "fenced")
ALARMING = (*BROKEN_KINDS, CLASH)

# The uplink's reason -> (row of 2.3, colour); what is not here is shown by its bare word.
_UP_REASONS: Mapping[str, tuple[int, str]] = {
    "stale": (5, RED),
    "clone": (9, RED),
    "fenced": (12, RED),
    "version": (14, RED),
    "fault": (15, RED),
    "oversized": (16, RED),
    "damaged": (20, RED),
    "identity": (21, RED),
    "suspended": (21, RED),
    "revoked": (21, RED),
    "unregistered": (21, RED),
    "denied": (21, RED),
    "foreign": (21, RED),
    "held_above": (20, AMBER),
    "handed_over": (22, AMBER),
    "reparented": (22, RED),
}
# Why the superior takes nothing at all: the uplink's last error -> its own situation; any other: "version" itself.
_VERSIONS: Mapping[str, str] = {
    "REHEARSAL_MISMATCH": "version_rehearsal",
    "PROTOCOL_UNSUPPORTED": "version_protocol",
}
# The uplink's reason -> words of this node's own move that it overtakes: the superior has said more than has come down so far (row 22).
_OVERTAKEN: Mapping[str, tuple[str, ...]] = {
    "handed_over": ("ordered_self", "acknowledged_self"),
    "reparented": ("ordered_self", "acknowledged_self", "handed_self"),
}
# The uplink's last error -> (code, row, colour), while it keeps the link waiting.
_UP_ERRORS: Mapping[str, tuple[str, int, str]] = {
    "UNAVAILABLE": ("away", 21, AMBER),
    "DEADLINE_EXCEEDED": ("away", 21, AMBER),
    "BUSY": ("busy", 17, NOTE),
    "STORAGE_FULL": ("storage_above", 19, RED),
}
# Why a subordinate's last greeting was refused -> (code, row), as its link keeps it; all wait for people.
TURNED_AWAY: Mapping[str, tuple[str, int]] = {
    "NODE_NOT_REGISTERED": ("unregistered_below", 21),
    "PROTOCOL_UNSUPPORTED": ("protocol_below", 14),
    "REHEARSAL_MISMATCH": ("rehearsal_below", 14),
}
_HELD_ROWS: Mapping[str, tuple[int, str]] = {
    "behind": (6, AMBER),
    "restored": (6, AMBER),
    "forked": (7, RED),
    "guard": (10, RED),
    "fenced": (12, RED),
    "damaged": (20, RED),
    "pages": (20, RED),
}


class Link(Protocol):
    """What is asked of a link's line on the status page."""

    @property
    def peer(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def up(self) -> int: ...
    @property
    def is_silent(self) -> bool: ...
    @property
    def heard_at(self) -> datetime | None: ...
    @property
    def attempts(self) -> int: ...
    @property
    def last_error(self) -> str: ...
    @property
    def skew_seconds(self) -> int: ...
    @property
    def certificate_days(self) -> int | None: ...


@dataclass(frozen=True)
class Situation:
    """One situation: its text's ``code``, its ``row`` in FEDERATION 2.3, the neighbour, and facts for the sentence."""

    code: str
    row: int
    colour: str
    peer: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)


def situations(
    view: View, links: Sequence[Link], now: datetime, *, free_percent: int | None = None, certificate_days: Mapping[str, int] | None = None
) -> list[Situation]:
    """
    Every situation of this node, worst first.

    Args:
        now: business time, by which quarantine ages.
        free_percent: free space where the data lies; None: not known.
        certificate_days: whole days until "server" and "uplink" end.
    """
    found = [
        *_own(view, links),
        *_behind(view, now),
        *_storage(free_percent),
        *_certificates(view.head.node, certificate_days or {}),
        *(one for link in links for one in _of_link(view, link)),
        *(one for link in links for one in _skew(link)),
        *_moves(view, links),
        *_forks(view),
        *_aside(view, now),
        *_kept(view),
    ]
    order = {RED: 0, AMBER: 1, NOTE: 2}
    return sorted(found, key=lambda one: (order[one.colour], one.row, one.peer))


def told_below(view: View | UnitOfWork) -> int:
    """The last of the entries of this epoch that a subordinate said that it holds and that are not held so here; 0: none."""
    found = told_of(view, view.head.node, view.head.epoch)
    return found[0] if found is not None else 0


def told_of(view: View | UnitOfWork, node: str, epoch: int) -> tuple[int, bytes] | None:
    """As ``told_below``, of *epoch* of *node*, which is this one or stands above it: the entry's seq, and its leaf."""
    table = schema.incidents
    its = (table.c.kind == TOLD_BELOW, table.c.node == node, table.c.epoch == epoch)
    rows = view.connection.execute(select(table.c.seq, table.c.content).where(*its).order_by(table.c.seq.desc())).all()
    held = view.journal.held([(node, epoch, row.seq) for row in rows])
    return next(((row.seq, bytes(row.content)) for row in rows if held.get((node, epoch, row.seq)) != bytes(row.content)), None)


def _of_link(view: View, link: Link) -> Iterator[Situation]:
    if link.side == "superior":
        return _above(link, view.head.held, view.head.node)
    # A link that is over says nothing any more.
    return _below(view, link) if link.side == "subordinate" and link.status != reparentings.LEFT else iter(())


def _moves(view: View, links: Sequence[Link]) -> Iterator[Situation]:
    up = next((link.status for link in links if link.side == "superior"), "")
    for word, facts in reparentings.told(view):
        if word in _OVERTAKEN.get(up, ()):
            continue
        colour = RED if word in reparentings.RED_WORDS else NOTE if word in reparentings.NOTE_WORDS else AMBER
        yield Situation(f"reparenting_{word}", 22, colour, facts=facts)


def _forks(view: View) -> Iterator[Situation]:
    """Two histories that were told to a node below this one: that one grants the epoch that ends it, and nobody else (row 2)."""
    table, place = schema.forks, view.place()
    for row in view.connection.execute(select(table).where(table.c.seen_by != view.head.node).order_by(table.c.node)).all():
        if not place.is_below(row.node):
            continue
        facts = {"node": row.seen_by, "stream": row.stream, "epoch": row.epoch, "seq": row.seq}
        if not row.granted:
            yield Situation("forked_further_below", 2, RED, row.node, facts)
        elif not view.journal.position(row.node, row.granted).size:
            yield Situation("granted_further_below", 7, AMBER, row.node, facts | {"epoch": row.granted})


def _own(view: View, links: Sequence[Link]) -> Iterator[Situation]:
    head = view.head
    if head.held:
        row, colour = _HELD_ROWS.get(head.held, (7, RED))
        yield Situation(_held_code(view, links), row, colour, facts={"node": head.node})
    damaged = reconcile.damaged(view.connection)
    if damaged:
        node, epoch, seq = damaged[0]
        yield Situation("damaged", 20, RED, facts={"count": len(damaged), "node": node, "epoch": epoch, "seq": seq})
    if head.epoch > 1:
        yield Situation("epoch", 7, NOTE, facts={"node": head.node, "epoch": head.epoch})


def _behind(view: View, now: datetime) -> Iterator[Situation]:
    """A clock before the last entry, as after one that ran ahead was set right: no command is taken until it is past (row 13)."""
    seconds = (view.head.last_at - micros(now)) // 1_000_000
    if seconds > 0:
        yield Situation("clock_behind", 13, RED, facts={"seconds": seconds})


def _held_code(view: View, links: Sequence[Link]) -> str:
    """Damaged entries come back from the superior alone: where there is none, or it has not got them, people have to act."""
    head = view.head
    if head.held == reconcile.DAMAGED and not head.line:
        return "held_damaged_top"
    if head.held == reconcile.DAMAGED and any(link.side == "superior" and link.status == UNREPAIRED for link in links):
        return "held_unrepaired"
    return f"held_{head.held}"


def _storage(free_percent: int | None) -> Iterator[Situation]:
    if free_percent is not None and free_percent < free_percent_least:
        yield Situation("storage", 18, RED, facts={"percent": free_percent})


def _certificates(node: str, days: Mapping[str, int]) -> Iterator[Situation]:
    for end in ("server", "uplink"):
        left = days.get(end)
        if left is not None and left < 0:
            yield Situation(f"{end}_expired", 21, RED, facts={"node": node, "days": -left})
        elif left is not None and left <= certificate_days_told:
            yield Situation(f"{end}_ends", 21, AMBER, facts={"days": left})


def _above(link: Link, held: str, node: str) -> Iterator[Situation]:
    if link.status == "forked" and held != "forked":
        yield Situation("superior_forked", 2, RED, link.peer)
    elif link.status == "parted":
        yield Situation("parted_below", 7, RED, link.peer, {"node": node})
    elif link.status in _UP_REASONS:
        row, colour = _UP_REASONS[link.status]
        code = _up_code(link)
        yield Situation(code, row, colour, link.peer, {"node": node, "error": link.last_error})
    elif link.last_error in _UP_ERRORS:
        code, row, colour = _UP_ERRORS[link.last_error]
        yield Situation(code, row, colour, link.peer, {"attempts": max(link.attempts, 1)})
    if link.up:
        yield Situation("lag", 3, NOTE, link.peer, {"count": link.up})


def _up_code(link: Link) -> str:
    if link.status == "version":
        return _VERSIONS.get(link.last_error, "version")
    return "damaged_above" if link.status == "damaged" else link.status


def _below(view: View, link: Link) -> Iterator[Situation]:
    if link.status == "forked":
        yield Situation("forked_below", 2, RED, link.peer)
    elif link.status == "cloned":
        yield Situation("cloned_below", 9, RED, link.peer)
    elif link.status in ("suspended", "revoked"):
        yield Situation(f"{link.status}_below", 21, NOTE, link.peer)
    else:
        yield from _unheard(link)
    if link.up:
        yield Situation("lag_below", 3, NOTE, link.peer, {"count": link.up})
    table = schema.links
    row = view.connection.execute(select(table.c.stale, table.c.down_epoch).where(table.c.peer == link.peer)).one()
    if row.stale:
        yield Situation("stale_below", 5, NOTE, link.peer, {"count": row.stale})
    if row.down_epoch > 1:
        yield Situation("down_anew", 11, NOTE, link.peer, {"epoch": row.down_epoch})
    epoch = view.journal.current_epochs({link.peer}).get(link.peer, 1)
    if epoch > 1:
        is_begun = view.journal.position(link.peer, epoch).size > 0
        yield Situation("epoch_below" if is_begun else "granted_below", 7, NOTE if is_begun else AMBER, link.peer, {"epoch": epoch})


def _unheard(link: Link) -> Iterator[Situation]:
    """Why a subordinate that may call is not heard, or soon will not be: what is known goes before what may be guessed (row 21)."""
    days = link.certificate_days
    if link.last_error in TURNED_AWAY:
        code, row = TURNED_AWAY[link.last_error]
        yield Situation(code, row, RED, link.peer)
    elif days is not None and days < 0:
        yield Situation("certificate_ended_below", 21, RED, link.peer, {"days": -days})
    elif link.is_silent and link.heard_at is not None:
        yield Situation("silent_below", 21, AMBER, link.peer)
    if days is not None and 0 <= days <= certificate_days_told:
        yield Situation("certificate_ends_below", 21, AMBER, link.peer, {"days": days})


def _skew(link: Link) -> Iterator[Situation]:
    seconds = abs(link.skew_seconds)
    if seconds > skew_seconds_max:
        yield Situation("skew_held", 13, RED, link.peer, {"seconds": seconds})
    elif seconds > skew_seconds_told:
        yield Situation("skew", 13, AMBER, link.peer, {"seconds": seconds})


def _aside(view: View, now: datetime) -> Iterator[Situation]:
    table = schema.quarantine
    unknown = table.c.reason == lane.UNKNOWN_KIND
    count = view.connection.execute(select(func.count()).where(unknown)).scalar_one()
    if count:
        yield Situation("awaiting_upgrade", 14, AMBER, facts={"count": count})
    row = view.connection.execute(
        select(
            func.count().label("entries"), func.count(table.c.subject_id.distinct()).label("lanes"), func.min(table.c.at).label("oldest")
        ).where(~unknown, table.c.reason.not_in((lane.SKIPPED, lane.REPORTED)))
    ).one()
    if row.entries:
        hours = int((now - instant(row.oldest)).total_seconds() // 3600)
        colour = RED if hours >= quarantine_hours_max else AMBER
        yield Situation("quarantined", 15, colour, facts={"count": row.entries, "lanes": row.lanes, "hours": hours})
    count = view.connection.execute(select(func.count()).where(table.c.reason == lane.SKIPPED)).scalar_one()
    if count:
        yield Situation("skipped", 15, NOTE, facts={"count": count})
    entries = schema.entries
    told = select(func.count(table.c.subject_id.distinct())).join(entries, entries.c.taken == table.c.taken)
    is_own = entries.c.node == view.head.node
    for whose, code, colour in ((is_own, "reported_above", NOTE), (~is_own, "reported_below", AMBER)):
        count = view.connection.execute(told.where(table.c.reason == lane.REPORTED, whose)).scalar_one()
        if count:
            yield Situation(code, 15, colour, facts={"count": count})


def _kept(view: View) -> Iterator[Situation]:
    table = schema.incidents
    counts = {kind: count for kind, count in view.connection.execute(select(table.c.kind, func.count()).group_by(table.c.kind))}
    if counts.get("branch"):
        yield Situation("branch_kept", 7, NOTE, facts={"count": counts["branch"]})
    seq = told_below(view) if counts.get(TOLD_BELOW) else 0
    if seq:
        yield Situation(TOLD_BELOW, 11, RED, facts={"node": view.head.node, "seq": seq})
    if counts.get(CLASH):
        yield from _clashes(view)
    if counts.get(RENUMBERED):
        yield from _renumbered(view)
    if counts.get("healed"):
        yield Situation("healed", 20, NOTE, facts={"count": counts["healed"]})
    for peer, found in sorted(reconcile.latest(view).items()):
        if not found.agrees:
            # A node compares with its superior, at the top with itself: what differs from one below is looked at there.
            code = "differs_own" if peer == view.head.node else "differs_below" if view.place().is_below(peer) else "differs"
            yield Situation(code, 20, RED, peer, {"count": found.differences})


def _clashes(view: View) -> Iterator[Situation]:
    """
    One a ticket of which two copies of a node used a place twice (row 9): by the same number two needs were registered, or something
    was done twice.  All of it is kept; what has no effect, people do again.
    """
    incidents = schema.incidents
    found: dict[str, tuple[str, int]] = {}
    for node, content in view.connection.execute(select(incidents.c.node, incidents.c.content).where(incidents.c.kind == CLASH)):
        ticket = decode_content(bytes(content)).header.subject.id
        found[ticket] = node, found.get(ticket, (node, 0))[1] + 1
    states = _states(view, found)
    for ticket, (node, count) in sorted(found.items()):
        is_over = states.get(ticket) in FINAL
        is_own = node == view.head.node and not is_over
        yield Situation("clash", 9, AMBER if is_own else NOTE, facts={"node": node, "ticket": ticket, "count": count})


def _renumbered(view: View) -> Iterator[Situation]:
    """
    One a need that was registered once more (row 9): who brought it has to be told its number.  Where its first registration came
    back, people merge the two.
    """
    found = registered_twice.renumbered(view)
    states = _states(view, [one.anew for one in found])
    for one in found:
        facts = {"ticket": one.former, "anew": one.anew}
        yield Situation(RENUMBERED, 9, NOTE if states.get(one.anew) in FINAL else AMBER, facts=facts)
        if registered_twice.stands_twice(view, one):
            yield Situation("registered_twice", 9, AMBER, facts=facts)


def _states(view: View, tickets: Collection[str]) -> dict[str, State]:
    table = schema.tickets
    rows = view.connection.execute(select(table.c.id, table.c.state).where(table.c.id.in_(tickets)))
    return {row.id: State(row.state) for row in rows}
