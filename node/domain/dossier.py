"""
Dossiers: subjects other than a ticket that have a life of their own - an enterprise file, a meeting, a supervision order.

A dossier has one owner, the node that opened it; only the owner's entries change it.  Other nodes may add side entries where
an event says so (a receipt, an answer).  It is a function of the *set* of its entries: the owner's in the order of his
journal, the others' by (recorded_at, node, seq) between them.  Folding reads headers and events, never a pack or a clock.

A kind of dossier is a package of its own with a state (subclass of ``Dossier``), events, commands and ``DECISIONS``; it is
listed in ``dossiers.KINDS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from node.domain.command import Command, Facts
from node.domain.division import NodeCode
from node.domain.entry import Change, ClockChange, Event, Folded, Happened, Header, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.fold import fold_clocks
from node.domain.ticket.sight import check_concealment
from node.domain.ticket.sweep import EARLY_WARNING, OVERDUE, warning_rule
from node.domain.ticket.ticket import clock_key
from node.domain.time import local_day, warn_at

_LETTERS = {
    SubjectKind.ENTERPRISE: "E",
    SubjectKind.MEETING: "M",
    SubjectKind.ORDER: "O",
    SubjectKind.LEADER: "L",
    SubjectKind.SUPPORT_POLICY: "P",
    SubjectKind.PAPER: "D",
    SubjectKind.TASK: "T",
    SubjectKind.APPRAISAL: "A",
    SubjectKind.CONTEST: "C",
    SubjectKind.LETTER: "N",
}


@dataclass(frozen=True)
class Dossier:
    """
    What every kind has.  ``version`` counts the owner's entries: what a person saw is ("0", version).  ``state`` is a code of
    the kind.  ``number`` is its own number in the form that the pack or the year gives it, or empty.
    """

    kind: ClassVar[SubjectKind]

    id: str
    owner: str
    state: str
    opened_at: datetime
    changed_at: datetime
    version: int = 0
    clocks: Mapping[str, r.Clock] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """The dossier as the subject of entries."""
        return Subject(self.kind.value, self.id)

    @property
    def key(self) -> str:
        """What it is found by besides its id (a credit code, a number), or empty."""
        return ""

    @property
    def parties(self) -> frozenset[str]:
        """Codes of the units and nodes that have a part in it."""
        return frozenset()

    @property
    def about(self) -> frozenset[str]:
        """The tickets that it is about, by id."""
        return frozenset()

    def clock(self, name: str, node: str = "") -> r.Clock | None:
        """The clock of this name that *node*, or else the owner, started, unless it was stopped."""
        found = self.clocks.get(clock_key(name, node or self.owner, self.owner))
        return found if found is not None and found.stopped_at is None else None


class DossierEvent(Event):
    """
    An event of a dossier.  ``begins``: it opens one.  ``is_side``: a node other than the owner may write it.
    """

    begins: ClassVar[bool] = False

    def begin(self, head: Header) -> Any:
        """The dossier that this event opens; ``state``, ``version`` and clocks are folded on top of it."""
        raise NotImplementedError

    def apply(self, dossier: Any, head: Header) -> Any:
        """*dossier* after this event; clocks, version and ``changed_at`` are folded from the header by ``evolve``."""
        raise NotImplementedError


class DossierCommand(Command):
    """A command about a dossier.  ``subject_kind`` names the kind; a ``starts`` command gets a fresh id as ``facts.fresh_id``."""


@dataclass(frozen=True)
class FireDossierRung(DossierCommand):
    """Set off ``rung`` ("early_warning" or "overdue") of ``clock``."""

    roles = frozenset({Role.NODE})
    is_side = True  # whoever is timed by a clock of his own sweeps it, whosever the dossier is

    clock: str
    rung: str
    # The one command that any kind of dossier takes.
    subject_kind: SubjectKind = SubjectKind.ORDER  # type: ignore[misc]  # a field here, where every other class has a constant


@dataclass(frozen=True)
class DossierRungFired(DossierEvent):
    """
    A clock of this node on an order, a meeting or another dossier reached "early_warning" or "overdue". Once for each start
    and each due time.

    `due_at` is when the clock is due, `started_at` when it began.
    """

    is_side = True

    clock: str
    rung: str
    due_at: datetime
    started_at: datetime

    def apply(self, dossier: Dossier, head: Header) -> Dossier:
        key = clock_key(self.clock, head.node, dossier.owner)
        clock = dossier.clocks.get(key)
        if clock is None or clock.started_at != self.started_at or self.rung in clock.fired:
            return dossier
        return replace(dossier, clocks={**dossier.clocks, key: replace(clock, fired=(*clock.fired, self.rung))})


# --- folding ----------------------------------------------------------------------------------------------------------


def fold_dossier(entries: Iterable[Folded]) -> Any:
    """The dossier, or None while the entry that opens it is missing."""
    known = {entry.header.id: entry for entry in entries}
    ordered = sorted(known.values(), key=_place)
    opener = next((one for one in ordered if isinstance(one.event, DossierEvent) and one.event.begins), None)
    if opener is None:
        return None
    dossier = evolve(None, opener)
    for entry in ordered:
        if entry is not opener:
            dossier = evolve(dossier, entry)
    return dossier


def _place(entry: Folded) -> tuple[datetime, str, int, int]:
    # A node's own times never go back (DESIGN 9), so this keeps each writer's order.
    head = entry.header
    return head.recorded_at, head.node, head.epoch, head.seq


def evolve(dossier: Any, entry: Folded) -> Any:
    """*dossier* after one more entry; one that its writer may not write changes nothing."""
    head, event = entry.header, entry.event
    if dossier is None:
        if not isinstance(event, DossierEvent) or not event.begins:
            raise ValueError(f"{head.kind} cannot begin {head.subject.kind} {head.subject.id}")
        dossier = event.begin(head)
    elif not isinstance(event, DossierEvent) or event.begins or (head.node != dossier.owner and not event.is_side):
        return dossier
    else:
        dossier = event.apply(dossier, head)
    return replace(
        dossier,
        version=dossier.version + (head.node == dossier.owner),
        clocks=fold_clocks(dossier.clocks, head, dossier.owner),
        changed_at=max(dossier.changed_at, head.recorded_at),
    )


# --- deciding ---------------------------------------------------------------------------------------------------------

Decision = Callable[..., list[Happened]]


def decide(
    decisions: Mapping[type[Command], Decision],
    dossier: Dossier | None,
    command: Command,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> list[Happened]:
    """
    Say what follows from a command about a dossier, or raise a Refusal.

    A decision is called as ``decision(command, facts, policy, now)`` if the command starts a dossier, else with the dossier
    before.

    Raises:
        Refusal: COMMAND_UNKNOWN, PERMISSION_DENIED, SUBJECT_UNKNOWN, NOT_HOLDER (it is another node's), COMPLAINED_OF, or what the kind
            says.
    """
    decision = decisions.get(type(command))
    if decision is None and not isinstance(command, FireDossierRung):
        raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    name = type(command).__name__
    allowed = policy.pack.names(f"rights.{name}") or tuple(role.value for role in command.roles)
    if facts.actor.role not in allowed:
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=facts.actor.role)
    happened = _decided(decision, dossier, command, facts, policy, now)
    # As of commands about the tickets themselves: nor is a unit complained of asked for its opinion or warned.
    for ticket in facts.others.values():
        check_concealment(ticket, happened)
    return happened


def _decided(
    decision: Decision | None, dossier: Dossier | None, command: Command, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    if command.starts and decision is not None:
        return decision(command, facts, policy, now)
    if dossier is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=command.subject_kind.value)
    if dossier.owner != policy.node and not command.is_side:
        raise Refusal(Code.NOT_HOLDER, ticket=dossier.id, holder=dossier.owner, number=0)
    if isinstance(command, FireDossierRung):
        return _fire(dossier, command, policy, now)
    assert decision is not None
    return decision(dossier, command, facts, policy, now)


def dossier_id(kind: SubjectKind, node: str, now: datetime, serial: int) -> str:
    """A fresh id: "O520400-2026-0001"; *serial* counts the node's dossiers of the kind in the Beijing year."""
    return f"{_LETTERS[kind]}{NodeCode.parse(node)}-{local_day(now).year}-{serial:04d}"


# --- clocks: started with ``ticket.clocks.start`` and ``start_until`` ---------------------------------------------------


def stop_clock(dossier: Dossier, *names: str) -> tuple[ClockChange, ...]:
    """Stops for those of *names* (all, if none is named) that are not stopped yet."""
    wanted = names or tuple(dossier.clocks)
    return tuple(ClockChange(name, Change.STOPPED) for name in wanted if dossier.clock(name) is not None)


@dataclass(frozen=True, order=True)
class DossierRung:
    """One thing that a clock sets off.  ``at`` is when it was due, ``due_at`` when the clock itself is."""

    at: datetime
    clock: str
    rung: str
    due_at: datetime
    started_at: datetime


def due_rungs(dossier: Dossier, policy: Policy, now: datetime) -> list[DossierRung]:
    """What is due at *now* and was not fired yet, in the order in which it became due."""
    found = []
    for clock in dossier.clocks.values():
        if clock.node != policy.node or not clock.is_running or clock.due_at is None:
            continue
        warning = warn_at(clock.started_at, clock.due_at, clock.limit, policy.calendar, warning_rule(policy.pack))
        found += [
            DossierRung(at, clock.name, rung, clock.due_at, clock.started_at)
            for at, rung in ((warning, EARLY_WARNING), (clock.due_at, OVERDUE))
            if at <= now and rung not in clock.fired
        ]
    return sorted(found)


def _fire(dossier: Dossier, command: FireDossierRung, policy: Policy, now: datetime) -> list[Happened]:
    clock = dossier.clock(command.clock, policy.node)
    if clock is None:
        raise Refusal(Code.CLOCK_UNKNOWN, ticket=dossier.id, clock=command.clock)
    if command.rung in clock.fired:
        return []
    rung = next((one for one in due_rungs(dossier, policy, now) if (one.clock, one.rung) == (command.clock, command.rung)), None)
    if rung is None:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=dossier.id, clock=command.clock, rung=command.rung)
    return [Happened(dossier.subject, DossierRungFired(rung.clock, rung.rung, rung.due_at, rung.started_at))]
