"""
The node itself as a subject: its epochs, units, accounts, subordinates, packs and calendars.

All of it is journaled, so that a superior sees who could act when, and a rebuilt node knows itself again.  Names of
people are contacts; names of nodes and units are public facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from node.domain.command import Command
from node.domain.entry import Event, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words

NODE_STATUSES = ("active", "suspended", "revoked")


@dataclass(frozen=True)
class Account:
    """An account as the registry knows it."""

    id: str
    unit: str
    roles: frozenset[str]
    is_active: bool
    # "active", "suspended" or "closed".
    status: str = "active"


@dataclass(frozen=True)
class Registry:
    """What the node knows of itself and of those below, as far as decisions need it."""

    units: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    # (kind, id) of what was adopted -> digest
    adopted: Mapping[tuple[str, str], str] = field(default_factory=dict)


# What an operator may do about a ticket that was set aside.
LANE_ACTS = ("retried", "skipped", "reported")


class NodeEvent(Event):
    """An event of the node itself."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.NODE


class NodeCommand(Command):
    """A command about the node itself."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.NODE


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EpochStarted(NodeEvent):
    """
    An epoch of the node's journal began; always its entry number 1.

    A first epoch has no `previous`. A later one keeps `kept_size` entries of it, whose root was `kept_root`; what lies
    behind them is superseded, and the tickets concerned are folded anew.
    """

    name: str
    suite: str = "sha256"
    is_rehearsal: bool = False
    previous: int = 0
    kept_size: int = 0
    kept_root: str = ""
    reason: Words | None = None


@dataclass(frozen=True)
class EpochGranted(NodeEvent):
    """
    The subordinate `node` may begin `epoch`: its journal and what its superiors hold of it went apart, or it was lost.

    The new epoch keeps `kept_size` entries of `previous`, under `kept_root`: all that the superior holds. From here on nothing
    more of the former epoch is taken.
    """

    node: str
    epoch: int
    previous: int
    kept_size: int
    kept_root: str
    reason: Words | None = None


@dataclass(frozen=True)
class ForkSeen(NodeEvent):
    """
    What came by the subordinate `node` is not what is held here: another entry of `stream`, in `epoch`, at `seq` or before it.

    Both are kept, and nothing more is taken from `node` until the writer of this grants it a new epoch.
    """

    node: str
    stream: str
    epoch: int
    seq: int


@dataclass(frozen=True)
class EntriesGivenBack(NodeEvent):
    """
    The subordinate `node` gave back `entries` that this node had written in a former epoch, sent down and lost.

    They stand behind this entry, in the order in which that node held them, each with its own id and time. That this node
    wrote them is what `node` says: nobody else holds them.
    """

    node: str
    entries: int


@dataclass(frozen=True)
class LaneHandled(NodeEvent):
    """
    An operator dealt with a ticket of which an entry could not be read at this node, the one at `node`, `epoch`, `seq`.

    `act`: "retried" (read again), "skipped" (of that entry only the header counts here: it changes nothing else), "reported" (put to
    the superior). It speaks of the writer's own readings, and of nobody else's.
    """

    ticket: str
    node: str
    epoch: int
    seq: int
    act: str
    reason: Words | None = None


@dataclass(frozen=True)
class UnitOpened(NodeEvent):
    """A body of the node: a department, the joint office, the government. `unit` is "<node>-<short name>"."""

    unit: str
    unit_kind: str
    name: str


@dataclass(frozen=True)
class UnitClosed(NodeEvent):
    """The unit takes no tickets any more."""

    unit: str


@dataclass(frozen=True)
class AccountOpened(NodeEvent):
    """A person may act here, in these roles. The name is sealed. Opening an account again sets its roles anew."""

    account: str
    unit: str
    roles: tuple[str, ...]
    name: Reach | None = None
    # Where the person is reached at work; it stands in the head of the lists that he reports (HM20-A2.1).
    phone: Reach | None = None


@dataclass(frozen=True)
class AccountClosed(NodeEvent):
    """The account may not act any more."""

    account: str


@dataclass(frozen=True)
class NodeInvited(NodeEvent):
    """A node was invited to join below this one; the invitation itself is a file."""

    node: str
    name: str
    fingerprint: str


@dataclass(frozen=True)
class NodeAdmitted(NodeEvent):
    """
    A node joined below the writer of this entry: its stream is taken from now on, and everybody above knows the tree.

    `fingerprint` is SHA-256 of its certificate, in hex.
    """

    node: str
    name: str
    fingerprint: str


@dataclass(frozen=True)
class NodeStatusSet(NodeEvent):
    """A subordinate was suspended, resumed or revoked; takes effect on its next call."""

    node: str
    status: str
    reason: Words | None = None


@dataclass(frozen=True)
class SuperiorJoined(NodeEvent):
    """This node now stands below `line`, nearest first."""

    line: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class PackAdopted(NodeEvent):
    """
    A policy pack is in force here from `effective_from` on. Its full text is the blob of that SHA-256, in hex. A `reason` is
    that of an administrator who stood in for the unit entitled to interpret the pack that was in force.
    """

    pack: str
    version: str
    digest: str
    blob: str
    effective_from: date
    reason: Words | None = None


@dataclass(frozen=True)
class CalendarAdopted(NodeEvent):
    """A working-day calendar is in force here. Its full text is the blob of that SHA-256, in hex."""

    calendar: str
    version: str
    blob: str


@dataclass(frozen=True)
class PayloadOpened(NodeEvent):
    """
    A sealed text or contact was read for a purpose: handling, drawn, inspection or audit.

    `opened` is the subject that it belongs to, `entry` and `place` where it stands. What was opened for a drawn call has the
    round as its subject and so is shown below when the round is revealed, not before.
    """

    opened_kind: str
    opened: str
    entry: str
    place: int
    purpose: str


@dataclass(frozen=True)
class TicketRead(NodeEvent):
    """Somebody of a superior read `ticket`, in which the superior has no part. Once a person, ticket and day."""

    ticket: str


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenUnit(NodeCommand):
    """Enter a unit of this node. ``unit`` is a short name; its code becomes "<node>-<unit>"."""

    roles = frozenset({Role.OFFICE, Role.NODE})

    unit: str
    name: str
    kind: str = "department"


@dataclass(frozen=True)
class CloseUnit(NodeCommand):
    """Let a unit take no tickets any more."""

    roles = frozenset({Role.OFFICE, Role.NODE})

    unit: str


@dataclass(frozen=True)
class OpenAccount(NodeCommand):
    """
    Open an account, or set its roles anew. Accounts are opened by the service centre (AS25-3.2.1a), administrators by the
    security administrator.

    ``is_named_anew``: name and phone are written although nothing else changes, as of the accounts that a node begins with, which have
    neither. A list that is imported again says them every time, and changes nothing.
    """

    roles = frozenset({Role.OFFICE, Role.SECURITY_ADMIN, Role.NODE})

    account: str
    account_roles: tuple[str, ...]
    unit: str = ""
    name: Contact | None = None
    phone: Contact | None = None
    is_named_anew: bool = False


@dataclass(frozen=True)
class CloseAccount(NodeCommand):
    """Let an account act no more."""

    roles = frozenset({Role.OFFICE, Role.SECURITY_ADMIN, Role.NODE})

    account: str


@dataclass(frozen=True)
class InviteNode(NodeCommand):
    """Note that a node was invited; ``fingerprint`` is that of its bootstrap certificate."""

    roles = frozenset({Role.OPERATOR, Role.NODE})

    node: str
    name: str
    fingerprint: str


@dataclass(frozen=True)
class AdmitNode(NodeCommand):
    """Enter a node that redeemed its invitation into the registry."""

    roles = frozenset({Role.NODE})

    node: str
    name: str
    fingerprint: str


@dataclass(frozen=True)
class SetNodeStatus(NodeCommand):
    """Suspend, resume or revoke a subordinate."""

    roles = frozenset({Role.OPERATOR, Role.SECURITY_ADMIN})

    node: str
    status: str
    reason: Text | None = None


@dataclass(frozen=True)
class GrantEpoch(NodeCommand):
    """Let a subordinate whose journal went apart from what is held of it here begin a new epoch (FEDERATION 2.3 no. 7, 8)."""

    roles = frozenset({Role.OPERATOR})
    needs = ("mirror",)

    node: str
    reason: Text | None = None


@dataclass(frozen=True)
class HandleLane(NodeCommand):
    """Deal with a ticket that was set aside (FEDERATION 2.3 no. 15): try it again, pass by the entry in its way, or report it above."""

    roles = frozenset({Role.OPERATOR})
    needs = ("lane",)

    ticket: str
    act: str
    reason: Text | None = None


@dataclass(frozen=True)
class JoinSuperior(NodeCommand):
    """Note the node's own place below its superiors, as enrolment answered it."""

    roles = frozenset({Role.NODE})

    line: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class AdoptPack(NodeCommand):
    """
    Put a pack into force; ``blob`` is the SHA-256 of its text, which is stored already.  ``reason`` is an administrator's, who
    stands in for the unit that interprets the pack in force (FJ25-6.16).
    """

    roles = frozenset({Role.OFFICE, Role.DEPARTMENT, Role.OPERATOR, Role.SECURITY_ADMIN, Role.NODE})

    pack: str
    version: str
    digest: str
    blob: str
    effective_from: date
    reason: Text | None = None


@dataclass(frozen=True)
class AdoptCalendar(NodeCommand):
    """Put a calendar into force; ``blob`` is the SHA-256 of its text, which is stored already."""

    roles = frozenset({Role.OFFICE, Role.NODE})

    calendar: str
    version: str
    blob: str


ADMINISTRATORS = frozenset({Role.OPERATOR.value, Role.SECURITY_ADMIN.value, Role.AUDIT_ADMIN.value})


def unit_code(node: str, short: str) -> str:
    """The code of a unit of *node*; a full code stays as it is."""
    return short if short.startswith(f"{node}-") else f"{node}-{short}"
