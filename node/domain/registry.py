"""
The node itself as a subject: its epochs, units, accounts, subordinates, packs and calendars.

All of it is journaled, so that a superior sees who could act when, and a rebuilt node knows itself again.  Names of
people are contacts; names of nodes and units are public facts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from node.domain.command import Command, Facts
from node.domain.division import NodeCode
from node.domain.entry import Event, Happened, Subject, SubjectKind
from node.domain.interpreting import need_interpreter
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal

# What a unit is called behind its node's code: it stands in clock names and file names.
_SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
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
    """

    roles = frozenset({Role.OFFICE, Role.SECURITY_ADMIN, Role.NODE})

    account: str
    account_roles: tuple[str, ...]
    unit: str = ""
    name: Contact | None = None
    phone: Contact | None = None


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


def decide(registry: Registry, command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from a command about the node itself, or raise a Refusal.

    Raises:
        Refusal: PERMISSION_DENIED, OWN_CASE, UNIT_UNKNOWN, ACCOUNT_UNKNOWN, LAST_SPECIALIST, NODE_UNKNOWN, ALREADY_EXISTS,
            VALUE_NOT_OFFERED, FIELD_REQUIRED.
    """
    if facts.actor.role not in {role.value for role in command.roles}:
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role)
    subject = Subject(SubjectKind.NODE.value, policy.node)
    match command:
        case OpenUnit():
            event: Event | None = _open_unit(registry, command, policy)
        case CloseUnit():
            event = _close_unit(registry, command)
        case OpenAccount():
            event = _open_account(registry, command, facts, policy)
        case CloseAccount():
            event = _close_account(registry, command, facts, policy)
        case InviteNode():
            event = _invite(registry, command, policy)
        case AdmitNode():
            event = NodeAdmitted(command.node, command.name, command.fingerprint)
        case SetNodeStatus():
            event = _set_status(registry, command)
        case GrantEpoch():
            event = _grant_epoch(registry, command, facts)
        case HandleLane():
            event = _handle_lane(command, facts, policy)
        case JoinSuperior():
            event = None if command.line == policy.place.line else SuperiorJoined(command.line, command.names)
        case AdoptPack():
            event = _adopt_pack(registry, command, facts, policy)
        case AdoptCalendar():
            is_known = registry.adopted.get(("calendar", command.calendar)) == command.blob
            event = None if is_known else CalendarAdopted(command.calendar, command.version, command.blob)
        case _:
            raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    return [] if event is None else [Happened(subject, event)]


def _adopt_pack(registry: Registry, command: AdoptPack, facts: Facts, policy: Policy) -> Event | None:
    need_interpreter("AdoptPack", command.reason, facts, policy)
    if registry.adopted.get(("pack", command.pack)) == command.digest:
        return None
    return PackAdopted(command.pack, command.version, command.digest, command.blob, command.effective_from, command.reason)


def _open_unit(registry: Registry, command: OpenUnit, policy: Policy) -> Event | None:
    if not command.unit or not command.name:
        raise Refusal(Code.FIELD_REQUIRED, field="unit" if not command.unit else "name")
    code = unit_code(policy.node, command.unit)
    if not _SHORT_NAME.fullmatch(code.removeprefix(f"{policy.node}-")):
        raise Refusal(Code.MALFORMED_COMMAND, field="unit")
    if registry.units.get(code) == command.name:
        return None
    return UnitOpened(code, command.kind, command.name)


def unit_code(node: str, short: str) -> str:
    """The code of a unit of *node*; a full code stays as it is."""
    return short if short.startswith(f"{node}-") else f"{node}-{short}"


def _close_unit(registry: Registry, command: CloseUnit) -> Event:
    if command.unit not in registry.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.unit)
    return UnitClosed(command.unit)


def _open_account(registry: Registry, command: OpenAccount, facts: Facts, policy: Policy) -> Event | None:
    if not command.account:
        raise Refusal(Code.FIELD_REQUIRED, field="account")
    if not command.account_roles:
        raise Refusal(Code.FIELD_REQUIRED, field="roles")
    known = {role.value for role in Role}
    for role in command.account_roles:
        if role not in known:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="role", value=role, offered=sorted(known))
    if command.unit and command.unit not in registry.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.unit)
    wanted = set(command.account_roles) & ADMINISTRATORS
    # DESIGN 10: three administrators that exclude one another; their rights come from the security administrator.
    if len(wanted) > 1:
        raise Refusal(Code.ROLES_EXCLUDE, roles=sorted(wanted))
    if wanted and not facts.is_role(Role.SECURITY_ADMIN, Role.NODE):
        raise Refusal(Code.PERMISSION_DENIED, command="OpenAccount", role=facts.actor.role)
    former = registry.accounts.get(command.account)
    if former and former.is_active and former.roles == frozenset(command.account_roles) and former.unit == command.unit:
        return None
    if former and (Role.SPECIALIST.value not in command.account_roles or former.unit != command.unit):
        _need_successor(registry, former, policy)
    return AccountOpened(command.account, command.unit, command.account_roles, command.name, command.phone)


def _close_account(registry: Registry, command: CloseAccount, facts: Facts, policy: Policy) -> Event | None:
    account = registry.accounts.get(command.account)
    if account is None:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=command.account)
    need_say_over(account, command, facts)
    if account.status == "closed":
        return None
    _need_successor(registry, account, policy)
    return AccountClosed(command.account)


def need_say_over(account: Account, command: Command, facts: Facts) -> None:
    """
    DESIGN 10: administrators are the security administrator's; nobody decides about his own account.

    Raises:
        Refusal: PERMISSION_DENIED, OWN_CASE.
    """
    name = type(command).__name__
    if account.roles & ADMINISTRATORS and not facts.is_role(Role.SECURITY_ADMIN, Role.NODE):
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=facts.actor.role)
    if facts.actor.account == account.id:
        raise Refusal(Code.OWN_CASE, unit=account.unit)


def _need_successor(registry: Registry, account: Account, policy: Policy) -> None:
    """AS25-1.2c: the last service specialist of a member unit goes only once there is another."""

    def serves(one: Account) -> bool:
        return one.is_active and one.unit == account.unit and Role.SPECIALIST.value in one.roles

    is_member = account.unit in {unit_code(policy.node, unit) for unit in policy.pack.names("members.units")}
    if is_member and serves(account) and not any(serves(one) for one in registry.accounts.values() if one.id != account.id):
        raise Refusal(Code.LAST_SPECIALIST, account=account.id, unit=account.unit)


def _invite(registry: Registry, command: InviteNode, policy: Policy) -> Event:
    try:
        NodeCode.parse(command.node)
    except ValueError:
        raise Refusal(Code.NODE_CODE_INVALID, node=command.node) from None
    if command.node == policy.node or command.node in policy.place.line:
        raise Refusal(Code.ALREADY_EXISTS, kind="node", id=command.node)
    if registry.nodes.get(command.node) == "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    return NodeInvited(command.node, command.name, command.fingerprint)


def _set_status(registry: Registry, command: SetNodeStatus) -> Event | None:
    if command.status not in NODE_STATUSES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="status", value=command.status, offered=NODE_STATUSES)
    status = registry.nodes.get(command.node)
    if status is None:
        raise Refusal(Code.NODE_UNKNOWN, node=command.node)
    if status == "revoked" and command.status != "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    return None if status == command.status else NodeStatusSet(command.node, command.status, command.reason)


def _handle_lane(command: HandleLane, facts: Facts, policy: Policy) -> Event:
    """FEDERATION 2.3 no. 15.  The fact "lane" is where the entry in the way stands, or None."""
    if command.act not in LANE_ACTS:
        raise Refusal(Code.MALFORMED_COMMAND, field="act")
    if command.act == "skipped" and (command.reason is None or not command.reason.plain):
        raise Refusal(Code.FIELD_REQUIRED, field="reason")
    if command.act == "reported" and not policy.place.line:
        raise Refusal(Code.NO_SUPERIOR, node=policy.node)
    found = facts.given["lane"]
    if found is None:
        raise Refusal(Code.LANE_RUNS, ticket=command.ticket)
    node, epoch, seq = found
    return LaneHandled(command.ticket, node, epoch, seq, command.act, command.reason)


def _grant_epoch(registry: Registry, command: GrantEpoch, facts: Facts) -> Event:
    if command.reason is None or not command.reason.plain:
        raise Refusal(Code.FIELD_REQUIRED, field="reason")
    status = registry.nodes.get(command.node)
    held = facts.given["mirror"]
    if status is None or held is None:
        raise Refusal(Code.NODE_UNKNOWN, node=command.node)
    if status == "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    epoch, size, root = held
    return EpochGranted(command.node, epoch + 1, epoch, size, root, command.reason)
